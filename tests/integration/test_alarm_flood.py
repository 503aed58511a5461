"""Alarms over the real socket: deltas that add up to the full list, whatever comes, and floods that lose nothing."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from alarm_plant import EVERYTHING, LIMIT, AlarmWatcher, Bench, alarm_bench, person

from hmi.client.alarms import AlarmInfo, is_unacked
from hmi.client.socket import SocketClient
from hmi.runtime import _fanout

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="connects to the Unix socket"),
]


def alike(told: Sequence[AlarmInfo], read: Sequence[AlarmInfo]) -> bool:
    """The same rows, whatever their order."""
    keyed = [{row.alarm_id: row for row in rows} for rows in (told, read)]
    return keyed[0] == keyed[1] and len(read) == len(keyed[1])


async def settled(bench: Bench, seen: AlarmWatcher) -> None:
    """The station has been told what a full read says."""
    async with asyncio.timeout(20):
        while not alike(list(seen.active.values()), await bench.station.alarms()):
            await asyncio.sleep(0.05)


def counted(rows: Sequence[AlarmInfo]) -> dict[str, dict[str, list[int]]]:
    found: dict[str, dict[str, list[int]]] = {}
    for row in rows:
        pair = found.setdefault(row.area, {}).setdefault(str(row.priority), [0, 0])
        pair[not is_unacked(row)] += 1
    return found


def areas_told(seen: AlarmWatcher) -> dict[str, dict[str, list[int]]]:
    """What all deltas since the last full list make of the counts by area."""
    found: dict[str, dict[str, list[int]]] = {}
    for event in seen.events:
        if event.kind == "alarms":
            found = {}
        elif event.kind == "alarm_changes":
            found |= event.payload.areas
    return {area: own for area, own in found.items() if own}


async def test_deltas_add_up_to_the_full_list_after_a_storm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count, dice = 200, random.Random(20261128)
    async with alarm_bench(tmp_path, count, monkeypatch, who=person(*EVERYTHING)) as bench:
        for step in range(60):
            some = dice.sample(range(count), dice.randint(1, 60))
            bench.put(*some, value=dice.choice((LIMIT + 1, LIMIT + 2, 1.0)))
            rows = list(bench.seen.active.values())
            if rows and step % 3 == 0:
                chosen = dice.sample(rows, min(len(rows), 20))
                await bench.station.acknowledge([row.occurrence_id for row in chosen])
            if step % 5 == 0:
                ids = [f"a_{n}" for n in dice.sample(range(count), 10)]
                act = dice.choice(("SHELVE", "UNSHELVE", "OOS", "RTS"))
                await bench.station.act_on_alarms(act, ids, seconds=600, reason="test")
            await asyncio.sleep(dice.choice((0.0, 0.02, 0.15)))
        await settled(bench, bench.seen)
        active = await bench.station.alarms()
        assert active
        assert areas_told(bench.seen) == counted(active)
        told = bench.seen.deltas[-1].counts
        for name in ("active", "shelved", "suppressed", "out_of_service"):
            assert told[name] == len(await bench.station.alarms(state=name)), name
        engine = bench.runtime.services.alarms
        assert {row.alarm_id: row.state for row in active} == {
            r.alarm_id: r.state.value for r in engine.active()
        }


async def test_a_delta_carries_what_turned_and_nothing_else(tmp_path: Path) -> None:
    async with alarm_bench(tmp_path, 300) as bench:
        bench.put(*range(300))
        await bench.seen.until(lambda: len(bench.seen.active) == 300 and bench.seen.all_stored, 60)
        before = len(bench.seen.deltas)
        bench.put(7, value=1.0)
        await bench.seen.until(lambda: bench.seen.states().get("a_7") == "RTNUN", 30)
        later = bench.seen.deltas[before:]
        assert [row.alarm_id for delta in later for row in delta.rows] == ["a_7"]
        assert [area for delta in later for area in delta.areas] == ["filters"]


async def test_a_station_that_comes_back_begins_with_the_full_list_and_its_counts(tmp_path: Path) -> None:
    async with alarm_bench(tmp_path, 50) as bench:
        bench.put(*range(50))
        await bench.seen.until(lambda: len(bench.seen.active) == 50 and bench.seen.all_stored, 60)
        seen = AlarmWatcher()
        again = SocketClient(tmp_path, seen)
        await seen.until(lambda: bool(seen.deltas), 30)
        assert [event.kind for event in seen.events[:2]] == ["alarms", "alarm_changes"]
        assert len(seen.events[0].payload) == 50
        first = seen.deltas[0]
        assert (first.counts["active"], first.rows, first.floods is None) == (50, [], False)
        assert first.areas == counted(seen.events[0].payload)
        bench.put(*range(25), value=1.0)
        for lane in bench.runtime.events:
            lane._limit = 0  # every further message overruns
        bench.put(*range(25, 50), value=1.0)
        await seen.until(lambda: any(event.kind == "overrun" for event in seen.events), 30)
        for lane in bench.runtime.events:
            lane._limit = _fanout.LANE_LIMIT
        await settled(bench, seen)
        assert set(seen.states().values()) == {"RTNUN"}
        kinds = [event.kind for event in seen.events]
        after = kinds[kinds.index("overrun") :]
        assert after[:3] == ["overrun", "alarms", "alarm_changes"]
        await again.close()


async def test_an_alarm_whose_value_is_lost_is_marked_at_once(tmp_path: Path) -> None:
    async with alarm_bench(tmp_path, 3) as bench:
        bench.put(0)
        await bench.seen.until(lambda: "a_0" in bench.seen.active, 30)
        bench.plc.reachable = False
        bench.plc.cut()

        def marked() -> bool:
            row = bench.seen.row("a_0")
            return row is not None and row.state_unknown

        await bench.seen.until(marked, 30)
        bench.plc.reachable = True
        await bench.seen.until(lambda: not marked(), 30)
        assert bench.seen.states()["a_0"] == "UNACK"


async def test_al_17_a_thousand_alarms_in_a_second_stand_in_the_journal_in_order(tmp_path: Path) -> None:
    async with alarm_bench(tmp_path, 1_000) as bench:
        for start in range(0, 1_000, 100):
            bench.put(*range(start, start + 100))
            await asyncio.sleep(0.1)
        await bench.seen.until(lambda: len(bench.seen.active) == 1_000 and bench.seen.all_stored, 60)
        records, after = [], 0
        while page := await bench.station.journal(after=after, kind="alarm", limit=1_000):
            records += page
            after = page[-1]["seq"]
        assert [record["event"] for record in records] == ["ALM"] * 1_000
        told = [row.alarm_id for delta in bench.seen.deltas for row in delta.rows]
        assert [record["object_id"] for record in records] == list(dict.fromkeys(told))
        assert set(told) == {f"a_{n}" for n in range(1_000)}
        numbers = [record["seq"] for record in records]
        assert numbers == sorted(set(numbers))
        times = [record["event_time"] for record in records]
        assert times == sorted(times)
        sounds = [sound for delta in bench.seen.deltas for sound in delta.sounds]
        urgent = {row.occurrence_id for row in bench.seen.active.values() if row.priority == 1}
        assert urgent <= {sound.occurrence_id for sound in sounds}
        assert len(sounds) < len(urgent) + 20


async def test_ten_thousand_alarms_in_ten_seconds_all_reach_a_station(tmp_path: Path) -> None:
    count = 10_000
    async with alarm_bench(tmp_path, count) as bench:
        for start in range(0, count, 100):
            bench.put(*range(start, start + 100))
            await asyncio.sleep(0.1)
        await bench.seen.until(lambda: len(bench.seen.active) == count, 120)
        await bench.seen.until(lambda: bench.seen.all_stored, 60)
        assert not any(event.kind == "overrun" for event in bench.seen.events)
        assert [delta.gone for delta in bench.seen.deltas if delta.gone] == []
        stored = await bench.runtime.services.journal.last(1, kind="alarm")
        assert stored[0].seq >= count
        first = [row.occurrence_id for delta in bench.seen.deltas for row in delta.rows]
        assert set(first) == {row.occurrence_id for row in bench.seen.active.values()}
        floods = [delta.floods for delta in bench.seen.deltas if delta.floods]
        assert floods[-1][0].alarms == count
        biggest = max(len(msgspec.msgpack.encode(delta)) for delta in bench.seen.deltas)
        assert biggest < 10_000_000

"""Care of the history in a whole runtime: the ladder of a disk that runs full, retention, holds, checks, and alarms."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from hmi.core import quality
from hmi.core.alarms import AlarmState
from hmi.core.journal import JournalRecord
from hmi.core.principal import Principal, Role
from hmi.historian.care import Checked, Hold, HoldBook, Ladder, Room, Rung, Tier
from hmi.project.plant import HistoryRules
from hmi.runtime import _history_care
from hmi.runtime._history_holds_api import HistoryHoldsApi
from hmi.runtime._history_reads import HistoryReader
from hmi.runtime._history_room import Ballast, room_of
from hmi.runtime._verbs import BadRequest, NotFound
from hmi.stores.sqlite import open_reader
from hmi.testing.days import DAY, FIRST_DAY, days_archive
from tests.integration.test_runtime_history import PV, Desk, desk_at

MB = 1_000_000


def test_the_ladder_goes_up_at_10_5_and_2_percent_and_down_only_with_room_to_spare() -> None:
    ladder, total = Ladder(), 10_000 * MB
    frees = (1_100, 999, 1_050, 1_110, 499, 540, 560, 199, 210, 230, 1_200)
    assert [ladder.look(Room(total, free * MB)).name for free in frees] == [
        "WELL", "WARN", "WARN", "WELL", "PRUNE", "PRUNE", "WARN", "STOP", "STOP", "PRUNE", "WELL",
    ]  # fmt: skip
    assert (
        Ladder().look(Room(4_000_000 * MB, 6_000 * MB)) is Rung.WELL
    )  # never more than 1 GB for the reserve
    assert Ladder().look(Room(total, 1_200 * MB), min_free=300 * MB) is Rung.WARN


def test_the_ballast_takes_its_room_and_gives_it_back(tmp_path: Path) -> None:
    ballast, room = Ballast(tmp_path), room_of(tmp_path)
    ballast.set_aside(3, Room(room.total, room.free), 0)
    assert ballast.size == 3 * MB
    assert os.stat(tmp_path / "ballast").st_blocks * 512 >= 3 * MB
    ballast.set_aside(5, Room(100 * MB, 2 * MB), 0)  # a hundredth of a small disk at most
    assert ballast.size == MB
    ballast.set_aside(2, Room(1_000 * MB, 3 * MB), 2 * MB)  # there would not be enough left
    assert ballast.size == 0
    ballast.give_back()


async def events(desk: Desk, name: str) -> list[JournalRecord]:
    found = await desk.runtime.services.journal.last(200, kind="system")
    return [one for one in found if one.event == name]


def state_of(desk: Desk, name: str) -> AlarmState | None:
    rows = desk.runtime.services.alarms.active()
    return next((row.state for row in rows if row.alarm_id == f"system:{name}"), None)


@pytest.mark.asyncio
async def test_a_disk_that_runs_full_stops_recording_with_counted_loss_and_a_gap_and_it_goes_on_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = [Room(1_000 * MB, 500 * MB)]
    monkeypatch.setattr(_history_care, "room_of", lambda folder: room[0])
    async with desk_at(tmp_path) as desk:
        care, history = desk.runtime.history_care, desk.history
        await desk.until(lambda: desk.value(PV).value == 50.0 and history.archive)
        await asyncio.to_thread(history.sync)
        room[0] = Room(1_000 * MB, 15 * MB)
        assert await care.look() is Rung.STOP
        assert history.is_paused
        assert "only 15 MB" in history.problem
        await desk.until(lambda: state_of(desk, "history"))
        desk.plc.values[0] = 60.0
        await desk.until(lambda: desk.value(PV).value == 60.0)  # what is shown goes on
        await desk.until(lambda: history.counts.lost)
        assert "1 changes were not kept" in history.problem
        room[0] = Room(1_000 * MB, 500 * MB)
        assert await care.look() is Rung.WELL
        assert not history.problem
        await desk.until(lambda: state_of(desk, "history") in (None, AlarmState.RTNUN))
        samples = []
        for _ in range(200):
            samples = await desk.samples(PV)
            if samples[-1].value == 60.0:
                break
            await asyncio.sleep(0.05)
        assert samples[-1].value == 60.0  # without a further change of the device
        assert samples[-2].status == quality.BAD_NO_DATA
        [stopped], [resumed] = await events(desk, "history.stopped"), await events(desk, "history.resumed")
        assert stopped.payload["free"] == 15 * MB
        assert resumed.payload["lost"] == history.counts.lost >= 1


@pytest.mark.asyncio
async def test_the_ballast_is_given_back_before_recording_stops(tmp_path: Path) -> None:
    async with desk_at(tmp_path) as desk:
        care = desk.runtime.history_care
        await desk.until(lambda: desk.history.archive)
        ballast = Ballast(tmp_path / "history")

        async def told() -> Room:
            return Room(1_000 * MB, 15 * MB if ballast.size else 60 * MB)

        ballast.set_aside(1, room_of(tmp_path), 0)
        assert ballast.size
        care._room = told  # type: ignore[method-assign]
        assert await care.look() is Rung.WARN
        assert not ballast.size
        assert not desk.history.is_paused


@pytest.mark.asyncio
async def test_holds_are_put_on_and_taken_off_by_the_security_role_and_journalled(tmp_path: Path) -> None:
    async with desk_at(tmp_path) as desk:
        api = HistoryHoldsApi(desk.runtime)
        roles = {verb.path: verb.role for verb in api.verbs()}
        assert roles["/v1/history/hold"] is roles["/v1/history/release"] is Role.SECURITY
        ann = Principal("ann", "desk", "s_1", roles=frozenset({Role.SECURITY}))
        for bad in ({}, {"start": 5, "end": 4, "reason": "x"}, {"start": 1, "end": 2, "reason": " "}):
            with pytest.raises(BadRequest):
                await api._add(ann, bad)
        hold = await api._add(ann, {"start": 10**18, "end": 10**18 + 1, "reason": "inquest 7"})
        assert [one.id for one in await api._list(ann, {})] == [hold.id]
        with pytest.raises(NotFound):
            await api._remove(ann, {"id": "hold_x", "reason": "over"})
        await api._remove(ann, {"id": hold.id, "reason": "over"})
        assert await api._list(ann, {}) == []
        records = await desk.runtime.services.journal.last(20, kind="audit")
        told = {one.event: one.payload for one in records if one.event.startswith("history.hold")}
        assert told["history.hold_added"]["reason"] == "inquest 7"
        assert told["history.hold_removed"]["why"] == "over"


@pytest.mark.asyncio
async def test_a_check_names_tag_and_hour_of_what_is_damaged_raises_an_alarm_and_takes_it_back_when_it_is_sound(
    tmp_path: Path,
) -> None:
    archive = days_archive(tmp_path / "history", 2)
    archive.close()
    path = max((tmp_path / "history").glob("day-*.db"))
    whole = path.read_bytes()
    async with desk_at(tmp_path, simulated=False) as desk:
        care = desk.runtime.history_care
        await desk.until(lambda: desk.history.archive)
        assert (await care.check(0)).damage == ()
        spoil(path)
        found = await care.check(0)
        assert (found.files, len(found.damage)) == (2, 1)
        await desk.until(lambda: state_of(desk, "history/damaged"))
        [line] = HistoryReader(desk.history, desk.runtime.services.clock, tmp_path).state().damaged
        assert line.startswith(f"{path.name}: line/1, hour of 2026-09-05T")
        [record] = await events(desk, "history.damaged")
        assert record.payload["damage"] == [line]
        path.with_suffix(".back").write_bytes(whole)
        path.with_suffix(".back").replace(path)
        assert (await care.check(0)).damage == ()
        assert desk.history.damaged() == []
        await desk.until(lambda: state_of(desk, "history/damaged") in (None, AlarmState.RTNUN))


def spoil(path: Path) -> None:
    """One byte of the first chunk of the second tag."""
    database = apsw.Connection(str(path))
    key, block = database.execute("select k, block from chunks where k >> 32 = 2").fetchone() or (0, b"")
    database.execute("update chunks set block = ? where k = ?", (block[:9] + b"\xff" + block[10:], key))
    database.close()


def test_a_check_finds_every_flipped_byte_of_a_block_and_a_chunk_that_is_missing(tmp_path: Path) -> None:
    archive = days_archive(tmp_path / "history", 1)
    archive.close()
    [path] = (tmp_path / "history").glob("day-*.db")
    database = apsw.Connection(str(path))
    for table, key in (("chunks", "k"), ("rollups", "k"), ("keyframes", "time")):
        number, block = database.execute(f"select {key}, block from {table} limit 1").fetchone() or (0, b"")
        for place in range(0, len(block), max(1, len(block) // 8)):
            spoiled = block[:place] + bytes([block[place] ^ 4]) + block[place + 1 :]
            database.execute(f"update {table} set block = ? where {key} = ?", (spoiled, number))
            assert checked(tmp_path / "history").damage, (table, place)
        database.execute(f"update {table} set block = ? where {key} = ?", (block, number))
        assert checked(tmp_path / "history").damage == ()
    database.execute("delete from chunks where k in (select k from chunks limit 1)")
    assert "missing" in checked(tmp_path / "history").damage[0].text
    database.close()


def checked(folder: Path) -> Checked:
    reader = open_reader(folder)
    try:
        return reader.check_days()
    finally:
        reader.close()


@pytest.mark.asyncio
async def test_hi_14_a_runtime_removes_what_its_plant_says_keeps_what_is_held_and_journals_it(
    tmp_path: Path,
) -> None:
    archive = days_archive(tmp_path / "history", 4)
    archive.close()
    HoldBook(tmp_path / "history").add(
        Hold("h", (FIRST_DAY + 1) * DAY + 1, (FIRST_DAY + 1) * DAY + 2, "inquest", "ann", 1)
    )
    async with desk_at(tmp_path, simulated=False) as desk:
        await desk.until(lambda: desk.history.archive)
        runtime, care = desk.runtime, desk.runtime.history_care
        runtime.plant = replace(runtime.plant, history=HistoryRules(raw_days=1, minute_days=1, hour_days=1))
        await care.retain()
        left = sorted(path.name for path in (tmp_path / "history").glob("day-*.db"))
        assert len(left) == 3  # the held one, the one before it, and the mark behind it
        [record] = await events(desk, "history.retained")
        assert record.payload["count"] == 2
        assert [one["left"] for one in record.payload["files"]] == ["mark", "gone"]


def test_tiers_hold_less_and_less() -> None:
    assert sorted(Tier) == [Tier.RAW, Tier.ROLLUPS, Tier.HOURS, Tier.MARK, Tier.GONE]

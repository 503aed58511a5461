"""Care of the history in a whole runtime: the ladder of a disk that runs full, retention, holds, checks, and alarms."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from hmi.core import quality
from hmi.core.alarms import AlarmState
from hmi.core.journal import JournalRecord
from hmi.core.principal import Principal, Role
from hmi.historian.care import Ladder, Room, Rung, Tier
from hmi.runtime import _history_care
from hmi.runtime._history_holds_api import HistoryHoldsApi
from hmi.runtime._history_room import Ballast, room_of
from hmi.runtime._verbs import BadRequest, NotFound
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
            return Room(1_000 * MB, 15 * MB if ballast.size else 55 * MB)

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


def test_tiers_hold_less_and_less() -> None:
    assert sorted(Tier) == [Tier.RAW, Tier.ROLLUPS, Tier.HOURS, Tier.MARK, Tier.GONE]

"""A runtime that was killed: the past after its last sign of life is no time in which it ran."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from past_plant import FLOW, LEVEL, Works, until, works_that_record
from waterworks_session import Watcher

from hmi.acquisition.port import DeviceIdentity
from hmi.client.past import PastMoment, Timeline
from hmi.client.people import HoldRequest
from hmi.client.socket import SocketClient
from hmi.core.clock import NS_PER_S
from hmi.core.principal import DEMO_OPERATOR
from hmi.historian import COLLECTOR

DEVICE = DeviceIdentity("Works", "PLC", "1", "")
VALUES = {LEVEL: 2.0, FLOW: 120.0}


def kill(works: Works) -> None:
    """It ends with no word of it, in its journal or in its history, as when the machine fails."""

    async def nothing(*_: Any) -> None: ...

    works.runtime.note = nothing  # type: ignore[method-assign]
    run = works.runtime.services.history._run
    run._close = lambda: run.shelf.archive.close()  # type: ignore[method-assign]
    works.stop()


@pytest.fixture
def twice(tmp_path: Path) -> Iterator[tuple[Works, int]]:
    """A runtime after one that was killed, with a time at which that one ran.

    Not of a simulated plant, each run of which has a history of its own.
    """
    folder, data = works_that_record(tmp_path / "works"), tmp_path / "data"
    first = Works(folder, data)
    first.edit("plant.toml", "simulated = true\n", "")
    first.plc.identity = DEVICE
    first.start(VALUES)
    coverage = first.runtime.services.history.coverage
    noted = first.now()
    until(lambda: coverage().until > noted + 2 * NS_PER_S)  # its sign of life is on the disk a second later
    kill(first)
    second = Works(folder, data)
    second.plc.identity = DEVICE
    second.start(VALUES)
    try:
        yield second, noted
    finally:
        second.stop()


def ask(works: Works, verb: str, *given: int) -> Any:
    async def asked() -> Any:
        client = SocketClient(works.data, Watcher())
        try:
            return await getattr(client, verb)(*given)
        finally:
            await client.close()

    return asyncio.run(asked())


def started(works: Works, found: Timeline) -> int:
    return max(mark.at for mark in found.marks if mark.event == "runtime.started")


def broke_off(works: Works) -> bool:
    """The history says so with its first commit."""
    pieces = works.runtime.services.history.samples(COLLECTOR, 0, works.now())
    return any(data.value == "broke off" for piece in pieces for data in piece.values())


def test_after_its_last_sign_of_life_a_killed_runtime_did_not_run(twice: tuple[Works, int]) -> None:
    works, noted = twice
    until(lambda: broke_off(works))
    line: Timeline = ask(works, "timeline", noted - 60 * NS_PER_S, works.now(), 10)
    begins = started(works, line)
    (outage,) = [one for one in line.outages if one[1] == begins]
    assert noted + 2 * NS_PER_S < outage[0] < begins
    inside = (outage[0] + begins) // 2
    lost: PastMoment = ask(works, "alarms_at", inside, inside)
    assert (lost.known, lost.ran) == (True, False)
    before: PastMoment = ask(works, "alarms_at", noted, noted)
    assert before.ran
    assert ask(works, "alarms_at", works.now(), 0).ran


def test_control_tags_turn_at_their_own_time(twice: tuple[Works, int]) -> None:
    works, _ = twice
    before = works.now()
    request = HoldRequest(
        "h_1", "place_tag", object_id=works.runtime.plant.by_name[LEVEL].id, kind="caution", reason="leaks"
    )
    works.call(works.runtime.holds.submit(DEMO_OPERATOR, request))
    after = works.now()
    moment: PastMoment = ask(works, "alarms_at", before, after)
    assert moment.held.tags == ()
    (change,) = moment.hold_changes
    assert before < change.time <= after
    assert change.held.tags == works.runtime.holds.book.snapshot().tags

"""What drivers hand on is stamped by the session clock, for every kind of driver (design 2b.4)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from hmi.acquisition._link import Link
from hmi.acquisition._stamps import conditions_in_session, in_session, trace_in_session, values_in_session
from hmi.acquisition.port import Batch, DeviceIdentity, Group, Point, Trace
from hmi.core.clock import NS_PER_S, Clock, SessionClock, SystemClock, wall_ns
from hmi.core.conditions import ConditionUpdate, RefreshMark
from hmi.core.principal import Mode
from hmi.core.values import DataValue, ValueType
from hmi.project.plant import ConnectionDef
from hmi.testing.driver import FakePlc

AHEAD_NS = 1440 * NS_PER_S
PLAIN = DataValue(1.0, 0, 500, 500)
WITH_SOURCE = DataValue(2.0, 0, 300, 500)


class Owner:
    """Keeps the batches of a link."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.heard = asyncio.Event()

    def on_groups(self, connection: str, groups: Sequence[Group]) -> None: ...

    def on_batch(self, connection: str, batch: Batch) -> None:
        self.batches.append(batch)
        self.heard.set()

    def on_up(self, connection: str, identity: DeviceIdentity) -> None: ...

    def on_down(self, connection: str, text: str) -> None: ...


def stopped(at_ns: int) -> SessionClock:
    clock = SessionClock()
    clock.follow(at_ns, 0.0)
    return clock


def test_2b_4_source_time_of_the_device_stays_and_a_missing_one_is_session_time() -> None:
    found = in_session(Batch("g", [(0, PLAIN), (1, WITH_SOURCE)], alive=False), stopped(9_000))
    assert found == Batch(
        "g", [(0, DataValue(1.0, 0, 9_000, 9_000)), (1, DataValue(2.0, 0, 300, 9_000))], False
    )
    assert values_in_session({4: PLAIN}, stopped(9_000)) == {4: DataValue(1.0, 0, 9_000, 9_000)}


def test_2b_4_a_real_plant_keeps_the_stamps_of_its_drivers() -> None:
    batch, clock = Batch("g", [(0, PLAIN)]), SystemClock()
    trace = Trace(PLAIN, {"asked_at": 499}, {})
    assert in_session(batch, clock) is batch
    assert trace_in_session(trace, clock) is trace
    assert values_in_session({0: PLAIN}, clock) == {0: PLAIN}


def test_2b_4_a_trace_tells_its_times_by_the_session_clock() -> None:
    trace = Trace(PLAIN, {"asked_at": wall_ns(), "unit": 3}, {})
    found = trace_in_session(trace, stopped(9_000))
    assert found.value == DataValue(1.0, 0, 9_000, 9_000)
    assert found.device == {"asked_at": 9_000, "unit": 3}


def test_2b_4_conditions_without_a_time_of_the_server_get_session_time() -> None:
    told, untold = ConditionUpdate("c", "1", 300, 500), ConditionUpdate("c", "2", 500, 500)
    start, first, second = conditions_in_session([RefreshMark.START, told, untold], stopped(9_000))
    assert start is RefreshMark.START
    assert isinstance(first, ConditionUpdate)
    assert isinstance(second, ConditionUpdate)
    assert (first.time, first.receive_time, second.time, second.receive_time) == (300, 9_000, 9_000, 9_000)


def test_2b_4_a_recent_wall_time_is_told_at_the_rate_of_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hmi.core.clock.wall_ns", lambda: 70 * NS_PER_S)
    monkeypatch.setattr("hmi.core.clock.monotonic_ns", lambda: 5)
    clock = SessionClock()
    clock.follow(AHEAD_NS, 60.0)
    assert clock.session_of(69 * NS_PER_S) == AHEAD_NS - 60 * NS_PER_S
    assert stopped(9_000).session_of(69 * NS_PER_S) == 9_000


@pytest.mark.asyncio
@pytest.mark.parametrize("push", [False, True])
async def test_2b_4_live_values_are_young_after_a_fast_session(push: bool) -> None:
    clock = SessionClock()
    clock.follow(wall_ns() + AHEAD_NS, 60.0)
    before = clock.now_ns()
    batches, link = await _first_batches(FakePlc(push=push), clock)
    for batch in batches:
        for _handle, value in batch.updates:
            assert before <= value.receive_time == value.source_time <= clock.now_ns()
    assert before <= link.since <= clock.now_ns()


async def _first_batches(plc: FakePlc, clock: Clock) -> tuple[list[Batch], Link]:
    plc.values = {0: 1.0}
    owner, connection = Owner(), ConnectionDef("plc", "fake", ("fake://a",), simulated=True)
    link = Link(
        connection, connection.endpoints, (Point(0, "a", ValueType.FLOAT64, 50),), style=plc.style_of(""),
        create=plc.create, events=owner, mode=Mode.SIMULATOR, clock=clock,
    )  # fmt: skip
    task = asyncio.create_task(link.run())
    try:
        async with asyncio.timeout(10):
            while not any(batch.updates for batch in owner.batches):
                owner.heard.clear()
                await owner.heard.wait()
            read = await link.read_now([0])
    finally:
        task.cancel()
        await asyncio.wait([task])
    return [*owner.batches, Batch("read", list(read.items()))], link

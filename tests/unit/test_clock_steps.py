"""A system clock that is set while the plant runs (reliability row 24): nothing fires late, early or twice."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from alarm_bench import Bench, alarm

from hmi.core.alarms import AlarmEvent
from hmi.core.clock import NS_PER_S, PlantClock, SystemClock
from hmi.core.journal import Entry
from hmi.runtime._clock_steps import ClockSteps

HOUR = 3_600 * NS_PER_S


class Machine:
    """A wall clock that can be set and a monotonic one that nobody can."""

    def __init__(self) -> None:
        self.wall, self.mono = 1_000 * HOUR, 5 * NS_PER_S

    def run(self, seconds: float) -> None:
        self.wall += int(seconds * NS_PER_S)
        self.mono += int(seconds * NS_PER_S)

    def clock(self) -> PlantClock:
        return PlantClock(lambda: self.wall, lambda: self.mono)


class Journal:
    def __init__(self) -> None:
        self.entries: list[Entry] = []

    async def append(self, *entries: Entry) -> tuple[Any, ...]:
        self.entries += entries
        return ()


class Desk:
    begun = 0

    def begin_run(self) -> None:
        self.begun += 1


def test_a_step_is_taken_when_asked_and_told_by_how_much() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.run(10)
    machine.wall -= HOUR
    before = clock.now_ns()
    assert before == 1_000 * HOUR + 10 * NS_PER_S
    assert clock.settle() == -HOUR
    assert clock.now_ns() == before - HOUR == machine.wall
    assert clock.settle() == 0


def test_drift_is_followed_without_going_back() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.wall -= NS_PER_S // 2
    seen = clock.now_ns()
    for _ in range(30):
        machine.run(0.1)
        assert clock.settle() == 0
        assert clock.now_ns() > seen
        seen = clock.now_ns()
    assert clock.now_ns() == machine.wall


@pytest.mark.parametrize("by", [-HOUR, HOUR, -24 * 365 * HOUR, 24 * 365 * HOUR])
@pytest.mark.parametrize("kind", ["on", "off"])
def test_a_delay_under_way_lasts_as_long_as_without_the_step(by: int, kind: str) -> None:
    bench = Bench(
        [alarm(on_delay_s=10.0 if kind == "on" else 0.0, off_delay_s=10.0 if kind == "off" else 0.0)]
    )
    bench.put(11.0)
    if kind == "off":
        bench.put(1.0)
    bench.wait(4)
    bench.clock.advance(by / NS_PER_S)
    bench.alarms.clock_stepped(by)
    assert bench.wait(5.9) == []
    assert [c.event for c in bench.wait(0.2)] == [AlarmEvent.ALM if kind == "on" else AlarmEvent.RTN]


@pytest.mark.asyncio
async def test_the_journal_says_that_the_clock_was_set() -> None:
    machine, journal, desk = Machine(), Journal(), Desk()
    clock = machine.clock()
    bench = Bench([alarm()])
    steps = ClockSteps(clock, bench.alarms, desk, journal, "p_1")  # type: ignore[arg-type]
    machine.run(1)
    steps.look()
    machine.wall += HOUR
    steps.look()
    steps.look()
    await asyncio.sleep(0)
    (entry,) = journal.entries
    assert (entry.event, entry.object_id, entry.payload["by_s"]) == ("clock.stepped", "p_1", 3600.0)
    assert entry.payload["to"] - entry.payload["from"] == HOUR
    assert desk.begun == 1


def test_a_simulated_or_plain_clock_is_left_alone() -> None:
    steps = ClockSteps(SystemClock(), None, None, None, "p_1")  # type: ignore[arg-type]
    steps.look()

"""Scan on demand (design 3): what is wanted, and how the schedule of a connection follows it."""

from __future__ import annotations

import asyncio

import pytest

from hmi.acquisition import PollLoop, Schedule
from hmi.acquisition.port import Batch, LinkSettings, Point, ReadBlock
from hmi.core.alarms import Priority
from hmi.core.clock import NS_PER_MS, NS_PER_S
from hmi.core.values import EURange, ValueType
from hmi.project.plant import AlarmDef, CommandRule, ConnectionDef, LimitsWhen, Plant
from hmi.runtime._demand import Demand, DemandTables
from hmi.testing.driver import FakePlc, FakePollDriver
from hmi.testing.plant import make_plant, make_tag

MS = NS_PER_MS
NOBODY: frozenset[int] = frozenset()


def block(name: str, handle: int, period_ms: int = 1_000, unit: str = "1") -> ReadBlock:
    return ReadBlock(name, unit, name, period_ms, (handle,))


def reads_until(schedule: Schedule, start_ms: int, end_ms: int) -> dict[str, int]:
    """Number of reads of each block when the line is looked at every 100 ms."""
    found: dict[str, int] = {}
    for now in range(start_ms, end_ms, 100):
        while taken := schedule.take(now * MS):
            found[taken.key] = found.get(taken.key, 0) + 1
    return found


# ---- the schedule


def test_until_something_is_demanded_every_block_keeps_its_rate() -> None:
    schedule = Schedule([block("a", 0), block("b", 1)], 0)
    assert reads_until(schedule, 0, 10_000) == {"a": 10, "b": 10}
    assert schedule.idle == 0


def test_a_block_that_is_not_demanded_is_read_every_30_s_or_10_periods() -> None:
    blocks = [block("a", 0), block("b", 1), block("slow", 2, 5_000)]
    schedule = Schedule(blocks, 0, frozenset({0}))
    assert reads_until(schedule, 0, 60_000) == {"a": 60, "b": 2, "slow": 2}
    assert reads_until(schedule, 60_000, 110_000) == {"a": 50, "b": 2, "slow": 1}
    assert schedule.idle == 2


def test_a_demanded_block_is_due_at_once_and_has_not_overrun() -> None:
    schedule = Schedule([block("a", 0), block("b", 1)], 0, frozenset({0}))
    reads_until(schedule, 0, 7_500)
    schedule.demand(frozenset({0, 1}), 7_500 * MS)
    taken = schedule.take(7_500 * MS)
    assert taken is not None
    assert taken.key == "b"
    assert reads_until(schedule, 7_600, 10_600) == {"a": 3, "b": 3}
    assert schedule.overruns == {}


def test_a_block_that_is_let_go_rests_from_its_last_read_on() -> None:
    schedule = Schedule([block("a", 0), block("b", 1)], 0)
    reads_until(schedule, 0, 5_000)
    schedule.demand(frozenset({0}), 5_000 * MS)
    assert reads_until(schedule, 5_000, 34_000) == {"a": 29}
    assert reads_until(schedule, 34_000, 35_000) == {"a": 1, "b": 1}


def test_the_same_demand_again_moves_nothing() -> None:
    schedule = Schedule([block("a", 0), block("b", 1)], 0, frozenset({0}))
    reads_until(schedule, 0, 1_000)
    for now in range(1_000, 20_000, 500):
        schedule.demand(frozenset({0, 99}), now * MS)
    assert reads_until(schedule, 20_000, 20_100) == {"a": 1}
    assert reads_until(schedule, 30_000, 30_100) == {"a": 1, "b": 1}


def test_of_each_unit_one_block_stays_as_its_sign_of_life() -> None:
    blocks = [block("1a", 0), block("1b", 1), block("2a", 2, unit="2"), block("2b", 3, unit="2")]
    schedule = Schedule(blocks, 0, frozenset({0}))
    assert reads_until(schedule, 0, 30_000) == {"1a": 30, "1b": 1, "2a": 6, "2b": 1}


@pytest.mark.asyncio
async def test_the_loop_of_a_connection_reads_at_once_what_becomes_wanted() -> None:
    plc = FakePlc()
    plc.values = {0: 1.0, 1: 2.0}
    points = (Point(0, "a", ValueType.FLOAT64, 20), Point(1, "b", ValueType.FLOAT64, 40))
    driver = plc.create("fake", LinkSettings("plc1", "fake://a", {}, points))
    assert isinstance(driver, FakePollDriver)
    seen: asyncio.Queue[Batch] = asyncio.Queue()
    loop = PollLoop(driver, seen.put_nowait, frozenset({0}))
    task = asyncio.create_task(loop.run())
    try:
        async with asyncio.timeout(10):
            counts = {"20ms": 0, "40ms": 0}
            while counts["20ms"] < 20:
                counts[(await seen.get()).group] += 1
            assert counts["40ms"] == 1
            assert loop.figures()["blocks_idle"] == 1
            loop.demand(frozenset({0, 1}))
            while counts["40ms"] < 5:
                counts[(await seen.get()).group] += 1
        assert loop.figures()["blocks_idle"] == 0
    finally:
        task.cancel()
        await asyncio.wait([task])


# ---- what is wanted


def alarm(tag: str, **more: object) -> AlarmDef:
    given: dict[str, object] = {"kind": "high", **more}
    return AlarmDef(id=f"a_{tag}", tag_id=f"t_{tag}", name=tag, priority=Priority.P2, message="", **given)  # type: ignore[arg-type]


def plant_of_all_kinds() -> Plant:
    rule = CommandRule(
        permissives=(("'ready' > 0", "ready"),), interlocks=(("'trip'", "trip"),), feedback="'run' > 0",
        limits_when=(LimitsWhen("'flood'", EURange(0, 1)),),
    )  # fmt: skip
    tags = [
        make_tag("idle"), make_tag("high"), make_tag("recorded", history=True), make_tag("life"),
        make_tag("x"), make_tag("y"), make_tag("sum", expression="'x' + 'y'"),
        make_tag("twice", expression="'sum' * 2"), make_tag("ready"), make_tag("trip"), make_tag("run"),
        make_tag("start", command=rule), make_tag("maintenance"), make_tag("flow"), make_tag("flood"),
    ]  # fmt: skip
    alarms = [
        alarm("high"),
        alarm("recorded", kind="expression", expression="'flow' > 1", suppress_when="'maintenance'"),
    ]
    link = ConnectionDef("plc1", "fake", ("fake://1",), simulated=True, life_counter="life")
    return make_plant(tags, alarms, {"plc1": link})


def names(plant: Plant, handles: frozenset[int] | None) -> set[str]:
    assert handles is not None
    return {plant.by_handle[handle].name for handle in handles}


ALWAYS = {"high", "recorded", "life", "flow", "maintenance"}


def test_alarm_inputs_recorded_tags_and_life_counters_are_wanted_without_an_onlooker() -> None:
    plant = plant_of_all_kinds()
    demand = Demand(DemandTables(plant))
    assert names(plant, demand.changed(0)) == ALWAYS
    assert demand.changed(10**15) is None


def test_a_tag_brings_the_inputs_of_its_expression_and_of_its_command_along() -> None:
    plant = plant_of_all_kinds()
    demand = Demand(DemandTables(plant))
    demand.look([plant.by_name["twice"].handle, -1], 0)
    assert names(plant, demand.changed(0)) == ALWAYS | {"twice", "sum", "x", "y"}
    demand.look([plant.by_name["start"].handle], 0)
    assert names(plant, demand.changed(31 * NS_PER_S)) == ALWAYS | {"start", "ready", "trip", "run", "flood"}


def test_a_recorded_calculated_tag_has_its_inputs_read() -> None:
    tags = [make_tag("x"), make_tag("idle"), make_tag("double", expression="'x' * 2", history=True)]
    plant = make_plant(tags)
    assert names(plant, DemandTables(plant).always) == {"x", "double"}


def test_what_the_last_station_left_stays_for_30_s() -> None:
    plant = plant_of_all_kinds()
    demand, idle = Demand(DemandTables(plant)), plant.by_name["idle"].handle
    demand.look([idle], 0)
    assert idle in (demand.changed(0) or NOBODY)
    demand.look([], 100 * NS_PER_S)
    assert demand.changed(100 * NS_PER_S) is None
    assert demand.changed(129 * NS_PER_S) is None
    assert names(plant, demand.changed(130 * NS_PER_S)) == ALWAYS
    assert demand.changed(10**15) is None


def test_a_station_that_comes_back_within_30_s_finds_it_wanted_and_keeps_it() -> None:
    plant = plant_of_all_kinds()
    demand, idle = Demand(DemandTables(plant)), plant.by_name["idle"].handle
    demand.look([idle], 0)
    demand.changed(0)
    demand.look([], 10 * NS_PER_S)
    demand.look([idle], 20 * NS_PER_S)
    assert demand.changed(20 * NS_PER_S) is None
    assert demand.changed(1_000 * NS_PER_S) is None


def test_a_single_read_wants_a_tag_for_30_s() -> None:
    plant = plant_of_all_kinds()
    demand, idle = Demand(DemandTables(plant), linger_s=30.0), plant.by_name["idle"].handle
    demand.changed(0)
    demand.glance([idle], 0)
    assert idle in (demand.changed(0) or NOBODY)
    demand.glance([idle], 20 * NS_PER_S)
    assert demand.changed(40 * NS_PER_S) is None
    assert names(plant, demand.changed(50 * NS_PER_S)) == ALWAYS


def test_another_revision_keeps_what_is_looked_at_and_forgets_what_is_gone() -> None:
    old = make_plant([make_tag("a"), make_tag("b"), make_tag("c")])
    demand = Demand(DemandTables(old))
    demand.look([0, 1], 0)
    demand.changed(0)
    new = make_plant([make_tag("a"), make_tag("z", expression="'a'")], revision="r2")
    demand.apply(DemandTables(new))
    assert demand.changed(1) == {0, 1}

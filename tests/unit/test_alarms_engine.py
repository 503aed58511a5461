"""The evaluation chain: limits and deadband, delays, quality, links, people, lists (standards 1.4 to 1.10)."""

from __future__ import annotations

import math
from typing import Any

import pytest
from alarm_bench import Bench, alarm

from hmi.alarms import AlarmChange, Refused
from hmi.core import quality
from hmi.core.alarms import AlarmEvent, AlarmState, Priority
from hmi.core.clock import NS_PER_S
from hmi.core.errors import ConfigurationError
from hmi.core.principal import DEMO_OPERATOR
from hmi.core.values import DataValue, ValueType
from hmi.project.plant import AlarmDef
from hmi.testing.plant import good, make_plant, make_tag

BAD = DataValue(None, quality.BAD_SENSOR_FAILURE, 1, 1)


def test_AL_03_a_value_at_its_limit_raises_once() -> None:
    bench = Bench([alarm(limit=50.0, deadband=2.0)])
    for second in range(3_600):
        bench.put(50.0 + math.sin(second))
        bench.wait(1)
    assert bench.events == [AlarmEvent.ALM]


@pytest.mark.parametrize(
    ("kind", "quiet", "at", "held", "free"),
    [("high", 9.9, 10.0, 8.0, 7.9), ("high_high", 9.9, 10.0, 8.0, 7.9), ("low", 10.1, 10.0, 12.0, 12.1)],
)
def test_the_limit_raises_and_only_the_deadband_clears(
    kind: str, quiet: float, at: float, held: float, free: float
) -> None:
    bench = Bench([alarm(kind, deadband=2.0)])
    assert bench.put(quiet) == []
    assert [c.event for c in bench.put(at)] == [AlarmEvent.ALM]
    assert bench.put(held) == []
    assert [c.event for c in bench.put(free)] == [AlarmEvent.RTN]


def test_AL_04_on_delay() -> None:
    bench = Bench([alarm(on_delay_s=15.0)])
    bench.put(11.0)
    bench.wait(14.9)
    bench.put(5.0)
    assert bench.wait(10) == []
    start = bench.clock.now_ns()
    bench.put(11.0)
    changes = bench.wait(15.1)
    assert [c.event for c in changes] == [AlarmEvent.ALM]
    assert changes[0].condition_time == start
    assert changes[0].row.alarm_time - start == 15 * NS_PER_S


def test_AL_04_a_delay_that_ended_before_the_value_returned_still_counts() -> None:
    bench = Bench([alarm(on_delay_s=15.0)])
    bench.put(11.0)
    bench.clock.advance(15.1)
    bench.put(5.0)
    assert bench.events == [AlarmEvent.ALM, AlarmEvent.RTN]


def test_AL_05_off_delay() -> None:
    bench = Bench([alarm(off_delay_s=10.0)])
    bench.put(11.0)
    bench.put(5.0)
    bench.wait(9.9)
    bench.put(11.0)
    bench.wait(60)
    assert bench.events == [AlarmEvent.ALM]
    bench.put(5.0)
    bench.wait(10)
    assert bench.events == [AlarmEvent.ALM, AlarmEvent.RTN]


def test_AL_06_a_bad_tag_freezes_its_alarm() -> None:
    bench = Bench([alarm(off_delay_s=5.0)])
    bench.put(11.0)
    bench.alarms.acknowledge(
        bench.alarms.active()[0].occurrence_id, bench.clock.now_ns(), principal=DEMO_OPERATOR
    )
    assert bench.state is AlarmState.ACKED
    assert bench.put(BAD) == []
    assert bench.wait(60) == []
    row = bench.alarms.active()[0]
    assert (row.state, row.state_unknown) == (AlarmState.ACKED, True)
    assert bench.put(5.0) == []
    assert [c.event for c in bench.wait(5)] == [AlarmEvent.RTN]
    assert bench.state is AlarmState.NORM


def test_AL_06_a_delay_under_way_starts_anew_after_bad() -> None:
    bench = Bench([alarm(on_delay_s=10.0)])
    bench.put(11.0)
    bench.wait(9)
    bench.put(BAD)
    bench.wait(60)
    bench.put(11.0)
    assert bench.wait(9.9) == []
    assert [c.event for c in bench.wait(0.2)] == [AlarmEvent.ALM]


@pytest.mark.parametrize(
    "status", [quality.UNCERTAIN_LAST_USABLE, quality.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE]
)
def test_a_stale_value_neither_raises_nor_clears(status: int) -> None:
    bench = Bench([alarm()])
    assert bench.put(good(11.0).with_status(status)) == []
    bench.put(11.0)
    assert bench.put(good(5.0).with_status(status)) == []
    assert bench.state is AlarmState.UNACK


def test_an_uncertain_value_alarms_and_keeps_its_status() -> None:
    bench = Bench([alarm()])
    changes = bench.put(good(11.0).with_status(quality.UNCERTAIN_SENSOR_NOT_ACCURATE))
    assert [(c.event, c.quality) for c in changes] == [
        (AlarmEvent.ALM, quality.UNCERTAIN_SENSOR_NOT_ACCURATE)
    ]


def test_AL_07_one_alarm_for_a_lost_device_with_500_alarmed_tags() -> None:
    tags = [make_tag(f"a/x{i}") for i in range(500)]
    alarms = [alarm(tag=t.name) for t in tags] + [alarm("bad", tag=t.name, on_delay_s=10.0) for t in tags]
    bench = Bench(alarms, tags)
    for handle in range(500):
        bench.put(5.0, handle)
    updates = bench.tags.link_down("plc1")
    now = bench.clock.now_ns()
    bench.note(bench.alarms.link_down("plc1", now))
    bench.note(bench.alarms.evaluate(updates.changes, now))
    bench.wait(60)
    assert len([c for c in bench.changes if c.annunciate]) == 1
    assert len(bench.alarms.active()) == 1
    assert not [c for c in bench.changes if c.row.tag_id and c.row.name == "high"]
    bench.note(bench.alarms.link_up("plc1", bench.clock.now_ns()))
    for handle in range(500):
        bench.put(5.0, handle)
    bench.wait(60)
    assert len([c for c in bench.changes if c.annunciate]) == 1


def test_a_good_value_is_no_bad_value() -> None:
    bench = Bench([alarm("bad", on_delay_s=10.0)])
    bench.put(5.0)
    bench.wait(60)
    assert bench.changes == []


def test_a_value_that_stays_bad_raises_its_instrument_alarm() -> None:
    bench = Bench([alarm("bad", on_delay_s=10.0)])
    bench.put(5.0)
    bench.put(BAD)
    assert bench.wait(9.9) == []
    assert [c.event for c in bench.wait(0.2)] == [AlarmEvent.ALM]
    assert [c.event for c in bench.put(5.0)] == [AlarmEvent.RTN]


def test_AL_10_unshelving_an_active_alarm_annunciates_a_new_occurrence() -> None:
    bench = Bench([alarm()])
    bench.put(11.0)
    first = bench.alarms.active()[0].occurrence_id
    now = bench.clock.now_ns()
    bench.alarms.act("a_a/x.high", AlarmEvent.SHELVE, now, principal=DEMO_OPERATOR, comment="maintenance")
    assert bench.alarms.active() == ()
    assert [row.state for row in bench.alarms.hidden()] == [AlarmState.SHLVD]
    change = bench.alarms.act("a_a/x.high", AlarmEvent.UNSHELVE, now, principal=DEMO_OPERATOR)
    assert isinstance(change, AlarmChange)
    assert bench.state is AlarmState.UNACK
    assert bench.alarms.active()[0].occurrence_id != first


def test_discrete_and_expression_alarms() -> None:
    tags = [
        make_tag("a/trip", type=ValueType.BOOL),
        make_tag("a/state", type=ValueType.ENUM),
        make_tag("a/y"),
    ]
    bench = Bench(
        [
            alarm("discrete", 1.0, "a/trip"),
            alarm("discrete", 4.0, "a/state"),
            alarm("expression", 0.0, "a/y", expression="'a/y' > 3 and 'a/state' == 2"),
        ],
        tags,
    )
    bench.put(True, 0)
    bench.put(2, 1)
    bench.put(4.0, 2)
    bench.put(4, 1)
    named = [(c.event, c.row.tag_name) for c in bench.changes]
    assert named == [
        (AlarmEvent.ALM, "a/trip"),
        (AlarmEvent.ALM, "a/y"),
        (AlarmEvent.ALM, "a/state"),
        (AlarmEvent.RTN, "a/y"),
    ]


def test_acknowledging_names_the_occurrence_not_the_alarm() -> None:
    bench = Bench([alarm()])
    bench.put(11.0)
    old = bench.alarms.active()[0].occurrence_id
    bench.put(5.0)
    bench.put(11.0)
    now = bench.clock.now_ns()
    assert isinstance(bench.alarms.acknowledge(old, now, principal=DEMO_OPERATOR), Refused)
    new = bench.alarms.active()[0].occurrence_id
    change = bench.alarms.acknowledge(new, now, principal=DEMO_OPERATOR, comment="seen")
    assert isinstance(change, AlarmChange)
    assert (change.before, change.after) == (AlarmState.UNACK, AlarmState.ACKED)
    assert change.entry().principal is DEMO_OPERATOR


def test_the_list_is_by_priority_then_newest() -> None:
    tags = [make_tag("a/x"), make_tag("a/y"), make_tag("a/z")]
    bench = Bench(
        [
            alarm(tag="a/x", priority=Priority.P3),
            alarm(tag="a/y", priority=Priority.P1),
            alarm(tag="a/z", priority=Priority.P3),
        ],
        tags,
    )
    for handle in range(3):
        bench.put(11.0, handle)
        bench.wait(1)
    assert [row.tag_name for row in bench.alarms.active()] == ["a/y", "a/z", "a/x"]


def test_the_state_survives_a_restart_without_a_sound() -> None:
    bench = Bench([alarm()])
    bench.put(11.0)
    again = Bench([alarm()])
    again.alarms.import_state(bench.alarms.export_state())
    assert again.state is AlarmState.UNACK
    assert again.put(11.0) == []
    assert [c.event for c in again.put(5.0)] == [AlarmEvent.RTN]


def test_AL_11_a_suppression_rule_with_a_bad_input_does_not_suppress() -> None:
    tags = [make_tag("a/x"), make_tag("a/off", type=ValueType.BOOL)]
    bench = Bench([alarm(suppress_when="'a/off'")], tags)
    bench.put(True, 1)
    bench.put(11.0)
    assert bench.alarms.active() == ()
    assert [row.state for row in bench.alarms.hidden()] == [AlarmState.DSUPR]
    assert not [c for c in bench.changes if c.annunciate]
    changes = bench.put(BAD, 1)
    assert [c.event for c in changes] == [AlarmEvent.UNSUPPRESS, AlarmEvent.ALM]
    assert bench.state is AlarmState.UNACK
    assert [c.event for c in bench.put(True, 1)] == [AlarmEvent.SUPPRESS]


def test_a_rule_that_is_taken_out_hides_nothing_any_more() -> None:
    tags = [make_tag("a/x"), make_tag("a/off", type=ValueType.BOOL)]
    bench = Bench([alarm(suppress_when="'a/off'")], tags)
    bench.put(True, 1)
    bench.put(11.0)
    bench.take(make_plant(tags, [alarm()], revision="r2", previous=bench.tags.plant))
    assert bench.state is AlarmState.UNACK


def test_an_alarm_that_the_plant_has_no_longer_ends_with_a_change_of_its_own() -> None:
    tags = [make_tag("a/x"), make_tag("a/y", connection="plc2")]
    bench = Bench([alarm()], tags)
    bench.put(11.0)
    bench.alarms.link_down("plc2", bench.clock.now_ns())
    changes = bench.take(make_plant(tags[:1], revision="r2", previous=bench.tags.plant))
    assert {(c.row.alarm_id, c.event, c.before, c.after) for c in changes} == {
        (alarm().id, AlarmEvent.REMOVED, AlarmState.UNACK, AlarmState.NORM),
        ("link:plc2", AlarmEvent.REMOVED, AlarmState.UNACK, AlarmState.NORM),
    }
    assert bench.alarms.active() == ()
    assert bench.alarms.export_state() == {}


def test_alarms_are_judged_by_handles_with_holes() -> None:
    bench = Bench([alarm()], [make_tag("a/gone"), make_tag("a/x")])
    new = make_plant(
        [make_tag("a/new"), make_tag("a/x")], [alarm()], revision="r2", previous=bench.tags.plant
    )
    bench.take(new)
    assert [c.event for c in bench.put(11.0, 1)] == [AlarmEvent.ALM]
    assert bench.put(11.0, 2) == []


@pytest.mark.parametrize(
    "fields", [{"kind": "expression", "expression": "'a/no' > 1"}, {"suppress_when": "'a/no'"}]
)
def test_an_alarm_over_an_unknown_tag_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="a/no"):
        Bench([alarm(**fields)])


@pytest.mark.parametrize(
    ("limit", "value", "present"),
    [
        (1.0, True, True),
        (1.0, False, False),
        (0.0, 2, False),
        (0.0, 0, True),
        (3.0, 3, True),
        (0.0, False, True),
    ],
)
def test_a_discrete_alarm_is_present_at_its_state(limit: float, value: int, present: bool) -> None:
    from hmi.alarms import comparator_of
    from hmi.core.alarms import Priority

    alarm = AlarmDef("a", "t", "n", "discrete", Priority.P3, "m", limit=limit)
    assert comparator_of(alarm)(value, False) is present

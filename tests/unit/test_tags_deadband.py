"""The deadband of a tag: what it holds back, and what it never may."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hmi.acquisition.port import Batch, Group
from hmi.core import quality
from hmi.core.alarms import Priority
from hmi.core.values import DataValue, ValueType, bad
from hmi.project.plant import AlarmDef, CommandRule, ConnectionDef
from hmi.tags import TagEngine, TagTables
from hmi.testing.clock import ManualClock
from hmi.testing.plant import good, make_plant, make_tag


def engine(*tags: Any, **more: Any) -> TagEngine:
    return TagEngine(make_plant(tags or (make_tag("a/pv", deadband=1.0),), **more), ManualClock())


def passed(tags: TagEngine, *values: Any) -> list[Any]:
    """What of a row of values, one batch each, is told as a change."""
    found = []
    for number, value in enumerate(values):
        data = value if isinstance(value, DataValue) else good(value, number + 1)
        found += [new.value for _, new in tags.ingest(Batch("g", [(0, data)])).changes]
    return found


def test_a_change_up_to_the_deadband_is_held_back_and_one_beyond_it_passes() -> None:
    assert passed(engine(), 10.0, 10.4, 11.0, 9.0, 11.1, 10.2, 10.0) == [10.0, 11.1, 10.0]


def test_many_small_steps_add_up_because_the_last_passed_value_is_what_counts() -> None:
    assert passed(engine(), *(0.4 * n for n in range(9))) == pytest.approx([0.0, 1.2, 2.4])


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=60))
def test_what_is_shown_is_never_further_from_the_device_than_the_deadband(values: list[float]) -> None:
    tags = engine()
    for value in values:
        tags.ingest(Batch("g", [(0, good(value))]))
        shown = tags.value("a/pv").value
        assert isinstance(shown, float)
        assert abs(shown - value) <= 1.0


def test_every_change_of_quality_passes_and_so_does_the_first_value_after_it() -> None:
    tags = engine()
    doubtful = good(10.1).with_status(quality.UNCERTAIN_SENSOR_NOT_ACCURATE)
    gone = bad(quality.BAD_SENSOR_FAILURE, 3)
    other = bad(quality.BAD_DEVICE_FAILURE, 4)
    assert passed(tags, 10.0, doubtful, gone, other, 10.2) == [10.0, 10.1, None, None, 10.2]


def test_a_held_back_value_is_a_proof_of_life_and_keeps_value_and_time_together() -> None:
    clock = ManualClock()
    tags = TagEngine(make_plant((make_tag("a/pv", deadband=1.0),)), clock)
    tags.ingest(Batch("g", [(0, good(10.0, 1))]))
    clock.advance(1.5)
    tags.ingest(Batch("g", [(0, good(10.5, 2))]))
    assert tags.ages_ms() == {"g": 0}
    assert tags.value("a/pv") == good(10.0, 1)


def test_a_link_that_goes_and_comes_back_passes_both_times() -> None:
    tags = engine(connections={"plc1": ConnectionDef("plc1", "fake", ("fake://1",), simulated=True)})
    tags.add_groups("plc1", [Group("g", "1", 1000, (0,))])
    assert passed(tags, 10.0) == [10.0]
    assert [new.is_bad for _, new in tags.link_down("plc1").changes] == [True]
    assert passed(tags, 10.3) == [10.3]


@pytest.mark.parametrize(("now", "shown"), [(10.5, 10.0), (12.0, 12.0)])
def test_a_silent_source_turns_stale_and_returns_good_within_the_deadband(now: float, shown: float) -> None:
    clock = ManualClock()
    tags = TagEngine(make_plant((make_tag("a/pv", deadband=1.0),)), clock)
    tags.add_groups("plc1", [Group("g", "1", 1000, (0,))])
    tags.ingest(Batch("g", [(0, good(10.0))]))
    clock.advance(20)
    assert len(tags.supervise().changes) == 1
    assert tags.value("a/pv").status == quality.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE
    changes = tags.ingest(Batch("g", [(0, good(now))])).changes
    assert changes[-1][1] == tags.value("a/pv") == good(shown)


@pytest.mark.parametrize("when", [(), (("'a/pv' > 3", 80.2),)])
def test_a_value_that_crosses_a_limit_of_an_alarm_always_passes(when: tuple[tuple[str, float], ...]) -> None:
    limit = 999.0 if when else 80.2
    alarm = AlarmDef(
        "a_1", "t_a/pv", "High", "high", Priority.P2, "High", limit=limit, deadband=0.5, limits_when=when
    )
    tags = engine(make_tag("a/pv", deadband=2.0), alarms=(alarm,))
    assert passed(tags, 79.0, 80.1, 80.2, 80.3, 79.8, 79.6) == [79.0, 80.1, 80.2, 80.3, 79.8, 79.6]


def test_only_a_measured_number_that_nobody_writes_has_one() -> None:
    for fields in (
        {"command": CommandRule()},
        {"type": ValueType.BOOL},
        {"type": ValueType.INT64, "states": {0: "Off", 1: "On", 2: "Trip"}},
    ):
        tags = engine(make_tag("a/x", deadband=5.0, **fields))
        assert passed(tags, 0, 1) == [0, 1], fields


def test_large_whole_numbers_are_compared_exactly() -> None:
    tags = engine(make_tag("a/n", type=ValueType.INT64, deadband=1.0))
    big = 2**60
    assert passed(tags, big, big + 1, big + 2) == [big, big + 2]


def test_a_derived_tag_has_its_own() -> None:
    tags = engine(make_tag("a/pv"), make_tag("a/sum", expression="'a/pv' * 2", deadband=3.0))
    told = [
        {handle: new.value for handle, new in tags.ingest(Batch("g", [(0, good(v))])).changes}
        for v in (1.0, 2.0, 3.0)
    ]
    assert told == [{0: 1.0, 1: 2.0}, {0: 2.0}, {0: 3.0, 1: 6.0}]


def test_a_new_revision_brings_its_own_deadband_and_keeps_the_value() -> None:
    tag = make_tag("a/pv", deadband=1.0)
    plant = make_plant((tag,))
    tags = TagEngine(plant, ManualClock())
    passed(tags, 10.0)
    wider = make_plant((replace(tag, deadband=5.0),), revision="r2", previous=plant)
    assert not tags.apply(TagTables(wider, plant)).changes
    assert passed(tags, 14.0, 15.5) == [15.5]

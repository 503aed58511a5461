"""The tag engine: changes, quality, derived tags, ages, life counters, links and revisions."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from hmi.acquisition.port import Batch, Group
from hmi.core import quality
from hmi.core.errors import ConfigurationError
from hmi.core.values import DataValue, EURange, ValueType
from hmi.project.plant import ConnectionDef, Plant, Scaling
from hmi.tags import TagEngine, TagTables
from hmi.testing.clock import ManualClock
from hmi.testing.plant import good, make_plant, make_tag

STALE = quality.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def engine(clock: ManualClock, *tags: object, **kwargs: object) -> TagEngine:
    return TagEngine(make_plant(tags, **kwargs), clock)  # type: ignore[arg-type]


def test_every_tag_waits_for_its_first_value(clock: ManualClock) -> None:
    tags = engine(clock, make_tag("a/one"))
    assert tags.value("a/one").status == quality.BAD_WAITING_FOR_INITIAL_DATA


def test_only_what_changed_is_told_but_the_age_is_refreshed(clock: ManualClock) -> None:
    tags = engine(clock, make_tag("a/one"), make_tag("a/two"))
    tags.ingest(Batch("g", [(0, good(1.0)), (1, good(2.0))]))
    clock.advance(1.5)
    updates = tags.ingest(Batch("g", [(0, good(1.0, 2)), (1, good(3.0, 2))]))
    assert [handle for handle, _ in updates.changes] == [1]
    assert tags.ages_ms() == {"g": 0}
    assert tags.value("a/one").source_time == 2


def test_a_change_of_status_alone_is_a_change(clock: ManualClock) -> None:
    tags = engine(clock, make_tag("a/one"))
    tags.ingest(Batch("g", [(0, good(1.0))]))
    updates = tags.ingest(Batch("g", [(0, good(1.0).with_status(quality.UNCERTAIN_SENSOR_NOT_ACCURATE))]))
    assert len(updates.changes) == 1


def test_derived_tags_follow_in_dependency_order(clock: ManualClock) -> None:
    tags = engine(
        clock,
        make_tag("a/double", expression="'a/sum' * 2"),
        make_tag("a/one"),
        make_tag("a/two"),
        make_tag("a/sum", expression="'a/one' + 'a/two'"),
    )
    updates = tags.ingest(Batch("g", [(1, good(1.0)), (2, good(2.0))]))
    assert [handle for handle, _ in updates.changes] == [1, 2, 3, 0]
    assert tags.value("a/double").value == 6.0


def test_a_derived_tag_has_the_worst_quality_of_its_inputs(clock: ManualClock) -> None:
    tags = engine(
        clock, make_tag("a/one"), make_tag("a/two"), make_tag("a/sum", expression="'a/one' + 'a/two'")
    )
    tags.ingest(Batch("g", [(0, good(1.0)), (1, DataValue(None, quality.BAD_SENSOR_FAILURE, 1, 1))]))
    assert tags.value("a/sum").is_bad


def test_a_derived_tag_that_does_not_depend_is_left_alone(clock: ManualClock) -> None:
    tags = engine(clock, make_tag("a/one"), make_tag("a/two"), make_tag("a/twice", expression="'a/two' * 2"))
    assert [h for h, _ in tags.ingest(Batch("g", [(0, good(1.0))])).changes] == [0]


def test_a_circle_of_derived_tags_is_refused_with_its_members(clock: ManualClock) -> None:
    first = make_tag("a/x", expression="'a/y' + 1")
    second = make_tag("a/y", expression="'a/x' + 1")
    with pytest.raises(ConfigurationError, match=r"circle: a/[xy] → a/[xy] → a/[xy]"):
        engine(clock, first, second)


def test_an_expression_over_an_unknown_tag_is_refused(clock: ManualClock) -> None:
    with pytest.raises(ConfigurationError, match="a/nothing"):
        engine(clock, make_tag("a/x", expression="'a/nothing' + 1"))


def test_link_down_is_one_batch_of_bad_for_its_tags_only(clock: ManualClock) -> None:
    tags = engine(
        clock,
        make_tag("a/one"),
        make_tag("a/two"),
        make_tag("b/other", connection="plc2"),
        make_tag("a/sum", expression="'a/one' + 'a/two'"),
    )
    tags.ingest(Batch("g", [(0, good(1.0)), (1, good(2.0))]))
    tags.ingest(Batch("h", [(2, good(3.0))]))
    updates = tags.link_down("plc1", quality.BAD_NO_COMMUNICATION)
    assert [handle for handle, _ in updates.changes] == [0, 1, 3]
    assert all(value.is_bad and value.value is None for _, value in updates.changes)
    assert tags.value("b/other").is_good
    assert not tags.link_down("plc1", quality.BAD_NO_COMMUNICATION)


@pytest.mark.parametrize("period_ms", [1_000, 4_000])
def test_what_is_known_ends_a_period_before_the_last_sign_of_a_lost_link(
    clock: ManualClock, period_ms: int
) -> None:
    """A change of the last period may have been on its way: history must not claim that the value stood."""
    tags = engine(clock, make_tag("a/one"))
    tags.add_groups("plc1", [Group("g", "", period_ms, (0,))])
    tags.ingest(Batch("g", [(0, good(1.0))]))
    clock.advance(60)
    tags.ingest(Batch("g", ()))  # it lives, and nothing has changed
    heard_at = clock.now_ns()
    clock.advance(1)
    assert tags.link_down("plc1").seen_ns == heard_at - period_ms * 1_000_000


def test_a_silent_group_goes_stale_by_the_monotonic_clock_and_comes_back(clock: ManualClock) -> None:
    tags = engine(clock, make_tag("a/one", scan="normal"))
    tags.add_groups("plc1", [Group("g", "1", 1_000, (0,))])
    tags.ingest(Batch("g", [(0, good(7.0))]))
    clock.step(3_600)
    assert not tags.supervise()
    clock.advance(3.1)
    updates = tags.supervise()
    assert [(h, v.value, v.status) for h, v in updates.changes] == [(0, 7.0, STALE)]
    back = tags.ingest(Batch("g", []))
    assert [(h, v.value, v.status) for h, v in back.changes] == [(0, 7.0, quality.GOOD)]


def test_the_limit_of_a_group_is_two_seconds_or_three_periods(clock: ManualClock) -> None:
    tags = engine(clock, make_tag("a/one"), make_tag("a/two"))
    tags.add_groups("plc1", [Group("quick", "1", 250, (0,)), Group("slow", "1", 5_000, (1,))])
    assert tags.limits_ms() == {"quick": 2_000, "slow": 15_000}


def test_bad_values_of_a_silent_unit_are_no_proof_of_life(clock: ManualClock) -> None:
    tags = engine(clock, make_tag("a/one"))
    tags.ingest(Batch("g", [(0, good(1.0))]))
    clock.advance(1)
    tags.ingest(Batch("g", [(0, DataValue(None, quality.BAD_TIMEOUT, 1, 1))], alive=False))
    assert tags.ages_ms() == {"g": 1_000}


def test_a_derived_tag_is_as_old_as_its_oldest_source(clock: ManualClock) -> None:
    tags = engine(
        clock, make_tag("a/one"), make_tag("a/two"), make_tag("a/sum", expression="'a/one' + 'a/two'")
    )
    tags.add_groups("plc1", [Group("g", "1", 1_000, (0,)), Group("h", "1", 1_000, (1,))])
    tags.ingest(Batch("g", [(0, good(1.0))]))
    clock.advance(2)
    tags.ingest(Batch("h", [(1, good(1.0))]))
    assert tags.group_of(2) == "g|h"
    assert tags.ages_ms()["g|h"] == 2_000
    assert set(tags.groups) == {"g", "h", "g|h"}


def life_plant() -> Plant:
    connection = ConnectionDef("plc1", "fake", ("fake://1",), life_counter="a/life")
    return make_plant(
        [make_tag("a/life", type=ValueType.UINT64), make_tag("a/one")], (), {"plc1": connection}
    )


def poll(tags: TagEngine, life: int, value: float) -> None:
    tags.ingest(Batch("g", [(0, good(life)), (1, good(value))]))


def test_a_controller_that_stopped_scanning_is_stale_though_its_link_is_up(clock: ManualClock) -> None:
    tags = TagEngine(life_plant(), clock)
    poll(tags, 1, 5.0)
    tags.supervise()
    for _ in range(4):
        clock.advance(1)
        poll(tags, 1, 5.0)
        tags.supervise()
    assert tags.value("a/one") == good(5.0).with_status(STALE)
    poll(tags, 1, 6.0)
    assert tags.value("a/one").status == STALE
    poll(tags, 2, 6.5)
    tags.supervise()
    assert tags.value("a/one") == good(6.5)


def test_a_frozen_simulator_is_no_dead_controller(clock: ManualClock) -> None:
    tags = TagEngine(life_plant(), clock)
    poll(tags, 1, 5.0)
    tags.supervise()
    clock.rate = 0.0
    for _ in range(10):
        clock.advance(1)
        poll(tags, 1, 5.0)
        tags.supervise()
    assert tags.value("a/one").is_good


def test_state_survives_a_restart_as_last_usable(clock: ManualClock) -> None:
    plant = make_plant([make_tag("a/one"), make_tag("a/two", type=ValueType.BYTES), make_tag("a/never")])
    tags = TagEngine(plant, clock)
    tags.ingest(Batch("g", [(0, good(1.5)), (1, good(b"\x00\xff"))]))
    state = json.loads(json.dumps(tags.export_state()))
    again = TagEngine(plant, clock)
    again.import_state(state)
    assert again.value("a/one") == good(1.5).with_status(quality.UNCERTAIN_LAST_USABLE)
    assert again.value("a/two").value == b"\x00\xff"
    assert again.value("a/never").status == quality.BAD_WAITING_FOR_INITIAL_DATA
    again.import_state({"version": 99, "values": {"t_a/one": "?"}})
    assert again.value("a/one").value == 1.5


def test_another_revision_keeps_values_under_new_names_and_leaves_holes(clock: ManualClock) -> None:
    old = make_plant([make_tag("a/one"), make_tag("a/two")])
    tags = TagEngine(old, clock)
    tags.ingest(Batch("g", [(0, good(1.0)), (1, good(2.0))]))
    seen = tags.latest
    renamed = replace(old.tags[1], name="a/renamed")
    new = make_plant(
        [make_tag("a/new"), renamed, make_tag("a/sum", expression="'a/renamed' * 10")],
        revision="r2",
        previous=old,
    )
    names_before = tags.values
    updates = tags.apply(TagTables(new, old))
    assert (new.by_name["a/renamed"].handle, new.by_name["a/new"].handle, new.slots) == (1, 2, 4)
    assert [handle for handle, _ in updates.changes] == [0, 3]
    assert tags.latest[0].status == quality.BAD_CONFIGURATION
    assert names_before["a/two"].value == 2.0
    assert tags.value("a/renamed").value == 2.0
    assert tags.value("a/sum").value == 20.0
    assert tags.value("a/new").is_bad
    assert seen is tags.latest
    assert tags.values["a/renamed"].value == 2.0
    assert tags.values.get("a/one") is None


def test_a_revision_that_does_not_work_changes_nothing(clock: ManualClock) -> None:
    tags = engine(clock, make_tag("a/one"))
    tags.ingest(Batch("g", [(0, good(1.0))]))
    with pytest.raises(ConfigurationError):
        tags.apply(TagTables(make_plant([make_tag("a/x", expression="'a/x' + 1")], revision="r2")))
    assert tags.value("a/one").value == 1.0


def test_holes_are_tolerated_by_everything_the_engine_does(clock: ManualClock) -> None:
    old = make_plant([make_tag("a/gone"), make_tag("a/x", type=ValueType.FLOAT64)])
    tags = TagEngine(old, clock)
    tags.ingest(Batch("g", [(0, good(1.0)), (1, good(2.0))]))
    new = make_plant([old.tags[1], make_tag("a/y", expression="'a/x' + 1")], revision="r2", previous=old)
    tags.apply(TagTables(new, old))
    tags.ingest(Batch("g", [(1, good(5.0))]))
    assert tags.value("a/y").value == 6.0
    assert tags.link_down("plc1").changes
    state = json.loads(json.dumps(tags.export_state()))
    tags.import_state({"version": 1, "values": {"t_a/x": [7.0, 0, 1, 1]}})
    assert state["values"].keys() == set()
    assert tags.value("a/x").value == 7.0
    assert tags.tolerance(1) >= 0
    assert tags.raw_for(1, 3.0) == 3.0
    tags.supervise()


def test_what_is_held_stale_comes_back_after_a_revision(clock: ManualClock) -> None:
    """A push source that returns without a change sends no value: the held one has to be there still."""
    old = make_plant([make_tag("a/x")])
    tags = TagEngine(old, clock)
    tags.add_groups("plc1", [Group("g", "", 1_000, (0,))])
    tags.ingest(Batch("g", [(0, good(2.0))]))
    clock.advance(10)
    tags.supervise()
    assert not tags.value("a/x").is_good
    new = make_plant([old.tags[0], make_tag("a/new")], revision="r2", previous=old)
    tags.apply(TagTables(new, old))
    assert not tags.value("a/x").is_good
    assert not tags.is_live(0)
    tags.ingest(Batch("g", []))
    assert tags.value("a/x") == good(2.0)


@pytest.mark.parametrize(
    ("change", "closed"), [({"scaling": Scaling(EURange(0, 10), EURange(0, 100))}, ()), ({}, ("plc1",))]
)
def test_a_value_that_means_something_else_now_waits_for_the_next_one(
    clock: ManualClock, change: dict[str, Scaling], closed: tuple[str, ...]
) -> None:
    old = make_plant([make_tag("a/x")])
    tags = TagEngine(old, clock)
    tags.add_groups("plc1", [Group("g", "", 1_000, (0,))])
    tags.ingest(Batch("g", [(0, good(2.0))]))
    new = make_plant([replace(old.tags[0], **change)], revision="r2", previous=old)
    tags.apply(TagTables(new, old), closed)
    assert tags.value("a/x").status == quality.BAD_WAITING_FOR_INITIAL_DATA
    assert ("g" in tags.groups) is not bool(closed)


def test_a_frozen_controller_stays_frozen_over_a_revision(clock: ManualClock) -> None:
    plc1 = {"plc1": ConnectionDef("plc1", "fake", ("fake://1",), simulated=True, life_counter="a/life")}
    old = make_plant([make_tag("a/x"), make_tag("a/life")], connections=plc1)
    tags = TagEngine(old, clock)
    tags.add_groups("plc1", [Group("g", "", 1_000, (0, 1))])
    for _ in range(12):
        tags.ingest(Batch("g", [(0, good(2.0)), (1, good(7.0))]))
        clock.advance(0.5)
        tags.supervise()
    assert not tags.value("a/x").is_good
    new = make_plant([*old.tags, make_tag("a/new", connection="plc2")], connections=plc1, previous=old)
    tags.apply(TagTables(new, old))
    tags.ingest(Batch("g", [(0, good(3.0))]))
    assert not tags.value("a/x").is_good
    tags.ingest(Batch("g", [(1, good(8.0))]))
    tags.supervise()
    assert tags.value("a/x").value == 3.0


def test_integers_beyond_a_float_stay_exact(clock: ManualClock) -> None:
    tags = engine(clock, make_tag("a/total", type=ValueType.UINT64, range=EURange(0, 2.0**64)))
    tags.ingest(Batch("g", [(0, good(2**63 + 1))]))
    assert tags.value("a/total").value == 2**63 + 1


def test_values_are_scaled_on_their_way_in(clock: ManualClock) -> None:
    tags = engine(clock, make_tag("a/level", scaling=Scaling(EURange(0, 27_648), EURange(0, 100))))
    tags.ingest(Batch("g", [(0, good(13_824))]))
    assert tags.value("a/level").value == pytest.approx(50.0)

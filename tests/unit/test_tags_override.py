"""Values that people enter over those of a source: what is shown, what goes on beneath, whose age counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hmi.core import quality
from hmi.core.quality import Mark, quality_of
from hmi.core.values import DataValue, EURange
from hmi.project.plant import ConnectionDef, Scaling
from hmi.tags import TagEngine, TagTables, entered
from hmi.testing.clock import ManualClock
from hmi.testing.plant import good, make_plant, make_tag

SCALED = Scaling(EURange(0, 1000), EURange(0, 100))


@dataclass
class Batch:
    updates: Sequence[tuple[int, DataValue]]
    group: str = "plc1:g"
    alive: bool = True


def bench() -> tuple[TagEngine, ManualClock]:
    tags = [
        make_tag("a", scaling=SCALED, deadband=5.0),
        make_tag("b"),
        make_tag("sum", expression="'a' + 'b'"),
        make_tag("twice", expression="'sum' * 2"),
        make_tag("lab", manual=True),
        make_tag("life"),
    ]
    plc = ConnectionDef("plc1", "fake", ("fake://1",), simulated=True, life_counter="life")
    plant, clock = make_plant(tags, connections={"plc1": plc}), ManualClock()
    engine = TagEngine(plant, clock)
    engine.ingest(Batch([(0, good(500)), (1, good(1.0)), (5, good(1))]))
    return engine, clock


def at(engine: TagEngine, name: str) -> tuple[object, str]:
    value = engine.value(name)
    return value.value, quality_of(value.status).mark.value


def test_an_override_is_shown_as_manual_and_what_rests_on_it_follows() -> None:
    engine, _ = bench()
    assert at(engine, "sum") == (51.0, "")
    out = engine.override(0, entered(20.0, 7))
    assert [handle for handle, _ in out.changes] == [0, 2, 3]
    assert at(engine, "a") == (20.0, "M")
    assert engine.value("a").source_time == 7
    assert engine.value("sum").value == 21.0
    assert not engine.value("sum").is_good


def test_the_source_goes_on_beneath_and_returns_at_once() -> None:
    engine, _ = bench()
    engine.override(0, entered(20.0, 7))
    out = engine.ingest(Batch([(0, good(600)), (1, good(2.0))]))
    assert [handle for handle, _ in out.changes] == [1, 2, 3]
    assert engine.source_value(0).value == 60.0
    assert at(engine, "a") == (20.0, "M")
    out = engine.override(0, None)
    assert at(engine, "a") == (60.0, "")
    assert at(engine, "sum") == (62.0, "")
    assert not engine.overridden


def test_an_override_within_the_deadband_counts() -> None:
    engine, _ = bench()
    assert engine.override(0, entered(51.0, 7))
    assert at(engine, "a") == (51.0, "M")
    assert engine.override(0, None)
    assert at(engine, "a") == (50.0, "")


def test_a_lost_link_or_a_silent_source_leaves_the_override_live_and_shows_beneath() -> None:
    engine, clock = bench()
    engine.override(0, entered(20.0, 7))
    clock.advance(60)
    engine.supervise()
    assert at(engine, "b") == (1.0, Mark.STALE.value)
    assert at(engine, "a") == (20.0, "M")
    assert (engine.is_live(0), engine.source_is_live(0), engine.is_live(2)) == (True, False, False)
    assert quality_of(engine.source_value(0).status).mark is Mark.STALE
    engine.link_down("plc1")
    assert at(engine, "a") == (20.0, "M")
    assert engine.source_value(0).is_bad
    engine.override(0, None)
    assert engine.value("a").is_bad


def test_the_source_that_was_silent_returns_beneath() -> None:
    engine, clock = bench()
    engine.override(0, entered(20.0, 7))
    clock.advance(60)
    engine.supervise()
    engine.ingest(Batch([(1, good(1.0))]))
    assert engine.source_value(0) == DataValue(50.0, 0, 1, 1)
    engine.ingest(Batch([(0, good(700))]))
    engine.override(0, None)
    assert at(engine, "a") == (70.0, "")


def test_an_override_is_in_a_group_of_its_own_that_never_ages() -> None:
    engine, clock = bench()
    engine.override(0, entered(20.0, 7))
    clock.advance(3600)
    assert engine.group_of(0) == "entered"
    assert engine.ages_ms()["entered"] == 0
    assert "entered" in engine.groups
    assert engine.group_of(2) == "plc1:g"  # its other source still counts
    engine.override(1, entered(3.0, 8))
    assert engine.group_of(2) == "entered"
    assert engine.is_live(2)
    for handle in (0, 1):
        engine.override(handle, None)
    assert (engine.group_of(2), "entered" in engine.ages_ms()) == ("plc1:g", False)


def test_a_derived_tag_can_be_overridden_and_goes_on_being_calculated_beneath() -> None:
    engine, _ = bench()
    engine.override(2, entered(5.0, 7))
    assert at(engine, "twice")[0] == 10.0
    engine.ingest(Batch([(1, good(9.0))]))
    assert at(engine, "twice")[0] == 10.0
    assert engine.source_value(2).value == 59.0
    engine.override(2, None)
    assert at(engine, "twice") == (118.0, "")


def test_an_overridden_life_counter_does_not_hide_a_controller_that_stands_still() -> None:
    engine, clock = bench()
    engine.override(5, entered(1.0, 7))
    for _ in range(40):
        clock.advance(0.25)
        engine.ingest(Batch([(0, good(500)), (5, good(1))]))
        engine.supervise()
    assert quality_of(engine.value("b").status).mark is Mark.STALE
    for number in range(2, 12):
        clock.advance(0.25)
        engine.ingest(Batch([(5, good(number))]))
        engine.supervise()
    assert at(engine, "b") == (1.0, "")


def test_a_silent_source_under_an_override_is_not_made_good_by_a_controller_that_counts_again() -> None:
    whole, clock = bench()
    engine = TagEngine(whole.plant, clock)
    engine.ingest(Batch([(0, good(500)), (5, good(1))]))
    engine.ingest(Batch([(1, good(1.0))], group="plc1:h"))
    engine.override(1, entered(4.0, 7))
    for _ in range(40):  # group h is silent, and the controller stands still
        clock.advance(0.25)
        engine.ingest(Batch([(0, good(500)), (5, good(1))]))
        engine.supervise()
    for number in range(2, 12):  # it counts again; h stays silent
        clock.advance(0.25)
        engine.ingest(Batch([(5, good(number))]))
        engine.supervise()
    assert not engine.source_is_live(1)
    assert not engine.source_value(1).is_good
    engine.override(1, None)
    assert not engine.value("b").is_good


def test_an_entry_without_a_source_waits_and_grows_old() -> None:
    engine, _ = bench()
    assert at(engine, "lab") == (None, "W")
    engine.override(4, entered(7.0, 9))
    assert at(engine, "lab") == (7.0, "M")
    engine.override(4, entered(7.0, 9, old=True))
    assert at(engine, "lab") == (7.0, Mark.STALE.value)


def test_another_revision_keeps_overrides_and_what_is_exported_is_the_sources() -> None:
    engine, clock = bench()
    engine.override(0, entered(20.0, 7))
    state = engine.export_state()
    assert state["values"]["t_a"][:2] == [50.0, 0]
    plant = make_plant(
        [tag for tag in engine.plant.tags if tag.name != "twice"], revision="r2", previous=engine.plant
    )
    engine.apply(TagTables(plant, engine.plant))
    assert at(engine, "a") == (20.0, "M")
    gone = make_plant([tag for tag in plant.tags if tag.name in {"b", "life"}], revision="r3", previous=plant)
    engine.apply(TagTables(gone, plant))
    assert not engine.overridden
    fresh = TagEngine(plant, clock)
    fresh.override(0, entered(3.0, 1))
    fresh.import_state(state)
    assert at(fresh, "a") == (3.0, "M")
    assert fresh.source_value(0).status & quality.CODE_MASK == quality.UNCERTAIN_LAST_USABLE

"""A revision over a connection without a sign of life: nothing of it becomes live by being new or moved."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from hmi.acquisition.port import Batch, Group
from hmi.core.values import Value
from hmi.project.plant import ConnectionDef, Plant
from hmi.tags import TagEngine, TagTables
from hmi.testing.clock import ManualClock
from hmi.testing.plant import good, make_plant, make_tag

PLC1 = {"plc1": ConnectionDef("plc1", "fake", ("fake://1",), simulated=True, life_counter="a/life")}
LIFE, ONE, TWO, NEW = range(4)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def group(name: str, *handles: int) -> Group:
    return Group(name, "", 1_000, handles)


def hear(tags: TagEngine, name: str, values: dict[int, Value], *, alive: bool = True) -> None:
    tags.ingest(Batch(name, [(handle, good(value)) for handle, value in values.items()], alive=alive))


def revise(tags: TagEngine, plant: Plant, *groups: Group, moved: Collection[int] = ()) -> None:
    tags.apply(TagTables(plant, tags.plant), (), moved, {"plc1": groups})


def counted() -> Plant:
    return make_plant([make_tag("a/life"), make_tag("a/one"), make_tag("a/two")], connections=PLC1)


def with_new(old: Plant) -> Plant:
    return make_plant([*old.tags, make_tag("a/new")], connections=PLC1, revision="r2", previous=old)


def frozen(clock: ManualClock) -> TagEngine:
    """The link answers, and the counter stands."""
    tags = TagEngine(counted(), clock)
    tags.add_groups("plc1", [group("g", LIFE, ONE, TWO)])
    for _ in range(12):
        hear(tags, "g", {LIFE: 5.0, ONE: 1.0, TWO: 2.0})
        clock.advance(0.5)
        tags.supervise()
    assert not tags.value("a/one").is_good
    return tags


def shown_live(tags: TagEngine) -> list[str]:
    return [tag.name for tag in tags.plant.tags if tags.value(tag.name).is_good]


def test_a_new_and_a_moved_tag_of_a_frozen_controller_are_not_live(clock: ManualClock) -> None:
    tags = frozen(clock)
    revise(tags, with_new(tags.plant), group("g", LIFE, ONE, TWO, NEW), moved={TWO})
    for _ in range(12):
        hear(tags, "g", {LIFE: 5.0, ONE: 1.0, TWO: 22.0, NEW: 33.0})
        assert shown_live(tags) == []
        clock.advance(0.5)
        tags.supervise()
        assert shown_live(tags) == []
    hear(tags, "g", {LIFE: 6.0})
    tags.supervise()
    assert [tags.value(name) for name in ("a/one", "a/two", "a/new")] == [good(1.0), good(22.0), good(33.0)]


def test_a_counter_that_is_read_from_another_place_has_to_move_before_it_proves_life(
    clock: ManualClock,
) -> None:
    tags = frozen(clock)
    revise(tags, with_new(tags.plant), group("g", LIFE, ONE, TWO, NEW), moved={LIFE})
    tags.supervise()
    assert shown_live(tags) == []
    for _ in range(4):
        hear(tags, "g", {LIFE: 9.0, ONE: 1.0, TWO: 2.0, NEW: 3.0})
        clock.advance(0.5)
        tags.supervise()
        assert shown_live(tags) == []
    hear(tags, "g", {LIFE: 10.0})
    tags.supervise()
    assert shown_live(tags) == ["a/life", "a/one", "a/two", "a/new"]


@pytest.mark.parametrize("is_stale", [True, False], ids=["stale", "never heard"])
def test_a_new_tag_between_a_silent_block_and_a_fresh_one_keeps_neither_live(
    clock: ManualClock, is_stale: bool
) -> None:
    old = make_plant([make_tag("a/one"), make_tag("a/two")])
    tags = TagEngine(old, clock)
    tags.add_groups("plc1", [group("A", 0), group("B", 1)])
    if is_stale:
        hear(tags, "A", {0: 1.0})
    for _ in range(8):
        hear(tags, "B", {1: 2.0})
        clock.advance(0.5)
        tags.supervise()
    assert shown_live(tags) == ["a/two"]
    revise(tags, make_plant([*old.tags, make_tag("a/mid")], previous=old), group("C", 0, 1, 2))
    for _ in range(8):
        hear(tags, "C", {}, alive=False)
        clock.advance(0.5)
        tags.supervise()
    assert shown_live(tags) == []
    hear(tags, "C", {0: 1.5, 1: 2.5, 2: 3.5})
    assert [tags.latest[handle] for handle in range(3)] == [good(1.5), good(2.5), good(3.5)]


def test_a_held_tag_that_joins_a_fresh_block_comes_alive_with_it(clock: ManualClock) -> None:
    old = make_plant([make_tag("a/one"), make_tag("a/two")])
    tags = TagEngine(old, clock)
    tags.add_groups("plc1", [group("A", 0), group("B", 1)])
    hear(tags, "A", {0: 1.0})
    for _ in range(8):
        hear(tags, "B", {1: 2.0})
        clock.advance(0.5)
        tags.supervise()
    revise(tags, make_plant(old.tags, revision="r2", previous=old), group("B", 0, 1))
    assert not tags.value("a/one").is_good
    hear(tags, "B", {0: 1.5})
    assert shown_live(tags) == ["a/one", "a/two"]

"""Handles from one revision of a plant to the next: an id keeps its number, no number is given twice."""

from __future__ import annotations

from hmi.project import keep_handles
from hmi.project.plant import Plant
from hmi.testing.plant import make_plant, make_tag


def numbers(plant: Plant) -> dict[str, int]:
    return {tag.name: tag.handle for tag in plant.tags}


def test_a_tag_keeps_its_number_wherever_it_stands_in_the_file() -> None:
    first = make_plant([make_tag("a"), make_tag("b"), make_tag("c")])
    second = make_plant([make_tag("c"), make_tag("new"), make_tag("a")], previous=first)
    assert numbers(second) == {"c": 2, "new": 3, "a": 0}
    assert second.slots == 4
    assert second.by_handle == {tag.handle: tag for tag in second.tags}
    assert second.by_id["t_c"].handle == second.by_name["c"].handle == 2


def test_the_number_of_a_removed_tag_is_never_given_again() -> None:
    first = make_plant([make_tag("a"), make_tag("b")])
    second = make_plant([make_tag("a")], previous=first)
    third = make_plant([make_tag("a"), make_tag("new")], previous=second)
    fourth = make_plant([make_tag("a"), make_tag("new"), make_tag("b")], previous=third)
    assert (second.slots, numbers(third)["new"], numbers(fourth)["b"]) == (2, 2, 3)


def test_the_same_revision_again_has_the_same_numbers() -> None:
    plant = make_plant([make_tag("a"), make_tag("b")])
    assert keep_handles(plant, plant).tags == plant.tags

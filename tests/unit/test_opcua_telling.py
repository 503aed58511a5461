"""One refresh of conditions: its marks, what is lost in it, and queues that are full without a word."""

from __future__ import annotations

import asyncio

import pytest

from hmi.drivers.opcua._condition_steps import ANY, halved
from hmi.drivers.opcua._telling import Fullness, Telling

LONG_S = 100_000.0


def over(telling: Telling, *, limit_s: float = LONG_S, grace_s: float = LONG_S) -> bool:
    return asyncio.run(telling.over(limit_s, grace_s))


def test_it_is_told_when_every_item_has_ended_and_begins_once() -> None:
    telling = Telling((1, 2))
    assert [telling.begins(1), telling.begins(2)] == [True, False]
    assert [telling.ends(1), telling.ends(2)] == [False, True]
    assert over(telling)
    assert not telling.is_lossy


def test_an_end_is_told_once() -> None:
    telling = Telling((1,))
    telling.begins(1)
    assert telling.ends(1)
    assert not telling.ends(1)


def test_an_end_without_its_beginning_means_loss() -> None:
    telling = Telling((1, 2))
    telling.begins(1)
    telling.ends(1)
    assert not telling.ends(2)
    assert telling.is_lossy
    assert over(telling)


def test_marks_of_other_items_say_nothing() -> None:
    telling = Telling((1,))
    assert not telling.begins(7)
    assert not telling.ends(7)
    assert not telling.is_lossy
    assert not over(telling, limit_s=0.0)


def test_after_a_loss_only_the_grace_is_waited() -> None:
    telling = Telling((1,))
    telling.begins(1)
    telling.breaks()
    assert not over(telling, grace_s=0.0)
    assert not telling.ends(1)  # it comes too late to make the refresh whole


def test_an_end_within_the_grace_is_taken() -> None:
    async def broken_and_ended() -> bool:
        telling = Telling((1,))
        telling.begins(1)
        telling.breaks()
        asyncio.get_running_loop().call_soon(telling.ends, 1)
        return await telling.over(LONG_S, LONG_S)

    assert asyncio.run(broken_and_ended())


def test_a_queue_is_full_when_one_interval_brings_as_many_as_it_holds() -> None:
    fullness = Fullness(100)
    assert not fullness.is_full(1, 6, 10, 0)
    assert not fullness.is_full(2, 6, 10, 10)  # each item has a queue of its own
    assert fullness.is_full(1, 4, 10, 99)
    assert not fullness.is_full(1, 9, 10, 120)  # it was emptied
    assert not fullness.is_full(1, 9, 10, 220)
    assert not fullness.is_full(3, 10_000, 0, 0)


def test_what_is_forgotten_does_not_count() -> None:
    fullness = Fullness(100)
    fullness.is_full(1, 6, 10, 0)
    fullness.forget(1)
    assert not fullness.is_full(1, 6, 10, 1)


@pytest.mark.parametrize(
    ("part", "halves"),
    [
        ((0, 500), [(0, 250), (251, 500)]),
        ((501, ANY), [(501, 750), (751, ANY)]),
        ((999, ANY), [(999, 999), (1000, ANY)]),
        ((1000, ANY), []),
        ((7, 7), []),
        ((7, 8), [(7, 7), (8, 8)]),
    ],
)
def test_a_part_of_the_severities_is_halved(part: tuple[int, int], halves: list[tuple[int, int]]) -> None:
    assert halved(part) == halves

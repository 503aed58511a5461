"""What the statement of the sender calls final does not change any more, unless somebody writes into the past."""

from __future__ import annotations

from dataclasses import replace

import pytest
from export_desk import MINUTE, START, Minutes

from hmi.core.clock import NS_PER_S
from hmi.export import AggregateSource, Progress
from hmi.export.prove import statement

LONG_AFTER = START + 3_600 * NS_PER_S
SECONDS = range(1, 320)


def final_until(it: Minutes) -> dict[str, int]:
    """By series, as of this second."""
    told = statement("s", Progress(), it.source.series, it.archive, (START, LONG_AFTER), made=0)["series"]
    return {one["key"]: one["final_until"] for one in told}


def hold(it: Minutes, **more: object) -> None:
    """The series of the job with these properties."""
    it.source = AggregateSource(it.archive, [replace(one, **more) for one in it.source.series])  # type: ignore[arg-type]


@pytest.mark.parametrize("every", [1, 40])
@pytest.mark.parametrize(
    "changed", [{}, {"was_stepped": True}, {"was_stepped": True, "was_compressed": True}]
)
def test_a_final_minute_was_delivered_and_stays_what_it_was(every: int, changed: dict[str, bool]) -> None:
    """The first tag has a sample a second, or every 40 s; the statement is asked for each second."""
    it = Minutes()
    hold(it, **changed)
    seen: dict[tuple[str, int], object] = {}
    for second in SECONDS:
        it.tick(second, sloped=float(second * 7 % 50) if second % every == 0 else None)
        it.deliver()
        for key, until in final_until(it).items():
            assert until <= START + second * NS_PER_S
            for at in range(START, until, MINUTE):
                seen.setdefault((key, at), it.shown()[key, at])
    assert {key: it.shown()[key] for key in seen} == seen
    assert {at for _, at in seen} >= {START + minute * MINUTE for minute in range(4)}


def test_the_minute_that_has_just_ended_is_not_final_before_its_last_samples_can_have_come() -> None:
    it = Minutes()
    it.pass_s(61)
    assert set(final_until(it).values()) == {START}
    it.pass_s(3)
    assert set(final_until(it).values()) == {START + MINUTE}


def test_minutes_of_a_compressed_series_are_final_up_to_its_newest_stored_sample() -> None:
    it = Minutes()
    hold(it, was_stepped=True, was_compressed=True)
    it.tick(70, sloped=1.0)
    for second in range(71, 200):
        it.tick(second)
    found = final_until(it)
    first, second_tag = it.plant.tags
    assert {until for key, until in found.items() if key.startswith(first.id)} == {START + MINUTE}
    assert {until for key, until in found.items() if key.startswith(second_tag.id)} == {START + 3 * MINUTE}


def test_a_range_that_ended_long_ago_is_final_to_its_last_whole_minute() -> None:
    it = Minutes()
    it.pass_s(300)
    span = (START, START + 150 * NS_PER_S)
    told = statement("s", Progress(), it.source.series, it.archive, span, made=0)["series"]
    assert {one["final_until"] for one in told} == {START + 2 * MINUTE}

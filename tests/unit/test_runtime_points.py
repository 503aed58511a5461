"""HM-16: which points are forced, simulated or entered by hand is known, and kept where nothing is heard."""

from __future__ import annotations

import pytest

from hmi.core import quality
from hmi.core.values import DataValue
from hmi.runtime._points import PointStates
from hmi.testing.plant import make_plant, make_tag

GONE = (
    quality.UNCERTAIN_LAST_USABLE,
    quality.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE,
    quality.BAD_NO_COMMUNICATION,
)


def value(status: int) -> DataValue:
    return DataValue(1.0, status, 1, 1)


def states() -> PointStates:
    return PointStates(
        make_plant([make_tag("a/b"), make_tag("a/c"), make_tag("a/d", expression="'a/b' + 1")])
    )


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (quality.GOOD_LOCAL_OVERRIDE, "forced"),
        (quality.GOOD_LOCAL_OVERRIDE | quality.LIMIT_HIGH, "forced"),
        (quality.UNCERTAIN_SIMULATED, "simulated"),
        (quality.UNCERTAIN_SUBSTITUTE, "manual"),
        (quality.UNCERTAIN_TRANSDUCER_IN_MANUAL, "manual"),
        (quality.BAD_OUT_OF_SERVICE, "out_of_service"),
    ],
)
def test_HM_16_each_status_has_its_state(status: int, state: str) -> None:
    points = states()
    points.take([(0, value(status))])
    assert points.counts() == {state: 1}
    points.take([(0, value(quality.GOOD))])
    assert points.counts() == {}


@pytest.mark.parametrize("status", GONE)
def test_HM_16_a_silent_source_says_nothing_about_it(status: int) -> None:
    points = states()
    points.take([(0, value(quality.GOOD_LOCAL_OVERRIDE)), (0, value(status))])
    (row,) = points.page([value(status)] * 3, 0).points
    assert (row.state, row.known) == ("forced", False)
    points.take([(0, value(quality.BAD_SENSOR_FAILURE))])
    assert points.counts() == {}


def test_HM_16_the_counts_are_told_once_for_each_change() -> None:
    points = states()
    points.take([(0, value(quality.GOOD_LOCAL_OVERRIDE))])
    assert points.news() == {"forced": 1}
    assert points.news() is None
    points.take([(0, value(quality.GOOD_LOCAL_OVERRIDE)), (1, value(quality.GOOD))])
    assert points.news() is None
    points.take([(0, value(quality.GOOD))])
    assert points.news() == {}


def test_HM_16_a_calculated_tag_is_listed_and_not_counted() -> None:
    points = states()
    points.take([(0, value(quality.GOOD_LOCAL_OVERRIDE)), (2, value(quality.GOOD_LOCAL_OVERRIDE))])
    page = points.page([value(quality.GOOD_LOCAL_OVERRIDE)] * 3, 0)
    assert [(row.name, row.by_input) for row in page.points] == [("a/b", False), ("a/d", True)]
    assert page.counts == {"forced": 1}


def test_pages_repeat_and_lose_nothing() -> None:
    points = PointStates(make_plant([make_tag(f"a/t{n}") for n in range(25)]))
    latest = [value(quality.UNCERTAIN_SIMULATED)] * 25
    points.take(enumerate(latest))
    names: list[str] = []
    after = 0
    while True:
        page = points.page(latest, 0, after=after, limit=10)
        names += [row.name for row in page.points]
        if not (after := page.continuation):
            break
    assert names == [f"a/t{n}" for n in range(25)]
    assert page.total == 25


def test_a_revision_without_the_tag_forgets_it() -> None:
    points = states()
    points.take([(1, value(quality.GOOD_LOCAL_OVERRIDE))])
    points.apply(make_plant([make_tag("a/b")]))
    assert points.counts() == {}
    assert points.page([value(0)], 0).points == []


def test_bad_and_stale_are_what_the_values_say_now() -> None:
    points = states()
    latest = [value(quality.BAD_SENSOR_FAILURE), value(quality.UNCERTAIN_LAST_USABLE), value(0)]
    assert [row.name for row in points.page(latest, 0, state="bad").points] == ["a/b"]
    assert [row.name for row in points.page(latest, 0, state="stale").points] == ["a/c"]


def test_HM_16_a_manual_value_that_has_ended_leaves_no_mark_behind() -> None:
    """What its source says after that may say nothing for long: a lab value waits, a dead link is silent."""
    points = states()
    points.take([(0, value(quality.UNCERTAIN_SUBSTITUTE))])
    assert points.counts() == {"manual": 1}
    points.forget(0)
    points.take([(0, value(quality.BAD_NO_COMMUNICATION))])
    assert points.counts() == {}

"""Recent history: bounded, in order, paged without loss, and a feed in commit order."""

from __future__ import annotations

from hmi.core.history import ReadRaw
from hmi.core.values import DataValue
from hmi.historian import RecentHistory
from hmi.testing.plant import good, make_plant, make_tag

TAG = "t_a/x"


def filled(count: int, capacity: int = 100) -> RecentHistory:
    history = RecentHistory(make_plant([make_tag("a/x", history=True), make_tag("a/y")]), capacity=capacity)
    for at in range(1, count + 1):
        history.append([(0, good(float(at), at)), (1, good(0.0, at))])
    return history


def times(history: RecentHistory, start: int, end: int, limit: int = 0, bounds: bool = False) -> list[int]:
    page = history.read_raw(ReadRaw(TAG, start, end, limit, bounds))
    return [sample.source_time for sample in page.samples]


def test_only_recorded_tags_are_kept_and_only_so_many() -> None:
    history = filled(150)
    assert times(history, 0, 1_000) == list(range(51, 151))
    assert history.read_raw(ReadRaw("t_a/y", 0, 1_000)).samples == ()


def test_both_directions_and_bounds() -> None:
    history = filled(10)
    assert times(history, 3, 5) == [3, 4, 5]
    assert times(history, 5, 3) == [5, 4, 3]
    assert times(history, 3, 5, bounds=True) == [2, 3, 4, 5, 6]


def test_a_late_sample_stands_where_it_belongs() -> None:
    history = filled(3)
    history.append([(0, good(1.5, 2))])
    assert times(history, 0, 10) == [1, 2, 2, 3]


def test_pages_repeat_and_lose_nothing_also_with_equal_times() -> None:
    history = RecentHistory(make_plant([make_tag("a/x", history=True)]))
    given = [1, 2, 2, 2, 2, 3, 4, 4]
    for place, at in enumerate(given):
        history.append([(0, good(float(place), at))])
    for limit in (1, 2, 3, 8):
        found, start = [], 1
        while True:
            page = history.read_raw(ReadRaw(TAG, start, 10, limit))
            found += [sample.value for sample in page.samples]
            if not page.continuation:
                break
            start = page.continuation
        assert found == [float(place) for place in range(len(given))]


def test_the_feed_goes_on_from_its_cursor() -> None:
    history = filled(5)
    first = history.feed_after(0, limit=2)
    assert [record.seq for record in first] == [1, 2]
    assert [record.seq for record in history.feed_after(2)] == [3, 4, 5]
    assert history.feed_after(5) == ()


def test_a_revision_keeps_the_samples_by_id() -> None:
    history = filled(3)
    history.apply(make_plant([make_tag("a/new", history=True), make_tag("a/x", history=True)], revision="r2"))
    history.append([(1, good(4.0, 4))])
    assert times(history, 0, 10) == [1, 2, 3, 4]


def test_the_value_at_a_time_is_the_last_one_before_it() -> None:
    plant = make_plant([make_tag("a/x", history=True)])
    history = RecentHistory(plant)
    history.append([(0, DataValue(1.0, 0, 100, 100)), (0, DataValue(2.0, 0, 200, 200))])
    tag_id = plant.tags[0].id
    assert history.read_at(tag_id, 199).value == 1.0
    assert history.read_at(tag_id, 200).value == 2.0
    assert history.read_at(tag_id, 99).is_bad
    assert history.read_at("t_nobody", 500).is_bad


def test_late_samples_are_put_in_order_once_and_the_oldest_falls_out() -> None:
    history = filled(5, capacity=5)
    history.append([(0, good(1.5, 3)), (0, good(9.0, 9))])
    assert times(history, 0, 10) == [3, 3, 4, 5, 9]
    history.append([(0, good(8.0, 8))])
    assert times(history, 0, 10) == [3, 4, 5, 8, 9]
    assert history.read_at(TAG, 8).value == 8.0

"""Recorded changes of many tags come back in one order of time, in bounded steps, and gaps are said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hmi.core import quality
from hmi.core.history import HistoryPage, ReadRaw, SampleFlag, page_of
from hmi.core.replay import AT_ONCE, STEP_CHANGES, STEP_READS, Replay
from hmi.core.values import DataValue, bad

FAR = 2**62


class Kept:
    """A historian of two dictionaries; ``page`` bounds what one read gives."""

    def __init__(self, samples: dict[str, list[DataValue]], page: int = 1_000) -> None:
        self.samples, self.page, self.reads = samples, page, 0

    def read_raw(self, request: ReadRaw) -> HistoryPage:
        self.reads += 1
        limit = min(request.limit or self.page, self.page)
        return page_of(self.samples.get(request.tag_id, []), replace(request, limit=limit))

    def values_at(self, tag_ids: Sequence[str], at: int) -> list[DataValue]:
        return [self.held(tag_id, at) for tag_id in tag_ids]

    def held(self, tag_id: str, at: int) -> DataValue:
        before = [one for one in self.samples.get(tag_id, []) if one.source_time <= at]
        return before[-1] if before else bad(quality.BAD_NO_DATA, at)

    def line_ns(self, tag_id: str) -> int:
        return 0 if tag_id.startswith("step") else 10


def at(*times: int) -> list[DataValue]:
    return [DataValue(float(place), 0, time, time) for place, time in enumerate(times)]


def dealt(replay: Replay, to: int = FAR) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    more = True
    while more:
        changes, more = replay.step(to)
        found += [(value.source_time, index) for index, value in changes]
    return found


def test_the_start_is_what_held_then_and_what_follows_is_in_order() -> None:
    past = Kept({"a": at(1, 5, 9), "b": at(2, 5, 6)})
    replay = Replay(past, ["a", "", "b"], 5, 8)
    snapshot = replay.snapshot()
    assert snapshot is not None
    assert [(index, value.value) for index, value in snapshot] == [(0, 1.0), (2, 1.0)]
    assert dealt(replay) == [(6, 2)]
    assert (replay.position, replay.ended) == (8, True)


def test_only_what_is_due_is_dealt_out() -> None:
    replay = Replay(Kept({"a": at(2, 4, 6)}), ["a"], 1, 10)
    assert dealt(replay, 4) == [(2, 0), (4, 0)]
    assert (replay.position, replay.ended) == (4, False)
    assert dealt(replay, 5) == []
    assert replay.position == 5
    assert dealt(replay, 11) == [(6, 0)]
    assert replay.ended


def test_a_single_instant_is_at_its_end_at_once() -> None:
    past = Kept({"a": at(1, 2)})
    replay = Replay(past, ["a"], 1, 1)
    assert replay.step(1) == ([], False)
    assert replay.ended
    assert past.reads == 0


def test_each_step_is_bounded_in_reads_and_in_changes() -> None:
    past = Kept({f"t{n}": at(*range(1, 101)) for n in range(100)}, page=10)
    replay = Replay(past, [f"t{n}" for n in range(100)], 0, FAR)
    assert replay.snapshot() is not None
    changes, more = [], True
    total = 0
    while more:
        before = past.reads
        changes, more = replay.step(FAR)
        assert past.reads - before <= STEP_READS
        assert len(changes) <= STEP_CHANGES
        total += len(changes)
    assert total == 10_000


def test_what_fell_out_of_the_past_while_it_was_read_is_said() -> None:
    past = Kept({"a": at(*range(1, 41))}, page=16)
    replay = Replay(past, ["a"], 0, 50)
    replay.step(0)
    past.samples["a"] = past.samples["a"][30:]
    found: list[DataValue] = []
    more = True
    while more:
        changes, more = replay.step(50)
        found += [value for _, value in changes]
    gap = [value for value in found if value.status == quality.BAD_NO_DATA]
    assert [value.source_time for value in gap] == [17]
    assert [value.source_time for value in found] == [*range(1, 17), 17, *range(31, 41)]


@given(
    st.lists(st.lists(st.integers(1, 30), max_size=40).map(sorted), max_size=6),
    st.integers(0, 31), st.integers(0, 31), st.integers(1, 7), st.lists(st.integers(0, 31), max_size=5),
)  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_nothing_is_dropped_repeated_or_out_of_order(
    times: list[list[int]], start: int, length: int, page: int, looks: list[int]
) -> None:
    past = Kept({f"t{n}": at(*own) for n, own in enumerate(times)}, page=page)
    until = start + length
    replay = Replay(past, [f"t{n}" for n in range(len(times))], start, until)
    found = [change for look in [*sorted(looks), FAR] for change in dealt(replay, look)]
    wanted = sorted((t, n) for n, own in enumerate(times) for t in own if start < t <= until)
    assert found == wanted
    assert replay.ended


@pytest.mark.parametrize("count", [0, 1, AT_ONCE, AT_ONCE + 1])
def test_the_snapshot_is_read_in_bounded_steps(count: int) -> None:
    replay = Replay(Kept({}), [f"t{n}" for n in range(count)], 5, 9)
    calls = 1
    while (found := replay.snapshot()) is None:
        calls += 1
    assert len(found) == count
    assert all(value.status == quality.BAD_NO_DATA for _, value in found)
    assert calls == max(1, -(-count // AT_ONCE))


def shown(replay: Replay, to: int) -> list[tuple[int, int, float]]:
    """All of a step: index, time and value."""
    found: list[tuple[int, int, float]] = []
    more = True
    while more:
        changes, more = replay.step(to)
        found += [(index, value.source_time, float(value.value)) for index, value in changes]  # type: ignore[arg-type]
    return found


def test_hi_07_what_moves_on_a_line_is_shown_between_its_samples_and_a_step_is_not() -> None:
    past = Kept({"line": at(0, 100), "step": at(0, 100)})
    replay = Replay(past, ["line", "step"], 0, 200, shows=True)
    replay.snapshot()
    assert shown(replay, 25) == [(0, 25, 0.25)]
    assert shown(replay, 50) == [(0, 50, 0.5)]
    assert shown(replay, 120) == [(0, 100, 1.0), (1, 100, 1.0)]
    assert shown(replay, 150) == []


def test_no_line_is_drawn_to_or_from_what_is_bad_nor_over_a_gap() -> None:
    lost = DataValue(None, quality.BAD_NO_COMMUNICATION, 100, 100)
    replay = Replay(Kept({"a": [*at(0), lost, DataValue(5.0, 0, 200, 200)]}), ["a"], 0, 300, shows=True)
    replay.snapshot()
    assert shown(replay, 50) == []
    replay.step(150)
    assert replay.step(160) == ([], False)

    class Gap(Kept):
        def read_raw(self, request: ReadRaw) -> HistoryPage:
            page = super().read_raw(request)
            return replace(page, flags=(int(SampleFlag.GAP_BEFORE),) * len(page.samples))

    replay = Replay(Gap({"a": at(0, 100)}), ["a"], 0, 300, shows=True)
    replay.snapshot()
    assert shown(replay, 50) == []


def test_a_recorded_range_is_dealt_out_as_it_was_stored() -> None:
    replay = Replay(Kept({"line": at(0, 100)}), ["line"], 0, 200)
    replay.snapshot()
    assert shown(replay, 50) == []

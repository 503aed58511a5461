"""Reading processed values: one walk over the samples, then one result per interval."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from hmi.core import quality
from hmi.core.history import ReadProcessed
from hmi.core.values import DataValue
from hmi.historian.aggregates._catalogue import Aggregate, Bounds, named
from hmi.historian.aggregates._intervals import Intervals
from hmi.historian.aggregates._results import RESULTS, Facts, Reach, Result
from hmi.historian.aggregates._segments import Bound, bounds_of, classes_of, pieces_of
from hmi.historian.aggregates._source import Source, windows
from hmi.historian.aggregates._status import BAD_CLASS, PARTIAL, with_bits
from hmi.historian.aggregates._tally import PieceTally, RawTally
from hmi.historian.aggregates._walks import Rules, SimpleWalk, SlopedBridge, SteppedBridge
from hmi.historian.samples import Samples

Annotations = Callable[[int, int], Iterable[int]]
"""Times (UTC ns) of the annotations between two instants."""


def _nothing(start: int, end: int) -> Iterable[int]:
    return ()


def _never() -> bool:
    return False


def processed(
    source: Source,
    request: ReadProcessed,
    stepped: bool,
    *,
    known_until: int = 0,
    annotations: Annotations = _nothing,
    stop: Callable[[], bool] = _never,
) -> list[DataValue]:
    """One value per interval in the direction of the read.

    ``stepped``: how the tag's values go on between two samples. ``known_until`` (UTC ns): all samples up to there are
    in, so that the newest one is known to hold until then. ``stop`` ends a long read with ReadStopped. ValueError for
    an unknown aggregate, an empty range or an interval that makes no sense.
    """
    aggregate, intervals = named(request.aggregate), Intervals.of(request)
    way = stepped if request.stepped is None else request.stepped
    task = _Task(request, aggregate, intervals, aggregate.stepped if aggregate.stepped is not None else way)
    facts = task.collected(source, known_until, stop)
    if aggregate.name == "AnnotationCount":
        facts.remarks = _counted(intervals, annotations(int(intervals.edges[0]), int(intervals.edges[-1])))
    found = [_value(facts, place) for place in range(len(intervals))]
    return found[::-1] if intervals.backwards else found


class _Task:
    """What one request needs to be collected."""

    def __init__(
        self, request: ReadProcessed, aggregate: Aggregate, intervals: Intervals, stepped: bool
    ) -> None:
        self._request, self._aggregate, self._intervals, self._stepped = (
            request,
            aggregate,
            intervals,
            stepped,
        )
        self._worst_usable = 0 if request.configuration.treat_uncertain_as_bad else 1
        self._result = RESULTS[aggregate.name]

    def collected(self, source: Source, known_until: int, stop: Callable[[], bool]) -> Facts:
        aggregate, intervals, result = self._aggregate, self._intervals, self._result
        low, high = int(intervals.edges[0]), int(intervals.edges[-1])
        extend = self._request.configuration.sloped_extrapolation
        rules = Rules(aggregate.numeric, self._stepped, self._worst_usable, known_until, high, extend)
        walk = self._walk(rules)
        raw = RawTally(intervals, aggregate.numeric, self._worst_usable, result.needs(self._worst_usable))
        pieces, bounds = PieceTally(len(intervals)), dict[int, Bound]()
        reach = Reach(known_until)
        bad_bounds = aggregate.bounds is Bounds.SIMPLE and self._worst_usable == 0
        if not (result.raw or result.pieces or result.bounds):
            return Facts(self._request, aggregate, intervals, self._stepped, raw.rows, pieces, bounds, reach)
        for window in windows(source, low, high, self._usable, stop, wanted=2 if extend else 1):
            reach.add(window)
            if result.raw:
                raw.add(window)
            if walk is not None:
                segments = walk.segments(window)
                if result.pieces:
                    pieces.add(pieces_of(segments, intervals.edges, bad_bounds))
                if result.bounds:
                    bounds |= bounds_of(segments, intervals.edges, self._worst_usable)
        self._add_begin_of_data(pieces, reach)
        return Facts(self._request, aggregate, intervals, self._stepped, raw.rows, pieces, bounds, reach)

    def _walk(self, rules: Rules) -> SimpleWalk | SteppedBridge | SlopedBridge | None:
        if self._aggregate.bounds is Bounds.NONE:
            return None
        if self._aggregate.bounds is Bounds.SIMPLE:
            return SimpleWalk(rules)
        return SteppedBridge(rules) if self._stepped else SlopedBridge(rules)

    def _usable(self, samples: Samples) -> NDArray[np.bool_]:
        """What ends the search for a neighbour outside the range."""
        if self._aggregate.bounds is Bounds.SIMPLE or not (
            self._result.pieces or self._result.bounds or self._searches
        ):
            return np.ones(len(samples), np.bool_)
        numeric = self._aggregate.numeric or (
            self._aggregate.bounds is Bounds.INTERPOLATED and not self._stepped
        )
        return classes_of(samples, numeric) <= self._worst_usable

    @property
    def _searches(self) -> bool:
        return self._aggregate.name == "NumberOfTransitions"

    def _add_begin_of_data(self, pieces: PieceTally, reach: Reach) -> None:
        """In the interval in which the data begin nothing is known up to there."""
        if self._aggregate.bounds is not Bounds.SIMPLE or not reach.has_begin:
            return
        place = int(self._intervals.of_samples(np.array([reach.first]))[0])
        if 0 <= place < len(self._intervals):
            missing = reach.first - int(self._intervals.edges[place])
            pieces.by_class[BAD_CLASS][place] += missing
            pieces.by_start[BAD_CLASS][place] += missing


def _counted(intervals: Intervals, times: Iterable[int]) -> list[int]:
    counts = [0] * len(intervals)
    for place in intervals.of_samples(np.array(sorted(times), np.int64)).tolist():
        if 0 <= place < len(counts):
            counts[place] += 1
    return counts


def _value(facts: Facts, place: int) -> DataValue:
    begin = facts.intervals.begin_of(place)
    result = RESULTS[facts.aggregate.name]
    found: Result | None = None
    if result.reaches_out or not facts.outside(place):
        found = result.of(facts, place)
    if found is None:
        return DataValue(None, quality.BAD_NO_DATA, begin, begin)
    at = begin if found.at is None else found.at
    status = found.status
    if facts.aggregate.partial and facts.is_partial(place):
        status = with_bits(status, PARTIAL)
    value = None if status >= quality.BAD and not found.as_stored else found.value
    return DataValue(value, status, at, at)

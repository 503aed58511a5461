"""From what was collected to the value and status of one interval, for each aggregate (standards 3.6)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from hmi.core import quality
from hmi.core.history import ReadProcessed
from hmi.core.values import Value
from hmi.historian.aggregates._catalogue import NAMES, Aggregate
from hmi.historian.aggregates._intervals import TICK_NS, Intervals
from hmi.historian.aggregates._segments import NO_BOUND, Bound
from hmi.historian.aggregates._source import Window
from hmi.historian.aggregates._status import (
    BAD_CLASS,
    CALCULATED,
    EXTRA_DATA,
    GOOD_CLASS,
    INTERPOLATED,
    MULTI_VALUE,
    UNCERTAIN_CLASS,
    by_percent,
    of_class,
    with_bits,
)
from hmi.historian.aggregates._tally import Extreme, Needs, PieceTally, RawRow, worse

_EMPTY: Final = RawRow()
_NOTHING: Final = Needs()


class Result(NamedTuple):
    """``at``: its own time (UTC ns), None where it is the begin of the interval. ``as_stored``: kept also when Bad."""

    value: Value
    status: int
    at: int | None = None
    as_stored: bool = False


class Reach:
    """How far the data reach: ``first`` and ``last`` sample seen, and whether something lies before and behind."""

    def __init__(self, known_until: int) -> None:
        self.first, self.last = 0, 0
        self._known_until = known_until
        self._any, self._begun, self._preceded, self.followed = False, False, False, False

    def add(self, window: Window) -> None:
        if not self._begun:
            self._begun, self._preceded = True, window.old > 0
        times = window.samples.times
        if len(times):
            self.first = self.first if self._any else int(times[0])
            self.last, self._any = int(times[-1]), True
        self.followed = window.tail > 0

    @property
    def is_empty(self) -> bool:
        return not self._any

    @property
    def known(self) -> int:
        """Up to there the newest value is known to hold."""
        return max(self.last, self._known_until)

    @property
    def has_begin(self) -> bool:
        """``first`` is the first sample of all."""
        return self._any and not self._preceded

    def begins_inside(self, low: int, high: int) -> bool:
        return self.has_begin and low < self.first < high


@dataclass(slots=True)
class Facts:
    """All that was collected for one request."""

    request: ReadProcessed
    aggregate: Aggregate
    intervals: Intervals
    stepped: bool
    rows: dict[int, RawRow]
    pieces: PieceTally
    bounds: dict[int, Bound]
    reach: Reach
    remarks: list[int] = field(default_factory=list[int])

    def row(self, place: int) -> RawRow:
        return self.rows.get(place, _EMPTY)

    def start_bound(self, place: int) -> Bound:
        """Of the begin in the direction of the read."""
        return self.bounds.get(place + 1 if self.intervals.backwards else place, NO_BOUND)

    def end_bound(self, place: int) -> Bound:
        return self.bounds.get(place if self.intervals.backwards else place + 1, NO_BOUND)

    @property
    def doubt_is_bad(self) -> bool:
        return self.request.configuration.treat_uncertain_as_bad

    def outside(self, place: int) -> bool:
        """The interval lies before the first or behind the last sample."""
        low, high = int(self.intervals.edges[place]), int(self.intervals.edges[place + 1])
        if self.reach.is_empty:
            return True
        if self.intervals.backwards:
            return high < self.reach.first or (not self.reach.followed and low >= self.reach.known)
        return high <= self.reach.first or (not self.reach.followed and low > self.reach.known)

    def is_partial(self, place: int) -> bool:
        """Shorter than asked for, or read again it may give another value: the data begin or end in it."""
        low, high = int(self.intervals.edges[place]), int(self.intervals.edges[place + 1])
        ends_inside = not self.reach.followed and self.reach.known < high
        return place == self.intervals.cut or ends_inside or self.reach.begins_inside(low, high)

    def by_values(self, place: int) -> int:
        good, doubted, bad = self.row(place).counts
        return self._shared(good, doubted, bad)

    def by_time(self, place: int) -> int:
        return self._shared(*(int(one) for one in self.pieces.by_class[:, place]))

    def _shared(self, good: int, doubted: int, bad: int) -> int:
        shares = (good, doubted + bad) if self.doubt_is_bad else (good + doubted, bad)
        return by_percent(*shares, self.request.configuration)


def calculated(value: Value, klass: int, more: int = 0) -> Result:
    return Result(value, with_bits(of_class(klass), CALCULATED | more))


# ---------------------------------------------------------------------- of bounds


def _interpolative(facts: Facts, place: int) -> Result:
    bound = facts.start_bound(place)
    return Result(bound.value, bound.status)


def _start_bound(facts: Facts, place: int) -> Result | None:
    bound = facts.start_bound(place)
    return None if bound.status == quality.BAD_NO_DATA else Result(bound.value, bound.status)


def _end_bound(facts: Facts, place: int) -> Result | None:
    bound = facts.end_bound(place)
    if bound.status >= quality.BAD:
        return None if bound.status == quality.BAD_NO_DATA else Result(None, bound.status)
    return Result(bound.value, with_bits(bound.status & ~INTERPOLATED, CALCULATED))


def _delta_bounds(facts: Facts, place: int) -> Result | None:
    start, end = facts.start_bound(place), facts.end_bound(place)
    if max(start.status, end.status) >= quality.BAD:
        return None
    klass = GOOD_CLASS if max(start.status, end.status) < quality.UNCERTAIN else UNCERTAIN_CLASS
    return calculated(_difference(end.value, start.value), klass)


def _difference(later: Value, earlier: Value) -> Value:
    if isinstance(later, int | float) and isinstance(earlier, int | float):
        return later - earlier
    return None


# ---------------------------------------------------------------------- of raw samples


def _average(facts: Facts, place: int) -> Result | None:
    sums = facts.row(place).sums
    if not any(facts.row(place).counts):
        return None
    klass = facts.by_values(place)
    return calculated(sums.origin + sums.first / sums.count if sums else None, klass if sums else BAD_CLASS)


def _count(facts: Facts, place: int) -> Result:
    good, doubted, _ = facts.row(place).counts
    return calculated(good if facts.doubt_is_bad else good + doubted, facts.by_values(place))


def _spread(population: bool, root: bool) -> Callable[[Facts, int], Result | None]:
    def result(facts: Facts, place: int) -> Result | None:
        sums = facts.row(place).sums
        if sums is None:
            return None
        among = max(sums.count if population else sums.count - 1, 1)
        variance = max((sums.second - sums.first * sums.first / sums.count) / among, 0.0)
        return calculated(math.sqrt(variance) if root else variance, GOOD_CLASS)

    return result


def _extreme_class(row: RawRow, low: bool) -> int:
    found = row.low if low else row.high
    assert found is not None
    assert isinstance(found.value, int | float)
    doubted = row.doubted_low < found.value if low else row.doubted_high > found.value
    return UNCERTAIN_CLASS if row.counts[BAD_CLASS] or doubted else GOOD_CLASS


def _extreme(low: bool, actual_time: bool) -> Callable[[Facts, int], Result | None]:
    def result(facts: Facts, place: int) -> Result | None:
        row = facts.row(place)
        found = row.low if low else row.high
        if found is None:
            return None
        klass = _extreme_class(row, low)
        is_raw = klass == GOOD_CLASS and (actual_time or found.time == facts.intervals.begin_of(place))
        bits = (0 if is_raw else CALCULATED) | (MULTI_VALUE if found.several else 0)
        return Result(found.value, with_bits(of_class(klass), bits), found.time if actual_time else None)

    return result


def _range(facts: Facts, place: int) -> Result | None:
    row = facts.row(place)
    if row.low is None or row.high is None:
        return None
    klass = max(_extreme_class(row, True), _extreme_class(row, False))
    return calculated(_difference(row.high.value, row.low.value), klass)


def _end(last: bool) -> Callable[[Facts, int], Result | None]:
    def result(facts: Facts, place: int) -> Result | None:
        row = facts.row(place)
        is_later = last != facts.intervals.backwards
        found, extra = (row.last, row.last_extra) if is_later else (row.first, row.first_extra)
        if found is None:
            return None
        bits = EXTRA_DATA if extra else 0
        return Result(found.value, with_bits(found.status, bits), found.source_time, as_stored=True)

    return result


def _delta(facts: Facts, place: int) -> Result | None:
    row = facts.row(place)
    if row.first_usable is None or row.last_usable is None:
        return None
    first, last = row.first_usable.value, row.last_usable.value
    if facts.intervals.backwards:
        first, last = last, first
    ignored = row.counts[BAD_CLASS] + (row.counts[UNCERTAIN_CLASS] if facts.doubt_is_bad else 0)
    return calculated(_difference(last, first), UNCERTAIN_CLASS if ignored else GOOD_CLASS)


def _transitions(facts: Facts, place: int) -> Result:
    return calculated(facts.row(place).transitions, facts.by_values(place))


def _worst(with_bound: bool) -> Callable[[Facts, int], Result | None]:
    def result(facts: Facts, place: int) -> Result | None:
        row = facts.row(place)
        worst, several, known = row.worst, row.several_worst, any(row.counts)
        if with_bound:
            bound = facts.start_bound(place).status & ~(INTERPOLATED | 0x0400)
            worst, several = worse(worst, several, bound, False, known)
            known = True
        return calculated(worst, GOOD_CLASS, MULTI_VALUE if several else 0) if known else None

    return result


def _remarks(facts: Facts, place: int) -> Result:
    return calculated(facts.remarks[place], GOOD_CLASS)


# ---------------------------------------------------------------------- of time


def _time_average(facts: Facts, place: int) -> Result | None:
    covered = int(facts.pieces.covered[place])
    if not covered:
        return None
    seconds = covered / 1e9
    return calculated(float(facts.pieces.area[place]) / seconds, _bridged_class(facts, place))


def _total(facts: Facts, place: int) -> Result | None:
    if not facts.pieces.covered[place]:
        return None
    return calculated(float(facts.pieces.area[place]), _bridged_class(facts, place))


def _bridged_class(facts: Facts, place: int) -> int:
    return UNCERTAIN_CLASS if facts.pieces.by_class[UNCERTAIN_CLASS][place] else GOOD_CLASS


def _time_average2(facts: Facts, place: int) -> Result:
    covered = int(facts.pieces.covered[place])
    value = float(facts.pieces.area[place]) / (covered / 1e9) if covered else None
    return calculated(value, facts.by_time(place) if covered else BAD_CLASS)


def _total2(facts: Facts, place: int) -> Result:
    covered = bool(facts.pieces.covered[place])
    return calculated(float(facts.pieces.area[place]), facts.by_time(place) if covered else BAD_CLASS)


def _duration(good: bool, percent: bool) -> Callable[[Facts, int], Result]:
    def result(facts: Facts, place: int) -> Result:
        starts = facts.pieces.by_start[:, place]
        found = int(starts[GOOD_CLASS]) if good else int(starts[BAD_CLASS])
        if not good and facts.doubt_is_bad:
            found += int(starts[UNCERTAIN_CLASS])
        value = 100 * found / facts.intervals.length_of(place) if percent else found / TICK_NS
        return calculated(value, GOOD_CLASS)

    return result


def _in_state(zero: bool) -> Callable[[Facts, int], Result]:
    def result(facts: Facts, place: int) -> Result:
        lengths = facts.pieces.zero if zero else facts.pieces.nonzero
        return calculated(int(lengths[place]) / TICK_NS, facts.by_time(place))

    return result


# ---------------------------------------------------------------------- of samples and bounds


class _Candidate(NamedTuple):
    value: Value
    number: float
    bits: int
    at: int
    several: bool


def _candidates(facts: Facts, place: int, low: bool) -> list[_Candidate]:
    """What may be the extreme of an interval with its bounds; a raw value first, so that it wins among equals."""
    found: list[_Candidate] = []
    row, begin = facts.row(place), facts.intervals.begin_of(place)
    extreme: Extreme | None = row.low if low else row.high
    if extreme is not None:
        assert isinstance(extreme.value, int | float)
        found.append(_Candidate(extreme.value, float(extreme.value), 0, extreme.time, extreme.several))
    start, end = facts.start_bound(place), facts.end_bound(place)
    if start.usable and start.status & INTERPOLATED:
        found.append(_Candidate(start.value, start.number, INTERPOLATED, begin, False))
    if end.usable and not facts.stepped:
        at = facts.intervals.effective_end_of(place)
        found.append(_Candidate(end.value, end.number, INTERPOLATED, at, False))
    return found


def _chosen(found: list[_Candidate], low: bool) -> _Candidate | None:
    """The extreme; two that are equal are told as several."""
    if not found:
        return None
    best = (min if low else max)(found, key=lambda one: one.number)
    several = best.several or sum(one.number == best.number for one in found) > 1
    return best._replace(several=several)


def _extreme2(low: bool, actual_time: bool) -> Callable[[Facts, int], Result | None]:
    def result(facts: Facts, place: int) -> Result | None:
        best = _chosen(_candidates(facts, place, low), low)
        if best is None:
            return None
        bits = best.bits
        if not actual_time and not bits and best.at != facts.intervals.begin_of(place):
            bits = CALCULATED
        bits |= MULTI_VALUE if best.several else 0
        status = with_bits(of_class(facts.by_time(place)), bits)
        return Result(best.value, status, best.at if actual_time else None)

    return result


def _range2(facts: Facts, place: int) -> Result | None:
    low = _chosen(_candidates(facts, place, True), True)
    high = _chosen(_candidates(facts, place, False), False)
    if low is None or high is None:
        return None
    return calculated(_difference(high.value, low.value), facts.by_time(place))


@dataclass(frozen=True, slots=True)
class Recipe:
    """``of`` gives the result of an interval, None where there are no data. What it needs: ``raw`` rows with ``need``,
    ``pieces``, ``bounds``. ``reaches_out``: has values also outside the data.
    """

    of: Callable[[Facts, int], Result | None]
    need: Needs = _NOTHING
    raw: bool = False
    pieces: bool = False
    bounds: bool = False
    reaches_out: bool = False
    with_doubted: bool = False

    def needs(self, usable: int) -> Needs:
        """With Uncertain values among the extremes where they count as usable."""
        if not self.with_doubted:
            return self.need
        return Needs(extremes=usable)


def _of_raw(of: Callable[[Facts, int], Result | None], need: Needs) -> Recipe:
    return Recipe(of, need, raw=True)


def _of_time(of: Callable[[Facts, int], Result | None], *, reaches_out: bool = False) -> Recipe:
    return Recipe(of, pieces=True, reaches_out=reaches_out)


def _of_both(of: Callable[[Facts, int], Result | None]) -> Recipe:
    return Recipe(of, raw=True, pieces=True, bounds=True, with_doubted=True)


_EXTREMES, _SUMS, _ENDS = Needs(extremes=GOOD_CLASS), Needs(sums=True), Needs(ends=True)
RESULTS: Final = {
    "Interpolative": Recipe(_interpolative, bounds=True, reaches_out=True),
    "Average": _of_raw(_average, _SUMS),
    "TimeAverage": _of_time(_time_average, reaches_out=True),
    "TimeAverage2": _of_time(_time_average2),
    "Total": _of_time(_total, reaches_out=True),
    "Total2": _of_time(_total2),
    "Minimum": _of_raw(_extreme(True, False), _EXTREMES),
    "Maximum": _of_raw(_extreme(False, False), _EXTREMES),
    "MinimumActualTime": _of_raw(_extreme(True, True), _EXTREMES),
    "MaximumActualTime": _of_raw(_extreme(False, True), _EXTREMES),
    "Range": _of_raw(_range, _EXTREMES),
    "Minimum2": _of_both(_extreme2(True, False)),
    "Maximum2": _of_both(_extreme2(False, False)),
    "MinimumActualTime2": _of_both(_extreme2(True, True)),
    "MaximumActualTime2": _of_both(_extreme2(False, True)),
    "Range2": _of_both(_range2),
    "AnnotationCount": Recipe(_remarks, reaches_out=True),
    "Count": _of_raw(_count, _NOTHING),
    "DurationInStateZero": _of_time(_in_state(True)),
    "DurationInStateNonZero": _of_time(_in_state(False)),
    "NumberOfTransitions": _of_raw(_transitions, Needs(transitions=True)),
    "Start": _of_raw(_end(False), _ENDS),
    "End": _of_raw(_end(True), _ENDS),
    "Delta": _of_raw(_delta, _ENDS),
    "StartBound": Recipe(_start_bound, bounds=True),
    "EndBound": Recipe(_end_bound, bounds=True),
    "DeltaBounds": Recipe(_delta_bounds, bounds=True),
    "DurationGood": _of_time(_duration(True, False)),
    "DurationBad": _of_time(_duration(False, False)),
    "PercentGood": _of_time(_duration(True, True)),
    "PercentBad": _of_time(_duration(False, True)),
    "WorstQuality": _of_raw(_worst(False), Needs(worst=True)),
    "WorstQuality2": Recipe(_worst(True), Needs(worst=True), raw=True, bounds=True),
    "StandardDeviationSample": _of_raw(_spread(False, True), _SUMS),
    "VarianceSample": _of_raw(_spread(False, False), _SUMS),
    "StandardDeviationPopulation": _of_raw(_spread(True, True), _SUMS),
    "VariancePopulation": _of_raw(_spread(True, False), _SUMS),
}
assert tuple(RESULTS) == NAMES

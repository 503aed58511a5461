"""Sums per interval over pieces and over raw samples; windows of any size give the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hmi.core.clock import NS_PER_S
from hmi.core.history import SampleFlag
from hmi.core.values import DataValue, Value
from hmi.historian.aggregates._intervals import Intervals
from hmi.historian.aggregates._segments import Classes, Pieces, classes_of
from hmi.historian.aggregates._source import Window
from hmi.historian.aggregates._status import BAD_CLASS, GOOD_CLASS, UNCERTAIN_CLASS
from hmi.historian.samples import Samples, ValueKind, joined

Array = NDArray[Any]


class PieceTally:
    """``area`` in value x seconds and ``covered`` in ns over what is not Bad; ``by_class`` and ``by_start`` ns of each
    class of the stretch and of the value it begins with; ``zero`` and ``nonzero`` ns in that state.
    """

    def __init__(self, count: int) -> None:
        self.area = np.zeros(count)
        self.covered, self.zero, self.nonzero = (np.zeros(count, np.int64) for _ in range(3))
        self.by_class, self.by_start = np.zeros((3, count), np.int64), np.zeros((3, count), np.int64)

    def add(self, pieces: Pieces) -> None:
        if not len(pieces.intervals):
            return
        begins = np.flatnonzero(np.diff(pieces.intervals, prepend=-1))
        places = pieces.intervals[begins]
        is_used = pieces.classes < BAD_CLASS
        lengths = np.where(is_used, pieces.lengths, 0)
        middles = np.where(is_used, (pieces.first + pieces.last) / 2, 0.0)
        self.area[places] += np.add.reduceat(middles * lengths, begins) / NS_PER_S
        self.covered[places] += np.add.reduceat(lengths, begins)
        is_zero = pieces.first == 0
        self.zero[places] += np.add.reduceat(np.where(is_zero, lengths, 0), begins)
        self.nonzero[places] += np.add.reduceat(np.where(is_zero, 0, lengths), begins)
        for klass in (GOOD_CLASS, UNCERTAIN_CLASS, BAD_CLASS):
            own = np.where(pieces.classes == klass, pieces.lengths, 0)
            self.by_class[klass][places] += np.add.reduceat(own, begins)
            own = np.where(pieces.starts == klass, pieces.lengths, 0)
            self.by_start[klass][places] += np.add.reduceat(own, begins)


@dataclass(slots=True)
class Extreme:
    """The smallest or largest value of an interval, its oldest time, and whether it came more than once."""

    value: Value
    time: int
    several: bool


@dataclass(slots=True)
class Sums:
    """Of the usable numbers of an interval, around ``origin``, its first one: so that nothing cancels out."""

    origin: float
    count: int = 0
    first: float = 0.0
    second: float = 0.0


@dataclass(slots=True)
class RawRow:
    """What is known of the raw samples of one interval. ``counts`` by class; ``doubted_low`` and ``doubted_high``:
    extremes of Uncertain numbers.
    """

    counts: list[int] = field(default_factory=lambda: [0, 0, 0])
    low: Extreme | None = None
    high: Extreme | None = None
    doubted_low: float = float("inf")
    doubted_high: float = float("-inf")
    sums: Sums | None = None
    first: DataValue | None = None
    last: DataValue | None = None
    first_extra: bool = False
    last_extra: bool = False
    first_usable: DataValue | None = None
    last_usable: DataValue | None = None
    transitions: int = 0
    worst: int = 0
    several_worst: bool = False


@dataclass(frozen=True, slots=True)
class Needs:
    """What an aggregate wants to know of raw samples. ``extremes``: of classes up to that one; -1 none."""

    extremes: int = -1
    sums: bool = False
    ends: bool = False
    transitions: bool = False
    worst: bool = False


class RawTally:
    """``rows`` by place of the interval."""

    def __init__(self, intervals: Intervals, numeric: bool, usable: int, needs: Needs) -> None:
        self._intervals, self._numeric, self._usable, self._needs = intervals, numeric, usable, needs
        self.rows: dict[int, RawRow] = {}
        self._before: Samples | None = None

    def add(self, window: Window) -> None:
        self._remember(window.samples.take(slice(0, window.old)), only_first=True)
        samples = window.samples.take(window.new)
        marks = (samples.flags & np.uint16(SampleFlag.MARK)) != 0
        samples = samples.take(~marks) if marks.any() else samples
        places = self._intervals.of_samples(samples.times)
        inside = (places >= 0) & (places < len(self._intervals))
        classes = classes_of(samples, self._numeric)
        if self._needs.transitions:
            self._count_transitions(samples, classes, places)
        if not inside.all():
            samples, classes, places = samples.take(inside), classes[inside], places[inside]
        if len(samples):
            self._add(samples, classes, places)

    def _add(self, samples: Samples, classes: Classes, places: Array) -> None:
        begins = np.flatnonzero(np.diff(places, prepend=-1))
        rows = [self.rows.setdefault(place, RawRow()) for place in places[begins].tolist()]
        for klass in (GOOD_CLASS, UNCERTAIN_CLASS, BAD_CLASS):
            counts = np.add.reduceat((classes == klass).astype(np.int64), begins).tolist()
            for row, count in zip(rows, counts, strict=True):
                row.counts[klass] += count
        if self._needs.sums:
            _add_sums(rows, samples.numbers(), classes <= self._usable, begins)
        if self._needs.extremes >= 0:
            self._add_extremes(rows, samples, classes, begins)
        if self._needs.ends:
            _add_ends(rows, samples, classes <= self._usable, begins)
        if self._needs.worst:
            _add_worst(rows, samples.statuses, begins)

    def _add_extremes(self, rows: list[RawRow], samples: Samples, classes: Classes, begins: Array) -> None:
        chosen = classes <= self._needs.extremes
        low = _extremes(samples, chosen, begins, np.minimum)
        high = _extremes(samples, chosen, begins, np.maximum)
        numbers, doubted = samples.numbers(), classes == UNCERTAIN_CLASS
        least = np.minimum.reduceat(np.where(doubted, numbers, np.inf), begins).tolist()
        most = np.maximum.reduceat(np.where(doubted, numbers, -np.inf), begins).tolist()
        for row, low_one, high_one, least_one, most_one in zip(rows, low, high, least, most, strict=True):
            row.low = _better(row.low, low_one, smaller=True)
            row.high = _better(row.high, high_one, smaller=False)
            row.doubted_low = min(row.doubted_low, least_one)
            row.doubted_high = max(row.doubted_high, most_one)

    def _count_transitions(self, samples: Samples, classes: Classes, places: Array) -> None:
        usable = classes <= self._usable
        samples, places = samples.take(usable), places[usable]
        if not len(samples):
            return
        changed = changes_in(samples)
        changed[0] = self._before is None or bool(
            changes_in(joined((self._before, samples.take(slice(0, 1)))))[1]
        )
        self._remember(samples)
        found, counts = np.unique(places[changed], return_counts=True)
        for place, count in zip(found.tolist(), counts.tolist(), strict=True):
            if 0 <= place < len(self._intervals):
                self.rows.setdefault(place, RawRow()).transitions += count

    def _remember(self, samples: Samples, *, only_first: bool = False) -> None:
        """The value that a transition starts from."""
        if only_first and self._before is not None:
            return
        usable = np.flatnonzero(classes_of(samples, self._numeric) <= self._usable)
        usable = usable[(samples.flags[usable] & np.uint16(SampleFlag.MARK)) == 0]
        if len(usable):
            self._before = samples.take(usable[-1:])


def changes_in(samples: Samples) -> NDArray[np.bool_]:
    """Where a value differs from the one before it; the first one does."""
    kinds, bits, numbers = samples.kinds, samples.bits, samples.numbers()
    changed = np.ones(len(samples), np.bool_)
    same_kind = (kinds[1:] == kinds[:-1]) & (kinds[1:] != ValueKind.FLOAT)
    changed[1:] = np.where(same_kind, bits[1:] != bits[:-1], numbers[1:] != numbers[:-1])
    for place in np.flatnonzero(kinds == ValueKind.OBJECT).tolist():
        for later in (place, place + 1):
            if 0 < later < len(samples):
                pair = samples.take(slice(later - 1, later + 1)).values()
                changed[later] = pair[0].value != pair[1].value
    return changed


def _comparable(samples: Samples) -> Array:
    """Numbers that keep their order: integers stay integers where all of them are."""
    if len(samples) and bool((samples.kinds == ValueKind.INT).all()):
        return samples.bits.view(np.int64)
    if len(samples) and bool((samples.kinds == ValueKind.UINT).all()):
        return samples.bits
    return samples.numbers()


def _extremes(samples: Samples, chosen: NDArray[np.bool_], begins: Array, best: Any) -> list[Extreme | None]:
    """One per group; None where nothing is chosen."""
    numbers = _comparable(samples)
    limits = np.finfo(np.float64) if numbers.dtype.kind == "f" else np.iinfo(numbers.dtype)
    never = limits.max if best is np.minimum else limits.min
    numbers = np.where(chosen, numbers, numbers.dtype.type(never))
    found = best.reduceat(numbers, begins)
    lengths = np.diff(np.append(begins, len(numbers)))
    is_it = chosen & (numbers == np.repeat(found, lengths))
    firsts = np.minimum.reduceat(np.where(is_it, np.arange(len(numbers)), len(numbers)), begins)
    counts = np.add.reduceat(is_it.astype(np.int64), begins).tolist()
    known = firsts < len(numbers)
    values = iter(samples.take(firsts[known]).values())
    return [
        Extreme(*((value := next(values)).value, value.source_time), count > 1) if is_known else None
        for is_known, count in zip(known.tolist(), counts, strict=True)
    ]


def _better(one: Extreme | None, other: Extreme | None, *, smaller: bool) -> Extreme | None:
    if one is None or other is None:
        return one or other
    if one.value == other.value:
        return Extreme(one.value, min(one.time, other.time), True)
    first, second = _ordered(one), _ordered(other)
    return one if (first < second) == smaller else other


def _ordered(one: Extreme) -> float:
    assert isinstance(one.value, int | float)
    return one.value


def _add_sums(rows: list[RawRow], numbers: Array, usable: NDArray[np.bool_], begins: Array) -> None:
    lengths = np.diff(np.append(begins, len(numbers)))
    places = np.minimum.reduceat(np.where(usable, np.arange(len(numbers)), len(numbers)), begins)
    padded = np.append(numbers, 0.0)
    for row, number, place in zip(rows, padded[places].tolist(), places.tolist(), strict=True):
        if row.sums is None and place < len(numbers):
            row.sums = Sums(number)
    origins = np.array([row.sums.origin if row.sums else 0.0 for row in rows])
    away = np.where(usable, numbers - np.repeat(origins, lengths), 0.0)
    columns = (
        np.add.reduceat(usable.astype(np.int64), begins).tolist(),
        np.add.reduceat(away, begins).tolist(),
        np.add.reduceat(away * away, begins).tolist(),
    )
    for row, count, first, second in zip(rows, *columns, strict=True):
        if row.sums is not None:
            row.sums.count += count
            row.sums.first += first
            row.sums.second += second


def _add_ends(rows: list[RawRow], samples: Samples, usable: NDArray[np.bool_], begins: Array) -> None:
    count = len(samples)
    ends = np.append(begins[1:], count) - 1
    places = np.arange(count)
    first_usable = np.minimum.reduceat(np.where(usable, places, count), begins)
    last_usable = np.maximum.reduceat(np.where(usable, places, -1), begins)
    times = samples.times
    follows = np.append(times[1:] == times[:-1], False)
    for row, begin, end, first, last in zip(
        rows, begins.tolist(), ends.tolist(), first_usable.tolist(), last_usable.tolist(), strict=True
    ):
        at_first, at_last = int(times[begin]), int(times[end])
        if row.first is None:
            row.first, row.first_extra = (
                samples.take(slice(begin, begin + 1)).values()[0],
                bool(follows[begin]),
            )
        elif row.first.source_time == at_first:
            row.first_extra = True
        row.last_extra = bool(end > 0 and follows[end - 1]) or (
            row.last is not None and row.last.source_time == at_last
        )
        row.last = samples.take(slice(end, end + 1)).values()[0]
        if first < count:
            row.first_usable = row.first_usable or samples.take(slice(first, first + 1)).values()[0]
            row.last_usable = samples.take(slice(last, last + 1)).values()[0]


def _add_worst(rows: list[RawRow], statuses: NDArray[np.uint32], begins: Array) -> None:
    """The first status of the worst severity."""
    severity = (statuses >> np.uint32(30)).astype(np.int64)
    ends = np.append(begins[1:], len(statuses)).tolist()
    for row, begin, end in zip(rows, begins.tolist(), ends, strict=True):
        part = severity[begin:end]
        worst = statuses[begin:end][part == part.max()]
        first = int(worst[0])
        several = bool((worst != worst[0]).any())
        known = sum(row.counts) > end - begin
        row.worst, row.several_worst = worse(row.worst, row.several_worst, first, several, known)


def worse(one: int, several: bool, other: int, other_several: bool, known: bool) -> tuple[int, bool]:
    """The worse of two statuses by severity; ``known``: the first one is one."""
    if not known or other >> 30 > one >> 30:
        return other, other_several
    if other >> 30 < one >> 30:
        return one, several
    return one, several or other_several or one != other

"""Rollups: one row per interval of a level, exact for minimum, maximum, first, last and count."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.history import SampleFlag
from hmi.core.values import DataValue
from hmi.historian.samples import SAID_ONCE, Floats, Samples, Times, ValueKind, as_one, is_said_once

MINUTE: Final = 60 * NS_PER_S
TEN_MINUTES: Final = 600 * NS_PER_S
HOUR: Final = 3_600 * NS_PER_S
_FLOAT: Final = np.uint8(ValueKind.FLOAT)


_STEPS_MOST: Final = 512
_steps: dict[int, tuple[weakref.ref[NDArray[Any]], int]] = {}
"""ns from each instant to the next of arrays that nobody can write to, by identity; 0 where they differ."""


@dataclass(frozen=True, slots=True, eq=False)
class Rollups:
    """Rows of one level of one tag in time order; intervals without any sample have no row.

    A row follows from its own samples and the one that stood before them. ``starts``: UTC ns, multiples of the level.
    ``low``, ``high``, ``first``, ``last``: over samples that are not Bad, NaN without one; ``low_at``, ``high_at``,
    ``last_at``: their source times, 0 without one. ``mean``: time-weighted over what is not Bad, from the value at the
    begin (the one before stands, or slopes to the first) to the last one, which stands to the end. ``counts``: all
    samples; ``good``: Good ones. ``worst``: worst status code. ``covered``: ns that were not Bad and in no gap.
    """

    level: int
    starts: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    first: NDArray[np.float64]
    last: NDArray[np.float64]
    low_at: NDArray[np.int64]
    high_at: NDArray[np.int64]
    last_at: NDArray[np.int64]
    mean: NDArray[np.float64]
    counts: NDArray[np.uint32]
    good: NDArray[np.uint32]
    worst: NDArray[np.uint32]
    covered: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts)

    @classmethod
    def empty(cls, level: int) -> Rollups:
        """No row of a level."""
        ns, real, whole = np.empty(0, np.int64), np.empty(0), np.empty(0, np.uint32)
        return cls(level, ns, real, real, real, real, ns, ns, ns, real, whole, whole, whole, ns)

    def take(self, chosen: NDArray[np.bool_] | NDArray[np.intp] | slice) -> Rollups:
        """The rows that an index, a mask or a slice chooses."""
        return Rollups(self.level, *(column[chosen] for column in _columns_of(self)))


_COLUMNS: Final = tuple(name for name in Rollups.__slots__ if name != "level")
_columns_of: Final = attrgetter(*_COLUMNS)


def joined_rollups(parts: list[Rollups], level: int) -> Rollups:
    """Rows of consecutive ranges one after the other."""
    kept = [part for part in parts if len(part)]
    if not kept:
        return Rollups.empty(level)
    if len(kept) == 1:
        return kept[0]
    return Rollups(level, *map(as_one, zip(*map(_columns_of, kept), strict=True)))


def rollups_of(
    samples: Samples, level_ns: int, *, before: DataValue | Samples | None, stepped: bool
) -> Rollups:
    """Rows of one level (ns) from samples of one tag in order of (time, version).

    ``before``: the sample that stands when the first interval begins (a value or Samples of one), None or empty
    without one. What lies before a sample with GAP_BEFORE is never bridged: that time counts as Bad.
    """
    if not len(samples):
        return Rollups.empty(level_ns)
    line = line_of([samples], before)
    begins = begins_of(samples.times, level_ns)
    lasts = np.append(begins[1:], len(samples)) - 1
    starts = samples.times[begins] // level_ns * level_ns
    low, low_at = _extreme(np.minimum, line, begins, lasts)
    high, high_at = _extreme(np.maximum, line, begins, lasts)
    first, last = edges_of(line, begins, lasts)
    weighed = weigh(line, begins, lasts, starts, starts + level_ns, stepped=stepped)
    counts = (lasts - begins + 1).astype(np.uint32)
    good = (
        np.add.reduceat(samples.is_good(), begins, dtype=np.uint32) if line.statuses is not None else counts
    )
    return Rollups(
        level_ns,
        starts,
        low,
        high,
        _picked(line.numbers, first, np.nan),
        _picked(line.numbers, last, np.nan),
        _picked(line.times, low_at, 0),
        _picked(line.times, high_at, 0),
        _picked(line.times, last, 0),
        within(weighed.mean, low, high, line, begins),
        counts,
        good,
        worst_of(line, begins),
        weighed.covered,
    )


def merged(rollups: Rollups, level_ns: int, *, stepped: bool = True, placed: bool = True) -> Rollups:
    """Rows of a coarser level, a multiple of the finer one: exact for all but ``mean`` and ``covered``.

    These two are as good as the finer rows: where a finer interval has no row, because no sample came in it, the last
    value is taken to stand, or to slope to the next row, unless time of the row before it was Bad. Without ``placed``
    nobody asks for ``low_at`` and ``high_at``, which are 0 then.
    """
    fine = rollups
    if not len(fine) or fine.level == level_ns:
        return fine if len(fine) else Rollups.empty(level_ns)
    if level_ns % fine.level:
        raise ValueError(f"{level_ns} ns is no multiple of the level of {fine.level} ns")
    begins = _begins_of_rows(fine, level_ns)
    lasts = np.append(begins[1:], len(fine)) - 1
    starts = fine.starts[begins] // level_ns * level_ns
    missing = np.isnan(fine.low)
    usable = ~missing if missing.any() else None
    lows, highs = Line(fine.starts, fine.low, usable), Line(fine.starts, fine.high, usable)
    if placed:
        low, low_places = _extreme(np.minimum, lows, begins, lasts)
        high, high_places = _extreme(np.maximum, highs, begins, lasts)
        low_at, high_at = _picked(fine.low_at, low_places, 0), _picked(fine.high_at, high_places, 0)
    else:
        low, high = extremes_of(np.minimum, lows, begins), extremes_of(np.maximum, highs, begins)
        low_at = high_at = np.zeros(len(begins), np.int64)
    first, last = edges_of(lows, begins, lasts)
    mean, covered = _merged_mean(fine, begins, lasts, starts, level_ns, stepped=stepped)
    return Rollups(
        level_ns,
        starts,
        low,
        high,
        _picked(fine.first, first, np.nan),
        _picked(fine.last, last, np.nan),
        low_at,
        high_at,
        _picked(fine.last_at, last, 0),
        mean,
        _total(fine.counts, begins, lasts),
        _total(fine.good, begins, lasts),
        fine.worst[begins] if is_said_once(fine.worst) else np.maximum.reduceat(fine.worst, begins),
        covered,
    )


class Line(NamedTuple):
    """Samples as numbers over time; what is always so in clean data is None, so that clean data costs little."""

    times: Times
    numbers: Floats
    usable: NDArray[np.bool_] | None = None
    """Not Bad and a number; None: every sample."""
    bad: NDArray[np.bool_] | None = None
    gaps: NDArray[np.bool_] | None = None
    """Nothing is known before it; None: no such sample."""
    statuses: NDArray[np.uint32] | None = None
    """None: all of them 0."""
    before: tuple[int, float] | None = None
    """(time, number) of a sample that is not Bad and stands before the first one."""


class Weighed(NamedTuple):
    mean: Floats
    covered: Times


def line_of(parts: Sequence[Samples], before: DataValue | Samples | None) -> Line:
    """Samples of one tag, part after part, behind the one that stands before them; at least one part."""
    times, numbers = _column(parts, "times"), _chained([_read(part) for part in parts])
    statuses, flags = _told(parts, "statuses"), _told(parts, "flags")
    missing = np.isnan(numbers)
    bad = None if statuses is None else statuses >= np.uint32(quality.BAD)
    if bad is not None and not bad.any():
        bad = None
    usable = None
    if bad is not None or missing.any():
        usable = ~missing if bad is None else ~(missing | bad)
    gaps = None if flags is None else (flags & np.uint16(SampleFlag.GAP_BEFORE)) != 0
    if gaps is not None and not gaps.any():
        gaps = None
    return Line(times, numbers, usable, bad, gaps, statuses, _standing(before))


def begins_of(times: Times, width: int) -> NDArray[np.intp]:
    """Where each interval of ``width`` ns that holds samples begins; the times rise."""
    lowest, highest = int(times[0]) // width, int(times[-1]) // width
    if highest - lowest < len(times):
        edges = np.arange(lowest + 1, highest + 1, dtype=np.int64) * width
        places = np.searchsorted(times, edges)
        return np.concatenate(([0], places[np.diff(places, prepend=0) > 0]))
    places = times // width
    return np.concatenate(([0], np.flatnonzero(np.diff(places)) + 1))


def edges_of(
    line: Line, begins: NDArray[np.intp], lasts: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Places of the first and the last usable sample of each row, -1 without one."""
    if line.usable is None:
        return begins, lasts
    order = np.arange(len(line.usable))
    first = np.minimum.reduceat(np.where(line.usable, order, len(order)), begins)
    last = np.maximum.reduceat(np.where(line.usable, order, -1), begins)
    return np.where(first < len(order), first, -1), last


def extremes_of(pick: np.ufunc, line: Line, begins: NDArray[np.intp]) -> Floats:
    """Lowest or highest usable number of each row, NaN without one."""
    if line.usable is None:
        return pick.reduceat(line.numbers, begins)
    empty = np.inf if pick is np.minimum else -np.inf
    found = pick.reduceat(np.where(line.usable, line.numbers, empty), begins)
    return np.where(np.logical_or.reduceat(line.usable, begins), found, np.nan)


def worst_of(line: Line, begins: NDArray[np.intp]) -> NDArray[np.uint32]:
    """Highest status code of each row: the severity is in its highest bits."""
    if line.statuses is None:
        return np.zeros(len(begins), np.uint32)
    return np.maximum.reduceat(line.statuses, begins)


def weigh(
    line: Line,
    begins: NDArray[np.intp],
    lasts: NDArray[np.intp],
    starts: Times,
    ends: Times,
    *,
    stepped: bool,
) -> Weighed:
    """Time-weighted mean of each row and its ns that were not Bad (``Rollups``)."""
    with np.errstate(all="ignore"):
        clean = _weigh_clean(line, begins, lasts, starts, ends, stepped=stepped)
        if clean is not None:
            return clean
        parts = (
            _inner(line, begins, lasts, stepped=stepped),
            _heads(line, begins, starts, stepped=stepped),
            _tails(line, lasts, ends),
        )
        area, numeric, covered = (sum(columns) for columns in zip(*parts, strict=True))
        return Weighed(np.where(numeric > 0, area / numeric, np.nan), np.asarray(covered, np.int64))


def within(mean: Floats, low: Floats, high: Floats, line: Line, begins: NDArray[np.intp]) -> Floats:
    """Means without the last rounding: never outside what they are the mean of, exact where that is one number."""
    standing = np.concatenate(([line.before[1] if line.before else np.nan], line.numbers[begins[1:] - 1]))
    clipped = np.fmax(np.fmin(mean, np.fmax(high, standing)), np.fmin(low, standing))
    return np.where(np.isnan(mean), mean, clipped)


def _column(parts: Sequence[Samples], name: str) -> NDArray[Any]:
    return _chained([getattr(part, name) for part in parts])


def _told(parts: Sequence[Samples], name: str) -> NDArray[Any] | None:
    """A column; None where it is 0 all along."""
    columns = [getattr(part, name) for part in parts]
    return _chained(columns) if any(map(_says_anything, columns)) else None


def _says_anything(column: NDArray[Any]) -> bool:
    return bool(column[0] if is_said_once(column) else column.any())


def _read(samples: Samples) -> Floats:
    """Numbers that nobody writes into: those of the samples themselves where they are floats."""
    kinds = samples.kinds[:1] if is_said_once(samples.kinds) else samples.kinds
    is_float = bool((kinds == _FLOAT).all())
    return samples.bits.view(np.float64) if is_float else samples.numbers()


def _chained(columns: list[NDArray[Any]]) -> NDArray[Any]:
    return columns[0] if len(columns) == 1 else np.concatenate(columns)


def _standing(before: DataValue | Samples | None) -> tuple[int, float] | None:
    """(time, number) of a sample that is not Bad."""
    if isinstance(before, Samples):
        before = before.take(slice(-1, None)).values()[0] if len(before) else None
    if before is None or before.is_bad:
        return None
    number = float(before.value) if isinstance(before.value, bool | int | float) else np.nan
    return before.source_time, number


_Parts = tuple[Any, Any, Any]
"""Of each row: value times ns, ns with a number, ns that were not Bad."""


def _inner(line: Line, begins: NDArray[np.intp], lasts: NDArray[np.intp], *, stepped: bool) -> _Parts:
    """Between the first and the last sample of each row."""
    numbers, lasting = line.numbers, np.empty(len(line.times), np.int64)
    np.subtract(line.times[1:], line.times[:-1], out=lasting[:-1])
    lasting[-1] = 0
    height = numbers
    if not stepped:
        height = np.zeros(len(numbers))
        np.add(numbers[:-1], numbers[1:], out=height[:-1])
    if line.usable is None and (line.gaps is None or _only_at(line.gaps, begins)):
        between = line.times[lasts] - line.times[begins]
        area = height * lasting
        area[lasts] = 0
        return np.add.reduceat(area, begins) * (1.0 if stepped else 0.5), between, between
    if not stepped:
        height *= 0.5
    lasting[lasts] = 0
    if line.bad is not None and not stepped:
        height[:-1] = np.where(line.bad[1:], numbers[:-1], height[:-1])
    if line.bad is not None:
        lasting[line.bad] = 0
    if line.gaps is not None:
        lasting[:-1][line.gaps[1:]] = 0
    numeric = np.where(np.isnan(height), 0, lasting)
    area = np.where(numeric > 0, height * numeric, 0.0)
    return tuple(np.add.reduceat(column, begins) for column in (area, numeric, lasting))  # pyright: ignore


def _weigh_clean(
    line: Line,
    begins: NDArray[np.intp],
    lasts: NDArray[np.intp],
    starts: Times,
    ends: Times,
    *,
    stepped: bool,
) -> Weighed | None:
    """``weigh`` in few steps where every sample counts and they are equally far apart; None where that is not so."""
    times = line.times
    if len(times) < 2 or line.usable is not None or line.gaps is not None:
        return None
    steps = np.diff(times)
    if not bool((steps == steps[0]).all()):
        return None
    edges = (times[begins], times[lasts], starts, ends)
    return _weigh_regular(line, begins, lasts, edges, int(steps[0]), stepped=stepped)


def _weigh_regular(
    line: Line,
    begins: NDArray[np.intp],
    lasts: NDArray[np.intp],
    edges: tuple[Times, Times, Times, Times],
    step: int,
    *,
    stepped: bool,
) -> Weighed | None:
    """``edges``: times of the first and the last sample of each row, and where it begins and ends."""
    numbers, (until, last_times, starts, ends) = line.numbers, edges
    first, last = numbers[begins], numbers[lasts]
    time, number = line.before or (int(until[0]), first[0])
    since = np.concatenate(([min(time, int(until[0]))], last_times[:-1]))
    standing = np.concatenate(([number], last[:-1]))
    begin = np.maximum(since, starts)
    height, ends_of_rows = standing, last
    if not stepped:
        height = first - (first - standing) / np.maximum(until - since, 1) * (until - begin) / 2
        ends_of_rows = (first + last) * 0.5
    area = (np.add.reduceat(numbers, begins) - ends_of_rows) * step
    area += height * (until - begin) + last * (ends - last_times)
    covered = ends - begin
    return Weighed(area / covered, covered) if np.isfinite(area).all() else None


class RegularRows(NamedTuple):
    """Rows of clean samples at equal steps: nothing of them is Bad, no number or behind a gap."""

    starts: Times
    first: Floats
    last: Floats
    low: Floats
    high: Floats
    mean: Floats


def regular_rows(
    parts: Sequence[Samples], before: Samples, width: int, *, stepped: bool
) -> RegularRows | None:
    """Rows of ``width`` ns in few steps, without a look at each instant; None where the samples are not so."""
    step = _step_of(parts)
    if not 0 < step <= width:
        return None
    numbers, start = _chained([part.bits.view(np.float64) for part in parts]), int(parts[0].times[0])
    line = Line(parts[0].times, numbers, before=_standing(before))
    rows = np.arange(start // width, (start + (len(numbers) - 1) * step) // width + 1, dtype=np.int64) * width
    begins = np.maximum(-((start - rows) // step), 0)
    lasts = np.append(begins[1:], len(numbers)) - 1
    low, high = np.minimum.reduceat(numbers, begins), np.maximum.reduceat(numbers, begins)
    edges = (start + begins * step, start + lasts * step, rows, rows + width)
    with np.errstate(all="ignore"):
        weighed = _weigh_regular(line, begins, lasts, edges, step, stepped=stepped)
    if weighed is None:
        return None
    mean = within(weighed.mean, low, high, line, begins)
    return RegularRows(rows, numbers[begins], numbers[lasts], low, high, mean)


def _step_of(parts: Sequence[Samples]) -> int:
    """ns from each sample to the next where all are Good floats without a gap at equal steps, else 0."""
    start = int(parts[0].times[0])
    step = int(parts[0].times[1]) - start if len(parts[0]) > 1 else 0
    at = start
    for part in parts:
        times = part.times
        if not _is_plain(part) or int(times[0]) != at or not _is_even(times, step):
            return 0
        at += len(part) * step
    return step


def _is_plain(part: Samples) -> bool:
    """Whether it is said once for all that they are Good floats without a gap."""
    kinds, statuses, flags = part.kinds, part.statuses, part.flags
    if not kinds.strides == statuses.strides == flags.strides == SAID_ONCE:
        return False
    return bool(kinds[0] == _FLOAT and not statuses[0] and not flags[0])


def _is_even(times: Times, step: int) -> bool:
    """Whether it is ``step`` ns from each instant to the next; of instants that tags share it is looked at once."""
    owner = times if times.base is None else times.base
    if (
        not isinstance(owner, np.ndarray)
        or owner.flags.writeable
        or (owner.ndim, owner.dtype) != (1, times.dtype)
    ):
        return bool((times[1:] - times[:-1] == step).all())
    known = _steps.get(id(owner))
    if known is None or known[0]() is not owner:
        steps = np.diff(owner)
        known = weakref.ref(owner), int(steps[0]) if len(steps) and bool((steps == steps[0]).all()) else 0
        if len(_steps) >= _STEPS_MOST:
            _steps.clear()
        _steps[id(owner)] = known
    if not known[1]:  # a part of it may still be
        return bool((times[1:] - times[:-1] == step).all())
    return len(times) < 2 or known[1] * (times.strides[0] // times.itemsize) == step


def _only_at(gaps: NDArray[np.bool_], begins: NDArray[np.intp]) -> bool:
    """Whether no gap lies within a row."""
    return int(np.count_nonzero(gaps)) == int(np.count_nonzero(gaps[begins]))


def _heads(line: Line, begins: NDArray[np.intp], starts: Times, *, stepped: bool) -> _Parts:
    """From the begin of each row to its first sample: what stood before it."""
    time, number = line.before or (int(line.times[0]), np.nan)
    since = np.concatenate(([min(time, int(line.times[0]))], line.times[begins[1:] - 1]))
    standing = np.concatenate(([number], line.numbers[begins[1:] - 1]))
    until, following = line.times[begins], line.numbers[begins]
    lasting = until - np.maximum(since, starts)
    known = np.ones(len(begins), np.bool_)
    known[0] = line.before is not None
    height = standing
    if not stepped:
        slope = (following - standing) / np.maximum(until - since, 1)
        sloped = following - slope * lasting / 2
        height = sloped if line.bad is None else np.where(line.bad[begins], standing, sloped)
    if line.bad is not None:
        known[1:] &= ~line.bad[begins[1:] - 1]
    if line.gaps is not None:
        known &= ~line.gaps[begins]
    return _counted(height, np.where(known, lasting, 0))


def _tails(line: Line, lasts: NDArray[np.intp], ends: Times) -> _Parts:
    """From the last sample of each row to its end."""
    lasting = ends - line.times[lasts]
    if line.bad is not None:
        lasting = np.where(line.bad[lasts], 0, lasting)
    return _counted(line.numbers[lasts], lasting)


def _counted(height: Floats, lasting: Times) -> _Parts:
    numeric = np.where(np.isnan(height), 0, lasting)
    return np.where(numeric > 0, height * numeric, 0.0), numeric, lasting


def _extreme(
    pick: np.ufunc, line: Line, begins: NDArray[np.intp], lasts: NDArray[np.intp]
) -> tuple[Floats, NDArray[np.intp]]:
    """(number, place of the first sample that holds it) of each row; (NaN, -1) without one."""
    found = extremes_of(pick, line, begins)
    hits = np.flatnonzero(line.numbers == np.repeat(found, lasts - begins + 1))
    if line.usable is not None:
        hits = hits[line.usable[hits]]
    rows = np.searchsorted(begins, hits, side="right") - 1
    firsts = np.flatnonzero(np.diff(rows, prepend=-1))
    places = np.full(len(begins), -1)
    places[rows[firsts]] = hits[firsts]
    return _picked(line.numbers, places, np.nan), places


def _picked(column: NDArray[Any], places: NDArray[np.intp], missing: float) -> NDArray[Any]:
    found = column[places]
    return (
        found
        if not len(places) or int(places.min()) >= 0
        else np.where(places < 0, column.dtype.type(missing), found)
    )


def _has_no_hole(fine: Rollups) -> bool:
    """Whether there is a row for every interval from the first to the last one."""
    return int(fine.starts[-1]) - int(fine.starts[0]) == (len(fine) - 1) * fine.level


def _begins_of_rows(fine: Rollups, level_ns: int) -> NDArray[np.intp]:
    """``begins_of`` of the rows."""
    if not _has_no_hole(fine):
        return begins_of(fine.starts, level_ns)
    start = int(fine.starts[0])
    edges = np.arange(start // level_ns, int(fine.starts[-1]) // level_ns + 1) * level_ns
    return np.maximum((edges - start) // fine.level, 0)


def _total(
    column: NDArray[np.uint32], begins: NDArray[np.intp], lasts: NDArray[np.intp]
) -> NDArray[np.uint32]:
    if is_said_once(column):
        return ((lasts - begins + 1) * int(column[0])).astype(np.uint32)
    return np.add.reduceat(column, begins).astype(np.uint32)


def _merged_mean(
    fine: Rollups,
    begins: NDArray[np.intp],
    lasts: NDArray[np.intp],
    starts: Times,
    level_ns: int,
    *,
    stepped: bool,
) -> tuple[Floats, Times]:
    """Finer means by their ns, and what stood in the holes between their rows where nothing was Bad before."""
    if _is_full(fine, int(starts[-1]) + level_ns):
        covered = (lasts - begins + 1) * fine.level
        return np.add.reduceat(fine.mean * float(fine.level), begins) / covered, covered
    carries = fine.covered == fine.level
    ends = np.repeat(starts + level_ns, lasts - begins + 1)
    hole = fine.starts + fine.level
    behind = np.where(carries, np.minimum(np.append(fine.starts[1:], ends[-1]), ends) - hole, 0)
    ahead = np.zeros(len(fine), np.int64)
    ahead[begins[1:]] = np.where(carries[begins[1:] - 1], fine.starts[begins[1:]] - starts[1:], 0)
    with np.errstate(all="ignore"):
        parts = [_counted(fine.mean, fine.covered)]
        if behind.any():
            parts.append(_counted(_across(fine, hole + behind / 2, stepped=stepped), behind))
        if ahead.any():
            at = np.roll(fine.starts - ahead / 2, -1)
            parts.append(_counted(_across(fine, at, stepped=stepped, shift=1), ahead))
        area, numeric, covered = (
            np.add.reduceat(sum(columns), begins) for columns in zip(*parts, strict=True)
        )
        return np.where(numeric > 0, area / numeric, np.nan), np.asarray(covered, np.int64)


def _is_full(fine: Rollups, end: int) -> bool:
    """Whether the rows have no hole up to an end (UTC ns), a number each, and nothing that was Bad."""
    if not (is_said_once(fine.covered) and int(fine.covered[0]) == fine.level and _has_no_hole(fine)):
        return False
    return int(fine.starts[-1]) + fine.level == end and not bool(np.isnan(fine.mean).any())


def _across(fine: Rollups, at: Floats, *, stepped: bool, shift: int = 0) -> Floats:
    """Number at an instant in the hole behind each row; ``shift`` 1 gives it to the row behind the hole."""
    numbers = fine.last.copy()
    if not stepped:
        long = np.maximum(fine.starts[1:] - fine.last_at[:-1], 1)
        slope = (fine.first[1:] - fine.last[:-1]) / long
        numbers[:-1] += np.where(np.isnan(slope), 0.0, slope) * (at[:-1] - fine.last_at[:-1])
    return np.roll(numbers, shift)

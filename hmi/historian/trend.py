"""From stored samples to the columns of a chart: exact while there is room for all, else extremes per column."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from hmi.client.history import RAW_PER_PIXEL, TrendSeries
from hmi.core.errors import WatchkeeperError
from hmi.core.history import SampleFlag
from hmi.historian.rollups import (
    TEN_MINUTES,
    Line,
    Rollups,
    begins_of,
    edges_of,
    extremes_of,
    joined_rollups,
    line_of,
    merged,
    regular_rows,
    rollups_of,
    weigh,
    within,
    worst_of,
)
from hmi.historian.samples import Floats, Samples, Times, joined

_BATCH: Final = 1 << 17
"""Samples that are reduced at once: enough to hide the cost of a call, few enough for the cache."""
_ROWS_AT_ONCE: Final = 1 << 14
_GAP_BEFORE: Final = np.uint16(SampleFlag.GAP_BEFORE)
_NEAR: Final = TEN_MINUTES
"""How far the sample before or behind a range mostly is: it is read with the range."""


class TrendReader(Protocol):
    """What a trend needs of ``hmi.historian.port.ArchiveReader``."""

    def blocks(self, tag: int, start: int, end: int) -> Iterator[Samples]: ...

    def before(self, tag: int, at: int) -> Samples: ...

    def after(self, tag: int, at: int) -> Samples: ...

    def rollups(self, tag: int, start: int, end: int, level_ns: int) -> Rollups: ...

    def levels(self, tag: int) -> tuple[int, ...]: ...


class ExpectingReader(TrendReader, Protocol):
    """What a chart of several pens needs of it."""

    def expect(self, tags: Sequence[int], start: int, end: int, level_ns: int) -> None: ...


class TrendStopped(WatchkeeperError):
    """The one who asked does not want the answer any more."""


@dataclass(frozen=True, slots=True, eq=False)
class TrendColumns:
    """One pen of a chart in columns of one length; the fields of ``hmi.client.history.TrendSeries``.

    ``exact``: ``last``, ``low``, ``high`` and ``mean`` are empty. A row that is not exact covers ``level_ns`` from its
    time on; the sample before ``start`` and the one after ``end`` are rows of their own.
    """

    exact: bool
    stepped: bool
    level_ns: int
    times: Times
    first: Floats
    last: Floats
    low: Floats
    high: Floats
    mean: Floats
    statuses: NDArray[np.uint32]
    breaks: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.times)


def trend(
    reader: TrendReader,
    tag: int,
    start: int,
    end: int,
    pixels: int,
    *,
    stepped: bool,
    tail: Samples | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> TrendColumns:
    """What a chart of ``pixels`` columns draws of a tag from ``start`` to ``end`` (UTC ns).

    Up to two samples per pixel are given as they are. More come as minimum, maximum, first, last and mean of each
    column: from the coarsest level of rollups that has a row for each of them, where none has from the samples, which
    pass in pieces. ``tail``: samples that the reader does not have yet, read before it. ``stop`` is asked between two
    pieces; TrendStopped. StorageError where the archive cannot be read.
    """
    query = _Query(reader, tag, start, max(end, start + 1), max(pixels, 1), stepped, _tail(tail), stop)
    level = _level_of(reader, tag, query.end - start, query.pixels)
    if level:
        rows = _rows_of(query, level)
        if int(rows.counts.sum()) > RAW_PER_PIXEL * query.pixels:
            return _from_rollups(query, rows)
    return _from_samples(query)


def expect(reader: ExpectingReader, tags: Sequence[int], start: int, end: int, pixels: int) -> None:
    """Tell that ``trend`` will be asked for each of these tags with the same range and width."""
    span, pixels = max(end, start + 1) - start, max(pixels, 1)
    by_level: dict[int, list[int]] = {}
    for tag in tags:
        by_level.setdefault(_level_of(reader, tag, span, pixels), []).append(tag)
    for level, ones in by_level.items():
        if len(ones) < 2:
            continue
        if level:
            _, begin, finish = _spread(start, start + span, pixels, level)
        else:
            begin, finish = _near(*_columns(start, start + span, pixels)[1:])
        reader.expect(ones, begin, finish, level)


def series_of(columns: TrendColumns, tag_id: str) -> TrendSeries:
    """The columns in the words of the wire: little-endian bytes."""

    def packed(column: NDArray[Any]) -> bytes:
        return column.astype(column.dtype.newbyteorder("<"), copy=False).tobytes()

    return TrendSeries(
        tag_id,
        columns.exact,
        columns.stepped,
        columns.level_ns,
        times=packed(columns.times),
        first=packed(columns.first),
        last=packed(columns.last),
        low=packed(columns.low),
        high=packed(columns.high),
        mean=packed(columns.mean),
        statuses=packed(columns.statuses),
        breaks=packed(columns.breaks),
    )


class _Query(NamedTuple):
    reader: TrendReader
    tag: int
    start: int
    end: int
    pixels: int
    stepped: bool
    tail: Samples
    stop: Callable[[], bool]

    def before(self, at: int) -> Samples:
        earlier = self.tail_before(at)
        return earlier if len(earlier) else self.reader.before(self.tag, at)

    def after(self, at: int) -> Samples:
        later = self.reader.after(self.tag, at)
        return later if len(later) else self.tail_after(at)

    def tail_before(self, at: int) -> Samples:
        return self.tail.between(_EVER, at - 1).take(slice(-1, None))

    def tail_after(self, at: int) -> Samples:
        return self.tail.between(at + 1, _NEVER).take(slice(0, 1))

    def check(self) -> None:
        if self.stop():
            raise TrendStopped("the trend is not wanted any more")


_EVER, _NEVER = int(np.iinfo(np.int64).min), int(np.iinfo(np.int64).max)


def _tail(tail: Samples | None) -> Samples:
    return Samples.empty() if tail is None else tail.in_order()


class _Stretch:
    """Samples with start <= time <= end, and in passing the one before and the one behind them."""

    def __init__(self, query: _Query, start: int, end: int) -> None:
        self._query, self._start, self._end = query, start, end
        self._low, self._high = _near(start, end)
        self._before = self._after = Samples.empty()

    def pieces(self) -> Iterator[Samples]:
        """Those of the archive, then those of the tail that it does not have."""
        query, newest = self._query, self._start - 1
        for piece in query.reader.blocks(query.tag, self._low, self._high):
            query.check()
            if self._start <= piece.times[0] and piece.times[-1] <= self._end:
                newest = int(piece.times[-1])
                yield piece
                continue
            low = int(np.searchsorted(piece.times, self._start))
            high = int(np.searchsorted(piece.times, self._end, side="right"))
            if low:
                self._before = piece.take(slice(low - 1, low))
            if low < high:
                newest = int(piece.times[high - 1])
                yield piece.take(slice(low, high))
            if high < len(piece):
                self._after = piece.take(slice(high, high + 1))
                break
        rest = query.tail.between(newest + 1, self._end)
        if len(rest):
            yield rest

    def before(self) -> Samples:
        """The last sample before the start; ``pieces`` have begun to come."""
        earlier = self._query.tail_before(self._start)
        if len(earlier) or len(self._before):
            return earlier if len(earlier) else self._before
        return self._query.reader.before(self._query.tag, self._low)

    def after(self) -> Samples:
        """The first sample behind the end; all ``pieces`` have come."""
        if len(self._after):
            return self._after
        later = self._query.reader.after(self._query.tag, self._high)
        return later if len(later) else self._query.tail_after(self._end)


# Exact


def _exact(query: _Query, found: Samples) -> TrendColumns:
    """Those of the range, and one on each side."""
    low = int(np.searchsorted(found.times, query.start))
    high = int(np.searchsorted(found.times, query.end, side="right"))
    samples = found.take(slice(max(low - 1, 0), high + 1))
    numbers = _drawn(samples)
    gaps = (samples.flags & _GAP_BEFORE) != 0
    missing = np.isnan(numbers)
    breaks = gaps | np.concatenate(([False], missing[:-1]))[: len(gaps)]
    none, flags = np.empty(0), breaks.astype(np.uint8)
    return TrendColumns(
        True, query.stepped, 0, samples.times, numbers, none, none, none, none, samples.statuses, flags
    )


# From samples


def _from_samples(query: _Query) -> TrendColumns:
    """Every sample where they fit; else a walk over all of them, of which only a batch is held at a time."""
    width, first, last = _columns(query.start, query.end, query.pixels)
    stretch = _Stretch(query, first, last)
    pieces = stretch.pieces()
    held: list[Samples] = []
    count = 0
    while (piece := next(pieces, None)) is not None:
        held.append(piece)
        count += len(piece)
        if count > RAW_PER_PIXEL * query.pixels:
            break
    else:
        return _exact(query, joined([stretch.before(), *held, stretch.after()]))
    walk = _Walk(width, query.stepped, stretch.before())
    for piece in held:
        walk.add(piece)
    for piece in pieces:
        walk.add(piece)
    return walk.finish(stretch.after())


def _columns(start: int, end: int, pixels: int) -> tuple[int, int, int]:
    """(width of a column of a chart, first and last instant of all of them) in ns."""
    width = -(-(end - start) // pixels)
    return width, start // width * width, (end // width + 1) * width - 1


def _near(start: int, end: int) -> tuple[int, int]:
    """A range (UTC ns) with the samples that mostly lie next to it."""
    return max(start - _NEAR, _EVER), min(end + _NEAR, _NEVER)


class _Walk:
    """Reduces samples that pass by in time order to one row per ``width`` ns."""

    def __init__(self, width: int, stepped: bool, before: Samples) -> None:
        self._width, self._stepped = width, stepped
        self._before = self._standing = before
        self._held: list[Samples] = []
        self._count = 0
        self._broken = False
        self._rows: list[tuple[NDArray[Any], ...]] = []

    def add(self, samples: Samples) -> None:
        self._held.append(samples)
        self._count += len(samples)
        if self._count < _BATCH:
            return
        edge = int(samples.times[-1]) // self._width * self._width
        whole: list[Samples] = []
        rest: list[Samples] = []
        for part in self._held:
            cut = len(part) if int(part.times[-1]) < edge else int(np.searchsorted(part.times, edge))
            if cut:
                whole.append(part if cut == len(part) else part.take(slice(0, cut)))
            if cut < len(part):
                rest.append(part.take(slice(cut, None)))
        self._reduce(whole)
        self._held, self._count = rest, sum(map(len, rest))

    def finish(self, after: Samples) -> TrendColumns:
        """All rows between the bounds."""
        self._reduce(self._held)
        rows = [np.concatenate(column) for column in zip(*self._rows, strict=True)]
        return _bounded(self._width, self._stepped, rows, self._before, after, broken=self._broken)

    def _reduce(self, parts: list[Samples]) -> None:
        """Rows of whole columns of the chart."""
        if not parts:
            return
        regular = regular_rows(parts, self._standing, self._width, stepped=self._stepped)
        if regular is not None:
            worst, breaks = np.zeros(len(regular.starts), np.uint32), np.zeros(len(regular.starts), np.bool_)
            breaks[0] = self._begins_broken()
            self._broken = False
            self._rows.append((*regular, worst, breaks))
            self._standing = parts[-1].take(slice(-1, None))
            return
        line = line_of(parts, self._standing)
        begins = begins_of(line.times, self._width)
        lasts = np.append(begins[1:], len(line.times)) - 1
        starts = line.times[begins] // self._width * self._width
        first, last = edges_of(line, begins, lasts)
        low, high = extremes_of(np.minimum, line, begins), extremes_of(np.maximum, line, begins)
        mean = weigh(line, begins, lasts, starts, starts + self._width, stepped=self._stepped).mean
        numbers = (_at(line.numbers, first), _at(line.numbers, last), low, high)
        breaks = self._breaks(line, first, last)
        self._rows.append(
            (starts, *numbers, within(mean, low, high, line, begins), worst_of(line, begins), breaks)
        )
        self._standing = parts[-1].take(slice(-1, None))

    def _breaks(self, line: Line, first: NDArray[np.intp], last: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Where something between the last number of the row before and the first one of a row is unknown."""
        if line.usable is None and line.gaps is None:
            breaks = np.zeros(len(first), np.bool_)
            breaks[0] = self._begins_broken()
            self._broken = False
            return breaks
        torn = np.zeros(len(line.times), np.bool_)
        torn[0] = self._stands_unknown()
        if line.usable is not None:
            torn[1:] = ~line.usable[:-1]
        if line.gaps is not None:
            torn |= line.gaps
        number = np.cumsum(torn)
        breaks = number[first] > np.concatenate(([0], number[last[:-1]]))
        breaks[0] |= self._broken
        breaks |= first < 0
        breaks[1:] |= last[:-1] < 0
        self._broken = bool(last[-1] < 0 or number[-1] > number[last[-1]])
        return breaks

    def _begins_broken(self) -> bool:
        """Whether what stands before the next row is not known up to it."""
        return self._broken or self._stands_unknown()

    def _stands_unknown(self) -> bool:
        return len(self._standing) > 0 and bool(np.isnan(_drawn(self._standing)[0]))


def _drawn(samples: Samples) -> Floats:
    """Numbers that may be drawn; NaN for what is Bad or no number."""
    numbers = samples.numbers()
    numbers[samples.is_bad()] = np.nan
    return numbers


def _at(numbers: Floats, places: NDArray[np.intp]) -> Floats:
    return np.where(places >= 0, numbers[places], np.nan)


# From rollups


def _level_of(reader: TrendReader, tag: int, span: int, pixels: int) -> int:
    """The coarsest level (ns) that has a row for each column of the chart; 0 where none has."""
    return max((level for level in reader.levels(tag) if level * pixels <= span), default=0)


def _spread(start: int, end: int, pixels: int, level: int) -> tuple[int, int, int]:
    """(width, begin, end) in ns of the columns of a chart, whole rows of a level."""
    width = -(-(end - start) // (pixels * level)) * level
    return width, start // width * width, -(-end // width) * width


def _rows_of(query: _Query, level: int) -> Rollups:
    """Rows for all columns of the chart, of the level or a multiple of it, with what is only in the tail."""
    width, begin, finish = _spread(query.start, query.end, query.pixels, level)
    tail = query.tail.between(begin, finish - 1)
    cut = int(tail.times[0]) // level * level if len(tail) else finish
    parts: list[Rollups] = []
    for at in range(begin, cut, level * _ROWS_AT_ONCE):
        query.check()
        upto = min(at + level * _ROWS_AT_ONCE, cut)
        parts.append(query.reader.rollups(query.tag, at, upto, level))
    if cut < finish:
        stretch = _Stretch(query, cut, finish - 1)
        fresh = joined(stretch.pieces())
        parts.append(rollups_of(fresh, level, before=stretch.before(), stepped=query.stepped))
    return merged(joined_rollups(parts, level), width, stepped=query.stepped, placed=False)


def _from_rollups(query: _Query, rows: Rollups) -> TrendColumns:
    """A row whose interval is not known from end to end is connected to neither side."""
    partly = rows.covered < rows.level
    breaks = partly | np.concatenate(([False], partly[:-1])) | np.isnan(rows.low)
    breaks[1:] |= np.isnan(rows.low[:-1])
    columns = [rows.starts, rows.first, rows.last, rows.low, rows.high, rows.mean, rows.worst, breaks]
    finish = -(-query.end // rows.level) * rows.level
    before, after = query.before(int(rows.starts[0])), query.after(finish - 1)
    return _bounded(rows.level, query.stepped, columns, before, after, broken=bool(partly[-1]))


def _bound(sample: Samples, *, gap: bool) -> Sequence[NDArray[Any]]:
    """A row of one sample."""
    number = _drawn(sample)
    return (sample.times, number, number, number, number, number, sample.statuses, np.array([gap]))


def _bounded(
    width: int, stepped: bool, rows: list[NDArray[Any]], before: Samples, after: Samples, *, broken: bool
) -> TrendColumns:
    """The rows between the sample before and the one after them."""
    parts: list[Sequence[NDArray[Any]]] = [rows]
    if len(before):
        parts.insert(0, _bound(before, gap=False))
    if len(after):
        parts.append(_bound(after, gap=broken or bool(after.flags[0] & _GAP_BEFORE)))
    times, first, last, low, high, mean, statuses, breaks = map(np.concatenate, zip(*parts, strict=True))
    return TrendColumns(
        False, stepped, width, times, first, last, low, high, mean, statuses, breaks.astype(np.uint8)
    )

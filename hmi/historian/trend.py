"""From stored samples to the columns of a chart: exact while there is room for all, else extremes per column."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from hmi.client.history import RAW_PER_PIXEL, TrendSeries
from hmi.core.errors import WatchkeeperError
from hmi.core.history import SampleFlag
from hmi.historian.rollups import (
    Line,
    Rollups,
    begins_of,
    edges_of,
    extremes_of,
    joined_rollups,
    line_of,
    merged,
    rollups_of,
    weigh,
    within,
    worst_of,
)
from hmi.historian.samples import Floats, Samples, Times, joined

_BATCH: Final = 1 << 15
"""Samples that are reduced at once: enough to hide the cost of a call, few enough for the cache."""
_ROWS_AT_ONCE: Final = 1 << 14


class TrendReader(Protocol):
    """What a trend needs of ``hmi.historian.port.ArchiveReader``."""

    def blocks(self, tag: int, start: int, end: int) -> Iterator[Samples]: ...

    def before(self, tag: int, at: int) -> Samples: ...

    def after(self, tag: int, at: int) -> Samples: ...

    def rollups(self, tag: int, start: int, end: int, level_ns: int) -> Rollups: ...

    def levels(self, tag: int) -> tuple[int, ...]: ...


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
    level = max((one for one in reader.levels(tag) if one * query.pixels <= query.end - start), default=0)
    if level:
        rows = _rows_of(query, level)
        if int(rows.counts.sum()) > RAW_PER_PIXEL * query.pixels:
            return _from_rollups(query, rows)
    return _from_samples(query)


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

    def pieces(self, start: int, end: int) -> Iterator[Samples]:
        """Samples of the archive, then those of the tail that it does not have."""
        newest = start - 1
        for piece in self.reader.blocks(self.tag, start, end):
            self.check()
            if len(piece):
                newest = int(piece.times[-1])
                yield piece
        rest = self.tail.between(newest + 1, end)
        if len(rest):
            yield rest

    def before(self, at: int) -> Samples:
        earlier = self.tail.between(_EVER, at - 1).take(slice(-1, None))
        return earlier if len(earlier) else self.reader.before(self.tag, at)

    def after(self, at: int) -> Samples:
        later = self.reader.after(self.tag, at)
        return later if len(later) else self.tail.between(at + 1, _NEVER).take(slice(0, 1))

    def check(self) -> None:
        if self.stop():
            raise TrendStopped("the trend is not wanted any more")


_EVER, _NEVER = int(np.iinfo(np.int64).min), int(np.iinfo(np.int64).max)


def _tail(tail: Samples | None) -> Samples:
    return Samples.empty() if tail is None else tail.in_order()


# Exact


def _exact(query: _Query, pieces: list[Samples]) -> TrendColumns:
    inside = joined(pieces).between(query.start, query.end)
    samples = joined([query.before(query.start), inside, query.after(query.end)])
    numbers = _drawn(samples)
    gaps = (samples.flags & np.uint16(SampleFlag.GAP_BEFORE)) != 0
    missing = np.isnan(numbers)
    breaks = gaps | np.concatenate(([False], missing[:-1]))[: len(gaps)]
    none, flags = np.empty(0), breaks.astype(np.uint8)
    return TrendColumns(
        True, query.stepped, 0, samples.times, numbers, none, none, none, none, samples.statuses, flags
    )


# From samples


def _from_samples(query: _Query) -> TrendColumns:
    """Every sample where they fit; else a walk over all of them, of which only a batch is held at a time."""
    width = -(-(query.end - query.start) // query.pixels)
    begin, finish = query.start // width * width, (query.end // width + 1) * width
    pieces = query.pieces(begin, finish - 1)
    held: list[Samples] = []
    while (piece := next(pieces, None)) is not None:
        held.append(piece)
        if sum(map(len, held)) > (RAW_PER_PIXEL * query.pixels):
            break
    else:
        return _exact(query, held)
    walk = _Walk(width, query.stepped, query.before(begin))
    for piece in held:
        walk.add(piece)
    for piece in pieces:
        walk.add(piece)
    return walk.finish(query.after(finish - 1))


class _Walk:
    """Reduces samples that pass by in time order to one row per ``width`` ns."""

    def __init__(self, width: int, stepped: bool, before: Samples) -> None:
        self._width, self._stepped = width, stepped
        self._before = self._standing = before
        self._held: list[Samples] = []
        self._broken = False
        self._rows: list[tuple[NDArray[Any], ...]] = []

    def add(self, samples: Samples) -> None:
        self._held.append(samples)
        if sum(map(len, self._held)) >= _BATCH:
            edge = int(samples.times[-1]) // self._width * self._width
            cuts = [int(np.searchsorted(part.times, edge)) for part in self._held]
            self._reduce(
                [part.take(slice(0, cut)) for part, cut in zip(self._held, cuts, strict=True) if cut]
            )
            self._held = [
                part.take(slice(cut, None))
                for part, cut in zip(self._held, cuts, strict=True)
                if cut < len(part)
            ]

    def finish(self, after: Samples) -> TrendColumns:
        """All rows between the bounds."""
        self._reduce(self._held)
        rows = [np.concatenate(column) for column in zip(*self._rows, strict=True)]
        return _bounded(self._width, self._stepped, rows, self._before, after, broken=self._broken)

    def _reduce(self, parts: list[Samples]) -> None:
        """Rows of whole columns of the chart."""
        if not parts:
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
        open_end = len(self._standing) > 0 and bool(np.isnan(_drawn(self._standing)[0]))
        if line.usable is None and line.gaps is None:
            breaks = np.zeros(len(first), np.bool_)
            breaks[0] = self._broken or open_end
            self._broken = False
            return breaks
        torn = np.zeros(len(line.times), np.bool_)
        torn[0] = open_end
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


def _drawn(samples: Samples) -> Floats:
    """Numbers that may be drawn; NaN for what is Bad or no number."""
    numbers = samples.numbers()
    numbers[samples.is_bad()] = np.nan
    return numbers


def _at(numbers: Floats, places: NDArray[np.intp]) -> Floats:
    return np.where(places >= 0, numbers[places], np.nan)


# From rollups


def _rows_of(query: _Query, level: int) -> Rollups:
    """Rows for all columns of the chart, of the level or a multiple of it, with what is only in the tail."""
    width = -(-(query.end - query.start) // (query.pixels * level)) * level
    begin, finish = query.start // width * width, -(-query.end // width) * width
    tail = query.tail.between(begin, finish - 1)
    cut = int(tail.times[0]) // level * level if len(tail) else finish
    parts: list[Rollups] = []
    for at in range(begin, cut, level * _ROWS_AT_ONCE):
        query.check()
        upto = min(at + level * _ROWS_AT_ONCE, cut)
        parts.append(query.reader.rollups(query.tag, at, upto, level))
    if cut < finish:
        fresh = joined(query.pieces(cut, finish - 1))
        before = query.reader.before(query.tag, cut)
        parts.append(rollups_of(fresh, level, before=before, stepped=query.stepped))
    return merged(joined_rollups(parts, level), width, stepped=query.stepped)


def _from_rollups(query: _Query, rows: Rollups) -> TrendColumns:
    """A row whose interval is not known from end to end is connected to neither side."""
    partly = rows.covered < rows.level
    breaks = partly | np.concatenate(([False], partly[:-1])) | np.isnan(rows.low)
    breaks[1:] |= np.isnan(rows.low[:-1])
    columns = [rows.starts, rows.first, rows.last, rows.low, rows.high, rows.mean, rows.worst, breaks]
    finish = -(-query.end // rows.level) * rows.level
    before, after = query.before(int(rows.starts[0])), query.after(finish - 1)
    return _bounded(rows.level, query.stepped, columns, before, after, broken=bool(partly[-1]))


def _bounded(
    width: int, stepped: bool, rows: list[NDArray[Any]], before: Samples, after: Samples, *, broken: bool
) -> TrendColumns:
    """The rows between the sample before and the one after them."""
    for sample, ahead in ((before, True), (after, False)):
        if len(sample):
            number = _drawn(sample)
            gap = bool(sample.flags[0] & SampleFlag.GAP_BEFORE) or (broken and not ahead)
            bound = (sample.times, *(number,) * 5, sample.statuses, np.array([gap and not ahead]))
            pairs = zip(bound, rows, strict=True)
            rows = [np.concatenate((one, column) if ahead else (column, one)) for one, column in pairs]
    times, first, last, low, high, mean, statuses, breaks = rows
    return TrendColumns(
        False, stepped, width, times, first, last, low, high, mean, statuses, breaks.astype(np.uint8)
    )

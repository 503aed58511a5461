"""The figures that people read off a range at once, and values at exact instants."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hmi.client.history import RangeFigures
from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.history import AggregateConfiguration, ReadProcessed
from hmi.core.values import DataValue
from hmi.historian.aggregates._intervals import Intervals
from hmi.historian.aggregates._processed import processed
from hmi.historian.aggregates._segments import pieces_of
from hmi.historian.aggregates._source import Source, windows
from hmi.historian.aggregates._status import GOOD_CLASS
from hmi.historian.aggregates._tally import Needs, PieceTally, RawRow, RawTally
from hmi.historian.aggregates._walks import Rules, SimpleWalk
from hmi.historian.rollups import HOUR, Rollups
from hmi.historian.samples import Samples

MOST_WALKED: Final = 1_000_000
"""So many samples are walked through in about a second."""


def _never() -> bool:
    return False


def figures(
    source: Source,
    tag_id: str,
    start: int,
    end: int,
    stepped: bool,
    *,
    known_until: int = 0,
    stop: Callable[[], bool] = _never,
) -> RangeFigures:
    """Minimum, maximum, TimeAverage2, standard deviation, first, last, Count and PercentGood in one walk.

    ValueError for an empty range, ReadStopped when ``stop`` says so.
    """
    low, high = sorted((start, end))
    intervals = Intervals.of(ReadProcessed(tag_id, low, high, 0, "TimeAverage2"))
    raw = RawTally(intervals, True, GOOD_CLASS, Needs(extremes=GOOD_CLASS, sums=True, ends=True))
    pieces, walk = PieceTally(1), SimpleWalk(Rules(False, stepped, GOOD_CLASS, known_until, high))
    for window in windows(source, low, high, _any, stop):
        raw.add(window)
        pieces.add(pieces_of(walk.segments(window), intervals.edges, True))
    good = int(pieces.by_start[GOOD_CLASS][0])
    covered = int(pieces.covered[0]) / NS_PER_S
    average = float(pieces.area[0]) / covered if covered else math.nan
    row = raw.rows.get(0, RawRow())
    return RangeFigures(
        tag_id,
        low,
        high,
        minimum=_number(row.low.value) if row.low else None,
        minimum_at=row.low.time if row.low else 0,
        maximum=_number(row.high.value) if row.high else None,
        maximum_at=row.high.time if row.high else 0,
        average=average if math.isfinite(average) else None,
        deviation=_deviation(row),
        first=_number(row.first_usable.value) if row.first_usable else None,
        last=_number(row.last_usable.value) if row.last_usable else None,
        count=row.counts[GOOD_CLASS],
        percent_good=100 * good / (high - low),
        seconds_bad=(high - low - good) / NS_PER_S,
    )


def long_figures(
    source: Source,
    rollups: Callable[[int, int], Rollups],
    tag_id: str,
    start: int,
    end: int,
    stepped: bool,
    *,
    known_until: int = 0,
    stop: Callable[[], bool] = _never,
) -> RangeFigures:
    """The same where there are too many samples to walk: hours that are Good throughout out of their rollups.

    ``rollups`` gives rows of one hour that begin in [start, end). The average of such an hour is that of its row, and
    the deviation is not known. Up to ``MOST_WALKED`` samples it is the plain walk.
    """
    low, high = sorted((start, end))
    begin, finish = -(-low // HOUR) * HOUR, high // HOUR * HOUR
    rows = rollups(begin, finish) if begin < finish else None
    if rows is None or int(rows.counts.sum()) <= MOST_WALKED:
        return figures(source, tag_id, low, high, stepped, known_until=known_until, stop=stop)
    whole = np.flatnonzero((rows.worst < quality.UNCERTAIN) & (rows.covered == HOUR))
    parts = [_of_rows(tag_id, rows, whole)]
    edges = np.concatenate(([low], rows.starts[whole] + HOUR))
    for one, other in zip(edges.tolist(), [*rows.starts[whole].tolist(), high], strict=True):
        if one < other:
            parts.append(figures(source, tag_id, one, other, stepped, known_until=known_until, stop=stop))
    return _merged(tag_id, low, high, [part for part in parts if part.end > part.start])


def _of_rows(tag_id: str, rows: Rollups, whole: NDArray[np.intp]) -> RangeFigures:
    """Of hours that are Good from end to end; its range is as long as they are together."""
    if not len(whole):
        return RangeFigures(tag_id, 0, 0)
    low, high = int(whole[rows.low[whole].argmin()]), int(whole[rows.high[whole].argmax()])
    begin = int(rows.starts[whole[0]])
    return RangeFigures(
        tag_id,
        begin,
        begin + len(whole) * HOUR,
        minimum=float(rows.low[low]),
        minimum_at=int(rows.low_at[low]),
        maximum=float(rows.high[high]),
        maximum_at=int(rows.high_at[high]),
        average=float(rows.mean[whole].mean()),
        first=float(rows.first[whole[0]]),
        last=float(rows.last[whole[-1]]),
        count=int(rows.good[whole].sum()),
        percent_good=100.0,
    )


def _merged(tag_id: str, low: int, high: int, parts: Sequence[RangeFigures]) -> RangeFigures:
    """One range out of the parts that cover it."""
    known = [part for part in parts if part.minimum is not None and part.maximum is not None]
    bad = sum(part.seconds_bad for part in parts)
    seconds = (high - low) / NS_PER_S
    good = 100 * (seconds - bad) / seconds
    if not known:
        return RangeFigures(tag_id, low, high, percent_good=good, seconds_bad=bad)
    least = min(known, key=lambda part: (part.minimum, part.minimum_at))
    most = max(known, key=lambda part: (part.maximum, -part.maximum_at))
    weighed = [
        (part.average, (part.end - part.start) / NS_PER_S - part.seconds_bad)
        for part in known
        if part.average is not None
    ]
    weight = sum(one for _, one in weighed)
    ends = sorted(known, key=lambda part: part.start)
    return RangeFigures(
        tag_id,
        low,
        high,
        minimum=least.minimum,
        minimum_at=least.minimum_at,
        maximum=most.maximum,
        maximum_at=most.maximum_at,
        average=sum(value * one for value, one in weighed) / weight if weight else None,
        first=ends[0].first,
        last=ends[-1].last,
        count=sum(part.count for part in parts),
        percent_good=good,
        seconds_bad=bad,
    )


def values_at(
    source: Source,
    tag_id: str,
    times: Iterable[int],
    stepped: bool,
    *,
    known_until: int = 0,
    stop: Callable[[], bool] = _never,
) -> list[DataValue]:
    """ReadAtTime (Part 11 6.4.5): the stored value of each instant (UTC ns), else the interpolated one, so marked."""
    request = ReadProcessed(tag_id, 0, 1, 0, "Interpolative", None, AggregateConfiguration())
    found: list[DataValue] = []
    for at in times:
        one = replace(request, start=at, end=at + 1)
        found += processed(source, one, stepped, known_until=known_until, stop=stop)
    return found


def _any(samples: Samples) -> NDArray[np.bool_]:
    return np.ones(len(samples), np.bool_)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _deviation(row: RawRow) -> float | None:
    sums = row.sums
    if sums is None:
        return None
    spread = max(sums.second - sums.first * sums.first / sums.count, 0.0)
    return math.sqrt(spread / max(sums.count - 1, 1))

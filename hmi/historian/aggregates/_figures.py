"""The figures that people read off a range at once, and values at exact instants."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hmi.client.history import RangeFigures
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
from hmi.historian.samples import Samples


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

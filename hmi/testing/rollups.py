"""Rollups worked out one interval after the other: slow, short, and what the fast ones are measured against."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np

from hmi.core.history import SampleFlag
from hmi.historian.rollups import Rollups
from hmi.historian.samples import Samples, joined


def slow_rollups(samples: Samples, level_ns: int, *, before: Samples, stepped: bool) -> Rollups:
    """Rows of whole intervals; ``before``: the one sample that stands when the first interval begins, or none."""
    rows: list[tuple[float, ...]] = []
    for start in np.unique(samples.times // level_ns * level_ns).tolist():
        inside = samples.between(start, start + level_ns - 1)
        earlier = samples.between(int(np.iinfo(np.int64).min), start - 1).take(slice(-1, None))
        rows.append(
            _row(start, start + level_ns, joined([earlier if len(earlier) else before]), inside, stepped)
        )
    names = [field.name for field in fields(Rollups) if field.name != "level"]
    types = {field.name: str(field.type).split(".")[-1].rstrip("]") for field in fields(Rollups)}
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    arrays = {name: np.array(column, types[name]) for name, column in zip(names, columns, strict=True)}
    return Rollups(level=level_ns, **arrays)


def _row(start: int, end: int, before: Samples, inside: Samples, stepped: bool) -> tuple[float, ...]:
    """One row in the order of the fields of Rollups."""
    numbers, times = inside.numbers(), inside.times
    usable = np.flatnonzero(~inside.is_bad() & ~np.isnan(numbers))
    extremes = [math.nan, math.nan, math.nan, math.nan, 0, 0, 0]
    if len(usable):
        low, high = usable[np.argmin(numbers[usable])], usable[np.argmax(numbers[usable])]
        levels, instants = numbers[[low, high, usable[0], usable[-1]]], times[[low, high, usable[-1]]]
        extremes = [*levels.tolist(), *instants.tolist()]
    mean, covered = _mean(start, end, before, inside, stepped)
    counts = len(inside), int(inside.is_good().sum()), int(inside.statuses.max())
    return (start, *extremes, mean, *counts, covered)


def _mean(start: int, end: int, before: Samples, inside: Samples, stepped: bool) -> tuple[float, int]:
    """Time-weighted mean and ns that were not Bad; the last value stands to the end of the interval.

    A line that comes from before the interval counts from where it crosses its begin.
    """
    points = joined([before, inside])
    numbers, bad = points.numbers(), points.is_bad()
    gaps = (points.flags & SampleFlag.GAP_BEFORE) > 0
    area, weight, covered = 0.0, 0, 0
    for place in range(len(points)):
        begin = max(int(points.times[place]), start)
        last = place + 1 == len(points)
        length = (end if last else int(points.times[place + 1])) - begin
        if bad[place] or (not last and gaps[place + 1]):
            continue
        covered += length
        value = numbers[place]
        if not stepped and not last and not bad[place + 1]:
            following, since = numbers[place + 1], int(points.times[place])
            slope = (following - value) / max(int(points.times[place + 1]) - since, 1)
            value = (value + slope * (begin - since) + following) / 2
        if not math.isnan(value):
            area, weight = area + value * length, weight + length
    return (area / weight if weight else math.nan), covered

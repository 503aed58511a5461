"""Keyframes: the values of all tags every ten minutes, so that any instant opens at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hmi.historian.rollups import HOUR, TEN_MINUTES
from hmi.historian.samples import Batch, Samples, joined
from hmi.stores.sqlite._levels import Many

PER_HOUR = HOUR // TEN_MINUTES


def keyframes_of(many: Many, standing: Batch) -> Iterator[tuple[int, Batch]]:
    """(instant, last sample of every tag at or before it) at each ten minutes of an hour, its begin included."""
    for number in range(PER_HOUR):
        at = many.hour * HOUR + number * TEN_MINUTES
        yield at, last_at(many, standing, at)


def last_at(many: Many, standing: Batch, at: int) -> Batch:
    """The last sample of every tag with time <= at; tags rise."""
    if not len(many.numbers):
        return standing
    counts = np.add.reduceat((many.samples.times <= at).astype(np.int64), many.begins[:-1])
    has = counts > 0
    return updated(standing, many.numbers[has], many.samples.take(many.begins[:-1][has] + counts[has] - 1))


def updated(standing: Batch, tags: np.ndarray, samples: Samples) -> Batch:
    """``standing`` with the samples of some tags (which rise) put in place of theirs."""
    if not len(tags):
        return standing
    left = ~np.isin(standing.tags, tags)
    merged = np.concatenate([standing.tags[left], tags])
    order = np.argsort(merged, kind="stable")
    return Batch(merged[order], joined([standing.samples.take(left), samples]).take(order))

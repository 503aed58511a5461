"""Keyframes: the values of all tags every ten minutes, so that any instant opens at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hmi.historian.rollups import HOUR, TEN_MINUTES
from hmi.historian.samples import Batch, Samples, joined
from hmi.stores.sqlite._levels import Many

PER_HOUR = HOUR // TEN_MINUTES


class Frames:
    """Collects the last sample of every tag at each ten minutes of an hour, its begin included, and at its end.

    ``standing``: those before the hour, tags rising.
    """

    def __init__(self, hour: int, standing: Batch) -> None:
        self._instants = [hour * HOUR + number * TEN_MINUTES for number in range(PER_HOUR)]
        self._end, self._standing = (hour + 1) * HOUR - 1, standing
        self._parts: dict[int, list[Batch]] = {at: [] for at in (*self._instants, self._end)}

    def add(self, many: Many) -> None:
        """Samples of tags that did not come before, and are behind those that did."""
        if not len(many.numbers):
            return
        begins, count = many.begins[:-1], len(many.numbers)
        # the tags one behind the other on a line, so that all are looked up at once
        shifts = np.arange(count) * 2 * HOUR - many.hour * HOUR
        line = many.samples.times + np.repeat(shifts, np.diff(many.begins))
        for at, parts in self._parts.items():
            ends = np.searchsorted(line, shifts + at, side="right")
            has = ends > begins
            parts.append(Batch(many.numbers[has], many.samples.take(ends[has] - 1)))

    def keyframes(self) -> Iterator[tuple[int, Batch]]:
        """(instant, last sample of every tag at or before it)."""
        for at in self._instants:
            yield at, self._at(at)

    def end(self) -> Batch:
        """What stands at the end of the hour."""
        return self._at(self._end)

    def _at(self, at: int) -> Batch:
        parts = self._parts[at]
        if not parts:
            return self._standing
        tags = np.concatenate([part.tags for part in parts])
        return updated(self._standing, tags, joined(part.samples for part in parts))


def updated(standing: Batch, tags: np.ndarray, samples: Samples) -> Batch:
    """``standing`` with the samples of some tags (which rise) put in place of theirs."""
    if not len(tags):
        return standing
    left = ~np.isin(standing.tags, tags)
    merged = np.concatenate([standing.tags[left], tags])
    order = np.argsort(merged, kind="stable")
    return Batch(merged[order], joined([standing.samples.take(left), samples]).take(order))

"""The recent past of one tag in time buckets: minimum and maximum of each, so that no spike is lost.

Buckets are aligned to absolute time, so a curve does not shimmer while it scrolls. A bucket without a
proven value is a gap and is drawn as one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hmi.core import quality
from hmi.core.values import DataValue

Floats = NDArray[np.float64]
_HELD_AT_MOST: Final = 3


class Past:
    """Fixed memory: ``count`` buckets of ``width_ns``. ``revision`` grows whenever the picture changes."""

    def __init__(self, span_ns: int, count: int) -> None:
        self.count = max(count, 2)
        self.width_ns = max(span_ns // self.count, 1)
        self.low: Floats = np.full(self.count, np.nan)
        self.high: Floats = np.full(self.count, np.nan)
        self.last: Floats = np.full(self.count, np.nan)
        self.head = 0
        self.revision = 0

    @property
    def span_ns(self) -> int:
        return self.width_ns * self.count

    @property
    def age_ns(self) -> int:
        """How far back the oldest known value lies; 0 when there is none."""
        known = np.flatnonzero(np.isfinite(self.low))
        return int(self.count - known[0]) * self.width_ns if known.size else 0

    def add(self, number: float | None, at_ns: int) -> None:
        """One value at a time; None is a gap. Older than the window is ignored, newer scrolls it."""
        if at_ns <= 0:
            return
        bucket = at_ns // self.width_ns
        self._scroll(bucket)
        index = bucket - (self.head - self.count + 1)
        if number is None or not 0 <= index < self.count:
            return
        if not (self.low[index] <= number <= self.high[index]):
            self.low[index] = np.fmin(self.low[index], number)
            self.high[index] = np.fmax(self.high[index], number)
            self.revision += 1
        self.last[index] = number

    def _scroll(self, bucket: int) -> None:
        """Make ``bucket`` the newest one; what falls out on the left is forgotten."""
        if bucket <= self.head:
            return
        step = min(bucket - self.head, self.count) if self.head else self.count
        for row in (self.low, self.high, self.last):
            row[: self.count - step] = row[step:]
            row[self.count - step :] = np.nan
        self.head = bucket
        self.revision += 1

    def hold(self, data: DataValue, now_ns: int) -> None:
        """The value still stands at ``now_ns``: fill the buckets that passed since the last proof of it."""
        number = number_of(data)
        bucket = now_ns // self.width_ns
        missed = bucket - self.head
        if self.head and number is not None and 1 < missed <= _HELD_AT_MOST:
            for between in range(self.head + 1, bucket):
                self.add(number, between * self.width_ns)
        self.add(number, now_ns)

    def fill(self, samples: Iterable[tuple[int, float | None]], now_ns: int) -> None:
        """Back-fill from history (time ordered): each value holds until the next; None opens a gap."""
        self._scroll(now_ns // self.width_ns)
        first = self.head - self.count + 1
        held: float | None = None
        reached = first
        for at, number in samples:
            bucket = min(at // self.width_ns, self.head)
            self._hold_range(held, reached - first, bucket - first)
            reached = max(reached, bucket)
            self._merge(bucket - first, number)
            held = number
        self._hold_range(held, reached - first, self.count)
        self.revision += 1

    def _merge(self, index: int, number: float | None) -> None:
        if number is None or not 0 <= index < self.count:
            return
        self.low[index] = np.fmin(self.low[index], number)
        self.high[index] = np.fmax(self.high[index], number)

    def _hold_range(self, held: float | None, start: int, end: int) -> None:
        """Fill empty buckets of start … end with a held value."""
        if held is None or end <= max(start, 0):
            return
        part = slice(max(start, 0), min(end, self.count))
        empty = np.isnan(self.low[part])
        self.low[part][empty] = held
        self.high[part][empty] = held

    def points(self) -> tuple[Floats, Floats, Floats]:
        """(position 0 … 1 of each bucket's middle, minima, maxima); NaN marks a gap."""
        return (np.arange(self.count) + 0.5) / self.count, self.low, self.high


def number_of(data: DataValue) -> float | None:
    """A value that may be drawn in a curve; Bad values and texts are gaps."""
    if data.status >= quality.BAD or not isinstance(data.value, bool | int | float):
        return None
    return float(data.value)

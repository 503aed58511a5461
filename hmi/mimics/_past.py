"""The recent past of one tag in time buckets: minimum and maximum of each, so that no spike is lost.

Buckets are aligned to absolute time, so a curve does not shimmer while it scrolls. A bucket without a
proven value is a gap and is drawn as one; ``doubt`` marks those with an uncertain one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hmi.core import quality
from hmi.core.values import DataValue

Floats = NDArray[np.float64]
_HELD_AT_MOST: Final = 3


class Samples(NamedTuple):
    """A stretch of history in time order: times UTC ns, NaN for a gap, and which values are uncertain.

    ``end_ns`` is where reading stopped when there is more to come, 0 when that was all.
    """

    times: NDArray[np.int64]
    numbers: Floats
    doubtful: NDArray[np.bool_]
    end_ns: int = 0


def samples_of(samples: Sequence[DataValue], end_ns: int = 0) -> Samples:
    """Values as arrays; a loop over all of them, so the station does it beside the Qt thread."""
    count = len(samples)
    numbers = (number_of(sample) for sample in samples)
    return Samples(
        np.fromiter((sample.source_time for sample in samples), np.int64, count),
        np.fromiter((np.nan if number is None else number for number in numbers), np.float64, count),
        np.fromiter((is_doubtful(sample) for sample in samples), np.bool_, count),
        end_ns,
    )


class Past:
    """Fixed memory: ``count`` buckets of ``width_ns``. ``revision`` grows whenever the picture changes.

    ``is_live``: its end is the present; False in a view of an earlier time.
    """

    def __init__(self, span_ns: int, count: int) -> None:
        self.count = max(count, 2)
        self.width_ns = max(span_ns // self.count, 1)
        self.low: Floats = np.full(self.count, np.nan)
        self.high: Floats = np.full(self.count, np.nan)
        self.doubt: NDArray[np.bool_] = np.zeros(self.count, dtype=bool)
        self.is_live = True
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

    def add(self, number: float | None, at_ns: int, *, doubtful: bool = False) -> None:
        """One value at a time; None is a gap. Older than the window is ignored, newer scrolls it."""
        if at_ns <= 0:
            return
        bucket = at_ns // self.width_ns
        self._scroll(bucket)
        index = bucket - (self.head - self.count + 1)
        if number is None or not 0 <= index < self.count:
            return
        if not (self.low[index] <= number <= self.high[index]) or (doubtful and not self.doubt[index]):
            self.low[index] = np.fmin(self.low[index], number)
            self.high[index] = np.fmax(self.high[index], number)
            self.doubt[index] |= doubtful
            self.revision += 1

    def _scroll(self, bucket: int) -> None:
        """Make ``bucket`` the newest one; what falls out on the left is forgotten."""
        if bucket <= self.head:
            return
        step = min(bucket - self.head, self.count) if self.head else self.count
        for row, nothing in ((self.low, np.nan), (self.high, np.nan), (self.doubt, False)):
            row[: self.count - step] = row[step:]
            row[self.count - step :] = nothing
        self.head = bucket
        self.revision += 1

    def hold(self, data: DataValue, now_ns: int) -> None:
        """The value still stands at ``now_ns``: fill the buckets that passed since the last proof of it."""
        number, doubtful = number_of(data), is_doubtful(data)
        bucket = now_ns // self.width_ns
        missed = bucket - self.head
        if self.head and number is not None and 1 < missed <= _HELD_AT_MOST:
            for between in range(self.head + 1, bucket):
                self.add(number, between * self.width_ns, doubtful=doubtful)
        self.add(number, now_ns, doubtful=doubtful)

    def fill(self, samples: Samples, now_ns: int) -> None:
        """Back-fill from history (time ordered): each value holds until the next, a gap until a value comes.

        After the last sample nothing is held beyond ``samples.end_ns``: what was not read is not known.
        """
        self._scroll(now_ns // self.width_ns)
        first = self.head - self.count + 1
        if samples.times.size:
            places = np.minimum(samples.times // self.width_ns, self.head) - first
            self._merge(places, samples)
            last = self.count if not samples.end_ns else samples.end_ns // self.width_ns - first + 1
            self._hold(np.maximum.accumulate(places), samples, last)
        self.revision += 1

    def _merge(self, places: NDArray[np.int64], samples: Samples) -> None:
        """Every sample into the bucket that it lies in."""
        inside = (places >= 0) & (places < self.count) & np.isfinite(samples.numbers)
        at, numbers = places[inside], samples.numbers[inside]
        low, high = np.full(self.count, np.inf), np.full(self.count, -np.inf)
        np.minimum.at(low, at, numbers)
        np.maximum.at(high, at, numbers)
        self.low = np.fmin(self.low, np.where(np.isfinite(low), low, np.nan))
        self.high = np.fmax(self.high, np.where(np.isfinite(high), high, np.nan))
        self.doubt[at[samples.doubtful[inside]]] = True

    def _hold(self, places: NDArray[np.int64], samples: Samples, last: int) -> None:
        """Empty buckets before ``last`` take the value that stood."""
        held = np.searchsorted(places, np.arange(self.count), side="right") - 1
        empty = np.isnan(self.low) & (held >= 0) & (np.arange(self.count) < last)
        standing = samples.numbers[held[empty]]
        self.low[empty] = standing
        self.high[empty] = standing
        self.doubt[empty] = samples.doubtful[held[empty]] & np.isfinite(standing)

    def points(self) -> tuple[Floats, Floats, Floats]:
        """(position 0 … 1 of each bucket's middle, minima, maxima); NaN marks a gap."""
        return (np.arange(self.count) + 0.5) / self.count, self.low, self.high


def number_of(data: DataValue) -> float | None:
    """A value that may be drawn in a curve; Bad values and texts are gaps."""
    if data.status >= quality.BAD or not isinstance(data.value, bool | int | float):
        return None
    number = float(data.value)
    return number if math.isfinite(number) else None


def is_doubtful(data: DataValue) -> bool:
    """True for a value that is drawn dashed: neither Good nor Bad."""
    return not quality.is_good(data.status) and data.status < quality.BAD

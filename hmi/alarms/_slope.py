"""Rate of change as a least-squares slope over a window, never the difference of two samples (standards 1.4); pure.

The sums are kept as whole numbers: a sample that leaves takes away exactly what it brought, so that a slope depends on
the samples of its window only and costs the same however many they are.
"""

from __future__ import annotations

from collections import deque
from math import copysign, inf, isfinite, ldexp

from hmi.core.clock import NS_PER_S

LEAST_SAMPLES = 5
LEAST_SHARE = 0.5
"""Share of the window that the samples have to cover before they say anything."""
_MOST_SAMPLES = 200
_BITS = 64
"""Of a value behind the point that count."""


class Slope:
    """Samples of the last ``window_s`` seconds, at most some hundred however fast they come."""

    def __init__(self, window_s: float) -> None:
        self._window_ns = int(window_s * NS_PER_S)
        self._spacing_ns = self._window_ns // _MOST_SAMPLES
        self._samples: deque[tuple[int, int]] = deque()  # time, value in parts of 2^-64
        self._origin = 0
        self._times = self._values = self._squares = self._products = 0

    def add(self, at_ns: int, value: float) -> None:
        """A sample not older than the last one; one that comes very soon after another takes its place. What is no
        finite number says nothing, nor does what was before it."""
        samples = self._samples
        if not isfinite(value):
            self.clear()
            return
        if len(samples) > 1 and at_ns - samples[-2][0] < self._spacing_ns:
            self._count(samples.pop(), -1)
        if not samples:
            self._origin = at_ns
        samples.append((at_ns, _whole(value)))
        self._count(samples[-1], 1)
        self.forget_before(at_ns)

    def forget_before(self, now_ns: int) -> None:
        """Drop what left the window."""
        oldest = now_ns - self._window_ns
        while self._samples and self._samples[0][0] < oldest:
            self._count(self._samples.popleft(), -1)

    def _count(self, sample: tuple[int, int], sign: int) -> None:
        at, value = sample
        time = at - self._origin
        self._times += sign * time
        self._values += sign * value
        self._squares += sign * time * time
        self._products += sign * time * value

    def clear(self) -> None:
        """The value was not known for a while, or the clock was set."""
        self._samples.clear()
        self._times = self._values = self._squares = self._products = 0

    def shift(self, by_ns: int) -> None:
        """The clock was set: the samples move with it."""
        self._samples = deque((at + by_ns, value) for at, value in self._samples)
        self._origin += by_ns

    @property
    def last_ns(self) -> int:
        """Time of the newest sample, 0 = there is none."""
        return self._samples[-1][0] if self._samples else 0

    def per_second(self) -> float | None:
        """EU per second; None with too few samples, or when they cover less than half the window."""
        samples = self._samples
        count = len(samples)
        if count < LEAST_SAMPLES or samples[-1][0] - samples[0][0] < LEAST_SHARE * self._window_ns:
            return None
        rise = count * self._products - self._times * self._values
        spread = count * self._squares - self._times * self._times
        if spread <= 0:
            return None
        try:
            return rise * NS_PER_S / (spread << _BITS)
        except OverflowError:
            return copysign(inf, rise)


def _whole(value: float) -> int:
    try:
        return int(ldexp(value, _BITS))
    except OverflowError:  # beyond what a float holds in such parts
        return int(value) << _BITS

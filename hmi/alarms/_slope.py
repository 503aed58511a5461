"""Rate of change as a least-squares slope over a window, never the difference of two samples (standards 1.4); pure."""

from __future__ import annotations

from collections import deque

from hmi.core.clock import NS_PER_S

LEAST_SAMPLES = 5
LEAST_SHARE = 0.5
"""Share of the window that the samples have to cover before they say anything."""
_MOST_SAMPLES = 200


class Slope:
    """Samples of the last ``window_s`` seconds, at most some hundred however fast they come."""

    def __init__(self, window_s: float) -> None:
        self._window_ns = int(window_s * NS_PER_S)
        self._spacing_ns = self._window_ns // _MOST_SAMPLES
        self._samples: deque[tuple[int, float]] = deque()

    def add(self, at_ns: int, value: float) -> None:
        """A sample not older than the last one; one that comes very soon after another takes its place."""
        samples = self._samples
        if len(samples) > 1 and at_ns - samples[-2][0] < self._spacing_ns:
            samples.pop()
        samples.append((at_ns, value))
        self.forget_before(at_ns)

    def forget_before(self, now_ns: int) -> None:
        """Drop what left the window."""
        oldest = now_ns - self._window_ns
        while self._samples and self._samples[0][0] < oldest:
            self._samples.popleft()

    def clear(self) -> None:
        """The value was not known for a while, or the clock was set."""
        self._samples.clear()

    def shift(self, by_ns: int) -> None:
        """The clock was set: the samples move with it."""
        self._samples = deque((at + by_ns, value) for at, value in self._samples)

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
        start = samples[0][0]
        times = [(at - start) / NS_PER_S for at, _ in samples]
        mean_time = sum(times) / count
        mean_value = sum(value for _, value in samples) / count
        spread = sum((time - mean_time) ** 2 for time in times)
        rise = sum(
            (time - mean_time) * (value - mean_value) for time, (_, value) in zip(times, samples, strict=True)
        )
        return rise / spread if spread > 0 else None

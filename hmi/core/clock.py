"""Time for the product: UTC as integer nanoseconds, and a monotonic clock that no one can set.

Process timers (delays, shelving, calculations, history) run on the session clock, which a simulator may
freeze or speed up. Network time-outs, ages, expiries and painting use ``monotonic_ns`` (design 2b.4).
"""

from __future__ import annotations

import time
from typing import Protocol

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000


def wall_ns() -> int:
    """UTC now in ns; the only place that asks the operating system."""
    return time.time_ns()


def monotonic_ns() -> int:
    """Monotonic ns; comparable between processes of one machine."""
    return time.monotonic_ns()


class Clock(Protocol):
    """The clock a service is given."""

    def now_ns(self) -> int:
        """Session time, UTC ns."""
        ...

    def monotonic_ns(self) -> int:
        """Monotonic time in ns, untouched by freeze and rate."""
        ...


class SystemClock:
    """The session clock of a real plant: session time is wall time."""

    def now_ns(self) -> int:
        return wall_ns()

    def monotonic_ns(self) -> int:
        return monotonic_ns()


class SessionClock:
    """A clock with a rate and a freeze, for a simulated plant.

    ``follow`` sets it to what the simulator reports; between reports it runs on at ``rate``.
    """

    def __init__(self, start_ns: int | None = None) -> None:
        self._anchor_session = wall_ns() if start_ns is None else start_ns
        self._anchor_mono = monotonic_ns()
        self._rate = 1.0

    @property
    def rate(self) -> float:
        """Session seconds per wall second; 0 when frozen."""
        return self._rate

    def follow(self, session_ns: int, rate: float) -> None:
        """Take the simulator's time and rate (0 = frozen) from here on."""
        self._anchor_session, self._anchor_mono, self._rate = session_ns, monotonic_ns(), rate

    def session_of(self, wall: int) -> int:
        """Session time of a recent wall time (both UTC ns), at the present rate."""
        return self.now_ns() - int((wall_ns() - wall) * self._rate)

    def now_ns(self) -> int:
        return self._anchor_session + int((monotonic_ns() - self._anchor_mono) * self._rate)

    def monotonic_ns(self) -> int:
        return monotonic_ns()

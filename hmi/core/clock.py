"""Time for the product: UTC as integer nanoseconds, and a monotonic clock that no one can set.

Process timers (delays, shelving, calculations, history) run on the session clock, which a simulator may
freeze or speed up. Network time-outs, ages, expiries and painting use ``monotonic_ns`` (design 2b.4).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
STEP_NS = NS_PER_S
"""A difference of the system clock from here on was set by somebody; below it is drift."""


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


class PlantClock:
    """The session clock of a runtime on a real plant: wall time that runs on when somebody sets the system clock.

    ``settle`` is called often: drift is taken little by little, so that time never goes back, and a step is taken
    whole and told, so that process timers can be moved with it (reliability row 24).
    """

    def __init__(
        self, wall: Callable[[], int] = wall_ns, monotonic: Callable[[], int] = monotonic_ns
    ) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._anchor, self._anchor_mono = wall(), monotonic()

    def now_ns(self) -> int:
        return self._anchor + self._monotonic() - self._anchor_mono

    def monotonic_ns(self) -> int:
        return self._monotonic()

    def settle(self) -> int:
        """Stay with the system clock; by how many ns it was set, 0 when it was not."""
        passed = self._monotonic() - self._anchor_mono
        now = self._anchor + passed
        apart = self._wall() - now
        stepped = abs(apart) >= STEP_NS
        move = apart if stepped else max(-passed // 2, min(apart, passed // 2))
        self._anchor, self._anchor_mono = now + move, self._anchor_mono + passed
        return apart if stepped else 0


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

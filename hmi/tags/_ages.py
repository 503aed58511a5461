"""Proof of life of source groups and of controllers, judged on the monotonic clock (design 3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from hmi.core.clock import NS_PER_MS, Clock

LEAST_LIMIT_MS = 2_000
PERIODS = 3


def limit_ms(period_ms: int) -> int:
    """Age beyond which a source group is stale: max(2 s, 3 periods)."""
    return max(LEAST_LIMIT_MS, PERIODS * period_ms)


@dataclass(slots=True)
class GroupAge:
    """One source group; ``alive_ns`` monotonic, ``heard`` once it gave a first sign of life, the last one at
    ``alive_at`` (session time, UTC ns).
    """

    name: str
    connection: str
    limit_ms: int
    alive_ns: int
    handles: list[int] = field(default_factory=list[int])
    heard: bool = False
    stale: bool = False
    alive_at: int = 0

    @property
    def surely_seen_at(self) -> int:
        """Up to when (session time, UTC ns) an unchanged value is known once nothing comes any more.

        What a device sends tells of a moment that is past already: a change of the last period may have been lost.
        """
        return max(self.alive_at - self.limit_ms // PERIODS * NS_PER_MS, 0)

    def age_ms(self, mono_ns: int) -> int:
        return max(0, (mono_ns - self.alive_ns) // NS_PER_MS)

    def is_late(self, mono_ns: int) -> bool:
        return self.heard and self.age_ms(mono_ns) > self.limit_ms


@dataclass(slots=True)
class LifeCounter:
    """The counter that proves that a controller scans its program, not only that its link is up.

    Its time runs with the session: a frozen simulator freezes its controllers on purpose.
    """

    connection: str
    handle: int
    limit_ms: int
    last: object = None
    still_ms: float = 0.0
    frozen: bool = False

    def watch(self, value: object, elapsed_ms: float) -> bool:
        """True while the counter has stood still for too long; ``value`` None = not known.

        One that stood proves life only when it moves: a gap, or another place to read it from, ends nothing.
        """
        if self.frozen and (value is None or self.last is None):
            self.last = value
            return True
        if value is None or value != self.last:
            self.last, self.still_ms = value, 0.0
        else:
            self.still_ms += elapsed_ms
        return self.still_ms > self.limit_ms


class LifeTime:
    """Milliseconds between two looks, slowed as the session is (never faster than real time)."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._last = clock, clock.monotonic_ns()

    def elapsed_ms(self) -> float:
        now = self._clock.monotonic_ns()
        passed, self._last = now - self._last, now
        return passed / NS_PER_MS * min(1.0, float(getattr(self._clock, "rate", 1.0)))


def combined_name(groups: Iterable[str]) -> str:
    """Name of the group that a derived tag lives with: all groups of its sources."""
    return "|".join(sorted(set(groups)))


def combined_age(members: Sequence[GroupAge], mono_ns: int) -> tuple[int, int]:
    """(age, limit) of tags that rest on several groups: late exactly when one of them is."""
    limit = max(one.limit_ms for one in members)
    return max(0, limit + max(one.age_ms(mono_ns) - one.limit_ms for one in members)), limit

"""Keeps account of which units behind a connection answer, and demotes those that do not (standards 4.8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from hmi.core.clock import NS_PER_S, monotonic_ns


@dataclass(slots=True)
class Unit:
    """One device address: time-outs in a row, and when a demoted unit is probed next (monotonic ns)."""

    number: int
    demote_after: int
    probe_ns: int
    missed: int = 0
    probe_at: int = 0
    last_error: str = ""

    @property
    def is_demoted(self) -> bool:
        return self.missed >= self.demote_after

    def is_due(self) -> bool:
        """Whether it may be asked now; taking the turn of a demoted unit moves its next probe."""
        if not self.is_demoted:
            return True
        now = monotonic_ns()
        if now < self.probe_at:
            return False
        self.probe_at = now + self.probe_ns
        return True

    def answered(self) -> None:
        self.missed = 0

    def miss(self, why: str) -> None:
        self.missed += 1
        self.last_error = why
        if self.missed == self.demote_after:
            self.probe_at = monotonic_ns() + self.probe_ns


@dataclass(slots=True)
class Units:
    """All units of a connection and which of them were silent since the last answer of any."""

    known: dict[int, Unit] = field(default_factory=dict)
    silent: set[int] = field(default_factory=set)
    row: int = 0
    latest: int = -1

    @classmethod
    def of(cls, numbers: Iterable[int], *, demote_after: int, probe_s: float) -> Units:
        probe_ns = int(probe_s * NS_PER_S)
        return cls({number: Unit(number, demote_after, probe_ns) for number in sorted(set(numbers))})

    def follow(self, numbers: Iterable[int]) -> None:
        """Other units are asked from here on; what is known of those that stay is kept."""
        some = next(iter(self.known.values()))
        fresh = Units.of(numbers, demote_after=some.demote_after, probe_s=some.probe_ns / NS_PER_S).known
        kept = {number: self.known.get(number, unit) for number, unit in fresh.items()}
        self.known.clear()
        self.known.update(kept)
        self.silent &= kept.keys()

    def answered(self, number: int) -> None:
        """Any answer proves the unit and the line."""
        self.row = 0
        self.latest = number
        if self.silent:
            self.silent.clear()
        self.known[number].answered()

    def gateway_missed(self, number: int, why: str) -> None:
        """The gateway says that the unit is silent: the line itself is fine."""
        self.row = 0
        self.silent.clear()
        self.known[number].miss(why)

    def missed(self, number: int, why: str) -> None:
        self.row += 1
        self.silent.add(number)
        self.known[number].miss(why)

    def others(self, number: int) -> list[int]:
        """Units that could prove the line while ``number`` is silent; the one that answered last comes first."""
        able = [unit.number for unit in self.known.values() if not unit.is_demoted and unit.number != number]
        return sorted(able, key=lambda other: other != self.latest)

    @property
    def is_line_dead(self) -> bool:
        """Since the last answer enough was asked, and no unit is left that might still answer."""
        hopeless = all(unit.is_demoted or unit.number in self.silent for unit in self.known.values())
        return hopeless and self.row >= next(iter(self.known.values())).demote_after

"""Wrong passwords: growing waits for an account and a station, and the lock of an account (CR 1.11, D2); pure.

A try counts as wrong from the moment it begins until its password is found right: tries at the same time gain nothing.
All times are monotonic ns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from hmi.core.clock import NS_PER_MS, NS_PER_S
from hmi.project.plant import SessionRules

LONGEST_S: Final = 60
MOST_KEYS: Final = 1_000
_MINUTE_NS: Final = 60 * NS_PER_S


class Whose(Enum):
    """What wrong passwords are counted for."""

    ACCOUNT = "account"
    STATION = "station"


Key = tuple[Whose, str]


@dataclass(slots=True)
class _Count:
    """``under_way`` of the failures are tries whose password is being looked at."""

    failures: int = 0
    under_way: int = 0
    last_ns: int = 0
    until_ns: int = 0


class Lockout:
    """Counts of one runtime; bounded whatever names are tried.

    An account is locked at ``lock_failures``; a station never is: whoever knows the password gets in after a wait.
    """

    def __init__(self, rules: SessionRules, now: Callable[[], int]) -> None:
        self.rules, self._now = rules, now
        self._counts: dict[Key, _Count] = {}

    def wait_ms(self, user: str, station: str) -> int:
        """How long no try of this account at this station is looked at; 0 = now."""
        now = self._now()
        ends = [count.until_ns for key in _keys(user, station) if (count := self._counts.get(key))]
        return max(0, *(-(-(end - now) // NS_PER_MS) for end in ends), 0)

    def begin(self, user: str, station: str) -> None:
        """A try begins."""
        now = self._now()
        for key in _keys(user, station):
            self._make_room(now)
            count = self._counts.setdefault(key, _Count())
            if self._is_over(count, now):
                count.failures = 0
            count.failures += 1
            count.under_way += 1
            count.last_ns = now
            count.until_ns = now + self._wait_ns(key[0], count.failures)

    def succeeded(self, user: str, station: str) -> None:
        """Its password was right."""
        for key in _keys(user, station):
            self._counts.pop(key, None)

    def failed(self, user: str, station: str) -> None:
        """Its password was wrong."""
        for key in _keys(user, station):
            if (count := self._counts.get(key)) is not None:
                count.under_way = max(0, count.under_way - 1)

    def forget(self, user: str) -> bool:
        """A person with the right to do so opens an account; True when anything was counted."""
        return self._counts.pop((Whose.ACCOUNT, user), None) is not None

    def locked(self) -> frozenset[Key]:
        """Accounts that are locked, and stations with as many wrong passwords in a row."""
        now, most = self._now(), self.rules.lock_failures
        return frozenset(
            key
            for key, count in self._counts.items()
            if count.failures - count.under_way >= most and not self._is_over(count, now)
        )

    def locked_ms(self, user: str) -> int:
        """How long an account is locked yet; 0 = it is not."""
        count = self._counts.get((Whose.ACCOUNT, user))
        if count is None or (Whose.ACCOUNT, user) not in self.locked():
            return 0
        return max(0, -(-(count.until_ns - self._now()) // NS_PER_MS))

    def _wait_ns(self, whose: Whose, failures: int) -> int:
        if whose is Whose.ACCOUNT and failures >= self.rules.lock_failures:
            return int(self.rules.lock_min * _MINUTE_NS)
        return min(LONGEST_S, 2 ** min(failures - 1, 10)) * NS_PER_S

    def _is_over(self, count: _Count, now: int) -> bool:
        """Nobody tried for as long as a lock lasts: it begins from nothing again."""
        return now - count.last_ns >= self.rules.lock_min * _MINUTE_NS

    def _make_room(self, now: int) -> None:
        """What is over goes first, then what was tried least: a flood of names frees no account."""
        if len(self._counts) < MOST_KEYS:
            return
        for key in [key for key, count in self._counts.items() if self._is_over(count, now)]:
            del self._counts[key]
        if len(self._counts) >= MOST_KEYS:
            least = min(self._counts, key=lambda key: (self._counts[key].failures, self._counts[key].last_ns))
            del self._counts[least]


def _keys(user: str, station: str) -> tuple[Key, Key]:
    return (Whose.ACCOUNT, user[:64]), (Whose.STATION, station)

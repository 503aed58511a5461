"""Turns OPC UA time stamps into UTC nanoseconds and refuses the impossible ones (standards 3.2)."""

from __future__ import annotations

FILETIME_1970 = 116_444_736_000_000_000
AHEAD_NS = 600 * 1_000_000_000
FOREVER_NS = 1 << 62
_KEPT_NS = range(-(1 << 63), 1 << 63)


def ns_of(ticks: int) -> int:
    """UTC ns of a count of 100 ns since 1601; negative before 1970."""
    return (ticks - FILETIME_1970) * 100


def ticks_of(ns: int) -> int:
    """Count of 100 ns since 1601."""
    return ns // 100 + FILETIME_1970


def kept(ns: int) -> int | None:
    """A time that is a value; None for one that no count of ns holds (before 1677, after 2262), such as 1601,
    which OPC UA writes for a time that was never set.
    """
    return ns if ns in _KEPT_NS else None


class TimeRule:
    """Picks the time of a value: source, else server, else receive time; counts what it refused."""

    def __init__(self) -> None:
        self.is_simulated = False
        self.refused = 0

    def latest(self, now_ns: int) -> int:
        """The last source time that is taken; a simulator's clock may run ahead."""
        return FOREVER_NS if self.is_simulated else now_ns + AHEAD_NS

    def pick(self, source_ticks: int, server_ticks: int, now_ns: int) -> int:
        """UTC ns; 0 ticks mean that the time is missing."""
        for ticks in (source_ticks, server_ticks):
            if ticks:
                if 0 <= (at := ns_of(ticks)) <= self.latest(now_ns):
                    return at
                self.refused += 1
        return now_ns

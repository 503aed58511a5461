"""Fixed bins of clock time in the plant's zone: ten minutes, hours and days (standards 1.11)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hmi.core.clock import NS_PER_S

BIN_S, HOUR_S, DAY_S = 600, 3_600, 86_400
_PROBE_S = 6 * HOUR_S  # no zone changes its clock twice within such a time


class Bins:
    """The bins that a window touches, as their starts in UTC ns; ``end`` is where the last of them ends.

    A bin begins at a multiple of its length by the clock of the zone: an hour that daylight saving adds has
    six more of ten minutes, and one that it takes away has six fewer.
    """

    def __init__(self, start_ns: int, end_ns: int, zone: tzinfo, length_s: int) -> None:
        first, last = start_ns // NS_PER_S, -(-end_ns // NS_PER_S)
        found = list(_edges(first, last, zone, length_s))
        self.end = found.pop() * NS_PER_S
        self.starts = [at * NS_PER_S for at in found]
        self._low = self._high = self._index = 0

    def __len__(self) -> int:
        return len(self.starts)

    def index(self, at_ns: int) -> int:
        """The bin of a time inside the window."""
        if not self._low <= at_ns < self._high:
            self._index = index = bisect_right(self.starts, at_ns) - 1
            self._low, self._high = self.starts[index], self.end_of(index)
        return self._index

    def end_of(self, index: int) -> int:
        """Where a bin ends, UTC ns."""
        return self.starts[index + 1] if index + 1 < len(self.starts) else self.end


def zone_named(name: str) -> tzinfo:
    """The zone of an IANA name; UTC for one that this machine does not know."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _edges(first: int, last: int, zone: tzinfo, length: int) -> Iterator[int]:
    """Starts of the bins from the one around ``first``, and the end of the one before ``last``; seconds UTC."""
    spans = _spans(first - 2 * DAY_S, last + 2 * DAY_S, zone)
    edges: list[int] = []
    for begin, until, offset in spans:
        edges += range(begin + -(begin + offset) % length, until, length)
    low = bisect_right(edges, first) - 1
    for index in range(low, len(edges)):
        yield edges[index]
        if edges[index] >= last and index > low:
            return


def _spans(begin: int, end: int, zone: tzinfo) -> Iterator[tuple[int, int, int]]:
    """(start, end, offset) of each time with one offset from UTC, in seconds."""
    start, offset = begin, _offset(begin, zone)
    at = begin
    while at < end:
        following = min(at + _PROBE_S, end)
        other = _offset(following, zone)
        if other != offset:
            turn = _turn(at, following, offset, zone)
            yield start, turn, offset
            start, offset = turn, other
        at = following
    yield start, end, offset


def _turn(low: int, high: int, offset: int, zone: tzinfo) -> int:
    """The first second of (low, high] with another offset."""
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(middle, zone) == offset:
            low = middle
        else:
            high = middle
    return high


def _offset(at: int, zone: tzinfo) -> int:
    offset = datetime.fromtimestamp(at, zone).utcoffset() or timedelta()
    return int(offset.total_seconds())

"""Follows one refresh: which items have begun and ended to be told, and whether something was lost in it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable

from hmi.drivers.opcua._within import within


class Telling:
    """The server tells its conditions to the items ``expected`` (client handles), each between two marks.

    The mark at the beginning is the oldest of its queue: where it is missing, what came after it may be missing too.
    """

    def __init__(self, expected: Iterable[int]) -> None:
        self.expected = frozenset(expected)
        self.is_lossy = False
        self._begun: set[int] = set()
        self._ended: set[int] = set()
        self._turn, self._all_ended = asyncio.Event(), asyncio.Event()

    def begins(self, handle: int) -> bool:
        """Whether this is the first mark of the refresh."""
        if handle not in self.expected:
            return False
        self._begun.add(handle)
        return len(self._begun) == 1

    def ends(self, handle: int) -> bool:
        """Whether this was the last mark, and everything was told."""
        if handle not in self.expected or self._all_ended.is_set():
            return False
        if handle not in self._begun:
            self.breaks()
        self._ended.add(handle)
        if self._ended != self.expected:
            return False
        self._all_ended.set()
        self._turn.set()
        return not self.is_lossy

    def breaks(self) -> None:
        """Events of it are missing."""
        self.is_lossy = True
        self._turn.set()

    async def over(self, limit_s: float, grace_s: float) -> bool:
        """Wait for its end; whether it came. Where something is lost the end may be too: only ``grace_s`` then."""
        try:
            async with within(limit_s):
                await self._turn.wait()
            async with within(grace_s):
                await self._all_ended.wait()
        except TimeoutError:
            pass
        return self._all_ended.is_set()


class Fullness:
    """Some servers drop events without a word: as many as the queue holds, within one interval, are too many."""

    def __init__(self, interval_ns: int) -> None:
        self._interval_ns = interval_ns
        self._recent: dict[int, deque[tuple[int, int]]] = {}

    def forget(self, handle: int) -> None:
        """The item is there no longer, or has another queue."""
        self._recent.pop(handle, None)

    def is_full(self, handle: int, count: int, queue: int, now_ns: int) -> bool:
        """``count`` events of an item came now; ``queue`` is how many the server keeps of it, 0 = not known."""
        recent = self._recent.setdefault(handle, deque())
        recent.append((now_ns, count))
        while recent and not 0 <= now_ns - recent[0][0] < self._interval_ns:
            recent.popleft()
        if not queue or sum(number for _time, number in recent) < queue:
            return False
        recent.clear()
        return True

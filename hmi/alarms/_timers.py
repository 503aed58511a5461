"""One queue for everything of an alarm that ends at a time: delays, shelves, repeats, samples; pure."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from hmi.alarms._condition_state import Alarm
from hmi.core.clock import NS_PER_S

DELAY = "delay"
SHELF = "shelf"
SHELF_PROMPT = "shelf prompt"
OOS_REMINDER = "out of service"
REALARM = "realarm"
LOOK = "look"
"""Judge the alarm again though no value came: a hold ends, a slope needs a sample, a value stood still."""

PROMPT_BEFORE_NS = 300 * NS_PER_S
"""How long before its end somebody is told of a shelf."""
_SPARE = 1_000


class Timers:
    """Times are session time, UTC ns. What an alarm says of itself counts: an entry that it does not know any
    more is passed over.
    """

    def __init__(self) -> None:
        self.heap: list[tuple[int, int, str, Alarm]] = []
        self._order = 0
        self._alive = _SPARE

    def push(self, alarm: Alarm, name: str, at: int) -> None:
        """The alarm itself says until when its delay and its shelf last; other times are noted here."""
        if name not in (DELAY, SHELF):
            alarm.wakes[name] = at
        self._order += 1
        heapq.heappush(self.heap, (at, self._order, name, alarm))
        if len(self.heap) > 2 * self._alive:
            self._sweep()

    def due(self, now_ns: int) -> Iterator[tuple[int, str, Alarm]]:
        """Everything that has ended by now, in order of time; what is pushed meanwhile comes too."""
        while self.heap and self.heap[0][0] <= now_ns:
            at, _, name, alarm = heapq.heappop(self.heap)
            if _time_of(alarm, name) == at:
                if name not in (DELAY, SHELF):
                    del alarm.wakes[name]
                yield at, name, alarm

    def next(self) -> int:
        """Time of the next one, 0 = there is none."""
        while self.heap and _time_of(self.heap[0][3], self.heap[0][2]) != self.heap[0][0]:
            heapq.heappop(self.heap)
        return self.heap[0][0] if self.heap else 0

    def clear(self) -> None:
        self.heap.clear()

    def shift(self, by_ns: int) -> None:
        """The clock was set: every time moves with it, the order stays."""
        self.heap = [(at + by_ns, order, name, alarm) for at, order, name, alarm in self.heap]

    def _sweep(self) -> None:
        """A value that crosses its limit without end leaves old entries behind."""
        kept = {(id(alarm), name, at): (at, order, name, alarm) for at, order, name, alarm in self.heap}
        self.heap = [entry for entry in kept.values() if _time_of(entry[3], entry[2]) == entry[0]]
        heapq.heapify(self.heap)
        self._alive = max(len(self.heap), _SPARE)


def _time_of(alarm: Alarm, name: str) -> int:
    if name == DELAY:
        return alarm.due
    return alarm.shelve_until if name == SHELF else alarm.wakes.get(name, 0)

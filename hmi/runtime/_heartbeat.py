"""Heartbeats by number: what a command's time to live is counted from (design section 4)."""

from __future__ import annotations

from collections import OrderedDict

from hmi.core.clock import NS_PER_MS, monotonic_ns, wall_ns

REMEMBERED = 300


class Heartbeats:
    """Numbers the batches of the live lane and remembers when each number was sent.

    Numbers start at the wall clock's milliseconds: ten a second never catch up with it, so that after a
    restart no number comes again and a command from before it is too old.
    """

    def __init__(self) -> None:
        self._times: OrderedDict[int, int] = OrderedDict()
        self.number = wall_ns() // NS_PER_MS

    def next(self) -> int:
        """A new number, sent now."""
        self.number += 1
        self._times[self.number] = monotonic_ns()
        if len(self._times) > REMEMBERED:
            self._times.popitem(last=False)
        return self.number

    def forget(self) -> None:
        """No number of before counts any more: what a screen showed then has another meaning now."""
        self._times.clear()

    def sent_at(self, number: int) -> int | None:
        """Monotonic ns of a heartbeat; None when it is too old or was never sent."""
        return self._times.get(number)

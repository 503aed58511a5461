"""The intervals of a processed read (Part 13 5.4.2.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hmi.core.history import ReadProcessed
from hmi.historian.samples import Times

TICK_NS: Final = 1_000_000
"""Time resolution of results: the last region of the data ends so long after its sample, and an interval's effective
end lies so long before its end.
"""
MOST_INTERVALS: Final = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Intervals:
    """``edges``: UTC ns, ascending, one more than intervals. Forwards an interval holds its early edge, backwards its
    late one; ``cut`` says which interval is shorter than asked for (-1: none).
    """

    edges: Times
    backwards: bool
    cut: int

    def __len__(self) -> int:
        return len(self.edges) - 1

    @classmethod
    def of(cls, request: ReadProcessed) -> Intervals:
        """ValueError when the range or the interval makes no sense."""
        low, high = sorted((request.start, request.end))
        if low == high:
            raise ValueError("the range is empty: its start is its end")
        if request.interval_ns < 0:
            raise ValueError("an interval is not negative; 0 takes the whole range as one")
        step = request.interval_ns or high - low
        count = -(-(high - low) // step)
        if count > MOST_INTERVALS:
            raise ValueError(f"{count} intervals are more than {MOST_INTERVALS}; use a longer interval")
        backwards = request.start > request.end
        steps = np.arange(count + 1, dtype=np.int64) * step
        edges = (high - steps)[::-1] if backwards else low + steps
        edges[0], edges[-1] = low, high
        is_cut = count * step != high - low
        return cls(edges.copy(), backwards, -1 if not is_cut else 0 if backwards else count - 1)

    def of_samples(self, times: Times) -> NDArray[np.int64]:
        """The interval of each instant; -1 or ``len`` outside."""
        if self.backwards:
            return np.searchsorted(self.edges, times, side="left") - 1
        return np.searchsorted(self.edges, times, side="right") - 1

    def begin_of(self, place: int) -> int:
        """The timestamp of results: where the interval begins in the direction of the read."""
        return int(self.edges[place + 1 if self.backwards else place])

    def effective_end_of(self, place: int) -> int:
        """The instant right before the end in the direction of the read (Part 13 3.1.3)."""
        end = int(self.edges[place if self.backwards else place + 1])
        return end + TICK_NS if self.backwards else end - TICK_NS

    def length_of(self, place: int) -> int:
        return int(self.edges[place + 1] - self.edges[place])

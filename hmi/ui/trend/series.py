"""The samples of one pen: history before, live values after, Bad and stale times as gaps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from hmi.core.clock import NS_PER_S
from hmi.core.values import DataValue
from hmi.mimics import number_of
from hmi.ui.trend.decimate import Floats

CAPACITY: Final = 4096
KEEP_S: Final = 9 * 3600
MAX_POINTS: Final = 2_000_000


class Series:
    """Times in seconds since ``base_ns``; values NaN where there is none; status words beside them."""

    def __init__(self, base_ns: int) -> None:
        self.base_ns = base_ns
        self._times = np.empty(CAPACITY)
        self._values = np.empty(CAPACITY)
        self._status = np.empty(CAPACITY, dtype=np.uint32)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def times(self) -> Floats:
        return self._times[: self._count]

    @property
    def values(self) -> Floats:
        return self._values[: self._count]

    def seconds(self, at_ns: int) -> float:
        return (at_ns - self.base_ns) / NS_PER_S

    def backfill(self, samples: Iterable[DataValue]) -> None:
        """History in time order; what is already here and later than history stays."""
        page = [(self.seconds(s.source_time), _number(s), s.status) for s in samples if s.source_time]
        if not page:
            return
        times = np.array([one[0] for one in page])
        keep = self.times > times[-1]
        self._set(
            np.concatenate((times, self.times[keep])),
            np.concatenate((np.array([one[1] for one in page]), self.values[keep])),
            np.concatenate(
                (np.array([one[2] for one in page], np.uint32), self._status[: self._count][keep])
            ),
        )

    def append(self, data: DataValue, now_ns: int) -> None:
        """A live value; one that is older than the last is ignored."""
        at = self.seconds(min(data.source_time or now_ns, now_ns))
        if self._count and at <= self._times[self._count - 1]:
            if at < self._times[self._count - 1]:
                return
            self._count -= 1
        self._grow()
        self._times[self._count], self._values[self._count] = at, _number(data)
        self._status[self._count] = data.status
        self._count += 1

    def at(self, seconds: float) -> tuple[float, int] | None:
        """Value and status that held at an instant; None before the first sample."""
        index = int(np.searchsorted(self.times, seconds, side="right")) - 1
        return (float(self._values[index]), int(self._status[index])) if index >= 0 else None

    def extent(self, start: float, end: float) -> tuple[float, float] | None:
        """Least and greatest value in a window."""
        a, b = np.searchsorted(self.times, (start, end))
        part = self.values[max(a - 1, 0) : b]
        part = part[np.isfinite(part)]
        return (float(part.min()), float(part.max())) if len(part) else None

    def _grow(self) -> None:
        if self._count < len(self._times):
            return
        old = max(int(np.searchsorted(self.times, self._times[self._count - 1] - KEEP_S)), 0)
        old = max(old, self._count - MAX_POINTS)
        self._set(self.times[old:], self.values[old:], self._status[old : self._count])

    def _set(self, times: Floats, values: Floats, status: np.ndarray) -> None:
        count = len(times)
        room = max(2 * count, CAPACITY)
        for name, data in (("_times", times), ("_values", values), ("_status", status)):
            fresh = np.empty(room, dtype=data.dtype)
            fresh[:count] = data
            setattr(self, name, fresh)
        self._count = count


def _number(data: DataValue) -> float:
    number = number_of(data)
    return float("nan") if number is None else float(number)

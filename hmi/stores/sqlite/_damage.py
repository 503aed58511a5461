"""What stands in for samples that cannot be trusted, and the list of what was found damaged."""

from __future__ import annotations

import threading
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hmi.core.history import SampleFlag
from hmi.historian.port import Damage
from hmi.historian.samples import Samples, ValueKind

BAD_DATA_LOST: Final = 0x809D0000
BAD_DATA_UNAVAILABLE: Final = 0x809E0000
_MOST: Final = 10_000


def lost(time: int, status: int = BAD_DATA_LOST) -> Samples:
    """One Bad sample at an instant (UTC ns): nothing is known from here to the next one."""
    at = np.array([time], np.int64)
    return Samples(
        at,
        np.zeros(1, np.uint64),
        np.array([ValueKind.NONE], np.uint8),
        np.array([status], np.uint32),
        at,
        np.array([SampleFlag.GAP_BEFORE], np.uint16),
        np.zeros(1, np.uint16),
        np.zeros(1, np.uint32),
    )


def stands_in(samples: Samples) -> NDArray[np.bool_]:
    """Which samples only say that others are lost or not kept any more."""
    told = np.isin(samples.statuses, (BAD_DATA_LOST, BAD_DATA_UNAVAILABLE)) & (
        samples.kinds == ValueKind.NONE
    )
    return told & (samples.flags == SampleFlag.GAP_BEFORE) & (samples.receives == samples.times)


class DamageList:
    """Damage that this process met, each once; safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[tuple[str, str, int], Damage] = {}

    def add(self, damage: Damage) -> None:
        with self._lock:
            if len(self._found) < _MOST:
                self._found.setdefault((damage.file, damage.block, damage.tag), damage)

    def forget(self, file: str) -> None:
        """A file that was read again and is sound, or is none any more."""
        with self._lock:
            for key in [key for key in self._found if key[0] == file]:
                del self._found[key]

    def all(self) -> list[Damage]:
        with self._lock:
            return sorted(self._found.values(), key=lambda one: (one.file, one.start, one.tag))

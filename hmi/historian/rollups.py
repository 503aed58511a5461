"""Rollups: one row per interval of a level, exact for minimum, maximum, first, last and count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hmi.core.clock import NS_PER_S

MINUTE: Final = 60 * NS_PER_S
TEN_MINUTES: Final = 600 * NS_PER_S
HOUR: Final = 3_600 * NS_PER_S


@dataclass(frozen=True, slots=True, eq=False)
class Rollups:
    """Rows of one level of one tag in time order; intervals without any sample have no row.

    ``starts``: UTC ns, multiples of the level. ``low``, ``high``, ``first``, ``last``: over samples that are not Bad,
    NaN without one; ``low_at``, ``high_at``, ``last_at``: their source times. ``mean``: time-weighted over what is not
    Bad, the value before the interval standing at its begin. ``counts``: all samples; ``good``: Good ones. ``worst``:
    worst status code. ``covered``: ns that were not Bad.
    """

    level: int
    starts: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    first: NDArray[np.float64]
    last: NDArray[np.float64]
    low_at: NDArray[np.int64]
    high_at: NDArray[np.int64]
    last_at: NDArray[np.int64]
    mean: NDArray[np.float64]
    counts: NDArray[np.uint32]
    good: NDArray[np.uint32]
    worst: NDArray[np.uint32]
    covered: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts)

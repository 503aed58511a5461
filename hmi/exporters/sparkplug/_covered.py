"""Which samples were told live, so that the package that brings them does not tell them again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hmi.core.clock import NS_PER_S
from hmi.export.port import Rows

MOST = 200_000
"""Samples that are remembered; those that fall out come again as history, which changes nothing."""
_KEPT_NS = 10 * NS_PER_S


class Covered:
    """A set of (series, time) that is emptied by what is asked of it."""

    def __init__(self) -> None:
        self._told: dict[tuple[int, int], None] = {}

    def add(self, rows: Rows) -> None:
        self._told |= dict.fromkeys(zip(rows.places.tolist(), rows.samples.times.tolist(), strict=True))
        for _ in range(len(self._told) - MOST):
            del self._told[next(iter(self._told))]

    def of(self, rows: Rows) -> NDArray[np.bool_]:
        """Rows that were told, each sample once: a correction of it is none of them."""
        told, missing = self._told, object()
        pairs = zip(rows.places.tolist(), rows.samples.times.tolist(), strict=True)
        found = np.fromiter((told.pop(pair, missing) is None for pair in pairs), np.bool_, len(rows))
        if len(rows):
            oldest = int(rows.samples.times.max()) - _KEPT_NS
            self._told = {pair: None for pair in told if pair[1] >= oldest}
        return found

    def clear(self) -> None:
        self._told.clear()

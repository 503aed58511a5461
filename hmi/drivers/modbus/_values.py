"""Builds many Good values of one moment, in a loop that runs in C."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from typing import Any

from hmi.core.values import DataValue


def good_values(values: Sequence[Any], now: int) -> list[DataValue]:
    """``DataValue(value, GOOD, now, now)`` for each value."""
    rows = zip(values, repeat(0), repeat(now), repeat(now), strict=False)
    return list(map(tuple.__new__, repeat(DataValue), rows))

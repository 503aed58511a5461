"""Builds many Good values of one moment at half the cost of one by one."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import repeat
from typing import Any

from hmi.core.values import DataValue

_FEW = 8
_value, _status, _source, _receive = (
    DataValue.__dict__[name].__set__ for name in ("value", "status", "source_time", "receive_time")
)
_exhaust = deque[Any](maxlen=0).extend


def good_values(values: Sequence[Any], now: int) -> list[DataValue]:
    """``DataValue(value, GOOD, now, now)`` for each value; loops in C over the slots of the frozen class."""
    if len(values) < _FEW:
        return [DataValue(value, 0, now, now) for value in values]
    made = list(map(object.__new__, repeat(DataValue, len(values))))
    _exhaust(map(_value, made, values))
    _exhaust(map(_status, made, repeat(0)))
    _exhaust(map(_source, made, repeat(now)))
    _exhaust(map(_receive, made, repeat(now)))
    return made

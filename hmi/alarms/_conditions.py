"""The comparator of an alarm: a value in, condition present or not (standards 1.4); pure.

Limits are compared as ``not (v < L)`` so that a number that is none can never hide an alarm.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

from hmi.core.values import Value
from hmi.project.plant import AlarmDef

Comparator: TypeAlias = Callable[[Value, bool], bool]

# a deviation is compared by its size, a falling rate by its negative
_ABOVE = frozenset(("high", "high_high", "deviation", "rate_up", "rate_down"))


def comparator_of(alarm: AlarmDef) -> Comparator:
    """``condition(value, was_present) -> present`` for the kind of alarm; deadband only while present."""
    return comparator_at(alarm, alarm.limit)


def comparator_at(alarm: AlarmDef, limit: float) -> Comparator:
    """The same at another limit, for limits by state."""
    return _comparator(alarm.kind, limit, alarm.deadband)


@lru_cache(maxsize=10_000)
def _comparator(kind: str, limit: float, deadband: float) -> Comparator:
    """Alarms that compare alike share one."""
    if kind in _ABOVE:
        return _high(limit, deadband)
    if kind in ("low", "low_low"):
        return _low(limit, deadband)
    if kind == "discrete":
        return _discrete(limit)
    return lambda value, was: bool(value)


def _high(limit: float, deadband: float) -> Comparator:
    release = limit - deadband

    def present(value: Value, was: bool) -> bool:
        if not isinstance(value, int | float):
            return was
        return not (value < release) if was else not (value < limit)

    return present


def _low(limit: float, deadband: float) -> Comparator:
    release = limit + deadband

    def present(value: Value, was: bool) -> bool:
        if not isinstance(value, int | float):
            return was
        return not (value > release) if was else not (value > limit)

    return present


def _discrete(wanted: float) -> Comparator:
    """Equal to ``limit``: 1 (the default) means on, 0 means off, another number is a state."""

    def present(value: Value, was: bool) -> bool:
        return value == wanted if isinstance(value, bool | int | float) else was

    return present

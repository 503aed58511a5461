"""The comparator of an alarm: a value in, condition present or not (standards 1.4); pure.

Limits are compared as ``not (v < L)`` so that a number that is none can never hide an alarm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from hmi.core.values import Value
from hmi.project.plant import AlarmDef

Comparator: TypeAlias = Callable[[Value, bool], bool]


def comparator_of(alarm: AlarmDef) -> Comparator:
    """``condition(value, was_present) -> present`` for the kind of alarm; deadband only while present."""
    if alarm.kind in ("high", "high_high"):
        return _high(alarm.limit, alarm.deadband)
    if alarm.kind in ("low", "low_low"):
        return _low(alarm.limit, alarm.deadband)
    if alarm.kind == "discrete":
        return _discrete(alarm.limit)
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

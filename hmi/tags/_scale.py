"""One conversion function per tag, compiled from its definition: raw DataValue to engineering DataValue."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import TypeAlias

from hmi.core import quality
from hmi.core.values import DataValue, EURange, Value, ValueType
from hmi.project.plant import Scaling, TagDef

Convert: TypeAlias = Callable[[DataValue], DataValue]
Curve: TypeAlias = Callable[[float], float]

_ABOVE = quality.UNCERTAIN_EU_EXCEEDED | quality.LIMIT_HIGH
_BELOW = quality.UNCERTAIN_EU_EXCEEDED | quality.LIMIT_LOW
# finite, so that infinity lies outside
_ANY = EURange(-sys.float_info.max, sys.float_info.max)
_WHOLE = (ValueType.INT64, ValueType.UINT64)
_FLOATS = (ValueType.FLOAT32, ValueType.FLOAT64)
# NE 43: outside these currents a 4-20 mA transmitter reports its own failure
_FAIL_LOW_MA, _FAIL_HIGH_MA = 3.6, 21.0


def converter(tag: TagDef) -> Convert | None:
    """None when the raw value is the engineering value, whole and unchecked (text, enum, bool …)."""
    if tag.scaling is not None:
        return _scaled(tag.scaling, live_zero=bool(tag.options.get("live_zero")))
    if tag.type in _FLOATS:
        return _number(tag.range or _ANY, whole=False)
    if tag.type in _WHOLE and tag.range is not None:
        return _number(tag.range, whole=True)
    return None


def converted(tag: TagDef, raw: DataValue) -> DataValue:
    """One raw value of a tag in its unit, as the tag engine makes it."""
    convert = converter(tag)
    return raw if convert is None else convert(raw)


def curve(scaling: Scaling) -> Curve:
    """Raw number to engineering number (standards 4.3)."""
    raw_low, eu_low = scaling.raw.low, scaling.eu.low
    raw_span, eu_span = scaling.raw.span, scaling.eu.span
    if scaling.kind == "sqrt":
        return lambda raw: eu_low + eu_span * math.sqrt(max(0.0, (raw - raw_low) / raw_span))
    gain = eu_span / raw_span
    return lambda raw: (raw - raw_low) * gain + eu_low


def _number(limits: EURange, *, whole: bool) -> Convert:
    low, high = limits.low, limits.high

    def convert(raw: DataValue) -> DataValue:
        value = raw.value
        kind = type(value)
        if (kind is float or kind is int) and low <= value <= high:  # type: ignore[operator]
            return raw if whole or kind is float else _with(raw, float(value))  # type: ignore[arg-type]
        return raw if value is None else _outside(raw, low, whole=whole)

    return convert


def _outside(raw: DataValue, low: float, *, whole: bool) -> DataValue:
    """A number beyond its range keeps its true size and says so; anything else is no number."""
    value = raw.value
    if type(value) is not float and type(value) is not int:
        return _failed(raw, quality.BAD_TYPE_MISMATCH)
    if not math.isfinite(value):
        return _failed(raw, quality.BAD_DEVICE_FAILURE)
    mark = _BELOW if value < low else _ABOVE
    return _with(raw, value if whole else float(value), mark)


def _scaled(scaling: Scaling, *, live_zero: bool) -> Convert:
    to_eu = curve(scaling)
    low, high, clamp = scaling.eu.low, scaling.eu.high, scaling.clamp
    root_floor = scaling.raw.low if scaling.kind == "sqrt" else -math.inf

    def convert(raw: DataValue) -> DataValue:
        value = raw.value
        if type(value) is not int and type(value) is not float:
            return raw if value is None else _failed(raw, quality.BAD_TYPE_MISMATCH)
        if not math.isfinite(value):
            return _failed(raw, quality.BAD_DEVICE_FAILURE)
        if live_zero and _transmitter_failed(value, scaling.raw):
            return _failed(raw, quality.BAD_SENSOR_FAILURE)
        eu = to_eu(value)
        if low <= eu <= high and value >= root_floor:
            return DataValue(eu, raw.status, raw.source_time, raw.receive_time)
        if not math.isfinite(eu):
            return _failed(raw, quality.BAD_OUT_OF_RANGE)
        mark = _BELOW if eu < low or value < root_floor else _ABOVE
        return _with(raw, min(max(eu, low), high) if clamp else eu, mark)

    return convert


def _transmitter_failed(raw: float, limits: EURange) -> bool:
    current = 4.0 + 16.0 * (raw - limits.low) / limits.span
    return current < _FAIL_LOW_MA or current > _FAIL_HIGH_MA


def _failed(raw: DataValue, status: int) -> DataValue:
    status = raw.status if raw.status >= quality.BAD else status
    return DataValue(None, status, raw.source_time, raw.receive_time)


def _with(raw: DataValue, value: Value, status: int = quality.GOOD) -> DataValue:
    """The worse of the device's own status and ``status``; a Bad value that carries a number keeps Bad."""
    return DataValue(value, quality.worst(raw.status, status), raw.source_time, raw.receive_time)

"""Turns values of the plant into those of OPC UA, of exactly the data type of their variable."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
from asyncua import ua

from hmi.core import quality
from hmi.core.values import DataValue, Value, ValueType
from hmi.export.digest import object_text
from hmi.export.port import ExportTag

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
FLOAT32_MAX: Final = float(np.finfo(np.float32).max)
BOUNDS: Final = {
    ua.VariantType.Int64: (-(2**63), 2**63 - 1),
    ua.VariantType.UInt64: (0, 2**64 - 1),
    ua.VariantType.UInt32: (0, 2**32 - 1),
}
_TYPES: Final = {
    ValueType.BOOL: ua.VariantType.Boolean,
    ValueType.INT64: ua.VariantType.Int64,
    ValueType.UINT64: ua.VariantType.UInt64,
    ValueType.FLOAT32: ua.VariantType.Float,
    ValueType.FLOAT64: ua.VariantType.Double,
    ValueType.STRING: ua.VariantType.String,
    ValueType.TIME: ua.VariantType.DateTime,
    ValueType.BYTES: ua.VariantType.ByteString,
    ValueType.STRUCTURE: ua.VariantType.String,
}
_NULL: Final = ua.Variant(None, ua.VariantType.Null)
_STATUS: dict[int, ua.StatusCode] = {}
_MOST_KNOWN: Final = 1_000


class Unfit(Exception):
    """A value that its variable cannot hold, with the status that says why."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def is_counted(tag: ExportTag) -> bool:
    """Whether its states are 0, 1, 2 … without a hole, so that their texts are a list."""
    return tag.type in (ValueType.ENUM, ValueType.UINT64) and sorted(tag.states) == list(
        range(len(tag.states))
    )


def data_type(tag: ExportTag) -> ua.VariantType | None:
    """The one data type of a variable; None for an array, which has that of its elements."""
    if tag.type is ValueType.ARRAY:
        return None
    if tag.type is ValueType.ENUM:
        return ua.VariantType.UInt32 if is_counted(tag) else ua.VariantType.Int64
    return _TYPES[tag.type]


def instant(ns: int) -> datetime:
    """UTC ns as a time of the library, cut to us."""
    return EPOCH + timedelta(microseconds=ns // 1_000)


def status_code(status: int) -> ua.StatusCode:
    """All 32 bits; the same object for the same code."""
    if (found := _STATUS.get(status)) is None:
        if len(_STATUS) >= _MOST_KNOWN:
            _STATUS.clear()
        found = _STATUS[status] = ua.StatusCode(status)
    return found


def encoded(kind: ua.VariantType | None, value: DataValue) -> ua.DataValue:
    """One value with status and both times; null where it is Bad or does not fit."""
    content, status = _NULL, value.status
    if status < quality.BAD and value.value is not None:
        try:
            content = _array(value.value) if kind is None else ua.Variant(_fit(kind, value.value), kind)
        except Unfit as error:
            status = error.status
    elif status < quality.BAD:
        status = quality.BAD_NO_DATA
    return ua.DataValue(
        content,
        StatusCode=status_code(status),
        SourceTimestamp=instant(value.source_time),
        ServerTimestamp=instant(value.receive_time),
    )


def _fit(kind: ua.VariantType, value: Value) -> Any:
    if kind is ua.VariantType.Double or kind is ua.VariantType.Float:
        return _float(kind, value)
    if kind in BOUNDS:
        return _integer(kind, value)
    if kind is ua.VariantType.Boolean and isinstance(value, bool):
        return value
    if kind is ua.VariantType.ByteString and isinstance(value, bytes):
        return value
    if kind is ua.VariantType.DateTime and isinstance(value, int):
        return instant(value)
    if kind is ua.VariantType.String:
        return value if isinstance(value, str) else object_text(value)
    raise Unfit(quality.BAD_TYPE_MISMATCH)


def _float(kind: ua.VariantType, value: Value) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unfit(quality.BAD_TYPE_MISMATCH)
    if kind is ua.VariantType.Float and abs(value) > FLOAT32_MAX:
        raise Unfit(quality.BAD_OUT_OF_RANGE)
    return float(value)


def _integer(kind: ua.VariantType, value: Value) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unfit(quality.BAD_TYPE_MISMATCH)
    low, high = BOUNDS[kind]
    if not low <= value <= high:
        raise Unfit(quality.BAD_OUT_OF_RANGE)
    return value


def _array(value: Value) -> ua.Variant:
    """An array of one kind as such, everything else as JSON text."""
    kinds = {type(one) for one in value} if isinstance(value, tuple) and value else set[type]()
    if kinds == {bool}:
        return ua.Variant(list(value), ua.VariantType.Boolean)  # type: ignore[arg-type]
    if kinds == {str}:
        return ua.Variant(list(value), ua.VariantType.String)  # type: ignore[arg-type]
    if kinds == {int} and all(-(2**63) <= one < 2**63 for one in value):  # type: ignore[operator,union-attr]
        return ua.Variant(list(value), ua.VariantType.Int64)  # type: ignore[arg-type]
    if kinds and kinds <= {int, float}:
        return ua.Variant([float(one) for one in value], ua.VariantType.Double)  # type: ignore[union-attr,arg-type]
    return ua.Variant(object_text(value), ua.VariantType.String)

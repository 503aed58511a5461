"""Translates values between the library and the product, and says status codes in words."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime, timedelta
from enum import Enum
from math import isfinite
from typing import Any
from uuid import UUID

from asyncua import ua
from asyncua.ua.status_codes import get_name_and_doc

from hmi.core import quality
from hmi.core.values import DataValue, Value
from hmi.drivers.opcua._address import NodeAddress
from hmi.drivers.opcua._decode import finished
from hmi.drivers.opcua._times import TimeRule, kept, ticks_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DEPTH = 20
_RANGES = {
    ua.VariantType.SByte: (-(1 << 7), (1 << 7) - 1),
    ua.VariantType.Byte: (0, (1 << 8) - 1),
    ua.VariantType.Int16: (-(1 << 15), (1 << 15) - 1),
    ua.VariantType.UInt16: (0, (1 << 16) - 1),
    ua.VariantType.Int32: (-(1 << 31), (1 << 31) - 1),
    ua.VariantType.UInt32: (0, (1 << 32) - 1),
    ua.VariantType.Int64: (-(1 << 63), (1 << 63) - 1),
    ua.VariantType.UInt64: (0, (1 << 64) - 1),
}
_FLOATS = {ua.VariantType.Float: 3.4028234663852886e38, ua.VariantType.Double: 1.7976931348623157e308}


class Unwritable(Exception):
    """A value that does not fit the type of its node; the message is one sentence."""


def node_id(address: NodeAddress, namespaces: list[str]) -> ua.NodeId | None:
    """The library's node id; None when the server does not know the namespace URI."""
    index = address.index
    if address.uri:
        if address.uri not in namespaces:
            return None
        index = namespaces.index(address.uri)
    identifier: Any = address.identifier
    return ua.NodeId(identifier, index)


def words(status: int) -> str:
    """A status code in words: its name taken apart."""
    name = get_name_and_doc(status & quality.CODE_MASK)[0]
    if name in ("Good", "Bad", "Uncertain") and status & quality.CODE_MASK & 0x3FFFFFFF:
        return f"{name.lower()} (0x{status:08X})"
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*", name)
    return " ".join(part if part.isupper() and len(part) > 1 else part.lower() for part in parts)


def ns_of_datetime(moment: datetime) -> int:
    """UTC ns; the library knows microseconds."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // _MICROSECOND * 1000


def plain(value: Any, depth: int = 0) -> Value:
    """A library value as the product keeps it: exact integers, ns for times, tuples, dicts."""
    if depth > _DEPTH:
        return None
    if value is None or type(value) in (bool, int, float, bytes):
        return value
    for kind, convert in _CONVERSIONS:
        if isinstance(value, kind):
            return convert(value)
    if isinstance(value, list | tuple):
        return tuple(plain(item, depth + 1) for item in value)
    if isinstance(value, ua.Variant):
        return plain(value.Value, depth + 1)
    if isinstance(value, ua.DataValue):
        return plain(value.Value, depth + 1)
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value) if field.name != "Encoding"]
        return {name: plain(getattr(value, name), depth + 1) for name in names}
    return text(str(value))


def text(value: str | None) -> str | None:
    """A text that can be sent on: what was not UTF-8 in the message, which the library keeps as half characters,
    is shown as replacement characters.
    """
    if value is None or value.isascii():
        return value
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


_CONVERSIONS: tuple[tuple[type, Any], ...] = (
    (bool, bool),
    (Enum, lambda value: int(value.value) if isinstance(value.value, int) else str(value.value)),
    (int, int),
    (float, float),
    (str, text),
    (bytes, bytes),
    (datetime, lambda value: kept(ns_of_datetime(value))),
    (UUID, str),
    (ua.NodeId, lambda value: text(value.to_string())),
    (ua.LocalizedText, lambda value: text(value.Text)),
    (ua.QualifiedName, lambda value: text(value.to_string())),
    (ua.StatusCode, lambda value: value.value),
    (ua.ExtensionObject, lambda value: bytes(value.Body) if value.Body else None),
)


def _has_bad_number(value: Value) -> bool:
    if isinstance(value, float):
        return not isfinite(value)
    if isinstance(value, dict):
        return any(map(_has_bad_number, value.values()))
    return isinstance(value, tuple) and any(map(_has_bad_number, value))


def from_library(value: ua.DataValue, times: TimeRule, now: int) -> DataValue:
    """A DataValue that the library decoded."""
    status = value.StatusCode.value if value.StatusCode else 0
    inner = plain(value.Value.Value) if value.Value else None
    # asyncua 2.1 takes the picoseconds of the source for the beginning of the server time, which Part 6
    # (5.2.2.17) puts behind them: what it then makes of the server time is not used
    server_time = value.ServerTimestamp if value.SourcePicoseconds is None else None
    source, server = (
        ticks_of(ns_of_datetime(moment)) if moment else 0 for moment in (value.SourceTimestamp, server_time)
    )
    time = times.pick(source, server, now)
    return finished(inner, status, time, now, is_bad=_has_bad_number(inner))


def to_variant(value: Value, kind: ua.VariantType, *, dimensions: int) -> ua.Variant:
    """A value as the node wants it; Unwritable when it does not fit, never rounded or cut."""
    if dimensions > 1:
        # a plain array would be taken by some servers and change the shape of the node
        raise Unwritable("the node holds a matrix; only single values and arrays can be written")
    if dimensions == 1:
        if not isinstance(value, tuple):
            raise Unwritable("the node holds an array and takes an array only")
        return ua.Variant([_element(item, kind) for item in value], kind, is_array=True)
    return ua.Variant(_element(value, kind), kind)


def _element(value: Value, kind: ua.VariantType) -> Any:
    if kind is ua.VariantType.Boolean and (isinstance(value, bool) or value in (0, 1)):
        return bool(value)
    if kind in _RANGES:
        return _integer(value, kind)
    if kind in _FLOATS and isinstance(value, int | float) and not isinstance(value, bool):
        if isfinite(value) and abs(value) <= _FLOATS[kind]:
            return float(value)
        raise Unwritable(f"{value} does not fit into {kind.name}")
    if kind is ua.VariantType.String and isinstance(value, str):
        return value
    if kind is ua.VariantType.LocalizedText and isinstance(value, str):
        return ua.LocalizedText(value)
    if kind is ua.VariantType.ByteString and isinstance(value, bytes):
        return value
    if kind is ua.VariantType.DateTime and isinstance(value, int) and not isinstance(value, bool):
        return _EPOCH + timedelta(microseconds=value // 1000)
    raise Unwritable(f"{value!r} cannot be written to a node of type {kind.name}")


def _integer(value: Value, kind: ua.VariantType) -> int:
    low, high = _RANGES[kind]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and low <= value <= high:
        return int(value)
    raise Unwritable(f"{value!r} does not fit into {kind.name} ({low} to {high})")

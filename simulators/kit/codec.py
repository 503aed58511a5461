"""Values to Modbus registers and back, in the four word orders."""

from __future__ import annotations

import struct
from typing import Any

from simulators.kit.points import WORDS, Point

_FORMATS = {"float32": ">f", "uint32": ">I", "int32": ">i", "uint16": ">H", "int16": ">h"}
_LIMITS = {
    "uint32": (0, 0xFFFFFFFF),
    "int32": (-(1 << 31), (1 << 31) - 1),
    "uint16": (0, 0xFFFF),
    "int16": (-32768, 32767),
}


def _ordered(data: bytes, order: str) -> bytes:
    """Wire bytes of a value given as ABCD; the same call undoes it."""
    if len(data) == 2:
        return data if order in ("ABCD", "CDAB") else data[::-1]
    if order == "ABCD":
        return data
    if order == "CDAB":
        return data[2:] + data[:2]
    if order == "BADC":
        return bytes((data[1], data[0], data[3], data[2]))
    return data[::-1]


def encode(point: Point, value: Any) -> tuple[int, ...]:
    """The registers of one value; integers are clamped to their type."""
    if point.type != "float32":
        if point.raw_high:
            value = (value - point.low) / (point.high - point.low) * point.raw_high
        low, high = _LIMITS[point.type]
        value = min(high, max(low, round(value)))
    data = _ordered(struct.pack(_FORMATS[point.type], value), point.order)
    return struct.unpack(f">{len(data) // 2}H", data)


def decode(point: Point, registers: list[int]) -> Any:
    """The value of the registers a client wrote."""
    data = struct.pack(f">{WORDS[point.type]}H", *registers)
    value = struct.unpack(_FORMATS[point.type], _ordered(data, point.order))[0]
    if point.raw_high:
        value = point.low + value / point.raw_high * (point.high - point.low)
    return value

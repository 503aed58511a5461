"""Turns one raw value into register bytes and register bytes into one raw value (standards 4.2)."""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Callable
from typing import Any, TypeAlias

from hmi.core.clock import NS_PER_S
from hmi.core.values import Value, ValueType
from hmi.drivers.modbus._item import ORDERS_64, Item

Convert: TypeAlias = Callable[[Any], Value]

FORMATS = {
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "float32": "f",
    "float64": "d",
    "bcd16": "H",
    "bcd32": "I",
    "m10k32": "I",
    "unix32": "I",
    "bit": "H",
    "bool": "H",
    "bitfield": "H",
}
_RANGES = {
    "int16": (-(2**15), 2**15 - 1),
    "uint16": (0, 2**16 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
    "bcd16": (0, 9_999),
    "bcd32": (0, 99_999_999),
    "m10k32": (0, 99_999_999),
    "unix32": (0, (2**32 - 1) * NS_PER_S),
}
FLOATS = ("float32", "float64")
_FLOAT32_MAX = 3.4028234663852886e38


class Unencodable(ValueError):
    """A value that its wire type cannot hold; the message says the range."""


class Undecodable(ValueError):
    """Bytes that are no value of their wire type, such as a BCD digit above 9."""


def swap_bytes(data: bytes) -> bytes:
    """The two bytes of every register exchanged."""
    words = array("H", data)
    words.byteswap()
    return words.tobytes()


def reverse_words(data: bytes) -> bytes:
    """The registers in opposite order, each as it was."""
    words = array("H", data)
    words.reverse()
    return words.tobytes()


_REORDER: dict[str, Callable[[bytes], bytes]] = {
    "ABCD": bytes,
    "CDAB": reverse_words,
    "BADC": swap_bytes,
    "DCBA": lambda data: data[::-1],
    "CDABGHEF": lambda data: reverse_words(data[:4]) + reverse_words(data[4:]),
    "EFGHABCD": lambda data: data[4:] + data[:4],
    "DCBAHGFE": lambda data: data[3::-1] + data[:3:-1],
    "FEHGBADC": lambda data: swap_bytes(data[4:] + data[:4]),
}


def reorder(data: bytes, order: str) -> bytes:
    """Wire bytes of one item to big-endian and back: each of the orders is its own inverse."""
    return _REORDER[order](data)


def slot_format(item: Item) -> str:
    """The struct character of an item's registers; plain bytes where no order of a whole block fits."""
    return "8s" if item.order in ORDERS_64 else FORMATS.get(item.wire) or f"{item.words * 2}s"


def converter(item: Item) -> Convert | None:
    """What makes the raw value of a struct slot; None when the slot already is the value."""
    make = _paired if item.order in ORDERS_64 else _CONVERTERS.get(item.wire)
    convert = make(item) if make else None
    if item.type is ValueType.BOOL:
        return bool if convert is None else lambda slot: bool(convert(slot))
    return convert


def decode(item: Item, data: bytes) -> Value:
    """Value of one item from exactly its own register bytes; floats may be NaN."""
    slot = struct.unpack(f">{slot_format(item)}", reorder(data, block_order(item)))[0]
    convert = converter(item)
    return slot if convert is None else convert(slot)


def block_order(item: Item) -> str:
    """The order a whole block can be brought into for the item; one of eight letters its converter undoes."""
    if item.order in ORDERS_64:
        return "ABCD"
    if item.words == 1 or item.wire in ("string", "bytes"):  # word order means nothing there
        return "BADC" if item.swaps_bytes else "ABCD"
    return item.order


def _paired(item: Item) -> Convert:
    plan, order = struct.Struct(f">{FORMATS[item.wire]}"), item.order
    return lambda slot: plan.unpack(reorder(slot, order))[0]


def _bit(item: Item) -> Convert:
    mask = 1 << item.bit
    if item.type is ValueType.BOOL:
        return lambda slot: slot & mask != 0
    return lambda slot: int(slot & mask != 0)


def _bitfield(item: Item) -> Convert:
    shift, mask = item.first, (1 << item.count) - 1
    return lambda slot: slot >> shift & mask


def _bcd(item: Item) -> Convert:
    digits = item.words * 4

    def convert(slot: int) -> int:
        text = f"{slot:0{digits}x}"
        if not text.isdecimal():
            raise Undecodable(f"0x{text} is not BCD")
        return int(text)

    return convert


def _m10k(slot: int) -> int:
    high, low = slot >> 16, slot & 0xFFFF
    if low > 9_999 or high > 9_999:
        raise Undecodable(f"{high}/{low} is not a pair of numbers up to 9999")
    return high * 10_000 + low


def _string(item: Item) -> Convert:
    length, encoding = item.length, item.encoding

    def convert(slot: bytes) -> str:
        raw = slot[:length]
        if len("\0".encode(encoding)) == 1:
            raw = raw.split(b"\0", 1)[0]
        try:
            return raw.decode(encoding).split("\0", 1)[0].rstrip(" ")
        except UnicodeDecodeError as error:
            raise Undecodable(f"the text is not {encoding}: {error.reason}") from error

    return convert


_CONVERTERS: dict[str, Callable[[Item], Convert]] = {
    "bit": _bit,
    "bool": lambda _item: bool,
    "bitfield": _bitfield,
    "bcd16": _bcd,
    "bcd32": _bcd,
    "m10k32": lambda _item: _m10k,
    "unix32": lambda _item: lambda slot: slot * NS_PER_S,
    "string": _string,
    "bytes": lambda item: lambda slot: slot[: item.length],
}


def encode(item: Item, value: Value) -> bytes:
    """Register bytes of a value in wire order; Unencodable when the wire type cannot hold it."""
    if item.wire in ("string", "bytes"):
        return reorder(_encode_text(item, value), item.order)
    if item.wire in FLOATS:
        data = _encode_float(item.wire, value)
    else:
        data = struct.pack(f">{FORMATS[item.wire]}", encode_integer(item, value))
    return reorder(data, item.order)


def encode_integer(item: Item, value: Value) -> int:
    """The unsigned or signed content of the registers for a number; bits give 0 or 1."""
    if item.wire in ("bit", "bool"):
        return int(encode_bit(value))
    number = whole(value)
    low, high = _RANGES.get(item.wire, (0, (1 << item.count) - 1))
    if not low <= number <= high:
        raise Unencodable(f"{number} is outside the range {low} to {high} of {item.wire}")
    if item.wire in ("bcd16", "bcd32"):
        return int(str(number), 16)
    if item.wire == "m10k32":
        return (number // 10_000) << 16 | number % 10_000
    return number // NS_PER_S if item.wire == "unix32" else number


def encode_bit(value: Value) -> bool:
    """On or off; numbers other than 0 and 1 are refused."""
    number = whole(value)
    if number not in (0, 1):
        raise Unencodable(f"{number} is outside the range 0 to 1 of a bit")
    return bool(number)


def whole(value: Value) -> int:
    """The nearest whole number, halves away from zero (standards 4.3)."""
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        magnitude = math.floor(abs(value))
        magnitude += abs(value) - magnitude >= 0.5
        return magnitude if value >= 0 else -magnitude
    raise Unencodable(f"{value!r} is not a number")


def _encode_float(wire: str, value: Value) -> bytes:
    if not isinstance(value, int | float):
        raise Unencodable(f"{value!r} is not a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Unencodable(f"{value} is not a finite number")
    if wire == "float32" and abs(number) > _FLOAT32_MAX:
        raise Unencodable(f"{number} is outside the range ±{_FLOAT32_MAX:.6g} of float32")
    return struct.pack(f">{FORMATS[wire]}", number)


def _encode_text(item: Item, value: Value) -> bytes:
    if item.wire == "bytes":
        if not isinstance(value, bytes):
            raise Unencodable(f"{value!r} is not a byte string")
        raw = value
    else:
        if not isinstance(value, str):
            raise Unencodable(f"{value!r} is not a text")
        try:
            raw = value.encode(item.encoding)
        except UnicodeEncodeError as error:
            raise Unencodable(f"the text cannot be written in {item.encoding}") from error
    if len(raw) > item.length:
        raise Unencodable(f"{len(raw)} bytes are more than the {item.length} of the item")
    return raw.ljust(item.words * 2, b"\0")

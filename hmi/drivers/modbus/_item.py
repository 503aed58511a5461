"""What one point means on the wire: where it lies, how wide it is, how its bytes are read and written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hmi.core.errors import AddressError
from hmi.core.values import ValueType
from hmi.drivers.modbus._address import LAST_OFFSET, LAST_UNIT, Table, parse_address

# Of 64 bit, CDAB reverses all four registers. The orders of eight letters swap the registers of each half
# but not the halves, or the halves alone; of 32 bit they mean what their first half says.
ORDERS_64 = {"CDABGHEF": "CDAB", "EFGHABCD": "ABCD", "DCBAHGFE": "DCBA", "FEHGBADC": "BADC"}
ORDERS = ("ABCD", "CDAB", "BADC", "DCBA", *ORDERS_64)
WRITE_METHODS = ("auto", "single", "multiple", "mask", "rmw")
WIRE_WORDS = {
    "bit": 1,
    "bool": 1,
    "int16": 1,
    "uint16": 1,
    "int32": 2,
    "uint32": 2,
    "int64": 4,
    "uint64": 4,
    "float32": 2,
    "float64": 4,
    "bcd16": 1,
    "bcd32": 2,
    "m10k32": 2,
    "unix32": 2,
    "bitfield": 1,
    "string": 0,
    "bytes": 0,
}
DEFAULT_WIRE = {
    ValueType.BOOL: "bool",
    ValueType.INT64: "int16",
    ValueType.UINT64: "uint16",
    ValueType.FLOAT32: "float32",
    ValueType.FLOAT64: "float32",
    ValueType.ENUM: "uint16",
    ValueType.TIME: "unix32",
    ValueType.STRING: "string",
    ValueType.BYTES: "bytes",
}
_TEXT_TYPES = {"string": ValueType.STRING, "bytes": ValueType.BYTES}
MAX_BYTES = 246  # 123 registers, what one 0x10 can write back


@dataclass(frozen=True, slots=True)
class Item:
    """A point resolved: ``words`` counts registers, or is 1 for a coil or discrete input."""

    unit: int
    table: Table
    offset: int
    words: int
    wire: str
    type: ValueType
    order: str = "ABCD"
    bit: int = 0
    first: int = 0
    count: int = 0
    length: int = 0
    encoding: str = "ascii"
    write: str = "auto"

    @property
    def end(self) -> int:
        """Offset behind the last register."""
        return self.offset + self.words

    @property
    def swaps_bytes(self) -> bool:
        """Whether the two bytes of each register are exchanged."""
        return self.order in ("BADC", "DCBA")


def resolve(
    address: str, value_type: ValueType, settings: Mapping[str, Any], options: Mapping[str, Any]
) -> Item:
    """The item a point stands for; AddressError when address, type and options do not fit together."""
    place = parse_address(
        address, zero_based=bool(settings.get("zero_based", False)), mappings=settings.get("mappings", ())
    )
    wire = _wire(place.table, place.bit, str(options.get("wire", "") or place.wire), value_type, address)
    length = _length(wire, place.length, options, address)
    first, count = _field(wire, options, address)
    words = 1 if place.table.is_bits else WIRE_WORDS[wire] or (length + 1) // 2
    item = Item(
        unit=_unit(place.unit, options, settings, address),
        table=place.table,
        offset=place.offset,
        words=words,
        wire=wire,
        type=value_type,
        order=_order(wire, words, place.hilo, settings, options, address),
        bit=place.bit or 0,
        first=first,
        count=count,
        length=length,
        encoding=_encoding(settings, options, address),
        write=_write(place.table, wire, words, str(options.get("write", "auto") or "auto"), address),
    )
    if item.end - 1 > LAST_OFFSET:
        raise AddressError(f"{address!r} with {words} registers runs past register {LAST_OFFSET}")
    return item


def _wire(table: Table, bit: int | None, asked: str, value_type: ValueType, address: str) -> str:
    if value_type not in DEFAULT_WIRE:
        raise AddressError(f"Modbus cannot carry a {value_type.value} tag at {address!r}")
    if asked and asked not in WIRE_WORDS:
        raise AddressError(f"wire type {asked!r} is not known", do=f"use one of: {', '.join(WIRE_WORDS)}")
    if table.is_bits or bit is not None:
        if asked not in ("", "bit", "bool"):
            raise AddressError(f"{address!r} is one bit and cannot hold {asked}")
        if value_type not in (ValueType.BOOL, ValueType.INT64, ValueType.UINT64, ValueType.ENUM):
            raise AddressError(f"{address!r} is one bit and cannot feed a {value_type.value} tag")
        return "bit"
    if asked == "bit":
        raise AddressError(f"{address!r} names no bit", do="write the bit number behind a point: HR10.3")
    wire = asked or DEFAULT_WIRE[value_type]
    text_type = _TEXT_TYPES.get(wire)
    if (text_type or value_type) is not value_type or (
        text_type is None and value_type in _TEXT_TYPES.values()
    ):
        raise AddressError(f"wire type {wire} at {address!r} does not fit a {value_type.value} tag")
    return wire


def _unit(written: int | None, options: Mapping[str, Any], settings: Mapping[str, Any], address: str) -> int:
    chosen = written if written is not None else options.get("unit", settings.get("unit", 1))
    try:
        unit = int(chosen)
    except (TypeError, ValueError) as error:
        raise AddressError(f"unit {chosen!r} of {address!r} is not a number") from error
    if not 0 <= unit <= LAST_UNIT:
        raise AddressError(f"unit {unit} of {address!r} is outside 0 to {LAST_UNIT}")
    return unit


def _length(wire: str, written: int | None, options: Mapping[str, Any], address: str) -> int:
    if wire not in _TEXT_TYPES:
        return 0
    length = _integer("length", written if written is not None else options.get("length", 0), address)
    if not 1 <= length <= MAX_BYTES:
        raise AddressError(
            f"{wire} at {address!r} needs a length of 1 to {MAX_BYTES} bytes", do="set the option 'length'"
        )
    return length


def _field(wire: str, options: Mapping[str, Any], address: str) -> tuple[int, int]:
    if wire != "bitfield":
        return 0, 0
    first, count = (_integer(name, options.get(name, default), address) for name, default in _FIELD)
    if not (0 <= first <= 15 and 1 <= count <= 16 - first):
        raise AddressError(f"bit field {first}+{count} at {address!r} leaves the 16 bits of its register")
    return first, count


_FIELD = (("first", 0), ("count", 1))


def _integer(name: str, value: Any, address: str) -> int:
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise AddressError(f"option {name!r} of {address!r} is not a whole number: {value!r}") from error


def _order(
    wire: str, words: int, hilo: str, settings: Mapping[str, Any], options: Mapping[str, Any], address: str
) -> str:
    order = str(options.get("order", "") or settings.get("order", "") or "ABCD").upper()
    if order not in ORDERS:
        raise AddressError(
            f"byte order {order!r} of {address!r} is not known", do=f"use one of: {', '.join(ORDERS)}"
        )
    if wire not in _TEXT_TYPES:
        return order if words == 4 else ORDERS_64.get(order, order)
    side = hilo or str(options.get("hilo", "") or settings.get("hilo", "")).lower()
    if side not in ("", "high", "low"):
        raise AddressError(f"option 'hilo' of {address!r} is {side!r}", do="use high or low")
    if side:
        return "ABCD" if side == "high" else "BADC"
    return "BADC" if ORDERS_64.get(order, order) in ("BADC", "DCBA") else "ABCD"


def _encoding(settings: Mapping[str, Any], options: Mapping[str, Any], address: str) -> str:
    name = str(options.get("encoding", "") or settings.get("encoding", "") or "ascii")
    try:
        "".encode(name)
    except LookupError as error:
        raise AddressError(f"text encoding {name!r} of {address!r} is not known") from error
    return name


def _write(table: Table, wire: str, words: int, method: str, address: str) -> str:
    """The one write method of the point; ``auto`` becomes the usual one for its kind."""
    if method not in WRITE_METHODS:
        raise AddressError(
            f"write method {method!r} is not known", do=f"use one of: {', '.join(WRITE_METHODS)}"
        )
    register_bit = wire in ("bit", "bitfield") and not table.is_bits
    if method == "auto":
        return "auto" if register_bit else "single" if words == 1 else "multiple"
    if register_bit != (method in ("mask", "rmw")):
        kind = "part of a register" if register_bit else "a whole item"
        raise AddressError(f"write method {method!r} does not fit {address!r}, which is {kind}")
    if method == "single" and words > 1:
        raise AddressError(f"{address!r} has {words} registers and cannot be written with 'single'")
    return method

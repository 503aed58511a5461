"""Reads every notation of a Modbus address into the canonical one (standards 4.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from hmi.core.errors import AddressError

LAST_OFFSET = 65535
LAST_UNIT = 255


class Table(Enum):
    """The four tables; the value is the canonical prefix."""

    COILS = "CO"
    DISCRETE_INPUTS = "DI"
    INPUT_REGISTERS = "IR"
    HOLDING_REGISTERS = "HR"

    @property
    def is_bits(self) -> bool:
        return self in (Table.COILS, Table.DISCRETE_INPUTS)

    @property
    def is_writable(self) -> bool:
        return self in (Table.COILS, Table.HOLDING_REGISTERS)


@dataclass(frozen=True, slots=True)
class Address:
    """Protocol address: ``offset`` counts from 0, ``length`` in bytes, ``unit`` None = the connection's."""

    table: Table
    offset: int
    unit: int | None = None
    bit: int | None = None
    length: int | None = None
    wire: str = ""
    hilo: str = ""

    def __str__(self) -> str:
        unit = "" if self.unit is None else f"{self.unit}."
        bit = "" if self.bit is None else f".{self.bit}"
        length = "" if self.length is None else f"[{self.length}]"
        return f"{unit}{self.offset} {self.table.value}{bit}{length}"


_DIGIT_TABLE = {
    "0": Table.COILS,
    "1": Table.DISCRETE_INPUTS,
    "3": Table.INPUT_REGISTERS,
    "4": Table.HOLDING_REGISTERS,
}
_LETTER_TABLE = {
    "C": Table.COILS,
    "CO": Table.COILS,
    "DO": Table.COILS,
    "DI": Table.DISCRETE_INPUTS,
    "IR": Table.INPUT_REGISTERS,
    "HR": Table.HOLDING_REGISTERS,
}
_WIRE_SUFFIX = {"S": "int16", "U": "uint16", "L": "int32", "F": "float32"}

_UNIT = re.compile(r"(?P<unit>\d{1,3})\.(?P<rest>(?:\d{5,6}|[0134]X|\d{1,5} ?[A-Z]|[A-Z]).*)")
_TAIL = re.compile(
    r"(?P<body>[^.:\[\]]+?)\s*"
    r"(?:[.:](?P<bit>\d{1,3})|\.(?P<dotted>\d{1,3})(?P<hilo>[HL])|\[(?P<bracket>\d{1,3})\](?P<kind>[SHL]?))?"
)
_DIGITS = re.compile(r"([0134])(\d{4,5})")
_CROSS = re.compile(r"([0134])X(\d{1,5})")
_LETTERS = re.compile(r"(HR|IR|DI|CO|C)(\d{1,5})")
_ZERO_BASED = re.compile(r"(\d{1,5}) ?(HR|IR|DI|DO|CO)(?: ?([SULF]))?")
_MAPPED = re.compile(r"([A-Z]+)(\d+)")
_EXAMPLES = "write 40001, 400001, 4x1, HR1, 0 HR, 40010.3, 40010[20]S or 2.40001"


def parse_address(
    text: str, *, zero_based: bool = False, mappings: Sequence[Mapping[str, Any]] = ()
) -> Address:
    """The canonical address of any notation; AddressError says what is wrong with it."""
    cleaned = text.strip().upper()
    unit: int | None = None
    if found := _UNIT.fullmatch(cleaned):
        unit, cleaned = _unit(found["unit"], text), found["rest"]
    tail = _TAIL.fullmatch(cleaned)
    if tail is None:
        raise AddressError(f"{text!r} is not a Modbus address", do=_EXAMPLES)
    table, offset, wire, mapped_unit = _body(tail["body"], text, zero_based=zero_based, mappings=mappings)
    length = _length(tail, text)
    hilo = {"H": "high", "L": "low"}.get(tail["hilo"] or tail["kind"] or "", "")
    if length is not None:
        wire = "string"
    return Address(
        table, offset, mapped_unit if unit is None else unit, _bit(tail, table, text), length, wire, hilo
    )


def _unit(digits: str, text: str) -> int:
    unit = int(digits)
    if unit > LAST_UNIT:
        raise AddressError(f"unit {unit} in {text!r} is outside 0 to {LAST_UNIT}")
    return unit


def _body(
    body: str, text: str, *, zero_based: bool, mappings: Sequence[Mapping[str, Any]]
) -> tuple[Table, int, str, int | None]:
    """Table, offset, wire type and unit that the part before a bit or length names."""
    if found := _ZERO_BASED.fullmatch(body):
        wire = _WIRE_SUFFIX.get(found[3] or "", "")
        return _LETTER_TABLE[found[2]], _offset(int(found[1]), 0, text), wire, None
    if found := _DIGITS.fullmatch(body):
        return _DIGIT_TABLE[found[1]], _offset(int(found[2]), 1, text), "", None
    if found := _CROSS.fullmatch(body):
        return _DIGIT_TABLE[found[1]], _offset(int(found[2]), 1, text), "", None
    if found := _LETTERS.fullmatch(body):
        return _LETTER_TABLE[found[1]], _offset(int(found[2]), 0 if zero_based else 1, text), "", None
    if found := _MAPPED.fullmatch(body):
        return _mapped(found[1], found[2], text, mappings)
    if body.isdigit():
        raise AddressError(f"{text!r} names no table", do=_EXAMPLES)
    raise AddressError(f"{text!r} is not a Modbus address", do=_EXAMPLES)


def _offset(number: int, base: int, text: str) -> int:
    """Protocol offset of a written number that counts from ``base``."""
    if not base <= number <= LAST_OFFSET + base:
        raise AddressError(
            f"number {number} in {text!r} is outside {base} to {LAST_OFFSET + base}",
            do="the first item of a table is number 1; write '0 HR' for protocol addresses",
        )
    return number - base


def _mapped(
    prefix: str, digits: str, text: str, mappings: Sequence[Mapping[str, Any]]
) -> tuple[Table, int, str, int | None]:
    """A vendor's own notation, such as octal V2000, through the rows of the setting ``mappings``."""
    for row in mappings:
        if str(row.get("prefix", "")).upper() != prefix:
            continue
        radix = int(row.get("radix", 10))
        try:
            number, start, end = (int(str(part), radix) for part in (digits, row["start"], row["end"]))
            table, first = Table(str(row.get("table", "HR")).upper()), int(row.get("offset", 0))
        except (ValueError, KeyError) as error:
            raise AddressError(f"{text!r} does not fit its mapping row: {error}") from error
        if start <= number <= end:
            step = int(row.get("step", 1))
            unit = row.get("unit")
            return table, _offset(first + (number - start) * step, 0, text), "", unit
    raise AddressError(
        f"no mapping row covers {text!r}", do="add its prefix and range to the setting 'mappings'"
    )


def _bit(tail: re.Match[str], table: Table, text: str) -> int | None:
    if tail["bit"] is None:
        return None
    bit = int(tail["bit"])
    if table.is_bits:
        raise AddressError(f"{text!r} asks for a bit of a single bit", do="leave the bit number out")
    if bit > 15:
        raise AddressError(f"bit {bit} in {text!r} is outside 0 to 15", do="bit 0 is the lowest one")
    return bit


def _length(tail: re.Match[str], text: str) -> int | None:
    digits = tail["dotted"] or tail["bracket"]
    if digits is None:
        return None
    length = int(digits)
    if not 1 <= length <= 250:
        raise AddressError(f"length {length} in {text!r} is outside 1 to 250 bytes")
    return length

"""One row of a register map as the cells of a tag; Wrong says why it cannot be one."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hmi.importers.modbus_map._addresses import LAST, Written, is_never_notation, notation_table
from hmi.importers.modbus_map._types import (
    RANGES,
    WORDS,
    functions_of,
    may_write,
    order_of,
    table_of,
    type_of,
)

_FRACTION: Final = re.compile(r"1 ?/ ?(\d+(?:\.\d+)?)|(?:/|÷) ?(\d+(?:\.\d+)?)")
_TIMES: Final = re.compile(r"[x×*]? ?([+-]?\d*\.?\d+(?:[eE][+-]?\d+)?)")
_ENDS: Final = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*(?:\.\.\.?|…|–|-|~|to|:)\s*([+-]?\d+(?:\.\d+)?)\s*")
_STATE: Final = re.compile(r"\s*(-?\d{1,10}|0x[0-9a-fA-F]{1,8})\s*([=:\-–])\s*([^;,\n|]{1,80})")
_ONLY_NUMBER: Final = re.compile(r"[+-]?\d+(?:\.\d+)?\s*")
_SMALL: Final = re.compile(r"[0-9]{1,3}")
_TEXTS: Final = ("string",)
_OURS: Final = {
    "bool": "bool", "enum": "enum", "unix32": "time", "bcd16": "uint16", "bcd32": "uint32", "float64": "float",
}  # fmt: skip


class Wrong(Exception):
    """Why a row cannot be a tag; ``do`` says what to write instead."""

    def __init__(self, what: str, do: str = "") -> None:
        super().__init__(what)
        self.do = do


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for the whole list. ``base`` of plain numbers, ``hex_base`` of hexadecimal ones, ``is_plain``: numbers
    such as 40001 are no notation. ``stated``: what the list speaks of, so that an empty cell says something too:
    ``scale``, ``access``, ``order``. Without ``writable`` nothing may be written.
    """

    base: int
    hex_base: int
    is_plain: bool
    stated: frozenset[str]
    writable: bool
    table: str
    order: str
    divides: bool
    unit: str


@dataclass(slots=True)
class Row:
    """Cells by our words for the columns, with the decimal point made one."""

    cells: Mapping[str, str]
    number: Callable[[str], str]
    remarks: list[str] = field(default_factory=list[str])
    is_table_taken: bool = False
    """Nothing says the table: holding registers were taken."""

    def text(self, column: str) -> str:
        return self.cells.get(column, "").strip()

    def amount(self, column: str) -> float | None:
        """The number of a cell; Wrong for one that is none, None for an empty one."""
        text = self.number(self.text(column))
        if text in ("", "-", "—"):
            return None
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise Wrong(f"the {column} {text[:40]!r} is no number")
        return number


def cells_of(row: Row, address: Written, rules: Rules) -> dict[str, str]:
    """The cells of the tag but kind, name and connection."""
    table, offset, functions_write = _place(row, address, rules)
    words = _words(row, address)
    wire, order, length = _type(row, table, words, address)
    cells: dict[str, str] = {"type": _OURS.get(wire, wire)}
    options: dict[str, Any] = {}
    if wire in _TEXTS:
        options["length"] = length or words * 2
        if not options["length"]:
            raise Wrong("is a text without a length", "write the number of registers into a column words")
    elif wire in ("int64", "uint64", "float64", "bcd16", "bcd32"):
        options["wire"] = wire
    order = order or _order(row) or rules.order
    if order and WORDS.get(wire, 1) > 1:
        options["order"] = order
    _scale(row, cells, options, wire, rules)
    if states := _states(row):
        cells["states"] = states
    if "scale" in rules.stated:
        cells.setdefault("raw_low", "")
        cells.setdefault("raw_high", "")
    cells["address"] = _address(table, offset, address, row, rules)
    if "access" in rules.stated:
        cells["writable"] = "true" if rules.writable and _may_write(row, table, functions_write) else "false"
    for column in ("unit", "description"):
        if text := row.text(column):
            cells[column] = " ".join(text.split())[:500]
    cells["options"] = ";".join(f"{key}={value}" for key, value in options.items())
    return cells


def option_keys(rules: Rules) -> frozenset[str]:
    """The options that a row speaks of, also where it has none."""
    return frozenset(("wire", "length", "order") if "order" in rules.stated else ("wire", "length"))


# --- where --------------------------------------------------------------------------------------------


def stated_table(row: Row) -> tuple[str, bool]:
    """The table that the row names beside its address, and whether its functions write."""
    table, writes = functions_of(row.text("function"))
    return table or table_of(row.text("table")), writes


def _place(row: Row, address: Written, rules: Rules) -> tuple[str, int, bool]:
    stated, writes = stated_table(row)
    if address.table:
        return address.table, _offset(address.number - 1, address), writes
    known = None if rules.is_plain else notation_table(address)
    if known is not None:
        if stated and known[0] not in ("CO", stated):
            what = f"the address {address.digits} names {known[0]}, but the row says {stated}"
            raise Wrong(what, "say --set numbers=plain where these numbers are plain ones")
        return stated or known[0], known[1], writes
    if not rules.is_plain and is_never_notation(address):
        raise Wrong(f"the address {address.digits} names no table", "write it as 40001")
    table = stated or rules.table
    if not table:
        table = "CO" if type_of(row.text("type"), 0)[0] == "bool" and not _bit(row, address) else "HR"
        if table == "CO":
            raise Wrong(
                "does not say whether it is a coil or a discrete input", "give --set table=coil or discrete"
            )
        row.is_table_taken = True
    base = rules.hex_base if address.is_hex else rules.base
    return table, _offset(address.number - base, address), writes


def _offset(number: int, address: Written) -> int:
    if not 0 <= number <= LAST:
        raise Wrong(
            f"the address {address.number} is outside the table", "look whether the list counts from 0 or 1"
        )
    return number


def _address(table: str, offset: int, address: Written, row: Row, rules: Rules) -> str:
    unit = row.text("unit_id") or rules.unit
    if unit and not (_SMALL.fullmatch(unit) and int(unit) <= 255):
        raise Wrong(f"the unit {unit[:20]!r} is no number from 0 to 255")
    bit = _bit(row, address)
    if bit and table in ("CO", "DI"):
        raise Wrong("names a bit of a single bit")
    return f"{f'{int(unit)}.' if unit else ''}{offset} {table}{bit}"


def _bit(row: Row, address: Written) -> str:
    if address.bit is not None:
        return f".{address.bit}"
    text = re.sub(r"(?i)^bit ?", "", row.text("bit"))
    if not text or text == "-":
        return ""
    if not _SMALL.fullmatch(text) or int(text) > 15:
        raise Wrong(f"the bit {text[:20]!r} is no number from 0 to 15")
    return f".{int(text)}"


def _words(row: Row, address: Written) -> int:
    text = row.text("words")
    if found := re.match(r"\d{1,3}", text):
        return int(found[0])
    return address.words


def _type(row: Row, table: str, words: int, address: Written) -> tuple[str, str, int]:
    text = row.text("type")
    wire, order, length = type_of(text, words)
    if table in ("CO", "DI") or _bit(row, address):
        if wire not in ("", "bool", "int16", "uint16"):
            raise Wrong(f"is one bit and cannot hold {text[:40]!r}")
        return "bool", "", 0
    if not wire and not text:
        wire = {0: "uint16", 1: "uint16", 2: "uint32", 4: "uint64"}.get(words, "")
        if wire:
            row.remarks.append(f"no type is given: {wire} is taken")
    if not wire:
        raise Wrong(
            f"the type {text[:40]!r} is not known", "write U16, S16, U32, S32, F32, STRING or the like"
        )
    if wire in WORDS and words and words != WORDS[wire] and address.bit is None and wire != "bool":
        raise Wrong(f"{text[:40]!r} has {WORDS[wire]} registers, but {words} are given")
    return wire, order, length


def _order(row: Row) -> str:
    text = row.text("order")
    order = order_of(text)
    if order is None:
        raise Wrong(f"the byte order {text[:40]!r} is not known", "write ABCD, CDAB, BADC or DCBA")
    return order


def _may_write(row: Row, table: str, functions_write: bool) -> bool:
    if table not in ("HR", "CO"):
        return False
    access = row.text("access")
    if not access:
        return functions_write
    if (known := may_write(access)) is None:
        row.remarks.append(f"the access {access[:40]!r} is not known: it is taken as read only")
    return bool(known)


# --- numbers ------------------------------------------------------------------------------------------


def _scale(row: Row, cells: dict[str, str], options: dict[str, Any], wire: str, rules: Rules) -> None:
    factor, offset = _factor(row, rules), _offset_of(row)
    low, high = _range(row)
    if wire in ("bool", "string", "enum", "unix32"):
        if factor != 1 or offset:
            raise Wrong(f"is {wire} with a scale", "leave the scale empty")
        return
    if factor != 1 or offset:
        _scaled(row, cells, options, wire, (factor, offset), (low, high))
    elif low is not None and high is not None:
        cells["low"], cells["high"] = f"{low:.15g}", f"{high:.15g}"


def _scaled(
    row: Row,
    cells: dict[str, str],
    options: dict[str, Any],
    wire: str,
    line: tuple[float, float],
    ends: tuple[float | None, float | None],
) -> None:
    """Raw and scaled ends of ``raw * factor + offset``; without a range those of the register."""
    factor, offset = line
    low, high = ends
    if low is None or high is None:
        if wire not in RANGES:
            raise Wrong("is a float with a scale, but has no range", "give its min and max")
        raw = RANGES[wire] if factor > 0 else RANGES[wire][::-1]
        low, high = raw[0] * factor + offset, raw[1] * factor + offset
    else:
        raw = (low - offset) / factor, (high - offset) / factor
    if raw[0] > raw[1]:
        raise Wrong(f"has the negative factor {factor:g}", "make it a derived tag")
    cells["type"] = "float" if wire != "float32" else "float32"
    if wire != "float32":
        options.setdefault("wire", wire)
    for name, value in (("low", low), ("high", high), ("raw_low", raw[0]), ("raw_high", raw[1])):
        cells[name] = f"{value:.12g}"


def _factor(row: Row, rules: Rules) -> float:
    """The product of multiplier and divisor, or the gain; a list may say one scale in two ways."""
    parts = (_number_of_scale(row, "divide", divides=True), _number_of_scale(row, "multiply", divides=False))
    gain = _number_of_scale(row, "gain", divides=rules.divides)
    factor = math.prod(one for one in parts if one is not None)
    if gain is not None and factor not in (1, gain) and not math.isclose(factor, gain):
        if gain != 1:
            what = f"has the scale {gain:g} in one column and {factor:g} in another"
            raise Wrong(what, "empty one of them")
        gain = None
    factor = factor if gain is None else gain
    if not math.isfinite(factor) or factor == 0:
        raise Wrong("has a scale that is no usable number", "write it as 0.1")
    return factor


def _number_of_scale(row: Row, column: str, *, divides: bool) -> float | None:
    text = row.number(row.text(column)).strip()
    if text in ("", "-", "—"):
        return None
    if found := _FRACTION.fullmatch(text):
        return 1 / _above_zero(float(found[1] or found[2]), text)
    if (found := _TIMES.fullmatch(text)) is None:
        raise Wrong(f"the scale {text[:40]!r} is no number", "write it as 0.1")
    value = float(found[1])
    if value == 0:
        raise Wrong(f"the scale {text!r} is zero")
    return 1 / value if divides else value


def _above_zero(number: float, text: str) -> float:
    if number <= 0:
        raise Wrong(f"the scale {text!r} is zero")
    return number


def _offset_of(row: Row) -> float:
    return row.amount("offset") or 0.0


def _range(row: Row) -> tuple[float | None, float | None]:
    try:
        low, high = row.amount("low"), row.amount("high")
    except Wrong as error:
        row.remarks.append(f"{error}: the range is left out")
        return None, None
    if (low is None or high is None) and (found := _ENDS.fullmatch(row.number(row.text("range")))):
        low, high = float(found[1]), float(found[2])
    if low is None or high is None:
        return None, None
    if low >= high:
        row.remarks.append(f"the range {low:g} to {high:g} is left out")
        return None, None
    return low, high


def _states(row: Row) -> str:
    """``0=Off;1=On`` of a cell such as ``0: Off, 1: On``; empty when it is no such list."""
    parts = [
        (number, mark, " ".join(text.split())) for number, mark, text in _STATE.findall(row.text("states"))
    ]
    if any(mark in "-–" and _ONLY_NUMBER.fullmatch(text) for _, mark, text in parts):
        row.remarks.append(f"the values {row.text('states')[:40]!r} are ranges and not taken as states")
        return ""
    found = {int(number, 16 if "x" in number else 10): text for number, _, text in parts}
    if len(found) < 2 and not (found and row.text("type").lower().startswith("enum")):
        return ""
    return ";".join(f"{number}={text.replace('=', ':')}" for number, text in found.items() if text)

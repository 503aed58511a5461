"""Addresses of register maps: decimal, hexadecimal, with a table in front, ranges and bits."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_DIGIT_TABLES: Final = {"0": "CO", "1": "DI", "3": "IR", "4": "HR"}
_LETTERS: Final = {"HR": "HR", "IR": "IR", "DI": "DI", "CO": "CO", "C": "CO"}
_RANGE: Final = re.compile(r"(.+?)\s*(?:-|–|—|\.\.\.?|…|\bto\b|~|/)\s*(.+)", re.IGNORECASE)
_HEX: Final = re.compile(r"(?:0x|&h|\$)([0-9a-f]{1,4})|([0-9][0-9a-f]{0,4})h", re.IGNORECASE)
_CROSS: Final = re.compile(r"([0134])x(\d{1,5})", re.IGNORECASE)
_NAMED: Final = re.compile(r"(HR|IR|DI|CO|C) ?(\d{1,5})", re.IGNORECASE)
_PLAIN_HEX: Final = re.compile(r"[0-9a-f]{1,4}", re.IGNORECASE)
_BIT: Final = re.compile(r"(.+?)(?:[.:]| ?bit ?)(\d{1,2})", re.IGNORECASE)
LAST: Final = 65_535


@dataclass(frozen=True, slots=True)
class Written:
    """One address as written. ``number`` as it stands, ``table`` where the notation names one (the number then counts
    from 1), ``is_hex``, ``words`` of a range (0 = none), ``bit`` or None.
    """

    number: int
    table: str = ""
    is_hex: bool = False
    words: int = 0
    bit: int | None = None
    digits: str = ""


def written(text: str, *, is_hex: bool = False) -> Written | None:
    """The address of a cell; None when it is none. ``is_hex``: digits without a mark are hexadecimal too."""
    cell = " ".join(text.split())
    if (one := _single(cell, is_hex=is_hex)) is not None:
        return one
    if (
        (found := _RANGE.fullmatch(cell))
        and (first := _single(found[1], is_hex=is_hex))
        and (last := _single(found[2], is_hex=is_hex))
    ):
        words = last.number - first.number + 1
        if 1 <= words <= 125 and first.table == last.table:
            return Written(first.number, first.table, first.is_hex, words, None, first.digits)
        return None
    if (
        (found := _BIT.fullmatch(cell))
        and (first := _single(found[1], is_hex=is_hex))
        and int(found[2]) <= 15
    ):
        return Written(first.number, first.table, first.is_hex, 0, int(found[2]), first.digits)
    return None


def _single(text: str, *, is_hex: bool) -> Written | None:
    if is_hex and _PLAIN_HEX.fullmatch(text.strip()):
        return Written(int(text, 16), is_hex=True)
    cell = text.strip().replace(" ", "") if text.replace(" ", "").isdigit() else text.strip()
    if cell.isascii() and cell.isdigit() and len(cell) <= 6:
        return Written(int(cell), digits=cell)
    if found := _CROSS.fullmatch(cell):
        if cell[:2].lower() == "0x" and found[2] and len(cell) != 7:
            return Written(int(found[2], 16), is_hex=True) if len(found[2]) <= 4 else None
        return Written(int(found[2]), _DIGIT_TABLES[found[1]])
    if found := _HEX.fullmatch(cell):
        return Written(int(found[1] or found[2], 16), is_hex=True)
    if found := _NAMED.fullmatch(cell):
        return Written(int(found[2]), _LETTERS[found[1].upper()])
    return None


def notation_table(one: Written) -> tuple[str, int] | None:
    """Table and offset of a number such as 40001, 400001 or 30001; None for one that is no such number."""
    if one.table or one.is_hex or len(one.digits) not in (5, 6) or one.digits[0] not in _DIGIT_TABLES:
        return None
    offset = int(one.digits[1:]) - 1
    return (_DIGIT_TABLES[one.digits[0]], offset) if 0 <= offset <= LAST else None


def is_never_notation(one: Written) -> bool:
    """Whether a number of five digits, such as 30000 or 20000, names no table: then it is a plain one."""
    return not one.table and not one.is_hex and len(one.digits) == 5 and notation_table(one) is None


def counts_from_zero(addresses: Iterable[Written]) -> bool | None:
    """True where an address is 0 or hexadecimal, None where nothing tells."""
    return True if any(one.is_hex or (one.number == 0 and not one.table) for one in addresses) else None

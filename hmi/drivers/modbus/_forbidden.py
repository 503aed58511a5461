"""Ranges of addresses that an engineer has declared off limits for reads (standards 4.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hmi.core.errors import AddressError
from hmi.drivers.modbus._address import Table, parse_address


@dataclass(frozen=True, slots=True)
class Forbidden:
    """Addresses no read may touch; ``unit`` None means every unit."""

    table: Table
    first: int
    last: int
    unit: int | None = None

    def touches(self, unit: int, table: Table, first: int, end: int) -> bool:
        """Whether ``first`` to ``end`` (exclusive) meets the range."""
        same = table is self.table and self.unit in (None, unit)
        return same and first <= self.last and self.first < end


def parse_forbidden(text: str, *, zero_based: bool = False) -> Forbidden:
    """``40100-40109``, ``HR100-HR109`` or one address; a unit before the first address counts for both."""
    first_text, _, last_text = str(text).partition("-")
    first = parse_address(first_text, zero_based=zero_based)
    last = parse_address(last_text or first_text, zero_based=zero_based)
    if first.table is not last.table or last.offset < first.offset:
        raise AddressError(f"{text!r} is not a range of addresses", do="write '40100-40109'")
    return Forbidden(first.table, first.offset, last.offset, first.unit)


def forbidden_of(settings: Mapping[str, Any]) -> tuple[Forbidden, ...]:
    """All ranges of a connection's settings; AddressError for one that is none."""
    zero_based = bool(settings.get("zero_based", False))
    return tuple(parse_forbidden(text, zero_based=zero_based) for text in settings.get("forbidden", ()))

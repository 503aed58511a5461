"""The points of one connection as the check of a plant sees them: what is alike for many of them is judged once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final, NamedTuple

from hmi.core.quick import quick
from hmi.core.values import ValueType
from hmi.drivers.modbus._address import LAST_OFFSET
from hmi.drivers.modbus._forbidden import forbidden_of
from hmi.drivers.modbus._item import Item, resolve
from hmi.plugins.definition import Footprint

_BITS: Final = 16
# HR17, C3 or IR5.2: what is before and behind the number decides everything but the place
_PLAIN: Final = re.compile(r"(HR|IR|DI|CO|C)([0-9]{1,5})(\.[0-9]{1,2})?")
_RAW: Final[Mapping[str, tuple[float, float]]] = {
    "bit": (0, 1),
    "int16": (-(2**15), 2**15 - 1),
    "uint16": (0, 2**16 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
    "bcd16": (0, 9_999),
    "bcd32": (0, 99_999_999),
}
_ONE_WAY: Final = frozenset(("bit", "bool", "bitfield"))  # whose bytes have no order
_ITEM_FIELDS: Final = tuple(one.name for one in fields(Item))
_new_item: Final = quick(Item)
_Key = tuple[str, str | None, int, int]  # the last two are identities of type and options


class _Shape(NamedTuple):
    """A point without its place. ``options`` are kept so that their identity stays theirs."""

    item: Item
    footprint: Footprint
    options: Mapping[str, Any]
    fields: Mapping[str, Any]


class ModbusPoints:
    """Points of a connection with these settings."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self._base = 0 if settings.get("zero_based", False) else 1
        self._shapes: dict[_Key, _Shape] = {}

    def check(self, address: str, value_type: ValueType, options: Mapping[str, Any]) -> None:
        """Raise AddressError for a point that could never be read, or for forbidden ranges that are none."""
        if self._known(address, value_type, options) is None:
            resolve(address, value_type, self._settings, options)
            forbidden_of(self._settings)

    def item(self, address: str, value_type: ValueType, options: Mapping[str, Any]) -> Item:
        """The point resolved; AddressError when address, type and options do not fit together."""
        known = self._known(address, value_type, options)
        if known is None:
            return resolve(address, value_type, self._settings, options)
        shape, offset = known
        return _new_item(**{**shape.fields, "offset": offset})

    def footprint(self, address: str, value_type: ValueType, options: Mapping[str, Any]) -> Footprint:
        """Bits of a table of a unit; AddressError for an address that is none."""
        known = self._known(address, value_type, options)
        if known is None:
            return _footprint(resolve(address, value_type, self._settings, options))
        shape, offset = known
        moved = (offset - shape.item.offset) * (1 if shape.item.table.is_bits else _BITS)
        space, first, end, kind, part, low, high = shape.footprint
        return Footprint(space, first + moved, end + moved, kind, part, low, high)

    def _known(
        self, address: str, value_type: ValueType, options: Mapping[str, Any]
    ) -> tuple[_Shape, int] | None:
        """The shape and the place of a plainly written point; None where it has to be looked at by itself."""
        found = _PLAIN.fullmatch(address)
        if found is None:
            return None
        table, number, bit = found.groups()
        key = (table, bit, id(value_type), id(options) if options else 0)
        shape = self._shapes.get(key)
        if shape is None:
            item = resolve(address, value_type, self._settings, options)
            forbidden_of(self._settings)
            shape = self._shapes[key] = _Shape(
                item, _footprint(item), options, {name: getattr(item, name) for name in _ITEM_FIELDS}
            )
        offset = int(number) - self._base
        return (shape, offset) if 0 <= offset <= LAST_OFFSET + 1 - shape.item.words else None


def _footprint(item: Item) -> Footprint:
    space = f"unit {item.unit} {item.table.value}"
    low, high = _raw(item)
    if item.table.is_bits:
        return Footprint(space, item.offset, item.offset + 1, "bit", low=low, high=high)
    first = item.offset * _BITS
    if item.wire in ("bit", "bitfield"):
        lowest, count = (item.first, item.count) if item.wire == "bitfield" else (item.bit, 1)
        return Footprint(space, first + lowest, first + lowest + count, "bits", part=True, low=low, high=high)
    kind = item.wire if item.wire in _ONE_WAY else f"{item.wire} {item.order}"
    return Footprint(space, first, first + item.words * _BITS, kind, low=low, high=high)


def _raw(item: Item) -> tuple[float, float]:
    if item.wire == "bitfield":
        return 0, (1 << item.count) - 1
    return _RAW.get(item.wire, (0.0, 0.0))

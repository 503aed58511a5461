"""Decodes a whole block at once with compiled structs and reports only the values that changed."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import compress
from math import isfinite
from operator import itemgetter, ne
from typing import Any, TypeAlias

from hmi.core import quality
from hmi.core.values import DataValue, Value, bad
from hmi.drivers.modbus._codec import (
    FLOATS,
    Convert,
    Undecodable,
    block_order,
    converter,
    reorder,
    slot_format,
)
from hmi.drivers.modbus._item import Item
from hmi.drivers.modbus._values import good_values

Placed: TypeAlias = tuple[int, Item]
Update: TypeAlias = tuple[int, DataValue]
_Slot: TypeAlias = tuple[int, str]


class RegisterDecoder:
    """Holds the struct plan of one register block and its previous answer."""

    def __init__(self, placed: Sequence[Placed], start: int, count: int) -> None:
        slots, self._layers = _layers(placed, start, count)
        plain: list[tuple[int, int]] = []
        self._derived: list[tuple[int, Convert, int]] = []
        for handle, item in placed:
            slot = slots[block_order(item)][_slot(item, start, count)]
            convert = converter(item)
            if convert is None:
                plain.append((slot, handle))
            else:
                self._derived.append((slot, convert, handle))
        self._handles = tuple(handle for _slot, handle in plain)
        self._pick = _picker([slot for slot, _handle in plain], sum(len(group) for group in slots.values()))
        self._floats = any(item.wire in FLOATS for _handle, item in placed)
        self.forget()

    def forget(self) -> None:
        """Report every value at the next answer, changed or not."""
        self._data = b""
        self._slots: tuple[Any, ...] | None = None
        self._plain: Sequence[Any] = ()

    def updates(self, data: bytes, now: int) -> list[Update]:
        """Values that differ from the previous answer; none when the bytes are the same."""
        if data == self._data:
            return []
        slots: tuple[Any, ...] = ()
        for order, plan in self._layers:
            slots += plan.unpack(data if order == "ABCD" else reorder(data, order))
        plain = self._pick(slots)
        out = self._changed(plain, now)
        if self._derived:
            self._add_derived(out, slots, now)
        self._data, self._slots, self._plain = data, slots, plain
        return out

    def _changed(self, plain: Sequence[Any], now: int) -> list[Update]:
        """Values that are their slot; one look at the sum tells whether any float is NaN or infinite."""
        handles, values = self._handles, plain
        if self._slots is not None:
            changed = list(map(ne, plain, self._plain))
            handles, values = tuple(compress(handles, changed)), tuple(compress(plain, changed))
        if self._floats and not isfinite(sum(plain)):
            return [(handle, _number(value, now)) for handle, value in zip(handles, values, strict=True)]
        return list(zip(handles, good_values(values, now), strict=True))

    def _add_derived(self, out: list[Update], slots: tuple[Any, ...], now: int) -> None:
        """Values computed from a slot: bits, BCD, texts."""
        before = self._slots
        for slot, convert, handle in self._derived:
            new = slots[slot]
            if before is None:
                out.append((handle, _converted(convert, new, now)))
            elif new != before[slot]:
                value = _converted(convert, new, now)
                old = _converted(convert, before[slot], now)
                if value.value != old.value or value.status != old.status:
                    out.append((handle, value))


class BitDecoder:
    """Holds the bit places of one coil or input block and its previous answer."""

    def __init__(self, placed: Sequence[Placed], start: int) -> None:
        self._places = [
            ((item.offset - start) >> 3, 1 << (item.offset - start & 7), _bit_pair(item), handle)
            for handle, item in placed
        ]
        self.forget()

    def forget(self) -> None:
        """Report every value at the next answer, changed or not."""
        self._data: bytes | None = None

    def updates(self, data: bytes, now: int) -> list[Update]:
        """Bits that differ from the previous answer."""
        before = self._data
        if data == before:
            return []
        self._data = data
        difference = bytes([255]) * len(data)
        if before is not None:
            difference = bytes(new ^ old for new, old in zip(data, before, strict=True))
        return [
            (handle, DataValue(pair[data[byte] & mask != 0], 0, now, now))
            for byte, mask, pair, handle in self._places
            if difference[byte] & mask
        ]


def _bit_pair(item: Item) -> tuple[Value, Value]:
    """What off and on are for the tag's type."""
    convert = converter(item)
    off, on = 0, 1 << item.bit
    return (convert(off), convert(on)) if convert else (False, True)


def _number(value: Any, now: int) -> DataValue:
    if type(value) is float and not isfinite(value):
        return bad(quality.BAD_DEVICE_FAILURE, now)
    return DataValue(value, 0, now, now)


def _converted(convert: Convert, slot: Any, now: int) -> DataValue:
    try:
        return _number(convert(slot), now)
    except Undecodable:
        return bad(quality.BAD_DEVICE_FAILURE, now)


def _slot(item: Item, start: int, count: int) -> _Slot:
    """Byte position and format of an item in the block reordered for it."""
    first = item.offset - start
    if block_order(item) in ("CDAB", "DCBA"):
        first = count - first - item.words
    return first * 2, slot_format(item)


def _layers(
    placed: Sequence[Placed], start: int, count: int
) -> tuple[dict[str, dict[_Slot, int]], list[tuple[str, struct.Struct]]]:
    """Slot numbers by order, and the structs that fill them; items that overlap go to further structs."""
    by_order: dict[str, set[_Slot]] = {}
    for _handle, item in placed:
        by_order.setdefault(block_order(item), set()).add(_slot(item, start, count))
    numbers: dict[str, dict[_Slot, int]] = {}
    layers: list[tuple[str, struct.Struct]] = []
    used = 0
    for order, wanted in by_order.items():
        numbers[order] = {}
        waiting = sorted(wanted)
        while waiting:
            chosen, waiting = _one_layer(waiting)
            layers.append((order, _struct(chosen, count * 2)))
            numbers[order] |= {slot: used + place for place, slot in enumerate(chosen)}
            used += len(chosen)
    return numbers, layers


def _one_layer(waiting: list[_Slot]) -> tuple[list[_Slot], list[_Slot]]:
    chosen: list[_Slot] = []
    left: list[_Slot] = []
    position = 0
    for slot in waiting:
        if slot[0] < position:
            left.append(slot)
            continue
        chosen.append(slot)
        position = slot[0] + struct.calcsize(f">{slot[1]}")
    return chosen, left


def _struct(slots: Sequence[_Slot], size: int) -> struct.Struct:
    text, position = ">", 0
    for place, code in slots:
        text += f"{place - position}x{code}" if place > position else code
        position = place + struct.calcsize(f">{code}")
    return struct.Struct(f"{text}{size - position}x" if size > position else text)


def _picker(slots: list[int], total: int) -> Any:
    """Takes the plain values out of all slots; the usual case needs no copy."""
    if slots == list(range(total)):
        return lambda values: values
    if not slots:
        return lambda _values: ()
    if len(slots) == 1:
        return lambda values: (values[slots[0]],)
    return itemgetter(*slots)

"""Turns what was seen of a device into proposed rows of tags.csv; pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from hmi.core.texts import tr
from hmi.drivers.modbus._address import Table
from hmi.drivers.modbus._guess import Guess, Guessed
from hmi.drivers.modbus._guess_kinds import Samples
from hmi.drivers.modbus._guess_scale import twins
from hmi.drivers.modbus._guess_why import readings, shown, why
from hmi.project.importing import Place, ProposedRow

# wire -> (type column, option wire when the type alone would mean another one)
_TYPES: Mapping[str, tuple[str, str]] = {
    "int16": ("int16", ""),
    "uint16": ("uint16", ""),
    "int32": ("int32", ""),
    "uint32": ("uint32", ""),
    "int64": ("int64", "int64"),
    "float32": ("float32", ""),
    "float64": ("float", "float64"),
    "bcd16": ("uint64", "bcd16"),
    "bcd32": ("uint64", "bcd32"),
    "unix32": ("time", ""),
    "string": ("string", ""),
}
_BIT_SURE = 0.98
_STILL_BIT = 0.9


class Rows:
    """Rows of one unit. ``settings`` of the connection say how its addresses are counted and which unit is its own."""

    def __init__(self, connection: str, area: str, unit: int, settings: Mapping[str, Any]) -> None:
        self._connection, self._unit = connection, unit
        self._base = 0 if settings.get("zero_based", False) else 1
        self._own = int(settings.get("unit", 1)) == unit
        self._default_order = str(settings.get("order", "") or "ABCD")
        prefix = f"{area}/" if area else ""
        self._head = f"{prefix}unit{unit}."

    def address(self, table: Table, offset: int) -> str:
        """As an engineer writes it in the settings' way of counting."""
        unit = "" if self._own else f"{self._unit}."
        return f"{unit}{table.value}{offset + self._base}"

    def _row(
        self, table: Table, offset: int, kind: str, bit: int | None = None, **cells: str
    ) -> dict[str, str]:
        number = f"{table.value.lower()}{offset + self._base}"
        tail = "" if bit is None else f"_{bit}"
        return {
            "kind": "tag",
            "name": f"{self._head}{number}{tail}",
            "type": kind,
            "connection": self._connection,
            "address": self.address(table, offset) + ("" if bit is None else f".{bit}"),
        }

    def of_registers(self, table: Table, guessed: Guessed) -> Iterator[ProposedRow]:
        """One row for each guess, and one for each bit that changed in a word of flags."""
        same = twins(guessed.items)
        place = Place(path=f"unit {self._unit}/{table.value}")
        for item in guessed.items:
            reason = why(item, guessed)
            if twin := same.get(item.offset):
                other, factor = twin
                follows = self.address(table, other.offset)
                reason += "; " + tr("follows {other} times {factor}", other=follows, factor=shown(factor))
            yield ProposedRow(self._cells(table, item), place, item.confidence, reason)
            for bit in item.flags:
                cells = self._row(table, item.offset, "bool", bit)
                yield ProposedRow(cells, place, item.confidence, tr("bit {bit} changes by itself", bit=bit))

    def _cells(self, table: Table, item: Guess) -> dict[str, str]:
        kind, wire = _TYPES[item.wire]
        options: dict[str, str] = {}
        scaling: dict[str, str] = {}
        if item.scale != 1.0:
            kind, wire = "float", item.wire
            scaling = _scaling(item)
        if wire:
            options["wire"] = wire
        if item.wire == "string":
            options["length"] = str(item.words * 2)
        # words of one register have no order, but a connection with swapped bytes would swap theirs
        if item.words > 1 or item.wire == "string" or self._default_order in ("BADC", "DCBA"):
            options["order"] = item.order
        text = ";".join(f"{name}={value}" for name, value in options.items())
        return self._row(table, item.offset, kind) | scaling | ({"options": text} if text else {})

    def of_zeros(self, table: Table, guessed: Guessed) -> Iterator[ProposedRow]:
        """Rows for registers that say nothing, where somebody wants them all the same."""
        reason = tr("stayed 0 or 'not available' all the time: any type would fit")
        for first, end in guessed.unused:
            for offset in range(first, end):
                yield ProposedRow(
                    self._row(table, offset, "uint16"), Place(path=f"unit {self._unit}"), 0.0, reason
                )

    def of_bits(self, table: Table, parts: Sequence[Samples], *, zeros: bool) -> Iterator[ProposedRow]:
        """Coils and inputs: nothing has to be guessed but whether they are used."""
        place = Place(path=f"unit {self._unit}/{table.value}")
        for part in parts:
            if not len(part.words):
                continue
            changes = np.count_nonzero(np.diff(part.words, axis=0), axis=0)
            for at in range(part.words.shape[1]):
                times, now = int(changes[at]), int(part.words[-1, at])
                if not times and not now and not zeros:
                    continue
                reason = tr("changed {n} times", n=times) if times else tr("stood at {value}", value=now)
                sure = _BIT_SURE if times else _STILL_BIT if now else 0.0
                yield ProposedRow(self._row(table, part.start + at, "bool"), place, sure, reason)


def _scaling(item: Guess) -> dict[str, str]:
    """A round raw range that holds what was seen, and the same in the numbers of the display."""
    values = readings(item)
    top = 10 ** math.ceil(math.log10(max(1.0, float(np.abs(values).max()))))
    low = -top if (values < 0).any() else 0
    return {
        "low": shown(low * item.scale), "high": shown(top * item.scale), "raw_low": shown(low), "raw_high": shown(top),
    }  # fmt: skip

"""Groups points into as few requests as the rules of standards 4.6 allow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadDiscreteInputsRequest
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, ReadInputRegistersRequest

from hmi.core.values import bad
from hmi.drivers.modbus._address import Table
from hmi.drivers.modbus._decode import BitDecoder, Placed, RegisterDecoder, Update
from hmi.drivers.modbus._forbidden import Forbidden, forbidden_of
from hmi.drivers.modbus._guard import READ_COILS, READ_DISCRETE, READ_HOLDING, READ_INPUT, check_request
from hmi.drivers.modbus._item import Item

READ_FUNCTION = {
    Table.COILS: READ_COILS,
    Table.DISCRETE_INPUTS: READ_DISCRETE,
    Table.HOLDING_REGISTERS: READ_HOLDING,
    Table.INPUT_REGISTERS: READ_INPUT,
}
_REQUESTS = {
    READ_COILS: ReadCoilsRequest,
    READ_DISCRETE: ReadDiscreteInputsRequest,
    READ_HOLDING: ReadHoldingRegistersRequest,
    READ_INPUT: ReadInputRegistersRequest,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a request may reach and which gaps it may bridge."""

    max_registers: int = 125
    max_bits: int = 2000
    gap_registers: int = 16
    gap_bits: int = 128
    forbidden: tuple[Forbidden, ...] = ()

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Limits:
        """From the settings of a connection."""
        sparse = bool(settings.get("sparse", False))
        base = cls()
        return cls(
            max_registers=int(settings.get("max_registers", base.max_registers)),
            max_bits=int(settings.get("max_bits", base.max_bits)),
            gap_registers=0 if sparse else int(settings.get("gap_registers", base.gap_registers)),
            gap_bits=0 if sparse else int(settings.get("gap_bits", base.gap_bits)),
            forbidden=forbidden_of(settings),
        )

    def span(self, table: Table) -> int:
        return self.max_bits if table.is_bits else self.max_registers

    def gap(self, table: Table) -> int:
        return self.gap_bits if table.is_bits else self.gap_registers

    def fault(self, item: Item) -> str:
        """Why no request may bring the item; empty when one may."""
        if item.words > self.span(item.table):
            return f"needs {item.words} registers in one read, more than the device gives"
        if self.is_forbidden(item.unit, item.table, item.offset, item.end):
            return "lies in a forbidden range"
        return ""

    def is_forbidden(self, unit: int, table: Table, first: int, end: int) -> bool:
        if not self.forbidden:  # asked for every point, and most devices have none
            return False
        return any(part.touches(unit, table, first, end) for part in self.forbidden)


@dataclass(slots=True)
class Request:
    """One read: its bytes, what it brings and the decoder that remembers the previous answer."""

    unit: int
    function: int
    start: int
    count: int
    placed: tuple[Placed, ...]
    reduced: bool = False
    bad_status: int = -1
    pdu: bytes = field(init=False)
    decoder: RegisterDecoder | BitDecoder = field(init=False)

    def __post_init__(self) -> None:
        check_request(self.function, self.start, self.count)
        message = _REQUESTS[self.function](address=self.start, count=self.count)
        self.pdu = bytes((self.function,)) + message.encode()
        if self.function in (READ_COILS, READ_DISCRETE):
            self.decoder = BitDecoder(self.placed, self.start)
        else:
            self.decoder = RegisterDecoder(self.placed, self.start, self.count)

    def __str__(self) -> str:
        return f"{self.start} {self.placed[0][1].table.value} unit {self.unit}"

    @property
    def handles(self) -> tuple[int, ...]:
        return tuple(handle for handle, _item in self.placed)

    def halves(self) -> tuple[Request, Request]:
        """Two requests that together bring the same points, parted at the widest gap or in the middle."""
        place = _parting(self.placed)
        return request_of(self.placed[:place]), request_of(self.placed[place:])

    def take(self, data: bytes, now: int) -> list[Update]:
        """Values that changed since the previous answer."""
        self.bad_status = -1
        return self.decoder.updates(data, now)

    def fail(self, status: int, now: int) -> list[Update]:
        """Bad values for all points, once; the next answer brings all of them again."""
        if status == self.bad_status:
            return []
        self.bad_status = status
        self.decoder.forget()
        value = bad(status, now)
        return [(handle, value) for handle, _item in self.placed]


def _parting(placed: Sequence[Placed]) -> int:
    """Where a refused block is cut: most often the address that is missing lies in a gap it bridged."""
    middle = len(placed) / 2
    end, best, choice = 0, (0, 0.0), 1
    for place, (_handle, item) in enumerate(placed):
        gap = max(0, item.offset - end) if place else 0
        rank = (gap, -abs(place - middle))
        if place == 1 or (place > 1 and rank > best):
            best, choice = rank, place
        end = max(end, item.end)
    return choice


def request_of(placed: Sequence[Placed]) -> Request:
    """The narrowest request that brings points of one unit and table."""
    first = placed[0][1]
    start = min(item.offset for _handle, item in placed)
    end = max(item.end for _handle, item in placed)
    return Request(first.unit, READ_FUNCTION[first.table], start, end - start, tuple(placed))


def coalesce(points: Iterable[Placed], limits: Limits) -> list[Request]:
    """Requests for the points, in order of unit, table and offset."""
    groups: dict[tuple[int, Table], list[Placed]] = {}
    for handle, item in points:
        groups.setdefault((item.unit, item.table), []).append((handle, item))
    out: list[Request] = []
    for unit, table in sorted(groups, key=lambda key: (key[0], key[1].value)):
        placed = sorted(groups[unit, table], key=lambda pair: (pair[1].offset, pair[1].end, pair[0]))
        out.extend(request_of(part) for part in _runs(placed, limits))
    return out


def _runs(placed: Sequence[Placed], limits: Limits) -> list[list[Placed]]:
    """Cut sorted points of one table wherever a rule asks for a new request."""
    runs: list[list[Placed]] = []
    start = end = 0
    for handle, item in placed:
        if runs and _fits(item, start, end, limits):
            runs[-1].append((handle, item))
            end = max(end, item.end)
        else:
            runs.append([(handle, item)])
            start, end = item.offset, item.end
    return runs


def _fits(item: Item, start: int, end: int, limits: Limits) -> bool:
    """Whether the block from ``start`` to ``end`` may grow to take the item in."""
    if item.offset - end > limits.gap(item.table) or max(end, item.end) - start > limits.span(item.table):
        return False
    return not limits.is_forbidden(item.unit, item.table, start, max(end, item.end))

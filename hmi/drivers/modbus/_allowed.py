"""What may be written on one connection: the items of its writable points, nothing else (reliability D11); pure."""

from __future__ import annotations

from collections.abc import Iterable

from hmi.core.errors import ProtocolViolation
from hmi.drivers.modbus import _guard
from hmi.drivers.modbus._item import Item

_SIZES = {_guard.WRITE_COIL: 5, _guard.WRITE_REGISTER: 5, _guard.MASK_WRITE: 7}
_HEAD = 6
_PART_METHODS = {
    "auto": (_guard.MASK_WRITE, _guard.WRITE_REGISTER),
    "mask": (_guard.MASK_WRITE,),
    "rmw": (_guard.WRITE_REGISTER,),
}


class NotAllowed(ProtocolViolation):
    """A request that this product must not send; nothing was sent."""


class Allowed:
    """Looks at every request right before it is sent; without items nothing may be written."""

    def __init__(self, writable: Iterable[Item] = ()) -> None:
        self._places = frozenset(
            (item.unit, function, item.offset, item.words)
            for item in writable
            if item.table.is_writable
            for function in _functions(item)
        )

    def check(self, unit: int, pdu: bytes) -> None:
        """NotAllowed for a function that this product does not send, and for a write beyond the list."""
        function = pdu[0]
        if function not in _guard.SENDABLE:
            raise NotAllowed(f"function 0x{function:02X} is not one that this product sends")
        if function in _guard.WRITES and (unit, function, *_span(pdu)) not in self._places:
            raise NotAllowed(f"{pdu[:5].hex()} to unit {unit} writes what is no writable point")


def _functions(item: Item) -> tuple[int, ...]:
    if item.write in _PART_METHODS:
        return _PART_METHODS[item.write]
    if item.table.is_bits:
        return (_guard.WRITE_COILS if item.write == "multiple" else _guard.WRITE_COIL,)
    return (_guard.WRITE_REGISTER if item.write == "single" else _guard.WRITE_REGISTERS,)


def _span(pdu: bytes) -> tuple[int, int]:
    """First address and number of items of a write; (-1, 0) for one whose length does not fit its function."""
    offset = int.from_bytes(pdu[1:3], "big")
    if pdu[0] in _SIZES:
        return (offset, 1) if len(pdu) == _SIZES[pdu[0]] else (-1, 0)
    count = int.from_bytes(pdu[3:5], "big")
    size = (count + 7) // 8 if pdu[0] == _guard.WRITE_COILS else count * 2
    fits = len(pdu) == _HEAD + size and pdu[5] == size
    return (offset, count) if fits else (-1, 0)

"""Turns a value into the one request that writes it, and the answer into what is known (standards 4.4, 4.5)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from pymodbus.pdu.register_message import MaskWriteRegisterRequest

from hmi.core import quality
from hmi.core.commands import WriteOutcome, WriteState
from hmi.core.errors import DeviceError
from hmi.core.texts import tr
from hmi.core.values import Value
from hmi.drivers.modbus import _guard
from hmi.drivers.modbus._codec import Unencodable, encode, encode_bit, encode_integer, swap_bytes
from hmi.drivers.modbus._guard import check_request
from hmi.drivers.modbus._item import Item

# after these the device may or may not have acted: only a read-back can tell
UNDECIDED = frozenset((_guard.DEVICE_FAILURE, _guard.ACKNOWLEDGE, _guard.PARITY, _guard.GATEWAY_TARGET))


@dataclass(frozen=True, slots=True)
class MaskedBits:
    """The bits of a register that a write changes: ``(current AND keep) OR bits``."""

    keep: int
    bits: int

    def applied(self, current: int) -> int:
        return (current & self.keep) | (self.bits & ~self.keep & 0xFFFF)


def frame(item: Item, value: Value) -> bytes:
    """PDU that writes a whole item; Unencodable when the value does not fit, nothing is sent then."""
    if not item.table.is_writable:
        raise Unencodable(f"table {item.table.value} cannot be written")
    if item.table.is_bits:
        return _coil_frame(item, encode_bit(value))
    data = encode(item, value)
    if item.write == "single":
        check_request(_guard.WRITE_REGISTER, item.offset, 1)
        return struct.pack(">BH", _guard.WRITE_REGISTER, item.offset) + data
    return registers_frame(item.offset, data)


def _coil_frame(item: Item, on: bool) -> bytes:
    if item.write == "multiple":
        return coils_frame(item.offset, (on,))
    return struct.pack(">BHH", _guard.WRITE_COIL, item.offset, 0xFF00 if on else 0)


def coils_frame(offset: int, values: tuple[bool, ...]) -> bytes:
    """PDU of 0x0F; ProtocolViolation beyond 1,968 coils."""
    check_request(_guard.WRITE_COILS, offset, len(values))
    number = sum(1 << place for place, on in enumerate(values) if on)
    data = number.to_bytes((len(values) + 7) // 8, "little")
    return struct.pack(">BHHB", _guard.WRITE_COILS, offset, len(values), len(data)) + data


def registers_frame(offset: int, data: bytes) -> bytes:
    """PDU of 0x10; ProtocolViolation beyond 123 registers."""
    check_request(_guard.WRITE_REGISTERS, offset, len(data) // 2)
    return struct.pack(">BHHB", _guard.WRITE_REGISTERS, offset, len(data) // 2, len(data)) + data


def masked(item: Item, value: Value) -> MaskedBits:
    """Which bits of its register a bit or bit field sets."""
    if not item.table.is_writable:
        raise Unencodable(f"table {item.table.value} cannot be written")
    shift, width = (item.bit, 1) if item.wire == "bit" else (item.first, item.count)
    field = ((1 << width) - 1) << shift
    return MaskedBits(
        _in_wire_order(~field & 0xFFFF, item), _in_wire_order(encode_integer(item, value) << shift, item)
    )


def _in_wire_order(register: int, item: Item) -> int:
    if not item.swaps_bytes:
        return register
    return int.from_bytes(swap_bytes(register.to_bytes(2, "big")), "big")


def mask_frame(item: Item, bits: MaskedBits) -> bytes:
    """PDU of 0x16."""
    request = MaskWriteRegisterRequest(address=item.offset, and_mask=bits.keep, or_mask=bits.bits)
    return bytes((_guard.MASK_WRITE,)) + request.encode()


def register_frame(item: Item, register: int) -> bytes:
    """PDU of 0x06 for a register put together from bits."""
    return struct.pack(">BHH", _guard.WRITE_REGISTER, item.offset, register)


def done(text: str = "") -> WriteOutcome:
    """The device has confirmed the write."""
    return WriteOutcome(WriteState.DONE, quality.GOOD, text)


def refused(text: str, status: int = quality.BAD_CONFIGURATION) -> WriteOutcome:
    """Nothing was written, and why."""
    return WriteOutcome(WriteState.REFUSED, status, text)


def unknown(text: str, status: int = quality.BAD_TIMEOUT) -> WriteOutcome:
    """Sent, and not known whether it was carried out."""
    return WriteOutcome(WriteState.UNKNOWN, status, text)


def not_connected(text: str) -> WriteOutcome:
    """Nothing was sent because there is no connection."""
    return WriteOutcome(WriteState.NOT_CONNECTED, quality.BAD_NO_COMMUNICATION, text)


def expired() -> WriteOutcome:
    """Nothing was sent because the deadline was over."""
    text = tr("The command was too late and was not sent.")
    return WriteOutcome(WriteState.EXPIRED, quality.BAD_TIMEOUT, text)


def outcome_of(error: DeviceError) -> WriteOutcome:
    """What an exception answer says about a write."""
    if error.code in UNDECIDED:
        return unknown(tr("The device gave no clear answer: {why}.", why=error), error.status)
    return refused(tr("The device refused: {why}.", why=error), error.status)

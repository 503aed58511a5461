"""Carries out one write: a single transmission, its answer checked, everything unclear said to be unknown."""

from __future__ import annotations

import asyncio
import struct

from hmi.core.commands import WriteOutcome, WriteState
from hmi.core.errors import CommunicationError, DeviceError, LinkLost, ProtocolViolation
from hmi.core.texts import tr
from hmi.core.values import Value
from hmi.drivers.modbus import _guard
from hmi.drivers.modbus._allowed import NotAllowed
from hmi.drivers.modbus._codec import Unencodable
from hmi.drivers.modbus._item import Item
from hmi.drivers.modbus._transport import Channel, Expired, NotSent, Silent
from hmi.drivers.modbus._write import (
    MaskedBits,
    done,
    expired,
    frame,
    mask_frame,
    masked,
    not_connected,
    outcome_of,
    refused,
    register_frame,
    unknown,
)


class Sender:
    """Writes of one connection; remembers units that do not know the mask write."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self._without_mask: set[int] = set()
        self._lock = asyncio.Lock()

    async def write(self, channel: Channel, item: Item, value: Value, deadline_ns: int) -> WriteOutcome:
        """Write a value; refused without a transmission when it does not fit the point."""
        try:
            if item.write in ("auto", "mask", "rmw"):
                bits = masked(item, value)
                async with self._lock:
                    return await self._write_bits(channel, item, bits, deadline_ns)
            pdu = frame(item, value)
        except (Unencodable, ProtocolViolation) as error:
            return refused(tr("The value cannot be written: {why}.", why=error))
        async with self._lock:
            return await send(channel, item.unit, pdu, deadline_ns)

    async def _write_bits(
        self, channel: Channel, item: Item, bits: MaskedBits, deadline_ns: int
    ) -> WriteOutcome:
        """Mask write; a unit that says once that it has none gets read-modify-write from then on."""
        if item.write == "rmw" or (item.write == "auto" and item.unit in self._without_mask):
            return await read_modify_write(channel, item, bits, deadline_ns)
        try:
            return await transmit(channel, item.unit, mask_frame(item, bits), deadline_ns)
        except DeviceError as error:
            if item.write == "mask" or error.code != _guard.ILLEGAL_FUNCTION:
                return outcome_of(error)
        self._without_mask.add(item.unit)
        note = tr("Unit {unit} has no mask write; its bits are read, changed and verified.", unit=item.unit)
        self.notes.append(note)
        outcome = await read_modify_write(channel, item, bits, deadline_ns)
        return WriteOutcome(outcome.state, outcome.status, f"{outcome.text} {note}".strip())


async def send(channel: Channel, unit: int, pdu: bytes, deadline_ns: int) -> WriteOutcome:
    """``transmit`` with an exception answer turned into an outcome."""
    try:
        return await transmit(channel, unit, pdu, deadline_ns)
    except DeviceError as error:
        return outcome_of(error)


async def transmit(channel: Channel, unit: int, pdu: bytes, deadline_ns: int) -> WriteOutcome:
    """One transmission of a write; DeviceError when the device answers with an exception.

    A write without a proper answer ends the connection, so that nothing of it waits in a buffer.
    """
    try:
        answer = await channel.exchange(unit, pdu, deadline_ns=deadline_ns)
        _guard.check_echo(pdu, answer, unit)
    except Expired:
        return expired()
    except NotAllowed as error:
        return refused(tr("The point cannot be written: {why}.", why=error))
    except NotSent as error:
        return not_connected(tr("There is no connection to the device: {why}.", why=error))
    except LinkLost as error:
        return unknown(tr("The connection ended before the device confirmed: {why}.", why=error))
    except Silent:
        channel.drop(f"a write to unit {unit} was not answered")
        return unknown(tr("The device did not confirm in time; it may have acted."))
    except ProtocolViolation as error:
        channel.counters.violations += 1
        channel.drop(f"a write was confirmed wrongly: {error}")
        return unknown(tr("The confirmation does not fit the command: {why}.", why=error))
    return done()


async def read_modify_write(channel: Channel, item: Item, bits: MaskedBits, deadline_ns: int) -> WriteOutcome:
    """Read the register, write it once with the bits changed, read it again to verify."""
    try:
        wanted = bits.applied(await _register(channel, item))
    except DeviceError as error:
        return refused(
            tr("The register cannot be read before it is changed: {why}.", why=error), error.status
        )
    except CommunicationError as error:
        return not_connected(tr("The register cannot be read before it is changed: {why}.", why=error))
    outcome = await send(channel, item.unit, register_frame(item, wanted), deadline_ns)
    if outcome.state is not WriteState.DONE:
        return outcome
    try:
        found = await _register(channel, item)
    except CommunicationError as error:
        return unknown(tr("The device confirmed, but the change could not be verified: {why}.", why=error))
    if (found ^ wanted) & ~bits.keep & 0xFFFF:
        return unknown(tr("The device confirmed, but the register does not show the change."))
    return done(tr("Written by read, change and verify."))


async def _register(channel: Channel, item: Item) -> int:
    pdu = struct.pack(">BHH", _guard.READ_HOLDING, item.offset, 1)
    answer = await channel.exchange(item.unit, pdu)
    return int.from_bytes(_guard.read_data(_guard.READ_HOLDING, 1, answer, item.unit), "big")

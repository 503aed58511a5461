"""Which units answer, what they say they are, and which of them are the same device under several numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from hmi.core.errors import CommunicationError, DeviceError, ProtocolViolation
from hmi.core.texts import tr
from hmi.drivers.modbus._address import Table
from hmi.drivers.modbus._browse_options import Part
from hmi.drivers.modbus._guard import GATEWAY_PATH, IDENTIFY, check_exception
from hmi.drivers.modbus._identity import read_objects
from hmi.drivers.modbus._probe_link import CALM_S, GATEWAY, SERVER_ID, ProbeLink
from hmi.drivers.modbus._transport import Silent

BASIC, REGULAR, EXTENDED = 1, 2, 3
OBJECT_NAMES: Final[Mapping[int, str]] = {
    0: "vendor", 1: "product code", 2: "revision", 3: "vendor URL", 4: "product name", 5: "model",
    6: "application",
}  # fmt: skip
_TEXT_LENGTH = 80
_ALIKE_WORDS = 8


@dataclass(slots=True)
class Seen:
    """A unit: ``silent`` says why it has nothing to show, ``objects`` are its identification."""

    unit: int
    silent: str = ""
    objects: dict[int, bytes] = field(default_factory=dict[int, bytes])
    server_id: str = ""

    def identity(self) -> str:
        """What it says of itself, in one line; empty when it says nothing."""
        named = [
            f"{OBJECT_NAMES.get(number, tr('object {number}', number=f'0x{number:02X}'))} {_printable(value)}"
            for number, value in sorted(self.objects.items())
            if value
        ]
        if self.server_id:
            named.append(tr("server id {id}", id=self.server_id))
        return ", ".join(named)


def _printable(raw: bytes) -> str:
    """Text of a device for people: short, without control characters."""
    text = raw[:_TEXT_LENGTH].decode("utf-8", "replace")
    return "".join(char if char.isprintable() else "?" for char in text).strip() or raw[:_TEXT_LENGTH].hex()


async def meet(link: ProbeLink, unit: int, tables: tuple[Table, ...], *, server_id: bool) -> Seen:
    """Identification of a unit, or one read when it has none; says so when nothing comes back."""
    seen = Seen(unit)
    if not await _identify(link, seen) and not seen.silent:
        await _read_one(link, seen, tables)
    if server_id and not seen.silent:
        await _ask_server_id(link, seen)
    return seen


async def meet_again(link: ProbeLink, unit: int, tables: tuple[Table, ...]) -> Seen:
    """One read of a unit that was silent, after a pause."""
    await asyncio.sleep(CALM_S)
    seen = Seen(unit)
    await _read_one(link, seen, tables)
    return seen


async def _read_one(link: ProbeLink, seen: Seen, tables: tuple[Table, ...]) -> None:
    answer = await link.read(seen.unit, tables[0], 0, 1)
    if not answer.is_good and answer.code in (0, *GATEWAY):
        seen.silent = _why_silent(answer.code, answer.why)


async def _identify(link: ProbeLink, seen: Seen) -> bool:
    """Basic objects first: their answer tells what else there is. Whether the unit answered at all."""

    async def ask(pdu: bytes) -> bytes:
        answer = await link.exchange(seen.unit, pdu)
        if answer[:1] == bytes((IDENTIFY,)):
            conformity.append(answer[3] & 0x0F if len(answer) > 3 else 0)
        return answer

    conformity: list[int] = []
    answered = False
    for code in (BASIC, REGULAR, EXTENDED):
        try:
            seen.objects |= await read_objects(ask, seen.unit, code)
        except DeviceError as error:
            if error.code in GATEWAY:
                seen.silent = _why_silent(error.code, str(error))
                return False
            link.answers(seen.unit, bytes((IDENTIFY, 0x0E, BASIC, 0)), error.code)
            return True
        except (Silent, ProtocolViolation):
            return answered
        answered = True
        link.answers(seen.unit, bytes((IDENTIFY, 0x0E, BASIC, 0)))
        if code >= max(conformity, default=0):
            break
    return answered


def _why_silent(code: int, why: str) -> str:
    if code == GATEWAY_PATH:
        return tr("the gateway has no path to it (exception 0A)")
    return tr("its gateway gets no answer from it (exception 0B)") if code in GATEWAY else why


async def _ask_server_id(link: ProbeLink, seen: Seen) -> None:
    try:
        answer = await link.exchange(seen.unit, bytes((SERVER_ID,)))
        check_exception(SERVER_ID, answer, seen.unit)
    except CommunicationError:
        return
    seen.server_id = _printable(answer[2 : 2 + answer[1]]) if len(answer) > 2 else ""


async def is_alike(link: ProbeLink, first: Seen, other: Seen, table: Table, reads: list[Part]) -> bool:
    """Whether two units are one device: the words that stand still in the one are the same in the other.

    Needs some words that are not 0: two empty units prove nothing.
    """
    if first.objects != other.objects:
        return False
    known: set[int] = set()
    for start, end in reads[:3]:
        before = await link.read(first.unit, table, start, end - start)
        copy = await link.read(other.unit, table, start, end - start)
        after = await link.read(first.unit, table, start, end - start)
        if not before.is_good or not after.is_good:
            continue
        if not copy.is_good:
            return False
        size = 1 if table.is_bits else 2
        for at in range(0, len(before.data), size):
            word = before.data[at : at + size]
            if word == after.data[at : at + size]:
                if copy.data[at : at + size] != word:
                    return False
                known |= {int.from_bytes(word, "big")} - {0}
        if len(known) >= _ALIKE_WORDS:
            return True
    return False

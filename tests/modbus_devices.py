"""Modbus TCP devices written for tests: each behaves badly in its own way; all keep what they were asked."""

from __future__ import annotations

import asyncio
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_HEADER = struct.Struct(">HHHB")
Words = Callable[[], Mapping[int, int]]
TABLES = {1: "CO", 2: "DI", 3: "HR", 4: "IR"}


@dataclass
class Device:
    """Registers and bits by table; ``limit`` items of one read, with ``limit_code`` beyond it.

    ``objects``: identification, two of them in each answer. ``asked``: (unit, PDU) in order of arrival. ``before``
    may answer in its place: bytes, None for silence; it gets the unit and the PDU.
    """

    tables: Mapping[str, Words]
    units: tuple[int, ...] = (1,)
    limit: int = 125
    limit_code: int = 3
    objects: Mapping[int, bytes] = field(default_factory=dict)
    missing_unit: int | None = None
    before: Callable[[int, bytes], bytes | bool | None] = lambda _unit, _pdu: False
    transaction_shift: int = 0
    asked: list[tuple[int, bytes]] = field(default_factory=list)
    delay_s: float = 0.0
    open_requests: int = 0
    most_open: int = 0

    @property
    def functions(self) -> Counter[int]:
        return Counter(pdu[0] for _unit, pdu in self.asked)

    def answer(self, unit: int, pdu: bytes) -> bytes | None:
        own = self.before(unit, pdu)
        if own is not False:
            return own if isinstance(own, bytes) else None
        if unit not in self.units:
            return None if self.missing_unit is None else bytes((pdu[0] | 0x80, self.missing_unit))
        if pdu[0] in TABLES:
            return self._read(pdu)
        if pdu[:2] == b"\x2b\x0e" and self.objects:
            return self._identify(pdu[2], pdu[3])
        return bytes((pdu[0] | 0x80, 1))

    def _read(self, pdu: bytes) -> bytes:
        function, start, count = struct.unpack(">BHH", pdu)
        table = self.tables.get(TABLES[function])
        if table is None:
            return bytes((function | 0x80, 1))
        bits = function < 3
        if count > (2000 if bits else self.limit):
            return bytes((function | 0x80, self.limit_code))
        items = table()
        try:
            values = [items[place] for place in range(start, start + count)]
        except KeyError:
            return bytes((function | 0x80, 2))
        if not bits:
            return struct.pack(f">BB{count}H", function, count * 2, *values)
        raw = sum(bool(value) << place for place, value in enumerate(values)).to_bytes(
            (count + 7) // 8, "little"
        )
        return bytes((function, len(raw))) + raw

    def _identify(self, code: int, first: int) -> bytes:
        last = {1: 2, 2: 0x7F, 3: 0xFF}[code]
        numbers = [number for number in sorted(self.objects) if first <= number <= last]
        page, rest = numbers[:2], numbers[2:]
        body = b"".join(bytes((n, len(self.objects[n]))) + self.objects[n] for n in page)
        conformity = 0x80 | (3 if max(self.objects) > 0x7F else 2 if max(self.objects) > 2 else 1)
        head = bytes((0x2B, 0x0E, code, conformity, 0xFF if rest else 0, rest[0] if rest else 0, len(page)))
        return head + body


@asynccontextmanager
async def serving(device: Device) -> AsyncIterator[int]:
    """Serve the device on loopback; yields the port."""
    talks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(task := asyncio.current_task())
        requests: asyncio.Queue[tuple[int, int, bytes]] = asyncio.Queue()
        answering = asyncio.create_task(_answer_all(device, requests, writer))
        try:
            while not answering.done():
                transaction, _protocol, length, unit = _HEADER.unpack(await reader.readexactly(7))
                pdu = await reader.readexactly(length - 1)
                device.asked.append((unit, pdu))
                device.open_requests += 1
                device.most_open = max(device.most_open, device.open_requests)
                requests.put_nowait((transaction, unit, pdu))
        except (asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
            pass
        finally:
            answering.cancel()
            writer.transport.abort()
            talks.discard(task)

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(talks):
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


async def _answer_all(
    device: Device, requests: asyncio.Queue[tuple[int, int, bytes]], writer: asyncio.StreamWriter
) -> None:
    """One after the other, each after the delay of the device; ends the connection for an empty answer."""
    while True:
        transaction, unit, pdu = await requests.get()
        await asyncio.sleep(device.delay_s)
        device.open_requests -= 1
        answer = device.answer(unit, pdu)
        if answer == b"":
            writer.transport.abort()
            return
        if answer is not None:
            told = transaction + device.transaction_shift & 0xFFFF
            writer.write(_HEADER.pack(told, 0, len(answer) + 1, unit) + answer)

"""Forged writes at the border of the Modbus driver; a device on loopback keeps every byte that would change it."""

# pyright: reportPrivateUsage=false
from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from hmi.acquisition.port import LinkSettings, Point
from hmi.bench._forged import Forger
from hmi.core.clock import monotonic_ns
from hmi.core.commands import WriteRequest, WriteState
from hmi.core.errors import CommunicationError
from hmi.core.values import ValueType
from hmi.drivers.modbus.driver import ModbusDriver, create

Span = tuple[int, int, int, int]
"""Unit, function, first address, items."""

_READS: Final = frozenset((1, 2, 3, 4))
_UNITS: Final = 2
_KINDS: Final[tuple[tuple[str, ValueType, dict[str, object], tuple[tuple[int, int], ...]], ...]] = (
    ("CO", ValueType.BOOL, {}, ((5, 1),)),
    ("CO", ValueType.BOOL, {"write": "multiple"}, ((15, 1),)),
    ("HR", ValueType.UINT64, {}, ((6, 1),)),
    ("HR", ValueType.INT64, {"write": "multiple"}, ((16, 1),)),
    ("HR", ValueType.FLOAT32, {}, ((16, 2),)),
    ("HR", ValueType.FLOAT64, {"wire": "float64", "order": "CDABGHEF"}, ((16, 4),)),
    ("HR", ValueType.INT64, {"wire": "bcd32"}, ((16, 2),)),
    ("HR.3", ValueType.BOOL, {}, ((22, 1), (6, 1))),
    ("HR.7", ValueType.BOOL, {"write": "mask"}, ((22, 1),)),
    ("HR.9", ValueType.BOOL, {"write": "rmw"}, ((6, 1),)),
    ("HR", ValueType.UINT64, {"wire": "bitfield", "first": 4, "count": 5}, ((22, 1), (6, 1))),
    ("HR", ValueType.STRING, {"wire": "string", "length": 21}, ((16, 11),)),
    ("HR", ValueType.BYTES, {"wire": "bytes", "length": 6}, ((16, 3),)),
    ("DI", ValueType.BOOL, {}, ()),
    ("IR", ValueType.UINT64, {}, ()),
)
"""Address ending, type, options, and what may be sent where it is writable: (function, items)."""


@dataclass(slots=True)
class Found:
    """What the device was sent: ``outside`` bytes of writes beyond the list, ``late`` after their deadline,
    ``elsewhere`` to another point than the one that was named; ``raised``: requests that the driver did not survive.
    """

    attempts: int = 0
    writes: int = 0
    outside: int = 0
    late: int = 0
    elsewhere: int = 0
    raised: int = 0

    def add(self, other: Found) -> None:
        self.attempts += other.attempts
        self.writes += other.writes
        self.outside += other.outside
        self.late += other.late
        self.elsewhere += other.elsewhere
        self.raised += other.raised


@dataclass
class Plan:
    """Points of both kinds on two units, and by handle what a write to it may look like on the wire."""

    points: list[Point] = field(default_factory=list[Point])
    spans: dict[int, frozenset[Span]] = field(default_factory=dict[int, frozenset[Span]])

    @classmethod
    def mixed(cls) -> Plan:
        plan, offset = cls(), 20
        for unit in range(1, _UNITS + 1):
            for ending, kind, options, sent in _KINDS:
                for writable in (True, False):
                    plan._add(
                        unit, f"{unit}.{offset} {ending}", offset, kind, options, sent, writable=writable
                    )
                    offset += 20
        return plan

    def _add(
        self, unit: int, address: str, offset: int, kind: ValueType, options: dict[str, object],
        sent: tuple[tuple[int, int], ...], *, writable: bool,
    ) -> None:  # fmt: skip
        handle = len(self.points)
        self.points.append(Point(handle, address, kind, 1000, writable, options))
        allowed = ((unit, function, offset, items) for function, items in sent if writable)
        self.spans[handle] = frozenset(allowed)

    @property
    def allowed(self) -> frozenset[Span]:
        return frozenset(span for spans in self.spans.values() for span in spans)


class Device(asyncio.Protocol):
    """Answers every request as it likes to be answered and keeps those that are not reads."""

    def __init__(self) -> None:
        self.kept: list[tuple[int, bytes]] = []
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= 7 and len(self._buffer) >= (
            end := 6 + int.from_bytes(self._buffer[4:6], "big")
        ):
            frame, self._buffer = self._buffer[:end], self._buffer[end:]
            answer = self._answer(frame[6], frame[7:])
            assert self._transport is not None
            self._transport.write(frame[:4] + struct.pack(">HB", len(answer) + 1, frame[6]) + answer)

    def _answer(self, unit: int, pdu: bytes) -> bytes:
        if pdu[0] in _READS:
            count = int.from_bytes(pdu[3:5], "big")
            size = (count + 7) // 8 if pdu[0] < 3 else count * 2
            return bytes((pdu[0], size)) + bytes(size) if size < 256 else bytes((pdu[0] | 0x80, 3))
        if pdu[0] == 0x2B:
            return bytes((0xAB, 1))
        self.kept.append((unit, pdu))
        if pdu[0] == 22 and unit == _UNITS:  # one of the units has no mask write
            return bytes((pdu[0] | 0x80, 1))
        return pdu[:5] if pdu[0] in (15, 16) else pdu


def span_of(unit: int, pdu: bytes) -> Span:
    """What a request says it writes; read here on its own, not by the driver's code."""
    offset = int.from_bytes(pdu[1:3], "big")
    items = int.from_bytes(pdu[3:5], "big") if pdu[0] in (15, 16) else 1
    return unit, pdu[0], offset, items


@asynccontextmanager
async def connected(plan: Plan) -> AsyncIterator[tuple[ModbusDriver, Device]]:
    """An open driver and the device at its other end."""
    device = Device()
    server = await asyncio.get_running_loop().create_server(lambda: device, "127.0.0.1", 0)
    settings = {"timeout_ms": 60_000, "identify": False}
    port = server.sockets[0].getsockname()[1]
    driver = create(LinkSettings("plc", f"tcp://127.0.0.1:{port}", settings, tuple(plan.points)))
    try:
        await driver.open()
        yield driver, device
    finally:
        await driver.close()
        server.close()


async def forged_requests(attempts: int, seed: int) -> Found:
    """Forged ``WriteRequest`` at the driver's border and forged bodies at the one place that takes a function."""
    plan, found = Plan.mixed(), Found()
    forger, allowed = Forger([point.handle for point in plan.points], seed), plan.allowed
    async with connected(plan) as (driver, device):
        for number in range(attempts):
            named: frozenset[Span] | None = None
            is_late = False
            if number % 4:
                request = forger.request()
                named, is_late = (
                    plan.spans.get(request.handle, frozenset()),
                    request.deadline_ns <= monotonic_ns(),
                )
                found.raised += await _is_not_survived(driver, request)
            else:
                await _body(driver, forger.random.choice((1, _UNITS, 0, 255)), forger.pdu())
            found.attempts += 1
            for unit, pdu in device.kept:
                span = span_of(unit, pdu)
                found.writes += 1
                found.outside += 0 if span in allowed else len(pdu)
                found.late += is_late
                found.elsewhere += named is not None and span not in named
            device.kept.clear()
        if (
            driver.diagnostics()["violations"]
            or (await driver.write(forger.named(2))).state is not WriteState.DONE
        ):
            raise RuntimeError("the line did not hold to the end: what was not sent proves nothing")
    return found


async def _is_not_survived(driver: ModbusDriver, request: WriteRequest) -> bool:
    try:
        await driver.write(request)
    except Exception:
        # counted: the border promises an outcome for whatever is handed over
        return True
    return False


async def _body(driver: ModbusDriver, unit: int, pdu: bytes) -> None:
    """Past everything that knows points and types."""
    assert driver._channel is not None
    try:
        await driver._channel.exchange(unit, pdu)
    except CommunicationError:
        return  # refused, or the forged read has no answer that fits


async def every_function_and_address(step: int = 1) -> Found:
    """D11: each of 256 functions to each ``step``-th address of each unit that exists, and to one that does not."""
    plan, found = Plan.mixed(), Found()
    allowed = plan.allowed
    async with connected(plan) as (driver, device):
        channel = driver._channel  # the one place of the driver that takes a function
        assert channel is not None
        for unit in (1, _UNITS, 9):
            for pdu in _bodies(step):
                if span_of(unit, pdu) in allowed:
                    continue
                found.attempts += 1
                try:
                    channel.exchange(unit, pdu).send(None)
                except CommunicationError:
                    continue
                found.raised += 1  # it waits for an answer: it was sent
        await asyncio.sleep(0)
        await driver.read(driver.plan()[0])  # what was written before is seen by the device now
        found.outside = sum(len(pdu) for _unit, pdu in device.kept)
        found.writes = len(device.kept)
    return found


def _bodies(step: int) -> Iterator[bytes]:
    """A well-formed body of each function that is not a read, by address; of unknown ones as of a register."""
    for function in range(256):
        if function in _READS or function == 0x2B:
            continue
        tail = {15: b"\0\1\1\0", 16: b"\0\1\2\0\0", 22: b"\0\0\0\0"}.get(function, b"\0\0")
        head = bytes((function,))
        for offset in range(0, 65_536, step):
            yield head + offset.to_bytes(2, "big") + tail

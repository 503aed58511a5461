"""A proxy between a Modbus TCP client and its device that understands frames and breaks them on purpose."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from types import TracebackType

_HEADER = struct.Struct(">HHHB")
_LINGER_NOT_AT_ALL = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
WRITE_FUNCTIONS = frozenset((0x05, 0x06, 0x0F, 0x10, 0x16))


class Kind(Enum):
    """What happens to one answer, or (BLACKOUT, RESET_BEFORE) to its request."""

    PASS = "pass"
    DELAY = "delay"
    DROP = "drop"
    DROP_WRITE_ACK = "drop-write-ack"
    DUPLICATE = "dup"
    LATE = "late"
    BAD_TRANSACTION = "badtid"
    PREVIOUS_REPLY = "prevreply"
    SHORT = "short"
    LONG = "long"
    TRUNCATED = "truncated"
    GARBAGE = "garbage"
    WRONG_FUNCTION = "wrong-function"
    WRONG_UNIT = "wrong-unit"
    EXCEPTION = "exception"
    RESET = "reset"
    RESET_BEFORE = "reset-before"
    BLACKOUT = "blackout"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: ``seconds`` belongs to DELAY, ``code`` to EXCEPTION."""

    kind: Kind = Kind.PASS
    seconds: float = 0.0
    code: int = 0


@dataclass(frozen=True, slots=True)
class Frame:
    """One MBAP frame, cut into its parts."""

    transaction: int
    unit: int
    pdu: bytes

    def encode(self) -> bytes:
        return _HEADER.pack(self.transaction, 0, len(self.pdu) + 1, self.unit) + self.pdu


Choose = Callable[[Frame], Fault]


def no_fault(_request: Frame) -> Fault:
    """Let everything through."""
    return Fault()


@dataclass(slots=True, eq=False)
class _Client:
    """One connection through the proxy and what waits to be sent to it."""

    writer: asyncio.StreamWriter
    previous: bytes = b""
    late: list[bytes] = field(default_factory=list)
    timers: list[asyncio.TimerHandle] = field(default_factory=list)

    def send(self, data: bytes) -> None:
        if not self.writer.is_closing():
            self.writer.write(data)

    def reset(self) -> None:
        """End with RST instead of FIN."""
        sock = self.writer.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT_AT_ALL)
        self.writer.transport.abort()

    def close(self) -> None:
        for timer in self.timers:
            timer.cancel()
        self.writer.close()


class ChaosProxy:
    """Listens on loopback; ``choose`` decides for every request what happens to its answer.

    ``async with ChaosProxy(port, choose) as proxy`` gives ``proxy.port``; ``choose`` may be exchanged at any
    time. ``requests`` keeps every frame that reached the proxy, ``forwarded`` those that went on.
    """

    def __init__(
        self, target: int, choose: Choose = no_fault, *, host: str = "127.0.0.1", seed: int = 1
    ) -> None:
        self.choose = choose
        self.port = 0
        self.connections = 0
        self.requests: list[Frame] = []
        self.forwarded: list[Frame] = []
        self._host, self._target = host, target
        self._random = random.Random(seed)
        self._clients: dict[_Client, asyncio.Task[None] | None] = {}
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> ChaosProxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        tasks = [task for task in self._clients.values() if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def reset_all(self) -> None:
        """Cut every connection with RST."""
        for client in self._clients:
            client.reset()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = _Client(writer)
        self.connections += 1
        self._clients[client] = asyncio.current_task()
        upstream: asyncio.StreamWriter | None = None
        try:
            answers, upstream = await asyncio.open_connection(self._host, self._target)
            while True:
                await self._one(client, await _frame(reader), answers, upstream)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # either side has gone; the task of a connection ends with it
        finally:
            if upstream is not None:
                upstream.close()
            client.close()
            del self._clients[client]

    async def _one(
        self,
        client: _Client,
        request: Frame,
        answers: asyncio.StreamReader,
        upstream: asyncio.StreamWriter,
    ) -> None:
        """One request, its answer and the fault chosen for it."""
        self.requests.append(request)
        fault = self.choose(request)
        if fault.kind is Kind.BLACKOUT:
            return
        if fault.kind is Kind.RESET_BEFORE:
            client.reset()
            return
        self.forwarded.append(request)
        upstream.write(request.encode())
        answer = await _frame(answers)
        held, client.late = client.late, []
        self._answer(client, answer, fault)
        for data in held:
            client.send(data)

    def _answer(self, client: _Client, answer: Frame, fault: Fault) -> None:
        data = answer.encode()
        previous, client.previous = client.previous, data
        match fault.kind:
            case Kind.DROP:
                return
            case Kind.DROP_WRITE_ACK if answer.pdu[0] & 0x7F in WRITE_FUNCTIONS:
                return
            case Kind.DELAY:
                loop = asyncio.get_running_loop()
                client.timers.append(loop.call_later(fault.seconds, client.send, data))
            case Kind.LATE:
                client.late.append(data)
            case Kind.RESET:
                client.reset()
            case _:
                client.send(self._changed(answer, data, previous, fault))

    def _changed(self, answer: Frame, data: bytes, previous: bytes, fault: Fault) -> bytes:
        """The bytes that are sent in place of an answer."""
        tid, unit, pdu = answer.transaction, answer.unit, answer.pdu
        changes: dict[Kind, Callable[[], bytes]] = {
            Kind.DUPLICATE: lambda: data + data,
            Kind.BAD_TRANSACTION: lambda: Frame(tid + 1 & 0xFFFF, unit, pdu).encode(),
            Kind.PREVIOUS_REPLY: lambda: data[:2] + previous[2:] if previous else data,
            Kind.SHORT: lambda: Frame(tid, unit, _resized(pdu, -2)).encode(),
            Kind.LONG: lambda: Frame(tid, unit, _resized(pdu, 2)).encode(),
            Kind.TRUNCATED: lambda: data[: max(1, len(data) - self._random.randint(1, len(data) - 1))],
            Kind.GARBAGE: lambda: self._random.randbytes(self._random.randint(1, 300)),
            Kind.WRONG_FUNCTION: lambda: Frame(tid, unit, bytes((pdu[0] ^ 0x07,)) + pdu[1:]).encode(),
            Kind.WRONG_UNIT: lambda: Frame(tid, unit + 1 & 0xFF, pdu).encode(),
            Kind.EXCEPTION: lambda: Frame(tid, unit, bytes((pdu[0] | 0x80, fault.code))).encode(),
        }
        return changes.get(fault.kind, lambda: data)()


def _resized(pdu: bytes, by: int) -> bytes:
    """A read answer with another number of bytes and a byte count that fits itself."""
    if len(pdu) < 2 or pdu[0] not in (1, 2, 3, 4):
        return pdu[:by] if by < 0 else pdu + bytes(by)
    body = pdu[2:by] if by < 0 else pdu[2:] + bytes(by)
    return bytes((pdu[0], len(body))) + body


async def _frame(reader: asyncio.StreamReader) -> Frame:
    tid, _protocol, length, unit = _HEADER.unpack(await reader.readexactly(7))
    return Frame(tid, unit, await reader.readexactly(length - 1))

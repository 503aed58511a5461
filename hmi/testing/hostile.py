"""A proxy on loopback between a driver and its device that treats whole messages as badly as a network can."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, Self

from hmi.core.clock import NS_PER_S, monotonic_ns

MESSAGE_LIMIT: Final = 1 << 20
TWIN_S: Final = 0.005
"""After which a request is sent for the second time: some devices drop what comes together with another one."""


class Framing(Protocol):
    """Where a message of the protocol ends, and which value a request writes."""

    def size(self, buffer: bytes) -> int:
        """Bytes of the message that begins the buffer; 0 = cannot be told yet."""
        ...

    def written(self, message: bytes) -> int | None:
        """The number that a write request carries; None for every other message."""
        ...


class ModbusFraming:
    """MBAP; writes of single registers, of one register by 0x10 and by mask are known by their value."""

    def size(self, buffer: bytes) -> int:
        return 6 + int.from_bytes(buffer[4:6], "big") if len(buffer) >= 6 else 0

    def written(self, message: bytes) -> int | None:
        pdu = message[7:]
        if pdu[:1] == b"\x06":
            return int.from_bytes(pdu[3:5], "big")
        return int.from_bytes(pdu[6:8], "big") if pdu[:1] == b"\x10" else None


@dataclass(slots=True)
class Weather:
    """How bad the network is: the share of messages that each thing happens to, for requests and for answers.

    A request is lost, waits (and is sent on even when its connection is gone by then), is sent twice; an answer is
    lost, waits, comes twice, comes after the next one; either can cut the connection. ``of_reads`` is the share of all
    this that befalls messages which write nothing.
    """

    lost: float = 0.0
    waits: float = 0.0
    twice: float = 0.0
    swapped: float = 0.0
    cut: float = 0.0
    longest_wait_s: float = 0.4
    of_reads: float = 0.03


CALM: Final = Weather()


@dataclass(slots=True)
class Record:
    """What the proxy saw of writes: arrival of each (monotonic ns, value); values that it sent twice itself, and
    those that it let wait.
    """

    arrived: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    doubled: set[int] = field(default_factory=set[int])
    waited: set[int] = field(default_factory=set[int])
    faults: int = 0


class HostileProxy:
    """``async with HostileProxy(target port, framing) as proxy``; ``weather`` may be exchanged at any time.

    It always reads what it is sent, so that the time of arrival is that of the network and not its own.
    """

    def __init__(self, target: int, framing: Framing, seed: int) -> None:
        self.weather, self.record, self.port = CALM, Record(), 0
        self._target, self._framing = target, framing
        self._random = random.Random(seed)
        self._dark_until = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_why: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Reset every connection."""
        for writer in self._writers:
            writer.transport.abort()

    def black_out(self, seconds: float) -> None:
        """Nothing passes in either direction for so long; what comes meanwhile is lost."""
        self._dark_until = monotonic_ns() + int(seconds * NS_PER_S)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, far_writer}
        talk = _Talk(writer, far_writer)
        self._keep(self._pump(reader, far_writer, talk, self._request))
        self._keep(self._pump(far_reader, writer, talk, self._answer))

    def _keep(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pump(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, talk: _Talk,
        treat: Callable[[bytes, _Talk], None],
    ) -> None:  # fmt: skip
        buffer = b""
        with contextlib.suppress(OSError):
            while data := await source.read(65_536):
                buffer += data
                while (size := self._framing.size(buffer)) and len(buffer) >= size:
                    message, buffer = buffer[:size], buffer[size:]
                    treat(message, talk)
                if len(buffer) > MESSAGE_LIMIT:
                    break
        self._writers.discard(target)
        # what waits in the network still arrives when the one who sent it has gone
        asyncio.get_running_loop().call_later(self.weather.longest_wait_s, target.close)

    def _chance(self, *, is_write: bool) -> float:
        """A throw between 0 and 1; what writes nothing is seldom hit."""
        throw = self._random.random()
        return throw if is_write or not self.weather.of_reads else throw / self.weather.of_reads

    def _is_dark(self) -> bool:
        return monotonic_ns() < self._dark_until

    def _request(self, message: bytes, talk: _Talk) -> None:
        value = self._framing.written(message)
        if value is not None:
            self.record.arrived.append((monotonic_ns(), value))
        talk.asked_to_write = value is not None
        if self._is_dark():
            return
        weather, throw = self.weather, self._chance(is_write=value is not None)
        if (throw := throw - weather.lost) < 0:
            self.record.faults += 1
        elif (throw := throw - weather.waits) < 0:
            self._send_later(talk, message, value)
        elif (throw := throw - weather.twice) < 0:
            self._send_twice(talk, message, value)
        elif throw - weather.cut < 0:
            self.record.faults += 1
            talk.client.transport.abort()
        else:
            talk.to_device(message)

    def _send_later(self, talk: _Talk, message: bytes, value: int | None) -> None:
        self.record.faults += 1
        seconds = self._random.uniform(0, self.weather.longest_wait_s)
        if value is not None:
            self.record.waited.add(value)
        asyncio.get_running_loop().call_later(seconds, talk.to_device, message)

    def _send_twice(self, talk: _Talk, message: bytes, value: int | None) -> None:
        self.record.faults += 1
        if value is not None:
            self.record.doubled.add(value)
        talk.to_device(message)
        asyncio.get_running_loop().call_later(TWIN_S, talk.to_device, message)

    def _answer(self, message: bytes, talk: _Talk) -> None:
        if self._is_dark():
            return
        weather, throw = self.weather, self._chance(is_write=talk.asked_to_write)
        held, talk.held = talk.held, b""
        if (throw := throw - weather.lost) < 0:
            message = b""
        elif (throw := throw - weather.waits) < 0:
            seconds = self._random.uniform(0, weather.longest_wait_s)
            asyncio.get_running_loop().call_later(seconds, talk.to_client, message)
            message = b""
        elif (throw := throw - weather.twice) < 0:
            message += message
        elif (throw := throw - weather.swapped) < 0:
            talk.held, message = message, b""
        elif throw - weather.cut < 0:
            talk.client.transport.abort()
            message = b""
        else:
            talk.to_client(message + held)
            return
        self.record.faults += 1
        talk.to_client(message + held)


@dataclass(slots=True)
class _Talk:
    """One connection through the proxy; ``held`` is an answer that comes after the next one."""

    client: asyncio.StreamWriter
    device: asyncio.StreamWriter
    held: bytes = b""
    asked_to_write: bool = False

    def to_client(self, data: bytes) -> None:
        _send(self.client, data)

    def to_device(self, data: bytes) -> None:
        _send(self.device, data)


def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    if data and not writer.is_closing():
        writer.write(data)

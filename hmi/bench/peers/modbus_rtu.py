"""An RTU or ASCII device on a stream or a pseudo terminal, for tests; its answers may be late."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pymodbus.framer import FramerAscii, FramerRTU
from pymodbus.pdu import DecodePDU

from hmi.bench.peers.modbus_sim import number_at


class RtuSlave:
    """A device whose registers tell their address; ``silent`` names units that do not answer."""

    def __init__(self) -> None:
        self.delay_s = 0.0
        self.silent: set[int] = set()

    def answer(self, frame: bytes) -> bytes:
        """The RTU answer to one request: registers, or exception 01 for any other function."""
        body = frame[:1] + self.pdu_of(frame[1:-2])
        return body + FramerRTU.compute_CRC(body).to_bytes(2, "big")

    def pdu_of(self, request: bytes) -> bytes:
        """What answers a request, without its frame."""
        if request[0] != 3:
            return bytes((request[0] | 0x80, 1))
        start, count = int.from_bytes(request[1:3], "big"), int.from_bytes(request[3:5], "big")
        data = b"".join(number_at(place).to_bytes(2, "big") for place in range(start, start + count))
        return bytes((3, len(data))) + data

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers one stream until it ends."""
        loop = asyncio.get_running_loop()
        while frame := await reader.read(256):
            if frame[0] in self.silent:
                continue
            if self.delay_s:
                loop.call_later(self.delay_s, writer.write, self.answer(frame))
            else:
                writer.write(self.answer(frame))
        writer.close()


@dataclass
class VirtualLine:
    """A pseudo terminal: ``name`` is the serial port; ``gaps`` are the silences (s) before each request."""

    name: str
    master: int
    frames: list[bytes] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    talked_at: float = 0.0

    def talk(self, data: bytes) -> None:
        """Bytes of the far end of the line."""
        os.write(self.master, data)
        self.talked_at = time.perf_counter()


@contextmanager
def virtual_line(slave: RtuSlave, *, framing: str = "rtu") -> Iterator[VirtualLine]:
    """A serial line on which the slave answers, served by the running loop; POSIX only."""
    master, port = os.openpty()
    line, loop = VirtualLine(os.ttyname(port), master), asyncio.get_running_loop()
    ascii_framer = FramerAscii(DecodePDU(False))

    def on_request() -> None:
        arrived = time.perf_counter()
        frame = os.read(master, 600)
        line.frames.append(frame)
        if line.talked_at:
            line.gaps.append(arrived - line.talked_at)
        if framing == "rtu":
            line.talk(slave.answer(frame))
            return
        _used, unit, _tid, request = ascii_framer.decode(frame)
        line.talk(ascii_framer.encode(slave.pdu_of(request), unit, 0))

    loop.add_reader(master, on_request)
    try:
        yield line
    finally:
        loop.remove_reader(master)
        os.close(master)
        os.close(port)

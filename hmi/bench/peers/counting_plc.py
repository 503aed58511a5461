"""A Modbus TCP device that counts how often it is read: the first register of each answer is the number of the answer.

Whoever records every answer has every number; a number that is missing is a sample that was lost.
"""

from __future__ import annotations

import asyncio
import struct
from collections import Counter
from types import TracebackType

_HEADER = struct.Struct(">HHHB")
_ASKED = struct.Struct(">BHH")


class CountingPlc:
    """Listens on loopback at ``port``; ``answers`` by first register of what was asked for."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.answers: Counter[int] = Counter()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> CountingPlc:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                transaction, _, length, unit = _HEADER.unpack(await reader.readexactly(_HEADER.size))
                pdu = await reader.readexactly(length - 1)
                answer = self._answer(pdu)
                writer.write(_HEADER.pack(transaction, 0, len(answer) + 1, unit) + answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        finally:
            writer.close()

    def _answer(self, pdu: bytes) -> bytes:
        if pdu[0] not in (3, 4) or len(pdu) != _ASKED.size:
            return bytes((pdu[0] | 0x80, 1))
        function, first, count = _ASKED.unpack(pdu)
        self.answers[first] += 1
        words = [self.answers[first] & 0xFFFF] + [0] * (count - 1)
        return struct.pack(f">BB{count}H", function, 2 * count, *words)

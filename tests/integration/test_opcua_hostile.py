"""A server that lies about sizes is dropped before anything is collected."""

from __future__ import annotations

import asyncio
import struct

import pytest

from hmi.acquisition.port import LinkSettings
from hmi.core.clock import monotonic_ns
from hmi.core.errors import CommunicationError
from hmi.drivers.opcua.driver import create

pytestmark = pytest.mark.asyncio
ACKNOWLEDGE = b"ACKF" + struct.pack("<IIIIII", 28, 0, 65535, 65535, 0, 0)
HUGE = b"OPNF" + struct.pack("<I", 0xFFFF_FFF0) + b"\0" * 2000
ANSWERS = {
    "huge chunk": (ACKNOWLEDGE, HUGE),
    "huge acknowledge": (b"ACKF" + struct.pack("<I", 0x7FFF_FFFF), b""),
    "rubbish": (b"HTTP/1.1 400 Bad Request\r\n\r\n", b""),
    "nothing": (b"", b""),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_open_fails_in_words_and_within_its_time(name: str) -> None:
    answers = iter(ANSWERS[name])

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.read(65_536):
                writer.write(next(answers, b""))
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = {"timeout_ms": 500, "connect_timeout_ms": 3000}
    driver = create(LinkSettings("hostile", f"opc.tcp://127.0.0.1:{port}/", settings, ()))
    begin = monotonic_ns()
    with pytest.raises(CommunicationError, match=r"opc\.tcp://127"):
        await driver.open()
    assert monotonic_ns() - begin < 30_000_000_000
    server.close()
    await server.wait_closed()

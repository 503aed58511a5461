"""A request never goes into a connection that the server is about to close for having been idle."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
import uvicorn

from hmi.client import _transport
from hmi.client.local import LocalEndpoint
from hmi.serving import server_options

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the local endpoint is no Unix socket there")
LONG_S = 60.0


def test_a_client_gives_an_idle_connection_up_well_before_the_server_does() -> None:
    async def app(scope: object, receive: object, send: object) -> None:
        """Never asked."""

    kept_by_the_server_s = uvicorn.Config(**server_options(app)).timeout_keep_alive
    assert kept_by_the_server_s / 2 >= _transport.KEPT_S


@pytest.mark.asyncio
@pytest.mark.parametrize(("kept_s", "connections"), [(LONG_S, 1), (0.0, 2)])
async def test_a_connection_that_was_idle_for_longer_is_not_used_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept_s: float, connections: int
) -> None:
    monkeypatch.setattr(_transport, "KEPT_S", kept_s)
    came: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(writer)
        while not reader.at_eof():
            try:
                await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        writer.close()

    path = str(tmp_path / "s")
    server = await asyncio.start_unix_server(serve, path)
    async with _transport.http_client(LocalEndpoint(path), LONG_S) as client:
        for _request in range(2):
            assert (await client.get("/v1/status")).text == "ok"
    server.close()
    assert len(came) == connections

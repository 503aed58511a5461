"""A Unix socket of the HTTP library that ends in the turn of the loop in which something arrives is no error."""

from __future__ import annotations

import asyncio
import os
import select
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio._backends._asyncio import UNIXSocketStream

from hmi.client._transport import http_client
from hmi.client._unix_sockets import no_tls
from hmi.client.local import LocalEndpoint

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="the local endpoint is no Unix socket there"),
]
Ends = Callable[[UNIXSocketStream, "asyncio.Task[Any]"], Awaitable[None]]


async def test_a_local_socket_trusts_nobody_and_reads_no_authorities() -> None:
    context = no_tls()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.get_ca_certs() == []


async def closed(stream: UNIXSocketStream, waiting: asyncio.Task[Any]) -> None:
    await stream.aclose()


async def cancelled(stream: UNIXSocketStream, waiting: asyncio.Task[Any]) -> None:
    waiting.cancel()


def reported() -> list[dict[str, Any]]:
    """What the loop reports from here on."""
    found: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: found.append(context))
    return found


@pytest.mark.parametrize("ends", [closed, cancelled])
async def test_an_answer_that_comes_as_the_wait_for_it_ends(ends: Ends) -> None:
    errors, (near, far) = reported(), socket.socketpair()
    near.setblocking(False)
    stream = UNIXSocketStream(near)
    waiting = asyncio.create_task(stream.receive())
    while stream._receive_future is None:
        await asyncio.sleep(0)
    far.send(b"late")
    await asyncio.sleep(0)  # the loop sees that it is there; who waits is not told yet
    await ends(stream, waiting)
    await asyncio.wait([waiting])
    await stream.aclose()
    far.close()
    assert errors == []


@pytest.mark.parametrize("ends", [closed, cancelled])
async def test_room_that_comes_as_the_wait_for_it_ends(ends: Ends) -> None:
    errors, (near, far) = reported(), socket.socketpair()
    near.setblocking(False)
    stream = UNIXSocketStream(near)
    waiting = asyncio.create_task(stream.send(b"." * 4_000_000))
    while stream._send_future is None:
        await asyncio.sleep(0)
    while not select.select([], [near], [], 0)[1]:
        far.recv(65_536)
    await asyncio.sleep(0)
    await ends(stream, waiting)
    await asyncio.wait([waiting])
    await stream.aclose()
    far.close()
    assert errors == []


async def test_a_client_that_is_closed_as_its_answer_comes(tmp_path: Path) -> None:
    errors, peers = reported(), list[asyncio.StreamWriter]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        peers.append(writer)

    path = str(tmp_path / "s")
    server = await asyncio.start_unix_server(serve, path)
    client = http_client(LocalEndpoint(path), 10)
    asking = asyncio.create_task(client.get("/v1/status"))
    while not peers:
        await asyncio.sleep(0)
    for _turn in range(20):  # the request is out; the client begins to wait for its answer
        await asyncio.sleep(0)
    os.write(peers[0].get_extra_info("socket").fileno(), b"HTTP/1.1 200 OK\r\n")
    await asyncio.sleep(0)
    await client.aclose()
    with pytest.raises(httpx.HTTPError):
        await asking
    server.close()
    peers[0].close()
    assert errors == []

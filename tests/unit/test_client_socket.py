"""The socket client against a scripted server: silence, bad messages, refusals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from waterworks_session import Watcher
from websockets.asyncio.server import ServerConnection, unix_serve

from hmi.client.local import LocalEndpoint, find_endpoint, is_running, publish, withdraw
from hmi.client.socket import SocketClient
from hmi.core.errors import CommunicationError

Script = Callable[[ServerConnection], Awaitable[None]]


def snapshot(value: float) -> bytes:
    message: dict[str, Any] = {
        "t": "snap", "n": 1, "ages": {"g": 0}, "limits": {"g": 3000}, "tags": ["a"], "groups": ["g"],
        "i": [0], "v": [value], "s": [0], "st": [1], "rt": [1], "time": 1, "rate": 1.0,
    }  # fmt: skip
    return msgspec.msgpack.encode(message)


@asynccontextmanager
async def serving(folder: Path, script: Script) -> AsyncIterator[list[dict[str, Any]]]:
    asked: list[dict[str, Any]] = []

    async def one(connection: ServerConnection) -> None:
        asked.append(msgspec.msgpack.decode(await connection.recv(decode=False)))
        await script(connection)

    endpoint = LocalEndpoint(path=str(folder / "runtime.sock"))
    server: Any = unix_serve(one, endpoint.path, close_timeout=0.2)
    async with server:
        publish(folder, endpoint)
        yield asked


@pytest.mark.asyncio
async def test_a_silent_runtime_is_told_and_the_subscription_is_made_again(tmp_path: Path) -> None:
    async def silent_after_one(connection: ServerConnection) -> None:
        await connection.send(snapshot(1.5))
        await connection.wait_closed()

    watcher = Watcher()
    async with serving(tmp_path, silent_after_one) as asked:
        client = SocketClient(tmp_path, watcher)
        await client.subscribe(["a"])
        await watcher.until(lambda: watcher.link_up and "a" in watcher.values, 30)
        await watcher.until(lambda: not watcher.link_up, 30)
        assert not watcher.shown_live("a")
        await watcher.until(lambda: watcher.link_up, 30)
        await watcher.until(lambda: len(asked) == 2, 30)
        assert asked[1] == {"t": "sub", "tags": ["a"]}
        await client.close()


@pytest.mark.asyncio
async def test_a_message_that_is_no_message_costs_one_connection_only(tmp_path: Path) -> None:
    answers = [b"\xc1 no msgpack", msgspec.msgpack.encode({"t": "snap"}), snapshot(2.5)]

    async def next_answer(connection: ServerConnection) -> None:
        await connection.send(answers.pop(0) if answers else snapshot(2.5))
        await connection.wait_closed()

    watcher = Watcher()
    async with serving(tmp_path, next_answer):
        client = SocketClient(tmp_path, watcher)
        await client.subscribe(["a"])
        await watcher.until(lambda: "a" in watcher.values, 30)
        assert watcher.values["a"].value == 2.5
        await client.close()


@pytest.mark.asyncio
async def test_without_a_runtime_every_verb_says_what_to_start(tmp_path: Path) -> None:
    watcher = Watcher()
    client = SocketClient(tmp_path, watcher)
    with pytest.raises(CommunicationError, match="no runtime is running"):
        await client.status()
    await client.close()


@pytest.mark.asyncio
async def test_the_same_outage_is_told_once(tmp_path: Path) -> None:
    told: list[str] = []

    class Counting(Watcher):
        def on_link(self, up: bool, text: str) -> None:
            told.append(text)

    client = SocketClient(tmp_path, Counting())
    async with asyncio.timeout(20):
        while not told:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.8)
    assert len(told) == 1
    await client.close()


def test_the_address_file_is_for_its_owner_alone_and_goes_with_the_runtime(tmp_path: Path) -> None:
    publish(tmp_path, LocalEndpoint(port=1, token="t"))
    assert find_endpoint(tmp_path) == LocalEndpoint(port=1, token="t")
    assert (tmp_path / "runtime.api").stat().st_mode & 0o077 == 0
    assert not is_running(tmp_path)
    withdraw(tmp_path)
    with pytest.raises(CommunicationError, match="hmi run"):
        find_endpoint(tmp_path)


def test_a_broken_address_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "runtime.api").write_text("{", encoding="utf-8")
    with pytest.raises(CommunicationError, match=r"runtime\.api cannot be read"):
        find_endpoint(tmp_path)

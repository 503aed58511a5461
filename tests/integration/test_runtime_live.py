"""The live connection under clients that misbehave: none of them costs the runtime or another station anything."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fake_runtime import fake_runtime
from waterworks_session import Watcher
from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.exceptions import ConnectionClosed

from hmi.client.local import find_endpoint
from hmi.client.socket import SocketClient
from hmi.core.clock import NS_PER_MS, monotonic_ns
from hmi.core.principal import DEMO_OPERATOR
from hmi.project.plant import CommandRule, ConnectionDef, Plant
from hmi.runtime import Runtime, _live
from hmi.runtime._commands_api import command_of
from hmi.testing.driver import FakePlc
from hmi.testing.plant import make_plant, make_tag

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="connects to the Unix socket"),
]


def small_plant() -> Plant:
    plc1 = ConnectionDef("plc1", "fake", ("fake://127.0.0.1:1",), simulated=True)
    tags = [
        make_tag("a/t.pv", address="0", scan="fast"),
        make_tag("a/t.sp", address="1", command=CommandRule()),
    ]
    return make_plant(tags, connections={"plc1": plc1})


@asynccontextmanager
async def runtime_at(folder: Path) -> AsyncIterator[Runtime]:
    plc = FakePlc()
    plc.values = {0: 1.5, 1: 2.5}
    async with fake_runtime(small_plant(), plc, folder) as runtime:
        yield runtime


def connect(folder: Path, **options: Any) -> Any:
    return unix_connect(
        find_endpoint(folder).path, "ws://runtime/v1/live", compression=None, max_size=None, **options
    )


async def batch_of(client: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message of a kind."""
    async with asyncio.timeout(10):
        while True:
            message: dict[str, Any] = msgspec.msgpack.decode(await client.recv(decode=False))
            if message["t"] == kind:
                return message


async def gone(runtime: Runtime) -> None:
    async with asyncio.timeout(10):
        while runtime.lanes or runtime.events:
            await asyncio.sleep(0.02)


NO_MESSAGES = [
    "a text", b"\xc1", b"\x07", b"\x90", msgspec.msgpack.encode({}), msgspec.msgpack.encode({"t": "sub"}),
    msgspec.msgpack.encode({"t": "sub", "tags": 7}), msgspec.msgpack.encode({"t": "sub", "tags": "a/t.pv"}),
    b"\x91" * 100_000, msgspec.msgpack.encode({"t": "sub", "tags": None}), b"\x81\xa1t\xa3\xff\xff\xff", b"",
]  # fmt: skip


async def test_what_is_no_message_costs_its_own_connection_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with runtime_at(tmp_path) as runtime:
        with caplog.at_level(logging.ERROR):
            for sent in NO_MESSAGES:
                async with connect(tmp_path) as client:
                    await client.send(sent)
                    with pytest.raises(ConnectionClosed) as closed:
                        await batch_of(client, "never")
                    assert closed.value.rcvd is not None, sent
                    assert closed.value.rcvd.code == 1003, sent
        await gone(runtime)
        assert caplog.records == []
        async with connect(tmp_path) as client:
            await client.send(msgspec.msgpack.encode({"t": "later version", "x": 1}))
            assert (await batch_of(client, "delta"))["i"] == []


async def test_a_station_that_never_reads_is_given_up_and_the_others_stay_live(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(_live, "SEND_S", 0.5)
    async with runtime_at(tmp_path) as runtime:
        watcher = Watcher()
        station = SocketClient(tmp_path, watcher)
        await station.subscribe(["a/t.pv"])
        await watcher.until(lambda: watcher.shown_live("a/t.pv"), 30)
        client = await connect(tmp_path, max_queue=1, close_timeout=0.1)
        async with asyncio.timeout(10):
            while len(runtime.lanes) < 2:
                await asyncio.sleep(0.02)
            while len(runtime.lanes) == 2:
                runtime.tell("status", "x" * 1_000_000)
                await asyncio.sleep(0.05)
        assert len(runtime.events) == 1
        assert watcher.link_up
        assert watcher.shown_live("a/t.pv")
        assert "does not read" in caplog.text
        await client.close()
        await station.close()
        await gone(runtime)


async def test_a_storm_of_connections_leaves_no_lane_and_no_task(tmp_path: Path) -> None:
    async with runtime_at(tmp_path) as runtime:
        for _ in range(30):
            client = await connect(tmp_path, close_timeout=0.1)
            await client.send(msgspec.msgpack.encode({"t": "sub", "tags": ["a/t.pv"]}))
            client.transport.abort()
        await gone(runtime)
        async with asyncio.timeout(10):
            while {task.get_name() for task in asyncio.all_tasks()} & {"live receiver", "live sender"}:
                await asyncio.sleep(0.02)


async def test_a_batch_says_when_it_was_sent_and_numbers_go_up_over_a_restart(tmp_path: Path) -> None:
    numbers: list[int] = []
    for _ in range(2):
        async with runtime_at(tmp_path), connect(tmp_path) as client:
            await client.send(msgspec.msgpack.encode({"t": "sub", "tags": ["a/t.pv", "not there"]}))
            before = monotonic_ns()
            while not (message := await batch_of(client, "snap"))["tags"]:
                pass
            numbers.append(message["n"])
            assert before - 1_000 * NS_PER_MS < message["mono"] <= monotonic_ns()
            assert message["tags"] == ["a/t.pv", "not there"]
            assert set(message["ages"]) == set(message["limits"])
            numbers.append((await batch_of(client, "delta"))["n"])
    assert numbers == sorted(set(numbers))


async def test_a_command_from_before_a_restart_is_too_old(tmp_path: Path) -> None:
    command = {"id": "c_1", "tag_id": "t_a/t.sp", "value": 3.0, "heartbeat": 0}
    async with runtime_at(tmp_path) as runtime:
        command["heartbeat"] = runtime.services.beats.number
    async with runtime_at(tmp_path) as runtime:
        async with asyncio.timeout(10):
            while runtime.services.tags.values["a/t.sp"].value is None:
                await asyncio.sleep(0.02)
        late = await runtime.submit(DEMO_OPERATOR, command_of(command))
        command |= {"id": "c_2", "heartbeat": runtime.services.beats.number}
        prompt = await runtime.submit(DEMO_OPERATOR, command_of(command))
    assert (late.state.value, late.refusals[0].reason.value) == ("refused", "time-limit-over")
    assert prompt.state.value == "confirmed"

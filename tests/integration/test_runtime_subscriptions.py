"""Subscriptions to the past and to every change over the real socket, and a journal that hangs."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fake_runtime import fake_runtime
from waterworks_session import Watcher
from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.asyncio.server import ServerConnection, unix_serve
from websockets.exceptions import ConnectionClosed

from hmi.acquisition.port import Batch
from hmi.client.local import LocalEndpoint, find_endpoint, publish
from hmi.client.port import LiveUpdate
from hmi.client.socket import SocketClient
from hmi.core.alarms import Priority
from hmi.core.journal import Entry, JournalRecord
from hmi.core.values import DataValue
from hmi.project.plant import AlarmDef, ConnectionDef, Plant
from hmi.runtime import Runtime
from hmi.testing.driver import FakePlc
from hmi.testing.plant import make_plant, make_tag

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="connects to the Unix socket"),
]
PV = "a/t.pv"
GOLDEN = Path(__file__).resolve().parents[1] / "data" / "live-api-1.json"


def plant_of() -> Plant:
    plc1 = ConnectionDef("plc1", "fake", ("fake://127.0.0.1:1",), simulated=True)
    high = AlarmDef(
        "a_1", f"t_{PV}", "high", "high", Priority.P2, "High", limit=100.0, deadband=1.0, area="a"
    )
    return make_plant([make_tag(PV, address="0", history=True)], [high], connections={"plc1": plc1})


@dataclass
class Running:
    """A runtime and the device under it."""

    runtime: Runtime
    plc: FakePlc

    def put(self, *values: float) -> tuple[int, int]:
        """PV takes these values one after the other; session times before and after."""
        tags = self.runtime.services.tags
        before = self.runtime.services.clock.now_ns()
        self.plc.values[0] = values[-1]
        updates = [(0, DataValue(value, 0, before + 1 + n, before + 1 + n)) for n, value in enumerate(values)]
        self.runtime.on_batch("plc1", Batch(tags.group_of(0).partition(":")[2], updates))
        return before, before + len(values)


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Running]:
    plc = FakePlc()
    plc.values = {0: 1.5}
    async with fake_runtime(plant_of(), plc, folder) as runtime:
        async with asyncio.timeout(10):
            while runtime.services.tags.values[PV].value is None:
                await asyncio.sleep(0.02)
        yield Running(runtime, plc)


@asynccontextmanager
async def connected(folder: Path, **wanted: Any) -> AsyncIterator[ClientConnection]:
    path = find_endpoint(folder).path
    async with unix_connect(path, "ws://runtime/v1/live", compression=None, max_size=None) as client:
        await client.send(msgspec.msgpack.encode({"t": "sub", "tags": [PV], **wanted}))
        yield client


async def messages(client: ClientConnection) -> AsyncIterator[dict[str, Any]]:
    while True:
        async with asyncio.timeout(10):
            yield msgspec.msgpack.decode(await client.recv(decode=False))


async def test_a_client_of_the_first_version_is_sent_what_it_knows(tmp_path: Path) -> None:
    golden = {message["t"]: set(message) for message in msgspec.json.decode(GOLDEN.read_bytes())}
    async with running(tmp_path), connected(tmp_path, lane="latest", later_field=7) as client:
        seen: set[str] = set()
        async for message in messages(client):
            if message["t"] in golden:
                assert golden[message["t"]] <= set(message)
                assert not set(message) & {"at", "end", "lane"}
                seen.add(message["t"])
            if seen == set(golden):
                break


@pytest.mark.parametrize(
    "wrong",
    [{"lane": "some"}, {"until": 5}, {"at": 5, "until": 4}, {"at": "now"}, {"at": 0}, {"rate": -1.0, "at": 5},
     {"rate": float("inf"), "at": 5}, {"at": 2**63}, {"rate": "fast"}, {"at": 1.5}, {"lane": None}],
)  # fmt: skip
async def test_a_subscription_that_makes_no_sense_costs_its_own_connection(
    tmp_path: Path, wrong: dict[str, Any]
) -> None:
    async with running(tmp_path), connected(tmp_path, **wrong) as client:
        with pytest.raises(ConnectionClosed) as closed:
            async for _ in messages(client):
                pass
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1003
        assert "not a message of version 1" in closed.value.rcvd.reason


async def test_a_client_that_is_overrun_is_told_and_gets_a_snapshot(tmp_path: Path) -> None:
    async with running(tmp_path) as plant, connected(tmp_path, lane="every") as client:
        seen: list[dict[str, Any]] = []
        overrun: dict[str, Any] = {}
        changes: list[tuple[int, float]] = []
        async for message in messages(client):
            if message["t"] == "snap" and message["tags"] and not seen:
                plant.put(2.5, 3.5)
                plant.put(*(float(n) for n in range(100_001)))
            if message["t"] == "ev" and message["kind"] == "overrun":
                overrun = message["payload"]
            if message["t"] == "snap" and message["tags"]:
                seen.append(message)
                if len(seen) == 2:
                    plant.put(7.5, 8.5)
            if message["t"] == "delta":
                changes += [(message["seq"] + n, value) for n, value in enumerate(message["v"])]
            if len(changes) >= 2:
                break
        lost = overrun["lost"]
        assert (overrun["of"], lost) == ("values", 100_003)
        assert (seen[0]["seq"], seen[1]["seq"], seen[1]["v"]) == (1, lost + 1, [100_000.0])
        assert changes == [(lost + 1, 7.5), (lost + 2, 8.5)]
        assert len(plant.runtime.every) == 1
        await client.close()
        async with asyncio.timeout(10):
            while plant.runtime.every or plant.runtime.lanes:
                await asyncio.sleep(0.02)


async def test_the_past_goes_on_with_heartbeats_and_events_until_it_is_replaced(tmp_path: Path) -> None:
    async with running(tmp_path) as plant:
        before, after = plant.put(2.5, 3.5, 4.5)
        async with connected(tmp_path, lane="every", at=before, until=after, rate=0) as client:
            past: list[dict[str, Any]] = []
            events: list[str] = []
            async for message in messages(client):
                if message["t"] == "ev":
                    events.append(message["kind"])
                elif "at" in message:
                    past.append(message)
                if len(past) == 2:
                    plant.runtime.tell("status", {})
                if len(past) >= 5 and "status" in events:
                    break
            assert [message["t"] for message in past] == ["snap"] + ["delta"] * (len(past) - 1)
            assert (past[1]["v"], past[1]["seq"]) == ([2.5, 3.5, 4.5], 1)
            assert all(message["end"] and message["at"] == after for message in past[1:])
            numbers = [message["n"] for message in past]
            assert numbers == sorted(numbers)
            assert len(set(numbers[2:])) == len(numbers[2:])
            assert not plant.runtime.every
            await client.send(msgspec.msgpack.encode({"t": "sub", "tags": [PV]}))
            async for message in messages(client):
                if message["t"] == "snap" and "at" not in message:
                    assert message["v"] == [4.5]
                    break


async def test_replaying_as_fast_as_possible_keeps_the_others_live(tmp_path: Path) -> None:
    async with running(tmp_path) as plant:
        watcher = Watcher()
        station = SocketClient(tmp_path, watcher)
        await station.subscribe([PV])
        before, after = plant.put(*(float(n) for n in range(6_000)))
        async with connected(tmp_path, lane="every", at=before, until=after, rate=0) as client:
            found: list[float] = []
            async for message in messages(client):
                if "at" in message:
                    assert len(message["i"]) <= 2_000
                    found += message["v"] if message["t"] == "delta" else []
                    if message.get("end"):
                        break
        assert found == [float(n) for n in range(6_000)]
        await watcher.until(lambda: watcher.shown_live(PV), 30)
        await station.close()


async def test_after_a_lost_connection_the_past_goes_on_where_it_was(tmp_path: Path) -> None:
    """A scripted runtime that hangs up in the middle of a replay."""
    asked: list[dict[str, Any]] = []
    empty: dict[str, Any] = {
        "ages": {"history": 1},
        "i": [],
        "v": [],
        "s": [],
        "st": [],
        "rt": [],
        "rate": 1.0,
    }
    head: dict[str, Any] = {"tags": ["a"], "groups": ["history"], "limits": {"history": 0}}

    async def one(connection: ServerConnection) -> None:
        wanted = msgspec.msgpack.decode(await connection.recv(decode=False))
        asked.append(wanted)
        at = wanted["at"]
        await connection.send(msgspec.msgpack.encode({"t": "delta", "n": 1, "at": 900, "time": 900, **empty}))
        await connection.send(
            msgspec.msgpack.encode({"t": "snap", "n": 1, "at": at, "time": at, **head, **empty})
        )
        await connection.send(
            msgspec.msgpack.encode({"t": "delta", "n": 2, "at": at + 20, "time": at, **empty})
        )
        await connection.close()

    server: Any = unix_serve(one, str(tmp_path / "runtime.sock"), close_timeout=0.2)
    async with server:
        publish(tmp_path, LocalEndpoint(path=str(tmp_path / "runtime.sock")))
        updates: list[LiveUpdate] = []
        watcher = Watcher()
        watcher.on_live = updates.append  # type: ignore[method-assign]
        client = SocketClient(tmp_path, watcher)
        await client.subscribe(["a"], lane="every", at=100, until=1_000, rate=2.0)
        await watcher.until(lambda: len(asked) >= 3, 30)
        await client.close()
    usual = {"t": "sub", "tags": ["a"], "lane": "every", "until": 1_000, "rate": 2.0}
    assert asked[:3] == [{**usual, "at": at} for at in (100, 120, 140)]


async def test_a_journal_that_hangs_hides_no_alarm_from_a_station(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as plant:
        watcher = Watcher()
        station = SocketClient(tmp_path, watcher)
        await watcher.until(lambda: any(event.kind == "alarms" for event in watcher.events), 30)
        answers, append = asyncio.Event(), plant.runtime.services.journal.append

        async def hangs(*entries: Entry) -> tuple[JournalRecord, ...]:
            await answers.wait()
            return await append(*entries)

        monkeypatch.setattr(plant.runtime.services.journal, "append", hangs)
        plant.put(200.0)
        await watcher.until(lambda: bool(watcher.alarms), 30)
        assert [(row["alarm_id"], row["stored"]) for row in watcher.alarms] == [("a_1", False)]
        answers.set()
        await watcher.until(lambda: bool(watcher.alarms) and watcher.alarms[0]["stored"], 30)
        assert [record["event"] for record in await station.journal(kind="alarm", object_id="a_1")] == ["ALM"]
        await station.close()

"""Scan on demand over real sockets: rare reads and paused items until somebody looks, then live at once."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from asyncua import ua
from fake_runtime import fake_runtime, real_runtime
from opcua_plant import URI, Plant, free_port, point, watching
from waterworks_session import Watcher

from hmi.bench.peers.modbus_sim import SimUnit, numbered, serving
from hmi.client.local import find_endpoint
from hmi.client.socket import SocketClient
from hmi.core import quality
from hmi.core.commands import CommandState, OperatorCommand
from hmi.core.principal import DEMO_OPERATOR
from hmi.core.values import ValueType
from hmi.project.plant import CommandRule, ConnectionDef
from hmi.project.plant import Plant as PlantDef
from hmi.runtime import Runtime
from hmi.testing.chaos import ChaosProxy
from hmi.testing.driver import FakePlc
from hmi.testing.plant import make_plant, make_tag

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(sys.platform == "win32", reason="connects to the Unix socket"),
]
V = ua.VariantType
LAST = quality.UNCERTAIN_LAST_USABLE
SHOWN, IDLE = 0, 500


async def until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():
            await asyncio.sleep(0.02)


async def until_asked(question: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not await question():
            await asyncio.sleep(0.02)


# ---- Modbus


def modbus_plant(port: int) -> PlantDef:
    settings = {"timeout_ms": 2000, "connect_timeout_ms": 2000}
    plc1 = ConnectionDef("plc1", "modbus", (f"tcp://127.0.0.1:{port}",), settings)
    tags = [
        make_tag("a/recorded", address="1.0 HR", type=ValueType.UINT64, scan="fast", history=True),
        make_tag("a/idle", address="1.500 HR", type=ValueType.UINT64, scan="fast"),
        make_tag("a/twice", expression="'a/idle' * 2"),
    ]
    return make_plant(tags, connections={"plc1": plc1})


def reads(unit: SimUnit, address: int) -> int:
    return sum(first == address for _function, first, _count in unit.requests)


def figures(runtime: Runtime) -> dict[str, object]:
    assert runtime.acquisition is not None
    return runtime.acquisition.links["plc1"].figures()


async def test_a_block_nobody_looks_at_is_read_rarely_and_at_full_rate_as_soon_as_it_is_shown(
    tmp_path: Path,
) -> None:
    unit = numbered()
    async with serving([unit]) as port, real_runtime(modbus_plant(port), tmp_path, linger_s=0.5) as runtime:
        await until(lambda: reads(unit, SHOWN) >= 14)
        assert reads(unit, IDLE) <= 1
        assert figures(runtime)["blocks_idle"] == 1
        tags = runtime.services.tags
        await until(lambda: not tags.value("a/idle").is_good)
        assert tags.value("a/idle").value is not None
        assert tags.value("a/recorded").is_good

        watcher = Watcher()
        client = SocketClient(tmp_path, watcher)
        await client.subscribe(["a/twice"])
        await watcher.until(lambda: watcher.shown_live("a/twice"), 30)
        before = reads(unit, IDLE)
        await until(lambda: reads(unit, IDLE) >= before + 4)
        assert figures(runtime)["blocks_idle"] == 0

        await client.close()
        await until(lambda: figures(runtime)["blocks_idle"] == 1)


async def test_a_value_that_is_read_once_is_told_as_it_is_and_wanted_from_then_on(tmp_path: Path) -> None:
    unit = numbered()
    async with serving([unit]) as port, real_runtime(modbus_plant(port), tmp_path, linger_s=1.0) as runtime:
        tags = runtime.services.tags
        await until(lambda: tags.value("a/idle").value is not None and not tags.value("a/idle").is_good)
        transport = httpx.AsyncHTTPTransport(uds=find_endpoint(tmp_path).path)
        async with httpx.AsyncClient(transport=transport, base_url="http://runtime") as client:

            async def is_good() -> bool:
                answer = await client.get("/v1/values", params={"tag": "a/idle"})
                return quality.is_good(answer.json()["values"]["a/idle"][1])

            assert not await is_good()
            await until_asked(is_good)
        await until(lambda: figures(runtime)["blocks_idle"] == 1)


async def test_a_new_connection_knows_what_is_wanted(tmp_path: Path) -> None:
    unit = numbered()
    async with (
        serving([unit]) as port,
        ChaosProxy(port) as proxy,
        real_runtime(modbus_plant(proxy.port), tmp_path) as runtime,
    ):
        await until(lambda: reads(unit, SHOWN) >= 2)
        proxy.reset_all()
        assert runtime.acquisition is not None
        link = runtime.acquisition.links["plc1"]
        await until(lambda: link.state != "up")
        link.retry_now()
        await until(lambda: link.state == "up")
        before = reads(unit, SHOWN), reads(unit, IDLE)
        await until(lambda: reads(unit, SHOWN) >= before[0] + 8)
        assert reads(unit, IDLE) <= before[1] + 1


# ---- OPC UA


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[Plant]:
    made = Plant(free_port())
    await made.start()
    for name in ("Shown", "Idle", "Recorded"):
        await made.add(name, 1.0, V.Double, writable=True)
    async with made.server:
        yield made


async def test_items_that_are_not_demanded_send_nothing_and_come_back_with_their_value(server: Plant) -> None:
    await server.put("Shown", 1.0, V.Double)
    await server.put("Idle", 1.0, V.Double)
    async with watching(server.url, [point(0, "Shown"), point(1, "Idle")]) as (driver, seen, _task):
        await seen.until(lambda: len(seen.values) == 2)
        assert all(value.is_good for value in seen.values.values())
        driver.demand(frozenset({0}))
        await seen.until(lambda: seen.values[1].status == LAST)
        assert seen.values[1].value == 1.0
        assert driver.diagnostics()["items_paused"] == 1
        mark = len(seen.history)
        for number in (2.0, 3.0, 4.0):
            await server.put("Idle", number, V.Double)
            await server.put("Shown", number, V.Double)
            await seen.until(lambda number=number: seen.values[0].value == number)
        assert {handle for handle, _ in seen.history[mark:]} == {0}

        driver.demand(frozenset({0, 1}))
        await seen.until(lambda: seen.values[1].is_good)
        assert seen.values[1].value == 4.0
        await server.put("Idle", 5.0, V.Double)
        await seen.until(lambda: seen.values[1].value == 5.0)
        assert driver.diagnostics()["items_paused"] == 0


async def test_a_demand_that_came_before_the_items_holds_for_them(server: Plant) -> None:
    points = [point(0, "Shown"), point(1, "Idle"), point(2, "Recorded", period=2_000)]
    async with watching(server.url, points) as (driver, seen, _task):
        driver.demand(frozenset({0}))
        await seen.until(lambda: {1, 2} <= {h for h, value in seen.values.items() if value.status == LAST})
        assert driver.diagnostics()["items_paused"] == 2
        await seen.until(lambda: 0 in seen.values)
        assert seen.values[0].is_good
        mark = len(seen.batches)
        await seen.until(lambda: {"100 ms", "2000 ms"} <= {batch.group for batch in seen.batches[mark:]})
        assert not seen.values[1].is_good
        assert not seen.values[2].is_good


async def test_a_value_that_did_not_change_while_it_rested_is_live_again_at_once(server: Plant) -> None:
    async with watching(server.url, [point(0, "Shown", period=2_000)]) as (driver, seen, _task):
        await seen.until(lambda: 0 in seen.values)
        driver.demand(frozenset())
        await seen.until(lambda: seen.values[0].status == LAST)
        mark = len(seen.batches)
        driver.demand(frozenset({0}))
        await seen.until(lambda: seen.values[0].is_good)
        assert len(seen.batches) == mark + 1  # by the answer to a read, not by a later notification


async def test_a_server_that_cannot_pause_keeps_sending(
    server: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuses(_self: object, _parameters: object) -> list[ua.StatusCode]:
        raise ua.uaerrors.BadServiceUnsupported

    monkeypatch.setattr("hmi.drivers.opcua._session.Session.set_monitoring_mode", refuses)
    async with watching(server.url, [point(0, "Shown")]) as (driver, seen, _task):
        await seen.until(lambda: 0 in seen.values)
        driver.demand(frozenset())
        await until(lambda: any("does not switch" in note for note in driver.diagnostics()["notes"]))
        await server.put("Shown", 77.0, V.Double)
        await seen.until(lambda: seen.values[0].value == 77.0)
        assert seen.values[0].is_good
        assert driver.diagnostics()["items_paused"] == 0


async def test_an_item_whose_last_value_cannot_be_read_is_not_paused(
    server: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuses(_self: object, _what: object) -> list[ua.DataValue]:
        raise ua.uaerrors.BadTooManyOperations

    async with watching(server.url, [point(0, "Shown")]) as (driver, seen, _task):
        await seen.until(lambda: 0 in seen.values)
        monkeypatch.setattr("hmi.drivers.opcua._session.Link.read", refuses)
        driver.demand(frozenset())
        await until(lambda: any("refuses to read" in note for note in driver.diagnostics()["notes"]))
        await server.put("Shown", 88.0, V.Double)
        await seen.until(lambda: seen.values[0].value == 88.0)
        assert seen.values[0].is_good
        assert driver.diagnostics()["items_paused"] == 0


def opcua_plant(url: str) -> PlantDef:
    settings = {"keep_alive_ms": 1500, "timeout_ms": 3000, "security": "none"}
    plc1 = ConnectionDef("plc1", "opcua", (url,), settings)
    tags = [
        make_tag("a/recorded", address=f"nsu={URI};s=Recorded", scan="fast", history=True),
        make_tag("a/idle", address=f"nsu={URI};s=Idle", scan="fast", command=CommandRule()),
    ]
    return make_plant(tags, connections={"plc1": plc1})


async def test_the_worker_of_a_runtime_pauses_after_the_linger_and_wakes_for_a_station(
    server: Plant, tmp_path: Path
) -> None:
    await server.put("Recorded", 1.0, V.Double)
    await server.put("Idle", 1.0, V.Double)
    async with real_runtime(opcua_plant(server.url), tmp_path, linger_s=0.5) as runtime:
        tags = runtime.services.tags
        await until(lambda: tags.value("a/idle").status == LAST)
        await until(lambda: figures(runtime).get("items_paused") == 1)
        await server.put("Recorded", 2.0, V.Double)
        await server.put("Idle", 2.0, V.Double)
        await until(lambda: tags.value("a/recorded").value == 2.0)
        assert tags.value("a/recorded").is_good
        assert tags.value("a/idle").value == 1.0

        watcher = Watcher()
        client = SocketClient(tmp_path, watcher)
        await client.subscribe(["a/idle"])
        await watcher.until(lambda: watcher.shown_live("a/idle"), 30)
        assert watcher.values["a/idle"].value == 2.0

        await client.close()
        await until(lambda: tags.value("a/idle").status == LAST)
        assert tags.value("a/recorded").is_good


# ---- forced points are counted whether somebody looks or not (HM-16)

FORCED = quality.GOOD_LOCAL_OVERRIDE


async def put_forced(server: Plant, name: str, value: float) -> None:
    await server.put(name, value, V.Double, StatusCode=ua.StatusCode(FORCED))


async def test_HM_16_a_forced_item_never_rests_and_rests_again_when_the_force_is_gone(
    server: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hmi.drivers.opcua._pause.SURVEY_S", 0.3)
    await server.put("Shown", 1.0, V.Double)
    await put_forced(server, "Idle", 5.0)
    async with watching(server.url, [point(0, "Shown"), point(1, "Idle")]) as (driver, seen, _task):
        await seen.until(lambda: seen.values.keys() == {0, 1})
        driver.demand(frozenset())
        await until(lambda: driver.diagnostics()["items_paused"] == 1)
        await seen.until(lambda: seen.values[0].status == LAST)
        assert (seen.values[1].value, seen.values[1].status) == (5.0, FORCED)
        await put_forced(server, "Idle", 6.0)
        await seen.until(lambda: seen.values[1].value == 6.0)
        assert seen.values[1].status == FORCED
        await server.put("Idle", 7.0, V.Double)
        await seen.until(lambda: seen.values[1].value == 7.0)
        await until(lambda: driver.diagnostics()["items_paused"] == 2)
        await seen.until(lambda: seen.values[1].status == LAST)


async def test_HM_16_an_item_that_is_forced_while_it_rests_is_found_and_wakes(
    server: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hmi.drivers.opcua._pause.SURVEY_S", 0.3)
    for name in ("Shown", "Idle"):
        await server.put(name, 1.0, V.Double)
    async with watching(server.url, [point(0, "Shown"), point(1, "Idle")]) as (driver, seen, _task):
        await seen.until(lambda: seen.values.keys() == {0, 1})
        driver.demand(frozenset())
        await until(lambda: driver.diagnostics()["items_paused"] == 2)
        await put_forced(server, "Idle", 9.0)
        await seen.until(lambda: seen.values[1].status == FORCED)
        assert seen.values[1].value == 9.0
        assert driver.diagnostics()["items_paused"] == 1
        assert seen.values[0].status == LAST


async def test_HM_16_the_badge_counts_a_forced_point_that_nobody_shows(server: Plant, tmp_path: Path) -> None:
    await server.put("Recorded", 1.0, V.Double)
    await put_forced(server, "Idle", 5.0)
    async with real_runtime(opcua_plant(server.url), tmp_path, linger_s=0.3) as runtime:
        points, tags = runtime.points, runtime.services.tags
        await until(lambda: points.counts() == {"forced": 1})
        watcher = Watcher()
        client = SocketClient(tmp_path, watcher)
        await client.subscribe(["a/idle"])
        await watcher.until(lambda: "a/idle" in watcher.values, 30)
        await client.close()
        await put_forced(server, "Idle", 6.0)
        await until(lambda: tags.value("a/idle").value == 6.0)
        assert tags.value("a/idle").status == FORCED
        assert points.counts() == {"forced": 1}
        await server.put("Idle", 7.0, V.Double)
        await until(lambda: points.counts() == {})


# ---- commands


@pytest.mark.parametrize("push", [False, True])
async def test_a_command_on_a_tag_at_rest_is_judged_by_fresh_values(tmp_path: Path, push: bool) -> None:
    plc1 = ConnectionDef("plc1", "fake", ("fake://127.0.0.1:1",), simulated=True)
    rule = CommandRule(permissives=(("'a/ready' > 0", "ready"),))
    tags = [make_tag("a/sp", scan="fast", command=rule), make_tag("a/ready", scan="slow")]
    plc = FakePlc(push=push)
    plc.values = {0: 1.0, 1: 0.0}
    plant = make_plant(tags, connections={"plc1": plc1})
    async with fake_runtime(plant, plc, tmp_path) as runtime:
        table = runtime.services.tags
        for name in ("a/sp", "a/ready"):
            await until(lambda name=name: table.value(name).value is not None)
        if not push:
            await until(lambda: not table.value("a/sp").is_good)
        plc.change({1: 1.0})  # seen by nobody: the permissive is met, and the last value known says it is not
        command = OperatorCommand("c_00000001", "t_a/sp", 5.0, runtime.services.beats.number)
        result = await runtime.submit(DEMO_OPERATOR, command)
        assert (result.state, plc.values[0]) == (CommandState.CONFIRMED, 5.0), result

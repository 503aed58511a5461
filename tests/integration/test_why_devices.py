"""The raw words in the answer to "why this number?" are those that a real device holds at that moment."""

from __future__ import annotations

import asyncio
import struct
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from fake_runtime import real_runtime
from opcua_plant import URI, free_port
from opcua_plant import Plant as Server

from hmi.bench.peers.modbus_sim import SimUnit, numbered, serving
from hmi.client.socket import SocketClient
from hmi.client.why import Why, WhyHop
from hmi.core import quality
from hmi.core.alarms import Priority
from hmi.core.values import EURange, ValueType
from hmi.project.plant import AlarmDef, ConnectionDef, Plant, Scaling
from hmi.runtime import Runtime
from hmi.testing.chaos import ChaosProxy, Fault, Frame, Kind
from hmi.testing.plant import make_plant, make_tag

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="asks over the Unix socket"),
]
SPAN = Scaling(EURange(0, 27648), EURange(0, 10), clamp=True)


class Nobody:
    def on_live(self, update: Any) -> None: ...
    def on_event(self, event: Any) -> None: ...
    def on_link(self, up: bool, text: str) -> None: ...


def modbus_plant(port: int, **settings: Any) -> Plant:
    plc = ConnectionDef("plc1", "modbus", (f"tcp://127.0.0.1:{port}",), {"timeout_ms": 200, **settings})
    tags = [
        make_tag(
            "a/level", address="1.10 HR", options={"wire": "uint16"}, scaling=SPAN, unit="m", history=True
        ),
        make_tag("a/flow", address="1.20 HR", options={"order": "CDAB"}, range=EURange(0, 100), unit="m³/h"),
        make_tag("a/sum", expression="'a/level' * 2 + 'a/flow'"),
        make_tag("a/coil", address="C5", type=ValueType.BOOL),
        make_tag("a/gone", address="2.1 HR", type=ValueType.UINT64),
    ]
    alarm = AlarmDef("a_1", "t_a/level", "High", "high", Priority.P2, "Level high", limit=4.0, deadband=0.5)
    return make_plant(tags, alarms=[alarm], connections={"plc1": plc})


def float_words(value: float) -> list[int]:
    return list(struct.unpack(">2H", struct.pack(">f", value)))


def sim() -> SimUnit:
    unit = SimUnit(registers=[0] * 100)
    unit.registers[10] = 13824
    unit.registers[20:22] = float_words(12.5)[::-1]
    return unit


@asynccontextmanager
async def asked(runtime_folder: Path, plant: Plant) -> AsyncIterator[tuple[Runtime, SocketClient]]:
    async with real_runtime(plant, runtime_folder) as runtime:
        client = SocketClient(runtime_folder, Nobody())
        try:
            yield runtime, client
        finally:
            await client.close()


async def until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():
            await asyncio.sleep(0.02)


def hop(answer: Why, kind: str) -> WhyHop:
    return next(hop for hop in answer.hops if hop.kind == kind)


async def test_the_raw_words_are_those_of_the_modbus_device(tmp_path: Path) -> None:
    async with serving([sim()]) as port, asked(tmp_path, modbus_plant(port)) as (runtime, client):
        await until(lambda: runtime.services.tags.value("a/level").is_good)
        answer = await client.why("a/level")
        device = hop(answer, "device").facts
        assert (device["words"], device["function"], device["unit"]) == ([13824], 3, 1)
        assert (device["offset"], device["count"], device["request"]) == (10, 1, "03000a0001")
        assert device["asked_at"] <= device["answered_at"]
        assert hop(answer, "decode").value == 13824
        scaling = hop(answer, "scaling")
        assert scaling.value == pytest.approx(5.0)
        assert scaling.text == "(13824 − 0) ÷ 27648 × 10 + 0 = 5"
        assert answer.live
        assert "Good" in answer.text

        flow = await client.why("t_a/flow")
        assert hop(flow, "device").facts["words"] == float_words(12.5)[::-1]
        assert hop(flow, "decode").facts["order"] == "CDAB"
        assert hop(flow, "decode").value == 12.5
        coil = await client.why("a/coil")
        assert (hop(coil, "device").facts["function"], hop(coil, "device").facts["bit"]) == (1, 0)


async def test_the_words_follow_the_device_between_two_scans(tmp_path: Path) -> None:
    """The panel shows one answer: words, decoded and scaled value belong together."""
    value = [100]

    async def moving(_function: int, _address: int, _count: int) -> None:
        value[0] += 1
        unit.registers[10] = value[0]

    unit = sim()
    unit.hook = moving
    async with serving([unit]) as port, asked(tmp_path, modbus_plant(port)) as (runtime, client):
        await until(lambda: runtime.services.tags.value("a/level").is_good)
        for _ in range(5):
            answer = await client.why("a/level")
            (word,) = hop(answer, "device").facts["words"]
            assert hop(answer, "decode").value == word
            assert hop(answer, "scaling").value == pytest.approx(word / 27648 * 10)


async def test_quick_leaves_the_device_unasked_and_says_so(tmp_path: Path) -> None:
    unit = sim()
    async with serving([unit]) as port, asked(tmp_path, modbus_plant(port)) as (runtime, client):
        await until(lambda: runtime.services.tags.value("a/level").is_good)
        answer = await client.why("a/level", quick=True)
        assert {h.kind for h in answer.hops if h.state == "asking"} >= {"device", "decode", "scaling"}
        assert "words" not in hop(answer, "device").facts
        assert answer.value == pytest.approx(5.0)


async def test_a_calculated_tag_shows_every_part_and_its_alarms_and_uses(tmp_path: Path) -> None:
    async with serving([sim()]) as port, asked(tmp_path, modbus_plant(port)) as (runtime, client):
        await until(
            lambda: bool(runtime.services.alarms.active()) and runtime.services.tags.value("a/sum").is_good
        )
        answer = await client.why("a/sum")
        tree = hop(answer, "expression").tree
        assert tree is not None
        assert (tree.text, tree.value) == ("'a/level' * 2 + 'a/flow'", pytest.approx(22.5))
        assert [part.text for part in tree.parts] == ["'a/level' * 2", "'a/flow'"]
        level = await client.why("a/level")
        alarms = hop(level, "alarms").rows
        assert (alarms[0]["state"], alarms[0]["limit"], alarms[0]["deadband"]) == ("UNACK", 4.0, 0.5)
        await until(lambda: all(row.stored for row in runtime.alarms.book.rows.values()))
        assert [row["event"] for row in alarms if row["what"] == "event"] == ["ALM"]
        uses = {(row["kind"], row["name"]) for row in hop(level, "used_by").rows}
        assert uses == {("calculation", "a/sum"), ("alarm", "a/level High")}
        assert hop(level, "history").value == pytest.approx(5.0)


async def test_a_silent_unit_is_told_in_words(tmp_path: Path) -> None:
    def fault(request: Frame) -> Fault:
        return Fault(Kind.BLACKOUT) if request.unit == 2 else Fault()

    async with (
        serving([sim()]) as port,
        ChaosProxy(port, fault) as proxy,
        asked(tmp_path, modbus_plant(proxy.port, demote_after=2)) as (runtime, client),
    ):
        await until(lambda: runtime.services.tags.value("a/gone").status == quality.BAD_NO_COMMUNICATION)
        await until(lambda: runtime.services.tags.value("a/level").is_good)
        answer = await client.why("a/gone")
        assert answer.text.startswith("No value: unit 2 of plc1 does not answer since ")
        device = hop(answer, "device")
        assert device.state == "bad"
        assert "words" not in device.facts
        assert hop(answer, "decode").state == "unknown"


async def test_an_exception_of_the_device_is_told_with_its_code(tmp_path: Path) -> None:
    async with (
        serving([numbered(holes=(10,))]) as port,
        asked(tmp_path, modbus_plant(port)) as (runtime, client),
    ):
        await until(lambda: runtime.services.tags.value("a/level").status == quality.BAD_CONFIGURATION)
        device = hop(await client.why("a/level"), "device")
        assert (device.state, device.facts["exception"]) == ("bad", 2)
        assert "has no such address (exception 02)" in device.text


async def test_a_lost_connection_is_told_with_its_time(tmp_path: Path) -> None:
    lost = [False]

    def fault(_request: Frame) -> Fault:
        return Fault(Kind.BLACKOUT) if lost[0] else Fault()

    async with serving([sim()]) as port, ChaosProxy(port, fault) as proxy:
        plant = modbus_plant(proxy.port, demote_after=1)
        async with asked(tmp_path, plant) as (runtime, client):
            await until(lambda: runtime.services.tags.value("a/level").is_good)
            lost[0] = True
            await until(lambda: runtime.services.tags.value("a/level").is_bad)
            answer = await client.why("a/level")
            assert answer.text.startswith("No value: ")
            assert " since " in answer.text
            assert hop(answer, "device").state == "bad"


async def test_an_unknown_tag_is_not_found(tmp_path: Path) -> None:
    async with serving([sim()]) as port, asked(tmp_path, modbus_plant(port)) as (_, client):
        with pytest.raises(Exception, match="there is no tag 'nothing'"):
            await client.why("nothing")


async def test_the_node_of_an_opc_ua_server_is_read_through_the_worker(tmp_path: Path) -> None:
    server = Server(free_port())
    await server.start()
    await server.add("Level", 8192, ua.VariantType.UInt16)
    async with server.server:
        measured = datetime(2026, 11, 27, 12, 3, 10, tzinfo=UTC)
        await server.put("Level", 13824, ua.VariantType.UInt16, SourceTimestamp=measured)
        settings = {"keep_alive_ms": 1500, "timeout_ms": 3000, "security": "none"}
        plc = ConnectionDef("plc1", "opcua", (server.url,), settings)
        tags = [
            make_tag("a/level", address=f"nsu={URI};s=Level", scaling=SPAN, unit="m", history=True),
            make_tag("a/none", address=f"nsu={URI};s=Nothing"),
        ]
        async with asked(tmp_path, make_plant(tags, connections={"plc1": plc})) as (runtime, client):
            await until(lambda: runtime.services.tags.value("a/level").is_good)
            answer = await client.why("a/level")
            device = hop(answer, "device").facts
            held = await server.get("Level")
            assert device["raw"] == held.Value.Value == 13824
            assert device["node"] == server.node("Level").to_string()
            assert (device["status_code"], device["status_words"]) == (0, "good")
            assert device["endpoint"] == server.url
            assert device["source_time"] == int(measured.timestamp()) * 10**9
            assert hop(answer, "decode").facts["wire"] == "UInt16"
            assert hop(answer, "scaling").value == pytest.approx(5.0)

            none = await client.why("a/none")
            assert hop(none, "device").state == "bad"
            assert none.text.startswith("No value")

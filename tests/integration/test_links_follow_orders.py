"""Commands and reads that wait while a revision of the plant is taken: none reaches what it was not meant for."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_comms_api import Session, modbus_plant, session

from hmi.acquisition import _link, _wire, worker
from hmi.acquisition.port import OTHER_PLAN, LinkSettings, PlanNumber, Point
from hmi.bench.peers.modbus_sim import numbered, serving
from hmi.core.clock import monotonic_ns
from hmi.core.commands import CommandState, OperatorCommand, Reason, WriteRequest, WriteState
from hmi.core.errors import CommunicationError
from hmi.core.principal import Principal, Role
from hmi.core.values import EURange, ValueType
from hmi.drivers.modbus.driver import ModbusDriver
from hmi.drivers.opcua.driver import OpcuaDriver
from hmi.project.plant import CommandRule, ConnectionDef, Plant, Scaling
from hmi.testing.chaos import ChaosProxy, Fault, Kind
from hmi.testing.driver import FakePlc
from hmi.testing.plant import make_plant, make_tag

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="connects to the Unix socket"),
]
WRITES = (5, 6, 15, 16, 22)
WHOLE = EURange(0, 100)


def setpoint_plant(port: int, address: str, raw: EURange = WHOLE) -> Plant:
    gateway = ConnectionDef(
        "gw", "modbus", (f"tcp://127.0.0.1:{port}",), {"timeout_ms": 900, "identify": False}
    )
    setpoint = make_tag(
        "u1/sp", connection="gw", address=address, type=ValueType.FLOAT64, scan="fast",
        scaling=Scaling(raw, WHOLE), command=CommandRule(max_step=0.0, min_interval_ms=0),
    )  # fmt: skip
    poll = make_tag("u1/poll", connection="gw", address="1.0 HR", type=ValueType.UINT64, scan="fast")
    return make_plant([poll, setpoint], connections={"gw": gateway})


@asynccontextmanager
async def reloading(
    plant: Plant, following: Plant, proxy: ChaosProxy, data: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Session, asyncio.Task[Any]]]:
    """A runtime that has begun to take a revision: one request is under way and the link comes to rest after it."""
    monkeypatch.setattr(_link, "REST_S", 10.0)
    async with session(plant, data, monkeypatch) as s:
        await s.until(lambda one: one.line.state == "up" and one.counts["answers"] > 10)
        proxy.choose = lambda _request: Fault(Kind.DELAY, seconds=0.4)
        acquisition = s.runtime.acquisition
        assert acquisition is not None
        loop = acquisition.links["gw"]._loop
        assert loop is not None
        task = asyncio.create_task(s.runtime.apply(replace(following, revision="r2")))
        async with asyncio.timeout(10):
            while loop._may_go.is_set():
                await asyncio.sleep(0)
        try:
            yield s, task
        finally:
            await asyncio.wait([task])


def written(proxy: ChaosProxy) -> list[str]:
    return [frame.pdu.hex() for frame in proxy.requests if frame.pdu[0] in WRITES]


@pytest.mark.parametrize(
    ("address", "raw"), [("1.500 HR", WHOLE), ("1.300 HR", EURange(0, 1_000))], ids=["moved", "rescaled"]
)
async def test_a_command_that_waits_over_a_reload_is_not_sent_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, raw: EURange
) -> None:
    async with serving([numbered(1)]) as port, ChaosProxy(port) as proxy:
        before = setpoint_plant(proxy.port, "1.300 HR")
        async with reloading(
            before, setpoint_plant(proxy.port, address, raw), proxy, tmp_path, monkeypatch
        ) as (s, task):
            who = Principal("op", "local", "s1", frozenset({Role.VIEW, Role.OPERATE}))
            command = OperatorCommand("c1", before.by_name["u1/sp"].id, 7.0, heartbeat_of(s))
            result = await s.runtime.gate.submit(who, command)
            await task
        assert written(proxy) == []
        assert (result.state, result.text) == (CommandState.REFUSED, OTHER_PLAN)
        assert [refusal.reason for refusal in result.refusals] == [Reason.NO_COMMUNICATION]


def heartbeat_of(s: Session) -> int:
    return int(s.client._listener.heartbeat)  # type: ignore[attr-defined]


async def test_a_waiting_write_and_a_waiting_read_end_when_a_link_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving([numbered(1)]) as port, ChaosProxy(port) as proxy:
        before = setpoint_plant(proxy.port, "1.300 HR")
        gone = make_plant([before.by_name["u1/poll"]], connections=before.connections)
        async with reloading(before, gone, proxy, tmp_path, monkeypatch) as (s, task):
            acquisition = s.runtime.acquisition
            assert acquisition is not None
            tag = before.by_name["u1/sp"]
            order = WriteRequest("c1", tag.id, tag.handle, 7, monotonic_ns() + 4_000_000_000)
            asked: list[Awaitable[Any]] = [
                acquisition.write(order), acquisition.read_now([tag.handle]), acquisition.trace(tag.handle),
            ]  # fmt: skip
            found: list[Any] = await asyncio.gather(*asked, return_exceptions=True)
            write, *others = found
            await task
            assert (write.state, write.text) == (WriteState.NOT_CONNECTED, OTHER_PLAN)
            for refused in others:
                assert isinstance(refused, CommunicationError)
                assert str(refused) == "the plant was changed before the device was asked"
            assert acquisition.links["gw"].state == "up"
        assert written(proxy) == []


async def test_a_driver_sends_nothing_of_another_plan() -> None:
    """Right before the transmission, whatever stood before it."""
    order = WriteRequest("c1", "t", 0, 7, monotonic_ns() + 4_000_000_000, plan=3)
    point = Point(0, "HR1", ValueType.UINT64, 1000, True)
    for driver in (
        ModbusDriver(LinkSettings("plc1", "tcp://127.0.0.1:502", {}, (point,), plan=PlanNumber(4))),
        OpcuaDriver(LinkSettings("plc1", "opc.tcp://127.0.0.1:4840", {}, (), plan=PlanNumber(4))),
    ):
        outcome = await driver.write(order)
        assert (outcome.state, outcome.text) == (WriteState.NOT_CONNECTED, OTHER_PLAN)


async def test_a_worker_sends_nothing_of_another_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """A write of the plan before that is behind the new number in the pipe, and one of a runtime of before."""
    plc = FakePlc()
    plc.values = {0: 1.0}

    class Part:
        create = staticmethod(lambda settings: plc.create("fake", settings))

    monkeypatch.setattr(worker, "part", lambda *_: Part)
    packed = _wire.pack_settings(
        LinkSettings("plc1", "fake://a", {}, (Point(0, "a", ValueType.FLOAT64, 20),), plan=PlanNumber(1))
    )
    made = worker.Worker("fake", 768, io.BytesIO())
    await made._do({"t": "open", "settings": packed})

    async def write(**plan: int) -> Any:
        order = {
            "id": "c",
            "tag": "t",
            "handle": 0,
            "value": 7.0,
            "deadline": monotonic_ns() + 10**10,
            "epoch": 0,
        }
        return await made._do({"t": "write", **order, **plan})

    assert (await write(plan=1))["state"] == WriteState.DONE.value
    assert await made._do({"t": "plan", "number": 2}) == {}
    plc.log.clear()
    for old in ({"plan": 1}, {}):
        assert (await write(**old))["text"] == OTHER_PLAN
    assert plc.log == []
    assert (await write(plan=2))["state"] == WriteState.DONE.value


async def test_a_driver_says_in_words_that_it_asks_for_a_point_no_longer() -> None:
    driver = ModbusDriver(LinkSettings("plc1", "tcp://127.0.0.1:502", {}, ()))
    with pytest.raises(CommunicationError, match="no longer asked for"):
        await driver.trace(7)


# tests of points beside the scans


async def test_tests_of_points_keep_no_value_from_anybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four who may only look read without end over a line that is nearly full."""
    async with serving([numbered(1), numbered(2)]) as port, ChaosProxy(port) as proxy:
        proxy.choose = lambda _request: Fault(Kind.DELAY, seconds=0.04)
        async with session(modbus_plant(proxy.port, timeout_ms=1_000), tmp_path, monkeypatch) as s:
            await s.until(lambda one: one.line.state == "up" and one.counts["answers"] > 10)
            acquisition = s.runtime.acquisition
            assert acquisition is not None
            link, said = acquisition.links["gw"], list[str]()

            async def look() -> None:
                while True:
                    try:
                        await acquisition.trace(s.runtime.plant.by_name["u1/t0"].handle)
                        said.append("")
                    except CommunicationError as error:
                        said.append(str(error))
                        await asyncio.sleep(0.002)

            lookers = [asyncio.create_task(look()) for _ in range(4)]
            scans = link.tally.scans[250].gaps
            first = scans.count
            async with asyncio.timeout(20):
                while scans.count < first + 50:  # ten rounds of five blocks
                    await asyncio.sleep(0.01)
            assert "" in said  # tests come through
            assert "other points of gw are being read now; try again in a moment" in said
            for task in lookers:
                task.cancel()
            await asyncio.wait(lookers)


async def test_a_line_that_reads_nothing_does_not_look_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving([numbered(1), numbered(2)]) as port, ChaosProxy(port) as proxy:
        async with session(modbus_plant(proxy.port), tmp_path, monkeypatch) as s:
            await s.until(lambda one: one.line.state == "up" and one.counts["answers"] > 20)
            acquisition = s.runtime.acquisition
            assert acquisition is not None
            await acquisition.links["gw"].rest()
            found = await s.until(lambda one: all(block.overruns >= 4 for block in one.blocks))
            acquisition.go_on()
        assert all(block.actual_ms > 1_000 for block in found.blocks)
        assert found.scans[0].achieved.worst_ms > 1_000
        assert found.scans[0].overruns >= 20

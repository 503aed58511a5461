"""What is told of connections, over real sockets: counts, words of errors, frames, a test of one point, rights."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from fake_runtime import real_runtime
from opcua_plant import URI, free_port
from opcua_plant import Plant as OpcuaPlant
from waterworks_session import Watcher

from hmi.bench.peers.modbus_sim import SimUnit, link, numbered, serving, words
from hmi.client.comms import LineDetail
from hmi.client.socket import SocketClient
from hmi.core import quality
from hmi.core.errors import AccessRefused, CommunicationError
from hmi.core.principal import Principal, Role
from hmi.core.values import EURange, ValueType
from hmi.drivers.modbus.driver import create
from hmi.project.plant import ConnectionDef, Plant, Scaling
from hmi.runtime import Api, Runtime, _comms_api
from hmi.runtime._comms import line_of
from hmi.testing.chaos import ChaosProxy, Fault, Frame, Kind
from hmi.testing.plant import make_plant, make_tag

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="connects to the Unix socket"),
]
ENGINEER = Principal("sam", "local", "s1", frozenset({Role.VIEW, Role.ENGINEER}))
LOOKER = Principal("looker", "local", "s2", frozenset({Role.VIEW}))
_WHO = [ENGINEER]


def modbus_plant(port: int, **settings: Any) -> Plant:
    known = {"timeout_ms": 150, "probe_s": 0.3, "identify": False, **settings}
    gateway = ConnectionDef("gw", "modbus", (f"tcp://127.0.0.1:{port}",), known)
    tags = [
        make_tag(f"u{unit}/t{i}", connection="gw", address=f"{unit}.{i * 100} HR", type=ValueType.UINT64, scan="fast")
        for unit in (1, 2)
        for i in range(2)
    ]  # fmt: skip
    scaled = make_tag(
        "u1/level", connection="gw", address="1.300 HR U", type=ValueType.FLOAT64, unit="m", scan="fast",
        scaling=Scaling(EURange(0, 65_535), EURange(0, 100)),
    )  # fmt: skip
    return make_plant([*tags, scaled], connections={"gw": gateway})


class Session:
    def __init__(self, runtime: Runtime, client: SocketClient) -> None:
        self.runtime, self.client = runtime, client

    async def until(self, is_so: Callable[[LineDetail], Any], name: str = "gw") -> LineDetail:
        async with asyncio.timeout(60):
            while True:
                found = await self.client.comms_of(name)
                if is_so(found):
                    return found
                await asyncio.sleep(0.05)


@asynccontextmanager
async def session(plant: Plant, data: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Session]:
    _WHO[0] = ENGINEER
    monkeypatch.setattr(Api, "principal_of", lambda _self, _request: _WHO[0])
    async with real_runtime(plant, data) as runtime:
        client = SocketClient(data, Watcher())
        await client.subscribe([tag.name for tag in plant.tags])
        try:
            yield Session(runtime, client)
        finally:
            await client.close()


async def driven(port: int, times: int, offsets: tuple[int, ...] = (0, 100), **settings: Any) -> Any:
    """A driver that has scanned so often; its link settings."""
    made = link(port, words(offsets), identify=False, **settings)
    driver = create(made)
    await driver.open()
    for _ in range(times):
        for block in driver.plan():
            await driver.read(block)
    await driver.close()
    return made


@pytest.mark.parametrize(
    ("fault", "count"),
    [
        (Fault(Kind.DROP), "timeouts"),
        (Fault(Kind.EXCEPTION, code=4), "exceptions"),
        (Fault(Kind.SHORT), "malformed"),
        (Fault(Kind.WRONG_UNIT), "malformed"),
        (Fault(Kind.DUPLICATE), "strays"),
    ],
)
async def test_each_kind_of_fault_is_counted_once_for_each_time_it_happens(fault: Fault, count: str) -> None:
    """Every seventh request goes wrong; the proxy knows which."""
    faults = 0

    def choose(_request: Frame) -> Fault:
        nonlocal faults
        if proxy.requests and len(proxy.requests) % 7 == 0:
            faults += 1
            return fault
        return Fault()

    async with serving([numbered()]) as port, ChaosProxy(port) as proxy:
        proxy.choose = choose
        made = await driven(proxy.port, 20, timeout_ms=100, retries=1)
        counts = made.tally.counts
        assert faults > 4
        assert counts["requests"] == len(proxy.requests)
        assert counts[count] == faults
        assert sum(counts[name] for name in ("timeouts", "exceptions", "malformed", "strays")) == faults
        assert counts["sent_bytes"] == 12 * len(proxy.requests)
        unit = made.tally.units["1"]
        assert (unit.requests, unit.answers) == (counts["requests"], counts["answers"])
        if count != "strays":
            assert sum(note.count for note in made.tally.errors) == faults
        assert made.tally.by_code == (
            {"04 reports a device failure": faults} if count == "exceptions" else {}
        )


async def test_figures_of_a_line_that_does_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with (
        serving([numbered(1), numbered(2)]) as port,
        session(modbus_plant(port), tmp_path, monkeypatch) as s,
    ):
        found = await s.until(
            lambda one: one.line.times.number > 30 and one.scans and one.scans[0].achieved.number > 20
        )
        line = found.line
        assert (line.state, line.endpoint, line.driver) == ("up", f"tcp://127.0.0.1:{port}", "modbus")
        assert {unit.name: unit.state for unit in line.units} == {"1": "up", "2": "up"}
        assert all(unit.since and unit.heard and unit.answers for unit in line.units)
        assert 0 < line.times.p50_ms <= line.times.p99_ms <= line.times.worst_ms
        assert 0 < line.load < 1
        assert line.requests_s > 0
        assert found.counts["connects"] == 1
        assert found.counts["requests"] - found.counts["answers"] in (0, 1)
        (scan,) = found.scans
        assert (scan.planned_ms, scan.blocks, scan.points) == (250, 5, 5)
        assert scan.achieved.p50_ms > 0
        assert {block.unit for block in found.blocks} == {"1", "2"}
        assert found.security == {"policy": "None"}
        assert found.errors == []
        assert (found.points, len(found.seconds)) == (5, 59)
        assert (await s.client.comms()).lines[0].name == "gw"


async def test_errors_are_said_in_words_with_the_unit_the_addresses_and_the_tags(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = Fault(Kind.DROP)

    def choose(request: Frame) -> Fault:
        return fault if request.unit == 2 else Fault()

    async with (
        serving([numbered(1), numbered(2)]) as port,
        ChaosProxy(port) as proxy,
        session(modbus_plant(proxy.port), tmp_path, monkeypatch) as s,
    ):
        await s.until(lambda one: one.line.state == "up" and not one.errors)
        proxy.choose = choose
        found = await s.until(lambda one: one.line.units and one.line.units[1].demoted)
        assert found.line.state == "up"
        assert found.line.units[1].retry_s <= 0.3
        assert found.line.units[1].timeouts == found.counts["timeouts"] >= 3
        assert found.line.units[0].timeouts == 0
        error = next(one for one in found.errors if one.unit == "2")
        assert (error.text, error.where) in {
            ("no answer within 0.15 s", "HR1"),
            ("no answer within 0.15 s", "HR101"),
        }
        assert error.tags == [f"u2/t{(int(error.where[2:]) - 1) // 100}"]
        fault = Fault(Kind.EXCEPTION, code=2)
        found = await s.until(lambda one: "02 has no such address" in one.codes)
        assert any(one.text == "unit 2 has no such address (exception 02)" for one in found.errors)


async def test_a_lost_connection_is_counted_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resets = 0

    def choose(_request: Frame) -> Fault:
        nonlocal resets
        if len(proxy.requests) % 40 == 39 and resets < 2:
            resets += 1
            return Fault(Kind.RESET)
        return Fault()

    async with (
        serving([numbered(1), numbered(2)]) as port,
        ChaosProxy(port) as proxy,
        session(modbus_plant(proxy.port), tmp_path, monkeypatch) as s,
    ):
        proxy.choose = choose
        found = await s.until(lambda one: one.counts["losses"] == 2 and one.line.state == "up")
        assert found.counts["connects"] == 3
        assert found.counts["requests"] >= len(proxy.requests) - 1  # the counts go on over a loss
        assert any("was closed" in one.text for one in found.errors)


async def test_frames_are_for_engineers_journalled_and_end_by_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        serving([numbered(1), numbered(2)]) as port,
        session(modbus_plant(port), tmp_path, monkeypatch) as s,
    ):
        await s.until(lambda one: one.line.state == "up")
        assert (await s.client.frames("gw")).frames == []
        _WHO[0] = LOOKER
        for refused in (s.client.log_frames("gw", 5), s.client.frames("gw")):
            with pytest.raises(AccessRefused, match="looker has no right to engineer"):
                await refused
        assert (await s.client.comms_of("gw")).line.logging_s == 0
        _WHO[0] = ENGINEER
        answer = await s.client.log_frames("gw", 1, "a unit is slow")
        assert (answer.text, 0 < answer.left_s <= 1) == ("the frames of gw are kept for 1 s", True)
        found = await s.until(lambda one: one.line.logging_s == 0)
        kept = await s.client.frames("gw", raw=True)
        asked, heard = next(
            (one, other)
            for one, other in zip(kept.frames, kept.frames[1:], strict=False)
            if one.direction == ">"
        )
        assert (asked.what, asked.size, asked.where[:2]) == ("03 read holding registers", 12, "HR")
        assert bytes.fromhex(asked.raw)[6:8] == bytes((int(asked.unit), 3))
        assert (heard.direction, heard.unit, heard.result) == ("<", asked.unit, "ok")
        assert heard.took_ms > 0
        after = await s.client.frames("gw", after=kept.frames[2].number)
        assert after.frames[0].number == kept.frames[2].number + 1
        assert after.frames[0].raw == ""  # bytes on demand alone
        assert (await s.client.frames("gw")).newest == kept.newest  # it has ended
        (record,) = await s.client.journal(after=0, kind="audit")
        assert (record["event"], record["actor"], record["object_id"]) == (
            "comms.frames",
            "sam",
            "connection:gw",
        )
        assert record["payload"]["reason"] == "a unit is slow"
        assert found.counts["requests"] > 0


async def test_a_recording_of_two_people_ends_with_the_longer_one_and_a_stop_is_journalled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        serving([numbered(1), numbered(2)]) as port,
        session(modbus_plant(port), tmp_path, monkeypatch) as s,
    ):
        await s.until(lambda one: one.line.state == "up")
        assert (await s.client.log_frames("gw", 60)).text == "the frames of gw are kept for 60 s"
        answer = await s.client.log_frames("gw", 5)
        assert answer.left_s > 50
        assert answer.text != "the frames of gw are kept for 5 s"
        assert (await s.client.log_frames("gw", 0)).left_s == 0
        await s.client.log_frames("gw", 0)  # there is nothing to end: no record
        records = await s.client.journal(after=0, kind="audit")
        found = [one["payload"]["seconds"] for one in records if one["event"] == "comms.frames"]
        assert sorted(found) == [0, 5, 60]


async def test_the_list_is_put_together_once_for_all_who_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = 0

    def counted(link: Any, units: Any) -> Any:
        nonlocal made
        made += 1
        return line_of(link, units)

    monkeypatch.setattr(_comms_api, "line_of", counted)
    monkeypatch.setattr(_comms_api, "LIST_NS", 60_000_000_000)
    async with (
        serving([numbered(1), numbered(2)]) as port,
        session(modbus_plant(port), tmp_path, monkeypatch) as s,
    ):
        answers = await asyncio.gather(*(s.client.comms() for _ in range(5)))
        assert {one.at for one in answers} == {answers[0].at}
        assert made == 1
        await s.runtime.apply(replace(modbus_plant(port), revision="r2"))
        await s.client.comms()
        assert made == 2  # another plant has other connections


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(61, "from 0 to 60"), (-1, "from 0 to 60"), (True, "from 0 to 60"), ("5", "from 0 to 60")],
)
async def test_bad_requests_are_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: Any, words: str
) -> None:
    async with serving([numbered(1)]) as port, session(modbus_plant(port), tmp_path, monkeypatch) as s:
        with pytest.raises(CommunicationError, match=words):
            await s.client.log_frames("gw", seconds)
        for asked in (
            s.client.comms_of("x/../gw"),
            s.client.frames("nowhere"),
            s.client.log_frames("nowhere", 1),
        ):
            with pytest.raises(CommunicationError, match="there is no connection"):
                await asked
        with pytest.raises(CommunicationError, match="there is no tag"):
            await s.client.read_point("u9/none")
        assert await s.client.journal(after=0, kind="audit") == []


async def test_a_point_is_read_from_its_device_with_all_that_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = False

    def choose(_request: Frame) -> Fault:
        return Fault(Kind.EXCEPTION, code=2) if broken else Fault()

    unit = SimUnit(1, registers=[0] * 300 + [32_768])
    async with (
        serving([unit, numbered(2)]) as port,
        ChaosProxy(port, choose) as proxy,
        session(modbus_plant(proxy.port), tmp_path, monkeypatch) as s,
    ):
        await s.until(lambda one: one.line.state == "up")
        found = await s.client.read_point("u1/level")
        assert (found.connection, found.address, found.unit) == ("gw", "1.300 HR U", "m")
        assert found.device["words"] == [32_768]
        assert found.raw == 32_768
        assert found.value == pytest.approx(50.0, abs=0.01)
        assert (found.raw_status, found.status, found.fault) == (quality.GOOD, quality.GOOD, "")
        assert found.decode["wire"] == "uint16"
        assert 0 < found.device["took_ms"] <= found.took_ms
        broken = True
        found = await s.client.read_point("u1/level")
        assert (found.value, found.status) == (None, quality.BAD_CONFIGURATION)
        assert found.fault == "unit 1 has no such address (exception 02)"
    assert unit.log == []  # nothing was written


async def test_an_opc_ua_server_in_a_worker_tells_its_services_and_no_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = OpcuaPlant(free_port())
    await server.start()
    await server.add("A", 1.5, ua.VariantType.Double)
    async with server.server:
        connection = ConnectionDef(
            "ua", "opcua", (server.url,), {"security": "none", "pki_dir": str(tmp_path / "pki")}
        )
        node = f"nsu={URI};s=A"
        tag = make_tag("a", connection="ua", address=node, type=ValueType.FLOAT64, scan="fast")
        plant = make_plant([tag], connections={"ua": connection})
        async with session(plant, tmp_path / "data", monkeypatch) as s:
            found = await s.until(lambda one: one.scans and one.line.times.number > 3, "ua")
            assert found.line.load == -1.0  # several requests are on the way at once
            assert found.scans[0].granted_ms > 0
            assert (found.security["policy"], found.security["login"]) == ("None", "anonymous")
            assert found.counts["requests"] >= found.counts["answers"] > 3
            assert found.counts["notifications"] > 0
            assert found.counts["received_bytes"] > found.counts["sent_bytes"] > 300
            await s.client.log_frames("ua", 30)
            await s.client.read_point("a")
            async with asyncio.timeout(20):
                while not any(
                    one.what == "Read" and one.direction == "<"
                    for one in (await s.client.frames("ua")).frames
                ):
                    await asyncio.sleep(0.05)
            kept = await s.client.frames("ua", raw=True)
            asked = next(one for one in kept.frames if one.what == "Read")
            assert (asked.direction, asked.where) == (">", "1 items")
            assert asked.size > 50
            assert {one.raw for one in kept.frames} == {""}

"""The waterworks simulator on its sockets: every address is true, writes arrive, the instructor is obeyed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from asyncua import Client, ua
from pymodbus import FramerType
from pymodbus.client import AsyncModbusTcpClient

from hmi.core.values import ValueType
from hmi.project import load_plant
from hmi.project.plant import TagDef
from simulators.instructor import request
from simulators.kit.points import Point
from simulators.waterworks import layouts
from simulators.waterworks.points import points

ROOT = Path(__file__).resolve().parents[2]
POINTS = {p.name: p for p in points()}
START_S = 60.0


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def start(folder: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "simulators", "serve", "waterworks", *options]
    return subprocess.Popen(
        command,
        env=environment(),
        cwd=folder,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def wait_ready(process: subprocess.Popen[bytes], path: Path) -> dict[str, Any]:
    deadline = time.monotonic() + START_S
    while not path.exists():
        assert process.poll() is None, process.stderr.read().decode() if process.stderr else ""
        assert time.monotonic() < deadline, "the simulator did not come up"
        time.sleep(0.05)
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("sim")
    ready = folder / "ready.json"
    process = start(folder, "--ports", "auto", "--ready", str(ready))
    try:
        yield wait_ready(process, ready)
    finally:
        process.send_signal(signal.SIGTERM if sys.platform == "win32" else signal.SIGINT)
        _, errors = process.communicate(timeout=20)
        assert sys.platform == "win32" or (process.returncode, errors) == (0, b"")


def port_of(sim: dict[str, Any], connection: str) -> int:
    return int(sim["connections"][connection][0].rpartition(":")[2].partition("/")[0])


@asynccontextmanager
async def modbus(sim: dict[str, Any], connection: str) -> AsyncIterator[AsyncModbusTcpClient]:
    framer = FramerType.RTU if connection == "rtu" else FramerType.SOCKET
    client = AsyncModbusTcpClient(
        "127.0.0.1", port=port_of(sim, connection), framer=framer, timeout=5, retries=0
    )
    assert await client.connect()
    try:
        yield client
    finally:
        client.close()


@asynccontextmanager
async def opcua(sim: dict[str, Any]) -> AsyncIterator[tuple[Client, int]]:
    async with Client(sim["connections"]["opc"][0], timeout=10) as client:
        yield client, await client.get_namespace_index("urn:watchkeeper:simulator")


def ask(sim: dict[str, Any], verb: str, **more: Any) -> dict[str, Any]:
    return request(sim["instructor"], {"verb": verb, **more})


# --- the plant folder tells the truth ---------------------------------------------------------------------


def plant_tags() -> tuple[TagDef, ...]:
    result = load_plant(ROOT / "screens" / "waterworks")
    assert result.plant is not None, result.findings
    return result.plant.tags


def words_of(registers: list[int], order: str, wire: str) -> float:
    data = struct.pack(f">{len(registers)}H", *registers)
    if len(data) == 4:
        data = {
            "ABCD": data, "CDAB": data[2:] + data[:2], "BADC": bytes((data[1], data[0], data[3], data[2])),
            "DCBA": data[::-1],
        }[order]  # fmt: skip
    codes = {"float32": ">f", "uint32": ">I", "int32": ">i", "uint16": ">H", "int16": ">h"}
    return struct.unpack(codes[wire], data)[0]


async def read_raw(client: AsyncModbusTcpClient, tag: TagDef) -> float | bool:
    unit, _, rest = tag.address.partition(".")
    if not unit.isdigit():
        unit, rest = "1", tag.address
    head, _, bit = rest.partition(".")
    table = head.rstrip("0123456789")
    offset = int(head[len(table) :]) - 1
    wire = tag.options.get("wire") or {
        ValueType.FLOAT32: "float32", ValueType.FLOAT64: "float32", ValueType.INT64: "int16",
    }.get(tag.type, "uint16")  # fmt: skip
    count = 2 if wire in ("float32", "uint32", "int32") and tag.type is not ValueType.BOOL else 1
    read = {
        "C": client.read_coils, "DI": client.read_discrete_inputs, "HR": client.read_holding_registers,
        "IR": client.read_input_registers,
    }[table]  # fmt: skip
    answer = await read(offset, count=count, device_id=int(unit))
    assert not answer.isError(), f"{tag.name} at {tag.address}: {answer}"
    if table in ("C", "DI"):
        return bool(answer.bits[0])
    if bit:
        return bool(answer.registers[0] >> int(bit) & 1)
    value = words_of(answer.registers, tag.options.get("order", "ABCD"), wire)
    if tag.scaling:
        share = (value - tag.scaling.raw.low) / tag.scaling.raw.span
        value = tag.scaling.eu.low + share * tag.scaling.eu.span
    return value


def check_value(tag: TagDef, value: Any) -> None:
    point = POINTS[tag.name]
    if tag.type is ValueType.BOOL:
        assert value in (True, False), tag.name
    elif tag.states:
        assert int(value) in tag.states, f"{tag.name} = {value}"
    elif tag.range:
        assert tag.range.low - 1e-6 <= value <= tag.range.high * 1.05 + 1e-6, f"{tag.name} = {value}"
    if point.high > point.low and tag.range:
        assert (tag.range.low, tag.unit) == (pytest.approx(point.low), point.unit), tag.name


def test_plant_and_simulator_have_the_same_points() -> None:
    tags = {tag.name: tag for tag in plant_tags() if tag.connection}
    assert set(tags) == set(POINTS)
    for name, tag in tags.items():
        assert tag.connection == POINTS[name].plc, name
        assert (tag.command is not None) == POINTS[name].writable, name


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("intake/p101a.state", layouts.DRIVE_STATES),
        ("clarification/p211.state", layouts.DRIVE_STATES),
        ("intake/p101a.trip_code", layouts.TRIP_CODES),
        ("intake/xv101a.state", layouts.VALVE_STATES),
        ("clarification/xv206.state", layouts.VALVE_STATES),
        ("intake/fic101.mode", layouts.LOOP_MODES),
        ("filtration/f301.state", layouts.FILTER_STATES),
    ],
)
def test_plant_and_simulator_use_the_same_words_for_states(tag: str, words: tuple[str, ...]) -> None:
    states = next(t.states for t in plant_tags() if t.name == tag)
    assert states == dict(enumerate(words))


@pytest.mark.asyncio
@pytest.mark.parametrize("connection", ["plc1", "rtu"])
async def test_every_modbus_address_of_the_plant_answers_with_its_value(
    sim: dict[str, Any], connection: str
) -> None:
    tags = [tag for tag in plant_tags() if tag.connection == connection]
    async with modbus(sim, connection) as client:
        for tag in tags:
            check_value(tag, await read_raw(client, tag))
    assert len(tags) > 100


@pytest.mark.asyncio
async def test_every_node_of_the_plant_answers_with_its_value(sim: dict[str, Any]) -> None:
    tags = [tag for tag in plant_tags() if tag.connection == "opc"]
    async with opcua(sim) as (client, index):
        nodes = [client.get_node(ua.NodeId(tag.address.partition(";s=")[2], index)) for tag in tags]
        for tag, value in zip(tags, await client.read_values(nodes), strict=True):
            check_value(tag, value)
    assert len(tags) > 100


# --- identity ---------------------------------------------------------------------------------------------


@pytest.mark.asyncio
@pytest.mark.parametrize("connection", ["plc1", "rtu"])
async def test_modbus_identity_names_simulator_product_and_session(
    sim: dict[str, Any], connection: str
) -> None:
    async with modbus(sim, connection) as client:
        answer = await client.read_device_information(read_code=2, object_id=0, device_id=1)
        assert answer.information[0] == b"Watchkeeper simulator"
        assert answer.information[1] == b"waterworks"
        assert answer.information[6] == sim["session"].encode()


@pytest.mark.asyncio
async def test_opcua_identity_names_simulator_product_and_session(sim: dict[str, Any]) -> None:
    async with opcua(sim) as (client, index):
        build = await client.get_node(ua.ObjectIds.Server_ServerStatus_BuildInfo).read_value()
        assert build.ManufacturerName == "Watchkeeper simulator"
        assert build.ProductName == "waterworks"
        session = await client.get_node(ua.NodeId("Simulator.Session", index)).read_value()
        assert session == sim["session"]


@pytest.mark.asyncio
async def test_opcua_values_carry_range_unit_and_simulated_time(sim: dict[str, Any]) -> None:
    async with opcua(sim) as (client, index):
        node = client.get_node(ua.NodeId("Treatment.AT402.PV", index))
        span = await (await node.get_child("0:EURange")).read_value()
        unit = await (await node.get_child("0:EngineeringUnits")).read_value()
        assert (span.Low, span.High) == (0.0, 2.0)
        assert unit.DisplayName.Text == "mg/L"
        life = await client.get_node(ua.NodeId("Simulator.Life", index)).read_data_value()
        stamp_ns = life.SourceTimestamp.timestamp() * 1e9
        assert abs(stamp_ns - ask(sim, "status")["sim_time_ns"]) < 5e9


# --- writes -----------------------------------------------------------------------------------------------


def float_words(value: float, order: str = "ABCD") -> list[int]:
    high, low = struct.unpack(">2H", struct.pack(">f", value))
    return [high, low] if order == "ABCD" else [low, high]


@pytest.mark.asyncio
async def test_modbus_writes_reach_plc_memory(sim: dict[str, Any]) -> None:
    async with modbus(sim, "plc1") as client:
        assert not (await client.write_coil(19, False, device_id=1)).isError()  # P-101C mode request
        assert not (await client.write_registers(141, float_words(55.0), device_id=1)).isError()
        assert (await client.read_coils(19, count=1, device_id=1)).bits[0] is False
        answer = await client.read_holding_registers(141, count=2, device_id=1)
        assert words_of(answer.registers, "ABCD", "float32") == 55.0
        assert not (await client.write_coil(19, True, device_id=1)).isError()
        assert (await client.read_coils(19, count=1, device_id=1)).bits[0] is True
        assert not (await client.write_register(10, 2, device_id=1)).isError()  # lead pump
        mask = await client.mask_write_register(address=10, and_mask=0xFFFC, or_mask=0x0001, device_id=1)
        assert not mask.isError()
        assert (await client.read_holding_registers(10, count=1, device_id=1)).registers == [1]
        assert not (await client.write_coils(16, [False, False, False, True], device_id=1)).isError()


@pytest.mark.asyncio
async def test_modbus_refuses_what_a_plc_would_refuse(sim: dict[str, Any]) -> None:
    async with modbus(sim, "plc1") as client:
        out_of_range = await client.write_registers(141, float_words(250.0), device_id=1)
        assert out_of_range.exception_code == 3
        not_a_number = await client.write_registers(141, float_words(float("nan")), device_id=1)
        assert not_a_number.exception_code == 3
        assert (await client.read_holding_registers(60000, count=1, device_id=1)).exception_code == 2
        assert (await client.read_holding_registers(0, count=1, device_id=77)).exception_code == 11


@pytest.mark.asyncio
async def test_opcua_writes_reach_plc_memory_and_out_of_range_is_refused(sim: dict[str, Any]) -> None:
    async with opcua(sim) as (client, index):
        node = client.get_node(ua.NodeId("Treatment.AIC402.SP", index))
        await node.write_value(ua.DataValue(ua.Variant(0.95, ua.VariantType.Float)))
        assert await node.read_value() == pytest.approx(0.95)
        with pytest.raises(ua.UaStatusCodeError) as error:
            await node.write_value(ua.DataValue(ua.Variant(9.5, ua.VariantType.Float)))
        assert error.value.code == ua.StatusCodes.BadOutOfRange
        assert await node.read_value() == pytest.approx(0.95)
        readonly = client.get_node(ua.NodeId("Treatment.AT402.PV", index))
        with pytest.raises(ua.UaStatusCodeError):
            await readonly.write_value(ua.DataValue(ua.Variant(0.5, ua.VariantType.Float)))


# --- instructor -------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_freeze_keeps_the_servers_answering_with_values_standing_still(sim: dict[str, Any]) -> None:
    assert ask(sim, "freeze")["ok"]
    try:
        async with modbus(sim, "plc1") as client:
            first = await client.read_input_registers(400, count=60, device_id=1)
            life = (await client.read_input_registers(0, count=1, device_id=1)).registers
            frozen = await client.read_discrete_inputs(0, count=1, device_id=1)
            assert frozen.bits[0] is True
            await asyncio.sleep(1.2)  # longer than two scans: nothing may move
            second = await client.read_input_registers(400, count=60, device_id=1)
            assert first.registers == second.registers
            assert (await client.read_input_registers(0, count=1, device_id=1)).registers == life
            assert ask(sim, "step", seconds=5)["ok"]
            stepped = (await client.read_input_registers(0, count=1, device_id=1)).registers
            assert (stepped[0] - life[0]) % 65536 == 10
    finally:
        assert ask(sim, "run")["frozen"] is False


def test_snapshot_and_restore_bring_simulated_time_back(sim: dict[str, Any]) -> None:
    ask(sim, "freeze")
    try:
        taken = ask(sim, "snapshot", name="before")
        ask(sim, "step", seconds=30)
        assert ask(sim, "status")["sim_time_ns"] == taken["sim_time_ns"] + 30_000_000_000
        assert ask(sim, "restore", name="before")["sim_time_ns"] == taken["sim_time_ns"]
        assert "before" in ask(sim, "status")["snapshots"]
    finally:
        ask(sim, "run")


def test_wrong_requests_get_one_sentence(sim: dict[str, Any]) -> None:
    for message, words in (
        ({"verb": "dance"}, "not known"),
        ({"verb": "speed", "rate": 500}, "between"),
        ({"verb": "speed", "rate": "fast"}, "number"),
        ({"verb": "restore", "name": "none"}, "no snapshot"),
        ({"verb": "malfunction", "id": "x"}, "no malfunction"),
        ({"verb": "step", "seconds": 5}, "freeze first"),
    ):
        answer = request(sim["instructor"], message)
        assert answer["ok"] is False
        assert words in answer["error"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows uses a token on loopback")
def test_the_instructor_socket_belongs_to_the_owner_alone(sim: dict[str, Any]) -> None:
    path = Path(sim["instructor"].removeprefix("unix:"))
    assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    assert stat.S_IMODE(path.parent.stat().st_mode) & 0o077 == 0


@pytest.mark.asyncio
async def test_stopped_plc_and_lost_link(sim: dict[str, Any]) -> None:
    assert ask(sim, "malfunction", id="plc_stopped-rtu", action="set")["ok"]
    async with modbus(sim, "rtu") as client:
        await asyncio.sleep(1.1)  # the scan under way ends
        life = (await client.read_input_registers(0, count=1, device_id=1)).registers
        await asyncio.sleep(1.1)
        assert (await client.read_input_registers(0, count=1, device_id=1)).registers == life
    ask(sim, "malfunction", id="plc_stopped-rtu", action="clear")
    assert ask(sim, "malfunction", id="link_lost-plc1", action="set")["ok"]
    try:
        assert await until(lambda: not reachable(port_of(sim, "plc1")))
        assert reachable(port_of(sim, "rtu"))
    finally:
        ask(sim, "malfunction", id="link_lost-plc1", action="clear")
    assert await until(lambda: reachable(port_of(sim, "plc1")))


@pytest.mark.asyncio
async def test_lost_opcua_link_comes_back_with_values(sim: dict[str, Any]) -> None:
    ask(sim, "malfunction", id="link_lost-opc", action="set")
    try:
        assert await until(lambda: not reachable(port_of(sim, "opc")))
    finally:
        ask(sim, "malfunction", id="link_lost-opc", action="clear")
    assert await until(lambda: reachable(port_of(sim, "opc")), seconds=30)
    async with opcua(sim) as (client, index):
        assert await client.get_node(ua.NodeId("Treatment.AT402.PV", index)).read_value() > 0.1


def reachable(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


async def until(condition: Any, *, seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        await asyncio.sleep(0.05)
    return False


# --- process ----------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
def test_it_ends_cleanly_on_sigterm(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    process = start(tmp_path, "--ports", "auto", "--ready", str(ready))
    document = wait_ready(process, ready)
    process.terminate()
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert errors == b""
    assert not ready.exists()
    assert not Path(document["instructor"].removeprefix("unix:")).exists()


def test_it_ends_when_the_pipe_of_its_parent_closes(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    process = start(tmp_path, "--ports", "auto", "--ready", str(ready), "--parent-pipe")
    wait_ready(process, ready)
    process.communicate(timeout=20)  # closes standard input
    assert process.returncode == 0


@pytest.mark.parametrize("connection", ["plc1", "opc"])
def test_a_taken_port_is_one_sentence_and_exit_2(tmp_path: Path, connection: str) -> None:
    with socket.socket() as blocker:
        blocker.bind(("127.0.0.1", 0))
        blocker.listen()
        port = blocker.getsockname()[1]
        code = (
            "import sys; from simulators.waterworks import simulator as s; "
            f"s.PORTS = dict.fromkeys(s.PORTS, 0) | {{{connection!r}: {port}}}; "
            "from simulators.serve import main; sys.exit(main(['serve', 'waterworks']))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment(), capture_output=True, timeout=60
        )
    assert done.returncode == 2
    lines = done.stderr.decode().strip().splitlines()
    assert len(lines) == 1
    assert f"port {port} for {connection} is already in use" in lines[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["serve", "moonbase"], "no simulator 'moonbase'"),
        (["serve", "waterworks", "--speed", "900"], "--speed"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_2(arguments: list[str], words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "simulators", *arguments], env=environment(), capture_output=True, timeout=60
    )
    assert done.returncode == 2
    assert words in done.stderr.decode()


def test_serve_py_can_be_started_by_its_path(tmp_path: Path) -> None:
    script = ROOT / "simulators" / "serve.py"
    done = subprocess.run(
        [sys.executable, str(script), "list"], cwd=tmp_path, capture_output=True, timeout=60
    )
    assert done.returncode == 0
    assert b"waterworks" in done.stdout


def test_the_simulators_import_nothing_of_the_product() -> None:
    for path in (ROOT / "simulators").rglob("*.py"):
        text = path.read_text()
        assert "import hmi" not in text, path
        assert "from hmi" not in text, path


def test_points_have_descriptions() -> None:
    assert all(isinstance(p, Point) and p.description for p in points())


def test_shutdown_ends_it(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    process = start(tmp_path, "--ports", "auto", "--ready", str(ready))
    assert request(wait_ready(process, ready)["instructor"], {"verb": "shutdown"})["ok"]
    process.communicate(timeout=20)
    assert process.returncode == 0

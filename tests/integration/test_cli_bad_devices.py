"""Devices that are absent, wrong or hostile: their values are Bad with the cause, and the program runs on."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import socketserver
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from cli_calls import command
from quiet_port import quiet_port
from waterworks_session import Watcher, wait_until, watching

from hmi.client.local import is_running
from hmi.client.port import RuntimeStatus
from hmi.client.socket import SocketClient
from hmi.core.clock import NS_PER_S, monotonic_ns
from hmi.core.quality import Mark, quality_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")

PLANT = """schema = "plant/1"
id = "p_badevices001"
name = "devices"
[connection.absent]
driver = "modbus"
endpoints = ["tcp://127.0.0.1:{closed}"]
[connection.garbage]
driver = "modbus"
endpoints = ["tcp://127.0.0.1:{garbage}"]
[connection.units]
driver = "modbus"
endpoints = ["tcp://127.0.0.1:{units}"]
settings = {{timeout_ms = 200, probe_s = 1.0}}
[connection.opc_absent]
driver = "opcua"
endpoints = ["opc.tcp://127.0.0.1:{closed}/x"]
[connection.opc_garbage]
driver = "opcua"
endpoints = ["opc.tcp://127.0.0.1:{garbage}/x"]
settings = {{security = "none"}}
"""
TAGS = """kind,name,type,connection,address
tag,site/absent,uint16,absent,HR1
tag,site/garbage,uint16,garbage,HR1
tag,site/right,uint16,units,1.HR1
tag,site/no_unit,uint16,units,7.HR1
tag,site/silent,uint16,units,9.HR1
tag,site/opc_absent,float,opc_absent,ns=2;s=X
tag,site/opc_garbage,float,opc_garbage,ns=2;s=X
"""
LOST = ("absent", "garbage", "opc_absent", "opc_garbage")
WATCH_S = 5.0


class _Babbler(socketserver.BaseRequestHandler):
    """Answers every request with bytes that mean nothing."""

    noise = random.Random(11)

    def handle(self) -> None:
        self.server.accepted += 1  # type: ignore[attr-defined]
        try:
            while self.request.recv(1024):
                self.request.sendall(self.noise.randbytes(self.noise.randrange(1, 600)))
        except OSError:
            return


class _OneUnit(socketserver.BaseRequestHandler):
    """A gateway: unit 1 answers, unit 7 is not there (exception 0x0B), unit 9 never answers."""

    def handle(self) -> None:
        try:
            while head := self.request.recv(7, socket.MSG_WAITALL):
                transaction, _, length, unit = struct.unpack(">HHHB", head)
                self._answer(transaction, unit, self.request.recv(length - 1, socket.MSG_WAITALL))
        except (OSError, struct.error):
            return

    def _answer(self, transaction: int, unit: int, request: bytes) -> None:
        if unit == 9:
            return
        code, answer = request[0], b""
        if unit == 7:
            answer = bytes((code | 0x80, 0x0B))
        elif code == 3:
            count = struct.unpack(">H", request[3:5])[0]
            answer = bytes((3, 2 * count)) + b"\0\x2a" * count
        else:
            answer = bytes((code | 0x80, 0x01))
        self.request.sendall(struct.pack(">HHHB", transaction, 0, len(answer) + 1, unit) + answer)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads, block_on_close, accepted = True, False, 0


class Devices:
    """A runtime on a plant of such devices, with what it logged."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.garbage, self.units = (_serve(handler, stack) for handler in (_Babbler, _OneUnit))
        self.data, self.log = folder / "data", folder / "log.txt"
        plant = folder / "plant"
        plant.mkdir()
        ports = {"closed": quiet_port(), "garbage": _port(self.garbage), "units": _port(self.units)}
        (plant / "plant.toml").write_text(PLANT.format(**ports), encoding="utf-8")
        (plant / "tags.csv").write_text(TAGS, encoding="utf-8")
        with self.log.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(command("serve", plant, "--data", self.data), stderr=log)

    def cpu_s(self) -> float:
        """Seconds of CPU that the runtime has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def lines_with(self, words: str) -> list[str]:
        return [line for line in self.log.read_text(encoding="utf-8").splitlines() if words in line]


def _serve(handler: type[socketserver.BaseRequestHandler], stack: ExitStack) -> _Server:
    server = stack.enter_context(_Server(("127.0.0.1", 0), handler))
    stack.callback(server.shutdown)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _port(server: _Server) -> int:
    return int(server.server_address[1])


@pytest.fixture(scope="module")
def devices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Devices]:
    with ExitStack() as stack:
        devices = Devices(tmp_path_factory.mktemp("devices"), stack)
        try:
            wait_until(lambda: is_running(devices.data) or devices.process.poll() is not None)
            yield devices
        finally:
            devices.process.kill()
            devices.process.wait()


def mark(watcher: Watcher, name: str) -> Mark | None:
    value = watcher.values.get(f"site/{name}")
    return quality_of(value.status).mark if value is not None else None


async def settled(devices: Devices) -> tuple[SocketClient, Watcher, RuntimeStatus]:
    client, watcher = await watching(devices.data)
    await watcher.until(lambda: all(mark(watcher, name) is Mark.COMMS for name in (*LOST, "silent")))
    await watcher.until(lambda: mark(watcher, "right") is Mark.NONE)
    return client, watcher, await client.status()


@pytest.mark.asyncio
async def test_a_plc_that_is_not_there(devices: Devices) -> None:
    client, watcher, status = await settled(devices)
    try:
        states = {c.name: c for c in status.connections}
        for name in ("absent", "opc_absent"):
            assert watcher.values[f"site/{name}"].value is None
            assert states[name].state == "down"
            assert states[name].text
        await watcher.until(lambda: sum(a["priority"] > 0 for a in watcher.alarms) >= len(LOST))
        told = " ".join(str(row) for row in watcher.alarms)
        assert all(name in told for name in LOST)
    finally:
        await client.close()


@pytest.mark.asyncio
async def test_a_wrong_unit_is_bad_and_its_neighbour_is_good(devices: Devices) -> None:
    client, watcher, status = await settled(devices)
    try:
        assert watcher.values["site/right"].value == 42
        assert mark(watcher, "no_unit") in (Mark.COMMS, Mark.CONFIG)
        assert mark(watcher, "silent") is Mark.COMMS
        assert next(c.state for c in status.connections if c.name == "units") == "up"
        await asyncio.wait_for(_right_stays(watcher), 30)
    finally:
        await client.close()


async def _right_stays(watcher: Watcher) -> None:
    """Through several probes of the silent unit, the good one stays live."""
    end = monotonic_ns() + 3 * NS_PER_S
    await watcher.until(lambda: monotonic_ns() > end or not watcher.shown_live("site/right"))
    assert watcher.shown_live("site/right")


@pytest.mark.asyncio
async def test_garbage_costs_no_cpu_and_no_crash(devices: Devices) -> None:
    client, watcher, _status = await settled(devices)
    try:
        cpu, accepted, start = devices.cpu_s(), devices.garbage.accepted, monotonic_ns()
        await watcher.until(lambda: monotonic_ns() - start > WATCH_S * 1e9)
        share = (devices.cpu_s() - cpu) * 1e9 / (monotonic_ns() - start)
        assert share < 0.5
        assert devices.garbage.accepted - accepted < 10 * WATCH_S
        assert mark(watcher, "garbage") is Mark.COMMS
        assert mark(watcher, "opc_garbage") is Mark.COMMS
    finally:
        await client.close()


def test_each_lost_link_is_logged_once_and_the_runtime_ends_in_order(devices: Devices) -> None:
    for name in LOST:
        assert len(devices.lines_with(f"Connection {name} is lost")) == 1
    assert not devices.lines_with("Traceback")
    assert devices.process.poll() is None
    devices.process.send_signal(signal.SIGTERM)
    assert devices.process.wait(20) == 0

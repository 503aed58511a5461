"""A Modbus gateway with two units over real sockets: one alarm per device, whichever of them is lost."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_runtime import real_runtime
from waterworks_session import Watcher

from hmi.bench.peers.modbus_sim import numbered, serving
from hmi.client.socket import SocketClient
from hmi.core.values import ValueType
from hmi.project.plant import ConnectionDef, Plant
from hmi.runtime import Runtime
from hmi.testing.chaos import ChaosProxy, Fault, Frame, Kind
from hmi.testing.plant import make_plant, make_tag

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="connects to the Unix socket"),
]
GATEWAY_TARGET = 0x0B


def plant_behind(port: int) -> Plant:
    settings = {"timeout_ms": 200, "probe_s": 0.5}
    gateway = ConnectionDef("gw", "modbus", (f"tcp://127.0.0.1:{port}",), settings)
    tags = [
        make_tag(f"u{unit}/t{i}", connection="gw", address=f"{unit}.{i * 100} HR", type=ValueType.UINT64, scan="fast")
        for unit in (1, 2)
        for i in range(3)
    ]  # fmt: skip
    return make_plant(tags, connections={"gw": gateway})


async def until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():
            await asyncio.sleep(0.02)


def standing(runtime: Runtime) -> list[str]:
    """Alarms of the active list whose condition is present."""
    return [row.alarm_id for row in runtime.services.alarms.active() if row.state.value in ("UNACK", "ACKED")]


def told_units(watcher: Watcher) -> tuple[str, dict[str, str]]:
    """What the newest message about the connection said."""
    told = [event.payload for event in watcher.events if event.kind == "connection"][-1]
    return told["state"], told["units"]


@pytest.mark.parametrize("fault", [Fault(Kind.BLACKOUT), Fault(Kind.EXCEPTION, code=GATEWAY_TARGET)])
async def test_a_silent_unit_behind_a_gateway_has_one_alarm_of_its_own(tmp_path: Path, fault: Fault) -> None:
    broken: set[int] = set()

    def choose(request: Frame) -> Fault:
        return fault if request.unit in broken else Fault()

    async with (
        serving([numbered(1), numbered(2)]) as port,
        ChaosProxy(port, choose) as proxy,
        real_runtime(plant_behind(proxy.port), tmp_path) as runtime,
    ):
        watcher = Watcher()
        client = SocketClient(tmp_path, watcher)
        await client.subscribe([f"u{unit}/t{i}" for unit in (1, 2) for i in range(3)])
        await watcher.until(lambda: len(watcher.live()) == 6, 30)
        assert (await client.status()).connections[0].units == {"1": "up", "2": "up"}

        broken.add(2)
        await until(lambda: standing(runtime) == ["link:gw/2"])
        assert len(watcher.live("u1/")) == 3
        assert watcher.live("u2/") == []
        await watcher.until(lambda: told_units(watcher) == ("up", {"1": "up", "2": "silent"}), 30)
        await watcher.until(lambda: bool(watcher.alarms), 30)
        assert (await client.status()).connections[0].units == {"1": "up", "2": "silent"}

        broken.clear()
        await until(lambda: standing(runtime) == [])
        await watcher.until(lambda: len(watcher.live()) == 6, 30)
        records = await client.journal(after=-1, kind="alarm", object_id="link:gw/2")
        assert [record["event"] for record in records] == ["ALM", "RTN"]
        await client.close()


async def test_a_gateway_that_is_lost_with_a_silent_unit_leaves_one_alarm(tmp_path: Path) -> None:
    broken: set[int] = {2}

    def choose(request: Frame) -> Fault:
        return Fault(Kind.BLACKOUT) if request.unit in broken else Fault()

    async with (
        serving([numbered(1), numbered(2)]) as port,
        ChaosProxy(port, choose) as proxy,
        real_runtime(plant_behind(proxy.port), tmp_path) as runtime,
    ):
        await until(lambda: standing(runtime) == ["link:gw/2"])
        broken.add(1)
        await until(lambda: standing(runtime) == ["link:gw"])
        assert runtime.units.of("gw") == {"1": "unknown", "2": "unknown"}
        broken.remove(1)
        await until(lambda: standing(runtime) == ["link:gw/2"])
        broken.clear()
        await until(lambda: standing(runtime) == [])
        assert runtime.services.alarms.hidden() == ()

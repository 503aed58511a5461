"""SE-09: a clock that is 5 s off raises an alarm that names both, and ``why`` flags the times of that source."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.server.internal_subscription import InternalSubscription
from fake_runtime import real_runtime
from opcua_plant import URI, free_port
from opcua_plant import Plant as Server

from hmi.client.socket import SocketClient
from hmi.core.alarms import AlarmState
from hmi.project.plant import ConnectionDef
from hmi.runtime import Runtime
from hmi.testing.plant import make_plant, make_tag

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="asks over the Unix socket"),
]


class Nobody:
    def on_live(self, update: Any) -> None: ...
    def on_event(self, event: Any) -> None: ...
    def on_link(self, up: bool, text: str) -> None: ...


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.05)


async def test_se_09_a_server_that_is_5_s_off_raises_an_alarm_that_ends_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = [timedelta(seconds=5)]
    as_it_is = InternalSubscription._pop_publish_result

    def shifted(self: InternalSubscription) -> Any:
        result = as_it_is(self)
        result.NotificationMessage.PublishTime += ahead[0]
        return result

    monkeypatch.setattr(InternalSubscription, "_pop_publish_result", shifted)
    server = Server(free_port())
    await server.start()
    await server.add("Level", 1.5, ua.VariantType.Double)
    async with server.server:
        settings = {"keep_alive_ms": 1500, "timeout_ms": 3000, "security": "none"}
        plc = ConnectionDef("plc1", "opcua", (server.url,), settings)
        plant = make_plant([make_tag("a/level", address=f"nsu={URI};s=Level")], connections={"plc1": plc})
        async with real_runtime(plant, tmp_path) as runtime:

            def is_raised() -> bool:
                row = runtime.services.alarms.row("system:clock/plc1")
                return row is not None and row.state is AlarmState.UNACK

            await until(is_raised)
            assert 4500 < runtime.clock_differences()["plc1"] < 5500
            client = SocketClient(tmp_path, Nobody())
            device = next(hop for hop in (await client.why("a/level")).hops if hop.kind == "device")
            assert "times of this source are off: the clock of plc1 is 5.0 s ahead" in device.text.lower()
            assert 4500 < device.facts["clock_difference_ms"] < 5500
            await client.close()
            ahead[0] = timedelta()
            await until(lambda: not is_raised(), 60)
            async with asyncio.timeout(10):  # the record follows the alarm
                while (told := await _told_of_clocks(runtime))[-1:] != ["clock.agrees"]:
                    await asyncio.sleep(0.05)
            assert told == ["clock.off", "clock.agrees"]


async def _told_of_clocks(runtime: Runtime) -> list[str]:
    records = await runtime.services.journal.last(50)
    return [record.event for record in records if record.event.startswith("clock.")]

"""The end of a runtime: commands under way get their time, and not more than a supervisor grants."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from fake_runtime import fake_runtime

from hmi.core.commands import CommandState, OperatorCommand
from hmi.core.principal import DEMO_OPERATOR
from hmi.project.plant import CommandRule, ConnectionDef, Plant
from hmi.runtime import Runtime, _runtime
from hmi.testing.driver import FakePlc
from hmi.testing.plant import make_plant, make_tag

pytestmark = pytest.mark.asyncio


def small_plant() -> Plant:
    plc1 = ConnectionDef("plc1", "fake", ("fake://127.0.0.1:1",), simulated=True)
    return make_plant([make_tag("a/t.sp", address="0", command=CommandRule())], connections={"plc1": plc1})


async def under_way(runtime: Runtime, plc: FakePlc) -> asyncio.Task[object]:
    async with asyncio.timeout(10):
        runtime.scan.glance((0,))  # shown on a screen: the command need not wait for a fresh value
        while not runtime.services.tags.latest[0].is_good:
            await asyncio.sleep(0.02)
        plc.freeze()
        command = OperatorCommand("c_1", "t_a/t.sp", 3.0, runtime.services.beats.number)
        running: asyncio.Task[object] = asyncio.create_task(runtime.submit(DEMO_OPERATOR, command))
        while "c_1" not in runtime.gate._running:
            await asyncio.sleep(0)
    return running


async def test_a_command_under_way_ends_and_is_journalled_before_the_links_go(tmp_path: Path) -> None:
    plc = FakePlc()
    plc.values = {0: 1.0}
    async with fake_runtime(small_plant(), plc, tmp_path) as runtime:
        running = await under_way(runtime, plc)
        plc.thaw()
        await runtime.end_commands()
        assert (await running).state is CommandState.CONFIRMED  # type: ignore[attr-defined]
        await runtime.stop()
        last = next(r for r in await runtime.services.journal.last(5) if r.event == "runtime.stopped")
        assert last.payload["commands_open"] is False


async def test_a_command_that_takes_too_long_is_said_to_be_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(_runtime, "COMMANDS_S", 0.05)
    plc = FakePlc()
    plc.values = {0: 1.0}
    async with fake_runtime(small_plant(), plc, tmp_path) as runtime:
        running = await under_way(runtime, plc)
        await runtime.end_commands()
        await runtime.stop()
        last = next(r for r in await runtime.services.journal.last(5) if r.event == "runtime.stopped")
        assert last.payload["commands_open"] is True
        assert "its outcome is not known" in caplog.text
        plc.thaw()
        await running

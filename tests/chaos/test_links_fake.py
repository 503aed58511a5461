"""Each link of the chain cut over a fake device, judged where a station would: at the client."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from fake_runtime import fake_runtime
from waterworks_session import Watcher

from hmi.client.socket import SocketClient
from hmi.core.clock import monotonic_ns
from hmi.core.principal import Mode
from hmi.project.plant import ConnectionDef, Plant, TagDef
from hmi.testing.driver import FakePlc
from hmi.testing.plant import make_plant, make_tag

pytestmark = pytest.mark.asyncio

# scan class normal: 1 s; max(2 s, 3 periods), one second for a loaded machine
LONGEST_S = 3.0 + 1.0


def small_plant() -> Plant:
    tags: list[TagDef] = [make_tag(f"a/t{i}.pv", address=str(i), scan="normal") for i in range(20)]
    plc1 = ConnectionDef("plc1", "fake", ("fake://127.0.0.1:1",), simulated=True)
    return make_plant(tags, connections={"plc1": plc1})


async def watched(folder: Path) -> tuple[SocketClient, Watcher]:
    watcher = Watcher()
    client = SocketClient(folder, watcher)
    await client.subscribe([f"a/t{i}.pv" for i in range(20)])
    return client, watcher


def device(push: bool) -> FakePlc:
    plc = FakePlc(push=push)
    plc.values = {i: float(i) for i in range(20)}
    return plc


@pytest.mark.parametrize("push", [False, True])
async def test_a_station_that_came_before_the_link_learns_its_groups(tmp_path: Path, push: bool) -> None:
    plc = device(push)
    plc.reachable = False
    async with fake_runtime(small_plant(), plc, tmp_path) as runtime:
        client, watcher = await watched(tmp_path)
        await watcher.until(lambda: len(watcher.values) == 20)
        assert not watcher.live()
        plc.reachable = True
        assert runtime.acquisition is not None
        runtime.acquisition.links["plc1"].retry_now()
        await watcher.until(lambda: len(watcher.live(connection="plc1:")) == 20, 30)
        assert all(watcher.limits[group] > 0 for group in watcher.groups.values())
        await client.close()


@pytest.mark.parametrize("push", [False, True])
async def test_a_cut_socket_leaves_nothing_live_and_everything_returns(tmp_path: Path, push: bool) -> None:
    plc = device(push)
    async with fake_runtime(small_plant(), plc, tmp_path):
        client, watcher = await watched(tmp_path)
        await watcher.until(lambda: len(watcher.live()) == 20, 30)
        plc.reachable = False
        plc.cut()
        await watcher.until(lambda: not watcher.live(), LONGEST_S)
        assert all(value.is_bad for value in watcher.values.values())
        plc.reachable = True
        await watcher.until(lambda: len(watcher.live()) == 20, 30)
        await client.close()


@pytest.mark.parametrize("push", [False, True])
async def test_a_frozen_device_leaves_nothing_live(tmp_path: Path, push: bool) -> None:
    plc = device(push)
    async with fake_runtime(small_plant(), plc, tmp_path):
        client, watcher = await watched(tmp_path)
        await watcher.until(lambda: len(watcher.live()) == 20, 30)
        for driver in plc.drivers:
            driver.timeout_s = 60.0  # a driver that hangs far longer than it should
        plc.freeze()
        await watcher.until(lambda: not watcher.live(), LONGEST_S)
        await client.close()


async def test_a_silent_runtime_is_told_within_two_seconds(tmp_path: Path) -> None:
    plc = device(push=False)
    async with fake_runtime(small_plant(), plc, tmp_path):
        client, watcher = await watched(tmp_path)
        await watcher.until(lambda: len(watcher.live()) == 20, 30)
        next(task for task in asyncio.all_tasks() if task.get_name() == "live hub").cancel()
        await watcher.until(lambda: not watcher.link_up, 30)
        assert not watcher.live()
        assert monotonic_ns() - watcher.arrived > 1_000_000_000
        await client.close()


async def test_the_fake_plant_runs_in_simulator_mode(tmp_path: Path) -> None:
    async with fake_runtime(small_plant(), device(push=False), tmp_path) as runtime:
        client, _ = await watched(tmp_path)
        status = await client.status()
        assert runtime.services.mode is Mode.SIMULATOR
        assert status.mode == "simulator"
        assert "instructor" in status.roles
        await client.close()

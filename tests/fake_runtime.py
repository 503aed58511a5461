"""A whole runtime in this process: links, tag engine, alarms, API server, local socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from hmi.acquisition import Acquisition, create_driver
from hmi.acquisition._acquisition import style_of
from hmi.acquisition._link import DriverFactory
from hmi.bootstrap import build_services
from hmi.client.local import choose_endpoint, publish
from hmi.project.plant import Plant
from hmi.runtime import Api, DataFolder, LiveHub, Runtime, api_server
from hmi.testing.driver import FakePlc


@asynccontextmanager
async def fake_runtime(plant: Plant, plc: FakePlc, folder: Path) -> AsyncIterator[Runtime]:
    """Over a fake device; running and reachable at ``folder`` until the block ends."""
    async with real_runtime(plant, folder, create=plc.create, style_of=plc.style_of) as runtime:
        yield runtime


@asynccontextmanager
async def real_runtime(
    plant: Plant,
    folder: Path,
    *,
    create: DriverFactory = create_driver,
    style_of: Callable[[str], str] = style_of,
    linger_s: float = 30.0,
) -> AsyncIterator[Runtime]:
    """With the drivers of the plant's connections."""
    data = DataFolder(folder)
    data.open()
    services = build_services(plant, data, None)
    services.linger_s = linger_s
    await services.journal.open()
    runtime = Runtime(services)
    links = Acquisition(plant, runtime, mode=services.mode, create=create, style_of=style_of)
    hub, endpoint = LiveHub(runtime), choose_endpoint(folder)
    server = api_server(Api(runtime, hub).app(), endpoint)
    started = asyncio.Event()
    server.on_started = lambda: (publish(folder, endpoint), started.set())[1]
    tasks = [
        asyncio.create_task(runtime.run(links), name="runtime"),
        asyncio.create_task(hub.run(), name="live hub"),
        asyncio.create_task(server.serve(), name="server"),
    ]
    try:
        await asyncio.wait_for(started.wait(), 60)
        yield runtime
    finally:
        server.should_exit = True
        await asyncio.wait(tasks[2:], timeout=5)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await services.journal.close()
        data.close()

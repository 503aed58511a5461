"""A whole runtime in this process over a fake device: links, tag engine, alarms, API server, local socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from hmi.acquisition import Acquisition
from hmi.bootstrap import build_services
from hmi.client.local import choose_endpoint, publish
from hmi.project.plant import Plant
from hmi.runtime import Api, DataFolder, LiveHub, Runtime, api_server
from hmi.testing.driver import FakePlc


@asynccontextmanager
async def fake_runtime(plant: Plant, plc: FakePlc, folder: Path) -> AsyncIterator[Runtime]:
    """Running and reachable at ``folder`` until the block ends."""
    data = DataFolder(folder)
    data.open()
    services = build_services(plant, data, None)
    await services.journal.open()
    runtime = Runtime(services)
    links = Acquisition(plant, runtime, mode=services.mode, create=plc.create, style_of=plc.style_of)
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
        await asyncio.wait_for(started.wait(), 20)
        yield runtime
    finally:
        server.should_exit = True
        await asyncio.wait(tasks[2:], timeout=5)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await services.journal.close()
        data.close()

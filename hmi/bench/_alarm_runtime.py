"""The runtime side of the alarm benchmark: raises alarms at a steady rate once it is told to.

``python -m hmi.bench._alarm_runtime DATA COUNT SECONDS``: a line on standard input starts the flood; when the
input closes it ends, and prints how many alarms its journal holds.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from pathlib import Path

from hmi.acquisition import Acquisition
from hmi.acquisition.port import Batch
from hmi.bench._alarm_plant import LIMIT, flood_plant
from hmi.bootstrap import build_services
from hmi.client.local import choose_endpoint, publish
from hmi.core.clock import wall_ns
from hmi.core.values import DataValue
from hmi.runtime import Api, DataFolder, LiveHub, Runtime, api_server
from hmi.testing.driver import FakePlc

PERIOD_S = 0.02


async def _main(folder: Path, count: int, seconds: float) -> None:
    plant, data, plc = flood_plant(count), DataFolder(folder), FakePlc(push=True)
    data.open()
    services = build_services(plant, data, None)
    await services.journal.open()
    runtime = Runtime(services)
    links = Acquisition(plant, runtime, mode=services.mode, create=plc.create, style_of=plc.style_of)
    hub, endpoint = LiveHub(runtime), choose_endpoint(folder)
    server = api_server(Api(runtime, hub).app(), endpoint)
    server.on_started = lambda: publish(folder, endpoint)
    tasks = [asyncio.create_task(work) for work in (runtime.run(links), hub.run(), server.serve())]
    loop = asyncio.get_running_loop()
    if await loop.run_in_executor(None, sys.stdin.readline):
        await _flood(runtime, count, seconds)
        await loop.run_in_executor(None, sys.stdin.read)
    await runtime.alarms.service.settle()
    newest = await services.journal.newest_of_each("alarm")
    print(json.dumps({"stored": len(newest)}), flush=True)
    for task in tasks:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.wait(tasks)
    await services.journal.close()
    data.close()


async def _flood(runtime: Runtime, count: int, seconds: float) -> None:
    begun, done = time.monotonic(), 0
    while done < count:
        until = min(count, int((time.monotonic() - begun) / seconds * count) + 1)
        now = wall_ns()
        updates = [(handle, DataValue(LIMIT + 1, 0, now, now)) for handle in range(done, until)]
        if updates:
            runtime.on_batch("plc", Batch("all", updates))
        done = until
        await asyncio.sleep(PERIOD_S)


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))

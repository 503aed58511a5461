"""The runtime side of the spine benchmark: 20,000 changes a second go in; its CPU time comes out.

``python -m hmi.bench._spine_runtime DATA``; ends when its standard input closes and prints one JSON line.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from hmi.acquisition import Acquisition
from hmi.acquisition.port import Batch
from hmi.bench._spine_plant import CHANGES_PER_BATCH, PERIOD_S, spine_plant
from hmi.bootstrap import build_services
from hmi.client.local import choose_endpoint, publish
from hmi.core.clock import wall_ns
from hmi.core.values import DataValue
from hmi.runtime import Api, DataFolder, LiveHub, Runtime, api_server
from hmi.testing.driver import FakePlc


async def _main(folder: Path) -> None:
    plant, data, plc = spine_plant(), DataFolder(folder), FakePlc(push=True)
    data.open()
    services = build_services(plant, data, None)
    await services.journal.open()
    runtime = Runtime(services)
    links = Acquisition(plant, runtime, mode=services.mode, create=plc.create, style_of=plc.style_of)
    hub, endpoint = LiveHub(runtime), choose_endpoint(folder)
    server = api_server(Api(runtime, hub).app(), endpoint)
    server.on_started = lambda: publish(folder, endpoint)
    tasks = [asyncio.create_task(work) for work in (runtime.run(links), hub.run(), server.serve())]
    closed = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    changes, started, cpu = 0, time.monotonic(), time.process_time()
    turn = 0
    while not closed.done():
        turn += 1
        changes += _feed(runtime, turn, len(plant.tags))
        await asyncio.sleep(max(0.0, started + turn * PERIOD_S - time.monotonic()))
    figures = {"changes": changes, "seconds": time.monotonic() - started, "cpu": time.process_time() - cpu}
    print(json.dumps(figures), flush=True)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await services.journal.close()
    data.close()


def _feed(runtime: Runtime, turn: int, tags: int) -> int:
    now, first = wall_ns(), turn * CHANGES_PER_BATCH % tags
    value = float(turn % 50)
    updates = [(h, DataValue(value + h % 7, 0, now, now)) for h in range(first, first + CHANGES_PER_BATCH)]
    runtime.on_batch("plc", Batch("all", updates))
    return CHANGES_PER_BATCH


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))

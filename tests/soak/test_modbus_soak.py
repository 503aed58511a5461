"""MB-17 for its whole ten minutes: 500 tags at 1 s from five devices through the runtime.

The devices are C servers in processes of their own, so the CPU time of this process is the product's alone.
Every tag is recorded, so none is at rest, and every value changes with every read, which is the dearest case.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from hmi.acquisition import Acquisition
from hmi.bench.peers import modbus_c
from hmi.bootstrap import build_services
from hmi.core.values import ValueType
from hmi.project.plant import ConnectionDef, Plant
from hmi.runtime import DataFolder, Runtime
from hmi.testing.plant import make_plant, make_tag

SECONDS = float(os.environ.get("SOAK_SECONDS", "600"))
DEVICES, TAGS_EACH = 5, 100
SETTLED_AFTER_S = 5.0
CPU_PERCENT = 10.0


def plant_of(ports: list[int]) -> Plant:
    """One connection for each device, each with a hundred registers read every second."""
    tags = [
        make_tag(
            f"plc{n}/r{place}.pv",
            connection=f"plc{n}",
            address=f"HR{place + 1}",
            type=ValueType.UINT64,
            history=True,  # what nobody sees and nothing records is read more slowly
        )
        for n in range(len(ports))
        for place in range(TAGS_EACH)
    ]
    connections = {
        f"plc{n}": ConnectionDef(f"plc{n}", "modbus", (f"tcp://127.0.0.1:{port}",))
        for n, port in enumerate(ports)
    }
    return make_plant(tags, connections=connections)


async def run_for(seconds: float, folder: Path, plant: Plant) -> dict[str, Any]:
    """The runtime with its links for a while; CPU and overruns of the settled part of it."""
    data = DataFolder(folder)
    data.open()
    services = build_services(plant, data, None)
    await services.journal.open()
    runtime = Runtime(services)
    acquisition = Acquisition(plant, runtime, mode=services.mode)
    task = asyncio.create_task(runtime.run(acquisition))
    try:
        await asyncio.sleep(SETTLED_AFTER_S)
        links = list(acquisition.links.values())
        up_since = {link.name: (link.state, link.since) for link in links}
        before = [link.figures() for link in links]
        first_values = list(services.tags.latest)
        cpu, started = time.process_time(), time.monotonic()
        await asyncio.sleep(seconds)
        cpu, elapsed = time.process_time() - cpu, time.monotonic() - started
        after = [link.figures() for link in links]
        assert {link.name: (link.state, link.since) for link in links} == up_since
        changed = sum(
            new.value != old.value for new, old in zip(services.tags.latest, first_values, strict=True)
        )
        live = sum(map(services.tags.is_live, range(len(plant.tags))))
    finally:
        task.cancel()
        await asyncio.wait([task])
        await services.journal.close()
        data.close()
    return {
        "seconds": round(elapsed, 1),
        "cpu_percent": round(100 * cpu / elapsed, 2),
        "scans": sum(new["answers"] - old["answers"] for new, old in zip(after, before, strict=True)),
        "overruns": sum(sum(figures["overruns"].values()) for figures in after),
        "timeouts": sum(figures["timeouts"] for figures in after),
        "line_load_percent": max(figures["load_percent"] for figures in after),
        "changed_tags": changed,
        "live_tags": live,
    }


@pytest.mark.soak
@pytest.mark.asyncio
@pytest.mark.timeout(SECONDS + 120)
@pytest.mark.skipif(bool(modbus_c.missing()), reason=modbus_c.missing() or "the C server can be built")
async def test_MB_17_500_tags_cost_less_than_a_tenth_of_a_core_and_overrun_never(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ExitStack() as servers:
        ports = [servers.enter_context(modbus_c.server(step=1)) for _device in range(DEVICES)]
        figures = await run_for(SECONDS, tmp_path, plant_of(ports))
    with capsys.disabled():
        sys.stdout.write(f"\nMB-17, {DEVICES * TAGS_EACH} tags of {DEVICES} devices at 1 s: {figures}\n")
    assert figures["changed_tags"] == figures["live_tags"] == DEVICES * TAGS_EACH
    assert figures["overruns"] == figures["timeouts"] == 0
    assert figures["scans"] >= DEVICES * (figures["seconds"] - 1)
    assert figures["cpu_percent"] < CPU_PERCENT

"""20,000 changes a second from ingest through tags, alarms and the API to a station's mailbox, two processes."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hmi.bench._spine_plant import CHANGES_PER_S, spine_plant
from hmi.bench.figure import Figure
from hmi.client.local import is_running
from hmi.client.port import Event, LiveUpdate
from hmi.client.socket import SocketClient

SECONDS = 6.0
START_S = 30.0
GOAL_CORE = 0.5
GOAL_SHARE = 0.95


class _Mailbox:
    """Counts what arrives."""

    def __init__(self) -> None:
        self.values = 0

    def on_live(self, update: LiveUpdate) -> None:
        self.values += len(update.values)

    def on_event(self, event: Event) -> None:
        return

    def on_link(self, up: bool, text: str) -> None:
        return


def run() -> list[Figure]:
    """CPU share of the runtime and the share of changes that reached the mailbox."""
    with tempfile.TemporaryDirectory(prefix="watchkeeper-bench-") as folder:
        command = [sys.executable, "-m", "hmi.bench._spine_runtime", folder]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as runtime:
            arrived, client_cpu = asyncio.run(_listen(Path(folder)))
            output, _ = runtime.communicate(timeout=START_S)
    figures = json.loads(output)
    rate = figures["changes"] / figures["seconds"]
    core = figures["cpu"] / figures["seconds"]
    against = f"{rate:,.0f} changes/s offered to 20,000 tags, 2,000 of them with two limits"
    return [
        Figure("tags.spine_20k_core", core, "core", against, f"< {GOAL_CORE}", core < GOAL_CORE),
        Figure(
            "tags.spine_20k_delivered",
            arrived / CHANGES_PER_S,
            "share",
            "20,000 changes/s, each to a different tag, to one client",
            f">= {GOAL_SHARE}",
            arrived / CHANGES_PER_S >= GOAL_SHARE,
        ),
        Figure("tags.spine_20k_client_core", client_cpu, "core", "decoding into the mailbox"),
    ]


async def _listen(folder: Path) -> tuple[float, float]:
    """Values per second in the mailbox, and the CPU share of taking them."""
    mailbox = _Mailbox()
    async with asyncio.timeout(START_S):
        while not is_running(folder):
            await asyncio.sleep(0.05)
    client = SocketClient(folder, mailbox)
    await client.subscribe([tag.name for tag in spine_plant().tags])
    async with asyncio.timeout(START_S):
        while not mailbox.values:
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.5)
    before, started, cpu = mailbox.values, time.monotonic(), time.process_time()
    await asyncio.sleep(SECONDS)
    elapsed = time.monotonic() - started
    result = (mailbox.values - before) / elapsed, (time.process_time() - cpu) / elapsed
    await client.close()
    return result

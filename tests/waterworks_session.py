"""A real simulator and a real runtime as processes, for tests that pull at the chain between them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec.structs import asdict

from hmi.client.alarms import AlarmInfo, list_of
from hmi.client.local import is_running
from hmi.client.port import ConnectionInfo, Event, LiveUpdate
from hmi.client.socket import SocketClient
from hmi.core.clock import monotonic_ns
from hmi.core.values import DataValue
from hmi.supervisor import simulator_command, simulator_environment

ROOT = Path(__file__).resolve().parents[1]
PLANT = ROOT / "screens" / "waterworks"
PATIENCE_S = 120.0


class WaterworksSession:
    """Starts both, ends both; ``data`` is the runtime's folder, ``ready`` the simulator's endpoints file."""

    def __init__(self, folder: Path, plant: Path = PLANT) -> None:
        self.plant = plant
        self.data, self.ready = folder / "data", folder / "simulator.json"
        self._processes: list[subprocess.Popen[bytes]] = []
        self.runtime: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = simulator_command("waterworks", ready=self.ready, ports="auto")
        simulator = subprocess.Popen(command, stdin=subprocess.PIPE, env=simulator_environment())
        self._processes.append(simulator)
        wait_until(self.ready.exists)
        self.start_runtime()

    def start_runtime(self) -> None:
        command = [sys.executable, "-m", "hmi", "serve", str(self.plant), "--data", str(self.data)]
        self.runtime = subprocess.Popen([*command, "--endpoints", str(self.ready)], stdin=subprocess.PIPE)
        self._processes.append(self.runtime)
        wait_until(lambda: is_running(self.data))

    def stop(self) -> None:
        for process in reversed(self._processes):
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            if process.stdin:
                process.stdin.close()

    @property
    def endpoints(self) -> dict[str, Any]:
        return json.loads(self.ready.read_text(encoding="utf-8"))


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
    tick = threading.Event()
    end = monotonic_ns() + int(seconds * 1e9)
    while not condition():
        assert monotonic_ns() < end, "the awaited condition did not come true"
        tick.wait(0.05)


class Watcher:
    """A station without a window: values, ages and events as they arrive, and what it would show as live."""

    def __init__(self) -> None:
        self.values: dict[str, DataValue] = {}
        self.groups: dict[str, str] = {}
        self.limits: dict[str, int] = {}
        self.ages: dict[str, int] = {}
        self.events: list[Event] = []
        self.link_up = False
        self.heartbeat = 0
        self.arrived = 0
        self._news = asyncio.Event()
        self._rows: dict[str, AlarmInfo] = {}

    def on_live(self, update: LiveUpdate) -> None:
        if update.snapshot:
            self.values, self.groups, self.limits = {}, update.tag_group, update.group_limits_ms
        self.values.update(update.values)
        self.ages, self.heartbeat, self.arrived = update.ages_ms, update.heartbeat, update.arrived_ns
        self._news.set()

    def on_event(self, event: Event) -> None:
        self.events.append(event)
        if event.kind == "alarms":
            self._rows = {row.alarm_id: row for row in event.payload}
        elif event.kind == "alarm_changes":
            self._rows |= {row.alarm_id: row for row in event.payload.rows}
            for alarm_id in event.payload.gone:
                self._rows.pop(alarm_id, None)
        self._news.set()

    def on_link(self, up: bool, text: str) -> None:
        self.link_up = up
        self._news.set()

    def shown_live(self, name: str) -> bool:
        """Good, and young enough by the station's own clock: what a mimic would draw as a plain number."""
        value = self.values.get(name)
        if value is None or not value.is_good or not self.link_up:
            return False
        group = self.groups.get(name, "")
        since = (monotonic_ns() - self.arrived) // 1_000_000
        if since > 2_000:
            return False
        return not group or self.ages.get(group, 0) + since <= self.limits.get(group, 0)

    def live(self, prefix: str = "", connection: str = "") -> list[str]:
        return [
            name
            for name in self.values
            if name.startswith(prefix)
            and self.groups.get(name, "").startswith(connection)
            and self.shown_live(name)
        ]

    @property
    def alarms(self) -> list[dict[str, Any]]:
        """The active list, as the messages up to now tell it."""
        return [asdict(row) for row in self._rows.values() if list_of(row) == "active"]

    async def until(self, condition: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
        """Wait for a condition, looking at every piece of news and at the passing of time.

        When the machine stood still for all of ``seconds``, what has come true by then still counts.
        """
        end = monotonic_ns() + int(seconds * 1e9)
        while not condition():
            if monotonic_ns() > end:
                raise TimeoutError("the awaited condition did not come true")
            self._news.clear()
            try:
                async with asyncio.timeout(0.1):
                    await self._news.wait()
            except TimeoutError:
                continue


async def watching(data: Path) -> tuple[SocketClient, Watcher]:
    """A client that has subscribed to every tag of the plant."""
    watcher = Watcher()
    await asyncio.to_thread(wait_until, lambda: is_running(data))
    client = SocketClient(data, watcher)
    plant = await client.plant()
    await client.subscribe([tag.name for tag in plant.tags])
    await watcher.until(lambda: bool(watcher.values))
    return client, watcher


async def all_links_up(client: SocketClient, watcher: Watcher) -> list[ConnectionInfo]:
    """Wait until every connection is up and every device tag is live."""
    await watcher.until(lambda: bool(watcher.live()))  # before that the runtime may be away
    devices = {tag.name for tag in (await client.plant()).tags if tag.connection}
    await watcher.until(lambda: devices <= set(watcher.live()))
    return (await client.status()).connections

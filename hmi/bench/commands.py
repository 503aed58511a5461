"""Commands from the click to the confirmation: a real runtime and a simulated plant over Modbus and OPC UA."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from hmi.bench.figure import Figure
from hmi.client.port import Event, LiveUpdate, PlantInfo, RuntimeStatus, TagInfo
from hmi.client.socket import SocketClient
from hmi.core.commands import CommandResult, CommandState, OperatorCommand
from hmi.core.errors import CommunicationError
from hmi.core.identity import new_id
from hmi.project.shipped import shipped_path

COMMANDS = 300
LEAST = 3
REST_S = 0.55
START_S = 60.0
LIMIT_MS = 2_000.0
"""Accepted or refused has to be visible within 2 s (standards 5.8)."""
SETPOINTS = {
    "modbus": (
        "intake/fic101.sp", "clearwell/lic401.sp", "distribution/pic501.sp", "distribution/lic510.sp",
        "distribution/pic511.sp", "distribution/lic520.sp", "distribution/pic521.sp", "distribution/prv531.sp",
    ),
    "opcua": (
        "clarification/fic211.sp", "clarification/fic212.sp", "clearwell/fic401.sp", "clearwell/aic402.sp",
        "clarification/sludge.interval", "filtration/backwash.dp_start",
    ),
}  # fmt: skip
STEP = 0.04
"""Share of the operator range that each command moves its set point by, to and fro."""


class _Screen:
    """What a station keeps of the live values: the newest of each tag and the number of the last heartbeat."""

    def __init__(self) -> None:
        self.values: dict[str, float] = {}
        self.heartbeat = 0

    def on_live(self, update: LiveUpdate) -> None:
        self.heartbeat = update.heartbeat
        for name, data in update.values.items():
            if data.is_good and isinstance(data.value, int | float):
                self.values[name] = float(data.value)

    def on_event(self, event: Event) -> None:
        return

    def on_link(self, up: bool, text: str) -> None:
        return


def run() -> list[Figure]:
    """p50 and p99 of each protocol, and of all."""
    folders = tempfile.TemporaryDirectory(prefix="watchkeeper-bench-", ignore_cleanup_errors=True)
    with folders as folder, _session(Path(folder)):
        took = asyncio.run(_measure(Path(folder)))
    every = [one for of_protocol in took.values() for one in of_protocol]
    return [
        figure
        for name, found in (*((f".{protocol}", of) for protocol, of in took.items()), ("", every))
        for figure in _figures(name, found)
    ]


@contextlib.contextmanager
def _session(folder: Path) -> Iterator[None]:
    """The simulated plant and its runtime, each in a process of its own; both end with their pipe from here."""
    ready, plant, simulators = folder / "ready.json", shipped_path("screens"), shipped_path("simulators")
    commands = (
        ("simulators", "serve", "waterworks", "--ports", "auto", "--ready", str(ready)),
        ("hmi", "serve", str(plant / "waterworks"), "--data", str(folder), "--endpoints", str(ready)),
    )
    path = os.pathsep.join((str(simulators.parent), os.environ.get("PYTHONPATH", "")))
    with contextlib.ExitStack() as children:
        for command in commands:
            child = subprocess.Popen(
                [sys.executable, "-m", *command, "--parent-pipe"],
                env={**os.environ, "PYTHONPATH": path},
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
            )
            children.enter_context(child)  # closes the pipe and waits
            _wait_for(ready)
        yield


def _wait_for(ready: Path) -> None:
    until = time.monotonic() + START_S
    while not ready.exists() and time.monotonic() < until:
        time.sleep(0.05)


def _figures(name: str, took: Sequence[float]) -> list[Figure]:
    against = f"{len(took)} set points, written, read back and confirmed, one after the other"
    p50, p99 = _share(took, 0.5), _share(took, 0.99)
    return [
        Figure(f"commands{name}.p50_ms", p50, "ms", against, f"< {LIMIT_MS:g}", p50 < LIMIT_MS),
        Figure(f"commands{name}.p99_ms", p99, "ms", against, f"< {LIMIT_MS:g}", p99 < LIMIT_MS),
    ]


def _share(took: Sequence[float], share: float) -> float:
    return sorted(took)[min(int(len(took) * share), len(took) - 1)]


async def _measure(data: Path) -> dict[str, list[float]]:
    screen = _Screen()
    client = SocketClient(data, screen)
    try:
        plant = await _plant_of(client)
        await client.subscribe([name for names in SETPOINTS.values() for name in names])
        await _until_all_are_live(client, screen)
        tags = {tag.name: tag for tag in plant.tags}
        took: dict[str, list[float]] = {}
        for protocol, names in SETPOINTS.items():
            usable = await _usable(client, screen, [tags[name] for name in names])
            took[protocol] = await _commands(client, screen, usable)
        return took
    finally:
        await client.close()


async def _plant_of(client: SocketClient) -> PlantInfo:
    async with asyncio.timeout(START_S):
        while True:
            try:
                return await client.plant()
            except CommunicationError:
                await asyncio.sleep(0.1)


async def _until_all_are_live(client: SocketClient, screen: _Screen) -> None:
    async with asyncio.timeout(START_S):
        while True:
            status: RuntimeStatus = await client.status()
            up = all(link.state == "up" for link in status.connections)
            if up and all(name in screen.values for names in SETPOINTS.values() for name in names):
                return
            await asyncio.sleep(0.1)


async def _usable(client: SocketClient, screen: _Screen, tags: Sequence[TagInfo]) -> list[TagInfo]:
    """Set points that the plant takes now: those of a loop in cascade belong to its master."""
    found = [
        tag for tag in tags if (await _set(client, screen, tag, up=False)).state is CommandState.CONFIRMED
    ]
    if len(found) < LEAST:
        raise RuntimeError(f"only {len(found)} of {len(tags)} set points take commands")
    await asyncio.sleep(REST_S)
    return found


async def _commands(client: SocketClient, screen: _Screen, tags: Sequence[TagInfo]) -> list[float]:
    """Milliseconds of each command; an item rests for half a second between two of its own (standards 5.3)."""
    took: list[float] = []
    last: dict[str, float] = {}
    up: dict[str, bool] = {}
    while len(took) < COMMANDS:
        tag = tags[len(took) % len(tags)]
        await asyncio.sleep(max(0.0, last.get(tag.name, 0.0) + REST_S - time.monotonic()))
        up[tag.name] = not up.get(tag.name, False)
        begun = time.perf_counter()
        result = await _set(client, screen, tag, up=up[tag.name])
        took.append((time.perf_counter() - begun) * 1e3)
        last[tag.name] = time.monotonic()
        if result.state is not CommandState.CONFIRMED:
            raise RuntimeError(f"{tag.name} was not confirmed: {result.text}")
    return took


async def _set(client: SocketClient, screen: _Screen, tag: TagInfo, *, up: bool) -> CommandResult:
    """Up from the value in the middle of its range, and back."""
    assert tag.limit_low is not None
    assert tag.limit_high is not None
    span, now = tag.limit_high - tag.limit_low, screen.values[tag.name]
    step = span * STEP * (1 if up else -1)
    wanted = now + step if tag.limit_low <= now + step <= tag.limit_high else now - step
    command = OperatorCommand(new_id("c"), tag.id, wanted, screen.heartbeat, confirmed=True)
    return await client.submit(command)

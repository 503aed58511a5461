"""SE-14: the runtime is killed again and again with commands under way; the device sees no unintended write."""

from __future__ import annotations

import asyncio
import contextlib
import random
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from waterworks_session import Watcher

from hmi.bench._storm_device import StormDevice, serving_device
from hmi.bench._storm_plant import StormPlant
from hmi.client.socket import SocketClient
from hmi.core.commands import CommandState, OperatorCommand
from hmi.core.errors import CommunicationError

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="kills with SIGKILL"),
]
TAGS, AT_ONCE, LINKS = 40, 8, 4
PATIENCE_S = 60.0
QUIET_BEATS = 3
"""Heartbeats of a fresh runtime in which nothing is asked for and nothing may be written."""


@asynccontextmanager
async def running(folder: Path, plant: StormPlant) -> AsyncIterator[tuple[SocketClient, Watcher]]:
    """A runtime of its own with all links up, and a station; killed at the end."""
    described = msgspec.json.encode(plant).decode()
    command = [
        sys.executable,
        "-m",
        "hmi.bench._storm_runtime",
        str(folder),
        described,
        str(folder / "writes"),
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        watcher = Watcher()
        client = SocketClient(folder, watcher)
        try:
            await client.subscribe([f"n{number}" for number in range(TAGS)])
            await until_up(client, watcher)
            yield client, watcher
        finally:
            process.kill()
            process.wait()
            await client.close()


async def until_up(client: SocketClient, watcher: Watcher) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(CommunicationError):
                status = await client.status()
                if watcher.heartbeat and all(link.state == "up" for link in status.connections):
                    return
            await asyncio.sleep(0.05)


async def asked(client: SocketClient, number: int, tag: int, beat: int) -> CommandState | None:
    """How it ended; None when the runtime was killed before it said so."""
    command = OperatorCommand(f"c{number}", f"t_n{tag}", number, beat, confirmed=True)
    with contextlib.suppress(CommunicationError):
        return (await client.submit(command)).state
    return None


class Attack:
    """``tags``: what was asked for, by number (which is the value); ``told``: how it ended."""

    def __init__(self, folder: Path, device: StormDevice, port: int) -> None:
        self._folder, self._device = folder, device
        self._plant = StormPlant("modbus", port, LINKS, TAGS)
        self._random = random.Random(14)
        self.tags: dict[int, int] = {}
        self.told: dict[int, CommandState | None] = {}

    async def one_life(self) -> None:
        """Start, see that nothing is written unasked, ask for several writes, kill in the middle of them."""
        before = len(self._device.written)
        asking: dict[int, asyncio.Task[CommandState | None]] = {}
        async with running(self._folder, self._plant) as (client, watcher):
            await beats(watcher, QUIET_BEATS)
            assert self._device.written[before:] == []
            for tag in self._random.sample(range(TAGS), AT_ONCE):
                number = len(self.tags) + 1
                self.tags[number] = tag
                asking[number] = asyncio.create_task(asked(client, number, tag, watcher.heartbeat))
            patience = self._random.choice((0.0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.2))
            await asyncio.wait(asking.values(), timeout=patience)
        for number, task in asking.items():
            self.told[number] = await task


async def beats(watcher: Watcher, count: int) -> None:
    """Wait for so many further signs of life."""
    async with asyncio.timeout(PATIENCE_S):
        first = watcher.heartbeat
        while watcher.heartbeat < first + count:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(4, marks=pytest.mark.slow),
        pytest.param(100, marks=[pytest.mark.soak, pytest.mark.timeout(3_600)]),
    ],
)
async def test_se_14_kills_with_commands_under_way_cause_no_unintended_write(
    tmp_path: Path, kills: int
) -> None:
    async with serving_device("modbus", TAGS) as device:
        attack = Attack(tmp_path, device, device.port)
        for _ in range(kills):
            await attack.one_life()
        async with running(tmp_path, attack._plant) as (
            _client,
            watcher,
        ):  # the last word of what was under way
            before = len(device.written)
            await beats(watcher, QUIET_BEATS)
            assert len(device.written) == before
        written = Counter(one.value for one in device.written)
        assert {one.value: one.tag for one in device.written}.items() <= attack.tags.items()
        assert {number: times for number, times in written.items() if times > 1} == {}
        confirmed = {number for number, state in attack.told.items() if state is CommandState.CONFIRMED}
        assert confirmed <= set(written)
        assert None in attack.told.values(), "no kill came while a command was under way"

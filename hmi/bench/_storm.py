"""Commands through a hostile network to one device, while the runtime is paused and killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from hmi.bench._storm_device import FRAMINGS, StormDevice, serving_device
from hmi.bench._storm_plant import StormPlant
from hmi.client.port import Event, LiveUpdate
from hmi.client.socket import SocketClient
from hmi.core.clock import monotonic_ns
from hmi.core.commands import CommandResult, OperatorCommand
from hmi.core.errors import CommunicationError
from hmi.testing.hostile import CALM, HostileProxy, Weather

ROUGH = {
    "modbus": Weather(lost=0.05, waits=0.05, twice=0.02, swapped=0.02, cut=0.03),
    # every message that is lost or comes twice ends a connection of OPC UA, and a new one takes a second
    "opcua": Weather(lost=0.05, waits=0.05, twice=0.02, swapped=0.02, cut=0.03, of_reads=0.002),
}
LINKS = {"modbus": 24, "opcua": 3}
"""Connections to the device; each of OPC UA has a process of its own, which takes its time to start."""
ASKERS = {"modbus": 36, "opcua": 9}
"""As many commands at once; whatever waits behind one that breaks its connection is refused."""
TAGS = 240
PATIENCE_S = 300.0
PAUSE, KILL, BLACK_OUT = "pause", "kill", "black-out"
AUDIT_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Storm:
    """How much of it: commands in all, numbered from ``first``; seconds between two pauses, kills and black-outs of
    the runtime.
    """

    protocol: str
    commands: int
    seed: int = 1
    pause_every_s: float = 5.0
    kill_every_s: float = 30.0
    dark_every_s: float = 6.0
    first: int = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """When a command was asked for, when and what was told; None where no answer came. Monotonic ns."""

    asked_ns: int
    told_ns: int
    result: CommandResult | None


@dataclass(slots=True)
class Told:
    """One command: its number is its value."""

    number: int
    tag: int
    answers: list[Answer] = field(default_factory=list[Answer])

    @property
    def results(self) -> list[CommandResult]:
        """What was told, as often as it was."""
        return [answer.result for answer in self.answers if answer.result is not None]


@dataclass(frozen=True, slots=True)
class Kept:
    """A record of the runtime's journal about a command; ``wall_ns`` UTC."""

    command_id: str
    wall_ns: int
    event: str
    text: str


@dataclass(slots=True)
class Story:
    """What everybody saw. ``deadlines`` and ``sent`` (monotonic ns) by number come from the runtime, ``settled``
    from its journal (``kept``): the last word on each command by its id; ``open`` are tags whose last command has no
    end. ``troubles`` are what befell the runtime and the network, with the time (monotonic ns).
    """

    storm: Storm
    told: list[Told]
    device: StormDevice
    proxy: HostileProxy
    deadlines: dict[int, int] = field(default_factory=dict[int, int])
    sent: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    settled: dict[str, str] = field(default_factory=dict[str, str])
    open: list[str] = field(default_factory=list[str])
    kept: list[Kept] = field(default_factory=list[Kept])
    troubles: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])

    def befell(self, what: str) -> None:
        self.troubles.append((monotonic_ns(), what))

    def times(self, what: str) -> int:
        """How often ``what`` befell."""
        return sum(one == what for _time, one in self.troubles)


class _Screen:
    """What the asker sees: the number of the last heartbeat, and the tags that have a Good value."""

    def __init__(self) -> None:
        self.heartbeat = 0
        self._good: dict[str, bool] = {}

    def on_live(self, update: LiveUpdate) -> None:
        self.heartbeat = update.heartbeat
        self._good.update((name, data.is_good) for name, data in update.values.items())

    async def until_well(self) -> None:
        """Most of the plant is seen: there is something to be broken."""
        while not self.heartbeat or sum(self._good.values()) < TAGS // 2:
            await asyncio.sleep(0.05)

    async def until_back(self) -> None:
        """The runtime says that it lives, whatever it knows of its plant."""
        while not self.heartbeat:
            await asyncio.sleep(0.01)

    async def until_good(self, tag: int) -> None:
        """The link of the tag is up and so is the runtime, as far as can be seen here."""
        while not (self.heartbeat and self._good.get(f"n{tag}")):
            await asyncio.sleep(0.01)

    def on_event(self, event: Event) -> None:
        return

    def on_link(self, up: bool, text: str) -> None:
        if not up:
            self.heartbeat = 0


class _Runtime:
    """The runtime's process; stopped, gone on and killed at will, always started again."""

    def __init__(self, folder: Path, plant: StormPlant) -> None:
        described = msgspec.json.encode(plant).decode()
        self._command = [sys.executable, "-m", "hmi.bench._storm_runtime", str(folder), described]
        self._command.append(str(folder / "writes.txt"))
        self._log = folder / "runtime.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=log, stderr=log)

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()


async def rage(storm: Storm, folder: Path) -> Story:
    """All commands, then calm until nothing is open any more."""
    async with (
        serving_device(storm.protocol, TAGS) as device,
        HostileProxy(device.port, FRAMINGS[storm.protocol](), storm.seed) as proxy,
    ):
        plant = StormPlant(storm.protocol, proxy.port, LINKS[storm.protocol], TAGS)
        story = Story(storm, [], device, proxy)
        runtime, screen = _Runtime(folder, plant), _Screen()
        runtime.start()
        client = SocketClient(folder, screen)
        try:
            await client.subscribe([f"n{number}" for number in range(TAGS)])
            await _until_up(client, screen)
            await _blow(story, client, screen, runtime)
            await _calm_down(story, client, screen)
        finally:
            await client.close()
            runtime.kill()
    _read_notes(story, folder / "writes.txt")
    return story


async def _until_up(client: SocketClient, screen: _Screen) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(CommunicationError):
                status = await client.status()
                if screen.heartbeat and all(link.state == "up" for link in status.connections):
                    return
            await asyncio.sleep(0.1)


async def _blow(story: Story, client: SocketClient, screen: _Screen, runtime: _Runtime) -> None:
    chance, storm = random.Random(story.storm.seed), story.storm
    numbers = iter(range(storm.first, storm.first + storm.commands))
    story.proxy.weather = ROUGH[storm.protocol]
    async with _troubles(story, runtime, screen):
        askers = (_asker(story, client, screen, numbers, chance) for _ in range(ASKERS[storm.protocol]))
        await asyncio.gather(*askers)


async def _asker(
    story: Story, client: SocketClient, screen: _Screen, numbers: Iterator[int], chance: random.Random
) -> None:
    """Gives one command after the other, some of them twice at once."""
    for number in numbers:
        tag = chance.randrange(TAGS)
        one = Told(number, tag)
        story.told.append(one)
        clicks = 2 if chance.random() < 0.1 else 1
        ttl_ms = chance.choice((300, 1_500, 5_000, 5_000))
        if chance.random() < 0.9:
            await screen.until_good(tag)
        command = OperatorCommand(f"c{number}", f"t_n{tag}", number, screen.heartbeat, ttl_ms, confirmed=True)
        answers = [_submitted(client, command) for _ in range(clicks)]
        one.answers += await asyncio.gather(*answers)
        if len(one.results) < clicks and chance.random() < 0.5:  # impatient: the same order again
            await (screen.until_good(tag) if chance.random() < 0.5 else screen.until_back())
            one.answers.append(await _submitted(client, _again(command, screen.heartbeat)))
        await asyncio.sleep(chance.choice((0.0, 0.0, 0.01, 0.05, 0.2)))


def _again(command: OperatorCommand, heartbeat: int) -> OperatorCommand:
    return OperatorCommand(command.id, command.tag_id, command.value, heartbeat, confirmed=True)


async def _submitted(client: SocketClient, command: OperatorCommand) -> Answer:
    asked_ns = monotonic_ns()
    try:
        result = await client.submit(command)
    except CommunicationError:
        result = None
    return Answer(asked_ns, monotonic_ns(), result)


@asynccontextmanager
async def _troubles(story: Story, runtime: _Runtime, screen: _Screen) -> AsyncIterator[None]:
    chance, storm = random.Random(story.storm.seed + 1), story.storm
    lock = asyncio.Lock()  # a runtime that is stopped is not killed meanwhile
    tasks = [
        asyncio.create_task(
            _every(chance, screen, storm.pause_every_s, lambda: _pause(story, runtime, lock, chance))
        ),
        asyncio.create_task(_every(chance, screen, storm.kill_every_s, lambda: _kill(story, runtime, lock))),
        asyncio.create_task(_every(chance, screen, storm.dark_every_s, lambda: _darken(story, chance))),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _every(
    chance: random.Random, screen: _Screen, seconds: float, act: Callable[[], Awaitable[None]]
) -> None:  # fmt: skip
    """Never while the plant is still coming back: nothing would be commanded then."""
    while True:
        await asyncio.sleep(chance.uniform(0.5, 1.5) * seconds)
        await screen.until_well()
        await act()


async def _pause(story: Story, runtime: _Runtime, lock: asyncio.Lock, chance: random.Random) -> None:
    """Some pauses are longer than the life of a command."""
    async with lock:
        story.befell(PAUSE)
        runtime.signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(chance.choice((0.05, 0.1, 0.3, 0.3, 1.0, 5.5)))
        finally:
            runtime.signal(signal.SIGCONT)


async def _kill(story: Story, runtime: _Runtime, lock: asyncio.Lock) -> None:
    async with lock:
        story.befell(KILL)
        await asyncio.to_thread(runtime.kill)
        runtime.start()


async def _darken(story: Story, chance: random.Random) -> None:
    """The network is silent for a while, then its connections break."""
    story.befell(BLACK_OUT)
    seconds = chance.uniform(0.1, 1.5)
    story.proxy.black_out(seconds)
    await asyncio.sleep(seconds)
    story.proxy.cut()


async def _calm_down(story: Story, client: SocketClient, screen: _Screen) -> None:
    """The links come back, and with them what was not known."""
    story.proxy.weather = CALM
    await _until_up(client, screen)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                with contextlib.suppress(CommunicationError):
                    await _read_journal(story, client)
                    if not story.open:
                        return
                await asyncio.sleep(0.5)
    except TimeoutError:
        return  # what is still open is counted


async def _read_journal(story: Story, client: SocketClient) -> None:
    newest: dict[str, str] = {}
    story.settled.clear()
    story.kept.clear()
    after = 0
    while page := await client.journal(after=after, kind="audit", limit=AUDIT_PAGE):
        for record in page:
            payload = record["payload"]
            if str(record["event"]).startswith("command."):
                newest[record["object_id"]] = record["event"]
                story.settled[payload["command_id"]] = payload.get("state", "requested")
                story.kept.append(_kept(record, payload))
        after = page[-1]["seq"]
    unfinished = ("command.requested", "command.unknown", "command.blocked")
    story.open = [item for item, event in newest.items() if event in unfinished]


def _kept(record: dict[str, Any], payload: dict[str, Any]) -> Kept:
    words = [str(payload[name]) for name in ("write", "text") if payload.get(name)]
    return Kept(payload["command_id"], record["receive_time"], record["event"], "; ".join(words))


def _read_notes(story: Story, path: Path) -> None:
    for line in path.read_text(encoding="ascii").splitlines():
        what, number, time_ns = line.split()
        if what == "deadline":
            story.deadlines[int(number)] = int(time_ns)
        else:
            story.sent.append((int(number), int(time_ns)))


def can_be_paused() -> bool:
    """Whether this system can stop a process and let it go on."""
    return hasattr(signal, "SIGSTOP") and os.name == "posix"

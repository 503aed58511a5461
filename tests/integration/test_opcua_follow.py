"""8.4: other points over the same OPC UA session, at the simulator and at node-opcua, through the worker process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from fake_runtime import real_runtime
from foreign_server import ForeignServer, Installed
from opcua_plant import free_port
from test_links_follow import follow, until

from hmi.acquisition import Acquisition, FollowingDriver
from hmi.acquisition.port import Batch, DeviceIdentity, Group
from hmi.core.history import ReadRaw
from hmi.core.principal import Mode
from hmi.core.values import DataValue, ValueType
from hmi.project.plant import ConnectionDef, Plant
from hmi.project.recording import Deviation, RecordRules
from hmi.runtime import Runtime
from hmi.testing.plant import make_plant, make_tag
from simulators._opcua import OpcuaEndpoint
from simulators.kit.points import URN
from simulators.kit.points import Point as SimulatedPoint
from simulators.waterworks.points import points as simulated_points

pytestmark = pytest.mark.asyncio
STAY, ADDED, REMOVED, MOVED = 40, 50, 10, 5
LIFE = "a/life"
EVERY = RecordRules(compression=False, exc_dev=Deviation(0))


@dataclass
class Peer:
    """A server: its life counter and other nodes, and how many sessions it has counted since it started."""

    url: str
    life: str
    nodes: Sequence[tuple[str, ValueType]]
    sessions: Callable[[], Awaitable[int]]
    settings: dict[str, Any]
    simulated: bool = False


class Simulated:
    """The OPC UA side of the simulator with a life counter of 20 steps a second."""

    def __init__(self) -> None:
        self.points = [one for one in simulated_points() if one.plc == "opc"]
        self.state: dict[str, Any] = {one.name: _start(one) for one in self.points}
        self.endpoint = OpcuaEndpoint(
            "opc", self.points, state=lambda: self.state, write=self.state.__setitem__, version=lambda: 0
        )
        self.sessions = 0

    async def run(self) -> None:
        while True:
            self.state["site/opc.life"] += 1
            await self.endpoint.publish(1)
            await asyncio.sleep(0.05)

    async def start(self) -> None:
        await self.endpoint.start(free_port(), product="waterworks", session="s1", version="1")
        assert self.endpoint._server is not None
        inner = self.endpoint._server.iserver
        register = inner.register_external_session

        def counted(session: Any) -> None:
            self.sessions += 1
            register(session)

        inner.register_external_session = counted  # type: ignore[method-assign]


def _start(point: SimulatedPoint) -> Any:
    return "s1" if point.type == "string" else bool(0) if point.type == "bool" else max(point.low, 1)


@asynccontextmanager
async def simulated() -> AsyncIterator[Peer]:
    made = Simulated()
    await made.start()
    task = asyncio.create_task(made.run())

    async def sessions() -> int:
        return made.sessions

    nodes = [
        (f"nsu={URN};s={one.address}", ValueType.FLOAT64)
        for one in made.points
        if one.type in ("float32", "uint16", "bool")
    ]
    life = f"nsu={URN};s=Simulator.Life"
    try:
        yield Peer(made.endpoint.url, life, nodes, sessions, {"keep_alive_ms": 1500}, simulated=True)
    finally:
        task.cancel()
        await asyncio.wait([task])
        await made.endpoint.stop()


@pytest.fixture(scope="module")
def foreign(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ForeignServer]:
    installed: Installed = request.getfixturevalue("node_opcua")
    with ForeignServer(installed, tmp_path_factory.mktemp("server"), channel_ms=600_000) as made:
        yield made


def foreign_peer(server: ForeignServer) -> Peer:
    async def sessions() -> int:
        return int((await asyncio.to_thread(server.ask, sessions=True))["sessions"])

    names = ("Double", "Float", "Flow", "Level", "Setpoint", "Int32", "UInt16", "Byte", "Boolean", "Mode")
    nodes = [(f"nsu=urn:test:plant;s={name}", ValueType.FLOAT64) for name in names]
    settings = {"keep_alive_ms": 1500, "security": "none"}
    return Peer(server.url, "nsu=urn:test:plant;s=Counter", nodes, sessions, settings)


@pytest_asyncio.fixture(params=["simulator", "node-opcua"])
async def peer(request: pytest.FixtureRequest) -> AsyncIterator[Peer]:
    if request.param == "simulator":
        async with simulated() as made:
            yield made
    else:
        yield foreign_peer(request.getfixturevalue("foreign"))


class Heard:
    """Everything that the links tell, in order; ``mark`` begins anew."""

    def __init__(self) -> None:
        self.updates: list[tuple[int, DataValue]] = []
        self.values: dict[int, DataValue] = {}
        self.told: list[str] = []
        self.since = 0

    def on_groups(self, connection: str, groups: Sequence[Group]) -> None:
        del connection, groups

    def on_batch(self, connection: str, batch: Batch) -> None:
        del connection
        self.updates += batch.updates
        self.values.update(batch.updates)

    def on_up(self, connection: str, identity: DeviceIdentity) -> None:
        del connection, identity
        self.told.append("up")

    def on_down(self, connection: str, text: str) -> None:
        del connection
        self.told.append(f"down: {text}")

    def of(self, handle: int) -> list[DataValue]:
        return [value for one, value in self.updates if one == handle]

    def mark(self) -> None:
        self.since = len(self.updates)

    def heard_since(self, handle: int) -> list[DataValue]:
        return [value for one, value in self.updates[self.since :] if one == handle]


def plant_of(
    peer: Peer, asked: dict[str, tuple[str, ValueType]], previous: Plant | None = None, **fields: Any
) -> Plant:
    """The life counter, with a queue that holds every step, and tags by name at nodes."""
    life = make_tag(
        LIFE,
        connection="opc",
        address=peer.life,
        type=ValueType.UINT64,
        scan="fast",
        options={"queue": 100, "sampling_ms": 50},
    )
    tags = [
        make_tag(f"a/{name}", connection="opc", address=address, type=kind, scan="fast", **fields)
        for name, (address, kind) in asked.items()
    ]
    connection = ConnectionDef("opc", "opcua", (peer.url,), peer.settings, simulated=peer.simulated)
    return make_plant([life, *tags], connections={"opc": connection}, previous=previous)


@asynccontextmanager
async def running(peer: Peer, plant: Plant) -> AsyncIterator[tuple[Acquisition, Heard]]:
    heard = Heard()
    mode = Mode.SIMULATOR if peer.simulated else Mode.PLANT
    acquisition = Acquisition(plant, heard, mode=mode, session="s1")
    task = asyncio.create_task(acquisition.run())
    try:
        await until(lambda: heard.values.keys() == plant.by_handle.keys() and is_good(heard, plant))
        yield acquisition, heard
    finally:
        task.cancel()
        await asyncio.wait([task])


def is_good(heard: Heard, plant: Plant) -> bool:
    known = [heard.values.get(handle) for handle in plant.by_handle]
    return all(value is not None and value.is_good for value in known)


def worker_of(acquisition: Acquisition) -> FollowingDriver:
    driver = acquisition.links["opc"]._driver
    assert isinstance(driver, FollowingDriver)
    return driver


def without_hole(values: Sequence[DataValue]) -> bool:
    """Every step of a life counter, once and in order."""
    numbers = [int(value.value) for value in values if value.value is not None]  # type: ignore[arg-type]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers))) and len(numbers) == len(values)


def nodes_at(peer: Peer, first: int, count: int) -> list[tuple[str, ValueType]]:
    return [peer.nodes[place % len(peer.nodes)] for place in range(first, first + count)]


async def test_8_4_a_reload_of_many_tags_loses_no_sample_of_the_others(peer: Peer) -> None:
    names = [f"t{number}" for number in range(STAY + REMOVED + MOVED)]
    before = dict(zip(names, nodes_at(peer, 0, len(names)), strict=True))
    after = dict(list(before.items())[REMOVED:])
    moved = names[-MOVED:]
    after |= {name: nodes_at(peer, names.index(name) + 1, 1)[0] for name in moved}
    after |= {f"new{n}": node for n, node in enumerate(nodes_at(peer, 3, ADDED))}
    plant = plant_of(peer, before)
    sessions = await peer.sessions()
    async with running(peer, plant) as (acquisition, heard):
        assert await peer.sessions() == sessions + 1
        life = plant.by_name[LIFE].handle
        await until(lambda: len(heard.of(life)) > 10)
        pid = worker_of(acquisition).pid
        following = plant_of(peer, after, previous=plant)
        change = await follow(acquisition, following)
        heard.mark()
        assert (change.closed, list(change.followed)) == (frozenset(), ["opc"])
        fresh = [following.by_name[f"a/{name}"].handle for name in after if name.startswith("new")]
        fresh += [following.by_name[f"a/{name}"].handle for name in moved]
        await until(lambda: all(heard.heard_since(handle) for handle in fresh))
        steps = len(heard.of(life))
        await until(lambda: len(heard.of(life)) > steps + 10)
        assert without_hole(heard.of(life))
        stay = {tag.handle for tag in following.tags} - set(fresh)
        assert [value for handle, value in heard.updates if handle in stay and not value.is_good] == []
        gone = {tag.handle for tag in plant.tags} - {tag.handle for tag in following.tags}
        assert len(gone) == REMOVED
        assert [handle for handle, _ in heard.updates[heard.since :] if handle in gone] == []
        assert heard.told == ["up"]
        assert worker_of(acquisition).pid == pid
        assert await peer.sessions() == sessions + 1
        found = await acquisition.read_now(fresh)
        assert {h: heard.values[h].value for h in fresh} == {h: value.value for h, value in found.items()}


async def test_a_tag_that_moves_to_another_scan_class_and_back_begins_with_its_value(peer: Peer) -> None:
    node = peer.nodes[0]
    plant = plant_of(peer, {"x": node})
    async with running(peer, plant) as (acquisition, heard):
        handle, life = plant.by_name["a/x"].handle, plant.by_name[LIFE].handle
        for scan in ("normal", "slow", "fast"):
            tags = [tag if tag.name == LIFE else replace(tag, scan=scan) for tag in plant.tags]
            plant = make_plant(tags, connections=plant.connections, previous=plant)
            await follow(acquisition, plant)
            heard.mark()
            await until(lambda: bool(heard.heard_since(handle)))
            assert heard.heard_since(handle)[0].is_good
            groups = {group.name: group.handles for group in worker_of(acquisition).groups()}
            periods = {"fast": "250 ms", "normal": "1000 ms", "slow": "5000 ms"}
            assert handle in groups[periods[scan]]
            await until(lambda wanted=len(groups): len(_subscriptions(acquisition)) == wanted)
        assert without_hole(heard.of(life))
        assert heard.told == ["up"]


def _subscriptions(acquisition: Acquisition) -> list[dict[str, Any]]:
    return list(acquisition.links["opc"].figures().get("subscriptions", []))


def recorded(runtime: Runtime, name: str) -> list[Any]:
    """All samples of a tag, from its first good one on."""
    tag = runtime.plant.by_name[name]
    found = list(runtime.services.history.read_raw(ReadRaw(tag.id, 0, 2**62)).samples)
    first = next((place for place, one in enumerate(found) if one.is_good), len(found))
    return found[first:]


async def test_8_4_the_history_of_a_tag_beside_has_neither_a_hole_nor_a_bad_sample(
    foreign: ForeignServer, tmp_path: Path
) -> None:
    peer = foreign_peer(foreign)
    asked = {name: node for name, node in zip("abcdef", peer.nodes, strict=False)}
    every = {"history": True, "recording": EVERY}

    def revision(number: int, previous: Plant | None, **tags: tuple[str, ValueType]) -> Plant:
        made = plant_of(peer, tags, previous=previous)
        kept = [replace(tag, **every) if tag.name == LIFE else tag for tag in made.tags]
        return make_plant(kept, connections=made.connections, revision=f"r{number}", previous=previous)

    plant = revision(1, None, **asked)
    async with real_runtime(plant, tmp_path / "data") as runtime:
        await until(lambda: len(recorded(runtime, LIFE)) > 5)
        for number, tags in enumerate(
            (asked | {"g": peer.nodes[6]}, {**asked, "a": peer.nodes[1]}, dict(list(asked.items())[2:])),
            start=2,
        ):
            plant = revision(number, plant, **tags)
            assert (await runtime.apply(plant)).changes
            steps = len(recorded(runtime, LIFE))
            await until(lambda steps=steps: len(recorded(runtime, LIFE)) > steps + 5)
            names = {f"a/{name}" for name in tags}
            await until(
                lambda names=names: not any(runtime.services.tags.values[name].is_bad for name in names)
            )
        samples = recorded(runtime, LIFE)
        assert [one for one in samples if not one.is_good] == []
        numbers = [int(value) for value, _ in groupby(one.value for one in samples)]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert runtime.acquisition is not None
        assert runtime.acquisition.links["opc"].tally.counts["connects"] == 1

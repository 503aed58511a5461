"""A browse ends in words whatever the server does, and gives what it has read so far."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from endless_server import EndlessServer, World, serving

from hmi.core.clock import monotonic_ns
from hmi.core.identity import is_tag_name
from hmi.drivers.opcua.browser import create
from hmi.project.importing import BrowseAsk, Imported

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[EndlessServer]:
    async with serving() as made:
        yield made


async def browsed(
    server: EndlessServer, world: World, timeout_ms: int = 3000, **options: Any
) -> tuple[Imported, list[int]]:
    """What comes of it, and the progress that was told."""
    told: list[int] = []
    server.world.silent.set()
    server.world = world
    ask = BrowseAsk(
        server.url,
        {"timeout_ms": timeout_ms, "connect_timeout_ms": 20_000},
        {"rate": 1000, **options},
        "dev",
        told=lambda _what, done, _of: told.append(done),
    )
    return await create().browse(ask), told


def deeper(name: str) -> list[tuple[str, bool]]:
    """A variable and one more object in every object."""
    return [] if name.endswith("v") else [(f"{name}d", False), (f"{name}v", True)]


def names(found: Imported) -> list[str]:
    return [row.name for row in found.rows]


async def test_a_loop_is_walked_once(server: EndlessServer) -> None:
    world = World()
    ring = {
        "": [("a", False)],
        "a": [("b", False), ("x", True)],
        "b": [("a", False), ("b", False), ("y", True)],
    }
    world.children = lambda name: ring.get(name, [])
    found, _told = await browsed(server, world)
    assert names(found) == ["a.x", "a/b.y"]
    assert found.faults == []


async def test_the_same_list_again_and_again_is_left_and_its_point_given_back(server: EndlessServer) -> None:
    world = World()
    lists = {"": [("a", False), ("x", True)], "a": [(f"v{n}", True) for n in range(5)]}
    world.children, world.same_again = lambda name: lists.get(name, []), True
    found, _told = await browsed(server, world)
    assert sorted(names(found)) == ["a.v0", "a.v1", "a.v2", "a.v3", "a.v4", "x"]
    assert [one.text for one in found.faults] == [
        "the root: the server lists the same again and again; it was left",
        "a: the server lists the same again and again; it was left",
    ]
    assert world.points == set()
    assert world.released == 2


async def test_a_million_nodes_stop_at_the_limit_with_progress_and_words(server: EndlessServer) -> None:
    world = World()
    world.children = lambda name: (
        [(f"f{n}", False) for n in range(1000)] if not name
        else [(f"{name}.v{n}", True) for n in range(1000)] if "." not in name
        else []
    )  # fmt: skip
    found, told = await browsed(server, world, max_nodes=6000)
    assert len(found.rows) == 6000 - 1000 - 1
    assert found.faults[0].text.startswith("the browse ended early: 6000 nodes were read; not looked into: ")
    assert found.faults[0].text.endswith(" more")
    assert told
    assert max(told) <= 6000
    assert world.points == set()


class Endless(list[tuple[str, bool]]):
    """A list that has always more."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def __len__(self) -> int:
        return 1 << 40

    def __getitem__(self, part: Any) -> Any:
        return [(f"{self._name}v{n}", True) for n in range(part.start, part.stop)]


async def test_a_list_that_always_has_something_new_stops_at_the_limit(server: EndlessServer) -> None:
    world = World()
    world.children = lambda name: Endless(name) if not name else []
    found, _told = await browsed(server, world, max_nodes=3000)
    assert len(found.rows) == 2999
    assert "3000 nodes were read" in found.faults[0].text
    assert world.points == set()


async def test_a_tree_without_a_bottom_stops_at_the_depth(server: EndlessServer) -> None:
    world = World()
    world.children = deeper
    found, _told = await browsed(server, world)
    assert len(found.rows) == 50
    assert found.faults[0].text.startswith(
        "the browse ended early: 50 levels were walked; not looked into: d/dd/"
    )
    assert all(map(is_tag_name, names(found)))


async def test_it_ends_when_its_time_is_over(server: EndlessServer) -> None:
    world = World()
    world.children = lambda name: Endless(name) if not name else []
    begin = monotonic_ns()
    found, _told = await browsed(server, world, max_seconds=1, rate=20)
    assert "it took longer than 1 s" in found.faults[0].text
    assert found.rows
    assert monotonic_ns() - begin < 60_000_000_000


async def test_a_server_that_falls_silent_gives_what_was_read(server: EndlessServer) -> None:
    world = World()
    world.children = deeper
    world.silent_after = 5
    found, _told = await browsed(server, world, timeout_ms=1000)
    assert len(found.rows) == 5
    assert {row.cells["type"] for row in found.rows} == {"float"}
    assert found.faults[0].text.startswith(
        "the browse ended early: the server does not answer any more; not looked into: "
    )


async def test_a_server_that_dies_gives_what_was_read(server: EndlessServer) -> None:
    world = World()
    world.children = deeper
    world.dead_after = 5
    found, _told = await browsed(server, world)
    assert len(found.rows) == 5
    assert found.faults[0].text.startswith("the browse ended early: the connection was lost")


@pytest.mark.parametrize(("points", "denied"), [(1, set[str]()), (9, {"f1"}), (9, {"f0", "f2"})])
async def test_a_server_with_few_continuation_points_is_read_whole(
    server: EndlessServer, points: int, denied: set[str]
) -> None:
    world = World()
    world.children = lambda name: (
        [(f"f{n}", False) for n in range(4)] if not name
        else [(f"{name}.v{n}", True) for n in range(450)] if "." not in name
        else []
    )  # fmt: skip
    world.most_points, world.denied = points, set(denied)
    found, _told = await browsed(server, world)
    assert len(found.rows) == 4 * 450
    assert found.faults == []


async def test_it_stops_at_once_when_it_is_cancelled(server: EndlessServer) -> None:
    world = World()
    world.children = lambda name: Endless(name) if not name else []
    server.world.silent.set()
    server.world = world
    task = asyncio.create_task(create().browse(BrowseAsk(server.url, {}, {"rate": 20}, "dev")))
    while world.browses == 0:
        await asyncio.sleep(0.01)
    task.cancel()
    async with asyncio.timeout(10):
        with pytest.raises(asyncio.CancelledError):
            await task

"""HM-16: every forced or simulated point of the plant is listed within a second, and nothing else is."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fake_runtime import fake_runtime, real_runtime
from waterworks_session import Watcher

from hmi.client.points import PointPage, PointRow
from hmi.client.port import RuntimeClient
from hmi.client.socket import SocketClient
from hmi.core import quality
from hmi.project.plant import ConnectionDef, Plant, TagDef
from hmi.runtime import Runtime
from hmi.testing.driver import FakePlc
from hmi.testing.plant import make_plant, make_tag

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="asks over the Unix socket"),
]
TAGS = 20_000
FORCED, SIMULATED, MANUAL = range(7, TAGS, 97), range(11, TAGS, 501), range(13, TAGS, 1009)


def plant_of(*tags: TagDef) -> Plant:
    plc1 = ConnectionDef("plc1", "fake", ("fake://127.0.0.1:1",), simulated=True)
    return make_plant(tags, connections={"plc1": plc1})


def large_plant() -> Plant:
    return plant_of(*(make_tag(f"a{n % 10}/t{n}", address=str(n), area=f"a{n % 10}") for n in range(TAGS)))


def statuses() -> dict[int, int]:
    found = dict.fromkeys(MANUAL, quality.UNCERTAIN_SUBSTITUTE)
    found |= dict.fromkeys(SIMULATED, quality.UNCERTAIN_SIMULATED)
    return found | dict.fromkeys(FORCED, quality.GOOD_LOCAL_OVERRIDE)


@asynccontextmanager
async def station(
    folder: Path, plant: Plant, plc: FakePlc
) -> AsyncIterator[tuple[Runtime, SocketClient, Watcher]]:
    async with fake_runtime(plant, plc, folder) as runtime:
        watcher = Watcher()
        client = SocketClient(folder, watcher)
        try:
            yield runtime, client, watcher
        finally:
            await client.close()


async def until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():
            await asyncio.sleep(0.02)


async def every_row(client: RuntimeClient, state: str = "") -> list[PointRow]:
    rows: list[PointRow] = []
    page = PointPage(0, {}, 0, [], 0)
    while not rows or page.continuation:
        page = await client.points(state=state, after=page.continuation, limit=5_000)
        rows += page.points
    return rows


async def listed(client: RuntimeClient, names: set[str]) -> None:
    while {row.name for row in await every_row(client)} != names:
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("push", [False, True])
async def test_HM_16_every_forced_point_of_20000_tags_is_listed_within_a_second(
    tmp_path: Path, push: bool
) -> None:
    plant, plc = large_plant(), FakePlc(push=push)
    plc.values = dict.fromkeys(range(TAGS), 1.0)
    async with station(tmp_path, plant, plc) as (runtime, client, _):
        assert (await client.points()).points == []  # whoever looks wakes them all
        await until(lambda: all(value.is_good for value in runtime.services.tags.latest))
        expected = statuses()
        names = {plant.tags[handle].name for handle in expected}
        plc.force(expected)
        await until(lambda: len(runtime.points.page(runtime.services.tags.latest, 0, limit=1).points) > 0)
        async with asyncio.timeout(
            1.0
        ):  # the limit of HM-16: from the first sign in the runtime to a whole list
            await listed(client, names)
        rows = await every_row(client)
        assert {row.state for row in rows} == {"forced", "simulated", "manual"}
        assert {row.name for row in rows if row.state == "forced"} == {plant.tags[n].name for n in FORCED}
        assert [row.name for row in rows] == [tag.name for tag in plant.tags if tag.name in names]
        assert {row.name for row in await every_row(client, "simulated")} <= names
        area = await client.points(area="a3", limit=5_000)
        assert {row.area for row in area.points} == {"a3"}


async def test_HM_16_a_station_is_told_the_count_at_once(tmp_path: Path) -> None:
    plc = FakePlc(push=True)
    plc.values = {0: 1.0, 1: 2.0}
    tags = [
        make_tag("a/b", address="0"),
        make_tag("a/c", address="1"),
        make_tag("a/sum", expression="'a/b' + 1"),
    ]
    async with station(tmp_path, plant_of(*tags), plc) as (runtime, client, watcher):
        await client.points()
        await until(lambda: runtime.services.tags.value("a/sum").is_good)
        plc.force({0: quality.GOOD_LOCAL_OVERRIDE})
        await watcher.until(
            lambda: any(e.kind == "points" and e.payload == {"forced": 1} for e in watcher.events), 10
        )
        assert (await client.status()).points == {"forced": 1}
        rows = {row.name: row.by_input for row in (await client.points()).points}
        assert rows == {"a/b": False, "a/sum": True}  # calculated from a forced one: listed and not counted
        plc.force({0: quality.GOOD})
        await watcher.until(
            lambda: watcher.events[-1].kind == "points" and not watcher.events[-1].payload, 10
        )
        assert (await client.points()).total == 0


async def test_HM_16_a_forced_point_stays_listed_when_its_source_falls_silent(tmp_path: Path) -> None:
    plc = FakePlc(push=True)
    plc.values = {0: 1.0}
    async with station(tmp_path, plant_of(make_tag("a/b", address="0")), plc) as (runtime, client, _):
        await client.points()
        plc.force({0: quality.GOOD_LOCAL_OVERRIDE})
        await until(lambda: runtime.services.tags.value("a/b").status == quality.GOOD_LOCAL_OVERRIDE)
        plc.reachable = False
        plc.cut()
        await until(lambda: runtime.services.tags.value("a/b").is_bad)
        (row,) = (await client.points()).points
        assert (row.state, row.known) == ("forced", False)
        (bad,) = (await client.points(state="bad")).points
        assert bad.status == quality.BAD_NO_COMMUNICATION


async def test_HM_16_a_point_at_rest_is_woken_by_whoever_looks_at_the_list(tmp_path: Path) -> None:
    plc = FakePlc(push=True)
    plc.values = {0: 1.0}
    plant = plant_of(make_tag("a/b", address="0"))
    async with real_runtime(
        plant, tmp_path, create=plc.create, style_of=plc.style_of, linger_s=0.2
    ) as runtime:
        client = SocketClient(tmp_path, Watcher())
        await until(lambda: runtime.services.tags.value("a/b").status == quality.UNCERTAIN_LAST_USABLE)
        plc.force({0: quality.GOOD_LOCAL_OVERRIDE})  # nobody looks: nothing comes
        async with asyncio.timeout(20):
            await listed(client, {"a/b"})
        await client.close()


async def test_a_state_that_does_not_exist_is_one_sentence(tmp_path: Path) -> None:
    plc = FakePlc()
    plc.values = {0: 1.0}
    async with station(tmp_path, plant_of(make_tag("a/b", address="0")), plc) as (_, client, _watcher):
        with pytest.raises(Exception, match="there is no state 'odd'; use one of: forced"):
            await client.points(state="odd")

"""8.4: a change of the plant while samples flow: none is lost, and alarms, shelves and stations do not notice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pytest
from fake_runtime import real_runtime
from waterworks_session import Watcher

from hmi.bench.peers.counting_plc import CountingPlc
from hmi.client.socket import SocketClient
from hmi.core.alarms import AlarmState
from hmi.core.history import ReadRaw
from hmi.core.principal import DEMO_OPERATOR, Principal, Role
from hmi.project import format_plant, new_plant, open_plant
from hmi.runtime import Runtime

pytestmark = pytest.mark.asyncio
ENGINEER = Principal("engineer", "local", "test", frozenset({Role.VIEW, Role.ENGINEER}))
COUNT, OTHER = "area1/count", "area1/far.count"
TAGS = f"""kind,name,type,area,connection,address,scan,unit,low,high,history,compression,exc_dev
tag,{COUNT},uint16,area1,plc1,HR1,fast,,0,100,true,off,0
tag,{OTHER},uint16,area1,plc2,HR1,fast,,0,100,true,off,0
tag,area1/level,uint16,area1,plc1,HR2,fast,m,0,100,true,off,0
"""
ALARMS = """tag,name,kind,limit,priority,message,consequence,action,time_to_respond
area1/level,low,low,5,2,Level low,The pump runs dry,Stop it,5 min
"""
NEW = {
    "kind": "tag", "name": "area1/new", "type": "uint16", "connection": "plc1", "address": "HR3", "scan": "fast",
}  # fmt: skip
CONNECTION = """
[connection.{name}]
driver = "modbus"
endpoints = ["tcp://127.0.0.1:{port}"]
"""


@dataclass
class Desk:
    """Two devices that count their answers, a runtime over them, and a station."""

    folder: Path
    plcs: tuple[CountingPlc, CountingPlc]
    runtime: Runtime
    client: SocketClient
    station: Watcher

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                await asyncio.sleep(0.02)

    async def answered(self, more: int) -> None:
        """Wait for some further answers of both."""
        wanted = [plc.answers[0] + more for plc in self.plcs]
        await self.until(lambda: all(plc.answers[0] >= n for plc, n in zip(self.plcs, wanted, strict=True)))

    def recorded(self, name: str) -> list[int]:
        tag = self.runtime.plant.by_name[name]
        page = self.runtime.services.history.read_raw(ReadRaw(tag.id, 0, 2**62))
        values = [int(one.value) for one in page.samples if one.is_good and one.value is not None]  # type: ignore[arg-type]
        return [
            value for value, _ in groupby(values)
        ]  # one that stood for a while is recorded before it changes


@asynccontextmanager
async def desk_at(tmp_path: Path) -> AsyncIterator[Desk]:
    folder = new_plant(tmp_path / "works")
    async with CountingPlc() as first, CountingPlc() as second:
        toml = folder / "plant.toml"
        text = toml.read_text(encoding="utf-8")
        head = text[: text.index("[connection")].rstrip().rstrip("#").rstrip()
        connections = [
            CONNECTION.format(name=f"plc{n}", port=plc.port) for n, plc in ((1, first), (2, second))
        ]
        toml.write_text(head.replace('home = "overview"', "") + "\n" + "".join(connections), encoding="utf-8")
        (folder / "displays" / "overview.json").unlink()
        (folder / "tags.csv").write_text(TAGS, encoding="utf-8")
        (folder / "alarms.csv").write_text(ALARMS, encoding="utf-8")
        format_plant(folder)
        async with real_runtime(open_plant(folder), tmp_path / "data") as runtime:
            station = Watcher()
            client = SocketClient(tmp_path / "data", station)
            await client.subscribe([COUNT, OTHER], lane="every")
            try:
                desk = Desk(folder, (first, second), runtime, client, station)
                await desk.until(lambda: len(desk.recorded(COUNT)) > 2 and len(desk.recorded(OTHER)) > 2)
                yield desk
            finally:
                await client.close()


def changed_one_after_the_other(desk: Desk) -> Iterator[None]:
    """A tag beside, its alarm, the recorded tag itself, only a comment, and a tag that is new."""
    for file, old, text in (
        ("tags.csv", ",m,0,100,", ",m,0,200,"),
        ("alarms.csv", ",low,low,5,", ",low,low,6,"),
        ("tags.csv", "HR1,fast,,0,100,", "HR1,fast,,0,150,"),
        ("plant.toml", "schema", "# a comment\nschema"),
    ):
        desk.edit(file, old, text)
        yield
    path = desk.folder / "tags.csv"
    header = path.read_text(encoding="utf-8").split("\n", 1)[0].split(",")
    with path.open("a", encoding="utf-8") as file:
        file.write(",".join(NEW.get(column, "") for column in header) + "\n")
    format_plant(desk.folder)
    yield


async def without_holes(desk: Desk, act: Callable[[], Awaitable[None]]) -> None:
    """Every answer that a device gave is recorded, in order."""
    await act()
    await desk.answered(4)
    for name, plc in zip((COUNT, OTHER), desk.plcs, strict=True):
        await desk.until(lambda name=name, plc=plc: desk.recorded(name)[-1] >= plc.answers[0] - 2)
        found = desk.recorded(name)
        assert found == list(range(found[0], found[0] + len(found)))
        assert plc.connections == 1


async def test_8_4_no_sample_is_lost_by_five_changes_of_the_plant(tmp_path: Path) -> None:
    async with desk_at(tmp_path) as desk:

        async def change_all() -> None:
            taken = 0
            for _ in changed_one_after_the_other(desk):
                await desk.answered(2)
                result = await desk.runtime.reload(ENGINEER)
                assert result.refusals == []
                taken += bool(result.changes)
            assert taken == 4  # a comment is no change

        await without_holes(desk, change_all)
        assert desk.runtime.acquisition is not None
        assert {name: link.state for name, link in desk.runtime.acquisition.links.items()} == {
            "plc1": "up", "plc2": "up"
        }  # fmt: skip


async def test_8_4_an_alarm_its_shelf_and_a_station_outlive_the_changes(tmp_path: Path) -> None:
    async with desk_at(tmp_path) as desk:
        alarms, clock = desk.runtime.services.alarms, desk.runtime.services.clock
        await desk.until(lambda: [row for row in alarms.active() if row.tag_name == "area1/level"])
        (row,) = (row for row in alarms.active() if row.tag_name == "area1/level")
        alarms.shelve(row.alarm_id, clock.now_ns(), seconds=3_600, principal=DEMO_OPERATOR, comment="test")
        (shelf,) = alarms.hidden("shelved")
        for _ in changed_one_after_the_other(desk):
            assert (await desk.runtime.reload(ENGINEER)).refusals == []
        (after,) = alarms.hidden("shelved")
        assert (after.state, after.occurrence_id, after.shelve_until) == (
            AlarmState.SHLVD, row.occurrence_id, shelf.shelve_until,
        )  # fmt: skip
        await desk.station.until(lambda: desk.station.shown_live(COUNT) and desk.station.shown_live(OTHER))
        assert desk.station.link_up
        newest = {"revision": desk.runtime.plant.revision}
        await desk.station.until(
            lambda: newest in [one.payload for one in desk.station.events if one.kind == "plant"]
        )

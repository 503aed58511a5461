"""Links from one plant revision to the next: what did not change goes on, what changed says nothing any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from hmi.acquisition import Acquisition
from hmi.acquisition.port import Batch, DeviceIdentity, Group
from hmi.core.clock import monotonic_ns
from hmi.core.commands import WriteOutcome, WriteRequest, WriteState
from hmi.core.errors import ConfigurationError
from hmi.core.principal import Mode
from hmi.project.plant import ConnectionDef, Plant, Source
from hmi.testing.driver import FakePlc
from hmi.testing.plant import make_plant, make_tag

pytestmark = pytest.mark.asyncio


class Heard:
    """What the links tell, by connection."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, Batch]] = []
        self.told: list[tuple[str, str]] = []

    def on_groups(self, connection: str, groups: Sequence[Group]) -> None:
        self.told.append((connection, "groups"))

    def on_batch(self, connection: str, batch: Batch) -> None:
        self.batches.append((connection, batch))

    def on_up(self, connection: str, identity: DeviceIdentity) -> None:
        self.told.append((connection, "up"))

    def on_down(self, connection: str, text: str) -> None:
        self.told.append((connection, "down"))


def plant_of(*, plc2: str = "fake://127.0.0.1:2", previous: Plant | None = None, line: int = 1) -> Plant:
    links = {
        "plc1": ConnectionDef(
            "plc1", "fake", ("fake://127.0.0.1:1",), simulated=True, source=Source("p", line)
        ),
        "plc2": ConnectionDef("plc2", "fake", (plc2,), simulated=True),
    }
    tags = [make_tag("a/x", scan="fast"), make_tag("a/y", connection="plc2", scan="fast")]
    return make_plant(tags, connections=links, revision=f"r{line}", previous=previous)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running(plant: Plant, plc: FakePlc) -> AsyncIterator[tuple[Acquisition, Heard]]:
    heard = Heard()
    acquisition = Acquisition(plant, heard, mode=Mode.SIMULATOR, create=plc.create, style_of=plc.style_of)
    task = asyncio.create_task(acquisition.run())
    try:
        await until(lambda: all(link.state == "up" for link in acquisition.links.values()))
        yield acquisition, heard
    finally:
        task.cancel()
        await asyncio.wait([task])


def device() -> FakePlc:
    plc = FakePlc()
    plc.values = {0: 1.0, 1: 2.0}
    return plc


async def test_a_connection_that_only_moved_in_its_file_keeps_its_link() -> None:
    plc, plant = device(), plant_of()
    async with running(plant, plc) as (acquisition, _):
        before = dict(acquisition.links)
        change = acquisition.next_links(plant_of(previous=plant, line=9))
        assert change.closed == frozenset()
        acquisition.apply(change)
        assert dict(acquisition.links) == before
        assert len(plc.drivers) == 2


async def test_another_endpoint_replaces_one_link_after_the_old_one_has_closed() -> None:
    plc, plant = device(), plant_of()
    async with running(plant, plc) as (acquisition, heard):
        old = dict(acquisition.links)
        second = plc.drivers[1]
        acquisition.apply(acquisition.next_links(plant_of(plc2="fake://127.0.0.1:7", previous=plant)))
        assert old["plc2"].state == "closed"
        heard.told.clear()
        await until(lambda: acquisition.links["plc2"].state == "up")
        assert acquisition.links["plc1"] is old["plc1"]
        assert acquisition.links["plc2"] is not old["plc2"]
        assert second.closed
        assert plc.endpoints[2:] == ["fake://127.0.0.1:7"]
        assert heard.told == [("plc2", "groups"), ("plc2", "up")]


async def test_a_retired_link_hands_nothing_on_whatever_its_driver_still_sends() -> None:
    plc = FakePlc(push=True)
    plc.values = {0: 1.0, 1: 2.0}
    plant = plant_of()
    async with running(plant, plc) as (acquisition, heard):
        plc.reachable = False
        acquisition.apply(acquisition.next_links(plant_of(plc2="fake://127.0.0.1:7", previous=plant)))
        before = len([name for name, _ in heard.batches if name == "plc2"])
        plc.change({1: 99.0})
        plc.cut()
        await until(lambda: ("plc2", "down") in heard.told)
        assert len([name for name, _ in heard.batches if name == "plc2"]) == before


async def test_a_removed_connection_is_closed_and_a_new_one_is_opened() -> None:
    plc, plant = device(), plant_of()
    async with running(plant, plc) as (acquisition, _):
        third = ConnectionDef("plc3", "fake", ("fake://127.0.0.1:3",), simulated=True)
        tags = [make_tag("a/x", scan="fast"), make_tag("a/z", connection="plc3", scan="fast")]
        plc.values[2] = 5.0
        new = make_plant(tags, connections={"plc1": plant.connections["plc1"], "plc3": third}, previous=plant)
        acquisition.apply(acquisition.next_links(new))
        assert set(acquisition.links) == {"plc1", "plc3"}
        await until(lambda: acquisition.links["plc3"].state == "up")
        await until(lambda: plc.drivers[1].closed)
        assert (await acquisition.read_now([2]))[2].value == 5.0
        gone = await acquisition.write(WriteRequest("c", "t", 1, 1.0, monotonic_ns() + 10**9))
        assert gone.state is WriteState.NOT_CONNECTED


async def test_a_write_that_is_under_way_ends_as_at_a_loss_and_what_waits_is_not_sent() -> None:
    plc, plant = device(), plant_of()
    async with running(plant, plc) as (acquisition, _):
        plc.freeze()
        end = monotonic_ns() + 10 * 10**9
        both: list[asyncio.Task[WriteOutcome]] = []
        for value in (5.0, 6.0):
            both.append(asyncio.create_task(acquisition.write(WriteRequest("c", "t", 1, value, end))))
        await until(lambda: ("write", 5.0) in plc.log)
        acquisition.apply(acquisition.next_links(plant_of(plc2="fake://127.0.0.1:7", previous=plant)))
        assert [(await task).state for task in both] == [WriteState.UNKNOWN, WriteState.NOT_CONNECTED]
        plc.thaw()
        await until(lambda: acquisition.links["plc2"].state == "up")
        assert [entry for entry in plc.log if entry[0] == "write"] == [("write", 5.0)]


async def test_two_revisions_in_a_row_leave_one_link_open() -> None:
    plc, plant = device(), plant_of()
    async with running(plant, plc) as (acquisition, _):
        for port in (7, 8, 9):
            plant = plant_of(plc2=f"fake://127.0.0.1:{port}", previous=plant)
            acquisition.apply(acquisition.next_links(plant))
        await until(lambda: acquisition.links["plc2"].state == "up")
        assert plc.endpoints[-1] == "fake://127.0.0.1:9"
        assert [driver.closed for driver in plc.drivers] == [False, *[True] * (len(plc.drivers) - 2), False]


async def test_a_connection_that_cannot_be_is_refused_before_anything_is_touched() -> None:
    plc, plant = device(), plant_of()
    async with running(plant, plc) as (acquisition, _):
        before = dict(acquisition.links)
        far = replace(plant.connections["plc2"], endpoints=("fake://10.0.0.9:1",))
        new = replace(plant, connections={**plant.connections, "plc2": far})
        with pytest.raises(ConfigurationError, match="loopback"):
            acquisition.next_links(new)
        assert dict(acquisition.links) == before


async def test_what_was_wanted_is_told_to_a_new_link_as_well() -> None:
    plc, plant = device(), plant_of()
    async with running(plant, plc) as (acquisition, _):
        acquisition.demand([0])
        acquisition.apply(acquisition.next_links(plant_of(plc2="fake://127.0.0.1:7", previous=plant)))
        await until(lambda: acquisition.links["plc2"].state == "up")
        await until(lambda: "blocks_idle" in acquisition.links["plc2"].figures())
        assert acquisition.links["plc2"]._demanded == frozenset()
        assert acquisition.links["plc1"]._demanded == {0}

"""Other points over the same Modbus connection: only between two requests, and never more than the points allow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from test_reload_lossless import COUNT, ENGINEER, NEW, desk_at

from hmi.acquisition import Acquisition, _link
from hmi.acquisition.port import Batch, DeviceIdentity, Group, LinkSettings, Point
from hmi.bench.peers.modbus_sim import SimUnit, link, order_to_write, serving, words
from hmi.core import quality
from hmi.core.commands import WriteState
from hmi.core.errors import CommunicationError
from hmi.core.history import ReadRaw
from hmi.core.principal import Mode
from hmi.core.values import ValueType
from hmi.drivers.modbus._allowed import NotAllowed
from hmi.drivers.modbus.driver import ModbusDriver
from hmi.project import format_plant
from hmi.project.plant import CommandRule, ConnectionDef, Plant
from hmi.testing.driver import FakePlc
from hmi.testing.plant import make_plant, make_tag

pytestmark = pytest.mark.asyncio


class Heard:
    """What the links tell."""

    def __init__(self) -> None:
        self.values: dict[int, Any] = {}
        self.statuses: dict[int, int] = {}
        self.told: list[str] = []

    def on_groups(self, connection: str, groups: Sequence[Group]) -> None:
        self.told.append("groups")

    def on_batch(self, connection: str, batch: Batch) -> None:
        self.values |= {handle: value.value for handle, value in batch.updates}
        self.statuses |= {handle: value.status for handle, value in batch.updates}

    def on_up(self, connection: str, identity: DeviceIdentity) -> None:
        self.told.append("up")

    def on_down(self, connection: str, text: str) -> None:
        self.told.append("down")


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


def plant_at(port: int, *addresses: str, previous: Plant | None = None) -> Plant:
    """A tag for each address; the name tells the register, so that handles stay."""
    tags = [
        make_tag(f"a/t{address}", address=address, type=ValueType.UINT64, scan="fast", command=CommandRule())
        for address in addresses
    ]
    connection = ConnectionDef("plc1", "modbus", (f"tcp://127.0.0.1:{port}",))
    return make_plant(tags, connections={"plc1": connection}, previous=previous)


@asynccontextmanager
async def running(plant: Plant) -> AsyncIterator[tuple[Acquisition, Heard]]:
    heard = Heard()
    acquisition = Acquisition(plant, heard, mode=Mode.PLANT)
    task = asyncio.create_task(acquisition.run())
    try:
        await until(lambda: acquisition.links["plc1"].state == "up")
        yield acquisition, heard
    finally:
        task.cancel()
        await asyncio.wait([task])


async def follow(acquisition: Acquisition, plant: Plant, afresh: Sequence[int] = ()) -> Any:
    """One change as a runtime makes it."""
    try:
        change = await acquisition.rest(acquisition.next_links(plant, afresh))
        acquisition.apply(change)
    finally:
        acquisition.go_on()
    await acquisition.ask_again(change)
    return change


async def test_a_new_point_is_read_over_the_connection_there_is() -> None:
    unit = SimUnit(registers=[10, 11, 12, 13, 14, 15])
    async with serving([unit]) as port:
        plant = plant_at(port, "HR1", "HR2")
        async with running(plant) as (acquisition, heard):
            await until(lambda: heard.values == {0: 10, 1: 11})
            change = await follow(acquisition, plant_at(port, "HR1", "HR5", previous=plant))
            assert (change.closed, list(change.followed)) == (frozenset(), ["plc1"])
            await until(lambda: heard.values.get(2) == 14)
            assert "down" not in heard.told
            assert heard.told.count("up") == 1


async def test_a_value_that_means_something_else_is_handed_on_again() -> None:
    async with serving([SimUnit(registers=[10, 11])]) as port:
        plant = plant_at(port, "HR1", "HR2")
        async with running(plant) as (acquisition, heard):
            await until(lambda: heard.values == {0: 10, 1: 11})
            heard.values.clear()
            await follow(acquisition, plant_at(port, "HR1", "HR2", previous=plant), [1])
            await until(lambda: heard.values.get(1) == 11)


async def test_what_may_be_written_follows_the_points() -> None:
    unit = SimUnit(registers=[10, 11, 12])
    async with serving([unit]) as port:
        plant = plant_at(port, "HR1", "HR2")
        async with running(plant) as (acquisition, heard):
            await until(lambda: heard.values == {0: 10, 1: 11})
            await follow(acquisition, plant_at(port, "HR1", "HR3", previous=plant))
            gone = await acquisition.links["plc1"].write(order_to_write(1, 5))
            assert gone.state is not WriteState.DONE
            assert [values for function, address, values in unit.log if address == 1] == []
            fresh = await acquisition.links["plc1"].write(order_to_write(2, 7))
            assert "not a writable point" not in fresh.text
            assert [values for function, address, values in unit.log if address == 2] == [[7]]


async def test_the_guard_on_the_wire_knows_the_new_points_alone() -> None:
    points = words([1, 2])
    driver = ModbusDriver(link(502, [replace(point, writable=True) for point in points]))
    write = bytes((6, 0, 1, 0, 9))  # register 1
    driver.plan()
    driver._allowed.check(1, write)
    driver.replan(tuple(replace(point, writable=True) for point in words([2], first=1)), frozenset())
    with pytest.raises(NotAllowed):
        driver._allowed.check(1, write)


async def test_blocks_that_stay_keep_what_they_know_and_others_begin_anew() -> None:
    def point(handle: int, address: str) -> Point:
        return Point(handle, address, ValueType.UINT64, 1000, False)

    driver = ModbusDriver(
        LinkSettings("plc1", "tcp://127.0.0.1:502", {}, (point(0, "HR1"), point(1, "HR900")))
    )
    driver.plan()
    first, second = driver._blocks.values()
    driver.replan((point(0, "HR1"), point(1, "HR900"), point(2, "IR7")), frozenset())
    assert {id(first), id(second)} < set(map(id, driver._blocks.values()))
    driver.replan((point(0, "HR1"), point(1, "HR900")), frozenset({1}))
    kept = set(map(id, driver._blocks.values()))
    assert id(first) in kept
    assert id(second) not in kept


async def test_a_link_that_does_not_come_to_rest_is_opened_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = asyncio.Event()
    answer.set()

    async def hook(*_: int) -> None:
        await answer.wait()

    unit = SimUnit(registers=[10, 11, 12], hook=hook)
    monkeypatch.setattr(_link, "REST_S", 0.05)
    async with serving([unit]) as port:
        plant = plant_at(port, "HR1", "HR2")
        async with running(plant) as (acquisition, heard):
            await until(lambda: heard.values == {0: 10, 1: 11})
            asked = len(unit.requests)
            answer.clear()
            await until(lambda: len(unit.requests) > asked)
            change = await follow(acquisition, plant_at(port, "HR1", "HR3", previous=plant))
            assert (change.closed, dict(change.followed)) == ({"plc1"}, {})
            answer.set()
            await until(lambda: heard.values.get(2) == 12)


# ------------------------------------------------------------------------------------------ drivers that send


@asynccontextmanager
async def sending(plc: FakePlc) -> AsyncIterator[tuple[Acquisition, Heard, Plant]]:
    connection = ConnectionDef("plc1", "fake", ("fake://127.0.0.1:1",), simulated=True)
    plant = make_plant([make_tag("a/x"), make_tag("a/y")], connections={"plc1": connection})
    heard = Heard()
    acquisition = Acquisition(plant, heard, mode=Mode.SIMULATOR, create=plc.create, style_of=plc.style_of)
    task = asyncio.create_task(acquisition.run())
    try:
        await until(lambda: heard.values == {0: 1.0, 1: 2.0})
        heard.values.clear()
        yield acquisition, heard, plant
    finally:
        task.cancel()
        await asyncio.wait([task])


def sender() -> FakePlc:
    plc = FakePlc(push=True)
    plc.values = {0: 1.0, 1: 2.0}
    return plc


async def test_a_connection_that_sends_goes_on_when_only_the_meaning_changes() -> None:
    plc = sender()
    async with sending(plc) as (acquisition, heard, plant):
        change = await follow(acquisition, plant, [1])
        assert (change.closed, list(change.followed)) == (frozenset(), ["plc1"])
        assert heard.values == {1: 2.0}
        assert len(plc.drivers) == 1


async def test_a_value_that_is_sent_meanwhile_is_not_overwritten_by_what_was_read_before() -> None:
    plc = sender()
    async with sending(plc) as (acquisition, heard, plant):
        link_of = acquisition.links["plc1"]
        real = link_of.read_now

        async def slow(handles: Sequence[int]) -> Any:
            found = await real(handles)
            plc.change({1: 3.0})
            await until(lambda: heard.values.get(1) == 3.0)
            return found

        link_of.read_now = slow  # type: ignore[method-assign]
        await follow(acquisition, plant, [0, 1])
        assert heard.values == {0: 1.0, 1: 3.0}


async def test_a_paused_point_does_not_come_alive_by_being_read() -> None:
    plc = sender()
    async with sending(plc) as (acquisition, heard, plant):
        acquisition.demand(frozenset({0}))
        await until(lambda: heard.statuses.get(1) == quality.UNCERTAIN_LAST_USABLE)
        heard.statuses.clear()
        await follow(acquisition, plant, [0, 1])
        assert heard.statuses == {0: quality.GOOD, 1: quality.UNCERTAIN_LAST_USABLE}


async def test_values_that_cannot_be_read_again_open_the_connection_afresh() -> None:
    plc = sender()
    async with sending(plc) as (acquisition, heard, plant):

        async def refuse(handles: Sequence[int]) -> Any:
            raise CommunicationError("the server refuses to read")

        acquisition.links["plc1"].read_now = refuse  # type: ignore[method-assign]
        await follow(acquisition, plant, [1])
        await until(lambda: heard.values.get(1) == 2.0)
        assert len(plc.drivers) == 2


async def test_8_4_a_tag_beside_a_changed_one_has_no_bad_sample(tmp_path: Any) -> None:
    async with desk_at(tmp_path) as desk:
        for old, new in ((",m,0,100,", ",m,0,200,"), ("HR2,", "HR4,")):
            desk.edit("tags.csv", old, new)
            assert (await desk.runtime.reload(ENGINEER)).changes
            await desk.answered(2)
        path = desk.folder / "tags.csv"
        header = path.read_text(encoding="utf-8").split("\n", 1)[0].split(",")
        with path.open("a", encoding="utf-8") as file:
            file.write(",".join(NEW.get(column, "") for column in header) + "\n")
        format_plant(desk.folder)
        assert (await desk.runtime.reload(ENGINEER)).changes == ["tag area1/new added"]
        await desk.answered(3)
        tag = desk.runtime.plant.by_name[COUNT]
        samples = desk.runtime.services.history.read_raw(ReadRaw(tag.id, 0, 2**62)).samples
        first = next(place for place, one in enumerate(samples) if one.is_good)
        assert [one for one in samples[first:] if not one.is_good] == []
        assert desk.plcs[0].connections == 1

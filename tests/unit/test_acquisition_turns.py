"""Links of a large plant open one after the other, and whoever is waited for opens at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from test_acquisition_revision import Heard, device, plant_of, until

from hmi.acquisition import Acquisition, _acquisition
from hmi.core.commands import WriteRequest, WriteState
from hmi.core.principal import Mode
from hmi.project.plant import Plant
from hmi.testing.driver import FakePlc

pytestmark = pytest.mark.asyncio
NEVER_S = 10_000.0


@pytest.fixture(autouse=True)
def no_turn_comes_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """One point is as many as a device of a large plant has, and the next turn is in some hours."""
    monkeypatch.setattr(_acquisition, "POINT_S", NEVER_S)


@asynccontextmanager
async def first_open(plant: Plant, plc: FakePlc) -> AsyncIterator[tuple[Acquisition, Heard]]:
    """Up to the moment in which the first link is up; the second has not had its turn."""
    heard = Heard()
    acquisition = Acquisition(plant, heard, mode=Mode.SIMULATOR, create=plc.create, style_of=plc.style_of)
    acquisition.demand((0,))
    task = asyncio.create_task(acquisition.run())
    try:
        await until(lambda: acquisition.links["plc1"].state == "up")
        yield acquisition, heard
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_a_link_that_waits_for_its_turn_says_so_and_sends_nothing() -> None:
    plc = device()
    async with first_open(plant_of(), plc) as (acquisition, heard):
        link = acquisition.links["plc2"]
        assert (link.state, link.text) == ("connecting", "not connected yet")
        answer = await acquisition.write(WriteRequest("c", "t", 1, 1.0, 2**62))
        assert answer.state is WriteState.NOT_CONNECTED
        assert {name for name, _ in heard.told} == {"plc1"}
        assert len(plc.drivers) == 1


async def test_a_link_that_new_tags_are_wanted_of_opens_at_once() -> None:
    async with first_open(plant_of(), device()) as (acquisition, heard):
        acquisition.demand((0,))
        assert acquisition.links["plc2"].state == "connecting"
        acquisition.demand((0, 1))
        await until(lambda: acquisition.links["plc2"].state == "up")
        await until(lambda: any(name == "plc2" for name, _ in heard.batches))


async def test_another_revision_opens_its_own_links_and_none_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    plc, plant = device(), plant_of()
    async with first_open(plant, plc) as (acquisition, _):
        acquisition.apply(acquisition.next_links(plant_of(plc2="fake://127.0.0.1:7", previous=plant)))
        await until(lambda: acquisition.links["plc2"].state == "up")
        acquisition.demand((0, 1))
        await asyncio.sleep(0)
        assert plc.endpoints == ["fake://127.0.0.1:1", "fake://127.0.0.1:7"]


async def test_all_links_open_when_their_turns_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_acquisition, "POINT_S", 0.01)
    monkeypatch.setattr(_acquisition, "MANY", 1)
    async with first_open(plant_of(), device()) as (acquisition, _):
        await until(lambda: acquisition.links["plc2"].state == "up")

"""The history of a whole runtime over a fake device: what the links do to it, and who is told when it fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hmi.acquisition.port import Batch, DeviceIdentity
from hmi.core import quality
from hmi.core.alarms import AlarmState
from hmi.core.clock import NS_PER_S
from hmi.core.history import ReadRaw
from hmi.core.values import DataValue, EURange
from hmi.project.plant import ConnectionDef, Plant
from hmi.project.recording import RecordRules
from hmi.runtime import HistoryFolder, Runtime
from hmi.testing.driver import FakePlc
from hmi.testing.plant import make_plant, make_tag
from tests.fake_runtime import fake_runtime

pytestmark = pytest.mark.asyncio
PV, PLAN = "a/t.pv", "a/t.plan"
EVER = 2**62


def small_plant(*, simulated: bool) -> Plant:
    plc1 = ConnectionDef("plc1", "fake", ("fake://127.0.0.1:1",), simulated=simulated)
    tags = [
        make_tag(PV, address="0", history=True, scan="fast", range=EURange(0, 100)),
        make_tag(PLAN, address="1", history=True, recording=RecordRules(future=True)),
    ]
    return make_plant(tags, connections={"plc1": plc1})


class Desk:
    def __init__(self, runtime: Runtime, plc: FakePlc) -> None:
        self.runtime, self.plc = runtime, plc
        self.history = runtime.services.history

    async def samples(self, name: str) -> list[DataValue]:
        request = ReadRaw(f"t_{name}", 0, EVER)
        return list((await asyncio.to_thread(self.history.read_raw, request)).samples)

    def value(self, name: str) -> DataValue:
        return self.runtime.services.tags.values[name]

    async def until(self, is_so: Callable[[], object]) -> None:
        async with asyncio.timeout(60):
            while not is_so():
                await asyncio.sleep(0.02)


@asynccontextmanager
async def desk_at(folder: Path, *, simulated: bool = True) -> AsyncIterator[Desk]:
    plc = FakePlc() if simulated else FakePlc(identity=DeviceIdentity("Works", "PLC", "1", ""))
    plc.values = {0: 50.0, 1: 1.0}
    async with fake_runtime(small_plant(simulated=simulated), plc, folder) as runtime:
        desk = Desk(runtime, plc)
        await desk.until(lambda: desk.value(PV).is_good and desk.history.archive is not None)
        yield desk


async def test_hi_04_a_cut_link_leaves_a_gap_from_the_last_answer_on(tmp_path: Path) -> None:
    async with desk_at(tmp_path) as desk:
        await asyncio.sleep(0)
        last = desk.runtime.services.clock.now_ns()
        await desk.until(lambda: desk.runtime.services.tags.ages_ms())
        desk.plc.reachable = False
        desk.plc.cut()
        await desk.until(lambda: desk.value(PV).is_bad)
        lost = desk.value(PV).source_time
        desk.plc.reachable = True
        await desk.until(lambda: desk.value(PV).is_good)
        found = await desk.samples(PV)
        gap = next(place for place, one in enumerate(found) if one.status == quality.BAD_NO_DATA)
        assert found[gap].source_time == found[gap - 1].source_time + 1
        assert last - NS_PER_S < found[gap].source_time < lost
        assert [one.status for one in found[gap + 1 :]] == [quality.BAD_NO_COMMUNICATION, quality.GOOD]


async def test_hi_03_a_forced_point_in_a_flat_time_is_recorded_when_it_was_forced(tmp_path: Path) -> None:
    async with desk_at(tmp_path) as desk:
        before = desk.runtime.services.clock.now_ns()
        desk.plc.force({0: quality.GOOD_LOCAL_OVERRIDE})
        await desk.until(lambda: desk.value(PV).status == quality.GOOD_LOCAL_OVERRIDE)
        found = await desk.samples(PV)
        assert found[-1].status == quality.GOOD_LOCAL_OVERRIDE
        assert found[-1].source_time > before
        assert [one.value for one in found] == [50.0] * len(found)


async def test_hi_08_a_forecast_never_changes_what_a_tag_says_now(tmp_path: Path) -> None:
    async with desk_at(tmp_path) as desk:
        await desk.until(lambda: desk.value(PLAN).value == 1.0)
        now = desk.runtime.services.clock.now_ns()
        ahead = [now + hour * 3_600 * NS_PER_S for hour in (1, 2)]
        group = desk.runtime.services.tags.group_of(1).partition(":")[2]
        updates = [(1, DataValue(7.0 + place, 0, at, now)) for place, at in enumerate(ahead)]
        desk.runtime.on_batch("plc1", Batch(group, updates))
        await asyncio.to_thread(desk.history.sync)
        assert desk.value(PLAN).value == 1.0
        assert (await asyncio.to_thread(desk.history.read_at, f"t_{PLAN}", now)).value == 1.0
        assert [one.value for one in await desk.samples(PLAN)] == [1.0, 7.0, 8.0]


async def test_what_cannot_be_stored_raises_an_alarm_that_ends_by_itself(tmp_path: Path) -> None:
    async with desk_at(tmp_path) as desk:
        desk.history._run._problem = "the disk is full"  # pyright: ignore[reportPrivateUsage]
        await desk.until(lambda: _standing(desk.runtime))
        await desk.until(lambda: not _standing(desk.runtime))


def _standing(runtime: Runtime) -> bool:
    states = [row.state for row in runtime.services.alarms.active() if row.alarm_id == "system:history"]
    return states == [AlarmState.UNACK]


async def test_the_past_of_a_plant_is_there_after_a_restart(tmp_path: Path) -> None:
    async with desk_at(tmp_path, simulated=False) as desk:
        before = await desk.samples(PV)
    async with desk_at(tmp_path, simulated=False) as desk:
        found = await desk.samples(PV)
        assert found[: len(before)] == before
        later = [one for one in found if one.source_time > before[-1].source_time]
        assert [one.status for one in later] == [quality.GOOD, quality.BAD_NO_DATA, quality.GOOD]
        assert later[0].value == before[-1].value  # so it stood when the runtime ended


async def test_a_simulated_plant_begins_a_past_of_its_own_and_keeps_a_few_others(tmp_path: Path) -> None:
    for _ in range(6):
        async with desk_at(tmp_path) as desk:
            assert desk.history.archive is not None
    runs = [one for one in (tmp_path / "history").iterdir() if one.is_dir()]
    assert len(runs) == 4
    current = (tmp_path / "history" / "current").read_text(encoding="utf-8")
    folder = HistoryFolder(tmp_path, simulated=True, goes_on=True)
    for run_id, name in (("run_new", current), ("run_restored", "run_restored")):
        opened = folder.open(run_id, stepped=lambda number: True, fine=lambda number: False)
        opened.archive.close()
        assert opened.folder == tmp_path / "history" / name

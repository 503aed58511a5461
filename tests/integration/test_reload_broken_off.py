"""What breaks while a runtime takes another revision: a driver, the step itself, the journal, a slow device."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from fake_runtime import fake_runtime, real_runtime
from test_links_follow import follow as follow_to
from test_links_follow import plant_at, running, until
from test_runtime_reload import ENGINEER, LEVEL, PROCESS, Desk, desk_at, small_works

from hmi.bench.peers.modbus_sim import SimUnit, serving
from hmi.client.port import ReloadResult
from hmi.core.commands import CommandState
from hmi.core.errors import CommunicationError, StorageError
from hmi.core.journal import Entry
from hmi.core.principal import DEMO_OPERATOR
from hmi.drivers.modbus.driver import ModbusDriver
from hmi.journal import RevisionTime, revision_times
from hmi.project import format_plant, new_plant, open_plant
from hmi.testing.driver import FakePlc

pytestmark = pytest.mark.asyncio

LIMIT = ("alarms.csv", "high,high,4.5", "high,high,4.6")


async def times_of(desk: Desk) -> list[RevisionTime]:
    return await asyncio.to_thread(revision_times, desk.runtime.services.journal.path)


async def test_a_driver_that_cannot_follow_is_opened_afresh_and_the_step_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: Any) -> None:
        raise KeyError("a fault of the driver")

    async with serving([SimUnit(registers=[10, 11, 12, 13, 14, 15])]) as port:
        plant = plant_at(port, "HR1", "HR2")
        async with running(plant) as (acquisition, heard):
            await until(lambda: heard.values == {0: 10, 1: 11})
            with monkeypatch.context() as patch:
                patch.setattr(ModbusDriver, "replan", broken)
                change = await follow_to(acquisition, plant_at(port, "HR1", "HR5", previous=plant))
            assert list(change.followed) == ["plc1"]
            assert heard.told[-1] == "down"
            assert "fault of the driver" in acquisition.links["plc1"].text
            acquisition.links["plc1"].retry_now()
            await until(lambda: heard.values.get(2) == 14)


async def test_a_step_that_breaks_off_ends_the_runtime_and_sends_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise KeyError("a fault in the step")

    folder, plc = small_works(tmp_path / "works"), FakePlc()
    plc.values = dict(enumerate(PROCESS))
    async with fake_runtime(open_plant(folder), plc, tmp_path / "data") as runtime:
        desk = Desk(folder, plc, runtime)
        await desk.until(lambda: desk.value(LEVEL).is_good)
        (task,) = (one for one in asyncio.all_tasks() if one.get_name() == "runtime")
        tag_id = runtime.plant.by_name["area1/p101.speed_sp"].id
        command = desk.command("c_1", tag_id, 45.0)
        monkeypatch.setattr(runtime.services.history, "apply", broken)
        desk.edit(*LIMIT)
        with pytest.raises(KeyError):
            await runtime.reload(ENGINEER)
        assert (await runtime.submit(DEMO_OPERATOR, command)).state is CommandState.REFUSED
        await desk.until(task.done)
        fault = task.exception()
        assert isinstance(fault, ExceptionGroup)
        assert fault.subgroup(lambda one: "in part only" in str(one))
        assert not [entry for entry in plc.log if entry[0] == "write"]


async def test_a_record_that_the_journal_could_not_keep_is_kept_later_and_before_the_next_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk has room for ``plant.applying`` and none for ``plant.applied``."""
    async with desk_at(tmp_path) as desk:
        journal, tried = desk.runtime.services.journal, list[str]()
        keep = journal.append

        async def full(*entries: Entry) -> Any:
            if entries[0].event == "plant.applied":
                tried.append(entries[0].event)
                raise StorageError("database or disk is full")
            return await keep(*entries)

        with monkeypatch.context() as patch:
            patch.setattr(journal, "append", full)
            desk.edit(*LIMIT)
            changes = await desk.reload()
            second = desk.runtime.plant.revision
            now = (await times_of(desk))[-1]
            assert (now.revision, now.actor, now.changes) == (second, "engineer", tuple(changes))
            await desk.until(lambda: len(tried) > 1)  # it is tried again
            desk.edit("alarms.csv", "high,high,4.6", "high,high,4.7")
            refused = await desk.runtime.reload(ENGINEER)
            assert "audit trail cannot be written" in refused.refusals[0]
            assert desk.runtime.plant.revision == second
        await desk.until(lambda: not desk.runtime.reloads._untold)
        await desk.reload()
        events = [one.event for one in await journal.read() if one.event.startswith("plant.appl")]
        assert events == ["plant.applying", "plant.applied"] * 2
        assert [one.revision for one in await times_of(desk)][-2:] == [second, desk.runtime.plant.revision]


async def test_the_journal_says_what_is_in_force_before_a_slow_device_is_asked_again(tmp_path: Path) -> None:
    folder, plc = small_works(tmp_path / "works"), FakePlc(push=True)
    plc.values = dict(enumerate(PROCESS))
    async with fake_runtime(open_plant(folder), plc, tmp_path / "data") as runtime:
        desk = Desk(folder, plc, runtime)
        await desk.until(lambda: desk.value(LEVEL).is_good)
        asked, answers = asyncio.Event(), asyncio.Event()

        async def slow(*_: Any) -> Any:
            asked.set()
            await answers.wait()
            raise CommunicationError("no answer")

        plc.drivers[-1].read_now = slow  # type: ignore[method-assign]
        desk.edit("tags.csv", ",m,0,5,", ",m,0,6,")
        reload: asyncio.Task[ReloadResult] = asyncio.create_task(runtime.reload(ENGINEER))
        async with asyncio.timeout(20):
            await asked.wait()
        assert not reload.done()
        assert (await times_of(desk))[-1].revision == runtime.plant.revision
        assert "plant.applied" in [one.event for one in await runtime.services.journal.read()]
        answers.set()
        await reload


TAGS = """kind,name,type,area,connection,address,scan,unit,low,high
tag,area1/life,uint16,area1,plc1,HR1,fast,,0,1000
tag,area1/one,uint16,area1,plc1,HR2,fast,,0,1000
tag,area1/two,uint16,area1,plc1,HR3,fast,,0,1000
"""


async def test_new_and_moved_tags_of_a_device_whose_program_stands_are_not_shown_as_live(
    tmp_path: Path,
) -> None:
    """It answers over Modbus, and its life counter does not move."""
    folder = new_plant(tmp_path / "works")
    async with serving([SimUnit(registers=[5, 11, 12, 13, 14, 15, 16, 17])]) as port:
        toml = folder / "plant.toml"
        text = toml.read_text(encoding="utf-8").replace('home = "overview"', "")
        text = text.replace("127.0.0.1:502", f"127.0.0.1:{port}")
        text = text.replace('driver = "modbus"', 'driver = "modbus"\nlife_counter = "area1/life"')
        toml.write_text(text, encoding="utf-8")
        (folder / "displays" / "overview.json").unlink()
        (folder / "alarms.csv").unlink()
        tags = folder / "tags.csv"
        tags.write_text(TAGS, encoding="utf-8")
        format_plant(folder)
        async with real_runtime(open_plant(folder), tmp_path / "data") as runtime:
            engine = runtime.services.tags
            runtime.scan.glance(list(runtime.handles.values()))
            await until(lambda: engine.values["area1/two"].value == 12)
            await until(lambda: not any(engine.values[name].is_good for name in runtime.handles))
            header = tags.read_text(encoding="utf-8").split("\n", 1)[0].split(",")
            new = {
                "kind": "tag",
                "name": "area1/new",
                "type": "uint16",
                "area": "area1",
                "connection": "plc1",
            }
            new |= {"address": "HR6", "scan": "fast"}
            row = ",".join(new.get(column, "") for column in header)
            tags.write_text(tags.read_text(encoding="utf-8").replace("HR3", "HR8") + row + "\n", "utf-8")
            format_plant(folder)
            assert runtime.acquisition is not None
            link = runtime.acquisition.links["plc1"]
            assert (await runtime.reload(ENGINEER)).refusals == []
            runtime.scan.glance(list(runtime.handles.values()))
            seen = set[str]()

            def both_arrived() -> bool:
                seen.update(name for name in runtime.handles if engine.values[name].is_good)
                return (engine.values["area1/two"].value, engine.values["area1/new"].value) == (17, 15)

            await until(both_arrived)
            asked = engine.ages_ms()
            await until(lambda: both_arrived() and engine.ages_ms() != asked)
            assert seen == set()
            assert runtime.acquisition.links["plc1"] is link

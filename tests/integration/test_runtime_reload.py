"""Another revision of the plant under a runtime that works: nothing is lost, nothing old is shown as live."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from fake_runtime import fake_runtime
from waterworks_session import Watcher

from hmi.acquisition import create_driver
from hmi.bench.peers.modbus_sim import SimUnit, serving
from hmi.client.port import LiveUpdate
from hmi.client.socket import SocketClient
from hmi.core import quality
from hmi.core.alarms import AlarmState
from hmi.core.commands import CommandState, OperatorCommand
from hmi.core.errors import AccessRefused, StorageError
from hmi.core.history import ReadRaw
from hmi.core.principal import DEMO_OPERATOR, Principal, Role
from hmi.core.values import DataValue
from hmi.project import new_plant, open_plant
from hmi.runtime import Runtime
from hmi.testing.driver import FakePlc

pytestmark = pytest.mark.asyncio

LEVEL, FLOW, SPEED_SP = "area1/lt101", "area1/ft101", "area1/p101.speed_sp"
ENGINEER = Principal("engineer", "local", "test", frozenset({Role.VIEW, Role.ENGINEER}))
PROCESS = [False, False, 40.0, 40.0, 4.8, 100.0]  # by handle; 4.8 m is above the high limit


@dataclass
class Desk:
    """A runtime over a fake device, the folder of its plant, and what came back from its clients."""

    folder: Path
    plc: FakePlc
    runtime: Runtime

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def drop(self, file: str, part: str) -> None:
        """Take the line with ``part`` out."""
        path = self.folder / file
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if part not in line]
        assert len(kept) == len(lines) - 1
        path.write_text("".join(kept), encoding="utf-8")

    def command(self, key: str, tag_id: str, value: float) -> OperatorCommand:
        return OperatorCommand(key, tag_id, value, self.runtime.services.beats.number)

    def value(self, name: str) -> DataValue:
        return self.runtime.services.tags.values[name]

    def alarm(self, tag: str, name: str) -> Any:
        """Its row in the active list, or None."""
        rows = self.runtime.services.alarms.active()
        return next((row for row in rows if (row.tag_name, row.name) == (tag, name)), None)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                await asyncio.sleep(0.02)

    async def reload(self) -> list[str]:
        """Its sentences; a refusal fails the test."""
        result = await self.runtime.reload(ENGINEER)
        assert not result.refusals
        assert result.revision == open_plant(self.folder).revision == self.runtime.plant.revision
        beats = self.runtime.services.beats
        await self.until(lambda: beats.sent_at(beats.number))
        return result.changes

    async def samples(self, name: str) -> list[float]:
        """Without repeats: a value that stood for a while is recorded again before it changes."""
        tag = self.runtime.plant.by_name[name]
        page = self.runtime.services.history.read_raw(ReadRaw(tag.id, 0, 2**62))
        return [value for value, _ in groupby(sample.value for sample in page.samples)]  # type: ignore[misc]


def small_works(folder: Path) -> Path:
    """The plant that ``hmi new`` makes: fake devices behind it, alarms without delay, every change recorded."""
    new_plant(folder)
    toml = folder / "plant.toml"
    text = toml.read_text(encoding="utf-8").replace("tcp://127.0.0.1:502", "tcp://127.0.0.1:1")
    toml.write_text(
        text.replace('driver = "modbus"', 'driver = "modbus"\nsimulated = true'), encoding="utf-8"
    )
    alarms = folder / "alarms.csv"
    alarms.write_text(alarms.read_text(encoding="utf-8").replace(",0.1,5,2,", ",0.1,0,2,"), encoding="utf-8")
    tags = folder / "tags.csv"
    head, *rows = tags.read_text(encoding="utf-8").replace(",normal,m", ",fast,m").splitlines()
    every_change = [f"{head},compression", *(row + ",off" for row in rows)]
    tags.write_text("\n".join(every_change) + "\n", encoding="utf-8")
    return folder


@asynccontextmanager
async def desk_at(tmp_path: Path) -> AsyncIterator[Desk]:
    folder = small_works(tmp_path / "works")
    plc = FakePlc()
    plc.values = dict(enumerate(PROCESS))
    async with fake_runtime(open_plant(folder), plc, tmp_path / "data") as runtime:
        desk = Desk(folder, plc, runtime)
        await desk.until(lambda: desk.value(LEVEL).is_good and desk.value(FLOW).is_good)
        yield desk


class Station(Watcher):
    """Knows the revision of its values as well."""

    revision = ""

    def on_live(self, update: LiveUpdate) -> None:
        super().on_live(update)
        self.revision = update.revision or self.revision

    def good(self, name: str) -> bool:
        return name in self.values and self.values[name].is_good


@asynccontextmanager
async def station_at(tmp_path: Path, *tags: str) -> AsyncIterator[Station]:
    station = Station()
    client = SocketClient(tmp_path / "data", station)
    await client.subscribe(tags)
    try:
        yield station
    finally:
        await client.close()


async def test_a_changed_limit_keeps_the_link_the_alarm_and_every_sample(tmp_path: Path) -> None:
    async with desk_at(tmp_path) as desk:
        runtime = desk.runtime
        await desk.until(lambda: desk.alarm(LEVEL, "high"))
        row = desk.alarm(LEVEL, "high")
        assert await runtime.alarms.acknowledge(DEMO_OPERATOR, [row.occurrence_id], "seen") == []
        link, drivers = runtime.acquisition.links["plc1"], list(desk.plc.drivers)
        writing = asyncio.create_task(_ramp(desk))
        desk.edit("alarms.csv", "high,high,4.5", "high,high,4.4")
        changes = await desk.reload()
        assert [text.partition(":")[2] for text in changes] == [" limit 4.5 -> 4.4 m"]
        await writing
        assert runtime.acquisition.links["plc1"] is link
        assert desk.plc.drivers == drivers
        after = desk.alarm(LEVEL, "high")
        assert (after.occurrence_id, after.state, after.limit) == (row.occurrence_id, AlarmState.ACKED, 4.4)
        found = await desk.samples(FLOW)
        assert found[found.index(1_000.0) :] == [1_000.0 + step for step in range(RAMP)]


RAMP = 12


async def _ramp(desk: Desk) -> None:
    """One value after the other, each as soon as the one before has arrived: before, during, after."""
    for step in range(RAMP):
        desk.plc.change({5: 1_000.0 + step})
        await desk.until(lambda step=step: desk.value(FLOW).value == 1_000.0 + step)


async def test_a_shelf_outlives_a_reload_and_ends_in_its_time(tmp_path: Path) -> None:
    async with desk_at(tmp_path) as desk:
        alarms, clock = desk.runtime.services.alarms, desk.runtime.services.clock
        await desk.until(lambda: desk.alarm(LEVEL, "high"))
        key = desk.alarm(LEVEL, "high").alarm_id
        alarms.shelve(key, clock.now_ns(), seconds=3_600, principal=DEMO_OPERATOR, comment="test")
        desk.edit("alarms.csv", "high,high,4.5", "high,high,4.4")
        await desk.reload()
        (row,) = alarms.hidden("shelved")
        assert row.state is AlarmState.SHLVD
        due = row.shelve_until
        assert 3_500 < (due - clock.now_ns()) / 1e9 <= 3_600
        alarms.tick(due)
        assert desk.alarm(LEVEL, "high").state is AlarmState.UNACK


async def test_the_journal_says_who_changed_what_and_every_record_names_its_revision(tmp_path: Path) -> None:
    async with desk_at(tmp_path) as desk:
        await desk.until(lambda: desk.alarm(LEVEL, "high"))
        old = desk.runtime.plant.revision
        desk.edit("alarms.csv", "high,high,4.5", "high,high,4.9")
        changes = await desk.reload()
        new = desk.runtime.plant.revision
        journal = desk.runtime.services.journal
        async with asyncio.timeout(10):
            while not [r for r in await journal.read(kind="alarm") if r.event == "RTN"]:
                await asyncio.sleep(0.02)
        records = await journal.read()
        place = next(i for i, record in enumerate(records) if record.event == "plant.applied")
        applied = records[place]
        assert (applied.actor, applied.payload["old"], applied.payload["new"]) == ("engineer", old, new)
        assert applied.payload["changes"] == changes
        (attribute,) = (record for record in records if record.event == "ATTR_CHANGE")
        assert (attribute.actor, attribute.payload["attributes"]) == ("engineer", {"limit": [4.5, 4.9]})
        assert {record.plant_revision for record in records[:place]} == {old}
        assert {record.plant_revision for record in records[place:]} == {new}
        assert await journal.verify() == ""
        kept = {path.stem for path in (tmp_path / "data" / "revisions").iterdir()}
        assert new in kept


async def test_a_new_tag_on_a_new_connection_comes_alive_and_the_other_one_does_not_notice(
    tmp_path: Path,
) -> None:
    async with desk_at(tmp_path) as desk:
        link, opened = desk.runtime.acquisition.links["plc1"], len(desk.plc.drivers)
        fresh = desk.runtime.plant.slots
        desk.plc.values[fresh] = 21.5
        desk.edit("plant.toml", "[connection.plc1.settings]", OTHER_PLC)
        desk.edit("tags.csv", "\ntag,", "\ntag,,area1/tt9,float32,,area1,plc2,HR1,fast,,,,,,,,true,\ntag,")
        changes = await desk.reload()
        assert changes == ["tag area1/tt9 added", "connection plc2 added"]
        await desk.until(lambda: desk.value("area1/tt9").value == 21.5)
        assert desk.runtime.plant.by_name["area1/tt9"].handle == fresh
        assert desk.runtime.acquisition.links["plc1"] is link
        assert [driver.settings.name for driver in desk.plc.drivers[opened:]] == ["plc2"]
        assert await desk.samples("area1/tt9") == [21.5]


async def test_a_removed_tag_is_bad_at_once_and_its_alarm_ends_in_the_journal(tmp_path: Path) -> None:
    async with desk_at(tmp_path) as desk, station_at(tmp_path, LEVEL, FLOW) as station:
        await desk.until(lambda: desk.alarm(LEVEL, "high"))
        removed = desk.runtime.plant.by_name[LEVEL]
        key, handle = desk.alarm(LEVEL, "high").alarm_id, removed.handle
        await desk.until(lambda: station.good(LEVEL) and station.good(FLOW))
        rows = (desk.folder / "alarms.csv").read_text(encoding="utf-8").splitlines()
        (desk.folder / "alarms.csv").write_text(rows[0] + "\n", encoding="utf-8")
        for name in (LEVEL, f"{LEVEL}_pct"):
            desk.drop("tags.csv", f",{name},")
        (desk.folder / "displays" / "overview.json").unlink()
        desk.edit("plant.toml", 'home = "overview"', 'home = ""')
        desk.plc.values.pop(handle)
        await desk.reload()
        assert desk.alarm(LEVEL, "high") is None
        assert desk.runtime.services.tags.latest[handle].status == quality.BAD_CONFIGURATION
        await desk.until(lambda: station.values[LEVEL].status == quality.BAD_CONFIGURATION)
        await desk.until(lambda: station.good(FLOW))
        assert handle not in desk.runtime.plant.by_handle
        journal = desk.runtime.services.journal
        async with asyncio.timeout(10):
            while (await journal.last(1, object_id=key))[0].event != "REMOVED":
                await asyncio.sleep(0.02)
        record = (await journal.last(1, object_id=key))[0]
        assert record.payload["tag"] == LEVEL
        assert (record.payload["before"], record.payload["after"]) == ("UNACK", "NORM")
        refused = await desk.runtime.submit(DEMO_OPERATOR, desk.command("c_1", removed.id, 1.0))
        assert refused.state is CommandState.REFUSED


async def test_a_renamed_tag_keeps_its_value_and_its_past(tmp_path: Path) -> None:
    async with desk_at(tmp_path) as desk, station_at(tmp_path, FLOW, "area1/ft102") as station:
        await desk.until(lambda: station.good(FLOW))
        assert station.values["area1/ft102"].status == quality.BAD_CONFIGURATION
        drivers, before = list(desk.plc.drivers), desk.runtime.plant.by_name[FLOW]
        desk.edit("tags.csv", FLOW, "area1/ft102")
        for file in ("displays/overview.json",):
            path = desk.folder / file
            path.write_text(path.read_text(encoding="utf-8").replace(FLOW, "area1/ft102"), encoding="utf-8")
        changes = await desk.reload()
        assert f"tag {FLOW} renamed to area1/ft102" in changes
        after = desk.runtime.plant.by_name["area1/ft102"]
        assert (after.id, after.handle) == (before.id, before.handle)
        desk.plc.change({after.handle: 101.0})
        await desk.until(lambda: desk.value("area1/ft102").value == 101.0)
        assert await desk.samples("area1/ft102") == [100.0, 101.0]
        assert desk.plc.drivers == drivers
        await desk.until(lambda: station.good("area1/ft102"))
        assert station.values[FLOW].status == quality.BAD_CONFIGURATION


async def test_another_endpoint_closes_the_link_and_opens_one_there(tmp_path: Path) -> None:
    async with desk_at(tmp_path) as desk:
        old = desk.plc.drivers[-1]
        assert not old.closed
        desk.plc.reachable = False
        desk.edit("plant.toml", "tcp://127.0.0.1:1", "tcp://127.0.0.1:9")
        await desk.reload()
        assert desk.value(LEVEL).is_bad
        await desk.until(lambda: desk.plc.endpoints[-1] == "tcp://127.0.0.1:9")
        assert old.closed
        desk.plc.reachable = True
        desk.runtime.acquisition.links["plc1"].retry_now()
        await desk.until(lambda: desk.value(LEVEL).is_good)


async def test_a_command_whose_link_is_replaced_ends_as_unknown_and_blocks_its_item(tmp_path: Path) -> None:
    async with desk_at(tmp_path) as desk:
        tag = desk.runtime.plant.by_name[SPEED_SP]
        await desk.until(lambda: desk.value(SPEED_SP).is_good and desk.value("area1/p101.tripped").is_good)
        desk.runtime.scan.glance([tag.handle])  # on a screen: a tag at rest would be read before the write
        desk.plc.freeze()
        running = asyncio.create_task(desk.runtime.submit(DEMO_OPERATOR, desk.command("c_1", tag.id, 45.0)))
        await desk.until(lambda: ("write", 45.0) in desk.plc.log)
        desk.edit("plant.toml", "tcp://127.0.0.1:1", "tcp://127.0.0.1:9")
        await desk.reload()
        desk.plc.thaw()
        assert (await running).state is CommandState.UNKNOWN
        await desk.until(lambda: desk.value(SPEED_SP).is_good)
        assert [entry for entry in desk.plc.log if entry[0] == "write"] == [("write", 45.0)]


async def test_a_command_that_is_sent_ends_by_the_rules_it_was_admitted_under(tmp_path: Path) -> None:
    async with desk_at(tmp_path) as desk:
        tag = desk.runtime.plant.by_name[SPEED_SP]
        await desk.until(lambda: desk.value(SPEED_SP).is_good and desk.value("area1/p101.tripped").is_good)
        desk.runtime.scan.glance([tag.handle])  # on a screen: a tag at rest would be read before the write
        desk.plc.freeze()
        running = asyncio.create_task(desk.runtime.submit(DEMO_OPERATOR, desk.command("c_1", tag.id, 45.0)))
        await desk.until(lambda: ("write", 45.0) in desk.plc.log)
        desk.edit("types/pump.toml", "limits = [0, 100]", "limits = [0, 30]")
        assert (await desk.reload())[-1] == f"tag {SPEED_SP}: command limits 0 … 100 -> 0 … 30 %"
        desk.plc.thaw()
        assert (await running).state is CommandState.CONFIRMED
        again = await desk.runtime.submit(DEMO_OPERATOR, desk.command("c_2", tag.id, 46.0))
        assert again.state is CommandState.REFUSED
        assert "operator range 0 to 30" in again.text


async def test_a_bad_plant_is_refused_with_its_errors_and_the_old_one_runs_on(tmp_path: Path) -> None:
    async with desk_at(tmp_path) as desk:
        before = desk.runtime.plant
        good = (desk.folder / "tags.csv").read_text(encoding="utf-8")
        desk.edit("tags.csv", "'area1/lt101' / 5", "'area1/lt999' / 5")
        desk.edit("alarms.csv", "high,high,4.5", "high,high,much")
        result = await desk.runtime.reload(ENGINEER)
        assert result.revision == before.revision
        assert result.changes == []
        assert any("lt999" in text for text in result.refusals)
        assert any("alarms.csv:2" in text for text in result.refusals)
        assert desk.runtime.plant is before
        assert not [r for r in await desk.runtime.services.journal.read() if r.event == "plant.applied"]
        (desk.folder / "tags.csv").write_text(good, encoding="utf-8")
        desk.edit("alarms.csv", "high,high,much", "high,high,4.5")
        again = await desk.runtime.reload(ENGINEER)
        assert (again.revision, again.changes, again.refusals) == (before.revision, [], [])
        assert desk.runtime.plant is before


async def test_11_10_e_a_change_that_cannot_be_recorded_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk_at(tmp_path) as desk:
        before, journal = desk.runtime.plant, desk.runtime.services.journal

        async def full(*_: Any) -> Any:
            raise StorageError("the disk is full")

        desk.edit("alarms.csv", "high,high,4.5", "high,high,4.6")
        with monkeypatch.context() as patch:
            patch.setattr(journal, "append", full)
            result = await desk.runtime.reload(ENGINEER)
        assert result.refusals == ["the audit trail cannot be written: the disk is full"]
        assert desk.runtime.plant is before
        assert (await desk.runtime.reload(ENGINEER)).refusals == []
        assert desk.runtime.plant is not before


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [("simulated = true", "simulated = false", "start it again"), ('id = "p_', 'id = "p_x', "another plant")],
)
async def test_a_plant_of_another_kind_needs_a_runtime_of_its_own(
    tmp_path: Path, old: str, new: str, reason: str
) -> None:
    async with desk_at(tmp_path) as desk:
        before = desk.runtime.plant
        desk.edit("plant.toml", old, new)
        (refusal,) = (await desk.runtime.reload(ENGINEER)).refusals
        assert reason in refusal
        assert desk.runtime.plant is before


async def test_a_tool_asks_for_it_over_the_api_and_a_station_hears_of_it(tmp_path: Path) -> None:
    async with desk_at(tmp_path) as desk, station_at(tmp_path, FLOW) as station:
        await desk.until(lambda: station.good(FLOW))
        tool = SocketClient(tmp_path / "data", Watcher())
        try:
            old = (await tool.plant()).revision
            desk.edit("tags.csv", "Outlet flow", "Flow to the town")
            result = await tool.reload()
            assert result.changes == [f"tag {FLOW}: description Outlet flow -> Flow to the town"]
            assert result.revision != old
            plant = await tool.plant()
            assert plant.revision == result.revision == (await tool.status()).revision
            assert "Flow to the town" in {tag.description for tag in plant.tags}
        finally:
            await tool.close()
        await desk.until(lambda: "plant" in {event.kind for event in station.events})
        event = next(event for event in station.events if event.kind == "plant")
        assert event.payload == {"revision": result.revision}
        await desk.until(lambda: station.revision == result.revision)


async def test_a_reload_needs_the_engineers_role_and_on_a_real_plant_nobody_has_it_yet(
    tmp_path: Path,
) -> None:
    folder = small_works(tmp_path / "works")
    toml = folder / "plant.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace("simulated = true\n", ""), encoding="utf-8")
    async with fake_runtime(open_plant(folder), FakePlc(), tmp_path / "data"):
        tool = SocketClient(tmp_path / "data", Watcher())
        with pytest.raises(AccessRefused, match="no right to engineer"):
            await tool.reload()
        await tool.close()


class RealDrivers:
    """In the place of a fake device: the drivers of the product."""

    create = staticmethod(create_driver)

    def style_of(self, name: str) -> str:
        return "poll"


async def test_a_real_modbus_device_sees_one_connection_before_and_after(tmp_path: Path) -> None:
    """The registers of the tank level go on being read over the same socket with the new limit."""
    folder = tmp_path / "works"
    new_plant(folder)
    unit = SimUnit()
    async with serving([unit]) as port:
        toml = folder / "plant.toml"
        text = toml.read_text(encoding="utf-8").replace("127.0.0.1:502", f"127.0.0.1:{port}")
        toml.write_text(text, encoding="utf-8")
        async with fake_runtime(open_plant(folder), RealDrivers(), tmp_path / "data") as runtime:
            async with asyncio.timeout(20):
                while not runtime.services.tags.values[LEVEL].is_good:
                    await asyncio.sleep(0.02)
            link = runtime.acquisition.links["plc1"]
            driver, asked = link._driver, len(unit.requests)
            alarms = folder / "alarms.csv"
            alarms.write_text(alarms.read_text(encoding="utf-8").replace("4.5", "4.6"), encoding="utf-8")
            assert (await runtime.reload(ENGINEER)).changes
            async with asyncio.timeout(20):
                while len(unit.requests) < asked + 4:
                    await asyncio.sleep(0.02)
            assert runtime.acquisition.links["plc1"] is link
            assert link._driver is driver
            assert link.state == "up"
            assert runtime.services.tags.is_live(runtime.handles[LEVEL])


OTHER_PLC = """[connection.plc1.settings]
unit = 1

[connection.plc2]
driver = "modbus"
simulated = true
endpoints = ["tcp://127.0.0.1:2"]

[connection.plc2.settings]"""

"""Another name, the same id: history, alarm state, shelf and the series of exports go on under the new name."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_runtime_reload import LEVEL, Desk, desk_at

from hmi.core.alarms import AlarmState
from hmi.core.principal import DEMO_OPERATOR
from hmi.export._selection import series_of
from hmi.project.exports import ExportDef

pytestmark = pytest.mark.asyncio


def rename(desk: Desk, old: str, new: str) -> None:
    """In every file that names it."""
    for path in (*desk.folder.glob("*.csv"), *desk.folder.glob("displays/*.json")):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(old, new), encoding="utf-8")


async def test_a_renamed_instance_keeps_history_alarm_and_exports(tmp_path: Path) -> None:
    async with desk_at(tmp_path) as desk:
        speed, tripped = (desk.runtime.plant.by_name[f"area1/p101.{s}"] for s in ("speed", "tripped"))
        desk.plc.change({tripped.handle: True, speed.handle: 55.0})
        await desk.until(lambda: desk.alarm("area1/p101.tripped", "trip") is not None)
        before = desk.alarm("area1/p101.tripped", "trip")
        series = series_of(desk.runtime.plant, ExportDef("all", "files"))

        rename(desk, "area1/p101", "area1/p201")
        changes = await desk.reload()

        assert any("area1/p201" in change for change in changes)
        after = desk.alarm("area1/p201.tripped", "trip")
        assert (after.alarm_id, after.occurrence_id, after.state, after.alarm_time) == (
            before.alarm_id, before.occurrence_id, AlarmState.UNACK, before.alarm_time,
        )  # fmt: skip
        assert desk.alarm("area1/p101.tripped", "trip") is None
        desk.plc.change({speed.handle: 60.0})
        await desk.until(lambda: desk.value("area1/p201.speed").value == 60.0)
        assert await desk.samples("area1/p201.speed") == [40.0, 55.0, 60.0]
        again = series_of(desk.runtime.plant, ExportDef("all", "files"))
        assert [one.key for one in again] == [one.key for one in series]
        assert {one.name for one in again} - {one.name for one in series} == {
            "area1/p201.speed",
            "area1/p201.running",
        }


async def test_a_renamed_tag_keeps_its_shelf(tmp_path: Path) -> None:
    async with desk_at(tmp_path) as desk:
        alarms, clock = desk.runtime.services.alarms, desk.runtime.services.clock
        await desk.until(lambda: desk.alarm(LEVEL, "high") is not None)
        key = desk.alarm(LEVEL, "high").alarm_id
        alarms.shelve(key, clock.now_ns(), seconds=3_600, principal=DEMO_OPERATOR, comment="test")
        (before,) = alarms.hidden("shelved")

        rename(desk, LEVEL, "area1/lt901")
        await desk.reload()

        (after,) = alarms.hidden("shelved")
        assert (after.tag_name, after.alarm_id, after.shelve_until) == (
            "area1/lt901",
            key,
            before.shelve_until,
        )
        assert desk.alarm("area1/lt901", "high") is None

"""A running runtime that takes changed files by itself, and says when it cannot."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from test_runtime_reload import LEVEL, Desk, desk_at

from hmi.core.alarms import AlarmState
from hmi.project.folder_files import replace_file
from hmi.supervisor import Session

pytestmark = pytest.mark.asyncio


def save(desk: Desk, old: str, new: str) -> None:
    """As an editor does: whole, in one step."""
    path = desk.folder / "alarms.csv"
    raw = path.read_bytes()
    assert old.encode() in raw
    replace_file(path, raw.replace(old.encode(), new.encode()))


async def test_files_are_taken_when_the_plant_says_so_and_not_before(tmp_path: Path) -> None:
    async with desk_at(tmp_path) as desk:
        journal, first = desk.runtime.services.journal, desk.runtime.plant.revision
        save(desk, "high,high,4.5", "high,high,4.4")
        await asyncio.sleep(0)
        assert not desk.runtime.plant.reload_watch
        desk.edit("plant.toml", "[scan]", "[reload]\nwatch = true\n\n[scan]")
        assert desk.runtime.plant.revision == first
        await desk.reload()
        assert desk.runtime.plant.reload_watch
        save(desk, "high,high,4.4", "high,high,4.3")
        await desk.until(lambda: desk.alarm(LEVEL, "high") and desk.alarm(LEVEL, "high").limit == 4.3)
        applied = [one for one in await journal.read() if one.event == "plant.applied"]
        assert [(one.actor, one.station) for one in applied][-1] == ("files", "local")
        assert applied[-1].payload["changes"] == ["alarm high of area1/lt101: limit 4.4 -> 4.3 m"]


async def test_a_plant_that_is_not_right_is_an_alarm_with_its_reason_until_it_is_right(
    tmp_path: Path,
) -> None:
    async with desk_at(tmp_path) as desk:
        desk.runtime.services.watch = True
        before = desk.runtime.plant
        save(desk, "high,high,4.5", "high,high,soon")
        await desk.until(lambda: desk.alarm("plant", "plant"))
        row = desk.alarm("plant", "plant")
        assert "alarms.csv:2" in row.comment
        assert desk.runtime.plant is before
        refused = [one for one in await desk.runtime.services.journal.read() if one.event == "plant.refused"]
        assert (refused[-1].actor, "alarms.csv:2" in refused[-1].payload["reasons"][0]) == ("files", True)
        save(desk, "high,high,soon", "high,high,4.6")
        await desk.until(lambda: desk.runtime.plant is not before)
        await desk.until(lambda: desk.alarm("plant", "plant").state is AlarmState.RTNUN)


async def test_a_session_hands_the_option_to_its_runtime(tmp_path: Path) -> None:
    for watch in (False, True):
        session = Session(plant=tmp_path, data=tmp_path, watch=watch, station=False)
        runtime = next(one for one in session.specs() if one.name == "runtime")
        assert ("--watch" in runtime.command("")) is watch

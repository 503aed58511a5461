"""A runtime whose disk is filled from outside, on a small file system: prints what the history did as one JSON line.

``python full_history_disk.py FOLDER``: FOLDER is the mount point of a file system of a few megabytes.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from full_disk import fill

from hmi.core import quality
from hmi.core.clock import NS_PER_S, wall_ns
from hmi.historian.rollups import HOUR
from hmi.stores.sqlite import open_archive
from hmi.testing.days import add_days
from tests.integration.test_runtime_history import PV, Desk, desk_at

DAY = 24 * HOUR


def alarms_of(desk: Desk) -> list[str]:
    return [row.alarm_id for row in desk.runtime.services.alarms.active()]


def days_in(folder: Path) -> int:
    return len(list((folder / "data" / "history").glob("day-*.db")))


def old_days(folder: Path, newest: int) -> None:
    """Thirty closed days, the last of them ten days ago."""
    archive = open_archive(folder)
    add_days(archive, newest - 39, 30)
    archive.compact((newest - 9) * DAY)
    archive.close()


async def filled_until_it_stops(desk: Desk, folder: Path) -> list[Path]:
    """Whoever fills the disk takes what old days gave back too."""
    files: list[Path] = []
    async with asyncio.timeout(60):
        while not desk.history.is_paused:
            files.append(folder / f"filling{len(files)}")
            await asyncio.to_thread(fill, files[-1])
            await asyncio.sleep(0.5)
    return files


async def watched(desk: Desk, folder: Path) -> dict[str, Any]:
    care, history = desk.runtime.history_care, desk.history
    care.room_s = 0.2
    found = dict[str, Any]()
    await desk.until(lambda: desk.value(PV).value == 50.0 and history.archive)
    found["days_before"] = days_in(folder)
    files = await filled_until_it_stops(desk, folder)
    found["problem"], found["days_full"] = history.problem, days_in(folder)
    for value in (60.0, 61.0, 62.0):
        desk.plc.values[0] = value
        await desk.until(lambda value=value: desk.value(PV).value == value)
    await desk.until(lambda: history.counts.lost >= 3)
    wanted = {"system:history", "system:space"}
    await desk.until(lambda: wanted <= set(alarms_of(desk)))
    found["alarm"] = alarms_of(desk)
    for path in files:
        path.unlink()
    await desk.until(lambda: not history.problem)
    await desk.until(lambda: history.coverage().until)
    samples = await desk.samples(PV)
    while samples[-1].value != 62.0:
        await asyncio.sleep(0.05)
        samples = await desk.samples(PV)
    await asyncio.to_thread(history.sync)
    found["lost"] = history.counts.lost
    found["gap"] = any(one.status == quality.BAD_NO_DATA for one in samples)
    found["recorded_while_full"] = [one.value for one in samples if one.value in (60.0, 61.0)]
    events = [one.event for one in await desk.runtime.services.journal.last(200, kind="system")]
    found["events"] = [one for one in events if one.startswith("history.")]
    found["damaged"] = len(history.damaged())
    return found


async def main(folder: Path) -> None:
    today = wall_ns() // NS_PER_S // 86_400
    old_days(folder / "data" / "history", today)
    async with desk_at(folder / "data", simulated=False) as desk:
        found = await watched(desk, folder)
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    (Path(sys.argv[1]) / "data" / "history").mkdir(mode=0o700, parents=True, exist_ok=True)
    asyncio.run(main(Path(sys.argv[1])))

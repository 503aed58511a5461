"""A runtime whose disk is full: run on a small file system of its own, prints what a station saw as one JSON line.

``python full_disk.py FOLDER``: FOLDER is the mount point of a file system of a few megabytes.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import sys
from pathlib import Path
from typing import Any

from alarm_plant import Bench, alarm_bench

from hmi.core.commands import OperatorCommand
from hmi.project.plant import CommandRule

COUNT = 300
BLOCK = 64 * 1024


def fill(ballast: Path) -> None:
    """Until the file system takes nothing more."""
    with ballast.open("wb", buffering=0) as stream:
        for size in (BLOCK, 4096, 1):
            try:
                while True:
                    stream.write(b"x" * size)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise


async def commanded(bench: Bench, command_id: str) -> tuple[str, str]:
    """State and text of a command to the first tag."""
    tag = bench.runtime.plant.tags[0]
    result = await bench.station.submit(OperatorCommand(command_id, tag.id, 2.0, bench.seen.heartbeat))
    return result.state.value, result.text


async def watched(bench: Bench, ballast: Path) -> dict[str, Any]:
    seen, journal = bench.seen, bench.runtime.services.journal
    bench.put(0)
    await seen.until(lambda: "a_0" in seen.active, 30)
    fill(ballast)
    bench.put(*range(1, COUNT))
    await seen.until(lambda: all(f"a_{n}" in seen.active for n in range(COUNT)), 30)
    await seen.until(lambda: not any(seen.active[f"a_{n}"].stored for n in range(1, COUNT)), 30)
    await seen.until(lambda: "system:audit" in seen.active, 30)
    await seen.until(lambda: "system:space" in seen.active, 30)
    beat = seen.heartbeat
    await seen.until(lambda: seen.heartbeat > beat + 3, 30)
    found: dict[str, Any] = {"unstored": sum(not row.stored for row in seen.active.values())}
    found["refused"], found["refused_why"] = await commanded(bench, "c1")
    found["written"] = [what for what, _ in bench.plc.log if what == "write"]
    bench.put(5, value=1.0)
    await seen.until(lambda: seen.states()["a_5"] == "RTNUN", 30)
    found["stored_while_full"] = len(await journal.last(10_000, kind="alarm"))
    ballast.unlink()
    await seen.until(lambda: all(row.stored for row in seen.active.values()), 60)
    await seen.until(lambda: seen.states().get("system:audit") in ("RTNUN", "NORM"), 30)
    gaps = [
        record for record in await journal.last(100, kind="system") if record.event == "alarms.not_stored"
    ]
    found["gap"] = dict(gaps[-1].payload) if gaps else {}
    newest = {record.object_id: record.payload["after"] for record in await journal.newest_of_each("alarm")}
    found["given_again"], _ = await commanded(bench, "c2")
    found["alike"] = newest == seen.states()
    found["alarms"] = sum(key.startswith("a_") for key in newest)
    found["chain"] = await journal.verify()
    return found


async def main(folder: Path) -> None:
    async with alarm_bench(folder / "data", COUNT, command=CommandRule()) as bench:
        found = await watched(bench, folder / "ballast")
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    os.makedirs(Path(sys.argv[1]) / "data", mode=0o700, exist_ok=True)
    asyncio.run(main(Path(sys.argv[1])))

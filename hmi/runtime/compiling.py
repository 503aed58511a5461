"""Keeps a large plant so that its next start is quick: ``python -m hmi.runtime.compiling PLANT DATA``.

A runtime starts this beside itself once it runs. It reads the plant folder by itself, at a low priority, and
writes nothing when the folder changes meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import msgspec

from hmi.client.kept_plant import FILE, to_keep
from hmi.core.logs import set_up
from hmi.core.principal import Mode
from hmi.project.compiled import keep_compiled, key_of, put_whole
from hmi.project.folder_files import plant_files
from hmi.project.plant import Plant
from hmi.runtime._plant_info import plant_info

LARGE_S: Final = 0.5
"""A plant that took longer to read is kept."""
FIRST_S: Final = 10.0
"""The stations of a runtime that starts get both processors before."""
_LOW: Final = 10  # the lowest would never end beside a busy program
_LOW_ON_WINDOWS: Final[int] = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)
log = logging.getLogger(__name__)


async def compile_later(plant: Path, data: Path, *, first_s: float = FIRST_S) -> None:
    """Let another process keep the plant, after ``first_s``; it is ended when this is cancelled."""
    await asyncio.sleep(first_s)
    command = [sys.executable, "-m", "hmi.runtime.compiling", str(plant), str(data)]
    start = asyncio.create_task(asyncio.to_thread(_started, command))
    try:
        worker = await asyncio.shield(start)
        await asyncio.to_thread(worker.wait)
    except OSError as error:
        log.warning("The plant is not kept for a quicker start: %s", error)
    except asyncio.CancelledError:
        with contextlib.suppress(OSError):
            (await start).kill()  # also one that was just being started
        raise


def _started(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, creationflags=_LOW_ON_WINDOWS)


def compile_plant(folder: Path, data: Path) -> bool:
    """Read a plant and keep it; False when it has errors, changes meanwhile or cannot be kept. OSError."""
    from hmi.project import load_plant

    before, key = _touched(folder), key_of(folder)
    if key is None:
        return False
    result = load_plant(folder)
    if result.plant is None or result.errors or key_of(folder) != key or _touched(folder) != before:
        return False
    put_whole(data / FILE, to_keep(key, station_bytes(result.plant)))
    return keep_compiled(result.plant, key, data)


def _touched(folder: Path) -> list[tuple[str, int, int, int]]:
    """What becomes another one with each file that is written, replaced or moved, also when its bytes come back: what
    was read between them must not be kept as what is there now.
    """
    found: list[tuple[str, int, int, int]] = []
    for name in plant_files(folder):
        with contextlib.suppress(OSError):
            stat = (folder / name).stat()
            found.append((name, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino))
    return found


def station_bytes(plant: Plant) -> bytes:
    """As ``GET /v1/plant`` gives it."""
    return msgspec.json.encode(plant_info(plant, Mode.SIMULATOR if plant.simulated else Mode.PLANT))


def main() -> int:
    """Exit code 1 when nothing was kept."""
    set_up()
    with contextlib.suppress(AttributeError, OSError):  # not every system has it
        os.nice(_LOW)
    folder, data = map(Path, sys.argv[1:3])
    try:
        return 0 if compile_plant(folder, data) else 1
    except OSError as error:
        log.warning("The plant is not kept for a quicker start: %s", error)
        return 1


if __name__ == "__main__":
    sys.exit(main())

"""How long a plant of 100,000 tags takes to its first display, and how much memory runtime and station then have."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hmi.bench._engineering_plant import DISPLAYS, REGISTERS, TAGS, write_large_plant
from hmi.bench._process_memory import resident_mb
from hmi.bench.figure import Figure
from hmi.core.errors import CommunicationError
from hmi.project.compiled import COMPILED_FOLDER, PLANT_FILE

GOAL_S = 3.0
GOAL_MB = 600.0
STARTS = 3
PATIENCE_S = 240.0
END_S = 20.0
_LOOK_S = 0.02


def figures() -> list[Figure]:
    """Real processes as ``hmi run`` starts them, offscreen; best of several starts for the time, worst for memory.

    The goal is for a plant that was opened before, as at every restart of a runtime or a workstation; how long the
    very first start takes, before anything is kept of the plant, is told beside it.
    """
    with (
        tempfile.TemporaryDirectory(prefix="watchkeeper-bench-", ignore_cleanup_errors=True) as folder,
        _device() as port,
    ):
        plant = write_large_plant(Path(folder) / "plant", port=port)
        data = Path(folder) / "data"
        data.mkdir()
        first = _start(plant, data, data / COMPILED_FOLDER / PLANT_FILE)
        starts = [_start(plant, data) for _ in range(STARTS)]
    seconds = min(start[0] for start in starts)
    runtime, station = (max(start[n] for start in (first, *starts)) for n in (1, 2))
    against = (
        f"{TAGS:,} tags, {DISPLAYS} displays, opened before; "
        f"starts: {', '.join(f'{start[0]:.2f}' for start in starts)}"
    )
    memory = f"runtime {runtime:.0f} MB, station {station:.0f} MB resident at the first display"
    largest = max(runtime, station)
    return [
        Figure("engineering.open_100k_s", seconds, "s", against, f"< {GOAL_S:g}", seconds < GOAL_S),
        Figure("engineering.first_open_100k_s", first[0], "s", "the same plant, for the very first time"),
        Figure("engineering.open_100k_mb", largest, "MB", memory, f"< {GOAL_MB:g}", largest < GOAL_MB),
    ]


@contextmanager
def _device() -> Iterator[int]:
    """The device that the first display shows, in a process of its own; yields its port."""
    command = [sys.executable, "-m", "hmi.bench.peers.modbus_sim", str(REGISTERS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as device:
        assert device.stdout is not None
        try:
            yield int(device.stdout.readline())
        finally:
            device.terminate()


def _start(plant: Path, data: Path, kept: Path | None = None) -> tuple[float, float, float]:
    """Seconds from the start of both processes to the painted display, and what each holds in memory then.

    Both run on until the file ``kept`` is there.
    """
    report = data / "first_paint.json"
    report.unlink(missing_ok=True)
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    hmi = [sys.executable, "-m", "hmi"]
    began = time.monotonic_ns()
    runtime = subprocess.Popen(
        [*hmi, "serve", str(plant), "--data", str(data)], env=environment, stderr=subprocess.DEVNULL
    )
    station = subprocess.Popen(
        [*hmi, "open", "--data", str(data), "--first-paint", str(report)],
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait((runtime, station), report, "no display was painted")
        told = json.loads(report.read_text(encoding="ascii"))
        found = (told["live_ns"] - began) / 1e9, resident_mb(runtime.pid), resident_mb(station.pid)
        if kept is not None:
            _wait((runtime, station), kept, "nothing was kept of the plant")
        return found
    finally:
        for process in (station, runtime):
            _end(process)


def _wait(processes: tuple[subprocess.Popen[bytes], ...], file: Path, lacking: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not file.exists():
        ended = next((one for one in processes if one.poll() is not None), None)
        if ended is not None:
            raise CommunicationError(f"{ended.args} ended with exit code {ended.returncode}; see its message")
        if time.monotonic() > deadline:
            raise CommunicationError(f"{lacking} within {PATIENCE_S:g} s")
        time.sleep(_LOOK_S)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

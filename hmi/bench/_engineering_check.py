"""How long the linter takes over a plant of 100,000 tags."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hmi.bench._engineering_plant import ALARMS, DISPLAYS, TAGS, write_large_plant
from hmi.bench.figure import Figure
from hmi.core.errors import UsageError

GOAL_S = 10.0
REPEATS = 2


def figures() -> list[Figure]:
    """``hmi check`` as a command, from its start to its end; best of two."""
    with tempfile.TemporaryDirectory(prefix="watchkeeper-bench-") as folder:
        plant = write_large_plant(Path(folder) / "plant")
        seconds = min(_check(plant) for _ in range(REPEATS))
    against = f"{TAGS:,} tags, {ALARMS:,} alarms, {DISPLAYS} displays; the whole command"
    return [Figure("engineering.check_100k_s", seconds, "s", against, f"< {GOAL_S:g}", seconds < GOAL_S)]


def _check(plant: Path) -> float:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "hmi", "check", str(plant)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise UsageError(f"the plant of the benchmark has errors: {done.stdout[:500]}{done.stderr[:500]}")
    return time.monotonic() - began

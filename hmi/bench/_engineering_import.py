"""How long a list of 10,000 tags takes, from the command to the plant's files, and again when nothing is new."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hmi.bench.figure import Figure
from hmi.core.errors import UsageError
from hmi.project import new_plant

ROWS: Final = 10_000
GOAL_S: Final = 5.0
_FIRST: Final = 400_500
_HEADER: Final = (
    "Tag Name,Address,Data Type,Respect Data Type,Client Access,Scan Rate,Scaling,Raw Low,Raw High,Scaled Low,"
    "Scaled High,Scaled Data Type,Clamp Low,Clamp High,Eng Units,Description,Negate Value\n"
)


def figures() -> list[Figure]:
    """Wall time of ``hmi import`` as a process of its own, with everything that it shows and checks."""
    with tempfile.TemporaryDirectory(prefix="watchkeeper-") as beside:
        plant = new_plant(Path(beside) / "plant")
        file = Path(beside) / "device.csv"
        file.write_text(_HEADER + "".join(_rows()), encoding="utf-8")
        first, again = (_seconds(plant, file) for _ in range(2))
    return [
        Figure(
            "engineering.import_10k_s", first, "s",
            against=f"hmi import of {ROWS} rows of a Kepware list into a new plant, the process in all",
            goal=f"< {GOAL_S:g}", passed=first < GOAL_S,
        ),
        Figure("engineering.import_10k_again_s", again, "s", against="the same list once more: nothing changes"),
    ]  # fmt: skip


def _rows() -> Iterator[str]:
    """Half of them scaled, in groups of a hundred, every tag at a register of its own."""
    for number in range(ROWS):
        name = f'"Line{number // 1000}.Unit{number // 100 % 10}.Value{number % 100}"'
        scaling = "Linear,0,4095,0,100,Float,1,1" if number % 2 else ",,,,,,,"
        yield f'{name},{_FIRST + number},Word,1,RO,1000,{scaling},"m³/h","Value {number}",0,\n'


def _seconds(plant: Path, file: Path) -> float:
    call = [sys.executable, "-m", "hmi", "import", str(plant), str(file), "--yes"]
    begun = time.perf_counter()
    done = subprocess.run(call, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    taken = time.perf_counter() - begun
    if done.returncode:
        raise UsageError(f"the import ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    return taken

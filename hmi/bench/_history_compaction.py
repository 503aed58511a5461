"""A full hour of a plant in the live file: what its compaction costs, and the first read of it by another process.

``python -m hmi.bench._history_compaction compact|read FOLDER UNTIL TAG`` prints (CPU seconds, MB of memory) as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from hmi.bench._history_commit import GOAL_CORE, scans
from hmi.bench._history_signals import second_times
from hmi.bench._history_sizes import Sizes
from hmi.bench.figure import Figure
from hmi.core.clock import NS_PER_S
from hmi.stores.sqlite import open_archive, open_reader

GOAL_COMPACTION, GOAL_MB, GOAL_READ_MS = 0.3, 256.0, 300.0


def core_figures(folder: Path, sizes: Sizes) -> list[Figure]:
    """What commits each second and compaction each hour take at ``tags`` samples a second."""
    archive = open_archive(folder / "core")
    made = 0.0
    for batch in scans(archive, sizes.tags, sizes.core_scans):
        begun = time.process_time()
        archive.commit(batch, time=int(batch.samples.times[-1]))
        made += time.process_time() - begun
    tag = archive.number(f"commit/{sizes.tags // 2}")
    archive.close()
    until = int(second_times(1)[0])
    read, _ = _in_a_process("read", folder / "core", until, tag)
    compacted, memory = _in_a_process("compact", folder / "core", until, tag)
    of_core, share = (100 * spent / sizes.core_scans for spent in (made + compacted, compacted))
    size = f"{sizes.core_scans:,} s of {sizes.tags:,} samples/s"
    parts = f"{size}: commits {made:.1f} s, compaction {compacted:.1f} s of CPU"
    return [
        Figure("history.recorder_core_percent", of_core, "%", f"{parts}; every sample kept",
               f"<= {GOAL_CORE:g}", of_core <= GOAL_CORE),
        Figure("history.compaction_core_percent", share, "%", parts,
               f"<= {GOAL_COMPACTION:g}", share <= GOAL_COMPACTION),
        Figure("history.compaction_memory_mb", memory, "MB",
               f"{size} in one compaction; highest memory of its process above what it had with the archive open",
               f"<= {GOAL_MB:g}", memory <= GOAL_MB),
        Figure("history.first_live_read_ms", 1e3 * read, "ms",
               f"{size}, nothing of it compacted: a process opens the archive and reads one tag; CPU time",
               f"<= {GOAL_READ_MS:g}", 1e3 * read <= GOAL_READ_MS),
    ]  # fmt: skip


def _in_a_process(verb: str, folder: Path, until: int, tag: int) -> tuple[float, float]:
    command = [sys.executable, "-m", "hmi.bench._history_compaction", verb, str(folder), str(until), str(tag)]
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600).stdout
    spent, memory = json.loads(told)
    return float(spent), float(memory)


def _compact(folder: Path, until: int) -> tuple[float, float]:
    archive = open_archive(folder)
    before, begun = _peak_mb(), time.process_time()
    archive.compact(until)
    spent = time.process_time() - begun
    archive.close()
    return spent, max(_peak_mb() - before, 0.1)


def _read(folder: Path, until: int, tag: int) -> tuple[float, float]:
    begun = time.process_time()
    reader = open_reader(folder)
    found = reader.read(tag, until - 3_600 * NS_PER_S, until)
    spent = time.process_time() - begun
    assert len(found)
    reader.close()
    return spent, 0.0


def _peak_mb() -> float:
    """Highest resident memory of this process so far; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    lines = status.read_text("ascii").splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


if __name__ == "__main__":
    place, end = Path(sys.argv[2]), int(sys.argv[3])
    result = _compact(place, end) if sys.argv[1] == "compact" else _read(place, end, int(sys.argv[4]))
    print(json.dumps(result))

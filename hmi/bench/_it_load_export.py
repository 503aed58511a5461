"""What ``hmi bench it-load`` delivers beside a station: ``python -m hmi.bench._it_load_export MAKE FOLDER TAGS HOURS``.

MAKE writes the archive. ``RUN FOLDER TAGS`` exports all of it again and again, each time as a new job, until it is
ended; it prints one JSON line for each time that it came to the end.
"""

from __future__ import annotations

import json
import shutil
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from hmi.core.clock import NS_PER_S
from hmi.core.priority import step_back
from hmi.export import JobRunner, JobState, Plain, SampleSource, series_of
from hmi.export.port import ExportContext, Exporter
from hmi.historian.port import Archive
from hmi.historian.samples import Batch
from hmi.plugins.discovery import definition, part
from hmi.project.exports import ExportDef
from hmi.project.plant import Plant
from hmi.stores.sqlite import open_archive, open_reader
from hmi.testing.days import samples_of
from hmi.testing.plant import make_plant, make_tag

BEGIN: Final = 1_795_046_400 * NS_PER_S
EVERY_S: Final = 10
"""Seconds from one sample of a tag to the next."""
HOUR_S: Final = 3_600
_STREAM: Final = "p_test00/load"
_TAGS_AT_ONCE: Final = 500


def plant_of(tags: int) -> Plant:
    return make_plant([make_tag(f"unit{n}.pv", history=True) for n in range(tags)])


def make(folder: Path, tags: int, hours: int) -> None:
    """The archive of a plant: a walk of its own for each tag, one decimal."""
    archive: Archive = open_archive(folder / "history")
    numbers = [archive.number(tag.id) for tag in plant_of(tags).tags]
    chance = np.random.default_rng(1)
    for hour in range(hours):
        times = BEGIN + (hour * HOUR_S + np.arange(0, HOUR_S, EVERY_S)) * NS_PER_S
        for low in range(0, tags, _TAGS_AT_ONCE):
            some = np.array(numbers[low : low + _TAGS_AT_ONCE], np.int32)
            walk = np.round(50 + np.cumsum(chance.normal(0, 0.3, (len(some), len(times))), axis=1), 1)
            batch = Batch(
                np.repeat(some, len(times)), samples_of(np.tile(times, len(some)), walk.reshape(-1))
            )
            archive.commit(batch, time=int(times[-1]))
        archive.compact(BEGIN + (hour + 1) * HOUR_S * NS_PER_S)
    archive.close()


def run(folder: Path, tags: int) -> None:
    """As the process of the exports does it."""
    step_back()
    while True:
        work = folder / "export"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        begun = time.perf_counter()
        rows = _once(folder / "history", work, tags)
        print(json.dumps({"rows": rows, "seconds": time.perf_counter() - begun}), flush=True)


def _once(history: Path, work: Path, tags: int) -> int:
    job = ExportDef("load", "files", since=BEGIN, quota_s=1e9, every_s=3_600)
    reader, state = open_reader(history), JobState(work)
    runner = JobRunner(
        job, Plain(_STREAM, "plant", "Bench", "UTC", "history"), SampleSource(reader, series_of(plant_of(tags), job)),
        _exporter(work), state, stop=threading.Event(),
    )  # fmt: skip
    runner.finish()
    state.close()
    reader.close()
    return runner.progress.rows


def _exporter(work: Path) -> Exporter:
    usual = {one.name: one.default for one in definition("exporters", "files").settings}
    context = ExportContext(
        "load", _STREAM, "plant", "Bench", False, "samples", str, lambda: datetime.now(UTC), lambda: False
    )
    exporter: Exporter = part("exporters", "files", "exporter").create(
        {**usual, "folder": str(work / "out")}, context
    )
    return exporter


if __name__ == "__main__":
    if sys.argv[1] == "MAKE":
        make(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        run(Path(sys.argv[2]), int(sys.argv[3]))

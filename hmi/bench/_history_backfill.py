"""How fast history from elsewhere comes in: samples a second of one core until they are in chunks with rollups."""

from __future__ import annotations

import time
from pathlib import Path

from hmi.bench._history_signals import pens, second_times
from hmi.bench._history_stores import pens_hour
from hmi.bench.figure import Figure
from hmi.stores.sqlite import open_archive

GOAL, HOURS = 5_000_000, 48


def backfill_figure(folder: Path) -> Figure:
    """Two days of eight pens, an hour at a time, by ``insert``; CPU time of the process."""
    archive = open_archive(folder / "backfill", fine=lambda tag: True)
    numbers = [archive.number(f"pen/{n}") for n in range(len(pens()))]
    batches = [pens_hour(numbers, hour) for hour in range(HOURS)]
    begun = time.process_time()
    for batch in batches:
        archive.insert(batch, time=int(second_times(HOURS)[0]))
    archive.compact(int(second_times(HOURS)[0]))
    spent = time.process_time() - begun
    rate = sum(map(len, batches)) / spent
    archive.close()
    against = f"{sum(map(len, batches)):,} samples of 1 s, an hour of eight tags at a time; CPU {spent:.2f} s"
    return Figure("history.backfill_per_s_core", rate, "samples/s", against, f">= {GOAL:,}", rate >= GOAL)

"""How fast history from elsewhere comes in: samples a second of one core until they are in chunks with rollups."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from hmi.bench._history_signals import HOUR_S, columns, pens, second_times
from hmi.bench._history_sizes import Sizes
from hmi.bench.figure import Figure
from hmi.historian.port import Archive
from hmi.historian.samples import Batch, joined
from hmi.stores.sqlite import open_archive

GOAL = 5_000_000
_LATER_H = 24 * 40
"""The archive records since then already: what is back-filled lies before all that it has."""


def backfill_figure(folder: Path, sizes: Sizes) -> Figure:
    """Days of eight pens, a day of one pen at a time, by ``insert`` into an archive in use; CPU time of the process."""
    archive = open_archive(folder / "backfill", fine=lambda tag: True)
    numbers = [archive.number(f"pen/{n}") for n in range(len(pens()))]
    _begin_to_record(archive, numbers)
    now = int(second_times(_LATER_H + 1)[0])
    batches = [
        _day_of(place, number, day)
        for day in range(sizes.backfill_days)
        for place, number in enumerate(numbers)
    ]
    begun = time.process_time()
    for batch in batches:
        archive.insert(batch, time=now)
    inserted = time.process_time() - begun
    archive.compact(now)
    spent = time.process_time() - begun
    count = sum(map(len, batches))
    stored = sum(len(archive.read(number, 0, now)) for number in numbers) - len(numbers)
    archive.close()
    against = (
        f"{count:,} samples of 1 s, a day of one tag at a time, into an archive in use; CPU {spent:.2f} s, of which"
        f" {inserted:.2f} s until they are durable"
    )
    rate = count / spent
    passed = rate >= GOAL and stored == count
    return Figure("history.backfill_per_s_core", rate, "samples/s", against, f">= {GOAL:,}", passed)


def _begin_to_record(archive: Archive, numbers: list[int]) -> None:
    times = np.full(len(numbers), second_times(_LATER_H)[0])
    archive.commit(
        Batch(np.array(numbers, np.int32), columns(times, np.zeros(len(numbers)))), time=int(times[0])
    )
    archive.compact(int(second_times(_LATER_H + 1)[0]))


def _day_of(place: int, number: int, day: int) -> Batch:
    hours = range(24 * day, 24 * day + 24)
    signal = pens()[place]
    samples = joined(columns(second_times(hour), signal.hour(hour)) for hour in hours)
    return Batch(np.full(24 * HOUR_S, number, np.int32), samples)

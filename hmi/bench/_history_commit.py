"""What one durable commit of 10,000 samples costs: ours, a row for each sample, and the disk alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import numpy as np

from hmi.bench._history_signals import HOUR_S, columns, plant, second_times
from hmi.bench._history_sizes import Sizes
from hmi.bench.figure import Figure
from hmi.bench.peers.raw_log import RawLog
from hmi.bench.peers.sample_rows import SampleRows
from hmi.historian.port import Archive
from hmi.historian.samples import Batch
from hmi.stores.sqlite import open_archive

GOAL_ROWS, GOAL_RAW, GOAL_CORE = 30.0, 0.5, 1.0


def commit_figures(folder: Path, sizes: Sizes) -> list[Figure]:
    """Ours and the bare file in turns, so that the disk treats both alike; the rows after them, alone.

    The bare file by the median, because a stall of the disk is nobody's doing; the rows by all their time, because
    what slows them down is their own growth.
    """
    archive = open_archive(folder / "commit")
    batches = list(scans(archive, sizes.tags, sizes.scans))
    raw, rows = RawLog(folder / "raw.log"), SampleRows(folder / "rows.db")
    ours, least = [], []
    for batch in batches:
        ours.append(_seconds(archive.commit, batch, time=int(batch.samples.times[-1])))
        least.append(_seconds(raw.commit, batch))
    by_row = [_seconds(rows.commit, batch) for batch in batches]
    for store in (raw, rows, archive):
        store.close()
    count = f"{len(batches)} durable commits of {sizes.tags:,} samples, median {median(ours) * 1e3:.2f} ms"
    by_rows, by_raw = sum(by_row) / sum(ours), median(least) / median(ours)
    return [
        Figure("history.commit_vs_rows", by_rows, "x",
               against=f"{count}; SQLite with a row for each sample, primary key (tag, time):"
               f" {median(by_row) * 1e3:.1f} ms and growing", goal=f">= {GOAL_ROWS:g}", passed=by_rows >= GOAL_ROWS),
        Figure("history.commit_vs_raw_append", by_raw, "x",
               against=f"{count}; the bytes at the end of a file + fdatasync: {median(least) * 1e3:.2f} ms",
               goal=f">= {GOAL_RAW:g}", passed=by_raw >= GOAL_RAW),
    ]  # fmt: skip


def scans(archive: Archive, tags: int, count: int) -> Iterator[Batch]:
    """One batch a second: every tag of a plant, noisy ones changed in each."""
    numbers = np.array([archive.number(f"commit/{n}") for n in range(tags)], np.int32)
    hours = [signal.hour(0) for signal in plant(tags)]
    table = np.ascontiguousarray(np.stack(hours).T)
    times = second_times(0)
    for second in range(count):
        at = np.full(tags, times[second % HOUR_S])
        yield Batch(numbers, columns(at, table[second % HOUR_S]))


def _seconds(work: Callable[..., object], *arguments: object, **more: object) -> float:
    begun = time.perf_counter()
    work(*arguments, **more)
    return time.perf_counter() - begun

"""How long a person waits: trends of eight pens, and the values of a screen or of a whole plant at an instant."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import numpy as np

from hmi.bench._history_signals import BEGIN_S, HOUR_S, pens, second_times
from hmi.bench._history_sizes import Sizes
from hmi.bench._history_stores import PLANT_HOURS, Filled
from hmi.bench.figure import Figure
from hmi.bench.peers.duckdb_rows import DuckRows
from hmi.core.clock import NS_PER_S
from hmi.historian.port import ArchiveReader
from hmi.historian.trend import trend
from hmi.stores.sqlite import open_reader

PIXELS = 2_000
DAY_S = 24 * HOUR_S
GOAL_COLD_MS, GOAL_DUCK, GOAL_AT_300_MS, GOAL_AT_ALL_MS, GOAL_KEYFRAME_MS = 500.0, 10.0, 20.0, 300.0, 5.0
SCREEN = 300


def trend_figures(filled: Filled, sizes: Sizes) -> list[Figure]:
    """Warm, each over another stretch of the same length; then with nothing in the page cache."""
    spans = (
        ("1h", HOUR_S, 10),
        ("1d", DAY_S, 30),
        ("30d", sizes.month * DAY_S, 10),
        ("1y", sizes.days * DAY_S, 30),
    )
    figures = [_warm(filled, sizes, *span) for span in spans]
    cold = _cold(filled, sizes)
    figures.append(
        Figure("history.trend1y_cold_ms", cold, "ms",
               against=f"8 pens x {sizes.days} days of 1 s, no page of the files in memory, reader just opened",
               goal=f"<= {GOAL_COLD_MS:g}", passed=cold <= GOAL_COLD_MS)
    )  # fmt: skip
    return figures


def _warm(filled: Filled, sizes: Sizes, name: str, span_s: int, goal: int) -> Figure:
    reader = open_reader(filled.folder, fine=lambda tag: filled.is_fine)
    room = max(sizes.days * DAY_S - span_s, 0)
    begins = np.random.default_rng(1).integers(0, room + 1, sizes.repeats + 2)
    clock = time.process_time
    took = [drawn_ms(reader, filled.tags, BEGIN_S + int(begin), span_s, clock) for begin in begins][2:]
    reader.close()
    value = median(took)
    return Figure(
        f"history.trend_{name}_ms", value, "ms",
        against=f"CPU; 8 pens x {span_s // HOUR_S:,} h of 1 s = {8 * span_s:,} samples to {PIXELS:,} px; worst"
        f" {max(took):.1f}",
        goal=f"<= {goal}", passed=value <= goal,
    )  # fmt: skip


def drawn_ms(
    reader: ArchiveReader, tags: Sequence[int], begin_s: int, span_s: int, clock: Callable[[], float]
) -> float:
    """Milliseconds until the columns of all pens are there."""
    begun = clock()
    for tag in tags:
        trend(reader, tag, begin_s * NS_PER_S, (begin_s + span_s) * NS_PER_S, PIXELS, stepped=False)
    return (clock() - begun) * 1e3


def _cold(filled: Filled, sizes: Sizes) -> float:
    took = []
    for _ in range(3):
        forget(filled.folder)
        reader = open_reader(filled.folder, fine=lambda tag: filled.is_fine)
        took.append(drawn_ms(reader, filled.tags, BEGIN_S, sizes.days * DAY_S, time.perf_counter))
        reader.close()
    return median(took)


def forget(folder: Path) -> None:
    """Drop the files of a folder from the page cache; only what is on the disk already can go."""
    os.sync()
    for path in (path for path in folder.rglob("*") if path.is_file()):
        file = os.open(path, os.O_RDONLY)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(file)


def duck_figure(filled: Filled, folder: Path, sizes: Sizes, ours_ms: float) -> Figure:
    """The month against one query of DuckDB over the same samples."""
    store = DuckRows(folder / "samples.duckdb")
    for number, signal in zip(filled.tags, pens(), strict=True):
        hours = range(24 * sizes.month)
        times = np.concatenate([second_times(hour) for hour in hours])
        store.add(number, times, np.concatenate([signal.hour(hour) for hour in hours]))
    begin, end = BEGIN_S * NS_PER_S, (BEGIN_S + sizes.month * DAY_S) * NS_PER_S
    took = [_ms(lambda: store.trend(filled.tags, begin, end, PIXELS)) for _ in range(4)][1:]
    store.close()
    ratio = median(took) / ours_ms
    return Figure(
        "history.trend30d_vs_duckdb", ratio, "x",
        against=f"{8 * sizes.month * DAY_S:,} samples; DuckDB sorted by tag, all cores: {median(took):.0f} ms",
        goal=f">= {GOAL_DUCK:g}", passed=ratio >= GOAL_DUCK,
    )  # fmt: skip


def held_figures(filled: Filled, sizes: Sizes) -> list[Figure]:
    """Values at instants of the past, from chunks and from what is not compacted yet."""
    reader = open_reader(filled.folder, fine=lambda tag: filled.is_fine)
    chance = np.random.default_rng(5)
    end_s = PLANT_HOURS * HOUR_S
    moments = [
        (BEGIN_S + int(second)) * NS_PER_S for second in chance.integers(700, end_s, sizes.repeats + 2)
    ]
    screen = sorted(chance.choice(filled.tags, min(SCREEN, len(filled.tags)), replace=False).tolist())
    some = [_cpu_ms(lambda: reader.at(screen, moment)) for moment in moments][2:]  # noqa: B023
    every = [_cpu_ms(lambda: reader.at(filled.tags, moment)) for moment in moments[:7]][2:]  # noqa: B023
    frame = [_cpu_ms(lambda: reader.keyframe(moment)) for moment in moments][2:]  # noqa: B023
    reader.close()
    count = f"{len(filled.tags):,}"
    return [
        _held("history.at_300_ms", some, GOAL_AT_300_MS, f"{len(screen)} of {count} tags, exact"),
        _held("history.at_10k_ms", every, GOAL_AT_ALL_MS, f"{count} tags, exact"),
        _held(
            "history.keyframe_10k_ms", frame, GOAL_KEYFRAME_MS, f"{count} tags, at most ten minutes before"
        ),
    ]


def _held(name: str, took: Sequence[float], goal: float, against: str) -> Figure:
    value = median(took)
    text = f"CPU; {against}; another instant each time, worst {max(took):.1f}"
    return Figure(name, value, "ms", against=text, goal=f"<= {goal:g}", passed=value <= goal)


def _cpu_ms(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return (time.process_time() - begun) * 1e3


def _ms(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1e3

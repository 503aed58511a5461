"""How long a person waits: trends of eight pens, and the values of a screen or of a whole plant at an instant."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import cast

import numpy as np

from hmi.bench._history_signals import BEGIN_S, HOUR_S, pens, second_times
from hmi.bench._history_sizes import Sizes
from hmi.bench._history_stores import PLANT_HOURS, Filled
from hmi.bench.figure import Figure
from hmi.bench.peers.duckdb_rows import DuckRows
from hmi.core.clock import NS_PER_S
from hmi.historian.care import Cared
from hmi.historian.port import ArchiveReader
from hmi.historian.trend import expect, trend
from hmi.stores.sqlite import open_archive, open_reader

PIXELS = 2_000
DAY_S = 24 * HOUR_S
GOAL_COLD_MS, GOAL_DUCK, GOAL_AT_300_MS, GOAL_AT_ALL_MS, GOAL_KEYFRAME_MS = 500.0, 10.0, 20.0, 300.0, 5.0
SCREEN = 300


def trend_figures(filled: Filled, sizes: Sizes) -> list[Figure]:
    """Warm, each over another stretch of the same length; then with nothing in the page cache."""
    month, year = sizes.month * DAY_S, sizes.days * DAY_S
    figures = [
        _warm(filled, sizes, "1h", HOUR_S, 10),
        _warm(filled, sizes, "1d", DAY_S, 30),
        *_months(filled, sizes, month),
        _warm(filled, sizes, "1y", year, 30),
    ]
    cold = _cold(filled, sizes)
    figures.append(
        Figure("history.trend1y_cold_ms", cold, "ms",
               against=f"8 pens x {sizes.days} days of 1 s, no page of the files in memory, reader just opened",
               goal=f"<= {GOAL_COLD_MS:g}", passed=cold <= GOAL_COLD_MS)
    )  # fmt: skip
    return figures


def _warm(filled: Filled, sizes: Sizes, name: str, span_s: int, goal: int) -> Figure:
    reader = open_reader(filled.folder, fine=lambda tag: filled.is_fine)
    took = _drawn(reader, filled, sizes, span_s)
    reader.close()
    return _drawn_figure(name, took, span_s, goal, "another stretch each time")


def _months(filled: Filled, sizes: Sizes, span_s: int) -> list[Figure]:
    """Each month as it is opened for the first time; then any 30 days of them, as a chart is moved to and fro."""
    reader = open_reader(filled.folder, fine=lambda tag: filled.is_fine)
    begins = range(BEGIN_S, BEGIN_S + sizes.days * DAY_S - span_s + 1, span_s)
    first = [drawn_ms(reader, filled.tags, begin, span_s, time.process_time) for begin in begins]
    took = _drawn(reader, filled, sizes, span_s)
    reader.close()
    return [
        _drawn_figure(
            "30d", took, span_s, 10, "another stretch each time of months that were looked at before"
        ),
        _drawn_figure(
            "30d_first", first, span_s, None, "files that were not opened before, in the page cache"
        ),
    ]


def _drawn(reader: ArchiveReader, filled: Filled, sizes: Sizes, span_s: int) -> list[float]:
    room = max(sizes.days * DAY_S - span_s, 0)
    begins = np.random.default_rng(1).integers(0, room + 1, sizes.repeats + 2)
    return [
        drawn_ms(reader, filled.tags, BEGIN_S + int(begin), span_s, time.process_time) for begin in begins
    ][2:]


def _drawn_figure(name: str, took: Sequence[float], span_s: int, goal: int | None, how: str) -> Figure:
    value = median(took)
    return Figure(
        f"history.trend_{name}_ms", value, "ms",
        against=f"CPU; 8 pens x {span_s // HOUR_S:,} h of 1 s = {8 * span_s:,} samples to {PIXELS:,} px; {how};"
        f" worst {max(took):.1f}",
        goal=f"<= {goal}" if goal else "", passed=value <= goal if goal else None,
    )  # fmt: skip


def drawn_ms(
    reader: ArchiveReader, tags: Sequence[int], begin_s: int, span_s: int, clock: Callable[[], float]
) -> float:
    """Milliseconds until the columns of all pens are there."""
    begun = clock()
    expect(reader, tags, begin_s * NS_PER_S, (begin_s + span_s) * NS_PER_S, PIXELS)
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
    screen = _screen(filled)
    count = f"{len(filled.tags):,} tags"
    some, every, frame = _held_ms(filled, sizes, screen)
    return [
        _held("history.at_300_ms", some, GOAL_AT_300_MS, f"{len(screen)} of {count}, exact"),
        _held("history.at_10k_ms", every, GOAL_AT_ALL_MS, f"{count}, exact"),
        _held("history.keyframe_10k_ms", frame, GOAL_KEYFRAME_MS, f"{count}, at most ten minutes before"),
    ]


def old_figure(filled: Filled, folder: Path, sizes: Sizes) -> Figure:
    """The whole plant once the change feed does not hold the instant any more: out of chunks alone."""
    shutil.copytree(filled.folder, folder)
    archive = open_archive(folder)
    cast(Cared, archive).keep_feed(0, 0)
    archive.compact((BEGIN_S + (PLANT_HOURS + 1) * HOUR_S) * NS_PER_S)
    archive.close()
    every = _held_ms(replace(filled, folder=folder), sizes, ())[1]
    against = f"{len(filled.tags):,} tags, exact, out of chunks alone"
    return _held("history.at_10k_old_ms", every, GOAL_AT_ALL_MS, against)


def closed_figure(reports: Filled, sizes: Sizes) -> Figure:
    """A screen at instants of a day that is closed, where a chunk goes over several hours."""
    screen = _screen(reports)
    some = _held_ms(reports, sizes, screen, hours=24)[0]
    against = f"{len(screen)} tags, exact, of a closed day"
    return _held("history.at_300_closed_ms", some, GOAL_AT_300_MS, against)


def _screen(filled: Filled) -> list[int]:
    chance = np.random.default_rng(5)
    return sorted(chance.choice(filled.tags, min(SCREEN, len(filled.tags)), replace=False).tolist())


def _held_ms(
    filled: Filled, sizes: Sizes, screen: Sequence[int], hours: int = PLANT_HOURS
) -> tuple[list[float], list[float], list[float]]:
    """CPU ms of the values of a screen, of all tags, and of keyframes, at another instant each time."""
    reader = open_reader(filled.folder, fine=lambda tag: filled.is_fine)
    chance = np.random.default_rng(5)
    moments = [
        (BEGIN_S + int(second)) * NS_PER_S
        for second in chance.integers(700, hours * HOUR_S, sizes.repeats + 2)
    ]
    some = [_cpu_ms(lambda: reader.at(screen, moment)) for moment in moments]  # noqa: B023
    every = [_cpu_ms(lambda: reader.at(filled.tags, moment)) for moment in moments[:7]]  # noqa: B023
    frame = [_cpu_ms(lambda: reader.keyframe(moment)) for moment in moments]  # noqa: B023
    reader.close()
    return some[2:], every[2:], frame[2:]


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

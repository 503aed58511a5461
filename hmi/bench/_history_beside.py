"""What a person who reads notices of a recorder that writes ten times the usual load beside it."""

from __future__ import annotations

import time
from contextlib import nullcontext
from statistics import median

import numpy as np

from hmi.bench._history_reads import PIXELS, SCREEN
from hmi.bench._history_recorder import recording
from hmi.bench._history_signals import BEGIN_S, HOUR_S
from hmi.bench._history_sizes import Sizes
from hmi.bench._history_stores import PLANT_HOURS, Filled
from hmi.bench.figure import Figure
from hmi.core.clock import NS_PER_S
from hmi.historian.port import ArchiveReader
from hmi.historian.trend import trend
from hmi.stores.sqlite import open_reader

GOAL = 1.2
TURNS, COMMITS_PER_S = 3, 10


def beside_figure(filled: Filled, sizes: Sizes) -> Figure:
    """The same reads with and without it, in turns; the reader stays open all the time."""
    reader = open_reader(filled.folder, fine=lambda tag: filled.is_fine)
    chance = np.random.default_rng(11)
    alone, beside = [], []
    _reads(reader, filled, chance, 5)
    for _ in range(TURNS):
        for recorded, times in ((False, alone), (True, beside)):
            writer = recording(filled.folder, sizes.tags, COMMITS_PER_S) if recorded else nullcontext()
            with writer:
                times += _reads(reader, filled, chance, sizes.reads // TURNS)
    reader.close()
    ratio = median(beside) / median(alone)
    against = (
        f"{len(alone)} reads of a trend of 1 h and {SCREEN} values at an instant: {median(alone):.2f} ms alone,"
        f" {median(beside):.2f} ms beside {COMMITS_PER_S * sizes.tags:,} samples/s from another process"
    )
    return Figure("history.read_beside_recorder", ratio, "x", against, f"<= {GOAL}", ratio <= GOAL)


def _reads(reader: ArchiveReader, filled: Filled, chance: np.random.Generator, count: int) -> list[float]:
    """Milliseconds of each read; a pause between them as a screen makes it."""
    took = []
    screen = sorted(chance.choice(filled.tags, min(SCREEN, len(filled.tags)), replace=False).tolist())
    for _ in range(count):
        begin = (BEGIN_S + int(chance.integers(0, (PLANT_HOURS - 1) * HOUR_S))) * NS_PER_S
        begun = time.perf_counter()
        for tag in screen[:8]:
            trend(reader, tag, begin, begin + HOUR_S * NS_PER_S, PIXELS, stepped=False)
        reader.at(screen, begin + HOUR_S * NS_PER_S)
        took.append((time.perf_counter() - begun) * 1e3)
        time.sleep(0.02)
    return took

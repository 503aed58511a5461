"""Bytes of a stored sample, with rollups and everything around them, and what Gorilla makes of the same samples."""

from __future__ import annotations

import numpy as np

from hmi.bench._history_signals import pens, plant, reported, scan_times, second_times
from hmi.bench._history_stores import Filled
from hmi.bench.figure import Figure
from hmi.bench.peers.gorilla import gorilla_bits
from hmi.core.clock import NS_PER_S

GOAL_RAW, GOAL_EXCEPTION, GOAL_GORILLA = 1.4, 2.4, 0.5
PUBLISHED = "its paper's own figure, on 60 s data of servers, is 1.37"


def bytes_figures(raw: Filled, exception: Filled) -> list[Figure]:
    """Whole day files divided by their samples."""
    seconds, reports = _gorilla_of_seconds(), _gorilla_of_reports()
    ratio = max(raw.bytes_per_sample / seconds, exception.bytes_per_sample / reports)
    return [
        Figure("history.bytes_per_sample", raw.bytes_per_sample, "B",
               against=f"{raw.samples:,} samples of 1 s, rollups of 1 min, 10 min and 1 h included",
               goal=f"<= {GOAL_RAW}", passed=raw.bytes_per_sample <= GOAL_RAW),
        Figure("history.bytes_per_sample_exception", exception.bytes_per_sample, "B",
               against=f"{exception.samples:,} samples by exception of {len(exception.tags):,} tags, rollups and"
               " keyframes included",
               goal=f"<= {GOAL_EXCEPTION}", passed=exception.bytes_per_sample <= GOAL_EXCEPTION),
        Figure("history.bytes_vs_gorilla", ratio, "x",
               against=f"the worse of 1 s data (Gorilla without rollups: {seconds:.2f} B) and exception data"
               f" ({reports:.2f} B); {PUBLISHED}",
               goal=f"<= {GOAL_GORILLA}", passed=ratio <= GOAL_GORILLA),
    ]  # fmt: skip


def _gorilla_of_seconds() -> float:
    """Bytes a sample of the pens: blocks of two hours, times in s."""
    times = np.concatenate([second_times(hour) for hour in (0, 1)]) // NS_PER_S
    blocks = [np.concatenate([signal.hour(0), signal.hour(1)]) for signal in pens()]
    bits = sum(gorilla_bits(times.tolist(), values) for values in blocks)
    return bits / 8 / sum(map(len, blocks))


def _gorilla_of_reports(tags: int = 100) -> float:
    """Bytes a sample of a hundred tags of the plant by exception: blocks of an hour, times in ms."""
    table = np.stack([signal.hour(0) for signal in plant(tags)])
    chosen, times = reported(table), scan_times(0) // 1_000_000
    bits = sum(gorilla_bits(times[kept].tolist(), row[kept]) for row, kept in zip(table, chosen, strict=True))
    return bits / 8 / int(chosen.sum())

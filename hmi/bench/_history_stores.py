"""The two archives that reads are measured on: a plant by exception, and pens that keep every second of a year."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hmi.bench._history_signals import (
    HOUR_S,
    columns,
    exception_batches,
    pens,
    plant,
    second_times,
)
from hmi.bench._history_sizes import Sizes
from hmi.historian.port import Archive
from hmi.historian.samples import Batch, Samples, joined
from hmi.stores.sqlite import open_archive

PLANT_HOURS, LIVE_S = 2, 600
"""Hours of the plant in chunks, and seconds behind them that are not compacted yet."""


@dataclass(frozen=True, slots=True)
class Filled:
    """An archive as files: its tag numbers, how many samples are in chunks, and the bytes of its day files."""

    folder: Path
    tags: tuple[int, ...]
    samples: int
    bytes: int
    cpu_s: float
    is_fine: bool = False
    """Its tags keep the 1-minute level."""

    @property
    def bytes_per_sample(self) -> float:
        return self.bytes / max(self.samples, 1)


def filled_plant(folder: Path, sizes: Sizes) -> Filled:
    """``PLANT_HOURS`` hours of every tag by exception in chunks, and ``LIVE_S`` s of the next one."""
    archive, signals = open_archive(folder), plant(sizes.tags)
    numbers = np.array([archive.number(f"plant/{n}") for n in range(sizes.tags)], np.int32)
    begun, samples = time.process_time(), 0
    for hour in range(PLANT_HOURS + 1):
        live = hour == PLANT_HOURS
        for batch in exception_batches(
            numbers, signals, hour, 5 if live else 100, LIVE_S if live else HOUR_S
        ):
            archive.commit(batch, time=int(batch.samples.times[-1]))
            samples += 0 if live else len(batch)
        archive.compact(int(second_times(hour)[0]))
    archive.close()
    return Filled(folder, tuple(numbers.tolist()), samples, day_bytes(folder), time.process_time() - begun)


def filled_reports(folder: Path, sizes: Sizes) -> Filled:
    """One whole day of some tags by exception, closed as it is kept for years."""
    archive, signals = open_archive(folder), plant(sizes.report_tags)
    numbers = np.array([archive.number(f"report/{n}") for n in range(len(signals))], np.int32)
    begun, samples = time.process_time(), 0
    for hour in range(24):
        for batch in exception_batches(numbers, signals, hour, 600):
            archive.commit(batch, time=int(batch.samples.times[-1]))
            samples += len(batch)
        archive.compact(int(second_times(hour + 1)[0]))
    archive.close()
    return Filled(folder, tuple(numbers.tolist()), samples, day_bytes(folder), time.process_time() - begun)


def filled_pens(folder: Path, days: int) -> Filled:
    """``days`` of eight pens, each second kept, with the 1-minute level."""
    archive, signals = open_archive(folder, fine=lambda tag: True), pens()
    numbers = [archive.number(f"pen/{n}") for n in range(len(signals))]
    begun = time.process_time()
    for day in range(days):
        backfill_day(archive, numbers, day)
    archive.close()
    spent = time.process_time() - begun
    return Filled(folder, tuple(numbers), days * 24 * HOUR_S * len(signals), day_bytes(folder), spent, True)


def backfill_day(archive: Archive, numbers: list[int], day: int) -> None:
    """One day of every pen, hour by hour as a recorder has it, then compacted."""
    for hour in range(24 * day, 24 * day + 24):
        batch = pens_hour(numbers, hour)
        archive.commit(batch, time=int(batch.samples.times[-1]))
    archive.compact(int(second_times(24 * day + 24)[0]))


def pens_hour(numbers: list[int], hour: int) -> Batch:
    """One hour of every pen."""
    parts: list[Samples] = [columns(second_times(hour), signal.hour(hour)) for signal in pens(len(numbers))]
    return Batch(np.repeat(np.array(numbers, np.int32), HOUR_S), joined(parts))


def day_bytes(folder: Path) -> int:
    """What the days take for ever; the live file holds hours and the bounded change feed."""
    return sum(path.stat().st_size for path in folder.rglob("day-*") if path.is_file())

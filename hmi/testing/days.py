"""An archive of several closed days, quickly written: for tests of what is done with whole days."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from hmi.historian.port import Archive
from hmi.historian.rollups import HOUR
from hmi.historian.samples import Batch, Samples
from hmi.stores.sqlite import open_archive

DAY: Final = 24 * HOUR
FIRST_DAY: Final = 20_700
TAGS: Final = ("line/0", "line/1")
EVERY: Final = 600 * 1_000_000_000


def days_archive(folder: Path, days: int, *, first: int = FIRST_DAY) -> Archive:
    """Each tag has a sample each ten minutes of so many closed days, hours since the begin + its place."""
    archive = open_archive(folder)
    add_days(archive, first, days, first)
    archive.compact((first + days) * DAY)
    return archive


def add_days(archive: Archive, day: int, days: int, begin: int = FIRST_DAY) -> None:
    """Samples of further days in one commit each."""
    numbers = [archive.number(tag) for tag in TAGS]
    for one in range(day, day + days):
        times = np.arange(one * DAY, (one + 1) * DAY, EVERY)
        for place, number in enumerate(numbers):
            values = (times - begin * DAY) / HOUR + place
            archive.commit(
                Batch(np.full(len(times), number, np.int32), samples_of(times, values)), time=int(times[-1])
            )


def samples_of(times: np.ndarray, values: np.ndarray) -> Samples:
    """Good floats at these times."""
    zeros = np.zeros(len(times), np.uint32)
    narrow = zeros.astype(np.uint16)
    bits = values.astype(np.float64).view(np.uint64)
    return Samples(times, bits, np.ones(len(times), np.uint8), zeros, times, narrow, narrow, zeros)

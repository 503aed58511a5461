"""Rollups of many tags of one hour at once: the tags are laid out one behind the other on a time line of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hmi.core import quality
from hmi.core.history import SampleFlag
from hmi.historian.rollups import HOUR, Rollups, rollups_of
from hmi.historian.samples import Batch, Samples, Times, ValueKind

_SLOT: Final = 48 * HOUR
"""Room of one tag on the time line: a day for what stood before, the hour, and a gap."""
_BEFORE: Final = 24 * HOUR
_AT_ONCE: Final = 400_000
_TAGS_AT_ONCE: Final = 20_000
ROW: Final = np.dtype(
    [
        ("starts", "<i8"), ("low", "<f8"), ("high", "<f8"), ("first", "<f8"), ("last", "<f8"), ("low_at", "<i8"),
        ("high_at", "<i8"), ("last_at", "<i8"), ("mean", "<f8"), ("counts", "<u4"), ("good", "<u4"),
        ("worst", "<u4"), ("covered", "<i8"),
    ]
)  # fmt: skip
"""A row of rollups as it is kept until its day is closed."""


@dataclass(frozen=True, slots=True, eq=False)
class Many:
    """Samples of many tags within one hour, sorted by tag and time; ``begins`` as in ``HourData``."""

    hour: int
    numbers: NDArray[np.int32]
    begins: NDArray[np.int64]
    samples: Samples

    def chosen(self, places: NDArray[np.intp]) -> Many:
        """Some of the tags."""
        counts = np.diff(self.begins)[places]
        starts = np.repeat(self.begins[places] - np.append(0, np.cumsum(counts)[:-1]), counts)
        picked = starts + np.arange(int(counts.sum()))
        return Many(
            self.hour, self.numbers[places], np.append(0, np.cumsum(counts)), self.samples.take(picked)
        )


def rows_of(
    many: Many, standing: Batch, levels: Sequence[int], *, stepped: bool
) -> Iterator[tuple[int, int, NDArray[np.void]]]:
    """(level, tag, its rows as ``ROW``); ``standing``: last sample before the hour, tags rising."""
    for part in _parts(many):
        line = _line(part, standing, stepped=stepped)
        for level in levels:
            rollups = rollups_of(line, level, before=None, stepped=stepped)
            for tag, rows in _split(part, rollups):
                yield level, tag, rows


def as_rows(rollups: Rollups) -> NDArray[np.void]:
    rows = np.empty(len(rollups), ROW)
    for name in ROW.names or ():
        rows[name] = getattr(rollups, name)
    return rows


def as_rollups(rows: NDArray[np.void], level: int) -> Rollups:
    return Rollups(level, **{name: np.ascontiguousarray(rows[name]) for name in ROW.names or ()})


def _parts(many: Many) -> Iterator[Many]:
    low = 0
    while low < len(many.numbers):
        high = int(np.searchsorted(many.begins, many.begins[low] + _AT_ONCE, side="right")) - 1
        high = min(max(high, low + 1), low + _TAGS_AT_ONCE, len(many.numbers))
        begin, end = int(many.begins[low]), int(many.begins[high])
        yield Many(
            many.hour, many.numbers[low:high], many.begins[low : high + 1] - begin,
            many.samples.take(slice(begin, end)),
        )  # fmt: skip
        low = high


def _line(part: Many, standing: Batch, *, stepped: bool) -> Samples:
    """What stood before and the samples, tag after tag; nothing bridges from one tag to the next.

    Only the columns that rollups are made of are laid out.
    """
    count = len(part.numbers)
    shifts = np.arange(count) * _SLOT + _BEFORE - part.hour * HOUR
    firsts, sizes = part.begins[:-1], np.diff(part.begins)
    places = np.minimum(np.searchsorted(standing.tags, part.numbers), max(len(standing.tags) - 1, 0))
    has = standing.tags[places] == part.numbers if len(standing.tags) else np.zeros(count, bool)
    before = _before(
        standing.samples.take(places[has]), part.samples.take(firsts[has]), part.hour, stepped=stepped
    )
    own = np.arange(len(part.samples)) + np.repeat(np.cumsum(has), sizes)
    begins = firsts + np.cumsum(has) - has
    stood = begins[has]

    def laid(name: str) -> NDArray[Any]:
        column = getattr(part.samples, name)
        line = np.empty(len(own) + len(stood), column.dtype)
        line[own], line[stood] = column, getattr(before, name)
        return line

    times = laid("times") + np.repeat(shifts, sizes + has)
    flags = laid("flags")
    flags[begins] |= np.uint16(SampleFlag.GAP_BEFORE)
    none = np.broadcast_to(np.zeros(1, np.uint32), len(times))
    return Samples(
        times, laid("bits"), laid("kinds"), laid("statuses"), times, flags, none.astype(np.uint16), none
    )


def _before(standing: Samples, first: Samples, hour: int, *, stepped: bool) -> Samples:
    """What stood, brought into its room on the line: at most a day before the hour, on the way to the first sample."""
    earliest = hour * HOUR - _BEFORE
    far = standing.times < earliest
    if not far.any():
        return standing
    times = np.where(far, earliest, standing.times)
    if stepped:
        return _moved(standing, times)
    values, following = standing.numbers(), first.numbers()
    usable = far & (standing.statuses < quality.BAD) & (first.statuses < quality.BAD)
    usable &= ~np.isnan(values) & ~np.isnan(following)
    share = (earliest - standing.times) / np.maximum(first.times - standing.times, 1)
    bits, kinds = standing.bits.copy(), standing.kinds.copy()
    bits[usable] = (values + (following - values) * share)[usable].view(np.uint64)
    kinds[usable] = ValueKind.FLOAT
    return Samples(
        times, bits, kinds, standing.statuses, standing.receives, standing.flags, standing.versions, standing.runs,
        standing.objects,
    )  # fmt: skip


def _moved(samples: Samples, times: Times) -> Samples:
    return Samples(
        times, samples.bits, samples.kinds, samples.statuses, samples.receives, samples.flags, samples.versions,
        samples.runs, samples.objects,
    )  # fmt: skip


def _split(part: Many, rollups: Rollups) -> Iterator[tuple[int, NDArray[np.void]]]:
    rows = as_rows(rollups)
    owners = rows["starts"] // _SLOT
    offsets = rows["starts"] - owners * _SLOT
    inside = (offsets >= _BEFORE) & (offsets < _BEFORE + HOUR)
    rows, owners = rows[inside], owners[inside]
    shifts = owners * _SLOT + _BEFORE - part.hour * HOUR
    rows["starts"] -= shifts
    for name in ("low_at", "high_at", "last_at"):
        rows[name] -= np.where(np.isnan(rows["low"]), 0, shifts)
    begins = np.flatnonzero(np.diff(owners, prepend=-1))
    for begin, end in zip(begins.tolist(), [*begins[1:].tolist(), len(rows)], strict=True):
        yield int(part.numbers[owners[begin]]), rows[begin:end]

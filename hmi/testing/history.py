"""The history of a FakeClient beyond raw samples: trends, figures, annotations and the state of the archive.

What it computes is written the plain way, sample by sample and column by column, from the same past that raw reads
give; nothing happens by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from hmi.client.history import (
    RAW_PER_PIXEL,
    AnnotationInfo,
    HistoryState,
    RangeFigures,
    TrendAnswer,
    TrendQuery,
    TrendSeries,
)
from hmi.client.port import PlantInfo, TagInfo
from hmi.core.clock import NS_PER_S
from hmi.core.errors import CommunicationError
from hmi.core.history import HistoryPage, ReadProcessed, SampleFlag
from hmi.historian.samples import Floats, Samples
from hmi.testing.past import FakePast

SLOPED = frozenset({"float", "float32", "float64"})
Mask = NDArray[np.bool_]


def make_samples(
    times: Sequence[int] | NDArray[np.int64],
    values: Sequence[float] | NDArray[np.float64],
    statuses: Sequence[int] | None = None,
    flags: Sequence[int] | None = None,
) -> Samples:
    """Recorded numbers (times UTC ns) for ``FakeClient.columns``; Good and without flags unless given."""
    count = len(times)
    stamps = np.array(times, np.int64)
    return Samples(
        stamps,
        np.array(values, np.float64).view(np.uint64),
        np.ones(count, np.uint8),
        np.zeros(count, np.uint32) if statuses is None else np.array(statuses, np.uint32),
        stamps.copy(),
        np.zeros(count, np.uint16) if flags is None else np.array(flags, np.uint16),
        np.zeros(count, np.uint16),
        np.zeros(count, np.uint32),
    )


class FakeHistory:
    """``notes``: all annotations, withdrawn ones too. ``state``: what ``history_state`` says but for its time."""

    def __init__(self, plant: PlantInfo, past: FakePast, now: Callable[[], int]) -> None:
        self._tags = {key: tag for tag in plant.tags for key in (tag.id, tag.name)}
        self._past, self._now = past, now
        self.notes: list[AnnotationInfo] = []
        self.state = HistoryState(seq=1)
        self.queries: list[TrendQuery] = []

    def tag(self, reference: str) -> TagInfo:
        """By id or name."""
        if reference not in self._tags:
            raise CommunicationError(f"there is no tag {reference!r}")
        return self._tags[reference]

    def state_now(self) -> HistoryState:
        return replace(self.state, until=self.state.until or self._now())

    def processed(self, request: ReadProcessed) -> HistoryPage:
        raise ValueError(f"there is no aggregate {request.aggregate!r}")

    def trend(self, query: TrendQuery) -> TrendAnswer:
        if query.start >= query.end or query.pixels < 1:
            raise CommunicationError("a trend needs a start before its end and at least one pixel")
        self.queries.append(query)
        series = [self._series(self.tag(one), query) for one in query.tags]
        return TrendAnswer(query.start, query.end, self._now(), series)

    def _series(self, tag: TagInfo, query: TrendQuery) -> TrendSeries:
        found = self._past.columns_of(tag.id, query.start, query.end)
        inside = found.between(query.start, query.end)
        stepped = tag.type not in SLOPED
        if len(inside) <= RAW_PER_PIXEL * query.pixels:
            return exact_series(tag.id, found, stepped)
        return pixel_series(tag.id, inside, query, stepped)

    def figures(self, tags: Sequence[str], start: int, end: int) -> list[RangeFigures]:
        if start >= end:
            raise CommunicationError("the range ends before it begins")
        return [self._figures(self.tag(one), start, end) for one in tags]

    def _figures(self, tag: TagInfo, start: int, end: int) -> RangeFigures:
        found = self._past.columns_of(tag.id, start, end)
        good = found.is_good() & ~np.isnan(found.numbers())
        lengths = _standing(found, start, end)
        good_ns = int(lengths[good].sum())
        inside = good & (found.times >= start) & (found.times < end)
        numbers, times = found.numbers()[inside], found.times[inside]
        share, missing = 100 * good_ns / (end - start), (end - start - good_ns) / NS_PER_S
        if not len(numbers):
            return RangeFigures(tag.id, start, end, percent_good=share, seconds_bad=missing)
        low, high = int(numbers.argmin()), int(numbers.argmax())
        return RangeFigures(
            tag.id, start, end,
            minimum=float(numbers[low]), minimum_at=int(times[low]),
            maximum=float(numbers[high]), maximum_at=int(times[high]),
            average=_average(found, good, start, end, tag.type not in SLOPED),
            deviation=float(numbers.std(ddof=1)) if len(numbers) > 1 else 0.0,
            first=float(numbers[0]), last=float(numbers[-1]), count=len(numbers),
            percent_good=share, seconds_bad=missing,
        )  # fmt: skip

    def annotations(self, tags: Sequence[str], start: int, end: int) -> list[AnnotationInfo]:
        ids = {self.tag(one).id for one in tags}
        found = [
            one for one in self.notes if one.tag_id in ids and start <= one.time <= end and not one.deleted
        ]
        return sorted(found, key=lambda one: one.time)

    def annotate(self, reference: str, time: int, text: str, user: str) -> AnnotationInfo:
        if not text.strip():
            raise CommunicationError("an annotation needs a text")
        number = f"n_{len(self.notes) + 1}"
        made = AnnotationInfo(number, self.tag(reference).id, time, text.strip(), user, self._now())
        self.notes.append(made)
        return made

    def withdraw(self, annotation_id: str, reason: str) -> None:
        if not reason.strip():
            raise CommunicationError("say why the annotation is withdrawn")
        for place, one in enumerate(self.notes):
            if one.id == annotation_id and not one.deleted:
                self.notes[place] = replace(one, deleted=True)
                return
        raise CommunicationError(f"there is no annotation {annotation_id!r}")


def exact_series(tag_id: str, found: Samples, stepped: bool) -> TrendSeries:
    """The samples themselves; nothing is drawn from a Bad one to the next."""
    numbers = found.numbers()
    numbers[found.is_bad()] = np.nan
    return TrendSeries(
        tag_id, True, stepped, 0, found.times.astype("<i8").tobytes(), numbers.astype("<f8").tobytes(),
        b"", b"", b"", b"", found.statuses.astype("<u4").tobytes(), breaks_of(found).astype(np.uint8).tobytes(),
    )  # fmt: skip


def breaks_of(found: Samples) -> Mask:
    """Where nothing may be drawn from the sample before: behind a gap and behind a Bad sample."""
    behind_bad = np.zeros(len(found), np.bool_)
    behind_bad[1:] = found.is_bad()[:-1]
    return behind_bad | ((found.flags & SampleFlag.GAP_BEFORE) != 0)


def pixel_series(tag_id: str, inside: Samples, query: TrendQuery, stepped: bool) -> TrendSeries:
    """One row per column of the chart that holds samples."""
    width = -(-(query.end - query.start + 1) // query.pixels)
    columns = (inside.times - query.start) // width
    begins = np.flatnonzero(np.diff(columns, prepend=-1))
    numbers, breaks = inside.numbers(), breaks_of(inside) | inside.is_bad()
    numbers[inside.is_bad()] = np.nan
    first, last, low, high, mean = (one.astype("<f8") for one in _rows(numbers, begins))
    times = (query.start + columns[begins] * width).astype("<i8")
    return TrendSeries(
        tag_id, False, stepped, width, times.tobytes(), first.tobytes(), last.tobytes(), low.tobytes(),
        high.tobytes(), mean.tobytes(), np.maximum.reduceat(inside.statuses, begins).astype("<u4").tobytes(),
        np.logical_or.reduceat(breaks, begins).astype(np.uint8).tobytes(),
    )  # fmt: skip


def _rows(numbers: Floats, begins: NDArray[np.int64]) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """First, last, minimum, maximum and mean of what is a number in each row; NaN where nothing is."""
    known = ~np.isnan(numbers)
    places = np.arange(len(numbers))
    firsts = np.minimum.reduceat(np.where(known, places, len(numbers)), begins)
    lasts = np.maximum.reduceat(np.where(known, places, -1), begins)
    padded = np.append(numbers, np.nan)
    counts = np.add.reduceat(known.astype(np.int64), begins)
    sums = np.add.reduceat(np.where(known, numbers, 0.0), begins)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    low, high = np.fmin.reduceat(numbers, begins), np.fmax.reduceat(numbers, begins)
    return padded[firsts], padded[lasts], low, high, means


def _standing(found: Samples, start: int, end: int) -> NDArray[np.int64]:
    """How long each sample stands within the range, ns."""
    edges = np.clip(np.append(found.times, end), start, end)
    return np.diff(edges)


def _average(found: Samples, good: Mask, start: int, end: int, stepped: bool) -> float | None:
    """Time-weighted over what is Good; sloped ones by the line to the next Good sample."""
    edges = np.clip(np.append(found.times, end), start, end)
    lengths, numbers = np.diff(edges), found.numbers()
    heights = numbers.copy()
    if not stepped and len(found) > 1:
        slope = good[:-1] & good[1:] & ~breaks_of(found)[1:]
        middle = (edges[:-1] + edges[1:])[:-1] / 2 - found.times[:-1]
        steps = np.diff(found.times)
        rise = np.divide(np.diff(numbers), steps, out=np.zeros(len(steps)), where=steps > 0)
        heights[:-1] += np.where(slope, rise * middle, 0.0)
    total = int(lengths[good].sum())
    return float((heights * lengths)[good].sum() / total) if total else None

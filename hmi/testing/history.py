"""The history of a FakeClient beyond raw samples: trends, figures, aggregates, edits, annotations and the state.

It computes what a runtime computes, out of the same past that raw reads give; nothing happens by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from hmi.client.history import (
    AnnotationInfo,
    HistoryState,
    RangeFigures,
    TrendAnswer,
    TrendQuery,
    TrendSeries,
)
from hmi.client.port import PlantInfo, TagInfo
from hmi.core.errors import CommunicationError
from hmi.core.history import HistoryPage, ReadAtTime, ReadProcessed, SampleFlag
from hmi.core.values import DataValue
from hmi.historian.aggregates import SamplesSource, figures, processed, values_at
from hmi.historian.rollups import Rollups, rollups_of
from hmi.historian.samples import Samples, joined
from hmi.historian.trend import series_of, trend
from hmi.testing.past import FakePast

MEASURED = frozenset({"float", "float32", "float64", "int64", "uint64"})


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
        self.past, self._now = past, now
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

    def at_times(self, request: ReadAtTime) -> HistoryPage:
        tag = self.tag(request.tag_id)
        source = SamplesSource(self.past.columns_of(tag.id, min(request.times), max(request.times)))
        found = values_at(source, tag.id, request.times, _is_stepped(tag), known_until=self._now())
        return HistoryPage(request.tag_id, tuple(found))

    def processed(self, request: ReadProcessed) -> HistoryPage:
        tag = self.tag(request.tag_id)
        low, high = sorted((request.start, request.end))
        try:
            results = processed(
                SamplesSource(self.past.columns_of(tag.id, low, high)), request, _is_stepped(tag),
                known_until=self._now(),
                annotations=lambda start, end: [one.time for one in self.annotations([tag.id], start, end)],
            )  # fmt: skip
        except ValueError as error:
            raise CommunicationError(str(error)) from None
        return HistoryPage(request.tag_id, tuple(results))

    def trend(self, query: TrendQuery) -> TrendAnswer:
        if query.start >= query.end or query.pixels < 1:
            raise CommunicationError("a trend needs a start before its end and at least one pixel")
        self.queries.append(query)
        series = [self._series(self.tag(one), query) for one in query.tags]
        return TrendAnswer(query.start, query.end, self._now(), series)

    def _series(self, tag: TagInfo, query: TrendQuery) -> TrendSeries:
        reader = _ColumnReader(self.past.columns_of(tag.id, query.start, query.end))
        found = trend(reader, 0, query.start, query.end, query.pixels, stepped=_is_stepped(tag))
        return series_of(found, tag.id)

    def figures(self, tags: Sequence[str], start: int, end: int) -> list[RangeFigures]:
        if start >= end:
            raise CommunicationError("the range ends before it begins")
        found: list[RangeFigures] = []
        for tag in map(self.tag, tags):
            source = SamplesSource(self.past.columns_of(tag.id, start, end))
            found.append(figures(source, tag.id, start, end, _is_stepped(tag), known_until=self._now()))
        return found

    def edit(self, reference: str, samples: Sequence[DataValue]) -> int:
        """Samples at the same instants are replaced."""
        tag = self.tag(reference)
        kept = self.past.columns_of(tag.id, 0, 2**62)
        fresh = Samples.of(samples, flags=SampleFlag.EDITED)
        kept = kept.take(~np.isin(kept.times, fresh.times))
        self.past.columns[tag.name] = joined((kept, fresh)).in_order()
        return len(samples)

    def delete(self, reference: str, start: int, end: int) -> int:
        tag = self.tag(reference)
        kept = self.past.columns_of(tag.id, 0, 2**62)
        gone = (kept.times >= start) & (kept.times <= end)
        self.past.columns[tag.name] = kept.take(~gone)
        return int(gone.sum())

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


def _is_stepped(tag: TagInfo) -> bool:
    return tag.type not in MEASURED or bool(tag.states)


class _ColumnReader:
    """One tag without rollups; obeys TrendReader."""

    def __init__(self, found: Samples) -> None:
        self._found, self._source = found, SamplesSource(found)

    def blocks(self, tag: int, start: int, end: int) -> Iterator[Samples]:
        return self._source.samples(start, end)

    def before(self, tag: int, at: int) -> Samples:
        return self._source.before(at)

    def after(self, tag: int, at: int) -> Samples:
        return self._source.after(at)

    def rollups(self, tag: int, start: int, end: int, level_ns: int) -> Rollups:
        inside = self._found.between(start, end - 1)
        return rollups_of(inside, level_ns, before=self.before(tag, start), stepped=False)

    def levels(self, tag: int) -> tuple[int, ...]:
        return ()

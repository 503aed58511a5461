"""The recent past of every recorded tag, bounded in memory, and the change feed in commit order."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from hmi.core import quality
from hmi.core.history import HistoryPage, ReadRaw, page_of, source_time
from hmi.core.values import DataValue, bad
from hmi.project.plant import Plant

CAPACITY = 7_200
FEED_CAPACITY = 200_000


@dataclass(frozen=True, slots=True)
class FeedRecord:
    """One recorded change: ``seq`` is its place in commit order (2b.8), ``run_id`` the run it belongs to."""

    seq: int
    tag_id: str
    value: DataValue
    run_id: str = ""


class History(Protocol):
    """What the runtime asks of a historian."""

    def append(self, changes: Iterable[tuple[int, DataValue]]) -> None: ...

    def read_raw(self, request: ReadRaw) -> HistoryPage: ...

    def read_at(self, tag_id: str, at: int) -> DataValue: ...

    def feed_after(self, seq: int, limit: int = 1_000) -> tuple[FeedRecord, ...]: ...


class RecentHistory:
    """The last ``capacity`` changes of each tag with ``history``; status changes are always kept.

    ``append`` is called by the fan-out after alarms were evaluated. Samples are ordered by source time.
    """

    def __init__(self, plant: Plant, *, capacity: int = CAPACITY, run_id: str = "") -> None:
        self._capacity, self._run_id = capacity, run_id
        self._samples: dict[str, deque[DataValue]] = {}
        self._late: set[str] = set()  # tags with a sample that is older than the one before it
        self._by_handle: dict[int, tuple[str, deque[DataValue]]] = {}
        self._feed: deque[FeedRecord] = deque(maxlen=FEED_CAPACITY)
        self._seq = 0
        self.apply(plant)

    def apply(self, plant: Plant) -> None:
        """Take a plant revision: tags keep their samples by id, tags that are gone lose them."""
        old, recorded = self._samples, [tag for tag in plant.tags if tag.history]
        self._samples = {tag.id: old.get(tag.id, deque(maxlen=self._capacity)) for tag in recorded}
        self._by_handle = {tag.handle: (tag.id, self._samples[tag.id]) for tag in recorded}

    def begin_run(self, run_id: str) -> None:
        """A restored plant is another run: its past is its own, and its clock may have gone back (2b.4)."""
        self._run_id = run_id
        for samples in self._samples.values():
            samples.clear()

    def append(self, changes: Iterable[tuple[int, DataValue]]) -> None:
        """Record changes of the recorded tags."""
        by_handle = self._by_handle
        for handle, value in changes:
            found = by_handle.get(handle)
            if found is not None:
                tag_id, samples = found
                if samples and value.source_time < samples[-1].source_time:
                    self._late.add(tag_id)
                samples.append(value)
                self._seq += 1
                self._feed.append(FeedRecord(self._seq, tag_id, value, self._run_id))

    def read_raw(self, request: ReadRaw) -> HistoryPage:
        """Samples from start to end; with ``bounds`` also the one before and the one after."""
        return page_of(self._ordered(request.tag_id), request)

    def read_at(self, tag_id: str, at: int) -> DataValue:
        """The value that held at ``at`` (UTC ns): the last one before it; BadNoData where none is kept."""
        samples = self._ordered(tag_id)
        index = bisect_right(samples, at, key=source_time)
        return samples[index - 1] if index else bad(quality.BAD_NO_DATA, at)

    def _ordered(self, tag_id: str) -> list[DataValue]:
        """All samples of a tag by source time; sorted only where a late one came in."""
        samples = self._samples.get(tag_id)
        if samples is None:
            return []
        if tag_id in self._late:
            self._late.discard(tag_id)
            ordered = sorted(samples, key=source_time)
            samples.clear()
            samples.extend(ordered)
        return list(samples)

    def feed_after(self, seq: int, limit: int = 1_000) -> tuple[FeedRecord, ...]:
        """Records after ``seq`` in commit order; what fell out of the feed is a visible hole in ``seq``."""
        if not self._feed:
            return ()
        start = max(0, seq + 1 - self._feed[0].seq)
        return tuple(self._feed[index] for index in range(start, min(start + limit, len(self._feed))))

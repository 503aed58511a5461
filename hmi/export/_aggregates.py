"""Aggregates over intervals, each when it has ended and again where a later commit changes what was in it.

Everything follows from the commits of a step alone: which intervals ended between the commit before them and the last
of them, and which of those that had ended before they touch. A row carries the step's last commit as its revision.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np

from hmi.core.clock import NS_PER_S
from hmi.core.errors import StorageError
from hmi.core.history import ReadProcessed
from hmi.core.values import DataValue
from hmi.export._progress import Head, Piece
from hmi.export._source import ALL, MOST_ROWS, Part, earliest_of, head_of, no_rows, without_bad_values
from hmi.export.port import ExportTag, Rows
from hmi.historian.aggregates import ArchiveSource, processed
from hmi.historian.port import ArchiveReader, Commit
from hmi.historian.samples import Batch, Samples

SETTLE_NS: Final = 3 * NS_PER_S
"""After its end an interval waits so long: the samples of its last second come with the commit after it."""
MOST_COMMITS: Final = 3_600
MOST_INTERVALS: Final = 1_440
_PAGE: Final = 64


class AggregateSource:
    """One row for each series and interval; its time is the begin of the interval."""

    def __init__(self, reader: ArchiveReader, series: Sequence[ExportTag]) -> None:
        self.series = tuple(series)
        self._reader = reader
        self._interval = (series[0].interval_s if series else 60) * NS_PER_S
        self.piece = Piece(MOST_INTERVALS * self._interval, len(self.series), MOST_ROWS // MOST_INTERVALS)
        self._of_tag: dict[str, list[int]] = {}
        for place, tag in enumerate(self.series):
            self._of_tag.setdefault(tag.key.partition("/")[0], []).append(place)

    def head(self) -> Head:
        return head_of(self._reader)

    def time_of(self, seq: int) -> int:
        found = self._reader.feed(seq - 1, 1)
        return found[0].time if found else 0

    def earliest(self, since: int) -> int:
        return earliest_of(self._reader, self._of_tag, since)

    def read(self, first: int, last: int) -> Part:
        numbers = {number: key for key, number in self._reader.tags().items() if key in self._of_tag}
        touched: dict[str, set[int]] = {}
        begin = self._ended(self.time_of(first - 1) if first > 1 else self.time_of(first))
        ended, newest, count, end = begin, 0, 0, 0
        for commit in self._commits(first, last):
            self._note(commit, numbers, begin, touched)
            newest, end, count = commit.seq, commit.time, count + 1
            ended = max(ended, self._ended(commit.time))
            if count >= MOST_COMMITS or ended - begin >= MOST_INTERVALS:
                break
        if not newest:
            return Part(last, 0, no_rows(self.series), missing=((first, last),))
        wanted = {key: [*sorted(touched.get(key, ())), *range(begin, ended)] for key in self._of_tag}
        return Part(newest, end, self._rows(wanted, newest))

    def read_past(self, start: int, end: int, places: slice = ALL) -> Part:
        head = self.head()
        low, high = start // self._interval, min(-(-end // self._interval), self._ended(head.until))
        chosen = range(len(self.series))[places]
        keys = {self.series[place].key.partition("/")[0] for place in chosen}
        wanted = {key: list(range(low, high)) for key in self._of_tag if key in keys}
        return Part(0, end, self._rows(wanted, head.seq, chosen))

    def newest(self) -> Rows:
        head = self.head()
        last = self._ended(head.until)
        return self._rows({key: [last - 1] for key in self._of_tag}, head.seq)

    def _ended(self, at: int) -> int:
        """Number of the first interval that has not ended (by ``SETTLE_NS``) at ``at``."""
        return max(0, at - SETTLE_NS) // self._interval

    def _commits(self, first: int, last: int) -> Iterator[Commit]:
        after = first - 1
        while after < last:
            page = [one for one in self._reader.feed(after, _PAGE) if one.seq <= last]
            yield from page
            if not page:
                return
            after = page[-1].seq

    def _note(
        self, commit: Commit, numbers: dict[int, str], before: int, touched: dict[str, set[int]]
    ) -> None:
        """Intervals that had ended and that samples of this commit lie in, or that lie between one and its neighbours:
        what is drawn from sample to sample has changed there.
        """
        late = commit.batch.samples.times < before * self._interval
        if not bool(late.any()):
            return
        batch = Batch(commit.batch.tags[late], commit.batch.samples.take(late))
        for number, samples in batch.by_tag():
            key = numbers.get(number)
            if key is None:
                continue
            earlier = self._reader.before(number, int(samples.times[0]))
            later = self._reader.after(number, int(samples.times[-1]))
            low = int(earlier.times[0]) if len(earlier) else int(samples.times[0])
            high = int(later.times[0]) if len(later) else before * self._interval
            first, last = low // self._interval, min(high // self._interval, before - 1)
            touched.setdefault(key, set()).update(range(first, last + 1))

    def _rows(self, wanted: dict[str, list[int]], revision: int, chosen: range | None = None) -> Rows:
        numbers = self._reader.tags()
        head = self._reader.coverage().until
        places: list[int] = []
        values: list[DataValue] = []
        for key, intervals in wanted.items():
            number = numbers.get(key)
            if number is None or not intervals:
                continue
            source = ArchiveSource(self._reader, number)
            for low, high in _runs(intervals):
                for place in (
                    self._of_tag[key] if chosen is None else [p for p in self._of_tag[key] if p in chosen]
                ):
                    found = self._processed(source, self.series[place], low, high, head)
                    places += [place] * len(found)
                    values += found
        count = len(values)
        return Rows(
            self.series,
            np.array(places, np.int32),
            without_bad_values(Samples.of(values)),
            np.full(count, revision, np.int64),
            np.zeros(count, np.bool_),
        )

    def _processed(
        self, source: ArchiveSource, series: ExportTag, low: int, high: int, until: int
    ) -> list[DataValue]:
        request = ReadProcessed(
            series.key, low * self._interval, high * self._interval, self._interval, series.aggregate
        )
        try:
            found = processed(source, request, series.was_stepped, known_until=until)
        except ValueError as error:
            raise StorageError(f"{series.name} cannot be calculated: {error}") from error
        times = range(low * self._interval, high * self._interval, self._interval)
        return [
            value._replace(source_time=at, receive_time=at) for value, at in zip(found, times, strict=True)
        ]


def _runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """[low, high) of neighbours in numbers that grow."""
    low = high = -1
    for number in sorted(set(numbers)):
        if number != high:
            if high > low >= 0:
                yield low, high
            low = number
        high = number + 1
    if high > low >= 0:
        yield low, high

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
from hmi.export._source import (
    ALL,
    MARGIN_S,
    MOST_ROWS,
    Part,
    earliest_of,
    head_of,
    no_rows,
    time_at,
    without_bad_values,
)
from hmi.export.port import ExportTag, Rows
from hmi.historian.aggregates import ArchiveSource, processed
from hmi.historian.port import ArchiveReader, Commit
from hmi.historian.samples import Batch, Samples, Times, joined

SETTLE_NS: Final = 3 * NS_PER_S
"""After its end an interval waits so long: the samples of its last second come with the commit after it."""
MOST_COMMITS: Final = 3_600
MOST_SAMPLES: Final = 1_000_000
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
        self._stepped = {key: self.series[places[0]].was_stepped for key, places in self._of_tag.items()}
        self.margin = self._interval + int(
            (MARGIN_S + max((tag.held_s for tag in series), default=0.0)) * NS_PER_S
        )

    def head(self) -> Head:
        return head_of(self._reader)

    def time_of(self, seq: int) -> int:
        found = self._reader.feed(seq - 1, 1)
        return found[0].time if found else 0

    def time_at(self, seq: int) -> int:
        return time_at(self._reader, seq)

    def past_end(self, head: Head) -> int:
        return self.settled(head.time)

    def settled(self, at: int) -> int:
        return self._ended(at) * self._interval

    def earliest(self, since: int) -> int:
        return earliest_of(self._reader, self._of_tag, since)

    def read(self, first: int, last: int) -> Part:
        before = self.time_of(first - 1) if first > 1 else self.time_of(first)
        begin = self._ended(before)
        ended, newest, end, count = begin, 0, 0, 0
        batches: list[Batch] = []
        for commit in self._commits(first, last):
            batches.append(commit.batch)
            newest, end, count = commit.seq, commit.time, count + len(commit.batch)
            ended = max(ended, self._ended(commit.time))
            if len(batches) >= MOST_COMMITS or count >= MOST_SAMPLES or ended - begin >= MOST_INTERVALS:
                break
        if not newest:
            return Part(last, 0, no_rows(self.series), missing=((first, last),))
        rest: list[tuple[int, int]] = []
        if ended - begin > MOST_INTERVALS:  # the plant was off: not all of it in one package
            rest.append((begin * self._interval, (ended - MOST_INTERVALS) * self._interval))
        touched = self._touched(batches, begin, rest)
        fresh = range(max(begin, ended - MOST_INTERVALS), ended)
        wanted = {key: [*touched.get(key, ()), *fresh] for key in self._of_tag}
        return Part(newest, end, self._rows(wanted, newest), rest=tuple(_merged(rest)))

    def read_past(self, start: int, end: int, places: slice = ALL) -> Part:
        head = self.head()
        low, high = start // self._interval, min(-(-end // self._interval), self._ended(head.time))
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

    def _touched(
        self, batches: Sequence[Batch], begin: int, rest: list[tuple[int, int]]
    ) -> dict[str, list[int]]:
        """Intervals before ``begin``, which have ended, that are not any more what they were: samples came into them,
        or between them and the next one. What is too much of a series goes to ``rest``.
        """
        numbers = {number: key for key, number in self._reader.tags().items() if key in self._of_tag}
        if not batches or not numbers:
            return {}
        tags = np.concatenate([batch.tags for batch in batches])
        mask = np.isin(tags, np.fromiter(numbers, np.int32, len(numbers)))
        samples = joined(batch.samples for batch in batches).take(mask)
        found: dict[str, list[int]] = {}
        for number, own in Batch(tags[mask], samples).by_tag():
            first, last = self._reach(number, own.times, begin, self._stepped[numbers[number]])
            if last - first > MOST_INTERVALS:
                rest.append((first * self._interval, last * self._interval))
            elif first < last:
                found[numbers[number]] = list(range(first, last))
        return found

    def _reach(self, number: int, times: Times, begin: int, is_stepped: bool) -> tuple[int, int]:
        """[first, last) of the ended intervals that samples at these times change.

        A line goes from sample to sample: it changes from the one before them to the one behind them.
        """
        edge = begin * self._interval
        late = times[times < edge]
        if len(late):
            earlier = self._reader.before(number, int(late[0]))
            later = self._reader.after(number, int(late[-1]))
            low = int(earlier.times[-1]) if len(earlier) else int(late[0])
            high = int(later.times[0]) if len(later) else edge
            return low // self._interval, min(high // self._interval + 1, begin)
        next_one = self._reader.after(number, edge - 1)
        if is_stepped or not len(next_one) or int(next_one.times[0]) < int(times[0]):
            return begin, begin  # the one behind the edge was known when the interval was made
        earlier = self._reader.before(number, edge)
        return (int(earlier.times[-1]) // self._interval, begin) if len(earlier) else (begin, begin)

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


def _merged(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Spans that touch each other as one."""
    start = end = 0
    for low, high in sorted(spans):
        if end and low <= end:
            end = max(end, high)
            continue
        if end:
            yield start, end
        start, end = low, high
    if end:
        yield start, end


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

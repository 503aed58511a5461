"""The recorded past of many tags in one order of time, dealt out in bounded steps; pure but for its reads."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from typing import Protocol

from hmi.core import quality
from hmi.core.history import HistoryPage, ReadRaw, SampleFlag
from hmi.core.values import DataValue, bad

STEP_READS = 16
AT_ONCE = 2_000
STEP_CHANGES = 2_000
HELD_SAMPLES = 200_000

Change = tuple[int, DataValue]


class Past(Protocol):
    """What a replay reads."""

    def read_raw(self, request: ReadRaw) -> HistoryPage: ...

    def values_at(self, tag_ids: Sequence[str], at: int) -> list[DataValue]: ...

    def line_ns(self, tag_id: str) -> int:
        """Between samples further apart than this (ns) the value moved on a line; 0: it stands until the next one."""
        ...


def between(held: DataValue, following: DataValue, at: int, line_ns: int) -> DataValue:
    """The value at ``at`` (UTC ns) on the line between two samples; ``held`` where no line can be drawn.

    ``line_ns``: samples no further apart than this follow each other, and the first stands until the second.
    """
    first, last = held.value, following.value
    if not isinstance(first, float) or not isinstance(last, float) or held.is_bad or following.is_bad:
        return held
    apart = following.source_time - held.source_time
    if apart <= line_ns or not held.source_time <= at < following.source_time:
        return held
    value = first + (last - first) * ((at - held.source_time) / apart)
    return held._replace(value=value, source_time=at, receive_time=max(at, held.receive_time))


class Replay:
    """What held at ``at`` (UTC ns), then each recorded change up to ``until`` in time order.

    With ``shows`` a step also gives, at its end, the value of each tag that moves on a line between two samples.

    Tags are told by their index in ``tag_ids``; '' stands for a tag that does not exist. Each call does a
    bounded piece of work: at most 2,000 values of the start, or 16 reads and 2,000 changes.
    """

    def __init__(
        self, past: Past, tag_ids: Sequence[str], at: int, until: int, *, shows: bool = False
    ) -> None:
        self._past, self._ids, self._until = past, tag_ids, until
        self.position, self.ended = at, False
        self._asked = 0
        self._snapshot: list[Change] = []
        self._moving: dict[int, tuple[_Track, int]] | None = {} if shows else None
        self._held: dict[int, DataValue] = {}
        self._coming = self._merged(at) if until > at else iter(())
        self._next: Change | None = None

    def snapshot(self) -> list[Change] | None:
        """What held at the start; None while it is still being read: call again."""
        part = range(self._asked, min(self._asked + AT_ONCE, len(self._ids)))
        self._asked = part.stop
        known = [i for i in part if self._ids[i]]
        values = self._past.values_at([self._ids[i] for i in known], self.position)
        self._snapshot += zip(known, values, strict=True)
        if self._moving is not None:
            self._held.update(zip(known, values, strict=True))
        return self._snapshot if self._asked == len(self._ids) else None

    def step(self, to: int) -> tuple[list[Change], bool]:
        """The next changes up to ``to`` in time order, and whether there may be more up to there.

        ``position`` is the instant up to which everything was dealt out, or that of the last change;
        ``ended`` is true when nothing is left.
        """
        to = min(to, self._until)
        found: list[Change] = []
        for _ in range(STEP_READS):
            if self._deal(to, found):
                self._move(to, found)
                self.position, self.ended = max(self.position, to), to == self._until
                return found, False
            if len(found) >= STEP_CHANGES:
                break
        if found:
            self.position = max(self.position, found[-1][1].source_time)
        return found, True

    def _deal(self, to: int, found: list[Change]) -> bool:
        """True when nothing is left up to ``to``; False after a read, or when the step is full."""
        while len(found) < STEP_CHANGES:
            if self._next is None:
                coming = next(self._coming, _END)
                if coming is _END or coming is None:
                    return coming is _END
                self._next = coming
            if self._next[1].source_time > to:
                return True
            found.append(self._next)
            self._next = None
        return False

    def _move(self, to: int, found: list[Change]) -> None:
        """Values on their way from one sample to the next; what stands still is not told again."""
        if self._moving is None:
            return
        self._held.update(found)
        for index, (track, line_ns) in self._moving.items():
            held, following = self._held.get(index), self._coming_of(index, track)
            if held is None or following is None or held.source_time >= to:
                continue
            shown = between(held, following, to, line_ns)
            if shown.value != held.value:
                self._held[index] = shown
                found.append((index, shown))

    def _coming_of(self, index: int, track: _Track) -> DataValue | None:
        """The next sample of a tag, which the order of time may have taken already; None behind a gap."""
        if self._next is not None and self._next[0] == index:
            return None if track.took_gap else self._next[1]
        return None if track.has_gap else track.upcoming()

    def _merged(self, after: int) -> Iterator[Change | None]:
        """Every change after ``after`` in time order; None stands for one read."""
        size = max(STEP_READS, min(1_000, HELD_SAMPLES // max(len(self._ids), 1)))
        tracks = [_Track(tag_id, after + 1) for tag_id in self._ids]
        waiting: list[tuple[int, int]] = []
        for index, track in enumerate(tracks):
            if track.tag_id:
                yield None
                track.read_on(self._past, self._until, size)
                if self._moving is not None and (line_ns := self._past.line_ns(track.tag_id)):
                    self._moving[index] = track, line_ns
                _push(waiting, track, index)
        while waiting:
            _, index = heapq.heappop(waiting)
            track = tracks[index]
            yield index, track.take()
            if track.wants_more:
                yield None
                track.read_on(self._past, self._until, size)
            _push(waiting, track, index)


_END = (-1, DataValue(None, 0, 0, 0))


class _Track:
    """The samples of one tag, a page at a time."""

    __slots__ = ("_first", "_flags", "_place", "_samples", "_start", "tag_id", "took_gap")

    def __init__(self, tag_id: str, start: int) -> None:
        self.tag_id, self._start, self._first = tag_id, start, True
        self._samples: tuple[DataValue, ...] = ()
        self._flags: tuple[int, ...] = ()
        self._place = 0
        self.took_gap = False

    @property
    def wants_more(self) -> bool:
        return self._place == len(self._samples) and self._start > 0

    def read_on(self, past: Past, until: int, size: int) -> None:
        """The next page; where it was announced but is not kept any more, the past says BadNoData."""
        start, announced = self._start, not self._first
        page = past.read_raw(ReadRaw(self.tag_id, start, until, size))
        self._samples, self._place, self._first, self._start = page.samples, 0, False, page.continuation
        self._flags = page.flags
        if announced and (not page.samples or page.samples[0].source_time != start):
            self._samples = (bad(quality.BAD_NO_DATA, start), *page.samples)
            self._flags = (0, *page.flags) if page.flags else ()

    @property
    def has_gap(self) -> bool:
        """Nothing is known between the sample before and the upcoming one."""
        flags = self._flags[self._place] if self._place < len(self._flags) else 0
        return bool(flags & SampleFlag.GAP_BEFORE)

    def take(self) -> DataValue:
        self.took_gap = self.has_gap
        self._place += 1
        return self._samples[self._place - 1]

    def upcoming(self) -> DataValue | None:
        return self._samples[self._place] if self._place < len(self._samples) else None


def _push(waiting: list[tuple[int, int]], track: _Track, index: int) -> None:
    coming = track.upcoming()
    if coming is not None:
        heapq.heappush(waiting, (coming.source_time, index))

"""Alarms of two replays, side by side as they come: which go with which; pure, bounded memory."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from hmi.alarms._change import AlarmChange
from hmi.client.what_if import LISTED, Stretch, Strip
from hmi.core.alarms import AlarmState
from hmi.core.clock import NS_PER_S

BINS = 480
_STANDING = frozenset((AlarmState.UNACK, AlarmState.ACKED))


class Turn(NamedTuple):
    """An alarm begins or ends to stand before the operator, UTC ns."""

    at: int
    begins: bool


@dataclass(slots=True)
class Side:
    """One of the two replays: what stands now, and what came in the time asked for."""

    since: int = 0
    count: int = 0
    lasted_ns: int = 0

    @property
    def seconds(self) -> float:
        """How long an alarm stood."""
        return self.lasted_ns / NS_PER_S

    def turns(self, changes: Sequence[AlarmChange]) -> Iterator[Turn]:
        """What changes of one alarm turn of what stands; a second occurrence without an end between goes on."""
        for change in changes:
            begins = change.after in _STANDING
            if begins != bool(self.since):
                self.since = change.event_time if begins else 0
                yield Turn(change.event_time, begins)


class Comparison:
    """Takes the turns of both in order of time. Only alarms that come in [start, end) are counted and listed."""

    def __init__(self, start: int, end: int) -> None:
        self.start, self.end = start, end
        self.was, self.proposed = Side(), Side()
        self.kept = self.removed = self.merged = self.new = self.later = 0
        self.latest_s = self.longest_removed_s = 0.0
        self.unknown_ns = 0
        self._removed, self._kept, self._new = _Top(), _Top(), _Top()
        self._bins = _Bins(start, end)
        self._own: _Alarm | None = None
        self._other: _Alarm | None = None
        self._unknown_since = 0

    # ------------------------------------------------------------------ what comes

    def take(self, was: Sequence[AlarmChange], proposed: Sequence[AlarmChange]) -> None:
        """The changes of one step of both engines."""
        own, other = list(self.was.turns(was)), list(self.proposed.turns(proposed))
        if own == other:  # of several at one instant each goes with its like
            for turn in own:
                self._was_turns(turn)
                self._proposed_turns(turn)
            return
        while own or other:
            if not other or (own and _goes_first(own[0], other[0])):
                self._was_turns(own.pop(0))
            else:
                self._proposed_turns(other.pop(0))

    def _was_turns(self, turn: Turn) -> None:
        self._was_begins(turn.at) if turn.begins else self._was_ends(turn.at)

    def _proposed_turns(self, turn: Turn) -> None:
        self._proposed_begins(turn.at) if turn.begins else self._proposed_ends(turn.at)

    def unknown(self, at: int, *, is_unknown: bool) -> None:
        """From when on nothing, or something, is known of the process."""
        if is_unknown and not self._unknown_since:
            self._unknown_since = at
        elif not is_unknown and self._unknown_since:
            self.unknown_ns += self._bins.add(2, self._unknown_since, at)
            self._unknown_since = 0

    def finish(self) -> None:
        """The time is over: what still stands ends with it."""
        self.unknown(self.end, is_unknown=False)
        self._was_ends(self.end, is_open=True)
        self._proposed_ends(self.end, is_open=True)

    # ------------------------------------------------------------------ which goes with which

    def _was_begins(self, at: int) -> None:
        own = self._own = _Alarm(at, counts=self.start <= at < self.end)
        self.was.count += own.counts
        other = self._other
        if other is not None and other.partner is None:
            self._pair(own, other)
        elif other is not None:
            own.beside = other

    def _proposed_begins(self, at: int) -> None:
        other = self._other = _Alarm(at, counts=self.start <= at < self.end)
        self.proposed.count += other.counts
        own = self._own
        if own is not None and own.partner is None and own.beside is None:
            self._pair(own, other)

    def _pair(self, own: _Alarm, other: _Alarm) -> None:
        own.partner, other.partner = other, own
        if own.counts:
            self.kept += 1
            later_s = (other.since - own.since) / NS_PER_S
            self.later += later_s > 0
            self.latest_s = max(self.latest_s, later_s)

    def _was_ends(self, at: int, *, is_open: bool = False) -> None:
        own, self._own = self._own, None
        if own is None:
            return
        self.was.lasted_ns += self._bins.add(0, own.since, at)
        if not own.counts:
            return
        stretch = Stretch(own.since, at, is_open)
        if own.partner is not None:
            later_s = (own.partner.since - own.since) / NS_PER_S
            self._kept.put(later_s, Stretch(own.since, at, is_open, later_s))
        elif own.beside is not None:
            self.merged += 1
        else:
            self.removed += 1
            seconds = (at - own.since) / NS_PER_S
            self.longest_removed_s = max(self.longest_removed_s, seconds)
            self._removed.put(seconds, stretch)

    def _proposed_ends(self, at: int, *, is_open: bool = False) -> None:
        other, self._other = self._other, None
        if other is None:
            return
        if self._own is not None and self._own.beside is other and self._own.since == at:
            self._own.beside = (
                None  # it ends in the instant in which the other began: they did not stand together
            )
        self.proposed.lasted_ns += self._bins.add(1, other.since, at)
        if other.counts and other.partner is None:
            self.new += 1
            self._new.put(other.since, Stretch(other.since, at, is_open))

    # ------------------------------------------------------------------ what came of it

    @property
    def unknown_s(self) -> float:
        """For so long nothing was known."""
        return self.unknown_ns / NS_PER_S

    @property
    def lists(self) -> tuple[list[Stretch], list[Stretch], list[Stretch]]:
        """Removed, kept and new ones."""
        return self._removed.rows, self._kept.rows, self._new.rows

    @property
    def strip(self) -> Strip:
        return self._bins.strip


@dataclass(slots=True, eq=False)
class _Alarm:
    since: int
    counts: bool
    partner: _Alarm | None = None
    beside: _Alarm | None = None
    """One of the other side that it met standing, and that belongs to an earlier one."""


def _goes_first(own: Turn, other: Turn) -> bool:
    """At one instant what begins comes first: an alarm that ends just then still goes with it."""
    if own.at == other.at:
        return own.begins or not other.begins
    return own.at < other.at


@dataclass(slots=True)
class _Top:
    """The ``LISTED`` rows with the highest rank."""

    heap: list[tuple[float, int, Stretch]] = field(default_factory=list[tuple[float, int, Stretch]])
    numbers: Iterator[int] = field(default_factory=count)

    def put(self, rank: float, row: Stretch) -> None:
        entry = (rank, next(self.numbers), row)
        if len(self.heap) < LISTED:
            heapq.heappush(self.heap, entry)
        else:
            heapq.heappushpop(self.heap, entry)

    @property
    def rows(self) -> list[Stretch]:
        return [row for _, _, row in sorted(self.heap, reverse=True)]


class _Bins:
    """How long an alarm stood in each bin of the time: as it was, as proposed, and not known."""

    def __init__(self, start: int, end: int) -> None:
        self._start, self._end = start, end
        self._width = max(-(-(end - start) // BINS), 1)
        bins = -(-(end - start) // self._width)
        self._rows = tuple([0] * bins for _ in range(3))

    def add(self, row: int, since: int, until: int) -> int:
        """How much of it lies in the time, in ns."""
        begin, end = max(since, self._start), min(until, self._end)
        at, bins = begin, self._rows[row]
        while at < end:
            index = (at - self._start) // self._width
            edge = min(self._start + (index + 1) * self._width, end)
            bins[index] += edge - at
            at = edge
        return max(end - begin, 0)

    @property
    def strip(self) -> Strip:
        widths = [self._width] * len(self._rows[0])
        widths[-1] = self._end - self._start - self._width * (len(widths) - 1)
        was, proposed, unknown = (
            [round(part / width, 4) for part, width in zip(row, widths, strict=True)] for row in self._rows
        )
        return Strip(self._start, self._width, was, proposed, unknown)

"""Recorded values through the alarm engine in their own time, as the alarm is and as proposed; no I/O of its own."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Protocol

from hmi.alarms._change import AlarmChange
from hmi.alarms._engine import AlarmEngine
from hmi.alarms._tables import LIMITS
from hmi.alarms.what_if._case import Case, is_joined
from hmi.alarms.what_if._compare import Comparison
from hmi.alarms.what_if._track import Piece, Seen, Track
from hmi.core.values import WAITING, DataValue
from hmi.expressions import compile_expression
from hmi.project.plant import AlarmDef

_PLAIN: Final = frozenset((*LIMITS, "discrete"))
STEPS: Final = 64
"""Steps of the engines between two calls of ``Pace``; well below a millisecond."""

Pace = Callable[[float], None]
"""Called often with the share that is done, 0 to 1: it may rest, and ends the replay by raising."""


class Source(Protocol):
    """The history of tags; times UTC ns."""

    def samples(self, tag_id: str, start: int, end: int) -> Iterable[Piece]:
        """Stored samples with start <= time <= end, in pieces of a bounded size."""
        ...

    def read_at(self, tag_id: str, at: int) -> DataValue:
        """What held at an instant; Bad where nothing is known."""
        ...


def replay(
    case: Case, source: Source, start: int, end: int, pace: Pace = lambda done: None
) -> tuple[Comparison, int]:
    """Both replays from ``start`` to ``end`` (UTC ns), compared; and how many back-filled samples were left out.

    They begin some time earlier with what was known then, so that what stands at ``start`` is right.
    """
    compared, tracks = Comparison(start, end), _tracks(case)
    begin = max(start - case.lead_ns, 1)
    bench = _Bench(case, compared, lambda at: pace(min(max(at - begin, 0) / (end - begin), 1.0)))
    bench.step(begin, [Seen(begin, track.handle, _known(case, source, track, begin)) for track in tracks])
    pieces = (track.seen(source.samples(case.inputs[track.handle].id, begin, end - 1)) for track in tracks)
    for at, seen in _steps(pieces, begin):
        if at >= end:
            break
        bench.step(at, seen)
    bench.tick(end - 1)
    compared.finish()
    return compared, sum(track.left_out for track in tracks)


class _Bench:
    """The two engines over one table of values, driven step by step in the time of the values."""

    def __init__(self, case: Case, compared: Comparison, pace: Callable[[int], None]) -> None:
        self._compared, self._pace, self._number = compared, pace, 0
        self._alarm_id = case.definitions[0].id
        self._values = [WAITING for _ in case.inputs]
        self._names = [tag.name for tag in case.inputs]
        self._by_name = dict.fromkeys(self._names, WAITING)
        self._was = AlarmEngine(case.was, self._values, self._by_name)
        self._proposed = AlarmEngine(case.proposed, self._values, self._by_name)

    def step(self, at: int, seen: Sequence[Seen]) -> None:
        """What came at one instant; what ended before it ends at its own time."""
        self.tick(at - 1)
        for one in seen:
            self._values[one.handle] = self._by_name[self._names[one.handle]] = one.value
        changes = [(one.handle, one.value) for one in seen]
        self._take(self._was.evaluate(changes, at), self._proposed.evaluate(changes, at), at)

    def tick(self, until: int) -> None:
        """Everything that ends up to an instant, one after the other: looking again may start something new."""
        was, proposed = self._was, self._proposed
        while (at := _earlier(was.next_due(), proposed.next_due())) and at <= until:
            self._take(was.tick(at), proposed.tick(at), at)

    def _take(self, was: Sequence[AlarmChange], proposed: Sequence[AlarmChange], at: int) -> None:
        self._number += 1
        if not self._number % STEPS:
            self._pace(at)
        if was or proposed:
            self._compared.take(was, proposed)
        self._proposed.take_doubts()
        doubt = self._was.take_doubts().get(self._alarm_id)
        if doubt is not None:
            self._compared.unknown(at, is_unknown=doubt)


def _earlier(first: int, second: int) -> int:
    """0 is none."""
    return min(first, second) if first and second else first or second


def _steps(pieces: Iterable[Iterator[Seen]], begin: int) -> Iterator[tuple[int, list[Seen]]]:
    """What came at each instant, all tags together."""
    streams = list(pieces)
    merged = streams[0] if len(streams) == 1 else heapq.merge(*streams, key=_at)
    at, together = begin, list[Seen]()
    for one in merged:
        moment = max(one.at, begin)
        if moment != at and together:
            yield at, together
            together = []
        at = moment
        together.append(one)
    if together:
        yield at, together


def _at(seen: Seen) -> int:
    return seen.at


def _known(case: Case, source: Source, track: Track, at: int) -> DataValue:
    return source.read_at(case.inputs[track.handle].id, at)


# ------------------------------------------------------------------------------------------ what is read how


def _tracks(case: Case) -> list[Track]:
    """One for each recorded tag. Only where nothing but plain limits reads a tag its samples may be thinned."""
    handles = {tag.name: tag.handle for tag in case.inputs}
    edges: dict[int, set[float] | None] = {tag.handle: set() for tag in case.inputs}
    for alarm in case.definitions:
        own = next(tag.handle for tag in case.inputs if tag.id == alarm.tag_id)
        plain = alarm.kind in _PLAIN
        kept = edges[own]
        if not plain:
            edges[own] = None
        elif kept is not None:
            kept.update(_edges(alarm))
        for name in _read_further(alarm):
            edges[handles[name]] = None
    return [
        Track(
            tag.handle, None if found is None else tuple(found), joined=found is not None and is_joined(tag)
        )
        for tag in case.inputs
        if tag.history
        for found in (edges[tag.handle],)
    ]


def _edges(alarm: AlarmDef) -> Iterator[float]:
    """Where the comparator may turn, under every limit."""
    for limit in (alarm.limit, *(limit for _, limit in alarm.limits_when)):
        yield from (limit, limit - alarm.deadband, limit + alarm.deadband)


def _read_further(alarm: AlarmDef) -> Iterator[str]:
    """Tags that are more to an alarm than its value."""
    yield from alarm.partners
    texts = (alarm.expression, alarm.suppress_when, *(text for text, _ in alarm.limits_when))
    for text in texts:
        if text:
            yield from compile_expression(text).names

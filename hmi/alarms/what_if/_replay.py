"""Recorded values through the alarm engine in their own time, as the alarm is and as proposed; no I/O of its own."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Protocol

from hmi.alarms._change import AlarmChange
from hmi.alarms._engine import AlarmEngine
from hmi.alarms._tables import LIMITS
from hmi.alarms.what_if._case import Case, is_joined
from hmi.alarms.what_if._compare import Comparison
from hmi.alarms.what_if._pair import Pair, edges_of_distance
from hmi.alarms.what_if._track import LOSSES, NOT_KNOWN, Piece, Seen, Track
from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.values import WAITING, DataValue
from hmi.expressions import compile_expression
from hmi.project.plant import AlarmDef, TagDef

_PLAIN: Final = frozenset((*LIMITS, "discrete"))
_RATES: Final = frozenset(("rate_up", "rate_down"))
POINTS: Final = 20
"""On a line that rises as fast as a rate alarm allows, in one of its windows; twice as many on a steeper one."""
STEPS: Final = 64
"""Steps of the engines between two calls of ``Pace``; well below a millisecond."""

Pace = Callable[[float], None]
"""Called often with the share that is done, 0 to 1: it may rest, and ends the replay by raising."""


LinkTurn = tuple[int, str, bool]
"""UTC ns, the unit behind the connection or "" for the link itself, and whether it went (True) or came."""
Links = Callable[[str, int], Sequence[LinkTurn]]
"""Connection and end -> when it and its units went and came before then, by the journal, in order."""


class Source(Protocol):
    """The history of tags; times UTC ns."""

    def samples(self, tag_id: str, start: int, end: int) -> Iterable[Piece]:
        """Stored samples with start <= time <= end, in pieces of a bounded size."""
        ...

    def read_at(self, tag_id: str, at: int) -> DataValue:
        """What held at an instant; Bad where nothing is known."""
        ...


def replay(
    case: Case,
    source: Source,
    start: int,
    end: int,
    pace: Pace = lambda done: None,
    links: Links | None = None,
) -> tuple[Comparison, int]:
    """Both replays from ``start`` to ``end`` (UTC ns), compared; and how many back-filled samples were left out.

    They begin some time earlier with what was known then, so that what stands at ``start`` is right.
    """
    begin = max(start - case.lead_ns, 1)
    turns = _turns(case, source, links(case.connection, end) if links and case.connection else (), begin)
    compared, tracks = Comparison(start, end), _tracks(case, turns)

    def rest(at: int) -> None:
        pace(min(max(at - begin, 0) / (end - begin), 1.0))

    bench = _Bench(case, compared, rest, turns)
    bench.step(begin, [Seen(begin, track.handle, _known(case, source, track, begin)) for track in tracks])
    for at, seen in _steps(_streams(case, source, tracks, (begin, end - 1), rest), begin):
        if at >= end:
            break
        bench.step(at, seen)
    bench.tick(end - 1)
    compared.finish()
    return compared, sum(track.left_out for track in tracks)


class _Bench:
    """The two engines over one table of values, driven step by step in the time of the values."""

    def __init__(
        self, case: Case, compared: Comparison, pace: Callable[[int], None], turns: Sequence[LinkTurn]
    ) -> None:
        self._compared, self._pace, self._number = compared, pace, 0
        self._connection, self._turns = case.connection, deque(turns)
        self._tag_ids = {case.definitions[0].tag_id}
        self._alarm_id = case.definitions[0].id
        self._values = [WAITING for _ in case.inputs]
        self._names = [tag.name for tag in case.inputs]
        self._by_name = dict.fromkeys(self._names, WAITING)
        self._was = AlarmEngine(case.was, self._values, self._by_name)
        self._proposed = AlarmEngine(case.proposed, self._values, self._by_name)

    def step(self, at: int, seen: Sequence[Seen]) -> None:
        """What came at one instant; what ended before it ends at its own time."""
        self.tick(at - 1)
        while self._turns and self._turns[0][0] <= at:
            self._turn(*self._turns.popleft())
        for one in seen:
            self._values[one.handle] = self._by_name[self._names[one.handle]] = one.value
            if one.value is NOT_KNOWN:
                self._was.lost(one.handle)
                self._proposed.lost(one.handle)
        changes = [(one.handle, one.value) for one in seen]
        self._take(self._was.evaluate(changes, at), self._proposed.evaluate(changes, at), at)

    def _turn(self, at: int, unit: str, is_down: bool) -> None:
        """The link of the alarm's device, or of one unit behind it, went or came."""
        was, proposed = (self._link(engine, at, unit, is_down) for engine in (self._was, self._proposed))
        self._take(was, proposed, at)

    def _link(self, engine: AlarmEngine, at: int, unit: str, is_down: bool) -> list[AlarmChange]:
        if not unit:
            turn = engine.link_down if is_down else engine.link_up
            return turn(self._connection, at)
        if is_down:
            return engine.unit_down(self._connection, unit, self._tag_ids, at)
        return engine.unit_up(self._connection, unit, at)

    def tick(self, until: int) -> None:
        """Everything that ends up to an instant, one after the other: looking again may start something new."""
        while self._turns and self._turns[0][0] <= until:
            turn = self._turns.popleft()
            self._end(turn[0] - 1)
            self._turn(*turn)
        self._end(until)

    def _end(self, until: int) -> None:
        was, proposed = self._was, self._proposed
        while (at := _earlier(was.next_due(), proposed.next_due())) and at <= until:
            self._take(was.tick(at), proposed.tick(at), at)

    def _take(self, was: Sequence[AlarmChange], proposed: Sequence[AlarmChange], at: int) -> None:
        self._number += 1
        if not self._number % STEPS:
            self._pace(at)
        if was or proposed:
            self._compared.take(self._own(was), self._own(proposed))
        self._proposed.take_doubts()
        doubt = self._was.take_doubts().get(self._alarm_id)
        if doubt is not None:
            self._compared.unknown(at, is_unknown=doubt)

    def _own(self, changes: Sequence[AlarmChange]) -> Sequence[AlarmChange]:
        """Without those of the link."""
        if not self._connection:
            return changes
        return [one for one in changes if one.row.alarm_id == self._alarm_id]


def _earlier(first: int, second: int) -> int:
    """0 is none."""
    return min(first, second) if first and second else first or second


def _streams(
    case: Case, source: Source, tracks: Sequence[Track], window: tuple[int, int], rest: Callable[[int], None]
) -> list[Iterator[Seen]]:
    """What came of each tag in a time, of two that are compared with each other together."""
    pair = _pair(case, tracks)
    together = () if pair is None else (pair.own, pair.goal)

    def pieces(track: Track) -> Iterator[Piece]:
        for piece in source.samples(case.inputs[track.handle].id, *window):
            yield piece
            if len(piece):
                rest(int(piece.times[-1]))

    found = [track.seen(pieces(track)) for track in tracks if track not in together]
    return found if pair is None else [pair.seen(pieces(pair.own), pieces(pair.goal)), *found]


def _pair(case: Case, tracks: Sequence[Track]) -> Pair | None:
    """Where nothing but the distance of two tags is read of them."""
    definitions = case.definitions
    edges = [edge for alarm in definitions for edge in edges_of_distance(alarm)]
    names = {name for alarm in definitions for name in alarm.partners}
    own = next(tag for tag in case.inputs if tag.id == definitions[0].tag_id)
    read = {name for alarm in definitions for name in _read_by_texts(alarm)}
    if not edges or len(names) != 1 or own.name in names or read & {own.name, *names}:
        return None
    handles = {tag.name: tag.handle for tag in case.inputs}
    by_handle = {track.handle: track for track in tracks}
    return Pair(by_handle[own.handle], by_handle[handles[names.pop()]], tuple(edges))


def _steps(pieces: Iterable[Iterator[Seen]], begin: int) -> Iterator[tuple[int, list[Seen]]]:
    """What came at each instant, all tags together."""
    streams = list(pieces)
    merged = streams[0] if len(streams) == 1 else heapq.merge(*streams, key=_at)
    at, together = begin, list[Seen]()
    for one in merged:
        moment = max(one.at, begin)
        if moment != at and together:
            yield at, _in_order(together)
            together = []
        at = moment
        together.append(one)
    if together:
        yield at, _in_order(together)


def _in_order(seen: list[Seen]) -> list[Seen]:
    """As the plant has the tags: so the engine judges what comes together."""
    if len(seen) > 1:
        seen.sort(key=lambda one: one.handle)
    return seen


def _at(seen: Seen) -> int:
    return seen.at


def _known(case: Case, source: Source, track: Track, at: int) -> DataValue:
    found = source.read_at(case.inputs[track.handle].id, at)
    nothing = track.turns is not None and _code(found) == quality.BAD_NO_DATA
    return NOT_KNOWN if nothing else found


def _code(value: DataValue) -> int:
    return value.status & quality.CODE_MASK


def _turns(case: Case, source: Source, found: Sequence[LinkTurn], begin: int) -> list[LinkTurn]:
    """Those of the link, and those of the unit that the tag belongs to: it had no communication when the unit went.

    What was so at ``begin`` (UTC ns) turned then.
    """
    own, tag_id = set[str](), case.definitions[0].tag_id
    turned = list[LinkTurn]()
    before = {unit: (at, unit, is_down) for at, unit, is_down in found if at < begin}
    for at, unit, is_down in (*before.values(), *(one for one in found if one[0] >= begin)):
        if unit and is_down and _code(source.read_at(tag_id, at)) in LOSSES:
            own.add(unit)
        if not unit or unit in own:
            turned.append((max(at, begin), unit, is_down))
            if unit and not is_down:
                own.discard(unit)
    return turned


# ------------------------------------------------------------------------------------------ what is read how


def _tracks(case: Case, turns: Sequence[LinkTurn]) -> list[Track]:
    """One for each recorded tag. Only where nothing but plain limits reads a tag its samples may be thinned."""
    handles = {tag.name: tag.handle for tag in case.inputs}
    edges: dict[int, set[float] | None] = {tag.handle: set() for tag in case.inputs}
    for alarm in case.definitions:
        own = next(tag.handle for tag in case.inputs if tag.id == alarm.tag_id)
        plain = alarm.kind in _PLAIN or alarm.kind == "bad"
        kept = edges[own]
        if not plain:
            edges[own] = None
        elif kept is not None:
            kept.update(_edges(alarm))
        for name in _read_further(alarm):
            edges[handles[name]] = None
    return [_track(case, tag, edges[tag.handle], turns) for tag in case.inputs if tag.history]


def _track(case: Case, tag: TagDef, edges: set[float] | None, turns: Sequence[LinkTurn]) -> Track:
    alarm = case.definitions[0]
    if alarm.kind == "bad" and alarm.tag_id == tag.id:
        return Track(tag.handle, turns=tuple(at for at, _, _ in turns), whole=edges is None)
    if alarm.kind in _RATES and alarm.tag_id == tag.id and is_joined(tag):
        return Track(tag.handle, joined=True, step=_step(case), least_ns=_least_ns(case))
    return Track(
        tag.handle, None if edges is None else tuple(edges), joined=edges is not None and is_joined(tag)
    )


def _step(case: Case) -> float:
    """A small part of what the value may move in a window before the alarm comes, under either setting."""
    moves = [abs(alarm.limit) * alarm.window_s for alarm in case.definitions]
    return min(filter(None, moves), default=0.0) / POINTS


def _least_ns(case: Case) -> int:
    return max(int(min(alarm.window_s for alarm in case.definitions) * NS_PER_S) // (2 * POINTS), 1)


def _edges(alarm: AlarmDef) -> Iterator[float]:
    """Where the comparator may turn, under every limit."""
    for limit in (alarm.limit, *(limit for _, limit in alarm.limits_when)):
        yield from (limit, limit - alarm.deadband, limit + alarm.deadband)


def _read_further(alarm: AlarmDef) -> Iterator[str]:
    """Tags that are more to an alarm than its value."""
    yield from alarm.partners
    yield from _read_by_texts(alarm)


def _read_by_texts(alarm: AlarmDef) -> Iterator[str]:
    texts = (alarm.expression, alarm.suppress_when, *(text for text, _ in alarm.limits_when))
    for text in texts:
        if text:
            yield from compile_expression(text).names

"""A recorded past in memory for replays of alarms, and the alarm engine driven over it value by value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from hmi.alarms import AlarmChange, AlarmEngine
from hmi.alarms.what_if import Case, Links, case_of, replay
from hmi.alarms.what_if._compare import Comparison
from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.values import WAITING, DataValue, bad
from hmi.historian.samples import Samples, joined
from hmi.project.plant import AlarmDef, Plant
from hmi.project.recording import RecordRules
from hmi.testing.plant import make_plant, make_tag

BEGIN = 1_700_000_000 * NS_PER_S
EXACT = RecordRules(compression=False)
Turn = tuple[float, str, bool]  # second, unit behind the connection or "", whether it went


class Past:
    """Samples by tag id, given out in pieces of ``size``."""

    def __init__(self, samples: Mapping[str, Samples], size: int = 7) -> None:
        self._samples, self._size = dict(samples), size
        self.pieces = 0

    def samples(self, tag_id: str, start: int, end: int) -> Iterator[Samples]:
        found = self._samples.get(tag_id, Samples.empty()).between(start, end)
        for begin in range(0, len(found), self._size):
            self.pieces += 1
            yield found.take(slice(begin, begin + self._size))

    def read_at(self, tag_id: str, at: int) -> DataValue:
        found = self._samples.get(tag_id, Samples.empty()).between(0, at)
        return found.values()[-1] if len(found) else bad(quality.BAD_NO_DATA, at)


def at(second: float) -> int:
    return BEGIN + int(second * NS_PER_S)


def recorded(values: Sequence[tuple[float, Any]], *, flags: int = 0) -> Samples:
    """(second, value or DataValue) pairs, all with the same flags."""
    made = [
        value._replace(source_time=at(second), receive_time=at(second))
        if isinstance(value, DataValue)
        else DataValue(value, 0, at(second), at(second))
        for second, value in values
    ]
    return Samples.of(made, flags=flags)


def with_flag(samples: Samples, place: int, flag: int) -> Samples:
    """The same samples with one more flag at one of them."""
    flags = samples.flags.copy()
    flags[place] |= flag
    return Samples(
        samples.times, samples.bits, samples.kinds, samples.statuses, samples.receives, flags,
        samples.versions, samples.runs, samples.objects,
    )  # fmt: skip


def one_tag(alarm: AlarmDef, **fields: Any) -> Plant:
    return make_plant([make_tag("a/x", history=True, recording=EXACT, **fields)], [alarm])


def replayed(
    plant: Plant, proposed: AlarmDef, past: Past, start: float, end: float, turns: Sequence[Turn] = ()
) -> tuple[Case, Comparison]:
    case = case_of(plant, plant.alarms[0], proposed)
    return case, replay(case, past, at(start), at(end), links=links_of(turns))[0]


def links_of(turns: Sequence[Turn]) -> Links:
    """What the journal says of the one connection."""
    return lambda connection, end: [
        (at(second), unit, down) for second, unit, down in turns if at(second) < end
    ]


def naive(
    plant: Plant, samples: Mapping[str, Samples], start: float, end: float, turns: Sequence[Turn] = ()
) -> list[tuple[int, int]]:
    """(begin, end) of each alarm in the time: every value through an engine, what ends between two at its time."""
    plain = _Plain(plant, turns)
    rows = sorted(
        (value.receive_time, plant.by_id[tag_id].handle, value)
        for tag_id, own in samples.items()
        for value in own.values()
    )
    for moment, together in groupby(rows, key=lambda row: row[0]):  # values of one block come in one step
        plain.step(moment, [(handle, value) for _, handle, value in together])
    plain.pass_time(at(end) - 1)
    if plain.since:
        plain.found.append((plain.since, at(end)))
    return [(a, b) for a, b in plain.found if at(start) <= a < at(end)]


class _Plain:
    def __init__(self, plant: Plant, turns: Sequence[Turn]) -> None:
        self._plant, self._turns, self._own = plant, list(turns), plant.alarms[0]
        self._values = [WAITING for _ in plant.tags]
        self._names = dict.fromkeys((tag.name for tag in plant.tags), WAITING)
        self._engine = AlarmEngine(plant, self._values, self._names)
        self.found: list[tuple[int, int]] = []
        self.since = 0

    def step(self, moment: int, changes: Sequence[tuple[int, DataValue]]) -> None:
        self.pass_time(moment - 1)
        self._turn_links(moment)
        for handle, value in changes:
            self._values[handle] = self._names[self._plant.by_handle[handle].name] = value
        self._take(self._engine.evaluate(changes, moment))

    def pass_time(self, until: int) -> None:
        self._turn_links(until)
        self._end(until)

    def _end(self, until: int) -> None:
        while (due := self._engine.next_due()) and due <= until:
            self._take(self._engine.tick(due))

    def _turn_links(self, until: int) -> None:
        engine = self._engine
        while self._turns and at(self._turns[0][0]) <= until:
            second, unit, down = self._turns.pop(0)
            moment = at(second)
            self._end(moment - 1)
            if unit and down:
                self._take(engine.unit_down("plc1", unit, [self._own.tag_id], moment))
            elif unit:
                self._take(engine.unit_up("plc1", unit, moment))
            else:
                self._take((engine.link_down if down else engine.link_up)("plc1", moment))

    def _take(self, changes: Sequence[AlarmChange]) -> None:
        for change in changes:
            stands = change.after.value in {"UNACK", "ACKED"}
            if change.row.alarm_id != self._own.id:
                continue
            if stands and not self.since:
                self.since = change.event_time
            elif not stands and self.since:
                self.found.append((self.since, change.event_time))
                self.since = 0


__all__ = ["BEGIN", "EXACT", "Past", "at", "joined", "naive", "one_tag", "recorded", "replayed", "with_flag"]

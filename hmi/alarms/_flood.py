"""When an operator position is in flood, and what may sound then (standards 1.9); pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from hmi.alarms._change import AlarmChange
from hmi.core.alarms import Priority
from hmi.core.clock import NS_PER_S

BIN_NS = 600 * NS_PER_S
STARTS_ABOVE = 10
ENDS_BELOW = 5
SOUND_EVERY_NS = 10 * NS_PER_S
WHOLE_PLANT = ""


@dataclass(frozen=True, slots=True)
class Flood:
    """``since``: begin of the bin in which it started, UTC ns; ``alarms``: annunciated since then."""

    position: str
    since: int
    alarms: int


@dataclass(slots=True)
class _Position:
    bin_start: int = 0
    in_bin: int = 0
    since: int = 0
    alarms: int = 0
    next_sound: int = 0


@dataclass(slots=True)
class FloodWatch:
    """One position for each name that ``positions`` gives an alarm id; the others share the whole plant's.

    Bins are fixed to the clock of ``zone``. A flood starts as soon as a bin holds more than 10 annunciated
    alarms, and ends with the first later bin that held fewer than 5.
    """

    zone: tzinfo = UTC
    positions: Mapping[str, str] = field(default_factory=dict[str, str])
    _of: dict[str, _Position] = field(default_factory=dict[str, _Position])

    def take(self, annunciated: Iterable[AlarmChange], now_ns: int) -> list[AlarmChange]:
        """Count what annunciates at ``now_ns`` (session time, UTC ns, as that of the changes); what sounds of it.

        P1 always; of the others at most one in 10 s during a flood, the most urgent one. Journal entries never.
        """
        found: list[AlarmChange] = []
        rest: dict[str, AlarmChange] = {}
        for change in annunciated:
            position = self.positions.get(change.row.alarm_id, WHOLE_PLANT)
            state = self._at(position, now_ns)
            self._count(state)
            priority = change.row.priority
            if priority is Priority.P1 or (priority is not Priority.JOURNAL and not state.since):
                found.append(change)
            elif priority is not Priority.JOURNAL:
                best = rest.get(position)
                if best is None or priority < best.row.priority:
                    rest[position] = change
        found += [change for position, change in rest.items() if self._may_sound(position, now_ns)]
        return found

    def floods(self, now_ns: int) -> tuple[Flood, ...]:
        """Positions in flood at a time."""
        states = {position: self._at(position, now_ns) for position in self._of}
        return tuple(Flood(name, state.since, state.alarms) for name, state in states.items() if state.since)

    def begin_run(self) -> None:
        """The session clock was set: what was counted belongs to another time."""
        self._of.clear()

    def _may_sound(self, position: str, now_ns: int) -> bool:
        state = self._of[position]
        if now_ns < state.next_sound:
            return False
        state.next_sound = now_ns + SOUND_EVERY_NS
        return True

    def _count(self, state: _Position) -> None:
        state.in_bin += 1
        state.alarms += bool(state.since)
        if not state.since and state.in_bin > STARTS_ABOVE:
            state.since, state.alarms = state.bin_start, state.in_bin

    def _at(self, position: str, now_ns: int) -> _Position:
        """The state of a position with the bin of now; a bin that is over may end its flood."""
        state = self._of.setdefault(position, _Position())
        start = bin_start(now_ns, self.zone)
        if start == state.bin_start:
            return state
        # a bin that was passed over held nothing
        quiet = state.in_bin < ENDS_BELOW and state.bin_start > state.since
        if state.since and (quiet or start > _next(state.bin_start, self.zone)):
            state.since = state.alarms = state.next_sound = 0
        state.bin_start, state.in_bin = start, 0
        return state


def bin_start(at_ns: int, zone: tzinfo) -> int:
    """Begin of the fixed 10-minute bin of the zone's clock that holds an instant; both UTC ns."""
    offset = datetime.fromtimestamp(at_ns // NS_PER_S, zone).utcoffset() or timedelta()
    shift = int(offset.total_seconds()) * NS_PER_S
    return (at_ns + shift) // BIN_NS * BIN_NS - shift


def _next(start: int, zone: tzinfo) -> int:
    return bin_start(start + BIN_NS, zone)

"""Which tone is due: what sounds, since when, and what was silenced; pure, all times monotonic ns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hmi.client.alarms import AlarmDelta, AlarmInfo
from hmi.core.clock import NS_PER_S

REPEAT_S: Mapping[int, float] = {1: 2.5, 2: 6.0, 3: 15.0, 4: 30.0}
"""Seconds from the begin of a tone to that of its repetition, by priority."""
FLOOD_GAP_NS = 10 * NS_PER_S
LOST_AFTER_NS = 3 * NS_PER_S
LOST_EVERY_NS = 10 * NS_PER_S
PROMPT = "prompt."
DIAGNOSTIC = 4


@dataclass(frozen=True, slots=True)
class Due:
    """A tone to play now; ``level``: 1 to 4 as a priority; a lower one may cut it short."""

    tone: str
    level: int


@dataclass(frozen=True, slots=True)
class Loudness:
    """``percent`` of the full amplitude; ``muted``: all tones but that of P1 and that of a lost runtime."""

    percent: int = 100
    muted: bool = False


@dataclass(slots=True)
class _Source:
    """One runtime. ``sounding``: alarm id -> row that is to be heard. ``known``: occurrences that were judged."""

    down_since: int
    up: bool = False
    rows: dict[str, AlarmInfo] = field(default_factory=dict[str, AlarmInfo])
    sounding: dict[str, AlarmInfo] = field(default_factory=dict[str, AlarmInfo])
    known: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])
    in_flood: bool = False
    lost_quiet: bool = False


class SoundDesk:
    """One for a station, over all its runtimes. One tone at a time: the most urgent; tones never queue."""

    def __init__(self, sources: Iterable[str], now_ns: int) -> None:
        self._sources = {name: _Source(now_ns) for name in sources}
        self.loudness = Loudness()
        self._fresh: set[int] = set()
        self._prompted = False
        self._tested = 0
        self._played: dict[int, int] = {}
        self._quiet_until = 0
        self._lost_at = 0

    # ------------------------------------------------------------------ what happens

    def link(self, source: str, up: bool, now_ns: int) -> None:
        """A live connection came or went."""
        own = self._sources[source]
        if own.up and not up:
            own.down_since = now_ns
        if up and not own.up:
            own.lost_quiet = False
        own.up = up

    def take_list(self, source: str, rows: Iterable[AlarmInfo]) -> None:
        """The full active list: what waits there and was never judged sounds, also after a gap."""
        own = self._sources[source]
        own.rows = {row.alarm_id: row for row in rows}
        for alarm_id in own.sounding.keys() - own.rows.keys():
            del own.sounding[alarm_id]
        own.known = {alarm_id: key for alarm_id, key in own.known.items() if alarm_id in own.rows}
        for row in own.rows.values():
            self._follow(own, row)
            if _may_sound(row) and own.known.get(row.alarm_id) != _key(row):
                self._sound(own, row)
        self._fresh &= self._wanted

    def take_delta(self, source: str, delta: AlarmDelta) -> None:
        """What turned, and what annunciates by the rule for floods."""
        own = self._sources[source]
        for alarm_id in delta.gone:
            for table in (own.rows, own.sounding, own.known):
                table.pop(alarm_id, None)
        for row in delta.rows:
            own.rows[row.alarm_id] = row
            if _may_sound(row):
                own.known.setdefault(row.alarm_id, _key(row))
            self._follow(own, row)
        if delta.floods is not None:
            own.in_flood = bool(delta.floods)
        heard = {sound.occurrence_id for sound in delta.sounds}
        for row in delta.rows if heard else ():
            if row.occurrence_id in heard and _may_sound(row):
                self._sound(own, row)
        self._fresh &= self._wanted

    def take_event(self, source: str, kind: str, payload: Any) -> None:
        """Any other message of a runtime."""
        if kind == "silence":
            self._silence(source, str(payload.get("area", "")))
        elif kind == "journal" and str(payload.get("event", "")).startswith(PROMPT):
            self._prompted = True

    def silence_lost(self) -> None:
        """Stop the tone of lost runtimes until one comes back; nobody else could be asked."""
        for own in self._sources.values():
            own.lost_quiet = not own.up

    def test(self) -> None:
        """Play every tone once, the most urgent first."""
        self._tested = len(TEST)

    # ------------------------------------------------------------------ what is due

    def next(self, now_ns: int, playing: Due | None) -> Due | None:
        """The tone to start now; ``playing`` is cut short only by a more urgent one."""
        due = self._due(now_ns)
        if due is None or (playing is not None and due.level >= playing.level):
            return None
        self._note(due, now_ns)
        return due

    @property
    def lost(self) -> tuple[str, ...]:
        """Runtimes that are not seen."""
        return tuple(name for name, own in self._sources.items() if not own.up)

    def _due(self, now_ns: int) -> Due | None:
        if (level := self._alarm(now_ns)) == 1:
            return Due("p1", 1)
        if self._lost_due(now_ns):
            return Due("lost", 2)
        if self._tested:
            return Due(TEST[-self._tested], 4)
        if level and not self.loudness.muted:
            return Due(f"p{level}", level)
        if self._prompted and not self.loudness.muted:
            return Due("prompt", 4)
        return None

    def _alarm(self, now_ns: int) -> int:
        """The most urgent priority that is due; 0 = none."""
        if 1 in self._fresh:
            return 1
        again = {
            level
            for level in self._wanted
            if now_ns - self._played.get(level, -(10**18)) >= REPEAT_S[level] * NS_PER_S
        }
        due = (self._fresh | again) if now_ns >= self._quiet_until or not self._in_flood else again & {1}
        return min(due, default=0)

    def _lost_due(self, now_ns: int) -> bool:
        gone = [o for o in self._sources.values() if not o.up and not o.lost_quiet]
        late = any(now_ns - own.down_since >= LOST_AFTER_NS for own in gone)
        return late and now_ns - self._lost_at >= LOST_EVERY_NS

    def _note(self, due: Due, now_ns: int) -> None:
        if self._tested and due.level == DIAGNOSTIC:
            self._tested -= 1
        elif due.tone == "lost":
            self._lost_at = now_ns
        elif due.tone == "prompt":
            self._prompted = False
        else:
            self._fresh.discard(due.level)
            self._played[due.level] = now_ns
            if due.level > 1:
                self._quiet_until = now_ns + FLOOD_GAP_NS

    @property
    def _wanted(self) -> set[int]:
        """Priorities of what is to be heard."""
        rows = (row for own in self._sources.values() for row in own.sounding.values())
        return {min(row.priority, DIAGNOSTIC) for row in rows}

    @property
    def _in_flood(self) -> bool:
        return any(own.in_flood for own in self._sources.values())

    # ------------------------------------------------------------------ tables

    def _sound(self, own: _Source, row: AlarmInfo) -> None:
        self._fresh.add(min(row.priority, DIAGNOSTIC))
        own.sounding[row.alarm_id] = row
        own.known[row.alarm_id] = _key(row)

    def _follow(self, own: _Source, row: AlarmInfo) -> None:
        """Acknowledged, hidden or returned: its sound ends."""
        if not _may_sound(row):
            own.sounding.pop(row.alarm_id, None)
            own.known.pop(row.alarm_id, None)

    def _silence(self, source: str, area: str) -> None:
        own = self._sources[source]
        for alarm_id, row in list(own.sounding.items()):
            if not area or row.area == area or row.area.startswith(f"{area}/"):
                del own.sounding[alarm_id]
        self._fresh &= self._wanted


TEST = ("p1", "p2", "p3", "p4", "prompt", "lost")
"""The tones of a sound test, in this order."""


def _may_sound(row: AlarmInfo) -> bool:
    return row.state == "UNACK" and row.priority <= DIAGNOSTIC


def _key(row: AlarmInfo) -> tuple[str, int]:
    return row.occurrence_id, row.alarm_time

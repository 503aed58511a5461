"""What the journal could not take: how much, from when to when, and the newest change of each alarm."""

from __future__ import annotations

from collections.abc import Iterable

from hmi.alarms._change import AlarmChange
from hmi.core.journal import Entry, Kind
from hmi.core.principal import SYSTEM

EVENT = "alarms.not_stored"


class Gap:
    """Bounded by the number of alarms, however long it lasts; false while nothing is missing."""

    def __init__(self) -> None:
        self._newest: dict[str, AlarmChange] = {}
        self._changes = 0
        self._first = self._last = 0

    def __bool__(self) -> bool:
        return self._changes > 0

    def add(self, changes: Iterable[AlarmChange]) -> None:
        """Changes later than all that are in it."""
        for change in changes:
            at = change.event_time
            self._first = min(self._first, at) if self._changes else at
            self._last = max(self._last, at)
            self._changes += 1
            self._newest[change.row.alarm_id] = change

    def put_before(self, earlier: Gap) -> None:
        """Join with a gap that ended where this one began."""
        if not earlier:
            return
        self._newest = {**earlier._newest, **self._newest}
        self._first = min(self._first, earlier._first) if self._changes else earlier._first
        self._last = max(self._last, earlier._last)
        self._changes += earlier._changes

    def newest(self) -> list[AlarmChange]:
        """The newest change of each alarm in order of time: what a restart has to know."""
        return sorted(self._newest.values(), key=lambda change: change.event_time)

    def entry(self) -> Entry:
        """The record that says so; ``from`` and ``to`` are session times, UTC ns."""
        payload = {
            "changes": self._changes,
            "alarms": len(self._newest),
            "from": self._first,
            "to": self._last,
        }
        return Entry(Kind.SYSTEM, EVENT, SYSTEM, "", self._first, payload)

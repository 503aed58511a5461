"""The lists of alarms as stations are told them: changes in, one delta for each tick out; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from msgspec.structs import replace

from hmi.alarms import AlarmChange
from hmi.client.alarms import ALARM_LISTS, AlarmDelta, AlarmInfo, is_unacked, list_of
from hmi.core.alarms import AlarmRow, AlarmState, Priority
from hmi.project.plant import AlarmDef
from hmi.runtime._alarm_wire import alarm_info


class Definitions(Protocol):
    """Definitions of alarms by id."""

    def get(self, alarm_id: str, /) -> AlarmDef | None: ...


class AlarmBook:
    """The row of every alarm that stands in a list, as last told. What a delta costs grows with what changed.

    A change may come twice: not stored, and once more when it is. Then only the mark of its row turns, and a
    record of an older change that is stored late never takes the row back.
    """

    def __init__(self) -> None:
        self.rows: dict[str, AlarmInfo] = {}
        self._definitions: Definitions = dict[str, AlarmDef]()
        self._turned: dict[str, AlarmInfo | None] = {}
        self._counts: dict[str, int] = dict.fromkeys(ALARM_LISTS, 0)
        self._areas: dict[str, dict[str, list[int]]] = {}
        self._touched: set[str] = set()
        self._unstored: dict[str, AlarmChange] = {}
        self._sounded: dict[str, tuple[str, int]] = {}

    def load(self, rows: Iterable[AlarmRow], definitions: Definitions) -> None:
        """Begin with these rows: after a start, or in another plant revision. A full list has to follow."""
        unstored, self._unstored = self._unstored, {}
        self._definitions = definitions
        self.rows, self._areas = {}, {}
        self._counts = dict.fromkeys(ALARM_LISTS, 0)
        for row in rows:
            self._put(row.alarm_id, alarm_info(row, definitions.get(row.alarm_id), stored=True))
        for alarm_id, change in unstored.items():
            if alarm_id in self.rows:
                self._unstored[alarm_id] = change
                self._put(alarm_id, replace(self.rows[alarm_id], stored=False))
        self._turned, self._touched = {}, set()

    def take(self, changes: Iterable[AlarmChange], *, stored: bool) -> list[AlarmChange]:
        """Rows as they are after these changes; those that annunciate now, each once."""
        found: list[AlarmChange] = []
        for change in changes:
            alarm_id = change.row.alarm_id
            if stored:
                newest = self._unstored.get(alarm_id)
                if newest is not None and newest is not change:
                    continue
                self._unstored.pop(alarm_id, None)
            else:
                self._unstored[alarm_id] = change
            row = self._row_after(change, stored=stored)
            self._turn(alarm_id, row)
            if change.annunciate and self._sounds_first(change):
                found.append(change)
            if row is None and stored:
                self._sounded.pop(alarm_id, None)
        return found

    def doubt(self, alarm_id: str, unknown: bool) -> None:
        """The value behind an alarm is not known, or known again; its state stays."""
        row = self.rows.get(alarm_id)
        if row is not None and row.state_unknown != unknown:
            self._turn(alarm_id, replace(row, state_unknown=unknown))

    def renew(self, row: AlarmRow) -> bool:
        """A row that changed without an event; False while its newest event is not in the lists yet."""
        shown = self.rows.get(row.alarm_id)
        if shown is None or shown.state != row.state.value:
            return False
        new = alarm_info(row, self._definitions.get(row.alarm_id), stored=shown.stored)
        if new != shown:
            self._turn(row.alarm_id, new)
        return True

    def take_delta(self) -> AlarmDelta | None:
        """What turned since it was asked last; None when nothing did."""
        if not self._turned:
            return None
        turned, self._turned = self._turned, {}
        touched, self._touched = self._touched, set()
        return AlarmDelta(
            rows=[row for row in turned.values() if row is not None],
            gone=[alarm_id for alarm_id, row in turned.items() if row is None],
            counts=dict(self._counts),
            areas={area: _copy(self._areas.get(area, {})) for area in touched},
        )

    def counts(self) -> AlarmDelta:
        """Counts and areas of all."""
        return AlarmDelta(
            counts=dict(self._counts), areas={area: _copy(own) for area, own in self._areas.items()}
        )

    def listed(self, state: str) -> list[AlarmInfo]:
        """The rows of one of ``ALARM_LISTS``: priority first, unacknowledged before acknowledged, newest first."""
        rows = (row for row in self.rows.values() if list_of(row) == state)
        return sorted(rows, key=lambda row: (row.priority, not is_unacked(row), -row.alarm_time))

    def _row_after(self, change: AlarmChange, *, stored: bool) -> AlarmInfo | None:
        row = change.row
        idle = row.state is AlarmState.DSUPR and change.kept and not change.kept[0]
        if row.state is AlarmState.NORM or row.priority is Priority.JOURNAL or idle:
            return None
        return alarm_info(row, self._definitions.get(row.alarm_id), stored=stored)

    def _sounds_first(self, change: AlarmChange) -> bool:
        key = (change.row.occurrence_id, change.event_time)
        if self._sounded.get(change.row.alarm_id) == key:
            return False
        self._sounded[change.row.alarm_id] = key
        return True

    def _turn(self, alarm_id: str, row: AlarmInfo | None) -> None:
        if row is not None or alarm_id in self.rows or alarm_id in self._turned:
            self._turned[alarm_id] = row
        self._put(alarm_id, row)

    def _put(self, alarm_id: str, row: AlarmInfo | None) -> None:
        before = self.rows.pop(alarm_id, None)
        if before is not None:
            self._count(before, -1)
        if row is not None:
            self.rows[alarm_id] = row
            self._count(row, 1)

    def _count(self, row: AlarmInfo, by: int) -> None:
        name = list_of(row)
        self._counts[name] += by
        if name != "active":
            return
        self._touched.add(row.area)
        own = self._areas.setdefault(row.area, {})
        pair = own.setdefault(str(row.priority), [0, 0])
        pair[not is_unacked(row)] += by
        if pair == [0, 0]:
            del own[str(row.priority)]
        if not own:
            del self._areas[row.area]


def _copy(own: Mapping[str, Sequence[int]]) -> dict[str, list[int]]:
    return {priority: list(pair) for priority, pair in own.items()}

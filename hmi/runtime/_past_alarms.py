"""Alarm rows as they stood at an instant, out of their journal records; pure.

Each record holds its alarm's whole state after the event, so the newest record up to an instant is that state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from hmi.alarms import ServerBook
from hmi.client.alarms import AlarmInfo
from hmi.client.past import PastChange
from hmi.core.alarms import AlarmEvent, AlarmRow, AlarmState, Priority
from hmi.core.journal import JournalRecord
from hmi.project.plant import AlarmDef, Plant
from hmi.runtime._alarm_wire import alarm_info

EXTERNAL = "ua:"
DefinitionOf = Callable[[str], AlarmDef | None]
IsUnknown = Callable[[str], bool]
"""By tag id: no value of the tag was known then."""

_HIDING = frozenset({AlarmEvent.SHELVE.value, AlarmEvent.SUPPRESS.value, AlarmEvent.OOS.value})
# places in the state that a record keeps; ``hmi.alarms`` writes it
_ACTIVE, _SHELVE_UNTIL, _ONE_SHOT, _HIDDEN_BY, _HIDDEN_SINCE, _COMMENT, _SOURCE_TIME, _RAISED_BY = (
    0, 9, 10, 14, 15, 16, 20, 21,
)  # fmt: skip


class PastRows:
    """``plant`` is the one of that time; ``definition_of`` gives the definition of an alarm in it."""

    def __init__(self, plant: Plant, definition_of: DefinitionOf) -> None:
        self._plant, self._definition_of = plant, definition_of

    def rows(self, records: Sequence[JournalRecord], is_unknown: IsUnknown) -> list[AlarmInfo]:
        """Of the newest record of each alarm: every row that stood in a list."""
        found = [row for record in records if (row := self.row(record)) is not None]
        own = [row if not is_unknown(row.tag_id) else replace(row, state_unknown=True) for row in found]
        return [*own, *self._of_servers(records)]

    def row(self, record: JournalRecord) -> AlarmInfo | None:
        """The alarm after one record; None when it stood in no list, or is kept by a connected server."""
        payload, kept = record.payload, record.payload.get("kept") or ()
        if record.object_id.startswith(EXTERNAL):
            return None
        state = _state(payload.get("after"))
        priority = Priority(payload.get("priority") or Priority.JOURNAL)
        idle = state is AlarmState.DSUPR and bool(kept) and not kept[_ACTIVE]
        if state is AlarmState.NORM or priority is Priority.JOURNAL or idle:
            return None
        definition = self._definition_of(record.object_id)
        return alarm_info(_row(record, state, priority, definition), definition, stored=True)

    def changes(self, records: Iterable[JournalRecord]) -> list[PastChange]:
        """One for each record, in order, at the time when stations were told."""
        return [
            PastChange(record.receive_time, record.object_id, self._row_of_any(record)) for record in records
        ]

    def _row_of_any(self, record: JournalRecord) -> AlarmInfo | None:
        if record.object_id.startswith(EXTERNAL):
            return next(iter(self._of_servers([record])), None)
        return self.row(record)

    def _of_servers(self, records: Iterable[JournalRecord]) -> list[AlarmInfo]:
        """Alarms that connected servers keep."""
        theirs = [record for record in records if record.object_id.startswith(EXTERNAL)]
        if not theirs:
            return []
        book = ServerBook(self._plant)
        book.restore(theirs)
        rows = (*book.active(), *book.hidden())
        return [replace(alarm_info(row, None, stored=True), state_unknown=False) for row in rows]


def _row(
    record: JournalRecord, state: AlarmState, priority: Priority, definition: AlarmDef | None
) -> AlarmRow:
    said, kept = record.payload, _kept(record)
    hides = record.event in _HIDING
    return AlarmRow(
        alarm_id=record.object_id,
        occurrence_id=str(said.get("occurrence_id", "")),
        tag_id=str(said.get("tag_id", "")),
        tag_name=str(said.get("tag", "")),
        name=str(said.get("name", "")),
        message=str(said.get("message", "")),
        priority=priority,
        state=state,
        area=str(said.get("area", "")),
        value=said.get("value"),
        limit=said.get("limit"),
        unit=str(said.get("unit", "")),
        alarm_time=int(said.get("alarm_time") or 0),
        response=definition.action if definition else "",
        display=definition.display if definition else "",
        suppressed_reason=str(said.get("reason_code") or said.get("comment") or "") if hides else "",
        kind=str(said.get("kind", "")),
        condition_time=int(said.get("condition_time") or 0),
        event_time=int(said.get("source_time") or 0),
        quality=kept(_RAISED_BY, 0),
        shelve_until=kept(_SHELVE_UNTIL, 0),
        one_shot=kept(_ONE_SHOT, False),
        hidden_by=kept(_HIDDEN_BY, ""),
        hidden_since=kept(_HIDDEN_SINCE, 0),
        comment=kept(_COMMENT, ""),
        group=str(said.get("group", "")),
        first_out=int(said.get("first_out") or 0),
        first_out_within_ms=int(said.get("first_out_within_ms") or 0),
        latching=definition.latching if definition else False,
    )


def _kept(record: JournalRecord) -> Callable[[int, Any], Any]:
    """Reads the kept state by place; a record of an older program has fewer places."""
    kept: Sequence[Any] = record.payload.get("kept") or ()
    return lambda place, without: kept[place] if place < len(kept) else without


def _state(text: Any) -> AlarmState:
    return _STATES.get(text, AlarmState.NORM)


_STATES: Mapping[Any, AlarmState] = {state.value: state for state in AlarmState}

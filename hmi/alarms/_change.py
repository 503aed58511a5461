"""One transition of one alarm, as the journal and the lists get it (standards 1.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hmi.core.alarms import AlarmEvent, AlarmRow, AlarmState
from hmi.core.journal import Entry, Kind
from hmi.core.principal import SYSTEM, Principal


@dataclass(frozen=True, slots=True)
class AlarmChange:
    """``condition_time`` first crossing, ``alarm_time`` delay expired; both session time, UTC ns.

    ``kept`` is the alarm's whole state after the change: a restart takes it back from the journal.
    """

    event: AlarmEvent
    before: AlarmState
    after: AlarmState
    row: AlarmRow
    event_time: int
    condition_time: int = 0
    annunciate: bool = False
    hidden: bool = False
    principal: Principal = SYSTEM
    comment: str = ""
    quality: int = 0
    kept: tuple[Any, ...] = ()

    def entry(self) -> Entry:
        """The record of 1.6 in the journal's envelope."""
        row = self.row
        payload = {
            "occurrence_id": row.occurrence_id,
            "tag_id": row.tag_id,
            "tag": row.tag_name,
            "name": row.name,
            "message": row.message,
            "before": self.before.value,
            "after": self.after.value,
            "priority": int(row.priority),
            "area": row.area,
            "value": row.value if isinstance(row.value, bool | int | float | str) else None,
            "limit": row.limit if isinstance(row.limit, bool | int | float | str) else None,
            "unit": row.unit,
            "quality": self.quality,
            "condition_time": self.condition_time,
            "alarm_time": row.alarm_time,
            "hidden": self.hidden,
            "comment": self.comment,
            "kept": list(self.kept),
        }
        return Entry(Kind.ALARM, self.event.value, self.principal, row.alarm_id, self.event_time, payload)

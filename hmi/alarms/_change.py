"""One transition of one alarm, as the journal and the lists get it (standards 1.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hmi.core.alarms import AlarmEvent, AlarmRow, AlarmState
from hmi.core.journal import Entry, Kind
from hmi.core.principal import SYSTEM, Principal


@dataclass(frozen=True, slots=True)
class AlarmChange:
    """``condition_time`` first crossing, ``alarm_time`` delay expired; both session time, UTC ns.

    ``kept`` is the alarm's whole state after the change: a restart takes it back from the journal.
    ``attributes``: old and new value of each field of the definition that another revision changed.
    ``change_number``: what the plant names as the authority for that. ``window_s``: of a rate of change, else 0.
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
    reason_code: str = ""
    alarm_class: str = ""
    window_s: float = 0.0
    attributes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict[str, tuple[Any, Any]])
    change_number: str = ""

    def entry(self) -> Entry:
        """The record of 1.6 in the journal's envelope."""
        row = self.row
        payload = {
            "occurrence_id": row.occurrence_id,
            "tag_id": row.tag_id,
            "tag": row.tag_name,
            "name": row.name,
            "message": row.message,
            "kind": row.kind,
            "before": self.before.value,
            "after": self.after.value,
            "priority": int(row.priority),
            "class": self.alarm_class,
            "area": row.area,
            "value": row.value if isinstance(row.value, bool | int | float | str) else None,
            "limit": row.limit if isinstance(row.limit, bool | int | float | str) else None,
            "unit": row.unit,
            "quality": self.quality,
            "condition_time": self.condition_time,
            "alarm_time": row.alarm_time,
            "source_time": row.event_time,
            "annunciate": self.annunciate,
            "hidden": self.hidden,
            "comment": self.comment,
            "kept": list(self.kept),
        }
        payload.update(self._further())
        return Entry(Kind.ALARM, self.event.value, self.principal, row.alarm_id, self.event_time, payload)

    def _further(self) -> dict[str, Any]:
        """What only some records say; a field that is not there is empty."""
        row, principal = self.row, self.principal
        found: dict[str, Any] = {
            "shelve_until": row.shelve_until,
            "reason_code": self.reason_code,
            "first_out": row.first_out,
            "first_out_within_ms": row.first_out_within_ms,
            "group": row.group,
            "window_s": self.window_s,
            "attributes": {name: list(pair) for name, pair in self.attributes.items()},
            "change_number": self.change_number,
            "roles": [] if principal is SYSTEM else sorted(role.value for role in principal.roles),
        }
        return {name: value for name, value in found.items() if value}

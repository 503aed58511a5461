"""Alarm rows as they go to stations; pure."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from hmi.client.port import AlarmInfo
from hmi.core.alarms import AlarmRow
from hmi.project.plant import AlarmDef

_HIDDEN_FIELDS = frozenset({"extra", "source"})
_OF_DEFINITION = ("cause", "consequence", "time_to_respond", "guidance", "alarm_class")
_NOTHING = dict.fromkeys(_OF_DEFINITION, "")


def alarm_info(row: AlarmRow, definition: AlarmDef | None, *, stored: bool) -> AlarmInfo:
    """A row with the guidance of its definition; ``stored`` is False while no record of it is durable."""
    told = {name: getattr(definition, name) for name in _OF_DEFINITION} if definition else _NOTHING
    return AlarmInfo(
        alarm_id=row.alarm_id,
        occurrence_id=row.occurrence_id,
        tag_id=row.tag_id,
        tag_name=row.tag_name,
        name=row.name,
        message=row.message,
        priority=int(row.priority),
        state=row.state.value,
        area=row.area,
        value=row.value,
        limit=row.limit,
        unit=row.unit,
        alarm_time=row.alarm_time,
        state_unknown=row.state_unknown,
        response=row.response,
        display=row.display,
        stored=stored,
        kind=row.kind,
        condition_time=row.condition_time,
        event_time=row.event_time,
        quality=row.quality,
        suppressed_reason=row.suppressed_reason,
        shelve_until=row.shelve_until,
        one_shot=row.one_shot,
        hidden_by=row.hidden_by,
        hidden_since=row.hidden_since,
        comment=row.comment,
        group=row.group,
        first_out=row.first_out,
        first_out_within_ms=row.first_out_within_ms,
        latching=row.latching,
        source=row.source,
        **told,
    )


def definition_fields(definition: AlarmDef | None) -> dict[str, Any]:
    """The fields of standards 1.5 by name; {} for an alarm without a definition."""
    if definition is None:
        return {}
    names = (one.name for one in fields(definition) if one.name not in _HIDDEN_FIELDS)
    found = {name: getattr(definition, name) for name in names}
    return {**found, "priority": int(definition.priority)}

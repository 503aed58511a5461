"""Alarm rows as they go to stations; pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from hmi.client.port import AlarmInfo
from hmi.core.alarms import AlarmRow
from hmi.project.plant import Plant


def alarm_infos(rows: Iterable[AlarmRow], plant: Plant, *, stored: bool) -> list[dict[str, Any]]:
    """Rows with the guidance of their definitions."""
    definitions = {alarm.id: alarm for alarm in plant.alarms}
    found: list[dict[str, Any]] = []
    for row in rows:
        definition = definitions.get(row.alarm_id)
        info = AlarmInfo(
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
            cause=definition.cause if definition else "",
            consequence=definition.consequence if definition else "",
            stored=stored,
        )
        found.append(msgspec.structs.asdict(info))
    return found

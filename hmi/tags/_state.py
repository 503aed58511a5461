"""The tag engine's values as JSON, for snapshots and restarts (design 2b.4)."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, cast

from hmi.core import quality
from hmi.core.values import DataValue, Value
from hmi.project.plant import Plant

VERSION = 1


def exported(plant: Plant, latest: Sequence[DataValue]) -> dict[str, Any]:
    """Bad values carry nothing worth keeping; bytes travel as base64."""
    values = {
        tag.id: [_written(value.value), value.status, value.source_time, value.receive_time]
        for tag in plant.tags
        if not (value := latest[tag.handle]).is_bad
    }
    return {"version": VERSION, "values": values}


def imported(state: Mapping[str, Any]) -> dict[str, DataValue]:
    """A value from the past is usable, not current; an unknown version gives nothing."""
    if state.get("version") != VERSION:
        return {}
    rows = cast("Mapping[str, list[Any]]", state.get("values", {}))
    return {
        tag_id: DataValue(
            _read(value), quality.worst(quality.UNCERTAIN_LAST_USABLE, int(status)), int(source), int(receive)
        )
        for tag_id, (value, status, source, receive) in rows.items()
    }


def _written(value: Value) -> Any:
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode("ascii")}
    return list(value) if isinstance(value, tuple) else value


def _read(value: Any) -> Value:
    if isinstance(value, dict) and "$bytes" in value:
        return base64.b64decode(str(cast("dict[str, Any]", value)["$bytes"]))
    if isinstance(value, list):
        return tuple(cast("list[Any]", value))
    return cast("Value", value)

"""Settings of an alarm as the texts of cells, and the alarm that other cells make of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hmi.core.errors import UsageError
from hmi.core.texts import tr
from hmi.project._alarm_fields import alarm_from_values, column_target, column_text
from hmi.project._findings import FieldError
from hmi.project.plant import AlarmDef


def alarm_cells(alarm: AlarmDef, columns: Sequence[str]) -> dict[str, str]:
    """The text of each column as it is in force."""
    fields = {name: getattr(alarm, name) for name in AlarmDef.__dataclass_fields__}
    return {name: column_text(name, fields) or "" for name in columns}


def changed_alarm(alarm: AlarmDef, cells: Mapping[str, str], columns: Sequence[str]) -> AlarmDef:
    """The alarm with other cells, of ``columns`` only. UsageError in one sentence for one that does not fit."""
    for name in cells:
        if name not in columns:
            raise UsageError(tr("{name} is no setting to try; use one of: {columns}", name=name[:40],
                                columns=", ".join(columns)))  # fmt: skip
    kept = {**alarm_cells(alarm, columns), "setpoint": alarm.setpoint, "command": alarm.command}
    raw = {name: text for name, text in {**kept, **cells}.items() if text != ""}
    try:
        fields = alarm_from_values({"kind": alarm.kind, "priority": int(alarm.priority), **raw})
    except FieldError as error:
        raise UsageError(f"{error.text}{'; ' + error.do if error.do else ''}") from None
    targets = {column_target(name) for name in cells}
    usual = AlarmDef(
        "", "", "", alarm.kind, alarm.priority, "", limit=1.0 if alarm.kind == "discrete" else 0.0
    )
    return replace(alarm, **{name: fields.get(name, getattr(usual, name)) for name in targets})

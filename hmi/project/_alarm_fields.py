"""Cells and TOML values to the fields of an alarm; one table serves alarms.csv and the alarms of types."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from hmi.core.alarms import Priority
from hmi.project._convert import number, truth, whole
from hmi.project._findings import FieldError

ALARM_KINDS = (
    "high", "low", "high_high", "low_low", "deviation", "rate_up", "rate_down", "discrete", "discrepancy",
    "stale", "bad", "expression",
)  # fmt: skip
SEVERITIES = ("minor", "major", "severe")
_CLASS = re.compile(r"[a-z][a-z0-9_ -]{0,39}")
_CASES = re.compile(r"""(?:'[^']*'|"[^"]*"|[^;'"])+""")
_NEEDS = {
    "high": ("limit",),
    "low": ("limit",),
    "high_high": ("limit",),
    "low_low": ("limit",),
    "deviation": ("limit", "setpoint"),
    "rate_up": ("limit", "window"),
    "rate_down": ("limit", "window"),
    "discrepancy": ("command", "on_delay"),
    "stale": ("on_delay",),
    "expression": ("expression",),
}
_ABOVE_ZERO = {
    "deviation": ("limit",),
    "rate_up": ("limit", "window"),
    "rate_down": ("limit", "window"),
    "discrepancy": ("on_delay",),
    "stale": ("on_delay",),
}


class _Column(NamedTuple):
    """One column of alarms.csv: the field of AlarmDef that it fills and how."""

    target: str
    read: Callable[[Any, str], Any]


def _text(raw: Any, name: str) -> str:
    return str(raw).strip()


def _not_negative(raw: Any, name: str) -> float:
    value = number(raw, name)
    if value < 0:
        raise FieldError(f"{name} {value:g} is below zero", "write 0 or more")
    return value


def _seconds(raw: Any, name: str) -> float:
    value = number(raw, name)
    if value < 0:
        raise FieldError(f"{name} {value:g} is below zero", "times are in seconds")
    return value


def _count(raw: Any, name: str) -> int:
    value = whole(raw, name)
    if value < 0:
        raise FieldError(f"{name} {value} is below zero", "write 0 or more")
    return value


def _priority(raw: Any, name: str) -> Priority:
    text = str(raw).strip().upper().removeprefix("P")
    if text == "JOURNAL":
        return Priority.JOURNAL
    try:
        return Priority(int(text))
    except ValueError:
        raise FieldError(f"priority {raw!r} is not known", "write 1 to 4, or journal") from None


def _severity(raw: Any, name: str) -> str:
    text = str(raw).strip().lower()
    if text and text not in SEVERITIES:
        raise FieldError(f"severity {raw!r} is not known", f"write {', '.join(SEVERITIES)}")
    return text


def _class(raw: Any, name: str) -> str:
    text = str(raw).strip().lower()
    if not _CLASS.fullmatch(text):
        raise FieldError(f"class {raw!r} is no name of an alarm class", "write it as process or safety")
    return text


def _date(raw: Any, name: str) -> str:
    text = str(raw).strip()
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError:
        raise FieldError(f"{name} {raw!r} is not a date", "write it as 2026-05-31") from None


def _limits_when(raw: Any, name: str) -> tuple[tuple[str, float], ...]:
    """``expression => limit; expression => limit``; texts in quotes may hold a semicolon."""
    found: list[tuple[str, float]] = []
    for case in _CASES.findall(str(raw)):
        if not case.strip():
            continue
        expression, mark, limit = case.rpartition("=>")
        if not mark or not expression.strip():
            raise FieldError(f"{name} {case.strip()!r} has no =>", "write it as expression => 12; …")
        found.append((expression.strip(), number(limit.strip(), name)))
    return tuple(found)


def _texts(*names: str) -> dict[str, _Column]:
    return {name: _Column(name, _text) for name in names}


_COLUMNS: dict[str, _Column] = {
    "priority": _Column("priority", _priority),
    "limit": _Column("limit", number),
    "deadband": _Column("deadband", _not_negative),
    "on_delay": _Column("on_delay_s", _seconds),
    "off_delay": _Column("off_delay_s", _seconds),
    "latching": _Column("latching", truth),
    "ack": _Column("ack_required", truth),
    "tolerance": _Column("tolerance", _not_negative),
    "window": _Column("window_s", _seconds),
    "hold": _Column("hold_s", _seconds),
    "count": _Column("count", _count),
    "count_window": _Column("count_window_s", _seconds),
    "limits_when": _Column("limits_when", _limits_when),
    "re_alarm": _Column("re_alarm_s", _seconds),
    "re_alarm_max": _Column("re_alarm_max", _count),
    "first_out_window": _Column("first_out_window_s", _seconds),
    "enabled": _Column("enabled", truth),
    "class": _Column("alarm_class", _class),
    "severity": _Column("severity", _severity),
    "rationalised_on": _Column("rationalised_on", _date),
    "approved_on": _Column("approved_on", _date),
    **_texts(
        "expression", "cause", "consequence", "action", "time_to_respond", "display", "setpoint", "command",
        "suppress_when", "group", "first_out_group", "guidance", "basis", "rationalised_by", "approved_by",
        "release_forced",
    ),
}  # fmt: skip


@lru_cache(maxsize=50_000)
def _cell(name: str, text: str) -> Any:
    """A converted cell; equal cells share one object."""
    return _COLUMNS[name].read(text, name)


def _with_article(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def alarm_from_values(raw: Mapping[str, Any]) -> dict[str, Any]:
    """AlarmDef fields of a row or a type's alarm; FieldError for the first that does not convert."""
    kind = str(raw.get("kind", ""))
    if kind not in ALARM_KINDS:
        raise FieldError(f"alarm kind {kind!r} is not known", f"use one of {', '.join(ALARM_KINDS)}")
    for name in _NEEDS.get(kind, ()):
        if raw.get(name, "") == "":
            raise FieldError(f"{_with_article(kind)} alarm needs {_with_article(name)}")
    if raw.get("priority", "") == "":
        raise FieldError("the alarm has no priority", "write 1 to 4, or journal")
    out: dict[str, Any] = {"kind": kind}
    for name, value in raw.items():
        column = _COLUMNS.get(name)
        if column is None or value == "":
            continue
        target, read = column
        if type(value) is not str:
            out[target] = read(value, name)
        else:
            out[target] = value.strip() if read is _text else _cell(name, value)
    if kind == "discrete":
        out.setdefault("limit", 1.0)
    for name in _ABOVE_ZERO.get(kind, ()):
        if out[_COLUMNS[name].target] <= 0:
            raise FieldError(f"the {name} of a {kind} alarm is not above zero", "write a larger one")
    return out


def column_target(name: str) -> str:
    """The field of an AlarmDef that a column fills; KeyError for one that is no such column."""
    return _COLUMNS[name].target


def column_text(name: str, fields: Mapping[str, Any]) -> str | None:
    """What a column says of the fields of an AlarmDef, as it is written in a cell; None when it is no such column."""
    column = _COLUMNS.get(name)
    if column is None:
        return None
    value = fields[column.target]
    if isinstance(value, Priority):
        return "journal" if value is Priority.JOURNAL else str(value.value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, tuple):
        return "; ".join(f"{expression} => {limit:.15g}" for expression, limit in value)
    return str(value)

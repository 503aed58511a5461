"""What an instance has otherwise than its type: ``signal.column=value``, ``alarm.column=value`` in its parameters."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

from hmi.project._alarm_columns import ALARM_HELP
from hmi.project._convert import pairs, truth
from hmi.project._draft import Draft
from hmi.project._fields import GROUPS
from hmi.project._findings import FieldError
from hmi.project._types import TypePlan
from hmi.project.plant import Source

PRESENT: Final = "present"
"""``false``: the instance does not have this signal or alarm; an alarm with ``enabled=false`` is there, not judged."""
_TABLES: Final = frozenset(("states", "options"))
_OF_SIGNAL: Final = {source for group in GROUPS for source in group.sources} - {"mode_conditions"}
SIGNAL_COLUMNS: Final = frozenset(_OF_SIGNAL | {"options", PRESENT})
ALARM_COLUMNS: Final = frozenset(set(ALARM_HELP) - {"id", "tag"} | {"title", PRESENT})
Changes = dict[str, str]


@dataclass(slots=True)
class Overrides:
    """By name of the signal or alarm: column and text; ``absent_…`` are those that the instance does not have."""

    signals: dict[str, Changes] = field(default_factory=dict[str, Changes])
    alarms: dict[str, Changes] = field(default_factory=dict[str, Changes])
    absent_signals: set[str] = field(default_factory=set[str])
    absent_alarms: set[str] = field(default_factory=set[str])
    unknown: dict[str, str] = field(default_factory=dict[str, str])
    """What nobody reads, with what to write instead."""


NO_OVERRIDES: Final = Overrides()


def overrides_of(given: Mapping[str, str], plan: TypePlan) -> Overrides:
    """FieldError for what the type has not, and for a ``present`` that is neither true nor false.

    A signal and an alarm of one name take both what each of them has.
    """
    if not given:
        return NO_OVERRIDES
    out = Overrides()
    for key, text in given.items():
        target, _, name = key.partition(".")
        is_signal, is_alarm = target in plan.signals, target in plan.alarms
        if not is_signal and not is_alarm:
            known = ", ".join((*plan.signals, *(one for one in plan.alarms if one not in plan.signals)))
            raise FieldError(
                f"{key}: the type has neither a signal nor an alarm {target!r}", f"it has {known}"
            )
        if name == PRESENT:
            _leave_out(out, target, key, text, plan)
            continue
        of_signal = is_signal and _fits(name)
        if of_signal:
            out.signals.setdefault(target, {})[name] = text
        if is_alarm and (name in ALARM_COLUMNS or not of_signal):
            out.alarms.setdefault(target, {})[name] = text
        if not of_signal and not (is_alarm and name in ALARM_COLUMNS):
            columns = (SIGNAL_COLUMNS if is_signal else frozenset()) | (
                ALARM_COLUMNS if is_alarm else frozenset()
            )
            out.unknown[key] = _do(target, name, columns)
    return out


def _leave_out(out: Overrides, target: str, key: str, text: str, plan: TypePlan) -> None:
    if not truth(text, key):
        out.absent_signals.update({target} & plan.signals.keys())
        out.absent_alarms.update({target} & plan.alarms.keys())


def _fits(name: str) -> bool:
    column, dot, key = name.partition(".")
    return bool(key) and column in _TABLES if dot else name in SIGNAL_COLUMNS


def _do(target: str, name: str, columns: Collection[str]) -> str:
    if name == "enabled":
        return f"write {target}.{PRESENT}=false for what this instance does not have"
    close = get_close_matches(name, sorted(columns), 1)
    return (
        f"it has no effect; did you mean {target}.{close[0]}?"
        if close
        else "it has no effect; check the spelling"
    )


def note_unknown(overrides: Overrides, name: str, source: Source, draft: Draft) -> None:
    """A warning for each column that nobody reads."""
    for key, do in overrides.unknown.items():
        what = f"{name}: {key} names a column that is not known"
        draft.findings.warning(source.file, source.line, what, do, rule="unknown-column")


def changed(raw: Mapping[str, Any], changes: Changes) -> dict[str, Any]:
    """The raw values of a signal as the instance has them; ``states.0`` and ``options.order`` change one entry."""
    out = dict(raw)
    for name, text in changes.items():
        column, dot, key = name.partition(".")
        if dot:
            old = out.get(column) or {}
            out[column] = {**(pairs(old, column) if isinstance(old, str) else old), key: text}
        else:
            out[name] = text
    return out

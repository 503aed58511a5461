"""What an instance has otherwise than its type: ``signal.column=value``, ``alarm.column=value`` in its parameters."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

from hmi.core.values import EURange, Value
from hmi.project._alarm_columns import ALARM_HELP
from hmi.project._convert import pairs, truth
from hmi.project._draft import Draft
from hmi.project._fields import GROUPS
from hmi.project._findings import FieldError
from hmi.project._types import SignalPlan, TypePlan
from hmi.project.plant import Scaling, Source

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
            known = ", ".join(dict.fromkeys((*plan.signals, *plan.alarms, *plan.members)))
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


def note_scaling(
    tag: Mapping[str, Any],
    signal: SignalPlan,
    values: Mapping[str, Value],
    changes: Changes,
    source: Source,
    draft: Draft,
) -> None:
    """A warning where another range gives the raw values another meaning; whoever writes the raw range too means it.

    ``tag``: the fields of the signal as the instance has it; ``values``: the parameters of the instance.
    """
    own: Scaling | None = tag.get("scaling")
    if own is None or not changes.keys() & {"low", "high"} or changes.keys() & {"raw_low", "raw_high"}:
        return
    try:
        of_type: Scaling | None = signal.fields(values).get("scaling")
    except FieldError:
        return  # the type is complete only with what the instance says
    if of_type is None or own.eu == of_type.eu:
        return
    ends = " and ".join(
        f"{signal.name}.{end}={getattr(own.eu, end):g}" for end in ("low", "high") if end in changes
    )
    what = (
        f"{values['name']}.{signal.name}: with {ends} raw {_ends(own.raw)} means {_ends(own.eu)}, "
        f"and {_ends(of_type.eu)} in the type"
    )
    do = _raw_to_write(signal.name, of_type, own)
    draft.findings.warning(source.file, source.line, what, do, rule="override-scaling")


def _ends(span: EURange) -> str:
    return f"{span.low:g} … {span.high:g}"


def _raw_to_write(signal: str, of_type: Scaling, own: Scaling) -> str:
    """For a linear one the raw range that keeps the scaling of the type."""
    meant = f"{signal}.raw_high={own.raw.high:g} if the device of this instance counts so"
    if of_type.kind != "linear" or own.kind != "linear":
        return f"write {meant}"
    gain = of_type.raw.span / of_type.eu.span
    low, high = (of_type.raw.low + (end - of_type.eu.low) * gain for end in (own.eu.low, own.eu.high))
    return f"write {signal}.raw_low={low:g};{signal}.raw_high={high:g} to keep the scaling, or {meant}"


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

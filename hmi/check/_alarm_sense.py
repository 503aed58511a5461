"""Checks whether an alarm can ever be raised, and whether two of them say the same."""

from __future__ import annotations

from collections.abc import Iterator

from hmi.core.values import ValueType
from hmi.project.draft import Draft
from hmi.project.plant import AlarmDef, TagDef

Problem = tuple[str, str, str]  # rule, what is wrong, what to do
_RATES = ("rate_up", "rate_down")


def check_alarm_sense(draft: Draft) -> None:
    """Warnings for alarms that are never raised, that come back at once, or that stand twice."""
    names: dict[tuple[str, str], AlarmDef] = {}
    limits: dict[tuple[str, str, float], AlarmDef] = {}
    for alarm in draft.alarms:
        tag = draft.by_id[alarm.tag_id]
        for rule, what, do in _problems(alarm, tag, draft):
            source = alarm.source
            draft.findings.warning(source.file, source.line, f"{tag.name}: {what}", do, rule=rule)
        _check_twice(alarm, tag, names, limits, draft)


def _problems(alarm: AlarmDef, tag: TagDef, draft: Draft) -> Iterator[Problem]:
    span = tag.range.span if tag.range else 0.0
    if alarm.kind == "deviation" and 0 < span <= alarm.limit:
        what = f"the deviation {alarm.limit:g} of {alarm.name} is as wide as the range, it never comes"
        yield "alarm-never", what, f"the range is {span:g} wide"
    if alarm.kind in _RATES and span and alarm.window_s and alarm.limit * alarm.window_s > span:
        what = f"the rate {alarm.limit:g}/s of {alarm.name} over {alarm.window_s:g} s is more than the whole range"
        yield "alarm-never", what, f"the range is {span:g} wide; write a smaller rate or window"
    if alarm.kind == "discrete" and (strange := _strange_state(alarm, tag)):
        yield "alarm-never", *strange
    if alarm.kind == "deviation":
        yield from _of_setpoint(alarm, tag, draft)
    if alarm.re_alarm_s and alarm.re_alarm_s < alarm.on_delay_s:
        what = f"{alarm.name} annunciates again after {alarm.re_alarm_s:g} s, before its delay is over"
        yield "alarm-settings", what, f"its delay is {alarm.on_delay_s:g} s"


def _strange_state(alarm: AlarmDef, tag: TagDef) -> tuple[str, str] | None:
    """A value that the tag never has."""
    if tag.type is ValueType.BOOL and alarm.limit not in (0, 1):
        return f"{alarm.name} waits for {alarm.limit:g}, the tag is 0 or 1", "write 0 or 1 as limit"
    if tag.states and alarm.limit not in tag.states:
        known = ", ".join(f"{number} {text}" for number, text in list(tag.states.items())[:8])
        return f"{alarm.name} waits for {alarm.limit:g}, which is no state of the tag", f"its states: {known}"
    return None


def _of_setpoint(alarm: AlarmDef, tag: TagDef, draft: Draft) -> Iterator[Problem]:
    """A set point that may stand where the value never goes."""
    sp = draft.by_name.get(alarm.setpoint)
    if sp is None or tag.range is None or sp.unit != tag.unit:
        return
    reach = (sp.command.limits if sp.command else None) or sp.range
    if reach and not (tag.range.contains(reach.low) and tag.range.contains(reach.high)):
        what = f"the set point {sp.name} goes from {reach.low:g} to {reach.high:g}, beyond the range of its value"
        yield "setpoint-outside-range", what, f"the range is {tag.range.low:g} to {tag.range.high:g}"


def _check_twice(
    alarm: AlarmDef,
    tag: TagDef,
    names: dict[tuple[str, str], AlarmDef],
    limits: dict[tuple[str, str, float], AlarmDef],
    draft: Draft,
) -> None:
    same = names.setdefault((alarm.tag_id, alarm.name), alarm)
    what = f"{tag.name} has two alarms called {alarm.name}"
    if same is alarm and not alarm.expression and not alarm.limits_when:
        same = limits.setdefault((alarm.tag_id, alarm.kind, alarm.limit), alarm)
        what = f"{tag.name}: {alarm.name} and {same.name} are raised by the same limit"
    if same is not alarm:
        source = alarm.source
        draft.findings.warning(source.file, source.line, what, "remove or rename one", rule="alarm-twice")

"""Checks the alarms of a plant: limits inside the range and in order, deadbands, links."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from hmi.check._suggest import meant
from hmi.core.alarms import Priority
from hmi.core.values import ValueType
from hmi.project.draft import Draft
from hmi.project.plant import AlarmDef, TagDef

ORDER = ("low_low", "low", "high", "high_high")
_TEXTS = (ValueType.STRING, ValueType.BYTES, ValueType.STRUCTURE, ValueType.ARRAY)


def check_alarms(draft: Draft) -> None:
    """Findings for the alarms of every tag."""
    by_tag: defaultdict[str, list[AlarmDef]] = defaultdict(list)
    for alarm in draft.alarms:
        by_tag[alarm.tag_id].append(alarm)
        _check_link(alarm, draft)
    _check_rationalisation(draft)
    for tag_id, alarms in by_tag.items():
        tag = draft.by_id[tag_id]
        for alarm in alarms:
            if alarm.kind in ORDER:
                _check_limit(alarm, tag, draft)
        _check_order(alarms, tag, draft)


def _check_rationalisation(draft: Draft) -> None:
    """One warning per file for the alarms of P1 to P3 that do not say what to do (standards 1.5)."""
    silent: defaultdict[str, list[AlarmDef]] = defaultdict(list)
    for alarm in draft.alarms:
        if alarm.priority <= Priority.P3 and not (
            alarm.consequence and alarm.action and alarm.time_to_respond
        ):
            silent[alarm.source.file].append(alarm)
    for file, alarms in silent.items():
        first, count = alarms[0], len(alarms)
        more = f" and {count - 1} more alarms lack" if count > 1 else " lacks"
        what = f"{first.message}{more} consequence, action or time_to_respond"
        draft.findings.warning(file, first.source.line, what, "an alarm without an action is no alarm")


def _check_link(alarm: AlarmDef, draft: Draft) -> None:
    if alarm.display in draft.broken_displays:
        return
    if alarm.display and alarm.display not in draft.displays:
        what = f"alarm {alarm.name}: there is no display {alarm.display!r}"
        do = meant(alarm.display, draft.displays, "name a display of this plant")
        draft.findings.error(alarm.source.file, alarm.source.line, what, do)


def _check_limit(alarm: AlarmDef, tag: TagDef, draft: Draft) -> None:
    file, line = alarm.source.file, alarm.source.line
    what = f"{tag.name}: the {alarm.kind} limit {alarm.limit:g}"
    if tag.type is ValueType.BOOL or tag.type in _TEXTS:
        draft.findings.error(file, line, f"{what} stands on a {tag.type.value} tag", "use a discrete alarm")
    elif tag.range is None:
        draft.findings.warning(
            file, line, f"{what} stands on a tag without a range", "give the tag low and high"
        )
    elif not tag.range.contains(alarm.limit):
        do = f"its range is {tag.range.low:g} to {tag.range.high:g}"
        draft.findings.error(file, line, f"{what} is outside the range of the tag", do)
    elif alarm.deadband >= tag.range.span:
        draft.findings.error(
            file, line, f"{tag.name}: the deadband {alarm.deadband:g} is as wide as the range"
        )
    if alarm.deadband == 0 and alarm.on_delay_s == 0 and alarm.off_delay_s == 0 and tag.type not in _TEXTS:
        do = "give about 2 % of the range, or a delay"
        draft.findings.warning(
            file, line, f"{tag.name}: the {alarm.kind} alarm has no deadband and will chatter", do
        )


def _check_order(alarms: list[AlarmDef], tag: TagDef, draft: Draft) -> None:
    limits = sorted((a for a in alarms if a.kind in ORDER), key=lambda a: ORDER.index(a.kind))
    for lower, upper in pairwise(limits):
        if lower.kind != upper.kind and lower.limit >= upper.limit:
            what = f"{tag.name}: the {lower.kind} limit {lower.limit:g} is not below {upper.kind} {upper.limit:g}"
            draft.findings.error(
                upper.source.file, upper.source.line, what, "order them low_low < low < high < high_high"
            )

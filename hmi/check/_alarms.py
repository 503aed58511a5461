"""Checks the alarms of a plant: limits inside the range and in order, deadbands, links."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from hmi.check._alarm_urgency import check_urgency
from hmi.check._suggest import meant
from hmi.core.values import ValueType
from hmi.project.draft import Draft
from hmi.project.plant import AlarmDef, TagDef

ORDER = ("low_low", "low", "high", "high_high")
_SAME_SIDE = (("low_low", "low"), ("high", "high_high"))
FIRST_OUT_WINDOW_S = (0.1, 60.0)
LEAST_SAMPLES = 5
_TEXTS = (ValueType.STRING, ValueType.BYTES, ValueType.STRUCTURE, ValueType.ARRAY)


def check_alarms(draft: Draft) -> None:
    """Findings for the alarms of every tag."""
    by_tag: defaultdict[str, list[AlarmDef]] = defaultdict(list)
    for alarm in draft.alarms:
        by_tag[alarm.tag_id].append(alarm)
        _check_link(alarm, draft)
        _check_partners(alarm, draft)
        _check_counts(alarm, draft)
        check_urgency(alarm, draft)
    _check_first_out(draft)
    for tag_id, alarms in by_tag.items():
        tag = draft.by_id[tag_id]
        for alarm in alarms:
            if alarm.kind in ORDER:
                _check_limit(alarm, tag, draft)
            if alarm.kind in ("rate_up", "rate_down"):
                _check_window(alarm, tag, draft)
        _check_order(alarms, tag, draft)


def _check_link(alarm: AlarmDef, draft: Draft) -> None:
    if alarm.display in draft.broken_displays:
        return
    if alarm.display and alarm.display not in draft.displays:
        what = f"alarm {alarm.name}: there is no display {alarm.display!r}"
        do = meant(alarm.display, draft.displays, "name a display of this plant")
        draft.findings.error(alarm.source.file, alarm.source.line, what, do, rule="dead-link")


def _check_limit(alarm: AlarmDef, tag: TagDef, draft: Draft) -> None:
    file, line = alarm.source.file, alarm.source.line
    what = f"{tag.name}: the {alarm.kind} limit {alarm.limit:g}"
    if tag.type is ValueType.BOOL or tag.type in _TEXTS:
        draft.findings.error(
            file, line, f"{what} stands on a {tag.type.value} tag", "use a discrete alarm", rule="alarm-type"
        )
    elif tag.range is None:
        draft.findings.warning(
            file,
            line,
            f"{what} stands on a tag without a range",
            "give the tag low and high",
            rule="alarm-no-range",
        )
    elif outside := [limit for limit in _limits_of(alarm) if not tag.range.contains(limit)]:
        what = f"{tag.name}: the {alarm.kind} limit {outside[0]:g}"
        do = f"its range is {tag.range.low:g} to {tag.range.high:g}"
        draft.findings.error(
            file, line, f"{what} is outside the range of the tag", do, rule="alarm-outside-range"
        )
    elif alarm.deadband >= tag.range.span:
        draft.findings.error(
            file,
            line,
            f"{tag.name}: the deadband {alarm.deadband:g} is as wide as the range",
            rule="alarm-deadband",
        )
    if alarm.deadband == 0 and alarm.on_delay_s == 0 and alarm.off_delay_s == 0 and tag.type not in _TEXTS:
        do = "give about 2 % of the range, or a delay"
        draft.findings.warning(
            file,
            line,
            f"{tag.name}: the {alarm.kind} alarm has no deadband and will chatter",
            do,
            rule="alarm-chatters",
        )


def _limits_of(alarm: AlarmDef) -> tuple[float, ...]:
    return alarm.limit, *(limit for _, limit in alarm.limits_when)


def _check_order(alarms: list[AlarmDef], tag: TagDef, draft: Draft) -> None:
    limits = sorted((a for a in alarms if a.kind in ORDER), key=lambda a: ORDER.index(a.kind))
    for lower, upper in pairwise(limits):
        if lower.kind != upper.kind and lower.limit >= upper.limit:
            what = f"{tag.name}: the {lower.kind} limit {lower.limit:g} is not below {upper.kind} {upper.limit:g}"
            draft.findings.error(
                upper.source.file,
                upper.source.line,
                what,
                "order them low_low < low < high < high_high",
                rule="alarm-order",
            )
        elif (lower.kind, upper.kind) in _SAME_SIDE:
            _check_gap(lower, upper, tag, draft)


def _check_gap(lower: AlarmDef, upper: AlarmDef, tag: TagDef, draft: Draft) -> None:
    gap = upper.limit - lower.limit
    for alarm in (lower, upper):
        if alarm.deadband >= gap:
            what = f"{tag.name}: the {alarm.kind} deadband {alarm.deadband:g} reaches the next limit"
            do = f"{lower.kind} and {upper.kind} are {gap:g} apart"
            draft.findings.error(alarm.source.file, alarm.source.line, what, do, rule="alarm-deadband")


def _check_partners(alarm: AlarmDef, draft: Draft) -> None:
    for column, name in (("setpoint", alarm.setpoint), ("command", alarm.command)):
        if name and not draft.is_known(name):
            what = f"alarm {alarm.name}: the {column} {name!r} is not a tag"
            do = meant(name, draft.by_name, "name a tag of tags.csv")
            draft.findings.error(alarm.source.file, alarm.source.line, what, do, rule="unknown-tag")


def _check_counts(alarm: AlarmDef, draft: Draft) -> None:
    file, line, findings = alarm.source.file, alarm.source.line, draft.findings
    if alarm.count and not alarm.count_window_s:
        findings.error(
            file,
            line,
            f"alarm {alarm.name}: count has no count_window",
            "give it in seconds",
            rule="alarm-settings",
        )
    if alarm.re_alarm_max and not alarm.re_alarm_s:
        findings.warning(
            file,
            line,
            f"alarm {alarm.name}: re_alarm_max has no re_alarm",
            "give it in seconds",
            rule="alarm-settings",
        )
    if alarm.limits_when and alarm.kind not in ORDER:
        what = f"alarm {alarm.name}: limits_when stands on a {alarm.kind} alarm"
        findings.error(
            file, line, what, f"only {', '.join(ORDER)} have limits by state", rule="alarm-settings"
        )
    low, high = FIRST_OUT_WINDOW_S
    if alarm.first_out_group and not low <= alarm.first_out_window_s <= high:
        what = f"alarm {alarm.name}: first_out_window is {alarm.first_out_window_s:g} s"
        findings.error(file, line, what, f"write {low:g} to {high:g}", rule="alarm-first-out")


def _check_window(alarm: AlarmDef, tag: TagDef, draft: Draft) -> None:
    period_s = draft.scans[tag.scan].period_ms / 1_000
    if tag.connection and alarm.window_s < LEAST_SAMPLES * period_s:
        what = f"{tag.name}: the window of {alarm.window_s:g} s holds fewer than {LEAST_SAMPLES} scans"
        do = f"the tag is read every {period_s:g} s"
        draft.findings.error(alarm.source.file, alarm.source.line, what, do, rule="alarm-window")


def _check_first_out(draft: Draft) -> None:
    groups: defaultdict[str, list[AlarmDef]] = defaultdict(list)
    for alarm in draft.alarms:
        if alarm.first_out_group:
            groups[alarm.first_out_group].append(alarm)
    for name, alarms in groups.items():
        if len(alarms) == 1:
            source = alarms[0].source
            what = f"the first-out group {name!r} has one alarm only"
            draft.findings.warning(
                source.file, source.line, what, "check the spelling, or leave it out", rule="alarm-first-out"
            )

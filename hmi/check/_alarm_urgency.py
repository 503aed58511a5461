"""Checks how urgent an alarm is said to be: its delay and its priority against the time to respond (standards 1.7)."""

from __future__ import annotations

import re
from functools import lru_cache

from hmi.core.alarms import Priority
from hmi.project.draft import Draft
from hmi.project.plant import AlarmDef

LONGEST_DELAY_S = 600.0
DELAY_SHARE = 0.3
_MINUTE = 60.0
_TIME = re.compile(
    r"(?P<least>\d+(?:[.,]\d+)?)\s*(?P<unit>[a-z]*)\s*(?:(?:to|-|–)\s*\d+(?:[.,]\d+)?\s*(?P<last>[a-z]+))?",
    re.I,
)
_UNITS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("min", "minute", "minutes"), _MINUTE),
    **dict.fromkeys(("h", "hour", "hours"), 60 * _MINUTE),
    **dict.fromkeys(("d", "day", "days"), 24 * 60 * _MINUTE),
    **dict.fromkeys(("week", "weeks"), 7 * 24 * 60 * _MINUTE),
}
# shortest and longest time of a row, then the priority by what the consequence weighs
_MATRIX = (
    (30, float("inf"), {"minor": Priority.JOURNAL, "major": Priority.P3, "severe": Priority.P2}),
    (10, 30, {"minor": Priority.P3, "major": Priority.P3, "severe": Priority.P2}),
    (3, 10, {"minor": Priority.P3, "major": Priority.P2, "severe": Priority.P1}),
    (0, 3, {"minor": Priority.P2, "major": Priority.P1, "severe": Priority.P1}),
)


@lru_cache(maxsize=4_096)
def seconds_to_respond(text: str) -> float | None:
    """The shortest time that ``3 min`` or ``3 to 10 min`` names, in seconds; None when it names none."""
    found = _TIME.fullmatch(text.strip())
    unit = (found["unit"] or found["last"] or "").lower() if found else ""
    if found is None or unit not in _UNITS:
        return None
    return float(found["least"].replace(",", ".")) * _UNITS[unit]


def matrix_priorities(seconds: float, severity: str) -> frozenset[Priority]:
    """What the matrix says; at the border of two rows both are right."""
    minutes = seconds / _MINUTE
    return frozenset(row[severity] for low, high, row in _MATRIX if low <= minutes <= high)


def check_urgency(alarm: AlarmDef, draft: Draft) -> None:
    """Findings for the delays and the priority of one alarm."""
    file, line, findings = alarm.source.file, alarm.source.line, draft.findings
    for name, seconds in (("on_delay", alarm.on_delay_s), ("off_delay", alarm.off_delay_s)):
        if seconds > LONGEST_DELAY_S:
            what = f"alarm {alarm.message}: {name} is {seconds:g} s, more than {LONGEST_DELAY_S:g} s"
            findings.error(file, line, what, "an alarm that waits so long is no alarm", rule="alarm-delay")
    if not alarm.time_to_respond:
        return
    time = seconds_to_respond(alarm.time_to_respond)
    if time is None:
        what = f"alarm {alarm.message}: time_to_respond {alarm.time_to_respond!r} is not a time"
        findings.warning(file, line, what, "write it as 10 min", rule="alarm-time")
        return
    if alarm.on_delay_s > DELAY_SHARE * time:
        what = f"alarm {alarm.message}: on_delay {alarm.on_delay_s:g} s is more than 30 % of {alarm.time_to_respond}"
        findings.error(
            file, line, what, f"at most {DELAY_SHARE * time:g} s leave time to respond", rule="alarm-delay"
        )
    if alarm.severity and alarm.priority not in (allowed := matrix_priorities(time, alarm.severity)):
        names = " or ".join(sorted(p.name for p in allowed))
        what = f"alarm {alarm.message}: it is {alarm.priority.name}, the matrix gives {names}"
        findings.warning(
            file,
            line,
            what,
            f"{alarm.severity} consequence, {alarm.time_to_respond} to respond",
            rule="alarm-priority",
        )

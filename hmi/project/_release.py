"""An alarm of P1 to P3 that does not say what to do about it cannot be released (standards 1.5)."""

from __future__ import annotations

from collections import defaultdict

from hmi.core.alarms import Priority
from hmi.project._draft import Draft
from hmi.project.plant import AlarmDef

_FIELDS = ("consequence", "action", "time_to_respond")


def check_release(draft: Draft) -> None:
    """One error per file for the incomplete alarms, one warning for those released with a reason all the same."""
    refused: defaultdict[str, list[AlarmDef]] = defaultdict(list)
    forced: list[AlarmDef] = []
    for alarm in draft.alarms:
        if alarm.consequence and alarm.action and alarm.time_to_respond:
            continue
        if alarm.priority > Priority.P3:
            continue
        if alarm.release_forced:
            forced.append(alarm)
        else:
            refused[alarm.source.file].append(alarm)
    for file, alarms in refused.items():
        do = "write them, or give the reason in release_forced"
        draft.findings.error(file, alarms[0].source.line, _what_lacks(alarms), do, rule="alarm-incomplete")
    if forced:
        first, count = forced[0], len(forced)
        what = f"{count} alarm{'s are' if count > 1 else ' is'} released without {', '.join(_FIELDS)}"
        do = f"the first is {first.message}: {first.release_forced}"
        draft.findings.warning(
            first.source.file, first.source.line, what, do, rule="alarm-released-incomplete"
        )


def _what_lacks(alarms: list[AlarmDef]) -> str:
    first, more = alarms[0], len(alarms) - 1
    if more:
        return f"{first.message} and {more} more alarms lack consequence, action or time_to_respond"
    missing = [name for name in _FIELDS if not getattr(first, name)]
    return f"{first.message} has no {' and no '.join(missing)}"

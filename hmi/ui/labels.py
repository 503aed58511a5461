"""Short names and state words as operators read them; pure functions."""

from __future__ import annotations

import re
from typing import Any

from hmi.client.port import AlarmInfo, TagInfo
from hmi.core.texts import tr
from hmi.mimics import format_value

_LOOP_TAG = re.compile(r"([a-z]{1,5})(\d{1,5}[a-z]?)")
_STATES = {
    "UNACK": "Active, unacknowledged",
    "ACKED": "Active, acknowledged",
    "RTNUN": "Returned, unacknowledged",
    "LATCH-UNACK": "Latched, unacknowledged",
    "LATCH-ACKED": "Latched, acknowledged",
    "SHLVD": "Shelved",
    "DSUPR": "Suppressed by design",
    "OOSRV": "Out of service",
    "NORM": "Normal",
}


def short_tag(name: str) -> str:
    """``clearwell/at402.pv`` reads AT-402; a name that is no loop tag keeps its last part."""
    if "/" not in name:
        return name
    equipment = name.rpartition("/")[2].partition(".")[0]
    if (match := _LOOP_TAG.fullmatch(equipment)) is not None:
        return f"{match[1]}-{match[2]}".upper()
    return name.rpartition("/")[2]


def state_name(state: str) -> str:
    """The state of an alarm in words."""
    return tr(_STATES.get(state, state))


def state_words(row: AlarmInfo) -> str:
    """The state of an alarm in words; a state that cannot be known says so."""
    words = state_name(row.state)
    if row.state_unknown:
        return tr("{state}, value unknown", state=words)
    return words if row.stored else tr("{state}, not stored", state=words)


def alarm_number(value: Any, row: AlarmInfo, info: TagInfo | None) -> str:
    """Value or limit of an alarm row; a dash where there is none."""
    if value is None or isinstance(value, str):
        return value or "–"
    text = format_value(value, info).strip()
    return f"{text} {row.unit}" if row.unit and not (info and info.states) else text

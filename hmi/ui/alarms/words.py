"""Times, rests and reasons of alarms as an operator reads them; pure functions."""

from __future__ import annotations

import re
from typing import Final

from hmi.client.alarms import AlarmInfo
from hmi.core.clock import NS_PER_S
from hmi.core.texts import tr

LIST_NAMES: Final = {
    "active": "Active", "shelved": "Shelved", "suppressed": "Suppressed", "out_of_service": "Out of service",
}  # fmt: skip
STATE_NAMES: Final = {
    "unacked": "Unacknowledged", "acked": "Acknowledged", "returned": "Returned", "latched": "Latched",
    "stale": "Standing > 24 h",
}  # fmt: skip
REASONS: Final = {
    "nuisance": "Nuisance", "maintenance": "Maintenance", "waiting for parts": "Waiting for parts",
    "known condition": "Known condition", "test": "Test", "other": "Other",
}  # fmt: skip
_AMOUNT: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(s|sec|second|min|minute|h|hour)", re.IGNORECASE)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600}


def span_text(seconds: float) -> str:
    """A length of time: 4:10, 3:04:10, or in days from two days on."""
    whole = max(int(seconds), 0)
    if whole >= 2 * 86_400:
        return tr("{n} d {h} h", n=whole // 86_400, h=whole % 86_400 // 3_600)
    hours, rest = divmod(whole, 3_600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


def age_text(row: AlarmInfo, now_ns: int) -> str:
    """How long it stands, or is hidden."""
    since = row.hidden_since or row.alarm_time
    return span_text((now_ns - since) / NS_PER_S) if 0 < since <= now_ns else "–"


def ends_text(row: AlarmInfo, now_ns: int) -> str:
    """When a hidden alarm comes back: the rest of its time, at its return to normal, or never by itself."""
    if row.state == "SHLVD":
        if not row.shelve_until:
            return tr("at its return") if row.one_shot else "–"
        left = span_text((row.shelve_until - now_ns) / NS_PER_S)
        return tr("{left}, or at its return", left=left) if row.one_shot else tr("in {left}", left=left)
    if row.state == "DSUPR":
        return tr("by its rule")
    return tr("when returned") if row.state == "OOSRV" else ""


def reason_text(row: AlarmInfo) -> str:
    return tr(REASONS.get(row.suppressed_reason, row.suppressed_reason))


def respond_seconds(text: str) -> float:
    """The longest time that an agreed time to respond names, such as ``3 to 10 min``; 0 when it names none."""
    found = 0.0
    unit = ""
    for amount, name in reversed(_AMOUNT.findall(text)):
        unit = name
        found = max(found, float(amount) * _SECONDS[unit[0].lower()])
    return found


def first_out_text(row: AlarmInfo) -> str:
    """Its place in the order of its group; nothing is invented for what came at the same time."""
    if not row.first_out:
        return ""
    words = tr("First out") if row.first_out == 1 else tr("No. {n} of its group", n=row.first_out)
    if row.first_out_within_ms:
        return tr("{words}, simultaneous ± {n} ms", words=words, n=row.first_out_within_ms)
    return words

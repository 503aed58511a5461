"""Records of the journal as an operator reads them, and times typed by one; pure, no Qt."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

from hmi.core.texts import tr
from hmi.ui.times import EPOCH, date_text, local_time, time_text

Record = Mapping[str, Any]
STREAM_NAMES: Final = {
    "": "All", "alarm": "Alarms", "prompt": "Prompts", "diagnostic": "Diagnostics", "event": "Events",
    "command": "Commands", "note": "Notes",
}  # fmt: skip
_EVENTS: Final = {
    "ALM": "Alarm", "RTN": "Returned", "ACK": "Acknowledged", "RESET": "Reset", "SHELVE": "Shelved",
    "UNSHELVE": "Unshelved", "SUPPRESS": "Suppressed", "UNSUPPRESS": "No longer suppressed",
    "OOS": "Out of service", "RTS": "Returned to service", "REALARM": "Alarm again", "ENABLE": "Enabled",
    "DISABLE": "Disabled", "SILENCE": "Silenced", "COMMENT": "Comment", "ATTR_CHANGE": "Definition changed",
    "REFUSED": "Refused", "REMOVED": "Removed", "note": "Note",
}  # fmt: skip
_SAID: Final = ("message", "text", "comment", "reason", "reason_code", "error", "problem")
_NAMES: Final = ("tag", "tag_name", "name")
_TYPED: Final = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d")


def payload_of(record: Record) -> Mapping[str, Any]:
    """What the record says beside its envelope; a record without it says nothing."""
    said = record.get("payload")
    return said if isinstance(said, Mapping) else {}


def priority_of(record: Record) -> int:
    """1 to 5; 0 for a record that has none."""
    found = payload_of(record).get("priority")
    return found if isinstance(found, int) and 1 <= found <= 5 else 0


def event_text(record: Record) -> str:
    """What happened, in a word or two."""
    event = str(record.get("event", ""))
    return tr(_EVENTS[event]) if event in _EVENTS else event.replace(".", " ").replace("_", " ").capitalize()


def target_of(record: Record) -> str:
    """The name of the tag or object that it is about; empty when the record names none."""
    said = payload_of(record)
    return next((str(said[name]) for name in _NAMES if said.get(name)), "")


def object_text(record: Record) -> str:
    """The name that a reader knows the object by, else its id."""
    name, alarm = target_of(record), str(payload_of(record).get("name") or "")
    if record.get("kind") == "alarm" and alarm and alarm != name:
        return f"{name} {alarm}"
    return name or str(payload_of(record).get("plant") or record.get("object_id", ""))


def said_text(record: Record) -> str:
    """Message, value and reason in one line; where it has none of them, all that it says."""
    said = payload_of(record)
    parts = [_one_line(said[name]) for name in _SAID if said.get(name)]
    if said.get("value") is not None and not isinstance(said["value"], bool):
        parts.insert(1 if parts else 0, f"{_one_line(said['value'])} {said.get('unit') or ''}".strip())
    if "new" in said:
        parts.insert(
            0, f"{_one_line(said.get('old'))} → {_one_line(said['new'])} {said.get('unit') or ''}".strip()
        )
    if not parts:
        parts = [
            f"{key} {_one_line(value)}" for key, value in said.items() if value not in (None, "", [], {})
        ]
    return " · ".join(dict.fromkeys(parts))


def who_text(record: Record) -> str:
    """Who did it, and from which station."""
    actor, station = str(record.get("actor") or ""), str(record.get("station") or "")
    return tr("{who} at {station}", who=actor, station=station) if actor and station else actor


def at_of(record: Record) -> int:
    """When it happened, else when it was recorded; UTC ns."""
    return int(record.get("event_time") or record.get("receive_time") or 0)


def moment_text(at_ns: int, zone: tzinfo) -> str:
    """Time of day; in the hour that the clock shows twice with the name of the zone, so that the order is plain."""
    text, at = time_text(at_ns, zone), local_time(at_ns, zone)
    return f"{text} {at.tzname()}" if is_doubled(at) else text


def is_doubled(at: datetime) -> bool:
    """The clock shows this time twice: it is put back on this day."""
    first, second = at.replace(fold=0).utcoffset(), at.replace(fold=1).utcoffset()
    return first is not None and second is not None and first > second


def day_text(at_ns: int, zone: tzinfo) -> str:
    """The date; on a day on which the clock is changed it says so."""
    begin = local_time(at_ns, zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    before, after = begin.utcoffset(), (begin + timedelta(days=1)).utcoffset()
    text = date_text(at_ns, zone)
    if before == after or before is None or after is None:
        return text
    minutes = round(abs((after - before).total_seconds()) / 60)
    words = tr("clock put forward by {n} min", n=minutes) if after > before else tr(
        "clock put back by {n} min", n=minutes)  # fmt: skip
    return f"{text} · {words}"


def typed_time(text: str, zone: tzinfo, *, is_end: bool = False) -> int:
    """UTC ns of ``2026-10-25``, ``2026-10-25 02:30`` or with seconds, on the plant's clock; 0 for nothing.

    A time that the clock shows twice is the first one as a beginning and the second as an end, so that nothing is
    left out; a date alone as an end is the end of that day. ValueError with one sentence for anything else.
    """
    text = " ".join(text.split())
    if not text:
        return 0
    for pattern in _TYPED:
        try:
            at = datetime.strptime(text, pattern).replace(tzinfo=zone)
        except ValueError:
            continue
        if is_end and pattern == _TYPED[-1]:
            at += timedelta(days=1)
        aware = at.replace(fold=1 if is_end else 0)
        return (aware - EPOCH) // timedelta(microseconds=1) * 1_000
    raise ValueError(tr("{given} is no time; write 2026-10-25 or 2026-10-25 14:30", given=text))


def _one_line(value: Any) -> str:
    return " ".join(str(value).split())

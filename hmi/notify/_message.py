"""What is sent: the template of a channel filled with an alarm, made harmless; pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hmi.core.clock import NS_PER_S
from hmi.core.journal import JournalRecord
from hmi.project.notifications import FIELDS, NotificationDef
from hmi.project.plant import Plant

FIELD_LIMIT, SUBJECT_LIMIT, TEXT_LIMIT = 500, 200, 8_000
USUAL_TEXT = """{message}

Priority  {priority}
Point     {tag} {name}
Area      {area}
Value     {value} {unit} (limit {limit})
Raised    {time}
What to do  {response}

Acknowledge it at the station. This message needs no answer.
"""


@dataclass(frozen=True, slots=True)
class Message:
    """``id`` is the same for every attempt, so that a receiver can drop doubles; ``fields``: what the text says."""

    id: str
    subject: str
    text: str
    fields: Mapping[str, str] = field(default_factory=dict[str, str])


def alarm_message(channel: NotificationDef, plant: Plant, record: JournalRecord, response: str) -> Message:
    """The message of one ALM or REALARM record."""
    payload = record.payload
    known = {
        "plant": plant.title,
        "priority": f"P{payload.get('priority', '')}",
        "time": _time(int(payload.get("alarm_time") or record.event_time), plant.zone),
        "response": response,
        "id": message_id(record, channel),
    }
    given = {name: _words(payload.get(name)) for name in FIELDS if name not in known}
    given["message"] = given["message"] or f"{given['tag']} {given['name']}"
    return _filled(channel, {**given, **known})


def test_message(channel: NotificationDef, plant: Plant, test_id: str, now_ns: int) -> Message:
    """What ``hmi notify PLANT test NAME`` sends: it says that it is a test."""
    fields = dict.fromkeys(FIELDS, "–") | {
        "plant": plant.title,
        "message": "TEST: this is a test of a notification, no alarm",
        "time": _time(now_ns, plant.zone),
        "id": f"test-{test_id}-{channel.name}",
    }
    return _filled(channel, fields)


def message_id(record: JournalRecord, channel: NotificationDef) -> str:
    """Unique over all runtimes and channels."""
    return f"{record.runtime_id}-{record.seq}-{channel.name}"


def harmless(text: str, limit: int, *, lines: bool = False) -> str:
    """Without control characters and characters that turn the direction of writing; cut at ``limit`` characters."""
    kept = "".join(
        char
        if (lines and char == "\n") or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        else " "
        for char in text[: limit * 2]
    )
    return kept if len(kept) <= limit else f"{kept[: limit - 1]}…"


def _filled(channel: NotificationDef, fields: Mapping[str, str]) -> Message:
    safe = {name: harmless(text, FIELD_LIMIT) for name, text in fields.items()}
    subject = harmless(channel.subject.format_map(safe), SUBJECT_LIMIT)
    text = harmless((channel.text or USUAL_TEXT).format_map(safe), TEXT_LIMIT, lines=True)
    return Message(safe["id"], subject, text, safe)


def _words(value: Any) -> str:
    return "" if value is None else str(value)[: FIELD_LIMIT * 4]


def _time(at_ns: int, zone: str) -> str:
    return (
        datetime.fromtimestamp(at_ns // NS_PER_S, UTC)
        .astimezone(ZoneInfo(zone))
        .strftime("%Y-%m-%d %H:%M:%S %Z")
    )

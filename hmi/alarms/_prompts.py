"""What operators are told of hidden alarms before they forget them (standards 1.8); pure."""

from __future__ import annotations

from collections.abc import Iterable

from hmi.alarms._condition_state import Alarm
from hmi.core.alarms import AlarmRow
from hmi.core.clock import NS_PER_S
from hmi.core.journal import Entry, Kind
from hmi.core.principal import SYSTEM

MOST_SHELVED = 30
"""Per operator position; more are allowed, but somebody is told."""
_LEAST_LEFT_NS = 60 * NS_PER_S


def position_of(alarm: Alarm) -> str:
    """The operator position that an alarm belongs to, as the plant's files say; "" = the only one."""
    return str(alarm.definition.extra.get("position", ""))


def shelf_ends(alarm: Alarm, row: AlarmRow, now_ns: int) -> Entry | None:
    """Five minutes before a shelf ends; None when it has ended or is about to."""
    if not alarm.flags.shelved or alarm.shelve_until - now_ns < _LEAST_LEFT_NS:
        return None
    minutes = round((alarm.shelve_until - now_ns) / (60 * NS_PER_S))
    text = f"The shelf of {row.tag_name} {row.name} ends in {minutes} min."
    return _entry("prompt.shelf_ends", row, text, now_ns, until=alarm.shelve_until)


def many_shelved(alarm: Alarm, row: AlarmRow, alarms: Iterable[Alarm], now_ns: int) -> Entry | None:
    """When more than thirty alarms of a position are shelved."""
    position = position_of(alarm)
    count = sum(one.flags.shelved for one in alarms if position_of(one) == position)
    if count <= MOST_SHELVED:
        return None
    where = f" of {position}" if position else ""
    text = f"{count} alarms{where} are shelved, more than {MOST_SHELVED}."
    return _entry("prompt.many_shelved", row, text, now_ns, count=count)


def out_of_service(alarm: Alarm, row: AlarmRow, now_ns: int) -> Entry:
    """Once a day while an alarm is out of service."""
    days = max(1, round((now_ns - alarm.hidden_since) / (86_400 * NS_PER_S)))
    text = f"{row.tag_name} {row.name} has been out of service for {days} day{'s' if days > 1 else ''}."
    return _entry("prompt.out_of_service", row, text, now_ns, since=alarm.hidden_since)


def _entry(event: str, row: AlarmRow, text: str, now_ns: int, **more: int) -> Entry:
    payload = {
        "text": text,
        "tag": row.tag_name,
        "name": row.name,
        "area": row.area,
        "alarm_priority": int(row.priority),
        **more,
    }
    return Entry(Kind.SYSTEM, event, SYSTEM, row.alarm_id, now_ns, payload)

"""The state of one alarm as JSON, and from one plant revision to the next (design 2b.2, 2b.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hmi.alarms._condition_state import Alarm
from hmi.core.alarms import AlarmFlags

# values that every kept state has; newer ones follow them
STATE_LENGTH = 12


def exported(alarm: Alarm) -> list[Any]:
    """JSON types only; ``restore`` reads it."""
    flags = alarm.flags
    return [
        flags.active, flags.acked, flags.latched, flags.shelved, flags.suppressed, flags.oos,
        alarm.occurrence_id, alarm.condition_time, alarm.alarm_time, alarm.shelve_until, alarm.one_shot,
        alarm.link_hidden, alarm.rule_hidden,
    ]  # fmt: skip


def restore(alarm: Alarm, row: Sequence[Any]) -> None:
    """Take what was exported; nothing is known of the process until the first Good value."""
    alarm.flags = AlarmFlags(*row[:6])
    alarm.present, alarm.unknown = alarm.flags.active, True
    alarm.occurrence_id, alarm.condition_time, alarm.alarm_time = row[6:9]
    alarm.shelve_until, alarm.one_shot, alarm.link_hidden = row[9:12]
    alarm.rule_hidden = len(row) > STATE_LENGTH and bool(row[STATE_LENGTH])


def carry(old: Alarm, new: Alarm) -> None:
    """The same alarm in another revision; a running delay goes on unless the definition changed."""
    new.flags, new.occurrence_id = old.flags, old.occurrence_id
    new.condition_time, new.alarm_time, new.value = old.condition_time, old.alarm_time, old.value
    new.suppressed_reason, new.link_hidden = old.suppressed_reason, old.link_hidden
    new.rule_hidden = old.rule_hidden
    new.shelve_until, new.one_shot = old.shelve_until, old.one_shot
    new.unknown, new.present = old.unknown, old.flags.active
    if _judged_alike(old, new):
        new.present, new.due = old.present, old.due


def _judged_alike(old: Alarm, new: Alarm) -> bool:
    names = ("kind", "limit", "deadband", "on_delay_s", "off_delay_s", "expression", "tag_id")
    return all(getattr(old.definition, name) == getattr(new.definition, name) for name in names)

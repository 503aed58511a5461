"""The state of one alarm as JSON, and from one plant revision to the next (design 2b.2, 2b.4)."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from hmi.alarms._condition_state import NORMAL, Alarm
from hmi.alarms._timers import LOOK, PROMPT_BEFORE_NS, REALARM, SHELF_PROMPT
from hmi.core.alarms import AlarmFlags

# values that every kept state has; newer ones follow them
STATE_LENGTH = 12
_NEWER: tuple[Any, ...] = (False, False, "", 0, "", 0, 0, 0, 0, 0)


def exported(alarm: Alarm) -> list[Any]:
    """JSON types only; ``restore`` reads it."""
    flags = alarm.flags
    return [
        flags.active, flags.acked, flags.latched, flags.shelved, flags.suppressed, flags.oos,
        alarm.occurrence_id, alarm.condition_time, alarm.alarm_time, alarm.shelve_until, alarm.one_shot,
        alarm.link_hidden, alarm.rule_hidden, alarm.disabled, alarm.hidden_by, alarm.hidden_since, alarm.comment,
        alarm.re_alarms, alarm.wakes.get(REALARM, 0), alarm.ranked_at, alarm.source_time, alarm.raised_by,
    ]  # fmt: skip


def is_worth_keeping(alarm: Alarm) -> bool:
    """False for an alarm that is simply normal."""
    return alarm.flags != NORMAL or alarm.ranked_at > 0 or alarm.disabled


def restore(alarm: Alarm, row: Sequence[Any]) -> None:
    """Take what was exported; nothing is known of the process until the first Good value."""
    alarm.flags = AlarmFlags(*row[:6])
    alarm.present, alarm.unknown = alarm.flags.active, True
    alarm.occurrence_id, alarm.condition_time, alarm.alarm_time = row[6:9]
    alarm.shelve_until, alarm.one_shot, alarm.link_hidden = row[9:12]
    newer = (*row[STATE_LENGTH:], *_NEWER[len(row) - STATE_LENGTH :])
    alarm.rule_hidden, alarm.disabled, alarm.hidden_by, alarm.hidden_since, alarm.comment = newer[:5]
    alarm.re_alarms, again_at, alarm.ranked_at, alarm.source_time, alarm.raised_by = newer[5:10]
    if again_at:
        alarm.wakes[REALARM] = again_at
    if alarm.shelve_until:
        alarm.wakes[SHELF_PROMPT] = alarm.shelve_until - PROMPT_BEFORE_NS


_HISTORY = (
    "flags", "disabled", "occurrence_id", "alarm_time", "source_time", "raised_by", "suppressed_reason", "link_hidden",
    "rule_hidden", "shelve_until", "one_shot", "hidden_by", "hidden_since", "comment", "re_alarms", "ranked_at",
)  # fmt: skip
_JUDGED_BY = (
    "kind", "limit", "deadband", "on_delay_s", "off_delay_s", "expression", "tag_id", "setpoint", "command",
    "tolerance", "window_s", "hold_s", "limits_when", "count", "count_window_s",
)  # fmt: skip
_judged_by = attrgetter(*_JUDGED_BY)


def carry(old: Alarm, new: Alarm, *, alike: bool) -> None:
    """The same alarm in another revision; ``alike``: with the same attributes, so that its delays go on."""
    if has_history(old):
        for name in _HISTORY:
            setattr(new, name, getattr(old, name))
    new.condition_time, new.value, new.unknown, new.present = (
        old.condition_time, old.value, old.unknown, old.flags.active,
    )  # fmt: skip
    if old.wakes:
        new.wakes = {name: at for name, at in old.wakes.items() if name != LOOK}
        if not new.definition.re_alarm_s:
            new.wakes.pop(REALARM, None)
    if alike or _judged_by(old.definition) == _judged_by(new.definition):
        new.present, new.due = old.present, old.due
        new.slope, new.seen, new.seen_at, new.crossings = old.slope, old.seen, old.seen_at, old.crossings
        new.limit = old.limit
        if LOOK in old.wakes:
            new.wakes[LOOK] = old.wakes[LOOK]


def has_history(alarm: Alarm) -> bool:
    """False for an alarm that was never raised, hidden, disabled or said anything of."""
    return bool(
        alarm.occurrence_id or alarm.hidden_since or alarm.comment or alarm.disabled or alarm.flags != NORMAL
    )

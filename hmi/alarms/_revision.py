"""Another plant revision while alarms stand, and the state of before after a restart (design 2b.2, 2b.4)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from operator import attrgetter
from typing import Any

from hmi.alarms._book import Book
from hmi.alarms._change import AlarmChange
from hmi.alarms._condition_state import NORMAL, Alarm
from hmi.alarms._links import Links
from hmi.alarms._machine import Transition, is_hidden
from hmi.alarms._people import set_disabled
from hmi.alarms._state import STATE_LENGTH, carry, has_history, is_worth_keeping, restore
from hmi.alarms._tables import AlarmTables
from hmi.alarms._timers import DELAY, LOOK, REALARM
from hmi.core.alarms import AlarmEvent
from hmi.core.clock import NS_PER_S
from hmi.core.journal import JournalRecord
from hmi.core.principal import SYSTEM, Principal
from hmi.core.values import DataValue
from hmi.project.plant import AlarmDef

# fields whose change is an event of its own, by the name that alarms.csv gives them
_ATTRIBUTES = {
    "limit": "limit", "limits_when": "limits_when", "deadband": "deadband", "on_delay": "on_delay_s",
    "off_delay": "off_delay_s", "priority": "priority", "kind": "kind", "setpoint": "setpoint",
    "command": "command", "tolerance": "tolerance", "window": "window_s", "hold": "hold_s", "count": "count",
    "count_window": "count_window_s", "expression": "expression", "suppress_when": "suppress_when",
    "latching": "latching", "ack": "ack_required", "enabled": "enabled", "re_alarm": "re_alarm_s",
    "re_alarm_max": "re_alarm_max",
}  # fmt: skip

_attributes = attrgetter("tag_id", *_ATTRIBUTES.values())


def take_revision(
    book: Book, links: Links, tables: AlarmTables, by_name: Mapping[str, DataValue], now_ns: int,
    principal: Principal = SYSTEM,
) -> list[AlarmChange]:  # fmt: skip
    """Alarms keep their state by id; what they are judged by may have changed, which is told for each."""
    for key in book.alarms:
        tables.recall(key)
    old, found = book.alarms, _ended(book, tables, now_ns)
    standing: list[Alarm] = []
    changed: list[tuple[AlarmDef, Alarm]] = []
    for key, alarm in tables.alarms.items():
        if (was := old.get(key)) is None:
            continue
        alike = _attributes(was.definition) == _attributes(alarm.definition)
        carry(was, alarm, alike=alike)
        if alarm.due or alarm.wakes or has_history(alarm):
            standing.append(alarm)
        if not alike:
            changed.append((was.definition, alarm))
    book.look_up(tables, by_name)
    links.follow_plant()
    book.first_out.take_up()
    for alarm in standing:
        _go_on(book, alarm)
    for definition, alarm in changed:
        _tell_changes(book, definition, alarm, now_ns, found, principal)
    return found


def _go_on(book: Book, alarm: Alarm) -> None:
    if alarm.rule_hidden and alarm.suppress_when is None:
        alarm.rule_hidden, alarm.flags = False, replace(alarm.flags, suppressed=False)
    if alarm.disabled:
        alarm.is_plain = False
    book.take_up(alarm)


def _ended(book: Book, tables: AlarmTables, now_ns: int) -> list[AlarmChange]:
    """Alarms that were not simply normal and are in the plant no longer."""
    found: list[AlarmChange] = []
    for key, alarm in book.alarms.items():
        if key in tables.alarms or not is_worth_keeping(alarm):
            continue
        before, alarm.flags, alarm.shelve_until = alarm.flags, NORMAL, 0
        alarm.ranked_at, alarm.rank, alarm.disabled = 0, 0, False
        comment = "the plant has this alarm no longer"
        book.note(alarm, AlarmEvent.REMOVED, before, Transition(NORMAL), now_ns, found, comment=comment)
    return found


def _tell_changes(
    book: Book, old: AlarmDef, alarm: Alarm, now_ns: int, found: list[AlarmChange], principal: Principal
) -> None:
    new = alarm.definition
    changed = {
        name: (_plain(getattr(old, target)), _plain(getattr(new, target)))
        for name, target in _ATTRIBUTES.items()
        if getattr(old, target) != getattr(new, target)
    }
    if not changed:
        return
    before = alarm.flags
    if "enabled" in changed:
        set_disabled(book, alarm, not new.enabled)
    words = "; ".join(f"{name} {_shown(was)} → {_shown(now)}" for name, (was, now) in changed.items())
    result = Transition(alarm.flags, hidden=is_hidden(alarm.flags))
    book.note(
        alarm, AlarmEvent.ATTR_CHANGE, before, result, now_ns, found,
        principal=principal, comment=words, attributes=changed,
    )  # fmt: skip
    if new.priority < old.priority:
        comment = f"priority {old.priority.name} → {new.priority.name}"
        book.apply(alarm, AlarmEvent.REALARM, now_ns, found, comment=comment)


def _plain(value: Any) -> Any:
    """JSON types."""
    return [list(pair) for pair in value] if isinstance(value, tuple) else value


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(f"{when} => {limit:g}" for when, limit in value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value) or "none"


def import_state(book: Book, state: Mapping[str, Any]) -> None:
    """Take what was exported; the first Good sample decides from there, nothing annunciates."""
    for key, row in state.items():
        book.tables.recall(key)
        alarm = book.alarms.get(key)
        if alarm is None or len(row) < STATE_LENGTH or not alarm.definition.enabled:
            continue
        restore(alarm, row)
        if alarm.disabled:
            alarm.unknown, alarm.is_plain = False, False
        _go_on(book, alarm)
    book.first_out.take_up()


def kept_in(records: Iterable[JournalRecord]) -> dict[str, Any]:
    """States by alarm id out of alarm records, oldest first; the last one of each alarm counts."""
    return {record.object_id: record.payload["kept"] for record in records if record.payload.get("kept")}


def begin_run(book: Book, now_ns: int) -> None:
    """The session clock was set (a restored plant): delays and slopes start anew from here."""
    for alarm in book.alarms.values():
        if alarm.due:
            alarm.due = now_ns + alarm.delay_ns
            book.timers.push(alarm, DELAY, alarm.due)
        if alarm.slope is not None:
            alarm.slope.clear()
        if alarm.crossings is not None:
            alarm.crossings.clear()
        if alarm.seen_at:
            alarm.seen_at = now_ns
        if LOOK in alarm.wakes:
            book.timers.push(alarm, LOOK, now_ns)
        if REALARM in alarm.wakes:
            book.timers.push(alarm, REALARM, now_ns + int(alarm.definition.re_alarm_s * NS_PER_S))


def clock_stepped(book: Book, by_ns: int) -> None:
    """Somebody set the system clock: delays, shelves, repeats and slopes go on as if nobody had."""
    for alarm in book.alarms.values():
        alarm.due += by_ns if alarm.due else 0
        alarm.shelve_until += by_ns if alarm.shelve_until else 0
        alarm.seen_at += by_ns if alarm.seen_at else 0
        for name in alarm.wakes:
            alarm.wakes[name] += by_ns
        if alarm.slope is not None:
            alarm.slope.shift(by_ns)
        if alarm.crossings is not None:
            alarm.crossings = deque(at + by_ns for at in alarm.crossings)
    book.timers.shift(by_ns)

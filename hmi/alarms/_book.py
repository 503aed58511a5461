"""Every alarm with its state: takes events through the state machine, keeps the list and the timers; no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hmi.alarms._change import AlarmChange
from hmi.alarms._condition_state import Alarm
from hmi.alarms._machine import Refused, Transition, step
from hmi.alarms._state import exported
from hmi.alarms._tables import AlarmTables
from hmi.alarms._timers import DELAY, OOS_REMINDER, PROMPT_BEFORE_NS, REALARM, SHELF, SHELF_PROMPT, Timers
from hmi.core.alarms import AlarmEvent, AlarmFlags, AlarmRow, AlarmState
from hmi.core.clock import NS_PER_S
from hmi.core.identity import new_id
from hmi.core.principal import SYSTEM, Principal
from hmi.core.values import DataValue, Value

DAY_NS = 86_400 * NS_PER_S
_UNHIDING = frozenset({AlarmEvent.UNSHELVE, AlarmEvent.UNSUPPRESS, AlarmEvent.RTS})
_HIDING = frozenset({AlarmEvent.SHELVE, AlarmEvent.SUPPRESS, AlarmEvent.OOS})
_WITH_LIMIT = frozenset({"high", "high_high", "low", "low_low", "deviation", "rate_up", "rate_down"})
_NONE: Mapping[str, tuple[Any, Any]] = {}
_RATES = ("rate_up", "rate_down")
_JUDGED = frozenset(("deviation", *_RATES))
"""Their value is what is compared with the limit, not what the tag has."""


class Book:
    """``values`` is the tag engine's table by handle, ``by_name`` the same by tag name; times UTC ns."""

    def __init__(
        self, tables: AlarmTables, values: Sequence[DataValue], by_name: Mapping[str, DataValue]
    ) -> None:
        self.values = values
        self.timers = Timers()
        self.shown: dict[str, Alarm] = {}
        self.by_occurrence: dict[str, Alarm] = {}
        self.doubts: dict[str, bool] = {}
        self.reranked: set[str] = set()
        self.look_up(tables, by_name)

    def look_up(self, tables: AlarmTables, by_name: Mapping[str, DataValue]) -> None:
        """Take the alarms of a revision in the state that they are in."""
        self.tables, self.plant, self.by_name = tables, tables.plant, by_name
        self.alarms = tables.alarms
        self.first_out = tables.first_out
        self.timers.clear()
        self.shown.clear()
        self.by_occurrence.clear()

    # ------------------------------------------------------------------ the raw condition

    def condition(
        self, alarm: Alarm, present: bool, now_ns: int, found: list[AlarmChange], by: DataValue | None = None
    ) -> None:
        """``by``: the value that says so."""
        if present != alarm.present:
            self.turned(alarm, present, now_ns, found, by)

    def turned(
        self, alarm: Alarm, present: bool, now_ns: int, found: list[AlarmChange], by: DataValue | None
    ) -> None:
        """The raw condition changed: start its delay, or let it through at once."""
        alarm.present, alarm.due = present, 0
        if alarm.settled:
            return
        at_once = False
        if present:
            alarm.condition_time = now_ns
            alarm.source_time, alarm.raised_by = (by.source_time or now_ns, by.status) if by else (now_ns, 0)
            at_once = alarm.crossings is not None and _came_often(alarm, now_ns)
        delay = 0 if at_once else alarm.delay_ns
        if not delay:
            self.settle(alarm, now_ns, found)
            return
        alarm.due = now_ns + delay
        self.timers.push(alarm, DELAY, alarm.due)

    def settle(self, alarm: Alarm, now_ns: int, found: list[AlarmChange]) -> None:
        """The delay is over: the raw condition counts."""
        self.apply(alarm, AlarmEvent.ALM if alarm.present else AlarmEvent.RTN, now_ns, found)
        if alarm.one_shot and not alarm.present:
            self.apply(alarm, AlarmEvent.UNSHELVE, now_ns, found, comment="returned to normal")

    def freeze(self, alarm: Alarm) -> None:
        """Nothing is known of the process: no delay goes on, the state stays."""
        if not alarm.unknown:
            self.doubts[alarm.definition.id] = True
        alarm.unknown, alarm.due = True, 0

    def thaw(self, alarm: Alarm) -> None:
        """A usable value is there again: delays start from zero."""
        alarm.unknown = False
        self.doubts[alarm.definition.id] = False
        alarm.present = alarm.flags.active

    # ------------------------------------------------------------------ events

    def apply(
        self, alarm: Alarm, event: AlarmEvent, now_ns: int, found: list[AlarmChange],
        *, principal: Principal = SYSTEM, comment: str = "", reason: str = "",
    ) -> Refused | None:  # fmt: skip
        """One event through the state machine; what came of it is added to ``found``."""
        definition, before = alarm.definition, alarm.flags
        result = step(before, event, latching=definition.latching, ack_required=definition.ack_required)
        if not isinstance(result, Transition):
            return result
        alarm.flags = result.flags
        if result.raised:
            self._raise(alarm, now_ns)
        if event is not AlarmEvent.ALM and event is not AlarmEvent.RTN:  # they are the most, in a flood all
            self._note_act(alarm, event, now_ns, principal, comment, reason)
        self.remember(alarm)
        self.note(
            alarm, event, before, result, now_ns, found, principal=principal, comment=comment, reason=reason
        )
        if result.raised and event is not AlarmEvent.ALM:
            self.note(alarm, AlarmEvent.ALM, before, result, now_ns, found)
        return None

    def _raise(self, alarm: Alarm, now_ns: int) -> None:
        self.by_occurrence.pop(alarm.occurrence_id, None)
        alarm.occurrence_id, alarm.alarm_time = new_id("o"), now_ns
        alarm.comment, alarm.re_alarms = "", 0
        if alarm.definition.first_out_group:
            self.reranked.update(one.definition.id for one in self.first_out.raised(alarm))

    def _note_act(
        self, alarm: Alarm, event: AlarmEvent, now_ns: int, principal: Principal, comment: str, reason: str
    ) -> None:
        """Who did what, why and until when, as lists show it."""
        if comment and principal is not SYSTEM:
            alarm.comment = comment
        if event is AlarmEvent.ACK and alarm.flags.active:
            self._repeat_later(alarm, now_ns)
        elif event in _HIDING:
            if principal is not SYSTEM or not alarm.hidden_since:
                alarm.hidden_by = "" if principal is SYSTEM else principal.user
                alarm.hidden_since = now_ns
            alarm.suppressed_reason = reason or comment
            if event is AlarmEvent.OOS:
                self.timers.push(alarm, OOS_REMINDER, now_ns + DAY_NS)
        elif event in _UNHIDING:
            if event is AlarmEvent.UNSHELVE:
                alarm.shelve_until, alarm.one_shot = 0, False
            elif event is AlarmEvent.UNSUPPRESS:
                alarm.suppressed_reason = ""
            if not alarm.is_hidden:
                alarm.hidden_by, alarm.hidden_since, alarm.suppressed_reason = "", 0, ""

    def _repeat_later(self, alarm: Alarm, now_ns: int) -> None:
        definition = alarm.definition
        if definition.re_alarm_s and (
            not definition.re_alarm_max or alarm.re_alarms < definition.re_alarm_max
        ):
            self.timers.push(alarm, REALARM, now_ns + int(definition.re_alarm_s * NS_PER_S))

    def keep_shelf(self, alarm: Alarm, until: int, *, one_shot: bool) -> None:
        """The shelf ends at ``until``; somebody is told five minutes before."""
        alarm.shelve_until, alarm.one_shot = until, one_shot
        self.timers.push(alarm, SHELF, until)
        self.timers.push(alarm, SHELF_PROMPT, until - PROMPT_BEFORE_NS)

    def note(
        self, alarm: Alarm, event: AlarmEvent, before: AlarmFlags, result: Transition, now_ns: int,
        found: list[AlarmChange], *, principal: Principal = SYSTEM, comment: str = "", reason: str = "",
        attributes: Mapping[str, tuple[Any, Any]] | None = None,
    ) -> None:  # fmt: skip
        """Add the change that the journal and the lists get."""
        value = self.values[alarm.handle] if alarm.handle >= 0 else None
        found.append(
            AlarmChange(
                event=event,
                before=before.state,
                after=result.flags.state,
                row=self.row(alarm),
                event_time=now_ns,
                condition_time=alarm.condition_time,
                annunciate=result.annunciate,
                hidden=result.hidden,
                principal=principal,
                comment=comment,
                quality=value.status if value else 0,
                kept=tuple(exported(alarm)),
                reason_code=reason,
                alarm_class=alarm.definition.alarm_class,
                window_s=alarm.definition.window_s if alarm.slope is not None else 0.0,
                attributes=_NONE if attributes is None else attributes,
                change_number=self.tables.plant.change_number if attributes else "",
            )
        )

    # ------------------------------------------------------------------ the list

    def remember(self, alarm: Alarm) -> None:
        """Put the alarm into the active list, or take it out."""
        if alarm.is_hidden or alarm.flags.state is AlarmState.NORM:
            self.shown.pop(alarm.definition.id, None)
            self.by_occurrence.pop(alarm.occurrence_id, None)
        else:
            self.shown[alarm.definition.id] = self.by_occurrence[alarm.occurrence_id] = alarm

    def take_up(self, alarm: Alarm) -> None:
        """Put a carried or restored alarm back into the list and its timers back into the queue."""
        self.remember(alarm)
        if alarm.due:
            self.timers.push(alarm, DELAY, alarm.due)
        if alarm.shelve_until:
            self.timers.push(alarm, SHELF, alarm.shelve_until)
        if alarm.flags.oos:
            alarm.wakes.setdefault(OOS_REMINDER, alarm.hidden_since + DAY_NS)
        for name, at in alarm.wakes.items():
            self.timers.push(alarm, name, at)

    def row(self, alarm: Alarm) -> AlarmRow:
        """The alarm as a list shows it now."""
        definition = alarm.definition
        tag = self.plant.by_id.get(definition.tag_id)
        return AlarmRow(
            alarm_id=definition.id,
            occurrence_id=alarm.occurrence_id,
            tag_id=definition.tag_id,
            tag_name=tag.name if tag else definition.name,
            name=definition.name,
            message=definition.message,
            priority=definition.priority,
            state=alarm.flags.state,
            area=definition.area or (tag.area if tag else ""),
            value=self._value(alarm),
            limit=alarm.limit if definition.kind in _WITH_LIMIT else None,
            unit=(f"{tag.unit}/s" if definition.kind in _RATES else tag.unit) if tag else "",
            alarm_time=alarm.alarm_time,
            state_unknown=alarm.unknown,
            response=definition.action,
            display=definition.display,
            suppressed_reason=alarm.suppressed_reason,
            kind=definition.kind,
            condition_time=alarm.condition_time,
            event_time=alarm.source_time,
            quality=alarm.raised_by,
            shelve_until=alarm.shelve_until,
            one_shot=alarm.one_shot,
            hidden_by=alarm.hidden_by,
            hidden_since=alarm.hidden_since,
            comment=alarm.comment,
            group=definition.group,
            first_out=alarm.rank,
            first_out_within_ms=alarm.within_ms,
            latching=definition.latching,
        )

    def _value(self, alarm: Alarm) -> Value:
        if alarm.handle < 0:
            return None
        return alarm.value if alarm.definition.kind in _JUDGED else self.values[alarm.handle].value


def _came_often(alarm: Alarm, now_ns: int) -> bool:
    """Count rule: the condition became true so often in the window that no delay is waited for (standards 1.4)."""
    crossings, definition = alarm.crossings, alarm.definition
    assert crossings is not None
    crossings.append(now_ns)
    while crossings[0] < now_ns - int(definition.count_window_s * NS_PER_S):
        crossings.popleft()
    if len(crossings) < definition.count:
        return False
    crossings.clear()
    return True

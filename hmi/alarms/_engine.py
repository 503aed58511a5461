"""The alarm engine: changes of tags in, changes of alarms out; no I/O, no await (standards 1.4, 1.10)."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hmi.alarms._change import AlarmChange
from hmi.alarms._condition_state import Alarm
from hmi.alarms._lists import Counts, counted
from hmi.alarms._machine import Refused, Transition, step
from hmi.alarms._shelf import shelf_refusal
from hmi.alarms._state import STATE_LENGTH, carry, exported, restore
from hmi.alarms._tables import AlarmTables
from hmi.core import quality
from hmi.core.alarms import AlarmEvent, AlarmFlags, AlarmRow, AlarmState, Priority
from hmi.core.clock import NS_PER_S
from hmi.core.identity import new_id
from hmi.core.journal import JournalRecord
from hmi.core.principal import SYSTEM, Principal
from hmi.core.values import DataValue
from hmi.project.plant import Plant

STALE_CODES = frozenset({quality.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE, quality.UNCERTAIN_LAST_USABLE})


class AlarmEngine:
    """All alarms of one plant revision.

    ``values`` is the tag engine's table by handle, ``by_name`` the same by tag name. Times are session time,
    UTC ns. One link alarm per connection, or per silent unit behind one that is up, stands for all its tags;
    their own bad-value alarms are suppressed by design while it is active.
    """

    def __init__(self, plant: Plant, values: Sequence[DataValue], by_name: Mapping[str, DataValue]) -> None:
        self._values = values
        self._due: list[tuple[int, int, Alarm]] = []
        self._shelves: list[tuple[int, int, Alarm]] = []
        self._down: set[str] = set()
        self._silent: dict[tuple[str, str], frozenset[str]] = {}
        self._order = 0
        self._shown: dict[str, Alarm] = {}
        self._look_up(AlarmTables(plant), by_name)

    def _look_up(self, tables: AlarmTables, by_name: Mapping[str, DataValue]) -> None:
        self._tables, self._plant, self._by_name = tables, tables.plant, by_name
        self._alarms, self._links = tables.alarms, tables.links
        self._of_handle, self._rules = tables.of_handle, tables.rules

    # ------------------------------------------------------------------ evaluation

    def evaluate(self, changes: Iterable[tuple[int, DataValue]], now_ns: int) -> list[AlarmChange]:
        """Evaluate every alarm that reads one of the changed tags."""
        # a delay that ended before these values came counts, however rarely ``tick`` is called
        found = self.tick(now_ns) if self._due and self._due[0][0] <= now_ns else []
        of_handle, rules = self._of_handle, self._rules
        for handle, value in changes:
            if handle in rules:
                self._apply_rules(handle, now_ns, found)
            for alarm in of_handle.get(handle, ()):
                if value.status == 0 and not alarm.unknown and alarm.is_plain:
                    if alarm.compare(value.value, alarm.present) != alarm.present:
                        self._turned(alarm, not alarm.present, now_ns, found)
                else:
                    self._evaluate_one(alarm, value, now_ns, found)
        return found

    def tick(self, now_ns: int) -> list[AlarmChange]:
        """Delays and shelves that have ended by now."""
        found: list[AlarmChange] = []
        while self._shelves and self._shelves[0][0] <= now_ns:
            until, _, alarm = heapq.heappop(self._shelves)
            if alarm.shelve_until == until:
                self._apply(alarm, AlarmEvent.UNSHELVE, until, found, comment="the time is over")
        while self._due and self._due[0][0] <= now_ns:
            due, _, alarm = heapq.heappop(self._due)
            if alarm.due == due:
                alarm.due = 0
                self._settle(alarm, due, found)
        return found

    def next_due(self) -> int:
        """Session time of the next delay or shelf that may end; 0 = none runs."""
        while self._due and self._due[0][2].due != self._due[0][0]:
            heapq.heappop(self._due)
        while self._shelves and self._shelves[0][2].shelve_until != self._shelves[0][0]:
            heapq.heappop(self._shelves)
        return min((heap[0][0] for heap in (self._due, self._shelves) if heap), default=0)

    def link_down(self, connection: str, now_ns: int) -> list[AlarmChange]:
        """One alarm for the device; its units' alarms and its tags' bad-value alarms are suppressed by design."""
        found: list[AlarmChange] = []
        self._down.add(connection)
        for unit, alarm in self._tables.units_of(connection).items():
            self._silent.pop((connection, unit), None)
            self._fold(alarm, f"link {connection} is down", now_ns, found)
        for alarm in self._alarms.values():
            if alarm.connection == connection and alarm.definition.kind == "bad":
                self._fold(alarm, f"link {connection} is down", now_ns, found)
        if (link := self._links.get(connection)) is not None:
            self._condition(link, True, now_ns, found)
            link.unknown = False
        return found

    def link_up(self, connection: str, now_ns: int) -> list[AlarmChange]:
        """The device answers again; its bad-value alarms show again with their tags' next values."""
        found: list[AlarmChange] = []
        self._down.discard(connection)
        if (link := self._links.get(connection)) is not None:
            self._condition(link, False, now_ns, found)
            link.unknown = False
        return found

    def unit_down(
        self, connection: str, unit: str, tag_ids: Collection[str], now_ns: int
    ) -> list[AlarmChange]:
        """One alarm for a silent device behind a connection that is up, instead of those of its tags."""
        found: list[AlarmChange] = []
        own = self._silent[connection, unit] = frozenset(tag_ids)
        for alarm in self._alarms.values():
            if alarm.definition.kind == "bad" and alarm.definition.tag_id in own:
                self._fold(alarm, f"unit {unit} of {connection} is silent", now_ns, found)
        alarm = self._tables.unit(connection, unit)
        self._condition(alarm, True, now_ns, found)
        alarm.unknown = False
        self._unfold(alarm, now_ns, found)
        return found

    def unit_up(self, connection: str, unit: str, now_ns: int) -> list[AlarmChange]:
        """The unit answers; a tag of it that is still Bad has its own delay from here."""
        found: list[AlarmChange] = []
        alarm = self._tables.units_of(connection).get(unit)
        if alarm is not None:
            self._condition(alarm, False, now_ns, found)
            alarm.unknown = False
            self._unfold(alarm, now_ns, found)
        own = self._silent.pop((connection, unit), frozenset())
        for alarm in self._alarms.values() if own else ():
            if alarm.definition.kind == "bad" and alarm.definition.tag_id in own:
                self._evaluate_bad(alarm, self._values[alarm.handle], now_ns, found)
        return found

    def units_are(self, connection: str, units: Collection[str], now_ns: int) -> list[AlarmChange]:
        """The units that a connection has; the alarm of one that it has no longer ends."""
        gone = self._tables.units_of(connection).keys() - set(units)
        return [change for unit in sorted(gone) for change in self.unit_up(connection, unit, now_ns)]

    def _fold(self, alarm: Alarm, comment: str, now_ns: int, found: list[AlarmChange]) -> None:
        """A link alarm speaks for this one: hidden by design, and no delay of it goes on."""
        alarm.due, alarm.present = 0, alarm.flags.active
        if alarm.flags.state is not AlarmState.NORM and not alarm.link_hidden:
            refused = self._apply(alarm, AlarmEvent.SUPPRESS, now_ns, found, comment=comment)
            alarm.link_hidden = refused is None

    def _unfold(self, alarm: Alarm, now_ns: int, found: list[AlarmChange]) -> None:
        if alarm.link_hidden:
            alarm.link_hidden = False
            self._apply(alarm, AlarmEvent.UNSUPPRESS, now_ns, found, comment="the link is up")

    # ------------------------------------------------------------------ people

    def act(
        self, alarm_id: str, event: AlarmEvent, now_ns: int, *, principal: Principal, comment: str = ""
    ) -> AlarmChange | Refused:
        """ACK, RESET, UNSHELVE, SUPPRESS, OOS or RTS by a person; the service journals a refusal."""
        alarm = self._alarms.get(alarm_id)
        if alarm is None:
            return Refused("there is no such alarm")
        found: list[AlarmChange] = []
        refused = self._apply(alarm, event, now_ns, found, principal=principal, comment=comment)
        return refused or found[0]

    def acknowledge(
        self, occurrence_id: str, now_ns: int, *, principal: Principal, comment: str = ""
    ) -> AlarmChange | Refused:
        """Acknowledge one occurrence; a later occurrence of the same alarm is another one."""
        alarm = next((a for a in self._shown.values() if a.occurrence_id == occurrence_id), None)
        if alarm is None:
            return Refused("this occurrence is no longer in the list")
        return self.act(alarm.definition.id, AlarmEvent.ACK, now_ns, principal=principal, comment=comment)

    def shelve(
        self, alarm_id: str, now_ns: int, *, seconds: float, principal: Principal, comment: str,
        one_shot: bool = False,
    ) -> AlarmChange | Refused:  # fmt: skip
        """Shelve for a time (``one_shot``: at most until the first return to normal); needs a reason."""
        alarm = self._alarms.get(alarm_id)
        if alarm is None:
            return Refused("there is no such alarm")
        if refused := shelf_refusal(alarm, seconds, comment):
            return refused
        before = alarm.shelve_until, alarm.one_shot
        self._keep_shelf(alarm, now_ns + int(seconds * NS_PER_S), one_shot)
        result = self.act(alarm_id, AlarmEvent.SHELVE, now_ns, principal=principal, comment=comment)
        if isinstance(result, Refused):
            alarm.shelve_until, alarm.one_shot = before
        return result

    def _keep_shelf(self, alarm: Alarm, until: int, one_shot: bool) -> None:
        alarm.shelve_until, alarm.one_shot = until, one_shot
        self._order += 1
        heapq.heappush(self._shelves, (until, self._order, alarm))

    # ------------------------------------------------------------------ lists

    def active(self) -> tuple[AlarmRow, ...]:
        """Rows of the active list: priority first, newest first, unacknowledged before acknowledged."""
        rows = [self._row(alarm) for alarm in self._shown.values()]
        return tuple(sorted(rows, key=lambda r: (r.priority, r.state not in _UNACKED, -r.alarm_time)))

    def hidden(self) -> tuple[AlarmRow, ...]:
        """Shelved, suppressed and out of service alarms."""
        return tuple(
            self._row(a)
            for a in self._alarms.values()
            if a.flags.shelved or a.flags.oos or (a.flags.suppressed and a.flags.active)
        )

    def about(self, handle: int) -> tuple[AlarmRow, ...]:
        """Every alarm that reads a tag, in whatever state it is."""
        return tuple(self._row(alarm) for alarm in self._of_handle.get(handle, ()))

    def counts(self) -> dict[str, dict[Priority, Counts]]:
        """Alarms of the active list by area and priority."""
        return counted(self.active())

    def apply(self, tables: AlarmTables, by_name: Mapping[str, DataValue], now_ns: int) -> list[AlarmChange]:
        """Take another revision, after the tag engine did: alarms keep their state by id, changed ones are
        evaluated at once, one that the plant has no longer ends with a change of its own.
        """
        for key in self._alarms:
            tables.recall_unit(key)
        old, found = self._alarms, self._ended(tables, now_ns)
        self._look_up(tables, by_name)
        self._due, self._shelves, self._shown = [], [], {}
        self._down &= tables.plant.connections.keys()
        self._silent = {key: own for key, own in self._silent.items() if key[0] in tables.plant.connections}
        for key, alarm in self._alarms.items():
            if key in old:
                carry(old[key], alarm)
                self._take_up(alarm)
        read = self._of_handle.keys() | self._rules.keys()
        return found + self.evaluate([(h, self._values[h]) for h in sorted(read)], now_ns)

    def _ended(self, tables: AlarmTables, now_ns: int) -> list[AlarmChange]:
        """Alarms that were not simply normal and are in the plant no longer."""
        found: list[AlarmChange] = []
        for key, alarm in self._alarms.items():
            if key in tables.alarms or alarm.flags == AlarmFlags():
                continue
            before, alarm.flags, alarm.shelve_until = alarm.flags, AlarmFlags(), 0
            comment = "the plant has this alarm no longer"
            result = Transition(alarm.flags)
            found.append(self._change(alarm, AlarmEvent.REMOVED, before, result, now_ns, SYSTEM, comment))
        return found

    def _take_up(self, alarm: Alarm) -> None:
        """Put a carried or restored alarm back into the list and its timers back into the heaps."""
        if alarm.rule_hidden and alarm.suppress_when is None:
            alarm.rule_hidden, alarm.flags = False, replace(alarm.flags, suppressed=False)
        self._remember(alarm)
        if alarm.due:
            self._order += 1
            heapq.heappush(self._due, (alarm.due, self._order, alarm))
        if alarm.shelve_until:
            self._keep_shelf(alarm, alarm.shelve_until, alarm.one_shot)

    def export_state(self) -> dict[str, Any]:
        """What a restart must not lose, by alarm id (2b.4)."""
        return {key: exported(a) for key, a in self._alarms.items() if a.flags != AlarmFlags()}

    def import_state(self, state: Mapping[str, Any]) -> None:
        """Take what was exported; the first Good sample decides from there, nothing annunciates."""
        for key, row in state.items():
            self._tables.recall_unit(key)
            alarm = self._alarms.get(key)
            if alarm is not None and len(row) >= STATE_LENGTH:
                restore(alarm, row)
                self._take_up(alarm)

    def begin_run(self, now_ns: int) -> None:
        """The session clock was set (a restored plant): delays that run start anew from here."""
        self._due.clear()
        for alarm in self._alarms.values():
            if alarm.due:
                alarm.due = now_ns + alarm.delay_ns
                self._order += 1
                heapq.heappush(self._due, (alarm.due, self._order, alarm))

    def restore(self, records: Iterable[JournalRecord]) -> None:
        """Take the state back from alarm records, oldest first; the last one of each alarm counts."""
        kept = {record.object_id: record.payload["kept"] for record in records if record.payload.get("kept")}
        self.import_state(kept)

    # ------------------------------------------------------------------ inside

    def _apply_rules(self, handle: int, now_ns: int, found: list[AlarmChange]) -> None:
        """Only a rule that is surely true suppresses; a Bad or stale input never hides an alarm."""
        for alarm in self._rules[handle]:
            assert alarm.suppress_when is not None
            result = alarm.suppress_when.evaluate(self._by_name, now_ns)
            stale = result.status & quality.CODE_MASK in STALE_CODES
            wanted = bool(result.value) and not result.is_bad and not stale
            if wanted == alarm.rule_hidden:
                continue
            event = AlarmEvent.SUPPRESS if wanted else AlarmEvent.UNSUPPRESS
            comment = f"suppressed by design: {alarm.suppress_when.text}"
            if self._apply(alarm, event, now_ns, found, comment=comment) is None:
                alarm.rule_hidden = wanted

    def _evaluate_one(self, alarm: Alarm, value: DataValue, now_ns: int, found: list[AlarmChange]) -> None:
        """The quality gate, then the comparator."""
        if alarm.expression is not None:
            value = alarm.expression.evaluate(self._by_name, now_ns)
        if alarm.definition.kind == "bad":
            self._evaluate_bad(alarm, value, now_ns, found)
            return
        if value.is_bad or value.status & quality.CODE_MASK in STALE_CODES:
            alarm.unknown, alarm.due = True, 0
            return
        if alarm.unknown:
            alarm.unknown = False
            alarm.present = alarm.flags.active
        self._condition(alarm, alarm.compare(value.value, alarm.present), now_ns, found)

    def _evaluate_bad(self, alarm: Alarm, value: DataValue, now_ns: int, found: list[AlarmChange]) -> None:
        """The link alarm speaks for a lost device; a tag that was never read is not broken."""
        if alarm.connection in self._down or value.status == quality.BAD_WAITING_FOR_INITIAL_DATA:
            return
        if any(alarm.definition.tag_id in own for own in self._silent.values()):
            return
        self._condition(alarm, value.is_bad, now_ns, found)
        self._unfold(alarm, now_ns, found)

    def _condition(self, alarm: Alarm, present: bool, now_ns: int, found: list[AlarmChange]) -> None:
        if present != alarm.present:
            self._turned(alarm, present, now_ns, found)

    def _turned(self, alarm: Alarm, present: bool, now_ns: int, found: list[AlarmChange]) -> None:
        """The raw condition changed: start its delay, or let it through at once."""
        alarm.present, alarm.due = present, 0
        if alarm.settled:
            return
        if present:
            alarm.condition_time = now_ns
        delay = alarm.delay_ns
        if not delay:
            self._settle(alarm, now_ns, found)
            return
        alarm.due = now_ns + delay
        self._order += 1
        heapq.heappush(self._due, (alarm.due, self._order, alarm))

    def _settle(self, alarm: Alarm, now_ns: int, found: list[AlarmChange]) -> None:
        self._apply(alarm, AlarmEvent.ALM if alarm.present else AlarmEvent.RTN, now_ns, found)
        if alarm.one_shot and not alarm.present:
            self._apply(alarm, AlarmEvent.UNSHELVE, now_ns, found, comment="returned to normal")

    def _apply(
        self, alarm: Alarm, event: AlarmEvent, now_ns: int, found: list[AlarmChange],
        *, principal: Principal = SYSTEM, comment: str = "",
    ) -> Refused | None:  # fmt: skip
        definition, before = alarm.definition, alarm.flags
        result = step(before, event, latching=definition.latching, ack_required=definition.ack_required)
        if not isinstance(result, Transition):
            return result
        alarm.flags = result.flags
        if result.raised:
            alarm.occurrence_id, alarm.alarm_time = new_id("o"), now_ns
        if event is AlarmEvent.UNSHELVE:
            alarm.shelve_until, alarm.one_shot = 0, False
        alarm.suppressed_reason = comment if event is AlarmEvent.SUPPRESS else alarm.suppressed_reason
        self._remember(alarm)
        found.append(self._change(alarm, event, before, result, now_ns, principal, comment))
        if result.raised and event not in (AlarmEvent.ALM,):
            found.append(self._change(alarm, AlarmEvent.ALM, before, result, now_ns, principal, ""))
        return None

    def _change(
        self, alarm: Alarm, event: AlarmEvent, before: AlarmFlags, result: Transition, now_ns: int,
        principal: Principal, comment: str,
    ) -> AlarmChange:  # fmt: skip
        value = self._values[alarm.handle] if alarm.handle >= 0 else None
        alarm.value = value.value if value else alarm.present
        return AlarmChange(
            event=event,
            before=before.state,
            after=result.flags.state,
            row=self._row(alarm),
            event_time=now_ns,
            condition_time=alarm.condition_time,
            annunciate=result.annunciate,
            hidden=result.hidden,
            principal=principal,
            comment=comment,
            quality=value.status if value else 0,
            kept=tuple(exported(alarm)),
        )

    def _remember(self, alarm: Alarm) -> None:
        hidden = alarm.flags.shelved or alarm.flags.suppressed or alarm.flags.oos
        if alarm.flags.state is AlarmState.NORM or hidden:
            self._shown.pop(alarm.definition.id, None)
        else:
            self._shown[alarm.definition.id] = alarm

    def _row(self, alarm: Alarm) -> AlarmRow:
        definition = alarm.definition
        tag = self._plant.by_id.get(definition.tag_id)
        value = self._values[alarm.handle].value if alarm.handle >= 0 else None
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
            value=value,
            limit=definition.limit if definition.kind in _WITH_LIMIT else None,
            unit=tag.unit if tag else "",
            alarm_time=alarm.alarm_time,
            state_unknown=alarm.unknown,
            response=definition.action,
            display=definition.display,
            suppressed_reason=alarm.suppressed_reason,
        )


_UNACKED = frozenset({AlarmState.UNACK, AlarmState.RTNUN, AlarmState.LATCH_UNACK})
_WITH_LIMIT = frozenset({"high", "high_high", "low", "low_low"})

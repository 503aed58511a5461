"""The alarm engine: changes of tags in, changes of alarms out; no I/O, no await (standards 1.4, 1.10)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from hmi.alarms._book import DAY_NS, Book
from hmi.alarms._change import AlarmChange
from hmi.alarms._condition_state import Alarm
from hmi.alarms._judge import is_usable, reading_of
from hmi.alarms._links import Links
from hmi.alarms._lists import Counts, counted
from hmi.alarms._machine import Refused
from hmi.alarms._people import Acts
from hmi.alarms._prompts import many_shelved, out_of_service, shelf_ends
from hmi.alarms._revision import begin_run, clock_stepped, import_state, kept_in, take_revision
from hmi.alarms._rules import RuleView, apply_rules, rule_view
from hmi.alarms._state import exported, is_worth_keeping
from hmi.alarms._tables import AlarmTables
from hmi.alarms._timers import DELAY, LOOK, OOS_REMINDER, REALARM, SHELF, SHELF_PROMPT
from hmi.core.alarms import AlarmEvent, AlarmRow, AlarmState, Priority
from hmi.core.clock import NS_PER_S
from hmi.core.journal import Entry, JournalRecord
from hmi.core.principal import SYSTEM, Principal
from hmi.core.values import DataValue
from hmi.project.plant import AlarmDef, Plant

_UNACKED = frozenset({AlarmState.UNACK, AlarmState.RTNUN, AlarmState.LATCH_UNACK})
_LISTED: Mapping[str, str] = {"shelved": "shelved", "suppressed": "suppressed", "out_of_service": "oos"}


class AlarmEngine:
    """All alarms of one plant revision.

    ``values`` is the tag engine's table by handle, ``by_name`` the same by tag name. Times are session time,
    UTC ns. One link alarm per connection, or per silent unit behind one that is up, stands for all its tags;
    their own bad-value alarms are suppressed by design while it is active.
    """

    def __init__(self, plant: Plant, values: Sequence[DataValue], by_name: Mapping[str, DataValue]) -> None:
        self._book = Book(AlarmTables(plant), values, by_name)
        self._links, self._acts = Links(self._book), Acts(self._book)
        self._prompts: list[Entry] = []
        self._look_up()

    def _look_up(self) -> None:
        book = self._book
        self._timers, self._values = book.timers, book.values
        self._of_handle, self._rules = book.tables.of_handle, book.tables.rules

    # ------------------------------------------------------------------ evaluation

    def evaluate(self, changes: Iterable[tuple[int, DataValue]], now_ns: int) -> list[AlarmChange]:
        """Evaluate every alarm that reads one of the changed tags."""
        # a delay that ended before these values came counts, however rarely ``tick`` is called
        heap = self._timers.heap
        found = self.tick(now_ns) if heap and heap[0][0] <= now_ns else []
        of_handle, rules, turned = self._of_handle, self._rules, self._book.turned
        for handle, value in changes:
            if handle in rules:
                apply_rules(self._book, handle, now_ns, found)
            for alarm in of_handle.get(handle, ()):
                if value.status == 0 and not alarm.unknown and alarm.is_plain:
                    if alarm.compare(value.value, alarm.present) != alarm.present:
                        turned(alarm, not alarm.present, now_ns, found, value)
                else:
                    self._judge(alarm, now_ns, found)
        return found

    def _judge(self, alarm: Alarm, now_ns: int, found: list[AlarmChange]) -> None:
        """The quality gate, then the comparator."""
        if alarm.disabled:
            return
        book = self._book
        if alarm.definition.kind == "bad":
            self._links.judge_bad(alarm, self._values[alarm.handle], now_ns, found)
            return
        value, look_at = reading_of(alarm, self._values, book.by_name, now_ns)
        if look_at and LOOK not in alarm.wakes:
            self._timers.push(alarm, LOOK, look_at)
        if not is_usable(value):
            book.freeze(alarm)
            return
        if alarm.unknown:
            book.thaw(alarm)
        alarm.value = value.value
        book.condition(alarm, alarm.compare(value.value, alarm.present), now_ns, found, value)

    def lost(self, handle: int) -> None:
        """Nothing is known of a tag, not even that it is bad: no delay of its alarms goes on, their states stay."""
        for alarm in self._of_handle.get(handle, ()):
            self._book.freeze(alarm)

    def tick(self, now_ns: int) -> list[AlarmChange]:
        """Delays, shelves and everything else that has ended by now."""
        found: list[AlarmChange] = []
        for at, name, alarm in self._timers.due(now_ns):
            if name == DELAY:
                alarm.due = 0
                self._book.settle(alarm, at, found)
            elif name == SHELF:
                self._book.apply(alarm, AlarmEvent.UNSHELVE, at, found, comment="the time is over")
            elif name == LOOK:
                self._judge(alarm, now_ns, found)
            elif name == REALARM:
                self._repeat(alarm, at, now_ns, found)
            else:
                self._prompt(alarm, name, now_ns)
        return found

    def _repeat(self, alarm: Alarm, at: int, now_ns: int, found: list[AlarmChange]) -> None:
        """Annunciate an acknowledged alarm that lasts once more; not while nothing is known of the process."""
        if alarm.unknown:
            self._timers.push(alarm, REALARM, now_ns + NS_PER_S)
        elif self._book.apply(alarm, AlarmEvent.REALARM, at, found, comment="still present") is None:
            alarm.re_alarms += 1

    def _prompt(self, alarm: Alarm, name: str, now_ns: int) -> None:
        entry: Entry | None = None
        if name == SHELF_PROMPT:
            entry = shelf_ends(alarm, self._book.row(alarm), now_ns)
        elif name == OOS_REMINDER and alarm.flags.oos:
            entry = out_of_service(alarm, self._book.row(alarm), now_ns)
            days = (now_ns - alarm.hidden_since) // DAY_NS + 1
            self._timers.push(alarm, OOS_REMINDER, alarm.hidden_since + days * DAY_NS)
        if entry is not None:
            self._prompts.append(entry)

    def alarm_of(self, occurrence_id: str) -> str:
        """The id of the alarm that an occurrence belongs to; empty when it is no longer in the list."""
        alarm = self._book.by_occurrence.get(occurrence_id)
        return alarm.definition.id if alarm else ""

    def next_due(self) -> int:
        """Session time of the next thing that ends; 0 = nothing runs."""
        return self._timers.next()

    # ------------------------------------------------------------------ links

    def link_down(self, connection: str, now_ns: int) -> list[AlarmChange]:
        """One alarm for the device; its units' alarms and its tags' bad-value alarms are suppressed by design."""
        found: list[AlarmChange] = []
        self._links.link_down(connection, now_ns, found)
        return found

    def link_up(self, connection: str, now_ns: int) -> list[AlarmChange]:
        """The device answers again; its bad-value alarms show again with their tags' next values."""
        found: list[AlarmChange] = []
        self._links.link_up(connection, now_ns, found)
        return found

    def unit_down(
        self, connection: str, unit: str, tag_ids: Collection[str], now_ns: int
    ) -> list[AlarmChange]:
        """One alarm for a silent device behind a connection that is up, instead of those of its tags."""
        found: list[AlarmChange] = []
        self._links.unit_down(connection, unit, tag_ids, now_ns, found)
        return found

    def unit_up(self, connection: str, unit: str, now_ns: int) -> list[AlarmChange]:
        """The unit answers; a tag of it that is still Bad has its own delay from here."""
        found: list[AlarmChange] = []
        self._links.unit_up(connection, unit, now_ns, found)
        return found

    def units_are(self, connection: str, units: Collection[str], now_ns: int) -> list[AlarmChange]:
        """The units that a connection has; the alarm of one that it has no longer ends."""
        gone = self._book.tables.units_of(connection).keys() - set(units)
        return [change for unit in sorted(gone) for change in self.unit_up(connection, unit, now_ns)]

    def channel_is(self, channel: str, failing: bool, now_ns: int) -> list[AlarmChange]:
        """Whether a way to notify people fails; nothing for one that the plant does not have."""
        found: list[AlarmChange] = []
        alarm = self._book.tables.channels.get(channel)
        if alarm is not None and not alarm.disabled:
            self._book.condition(alarm, failing, now_ns, found)
            alarm.unknown = False
        return found

    def system_is(self, name: str, failing: bool, now_ns: int) -> list[AlarmChange]:
        """Whether something is wrong with the product itself: ``audit``, ``seals``, ``space``, ``history``,
        ``program``, ``plant``, ``exports``, ``clock/CONNECTION`` or ``export/FAULT/JOB``."""
        found: list[AlarmChange] = []
        alarm = self._book.tables.system(name)
        if not alarm.disabled:
            self._book.condition(alarm, failing, now_ns, found)
            alarm.unknown = False
        return found

    def certificates_are(self, ending: Mapping[str, int], now_ns: int) -> list[AlarmChange]:
        """Certificates that end within 30 or 7 days, by key: ``own``, ``stations`` or ``link/CONNECTION``."""
        found: list[AlarmChange] = []
        tables = self._book.tables
        for key, days in {*tables.certificates(), *ending.items()}:
            alarm = tables.certificate(key, days)
            if not alarm.disabled:
                self._book.condition(alarm, ending.get(key) == days, now_ns, found)
                alarm.unknown = False
        return found

    def bypasses_are(self, current: Collection[tuple[str, str]], now_ns: int) -> list[AlarmChange]:
        """Conditions of commands that are left out, as (tag id, text); all others are checked."""
        found: list[AlarmChange] = []
        tables = self._book.tables
        active = {tables.bypass(tag_id, text).definition.id for tag_id, text in current}
        for alarm in tables.bypasses():
            if not alarm.disabled:
                self._book.condition(alarm, alarm.definition.id in active, now_ns, found)
                alarm.unknown = False
        return found

    def lockouts_are(self, current: Collection[tuple[str, str]], now_ns: int) -> list[AlarmChange]:
        """Where wrong passwords are typed, as (``account`` or ``station``, name); nowhere else."""
        found: list[AlarmChange] = []
        tables = self._book.tables
        active = {tables.lockout(kind, name).definition.id for kind, name in current}
        for alarm in tables.lockouts():
            if not alarm.disabled:
                self._book.condition(alarm, alarm.definition.id in active, now_ns, found)
                alarm.unknown = False
        return found

    # ------------------------------------------------------------------ people

    def carry_out(
        self, alarm_id: str, event: AlarmEvent, now_ns: int, *, principal: Principal, comment: str = "",
        reason: str = "",
    ) -> list[AlarmChange] | Refused:  # fmt: skip
        """ACK, RESET, UNSHELVE, SUPPRESS, UNSUPPRESS, OOS, RTS, DISABLE, ENABLE, SILENCE or COMMENT by a person,
        with every change that follows; the service journals a refusal.
        """
        return self._acts.carry_out(alarm_id, event, now_ns, principal, comment, reason)

    def act(
        self, alarm_id: str, event: AlarmEvent, now_ns: int, *, principal: Principal, comment: str = "",
        reason: str = "",
    ) -> AlarmChange | Refused:  # fmt: skip
        """As ``carry_out``; only the first change."""
        result = self.carry_out(alarm_id, event, now_ns, principal=principal, comment=comment, reason=reason)
        return result if isinstance(result, Refused) else result[0]

    def acknowledge(
        self, occurrence_id: str, now_ns: int, *, principal: Principal, comment: str = ""
    ) -> AlarmChange | Refused:
        """Acknowledge one occurrence; a later occurrence of the same alarm is another one."""
        alarm = self._book.by_occurrence.get(occurrence_id)
        if alarm is None:
            return Refused("this occurrence is no longer in the list")
        return self.act(alarm.definition.id, AlarmEvent.ACK, now_ns, principal=principal, comment=comment)

    def shelve(
        self, alarm_id: str, now_ns: int, *, seconds: float, principal: Principal, comment: str = "",
        one_shot: bool = False, reason: str = "",
    ) -> AlarmChange | Refused:  # fmt: skip
        """Shelve for a time (``one_shot``: at most until the first return to normal); needs a reason."""
        result = self._acts.shelve(alarm_id, now_ns, seconds, principal, comment, reason, one_shot=one_shot)
        if not isinstance(result, Refused):
            alarm = self._book.alarms[alarm_id]
            entry = many_shelved(alarm, result.row, self._book.alarms.values(), now_ns)
            self._prompts += [entry] if entry else []
        return result

    # ------------------------------------------------------------------ lists

    def active(self) -> tuple[AlarmRow, ...]:
        """Rows of the active list: priority first, newest first, unacknowledged before acknowledged."""
        rows = [self._book.row(alarm) for alarm in self._book.shown.values()]
        return tuple(sorted(rows, key=lambda r: (r.priority, r.state not in _UNACKED, -r.alarm_time)))

    def hidden(self, state: str = "") -> tuple[AlarmRow, ...]:
        """Shelved, suppressed and out of service alarms, or the one list of ``hmi.client.alarms.ALARM_LISTS``.

        An alarm that a rule suppresses is listed while its condition is present. One that is hidden twice
        stands in both lists.
        """
        wanted = (_LISTED[state],) if state else tuple(_LISTED.values())
        rows = (alarm for alarm in self._book.alarms.values() if alarm.is_hidden)
        return tuple(self._book.row(alarm) for alarm in rows if any(_is_in(alarm, flag) for flag in wanted))

    def about(self, handle: int) -> tuple[AlarmRow, ...]:
        """Every alarm that reads a tag, in whatever state it is."""
        return tuple(self._book.row(alarm) for alarm in self._of_handle.get(handle, ()))

    def row(self, alarm_id: str) -> AlarmRow | None:
        """One alarm in whatever state it is; None when there is no such alarm."""
        alarm = self._book.alarms.get(alarm_id)
        return self._book.row(alarm) if alarm else None

    def definition_of(self, alarm_id: str) -> AlarmDef | None:
        """Also of alarms that no plant defines: links, certificates, bypasses …"""
        alarm = self._book.alarms.get(alarm_id)
        return alarm.definition if alarm else None

    def is_disabled(self, alarm_id: str) -> bool:
        """True for an alarm that is not judged at all."""
        alarm = self._book.alarms.get(alarm_id)
        return alarm is not None and alarm.disabled

    def rule_of(self, alarm_id: str, now_ns: int) -> RuleView | None:
        """The suppression rule of an alarm with its truth and inputs; None when there is no such alarm."""
        alarm = self._book.alarms.get(alarm_id)
        return rule_view(self._book, alarm, now_ns) if alarm else None

    def counts(self) -> dict[str, dict[Priority, Counts]]:
        """Alarms of the active list by area and priority."""
        return counted(self.active())

    # ------------------------------------------------------------------ what happened beside changes

    def take_doubts(self) -> dict[str, bool]:
        """Alarms whose value became unknown (true) or known again since it was asked last."""
        found, self._book.doubts = self._book.doubts, {}
        return found

    def take_reranked(self) -> tuple[AlarmRow, ...]:
        """Alarms whose first-out rank changed by another one's raise or reset since it was asked last."""
        ids, self._book.reranked = self._book.reranked, set()
        return tuple(
            self._book.row(self._book.alarms[one]) for one in sorted(ids) if one in self._book.alarms
        )

    def take_prompts(self) -> list[Entry]:
        """What operators are to be told since it was asked last, as journal entries."""
        found, self._prompts = self._prompts, []
        return found

    # ------------------------------------------------------------------ revisions and state

    def apply(
        self,
        tables: AlarmTables,
        by_name: Mapping[str, DataValue],
        now_ns: int,
        principal: Principal = SYSTEM,
    ) -> list[AlarmChange]:
        """Take another revision, after the tag engine did: alarms keep their state by id, what one is judged by
        gives an ATTR_CHANGE, all are evaluated at once, one that the plant has no longer ends with a change of its own.
        """
        found = take_revision(self._book, self._links, tables, by_name, now_ns, principal)
        self._look_up()
        read = self._of_handle.keys() | self._rules.keys()
        return found + self.evaluate([(h, self._values[h]) for h in sorted(read)], now_ns)

    def export_state(self) -> dict[str, Any]:
        """What a restart must not lose, by alarm id (2b.4)."""
        return {key: exported(a) for key, a in self._book.alarms.items() if is_worth_keeping(a)}

    def kept(self, alarm_id: str) -> list[Any]:
        """The state of one alarm as its records keep it; [] when there is no such alarm."""
        alarm = self._book.alarms.get(alarm_id)
        return exported(alarm) if alarm else []

    def import_state(self, state: Mapping[str, Any]) -> None:
        """Take what was exported; the first Good sample decides from there, nothing annunciates."""
        import_state(self._book, state)

    def restore(self, records: Iterable[JournalRecord]) -> None:
        """Take the state back from alarm records, oldest first; the last one of each alarm counts."""
        import_state(self._book, kept_in(records))

    def begin_run(self, now_ns: int) -> None:
        """The session clock was set (a restored plant): delays that run start anew from here."""
        begin_run(self._book, now_ns)

    def clock_stepped(self, by_ns: int) -> None:
        """The system clock was set: delays, shelves, repeats and slopes last as long as they would have."""
        clock_stepped(self._book, by_ns)


def _is_in(alarm: Alarm, flag: str) -> bool:
    if flag == "suppressed" and not alarm.flags.active:
        return False
    return bool(getattr(alarm.flags, flag))

"""The book of the conditions that connected servers keep: rows, changes and the refresh procedure; pure.

Standards 1.12: a refresh marks all that is known suspect, each event clears the mark, an older event never
overwrites a newer one, and the end of the refresh drops what is still suspect. A lost link drops nothing:
its rows stay with "state unknown".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hmi.alarms._change import AlarmChange
from hmi.alarms._server_rows import adopted, alarm_id_of, change_of, row_of
from hmi.alarms._server_state import Standing, flags_of, steps
from hmi.alarms._severity import SeverityTable
from hmi.core import quality
from hmi.core.alarms import AlarmEvent, AlarmFlags, AlarmRow, AlarmState, Priority
from hmi.core.conditions import ConditionItem, ConditionUpdate, RefreshMark
from hmi.core.journal import JournalRecord
from hmi.core.principal import SYSTEM, Principal
from hmi.project.plant import ConnectionDef, Plant

PREFIX = "ua:"
MAX_CONDITIONS = 10_000
TOO_MANY = "#more"
# what people do: the record names who
_ACTS = (
    AlarmEvent.ACK, AlarmEvent.RESET, AlarmEvent.SHELVE, AlarmEvent.UNSHELVE, AlarmEvent.OOS, AlarmEvent.RTS,
    AlarmEvent.COMMENT,
)  # fmt: skip


class ServerBook:
    """All conditions of all connections, by alarm id ``ua:CONNECTION/CONDITION[/BRANCH]``.

    ``renew`` hands on the rows that changed without an event (a lost link, another text).
    """

    def __init__(self, plant: Plant, *, limit: int = MAX_CONDITIONS) -> None:
        self._turned: set[str] = set()
        self._limit = limit
        self._all: dict[str, dict[tuple[str, str], Standing]] = {}
        self._by_id: dict[str, Standing] = {}
        # of each refresh that runs: what ended in it, so that the server's older copy does not bring it back
        self._ended: dict[str, dict[tuple[str, str], int]] = {}
        self._expected: dict[str, tuple[Principal, str]] = {}
        self._look_up(plant)

    def _look_up(self, plant: Plant) -> None:
        self._plant = plant
        self._tables = {
            name: SeverityTable(connection.settings.get("severity"))
            for name, connection in plant.connections.items()
        }

    # --- what the servers say -------------------------------------------------------------------------

    def take(self, connection: str, items: Sequence[ConditionItem], now_ns: int) -> list[AlarmChange]:
        """Updates and marks in their order; the changes that the journal and the lists get."""
        held = self._all.setdefault(connection, {})
        found: list[AlarmChange] = []
        for item in items:
            if isinstance(item, ConditionUpdate):
                self._update(connection, held, item, found)
            elif item is RefreshMark.START:
                self._ended[connection] = {}
                for one in held.values():
                    one.suspect = True
            elif item is RefreshMark.LOST:
                self._doubt(held)
            else:
                self._ended.pop(connection, None)
                self._drop([one for one in held.values() if one.suspect], now_ns, found)
        return found

    def link_down(self, connection: str) -> None:
        """Nothing is dropped; every row of the connection is unknown until it is heard of again."""
        self._doubt(self._all.get(connection, {}))

    def _doubt(self, held: Mapping[tuple[str, str], Standing]) -> None:
        for one in held.values():
            one.unheard = True
            self._turned.add(one.alarm_id)

    def _update(
        self, connection: str, held: dict[tuple[str, str], Standing], update: ConditionUpdate,
        found: list[AlarmChange],
    ) -> None:  # fmt: skip
        key = update.condition, update.branch
        one = held.get(key)
        if one is None:
            if not update.retain or update.time < self._ended.get(connection, {}).get(key, 0):
                return
            if len(held) >= self._limit and update.condition != TOO_MANY:
                self._tell_too_many(connection, held, update, found)
                return
            one = self._new(connection, update)
            held[key] = self._by_id[one.alarm_id] = one
            self._advance(one, update, None, found)
            return
        self._turned.add(one.alarm_id)
        if update.event_id and update.event_id == one.last.event_id:
            one.unheard = one.suspect = one.doubted = False
            return
        if update.time < one.last.time:
            one.doubted = one.doubted or one.suspect
            one.unheard = one.suspect = False
            return
        self._advance(one, update, one.last, found)

    def _new(self, connection: str, update: ConditionUpdate) -> Standing:
        alarm_id = alarm_id_of(connection, update)
        return Standing(alarm_id, connection, update, self._priority(connection, update))

    def _priority(self, connection: str, update: ConditionUpdate) -> Priority:
        table = self._tables.get(connection) or SeverityTable()
        return table.priority(update.severity)

    def _tell_too_many(
        self, connection: str, held: dict[tuple[str, str], Standing], update: ConditionUpdate,
        found: list[AlarmChange],
    ) -> None:  # fmt: skip
        if (TOO_MANY, "") in held:
            held[TOO_MANY, ""].suspect = False
            return
        text = f"the server has more than {self._limit} alarms; further ones are not shown"
        told = ConditionUpdate(
            TOO_MANY, "", update.receive_time, update.receive_time, kind="AlarmConditionType",
            name="Alarms not shown", source=connection, message=text, severity=1000, active=True, acked=True,
        )  # fmt: skip
        self._update(connection, held, told, found)

    def _advance(
        self, one: Standing, update: ConditionUpdate, before: ConditionUpdate | None, found: list[AlarmChange]
    ) -> None:
        """The newer state: one change for each step that leads to it."""
        one.last = update if before is None else _kept(update, before)
        one.unheard = one.suspect = one.doubted = False
        old_priority, one.priority = one.priority, self._priority(one.connection, one.last)
        if not update.retain and not one.flags.acked and update.acked is not True:
            self._end(one, found)
            return
        flags = flags_of(update, one.flags if before else None)
        self._hide(one, flags, update)
        first = len(found)
        for event, was, now in steps(one.flags, flags):
            one.flags = now
            if event is AlarmEvent.ALM:
                one.alarm_time = update.time
                one.occurrence_id = f"{one.alarm_id}@{update.time}"
            elif not one.occurrence_id:
                one.alarm_time, one.occurrence_id = update.time, f"{one.alarm_id}@{update.time}"
            found.append(self._change(one, event, was, now))
        one.flags = flags
        if before is not None:
            found += self._attributes(one, before, old_priority)
        if any(change.event in _ACTS for change in found[first:]):
            self._expected.pop(one.alarm_id, None)
        if not update.retain:
            self._forget(one)

    def _hide(self, one: Standing, flags: AlarmFlags, update: ConditionUpdate) -> None:
        hidden = flags.shelved or flags.suppressed or flags.oos
        if not hidden:
            one.hidden_since = 0
        elif not one.hidden_since:
            one.hidden_since = update.time
        if update.shelved is not None or not flags.shelved:
            left = int(update.unshelve_ms * 1e6) if flags.shelved else 0
            one.shelve_until = update.time + left if left else 0
            one.one_shot = update.shelved == "one-shot"

    def _attributes(
        self, one: Standing, before: ConditionUpdate, old_priority: Priority
    ) -> list[AlarmChange]:
        """A change of quality, severity or comment is an event of its own (standards 1.6)."""
        said: list[tuple[AlarmEvent, str]] = []
        last = one.last
        if last.severity != before.severity:
            text = f"severity {before.severity} became {last.severity}"
            shift = "" if one.priority is old_priority else f" (P{old_priority} became P{one.priority})"
            said.append((AlarmEvent.ATTR_CHANGE, text + shift))
        if last.quality != before.quality:
            shown = quality.quality_of(last.quality)
            words = " ".join(filter(None, (shown.klass.name.lower(), shown.sub)))
            said.append((AlarmEvent.ATTR_CHANGE, f"quality became {words} (0x{last.quality:08X})"))
        if last.comment and last.comment != before.comment:
            said.append((AlarmEvent.COMMENT, last.comment))
        if last.enabled is not None and before.enabled is not None and last.enabled != before.enabled:
            said.append((AlarmEvent.ENABLE if last.enabled else AlarmEvent.DISABLE, ""))
        return [self._change(one, event, one.flags, one.flags, comment=text) for event, text in said]

    def _change(
        self, one: Standing, event: AlarmEvent, was: AlarmFlags, now: AlarmFlags, *, comment: str = ""
    ) -> AlarmChange:
        principal, words = SYSTEM, comment
        if event in _ACTS:
            principal, said = self._expected.get(one.alarm_id, (None, ""))
            words = words or said or one.last.comment
            if principal is None:
                user = one.last.client_user
                principal = Principal(user, one.connection, "server") if user else SYSTEM
        return change_of(one, event, was, now, self._row(one), principal=principal, comment=words)

    def _drop(self, gone: Iterable[Standing], now_ns: int, found: list[AlarmChange]) -> None:
        """The server has these no longer: they ended while nobody listened."""
        for one in tuple(gone):
            one.last = replace(one.last, time=max(now_ns, one.last.time))
            self._end(one, found)

    def _end(self, one: Standing, found: list[AlarmChange]) -> None:
        """Off the list, though nobody said that it was acknowledged."""
        was = one.flags
        one.flags, one.unheard, one.suspect, one.doubted = AlarmFlags(), False, False, False
        event = AlarmEvent.RTN if was.active else AlarmEvent.REMOVED
        found.append(self._change(one, event, was, one.flags, comment="the server lists it no longer"))
        self._forget(one)

    def _forget(self, one: Standing) -> None:
        self._by_id.pop(one.alarm_id, None)
        self._expected.pop(one.alarm_id, None)
        self._turned.discard(one.alarm_id)
        key = one.last.condition, one.last.branch
        self._all[one.connection].pop(key, None)
        if (ended := self._ended.get(one.connection)) is not None:
            ended[key] = one.last.time

    # --- what people do -------------------------------------------------------------------------------

    def standing(self, key: str) -> Standing | None:
        """By alarm id or by occurrence id; an occurrence that was followed by another one is not found."""
        one = self._by_id.get(key)
        if one is None and "@" in key:
            one = self._by_id.get(key.rpartition("@")[0])
            if one is not None and one.occurrence_id != key:
                return None
        return one

    def expect(self, alarm_id: str, principal: Principal, comment: str) -> None:
        """The next acts that the server tells of this condition are those of a person of ours."""
        if alarm_id in self._by_id:
            self._expected[alarm_id] = principal, comment

    def settle(self, alarm_id: str) -> None:
        """What was expected was told, or will not come."""
        self._expected.pop(alarm_id, None)

    # --- lists ----------------------------------------------------------------------------------------

    def active(self) -> tuple[AlarmRow, ...]:
        """Rows of the active list, in no order."""
        shown = (one for one in self._by_id.values() if _is_listed(one) and not _is_hidden(one))
        return tuple(self._row(one) for one in shown)

    def hidden(self) -> tuple[AlarmRow, ...]:
        """Shelved and out of service ones, and those that are active and suppressed."""
        return tuple(self._row(one) for one in self._by_id.values() if _is_listed(one) and _is_hidden(one))

    def renew(self, put: Callable[[AlarmRow], bool]) -> None:
        """Hand rows that changed without an event to ``put`` until it takes them, and forget them then."""
        for alarm_id in tuple(self._turned):
            one = self._by_id.get(alarm_id)
            if one is None or not _is_listed(one) or put(self._row(one)):
                self._turned.discard(alarm_id)

    def row(self, alarm_id: str) -> AlarmRow | None:
        """One row in whatever state it is."""
        one = self._by_id.get(alarm_id)
        return self._row(one) if one else None

    def about(self, handle: int) -> tuple[AlarmRow, ...]:
        """Every condition about a tag."""
        return tuple(self._row(one) for one in self._by_id.values() if 0 <= handle == one.last.handle)

    def conditions(self, connection: str) -> tuple[ConditionUpdate, ...]:
        """What is held of a connection: the newest update of each condition and branch."""
        return tuple(one.last for one in self._all.get(connection, {}).values())

    def _row(self, one: Standing) -> AlarmRow:
        tag = self._plant.by_handle.get(one.last.handle)
        connection = self._plant.connections.get(one.connection)
        area = str(connection.settings.get("area", "")) if connection else ""
        return row_of(one, tag, area)

    # --- another revision, and a restart --------------------------------------------------------------

    def apply(self, plant: Plant, now_ns: int) -> list[AlarmChange]:
        """Take another revision: connections that it has no longer, or no longer with alarms, end."""
        found: list[AlarmChange] = []
        self._look_up(plant)
        for name, held in list(self._all.items()):
            if not _has_alarms(plant.connections.get(name)):
                self._drop(held.values(), now_ns, found)
                del self._all[name]
                continue
            for one in held.values():
                one.priority = self._priority(name, one.last)
        return found

    def restore(self, records: Iterable[JournalRecord]) -> None:
        """Take back what the journal holds; all of it is unknown until the server tells it again."""
        for record in records:
            one = adopted(record) if record.object_id.startswith(PREFIX) else None
            if one is None or not _has_alarms(self._plant.connections.get(one.connection)):
                continue
            held = self._all.setdefault(one.connection, {})
            held[one.last.condition, one.last.branch] = self._by_id[one.alarm_id] = one
            one.priority = self._priority(one.connection, one.last)


def _kept(update: ConditionUpdate, before: ConditionUpdate) -> ConditionUpdate:
    """Words that an update could not tell stay as they were."""
    names = ("name", "source", "source_node", "message", "klass", "comment")
    missing: dict[str, Any] = {n: getattr(before, n) for n in names if not getattr(update, n)}
    if quality.is_bad(update.quality) and not update.severity:
        missing["severity"] = before.severity
    return replace(update, **missing) if missing else update


def _is_hidden(one: Standing) -> bool:
    return one.flags.shelved or one.flags.suppressed or one.flags.oos


def _is_listed(one: Standing) -> bool:
    """Suppressed and not active, it needs nobody; below all bands it is for the journal only."""
    idle = one.flags.state is AlarmState.DSUPR and not one.flags.active
    return one.priority is not Priority.JOURNAL and one.flags.state is not AlarmState.NORM and not idle


def _has_alarms(connection: ConnectionDef | None) -> bool:
    return connection is not None and bool(connection.settings.get("alarms"))

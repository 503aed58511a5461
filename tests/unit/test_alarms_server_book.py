"""The book of a server's conditions: refresh, order, what hides, what is not known, and a restart (1.12, AL-18)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from hmi.alarms import AlarmChange, ServerBook
from hmi.core import quality
from hmi.core.alarms import AlarmEvent, AlarmState, Priority
from hmi.core.conditions import ConditionItem, ConditionUpdate, RefreshMark
from hmi.core.journal import JournalRecord, Kind
from hmi.core.principal import Principal
from hmi.project.plant import ConnectionDef, Plant, TagDef

START, END, LOST = RefreshMark.START, RefreshMark.END, RefreshMark.LOST
E = AlarmEvent


def plant(**settings: Any) -> Plant:
    tag = TagDef("t1", "intake.level", 7, area="intake")
    connection = ConnectionDef("dcs", "opcua", ("opc.tcp://127.0.0.1:1/",), {"alarms": True, **settings})
    return Plant(
        "p", "p", "p", "r1", "UTC", "", (), {}, {"dcs": connection}, (tag,), (), {}, {}, {},
        by_name={tag.name: tag}, by_id={tag.id: tag}, taken=8,
    )  # fmt: skip


def told(name: str, time: int, **more: Any) -> ConditionUpdate:
    known: dict[str, Any] = {
        "event_id": f"{time:04x}", "kind": "OffNormalAlarmType", "name": name, "source": "Boiler",
        "message": f"{name} is off normal", "severity": 700, "enabled": True, "active": True, "acked": False,
    }  # fmt: skip
    return ConditionUpdate(f"ns=2;s={name}", time=time, receive_time=time, **{**known, **more})


class Book:
    """A book with one connection, and the events that its changes are."""

    def __init__(self, **settings: Any) -> None:
        self.book = ServerBook(plant(**settings))
        self.changes: list[AlarmChange] = []

    def take(self, *items: ConditionItem) -> list[AlarmEvent]:
        found = self.book.take("dcs", items, 10_000)
        self.changes += found
        return [change.event for change in found]

    def states(self) -> Mapping[str, AlarmState]:
        return {row.name: row.state for row in (*self.book.active(), *self.book.hidden())}

    def row(self, name: str, branch: str = "") -> Any:
        return self.book.row(f"ua:dcs/ns=2;s={name}" + (f"/{branch}" if branch else ""))


def test_al_18_a_refresh_ends_with_exactly_the_list_of_the_server() -> None:
    b = Book()
    b.take(START, *(told(f"C{n}", 1 + n) for n in range(50)), END)
    assert len(b.book.active()) == 50
    b.book.link_down("dcs")
    assert len(b.book.active()) == 50
    assert all(row.state_unknown for row in b.book.active())
    now = [told(f"C{n}", 1 + n) for n in range(10, 50)] + [told("New", 900), told("C3", 901, acked=True)]
    events = b.take(START, *now, END)
    assert {row.name for row in b.book.active()} == {u.name for u in now}
    assert not any(row.state_unknown for row in b.book.active())
    # nine that ended unseen, one new, one acknowledged; those that stand as before say nothing
    assert sorted(event.value for event in events) == sorted(["RTN"] * 9 + ["ALM", "ACK"])


def test_an_older_event_never_overwrites_and_leaves_the_state_in_doubt_when_it_is_all_a_refresh_tells() -> (
    None
):
    b = Book()
    b.take(told("A", 50, active=False))
    assert b.take(told("A", 20)) == []
    assert b.states() == {"A": AlarmState.RTNUN}
    assert not b.row("A").state_unknown
    assert b.take(START, told("A", 20), END) == []
    assert b.states() == {"A": AlarmState.RTNUN}
    assert b.row("A").state_unknown
    assert b.take(told("A", 60, acked=True, active=False, retain=False)) == [E.ACK]
    assert b.states() == {}


def test_what_ended_during_a_refresh_is_not_brought_back_by_the_older_copy() -> None:
    b = Book()
    b.take(told("A", 5), told("B", 6))
    b.take(START, told("A", 70, active=False, acked=True, retain=False), told("A", 5), told("B", 6), END)
    assert set(b.states()) == {"B"}
    assert b.take(told("A", 80)) == [E.ALM]


def test_a_gap_makes_all_unknown_until_they_are_told_again() -> None:
    b = Book()
    b.take(told("A", 1), told("B", 2), LOST, told("A", 3))
    assert [row.name for row in b.book.active() if row.state_unknown] == ["B"]
    b.take(START, told("A", 3), told("B", 2), END)
    assert not any(row.state_unknown for row in b.book.active())


@pytest.mark.parametrize(
    ("then", "events", "state"),
    [
        ({"acked": True}, [E.ACK], AlarmState.ACKED),
        ({"active": False}, [E.RTN], AlarmState.RTNUN),
        ({"active": False, "acked": True, "retain": False}, [E.RTN, E.ACK], None),
        ({"shelved": "timed", "unshelve_ms": 60_000.0}, [E.SHELVE], AlarmState.SHLVD),
        ({"suppressed": True}, [E.SUPPRESS], AlarmState.DSUPR),
        ({"oos": True}, [E.OOS], AlarmState.OOSRV),
        ({"latched": True, "active": False}, [E.RTN], AlarmState.LATCH_UNACK),
        ({"active": False, "acked": True, "confirmed": False}, [E.RTN, E.ACK], AlarmState.LATCH_ACKED),
        ({"severity": 900}, [E.ATTR_CHANGE], AlarmState.UNACK),
        ({"comment": "seen"}, [E.COMMENT], AlarmState.UNACK),
        ({"quality": 0x4000_0000}, [E.ATTR_CHANGE], AlarmState.UNACK),
        ({"message": "another text"}, [], AlarmState.UNACK),
    ],
)  # fmt: skip
def test_each_change_of_a_condition_is_the_event_of_standards_1_6(
    then: dict[str, Any], events: Sequence[AlarmEvent], state: AlarmState | None
) -> None:
    b = Book()
    assert b.take(told("A", 1)) == [E.ALM]
    assert b.changes[0].annunciate
    assert b.take(told("A", 2, **then)) == list(events)
    assert b.states().get("A") == state
    assert not any(change.annunciate for change in b.changes[1:])
    if then.get("message"):
        renewed: list[str] = []
        b.book.renew(lambda row: not renewed.append(row.message))
        assert renewed == ["another text"]


def test_an_acknowledged_alarm_that_is_unacknowledged_again_sounds_again() -> None:
    b = Book()
    b.take(told("A", 1), told("A", 2, acked=True))
    assert b.take(told("A", 3)) == [E.REALARM]
    assert b.changes[-1].annunciate


def test_what_comes_back_from_the_shelf_unacknowledged_is_a_new_occurrence() -> None:
    b = Book()
    b.take(told("A", 1), told("A", 2, shelved="one-shot"))
    first = b.row("A").occurrence_id
    assert b.row("A").one_shot
    assert b.take(told("A", 3, shelved="")) == [E.UNSHELVE, E.ALM]
    assert b.changes[-1].annunciate
    assert b.row("A").occurrence_id != first
    assert b.book.standing(first) is None
    assert b.book.standing(b.row("A").occurrence_id) is not None


def test_the_time_on_the_shelf_is_that_of_the_event() -> None:
    b = Book()
    b.take(told("A", 5 * 10**9, shelved="timed", unshelve_ms=60_000.0))
    assert b.row("A").shelve_until == 65 * 10**9
    assert not b.changes[-1].annunciate


def test_branches_are_rows_of_their_own() -> None:
    b = Book()
    b.take(told("A", 1, branch="i=5"), told("A", 2, acked=True))
    assert b.row("A", "i=5").state is AlarmState.UNACK
    assert b.row("A").state is AlarmState.ACKED
    assert b.take(told("A", 3, branch="i=5", active=False, acked=True, retain=False)) == [E.RTN, E.ACK]
    assert [row.alarm_id for row in b.book.active()] == ["ua:dcs/ns=2;s=A"]


def test_fields_that_could_not_be_told_are_never_taken_for_false() -> None:
    b = Book()
    b.take(told("A", 1, acked=True))
    gone = ConditionUpdate(
        "ns=2;s=A", "ff", 2, 2, kind="OffNormalAlarmType", quality=quality.BAD_NO_COMMUNICATION
    )
    assert b.take(gone) == [E.ATTR_CHANGE]
    row = b.row("A")
    assert (row.state, row.state_unknown, row.message) == (AlarmState.ACKED, True, "A is off normal")
    assert row.priority is Priority.P2
    assert b.take(told("A", 3, acked=True)) == [E.ATTR_CHANGE]
    assert not b.row("A").state_unknown


def test_nothing_sounds_while_the_server_waits_for_its_first_data() -> None:
    b = Book()
    b.take(told("A", 1, quality=quality.BAD_WAITING_FOR_INITIAL_DATA, active=None, acked=None))
    assert b.row("A").state is AlarmState.UNACK
    assert b.row("A").state_unknown
    assert not b.changes[0].annunciate


@pytest.mark.parametrize(
    ("severity", "priority"),
    [(1000, 1), (801, 1), (800, 2), (601, 2), (401, 3), (201, 4), (200, 5), (1, 5)],
)
def test_severity_bands_of_standards_1_7(severity: int, priority: int) -> None:
    b = Book()
    b.take(told("A", 1, severity=severity))
    assert b.row("A").priority == priority
    assert len(b.book.active()) == (priority < 5)
    assert b.changes[0].annunciate == (priority < 5)


def test_a_connection_has_a_severity_table_and_an_area_of_its_own() -> None:
    b = Book(severity={"P1": 667, "P2": 334}, area="utilities")
    b.take(told("A", 1, severity=667), told("B", 2, severity=350, handle=7))
    assert b.row("A").priority is Priority.P1
    assert b.row("A").area == "utilities"
    assert (b.row("B").area, b.row("B").tag_id, b.row("B").tag_name) == ("intake", "t1", "intake.level")
    assert b.row("B").source == "dcs"
    assert [row.name for row in b.book.about(7)] == ["B"]


def test_conditions_beyond_the_limit_are_told_in_a_row_and_not_kept() -> None:
    book = ServerBook(plant(), limit=3)
    book.take("dcs", [told(f"C{n}", n + 1) for n in range(10)], 100)
    assert len(book.active()) == 4
    assert any("more than 3 alarms" in row.message for row in book.active())


def test_what_retains_nothing_is_never_listed() -> None:
    b = Book()
    assert b.take(told("A", 1, retain=False)) == []
    assert b.states() == {}


def test_a_condition_off_the_list_unacknowledged_is_not_taken_for_acknowledged() -> None:
    b = Book()
    b.take(told("A", 1))
    assert b.take(told("A", 2, retain=False, acked=False, enabled=False)) == [E.RTN]
    assert b.states() == {}


def test_who_acknowledged_is_our_person_or_the_user_the_server_names() -> None:
    b = Book()
    ours = Principal("anna", "station 1", "s")
    b.take(told("A", 1), told("B", 1))
    b.book.expect("ua:dcs/ns=2;s=A", ours, "seen it")
    b.take(told("A", 2, acked=True), told("B", 2, acked=True, client_user="bert", comment="mine"))
    acks = {change.row.name: change for change in b.changes if change.event is E.ACK}
    assert (acks["A"].principal, acks["A"].comment) == (ours, "seen it")
    assert (acks["B"].principal.user, acks["B"].principal.station, acks["B"].comment) == (
        "bert",
        "dcs",
        "mine",
    )


def record(change: AlarmChange, seq: int) -> JournalRecord:
    entry = change.entry()
    return JournalRecord(
        seq, "r", "run", entry.event_time, 1, "", "", entry.object_id, "", Kind.ALARM, entry.event, 1, False,
        entry.payload, "", "",
    )  # fmt: skip


def test_a_restart_goes_on_where_the_journal_ends_and_nothing_sounds_twice() -> None:
    b = Book()
    b.take(
        told("A", 1),
        told("B", 2, acked=True),
        told("C", 3),
        told("C", 4, active=False, acked=True, retain=False),
    )
    b.take(told("B", 5, shelved="timed", unshelve_ms=1e6, acked=True))
    newest = {change.row.alarm_id: record(change, n) for n, change in enumerate(b.changes)}
    again = Book()
    again.book.restore(newest.values())
    assert again.states() == {"A": AlarmState.UNACK, "B": AlarmState.SHLVD}
    assert all(row.state_unknown for row in (*again.book.active(), *again.book.hidden()))
    assert replace(again.row("A"), state_unknown=False, event_time=0) == replace(b.row("A"), event_time=0)
    assert again.take(START, told("A", 1), told("B", 5, shelved="timed", acked=True), END) == []
    assert again.states() == b.states()


def test_a_revision_without_the_alarms_of_a_connection_ends_them() -> None:
    b = Book()
    b.take(told("A", 1), told("B", 2, active=False))
    found = b.book.apply(plant(alarms=False), 99)
    assert sorted(change.event.value for change in found) == ["REMOVED", "RTN"]
    assert b.states() == {}


def test_a_revision_with_another_severity_table_shows_other_priorities() -> None:
    b = Book()
    b.take(told("A", 1, severity=500))
    b.book.apply(plant(severity={"P1": 400, "P2": 300}), 99)
    assert b.row("A").priority is Priority.P1


def test_ids_are_printable_and_differ() -> None:
    b = Book()
    b.take(told("a\nb", 1), told("a%Ab", 2), told("‮evil", 3))
    ids = [row.alarm_id for row in b.book.active()]
    assert len(set(ids)) == 3
    assert all(alarm_id.isprintable() for alarm_id in ids)

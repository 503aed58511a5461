"""Durable before shown, refusals in the journal, shelves, revisions and counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from hmi.acquisition.port import Batch
from hmi.alarms import AlarmChange, AlarmEngine, AlarmService, AlarmTables, Counts, Refused
from hmi.core.alarms import AlarmEvent, AlarmState, Priority
from hmi.core.clock import NS_PER_S
from hmi.core.journal import Kind
from hmi.core.principal import DEMO_OPERATOR, VIEWER
from hmi.journal import SqliteJournal
from hmi.project.plant import AlarmDef, Plant
from hmi.tags import TagEngine, TagTables
from hmi.testing.clock import ManualClock
from hmi.testing.plant import good, make_plant, make_tag
from hmi.testing.services import FakeJournal

HIGH = AlarmDef("a_1", "t_a/x", "high", "high", Priority.P2, "Level high", limit=10.0, deadband=1.0, area="a")


class Room:
    """One alarm, its engine and its service."""

    def __init__(self, alarm: AlarmDef = HIGH) -> None:
        self.clock, self.journal = ManualClock(), FakeJournal()
        plant = make_plant([make_tag("a/x")], [alarm])
        self.tags = TagEngine(plant, self.clock)
        self.engine = AlarmEngine(plant, self.tags.latest, self.tags.values)
        self.shown: list[tuple[list[AlarmEvent], bool, int]] = []
        self.service = AlarmService(self.journal, self._publish)

    def _publish(self, changes: Sequence[AlarmChange], stored: bool) -> None:
        self.shown.append(([c.event for c in changes], stored, len(self.journal.entries)))

    def put(self, value: float) -> list[AlarmEvent]:
        updates = self.tags.ingest(Batch("g", [(0, good(value))]))
        self.changes = self.engine.evaluate(updates.changes, updates.now_ns)
        return [change.event for change in self.changes]

    def wait(self, seconds: float) -> list[AlarmEvent]:
        self.clock.advance(seconds)
        return [change.event for change in self.engine.tick(self.clock.now_ns())]

    def take(self, plant: Plant) -> list[AlarmChange]:
        """Another revision, as the runtime gives it to both."""
        updates = self.tags.apply(TagTables(plant, self.tags.plant))
        return self.engine.apply(AlarmTables(plant), self.tags.values, updates.now_ns)

    def shelve(
        self, seconds: float, *, one_shot: bool = False, reason: str = "repair"
    ) -> AlarmChange | Refused:
        now = self.clock.now_ns()
        return self.engine.shelve(
            "a_1", now, seconds=seconds, principal=DEMO_OPERATOR, comment=reason, one_shot=one_shot
        )

    @property
    def state(self) -> AlarmState:
        rows = (*self.engine.active(), *self.engine.hidden())
        return rows[0].state if rows else AlarmState.NORM


@pytest.mark.asyncio
async def test_an_alarm_is_durable_before_it_is_shown() -> None:
    room = Room()
    room.put(11.0)
    await room.service.handle(room.changes)
    assert room.shown == [([AlarmEvent.ALM], True, 1)]
    entry = room.journal.entries[0]
    assert (entry.kind, entry.event, entry.object_id) == (Kind.ALARM, "ALM", "a_1")
    assert (entry.payload["before"], entry.payload["after"], entry.payload["value"]) == (
        "NORM",
        "UNACK",
        11.0,
    )


@pytest.mark.asyncio
async def test_with_a_full_disk_it_is_shown_as_not_stored() -> None:
    room = Room()
    room.journal.broken = True
    room.put(11.0)
    await room.service.handle(room.changes)
    assert room.shown == [([AlarmEvent.ALM], False, 0)]


@pytest.mark.asyncio
async def test_AL_01_refused_acknowledgements_are_journalled() -> None:
    room = Room()
    room.put(11.0)
    occurrence = room.engine.active()[0].occurrence_id
    now = room.clock.now_ns()
    assert await room.service.acknowledge(room.engine, [occurrence], now, principal=VIEWER)
    assert room.state is AlarmState.UNACK
    assert await room.service.acknowledge(room.engine, [occurrence], now, principal=DEMO_OPERATOR) == []
    assert len(await room.service.acknowledge(room.engine, [occurrence], now, principal=DEMO_OPERATOR)) == 1
    assert [entry.event for entry in room.journal.entries] == ["REFUSED", "ACK", "REFUSED"]


def test_a_shelf_ends_by_itself_and_announces_again() -> None:
    room = Room()
    room.put(11.0)
    room.shelve(900)
    assert room.state is AlarmState.SHLVD
    assert room.wait(899) == []
    assert room.engine.next_due() == room.clock.now_ns() + NS_PER_S
    assert room.wait(1) == [AlarmEvent.UNSHELVE, AlarmEvent.ALM]
    assert room.state is AlarmState.UNACK


def test_AL_08_a_shelf_survives_a_restart_with_its_end() -> None:
    room = Room()
    room.put(11.0)
    room.shelve(900)
    room.wait(300)
    again = Room()
    again.clock = room.clock
    again.engine.import_state(room.engine.export_state())
    assert again.wait(599) == []
    assert again.wait(1) == [AlarmEvent.UNSHELVE, AlarmEvent.ALM]


@pytest.mark.asyncio
async def test_states_come_back_from_the_journal(tmp_path: Path) -> None:
    room = Room()
    journal = SqliteJournal(
        tmp_path / "j.sqlite",
        clock=room.clock,
        runtime_id="r",
        run_id="1",
        plant_revision="r1",
        simulated=True,
    )
    await journal.open()
    service = AlarmService(journal, room._publish)
    room.put(11.0)
    await service.handle(room.changes)
    occurrence = room.engine.active()[0].occurrence_id
    await service.acknowledge(room.engine, [occurrence], room.clock.now_ns(), principal=DEMO_OPERATOR)
    await service.acknowledge(room.engine, [occurrence], room.clock.now_ns(), principal=DEMO_OPERATOR)
    again = Room()
    again.engine.restore(await journal.newest_of_each("alarm"))
    await journal.close()
    row = again.engine.active()[0]
    assert (row.state, row.occurrence_id, row.state_unknown) == (AlarmState.ACKED, occurrence, True)
    assert again.put(11.0) == []
    assert again.engine.active()[0].state_unknown is False


def test_AL_09_a_one_shot_shelf_ends_at_the_first_return() -> None:
    room = Room()
    room.put(11.0)
    room.shelve(3_600, one_shot=True)
    assert room.put(5.0) == [AlarmEvent.RTN, AlarmEvent.UNSHELVE]
    assert room.put(11.0) == [AlarmEvent.ALM]
    assert room.state is AlarmState.UNACK


def test_shelving_needs_a_reason_and_has_an_end() -> None:
    assert isinstance(Room().shelve(60, reason=" "), Refused)
    assert isinstance(Room().shelve(12 * 3_600 + 1), Refused)
    assert isinstance(Room(replace(HIGH, priority=Priority.P1)).shelve(3_601), Refused)


def test_a_revision_keeps_states_and_judges_by_the_new_limit() -> None:
    room = Room()
    room.put(11.0)
    new = make_plant(
        [make_tag("a/new"), make_tag("a/x")],
        [replace(HIGH, limit=20.0)],
        revision="r2",
        previous=room.tags.plant,
    )
    changes = room.take(new)
    assert [change.event for change in changes] == [AlarmEvent.ATTR_CHANGE, AlarmEvent.RTN]
    assert changes[0].attributes == {"limit": (10.0, 20.0)}
    assert room.state is AlarmState.RTNUN


def test_a_running_delay_goes_on_over_a_revision() -> None:
    room = Room(replace(HIGH, on_delay_s=10.0))
    room.put(11.0)
    room.wait(6)
    plant = make_plant(
        [make_tag("a/x")],
        [replace(HIGH, on_delay_s=10.0, message="Other words")],
        revision="r2",
        previous=room.tags.plant,
    )
    assert room.take(plant) == []
    assert room.wait(4) == [AlarmEvent.ALM]
    assert room.engine.active()[0].message == "Other words"


def test_counts_by_area_and_priority() -> None:
    room = Room()
    room.put(11.0)
    assert room.engine.counts() == {"a": {Priority.P2: Counts(unacknowledged=1)}}

"""A journal that hangs or fails hides no alarm: shown and marked, bounded, and the gap is journalled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

import pytest

from hmi.acquisition.port import Batch
from hmi.alarms import AlarmChange, AlarmEngine, AlarmService
from hmi.alarms._gap import EVENT, Gap
from hmi.core.alarms import AlarmEvent, Priority
from hmi.core.principal import DEMO_OPERATOR
from hmi.project.plant import AlarmDef
from hmi.tags import TagEngine
from hmi.testing.clock import ManualClock
from hmi.testing.plant import good, make_plant, make_tag
from hmi.testing.services import FakeJournal

COUNT = 3
ALM, RTN, ACK = AlarmEvent.ALM.value, AlarmEvent.RTN.value, AlarmEvent.ACK.value


class Room:
    """Three tags with one high alarm each, in front of a journal that may hang."""

    def __init__(self, *, limit: int = 4, slow_s: float = 60.0) -> None:
        self.clock, self.journal = ManualClock(), FakeJournal()
        alarms = [
            AlarmDef(f"a_{n}", f"t_a/x{n}", "high", "high", Priority.P2, "High", limit=10.0, area="a")
            for n in range(COUNT)
        ]
        plant = make_plant([make_tag(f"a/x{n}") for n in range(COUNT)], alarms)
        self.tags = TagEngine(plant, self.clock)
        self.engine = AlarmEngine(plant, self.tags.latest, self.tags.values)
        self.shown: list[tuple[str, bool]] = []
        self.service = AlarmService(self.journal, self._publish, limit=limit, slow_s=slow_s)

    def _publish(self, changes: Sequence[AlarmChange], stored: bool) -> None:
        self.shown += [(f"{change.row.alarm_id} {change.event.value}", stored) for change in changes]

    def put(self, number: int, value: float) -> None:
        self.clock.advance(1)
        updates = self.tags.ingest(Batch("g", [(number, good(value))]))
        self.service.put(self.engine.evaluate(updates.changes, updates.now_ns))

    def flutter(self, rounds: int) -> None:
        """Every alarm comes and goes."""
        for _ in range(rounds):
            for number in range(COUNT):
                self.put(number, 11.0)
                self.put(number, 5.0)

    @property
    def kept(self) -> list[str]:
        return [f"{entry.object_id} {entry.event}".strip() for entry in self.journal.entries]


@asynccontextmanager
async def running(room: Room) -> AsyncIterator[None]:
    task = asyncio.create_task(room.service.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


@contextmanager
def hanging(room: Room) -> Iterator[None]:
    room.journal.answers.clear()
    yield
    room.journal.answers.set()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.mark.asyncio
async def test_a_journal_that_hangs_hides_no_alarm() -> None:
    room = Room(slow_s=0.05)
    async with running(room):
        with hanging(room):
            room.put(0, 11.0)
            await until(lambda: ("a_0 ALM", False) in room.shown)
            room.put(1, 11.0)
            assert room.shown[-1] == ("a_1 ALM", False)
            assert room.kept == []
        await until(lambda: ("a_1 ALM", True) in room.shown)
        assert room.kept == ["a_0 ALM", "a_1 ALM"]
        assert ("a_0 ALM", True) in room.shown


@pytest.mark.asyncio
async def test_what_waits_is_bounded_and_the_gap_is_journalled_when_the_journal_is_back() -> None:
    room = Room(limit=4)
    async with running(room):
        with hanging(room):
            room.put(0, 11.0)
            await asyncio.sleep(0)
            room.flutter(500)
            assert len(room.service._waiting) == 4
            assert len(room.shown) == 2_999 - 4
            assert all(not stored for _, stored in room.shown)
        await until(lambda: room.shown[-1][1])
    gap = room.journal.entries[5]
    assert (gap.event, gap.payload["changes"], gap.payload["alarms"]) == (EVENT, 2_999 - 4, 3)
    assert room.kept[6:] == ["a_0 RTN", "a_1 RTN", "a_2 RTN"]
    newest = {entry.object_id: entry for entry in room.journal.entries}
    assert all(newest[f"a_{n}"].payload["after"] == "RTNUN" for n in range(COUNT))
    assert gap.payload["from"] < gap.payload["to"] == newest["a_2"].event_time


@pytest.mark.asyncio
async def test_after_a_gap_changes_are_stored_one_by_one_again_and_no_mark_stays() -> None:
    room = Room(limit=1)
    async with running(room):
        with hanging(room):
            room.put(0, 11.0)
            await asyncio.sleep(0)
            room.flutter(2)
        await until(lambda: room.shown[-1][1])
        room.put(1, 11.0)
        await until(lambda: room.shown[-1] == ("a_1 ALM", True))
        assert room.kept.count(EVENT) == 1
        assert room.kept[-1] == "a_1 ALM"


@pytest.mark.asyncio
async def test_a_full_disk_leaves_a_gap_too_in_the_order_of_what_happened() -> None:
    room = Room()
    room.journal.broken = True
    room.put(0, 11.0)
    await room.service.handle(())
    await room.service._store()
    room.put(0, 5.0)
    row = room.engine.active()[0]
    now = room.clock.now_ns()
    assert not await room.service.acknowledge(room.engine, [row.occurrence_id], now, principal=DEMO_OPERATOR)
    assert room.shown == [("a_0 ALM", False), ("a_0 RTN", False), ("a_0 ACK", False)]
    room.journal.broken = False
    room.put(1, 11.0)
    await room.service._store()
    assert room.kept == [EVENT, "a_0 ACK", "a_1 ALM"]
    assert room.journal.entries[0].payload["changes"] == 4
    assert room.shown[-2:] == [("a_0 ACK", True), ("a_1 ALM", True)]


@pytest.mark.asyncio
async def test_the_journal_may_fail_while_it_catches_up() -> None:
    room = Room(limit=1)
    async with running(room):
        with hanging(room):
            room.put(0, 11.0)
            await asyncio.sleep(0)
            room.flutter(1)
            room.journal.broken = True
        await until(lambda: room.service._failing)
        room.put(2, 11.0)
        room.journal.broken = False
        await until(lambda: bool(room.shown) and room.shown[-1][1])
    assert room.kept[0] == EVENT
    assert {entry.object_id: entry.event for entry in room.journal.entries if entry.object_id} == {
        "a_0": "RTN", "a_1": "RTN", "a_2": "ALM",
    }  # fmt: skip
    assert room.journal.entries[0].payload["changes"] == 1 + 5 + 1


@pytest.mark.asyncio
async def test_an_acknowledgement_stands_behind_what_waited_before_it() -> None:
    room = Room(limit=100)
    async with running(room):
        with hanging(room):
            room.put(0, 11.0)
            await asyncio.sleep(0)
            room.put(1, 11.0)
            key = next(r.occurrence_id for r in room.engine.active() if r.alarm_id == "a_1")
            now = room.clock.now_ns()
            asked = asyncio.create_task(
                room.service.acknowledge(room.engine, [key], now, principal=DEMO_OPERATOR)
            )
            await asyncio.sleep(0)
        assert await asked == []
    assert room.kept == ["a_0 ALM", "a_1 ALM", "a_1 ACK"]


def test_a_gap_joins_with_the_one_before_it() -> None:
    room = Room()
    changes: list[AlarmChange] = []
    room.service.put = changes.extend  # type: ignore[method-assign]
    room.flutter(1)
    earlier, later = Gap(), Gap()
    later.put_before(earlier)
    assert not later
    earlier.add(changes[:3])
    later.add(changes[3:])
    later.put_before(earlier)
    assert [change.event.value for change in later.newest()] == [RTN, RTN, RTN]
    assert later.entry().payload == {
        "changes": 6, "alarms": 3, "from": changes[0].event_time, "to": changes[-1].event_time,
    }  # fmt: skip

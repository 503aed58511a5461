"""Calls to conditions of servers: once, never late, journalled, unknown until the server speaks (section 4)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from hmi.commands import ConditionCalls
from hmi.core.clock import SystemClock
from hmi.core.commands import CommandState, Reason, WriteOutcome, WriteState
from hmi.core.conditions import ConditionAct, ConditionCall, ConditionOrder
from hmi.core.errors import StorageError
from hmi.core.journal import Entry, JournalRecord
from hmi.core.principal import DEMO_OPERATOR, VIEWER

pytestmark = pytest.mark.asyncio
DONE = WriteOutcome(WriteState.DONE)
UNKNOWN = WriteOutcome(WriteState.UNKNOWN, text="no answer")


class World:
    """A journal, a server, and the part of the gate between them."""

    def __init__(self, *outcomes: WriteOutcome) -> None:
        self.entries: list[Entry] = []
        self.calls: list[ConditionCall] = []
        self.outcomes = list(outcomes) or [DONE]
        self.full = False
        self.gate, self.stores = asyncio.Event(), asyncio.Event()
        self.gate.set()
        self.stores.set()
        self.coming: list[str] = []
        self.part = ConditionCalls(clock=SystemClock(), journal=self, caller=self)

    async def append(self, *entries: Entry) -> tuple[JournalRecord, ...]:
        if self.full:
            raise StorageError("the disk is full")
        self.coming += [entry.event for entry in entries]
        await self.stores.wait()
        self.entries += entries
        return ()

    async def call(self, request: ConditionCall) -> WriteOutcome:
        self.calls.append(request)
        await self.gate.wait()
        return self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]

    @property
    def events(self) -> Sequence[str]:
        return [entry.event for entry in self.entries]


def order(name: str = "1", act: ConditionAct = ConditionAct.ACKNOWLEDGE, **more: object) -> ConditionOrder:
    known = {"alarm_id": "ua:dcs/i=7", "occurrence_id": "ua:dcs/i=7@1", "name": "Boiler hot", "connection": "dcs",
             "condition": "i=7", "event_id": "00ff", "comment": "seen"}  # fmt: skip
    return ConditionOrder(id=name, act=act, **{**known, **more})  # type: ignore[arg-type]


async def test_an_order_is_sent_once_whoever_asks_again() -> None:
    w = World()
    first, again = await asyncio.gather(
        w.part.submit(DEMO_OPERATOR, order()), w.part.submit(DEMO_OPERATOR, order())
    )
    assert first == again == await w.part.submit(DEMO_OPERATOR, order())
    assert first.state is CommandState.CONFIRMED
    assert len(w.calls) == 1
    assert (w.calls[0].event_id, w.calls[0].comment, w.calls[0].condition) == ("00ff", "seen", "i=7")
    assert w.events == ["command.requested", "command.confirmed"]
    assert w.entries[0].payload["call"] == "ACK"


async def test_another_order_for_the_same_occurrence_sends_nothing() -> None:
    w = World()
    await w.part.submit(DEMO_OPERATOR, order("1"))
    result = await w.part.submit(DEMO_OPERATOR, order("2"))
    assert result.state is CommandState.REFUSED
    assert "already" in result.text
    later = await w.part.submit(DEMO_OPERATOR, order("3", occurrence_id="ua:dcs/i=7@2"))
    assert later.state is CommandState.CONFIRMED
    assert len(w.calls) == 2


async def test_two_people_at_once_are_one_call() -> None:
    w = World()
    w.gate.clear()
    first = asyncio.create_task(w.part.submit(DEMO_OPERATOR, order("1")))
    while not w.calls:
        await asyncio.sleep(0)
    second = await w.part.submit(DEMO_OPERATOR, order("2"))
    assert second.refusals[0].reason is Reason.COMMAND_ALREADY_IN_EXECUTION
    assert w.events[-1] == "command.blocked"
    w.gate.set()
    assert (await first).state is CommandState.CONFIRMED
    assert len(w.calls) == 1


async def test_what_is_refused_while_an_end_is_being_stored_does_not_open_it_again() -> None:
    w = World()
    w.gate.clear()
    first = asyncio.create_task(w.part.submit(DEMO_OPERATOR, order("1")))
    while not w.calls:
        await asyncio.sleep(0)
    w.stores.clear()
    w.gate.set()
    while w.coming[-1] != "command.confirmed":
        await asyncio.sleep(0)
    second = asyncio.create_task(w.part.submit(DEMO_OPERATOR, order("2")))
    while len(w.coming) < 3:
        await asyncio.sleep(0)
    w.stores.set()
    assert (await first).state is CommandState.CONFIRMED
    assert (await second).refusals[0].reason is Reason.COMMAND_ALREADY_IN_EXECUTION
    assert w.events == ["command.requested", "command.confirmed", "command.refused"]


async def test_an_unknown_outcome_blocks_until_the_server_speaks() -> None:
    w = World(UNKNOWN, DONE)
    assert (await w.part.submit(DEMO_OPERATOR, order("1"))).state is CommandState.UNKNOWN
    assert w.part.unknown == {"ua:dcs/i=7": "ACK"}
    blocked = await w.part.submit(DEMO_OPERATOR, order("2"))
    assert blocked.refusals[0].reason is Reason.BAD_FEEDBACK
    await w.part.settle("ua:dcs/i=7", done=False)
    assert w.events[-1] == "command.settled"
    assert w.entries[-1].payload["text"] == "not carried out"
    assert (await w.part.submit(DEMO_OPERATOR, order("3"))).state is CommandState.CONFIRMED
    assert len(w.calls) == 2
    await w.part.settle("ua:dcs/i=7", done=True)
    assert w.events.count("command.settled") == 1


async def test_a_restart_takes_over_what_is_unknown() -> None:
    before = World(UNKNOWN)
    await before.part.submit(DEMO_OPERATOR, order("1", ConditionAct.SHELVE))
    await before.part.submit(DEMO_OPERATOR, order("2"))
    newest = before.entries[-1]
    assert newest.event == "command.blocked"
    after = World()
    after.part.restore(newest.object_id, newest.payload)
    assert after.part.unknown == {"ua:dcs/i=7": "SHELVE"}
    assert (await after.part.submit(DEMO_OPERATOR, order("3"))).state is CommandState.REFUSED
    assert after.calls == []


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (WriteOutcome(WriteState.EXPIRED), Reason.TIME_LIMIT_OVER),
        (WriteOutcome(WriteState.NOT_CONNECTED), Reason.NO_COMMUNICATION),
        (WriteOutcome(WriteState.REFUSED, text="the server refused"), Reason.BLOCKED_BY_PROCESS),
    ],
)
async def test_what_was_not_carried_out_can_be_asked_again(outcome: WriteOutcome, reason: Reason) -> None:
    w = World(outcome, DONE)
    result = await w.part.submit(DEMO_OPERATOR, order("1"))
    assert result.refusals[0].reason is reason
    assert (await w.part.submit(DEMO_OPERATOR, order("2"))).state is CommandState.CONFIRMED


async def test_rights_objections_and_a_full_disk_send_nothing() -> None:
    w = World()
    assert (await w.part.submit(VIEWER, order("1"))).refusals[0].reason is Reason.NO_ACCESS_AUTHORITY
    out = await w.part.submit(DEMO_OPERATOR, order("2", ConditionAct.OUT_OF_SERVICE))
    assert out.refusals[0].reason is Reason.NO_ACCESS_AUTHORITY
    told = await w.part.submit(DEMO_OPERATOR, order("3", objection="its state is not known"))
    assert told.text == "its state is not known"
    assert w.events == ["command.refused"] * 3
    w.full = True
    assert "audit trail" in (await w.part.submit(DEMO_OPERATOR, order("4"))).text
    assert w.calls == []


async def test_the_time_to_live_runs_from_the_asking() -> None:
    w = World()
    await w.part.submit(DEMO_OPERATOR, order("1", asked_ns=1_000))
    assert w.calls[0].deadline_ns == 1_000 + 5_000_000_000

"""The command gate: every refusal, one transmission, read-back, unknown outcomes and the audit trail."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import Any

import pytest

from hmi.commands import GateTables
from hmi.core import quality
from hmi.core.commands import (
    CommandState,
    Reason,
    WriteOutcome,
    WriteRequest,
    WriteState,
)
from hmi.core.journal import Entry, JournalRecord, Kind
from hmi.core.principal import VIEWER
from hmi.core.values import EURange, Value
from hmi.project.plant import CommandRule, Plant, TagDef
from hmi.tags import TagTables
from hmi.testing.gate import CLOSED, SP, START, Desk, reasons
from hmi.testing.plant import good, make_plant
from hmi.testing.services import FakeDevice

UNKNOWN = WriteOutcome(WriteState.UNKNOWN, text="no answer")


@pytest.mark.asyncio
async def test_a_set_point_is_written_once_read_back_and_journalled() -> None:
    desk = Desk()
    result = await desk.ask(value=55.0, reason="higher demand")
    assert (result.state, result.read_back) == (CommandState.CONFIRMED, 55.0)
    assert [request.value for request in desk.device.requests] == [55.0]
    assert desk.audit == ["command.requested", "command.confirmed"]
    asked = desk.journal.entries[0]
    assert (asked.principal.user, asked.payload["old"], asked.payload["new"]) == ("demo-operator", 50.0, 55.0)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("tag_id", "value", "more", "reason"),
    [
        ("t_nothing", 1.0, {}, Reason.NO_ACCESS_AUTHORITY),
        ("t_a/p1.level", 1.0, {}, Reason.NO_ACCESS_AUTHORITY),
        (CLOSED, True, {}, Reason.NO_ACCESS_AUTHORITY),
        (SP, 55.0, {"principal": VIEWER}, Reason.NO_ACCESS_AUTHORITY),
        (SP, float("nan"), {}, Reason.INCONSISTENT_PARAMETERS),
        (SP, float("inf"), {}, Reason.INCONSISTENT_PARAMETERS),
        (SP, "55", {}, Reason.INCONSISTENT_PARAMETERS),
        (SP, True, {}, Reason.INCONSISTENT_PARAMETERS),
        (START, 7, {}, Reason.INCONSISTENT_PARAMETERS),
        (SP, 95.0, {}, Reason.LIMIT_EXCEEDED),
        (SP, 5.0, {}, Reason.LIMIT_EXCEEDED),
        (SP, 55.0, {"expected": 49.0}, Reason.INCONSISTENT_PARAMETERS),
        (SP, 55.0, {"heartbeat": 99}, Reason.TIME_LIMIT_OVER),
        (SP, 55.0, {"ttl_ms": 0}, Reason.TIME_LIMIT_OVER),
    ],
)
async def test_a_refusal_sends_nothing_and_says_why(
    tag_id: str, value: Value, more: dict[str, Any], reason: Reason
) -> None:
    desk = Desk()
    result = await desk.ask(tag_id, value, **more)
    assert result.state is CommandState.REFUSED
    assert reasons(result) == [reason]
    assert result.text
    assert desk.device.requests == []
    assert desk.audit == ["command.refused"]


@pytest.mark.asyncio
async def test_every_unmet_condition_is_listed_with_its_live_value() -> None:
    desk = Desk()
    desk.set("a/p1.remote", False)
    desk.set("a/p1.auto", True)
    desk.set("a/p1.level", 0.5)
    desk.set("a/p1.interlock", True)
    result = await desk.ask(START, True)
    assert [(r.reason, r.value) for r in result.refusals] == [
        (Reason.BLOCKED_BY_SWITCHING_HIERARCHY, False),
        (Reason.BLOCKED_BY_MODE, True),
        (Reason.BLOCKED_BY_PROCESS, 0.5),
        (Reason.BLOCKED_BY_INTERLOCKING, True),
    ]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "status", [quality.BAD_SENSOR_FAILURE, quality.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE]
)
async def test_a_condition_that_is_not_known_blocks(status: int) -> None:
    desk = Desk()
    desk.set("a/p1.level", good(2.0).with_status(status))
    assert reasons(await desk.ask(START, True)) == [Reason.BAD_FEEDBACK]


@pytest.mark.asyncio
async def test_a_stale_controller_takes_no_commands() -> None:
    desk = Desk()
    desk.set("a/p1.sp", good(50.0).with_status(quality.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE))
    assert reasons(await desk.ask()) == [Reason.NO_COMMUNICATION]


@pytest.mark.asyncio
async def test_CM_08_limits_reject_and_a_large_step_is_confirmed() -> None:
    desk = Desk(max_step=10.0)
    assert reasons(await desk.ask(value=91.0, reason="x")) == [Reason.LIMIT_EXCEEDED]
    assert reasons(await desk.ask(value=61.0)) == [Reason.LIMIT_EXCEEDED]
    assert (await desk.ask(value=61.0, confirmed=True)).state is CommandState.CONFIRMED
    assert (await desk.ask(value=61.0, reason="start-up")).state is CommandState.CONFIRMED
    assert (await desk.ask(value=59.0)).state is CommandState.CONFIRMED


@pytest.mark.asyncio
async def test_CM_09_local_control_is_refused_with_its_word() -> None:
    desk = Desk()
    desk.set("a/p1.remote", False)
    assert reasons(await desk.ask(START, True)) == [Reason.BLOCKED_BY_SWITCHING_HIERARCHY]


@pytest.mark.asyncio
@pytest.mark.parametrize(("found", "state"), [(49.97, CommandState.CONFIRMED), (49.90, CommandState.FAILED)])
async def test_CM_12_read_back_tolerance(found: float, state: CommandState) -> None:
    desk = Desk(tolerance=0.05)
    desk.device.stored = found
    result = await desk.ask(value=50.0)
    assert (result.state, result.read_back) == (state, found)


@pytest.mark.asyncio
async def test_CM_13_a_pulse_is_sent_at_most_once_under_1000_link_faults() -> None:
    desk, chance = Desk(), random.Random(13)
    outcomes = [WriteOutcome(state) for state in WriteState]
    for turn in range(1_000):
        desk.sent_at = desk.clock.monotonic_ns()
        desk.device.outcome = chance.choice(outcomes)
        desk.device.silent = chance.random() < 0.3
        desk.device.items[START] = False
        await desk.ask(START, True, id=f"c_{turn}")
        await desk.ask(START, True, id=f"c_{turn}")
    sent = [request.command_id for request in desk.device.requests]
    assert len(sent) == len(set(sent))
    assert len(sent) > 100


@pytest.mark.asyncio
async def test_CM_14_every_command_has_exactly_one_audit_chain() -> None:
    desk = Desk()
    for number, value in enumerate((55.0, 95.0, "x", 56.0)):
        await desk.ask(value=value, id=f"c_{number}")
    chains: dict[str, list[str]] = {}
    for entry in desk.journal.entries:
        chains.setdefault(entry.payload["command_id"], []).append(entry.event)
        assert {"old", "new", "tag", "unit"} <= entry.payload.keys()
    confirmed = ["command.requested", "command.confirmed"]
    assert chains == {
        "c_0": confirmed,
        "c_1": ["command.refused"],
        "c_2": ["command.refused"],
        "c_3": confirmed,
    }


@pytest.mark.asyncio
async def test_the_same_id_gives_the_first_result_also_while_it_runs() -> None:
    desk = Desk()
    first, second = await asyncio.gather(desk.ask(id="c_1"), desk.ask(id="c_1"))
    third = await desk.ask(id="c_1")
    assert first == second == third
    assert len(desk.device.requests) == 1
    assert desk.audit == ["command.requested", "command.confirmed"]


@pytest.mark.asyncio
async def test_two_commands_to_one_item_do_not_overtake_each_other() -> None:
    desk = Desk()
    results = await asyncio.gather(desk.ask(value=55.0), desk.ask(value=60.0))
    assert [r.state for r in results] == [CommandState.CONFIRMED, CommandState.REFUSED]
    assert reasons(results[1]) == [Reason.COMMAND_ALREADY_IN_EXECUTION]


@pytest.mark.asyncio
async def test_a_station_that_goes_away_does_not_cut_the_audit_trail() -> None:
    desk = Desk()
    desk.device.stored = 1.0
    asking = asyncio.create_task(desk.ask(value=55.0))
    while not desk.device.requests:
        await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait([asking])
    await desk.gate.close()
    assert desk.audit == ["command.requested", "command.failed"]


@pytest.mark.asyncio
async def test_a_runtime_that_ends_admits_no_more_commands_and_ends_those_under_way() -> None:
    desk = Desk()
    under_way = asyncio.create_task(desk.ask(value=55.0))
    while not desk.gate._running:
        await asyncio.sleep(0)
    await desk.gate.close()
    late = await desk.ask(value=60.0)
    assert ((await under_way).state, late.state) == (CommandState.CONFIRMED, CommandState.REFUSED)
    assert reasons(late) == [Reason.NO_COMMUNICATION]
    assert [request.value for request in desk.device.requests] == [55.0]
    assert desk.audit == ["command.requested", "command.confirmed", "command.refused"]


@pytest.mark.asyncio
async def test_without_a_journal_nothing_is_sent() -> None:
    desk = Desk()
    desk.journal.broken = True
    result = await desk.ask()
    assert result.state is CommandState.REFUSED
    assert "audit" in result.text
    assert desk.device.requests == []


@pytest.mark.asyncio
async def test_an_unknown_outcome_is_settled_by_reading_back() -> None:
    desk = Desk()
    desk.device.outcome = UNKNOWN
    assert (await desk.ask(value=55.0)).state is CommandState.CONFIRMED
    assert len(desk.device.requests) == 1


@pytest.mark.asyncio
async def test_CM_05_an_outcome_that_stays_unknown_blocks_a_repeat_until_read_back() -> None:
    desk = Desk()
    desk.device.outcome, desk.device.executes, desk.device.silent = UNKNOWN, False, True
    started = desk.clock.monotonic_ns()
    result = await desk.ask(value=55.0)
    assert result.state is CommandState.UNKNOWN
    assert desk.clock.monotonic_ns() - started <= 3_200_000_000
    assert reasons(await desk.ask(value=55.0)) == [Reason.BAD_FEEDBACK]
    desk.device.silent, desk.device.executes, desk.device.outcome = False, True, WriteOutcome(WriteState.DONE)
    desk.device.items[SP] = 50.0
    assert (await desk.ask(value=55.0)).state is CommandState.CONFIRMED
    assert len(desk.device.requests) == 2


@pytest.mark.asyncio
async def test_a_pulse_is_confirmed_by_the_process() -> None:
    desk = Desk()
    desk.on_pause = lambda: desk.set("a/p1.running", True)
    result = await desk.ask(START, True)
    assert result.state is CommandState.CONFIRMED


@pytest.mark.asyncio
async def test_a_process_that_does_not_follow_leaves_the_outcome_unknown_in_words() -> None:
    result = await Desk().ask(START, True)
    assert result.state is CommandState.UNKNOWN
    assert "no feedback within 5 s" in result.text


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (WriteState.EXPIRED, Reason.TIME_LIMIT_OVER),
        (WriteState.NOT_CONNECTED, Reason.NO_COMMUNICATION),
        (WriteState.REFUSED, Reason.BLOCKED_BY_PROCESS),
    ],
)
async def test_what_the_device_did_not_take_is_a_refusal(state: WriteState, reason: Reason) -> None:
    desk = Desk()
    desk.device.outcome, desk.device.executes = WriteOutcome(state), False
    result = await desk.ask()
    assert (result.state, reasons(result)) == (CommandState.REFUSED, [reason])


@pytest.mark.asyncio
async def test_a_station_cannot_ask_for_a_longer_life() -> None:
    desk = Desk()
    await desk.ask(ttl_ms=3_600_000)
    assert desk.device.requests[0].deadline_ns == desk.sent_at + 5_000_000_000
    desk.clock.advance(5.1)
    assert reasons(await desk.ask(ttl_ms=3_600_000)) == [Reason.TIME_LIMIT_OVER]


@pytest.mark.asyncio
async def test_two_writes_to_one_item_need_a_pause() -> None:
    desk = Desk(min_interval_ms=500)
    await desk.ask(value=55.0)
    assert reasons(await desk.ask(value=56.0)) == [Reason.RATE_EXCEEDED]
    desk.clock.advance(0.5)
    assert (await desk.ask(value=56.0)).state is CommandState.CONFIRMED


@pytest.mark.asyncio
async def test_a_fault_of_a_port_is_told_as_unknown_and_locks_the_item() -> None:
    desk = Desk()

    class Broken(FakeDevice):
        async def write(self, tag: Any, request: Any) -> WriteOutcome:
            raise KeyError("driver")

    desk.gate._writer = Broken()
    assert (await desk.ask()).state is CommandState.UNKNOWN
    desk.device.silent = True
    assert reasons(await desk.ask()) == [Reason.BAD_FEEDBACK]


@pytest.mark.asyncio
async def test_a_new_revision_brings_new_rules() -> None:
    desk = Desk()
    old = desk.tags.plant
    rule = replace(old.tags[0].command or CommandRule(), limits=EURange(0, 20))
    new = make_plant([replace(old.tags[0], command=rule), *old.tags[1:]], revision="r2", previous=old)
    desk.gate.apply(GateTables(new), desk.tags.values)
    assert reasons(await desk.ask(value=55.0)) == [Reason.LIMIT_EXCEEDED]


class Slow:
    """A device whose transmission takes until the test lets it go."""

    def __init__(self, device: FakeDevice) -> None:
        self._device, self.asked, self.go = device, asyncio.Event(), asyncio.Event()

    async def write(self, tag: TagDef, request: WriteRequest) -> WriteOutcome:
        self.asked.set()
        await self.go.wait()
        return await self._device.write(tag, request)


def renamed(desk: Desk) -> Plant:
    """The next revision, in which the set point has another name and another range."""
    old = desk.tags.plant
    other = replace(
        old.tags[0], name="a/p1.other", command=CommandRule(limits=EURange(0, 20), min_interval_ms=0)
    )
    return make_plant([other, *old.tags[1:]], revision="r2", previous=old)


@pytest.mark.asyncio
async def test_a_command_under_way_ends_under_the_revision_that_admitted_it() -> None:
    desk = Desk()
    slow = desk.gate._writer = Slow(desk.device)
    running = asyncio.create_task(desk.ask(value=55.0))
    await slow.asked.wait()
    new = renamed(desk)
    desk.tags.apply(TagTables(new, desk.tags.plant))
    desk.gate.apply(GateTables(new), desk.tags.values)
    slow.go.set()
    assert (await running).state is CommandState.CONFIRMED
    assert desk.journal.entries[-1].payload["tag"] == "a/p1.sp"
    assert reasons(await desk.ask(value=55.0)) == [Reason.LIMIT_EXCEEDED]


@pytest.mark.asyncio
async def test_a_command_whose_device_is_replaced_is_not_confirmed_by_the_new_one() -> None:
    desk = Desk()
    slow = desk.gate._writer = Slow(desk.device)
    running = asyncio.create_task(desk.ask(value=55.0))
    await slow.asked.wait()
    desk.gate.apply(GateTables(desk.tags.plant), desk.tags.values, {SP})
    slow.go.set()
    assert (await running).state is CommandState.UNKNOWN
    desk.device.silent = True
    assert reasons(await desk.ask(value=56.0)) == [Reason.BAD_FEEDBACK]
    desk.device.silent = False
    assert (await desk.ask(value=57.0)).state is CommandState.CONFIRMED


@pytest.mark.asyncio
async def test_a_command_that_is_not_sent_when_its_device_is_replaced_is_never_sent() -> None:
    desk = Desk()
    keep, held = desk.journal.append, asyncio.Event()

    async def slow_disk(*entries: Entry) -> tuple[JournalRecord, ...]:
        await held.wait()
        return await keep(*entries)

    desk.journal.append = slow_disk  # type: ignore[method-assign]
    running = asyncio.create_task(desk.ask(value=55.0))
    await asyncio.sleep(0)
    while not desk.gate._busy:
        await asyncio.sleep(0)
    desk.gate.apply(GateTables(desk.tags.plant), desk.tags.values, {SP})
    held.set()
    refused = await running
    assert (refused.state, reasons(refused)) == (CommandState.REFUSED, [Reason.NO_COMMUNICATION])
    assert desk.device.requests == []
    assert (await desk.ask(value=55.0)).state is CommandState.CONFIRMED


def _audit(event: str, tag_id: str, **more: str) -> JournalRecord:
    payload = {"command_id": "c_before", **more}
    return JournalRecord(
        1, "r", "run", 0, 0, "op", "st", tag_id, "rev", Kind.AUDIT, event, 1, False, payload, "", ""
    )


@pytest.mark.asyncio
async def test_a_command_cut_off_by_a_restart_blocks_its_item_until_it_is_read_back() -> None:
    desk = Desk()
    desk.gate.restore([_audit("command.requested", SP)])
    desk.device.silent = True
    assert reasons(await desk.ask(value=55.0)) == [Reason.BAD_FEEDBACK]
    desk.device.silent = False
    desk.device.items[SP] = 50.0
    assert (await desk.ask(value=55.0)).state is CommandState.CONFIRMED


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("event", "state", "told"),
    [
        ("command.requested", None, CommandState.UNKNOWN),
        ("command.confirmed", "confirmed", CommandState.CONFIRMED),
        ("command.refused", "refused", CommandState.REFUSED),
    ],
)
async def test_row_39_an_id_of_the_runtime_before_is_not_sent_again(
    event: str, state: str | None, told: CommandState
) -> None:
    desk, record = Desk(), _audit(event, SP, **({"state": state} if state else {}))
    desk.gate.restore([record])
    desk.gate.remember([record])
    desk.device.items[SP] = 50.0
    assert (await desk.ask(id="c_before", value=55.0)).state is told
    assert desk.device.requests == []
    assert (await desk.ask(value=55.0)).state is CommandState.CONFIRMED


@pytest.mark.asyncio
async def test_CM_05_what_is_refused_while_an_end_is_being_stored_does_not_open_it_again() -> None:
    desk, coming = Desk(), list[str]()
    append = desk.journal.append

    async def noted(*entries: Entry) -> tuple[JournalRecord, ...]:
        coming.extend(entry.event for entry in entries)
        return await append(*entries)

    desk.journal.append = noted  # type: ignore[method-assign]
    first = asyncio.create_task(desk.ask(value=55.0))
    while not desk.device.requests:
        await asyncio.sleep(0)
    desk.journal.answers.clear()
    while coming[-1] != "command.confirmed":
        await asyncio.sleep(0)
    second = asyncio.create_task(desk.ask(value=60.0))
    while len(coming) < 3:
        await asyncio.sleep(0)
    desk.journal.answers.set()
    assert (await first).state is CommandState.CONFIRMED
    assert reasons(await second) == [Reason.COMMAND_ALREADY_IN_EXECUTION]
    assert desk.audit == ["command.requested", "command.confirmed", "command.refused"]


@pytest.mark.asyncio
async def test_a_finished_command_of_the_runtime_before_blocks_nothing() -> None:
    desk = Desk()
    desk.gate.restore([_audit("command.confirmed", SP)])
    desk.device.items[SP] = 50.0
    assert (await desk.ask(value=55.0)).state is CommandState.CONFIRMED


def unknown(desk: Desk) -> None:
    """What the device does from here on: it loses the order, and does not answer."""
    desk.device.outcome, desk.device.executes, desk.device.silent = UNKNOWN, False, True


@pytest.mark.asyncio
async def test_an_unknown_command_is_not_concluded_from_another_place() -> None:
    """Its item is read from another register now, which has the wanted value by chance."""
    desk = Desk()
    unknown(desk)
    first = await desk.ask(value=55.0)
    assert first.state is CommandState.UNKNOWN
    new = renamed(desk)
    desk.tags.apply(TagTables(new, desk.tags.plant))
    desk.gate.apply(GateTables(new), desk.tags.values, {SP}, {SP})
    desk.device.silent, desk.device.executes, desk.device.outcome = False, True, WriteOutcome(WriteState.DONE)
    desk.device.items[SP] = 55.0
    desk.gate.tick()
    while desk.gate.unknown:
        await asyncio.sleep(0)
    (told,) = desk.settled
    assert (told.command_id, told.state, told.read_back) == (first.command_id, CommandState.UNKNOWN, None)
    assert "the plant was changed" in told.text
    record = desk.journal.entries[-1]
    assert (record.event, record.payload["state"]) == ("command.settled", "unknown")
    assert record.payload["tag"] == "a/p1.sp"
    assert reasons(await desk.ask(value=55.0)) == [Reason.LIMIT_EXCEEDED]


@pytest.mark.asyncio
async def test_an_unknown_command_whose_tag_is_gone_or_moves_while_it_is_read_ends_as_never_known() -> None:
    desk = Desk()
    unknown(desk)
    await desk.ask(value=55.0)
    read, asked, go = desk.device.read_now, asyncio.Event(), asyncio.Event()

    async def slow(tag: TagDef) -> Any:
        asked.set()
        await go.wait()
        return await read(tag)

    desk.device.read_now, desk.device.silent = slow, False  # type: ignore[method-assign]
    desk.device.items[SP] = 55.0
    desk.gate.tick()
    await asked.wait()
    gone = make_plant(desk.tags.plant.tags[1:], revision="r2", previous=desk.tags.plant)
    desk.gate.apply(GateTables(gone), desk.tags.values, {SP}, {SP})
    go.set()
    while desk.gate.unknown:
        await asyncio.sleep(0)
    (told,) = desk.settled
    assert told.state is CommandState.UNKNOWN
    assert desk.journal.entries[-1].payload["tag"] == "a/p1.sp"


@pytest.mark.asyncio
async def test_a_command_that_is_under_way_while_its_item_moves_is_never_known_afterwards() -> None:
    desk = Desk()
    slow = desk.gate._writer = Slow(desk.device)
    running = asyncio.create_task(desk.ask(value=55.0))
    await slow.asked.wait()
    desk.gate.apply(GateTables(desk.tags.plant), desk.tags.values, {SP}, {SP})
    slow.go.set()
    assert (await running).state is CommandState.UNKNOWN
    desk.gate.tick()
    while desk.gate.unknown:
        await asyncio.sleep(0)
    assert [one.state for one in desk.settled] == [CommandState.UNKNOWN]
    assert desk.audit == ["command.requested", "command.unknown", "command.settled"]
    desk.gate._writer = desk.device
    assert (await desk.ask(value=56.0)).state is CommandState.CONFIRMED


@pytest.mark.asyncio
async def test_a_command_that_breaks_off_while_its_item_moves_is_never_known_afterwards() -> None:
    desk = Desk()

    class Broken(FakeDevice):
        async def write(self, tag: Any, request: Any) -> WriteOutcome:
            desk.gate.apply(GateTables(desk.tags.plant), desk.tags.values, {SP}, {SP})
            raise KeyError("driver")

    desk.gate._writer = Broken()
    assert (await desk.ask(value=55.0)).state is CommandState.UNKNOWN
    desk.device.items[SP] = 55.0  # what the new place has by chance
    desk.gate.tick()
    while desk.gate.unknown:
        await asyncio.sleep(0)
    assert [(one.state, one.read_back) for one in desk.settled] == [(CommandState.UNKNOWN, None)]


@pytest.mark.asyncio
async def test_an_unknown_command_to_what_nobody_may_write_any_more_ends_too() -> None:
    """The plant took the right to write from its tag: nothing says any more what would show that it was carried out."""
    desk = Desk()
    unknown(desk)
    await desk.ask(value=55.0)
    old = desk.tags.plant
    new = make_plant([replace(old.tags[0], command=None), *old.tags[1:]], revision="r2", previous=old)
    desk.tags.apply(TagTables(new, old))
    desk.gate.apply(GateTables(new), desk.tags.values)
    desk.device.silent, desk.device.items[SP] = False, 55.0
    for _ in range(20):
        desk.gate.tick()
        await asyncio.sleep(0)
    assert desk.gate.unknown == frozenset()
    assert [one.state for one in desk.settled] == [CommandState.UNKNOWN]
    assert (desk.audit[-1], desk.journal.entries[-1].payload["tag"]) == ("command.settled", "a/p1.sp")

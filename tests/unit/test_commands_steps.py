"""The steps of commands in the gate itself: confirm, select, sign; limits, feedback, holds, taking back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from hmi.commands import GateTables
from hmi.commands._ports import Nobody
from hmi.core import quality
from hmi.core.commands import CommandState, Reason, Refusal, WriteOutcome, WriteState
from hmi.core.holds import ControlTag, TagKind
from hmi.core.journal import Entry, JournalRecord, Kind
from hmi.core.principal import DEMO_OPERATOR, Principal, Role
from hmi.core.values import EURange
from hmi.project.plant import CommandRule, ConnectionDef, LimitsWhen, Scaling
from hmi.tags import entered
from hmi.testing.gate import SP, START, TRIP, Desk, reasons
from hmi.testing.plant import good, make_plant, make_tag

pytestmark = pytest.mark.asyncio
RIGHTS = frozenset({Role.VIEW, Role.OPERATE})
ANNE = Principal("anne", "north", "s_a", RIGHTS, name="Anne Berg")
BELA = Principal("bela", "south", "s_b", RIGHTS, name="Bela Kiss")
TENFOLD = Scaling(EURange(0, 1000), EURange(0, 100))
BAD = good(50.0).with_status(quality.BAD_SENSOR_FAILURE)


async def trip(desk: Desk, by: Principal = DEMO_OPERATOR, **more: Any) -> Any:
    """All steps of a critical command but those that ``more`` makes otherwise."""
    if "selection" not in more:
        more["selection"] = desk.select(principal=by).id
    more.setdefault("reason", "dry bearing")
    more.setdefault("signatures", (desk.signers.sign(by.user),))
    return await desk.ask(TRIP, True, by, **more)


async def test_cm_01_a_significant_command_needs_its_confirmation() -> None:
    desk = Desk()
    assert reasons(await desk.ask(START, True, confirmed=False)) == [Reason.INCONSISTENT_PARAMETERS]
    assert desk.device.requests == []
    await desk.ask(START, True, confirmed=True)
    assert len(desk.device.requests) == 1


async def test_cm_01_a_selection_with_the_same_value_is_a_confirmation() -> None:
    desk = Desk()
    chosen = desk.select(START, True)
    await desk.ask(START, True, confirmed=False, selection=chosen.id)
    assert len(desk.device.requests) == 1
    assert desk.journal.entries[0].payload["confirmation"] == "selected"


@pytest.mark.parametrize(
    ("left_out", "reason"),
    [
        ({"selection": ""}, Reason.OBJECT_NOT_SELECTED),
        ({"reason": "  "}, Reason.INCONSISTENT_PARAMETERS),
        ({"signatures": ()}, Reason.NO_ACCESS_AUTHORITY),
        ({"signatures": ("sig_false",)}, Reason.NO_ACCESS_AUTHORITY),
    ],
)
async def test_cm_01_a_critical_command_needs_every_one_of_its_steps(
    left_out: dict[str, Any], reason: Reason
) -> None:
    desk = Desk()
    assert reasons(await trip(desk, **left_out)) == [reason]
    assert desk.device.requests == []


async def test_cm_01_a_critical_command_with_its_steps_is_sent_and_its_signer_journalled() -> None:
    desk = Desk()
    assert (await trip(desk)).state is CommandState.CONFIRMED
    asked, ended = (entry.payload for entry in desk.journal.entries)
    assert (asked["confirmation"], asked["full_name"], asked["roles"]) == (
        "signed", "demo-operator", ["acknowledge", "operate", "tune", "view"],
    )  # fmt: skip
    assert [one["user"] for one in ended["signers"]] == ["demo-operator"]
    assert {"sent", "accepted", "ended", "feedback_status", "old", "new"} <= ended.keys()


async def test_cm_01_a_scripted_double_click_never_executes() -> None:
    desk = Desk()
    for _ in range(2):
        assert reasons(await desk.ask(START, True, confirmed=False)) == [Reason.INCONSISTENT_PARAMETERS]
    chosen = desk.select().id
    both = await asyncio.gather(*(trip(desk, selection=chosen, signatures=()) for _ in range(2)))
    assert [one.state for one in both] == [CommandState.REFUSED, CommandState.REFUSED]
    assert desk.device.requests == []


async def test_cm_01_one_selection_carries_one_command() -> None:
    desk = Desk()
    chosen = desk.select().id
    first = await trip(desk, selection=chosen)
    second = await trip(desk, selection=chosen)
    assert (first.state, reasons(second)) == (CommandState.CONFIRMED, [Reason.OBJECT_NOT_SELECTED])
    assert len(desk.device.requests) == 1


async def test_a_two_person_command_is_signed_by_somebody_else() -> None:
    desk = Desk(two_person=True)
    own = await trip(desk, ANNE)
    assert (reasons(own), desk.device.requests) == ([Reason.NO_ACCESS_AUTHORITY], [])
    assert "another person" in own.text
    assert (await trip(desk, ANNE, signatures=(desk.signers.sign("bela"),))).state is CommandState.CONFIRMED


async def test_without_a_service_of_signatures_nobody_signs() -> None:
    desk = Desk()
    desk.gate.signatures = Nobody()
    result = await trip(desk)
    assert (reasons(result), desk.device.requests) == ([Reason.NO_ACCESS_AUTHORITY], [])


async def test_cm_02_a_selection_ends_after_30_s() -> None:
    desk = Desk()
    kept = desk.select()
    assert kept.left_ms == 30_000
    desk.clock.advance(29.0)
    desk.sent_at = desk.clock.monotonic_ns()
    assert (await trip(desk, selection=kept.id)).state is CommandState.CONFIRMED
    lost = desk.select()
    desk.clock.advance(30.0)
    desk.sent_at = desk.clock.monotonic_ns()
    late = await trip(desk, selection=lost.id)
    assert (reasons(late), len(desk.device.requests)) == ([Reason.OBJECT_NOT_SELECTED], 1)


async def test_a_type_may_give_a_selection_another_time() -> None:
    assert Desk(select_s=90).select(SP, 55.0).left_ms == 90_000


async def test_cm_03_the_second_station_is_told_who_selected_the_pump() -> None:
    desk = Desk()
    assert desk.select(START, True, ANNE).id
    second = desk.select(TRIP, True, BELA)
    assert (second.id, second.refusals[0].reason) == ("", Reason.OBJECT_ALREADY_SELECTED)
    assert second.refusals[0].text == "selected by Anne Berg@north"
    plain = await desk.ask(SP, 55.0, BELA)
    assert (reasons(plain), plain.text) == ([Reason.LOCKED_BY_OTHER_CLIENT], "selected by Anne Berg@north")
    assert desk.device.requests == []


async def test_cm_03_a_foreign_selection_is_no_selection() -> None:
    desk = Desk()
    chosen = desk.select(principal=ANNE)
    assert reasons(await trip(desk, BELA, selection=chosen.id)) == [Reason.OBJECT_NOT_SELECTED]
    desk.gate.deselect(BELA, chosen.id)
    assert (await trip(desk, ANNE, selection=chosen.id)).state is CommandState.CONFIRMED


@pytest.mark.parametrize("other", [56.0, 55.1])
async def test_cm_04_another_value_than_the_selected_one_is_refused(other: float) -> None:
    desk = Desk()
    chosen = desk.select(SP, 55.0)
    result = await desk.ask(SP, other, selection=chosen.id)
    assert (reasons(result), desk.device.requests) == ([Reason.INCONSISTENT_PARAMETERS], [])


@pytest.mark.parametrize("end", ["deselect", "reload", "run", "sign-out"])
async def test_a_selection_ends_with_its_reason(end: str) -> None:
    desk = Desk()
    chosen = desk.select(principal=ANNE)
    endings = {
        "deselect": lambda: desk.gate.deselect(ANNE, chosen.id),
        "reload": lambda: desk.gate.apply(GateTables(desk.tags.plant), desk.tags.values),
        "run": desk.gate.selections.end_all,
        "sign-out": lambda: desk.gate.selections.end_session("s_a", "north"),
    }
    endings[end]()
    assert reasons(await trip(desk, ANNE, selection=chosen.id)) == [Reason.OBJECT_NOT_SELECTED]
    assert desk.select(principal=BELA).id


async def test_what_cannot_be_done_is_told_at_the_selection() -> None:
    desk = Desk()
    desk.set("a/p1.remote", False)
    assert desk.select(START, True).refusals[0].reason is Reason.BLOCKED_BY_SWITCHING_HIERARCHY
    assert desk.select(SP, 95.0).refusals[0].reason is Reason.LIMIT_EXCEEDED
    assert desk.select("t_nothing").refusals[0].reason is Reason.NO_ACCESS_AUTHORITY
    assert desk.gate.select(DEMO_OPERATOR, SP, 55.0, 99).refusals[0].reason is Reason.TIME_LIMIT_OVER


async def test_cm_07_a_significant_command_without_feedback_is_given_on_purpose_only() -> None:
    desk = Desk()
    desk.set("a/p1.running", good(False).with_status(quality.BAD_SENSOR_FAILURE))
    refused = await desk.ask(START, True)
    assert (reasons(refused), desk.device.requests) == ([Reason.BAD_FEEDBACK], [])
    await desk.ask(START, True, without_feedback=True)
    assert len(desk.device.requests) == 1
    kept = desk.journal.entries[-1].payload
    assert kept["without_feedback"] is True
    assert kept["feedback_status"] == quality.BAD_SENSOR_FAILURE


async def test_cm_07_a_link_that_is_down_cannot_be_left_out() -> None:
    desk = Desk()
    desk.dark.add("a/p1.start")
    result = await desk.ask(START, True, without_feedback=True)
    assert (reasons(result), desk.device.requests) == ([Reason.NO_COMMUNICATION], [])


async def test_cm_08_nested_limits_the_tightest_decides_and_all_are_told() -> None:
    state = LimitsWhen("'a/p1.running'", EURange(20, 60), "while it runs")
    desk = Desk(limits_when=(state,), limits_tune=EURange(0, 95))
    assert (await desk.ask(SP, 92.0, DEMO_OPERATOR)).state is CommandState.CONFIRMED
    assert reasons(await desk.ask(SP, 92.0, ANNE)) == [Reason.LIMIT_EXCEEDED]
    desk.set("a/p1.running", True)
    result = await desk.ask(SP, 70.0, ANNE)
    assert result.text == (
        "70 is outside 20 to 60 % "
        "(engineering range 0 to 100 %; operator range 10 to 90 %; while it runs 20 to 60 %)"
    )
    desk.set("a/p1.running", good(False).with_status(quality.BAD_SENSOR_FAILURE))
    assert reasons(await desk.ask(SP, 70.0, ANNE)) == [Reason.LIMIT_EXCEEDED]


async def test_cm_08_without_a_word_of_the_plant_a_tenth_of_the_range_is_the_largest_step() -> None:
    desk = Desk(max_step=None)
    assert reasons(await desk.ask(SP, 60.5)) == [Reason.LIMIT_EXCEEDED]
    assert (await desk.ask(SP, 60.0)).state is CommandState.CONFIRMED
    assert (await desk.ask(SP, 60.5, confirmed=True)).state is CommandState.CONFIRMED


async def test_a_command_may_need_the_right_to_tune() -> None:
    desk = Desk(right=Role.TUNE)
    assert reasons(await desk.ask(SP, 55.0, ANNE)) == [Reason.NO_ACCESS_AUTHORITY]
    tuner = replace(ANNE, roles=RIGHTS | {Role.TUNE})
    assert (await desk.ask(SP, 55.0, tuner)).state is CommandState.CONFIRMED


async def test_a_right_holds_in_its_area() -> None:
    desk = Desk()
    elsewhere = Principal("anne", "north", "s", frozenset({Role.VIEW}), {"b": RIGHTS})
    assert reasons(await desk.ask(SP, 55.0, elsewhere)) == [Reason.NO_ACCESS_AUTHORITY]


def _tag(kind: TagKind) -> ControlTag:
    return ControlTag("ct_1", "i_p1", kind, "seal is open", "bela", 1, "Bela Kiss")


async def test_cm_10_a_do_not_operate_tag_refuses_and_says_why() -> None:
    desk = Desk()
    desk.holds.tags.append(_tag(TagKind.DO_NOT_OPERATE))
    result = await desk.ask(SP, 55.0)
    assert (reasons(result), desk.device.requests) == ([Reason.TAGGED_DO_NOT_OPERATE], [])
    assert "seal is open (Bela Kiss)" in result.text
    assert desk.select().refusals[0].reason is Reason.TAGGED_DO_NOT_OPERATE


async def test_a_caution_has_to_be_accepted() -> None:
    desk = Desk()
    desk.holds.tags.append(_tag(TagKind.CAUTION))
    assert reasons(await desk.ask(SP, 55.0)) == [Reason.INCONSISTENT_PARAMETERS]
    assert (await desk.ask(SP, 55.0, caution=("ct_1",))).state is CommandState.CONFIRMED
    assert desk.journal.entries[-1].payload["caution"] == ["ct_1"]


async def test_a_bypass_leaves_out_a_condition_of_the_process_and_never_a_mode() -> None:
    desk = Desk()
    rule = desk.tags.plant.by_id[START].command or CommandRule()
    modes = (("'a/p1.remote'", Reason.BLOCKED_BY_SWITCHING_HIERARCHY),)
    tags = [
        replace(tag, command=replace(rule, causes=modes)) if tag.id == START else tag
        for tag in desk.tags.plant.tags
    ]
    desk.gate.apply(GateTables(make_plant(tags)), desk.tags.values)
    desk.set("a/p1.level", 0.5)
    desk.set("a/p1.interlock", True)
    desk.set("a/p1.remote", False)
    desk.holds.left_out = frozenset({"level", "dry run", "in remote"})
    assert reasons(await desk.ask(START, True)) == [Reason.BLOCKED_BY_SWITCHING_HIERARCHY]
    desk.set("a/p1.remote", True)
    await desk.ask(START, True)
    assert desk.journal.entries[-1].payload["bypassed"] == ["dry run", "in remote", "level"]
    desk.set("a/p1.remote", good(True).with_status(quality.BAD_SENSOR_FAILURE))
    desk.device.items[START], desk.sent_at = False, desk.clock.monotonic_ns()
    assert reasons(await desk.ask(START, True)) == [Reason.BAD_FEEDBACK]
    sent = len(desk.device.requests)
    await desk.ask(START, True, without_feedback=True)
    assert len(desk.device.requests) == sent + 1


async def test_position_reached() -> None:
    desk = Desk(reached=True)
    assert reasons(await desk.ask(SP, 50.0)) == [Reason.POSITION_REACHED]
    assert (await desk.ask(SP, 51.0)).state is CommandState.CONFIRMED


async def _unknown(desk: Desk, tag_id: str = SP, value: Any = 55.0) -> None:
    desk.device.outcome, desk.device.executes = WriteOutcome(WriteState.UNKNOWN), False
    desk.device.silent = True
    assert (await desk.ask(tag_id, value, id="c_lost")).state is CommandState.UNKNOWN


async def _ticked(desk: Desk) -> None:
    desk.gate.tick()
    while desk.gate._settling:
        await asyncio.sleep(0)


@pytest.mark.parametrize(("found", "state"), [(55.0, CommandState.CONFIRMED), (50.0, CommandState.FAILED)])
async def test_cm_05_an_unknown_outcome_settles_itself_when_the_link_returns(
    found: float, state: CommandState
) -> None:
    desk = Desk()
    await _unknown(desk)
    desk.dark.add("a/p1.sp")
    await _ticked(desk)
    assert desk.gate.unknown == {SP}
    desk.dark.clear()
    await _ticked(desk)
    assert desk.gate.unknown == {SP}
    desk.device.silent, desk.device.items[SP] = False, found
    await _ticked(desk)
    assert (desk.gate.unknown, [one.state for one in desk.settled]) == (frozenset(), [state])
    assert desk.audit == ["command.requested", "command.unknown", "command.settled"]
    assert len(desk.device.requests) == 1
    assert (await desk.ask(id="c_lost")).state is state


async def test_an_unknown_pulse_is_settled_by_the_process_and_waits_for_a_slow_one() -> None:
    desk = Desk()
    await _unknown(desk, START, True)
    desk.device.silent, desk.device.items[START] = False, False
    await _ticked(desk)
    assert desk.gate.unknown == {START}
    desk.set("a/p1.running", True)
    await _ticked(desk)
    assert [one.state for one in desk.settled] == [CommandState.CONFIRMED]


async def test_what_is_refused_meanwhile_does_not_hide_an_unknown_outcome_from_the_next_runtime() -> None:
    desk = Desk()
    await _unknown(desk)
    await desk.ask(value=60.0)
    newest = desk.journal.entries[-1]
    assert newest.event == "command.blocked"
    after = Desk()
    after.gate.restore([_record_of(newest)])
    after.device.items[SP] = 55.0
    await _ticked(after)
    assert [(one.command_id, one.state) for one in after.settled] == [("c_lost", CommandState.CONFIRMED)]


@pytest.mark.parametrize("newest", ["command.requested", "command.unknown", "command.blocked"])
@pytest.mark.parametrize("change", [{"address": "HR999"}, {"scaling": TENFOLD}, {"connection": "other"}, {}])
async def test_cm_05_what_another_register_says_ends_no_command_of_the_runtime_before(
    newest: str, change: dict[str, Any]
) -> None:
    """The plant was edited while no runtime ran: what is read now is not what was written to."""
    desk = Desk()
    await _unknown(desk)
    if newest == "command.blocked":
        await desk.ask(value=60.0)
    entry = next(one for one in reversed(desk.journal.entries) if one.event == newest)
    after = Desk(tag=change)
    after.device.items[SP] = 55.0
    after.gate.restore([_record_of(entry)])
    await _ticked(after)
    (told,) = after.settled
    assert (told.command_id, after.gate.unknown) == ("c_lost", frozenset())
    assert told.state is (CommandState.UNKNOWN if change else CommandState.CONFIRMED)
    assert ("never be known" in told.text) == bool(change)


async def test_a_command_is_taken_back_before_it_is_sent_and_never_after() -> None:
    desk = Desk()
    keep, held = desk.journal.append, asyncio.Event()

    async def slow_disk(*entries: Any) -> Any:
        await held.wait()
        return await keep(*entries)

    desk.journal.append = slow_disk  # type: ignore[method-assign]
    running = asyncio.create_task(desk.ask(SP, 55.0, id="c_1"))
    while not desk.gate._busy:
        await asyncio.sleep(0)
    assert reasons(desk.gate.cancel(BELA, "c_1")) == [Reason.NO_ACCESS_AUTHORITY]
    assert desk.gate.cancel(DEMO_OPERATOR, "c_1").state is CommandState.CONFIRMED
    held.set()
    assert reasons(await running) == [Reason.CANCELLED_BY_OPERATOR]
    assert desk.device.requests == []
    assert desk.audit == ["command.requested", "command.refused"]
    assert reasons(desk.gate.cancel(DEMO_OPERATOR, "c_1")) == [Reason.TIME_LIMIT_OVER]


async def test_a_command_that_is_sent_cannot_be_called_back() -> None:
    desk = Desk()
    desk.device.stored = 1.0
    running = asyncio.create_task(desk.ask(SP, 55.0, id="c_1"))
    while not desk.device.requests:
        await asyncio.sleep(0)
    late = desk.gate.cancel(DEMO_OPERATOR, "c_1")
    assert (reasons(late), "sent already" in late.text) == ([Reason.COMMAND_ALREADY_IN_EXECUTION], True)
    assert (await running).state is CommandState.FAILED


async def test_a_fault_before_the_transmission_is_told_as_not_sent() -> None:
    desk = Desk()

    class Broken:
        async def take(self, signature_id: str, principal: Any, command: Any) -> Any:
            raise KeyError("service")

    desk.gate.signatures = Broken()
    result = await trip(desk)
    assert (result.state, desk.device.requests) == (CommandState.FAILED, [])
    assert "nothing was sent" in result.text


# ---- what goes on while a command is under way


def _record_of(newest: Entry) -> JournalRecord:
    return JournalRecord(
        1, "r", "run", 0, 0, "op", "st", newest.object_id, "rev", Kind.AUDIT, newest.event, 1, False,
        newest.payload, "", "",
    )  # fmt: skip


@pytest.mark.parametrize("ends", ["busy", "closing"])
async def test_cm_05_a_refusal_beside_a_command_under_way_does_not_hide_it_from_the_next_runtime(
    ends: str,
) -> None:
    desk, held = Desk(), asyncio.Event()
    write = desk.device.write

    async def slow(*given: Any) -> Any:
        await held.wait()
        return await write(*given)

    desk.device.write = slow  # type: ignore[method-assign]
    first = asyncio.create_task(desk.ask(SP, 55.0, id="c_first"))
    while "command.requested" not in desk.audit:
        await asyncio.sleep(0)
    closing = asyncio.create_task(desk.gate.close()) if ends == "closing" else first
    await asyncio.sleep(0)
    assert (await desk.ask(SP, 60.0, BELA)).state is CommandState.REFUSED
    killed = _record_of(desk.journal.entries[-1])
    after = Desk()
    after.gate.restore([killed])
    assert after.gate.unknown == {SP}
    assert after.gate._unknown[SP].command_id == "c_first"
    held.set()
    await asyncio.gather(first, closing)


@pytest.mark.parametrize("what", ["do-not-operate", "area", "interlock", "bar"])
async def test_what_turns_while_the_journal_writes_stops_the_command(what: str) -> None:
    desk, held = Desk(), asyncio.Event()
    keep = desk.journal.append

    async def slow_disk(*entries: Any) -> Any:
        await held.wait()
        return await keep(*entries)

    desk.journal.append = slow_disk  # type: ignore[method-assign]
    running = asyncio.create_task(desk.ask(START, True))
    while not desk.gate._in_flight:
        await asyncio.sleep(0)
    if what == "do-not-operate":
        desk.holds.tags = [ControlTag("h_1", "a/p1", TagKind.DO_NOT_OPERATE, "open", "bela", 1)]
    elif what == "area":
        desk.holds.refusal = Refusal(Reason.LOCKED_BY_OTHER_CLIENT, "controlled by bela@south")
    elif what == "interlock":
        desk.set("a/p1.interlock", True)
    else:
        desk.gate.bar("a file of the program was changed")
    held.set()
    assert (await running).state is CommandState.REFUSED
    assert desk.device.requests == []
    assert desk.audit == ["command.requested", "command.refused"]


async def test_cm_07_a_feedback_that_a_person_entered_shows_nothing_of_the_process() -> None:
    desk = Desk()
    desk.tags.override(desk.tags.handle("a/p1.running"), entered(False, 1))
    assert reasons(await desk.ask(START, True)) == [Reason.BAD_FEEDBACK]
    assert (await desk.ask(START, True, without_feedback=True)).state is not CommandState.REFUSED


async def test_an_unknown_pulse_is_not_settled_by_a_value_that_a_person_entered() -> None:
    desk = Desk()
    desk.device.outcome = WriteOutcome(WriteState.UNKNOWN)
    assert (await desk.ask(START, True, id="c_lost")).state is CommandState.UNKNOWN
    desk.tags.override(desk.tags.handle("a/p1.running"), entered(True, 1))
    await _ticked(desk)
    assert [one.state for one in desk.settled if one.state is CommandState.CONFIRMED] == []


async def test_cm_14_a_refused_selection_is_on_record() -> None:
    desk = Desk()
    desk.holds.tags = [ControlTag("h_1", "a/p1", TagKind.DO_NOT_OPERATE, "open", "bela", 1)]
    found = await desk.gate.selected(ANNE, TRIP, True, 1)
    assert [one.reason for one in found.refusals] == [Reason.TAGGED_DO_NOT_OPERATE]
    (entry,) = desk.journal.entries
    assert (entry.event, entry.principal.user, entry.payload["step"]) == ("command.refused", "anne", "select")
    desk.holds.tags = []
    assert (await desk.gate.selected(ANNE, TRIP, True, 1)).id
    assert len(desk.journal.entries) == 1


async def test_no_place_in_the_audit_trail_can_be_used_to_guess_a_password() -> None:
    """A digest of settings with a short password in them is soon guessed; and one that moves into the key store leaves
    its tags where they are.
    """

    def place(**settings: str) -> str:
        device = ConnectionDef("plc", "opcua", ("opc.tcp://127.0.0.1:4840",), {"user": "hmi", **settings})
        return GateTables(
            make_plant([make_tag("a/sp", connection="plc")], connections={"plc": device})
        ).place("t_a/sp")

    assert place(password="1234") == place(password="4321") == place()
    assert place() != place(security="none")

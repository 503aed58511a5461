"""Any order of selecting, operating, taking back, waiting and link faults: at most one transmission per command
id, none after its time to live, and none without the steps of its class."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hmi.core.commands import (
    TIME_TO_LIVE_MS,
    CommandState,
    OperatorCommand,
    WriteOutcome,
    WriteRequest,
    WriteState,
)
from hmi.core.principal import Principal, Role
from hmi.core.values import Value
from hmi.project.plant import TagDef
from hmi.testing.clock import ManualClock
from hmi.testing.gate import SP, START, TRIP, Desk
from hmi.testing.services import FakeDevice

RIGHTS = frozenset({Role.VIEW, Role.OPERATE})
PEOPLE = [Principal("anna", "cr1", "1", RIGHTS), Principal("bob", "cr2", "2", RIGHTS)]
VALUES: dict[str, list[Value]] = {SP: [55.0, 60.0], START: [True], TRIP: [True]}
people, tags = st.sampled_from(PEOPLE), st.sampled_from(list(VALUES))
usually, rarely = st.sampled_from([True, True, True, False]), st.sampled_from([False, False, False, True])
SELECTED_S = 30.0


class Line(FakeDevice):
    """A device that notes when each transmission was asked for."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self.clock, self.at = clock, list[tuple[int, WriteRequest]]()

    async def write(self, tag: TagDef, request: WriteRequest) -> WriteOutcome:
        self.at.append((self.clock.monotonic_ns(), request))
        return await super().write(tag, request)


class CommandsMachine(RuleBasedStateMachine):
    """``chosen`` is what a selection stands for, by its id; ``allowed`` whether a command had its steps."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.desk = Desk()
        self.line = Line(self.desk.clock)
        self.desk.gate._writer, self.desk.gate._verifier._reader = self.line, self.line
        self.line.items.update({SP: 50.0, START: False, TRIP: False})
        self.chosen: dict[str, tuple[Principal, str, Value, int]] = {}
        self.allowed: dict[str, bool] = {}
        self.born: dict[str, int] = {}
        self.back: set[str] = set()
        self.given: list[tuple[Principal, OperatorCommand]] = []
        self.number = 0

    def teardown(self) -> None:
        self.loop.run_until_complete(self.desk.gate.close())
        self.loop.close()

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    @rule(person=people, tag=tags, pick=st.integers(0, 1))
    def select(self, person: Principal, tag: str, pick: int) -> None:
        value = VALUES[tag][pick % len(VALUES[tag])]
        found = self.desk.select(tag, value, person)
        if found.id:
            # one piece of equipment: whoever held it before holds it no longer
            self.chosen = {found.id: (person, tag, value, self.desk.clock.monotonic_ns())}

    @rule(person=people)
    def deselect(self, person: Principal) -> None:
        for selection, (owner, *_) in list(self.chosen.items()):
            self.desk.gate.deselect(person, selection)
            if owner is person:
                del self.chosen[selection]

    @rule(
        person=people, tag=tags, pick=st.integers(0, 1), confirmed=st.booleans(), reason=usually,
        selects=st.sampled_from(["", "as it is", "first", "other"]), signs=st.sampled_from(["good", "", "false"]),
        twice=st.booleans(), cancels=rarely, beats=usually,
    )  # fmt: skip
    def operate(
        self, person: Principal, tag: str, pick: int, confirmed: bool, reason: bool, selects: str, signs: str,
        twice: bool, cancels: bool, beats: bool,
    ) -> None:  # fmt: skip
        """``selects``: with what is selected, after a selection of just this, or after one of something else."""
        if beats:
            self.wait(0.1, beats=1)
        if selects in ("first", "other"):
            other = {SP: SP, START: TRIP, TRIP: START}[tag] if selects == "other" else tag
            self.select(person, other, pick + 1 if selects == "other" else pick)
        value = VALUES[tag][pick % len(VALUES[tag])]
        selection = next(iter(self.chosen), "sel_none") if selects else ""
        signatures = {"": (), "good": (self.desk.signers.sign(person.user),), "false": ("sig_none",)}[signs]
        self.number += 1
        command = OperatorCommand(
            f"c_{self.number}", tag, value, 1, reason="why" if reason else "", confirmed=confirmed,
            selection=selection, signatures=signatures,
        )  # fmt: skip
        self.allowed[command.id] = self._has_steps(person, command, signs)
        self.born[command.id] = self.desk.sent_at
        self.given.append((person, command))
        self.run(self._submitted(person, command, 2 if twice else 1, cancels))

    async def _submitted(
        self, person: Principal, command: OperatorCommand, times: int, cancels: bool
    ) -> None:
        asking = [asyncio.create_task(self.desk.gate.submit(person, command)) for _ in range(times)]
        if cancels:
            await asyncio.sleep(0)
            if self.desk.gate.cancel(person, command.id).state is CommandState.CONFIRMED:
                self.back.add(command.id)
        results = await asyncio.gather(*asking)
        assert all(one == results[0] for one in results)

    def _has_steps(self, person: Principal, command: OperatorCommand, signs: str) -> bool:
        held = self.chosen.get(command.selection)
        owned = held is not None and held[0] is person
        if owned:
            del self.chosen[command.selection]
        fits = (
            held is not None
            and owned
            and held[1:3] == (command.tag_id, command.value)
            and self.desk.clock.monotonic_ns() - held[3] < SELECTED_S * 1e9
        )
        if command.selection and not fits:
            return False
        if command.tag_id == TRIP:
            return bool(command.selection and command.reason and signs == "good")
        return signs != "false" and (command.tag_id == SP or fits or command.confirmed)

    @rule(data=st.data())
    def ask_again(self, data: st.DataObject) -> None:
        if self.given:
            person, command = data.draw(st.sampled_from(self.given))
            self.run(self.desk.gate.submit(person, command))

    @rule(seconds=st.sampled_from([0.1, 1.0, 6.0, 29.0, 31.0]), beats=st.integers(0, 3))
    def wait(self, seconds: float, beats: int) -> None:
        self.desk.clock.advance(seconds)
        if beats:
            self.desk.sent_at = self.desk.clock.monotonic_ns()

    @rule(
        state=st.sampled_from(list(WriteState)),
        executes=st.booleans(),
        silent=st.booleans(),
        dark=st.booleans(),
    )
    def fault(self, state: WriteState, executes: bool, silent: bool, dark: bool) -> None:
        self.line.outcome, self.line.executes, self.line.silent = WriteOutcome(state), executes, silent
        self.desk.dark = {"a/p1.sp", "a/p1.start", "a/p1.trip"} if dark else set()
        self.desk.gate._is_live = lambda name: name not in self.desk.dark

    @rule()
    def heal(self) -> None:
        """The link works again: what was not known is settled without a command."""
        self.fault(WriteState.DONE, executes=True, silent=False, dark=False)
        self.wait(30.0, beats=3)
        self.run(self._ticked())
        assert not self.desk.gate.unknown

    async def _ticked(self) -> None:
        self.desk.gate.tick()
        if waiting := list(self.desk.gate._settling.values()):
            await asyncio.wait(waiting)

    @invariant()
    def each_command_is_sent_once_in_time_and_with_its_steps(self) -> None:
        sent = [request.command_id for _, request in self.line.at]
        assert len(sent) == len(set(sent))
        for at, request in self.line.at:
            limit = self.born[request.command_id] + TIME_TO_LIVE_MS * 1_000_000
            assert at < limit
            assert request.deadline_ns <= limit
            assert self.allowed[request.command_id]
            assert request.command_id not in self.back


TestCommandsMachine = CommandsMachine.TestCase
TestCommandsMachine.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)

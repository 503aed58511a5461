"""Any order of acts, waits, lost stations and restarts: the journal alone gives the same book, and one controls."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hmi.client.people import HoldRequest
from hmi.commands import REFUSED, HoldDesk, HoldTables, Surroundings
from hmi.core.commands import CommandState, OperatorCommand, Signature
from hmi.core.holds import AreaControl, Override
from hmi.core.journal import JournalRecord
from hmi.core.principal import Principal, Role
from hmi.core.values import EURange, ValueType
from hmi.project.plant import Area, CommandRule, Instance, Plant
from hmi.testing.clock import ManualClock
from hmi.testing.plant import make_plant, make_tag
from hmi.testing.services import FakeJournal, record_of

OPERATOR = frozenset({Role.VIEW, Role.OPERATE})
PEOPLE = [
    Principal("anna", "cr1", "1", OPERATOR),
    Principal("bob", "cr2", "2", OPERATOR),
    Principal("tina", "cr3", "3", OPERATOR | {Role.TUNE}),
    Principal("eva", "cr1", "4", frozenset({Role.VIEW})),
]
AREAS = ["s", "s/a", "s/a/x", "s/b"]
TAGS = ["t_s/a/pv", "t_s/b/pv"]
START, DRY, OPEN = "t_s/a/x/start", "dry", "open"
people = st.sampled_from(PEOPLE)


def plant_of() -> Plant:
    conditions = CommandRule(interlocks=(("'s/a/pv' < 1", DRY),), permissives=(("'s/b/pv' > 1", OPEN),))
    tags = [
        make_tag("s/a/pv", area="s/a", range=EURange(0, 9)),
        make_tag("s/b/pv", area="s/b", range=EURange(0, 9)),
        make_tag("s/a/x/start", area="s/a/x", type=ValueType.BOOL, instance="s/a/x", command=conditions),
    ]
    areas = (Area("s", "S"), Area("s/a", "A", "s"), Area("s/a/x", "X", "s/a"), Area("s/b", "B", "s"))
    pump = Instance("i_x", "s/a/x", "pump", "X", "s/a/x", {"start": START})
    return replace(make_plant(tags), areas=areas, instances={"s/a/x": pump})


class Signers:
    async def take(
        self, signature_id: str, principal: Principal, command: OperatorCommand
    ) -> Signature | str:
        return Signature(principal.user, principal.name, "approved", 1, "d")


class HoldsMachine(RuleBasedStateMachine):
    """Drives a desk; ``shown`` is what the tags show by what it told."""

    def __init__(self) -> None:
        super().__init__()
        self.plant, self.clock, self.journal = plant_of(), ManualClock(), FakeJournal()
        self.shown: dict[str, Override] = {}
        self.number = 0
        self.loop = asyncio.new_event_loop()
        self.desk = self.make()

    def make(self) -> HoldDesk:
        around = Surroundings(lambda number: self.clock.monotonic_ns(), self.overridden, lambda: None)
        return HoldDesk(
            HoldTables(self.plant),
            clock=self.clock,
            journal=self.journal,
            around=around,
            signatures=Signers(),
        )

    def overridden(self, tag_id: str, override: Override | None, old: bool) -> None:
        self.shown.pop(tag_id, None)
        if override is not None:
            self.shown[tag_id] = override

    def teardown(self) -> None:
        self.loop.run_until_complete(self.desk.close())
        self.loop.close()

    def ask(self, who: Principal, act: str, **fields: Any) -> None:
        self.number += 1
        request = HoldRequest(f"r{self.number}", act, **fields)

        async def twice() -> None:
            first, second = await asyncio.gather(
                self.desk.submit(who, request), self.desk.submit(who, request)
            )
            assert first == second

        before, count = self.desk.book.snapshot(), len(self.journal.entries)
        self.loop.run_until_complete(twice())
        result = self.loop.run_until_complete(self.desk.submit(who, request))
        assert result.state in {CommandState.CONFIRMED, CommandState.REFUSED}
        if result.state is CommandState.REFUSED:
            assert self.desk.book.snapshot() == before
            assert [entry.event for entry in self.journal.entries[count:]] == [REFUSED]

    async def _tick(self) -> None:
        self.desk.tick()
        await self.desk.close()

    # ---- acts

    @rule(who=people, thing=st.sampled_from(["i_x", *TAGS]), kind=st.sampled_from(["caution", "do-not-operate"]),
          seconds=st.sampled_from([0, 20, 90]))  # fmt: skip
    def place(self, who: Principal, thing: str, kind: str, seconds: float) -> None:
        self.ask(who, "place_tag", object_id=thing, kind=kind, reason="x", seconds=seconds)

    @precondition(lambda self: self.desk.book.snapshot().tags)
    @rule(who=people, data=st.data())
    def remove(self, who: Principal, data: st.DataObject) -> None:
        tag = data.draw(st.sampled_from(self.desk.book.snapshot().tags))
        self.ask(who, "remove_tag", hold_id=tag.id, reason="x")

    @rule(
        who=people, tag=st.sampled_from(TAGS), value=st.integers(0, 12), seconds=st.sampled_from([0, 20, 90])
    )
    def override(self, who: Principal, tag: str, value: int, seconds: float) -> None:
        self.ask(who, "override", object_id=tag, value=value, reason="x", seconds=seconds)

    @rule(who=people, tag=st.sampled_from(TAGS))
    def end_override(self, who: Principal, tag: str) -> None:
        self.ask(who, "end_override", object_id=tag)

    @rule(who=people, condition=st.sampled_from([DRY, OPEN, "no such"]), seconds=st.sampled_from([0, 20]))
    def bypass(self, who: Principal, condition: str, seconds: float) -> None:
        self.ask(
            who, "bypass", object_id=START, condition=condition, reason="x", seconds=seconds, signatures=["s"]
        )

    @precondition(lambda self: self.desk.book.snapshot().bypasses)
    @rule(who=people, data=st.data())
    def end_bypass(self, who: Principal, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self.desk.book.snapshot().bypasses))
        self.ask(who, "end_bypass", hold_id=one.id)

    @rule(who=people, area=st.sampled_from([*AREAS, "nowhere"]), force=st.booleans())
    def claim(self, who: Principal, area: str, force: bool) -> None:
        self.ask(who, "claim_area", area=area, force=force, reason="x" if force else "")

    @rule(who=people, area=st.sampled_from(AREAS), accept=st.booleans())
    def answer(self, who: Principal, area: str, accept: bool) -> None:
        self.ask(who, "answer_claim", area=area, accept=accept)

    @rule(who=people, area=st.sampled_from(AREAS))
    def release(self, who: Principal, area: str) -> None:
        self.ask(who, "release_area", area=area)

    # ---- what happens by itself

    @rule(seconds=st.sampled_from([1, 15, 31, 61, 9 * 3600]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.loop.run_until_complete(self._tick())

    @rule(station=st.sampled_from(["cr1", "cr2", "cr3"]), here=st.booleans())
    def station(self, station: str, here: bool) -> None:
        (self.desk.station_here if here else self.desk.station_gone)(station)

    @rule()
    def restart(self) -> None:
        self.loop.run_until_complete(self._tick())
        before = self.desk.book.snapshot()
        self.shown.clear()
        self.desk = self.make()

        async def restore() -> None:
            self.desk.restore(newest(self.journal).values())
            await self.desk.close()

        self.loop.run_until_complete(restore())
        after = self.desk.book.snapshot()
        assert (after.tags, after.overrides, after.bypasses) == (
            before.tags,
            before.overrides,
            before.bypasses,
        )
        assert {unasked(one) for one in after.areas} == {unasked(one) for one in before.areas}

    # ---- what always holds

    @invariant()
    def one_position_commands(self) -> None:
        for tag in self.plant.tags:
            free = [who for who in PEOPLE if self.desk.book.objection(who, tag) is None]
            held = self.desk.book.controller(self.plant.lineage(tag.area)) is not None
            assert not held or len({who.station for who in free}) <= 1

    @invariant()
    def tags_show_what_the_book_says(self) -> None:
        assert self.shown == {one.tag_id: one for one in self.desk.book.snapshot().overrides}

    @invariant()
    def nothing_that_is_over_is_in_force_after_a_look(self) -> None:
        self.loop.run_until_complete(self._tick())
        now = self.clock.now_ns()
        holds = self.desk.book.snapshot()
        assert all(
            not one.expires or one.expires > now for one in (*holds.tags, *holds.overrides, *holds.bypasses)
        )


def unasked(one: AreaControl) -> AreaControl:
    return replace(one, asked_by="", asked_station="", asked_name="")


def newest(journal: FakeJournal) -> dict[str, JournalRecord]:
    """What a runtime restores from: the last record of each object, refusals left out."""
    found: dict[str, JournalRecord] = {}
    for seq, entry in enumerate(journal.entries, 1):
        if entry.event != REFUSED:
            found[entry.object_id] = record_of(seq, entry)
    return found


TestRow42AnyOrderOfActs = pytest.mark.timeout(300)(HoldsMachine.TestCase)
TestRow42AnyOrderOfActs.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)

"""Control tags, manual values, bypasses and control of areas: the rules and the desk, with a journal in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from hmi.client.people import HoldRequest
from hmi.commands import PERSON, REFUSED, HoldDesk, HoldTables, Surroundings
from hmi.core.clock import NS_PER_S
from hmi.core.commands import CommandResult, CommandState, OperatorCommand, Reason, Signature
from hmi.core.holds import Override
from hmi.core.journal import JournalRecord
from hmi.core.principal import Principal, Role
from hmi.core.values import EURange, ValueType
from hmi.project.plant import AlarmDef, Area, CommandRule, Instance, Plant
from hmi.testing.clock import ManualClock
from hmi.testing.plant import make_plant, make_tag
from hmi.testing.services import FakeJournal, record_of

pytestmark = pytest.mark.asyncio

HOUR = 3600
OPERATOR = frozenset({Role.VIEW, Role.OPERATE})
ANNA = Principal("anna", "cr1", "s1", OPERATOR, name="Anna Berg")
BOB = Principal("bob", "cr2", "s2", OPERATOR, name="Bob Lund")
TINA = Principal("tina", "cr3", "s3", OPERATOR | {Role.TUNE}, name="Tina Moe")
WATCHER = Principal("eva", "cr4", "s4", frozenset({Role.VIEW}))
DRY = "Suction tank is dry"


def plant_of(**more: Any) -> Plant:
    rule = CommandRule(interlocks=(("'site/a/tank.low'", DRY),))
    tags = [
        make_tag("site/a/p1.start", type=ValueType.BOOL, area="site/a", instance="site/a/p1", command=rule),
        make_tag("site/a/tank.low", type=ValueType.BOOL, area="site/a"),
        make_tag("site/a/t.pv", area="site/a", unit="°C", range=EURange(0, 100)),
        make_tag("site/b/t.pv", area="site/b", range=EURange(0, 100)),
        make_tag("site/a/mode", type=ValueType.ENUM, area="site/a", states={0: "Off", 1: "On"}),
        make_tag("site/a/lab", area="site/a", manual=True, manual_max_age_s=2.0 * HOUR, range=EURange(0, 10)),
    ]
    alarm = AlarmDef("al_1", "t_site/b/t.pv", "high", "high", 2, "hot", limit=90)  # type: ignore[arg-type]
    plant = make_plant(tags, [alarm])
    areas = (Area("site", "Site"), Area("site/a", "Unit A", "site"), Area("site/b", "Unit B", "site"))
    instance = Instance("i_p1", "site/a/p1", "pump", "Pump 1", "site/a", {"start": "t_site/a/p1.start"})
    return replace(plant, areas=areas, instances={"site/a/p1": instance}, **more)


class Signers:
    """Each id is good once."""

    def __init__(self, *ids: str) -> None:
        self.good, self.asked = set(ids), list[OperatorCommand]()

    async def take(
        self, signature_id: str, principal: Principal, command: OperatorCommand
    ) -> Signature | str:
        self.asked.append(command)
        if signature_id not in self.good:
            return "there is no such signature"
        self.good.remove(signature_id)
        return Signature(principal.user, principal.name, "approved", 1, "d")


@dataclass
class Bench:
    """A desk with everything that it tells."""

    plant: Plant = field(default_factory=plant_of)
    required: bool = False
    clock: ManualClock = field(default_factory=ManualClock)
    journal: FakeJournal = field(default_factory=FakeJournal)
    beat: int | None = None
    shown: dict[str, tuple[Override | None, bool]] = field(default_factory=dict)
    signers: Signers = field(default_factory=lambda: Signers("sig"))
    number: int = 0

    def __post_init__(self) -> None:
        self.beat = self.clock.monotonic_ns()
        self.desk = self.make()

    def make(self) -> HoldDesk:
        def overridden(tag_id: str, override: Override | None, old: bool) -> None:
            self.shown[tag_id] = (override, old)

        around = Surroundings(lambda number: self.beat, overridden, lambda: None)
        return HoldDesk(
            HoldTables(self.plant), clock=self.clock, journal=self.journal, around=around,
            signatures=self.signers, required=self.required,
        )  # fmt: skip

    async def ask(self, who: Principal, act: str, **fields: Any) -> CommandResult:
        self.number += 1
        self.beat = self.clock.monotonic_ns()
        return await self.desk.submit(who, HoldRequest(fields.pop("id", f"r{self.number}"), act, **fields))

    async def later(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.desk.tick()
        await self.desk.close()

    async def restart(self) -> None:
        """Only what stands in the journal is left."""
        newest: dict[str, JournalRecord] = {}
        for seq, entry in enumerate(self.journal.entries):
            if entry.event != REFUSED:
                newest[entry.object_id] = record_of(seq, entry)
        self.shown.clear()
        self.desk = self.make()
        self.desk.restore(newest.values())
        await self.desk.close()

    @property
    def events(self) -> list[str]:
        return [entry.event for entry in self.journal.entries]

    def objects_to(self, who: Principal, tag: str) -> str:
        found = self.desk.book.objection(who, self.plant.by_name[tag])
        return f"{found.reason.value}: {found.text}" if found else ""


def reasons(result: CommandResult) -> list[Reason]:
    return [refusal.reason for refusal in result.refusals]


# ---- control tags


async def test_cm_10_a_control_tag_on_the_instance_counts_for_each_of_its_tags() -> None:
    bench = Bench()
    placed = await bench.ask(
        ANNA,
        "place_tag",
        object_id="i_p1",
        kind="do-not-operate",
        reason="works",
        work_order="W7",
        seconds=60,
    )
    assert placed.state is CommandState.CONFIRMED
    (tag,) = bench.desk.book.tags_on(bench.plant.by_name["site/a/p1.start"])
    assert (tag.owner, tag.owner_name, tag.work_order, tag.reason) == ("anna", "Anna Berg", "W7", "works")
    assert not bench.desk.book.tags_on(bench.plant.by_name["site/a/t.pv"])
    assert bench.journal.entries[-1].payload["tag"] == "site/a/p1"
    await bench.later(61)
    assert not bench.desk.book.snapshot().tags
    assert bench.events == ["hold.placed", "hold.expired"]


async def test_several_control_tags_hang_on_one_object_and_each_is_taken_off_by_its_owner() -> None:
    bench = Bench()
    for who in (ANNA, BOB):
        await bench.ask(who, "place_tag", object_id="i_p1", kind="caution", reason="hot surface")
    first, second = bench.desk.book.snapshot().tags
    assert reasons(await bench.ask(BOB, "remove_tag", hold_id=first.id, reason="done")) == [
        Reason.NO_ACCESS_AUTHORITY
    ]
    assert reasons(await bench.ask(ANNA, "remove_tag", hold_id=first.id)) == [Reason.INCONSISTENT_PARAMETERS]
    assert (
        await bench.ask(ANNA, "remove_tag", hold_id=first.id, reason="done")
    ).state is CommandState.CONFIRMED
    assert (
        await bench.ask(TINA, "remove_tag", hold_id=second.id, reason="left")
    ).state is CommandState.CONFIRMED
    assert not bench.desk.book.snapshot().tags


async def test_a_control_tag_needs_a_right_a_kind_and_a_reason() -> None:
    bench = Bench()
    result = await bench.ask(WATCHER, "place_tag", object_id="i_p1", kind="lock")
    assert len(result.refusals) == 3
    assert bench.events == [REFUSED]
    assert bench.journal.entries[0].payload["refusals"][0][0] == "no-access-authority"


async def test_a_request_that_is_asked_twice_is_done_once() -> None:
    bench = Bench()
    asked = [
        bench.ask(ANNA, "place_tag", id="same", object_id="i_p1", kind="caution", reason="x")
        for _ in range(3)
    ]
    results = await asyncio.gather(*asked)
    assert results[0] == results[1] == results[2]
    assert len(bench.desk.book.snapshot().tags) == 1
    await bench.restart()
    again = await bench.ask(ANNA, "place_tag", id="same", object_id="i_p1", kind="caution", reason="x")
    assert again.state is CommandState.REFUSED
    assert len(bench.desk.book.snapshot().tags) == 1


async def test_nothing_is_placed_that_the_journal_does_not_keep() -> None:
    bench = Bench()
    bench.journal.broken = True
    result = await bench.ask(ANNA, "place_tag", object_id="i_p1", kind="caution", reason="x")
    assert result.state is CommandState.REFUSED
    assert "audit trail" in result.text
    assert not bench.desk.book.snapshot().tags


# ---- manual values


async def test_how_old_an_entered_value_may_be_is_judged_by_the_plant_of_now() -> None:
    bench = Bench()
    await bench.ask(ANNA, "override", object_id="t_site/a/lab", value=7.2)
    own = bench.desk.book.override("t_site/a/lab")
    await bench.later(HOUR)
    assert bench.shown["t_site/a/lab"] == (own, False)
    tags = [replace(t, manual_max_age_s=60.0) if t.name == "site/a/lab" else t for t in bench.plant.tags]
    stricter = replace(
        bench.plant, tags=tuple(tags), by_id={t.id: t for t in tags}, by_name={t.name: t for t in tags}
    )
    bench.desk.apply(HoldTables(stricter))
    assert bench.shown["t_site/a/lab"] == (own, True)
    bench.desk.apply(HoldTables(bench.plant))
    assert bench.shown["t_site/a/lab"] == (own, False)


async def test_an_override_lasts_eight_hours_unless_it_is_said_and_a_day_at_most() -> None:
    bench = Bench()
    done = await bench.ask(ANNA, "override", object_id="t_site/a/t.pv", value=21, reason="sensor")
    own = bench.desk.book.override("t_site/a/t.pv")
    assert done.state is CommandState.CONFIRMED
    assert own is not None
    assert type(own.value) is float
    assert own.expires - own.time == 8 * HOUR * NS_PER_S
    assert bench.shown["t_site/a/t.pv"] == (own, False)
    long = {"object_id": "t_site/a/t.pv", "value": 21, "reason": "sensor", "seconds": 25 * HOUR}
    assert reasons(await bench.ask(ANNA, "override", **long)) == [Reason.LIMIT_EXCEEDED]
    engineer = replace(ANNA, roles=OPERATOR | {Role.ENGINEER})
    assert (await bench.ask(engineer, "override", **long)).state is CommandState.CONFIRMED
    await bench.later(25 * HOUR)
    assert bench.desk.book.override("t_site/a/t.pv") is None
    assert bench.shown["t_site/a/t.pv"] == (None, False)


@pytest.mark.parametrize(
    ("tag", "value", "reason"),
    [
        ("t_site/a/t.pv", 101.0, Reason.LIMIT_EXCEEDED),
        ("t_site/a/t.pv", "hot", Reason.INCONSISTENT_PARAMETERS),
        ("t_site/a/t.pv", True, Reason.INCONSISTENT_PARAMETERS),
        ("t_site/a/t.pv", float("nan"), Reason.INCONSISTENT_PARAMETERS),
        ("t_site/a/mode", 2, Reason.INVALID_POSITION),
        ("t_site/a/mode", 0.5, Reason.INCONSISTENT_PARAMETERS),
        ("t_nothing", 1, Reason.INCONSISTENT_PARAMETERS),
    ],
)
async def test_a_manual_value_is_checked_as_a_command_is(tag: str, value: Any, reason: Reason) -> None:
    bench = Bench()
    assert reason in reasons(await bench.ask(ANNA, "override", object_id=tag, value=value, reason="x"))
    assert not bench.shown


async def test_what_an_alarm_or_interlock_is_judged_by_is_overridden_by_a_supervisor_only() -> None:
    bench = Bench()
    for tag, value in (("t_site/b/t.pv", 5), ("t_site/a/tank.low", False)):
        asked = {"object_id": tag, "value": value, "reason": "x"}
        assert reasons(await bench.ask(ANNA, "override", **asked)) == [Reason.NO_ACCESS_AUTHORITY]
        assert (await bench.ask(TINA, "override", **asked)).state is CommandState.CONFIRMED


async def test_an_override_that_was_decided_long_ago_is_refused() -> None:
    bench = Bench()
    bench.desk = bench.make()
    bench.beat = bench.clock.monotonic_ns()
    bench.clock.advance(5.1)
    request = HoldRequest("late", "override", object_id="t_site/a/t.pv", value=1, reason="x")
    assert reasons(await bench.desk.submit(ANNA, request)) == [Reason.TIME_LIMIT_OVER]
    bench.beat = None
    request = HoldRequest("older", "bypass", object_id="t_site/a/p1.start", condition=DRY, reason="x")
    assert reasons(await bench.desk.submit(TINA, request)) == [Reason.TIME_LIMIT_OVER]


async def test_an_entered_value_needs_no_reason_has_no_end_and_is_too_old_in_time() -> None:
    bench = Bench()
    assert (
        await bench.ask(ANNA, "override", object_id="t_site/a/lab", value=7.2)
    ).state is CommandState.CONFIRMED
    own = bench.desk.book.override("t_site/a/lab")
    assert own is not None
    assert own.manual
    assert own.expires == 0
    await bench.later(2 * HOUR - 1)
    assert bench.shown["t_site/a/lab"] == (own, False)
    await bench.later(2)
    assert bench.shown["t_site/a/lab"] == (own, True)
    await bench.restart()
    await bench.later(1)
    assert bench.shown["t_site/a/lab"] == (own, True)


async def test_another_revision_ends_what_it_has_no_place_for() -> None:
    bench = Bench()
    await bench.ask(ANNA, "override", object_id="t_site/a/t.pv", value=80, reason="x")
    await bench.ask(ANNA, "override", object_id="t_site/a/lab", value=7)
    await bench.ask(ANNA, "place_tag", object_id="i_p1", kind="caution", reason="x")
    await bench.ask(ANNA, "claim_area", area="site/a")
    tags = [
        replace(tag, range=EURange(0, 50)) if tag.name == "site/a/t.pv" else tag for tag in bench.plant.tags
    ]
    smaller = replace(make_plant(tags), areas=(Area("site", "Site"),))
    bench.desk.apply(HoldTables(smaller))
    await bench.desk.close()
    left = bench.desk.book.snapshot()
    assert [one.tag_id for one in left.overrides] == ["t_site/a/lab"]
    assert (left.tags, left.areas) == ((), ())
    assert bench.events.count("hold.dropped") == 3


# ---- bypasses


async def test_cm_11_a_bypass_needs_a_supervisor_a_reason_and_a_signature_and_ends_by_itself() -> None:
    bench = Bench()
    asked: dict[str, Any] = {"object_id": "t_site/a/p1.start", "condition": DRY}
    assert reasons(await bench.ask(ANNA, "bypass", **asked)) == [
        Reason.NO_ACCESS_AUTHORITY, Reason.INCONSISTENT_PARAMETERS,
    ]  # fmt: skip
    assert reasons(await bench.ask(TINA, "bypass", reason="test", **asked)) == [Reason.NO_ACCESS_AUTHORITY]
    wrong = await bench.ask(TINA, "bypass", reason="test", signatures=["other"], **asked)
    assert wrong.text == "there is no such signature"
    done = await bench.ask(TINA, "bypass", id="by", reason="test", signatures=["sig"], **asked)
    assert done.state is CommandState.CONFIRMED
    assert "controller still checks" in done.text
    signed = bench.signers.asked[-1]
    assert (signed.id, signed.tag_id, signed.value) == ("by", "t_site/a/p1.start", DRY)
    assert bench.desk.book.bypassed("t_site/a/p1.start") == {DRY}
    payload = bench.journal.entries[-1].payload
    assert (payload["confirmation"], payload["signers"][0]["user"]) == ("signed", "tina")
    (own,) = bench.desk.book.snapshot().bypasses
    assert own.expires - own.time == 8 * HOUR * NS_PER_S
    await bench.later(8 * HOUR - 1)
    assert bench.desk.book.bypassed("t_site/a/p1.start") == {DRY}
    await bench.later(1)
    assert bench.desk.book.bypassed("t_site/a/p1.start") == frozenset()
    assert bench.events[-1] == "hold.expired"


async def test_cm_11_a_bypass_is_ended_by_hand_and_none_lasts_longer_than_a_day() -> None:
    bench = Bench()
    asked: dict[str, Any] = {"object_id": "t_site/a/p1.start", "condition": DRY, "reason": "x"}
    too_long = await bench.ask(TINA, "bypass", seconds=25 * HOUR, signatures=["sig"], **asked)
    assert reasons(too_long) == [Reason.LIMIT_EXCEEDED]
    assert bench.signers.good == {"sig"}  # what is refused anyway takes no signature
    await bench.ask(TINA, "bypass", seconds=24 * HOUR, signatures=["sig"], **asked)
    (own,) = bench.desk.book.snapshot().bypasses
    assert (await bench.ask(ANNA, "end_bypass", hold_id=own.id)).state is CommandState.CONFIRMED
    assert not bench.desk.book.bypassed("t_site/a/p1.start")


async def test_cm_11_a_bypass_ends_in_time_although_the_journal_cannot_be_written() -> None:
    bench = Bench()
    await bench.ask(
        TINA, "bypass", object_id="t_site/a/p1.start", condition=DRY, reason="x", signatures=["sig"]
    )
    bench.journal.broken = True
    await bench.later(8 * HOUR)
    assert not bench.desk.book.bypassed("t_site/a/p1.start")
    bench.journal.broken = False
    await bench.restart()
    assert not bench.desk.book.bypassed("t_site/a/p1.start")


# ---- control of areas


async def test_cm_16_a_held_area_takes_no_commands_of_others_and_the_most_specific_holder_decides() -> None:
    bench = Bench()
    assert bench.objects_to(ANNA, "site/a/t.pv") == ""
    await bench.ask(ANNA, "claim_area", area="site")
    assert bench.objects_to(ANNA, "site/a/t.pv") == ""
    assert (
        bench.objects_to(BOB, "site/a/t.pv") == "locked-by-other-client: Site is controlled by Anna Berg@cr1"
    )
    asked = await bench.ask(BOB, "claim_area", area="site/b")
    assert asked.state is CommandState.CONFIRMED
    assert "has 30 s" in asked.text
    assert bench.objects_to(BOB, "site/b/t.pv")
    await bench.ask(ANNA, "answer_claim", area="site/b", accept=True)
    assert bench.objects_to(BOB, "site/b/t.pv") == ""
    assert bench.objects_to(ANNA, "site/b/t.pv")
    assert bench.objects_to(ANNA, "site/a/t.pv") == ""
    await bench.ask(BOB, "release_area", area="site/b")
    assert bench.objects_to(ANNA, "site/b/t.pv") == ""


async def test_cm_16_silence_and_a_no_leave_the_area_with_its_holder() -> None:
    bench = Bench()
    await bench.ask(ANNA, "claim_area", area="site/a")
    await bench.ask(BOB, "claim_area", area="site/a")
    (held,) = bench.desk.book.snapshot().areas
    assert (held.asked_by, held.asked_station, held.asked_name) == ("bob", "cr2", "Bob Lund")
    assert reasons(await bench.ask(TINA, "claim_area", area="site/a")) == [Reason.LOCKED_BY_OTHER_CLIENT]
    assert reasons(await bench.ask(BOB, "answer_claim", area="site/a", accept=True)) == [
        Reason.NO_ACCESS_AUTHORITY
    ]
    await bench.later(29)
    assert bench.desk.book.snapshot().areas[0].asked_by == "bob"
    await bench.later(2)
    (held,) = bench.desk.book.snapshot().areas
    assert (held.station, held.asked_by) == ("cr1", "")
    assert reasons(await bench.ask(ANNA, "answer_claim", area="site/a", accept=True)) == [
        Reason.INCONSISTENT_PARAMETERS
    ]
    await bench.ask(BOB, "claim_area", area="site/a")
    await bench.ask(ANNA, "answer_claim", area="site/a", accept=False)
    assert bench.desk.book.snapshot().areas[0].station == "cr1"


async def test_cm_16_a_supervisor_takes_an_area_with_a_reason_and_the_old_right_ends_at_once() -> None:
    bench = Bench()
    await bench.ask(ANNA, "claim_area", area="site")
    await bench.ask(ANNA, "claim_area", area="site/a")
    assert Reason.NO_ACCESS_AUTHORITY in reasons(
        await bench.ask(BOB, "claim_area", area="site", force=True, reason="x")
    )
    assert reasons(await bench.ask(TINA, "claim_area", area="site", force=True)) == [
        Reason.INCONSISTENT_PARAMETERS
    ]
    await bench.ask(TINA, "claim_area", area="site", force=True, reason="nobody answers")
    for tag in ("site/a/t.pv", "site/b/t.pv"):
        assert bench.objects_to(ANNA, tag)
        assert bench.objects_to(TINA, tag) == ""
    assert bench.journal.entries[-1].payload["old"] == "Anna Berg@cr1"


async def test_cm_16_a_station_that_is_gone_for_a_minute_controls_nothing() -> None:
    bench = Bench()
    await bench.ask(ANNA, "claim_area", area="site")
    bench.desk.station_gone("cr1")
    await bench.later(59)
    bench.desk.station_here("cr1")
    await bench.later(10)
    assert bench.desk.book.snapshot().areas
    bench.desk.station_gone("cr1", PERSON)
    bench.desk.station_here("cr1")  # its link is there, but nobody is signed in
    await bench.later(60)
    assert not bench.desk.book.snapshot().areas
    assert bench.events[-1] == "hold.released"


async def test_cm_16_where_control_is_required_nobody_commands_before_it_is_claimed() -> None:
    bench = Bench(required=True)
    assert bench.objects_to(ANNA, "site/a/t.pv").startswith("no-access-authority: nobody controls Unit A")
    refused = await bench.ask(ANNA, "override", object_id="t_site/a/t.pv", value=1, reason="x")
    assert reasons(refused) == [Reason.NO_ACCESS_AUTHORITY]
    await bench.ask(ANNA, "claim_area", area="site")
    assert bench.objects_to(ANNA, "site/a/t.pv") == ""


async def test_se_02_rights_hold_by_area() -> None:
    bench = Bench()
    only_b = Principal("ole", "cr5", "s5", frozenset({Role.VIEW}), {"site/b": OPERATOR})
    assert reasons(await bench.ask(only_b, "claim_area", area="site/a")) == [Reason.NO_ACCESS_AUTHORITY]
    assert (await bench.ask(only_b, "claim_area", area="site/b")).state is CommandState.CONFIRMED
    assert reasons(await bench.ask(only_b, "override", object_id="t_site/a/t.pv", value=1, reason="x")) == [
        Reason.NO_ACCESS_AUTHORITY
    ]


async def test_row_42_what_hangs_is_there_after_a_restart_and_what_is_over_is_not() -> None:
    bench = Bench()
    await bench.ask(ANNA, "place_tag", object_id="i_p1", kind="do-not-operate", reason="works")
    await bench.ask(ANNA, "override", object_id="t_site/a/t.pv", value=21, reason="x", seconds=HOUR)
    await bench.ask(
        TINA, "bypass", object_id="t_site/a/p1.start", condition=DRY, reason="x", signatures=["sig"]
    )
    await bench.ask(ANNA, "claim_area", area="site")
    await bench.ask(BOB, "claim_area", area="site")
    before = bench.desk.book.snapshot()
    await bench.restart()
    after = bench.desk.book.snapshot()
    assert (after.tags, after.overrides, after.bypasses) == (before.tags, before.overrides, before.bypasses)
    assert (after.areas[0].station, after.areas[0].asked_by) == ("cr1", "")
    assert bench.shown["t_site/a/t.pv"] == (after.overrides[0], False)
    bench.clock.advance(HOUR)
    await bench.restart()
    assert not bench.desk.book.snapshot().overrides
    assert len(bench.desk.book.snapshot().tags) == 1


async def test_what_is_kept_just_now_does_not_end_meanwhile() -> None:
    bench = Bench()
    await bench.ask(ANNA, "override", object_id="t_site/a/t.pv", value=1, reason="x", seconds=60)
    bench.journal.answers.clear()
    bench.clock.advance(59)
    renewing = asyncio.create_task(
        bench.ask(ANNA, "override", object_id="t_site/a/t.pv", value=2, reason="x", seconds=60)
    )
    await until(lambda: bool(bench.desk._keeping))
    bench.clock.advance(5)
    bench.desk.tick()
    assert bench.desk.book.override("t_site/a/t.pv") is not None
    bench.journal.answers.set()
    assert (await renewing).state is CommandState.CONFIRMED
    bench.desk.tick()
    own = bench.desk.book.override("t_site/a/t.pv")
    assert own is not None
    assert own.value == 2.0
    await bench.restart()
    assert bench.desk.book.override("t_site/a/t.pv") == own


async def until(met: Callable[[], bool]) -> None:
    while not met():
        await asyncio.sleep(0)

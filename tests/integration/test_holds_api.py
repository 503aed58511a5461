"""Control tags, manual values, bypasses and control of areas over the API of a running runtime with a fake device."""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fake_runtime import fake_runtime
from holds_plant import DRY, LAB, LEVEL, START, Signers, device, plant_of
from waterworks_session import Watcher

from hmi.client.local import find_endpoint
from hmi.client.people import HoldRequest
from hmi.client.socket import SocketClient
from hmi.commands import HoldDesk
from hmi.core.commands import CommandResult, CommandState, OperatorCommand, Reason
from hmi.core.holds import Holds
from hmi.core.principal import Principal, Role
from hmi.core.quality import Mark, quality_of
from hmi.project.plant import Plant
from hmi.runtime import Runtime
from hmi.testing.driver import FakePlc

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="asks over the Unix socket"),
]
OPERATOR = frozenset({Role.VIEW, Role.OPERATE})
ANNA = Principal("anna", "cr1", "s1", OPERATOR, name="Anna Berg")
BOB = Principal("bob", "cr2", "s2", OPERATOR, name="Bob Lund")
_numbers = itertools.count(1)


@dataclass
class Session:
    """A station with a runtime; ``seen`` are the events of holds in order."""

    runtime: Runtime
    plc: FakePlc
    client: SocketClient
    watcher: Watcher

    async def ask(self, act: str, **fields: Any) -> CommandResult:
        beat = self.runtime.services.beats.number
        return await self.client.hold(HoldRequest(f"r{next(_numbers)}", act, heartbeat=beat, **fields))

    async def command(self, who: Principal) -> CommandResult:
        beat = self.runtime.services.beats.number
        order = OperatorCommand(f"c{next(_numbers)}", START, True, beat, reason="test", confirmed=True)
        return await self.runtime.submit(who, order)

    def shown(self, name: str) -> tuple[Any, str]:
        value = self.runtime.services.tags.value(name)
        return value.value, quality_of(value.status).mark.value

    @property
    def told(self) -> list[Holds]:
        return [event.payload for event in self.watcher.events if event.kind == "holds"]

    @property
    def writes(self) -> list[Any]:
        return [entry for entry in self.plc.log if entry[0] == "write"]


@asynccontextmanager
async def session(folder: Path, plant: Plant | None = None) -> AsyncIterator[Session]:
    plc = device()
    async with fake_runtime(plant or plant_of(), plc, folder) as runtime:
        runtime.holds.signatures = Signers()
        watcher = Watcher()
        client = SocketClient(folder, watcher)
        made = Session(runtime, plc, client, watcher)
        try:
            await client.subscribe(["a/tank.level", "a/twice"])
            await until(lambda: bool(made.told) and made.shown("a/tank.level") == (5.0, ""))
            yield made
        finally:
            await client.close()


async def until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():
            await asyncio.sleep(0.02)


async def test_a_station_is_told_of_all_holds_when_it_connects_and_at_each_change(tmp_path: Path) -> None:
    async with session(tmp_path) as here:
        assert set(here.told) == {Holds()}
        placed = await here.ask("place_tag", object_id="i_p1", kind="caution", reason="hot", work_order="W1")
        assert placed.state is CommandState.CONFIRMED
        await until(lambda: here.told[-1] != Holds())
        holds = await here.client.holds()
        assert here.told[-1] == holds
        assert (holds.tags[0].reason, holds.tags[0].work_order) == ("hot", "W1")
        other = Watcher()
        second = SocketClient(tmp_path, other)
        try:
            await second.subscribe(["a/twice"])
            await until(lambda: holds in [event.payload for event in other.events if event.kind == "holds"])
        finally:
            await second.close()


async def test_a_request_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    bodies: list[dict[str, Any]] = [
        {}, {"id": "x", "act": "lock"}, {"id": "", "act": "place_tag"}, {"id": "x", "act": "place_tag", "kind": 7},
        {"id": "x" * 65, "act": "place_tag"}, {"id": "x", "act": "override", "value": 2**70},
        {"id": "x", "act": "place_tag", "reason": "y" * 501}, {"id": "x", "act": "bypass", "signatures": ["s"] * 9},
    ]  # fmt: skip
    async with session(tmp_path):
        transport = httpx.AsyncHTTPTransport(uds=find_endpoint(tmp_path).path)
        async with httpx.AsyncClient(transport=transport, base_url="http://runtime") as http:
            for body in bodies:
                answer = await http.post("/v1/holds", json=body)
                assert answer.status_code == 400, body
                assert "\n" not in answer.json()["error"]


async def test_an_override_is_manual_everywhere_and_never_reaches_the_device(tmp_path: Path) -> None:
    async with session(tmp_path) as here:
        done = await here.ask("override", object_id=LEVEL, value=9.5, reason="transmitter is cleaned")
        assert done.state is CommandState.CONFIRMED
        assert here.shown("a/tank.level") == (9.5, "M")
        assert here.shown("a/twice")[0] == 19.0
        await until(lambda: any(row.name == "high" for row in here.runtime.services.alarms.active()))
        here.plc.values[0] = 6.0
        await until(lambda: here.runtime.services.tags.source_value(0).value == 6.0)
        assert here.shown("a/tank.level") == (9.5, "M")
        page = await here.client.points(state="manual")
        assert [(row.name, row.known, row.by_input) for row in page.points] == [
            ("a/tank.level", True, False), ("a/twice", True, True),
        ]  # fmt: skip
        assert (await here.client.status()).points == {"manual": 1}
        answer = await here.client.why("a/tank.level")
        hop = next(hop for hop in answer.hops if hop.kind == "entered")
        assert "the source says 6 m" in hop.text
        assert (hop.facts["source_value"], hop.facts["reason"]) == (6.0, "transmitter is cleaned")
        assert answer.text.startswith("Manual:")
        await until(lambda: here.watcher.groups.get("a/tank.level") == "entered")
        assert here.watcher.ages["entered"] == 0
        await here.ask("end_override", object_id=LEVEL)
        assert here.shown("a/tank.level") == (6.0, "")
        assert here.writes == []


async def test_a_lost_device_neither_ends_an_override_nor_lets_a_command_pass(tmp_path: Path) -> None:
    async with session(tmp_path) as here:
        await here.ask("override", object_id=START, value=True, reason="limit switch broken")
        here.plc.reachable = False
        here.plc.cut()
        await until(lambda: here.shown("a/tank.level")[1] == Mark.COMMS.value)
        assert here.shown("a/p1.start") == (True, "M")
        result = await here.command(replace(ANNA, roles=OPERATOR | {Role.TUNE}))
        assert result.state is CommandState.REFUSED
        assert here.writes == []
        answer = await here.client.why("a/p1.start", quick=True)
        assert "gives no value" in next(hop for hop in answer.hops if hop.kind == "entered").text


async def test_a_value_is_entered_where_there_is_no_source(tmp_path: Path) -> None:
    async with session(tmp_path) as here:
        assert (await here.client.plant()).tags[3].manual
        assert "nobody has entered" in (await here.client.why("a/lab.ph")).text.lower()
        assert (await here.ask("override", object_id=LAB, value=15)).refusals[
            0
        ].reason is Reason.LIMIT_EXCEEDED
        assert (await here.ask("override", object_id=LAB, value=7)).state is CommandState.CONFIRMED
        assert here.shown("a/lab.ph") == (7.0, "M")
        assert (await here.client.why("a/lab.ph")).text.startswith("Entered by ")


async def test_cm_11_a_bypass_has_an_alarm_and_a_count_and_the_handover_lists_it(tmp_path: Path) -> None:
    async with session(tmp_path) as here:
        done = await here.ask("bypass", object_id=START, condition=DRY, reason="dry run", signatures=["s"])
        assert done.state is CommandState.CONFIRMED
        await until(
            lambda: any(e.kind == "points" and e.payload == {"bypassed": 1} for e in here.watcher.events)
        )
        assert (await here.client.status()).points == {"bypassed": 1}
        (alarm,) = [row for row in await here.client.alarms() if row.alarm_class == "bypass"]
        assert (alarm.message, alarm.priority, alarm.area) == (f"Bypass: {DRY} of a/p1", 3, "a")
        (item,) = (await here.client.handover()).sections["bypassed"]
        assert (item.actor, item.reason) == ("demo-operator", "dry run")
        (own,) = (await here.client.holds()).bypasses
        await here.ask("end_bypass", hold_id=own.id)
        assert (await here.client.status()).points == {}
        await until(lambda: [row.state.value for row in here.runtime.services.alarms.active()] == ["RTNUN"])


async def test_cm_10_do_not_operate_refuses_commands_from_the_api_until_it_is_taken_off(
    tmp_path: Path,
) -> None:
    async with session(tmp_path) as here:
        await here.ask("place_tag", object_id="i_p1", kind="do-not-operate", reason="works")
        beat = here.runtime.services.beats.number
        over_the_api = await here.client.submit(OperatorCommand("api", START, True, beat, reason="x"))
        inside = await here.command(replace(ANNA, roles=OPERATOR | {Role.TUNE}))
        for result in (over_the_api, inside):
            assert result.state is CommandState.REFUSED
            assert Reason.TAGGED_DO_NOT_OPERATE in [refusal.reason for refusal in result.refusals]
        (tag,) = (await here.client.holds()).tags
        await here.ask("remove_tag", hold_id=tag.id, reason="done")
        assert here.writes == []
        assert (await here.command(ANNA)).state is CommandState.CONFIRMED


async def test_cm_11_a_bypassed_condition_is_left_out_until_the_bypass_ends(tmp_path: Path) -> None:
    async with session(tmp_path) as here:
        here.plc.values[0] = 0.5
        await until(lambda: here.shown("a/tank.level") == (0.5, ""))
        assert (await here.command(ANNA)).refusals[0].reason is Reason.BLOCKED_BY_INTERLOCKING
        await here.ask("bypass", object_id=START, condition=DRY, reason="dry run", signatures=["s"])
        assert (await here.command(ANNA)).state is CommandState.CONFIRMED
        (own,) = (await here.client.holds()).bypasses
        await here.ask("end_bypass", hold_id=own.id)
        assert (await here.command(ANNA)).refusals[0].reason is Reason.BLOCKED_BY_INTERLOCKING


async def test_cm_16_commands_of_another_position_are_refused_with_the_name_of_who_controls(
    tmp_path: Path,
) -> None:
    async with session(tmp_path) as here:
        await ask_as(here.runtime.holds, BOB, "claim_area", area="a")
        refused = await here.command(ANNA)
        assert (refused.refusals[0].reason, refused.text) == (
            Reason.LOCKED_BY_OTHER_CLIENT, "Unit A is controlled by Bob Lund@cr2",
        )  # fmt: skip
        assert (await here.command(BOB)).state is CommandState.CONFIRMED
        supervisor = replace(ANNA, roles=OPERATOR | {Role.TUNE})
        await ask_as(here.runtime.holds, supervisor, "claim_area", area="a", force=True, reason="shift")
        assert (await here.command(BOB)).refusals[0].reason is Reason.LOCKED_BY_OTHER_CLIENT


async def test_row_42_holds_are_there_after_a_restart_and_after_another_revision(tmp_path: Path) -> None:
    async with session(tmp_path) as here:
        await here.ask("place_tag", object_id="i_p1", kind="do-not-operate", reason="works")
        await here.ask("override", object_id=LEVEL, value=3.0, reason="x")
        await here.ask("bypass", object_id=START, condition=DRY, reason="x", signatures=["s"])
        await here.ask("claim_area", area="a")
        before = await here.client.holds()
    async with fake_runtime(plant_of(), device(), tmp_path) as runtime:
        await until(lambda: runtime.services.tags.source_value(0).value == 5.0)
        assert runtime.holds.book.snapshot() == before
        assert runtime.services.tags.value("a/tank.level").value == 3.0
        assert runtime.points.counts() == {"manual": 1, "bypassed": 1}
        await runtime.apply(plant_of("r2"))
        assert runtime.holds.book.snapshot() == before
        assert runtime.services.tags.value("a/tank.level").value == 3.0
        alarms = [row.message for row in runtime.services.alarms.active()]
        assert f"Bypass: {DRY} of a/p1" in alarms


async def test_cm_16_a_takeover_ends_the_old_positions_right_at_once_and_both_are_told(
    tmp_path: Path,
) -> None:
    async with session(tmp_path) as here:
        desk = here.runtime.holds
        assert (await ask_as(desk, ANNA, "claim_area", area="a")).state is CommandState.CONFIRMED
        supervisor = replace(BOB, roles=OPERATOR | {Role.TUNE})
        taken = await ask_as(
            desk, supervisor, "claim_area", area="a", force=True, reason="Anna was called away"
        )
        assert taken.state is CommandState.CONFIRMED
        assert desk.book.objection(ANNA, here.runtime.plant.by_id[START]) is not None
        await until(lambda: any(h.areas and h.areas[0].station == "cr2" for h in here.told))
        records = await here.runtime.services.journal.last(2, kind="audit")
        assert [(r.event, r.actor, r.station) for r in records] == [
            ("hold.claimed", "anna", "cr1"), ("hold.claimed", "bob", "cr2"),
        ]  # fmt: skip
        assert records[1].payload["reason"] == "Anna was called away"


async def test_cm_16_a_station_whose_link_is_lost_is_waited_for(tmp_path: Path) -> None:
    async with session(tmp_path) as here:
        await here.ask("claim_area", area="a")
        assert not here.runtime.holds.leaving
        await here.client.close()
        await until(lambda: here.runtime.holds.leaving == {"local"})
        assert here.runtime.holds.book.snapshot().areas
        back = SocketClient(tmp_path, Watcher())
        try:
            await back.subscribe(["a/twice"])
            await until(lambda: not here.runtime.holds.leaving)
        finally:
            await back.close()


async def ask_as(desk: HoldDesk, who: Principal, act: str, **fields: Any) -> CommandResult:
    return await desk.submit(who, HoldRequest(f"r{next(_numbers)}", act, **fields))

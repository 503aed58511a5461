"""A station on several runtimes: every verb goes to the runtime that its prefix names, and only there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from hmi.client.alarms import JournalQuery
from hmi.client.federation import FederatedStatus, Federation, FurtherRuntime
from hmi.client.points import PointRow
from hmi.client.port import ConnectionInfo, Event, InstanceInfo, LiveUpdate, PlantInfo
from hmi.client.what_if import AlarmEdit, AlarmSettings, WhatIfQuery
from hmi.client.why import Why, WhyHop, WhyPart
from hmi.core.commands import OperatorCommand
from hmi.core.errors import AccessRefused, CommunicationError
from hmi.core.history import ReadRaw
from hmi.core.quality import GOOD
from hmi.core.values import DataValue
from hmi.testing.client import START_NS, FakeClient, make_alarm, make_tag

pytestmark = pytest.mark.asyncio
FLOW, LEVEL = "intake/ft1", "intake/lt1"
PERMISSIVES = [["'intake/lt1' > 0.5 and \"it's 'intake/lt1'\" != \"\"", ""]]


def good(value: Any) -> DataValue:
    return DataValue(value, GOOD, START_NS, START_NS)


def plant(title: str, mode: str = "plant") -> PlantInfo:
    """Two plants made of it hold the same names and the same ids, as two sites of one design do."""
    tags = [
        make_tag(FLOW, instance="intake/p1", connection="plc"),
        make_tag(LEVEL, writable=True, permissives=PERMISSIVES, connection="plc"),
    ]
    pump = InstanceInfo(
        "i_1", "intake/p1", "pump", "Pump 1", "intake", "", "pump", {"flow": FLOW}, {}, "detail"
    )
    areas = [{"path": "intake", "title": f"Intake of {title}"}]
    return PlantInfo("p_1", title, title, "r1", "UTC", mode, "home", areas, tags, [pump], [])


class Heard:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.updates: list[LiveUpdate] = []
        self.events: list[Event] = []
        self.links: list[tuple[bool, str]] = []

    def on_live(self, update: LiveUpdate) -> None:
        self.updates.append(update)

    def on_event(self, event: Event) -> None:
        self.events.append(event)

    def on_link(self, up: bool, text: str) -> None:
        self.links.append((up, text))

    @property
    def values(self) -> dict[str, Any]:
        return {tag: data.value for update in self.updates for tag, data in update.values.items()}

    @property
    def rows(self) -> dict[str, Any]:
        """The alarm list that a station makes of these events."""
        found: dict[str, Any] = {}
        for event in self.events:
            if event.kind == "alarms":
                found = {row.alarm_id: row for row in event.payload}
            elif event.kind == "alarm_changes":
                found |= {row.alarm_id: row for row in event.payload.rows}
                for alarm_id in event.payload.gone:
                    found.pop(alarm_id, None)
        return {row.occurrence_id: row for row in found.values()}


@dataclass
class Two:
    """A home runtime and one called south."""

    federation: Federation
    clients: list[FakeClient]
    heard: Heard = field(default_factory=Heard)
    heard_south: Heard = field(default_factory=Heard)

    @property
    def home(self) -> FakeClient:
        return self.clients[1]

    @property
    def south(self) -> FakeClient:
        return self.clients[0]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                await asyncio.sleep(0.005)

    async def status(self) -> FederatedStatus:
        found = await self.federation.status()
        assert isinstance(found, FederatedStatus)
        return found

    async def met(self) -> PlantInfo:
        """The plant once the further runtime stands in it."""
        await self.federation.status()
        await self.until(lambda: any(event.kind == "plant" for event in self.heard.events))
        await self.until(lambda: bool(self.south.tags or self.federation._further["south"].status))
        return await self.federation.plant()


@asynccontextmanager
async def two(
    mode: str = "plant", south_mode: str = "plant", client: type[FakeClient] = FakeClient
) -> AsyncIterator[Two]:
    made: list[FakeClient] = []
    heard, heard_south = Heard(), Heard()

    def factory(kind: type[FakeClient], info: PlantInfo, shift: float) -> Callable[[Any], FakeClient]:
        def make(listener: Any) -> FakeClient:
            values = {FLOW: good(1.0 + shift), LEVEL: good(2.0 + shift)}
            made.append(kind(listener, info, values))
            return made[-1]

        return make

    south = FurtherRuntime("south", factory(client, plant("South", south_mode), 10.0), heard_south)
    federation = Federation(factory(FakeClient, plant("North", mode), 0.0), heard, [south])
    try:
        yield Two(federation, made, heard, heard_south)
    finally:
        await federation.close()


async def test_the_plant_holds_tags_and_equipment_of_both_under_references() -> None:
    async with two() as case:
        found = await case.met()
    tags = {tag.name: tag for tag in found.tags}
    assert list(tags) == [FLOW, LEVEL, f"south::{FLOW}", f"south::{LEVEL}"]
    south = tags[f"south::{LEVEL}"]
    assert (south.id, south.connection) == (f"south::t_{LEVEL}", "south::plc")
    assert south.permissives == [
        ["'south::intake/lt1' > 0.5 and \"it's 'intake/lt1'\" != \"\"", PERMISSIVES[0][0]]
    ]
    pump = found.instances[1]
    assert (pump.name, pump.signals, pump.display) == ("south::intake/p1", {"flow": f"south::{FLOW}"}, "")
    assert pump.title == "south: Pump 1"
    assert [area["title"] for area in found.areas] == ["Intake of North"]


async def test_a_further_plant_changes_the_revision_once_it_is_known() -> None:
    async with two() as case:
        alone = await case.federation.plant()
        both = await case.met()
    assert (alone.revision, both.revision) == ("r1", "r1 south:r1")
    assert len(alone.tags) == 2


async def test_pictures_are_those_of_the_home_runtime_as_the_displays_are() -> None:
    async with two() as case:
        case.home.images["plan.png"], case.south.images["plan.png"] = b"home", b"south"
        assert (await case.federation.image("plan.png")).content == b"home"


async def test_a_subscription_is_split_and_values_come_under_their_references() -> None:
    async with two() as case:
        await case.met()
        await case.federation.subscribe([FLOW, f"south::{LEVEL}", "west::a/b"])
        await case.until(lambda: bool(case.heard_south.updates))
        assert (case.home.tags, case.south.tags) == ((FLOW,), (LEVEL,))
        case.south.tick({LEVEL: good(13.0), FLOW: good(14.0)})
        assert case.heard.values == {FLOW: 1.0}
        assert case.heard_south.values == {f"south::{LEVEL}": 13.0}
        snapshot = next(update for update in case.heard_south.updates if update.snapshot)
        assert list(snapshot.tag_group) == [f"south::{LEVEL}"]


async def test_history_commands_and_journal_reach_their_own_runtime_alone() -> None:
    async with two() as case:
        await case.met()
        page = await case.federation.read_raw(ReadRaw(f"south::t_{LEVEL}", START_NS, START_NS + 10**10, 0))
        assert page.tag_id == f"south::t_{LEVEL}"
        assert page.samples[-1].value == pytest.approx(12.0, rel=0.1)
        result = await case.federation.submit(OperatorCommand("c_1", f"south::t_{LEVEL}", 5.0, heartbeat=77))
        assert result.tag_id == f"south::t_{LEVEL}"
        assert [(c.tag_id, c.heartbeat) for c in case.south.submitted] == [(f"t_{LEVEL}", 77)]
        await case.federation.submit(OperatorCommand("c_2", f"t_{LEVEL}", 5.0, heartbeat=78))
        assert [c.id for c in case.home.submitted] == ["c_2"]
        assert len(case.south.submitted) == 1
        records = await case.federation.journal(after=-1, kind="audit", object_id="south::")
        assert [record["object_id"] for record in records] == [f"south::t_{LEVEL}"]
        assert len(await case.federation.journal(after=-1, kind="audit")) == 1


async def test_alarms_stand_in_one_list_and_are_acknowledged_at_their_own_runtime() -> None:
    async with two() as case:
        await case.met()
        case.home.raise_alarms(make_alarm(FLOW, 1))
        case.south.raise_alarms(make_alarm(FLOW, 1), make_alarm(LEVEL, 2, display="detail"))
        assert list(case.heard.rows) == ["o_1", "south::o_1", "south::o_2"]
        row = case.heard.rows["south::o_2"]
        assert (row.tag_name, row.area, row.display) == (f"south::{LEVEL}", "south::Intake of South", "")
        case.home.raise_alarms()
        assert list(case.heard.rows) == ["south::o_1", "south::o_2"]
        assert [row.occurrence_id for row in await case.federation.alarms()] == ["south::o_1", "south::o_2"]
        problems = await case.federation.acknowledge(["south::o_2", "o_9", "south::o_8"])
        assert (case.home.acknowledged, case.south.acknowledged) == ([], ["o_2"])
        assert [problem.partition(" ")[0] for problem in problems] == ["The", "south:"]
        assert case.heard.rows["south::o_2"].state == "ACKED"
        case.south.raise_alarms(make_alarm(LEVEL, 2))
        assert list(case.heard.rows) == ["south::o_2"]


async def test_hidden_alarms_acts_and_details_go_where_the_alarm_lives() -> None:
    async with two() as case:
        await case.met()
        case.home.alarm_book.change([make_alarm(FLOW, 1, state="SHLVD")])
        case.south.alarm_book.change([make_alarm(FLOW, 1, state="SHLVD"), make_alarm(LEVEL, 2)])
        shelved = await case.federation.alarms(state="shelved")
        assert [row.alarm_id for row in shelved] == ["a_1", "south::a_1"]
        problems = await case.federation.act_on_alarms("UNSHELVE", ["a_1", "south::a_1", "south::a_9"])
        assert [problem.partition(" ")[0] for problem in problems] == ["south:"]
        assert [act[:2] for act in case.south.alarm_book.acts] == [("UNSHELVE", ("a_1", "a_9"))]
        details = await case.federation.alarm("south::a_1")
        assert (details.row.alarm_id, details.row.area) == ("south::a_1", "south::Intake of South")
        assert [record["object_id"] for record in details.records] == ["south::a_1"]
        await case.federation.silence()
        assert (case.home.alarm_book.silenced, case.south.alarm_book.silenced) == ([""], [""])
        await case.federation.silence("south::Intake of South")
        assert case.south.alarm_book.silenced[-1] == "intake"
        told = [event.payload for event in case.heard.events if event.kind == "alarm_changes"]
        assert {delta.runtime for delta in told} == {"", "south"}
        areas = {area for delta in told if delta.runtime == "south" for area in delta.areas}
        assert areas == {"south::Intake of South"}
        case.south.lose_link()
        assert [row.alarm_id for row in await case.federation.alarms(state="shelved")] == []
        problems = await case.federation.act_on_alarms("OOS", ["a_1", "south::a_1"], reason="test")
        assert problems == ["south: the runtime south does not answer"]


async def test_other_settings_are_tried_and_changed_where_the_alarm_lives() -> None:
    async with two() as case:
        await case.met()
        for client in case.clients:
            client.what_ifs.settings["a1"] = AlarmSettings("a1", FLOW, "High", "", "high", "m", "r1", {})
        edit = AlarmEdit("south::a1", {"limit": "4"}, "why", "r1")
        found = await case.federation.alarm_settings("south::a1")
        assert (found.alarm_id, found.tag) == ("south::a1", f"south::{FLOW}")
        assert (await case.federation.change_alarm(edit)).changes
        with pytest.raises(CommunicationError):  # the fake one has no result to give
            await case.federation.what_if(WhatIfQuery("south::a1", {"limit": "4"}))
        assert [one.alarm_id for one in case.south.what_ifs.edits] == ["a1"]
        assert [one.alarm_id for one in case.south.what_ifs.asked] == ["a1"]
        assert (case.home.what_ifs.edits, case.home.what_ifs.asked) == ([], [])
        assert (await case.federation.alarm_settings("a1")).tag == FLOW


async def test_notes_search_and_hand_over_join_both_runtimes() -> None:
    async with two() as case:
        await case.met()
        await case.federation.note(f"t_{FLOW}", "here")
        await case.federation.note(f"south::t_{FLOW}", "there")
        assert case.south.alarm_book.notes == [(f"t_{FLOW}", "there")]
        found = await case.federation.search_journal(JournalQuery(object_id=f"south::t_{FLOW}"))
        assert [record["object_id"] for record in found.records] == [f"south::t_{FLOW}"]
        found = await case.federation.search_journal(JournalQuery(text="here"))
        assert [record["object_id"] for record in found.records] == [f"t_{FLOW}"]
        shift = await case.federation.handover()
        assert [item.text for item in shift.sections["notes"]] == ["here", "there"]
        assert [item.object_id for item in shift.sections["notes"]][1] == f"south::t_{FLOW}"
        assert shift.counts["notes"] == 2


async def test_a_dead_further_runtime_leaves_home_alone_and_says_so() -> None:
    async with two() as case:
        await case.met()
        case.south.raise_alarms(make_alarm(LEVEL, 2))
        case.home.raise_alarms(make_alarm(FLOW, 1))
        case.south.lose_link("the runtime was silent for 2 s")
        assert case.heard_south.links[-1] == (False, "the runtime was silent for 2 s")
        assert case.heard.links == [(True, "")]
        assert case.heard.rows["south::o_2"].state_unknown
        assert not case.heard.rows["o_1"].state_unknown
        links = {c.name: (c.state, c.text) for c in (await case.status()).connections}
        assert links == {"south": ("down", "the runtime was silent for 2 s")}
        assert (await case.status()).further == {}
        with pytest.raises(CommunicationError, match="the runtime south does not answer"):
            await case.federation.submit(OperatorCommand("c_1", f"south::t_{LEVEL}", 5.0, heartbeat=1))
        problems = await case.federation.acknowledge(["o_1", "south::o_2"])
        assert case.home.acknowledged == ["o_1"]
        assert problems == ["south: the runtime south does not answer"]
        assert (
            await case.federation.submit(OperatorCommand("c_2", f"t_{LEVEL}", 5.0, heartbeat=1))
        ).read_back == 5.0


async def test_links_and_rights_of_both_stand_in_the_status() -> None:
    async with two() as case:
        await case.met()
        case.home.connections = [ConnectionInfo("plc", "modbus", "up", 0, "")]
        case.south.connections = [ConnectionInfo("plc", "modbus", "down", 0, "no answer")]
        case.south.roles, case.south.blocked = ["view"], "Commands are blocked."
        await case.until(lambda: bool(case.federation._further["south"].status))
        case.south._tell("connection", {})
        async with asyncio.timeout(10):
            while not (found := await case.status()).further["south"].commands_blocked:
                await asyncio.sleep(0.005)
    assert [(c.name, c.state) for c in found.connections] == [
        ("plc", "up"), ("south", "up"), ("south::plc", "down"),
    ]  # fmt: skip
    assert found.further["south"].roles == ["view"]
    assert "operate" in found.roles
    assert found.commands_blocked == ""


class Slow(FakeClient):
    """Connected, and never answers."""

    async def status(self) -> Any:
        await asyncio.Event().wait()


async def test_a_slow_further_runtime_never_delays_an_answer_of_home() -> None:
    async with two(client=Slow) as case, asyncio.timeout(20):
        assert len((await case.federation.plant()).tags) == 2
        assert (await case.status()).further == {}
        await case.federation.subscribe([FLOW, f"south::{FLOW}"])
        assert case.heard.values == {FLOW: 1.0}
        assert await case.federation.alarms() == []
        with pytest.raises(CommunicationError):
            await case.federation.read_raw(ReadRaw(f"south::t_{FLOW}", 0, 1, 0))


@pytest.mark.parametrize(("mode", "south_mode"), [("plant", "simulator"), ("simulator", "plant")])
async def test_simulator_and_plant_are_never_mixed(mode: str, south_mode: str) -> None:
    async with two(mode, south_mode) as case:
        case.south.raise_alarms(make_alarm(FLOW, 1))
        found = await case.met()
        assert len(found.tags) == 2
        await case.federation.subscribe([f"south::{FLOW}"])
        with pytest.raises(
            AccessRefused, match=r"^\S.* is a simulator and .* is a plant; open them in two stations$"
        ):
            await case.federation.submit(OperatorCommand("c_1", f"south::t_{LEVEL}", 5.0, heartbeat=1))
        links = {c.name: c.state for c in (await case.status()).connections}
        assert links == {"south": "refused"}
        assert await case.federation.alarms() == []
        assert case.south.submitted == []
        assert case.south.tags == ()


async def test_a_home_runtime_that_came_back_in_another_mode_shuts_the_others_out() -> None:
    async with two() as case:
        await case.met()
        case.home.lose_link()
        case.home._plant = msgspec.structs.replace(case.home._plant, mode="simulator")
        case.home.return_link()
        command = OperatorCommand("c_1", f"south::t_{LEVEL}", 5.0, heartbeat=1)
        with pytest.raises(CommunicationError):  # until home has said its mode
            await case.federation.submit(command)
        assert len((await case.federation.plant()).tags) == 2
        with pytest.raises(AccessRefused):
            await case.federation.submit(command)
        assert case.south.submitted == []


async def test_a_further_runtime_that_came_back_is_asked_again_before_it_gets_a_command() -> None:
    async with two() as case:
        await case.met()
        case.south.lose_link()
        case.south.return_link()
        command = OperatorCommand("c_1", f"south::t_{LEVEL}", 5.0, heartbeat=1)
        with pytest.raises(CommunicationError):
            await case.federation.submit(command)
        await case.until(lambda: case.federation._further["south"].status is not None)
        await case.federation.submit(command)
        assert len(case.south.submitted) == 1


async def test_alarms_of_a_runtime_that_came_back_are_known_again() -> None:
    async with two() as case:
        await case.met()
        case.south.raise_alarms(make_alarm(FLOW, 1), make_alarm(LEVEL, 2))
        case.south.lose_link()
        assert [row.state_unknown for row in case.heard.rows.values()] == [True, True]
        del case.south.active["o_1"]
        case.south.return_link()
        await case.until(lambda: list(case.heard.rows) == ["south::o_2"])
        assert not case.heard.rows["south::o_2"].state_unknown
        assert [row.state_unknown for row in await case.federation.alarms()] == [False]


async def test_why_goes_to_the_runtime_of_the_tag_and_comes_back_under_its_references() -> None:
    tree = WhyPart(f"'{LEVEL}' + 1", 3.0, 0, parts=[WhyPart(f"'{LEVEL}'", 2.0, 0, tag=LEVEL)])
    hops = [WhyHop("expression", "good", "Calculated from one tag.", tree=tree)]
    answer = Why(f"t_{FLOW}", FLOW, "", "", 3.0, 0, 1, 1, True, 1, "r1", "Good.", hops)
    async with two() as case:
        await case.met()
        case.south.whys[FLOW, True] = answer
        found = await case.federation.why(f"south::{FLOW}", quick=True)
        assert (found.name, found.tag_id) == (f"south::{FLOW}", f"south::t_{FLOW}")
        assert found.hops[0].tree is not None
        assert found.hops[0].tree.parts[0].tag == f"south::{LEVEL}"
        assert case.home.whys_asked == []
        with pytest.raises(CommunicationError, match="there is no tag"):
            await case.federation.why(FLOW)
        assert case.home.whys_asked == [(FLOW, False)]


async def test_HM_16_points_of_all_runtimes_are_one_list_and_one_count() -> None:
    async with two() as case:
        await case.met()
        forced = PointRow(f"t_{FLOW}", FLOW, "", "intake", "", "forced", 1.0, GOOD, 1)
        case.home.point_rows = [forced] * 3
        case.south.point_rows = [forced]
        first = await case.federation.points(limit=2)
        assert [row.name for row in first.points] == [FLOW, FLOW]
        last = await case.federation.points(after=first.continuation, limit=2)
        assert [row.name for row in last.points] == [FLOW, f"south::{FLOW}"]
        assert last.counts == {"forced": 4}
        await case.until(lambda: case.federation._further["south"].status is not None)
        case.south.silent = True
        assert [row.name for row in (await case.federation.points()).points] == [FLOW] * 3

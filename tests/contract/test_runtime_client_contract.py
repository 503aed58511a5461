"""What every RuntimeClient keeps to: the one over the socket, and the fake of the tests of the station."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from fake_runtime import fake_runtime

from hmi.acquisition.port import Batch
from hmi.client.alarms import ALARM_LISTS, JournalQuery
from hmi.client.people import HoldRequest
from hmi.client.port import Event, LiveUpdate, RuntimeClient
from hmi.client.socket import SocketClient
from hmi.core.alarms import Priority
from hmi.core.clock import monotonic_ns
from hmi.core.commands import CommandState, OperatorCommand
from hmi.core.errors import AccessRefused, CommunicationError
from hmi.core.history import ReadRaw
from hmi.core.holds import ControlTag, TagKind
from hmi.core.principal import Mode
from hmi.core.quality import BAD_CONFIGURATION
from hmi.core.values import DataValue
from hmi.project.plant import AlarmDef, CommandRule, ConnectionDef, Plant
from hmi.project.recording import RecordRules
from hmi.runtime import plant_info
from hmi.testing.client import FakeClient, make_alarm
from hmi.testing.driver import FakePlc
from hmi.testing.plant import make_plant, make_tag

pytestmark = pytest.mark.asyncio
PV, SP, ALARM = "a/t.pv", "a/t.sp", "a_pv"
SECTIONS = [
    "standing", "shelved", "out_of_service", "suppressed", "tagged", "bypassed", "overridden", "manual",
    "controlled", "links", "notes",
]  # fmt: skip


class Listener:
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


@dataclass
class Case:
    """A client, what it told, and what makes time pass or the runtime go."""

    client: RuntimeClient
    heard: Listener
    tick: Callable[[], None]
    lose: Callable[[], None]
    put: Callable[[float], None]
    raise_alarm: Callable[[], None]

    def told_state(self, alarm_id: str) -> str:
        """Of an alarm, by the lists and the deltas that came; empty when it stands in none."""
        found: dict[str, str] = {}
        for event in self.heard.events:
            if event.kind == "alarms":
                found = {row.alarm_id: row.state for row in event.payload}
            elif event.kind == "alarm_changes":
                found |= {row.alarm_id: row.state for row in event.payload.rows}
                found = {key: state for key, state in found.items() if key not in event.payload.gone}
        return found.get(alarm_id, "")

    async def put_each(self, *values: float) -> tuple[int, int]:
        """PV takes these values one after the other; session times right before and after, UTC ns."""
        before = (await self.client.status()).session_time
        for value in values:
            self.put(value)
        self.tick()
        return before, (await self.client.status()).session_time

    def values_of_pv(self) -> list[object]:
        """What was told of PV change by change since the last snapshot."""
        last = max(i for i, update in enumerate(self.heard.updates) if update.snapshot)
        told = [c for update in self.heard.updates[last:] for c in update.changes]
        return [data.value for name, data in told if name == PV]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                self.tick()
                await asyncio.sleep(0.02)


def small_plant() -> Plant:
    plc1 = ConnectionDef("plc1", "fake", ("fake://127.0.0.1:1",), simulated=True)
    each_once = RecordRules(interpolation="step")
    tags = [
        make_tag(PV, address="0", history=True, recording=each_once),
        make_tag(SP, address="1", command=CommandRule()),
    ]
    alarm = AlarmDef(ALARM, f"t_{PV}", "High", "high", Priority.P2, "too high", limit=1_000.0)
    return make_plant(tags, [alarm], connections={"plc1": plc1})


@asynccontextmanager
async def fake_case(folder: Path) -> AsyncIterator[Case]:
    heard = Listener()
    now = monotonic_ns()
    values = {PV: DataValue(1.5, 0, now, now), SP: DataValue(2.5, 0, now, now)}
    client = FakeClient(heard, plant_info(small_plant(), Mode.SIMULATOR), values)
    start = client.session_time - 1_000
    client.history[PV] = [DataValue(1.5, 0, start, start)]

    def put(value: float) -> None:
        at = client.session_time + 1
        client.history[PV].append(DataValue(value, 0, at, at))
        client.tick({PV: client.history[PV][-1]})

    def raise_alarm() -> None:
        client.alarm_book.change([make_alarm(PV, 1, alarm_id=ALARM, priority=2)])

    yield Case(client, heard, client.tick, client.lose_link, put, raise_alarm)
    await client.close()


@asynccontextmanager
async def socket_case(folder: Path) -> AsyncIterator[Case]:
    plc = FakePlc()
    plc.values = {0: 1.5, 1: 2.5}
    heard = Listener()
    async with fake_runtime(small_plant(), plc, folder) as runtime:
        while runtime.services.tags.latest[1].value is None:
            await asyncio.sleep(0.02)
        client = SocketClient(folder, heard)

        def lose() -> None:
            (folder / "runtime.api").unlink()
            for task in asyncio.all_tasks():
                if task.get_name() in {"live receiver", "live sender"}:
                    task.cancel()

        def put(value: float) -> None:
            at = runtime.services.clock.now_ns()
            plc.values[0] = value
            group = runtime.services.tags.group_of(0).partition(":")[2]
            runtime.on_batch("plc1", Batch(group, [(0, DataValue(value, 0, at, at))]))

        yield Case(client, heard, lambda: None, lose, put, lambda: put(2_000.0))
        await client.close()


@pytest_asyncio.fixture(params=["fake", "socket"])
async def case(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Case]:
    made = fake_case if request.param == "fake" else socket_case
    async with made(tmp_path) as case:
        yield case


async def test_a_subscription_starts_with_a_snapshot_that_knows_groups_and_limits(case: Case) -> None:
    await case.client.subscribe([PV, "not there"])
    await case.until(lambda: any(PV in update.values for update in case.heard.updates))
    snapshot = next(u for u in case.heard.updates if PV in u.values)
    group = snapshot.tag_group[PV]
    assert snapshot.snapshot
    assert snapshot.values[PV].value == 1.5
    assert SP not in snapshot.values
    assert snapshot.values["not there"].status == BAD_CONFIGURATION
    assert snapshot.ages_ms[group] <= snapshot.group_limits_ms[group]
    assert snapshot.group_limits_ms[group] >= 2_000


async def test_a_snapshot_names_the_revision_of_the_plant(case: Case) -> None:
    await case.client.subscribe([PV])
    await case.until(lambda: any(update.snapshot for update in case.heard.updates))
    assert {u.revision for u in case.heard.updates if u.snapshot} == {(await case.client.plant()).revision}


async def test_a_reload_of_what_runs_already_changes_nothing(case: Case) -> None:
    result = await case.client.reload()
    assert result.changes == []
    assert result.revision == (await case.client.status()).revision == (await case.client.plant()).revision


async def test_heartbeats_go_up_and_arrivals_are_in_the_past(case: Case) -> None:
    await case.client.subscribe([PV])
    await case.until(lambda: len(case.heard.updates) > 4)
    numbers = [update.heartbeat for update in case.heard.updates]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) > 1
    assert all(update.arrived_ns <= monotonic_ns() for update in case.heard.updates)
    assert (await case.client.status()).heartbeat >= numbers[-1]


async def test_a_new_subscription_replaces_the_old_one(case: Case) -> None:
    await case.client.subscribe([PV])
    await case.until(lambda: any(PV in u.values for u in case.heard.updates))
    await case.client.subscribe([SP])
    await case.until(lambda: any(SP in u.values for u in case.heard.updates))
    last = [u for u in case.heard.updates if u.snapshot][-1]
    assert set(last.values) == {SP}


async def test_the_every_lane_drops_no_change_and_numbers_each(case: Case) -> None:
    await case.client.subscribe([PV, SP], lane="every")
    await case.until(lambda: any(PV in update.values for update in case.heard.updates))
    await case.put_each(2.5, 3.5, 2.5, 4.5)
    await case.until(lambda: len(case.values_of_pv()) >= 4)
    assert case.values_of_pv() == [2.5, 3.5, 2.5, 4.5]
    batches = [update for update in case.heard.updates if update.changes]
    assert batches[0].seq == 1
    for before, after in itertools.pairwise(batches):
        assert after.seq == before.seq + len(before.changes)
    assert batches[-1].values[PV].value == 4.5
    assert all(update.at == 0 for update in case.heard.updates)


async def test_a_time_gives_what_was_true_then_and_never_as_live(case: Case) -> None:
    before, after = await case.put_each(2.5, 3.5)
    await case.client.subscribe([PV, "not there"], at=before)
    await case.until(lambda: any(update.at for update in case.heard.updates))
    case.tick()
    past = [update for update in case.heard.updates if update.at]
    snapshot = next(update for update in past if update.snapshot)
    assert (snapshot.values[PV].value, snapshot.values["not there"].status) == (1.5, BAD_CONFIGURATION)
    assert snapshot.ended
    group = snapshot.tag_group[PV]
    for update in past:
        assert update.at == update.session_time == before < after
        assert update.ages_ms[group] > snapshot.group_limits_ms[group]
    await case.client.subscribe([PV])
    await case.until(lambda: not case.heard.updates[-1].at)
    live = [update for update in case.heard.updates if update.snapshot][-1]
    assert (live.at, live.values[PV].value) == (0, 3.5)


@pytest.mark.parametrize("rate", [0.0, 5.0])
async def test_a_range_replays_each_change_in_order_up_to_its_end(case: Case, rate: float) -> None:
    before, after = await case.put_each(2.5, 3.5, 2.5)
    await case.client.subscribe([PV], lane="every", at=before, until=after, rate=rate)
    await case.until(lambda: any(update.ended for update in case.heard.updates))
    assert case.values_of_pv() == [2.5, 3.5, 2.5]
    past = [update for update in case.heard.updates if update.at]
    assert past[0].values[PV].value == 1.5
    times = [update.at for update in past]
    assert times == sorted(times)
    assert (times[0], times[-1]) == (before, after)
    recorded = [data.source_time for update in past for _, data in update.changes]
    assert recorded == sorted(recorded)
    assert before < recorded[0] <= recorded[-1] <= after


async def test_in_the_latest_lane_a_range_ends_with_the_newest_value(case: Case) -> None:
    before, after = await case.put_each(2.5, 3.5)
    await case.client.subscribe([PV], at=before, until=after, rate=0)
    await case.until(lambda: any(update.ended for update in case.heard.updates))
    told = [update.values[PV].value for update in case.heard.updates if update.at and PV in update.values]
    assert (told[0], told[-1]) == (1.5, 3.5)
    assert not any(update.changes for update in case.heard.updates)


@pytest.mark.parametrize(
    "wrong",
    [{"until": 5}, {"at": 5, "until": 4}, {"at": 0}, {"at": 2**63}, {"rate": -1.0}, {"rate": float("nan")},
     {"lane": "some"}],
)  # fmt: skip
async def test_a_subscription_that_makes_no_sense_is_refused_before_it_is_sent(
    case: Case, wrong: dict[str, Any]
) -> None:
    await case.client.subscribe([PV])
    with pytest.raises(ValueError, match=r"until|time|rate|lane"):
        await case.client.subscribe([SP], **wrong)
    await case.until(lambda: any(PV in update.values for update in case.heard.updates))


async def test_the_whole_past_is_read_page_by_page(case: Case) -> None:
    await case.put_each(*(float(n) for n in range(2, 12)))
    found: list[object] = []
    start, pages = 0, 0
    while True:
        page = await case.client.read_raw(ReadRaw(f"t_{PV}", start, 0, 4))
        found += [sample.value for sample in page.samples]
        pages += 1
        if not page.continuation:
            break
        start = page.continuation
    # the runtime adds the samples next to the ends of a page
    assert list(dict.fromkeys(found)) == [*dict.fromkeys([1.5, *(float(n) for n in range(2, 12))])]
    assert pages > 2


async def test_the_journal_of_one_object_goes_on_from_any_place(case: Case) -> None:
    await case.client.subscribe([SP])
    await case.until(lambda: any(SP in update.values for update in case.heard.updates))
    for number in (1, 2):
        await case.client.submit(
            OperatorCommand(f"c_{number}", f"t_{SP}", 3.5, case.heard.updates[-1].heartbeat)
        )
    own = await case.client.journal(object_id=f"t_{SP}")
    assert len(own) >= 2
    assert await case.client.journal(object_id=f"t_{SP}", after=own[0]["seq"]) == own[1:]
    assert await case.client.journal(object_id=f"t_{SP}", after=own[0]["seq"], kind="alarm") == []
    assert await case.client.journal(object_id="t_none") == []


async def test_plant_status_history_and_journal_fit_together(case: Case) -> None:
    plant, status = await case.client.plant(), await case.client.status()
    assert (status.api, status.plant_id, status.revision) == (1, plant.id, plant.revision)
    assert (status.mode, plant.mode) == ("simulator", "simulator")
    assert {"view", "acknowledge", "operate"} <= set(status.roles)
    assert [tag.name for tag in plant.tags] == [PV, SP]
    start = status.session_time - 60_000_000_000
    page = await case.client.read_raw(ReadRaw(plant.tags[0].id, start, status.session_time, 10, True))
    assert page.tag_id == plant.tags[0].id
    assert all(isinstance(record["seq"], int) for record in await case.client.journal(after=-1))


async def test_a_command_is_confirmed_with_its_read_back_and_stands_in_the_journal(case: Case) -> None:
    await case.client.subscribe([SP])
    await case.until(lambda: any(SP in u.values for u in case.heard.updates))
    beat = case.heard.updates[-1].heartbeat
    result = await case.client.submit(OperatorCommand("c_1", f"t_{SP}", 3.5, beat))
    assert (result.command_id, result.state, result.read_back) == ("c_1", CommandState.CONFIRMED, 3.5)
    records = await case.client.journal(kind="audit")
    assert records[-1]["event"] == "command.confirmed"
    assert records[-1]["object_id"] == f"t_{SP}"


async def test_acknowledging_what_is_not_there_is_one_sentence(case: Case) -> None:
    assert await case.client.alarms() == []
    refused = await case.client.acknowledge(["o_none"], "seen")
    assert len(refused) == 1
    assert isinstance(refused[0], str)
    assert await case.client.acknowledge([]) == []


async def test_every_connection_begins_with_the_list_of_alarms_and_its_counts(case: Case) -> None:
    await case.until(lambda: len(case.heard.events) >= 2)
    assert [event.kind for event in case.heard.events[:2]] == ["alarms", "alarm_changes"]
    assert case.heard.events[1].payload.counts == dict.fromkeys(ALARM_LISTS, 0)
    assert case.heard.events[1].payload.floods == []


async def test_an_alarm_is_told_shelved_and_shown_again(case: Case) -> None:
    client = case.client
    case.raise_alarm()
    await case.until(lambda: case.told_state(ALARM) == "UNACK")
    (row,) = await client.alarms()
    assert (row.alarm_id, row.tag_name, row.priority) == (ALARM, PV, 2)
    assert await client.act_on_alarms("SHELVE", [ALARM], seconds=600, reason="test", comment="a trial") == []
    await case.until(lambda: case.told_state(ALARM) == "SHLVD")
    assert await client.alarms() == []
    assert [row.alarm_id for row in await client.alarms(state="shelved")] == [ALARM]
    details = await client.alarm(ALARM)
    assert (details.row.state, details.definition["message"] != "") == ("SHLVD", True)
    assert details.records[0]["event"] == "SHELVE"
    assert await client.act_on_alarms("UNSHELVE", [ALARM]) == []
    await case.until(lambda: case.told_state(ALARM) == "UNACK")
    (again,) = await client.alarms()
    assert await client.acknowledge([again.occurrence_id]) == []
    await case.until(lambda: case.told_state(ALARM) == "ACKED")


async def test_acts_on_what_is_not_there_are_a_sentence_each(case: Case) -> None:
    for act in ("RESET", "UNSHELVE", "RTS"):
        assert len(await case.client.act_on_alarms(act, ["a_none", "a_nothing"])) == 2
    with pytest.raises(CommunicationError, match="there is no alarm 'a_none'"):
        await case.client.alarm("a_none")
    with pytest.raises(CommunicationError, match="there is no list 'sleepy'"):
        await case.client.alarms(state="sleepy")
    for state in ALARM_LISTS:
        assert await case.client.alarms(state=state) == []


async def test_silence_is_told_with_who_and_when(case: Case) -> None:
    await case.client.silence()
    await case.until(lambda: any(event.kind == "silence" for event in case.heard.events))
    said = next(event.payload for event in case.heard.events if event.kind == "silence")
    assert (said["area"], said["user"], said["station"]) == ("", "demo-operator", "local")
    assert said["time"] > 0


async def test_a_note_is_found_and_stands_in_the_hand_over(case: Case) -> None:
    await case.client.note(f"t_{PV}", "valve sticks")
    page = await case.client.search_journal(JournalQuery(stream="note", text="sticks"))
    assert [record["object_id"] for record in page.records] == [f"t_{PV}"]
    assert page.next_before == 0
    found = await case.client.handover()
    assert list(found.sections) == SECTIONS
    assert [item.text for item in found.sections["notes"]] == ["valve sticks"]
    assert found.since < found.until
    assert isinstance(await case.client.alarm_figures(), dict)


async def test_a_control_tag_hangs_and_is_taken_off_and_both_are_told(case: Case) -> None:
    place = HoldRequest("h1", "place_tag", object_id=f"t_{PV}", kind="caution", reason="hot", work_order="W1")
    assert (await case.client.hold(place)).state is CommandState.CONFIRMED
    (tag,) = (await case.client.holds()).tags
    assert (tag.object_id, tag.kind, tag.reason, tag.work_order) == (f"t_{PV}", TagKind.CAUTION, "hot", "W1")
    await _told_tags(case, (tag,))
    remove = HoldRequest("h2", "remove_tag", hold_id=tag.id, reason="done")
    assert (await case.client.hold(remove)).state is CommandState.CONFIRMED
    assert (await case.client.holds()).tags == ()
    await _told_tags(case, ())


async def _told_tags(case: Case, tags: tuple[ControlTag, ...]) -> None:
    """Until the newest event says that these hang."""
    async with asyncio.timeout(20):
        while [event.payload.tags for event in case.heard.events if event.kind == "holds"][-1:] != [tags]:
            case.tick()
            await asyncio.sleep(0.02)


async def test_why_of_a_tag_that_is_not_there_is_one_sentence(case: Case) -> None:
    with pytest.raises(CommunicationError, match="there is no tag 'nothing'"):
        await case.client.why("nothing")
    with pytest.raises(CommunicationError, match="there is no tag 'nothing'"):
        await case.client.why("nothing", quick=True)


async def test_no_point_is_forced(case: Case) -> None:
    page = await case.client.points()
    assert (page.points, page.counts, page.total, page.continuation) == ([], {}, 0, 0)
    assert (await case.client.points(state="forced", limit=10)).points == []
    assert (await case.client.status()).points == {}


async def test_certificates_are_listed_and_nobody_decides_without_the_right(case: Case) -> None:
    found = await case.client.certificates()
    assert (found.certificates, found.lists, found.waiting) == ([], [], 0)
    assert (await case.client.status()).certificates == {}
    with pytest.raises(AccessRefused, match="has no right to security"):
        await case.client.trust("accept", "a" * 64, "because")


async def test_exports_are_listed_and_one_that_is_not_there_is_one_sentence(case: Case) -> None:
    assert (await case.client.exports()).jobs == []
    with pytest.raises(CommunicationError, match="there is no export 'lake'"):
        await case.client.quarantine("lake")


async def test_a_picture_that_is_not_there_is_one_sentence(case: Case) -> None:
    missing = await case.client.image("site/none.png")
    assert missing.problem == "there is no picture images/site/none.png"
    assert (missing.digest, missing.content) == ("", b"")


async def test_a_runtime_that_is_gone_is_told_once_and_every_verb_says_so(case: Case) -> None:
    await case.client.subscribe([PV])
    await case.until(lambda: bool(case.heard.updates))
    case.lose()
    await case.until(lambda: case.heard.links[-1][0] is False)
    assert case.heard.links[0] == (True, "")
    assert case.heard.links[-1][1]
    for ask in (case.client.status, case.client.plant, case.client.alarms):
        with pytest.raises(CommunicationError):
            await ask()
    with pytest.raises(CommunicationError):
        await case.client.submit(OperatorCommand("c_2", f"t_{SP}", 3.5, 1))

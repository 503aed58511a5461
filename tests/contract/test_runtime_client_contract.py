"""What every RuntimeClient keeps to: the one over the socket, and the fake of the tests of the station."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from fake_runtime import fake_runtime

from hmi.client.port import Event, LiveUpdate, RuntimeClient
from hmi.client.socket import SocketClient
from hmi.core.clock import monotonic_ns
from hmi.core.commands import CommandState, OperatorCommand
from hmi.core.errors import CommunicationError
from hmi.core.history import ReadRaw
from hmi.core.principal import Mode
from hmi.core.values import DataValue
from hmi.project.plant import CommandRule, ConnectionDef, Plant
from hmi.runtime import plant_info
from hmi.testing.client import FakeClient
from hmi.testing.driver import FakePlc
from hmi.testing.plant import make_plant, make_tag

pytestmark = pytest.mark.asyncio
PV, SP = "a/t.pv", "a/t.sp"


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

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self.tick()
                await asyncio.sleep(0.02)


def small_plant() -> Plant:
    plc1 = ConnectionDef("plc1", "fake", ("fake://127.0.0.1:1",), simulated=True)
    tags = [make_tag(PV, address="0", history=True), make_tag(SP, address="1", command=CommandRule())]
    return make_plant(tags, connections={"plc1": plc1})


@asynccontextmanager
async def fake_case(folder: Path) -> AsyncIterator[Case]:
    heard = Listener()
    now = monotonic_ns()
    values = {PV: DataValue(1.5, 0, now, now), SP: DataValue(2.5, 0, now, now)}
    client = FakeClient(heard, plant_info(small_plant(), Mode.SIMULATOR), values)
    yield Case(client, heard, client.tick, client.lose_link)
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

        yield Case(client, heard, lambda: None, lose)
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
    assert "not there" not in snapshot.values
    assert snapshot.ages_ms[group] <= snapshot.group_limits_ms[group]
    assert snapshot.group_limits_ms[group] >= 2_000


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

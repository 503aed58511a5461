"""One station on two real runtimes over their sockets: values, alarms and commands of each stay its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cli_calls import Result, call
from fake_runtime import fake_runtime
from waterworks_session import Watcher

from hmi.client.federation import FederatedStatus, Federation, mixed_problem, socket_clients
from hmi.core.commands import CommandState, OperatorCommand, Reason
from hmi.core.history import ReadRaw
from hmi.project.plant import CommandRule, ConnectionDef, Plant
from hmi.testing.driver import FakePlc
from hmi.testing.plant import make_plant, make_tag

pytestmark = pytest.mark.asyncio
PV, SP, SOUTH_PV, SOUTH_SP = "a/t.pv", "a/t.sp", "south::a/t.pv", "south::a/t.sp"


def small_plant(*, simulated: bool = True) -> Plant:
    plc1 = ConnectionDef("plc1", "fake", ("fake://127.0.0.1:1",), simulated=simulated)
    tags = [
        make_tag(PV, address="0", scan="fast", history=True),
        make_tag(SP, address="1", command=CommandRule()),
    ]
    return make_plant(tags, connections={"plc1": plc1})


@dataclass
class Two:
    """Home and south, each with a device; ``end_south`` ends that runtime as a stop would."""

    federation: Federation
    home: Watcher
    south: Watcher
    home_plc: FakePlc
    south_plc: FakePlc
    end_south: Callable[[], Awaitable[None]]
    begin_south: Callable[[], Awaitable[None]]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                await asyncio.sleep(0.02)


def plc_with(pv: float, sp: float) -> FakePlc:
    plc = FakePlc()
    plc.values = {0: pv, 1: sp}
    return plc


@asynccontextmanager
async def two_runtimes(folder: Path) -> AsyncIterator[Two]:
    """A federation that has met both and shows all four tags live."""
    home_plc, south_plc = plc_with(1.5, 2.5), plc_with(11.5, 12.5)
    async with fake_runtime(small_plant(), home_plc, folder / "home"), AsyncExitStack() as ends:
        running: list[AsyncExitStack] = []

        async def begin() -> None:
            running.append(await ends.enter_async_context(AsyncExitStack()))
            await running[-1].enter_async_context(fake_runtime(small_plant(), south_plc, folder / "south"))

        async def end() -> None:
            await running.pop().aclose()

        await begin()
        home, south = Watcher(), Watcher()
        factory = socket_clients(folder / "home", {"south": folder / "south"}, {"south": south})
        federation = factory(home)
        assert isinstance(federation, Federation)
        two = Two(federation, home, south, home_plc, south_plc, end, begin)
        try:
            async with asyncio.timeout(20):
                while len((await federation.plant()).tags) < 4:
                    await asyncio.sleep(0.05)
            await federation.subscribe([PV, SP, SOUTH_PV, SOUTH_SP])
            await two.until(lambda: home.live() == [PV, SP] and south.live() == [SOUTH_PV, SOUTH_SP])
            yield two
        finally:
            await federation.close()


async def test_two_plants_of_one_design_keep_their_values_and_histories_apart(tmp_path: Path) -> None:
    async with two_runtimes(tmp_path) as two:
        assert [two.home.values[tag].value for tag in (PV, SP)] == [1.5, 2.5]
        assert [two.south.values[tag].value for tag in (SOUTH_PV, SOUTH_SP)] == [11.5, 12.5]
        now = (await two.federation.status()).session_time
        for tag, value in ((PV, 1.5), (SOUTH_PV, 11.5)):
            identity = {t.name: t.id for t in (await two.federation.plant()).tags}[tag]
            page = await two.federation.read_raw(ReadRaw(identity, now - 60 * 10**9, now + 10**9, 100, True))
            assert page.tag_id == identity
            samples = [sample.value for sample in page.samples if sample.is_good]
            assert samples
            assert samples == [value] * len(samples)


async def test_a_command_is_carried_out_where_its_tag_lives_and_expires_by_that_heartbeat(
    tmp_path: Path,
) -> None:
    async with two_runtimes(tmp_path) as two:
        identity = {t.name: t.id for t in (await two.federation.plant()).tags}[SOUTH_SP]
        result = await two.federation.submit(OperatorCommand("c_1", identity, 13.5, two.south.heartbeat))
        assert (result.state, result.read_back, result.tag_id) == (CommandState.CONFIRMED, 13.5, identity)
        assert (two.south_plc.values[1], two.home_plc.values[1]) == (13.5, 2.5)
        late = await two.federation.submit(
            OperatorCommand("c_2", identity, 14.5, two.south.heartbeat - 1_000)
        )
        assert late.state is CommandState.REFUSED
        assert [refusal.reason for refusal in late.refusals] == [Reason.TIME_LIMIT_OVER]
        writes = [
            (plc is two.south_plc, value)
            for plc in (two.home_plc, two.south_plc)
            for kind, value in plc.log
            if kind == "write"
        ]
        assert writes == [(True, 13.5)]
        records = await two.federation.journal(after=-1, kind="audit", object_id="south::")
        assert {record["object_id"] for record in records if record["event"].startswith("command")} == {
            identity
        }
        home = await two.federation.journal(after=-1, kind="audit")
        assert not [record for record in home if record["event"].startswith("command")]


async def test_a_runtime_that_ends_makes_its_own_values_old_and_no_others(tmp_path: Path) -> None:
    async with two_runtimes(tmp_path) as two:
        await two.end_south()
        await two.until(lambda: not two.south.live())
        await two.until(lambda: not two.south.link_up)
        beat = two.home.heartbeat
        await two.until(lambda: two.home.heartbeat > beat)
        assert two.home.live() == [PV, SP]
        assert two.home.link_up
        status = await two.federation.status()
        assert isinstance(status, FederatedStatus)
        assert status.further == {}
        links = {link.name: link.state for link in status.connections}
        assert (links["plc1"], links["south"]) == ("up", "down")
        two.south_plc.values = {0: 21.5, 1: 22.5}
        await two.begin_south()
        await two.until(
            lambda: two.south.live() == [SOUTH_PV, SOUTH_SP] and two.south.values[SOUTH_PV].value == 21.5
        )


async def test_the_alarm_of_a_lost_device_names_its_runtime_and_is_acknowledged_there(tmp_path: Path) -> None:
    async with two_runtimes(tmp_path) as two:
        two.south_plc.reachable = False
        two.south_plc.cut()
        rows: list[str] = []
        async with asyncio.timeout(20):
            while not rows:
                rows = [row.occurrence_id for row in await two.federation.alarms()]
                await asyncio.sleep(0.05)
        (row,) = await two.federation.alarms()
        assert row.tag_name.startswith("south::")
        assert row.area.startswith("south::")
        assert await two.federation.acknowledge(rows) == []
        async with asyncio.timeout(20):
            while [row.state for row in await two.federation.alarms()] == ["UNACK"]:
                await asyncio.sleep(0.05)
        assert two.home.live() == [PV, SP]


async def test_one_runtime_alone_gets_the_socket_client_itself(tmp_path: Path) -> None:
    client = socket_clients(tmp_path, {}, {})(Watcher())
    assert type(client).__name__ == "SocketClient"
    await client.close()


async def test_a_simulator_and_a_plant_are_refused_in_one_sentence(tmp_path: Path) -> None:
    north, south = tmp_path / "home", tmp_path / "south"
    async with fake_runtime(small_plant(), plc_with(1, 2), north):
        assert await mixed_problem(north, {"south": south}) == ""
        async with fake_runtime(small_plant(simulated=False), plc_with(1, 2), south):
            sentence = await mixed_problem(north, {"south": south})
            assert (
                sentence == "the home runtime is a simulator and south is a plant; open them in two stations"
            )
            assert await mixed_problem(south, {"north": north}) == (
                "north is a simulator and the home runtime is a plant; open them in two stations"
            )
            assert await mixed_problem(north, {"twin": north}) == ""


async def hmi_open(*arguments: str | Path) -> Result:
    """The real command as a process, while this loop serves the runtimes."""
    return await asyncio.to_thread(call, "open", *arguments)


async def test_hmi_open_refuses_what_cannot_be_one_station(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    north, south = tmp_path / "north", tmp_path / "south"
    async with (
        fake_runtime(small_plant(), plc_with(1, 2), north),
        fake_runtime(small_plant(simulated=False), plc_with(1, 2), south),
    ):
        mixed = await hmi_open(north, f"other={south}")
        assert mixed.code == 2
        assert (
            mixed.sentence
            == "the home runtime is a simulator and other is a plant; open them in two stations"
        )
        (tmp_path / "two words").mkdir()
        for arguments, words in (
            ((north, tmp_path / "two words"), "'two words' cannot stand before ::; write NAME="),
            ((north, f"a={south}", f"a={tmp_path / 'two words'}"), "two runtimes are called a"),
            ((north, f"twin={north}"), "this runtime is named twice"),
            ((north, f"far={tmp_path / 'nowhere'}"), "nowhere is neither a plant folder nor"),
        ):
            refused = await hmi_open(*arguments)
            assert refused.code == 2
            assert words in refused.sentence

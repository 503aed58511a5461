"""8.4: what an OPC UA session does while its points change: late values, writes, pauses, refusals and dead workers."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from asyncua import ua
from opcua_plant import QUICK, URI, Plant, Seen, free_port, order, point, watching
from test_links_follow import Heard, follow, until
from test_opcua_conditions import AlarmServer, condition, listening

from hmi.acquisition import Acquisition, FollowingDriver
from hmi.acquisition.port import OVERTAKEN, LinkSettings, PastRequest, Point
from hmi.core import quality
from hmi.core.commands import WriteState
from hmi.core.conditions import RefreshMark
from hmi.core.errors import CommunicationError, LinkLost
from hmi.core.principal import Mode
from hmi.core.values import ValueType
from hmi.drivers.opcua import _nodes, _watch
from hmi.drivers.opcua._session import Link, Session
from hmi.drivers.opcua.driver import create
from hmi.project.plant import ConnectionDef
from hmi.project.plant import Plant as Works
from hmi.testing.plant import make_plant, make_tag

pytestmark = pytest.mark.asyncio(loop_scope="module")
V = ua.VariantType
NONE: frozenset[int] = frozenset()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[Plant]:
    """Numbers that stand, one that counts, and two set points."""
    made = Plant(free_port())
    await made.start()
    for place, name in enumerate(("A", "B", "C", "D")):
        await made.add(name, 100.0 + place, V.Double, eu=(0, 1000))
    await made.add("Count", 1.0, V.Double)
    for name in ("SP1", "SP2"):
        await made.add(name, 5.0, V.Double, writable=True)
    async with made.server:
        task = asyncio.create_task(_count(made))
        yield made
        task.cancel()
        await asyncio.wait([task])


async def _count(server: Plant) -> None:
    number = 1.0
    while True:
        number += 1
        await server.put("Count", number, V.Double)
        await asyncio.sleep(0.01)


async def number(server: Plant, name: str) -> object:
    found = (await server.get(name)).Value
    return found.Value if found else None


def subscriptions(server: Plant) -> list[Any]:
    return list(server.server.iserver.subscription_service.subscriptions.values())


def items(found: Sequence[Any]) -> int:
    return sum(len(one.monitored_item_srv._monitored_items) for one in found)


class Own:
    """The subscriptions of a test: those of an ended worker stay at the server for a while."""

    def __init__(self, server: Plant) -> None:
        self._server, self._before = server, set(map(id, subscriptions(server)))

    @property
    def all(self) -> list[Any]:
        return [one for one in subscriptions(self._server) if id(one) not in self._before]


@pytest.fixture
def slow_look(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """The look at the nodes of a changed plant ends when this is set."""
    may_end = asyncio.Event()
    real = _nodes.Nodes.look_up_later

    async def late(self: Any, *args: Any) -> None:
        await may_end.wait()
        await real(self, *args)

    monkeypatch.setattr(_nodes.Nodes, "look_up_later", late)
    return may_end


async def test_what_comes_late_from_the_old_place_is_never_told(server: Plant) -> None:
    points, own = [point(0, "Count", queue=100), point(1, "A"), point(2, "B")], Own(server)
    async with watching(server.url, points) as (driver, seen, _task):
        await seen.until(lambda: len(seen.history) > 20)
        for turn in range(4):
            place = len(seen.history)
            driver.replan(
                (point(0, "C") if turn % 2 == 0 else point(0, "Count", queue=100), point(1, "A")), NONE
            )
            is_still = turn % 2 == 0
            await seen.until(lambda place=place: any(handle == 0 for handle, _ in seen.history[place:]))
            after = [value for handle, value in seen.history[place:] if handle == 0]
            assert all((value.value == 102.0) is is_still for value in after)
            assert all(value.is_good for value in after)
            assert [handle for handle, _ in seen.history[place:] if handle == 2] == []
        await until(lambda: items(own.all) == 4)  # two points, and the state of the server


async def test_a_point_that_stays_is_asked_for_once(server: Plant) -> None:
    points = [point(0, "A"), point(1, "Count", queue=100)]
    async with watching(server.url, points) as (driver, seen, _task):
        await seen.until(lambda: {0, 1} <= seen.values.keys())
        before = [value for handle, value in seen.history if handle == 1]
        for handle in range(2, 8):
            driver.replan((*points, point(handle, "B"), point(handle + 100, "C", period=200)), NONE)
            await seen.until(lambda handle=handle: {handle, handle + 100} <= seen.values.keys())
        assert [handle for handle, _ in seen.history].count(0) == 1
        numbers = [int(value.value) for handle, value in seen.history if handle == 1]  # type: ignore[arg-type]
        assert len(numbers) > len(before)
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert driver.diagnostics()["notes"] == ["messages are neither signed nor encrypted"]


async def test_requests_of_a_change_keep_to_the_limit_of_the_server(
    server: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    created, deleted = list[int](), list[int]()
    names = ("A", "B", "C", "D", "SP1", "SP2", "Count")
    many = tuple(point(handle, names[handle % len(names)]) for handle in range(25))
    async with watching(server.url, [point(99, "A")], chunk=4) as (driver, seen, _task):
        await seen.until(lambda: 99 in seen.values)
        link = driver._link
        assert link is not None
        create, delete = link.session.create_monitored_items, link.session.delete_monitored_items

        async def creating(params: Any) -> Any:
            created.append(len(params.ItemsToCreate))
            return await create(params)

        async def deleting(params: Any) -> Any:
            deleted.append(len(params.MonitoredItemIds))
            return await delete(params)

        monkeypatch.setattr(link.session, "create_monitored_items", creating)
        monkeypatch.setattr(link.session, "delete_monitored_items", deleting)
        driver.replan((point(99, "A"), *many), NONE)
        await seen.until(lambda: seen.values.keys() >= set(range(25)))
        driver.replan((point(99, "A"),), NONE)
        await until(lambda: sum(deleted) == 25)
    assert (max(created), sum(created)) == (4, 25)
    assert (max(deleted), sum(deleted)) == (4, 25)


async def test_a_write_reaches_the_node_of_its_own_revision_or_none(
    server: Plant, slow_look: asyncio.Event
) -> None:
    await server.put("SP1", 5.0, V.Double)
    await server.put("SP2", 5.0, V.Double)
    points = [point(0, "SP1", writable=True), point(1, "A")]
    async with watching(server.url, points) as (driver, seen, _task):
        await seen.until(lambda: {0, 1} <= seen.values.keys())
        new = await driver.write(order(2, 9.0))
        assert (new.state, new.text) == (WriteState.REFUSED, "this point is not writable")
        driver.replan((point(0, "SP2", writable=True), point(2, "SP1", writable=True)), NONE)
        for handle in (0, 2):
            early = await driver.write(order(handle, 9.0))
            assert early.state is WriteState.NOT_CONNECTED
            assert "the node of the changed plant is being looked up; nothing was sent" in early.text
            waiting = (await driver.read_now([handle]))[handle]
            assert waiting.status == quality.BAD_WAITING_FOR_INITIAL_DATA
        slow_look.set()
        await seen.until(lambda: 2 in seen.values)
        assert (await driver.write(order(0, 7.0))).state is WriteState.DONE
        assert await number(server, "SP1") == 5.0
        assert await number(server, "SP2") == 7.0
        driver.replan((point(1, "A"),), NONE)
        gone = await driver.write(order(0, 8.0))
        assert (gone.state, gone.text) == (WriteState.REFUSED, "this point is not writable")
        assert await number(server, "SP2") == 7.0


async def test_a_node_without_a_type_or_namespace_is_refused_as_after_opening(server: Plant) -> None:
    async with watching(server.url, [point(0, "A")], retry_items_s=0.2) as (driver, seen, _task):
        await seen.until(lambda: 0 in seen.values)
        strange = Point(1, "nsu=urn:nobody;s=x", ValueType.FLOAT64, 100)
        wrong = Point(3, "no node", ValueType.FLOAT64, 100)
        driver.replan((point(0, "A"), strange, point(2, "Later", writable=True), wrong), NONE)
        await seen.until(lambda: {1, 2, 3} <= seen.values.keys())
        assert seen.values[1].status == seen.values[2].status == quality.BAD_NODE_ID_UNKNOWN
        assert seen.values[3].status == quality.BAD_CONFIGURATION
        assert (await driver.write(order(2, 1.0))).state is WriteState.REFUSED
        await server.add("Later", 4.0, V.Double)
        await seen.until(lambda: seen.values[2].value == 4.0)
        assert len(driver.diagnostics()["faults"]) == 2


async def test_a_namespace_that_the_server_got_meanwhile_is_known(server: Plant) -> None:
    async with watching(server.url, [point(0, "A")]) as (driver, seen, _task):
        await seen.until(lambda: 0 in seen.values)
        index = await server.server.register_namespace("urn:test:more")
        await server.server.nodes.objects.add_variable(ua.NodeId("N", index), "N", ua.Variant(3.0, V.Double))
        driver.replan((point(0, "A"), Point(1, "nsu=urn:test:more;s=N", ValueType.FLOAT64, 100)), NONE)
        await seen.until(lambda: 1 in seen.values)
        assert seen.values[1].value == 3.0


async def test_subscriptions_come_and_go_with_scan_classes_and_the_state_of_the_server_goes_along(
    server: Plant,
) -> None:
    own = Own(server)
    async with watching(server.url, [point(0, "A"), point(1, "B")]) as (driver, seen, _task):
        await seen.until(lambda: {0, 1} <= seen.values.keys())
        first = {one.data.SubscriptionId for one in own.all}
        assert len(first) == 1
        driver.replan((point(0, "A", period=150), point(1, "B", period=1500)), NONE)
        assert [group.name for group in driver.groups()] == ["150 ms", "1500 ms"]
        place = len(seen.history)
        await seen.until(lambda: {0, 1} <= {handle for handle, _ in seen.history[place:]})
        await until(lambda: len(own.all) == 2)
        assert first.isdisjoint(one.data.SubscriptionId for one in own.all)
        await server.server.write_attribute_value(ua.NodeId(2259), ua.DataValue(ua.Variant(3, V.Int32)))
        try:
            await until(lambda: driver.diagnostics()["server_state"] == "suspended")
        finally:
            await server.server.write_attribute_value(ua.NodeId(2259), ua.DataValue(ua.Variant(0, V.Int32)))
        assert {batch.group for batch in seen.batches[-3:]} <= {"150 ms", "1500 ms"}


async def test_a_new_point_that_nobody_wants_rests_and_one_that_moved_stays_awake(server: Plant) -> None:
    async with watching(server.url, [point(0, "A"), point(1, "B")]) as (driver, seen, _task):
        driver.demand(frozenset({0, 2}))
        await seen.until(lambda: 1 in seen.values and not seen.values[1].is_good)
        driver.replan((point(0, "Count"), point(1, "C"), point(2, "B"), point(3, "D")), NONE)
        await seen.until(lambda: {2, 3} <= seen.values.keys())
        await seen.until(lambda: seen.values[3].status == quality.UNCERTAIN_LAST_USABLE)
        await seen.until(lambda: seen.values[1].value == 102.0)
        await seen.until(lambda: seen.values[1].status == quality.UNCERTAIN_LAST_USABLE)
        assert seen.values[0].is_good
        assert seen.values[2].is_good
        await until(lambda: driver.diagnostics()["items_paused"] == 2)
        driver.demand(frozenset({0, 1, 2, 3}))
        await seen.until(lambda: seen.values[1].is_good and seen.values[3].is_good)


async def test_a_read_that_a_change_overtakes_is_no_value_of_the_new_place(
    server: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watching(server.url, [point(0, "A"), point(1, "B")]) as (driver, seen, _task):
        await seen.until(lambda: {0, 1} <= seen.values.keys())
        link = driver._link
        assert link is not None
        real = link.read

        async def overtaken(what: Sequence[Any]) -> Any:
            found = await real(what)
            driver.replan((point(0, "C"), point(1, "B")), NONE)
            return found

        monkeypatch.setattr(link, "read", overtaken)
        with pytest.raises(CommunicationError, match=OVERTAKEN):
            await driver.read_now([0, 1])


async def test_conditions_learn_of_the_tag_that_they_are_about() -> None:
    made = AlarmServer()
    await made.begin()
    async with made.server:
        made.retained = [condition("A")]
        await made.add("A", 1.0, V.Double)
        await made.add("B", 1.0, V.Double)
        tag = Point(7, "ns=2;s=A", ValueType.FLOAT64, 100)
        made.retained[0].add_property("SourceNode", ua.NodeId("A", 2), V.NodeId)
        async with listening(made, points=(point(0, "B"),)) as (driver, heard):
            await heard.until(lambda: "A" in heard.newest)
            assert heard.newest["A"].handle == -1
            driver.replan((point(0, "B"), tag), NONE)
            await heard.until(lambda: heard.newest["A"].handle == 7)
            driver.replan((point(0, "B"),), NONE)
            await heard.until(lambda: heard.newest["A"].handle == -1)


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 8, 13, 21, 34, 55])
async def test_a_change_at_any_moment_of_the_beginning_is_followed(server: Plant, turns: int) -> None:
    """From before the first subscription on: whatever was begun for the points of before is not left behind."""
    own, seen = Own(server), Seen()
    driver = create(LinkSettings("plant", server.url, QUICK, (point(0, "A"), point(1, "B", period=200))))
    await driver.open()
    task = asyncio.create_task(driver.watch(seen))
    try:
        for _ in range(turns):
            await asyncio.sleep(0.001)
        place = len(seen.history)
        driver.replan((point(0, "A"), point(1, "C", period=300), point(2, "D")), NONE)
        await until(
            lambda: task.done() or {0, 1, 2} <= {h for h, v in seen.history[place:] if v.is_good} | {0}
        )
        assert not task.done()
        await until(lambda: items(own.all) == 5 and len(own.all) == 2)
        assert {handle: value.value for handle, value in seen.values.items()} == {
            0: 100.0,
            1: 102.0,
            2: 103.0,
        }
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await driver.close()


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_changes_of_points_and_of_what_is_wanted_in_any_order_end_as_they_should(
    server: Plant, seed: int
) -> None:
    pick, own = random.Random(seed), Own(server)
    names = {"A": 100.0, "B": 101.0, "C": 102.0, "D": 103.0}
    stays = point(99, "Count", queue=100)

    def some() -> tuple[Point, ...]:
        handles = pick.sample(range(8), pick.randint(0, 8))
        return tuple(point(h, pick.choice([*names]), period=pick.choice((50, 100, 200))) for h in handles)

    async with watching(server.url, [stays]) as (driver, seen, task):
        for _ in range(60):
            driver.replan((stays, *some()), NONE)
            if pick.random() < 0.6:
                driver.demand(frozenset({99, *pick.sample(range(8), 4)}))
            await asyncio.sleep(pick.choice((0, 0, 0.002, 0.02, 0.1)))
        last = (stays, *(point(h, name) for h, name in enumerate(names)))
        driver.replan(last, NONE)
        driver.demand(frozenset(range(100)))
        await seen.until(
            lambda: (
                [seen.values[h].value for h in range(4) if h in seen.values and seen.values[h].is_good]
                == [*names.values()]
            )
        )
        await until(lambda: len(own.all) == 1 and items(own.all) == len(last) + 2)
        assert not task.done()
        assert driver.diagnostics()["items_paused"] == 0
        assert driver.diagnostics()["notes"] == ["messages are neither signed nor encrypted"]
        numbers = [int(value.value) for h, value in seen.history if h == 99]  # type: ignore[arg-type]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


# ------------------------------------------------------------------------------------------ what goes wrong


def works(server: Plant, *names: str, previous: Works | None = None, **settings: Any) -> Works:
    tags = [
        make_tag(
            f"a/{name}", connection="opc", address=f"nsu={URI};s={name}", type=ValueType.FLOAT64, scan="fast"
        )
        for name in names
    ]
    connection = ConnectionDef("opc", "opcua", (server.url,), QUICK | settings)
    return make_plant(tags, connections={"opc": connection}, previous=previous)


@asynccontextmanager
async def links(plant: Works) -> AsyncIterator[tuple[Acquisition, Heard]]:
    heard = Heard()
    acquisition = Acquisition(plant, heard, mode=Mode.PLANT)
    task = asyncio.create_task(acquisition.run())
    try:
        await until(lambda: heard.values.keys() >= plant.by_handle.keys())
        yield acquisition, heard
    finally:
        task.cancel()
        await asyncio.wait([task])


def worker_of(acquisition: Acquisition) -> FollowingDriver | None:
    driver = acquisition.links["opc"]._driver
    assert driver is None or isinstance(driver, FollowingDriver)
    return driver


async def test_a_server_that_does_not_follow_is_opened_afresh_with_the_new_points(server: Plant) -> None:
    plant, made = works(server, "A", "B"), Own(server)
    async with links(plant) as (acquisition, heard):
        (own,) = made.all
        heard.values.clear()
        asked: list[int] = []

        async def refuse(_params: Any) -> Any:
            asked.append(1)
            raise ua.UaStatusCodeError(ua.StatusCodes.BadOutOfMemory)

        own.monitored_item_srv.create_monitored_items = refuse
        following = works(server, "A", "C", previous=plant)
        await follow(acquisition, following)
        await until(lambda: heard.told.count("up") == 2)
        assert asked
        assert heard.told.count("down") == 1
        await until(lambda: heard.values.get(following.by_name["a/C"].handle) == 102.0)
        assert plant.by_name["a/B"].handle not in heard.values


async def test_what_is_asked_while_the_plant_changes_is_answered_for_no_other_place(server: Plant) -> None:
    """Reads and looks at the past that are under way: a tag may be another node by the time of the answer."""
    plant = works(server, "A", "B")
    async with links(plant) as (acquisition, heard):
        link, handle = acquisition.links["opc"], plant.by_name["a/A"].handle
        asked = [
            asyncio.ensure_future(one)
            for one in (
                link.read_now([handle]),
                link.trace(handle),
                link.keeps_past([handle]),
                link.past(PastRequest(handle, 1, 2, 10)),
            )
        ]
        await asyncio.sleep(0)
        following = make_plant(
            [replace(plant.by_name["a/A"], address=f"nsu={URI};s=C"), plant.by_name["a/B"]],
            connections=plant.connections,
            previous=plant,
        )
        await follow(acquisition, following)
        found = await asyncio.gather(*asked, return_exceptions=True)
        assert [str(one) for one in found] == [OVERTAKEN] * 4
        await until(lambda: heard.values[handle] == 102.0)
        assert (await link.read_now([handle]))[handle].value == 102.0


@pytest.mark.skipif(sys.platform == "win32", reason="stops processes with POSIX signals")
@pytest.mark.parametrize("how", ["SIGKILL", "SIGSTOP"])
async def test_a_worker_that_ends_in_the_middle_of_a_change_is_followed_by_a_clean_one(
    server: Plant, how: str
) -> None:
    plant = works(server, "A", "B", "Count")
    async with links(plant) as (acquisition, heard):
        worker = worker_of(acquisition)
        assert worker is not None
        number = worker.pid
        if how == "SIGSTOP":
            os.kill(number, signal.SIGSTOP)
        following = works(server, "A", "C", "Count", previous=plant)
        change = await acquisition.rest(acquisition.next_links(following, ()))
        heard.values.clear()
        acquisition.apply(change)
        if how == "SIGKILL":
            os.kill(number, signal.SIGKILL)
        acquisition.go_on()
        await until(lambda: heard.told.count("up") == 2)
        await until(lambda: heard.values.keys() >= following.by_handle.keys())
        assert heard.told.count("down") == 1
        assert heard.values[following.by_name["a/C"].handle] == 102.0
        assert plant.by_name["a/B"].handle not in heard.values
        again = worker_of(acquisition)
        assert again is not None
        assert again.pid != number
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)


async def test_the_last_tag_goes_and_a_first_one_comes_over_the_session_there_is(server: Plant) -> None:
    plant = works(server, "A", "B")
    async with links(plant) as (acquisition, heard):
        without = works(server, previous=plant)
        change = await follow(acquisition, without)
        assert (change.closed, list(change.followed)) == (frozenset(), ["opc"])
        heard.values.clear()
        again = works(server, "C", previous=without)
        await follow(acquisition, again)
        await until(lambda: heard.values == {again.by_name["a/C"].handle: 102.0})
        assert (heard.told.count("up"), heard.told.count("down")) == (1, 0)


async def test_a_session_without_a_tag_stays_and_is_asked_for_life(
    server: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_watch, "IDLE_S", 0.05)
    asked: list[int] = []
    read = Link.read

    async def counted(self: Link, what: Sequence[ua.ReadValueId]) -> list[ua.DataValue]:
        asked.append(len(what))
        return await read(self, what)

    async with watching(server.url, ()) as (driver, seen, task):
        monkeypatch.setattr(Link, "read", counted)
        await until(lambda: len(asked) >= 5)
        assert not task.done()
        for _turn in range(3):
            driver.replan((point(0, "A"),), NONE)
            await seen.until(lambda: bool(seen.values))
            asked.clear()
            driver.replan((), NONE)
            await until(lambda: len(asked) >= 5)
            seen.values.clear()
        assert not task.done()


async def test_a_session_without_a_tag_that_is_lost_is_told(
    server: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_watch, "IDLE_S", 0.05)
    async with watching(server.url, (), timeout_ms=200) as (_driver, _seen, task):

        async def silent(_self: Link, _parameters: ua.ReadParameters) -> list[ua.DataValue]:
            await asyncio.get_running_loop().create_future()
            raise AssertionError

        monkeypatch.setattr(Session, "read", silent)
        await asyncio.wait([task])
        assert isinstance(task.exception(), LinkLost)


async def test_alarms_of_the_server_go_on_while_the_last_tag_goes_and_the_first_one_comes() -> None:
    made = AlarmServer()
    await made.begin()
    async with made.server:
        made.retained = [condition("A")]
        await made.add("B", 1.0, V.Double)
        async with listening(made, points=(point(0, "B"),)) as (driver, heard):
            await heard.until(lambda: "A" in heard.newest)
            driver.replan((), NONE)
            await made.send(condition("C"))
            await heard.until(lambda: "C" in heard.newest)
            driver.replan((point(0, "B"),), NONE)
            await made.send(condition("D"))
            await heard.until(lambda: "D" in heard.newest)
            assert RefreshMark.LOST not in heard.items


async def test_changes_in_quick_succession_end_with_the_last(server: Plant) -> None:
    names = ("A", "B", "C", "D", "Count", "SP1")
    plant, own = works(server, *names), Own(server)
    async with links(plant) as (acquisition, heard):
        for turn in range(30):
            chosen = [name for place, name in enumerate(names) if (turn * 37 + 11) >> place & 1] or ["A"]
            plant = works(server, *chosen, previous=plant)
            await follow(acquisition, plant)
            await asyncio.sleep(0.02 * (turn % 3))
        plant = works(server, *names, previous=plant)
        await follow(acquisition, plant)
        await until(lambda: {heard.statuses.get(tag.handle) for tag in plant.tags} == {quality.GOOD})
        assert heard.told.count("up") == 1
        assert "down" not in heard.told
        await until(lambda: items(own.all) == len(names) + 2)
        assert len(own.all) == 1

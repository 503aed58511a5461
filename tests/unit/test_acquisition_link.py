"""The supervisor of one link: order of steps, loss, return, endpoints, strangers, what is logged."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from hmi.acquisition import Link, is_loopback
from hmi.acquisition.port import Batch, DeviceIdentity, Driver, Group, LinkSettings, Point
from hmi.core.clock import monotonic_ns
from hmi.core.commands import WriteRequest, WriteState
from hmi.core.errors import CommunicationError
from hmi.core.principal import Mode
from hmi.core.quality import UNCERTAIN_LAST_USABLE as LAST
from hmi.core.values import DataValue, ValueType
from hmi.project.plant import ConnectionDef
from hmi.testing.driver import FakePlc, FakePushDriver

pytestmark = pytest.mark.asyncio


class Events:
    """Remembers what a link tells, and wakes who waits for it."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.batches: list[Batch] = []
        self._news = asyncio.Event()

    def on_groups(self, connection: str, groups: Sequence[Group]) -> None:
        self._note("groups")

    def on_batch(self, connection: str, batch: Batch) -> None:
        self.batches.append(batch)
        self._news.set()

    def on_up(self, connection: str, identity: DeviceIdentity) -> None:
        self._note("up")

    def on_down(self, connection: str, text: str) -> None:
        self._note(f"down: {text}")

    def _note(self, text: str) -> None:
        self.told.append(text)
        self._news.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def running(
    plc: FakePlc, *, mode: Mode = Mode.SIMULATOR, simulated: bool = True, session: str = ""
) -> AsyncIterator[tuple[Link, Events]]:
    plc.values = {0: 1.0, 1: 2.0}
    events = Events()
    points = (Point(0, "a", ValueType.FLOAT64, 50), Point(1, "b", ValueType.FLOAT64, 200))
    connection = ConnectionDef("plc1", "fake", ("fake://a", "fake://b"), simulated=simulated)
    link = Link(
        connection, connection.endpoints, points, style=plc.style_of(""), create=plc.create, events=events,
        mode=mode, session=session,
    )  # fmt: skip
    task = asyncio.create_task(link.run())
    try:
        yield link, events
    finally:
        task.cancel()
        await asyncio.wait([task])


def request(value: float, *, in_s: float = 5.0) -> WriteRequest:
    return WriteRequest("c_1", "t_a", 0, value, monotonic_ns() + int(in_s * 1e9))


@pytest.mark.parametrize("push", [False, True])
async def test_groups_are_told_before_up_and_values_follow(push: bool) -> None:
    async with running(FakePlc(push=push)) as (link, events):
        await events.until(lambda: len(events.batches) >= 2)
        assert events.told == ["groups", "up"]
        assert link.state == "up"
        assert {h for b in events.batches for h, _ in b.updates} == {0, 1}


@pytest.mark.parametrize("push", [False, True])
async def test_a_cut_is_told_once_and_a_fresh_driver_takes_the_next_endpoint(push: bool) -> None:
    plc = FakePlc(push=push)
    async with running(plc) as (_, events):
        await events.until(lambda: "up" in events.told)
        plc.cut()
        await events.until(lambda: events.told.count("up") == 2)
        assert events.told == ["groups", "up", "down: the connection was reset", "groups", "up"]
        assert plc.endpoints == ["fake://a", "fake://b"]
        assert plc.drivers[0].closed


async def test_loss_is_told_before_a_driver_that_is_slow_to_close() -> None:
    plc = FakePlc()
    async with running(plc) as (_, events):
        await events.until(lambda: "up" in events.told)
        closing = asyncio.Event()

        async def never_closed() -> None:
            closing.set()
            await asyncio.Event().wait()

        plc.drivers[0].close = never_closed  # type: ignore[method-assign]
        plc.cut()
        await asyncio.wait_for(closing.wait(), 20)
        assert events.told[-1] == "down: the connection was reset"


async def test_an_outage_logs_one_line_and_the_return_one_line(caplog: pytest.LogCaptureFixture) -> None:
    plc = FakePlc()
    caplog.set_level(logging.WARNING)
    async with running(plc) as (link, events):
        await events.until(lambda: "up" in events.told)
        plc.reachable = False
        plc.cut()
        await events.until(lambda: len(events.told) == 3)
        since = link.since
        async with asyncio.timeout(10):
            while len(plc.drivers) < 4:
                link.retry_now()
                await asyncio.sleep(0)
        assert link.state == "down"
        assert link.since == since
        plc.reachable = True
        link.retry_now()
        await events.until(lambda: events.told.count("up") == 2)
    lines = [record.getMessage() for record in caplog.records if record.name == "hmi.acquisition._link"]
    assert len(lines) == 2
    assert "is lost" in lines[0]
    assert "is back" in lines[1]


async def test_an_unforeseen_fault_of_a_driver_is_a_lost_link_with_one_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    plc = FakePlc()
    plc.fault = ZeroDivisionError("division by zero")
    async with running(plc) as (link, events):
        await events.until(lambda: bool(events.told))
        async with asyncio.timeout(10):
            while len(plc.drivers) < 3:
                link.retry_now()
                await asyncio.sleep(0)
        assert "ZeroDivisionError" in events.told[0]
        plc.fault = None
        link.retry_now()
        await events.until(lambda: "up" in events.told)
    assert len([record for record in caplog.records if record.exc_info]) == 1


@pytest.mark.parametrize(
    ("identity", "mode", "simulated", "session", "accepted"),
    [
        (DeviceIdentity("Watchkeeper simulator", session="s1"), Mode.SIMULATOR, True, "s1", True),
        (DeviceIdentity("Watchkeeper simulator", session="s2"), Mode.SIMULATOR, True, "s1", False),
        (DeviceIdentity("Other maker"), Mode.SIMULATOR, True, "", False),
        (DeviceIdentity(), Mode.SIMULATOR, True, "", False),
        (DeviceIdentity("Watchkeeper simulator"), Mode.PLANT, False, "", False),
        (DeviceIdentity("Other maker"), Mode.PLANT, False, "", True),
        (DeviceIdentity(), Mode.PLANT, False, "", True),
    ],
)
async def test_a_stranger_is_refused_before_its_first_value(
    identity: DeviceIdentity, mode: Mode, simulated: bool, session: str, accepted: bool
) -> None:
    async with running(FakePlc(identity=identity), mode=mode, simulated=simulated, session=session) as (
        link,
        events,
    ):
        await events.until(lambda: bool(events.batches) or any(t.startswith("down") for t in events.told))
        assert bool(events.batches) is accepted
        assert link.state == ("up" if accepted else "refused")
        outcome = await link.write(request(5.0))
        assert outcome.state is (WriteState.DONE if accepted else WriteState.NOT_CONNECTED)


async def test_nothing_is_written_or_read_while_the_link_is_down() -> None:
    plc = FakePlc()
    plc.reachable = False
    async with running(plc) as (link, events):
        await events.until(lambda: bool(events.told))
        assert (await link.write(request(5.0))).state is WriteState.NOT_CONNECTED
        with pytest.raises(CommunicationError):
            await link.read_now([0])
        with pytest.raises(CommunicationError, match="is not connected"):
            await link.trace(0)
        assert not [entry for entry in plc.log if entry[0] == "write"]


@pytest.mark.parametrize("push", [False, True])
async def test_a_driver_without_the_verb_of_trace_gives_its_fresh_value_and_no_facts(push: bool) -> None:
    plc = FakePlc(push=push)
    async with running(plc) as (link, events):
        await events.until(lambda: "up" in events.told)
        plc.values = {0: 7.5}
        found = await link.trace(0)
        assert (found.value.value, dict(found.device), dict(found.decode), found.fault) == (7.5, {}, {}, "")
        assert ("read_now", (0,)) in plc.log


async def test_a_trace_that_waits_when_the_link_is_lost_ends_with_a_sentence() -> None:
    plc = FakePlc()
    async with running(plc) as (link, events):
        await events.until(lambda: "up" in events.told)
        plc.freeze()
        asked = asyncio.create_task(link.trace(0))
        await asyncio.sleep(0)
        plc.cut()
        with pytest.raises(CommunicationError):
            await asked


async def test_a_write_that_waits_when_the_link_is_lost_never_reaches_the_device() -> None:
    plc = FakePlc()
    async with running(plc) as (link, events):
        await events.until(lambda: "up" in events.told)
        plc.freeze()
        before = len(plc.log)
        while len(plc.log) == before:
            await asyncio.sleep(0.01)
        writes = [asyncio.create_task(link.write(request(v))) for v in (5.0, 6.0)]
        states = [(await write).state for write in writes]
        plc.thaw()
        await events.until(lambda: events.told.count("up") == 2)
        assert states == [WriteState.NOT_CONNECTED, WriteState.NOT_CONNECTED]
        assert not [entry for entry in plc.log if entry[0] == "write"]


@pytest.mark.parametrize(
    ("endpoint", "is_local"),
    [
        ("tcp://127.0.0.1:502", True),
        ("opc.tcp://localhost:4840/x", True),
        ("tcp://[::1]:502", True),
        ("tcp://127.0.0.1.example.org:502", False),
        ("tcp://127.0.0.1@10.0.0.1:502", False),
        ("tcp://10.0.0.1:502", False),
        ("tcp://0.0.0.0:502", False),
        ("serial:///dev/ttyS0", False),
    ],
)
async def test_only_loopback_counts_as_loopback(endpoint: str, is_local: bool) -> None:
    assert is_loopback(endpoint) is is_local


async def test_a_batch_of_a_driver_that_was_given_up_is_dropped() -> None:
    """A library may still deliver while its connection is closed: after the loss nothing may look live."""
    plc = FakePlc(push=True)
    sinks: list[Callable[[Batch], None]] = []
    create = plc.create

    def keeping(name: str, settings: LinkSettings) -> Driver:
        driver = create(name, settings)
        watch = driver.watch  # type: ignore[union-attr]

        async def watching(sink: Callable[[Batch], None]) -> None:
            sinks.append(sink)
            await watch(sink)

        driver.watch = watching  # type: ignore[union-attr,method-assign]
        return driver

    plc.create = keeping  # type: ignore[method-assign,assignment]
    async with running(plc) as (_, events):
        await events.until(lambda: bool(events.batches))
        plc.reachable = False
        plc.cut()
        await events.until(lambda: events.told[-1].startswith("down"))
        before = len(events.batches)
        sinks[0](Batch("50ms", [(0, DataValue(9.0, 0, 1, 1))]))
        assert len(events.batches) == before


async def test_a_refused_device_that_goes_away_is_down_and_not_refused() -> None:
    plc = FakePlc(identity=DeviceIdentity("Maker"))
    async with running(plc) as (link, events):
        await events.until(lambda: link.state == "refused")
        plc.reachable = False
        async with asyncio.timeout(10):
            while link.state == "refused":
                link.retry_now()
                await asyncio.sleep(0)
        assert (link.state, "does not answer" in link.text) == ("down", True)


async def test_a_link_that_turns_between_refused_and_down_tells_it_once_each_time() -> None:
    plc = FakePlc(identity=DeviceIdentity("Maker"))
    async with running(plc) as (link, events):

        async def told(count: int) -> None:
            async with asyncio.timeout(10):
                while len(downs()) < count:
                    link.retry_now()
                    await asyncio.sleep(0)

        def downs() -> list[str]:
            return [text for text in events.told if text.startswith("down")]

        await told(1)
        assert link.state == "refused"
        plc.reachable = False
        await told(2)
        assert link.state == "down"
        attempts = len(plc.drivers)
        while len(plc.drivers) < attempts + 3:
            link.retry_now()
            await asyncio.sleep(0)
        assert len(downs()) == 2
        plc.reachable = True
        await told(3)
        assert link.state == "refused"
        assert ["does not answer" in text for text in downs()] == [False, True, False]


async def test_every_connection_of_a_link_is_told_what_is_demanded() -> None:
    plc = FakePlc(push=True)
    async with running(plc) as (link, events):
        await events.until(lambda: "up" in events.told)
        driver = plc.drivers[0]
        assert isinstance(driver, FakePushDriver)
        assert driver.paused == frozenset()
        link.demand(frozenset({0}))
        assert driver.paused == {1}
        await events.until(lambda: events.batches[-1].updates != [] and last_of(1, events).status == LAST)
        plc.cut()
        await events.until(lambda: events.told.count("up") == 2)
        again = plc.drivers[1]
        assert isinstance(again, FakePushDriver)
        assert again.paused == {1}


async def test_a_driver_without_the_verb_of_demand_is_served_as_ever() -> None:
    plc = FakePlc(push=True)
    create = plc.create

    class Plain:
        """A push driver of the port without its optional verb."""

        def __init__(self, name: str, settings: LinkSettings) -> None:
            self._driver = create(name, settings)

        def __getattr__(self, name: str) -> object:
            if name == "demand":
                raise AttributeError(name)
            return getattr(self._driver, name)

    plc.create = Plain  # type: ignore[method-assign,assignment]
    async with running(plc) as (link, events):
        link.demand(frozenset())
        await events.until(lambda: {h for b in events.batches for h, _ in b.updates} == {0, 1})
        link.demand(frozenset({0}))
        assert link.state == "up"


async def test_a_fault_in_the_verb_of_demand_stays_with_its_link(caplog: pytest.LogCaptureFixture) -> None:
    plc = FakePlc(push=True)
    async with running(plc) as (link, events):
        await events.until(lambda: "up" in events.told)

        def breaks(handles: frozenset[int]) -> None:
            raise RuntimeError("a fault of the library")

        plc.drivers[0].demand = breaks  # type: ignore[union-attr,method-assign]
        link.demand(frozenset({0}))
        assert [r.getMessage() for r in caplog.records if "a fault of the library" in r.getMessage()]
        before = len(events.batches)
        await events.until(lambda: len(events.batches) > before)


def last_of(handle: int, events: Events) -> DataValue:
    return next(v for batch in reversed(events.batches) for h, v in batch.updates if h == handle)


@pytest.mark.parametrize("push", [False, True])
async def test_a_connection_that_is_given_up_is_down_at_once_and_tried_again(push: bool) -> None:
    plc = FakePlc(push=push)
    async with running(plc) as (link, events):
        await events.until(lambda: "up" in events.told)
        link.drop("nobody trusts it any more")
        assert (link.state, link.text) == ("down", "nobody trusts it any more")
        assert (
            await link.write(WriteRequest("c", "t", 0, 1.0, monotonic_ns() + 10**10))
        ).state is not WriteState.DONE
        seen = len(events.batches)
        await events.until(lambda: events.told.count("up") == 2)
        assert [text for text in events.told if text.startswith("down")] == [
            "down: nobody trusts it any more"
        ]
        assert seen <= len(events.batches)
        assert len(plc.drivers) == 2


async def test_a_connection_that_is_given_up_is_one_loss_and_one_error() -> None:
    plc = FakePlc(push=True)
    async with running(plc) as (link, events):
        await events.until(lambda: link.state == "up")
        link.drop("values of before cannot be read again")
        await events.until(lambda: link.tally.counts["connects"] == 2)
        assert link.tally.counts["losses"] == 1
        assert [(note.text, note.count) for note in link.tally.errors] == [
            ("values of before cannot be read again", 1)
        ]


async def test_giving_up_a_connection_that_is_not_open_changes_nothing() -> None:
    plc = FakePlc()
    plc.reachable = False
    async with running(plc) as (link, events):
        await events.until(lambda: any(text.startswith("down") for text in events.told))
        text = link.text
        link.drop("nobody trusts it any more")
        assert link.text == text
        plc.reachable = True
        link.retry_now()
        await events.until(lambda: "up" in events.told)


@pytest.mark.parametrize("ends", ["open", "refused"])
async def test_a_cancellation_that_a_library_loses_while_a_driver_opens_ends_the_link(ends: str) -> None:
    """The answer comes in the same moment; without the check the link opens, or tries again, for ever."""
    plc = FakePlc()
    task: asyncio.Task[None] | None = None

    async def opened() -> DeviceIdentity:
        answer = asyncio.get_running_loop().create_future()
        assert task is not None
        asyncio.get_running_loop().call_soon(answer.set_result, None)
        asyncio.get_running_loop().call_soon(task.cancel)
        await asyncio.wait_for(answer, 20)
        if ends == "refused":
            raise CommunicationError("the device refuses")
        return DeviceIdentity()

    def create(driver: str, settings: LinkSettings) -> Driver:
        made = plc.create(driver, settings)
        made.open = opened  # type: ignore[method-assign]
        return made

    events = Events()
    connection = ConnectionDef("plc1", "fake", ("fake://a",), simulated=True)
    points = (Point(0, "a", ValueType.FLOAT64, 50),)
    link = Link(
        connection,
        connection.endpoints,
        points,
        style="poll",
        create=create,
        events=events,
        mode=Mode.SIMULATOR,
    )
    task = asyncio.create_task(link.run())
    async with asyncio.timeout(20):
        await asyncio.wait([task])
    assert task.cancelled()
    assert "up" not in events.told
    assert len(plc.drivers) == 1

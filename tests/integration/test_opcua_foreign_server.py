"""The driver against a server of another maker (node-opcua): values, states, writes, loss and return."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from foreign_server import ForeignServer, Installed
from opcua_plant import QUICK, Seen, order, point, watching

from hmi.acquisition import IsolatedDriver, Link, create_driver
from hmi.acquisition.port import Batch, DeviceIdentity, Group, LinkSettings, Point
from hmi.core import quality
from hmi.core.commands import WriteState
from hmi.core.principal import Mode
from hmi.core.values import ValueType
from hmi.project.plant import ConnectionDef

pytestmark = pytest.mark.asyncio
NOON = 1_772_366_400_000_000_000  # 1 March 2026, 12:00 UTC
OPEN = {"security": "none"}
QUIET_S = 15.0
VALUES: dict[str, Any] = {
    "Boolean": True,
    "SByte": -128,
    "Byte": 255,
    "Int16": -32768,
    "UInt16": 65535,
    "Int32": -(2**31),
    "UInt32": 2**32 - 1,
    "Int64": 2**63 - 5,
    "UInt64": 2**64 - 5,
    "Float": 1.5,
    "Double": 0.1,
    "String": "Größe ✓",
    "DateTime": NOON + 250_000_000,
    "ByteString": b"\x00\x01\xff",
    "LocalizedText": "open",
    "Guid": "12345678-1234-5678-1234-567812345678",
    "Doubles": (1.5, 2.5, 3.5),
    "Words": (1, 2, 3, 4),
    "Strings": ("a", "b"),
    "Flags": (True, False, True),
    "Matrix": ((1.0, 2.0, 3.0), (4.0, 5.0, 6.0)),
    "Span": {"Low": 1.0, "High": 9.0},
    "Mode": 2,
}
WRITTEN: dict[str, Any] = {
    "Boolean": False,
    "SByte": 5,
    "Byte": 6,
    "Int16": -7,
    "UInt16": 8,
    "Int32": -9,
    "UInt32": 10,
    "Int64": -(2**62) - 1,
    "UInt64": 2**63 + 3,
    "Float": 2.5,
    "Double": 0.3,
    "String": "zu ✗",
    "DateTime": NOON + 125_000_000,
    "ByteString": b"\x02",
    "LocalizedText": "shut",
    "Words": (5, 6, 7, 8),
    "Strings": ("c",),
    "Flags": (False,),
    "Mode": 1,
    "Flow": 55.0,
}


@pytest.fixture(scope="module")
def server(node_opcua: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForeignServer]:
    """One server for the tests that leave it running."""
    with ForeignServer(node_opcua, tmp_path_factory.mktemp("server")) as made:
        yield made


@pytest.fixture
def mortal(node_opcua: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForeignServer]:
    """A server of its own for a test that ends it."""
    with ForeignServer(node_opcua, tmp_path_factory.mktemp("mortal")) as made:
        yield made


def points_of(names: Sequence[str], **more: Any) -> list[Point]:
    return [point(handle, name, **more) for handle, name in enumerate(names)]


async def test_every_type_arrives_by_subscription_and_by_read(server: ForeignServer) -> None:
    names = [*VALUES]
    async with watching(server.url, points_of(names), **OPEN) as (driver, seen, _task):
        await seen.until(lambda: len(seen.values) == len(names))
        assert {name: seen.values[handle].value for handle, name in enumerate(names)} == VALUES
        read = await driver.read_now(range(len(names)))
        assert {name: read[handle].value for handle, name in enumerate(names)} == VALUES
        assert all(value.is_good for value in [*seen.values.values(), *read.values()])
        found = driver.diagnostics()["server"]
        assert (found["vendor"], found["product"], found["revision"]) == ("Other", "Foreign", "7.1")


async def test_numbers_of_another_server_take_the_fast_way(server: ForeignServer) -> None:
    names = [name for name in VALUES if name not in ("Guid", "Matrix", "Span")]
    async with watching(server.url, points_of(names), **OPEN) as (driver, seen, _task):
        await seen.until(lambda: len(seen.values) == len(names))
        assert driver.diagnostics()["counts"]["by_library"] == 0


async def test_parts_of_arrays_and_nested_structures(server: ForeignServer) -> None:
    points = [point(0, "Words", index_range="1:2"), Point(1, "i=2256", ValueType.STRUCTURE, 100)]
    async with watching(server.url, points, **OPEN) as (_driver, seen, _task):
        await seen.until(lambda: len(seen.values) == 2)
        assert seen.values[0].value == (2, 3)
        status = seen.values[1].value
        assert isinstance(status, dict)
        assert status["State"] == 0
        assert status["BuildInfo"]["ProductName"] == "Foreign"  # type: ignore[index, call-overload]


async def test_changes_each_100_ms_arrive_one_by_one(server: ForeignServer) -> None:
    async with watching(server.url, [point(0, "Counter", queue=100)], **OPEN) as (driver, seen, _task):
        await seen.until(lambda: len(seen.history) >= 20)
        numbers = [value.value for _handle, value in seen.history]
        assert numbers == [numbers[0] + place for place in range(len(numbers))]  # type: ignore[operator]
        times = [value.source_time for _handle, value in seen.history]
        assert times == sorted(set(times))
        assert driver.diagnostics()["notes"] == ["messages are neither signed nor encrypted"]
        assert driver.diagnostics()["counts"]["gaps"] == 0


async def test_UA_01_status_and_source_time_arrive_whole(server: ForeignServer) -> None:
    codes = {
        "BadSensorFailure": quality.BAD_SENSOR_FAILURE,
        "BadOutOfService": quality.BAD_OUT_OF_SERVICE,
        "UncertainLastUsableValue": quality.UNCERTAIN_LAST_USABLE,
        "GoodLocalOverride": quality.GOOD_LOCAL_OVERRIDE,
        "Good": 0,
    }
    async with watching(server.url, [point(0, "Level")], **OPEN) as (driver, seen, _task):
        await seen.until(lambda: 0 in seen.values)
        for second, (name, code) in enumerate(codes.items()):
            server.ask(set="Level", value=4.5, status=name, time=f"2026-03-01T12:00:{second:02}.250Z")
            await seen.until(lambda code=code: seen.values[0].status == code)
            assert seen.values[0].source_time == NOON + second * 1_000_000_000 + 250_000_000
            assert (await driver.read_now([0]))[0].status == code
        assert seen.values[0].value == 4.5


async def test_UA_08_percent_deadband_is_left_to_a_server_that_can(server: ForeignServer) -> None:
    points = [point(0, "Flow", deadband_percent=10.0), point(1, "Level")]
    server.ask(set="Flow", value=40)
    async with watching(server.url, points, **OPEN) as (driver, seen, _task):
        await seen.until(lambda: len(seen.values) == 2)
        assert driver.diagnostics()["local_deadbands"] == 0
        for number in (50, 75):  # 10 % of 200 is 20: the first is too small
            server.ask(set="Flow", value=number)
            server.ask(set="Level", value=number)
            await seen.until(lambda number=number: seen.values[1].value == number)
        await seen.until(lambda: seen.values[0].value == 75)
        assert [value.value for handle, value in seen.history if handle == 0] == [40, 75]


async def test_UA_15_changed_range_is_looked_up(server: ForeignServer) -> None:
    async with watching(server.url, [point(0, "Flow")], **OPEN) as (driver, seen, _task):
        await seen.until(lambda: 0 in seen.values)
        server.ask(range=[0, 250])
        await seen.until(lambda: bool(seen.values[0].status & quality.SEMANTICS_CHANGED))
        assert driver.diagnostics()["ranges"] == {"0": {"range": [0.0, 250.0], "unit": "m³/h"}}


async def test_point_that_nobody_wants_rests_and_wakes_with_a_new_value(server: ForeignServer) -> None:
    async with watching(server.url, points_of(["Counter", "Level"]), **OPEN) as (driver, seen, _task):
        await seen.until(lambda: len(seen.values) == 2)
        driver.demand(frozenset({1}))
        await seen.until(lambda: seen.values[0].status == quality.UNCERTAIN_LAST_USABLE)
        resting, told = seen.values[0], len(seen.history)
        for number in (1.0, 2.0, 3.0):
            server.ask(set="Level", value=number)
            await seen.until(lambda number=number: seen.values[1].value == number)
        assert {handle for handle, _value in seen.history[told:]} == {1}
        driver.demand(frozenset({0, 1}))
        await seen.until(lambda: seen.values[0].is_good)
        assert seen.values[0].value > resting.value  # type: ignore[operator]


async def test_UA_03_link_holds_while_every_item_rests(server: ForeignServer) -> None:
    points = [point(0, "Counter"), point(1, "Level", period=250)]
    async with watching(server.url, points, **OPEN) as (driver, seen, task):
        await seen.until(lambda: len(seen.values) == 2)
        driver.demand(frozenset())
        await seen.until(lambda: driver.diagnostics()["items_paused"] == 2)
        resting, told = dict(seen.values), len(seen.history)
        assert {value.status for value in resting.values()} == {quality.UNCERTAIN_LAST_USABLE}
        await quiet(seen, task)
        assert len(seen.history) == told  # nobody looks at them: nothing is told of them, good or bad
        driver.demand(frozenset({0, 1}))
        await seen.until(lambda: all(value.is_good for value in seen.values.values()))
        assert seen.values[0].value > resting[0].value  # type: ignore[operator]


async def test_UA_03_link_holds_while_every_item_is_refused(server: ForeignServer) -> None:
    async with watching(server.url, points_of(["Nobody", "Nothing"]), **OPEN) as (_driver, seen, task):
        await seen.until(lambda: len(seen.values) == 2)
        told = len(seen.history)
        await quiet(seen, task)
        assert len(seen.history) == told
        assert all(value.is_bad for value in seen.values.values())


async def quiet(seen: Seen, task: asyncio.Task[None]) -> None:
    """QUIET_S of signs of life and nothing else; the server renews its channel many times meanwhile."""
    batches = len(seen.batches)
    await asyncio.wait([task], timeout=QUIET_S)
    assert not task.done(), task.exception()
    signs = seen.batches[batches:]
    assert signs
    assert all(batch.alive and not batch.updates for batch in signs)


# --- commands -----------------------------------------------------------------------------------------


async def test_every_type_is_written_and_read_back(mortal: ForeignServer) -> None:
    names = [*WRITTEN]
    async with watching(mortal.url, points_of(names, writable=True), **OPEN) as (driver, _seen, _task):
        for handle, value in enumerate(WRITTEN.values()):
            outcome = await driver.write(order(handle, value))
            assert outcome.state is WriteState.DONE, (names[handle], outcome)
        read = await driver.read_now(range(len(names)))
        assert {name: read[handle].value for handle, name in enumerate(names)} == WRITTEN
        assert mortal.ask(get="Flow")["writes"] == len(names)


async def test_write_that_is_refused_says_why_and_changes_nothing(server: ForeignServer) -> None:
    points = points_of(["Display", "Guarded", "Setpoint", "Matrix"], writable=True)
    before = server.ask(get="Setpoint")
    async with watching(server.url, points, **OPEN) as (driver, _seen, _task):
        words = [await driver.write(order(handle, 99.0)) for handle in (0, 1)]
        words += [await driver.write(order(2, 99.0, in_s=-1)), await driver.write(order(3, (1.0, 2.0)))]
    refused = WriteState.REFUSED
    assert [outcome.state for outcome in words] == [refused, refused, WriteState.EXPIRED, refused]
    assert "bad not writable" in words[0].text
    assert words[1].status == quality.BAD_USER_ACCESS_DENIED
    assert "matrix" in words[3].text
    after = server.ask(get="Setpoint")
    assert (after["value"], after["writes"] - before["writes"]) == (before["value"], 2)


# --- loss and return ----------------------------------------------------------------------------------


async def test_server_that_shuts_down_says_so_and_takes_no_writes(mortal: ForeignServer) -> None:
    points = [point(0, "Counter"), point(1, "Setpoint", writable=True)]
    async with watching(mortal.url, points, **OPEN) as (driver, seen, _task):
        await seen.until(lambda: len(seen.values) == 2)
        mortal.ask(shutdown=3000)
        count = len(seen.batches)
        await seen.until(
            lambda: driver.diagnostics()["server_state"] == "shut down" or len(seen.batches) > count + 25
        )
        outcome = await driver.write(order(1, 5.0))
        assert (outcome.state, "shut down" in outcome.text) == (WriteState.NOT_CONNECTED, True)


class Events(Seen):
    """What the runtime would be told by a link."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def on_groups(self, connection: str, groups: Sequence[Group]) -> None:
        self.told.append(f"{len(groups)} groups")

    def on_batch(self, connection: str, batch: Batch) -> None:
        self(batch)

    def on_up(self, connection: str, identity: DeviceIdentity) -> None:
        self.told.append(f"up: {identity.product}")
        self.values.clear()
        self._changed.set()

    def on_down(self, connection: str, text: str) -> None:
        self.told.append("down")
        self._changed.set()


@asynccontextmanager
async def linked(url: str, points: Sequence[Point]) -> AsyncIterator[tuple[Link, Events]]:
    """The link of the product: the driver runs in its worker process."""
    events = Events()
    definition = ConnectionDef("plc", "opcua", (url,), settings=QUICK | OPEN)
    link = Link(
        definition, (url,), tuple(points), style="push", create=create_driver, events=events, mode=Mode.PLANT
    )
    task = asyncio.create_task(link.run())
    try:
        yield link, events
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_worker_process_reads_writes_and_reports(server: ForeignServer) -> None:
    points = (point(0, "Counter"), point(1, "UInt64"), point(2, "Setpoint", writable=True))
    driver, seen = IsolatedDriver("opcua", LinkSettings("plc", server.url, QUICK | OPEN, points)), Seen()
    try:
        assert (await driver.open()).product == "Foreign"
        seen.task = task = asyncio.create_task(driver.watch(seen))
        task.add_done_callback(seen.ended)
        await seen.until(lambda: len(seen.values) == 3 and len(seen.history) > 6)
        assert seen.values[1].value == 2**64 - 5
        writes = server.ask(get="Setpoint")["writes"]
        assert (await driver.write(order(2, 33.5))).state is WriteState.DONE
        assert (await driver.read_now([2]))[2].value == 33.5
        assert server.ask(get="Setpoint") == {"value": 33.5, "writes": writes + 1}
        task.cancel()
        await asyncio.wait([task])
    finally:
        await driver.close()


async def test_link_returns_after_the_server_was_killed_and_started_again(mortal: ForeignServer) -> None:
    points = (point(0, "Counter"), point(1, "Setpoint", writable=True))
    async with linked(mortal.url, points) as (link, events):
        await events.until(lambda: len(events.values) == 2)
        mortal.kill()
        await events.until(lambda: events.told[-1] == "down")
        assert (await link.write(order(1, 99.0))).state is WriteState.NOT_CONNECTED
        mortal.start()
        await events.until(lambda: events.told[-1].startswith("up") and len(events.values) == 2)
        assert events.values[1].value == 10.0  # what the server starts with: the refused write never comes
        assert (await link.write(order(1, 12.5))).state is WriteState.DONE
        assert (await link.read_now([1]))[1].value == 12.5
        assert mortal.ask(get="Setpoint") == {"value": 12.5, "writes": 1}
        assert events.told == ["1 groups", "up: Foreign", "down", "1 groups", "up: Foreign"]

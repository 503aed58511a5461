"""A tag whose address names a method node: called once for a command, never late, never without a connection."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from asyncua import ua
from asyncua.common.methods import uamethod
from opcua_plant import Plant, free_port, order, point, watching

from hmi.core import quality
from hmi.core.commands import WriteState
from hmi.core.values import ValueType

pytestmark = pytest.mark.asyncio(loop_scope="module")
CALLS: list[Any] = []


@uamethod
def start(parent: ua.NodeId) -> None:
    CALLS.append("start")


@uamethod
def speed(parent: ua.NodeId, wanted: float) -> None:
    CALLS.append(wanted)


@uamethod
def deny(parent: ua.NodeId) -> ua.StatusCode:
    CALLS.append("deny")
    return ua.StatusCode(quality.BAD_USER_ACCESS_DENIED)


@uamethod
def two(parent: ua.NodeId, one: float, other: float) -> None:
    CALLS.append((one, other))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def plant() -> AsyncIterator[Plant]:
    made = Plant(free_port())
    await made.start()
    pump = await made.server.nodes.objects.add_object(made.node("Pump"), "Pump")
    double = ua.VariantType.Double
    for name, work, inputs in (
        ("Start", start, []), ("Speed", speed, [double]), ("Deny", deny, []), ("Two", two, [double, double]),
    ):  # fmt: skip
        await pump.add_method(made.node(name), name, work, inputs, [])
    await made.add("A", 1.5, double, writable=True)
    async with made.server:
        yield made


POINTS = ("Start", "Speed", "Deny", "Two", "A")


def points() -> list[Any]:
    return [point(place, name, ValueType.BOOL, writable=True) for place, name in enumerate(POINTS)]


@pytest.fixture(autouse=True)
def no_calls() -> None:
    CALLS.clear()


async def test_a_method_is_called_once_for_one_command(plant: Plant) -> None:
    async with watching(plant.url, points()) as (driver, seen, _task):
        await seen.until(lambda: len(seen.values) == len(POINTS))
        assert (seen.values[0].value, seen.values[0].is_good) == (False, True)
        outcome = await driver.write(order(0, True))
        assert (outcome.state, outcome.text) == (WriteState.DONE, "the method was called")
        assert (await driver.write(order(1, 47.5))).state is WriteState.DONE
        assert CALLS == ["start", 47.5]
        fresh = await driver.read_now([0, 4])
        assert [fresh[0].value, fresh[4].value] == [False, 1.5]


async def test_what_does_not_fit_or_is_late_is_not_called(plant: Plant) -> None:
    async with watching(plant.url, points()) as (driver, _seen, _task):
        assert (await driver.write(order(0, False))).state is WriteState.REFUSED
        assert (await driver.write(order(1, "fast"))).state is WriteState.REFUSED
        assert (await driver.write(order(3, 1.0))).state is WriteState.REFUSED
        assert (await driver.write(order(0, True, in_s=-1))).state is WriteState.EXPIRED
        assert CALLS == []


async def test_a_refusal_of_the_server_is_told(plant: Plant) -> None:
    async with watching(plant.url, points()) as (driver, _seen, _task):
        outcome = await driver.write(order(2, True))
        assert (outcome.state, CALLS) == (WriteState.REFUSED, ["deny"])
        assert "refused" in outcome.text


async def test_without_a_connection_nothing_is_called(plant: Plant) -> None:
    async with watching(plant.url, points()) as (driver, _seen, _task):
        assert driver._link is not None
        driver._link.abort()
        assert (await driver.write(order(0, True))).state is WriteState.NOT_CONNECTED
        assert CALLS == []

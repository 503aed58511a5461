"""Commands on the poll loop of one connection: never twice, never late, and none of them survives a disconnect."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hmi.acquisition import PollLoop
from hmi.acquisition.port import Batch, LinkSettings, Point
from hmi.core.clock import monotonic_ns
from hmi.core.commands import WriteRequest, WriteState
from hmi.core.errors import CommunicationError, LinkLost
from hmi.core.values import ValueType
from hmi.testing.driver import FakePlc, FakePollDriver

pytestmark = pytest.mark.asyncio


def request(value: float, *, in_s: float = 5.0) -> WriteRequest:
    return WriteRequest(f"c_{value}", "t_a", 0, value, monotonic_ns() + int(in_s * 1e9))


@asynccontextmanager
async def polling(plc: FakePlc) -> AsyncIterator[tuple[PollLoop, asyncio.Task[None]]]:
    plc.values = {0: 1.0}
    driver = plc.create("fake", LinkSettings("plc1", "fake://a", {}, (Point(0, "a", ValueType.FLOAT64, 20),)))
    assert isinstance(driver, FakePollDriver)
    driver.timeout_s = 30.0
    seen: asyncio.Queue[Batch] = asyncio.Queue()
    loop = PollLoop(driver, seen.put_nowait)
    task = asyncio.create_task(loop.run())
    await asyncio.wait_for(seen.get(), 20)
    try:
        yield loop, task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def stuck_in_a_write(plc: FakePlc, loop: PollLoop) -> asyncio.Task[object]:
    plc.freeze()
    writing: asyncio.Task[object] = asyncio.create_task(loop.write(request(2.0)))
    async with asyncio.timeout(20):
        while ("write", 2.0) not in plc.log:
            plc.thaw()  # lets a read that came first go by
            plc.freeze()
            await asyncio.sleep(0)
    return writing


async def test_a_cancelled_loop_leaves_the_write_under_way_unknown_and_refuses_the_next() -> None:
    plc = FakePlc()
    async with polling(plc) as (loop, task):
        under_way = await stuck_in_a_write(plc, loop)
        waiting = asyncio.create_task(loop.write(request(3.0)))
        reading = asyncio.create_task(loop.read_now([0]))
        await asyncio.sleep(0)
        task.cancel()
        assert (await under_way).state is WriteState.UNKNOWN  # type: ignore[attr-defined]
        assert (await waiting).state is WriteState.NOT_CONNECTED
        with pytest.raises(CommunicationError):
            await reading
    assert [entry for entry in plc.log if entry[0] == "write"] == [("write", 2.0)]


async def test_an_asker_that_leaves_during_its_write_changes_nothing_for_the_next() -> None:
    plc = FakePlc()
    async with polling(plc) as (loop, _):
        under_way = await stuck_in_a_write(plc, loop)
        under_way.cancel()
        plc.thaw()
        assert (await loop.write(request(3.0))).state is WriteState.DONE
    assert [entry for entry in plc.log if entry[0] == "write"] == [("write", 2.0), ("write", 3.0)]


async def test_a_driver_that_breaks_in_a_write_has_written_once_at_most() -> None:
    plc = FakePlc()
    async with polling(plc) as (loop, task):
        plc.fault = RuntimeError("a fault of the library")
        assert (await loop.write(request(2.0))).state is WriteState.UNKNOWN
        await asyncio.wait([task])
        assert isinstance(task.exception(), RuntimeError)
    assert [entry for entry in plc.log if entry[0] == "write"] == [("write", 2.0)]


@pytest.mark.parametrize("what", ["read", "write"])
async def test_a_driver_that_hangs_costs_its_connection_and_not_the_link(what: str) -> None:
    plc = FakePlc()
    async with polling(plc) as (loop, task):
        loop.hang_s = 0.1
        if what == "write":
            writing = asyncio.create_task(loop.write(request(2.0)))
            plc.freeze()
            assert (await writing).state in {WriteState.UNKNOWN, WriteState.NOT_CONNECTED}
        plc.freeze()
        await asyncio.wait([task], timeout=20)
        assert isinstance(task.exception(), LinkLost)
        assert (await loop.write(request(3.0))).state is WriteState.NOT_CONNECTED
    assert ("write", 3.0) not in plc.log


async def test_the_deadline_counts_at_hand_over_and_not_at_arrival() -> None:
    plc = FakePlc()
    async with polling(plc) as (loop, _):
        under_way = await stuck_in_a_write(plc, loop)
        late = asyncio.create_task(loop.write(request(3.0, in_s=0.02)))
        await asyncio.sleep(0.05)
        plc.thaw()
        await under_way
        assert (await late).state is WriteState.EXPIRED
    assert ("write", 3.0) not in plc.log

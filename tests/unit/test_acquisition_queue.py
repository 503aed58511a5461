"""The poll loop of one connection: order of requests, deadlines, overruns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hmi.acquisition import PollLoop, Schedule
from hmi.acquisition.port import LinkSettings, Point, ReadBlock
from hmi.core.clock import NS_PER_MS, monotonic_ns
from hmi.core.commands import WriteRequest, WriteState
from hmi.core.values import ValueType
from hmi.testing.driver import FakePlc, FakePollDriver

FAST = ReadBlock("fast", "", "fast", 100, (0,))
SLOW = ReadBlock("slow", "", "slow", 1_000, (1,))


def request(value: float, deadline_ns: int) -> WriteRequest:
    return WriteRequest("c_1", "t_a", 0, value, deadline_ns)


def soon() -> int:
    return monotonic_ns() + 5_000_000_000


@asynccontextmanager
async def frozen_loop(plc: FakePlc) -> AsyncIterator[PollLoop]:
    """A loop whose first read hangs, so that requests pile up behind it."""
    plc.values = {0: 1.0}
    settings = LinkSettings("plc1", "fake://a", {}, (Point(0, "a", ValueType.FLOAT64, 50),))
    driver = plc.create("fake", settings)
    assert isinstance(driver, FakePollDriver)
    driver.timeout_s = 30.0
    plc.freeze()
    loop = PollLoop(driver, lambda batch: None)
    task = asyncio.create_task(loop.run())
    while not plc.log:
        await asyncio.sleep(0)
    try:
        yield loop
    finally:
        task.cancel()
        await asyncio.wait([task])


@pytest.mark.asyncio
async def test_writes_go_before_read_backs_and_read_backs_before_polling() -> None:
    plc = FakePlc()
    async with frozen_loop(plc) as loop:
        read = asyncio.create_task(loop.read_now([0]))
        await asyncio.sleep(0)
        write = asyncio.create_task(loop.write(request(7.0, soon())))
        await asyncio.sleep(0)
        plc.thaw()
        assert (await write).state is WriteState.DONE
        assert (await read)[0].value == 7.0
        assert [kind for kind, _ in plc.log[1:3]] == ["write", "read_now"]


@pytest.mark.asyncio
async def test_a_write_past_its_deadline_is_not_handed_over() -> None:
    plc = FakePlc()
    async with frozen_loop(plc) as loop:
        write = asyncio.create_task(loop.write(request(7.0, monotonic_ns())))
        await asyncio.sleep(0)
        plc.thaw()
        assert (await write).state is WriteState.EXPIRED
        assert ("write", 7.0) not in plc.log


@pytest.mark.asyncio
async def test_a_write_whose_asker_has_gone_is_not_handed_over() -> None:
    plc = FakePlc()
    async with frozen_loop(plc) as loop:
        gone = asyncio.create_task(loop.write(request(7.0, soon())))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.wait([gone])
        stays = asyncio.create_task(loop.write(request(8.0, soon())))
        await asyncio.sleep(0)
        plc.thaw()
        assert (await stays).state is WriteState.DONE
        assert [value for kind, value in plc.log if kind == "write"] == [8.0]


@pytest.mark.asyncio
async def test_what_waits_when_the_loop_ends_is_refused() -> None:
    plc = FakePlc()
    async with frozen_loop(plc) as loop:
        write = asyncio.create_task(loop.write(request(7.0, soon())))
        await asyncio.sleep(0)
    assert (await write).state is WriteState.NOT_CONNECTED
    assert (await loop.write(request(8.0, soon()))).state is WriteState.NOT_CONNECTED


def test_the_shorter_period_goes_first() -> None:
    schedule = Schedule((SLOW, FAST), 0)
    taken = [schedule.take(0), schedule.take(0), schedule.take(0)]
    assert taken == [FAST, SLOW, None]


def test_a_late_block_counts_its_overruns_and_keeps_its_raster() -> None:
    schedule = Schedule((FAST,), 0)
    assert schedule.take(0) is FAST
    assert schedule.take(350 * NS_PER_MS) is FAST
    assert schedule.overruns == {"fast": 2}
    assert schedule.actual_ms == {"fast": 350.0}
    assert schedule.next_due() == 400 * NS_PER_MS

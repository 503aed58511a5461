"""A limit of time around the library: what looks like a cancellation is a time-out where it is one."""

from __future__ import annotations

import asyncio

import pytest
from wait_for2.impl import CancelledWithResultError

from hmi.drivers.opcua._within import within

pytestmark = pytest.mark.asyncio


async def late() -> None:
    """As the library ends when answer and cancellation come together."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        raise CancelledWithResultError("the answer", False) from None


async def test_an_answer_in_the_moment_of_the_time_out_is_a_time_out() -> None:
    with pytest.raises(TimeoutError):
        async with within(0.01):
            await late()


async def test_a_task_that_is_cancelled_stays_cancelled() -> None:
    async def waits() -> None:
        async with within(60):
            await late()

    task = asyncio.create_task(waits())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()

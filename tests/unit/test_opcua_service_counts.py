"""What is counted of OPC UA services, and what a connection leaves behind when its end is cut short."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hmi.acquisition.tally import Tally
from hmi.core.clock import NS_PER_S, monotonic_ns
from hmi.drivers.opcua import _session
from hmi.drivers.opcua._counts import ServiceCounts

pytestmark = pytest.mark.asyncio


class ReadRequest:
    """One without items."""


async def given_up(after_s: float) -> Tally:
    """A request that its asker gives up after so long, where the limit is 4 s."""
    tally = Tally()
    answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    ServiceCounts(tally, 4.0).sent(ReadRequest(), answer, monotonic_ns() - int(after_s * NS_PER_S))
    answer.cancel()
    await asyncio.sleep(0)
    return tally


async def test_a_question_that_is_given_up_at_once_is_no_time_out() -> None:
    tally = await given_up(0.0)
    assert (tally.counts["timeouts"], tally.errors) == (0, [])


async def test_a_time_out_is_counted_and_told_in_words() -> None:
    tally = await given_up(4.0)
    assert tally.counts["timeouts"] == 1
    assert [(note.text, note.where) for note in tally.errors] == [("Read: no answer within 4 s", "Read")]


async def test_a_close_that_is_cut_short_leaves_no_socket_and_no_task(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    link = _session.Link("opc.tcp://127.0.0.1:1", timeout_s=1, max_message=65_536, session_timeout_ms=1_000)
    begun, dropped = asyncio.Event(), list[str]()

    async def never() -> None:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(_session.Link, "is_up", True)
    monkeypatch.setattr(link.client, "disconnect", never)
    monkeypatch.setattr(link.transport, "request_disconnect", lambda: None)
    monkeypatch.setattr(link, "abort", lambda: dropped.append("socket"))
    watching = link.client._supervisor_task = asyncio.create_task(asyncio.Event().wait())  # type: ignore[assignment]
    closing = asyncio.create_task(link.close())
    await begun.wait()
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    await asyncio.wait([watching])
    assert dropped == ["socket"]
    assert watching.cancelled()

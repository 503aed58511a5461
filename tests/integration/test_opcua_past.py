"""UA-12: a long history is read page by page with bounded memory, and the read ends at once when it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from history_server import BEGIN, STEP_NS, history_server
from opcua_plant import point

from hmi.acquisition import IsolatedDriver, _isolated
from hmi.acquisition.port import LinkSettings, PastPage, PastRequest
from hmi.core.errors import CommunicationError

pytestmark = pytest.mark.asyncio
COUNT, PAGE = 1_000_000, 10_000
END = BEGIN + COUNT * STEP_NS
GROWTH_MB = 50
CANCEL_S = 1.0


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may keep the worker from its signs of life; here only the history is judged."""
    monkeypatch.setattr(_isolated, "SILENCE_S", 60.0)


@asynccontextmanager
async def worker(url: str) -> AsyncIterator[IsolatedDriver]:
    settings = {"security": "none", "timeout_ms": 30_000}
    driver = IsolatedDriver("opcua", LinkSettings("plant", url, settings, (point(0, "Past"),)))
    await driver.open()
    try:
        yield driver
    finally:
        await driver.close()


async def pages(driver: IsolatedDriver, request: PastRequest) -> AsyncIterator[PastPage]:
    while True:
        page = await driver.past(request)
        assert not page.fault
        yield page
        if not page.continuation and not page.following:
            return
        start = page.following or request.start
        request = PastRequest(0, start, request.end, request.limit, page.continuation)


def used_mb(driver: IsolatedDriver) -> float:
    return float(driver.diagnostics()["memory_mb"])


async def test_ua_12_a_million_values_come_in_pages_with_bounded_memory() -> None:
    async with history_server(COUNT, PAGE) as (plant, made), worker(plant.url) as driver:
        kept = await driver.keeps_past([0])
        assert kept.handles == {0: False}, "it is no value that the server records by itself"
        count, first_mb, most_mb = 0, 0.0, 0.0
        async for page in pages(driver, PastRequest(0, BEGIN, END, PAGE)):
            assert len(page.values) <= PAGE
            for value in (page.values[0], page.values[-1]):
                assert value.source_time == BEGIN + int(float(str(value.value))) * STEP_NS
            first = int(float(str(page.values[0].value)))
            assert first == count or (first, len(page.values)) == (COUNT - 1, 1), "nothing is left out"
            count = first + len(page.values)
            await asyncio.sleep(0)
            if count >= 10 * PAGE:
                first_mb = first_mb or used_mb(driver)
                most_mb = max(most_mb, used_mb(driver))
        assert count == COUNT
        assert not made.held
        assert most_mb - first_mb < GROWTH_MB


async def test_ua_12_a_read_that_is_cancelled_ends_within_a_second_and_gives_its_continuation_point_back() -> (
    None
):
    async with history_server(COUNT, PAGE) as (plant, made), worker(plant.url) as driver:
        request, seen = PastRequest(0, BEGIN, END, PAGE), asyncio.Event()
        last = PastPage()

        async def read() -> None:
            nonlocal last
            async for page in pages(driver, request):
                last = page
                seen.set()

        task = asyncio.create_task(read())
        await seen.wait()
        task.cancel()
        async with asyncio.timeout(CANCEL_S):
            await asyncio.wait((task,))
        assert task.cancelled()
        await driver.past(PastRequest(0, BEGIN, END, 0, last.continuation))
        again = await driver.past(PastRequest(0, BEGIN, BEGIN + STEP_NS, PAGE))
        assert [one.value for one in again.values] == [0.0, 1.0]
        assert last.continuation not in made.held


async def test_a_server_that_says_nothing_of_the_rest_is_asked_for_it() -> None:
    async with history_server(25, 10) as (plant, made), worker(plant.url) as driver:
        values = [
            value.value
            async for page in pages(driver, PastRequest(0, BEGIN, END, 10))
            for value in page.values
        ]
        assert values == [float(place) for place in range(25)]
        made.count = 0
        assert await driver.past(PastRequest(0, BEGIN, END, 10)) == PastPage()


async def test_a_page_larger_than_any_that_was_asked_for_is_refused_and_the_link_goes_on() -> None:
    async with history_server(COUNT, 60_000) as (plant, made), worker(plant.url) as driver:
        made.is_stubborn = True
        with pytest.raises(CommunicationError, match="history"):
            await driver.past(PastRequest(0, BEGIN, END, 10))
        assert (await driver.read_now([0]))[0].value == 1.5

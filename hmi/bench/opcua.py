"""Measures what 10,000 OPC UA items that change once a second cost, and against bare asyncua.

CPU time of this process while the values arrive; one client at a time, rounds interleaved, the server in a process
of its own.
"""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, NamedTuple

from asyncua import Client, ua

from hmi.acquisition.port import Batch, LinkSettings, Point
from hmi.bench.figure import Figure
from hmi.bench.peers import opcua_server
from hmi.core.values import ValueType
from hmi.drivers.opcua.driver import create

ITEMS = 10_000
ROUNDS = 3
PUBLISHING_MS = 1000
NOTIFICATIONS = 5 * ITEMS
LIMIT = 25.0
RATE_SHARE = 0.95
Counter = Callable[[], int]


class Cost(NamedTuple):
    """CPU microseconds for one value, percent of a core, values that arrived in a second."""

    value_us: float
    core: float
    rate: float


class Count:
    """Counts arrived values, and reads as ``asyncua`` handler, batch callback and sink."""

    def __init__(self) -> None:
        self.values = 0

    def sink(self, batch: Batch) -> None:
        self.values += len(batch.updates)

    def batch(self, result: ua.PublishResult) -> None:
        for part in result.NotificationMessage.NotificationData or []:
            self.values += len([(item.ClientHandle, item.Value.Value.Value) for item in part.MonitoredItems])

    def datachange_notification(self, _node: Any, _value: Any, _data: Any) -> None:
        self.values += 1


@contextlib.asynccontextmanager
async def _ours(url: str) -> AsyncIterator[Counter]:
    points = tuple(
        Point(number, f"nsu={opcua_server.URI};s=V{number}", ValueType.FLOAT64, PUBLISHING_MS)
        for number in range(ITEMS)
    )
    settings = {"keep_alive_ms": 20_000, "timeout_ms": 20_000, "connect_timeout_ms": 40_000}
    driver, count = create(LinkSettings("bench", url, settings, points)), Count()
    await driver.open()
    task = asyncio.create_task(driver.watch(count.sink))
    try:
        yield lambda: task.result() or 0 if task.done() else count.values
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await driver.close()


@contextlib.asynccontextmanager
async def _client(url: str) -> AsyncIterator[tuple[Client, int]]:
    client = Client(url, timeout=30, watchdog_intervall=30)
    await client.connect()
    try:
        yield client, await client.get_namespace_index(opcua_server.URI)
    finally:
        await client.disconnect()


@contextlib.asynccontextmanager
async def _handler(url: str) -> AsyncIterator[Counter]:
    """As the manual of the library shows it."""
    async with _client(url) as (client, index):
        count = Count()
        subscription = await client.create_subscription(_parameters(), count)
        nodes = [client.get_node(ua.NodeId(f"V{number}", index)) for number in range(ITEMS)]
        for start in range(0, ITEMS, 500):
            await subscription.subscribe_data_change(nodes[start : start + 500], queuesize=1)
        yield lambda: count.values


@contextlib.asynccontextmanager
async def _batch(url: str) -> AsyncIterator[Counter]:
    """The fastest way the library offers: one callback for each notification."""
    async with _client(url) as (client, index):
        count = Count()
        result = await client.uaclient.create_subscription(_parameters(), count.batch)
        for start in range(0, ITEMS, 500):
            params = ua.CreateMonitoredItemsParameters()
            params.SubscriptionId = result.SubscriptionId
            params.TimestampsToReturn = ua.TimestampsToReturn.Both
            params.ItemsToCreate = [_item(number, index) for number in range(start, start + 500)]
            await client.uaclient.create_monitored_items(params)
        yield lambda: count.values


def _parameters() -> ua.CreateSubscriptionParameters:
    params = ua.CreateSubscriptionParameters()
    params.RequestedPublishingInterval = PUBLISHING_MS
    params.RequestedMaxKeepAliveCount, params.RequestedLifetimeCount = 20, 600
    params.MaxNotificationsPerPublish = 1000
    return params


def _item(number: int, index: int) -> ua.MonitoredItemCreateRequest:
    item = ua.MonitoredItemCreateRequest()
    item.ItemToMonitor.NodeId = ua.NodeId(f"V{number}", index)
    item.ItemToMonitor.AttributeId = ua.AttributeIds.Value
    item.MonitoringMode = ua.MonitoringMode.Reporting
    item.RequestedParameters.ClientHandle = number
    item.RequestedParameters.SamplingInterval = PUBLISHING_MS
    item.RequestedParameters.QueueSize = 1
    return item


async def _cost(open_client: Any, url: str) -> Cost:
    """From the moment all items have sent their first value."""
    async with open_client(url) as count:
        await _until(count, ITEMS)
        begin, cpu, wall = count(), time.process_time(), time.monotonic()
        await _until(count, begin + NOTIFICATIONS)
        cpu, wall = time.process_time() - cpu, time.monotonic() - wall
        values = count() - begin
        return Cost(cpu / values * 1e6, cpu / wall * 100, values / wall)


async def _until(count: Counter, wanted: int) -> None:
    async with asyncio.timeout(60):
        while count() < wanted:
            await asyncio.sleep(0.2)


def _run(coroutine: Coroutine[Any, Any, Cost]) -> Cost:
    """On the loop that the runtime uses."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(coroutine)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(coroutine)


def run() -> list[Figure]:
    """Ratios and costs; best of the rounds."""
    logging.getLogger("asyncua").setLevel(logging.ERROR)
    clients = {"ours": _ours, "batch": _batch, "handler": _handler}
    found: dict[str, list[Cost]] = {}
    with opcua_server.running(ITEMS) as url:
        for turn in range(ROUNDS):
            for name, client in clients.items():
                if turn == 0 or name != "handler":
                    found.setdefault(name, []).append(_run(_cost(client, url)))
    return _figures({name: min(costs) for name, costs in found.items()})


def _figures(best: dict[str, Cost]) -> list[Figure]:
    ours = best["ours"]
    server = f"asyncua server, {ITEMS:,} items, each changed at 1 Hz"
    batch, handler = best["batch"].value_us / ours.value_us, best["handler"].value_us / ours.value_us
    held = ours.core < LIMIT and ours.rate >= RATE_SHARE * ITEMS * 1000 / PUBLISHING_MS
    arrived = f"{server}; {ours.rate:,.0f} values arrived in a second"
    return [
        Figure(
            "opcua.cpu_vs_asyncua", batch, "times less CPU", f"batch callback, {server}", ">= 2", batch >= 2
        ),
        Figure(
            "opcua.cpu_vs_asyncua_handler",
            handler,
            "times less CPU",
            f"handler, {server}",
            ">= 4",
            handler >= 4,
        ),
        Figure("opcua.items_10k_core", ours.core, "% of a core", arrived, f"< {LIMIT:g}", held),
        *(Figure(f"opcua.cpu_per_value_{name}", cost.value_us, "us", server) for name, cost in best.items()),
    ]


if __name__ == "__main__":
    print(json.dumps([figure.as_dict() for figure in run()], indent=1))

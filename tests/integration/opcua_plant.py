"""A loopback OPC UA server for the tests of the driver."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from asyncua import Server, ua

from hmi.acquisition.port import Batch, LinkSettings, Point
from hmi.core.clock import monotonic_ns
from hmi.core.commands import WriteRequest
from hmi.core.values import DataValue, ValueType
from hmi.drivers.opcua.driver import OpcuaDriver, create

URI = "urn:test:plant"
QUICK = {"keep_alive_ms": 1500, "timeout_ms": 3000}
logging.getLogger("asyncua").setLevel(logging.ERROR)


def free_port() -> int:
    from quiet_port import quiet_port  # not there for the servers that are started as programs of this folder

    return quiet_port()


class Plant:
    """A server with nodes by name."""

    def __init__(self, port: int) -> None:
        self.url = f"opc.tcp://127.0.0.1:{port}/plant/"
        self.server = Server()
        self.index = 0

    async def start(
        self, policies: Sequence[ua.SecurityPolicyType] = (ua.SecurityPolicyType.NoSecurity,)
    ) -> None:
        await self.server.init()
        self.server.set_endpoint(self.url)
        self.server.set_security_policy(list(policies))
        self.index = await self.server.register_namespace(URI)

    async def add(
        self, name: str, value: Any, kind: ua.VariantType, *, writable: bool = False, eu: Any = None
    ) -> None:
        node = await self.server.nodes.objects.add_variable(self.node(name), name, ua.Variant(value, kind))
        if writable:
            await node.set_writable()
        if eu is not None:
            low, high = eu
            await node.add_property(
                ua.NodeId(f"{name}.EURange", self.index), ua.QualifiedName("EURange", 0), ua.Range(low, high)
            )

    def node(self, name: str) -> ua.NodeId:
        return ua.NodeId(name, self.index)

    async def put(self, name: str, value: Any, kind: ua.VariantType, **more: Any) -> None:
        await self.server.write_attribute_value(
            self.node(name), ua.DataValue(ua.Variant(value, kind), **more)
        )

    async def get(self, name: str) -> ua.DataValue:
        return await self.server.get_node(self.node(name)).read_data_value(raise_on_bad_status=False)


def point(handle: int, name: str, kind: ValueType = ValueType.FLOAT64, **more: Any) -> Point:
    period, writable = more.pop("period", 100), more.pop("writable", False)
    return Point(handle, f"nsu={URI};s={name}", kind, period, writable, more)


class Seen:
    """A sink that remembers and can be waited for."""

    def __init__(self) -> None:
        self.values: dict[int, DataValue] = {}
        self.history: list[tuple[int, DataValue]] = []
        self.batches: list[Batch] = []
        self.task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    def __call__(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.values.update(batch.updates)
        self.history.extend(batch.updates)
        self._changed.set()

    async def until(self, is_enough: Callable[[], bool], timeout: float = 60) -> None:
        async with asyncio.timeout(timeout):
            while not is_enough():
                if self.task is not None and self.task.done():
                    self.task.result()
                self._changed.clear()
                await self._changed.wait()

    def ended(self, _task: object) -> None:
        """The watch ended: whoever waits looks again."""
        self._changed.set()


def order(handle: int, value: Any, *, in_s: float = 5.0) -> WriteRequest:
    return WriteRequest("c", f"t{handle}", handle, value, monotonic_ns() + int(in_s * 1e9))


@asynccontextmanager
async def watching(
    url: str, points: Sequence[Point], **settings: Any
) -> AsyncIterator[tuple[OpcuaDriver, Seen, asyncio.Task[None]]]:
    """An open driver with its watch running."""
    driver, seen = create(LinkSettings("plant", url, QUICK | settings, tuple(points))), Seen()
    await driver.open()
    seen.task = task = asyncio.create_task(driver.watch(seen))
    task.add_done_callback(seen.ended)
    try:
        yield driver, seen, task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await driver.close()

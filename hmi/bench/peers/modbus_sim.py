"""A Modbus device inside this process, for tests and benchmarks; listens on loopback only."""

from __future__ import annotations

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerType
from pymodbus.server import ModbusTcpServer, ModbusTlsServer
from pymodbus.simulator import DataType, SimData, SimDevice

from hmi.acquisition.port import LinkSettings, Point
from hmi.core.clock import NS_PER_S, monotonic_ns
from hmi.core.commands import WriteRequest
from hmi.core.values import DataValue, Value, ValueType
from hmi.drivers.modbus.driver import ModbusDriver

Hook = Callable[[int, int, int], Awaitable[ExcCodes | None]]


@dataclass
class SimUnit:
    """Registers and coils of one unit; ``log`` keeps every write as (function, address, values)."""

    number: int = 1
    size: int = 1000
    holes: tuple[int, ...] = ()
    hook: Hook | None = None
    log: list[tuple[int, int, list]] = field(default_factory=list)
    requests: list[tuple[int, int, int]] = field(default_factory=list)
    registers: list[int] = field(default_factory=list)

    def device(self) -> SimDevice:
        """The library's device: coils, inputs, holding and input registers of ``size`` each."""
        bits = [SimData(0, count=self.size, values=False, datatype=DataType.BITS)]
        words = [self.registers[place] if place < len(self.registers) else 0 for place in range(self.size)]
        registers = [SimData(0, values=words, datatype=DataType.REGISTERS)]
        return SimDevice(
            self.number,
            simdata=(list(bits), list(bits), list(registers), list(registers)),
            action=self._action,
        )

    async def _action(
        self,
        function: int,
        start: int,
        address: int,
        count: int,
        current: list[int],
        values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """Called by the library for every request, also for the read inside a write."""
        del start, current
        if values is None:
            self.requests.append((function, address, count))
        else:
            self.log.append((function, address, list(values)))
        if any(address <= hole < address + count for hole in self.holes):
            return ExcCodes.ILLEGAL_ADDRESS
        return await self.hook(function, address, count) if self.hook else None


@asynccontextmanager
async def serving(
    units: Sequence[SimUnit], *, framer: FramerType = FramerType.SOCKET, sslctx: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Serve the units; yields the port."""
    devices = [unit.device() for unit in units]
    address = ("127.0.0.1", 0)
    if sslctx is None:
        server = ModbusTcpServer(devices, framer=framer, address=address, ignore_missing_devices=True)
    else:
        server = ModbusTlsServer(devices, address=address, sslctx=sslctx)
    await server.serve_forever(background=True)
    try:
        yield server.transport.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    finally:
        await server.shutdown()


def number_at(address: int) -> int:
    """A register content that tells which address it came from."""
    return (address * 7919 + 13) % 65536


def numbered(
    number: int = 1, *, size: int = 1000, holes: tuple[int, ...] = (), hook: Hook | None = None
) -> SimUnit:
    """A unit whose registers tell their address."""
    return SimUnit(number, size, holes, hook, registers=[number_at(place) for place in range(size)])


def link(port: int, points: Sequence[Point], *, scheme: str = "tcp", **settings: Any) -> LinkSettings:
    """Settings of a connection to a peer on loopback, with short times for tests."""
    short = {"timeout_ms": 2000, "connect_timeout_ms": 2000, "busy_wait_ms": 5}
    return LinkSettings("plc1", f"{scheme}://127.0.0.1:{port}", short | settings, tuple(points))


def words(offsets: Iterable[int], *, unit: int = 1, period_ms: int = 1000, first: int = 0) -> list[Point]:
    """Unsigned holding registers as points, handles counting from ``first``."""
    return [
        Point(first + place, f"{unit}.{offset} HR", ValueType.UINT64, period_ms, True)
        for place, offset in enumerate(offsets)
    ]


def order_to_write(handle: int, value: Value, *, seconds: float = 5.0) -> WriteRequest:
    """A write with a deadline some seconds ahead."""
    return WriteRequest("c1", f"t{handle}", handle, value, monotonic_ns() + int(seconds * NS_PER_S))


async def scan(driver: ModbusDriver) -> dict[int, DataValue]:
    """Every block once; the updates of all of them."""
    return {handle: value for block in driver.plan() for handle, value in (await driver.read(block)).updates}


async def _serve_until_ended(size: int) -> None:
    async with serving([SimUnit(size=size)]) as port:
        print(port, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve_until_ended(int(sys.argv[1])))

"""The device of the storm, for both protocols: what it was told to write, with the time, in order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from hmi.acquisition import SIMULATOR_VENDOR
from hmi.bench.peers.opcua_device import OpcuaFraming, serving_opcua
from hmi.core.clock import monotonic_ns
from hmi.testing.hostile import Framing, ModbusFraming

FRAMINGS: Final[dict[str, type[Framing]]] = {"modbus": ModbusFraming, "opcua": OpcuaFraming}


@dataclass(slots=True)
class Written:
    """One write that the device carried out: which tag, which value, when (monotonic ns)."""

    tag: int
    value: int
    time_ns: int


@dataclass(slots=True)
class StormDevice:
    """``written`` is the device's own journal of writes."""

    port: int = 0
    written: list[Written] = field(default_factory=list[Written])

    def note(self, tag: int, value: int) -> None:
        self.written.append(Written(tag, value, monotonic_ns()))


@asynccontextmanager
async def serving_device(protocol: str, tags: int) -> AsyncIterator[StormDevice]:
    """Serve ``tags`` numbers on loopback."""
    device = StormDevice()
    async with (_modbus if protocol == "modbus" else _opcua)(device, tags):
        yield device


@asynccontextmanager
async def _modbus(device: StormDevice, tags: int) -> AsyncIterator[None]:
    from pymodbus.pdu.device import ModbusDeviceIdentification
    from pymodbus.server import ModbusTcpServer
    from pymodbus.simulator import DataType, SimData, SimDevice

    async def action(
        _function: int, _start: int, address: int, _count: int, _current: list[int],
        values: Sequence[Any] | None,
    ) -> None:  # fmt: skip
        for place, value in enumerate(values or ()):
            device.note(address + place, int(value))

    says = ModbusDeviceIdentification(info={0: SIMULATOR_VENDOR, 1: "device", 2: "1"})
    bits = [SimData(0, count=tags, values=False, datatype=DataType.BITS)]
    words = [SimData(0, values=[0] * tags, datatype=DataType.REGISTERS)]
    blocks = (bits, list(bits), words, list(words))
    unit = SimDevice(1, simdata=blocks, action=action, identity=says)
    server = ModbusTcpServer([unit], identity=says, address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    device.port = server.transport.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    try:
        yield
    finally:
        await server.shutdown()
        # the library keeps one identity for all servers of a process: the next one is no simulator
        server.control.Identity.update(ModbusDeviceIdentification(info={0: "", 1: "", 2: ""}))


@asynccontextmanager
async def _opcua(device: StormDevice, tags: int) -> AsyncIterator[None]:
    from asyncua import ua

    nodes = {f"n{number}": (0, ua.VariantType.UInt32) for number in range(tags)}
    async with serving_opcua(nodes, {}) as server:
        device.port = server.port
        server.told = lambda name, value: device.note(int(name[1:]), int(value))
        yield

"""Modbus servers: PLC memory as registers and coils, filled when read, taken in when written."""

from __future__ import annotations

import logging
import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.pdu.device import ModbusDeviceIdentification
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from simulators.kit.codec import decode, encode
from simulators.kit.points import WORDS, Point

log = logging.getLogger(__name__)
_TABLES = {1: "C", 2: "DI", 3: "HR", 4: "IR", 5: "C", 6: "HR", 15: "C", 16: "HR", 22: "HR", 23: "HR"}
SPARSE_GAP = 17


class PortTaken(Exception):
    """A fixed port is in use; the message says which and what to do."""


@dataclass(slots=True)
class _Table:
    """One table of a unit: words (or bits) with what stands where."""

    items: list[tuple[int, int, Point]] = field(default_factory=list)
    image: list[int] = field(default_factory=list)
    version: int = -1

    def add(self, offset: int, bit: int, point: Point) -> None:
        self.items.append((offset, bit, point))

    @property
    def size(self) -> int:
        return max((o + WORDS.get(p.type, 1) for o, _, p in self.items), default=1)


def parse(address: str) -> tuple[str, int, int]:
    """``IR101.3`` -> (IR, 100, 3); bit -1 when there is none."""
    head, _, bit = address.partition(".")
    table = head.rstrip("0123456789")
    return table, int(head[len(table) :]) - 1, int(bit) if bit else -1


class Unit:
    """One Modbus unit over the points of a PLC. ``state`` gives values, ``write`` takes them in."""

    def __init__(
        self,
        number: int,
        points: list[Point],
        *,
        state: Callable[[], Mapping[str, Any]],
        write: Callable[[str, Any], None],
        version: Callable[[], int],
    ) -> None:
        self.number = number
        self._state, self._write, self._version = state, write, version
        self._tables: dict[str, _Table] = {name: _Table() for name in ("C", "DI", "HR", "IR")}
        for point in points:
            table, offset, bit = parse(point.address)
            self._tables[table].add(offset, bit, point)

    def device(self, identity: ModbusDeviceIdentification) -> SimDevice:
        """The pymodbus device of this unit."""
        simdata = (self._bits("C"), self._bits("DI"), self._registers("HR"), self._registers("IR"))
        return SimDevice(id=self.number, simdata=simdata, action=self._action, identity=identity)

    def _bits(self, name: str) -> list[SimData]:
        size = (self._tables[name].size + 15) // 16 * 16
        return [SimData(0, values=[False] * size, datatype=DataType.BITS)]

    def _registers(self, name: str) -> list[SimData]:
        """Small gaps are readable zeros, larger ones refuse with exception 02."""
        used = sorted(
            {o + k for o, _, p in self._tables[name].items for k in range(WORDS.get(p.type, 1))}
        ) or [0]
        blocks: list[list[int]] = [[used[0], used[0]]]
        for offset in used[1:]:
            if offset - blocks[-1][1] <= SPARSE_GAP:
                blocks[-1][1] = offset
            else:
                blocks.append([offset, offset])
        return [SimData(a, count=b - a + 1, values=0, datatype=DataType.REGISTERS) for a, b in blocks]

    def _refresh(self, table: _Table, *, bits: bool) -> list[int]:
        if table.version == self._version():
            return table.image
        table.version = self._version()
        state = self._state()
        image = [0] * (table.size // 16 + 1 if bits else table.size)
        for offset, bit, point in table.items:
            value = state[point.name]
            if bits:
                image[offset // 16] |= bool(value) << offset % 16
            elif point.type == "bool":
                image[offset] |= bool(value) << bit
            else:
                words = encode(point, value)
                image[offset : offset + len(words)] = words
        table.image = image
        return image

    async def _action(
        self,
        function: int,
        start: int,
        address: int,
        count: int,
        registers: list[int],
        values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        name = _TABLES.get(function, "")
        table = self._tables.get(name)
        if table is None:
            return ExcCodes.ILLEGAL_FUNCTION
        if values:
            if name == "C":
                return self._write_coils(table, address, list(values))
            return self._write_registers(table, address, [int(v) for v in values])
        image = self._refresh(table, bits=name in ("C", "DI"))
        end = min(len(registers), len(image) - start)
        registers[:end] = image[start : start + end]
        return None

    def _write_coils(self, table: _Table, address: int, values: list[Any]) -> ExcCodes | None:
        wanted = range(address, address + len(values))
        hit = [(o, p) for o, _, p in table.items if o in wanted]
        if not hit:
            return ExcCodes.ILLEGAL_ADDRESS
        for offset, point in hit:
            self._write(point.name, bool(values[offset - address]))
        table.version = -1
        return None

    def _write_registers(self, table: _Table, address: int, values: list[int]) -> ExcCodes | None:
        image = list(self._refresh(table, bits=False))
        image[address : address + len(values)] = values
        end = address + len(values)
        hit = [
            (o, p) for o, _, p in table.items if o < end and o + WORDS.get(p.type, 1) > address and p.writable
        ]
        if not hit:
            return ExcCodes.ILLEGAL_ADDRESS
        decoded = [(p, decode(p, image[o : o + WORDS[p.type]])) for o, p in hit]
        for point, value in decoded:
            if not math.isfinite(value) or (point.high > point.low and not point.low <= value <= point.high):
                return ExcCodes.ILLEGAL_VALUE
        for point, value in decoded:
            self._write(point.name, value)
        table.version = -1
        return None


def _absent_units(identity: ModbusDeviceIdentification) -> SimDevice:
    """What a gateway says for a unit that is not on its line: 0x0B."""

    async def refuse(*_: Any) -> ExcCodes | None:
        return ExcCodes.GATEWAY_NO_RESPONSE

    bits = [SimData(0, values=[False] * 65536, datatype=DataType.BITS)]
    words = [SimData(0, count=65536, values=0, datatype=DataType.REGISTERS)]
    return SimDevice(id=0, simdata=(bits, list(bits), words, list(words)), action=refuse, identity=identity)


class ModbusEndpoint:
    """One Modbus connection of a simulator: a TCP PLC, or an RTU-over-TCP gateway with several units."""

    def __init__(self, name: str, points: list[Point], *, gateway: bool, **hooks: Any) -> None:
        self.name, self._gateway = name, gateway
        units: dict[int, list[Point]] = defaultdict(list)
        for point in points:
            units[point.device].append(point)
        self._units = [Unit(number, rows, **hooks) for number, rows in sorted(units.items())]
        self._server: ModbusTcpServer | None = None
        self._identity = ModbusDeviceIdentification()
        self.port = 0

    @property
    def url(self) -> str:
        """Endpoint as a plant file names it."""
        return f"{'rtu+tcp' if self._gateway else 'tcp'}://127.0.0.1:{self.port}"

    async def start(self, port: int, *, product: str, session: str, version: str) -> None:
        """Listen on loopback; PortTaken when the port is in use."""
        self._identity = ModbusDeviceIdentification(
            info={0: "Watchkeeper simulator", 1: product, 2: version, 4: product, 5: session, 6: session}
        )
        await self._listen(port)

    async def _listen(self, port: int) -> None:
        identity = self._identity
        devices = [unit.device(identity) for unit in self._units]
        devices.append(_absent_units(identity))
        framer = FramerType.RTU if self._gateway else FramerType.SOCKET
        server = ModbusTcpServer(devices, framer=framer, identity=identity, address=("127.0.0.1", port))
        try:
            await server.serve_forever(background=True)
        except RuntimeError as error:
            raise PortTaken(
                f"port {port} for {self.name} is already in use; stop what uses it or start with --ports auto"
            ) from error
        self._server = server
        self.port = server.transport.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Close the listener and every connection until mend."""
        await self.stop()

    async def mend(self) -> None:
        """Listen again on the same port."""
        await self._listen(self.port)

    async def stop(self) -> None:
        """Close the listener and every connection."""
        if self._server:
            await self._server.shutdown()
            self._server = None

    @property
    def running(self) -> bool:
        """Is the listener open?"""
        return self._server is not None

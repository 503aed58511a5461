"""Forged writes at the border of the OPC UA driver; a server on loopback keeps every write, the client's socket every
request that could change something.
"""

# pyright: reportPrivateImportUsage=false, reportPrivateUsage=false
# the library re-exports its names without saying so; the socket is looked at where the driver's last byte leaves it
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from asyncua import ua

from hmi.acquisition.port import LinkSettings, Point
from hmi.bench._forged import Forger
from hmi.bench._fuzz_modbus import Found
from hmi.bench.peers.opcua_device import URI, OpcuaDevice, serving_opcua
from hmi.core.clock import monotonic_ns
from hmi.core.commands import WriteState
from hmi.core.values import ValueType
from hmi.drivers.opcua.driver import OpcuaDriver, create

_NODES: Final[dict[str, tuple[Any, ua.VariantType, ValueType]]] = {
    "flag": (False, ua.VariantType.Boolean, ValueType.BOOL),
    "byte": (0, ua.VariantType.Byte, ValueType.UINT64),
    "word": (0, ua.VariantType.UInt16, ValueType.UINT64),
    "long": (0, ua.VariantType.Int64, ValueType.INT64),
    "real": (0.0, ua.VariantType.Float, ValueType.FLOAT32),
    "double": (0.0, ua.VariantType.Double, ValueType.FLOAT64),
    "text": ("", ua.VariantType.String, ValueType.STRING),
    "bytes": (b"", ua.VariantType.ByteString, ValueType.BYTES),
}
_WRITE: Final = 673
_SERVICES: Final = frozenset((_WRITE, 631, 461, 467, 473, 446, 452, 428, 554, 751, 787, 826, 797, 847, 769))
"""Encoding ids of what the driver may send: read, write, sessions, channels, browsing, subscriptions."""


class _Wire:
    """Stands before a transport and keeps the service of every message: (encoding id, length)."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self.kept: list[tuple[int, int]] = []

    def write(self, data: bytes) -> None:
        if data[:3] == b"MSG":
            self.kept.append((int.from_bytes(data[26:28], "little"), len(data)))
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def _points() -> list[Point]:
    """Each node twice: as a point that can be written, and its neighbour that the plant keeps read-only."""
    points: list[Point] = []
    for name, (_value, _kind, type_) in _NODES.items():
        for node, writable in ((name, True), (f"{name}2", False), (f"{name}3", True)):
            points.append(Point(len(points), f"nsu={URI};s={node}", type_, 60_000, writable, {}))
    return points


@asynccontextmanager
async def _connected() -> AsyncIterator[tuple[OpcuaDriver, OpcuaDevice, _Wire]]:
    """The neighbours can be written as far as the server cares; only the plant says no. The third is locked there."""
    kinds = {name: (value, kind) for name, (value, kind, _) in _NODES.items()}
    neighbours = {f"{name}2": one for name, one in kinds.items()}
    async with serving_opcua(
        {**kinds, **neighbours}, {f"{name}3": one for name, one in kinds.items()}
    ) as device:
        driver = create(LinkSettings("plc", device.url, {"timeout_ms": 60_000}, tuple(_points())))
        await driver.open()
        assert driver._link is not None
        protocol = driver._link.transport.protocol
        assert protocol is not None
        wire = _Wire(protocol.transport)
        protocol.transport = wire  # pyright: ignore[reportAttributeAccessIssue]
        try:
            yield driver, device, wire
        finally:
            await driver.close()


async def forged_requests(attempts: int, seed: int) -> Found:
    """Forged ``WriteRequest`` at the driver's border."""
    points, found = _points(), Found()
    names = {point.handle: point.address.rpartition("=")[2] for point in points if point.writable}
    forger = Forger([point.handle for point in points], seed)
    async with _connected() as (driver, device, wire):
        for number in range(attempts):
            request = forger.request()
            name, is_late = names.get(request.handle), request.deadline_ns <= monotonic_ns()
            try:
                await driver.write(request)
            except Exception:
                # counted: the border promises an outcome for whatever is handed over
                found.raised += 1
            found.attempts += 1
            for service, length in wire.kept:
                is_write = service == _WRITE
                found.writes += is_write
                found.late += is_write and is_late
                found.outside += length if service not in _SERVICES or (is_write and name is None) else 0
            found.elsewhere += any(node != name for node, _value in device.log) + len(device.attributes)
            wire.kept.clear()
            device.log.clear()
            device.attributes.clear()
            if number % 64 == 0:
                await asyncio.sleep(0)
        if (await driver.write(forger.named(6))).state is not WriteState.DONE:
            raise RuntimeError("the line did not hold to the end: what was not sent proves nothing")
    return found

"""OPC UA server of a simulator: loopback only, values written when they change, stamped with simulated time."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from asyncua import Server, ua

from simulators._modbus import PortTaken
from simulators.kit.points import URN, Point

log = logging.getLogger(__name__)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_VARIANTS = {
    "bool": ua.VariantType.Boolean, "float32": ua.VariantType.Float, "uint16": ua.VariantType.UInt16,
    "uint32": ua.VariantType.UInt32, "int16": ua.VariantType.Int16, "string": ua.VariantType.String,
}  # fmt: skip
_UNECE = {
    "%": "P1",
    "mg/L": "M1",
    "m": "MTR",
    "h": "HUR",
    "min": "MIN",
    "s": "SEC",
    "°C": "CEL",
    "m³/h": "MQH",
}


def utc(ns: int) -> datetime:
    """A datetime for the OPC UA library (microseconds)."""
    return _EPOCH + timedelta(microseconds=ns // 1000)


def _unit_id(code: str) -> int:
    number = 0
    for char in code:
        number = number << 8 | ord(char)
    return number or -1


class OpcuaEndpoint:
    """The OPC UA connection of a simulator."""

    def __init__(
        self,
        name: str,
        points: list[Point],
        *,
        state: Callable[[], Mapping[str, Any]],
        write: Callable[[str, Any], None],
        version: Callable[[], int],
    ) -> None:
        self.name = name
        self._points = points
        self._state, self._write = state, write
        self._server: Server | None = None
        self._nodes: list[tuple[Point, Any, ua.VariantType]] = []
        self._last: dict[str, Any] = {}
        self._own: ua.DataValue | None = None
        self._cut = False
        self.port = 0

    @property
    def url(self) -> str:
        """Endpoint as a plant file names it."""
        return f"opc.tcp://127.0.0.1:{self.port}/watchkeeper/"

    @property
    def running(self) -> bool:
        """Is the listener open?"""
        return self._server is not None and not self._cut

    async def start(self, port: int, *, product: str, session: str, version: str) -> None:
        """Build the address space and listen; PortTaken when the port is in use."""
        self.port = _reserve(port, self.name)
        server = Server()
        await server.init()
        server.set_endpoint(self.url)
        server.set_server_name("Watchkeeper simulator")
        await server.set_application_uri(URN)
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        await server.set_build_info(
            URN, "Watchkeeper simulator", product, version, "1", datetime(2026, 1, 1, tzinfo=UTC)
        )
        index = await server.register_namespace(URN)
        await self._build(server, index)
        await server.start()
        self._server = server
        self._last = {}

    async def _build(self, server: Server, index: int) -> None:
        folders: dict[str, Any] = {}
        self._nodes = []
        for point in self._points:
            parent = await self._parent(server, index, point.address, folders)
            label = point.address.rpartition(".")[2]
            variant = _VARIANTS[point.type]
            nodeid = ua.NodeId(point.address, index)
            start = ua.Variant(_cast(point, self._state()[point.name]), variant)
            node = await parent.add_variable(nodeid, ua.QualifiedName(label, index), start)
            if point.high > point.low:
                await self._describe(node, point, index)
            if point.writable:
                await node.set_writable()
                server.set_attribute_value_setter(nodeid, self._setter(point))
            self._nodes.append((point, nodeid, variant))

    async def _parent(self, server: Server, index: int, address: str, folders: dict[str, Any]) -> Any:
        path, parent = "", server.nodes.objects
        for part in address.split(".")[:-1]:
            path = f"{path}.{part}" if path else part
            if path not in folders:
                folders[path] = await parent.add_object(ua.NodeId(path, index), ua.QualifiedName(part, index))
            parent = folders[path]
        return parent

    @staticmethod
    async def _describe(node: Any, point: Point, index: int) -> None:
        await node.add_property(
            ua.NodeId(f"{point.address}.EURange", index), ua.QualifiedName("EURange", 0),
            ua.Range(Low=point.low, High=point.high),
        )  # fmt: skip
        unit = ua.EUInformation()
        unit.NamespaceUri = "http://www.opcfoundation.org/UA/units/un/cefact"
        unit.UnitId = _unit_id(_UNECE.get(point.unit, ""))
        unit.DisplayName = ua.LocalizedText(point.unit)
        unit.Description = ua.LocalizedText(point.unit)
        await node.add_property(
            ua.NodeId(f"{point.address}.EngineeringUnits", index),
            ua.QualifiedName("EngineeringUnits", 0),
            unit,
        )

    def _setter(self, point: Point) -> Callable[[Any, Any, ua.DataValue], None]:
        """Stores what is written and hands a client's write to the PLC; out of range is refused."""

        def store(node: Any, attribute: Any, data: ua.DataValue) -> None:
            value = data.Value.Value if data.Value else None
            if data is not self._own:
                if point.high > point.low and not point.low <= value <= point.high:
                    raise ua.uaerrors.BadOutOfRange
                self._write(point.name, value)
                self._last[point.name] = _cast(point, value)
            node.attributes[attribute].value = data

        return store

    async def publish(self, time_ns: int) -> int:
        """Write what changed since the last call; returns how many values."""
        if self._server is None:
            return 0
        state, last, count = self._state(), self._last, 0
        write = self._server.iserver.aspace.write_attribute_value
        now, stamp = datetime.now(UTC), utc(time_ns)
        for point, nodeid, variant in self._nodes:
            value = _cast(point, state[point.name])
            if last.get(point.name) == value:
                continue
            last[point.name] = value
            data = ua.DataValue(ua.Variant(value, variant), SourceTimestamp=stamp, ServerTimestamp=now)
            self._own = data
            await write(nodeid, ua.AttributeIds.Value, data)
            count += 1
        return count

    async def cut(self) -> None:
        """Close the listener and every connection, keep the address space (building it takes seconds)."""
        if self._server and self._server.bserver:
            self._cut = True
            await self._server.bserver.stop()

    async def mend(self) -> None:
        """Listen again."""
        if self._server and self._server.bserver:
            await self._server.bserver.start()
            self._cut = False

    async def stop(self) -> None:
        """Close the listener and every session."""
        if self._server:
            server, self._server = self._server, None
            await server.stop()


def _cast(point: Point, value: Any) -> Any:
    if point.type == "bool":
        return bool(value)
    if point.type == "float32":
        return float(value)
    return str(value) if point.type == "string" else int(value)


def _reserve(port: int, name: str) -> int:
    """Check that a port is free (0 picks one) before the library, which only logs, tries to bind it."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise PortTaken(
                f"port {port} for {name} is already in use; stop what uses it or start with --ports auto"
            ) from error
        return probe.getsockname()[1]

"""An OPC UA device inside this process that keeps every write it is asked for; listens on loopback only."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from asyncua import Server, ua
from asyncua.common.callback import CallbackType
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary

from hmi.acquisition import SIMULATOR_VENDOR
from hmi.bench.peers.opcua_server import free_port

URI = "urn:bench:device"


class OpcuaFraming:
    """UA TCP without security; a write request names its single value."""

    _WRITE: Final = b"\x01\x00\xa1\x02"

    def size(self, buffer: bytes) -> int:
        return int.from_bytes(buffer[4:8], "little") if len(buffer) >= 8 else 0

    def written(self, message: bytes) -> int | None:
        if message[:3] != b"MSG" or message[24:28] != self._WRITE:
            return None
        request: Any = struct_from_binary(ua.WriteRequest, Buffer(message[24:]))
        return int(request.Parameters.NodesToWrite[0].Value.Value.Value)


@dataclass
class OpcuaDevice:
    """``log`` keeps each write of a client as (node name, value), in order; ``attributes`` what else than values was
    written; ``told`` hears of each write.
    """

    port: int
    log: list[tuple[str, Any]] = field(default_factory=list[tuple[str, Any]])
    attributes: list[int] = field(default_factory=list[int])
    told: Callable[[str, Any], None] = lambda _name, _value: None

    @property
    def url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.port}/device/"

    def _written(self, event: Any, _service: object) -> None:
        if not event.is_external:
            return
        for item in event.request_params.NodesToWrite:
            if item.AttributeId != ua.AttributeIds.Value:
                self.attributes.append(int(item.AttributeId))
            self.log.append((str(item.NodeId.Identifier), item.Value.Value.Value))
            self.told(*self.log[-1])


@asynccontextmanager
async def serving_opcua(
    nodes: Mapping[str, tuple[Any, ua.VariantType]], locked: Mapping[str, tuple[Any, ua.VariantType]]
) -> AsyncIterator[OpcuaDevice]:
    """Serve nodes that can be written and ``locked`` ones; the device says that it is a simulator."""
    logging.getLogger("asyncua.server").setLevel(logging.CRITICAL)  # a broken client is what it is here for
    device, server = OpcuaDevice(free_port()), Server()
    await server.init()
    server.set_endpoint(device.url)
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    built = datetime(2026, 1, 1, tzinfo=UTC)
    await server.set_build_info(URI, SIMULATOR_VENDOR, "device", "1", "1", built)
    index = await server.register_namespace(URI)
    folder = server.nodes.objects
    for number, (name, (value, kind)) in enumerate({**nodes, **locked}.items()):
        if number % 100 == 0:  # adding a node gets slower with every neighbour
            folder = await server.nodes.objects.add_folder(index, f"F{number}")
        variable = await folder.add_variable(ua.NodeId(name, index), name, ua.Variant(value, kind))
        if name in nodes:
            await variable.set_writable()
    server.subscribe_server_callback(CallbackType.PreWrite, device._written)
    async with server:
        yield device

"""An OPC UA server in a process of its own, whose values all change with every publication.

Run as ``python -m hmi.bench.peers.opcua_server ITEMS``; prints its port and ends with its parent. Sessions,
subscriptions, monitored items, sequence numbers, acknowledgements and chunks are the library's own. Only the body
of a notification is put together here, byte for byte as the library would: the library spends more on encoding
10,000 values than a client may spend on reading them, and the two would share this machine.
"""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false, reportPrivateUsage=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence

import numpy as np
from asyncua import Server, ua
from asyncua.server import subscription_service
from asyncua.server.internal_subscription import InternalSubscription

from hmi.core.clock import wall_ns

URI = "urn:watchkeeper:bench"
FOLDER = 100
_STEP = 0.5
_TICKS_PER_US = 10
_TICKS_1601_TO_1970 = 116_444_736_000_000_000
_VALUE_STATUS_TIMES, _DOUBLE = 0x0F, 11
# one MonitoredItemNotification: client handle, then a DataValue of a Double (OPC 10000-6, 5.2.2.17 and 5.2.5)
_ITEM = np.dtype(
    [
        ("handle", "<u4"),
        ("mask", "u1"),
        ("type", "u1"),
        ("value", "<f8"),
        ("status", "<u4"),
        ("source_time", "<i8"),
        ("server_time", "<i8"),
    ]
)


class Notification:
    """The body of a DataChangeNotification for items that never change; ``encoded`` gives each time other values."""

    def __init__(self, handles: Sequence[int]) -> None:
        self._items = np.zeros(len(handles), _ITEM)
        self._items["handle"] = handles
        self._items["mask"], self._items["type"] = _VALUE_STATUS_TIMES, _DOUBLE
        self._start = np.arange(len(handles), dtype=np.float64)
        self._before = np.arange(len(handles), 0, -1) * _TICKS_PER_US

    def __len__(self) -> int:
        return len(self._items)

    def encoded(self, turn: int, utc_ns: int) -> bytes:
        """All items, Good, value = number + half the turn; stamped 1 us after one another, up to ``utc_ns``.

        No two values or times are the same: a client gains nothing by remembering the last one.
        """
        ticks = utc_ns // 100 + _TICKS_1601_TO_1970
        self._items["value"] = self._start + turn * _STEP
        self._items["source_time"] = self._items["server_time"] = ticks - self._before
        count, no_diagnostics = struct.pack("<i", len(self._items)), struct.pack("<i", 0)
        return count + self._items.tobytes() + no_diagnostics


class PreparedSubscription(InternalSubscription):
    """Publishes every monitored bench item in every publishing interval."""

    _turn = 0
    _prepared = Notification(())

    def has_published_results(self) -> bool:
        return super().has_published_results() or (self._publishing_enabled and bool(self._bench_items()))

    def _bench_items(self) -> dict[int, int]:
        """Item id and client handle of what the bench monitors."""
        return {
            number: item.client_handle or 0
            for number, item in self.monitored_item_srv._monitored_items.items()
            if item.read_value_id is not None and str(item.read_value_id.NodeId.Identifier).startswith("V")
        }

    def _pop_triggered_datachanges(self, result: ua.PublishResult) -> None:
        items = self._bench_items()
        for number in items:
            self._triggered_datachanges.pop(
                number, None
            )  # the first value, which the library reads on creation
        super()._pop_triggered_datachanges(result)
        if not items:
            return
        if len(items) != len(self._prepared):
            self._prepared = Notification(list(items.values()))
        self._turn += 1
        notification = ua.FourByteNodeId(ua.ObjectIds.DataChangeNotification_Encoding_DefaultBinary)
        body = self._prepared.encoded(self._turn, wall_ns())
        result.NotificationMessage.NotificationData.append(ua.ExtensionObject(notification, body))


def free_port() -> int:
    """A port that nobody uses at present."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def url(port: int) -> str:
    """Endpoint of the server."""
    return f"opc.tcp://127.0.0.1:{port}/bench/"


async def serve(items: int, port: int) -> None:
    """Publish until the standard input closes."""
    logging.getLogger("asyncua").setLevel(logging.ERROR)
    subscription_service.InternalSubscription = PreparedSubscription  # type: ignore[misc]
    server = Server()
    await server.init()
    server.set_endpoint(url(port))
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    index = await server.register_namespace(URI)
    folder = server.nodes.objects
    for number in range(items):
        if number % FOLDER == 0:  # adding a node gets slower with every neighbour
            folder = await server.nodes.objects.add_folder(index, f"F{number}")
        await folder.add_variable(ua.NodeId(f"V{number}", index), f"V{number}", float(number))
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    async with server:
        print(port, flush=True)
        await ended


@contextlib.contextmanager
def running(items: int) -> Iterator[str]:
    """Start the server; its endpoint. It ends when its standard input is closed."""
    command = [sys.executable, "-m", "hmi.bench.peers.opcua_server", str(items)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.strip().isdigit():
            raise RuntimeError("the OPC UA server of the benchmark did not start")
        yield url(int(line))
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), free_port()))

"""OPC UA server: values shown by the exporter, against the bare server of the library being written the same values.

Every variable is monitored by one subscription, in both.
"""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false, reportPrivateUsage=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from asyncua import Server, ua

from hmi.bench._export_files import scans
from hmi.bench.figure import Figure
from hmi.bench.peers.opcua_server import free_port
from hmi.core.clock import NS_PER_S
from hmi.export.digest import schema_digest
from hmi.export.port import ExportContext, Rows, Schema
from hmi.exporters.opcua_server.definition import SETTINGS
from hmi.exporters.opcua_server.exporter import create

GOAL: Final = 0.7
SCANS: Final = 10
FOLDER: Final = 100
_INTERVAL_MS: Final = 500


class _Nobody:
    """Takes notifications and does nothing with them."""

    def datachange_notification(self, node: Any, value: Any, data: Any) -> None:
        """One value."""


def figures() -> list[Figure]:
    """The rate of the fastest scan of each; they take turns, so that both see the same machine."""
    logging.getLogger("asyncua").setLevel(logging.ERROR)
    rows = scans(SCANS)
    parts = [_scan(rows, number) for number in range(SCANS)]
    ours, theirs = asyncio.run(_compared(parts))
    count = len(parts[0])
    ratio = theirs / ours
    text = f"{count / ours:,.0f} values/s; asyncua, write_attribute_value {count / theirs:,.0f} values/s"
    return [Figure("export.opcua_server_vs_library", ratio, "ratio", text, f">= {GOAL}", ratio >= GOAL)]


async def _compared(parts: list[Rows]) -> tuple[float, float]:
    """Seconds of the fastest scan through the exporter and into the bare server."""
    server, nodes = await _bare(parts[0])
    exporter, ours, theirs = _opened(parts[0]), list[float](), list[float]()
    try:
        async with server:
            await _monitor(server, nodes)
            for part in parts:
                started = time.perf_counter()
                exporter.live(part)
                between = time.perf_counter()
                await _write(server, nodes, part)
                theirs.append(time.perf_counter() - between)
                ours.append(between - started)
                await asyncio.sleep(0)
    finally:
        exporter.close()
    return min(ours), min(theirs)


def _scan(rows: Rows, number: int) -> Rows:
    size = len(rows) // SCANS
    chosen = np.arange(number * size, (number + 1) * size)
    return replace(
        rows,
        places=rows.places[chosen],
        samples=rows.samples.take(chosen),
        revisions=rows.revisions[chosen],
        deleted=rows.deleted[chosen],
    )


def _opened(part: Rows) -> Any:
    """The exporter at work, every variable monitored."""
    settings = {one.name: one.default for one in SETTINGS}
    settings |= {"endpoint": f"opc.tcp://127.0.0.1:{free_port()}/bench", "security": "none"}
    context = ExportContext(
        "bench", "p/bench", "plant", "Bench", False, "samples", str, lambda: datetime.now(UTC), lambda: False
    )
    exporter: Any = create(settings, context)
    exporter.open()
    exporter.describe(Schema("p/bench", schema_digest(part.tags), part.tags, "plant", "Bench", "UTC", "", 0))
    nodes = [ua.NodeId(tag.key, 2) for tag in part.tags]
    asyncio.run_coroutine_threadsafe(_monitor(exporter._server, nodes), exporter._loop).result(60)
    return exporter


async def _bare(part: Rows) -> tuple[Server, list[ua.NodeId]]:
    """A server of the library with as many variables, not started."""
    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{free_port()}/bench")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    index = await server.register_namespace("urn:watchkeeper:bench")
    nodes = [ua.NodeId(tag.key, index) for tag in part.tags]
    folder = server.nodes.objects
    for number, node in enumerate(nodes):
        if number % FOLDER == 0:  # adding a node gets slower with every neighbour
            folder = await server.nodes.objects.add_folder(index, f"F{number}")
        await folder.add_variable(node, f"V{number}", 0.0)
    return server, nodes


async def _write(server: Server, nodes: list[ua.NodeId], part: Rows) -> None:
    for place, value in zip(part.places.tolist(), part.samples.values(), strict=True):
        kind = ua.VariantType.Null if value.value is None else ua.VariantType.Double
        shown = ua.DataValue(
            ua.Variant(value.value, kind),
            StatusCode=ua.StatusCode(value.status),
            SourceTimestamp=datetime.fromtimestamp(value.source_time / NS_PER_S, UTC),
            ServerTimestamp=datetime.fromtimestamp(value.receive_time / NS_PER_S, UTC),
        )
        await server.write_attribute_value(nodes[place], shown)


async def _monitor(server: Server, nodes: list[ua.NodeId]) -> None:
    subscription = await server.create_subscription(_INTERVAL_MS, _Nobody())
    await subscription.subscribe_data_change([server.get_node(node) for node in nodes], queuesize=1)

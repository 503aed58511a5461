"""An OPC UA server on loopback with a long history that is made when it is asked for."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from asyncua import ua
from opcua_plant import Plant, free_port

from hmi.drivers.opcua._times import ticks_of
from hmi.drivers.opcua._values import ns_of_datetime

BEGIN = 1_772_366_400_000_000_000  # 1 March 2026, 12:00 UTC
STEP_NS = 100_000_000
_RECORD = np.dtype([("mask", "u1"), ("kind", "u1"), ("value", "<f8"), ("source", "<i8")])
_WITH_SOURCE, _DOUBLE = 5, 11


class MadeHistory:
    """``count`` values, one each 100 ms from ``BEGIN`` on, in pages of at most ``page`` with continuation points.

    ``held``: points that were not given back yet. ``is_stubborn``: gives a whole page whatever is asked for.
    """

    def __init__(self, count: int, page: int) -> None:
        self.count, self.page = count, page
        self.held: set[bytes] = set()
        self.is_stubborn = False

    async def read_history(self, params: Any) -> list[ua.HistoryReadResult]:
        """What the history manager of the server is asked for."""
        return [self._read(params.HistoryReadDetails, wish) for wish in params.NodesToRead]

    def _read(self, details: Any, wish: Any) -> ua.HistoryReadResult:
        result = ua.HistoryReadResult()
        begin = max(-(-(ns_of_datetime(details.StartTime) - BEGIN) // STEP_NS), 0)
        if wish.ContinuationPoint:
            self.held.discard(wish.ContinuationPoint)
            begin = int(wish.ContinuationPoint)
        stop = min((ns_of_datetime(details.EndTime) - BEGIN) // STEP_NS + 1, self.count)
        most = self.page if self.is_stubborn else details.NumValuesPerNode
        last = min(begin + min(most or self.page, self.page), stop)
        result.HistoryData = ua.ExtensionObject(ua.NodeId(658), _encoded(begin, last))
        if last < stop and details.NumValuesPerNode:
            result.ContinuationPoint = str(last).encode()
            self.held.add(result.ContinuationPoint)
        return result


def _encoded(begin: int, last: int) -> bytes:
    """The body of a HistoryData; the library would need a minute for a million values."""
    rows = np.zeros(max(last - begin, 0), _RECORD)
    places = np.arange(begin, begin + len(rows))
    rows["mask"], rows["kind"], rows["value"] = _WITH_SOURCE, _DOUBLE, places
    rows["source"] = ticks_of(BEGIN) + places * (STEP_NS // 100)
    return len(rows).to_bytes(4, "little") + rows.tobytes()


@asynccontextmanager
async def history_server(count: int, page: int) -> AsyncIterator[tuple[Plant, MadeHistory]]:
    """A server whose node ``Past`` has that history."""
    plant, made = Plant(free_port()), MadeHistory(count, page)
    await plant.start()
    await plant.add("Past", 1.5, ua.VariantType.Double)
    node = plant.server.get_node(plant.node("Past"))
    for level in (ua.AttributeIds.AccessLevel, ua.AttributeIds.UserAccessLevel):
        await node.set_attr_bit(level, ua.AccessLevel.HistoryRead)
    manager: Any = plant.server.iserver.history_manager
    manager.read_history = made.read_history
    async with plant.server:
        yield plant, made

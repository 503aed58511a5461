"""``hmi browse`` of the simulator's OPC UA server: ranges and units come back as the simulator has them."""

from __future__ import annotations

import pytest
from opcua_plant import free_port

from hmi.drivers.opcua.browser import create
from hmi.project.importing import BrowseAsk
from simulators._opcua import OpcuaEndpoint
from simulators.kit.points import Point

pytestmark = pytest.mark.asyncio


async def test_points_of_a_simulator_come_back_with_range_and_unit() -> None:
    points = [
        Point("level", "plc", 1, "float32", "Tank.LT1.Level", "", low=0.0, high=5.0, unit="m"),
        Point("run", "plc", 1, "bool", "Tank.P1.Run", "", writable=True),
    ]
    state = {"level": 2.5, "run": False}
    endpoint = OpcuaEndpoint("plc", points, state=lambda: state, write=lambda _n, _v: None, version=lambda: 1)
    await endpoint.start(free_port(), product="test", session="s", version="9")
    try:
        found = await create().browse(BrowseAsk(endpoint.url, {}, {}, "plc", "works"))
    finally:
        await endpoint.stop()
    assert [dict(row.cells) for row in found.rows] == [
        {
            "kind": "tag", "name": "works/Tank/LT1.Level", "type": "float32", "connection": "plc",
            "address": "nsu=urn:watchkeeper:simulator;s=Tank.LT1.Level", "unit": "m", "unit_code": "MTR",
            "low": "0", "high": "5",
        },
        {
            "kind": "tag", "name": "works/Tank/P1.Run", "type": "bool", "connection": "plc",
            "address": "nsu=urn:watchkeeper:simulator;s=Tank.P1.Run", "writable": "true",
        },
    ]  # fmt: skip
    assert found.notes[0] == "server: Watchkeeper simulator test 9"


async def test_filters_in_plain_folders_become_a_type_of_one_row_each() -> None:
    points = [
        Point(f"f30{n}.{name}", "plc", 1, kind, f"Hall.F30{n}.{name}", "", low=0.0, high=float(n), unit="m")
        for n in range(1, 7)
        for name, kind in (("DP", "float32"), ("Level", "float32"), ("Hours", "uint32"))
    ]
    state = {point.name: 1 if point.type == "uint32" else 0.5 for point in points}
    endpoint = OpcuaEndpoint("plc", points, state=lambda: state, write=lambda _n, _v: None, version=lambda: 1)
    await endpoint.start(free_port(), product="test", session="s", version="9")
    try:
        found = await create().browse(BrowseAsk(endpoint.url, {}, {}, "plc", "works"))
        single = await create().browse(BrowseAsk(endpoint.url, {}, {"shapes": False}, "plc", "works"))
        more = await create().browse(BrowseAsk(endpoint.url, {}, {"shape_objects": 7}, "plc", "works"))
    finally:
        await endpoint.stop()
    assert [(row.name, row.cells["kind"]) for row in found.rows] == [
        (f"works/Hall/F30{n}", "f") for n in range(1, 7)
    ]
    assert {row.why for row in found.rows} == {"6 objects have these 3 members; all are named like F"}
    assert [len(one.rows) for one in (single, more)] == [18, 18]
    assert single.types == more.types == []

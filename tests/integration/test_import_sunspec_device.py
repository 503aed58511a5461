"""A simulated SunSpec inverter: the plant that the import made reads what an independent client of SunSpec reads."""

from __future__ import annotations

import asyncio
import json
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fake_runtime import real_runtime
from import_lists import context_of, errors_of, read
from modbus_devices import Device, serving
from websockets.asyncio.client import unix_connect

from hmi.client.local import find_endpoint
from hmi.core.values import DataValue
from hmi.project import new_plant, open_plant
from hmi.project.import_plan import apply_import, plan_import

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="connects to the Unix socket"),
]
BASE = 40_000
INVERTER = {
    "A": (123, "H"), "AphA": (41, "H"), "AphB": (0xFFFF, "H"), "A_SF": (-1, "h"), "PhVphA": (2301, "H"),
    "V_SF": (-1, "h"), "W": (-32_768, "h"), "W_SF": (1, "h"), "Hz": (4998, "H"), "Hz_SF": (-2, "h"),
    "WH": (123_456, "I"), "WH_SF": (3, "h"), "VA": (250, "h"), "VA_SF": (0, "h"), "DCV": (600, "H"),
    "DCV_SF": (-32_768, "h"), "TmpCab": (45, "h"), "Tmp_SF": (0, "h"), "St": (4, "H"), "Evt1": (1 << 3, "I"),
    "Evt2": (0xFFFFFFFF, "I"),
}  # fmt: skip


def registers_of() -> dict[int, int]:
    """``SunS``, models 1 and 103 of the package with these values, and the end."""
    import sunspec2

    raw = b"SunS"
    folder = Path(sunspec2.__path__[0]) / "models" / "json"
    for number, values in ((1, {}), (103, INVERTER)):
        points = json.loads((folder / f"model_{number}.json").read_text("utf-8"))["group"]["points"]
        length = sum(point["size"] for point in points) - 2
        raw += b"".join(_raw(point, number, length, values) for point in points)
    raw += b"\xff\xff\0\0"
    return {BASE + place: word for place, (word,) in enumerate(struct.iter_unpack(">H", raw))}


def _raw(point: dict[str, Any], number: int, length: int, values: dict[str, tuple[int, str]]) -> bytes:
    name, size = point["name"], point["size"] * 2
    if name in ("ID", "L"):
        return struct.pack(">H", number if name == "ID" else length)
    if name in values:
        return struct.pack(f">{values[name][1]}", values[name][0])
    if point["type"] == "string":
        return {"Mn": b"Sunny", "SN": b"S-1"}.get(name, b"").ljust(size, b"\0")
    return {"int16": b"\x80\0", "sunssf": b"\x80\0"}.get(
        point["type"], b"\xff" * size if size < 8 else b"\0" * size
    )


def independent(port: int) -> dict[str, Any]:
    """What the client of the SunSpec Alliance reads: values in units, None where the device has none."""
    import sunspec2.modbus.client as client

    device = client.SunSpecModbusClientDeviceTCP(slave_id=1, ipaddr="127.0.0.1", ipport=port)
    try:
        device.scan()
        found = {
            f"inverter.{name}": device.models[103][0].points[name].cvalue
            for name in device.models[103][0].points
        }
        found["common.Mn"] = device.models[1][0].points["Mn"].cvalue
        found["common.SN"] = device.models[1][0].points["SN"].cvalue
        return found
    finally:
        device.close()


@asynccontextmanager
async def values_of(folder: Path, data: Path, names: list[str]) -> AsyncIterator[dict[str, DataValue]]:
    """What the runtime holds of these tags once each was read."""
    async with real_runtime(open_plant(folder), data) as runtime:
        path = find_endpoint(data).path
        async with unix_connect(path, "ws://runtime/v1/live", compression=None, max_size=None) as client:
            await client.send(msgspec.msgpack.encode({"t": "sub", "tags": names}))
            values = runtime.services.tags.values
            async with asyncio.timeout(20):
                while any(values[name].status == 0x80320000 for name in names):
                    await asyncio.sleep(0.02)
            yield {name: values[name] for name in names}


async def test_the_plant_reads_what_an_independent_client_reads(tmp_path: Path) -> None:
    memory = registers_of()
    async with serving(Device({"HR": lambda: memory})) as port:
        expected = await asyncio.to_thread(independent, port)
        folder = new_plant(tmp_path / "plant")
        text = (folder / "plant.toml").read_text("utf-8")
        (folder / "plant.toml").write_text(text.replace(":502", f":{port}"), "utf-8")
        source = tmp_path / "device.csv"
        source.write_text(f"model,address,name\n1,{BASE + 2},common\n103,{BASE + 70},inverter\n", "utf-8")
        apply_import(
            plan_import(folder, read("sunspec", source, context_of(folder, area="area1")), area="area1")
        )
        assert errors_of(folder) == []
        shown = [
            *(name for name in expected if f"area1/{name}" in open_plant(folder).by_name),
            "inverter.Evt1_GROUND_FAULT",
        ]
        async with values_of(folder, tmp_path / "data", [f"area1/{name}" for name in shown]) as found:
            differences = {
                name: (found[f"area1/{name}"], value)
                for name, value in expected.items()
                if name in shown and not _same(found[f"area1/{name}"], value, name)
            }
    assert differences == {}
    assert len(shown) > 30
    assert expected["inverter.A"] == pytest.approx(12.3)
    assert expected["inverter.W"] is None
    assert found["area1/inverter.W"].is_bad
    assert found["area1/inverter.DCV"].is_bad
    assert found["area1/common.Mn"].value == "Sunny"


def _same(found: DataValue, expected: Any, name: str) -> bool:
    if isinstance(expected, str):
        return found.value == expected
    if name == "inverter.DCV":
        return found.is_bad  # the client forgets that its factor is missing
    if expected is None:
        return found.is_bad or found.value in (0xFFFF, 0xFFFFFFFF, -32_768, 0, "")
    return found.is_good and found.value == pytest.approx(expected)

"""Registers of Ignition's Modbus driver: the same one whatever the connection counts from, and inputs stay inputs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from import_lists import context_of, plant_with_free_registers, read

from hmi.drivers.modbus._address import parse_address
from hmi.project import open_plant
from hmi.project.import_plan import apply_import, plan_import
from hmi.project.importing import Imported


def tag(name: str, path: Any, kind: str = "Int2", **more: Any) -> dict[str, Any]:
    return {
        "name": name, "tagType": "AtomicTag", "valueSource": "opc", "dataType": kind, "opcItemPath": path, **more
    }  # fmt: skip


def folder(name: str, *tags: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "tagType": "Folder", "tags": list(tags)}


def proposed(plant: Path, *folders: dict[str, Any]) -> Imported:
    file = plant / "tags.json"
    file.write_text(json.dumps({"name": "", "tagType": "Provider", "tags": list(folders)}), "utf-8")
    return read("ignition", file, context_of(plant, connection="plc1"))


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    return plant_with_free_registers(tmp_path / "plant")


def test_an_address_means_the_same_register_whether_the_connection_counts_from_0_or_1(plant: Path) -> None:
    tags = (
        tag("x", "[plc1]HR1"),
        tag("y", "[plc1]40001"),
        tag("z", "[plc1]2.HRUS8.3", "Boolean"),
        tag("c", "[plc1]C1", "Boolean"),
    )
    found = proposed(plant, folder("a", *tags))
    for is_zero in (False, True):
        places = [str(parse_address(row.cells["address"], zero_based=is_zero)) for row in found.rows]
        assert places == ["0 HR", "0 HR", "2.7 HR.3", "0 CO"]


def test_so_do_those_of_types(plant: Path) -> None:
    path = {"bindType": "parameter", "binding": "ns=1;s=[plc1]HR{Base+1}"}
    kind = {
        "name": "T", "tagType": "UdtType", "parameters": {"Base": {"dataType": "Integer", "value": 1}},
        "tags": [tag("pv", path)],
    }  # fmt: skip
    one = {"name": "t1", "tagType": "UdtInstance", "typeId": "T", "parameters": {"Base": {"value": 600}}}
    plan = plan_import(plant, proposed(plant, folder("_types_", kind), folder("a", one)))
    assert not plan.is_blocked, plan.faults
    apply_import(plan)
    assert open_plant(plant).by_name["a/t1.pv"].address == "600 HR"


def test_an_input_stays_read_only_and_a_register_beyond_10000_may_be_written(plant: Path) -> None:
    paths = ("[plc1]IR9", "[plc1]2.IR9.3", "[plc1]300009", "[plc1]DI4", "[plc1]HR10006", "[plc1]2.HR30001")
    kinds = ("Int2", "Boolean", "Int2", "Boolean", "Int2", "Int2")
    tags = (tag(f"t{n}", paths[n], kinds[n], readOnly=False) for n in range(6))
    found = proposed(plant, folder("a", *tags))
    assert [row.cells["writable"] for row in found.rows] == ["false"] * 4 + ["true"] * 2


@pytest.mark.parametrize(
    ("path", "said"),
    [("HR{Base}1", "puts a parameter beside other digits"), ("HR1{Base}", "puts a parameter beside other digits"),
     ("HR0", "names register 0")],
)  # fmt: skip
def test_what_cannot_be_counted_from_0_is_refused(plant: Path, path: str, said: str) -> None:
    item = {"bindType": "parameter", "binding": f"ns=1;s=[plc1]{path}"}
    kind = {
        "name": "T", "tagType": "UdtType", "parameters": {"Base": {"value": 1}}, "tags": [tag("pv", item)],
    }  # fmt: skip
    faults = proposed(plant, folder("_types_", kind)).faults
    assert any(said in fault.text and fault.is_error for fault in faults)

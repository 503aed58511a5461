"""All companion NodeSets that node-opcua ships (DI, PackML, Machinery and some thirty more) are read into a plant."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from foreign_server import Installed

from hmi.check import check_plant
from hmi.importers.nodeset.importer import read
from hmi.project import new_plant
from hmi.project.import_plan import apply_import, plan_import
from hmi.project.importing import ImportContext, Imported, ProposedConnection

LEAST_FILES = 30
CONTEXT = ImportContext(connection="dev", area="north")
EVERYTHING = {"types": "all", "optional": True}


@pytest.fixture(scope="module")
def folder(node_opcua: Installed) -> Path:
    return node_opcua.folder / "node_modules" / "node-opcua-nodesets" / "nodesets"


def taken(folder: Path, name: str, **chosen: object) -> Imported:
    return read(folder / f"Opc.Ua.{name}.xml", chosen, CONTEXT)


def test_every_published_file_is_read_and_its_types_fit_into_a_plant(folder: Path, tmp_path: Path) -> None:
    files = sorted(folder.rglob("*.xml"))
    assert len(files) >= LEAST_FILES
    connection = ProposedConnection("dev", "opcua", "opc.tcp://127.0.0.1:4840")
    types = 0
    for number, file in enumerate(files):
        found = read(file, EVERYTHING, CONTEXT)
        plant = tmp_path / f"plant{number}"
        new_plant(plant)
        plan = plan_import(plant, Imported(found.rows, types=found.types, connections=[connection]))
        assert not plan.is_blocked, (file.name, plan.faults[:3])
        apply_import(plan)
        wrong = [one.sentence for one in check_plant(plant) if one.severity == "error"]
        assert wrong == [], (file.name, wrong[:3])
        types += len(found.types)
    assert types > 200


def test_packml_has_the_texts_of_its_modes_and_states(folder: Path) -> None:
    found = taken(folder, "PackML.NodeSet2")
    machine = {one.name: tomllib.loads(one.text)["signals"] for one in found.types}["packmlbaseobject"]
    mode = machine["Status_UnitModeCurrent"]
    assert mode["type"] == "enum"
    assert mode["states"]["1"] == "Production"
    assert machine["Status_MachSpeed"]["type"] == "float32"
    assert machine["BaseStateMachine_CurrentState"]["type"] == "string"


def test_what_a_file_builds_on_is_found_beside_it(folder: Path) -> None:
    found = taken(folder, "MachineTool.NodeSet2")
    assert [note for note in found.notes if note.startswith("model http://opcfoundation.org/UA/DI/ ")]
    assert found.faults == []


def test_objects_of_a_real_machine_become_tags(folder: Path) -> None:
    found = taken(folder, "Eumabois.Nodeset2")
    flags = {row.name: row.cells for row in found.rows if "Flags" in row.name}
    assert flags
    assert {cells["type"] for cells in flags.values()} <= {"bool", "enum"}
    assert all(cells["address"].startswith("nsu=http://opcfoundation.org/UA/") for cells in flags.values())

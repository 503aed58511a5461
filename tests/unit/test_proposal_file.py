"""A proposal as a table: comes back as it was, makes no formulas, writes over nothing; and types find free names."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from hmi.core.errors import UsageError
from hmi.importers.table.importer import read
from hmi.project import new_plant, open_plant
from hmi.project._import_fitting import with_fitting_types
from hmi.project.importing import ImportContext, Imported, ProposedRow, ProposedType
from hmi.project.proposal_file import types_folder, write_proposal

TYPE = """schema = "type/1"
name = "pump"
title = "Pump"

[parameters.base]
type = "string"

[signals.speed]
type = "float"
address = "ns=2;s={base}.speed"
"""
ROWS = [
    ProposedRow({"kind": "pump", "name": "north/p1", "connection": "dev", "parameters": "base=P1"}),
    ProposedRow(
        {
            "kind": "tag", "name": "north/t.x", "type": "float", "connection": "dev", "address": "ns=2;s=x",
            "description": "=HYPERLINK(1)", "unit": "+°C", "low": "-5", "high": "5",
        },
        confidence=0.75,
        why="smooth as a float",
    ),
]  # fmt: skip
PROPOSED = Imported(ROWS, types=[ProposedType("pump", TYPE)])


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_table_comes_back_as_it_was(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"found{suffix}"
    assert write_proposal(PROPOSED, file) == [file, tmp_path / "found.types" / "pump.toml"]
    back = read(file, {}, ImportContext())
    assert [(dict(row.cells), row.confidence, row.why) for row in back.rows] == [
        (dict(row.cells), row.confidence, row.why) for row in ROWS
    ]
    assert [(one.name, one.text) for one in back.types] == [("pump", TYPE)]


def test_a_text_of_a_device_is_no_formula(tmp_path: Path) -> None:
    write_proposal(PROPOSED, tmp_path / "found.csv")
    with (tmp_path / "found.csv").open(encoding="utf-8", newline="") as stream:
        row = list(csv.DictReader(stream))[1]
    assert (row["description"], row["unit"], row["low"]) == (" =HYPERLINK(1)", " +°C", "-5")


def test_nothing_is_written_over_without_yes(tmp_path: Path) -> None:
    file = tmp_path / "found.csv"
    write_proposal(PROPOSED, file)
    with pytest.raises(UsageError, match="is there already; choose another name, or add --yes"):
        write_proposal(PROPOSED, file)
    write_proposal(Imported(ROWS[1:]), file, overwrite=True)
    assert list(types_folder(file).glob("*.toml")) == []
    with pytest.raises(UsageError, match=r"a proposal is written as \.csv or \.xlsx"):
        write_proposal(PROPOSED, tmp_path / "found.txt")
    with pytest.raises(UsageError, match="cannot be written"):
        write_proposal(PROPOSED, tmp_path / "none" / "found.csv")


def test_a_type_that_the_plant_has_for_something_else_gets_a_number(tmp_path: Path) -> None:
    new_plant(tmp_path / "plant")
    plant = open_plant(tmp_path / "plant")
    found, names = with_fitting_types(PROPOSED, plant)
    (type_,) = found.types
    assert (type_.name, 'name = "pump_2"' in type_.text, found.rows[0].cells["kind"]) == (
        "pump_2",
        True,
        "pump_2",
    )
    assert names == {"pump_2": "pump"}
    (tmp_path / "plant" / "types" / "pump_2.toml").write_text(type_.text, encoding="utf-8")
    again, _ = with_fitting_types(PROPOSED, open_plant(tmp_path / "plant"))
    assert again.types[0].name == "pump_2"
    other = ProposedType("pump", TYPE.replace("speed", "torque"))
    third, _ = with_fitting_types(Imported(types=[other]), open_plant(tmp_path / "plant"))
    assert third.types[0].name == "pump_3"


def test_a_type_that_fits_and_one_that_extends_keep_their_names(tmp_path: Path) -> None:
    new_plant(tmp_path / "plant")
    (tmp_path / "plant" / "types" / "mine.toml").write_text(
        TYPE.replace('"pump"', '"mine"'), encoding="utf-8"
    )
    plant = open_plant(tmp_path / "plant")
    fits = Imported(types=[ProposedType("mine", TYPE.replace('"pump"', '"mine"'))])
    assert with_fitting_types(fits, plant) == (fits, {})
    extends = Imported(
        types=[
            ProposedType("pump", TYPE + "\n[x]\n"),
            ProposedType("big", 'name = "big"\nextends = "pump"\n'),
        ]
    )
    assert with_fitting_types(extends, plant) == (extends, {})

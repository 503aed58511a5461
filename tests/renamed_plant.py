"""A small plant in which tags and instances are named at every kind of place, and renaming by a list."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from hmi.check import check_plant, references
from hmi.project import Finding, format_plant, new_plant, open_plant
from hmi.project.import_plan import ImportPlan, plan_import
from hmi.project.importing import Imported, Place, ProposedRow

GUARD = """schema = "type/1"
name = "guard"
title = "Guard"             # watches a tag and a pump

[parameters.source]
type = "string"
default = "area1/ft101"     # most guards watch the outlet

[parameters.pump]
type = "string"

[parameters.limit]
type = "integer"

[signals.high]
type = "bool"
expression = "'{source}' > {limit}"

[signals.alone]
type = "bool"
expression = "'{pump}.running' and not '{pump}.tripped' or 'area1/p101.running'"   # or the first pump runs
"""
EXPORT = """
[[exports]]                 # what the office gets
name = "office"
to = "files"
tags = [
    "area1/lt101",          # the level
    'area1/ft101,area1/lt101_pct',
    "type:pump",
    'match:"area1/p101.speed"', "area1/none*",
]

[exports.settings]
folder = "files"            # beside area1/lt101
"""
SCENARIO = """schema = "scenario/1"
name = "start"
title = "Start area1/p101"  # a title is words

[[step]]
tags = ["area1/lt101", "area1/p101.speed"]   # both
when = "'area1/lt101' > 2"

[[step]]
instance = 'area1/p102'
"""


def rich_plant(folder: Path) -> Path:
    """Made at ``folder``, in canonical form and without errors."""
    plant = new_plant(folder)
    head = (plant / "plant.toml").read_text("utf-8")
    life = 'life_counter = "area1/ft101"     # it never stands still\n'
    head = head.replace("[connection.plc1]\n", f"[connection.plc1]\n{life}", 1)
    (plant / "plant.toml").write_text(head + EXPORT, "utf-8")
    (plant / "types" / "guard.toml").write_text(GUARD, "utf-8")
    (plant / "training").mkdir()
    (plant / "training" / "start.toml").write_text(SCENARIO, "utf-8")
    add_rows(
        plant / "tags.csv",
        {"kind": "pump", "name": "area1/p102", "description": "Pump P-102", "connection": "plc1",
         "parameters": "base=201"},
        {"kind": "guard", "name": "area1/g1", "parameters": "source=area1/lt101;pump=area1/p101;limit=2"},
        {"kind": "guard", "name": "area1/g2", "parameters": "pump=area1/p102;limit=7"},
        {"kind": "guard", "name": "area1/g3", "parameters": "source=area1/p102.speed;pump=area1/p102;limit=9"},
        {"kind": "tag", "name": "area1/sum", "type": "float", "expression": "'area1/lt101' + 'area1/p101.speed'"},
    )  # fmt: skip
    add_rows(
        plant / "alarms.csv",
        {"tag": "area1/ft101", "name": "away", "kind": "deviation", "limit": "3", "priority": "4",
         "message": "away", "setpoint": "area1/lt101"},
        {"tag": "area1/p102.speed", "name": "fast", "kind": "high", "limit": "90", "priority": "4",
         "message": "fast", "deadband": "2"},
    )  # fmt: skip
    (plant / "calculations.csv").write_text(
        "id,name,type,kind,of,every\n"
        ",area1/lt101_mean,,average,area1/lt101,hour\n,hours_day,pump,hours,running,day\n",
        "utf-8",
    )
    _add_displays(plant)
    format_plant(plant)
    assert errors(plant) == []
    return plant


def _add_displays(plant: Path) -> None:
    card = {
        "schema": "display/1", "name": "card", "title": "$pump.title", "size": [300, 200],
        "parameters": {
            "pump": {"type": "instance", "of": "pump"},
            "flow": {"type": "tag", "default": "area1/ft101"},
        },
        "elements": [
            {"type": "pump", "x": 40, "y": 40, "w": 36, "h": 36, "instance": "$pump"},
            {"type": "readout", "x": 100, "y": 100, "w": 120, "h": 40, "tag": "$flow", "label": "area1/lt101"},
        ],
    }  # fmt: skip
    (plant / "displays" / "card.json").write_text(json.dumps(card), "utf-8")
    path = plant / "displays" / "overview.json"
    overview = json.loads(path.read_text("utf-8"))
    overview["elements"] += [
        {"type": "alarm_mark", "x": 900, "y": 40, "area": "area1/p101"},
        {"type": "embed", "x": 1000, "y": 20, "display": "card", "parameters": {"pump": "area1/p102"}},
        {"type": "repeat", "x": 1320, "y": 20, "columns": 1, "display": "card", "gap": [8, 8],
         "over": ["area1/p101", "area1/p102"], "parameter": "pump",
         "overrides": {"area1/p102": {"flow": "area1/lt101"}}},
    ]  # fmt: skip
    path.write_text(json.dumps(overview), "utf-8")


def add_rows(path: Path, *rows: Mapping[str, str]) -> None:
    """Rows at the end of a table, with columns that it lacks."""
    import csv
    import io

    found = list(csv.reader(io.StringIO(path.read_text("utf-8"))))
    header = list(dict.fromkeys((*found[0], *(name for row in rows for name in row))))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(old + [""] * (len(header) - len(old)) for old in found[1:])
    writer.writerows([row.get(name, "") for name in header] for row in rows)
    path.write_text(out.getvalue(), "utf-8")


def errors(folder: Path) -> list[Finding]:
    """What a reload would refuse."""
    return [one for one in check_plant(folder, looks=False) if one.is_error]


def renaming(folder: Path, names: Mapping[str, str]) -> ImportPlan:
    """What a list says that has new names beside the ids of the rows."""
    plant = open_plant(folder)
    ids = {name: one.id for name, one in {**plant.by_name, **plant.instances}.items()}
    kinds = {name: one.type for name, one in plant.instances.items()}
    rows = [
        ProposedRow({"kind": kinds.get(old, "tag"), "id": ids[old], "name": new}, Place(line))
        for line, (old, new) in enumerate(names.items(), 2)
    ]
    return plan_import(folder, Imported(rows=rows), errors_of=errors, references_of=references)

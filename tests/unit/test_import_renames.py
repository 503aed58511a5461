"""A list that renames rows of the plant: what names them follows in the same write, or nothing is written."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from hmi.check import check_plant
from hmi.project import Finding, new_plant, open_plant
from hmi.project.import_plan import ImportPlan, apply_import, plan_import
from hmi.project.importing import Imported, Place, ProposedRow, ProposedType


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    return new_plant(tmp_path / "plant")


def errors(folder: Path) -> Sequence[Finding]:
    return [one for one in check_plant(folder, looks=False) if one.is_error]


def renaming(folder: Path, names: dict[str, str]) -> ImportPlan:
    opened = open_plant(folder)
    ids = {name: one.id for name, one in {**opened.by_name, **opened.instances}.items()}
    kinds = {name: one.type for name, one in opened.instances.items()}
    rows = [
        ProposedRow({"kind": kinds.get(old, "tag"), "id": ids[old], "name": new}, Place(line))
        for line, (old, new) in enumerate(names.items(), 2)
    ]
    return plan_import(folder, Imported(rows=rows), errors_of=errors)


def with_expression(folder: Path) -> None:
    path = folder / "tags.csv"
    header = path.read_text("utf-8").split("\n", 1)[0].split(",")
    cells = {"kind": "tag", "id": "t_eeeeeeeeeeee", "name": "area1/sum", "type": "float64"}
    cells["expression"] = "'area1/lt101' + 'area1/p101.speed'"
    line = ",".join(cells.get(name, "") for name in header)
    path.write_text(f"{path.read_text('utf-8')}{line}\n", "utf-8")


def test_alarms_expressions_and_displays_follow_a_tag(plant: Path) -> None:
    with_expression(plant)
    assert errors(plant) == []
    plan = renaming(plant, {"area1/lt101": "area1/lt102"})
    assert not plan.is_blocked, plan.faults
    assert {"tags.csv", "alarms.csv", "displays/overview.json"} <= set(plan.texts)
    assert (
        "new names, which everything that names them follows: area1/lt101 becomes area1/lt102" in plan.notes
    )
    assert {one.file for one in plan.followed} >= {"alarms.csv", "displays/overview.json"}
    apply_import(plan)
    assert errors(plan.folder) == []
    for name in ("tags.csv", "alarms.csv", "displays/overview.json"):
        assert re.search("area1/lt101(?!_)", (plant / name).read_text("utf-8")) is None


def test_signals_follow_their_instance_and_two_names_may_change_places(plant: Path) -> None:
    with_expression(plant)
    plan = renaming(
        plant, {"area1/p101": "area1/p102", "area1/lt101": "area1/ft101", "area1/ft101": "area1/lt101"}
    )
    assert not plan.is_blocked, plan.faults
    apply_import(plan)
    assert errors(plant) == []
    assert "'area1/ft101' + 'area1/p102.speed'" in (plant / "tags.csv").read_text("utf-8")


def test_what_hmi_check_refuses_is_refused_before_it_is_written(plant: Path) -> None:
    """A calculation of tags that are not there opens, and a reload refuses it."""
    cells = {"kind": "tag", "name": "area1/calc", "type": "float64", "expression": "'area1/none' * 2"}
    wrong = Imported(rows=[ProposedRow(cells, Place(7))])
    plan = plan_import(plant, wrong, errors_of=errors)
    assert plan.is_blocked
    assert plan.faults[0].place.line == 7


TYPE = """schema = "type/1"
name = "fan"

[parameters.base]
type = "integer"

[signals.speed]
address = "HR{base}"

[signals.junk]
address = "HR{base}"
"""


def test_instances_keep_the_type_that_an_engineer_has_changed(plant: Path) -> None:
    def rows(*names: str) -> list[ProposedRow]:
        cells = {"kind": "fan", "connection": "plc1", "parameters": "base=700"}
        return [ProposedRow({**cells, "name": name}, Place(line)) for line, name in enumerate(names, 2)]

    first = Imported(rows=rows("area1/f1"), types=[ProposedType("fan", TYPE)])
    apply_import(plan_import(plant, first))
    path = plant / "types" / "fan.toml"
    path.write_text(TYPE.partition("[signals.junk]")[0], "utf-8")
    again = plan_import(plant, first)
    assert (again.faults, again.texts) == ((), {})
    assert "their types are others in the plant than in the list: area1/f1 stays a fan" in again.notes
    more = plan_import(plant, Imported(rows=rows("area1/f1", "area1/f2"), types=first.types))
    assert set(more.texts) == {"tags.csv", "types/fan_2.toml"}
    assert "the plant has another type fan: the new one is fan_2" in more.notes
    apply_import(more)
    kinds = {name: one.type for name, one in open_plant(plant).instances.items()}
    assert (kinds["area1/f1"], kinds["area1/f2"]) == ("fan", "fan_2")


def written(plant: Path, name: str) -> dict[str, str]:
    """The cells of a row of tags.csv."""
    rows = csv.DictReader((plant / "tags.csv").read_text("utf-8").splitlines())
    return next(cells for cells in rows if cells["name"] == name)


def changing_places(plant: Path, *more: dict[str, str]) -> ImportPlan:
    """The level meter and the flow meter take the name of each other."""
    opened = open_plant(plant).by_name
    rows = [
        {"kind": "tag", "id": opened["area1/lt101"].id, "name": "area1/ft101"},
        {"kind": "tag", "id": opened["area1/ft101"].id, "name": "area1/lt101"},
        *more,
    ]
    proposed = [ProposedRow(cells, Place(line)) for line, cells in enumerate(rows, 2)]
    return plan_import(plant, Imported(rows=proposed), errors_of=errors)


SUM = {"kind": "tag", "id": "t_eeeeeeeeeeee", "name": "area1/sum"}
TWICE = {"kind": "tag", "name": "area1/twice", "type": "float64"}


@pytest.mark.parametrize(
    "row",
    [
        {**TWICE, "expression": "'area1/lt101' * 2"},
        {**SUM, "expression": "'area1/lt101' - 'area1/p101.speed'"},
        {**TWICE, "feedback": "'area1/ft101' > 1", "connection": "plc1", "address": "HR901"},
    ],
)
def test_a_name_that_changes_hands_is_not_taken_for_either_of_both_where_the_list_writes_it(
    plant: Path, row: dict[str, str]
) -> None:
    with_expression(plant)
    plan = changing_places(plant, row)
    assert plan.is_blocked
    (fault,) = plan.faults
    assert (fault.place.line, "changes hands" in fault.text) == (4, True)


def test_what_a_list_leaves_as_it_is_follows_the_tag_and_not_its_name(plant: Path) -> None:
    with_expression(plant)
    plan = changing_places(
        plant, {**SUM, "description": "both", "expression": "'area1/lt101' + 'area1/p101.speed'"}
    )
    assert not plan.is_blocked, plan.faults
    apply_import(plan)
    assert written(plant, "area1/sum")["expression"] == "'area1/ft101' + 'area1/p101.speed'"
    assert written(plant, "area1/sum")["description"] == "both"


def test_a_parameter_that_names_what_changes_hands_is_not_taken_for_either_of_both(plant: Path) -> None:
    kind = ProposedType("copy", COPY)
    proposed = [
        ProposedRow({"kind": "copy", "name": "area1/c1", "parameters": "source=area1/lt101"}, Place(2))
    ]
    apply_import(plan_import(plant, Imported(rows=proposed, types=[kind]), errors_of=errors))
    plan = changing_places(plant, {"kind": "copy", "name": "area1/c2", "parameters": "source=area1/lt101"})
    assert [fault.place.line for fault in plan.faults] == [4]
    plan = changing_places(plant)
    assert not plan.is_blocked, plan.faults
    apply_import(plan)
    assert written(plant, "area1/c1")["parameters"] == "source=area1/ft101"


COPY = """schema = "type/1"
name = "copy"

[parameters.source]
type = "string"

[signals.value]
type = "float64"
expression = "'{source}' * 2"
"""


PUMP = """schema = "type/1"
name = "single"

[parameters.base]
type = "integer"

[signals.speed]
type = "uint16"
address = "HR{base}"
"""
PAIR = """schema = "type/1"
name = "pair"

[parameters.base]
type = "integer"

[members.p1]
type = "single"
parameters = { base = "{base}" }
"""


def test_a_member_of_an_instance_whose_name_changes_hands_changes_hands_with_it(plant: Path) -> None:
    types = [ProposedType("single", PUMP), ProposedType("pair", PAIR)]
    cells = {"kind": "pair", "connection": "plc1"}
    rows = [
        {**cells, "name": "area1/s1", "parameters": "base=950"},
        {**cells, "name": "area1/s2", "parameters": "base=960"},
    ]
    proposed = [ProposedRow(row, Place(line)) for line, row in enumerate(rows, 2)]
    made = plan_import(plant, Imported(rows=proposed, types=types), errors_of=errors)
    assert not made.is_blocked, made.faults
    apply_import(made)
    instances = open_plant(plant).instances
    swap = [
        {"kind": "pair", "id": instances["area1/s1"].id, "name": "area1/s2"},
        {"kind": "pair", "id": instances["area1/s2"].id, "name": "area1/s1"},
        {**TWICE, "expression": "'area1/s1/p1.speed' * 2"},
    ]
    proposed = [ProposedRow(row, Place(line)) for line, row in enumerate(swap, 2)]
    plan = plan_import(plant, Imported(rows=proposed), errors_of=errors)
    assert [(fault.place.line, "changes hands" in fault.text) for fault in plan.faults] == [(4, True)]

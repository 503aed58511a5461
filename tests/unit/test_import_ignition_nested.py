"""UDTs inside of UDTs: as members of types they are tag by tag what they are as signals of the outer type."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from import_lists import DATA, context_of, imported_twice, plant_with_free_registers, read
from test_import_ignition import folder, instance, tag, udt

from hmi.core.alarms import Priority
from hmi.project import open_plant
from hmi.project.import_plan import apply_import, plan_import
from hmi.project.importing import ImportContext
from hmi.project.plant import AlarmDef, Plant, TagDef


def bound(text: str) -> dict[str, str]:
    return {"bindType": "parameter", "binding": text}


def given(child: dict[str, Any], **texts: str) -> dict[str, Any]:
    """A nested instance whose parameters are bound to those of the outer type."""
    child["parameters"] |= {name: {"value": bound(text)} for name, text in texts.items()}
    return child


OTHER_AMPS = {"name": "Amps", "tagType": "AtomicTag", "engHigh": 60}
NUMBER = {"dataType": "Integer"}
TEXT = {"dataType": "String", "value": "plc"}
HIGH = {"name": "High", "mode": "AboveValue", "setpointA": 45.0, "priority": "High"}
MOTOR = udt(
    "Motor",
    tag("Amps", opcItemPath=bound("ns=1;s=[{Device}]HRF{Base+1}"), engLow=0, engHigh=50, alarms=[HIGH]),
    tag("Run", opcItemPath=bound("ns=1;s=[{Device}]C{Base}"), dataType="Boolean", readOnly=False),
    tag("Load", valueSource="expr", expression="{[.]Amps} * 2"),
    parameters={"Device": dict(TEXT), "Base": dict(NUMBER)},
)
SKID = udt(
    "Skid",
    given(instance("Pump", "Motor"), Base="{Start+10}", Device="{Plc}"),
    folder("Spare", given(instance("Pump 2", "Motor"), Base="{Start+20}", Device="{Plc}")),
    tag("Sum", valueSource="expr", expression="{[.]Pump/Amps} + {[.]Spare/Pump 2/Amps}"),
    parameters={"Start": dict(NUMBER), "Plc": dict(TEXT)},
)
BIG = udt("Big", tag("Extra", opcItemPath=bound("ns=1;s=[{Plc}]HRF{Start+50}")), typeId="Skid")
STATION = udt("Station", given(instance("Left", "Skid"), Start="{At+100}"), parameters={"At": dict(NUMBER)})
NAMED = udt("Named", tag("Pv", opcItemPath=bound("ns=1;s=[plc]HRF{Base}"), documentation=bound("{InstanceName} pv")),
            parameters={"Base": dict(NUMBER)})  # fmt: skip
ROOTED = udt("Rooted", tag("Pv", opcItemPath="[plc]HRF7", documentation=bound("{RootInstanceName} pv")))
HOLDER = udt("Holder", given(instance("N", "Named"), Base="{At+1}"), instance("R", "Rooted"),
             given(instance("Own", "Motor", tag("Amps", engHigh=80)), Base="{At+2}", Device="plc"),
             parameters={"At": dict(NUMBER)})  # fmt: skip
TYPES = folder("_types_", MOTOR, SKID, BIG, STATION, NAMED, ROOTED, HOLDER)
PLANTS: dict[str, tuple[list[Any], set[str]]] = {
    "one in another": ([instance("S1", "Skid", Start=100), instance("S2", "Skid", Start=300)],
                       {"a/S1/Pump", "a/S1/Spare_Pump_2", "a/S2/Pump", "a/S2/Spare_Pump_2"}),
    "with an heir": ([instance("S1", "Skid", Start=100), instance("B1", "Big", Start=600)],
                     {"a/S1/Pump", "a/S1/Spare_Pump_2", "a/B1/Pump", "a/B1/Spare_Pump_2"}),
    "three deep": ([instance("T1", "Station", At=1000)],
                   {"a/T1/Left", "a/T1/Left/Pump", "a/T1/Left/Spare_Pump_2"}),
    "read from outside": ([instance("S1", "Skid", Start=100),
                           tag("Out", valueSource="expr", expression="{[default]a/S1/Pump/Amps} + 1")],
                          {"a/S1/Pump", "a/S1/Spare_Pump_2"}),
    "changed in an instance": ([instance("S1", "Skid", instance("Pump", "Motor", OTHER_AMPS), Start=100),
                                instance("S2", "Skid", Start=300)],
                               {"a/S1/Spare_Pump_2", "a/S2/Spare_Pump_2"}),
    "names and roots": ([instance("H1", "Holder", At=500)], {"a/H1/N"}),
}  # fmt: skip


def file_of(tmp_path: Path, tags: list[Any]) -> Path:
    file = tmp_path / "tags.json"
    root = {"name": "", "tagType": "Provider", "tags": [TYPES, folder("a", *tags)]}
    file.write_text(json.dumps(root), "utf-8")
    return file


def as_signals(plant: Plant, name: str) -> str:
    """The name of a tag of a member as the tag of the outer instance is called where all is opened."""
    tag = plant.by_name[name]
    parts: list[str] = []
    one = plant.instances.get(tag.instance)
    while one is not None and one.parent:
        parts.insert(0, one.name.rpartition("/")[2])
        one = plant.instances[one.parent]
    return f"{one.name}.{'_'.join((*parts, tag.signal))}" if one is not None and parts else name


def content(plant: Plant, tag: TagDef) -> tuple[TagDef, str]:
    expression = tag.expression
    for name in sorted(plant.by_name, key=len, reverse=True):
        expression = expression.replace(f"'{name}'", f"'{as_signals(plant, name)}'")
    same = replace(tag, id="", name="", handle=0, instance="", signal="", description="", source=tag.source)
    whole = re.sub(r"(\d)\.0\b", r"\1", expression)  # a parameter that is a number is one with a point
    return replace(same, expression="", source=type(tag.source)()), whole


def alarms(plant: Plant) -> dict[tuple[str, str], tuple[AlarmDef, Priority]]:
    return {
        (as_signals(plant, plant.by_id[one.tag_id].name), one.name): (
            replace(one, id="", tag_id="", message="", source=type(one.source)()),
            one.priority,
        )
        for one in plant.alarms
    }


def both(tmp_path: Path, file: Path) -> tuple[Plant, Plant]:
    nested, _ = imported_twice(tmp_path / "nested", "ignition", file)
    flat, _ = imported_twice(tmp_path / "flat", "ignition", file, settings={"nested": "signals"})
    return nested, flat


def members(plant: Plant) -> set[str]:
    return {one.name for one in plant.instances.values() if one.parent}


@pytest.mark.parametrize("which", PLANTS)
def test_members_are_tag_by_tag_what_the_opened_ones_are(tmp_path: Path, which: str) -> None:
    tags, expected = PLANTS[which]
    (tmp_path / "nested").mkdir()
    (tmp_path / "flat").mkdir()
    nested, flat = both(tmp_path, file_of(tmp_path, tags))
    assert members(nested) == expected
    assert members(flat) == set()
    ours = {as_signals(nested, name): content(nested, tag) for name, tag in nested.by_name.items()}
    assert ours == {name: content(flat, tag) for name, tag in flat.by_name.items()}
    assert alarms(nested) == alarms(flat)


def test_the_same_of_the_whole_file_of_the_examples(tmp_path: Path) -> None:
    (tmp_path / "nested").mkdir()
    (tmp_path / "flat").mkdir()
    nested, flat = both(tmp_path, DATA / "ignition.json")
    ours = {as_signals(nested, name): content(nested, tag) for name, tag in nested.by_name.items()}
    assert ours == {name: content(flat, tag) for name, tag in flat.by_name.items()}
    assert alarms(nested) == alarms(flat)
    assert members(nested) == {"Intake/Skid1/Pump"}


def test_a_plant_that_has_them_as_signals_keeps_them(tmp_path: Path) -> None:
    file = file_of(tmp_path, [instance("S1", "Skid", Start=100)])
    folder_ = plant_with_free_registers(tmp_path / "plant")
    apply_import(plan_import(folder_, read("ignition", file, context_of(folder_), nested="signals")))
    again = plan_import(folder_, read("ignition", file, context_of(folder_)))
    assert (again.added, again.changed, again.is_blocked) == (0, 0, False)
    assert "a/S1.Pump_Amps" in open_plant(folder_).by_name


def test_another_device_of_a_nested_one_is_its_connection(tmp_path: Path) -> None:
    kind = udt(
        "Mixed",
        given(instance("M", "Motor"), Base="{At+1}", Device="plc2"),
        tag("Pv", opcItemPath=bound("ns=1;s=[plc]HRF{At}")),
        tag("Pw", opcItemPath=bound("ns=1;s=[plc]HRF{At+2}")),
        tag("Px", opcItemPath=bound("ns=1;s=[plc]HRF{At+4}")),
        parameters={"At": dict(NUMBER)},
    )
    tags = [folder("_types_", MOTOR, kind), folder("a", instance("X", "Mixed", At=5))]
    root = {"name": "", "tagType": "Provider", "tags": tags}
    file = tmp_path / "tags.json"
    file.write_text(json.dumps(root), "utf-8")
    context = ImportContext(connections={"plc": "modbus", "plc2": "modbus"}, areas=("a",))
    found = read("ignition", file, context)
    text = next(one.text for one in found.types if one.name == "mixed")
    assert "[members.M]" in text
    assert 'connection = "plc2"' in text

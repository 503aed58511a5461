"""Tag exports of Ignition: folders, UDTs with parents, nested ones and parameters, instances, alarms, expressions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from import_lists import DATA, imported_twice, read

from hmi.core.errors import ConfigurationError
from hmi.core.values import EURange, ValueType
from hmi.importers.ignition._bindings import Unsayable
from hmi.importers.ignition._expression import translated
from hmi.project.import_kinds import kind_of
from hmi.project.importing import ImportContext, Imported
from hmi.project.plant import Plant

FILE = DATA / "ignition.json"


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Plant:
    return imported_twice(tmp_path_factory.mktemp("ignition"), "ignition", FILE)[0]


def proposed(tmp_path: Path, *tags: Any, context: ImportContext | None = None, **settings: str) -> Imported:
    file = tmp_path / "tags.json"
    file.write_text(json.dumps({"name": "", "tagType": "Provider", "tags": list(tags)}), "utf-8")
    return read(
        "ignition", file, context or ImportContext(connections={"plc": "modbus"}, areas=("a",)), **settings
    )


def tag(name: str = "x", **props: Any) -> dict[str, Any]:
    usual = {"valueSource": "opc", "dataType": "Float4", "opcItemPath": "ns=1;s=[plc]HRF1"}
    return {"name": name, "tagType": "AtomicTag", **usual, **props}


def folder(name: str, *tags: Any) -> dict[str, Any]:
    return {"name": name, "tagType": "Folder", "tags": list(tags)}


def udt(name: str, *tags: Any, **props: Any) -> dict[str, Any]:
    return {"name": name, "tagType": "UdtType", "tags": list(tags), **props}


def instance(name: str, kind: str, *tags: Any, **parameters: Any) -> dict[str, Any]:
    given = {key: {"value": value} for key, value in parameters.items()}
    return {"name": name, "tagType": "UdtInstance", "typeId": kind, "parameters": given, "tags": list(tags)}


def cells(found: Imported, name: str) -> dict[str, str]:
    return dict(next(row.cells for row in found.rows if row.name == name))


def errors(found: Imported) -> list[str]:
    return [f"{fault.place.path}: {fault.text}" for fault in found.faults if fault.is_error]


# --- the whole file ------------------------------------------------------------------------------------


def test_folders_become_area_unit_and_signal(plant: Plant) -> None:
    names = set(plant.by_name)
    assert {"Intake/Level", "Intake/Station_1.Door_Open", "Intake/M101.Amps", "Lab/pH"} <= names
    assert {area.path: area.title for area in plant.areas}["Intake"] == "Intake"
    assert plant.by_name["Intake/Station_1.Door_Open"].description == "Door Open"


def test_scaling_range_unit_and_history_come_over(plant: Plant) -> None:
    level = plant.by_name["Intake/Level"]
    assert level.address == "2.99 HR"
    assert level.scaling is not None
    assert (level.scaling.raw, level.scaling.eu) == (EURange(0, 4095), EURange(0, 5))
    assert (level.unit, level.history, level.options["wire"]) == ("m", True, "int16")
    assert level.description == "Level of the raw water basin"


def test_modbus_words_of_the_ignition_driver(plant: Plant) -> None:
    at = plant.by_name
    serial, legacy = at["Intake/Station_1.Serial"], at["Intake/Station_1.Legacy"]
    assert (serial.address, serial.options["length"]) == ("1023 HR", 20)
    total = at["Intake/Station_1.Total"]
    assert (total.type, total.options["wire"]) == (ValueType.INT64, "int64")
    assert (legacy.address, legacy.type) == ("40031", ValueType.FLOAT32)
    assert at["Intake/Station_1.Operator_Note"].manual


def test_instances_have_their_parameters_and_offsets(plant: Plant) -> None:
    at = plant.by_name
    assert at["Intake/M101.Running"].address == "299 HR.0"
    assert at["Intake/M101.Amps"].address == "300 HR"
    assert at["Intake/M101.Amps"].range == EURange(0, 50)
    assert at["Intake/P_102.Amps"].range == EURange(0, 80)
    assert at["Intake/P_102.Amps"].unit == "mA"
    assert plant.instances["Intake/M101"].description == "Screen motor"


def test_an_inherited_type_extends_its_parent(plant: Plant) -> None:
    assert plant.types["drives_vsd"].extends == "drives_motor"
    speed = plant.by_name["Intake/P_102.Speed"]
    assert speed.address == "322 HR"
    assert speed.scaling is not None
    assert speed.scaling.eu == EURange(0, 60)
    assert speed.scaling.raw == EURange(0, 19660.8)


def test_a_nested_instance_becomes_a_member_with_composed_offsets(plant: Plant) -> None:
    assert plant.by_name["Intake/Skid1/Pump.Amps"].address == "610 HR"
    assert plant.by_name["Intake/Skid1/Pump.Speed"].address == "612 HR"
    assert plant.by_name["Intake/Skid1.Level"].address == "599 IR"
    assert plant.types["skid"].members == {"Pump": "drives_vsd"}
    assert plant.instances["Intake/Skid1/Pump"].type == "drives_vsd"


def test_expressions_are_said_in_our_language(plant: Plant) -> None:
    assert plant.by_name["Intake/Sum"].expression == "('Intake/M101.Amps' + ('Intake/P_102.Amps' * 0.001))"
    load = plant.by_name["Intake/M101.Load"].expression
    assert load == "((('Intake/M101.Amps' / 50.0) * 100) if 'Intake/M101.Running' else 0)"


def test_only_what_says_so_may_be_written(plant: Plant) -> None:
    written = {
        name for name, one in plant.by_name.items() if one.command is not None and name.startswith("Intake")
    }
    commands = {
        f"Intake/{one}"
        for one in ("M101.Commands_Start", "P_102.Commands_Start", "Skid1/Pump.Commands_Start")
    }
    assert written == commands


def test_alarms_come_with_priority_delay_and_words(plant: Plant) -> None:
    by_id = {tag.id: tag.name for tag in plant.tags}
    found = {(by_id[alarm.tag_id], alarm.name): alarm for alarm in plant.alarms}
    high = found["Intake/M101.Amps", "High"]
    assert (high.kind, high.limit, high.deadband, high.on_delay_s, high.priority.value) == (
        "high",
        45.0,
        1.0,
        5.0,
        3,
    )
    assert high.message == "Screen motor current high"
    assert found["Intake/P_102.Amps", "High"].priority.value == 2
    assert found["Intake/P_102.Amps", "Trip"].limit == 75
    assert found["Intake/Level", "HiHi"].kind == "high_high"
    assert not found["Intake/Level", "HiHi"].ack_required
    assert found["Intake/Level", "Window"].expression == "1 <= 'Intake/Level' < 2"
    assert not found["Intake/Level", "Window"].enabled
    assert found["Intake/Level", "Sensor"].kind == "bad"
    assert found["Intake/Station_1.Door_Open", "Open"].limit == 1
    assert "rationalised" in found["Intake/Level", "Hi"].release_forced


def test_another_opc_ua_server_becomes_a_connection(plant: Plant) -> None:
    assert plant.by_name["Lab/pH"].address == "ns=2;s=Line1.pH"
    assert plant.by_name["Lab/FQ1.Flow"].address == "ns=2;s=Line1.FQ1.Flow"
    assert plant.connections["lab"].driver == "opcua"


def test_every_fault_of_the_file_has_a_place_and_a_new_connection_is_told(tmp_path: Path) -> None:
    _, plan = imported_twice(tmp_path, "ignition", FILE)
    assert all(fault.place.path or fault.place.line for fault in plan.faults)
    assert any("Lab" in fault.text and "lab" in fault.do for fault in plan.faults)


# --- addresses -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "data_type", "address", "kind", "options"),
    [
        ("ns=1;s=[plc]HR100", "Int2", "99 HR", "int16", ""),
        ("[plc]HR100.3", "Boolean", "99 HR.3", "bool", ""),
        ("[plc]HRUS7", "Int4", "6 HR", "uint16", ""),
        ("[plc]HRI7", "Int4", "6 HR", "int32", ""),
        ("[plc]HRUI7", "Int8", "6 HR", "uint32", ""),
        ("[plc]HRI_647", "Int8", "6 HR", "int64", "wire=int64"),
        ("[plc]IRUI_647", "Int8", "6 IR", "uint64", "wire=uint64"),
        ("[plc]HRD7", "Float8", "6 HR", "float", "wire=float64"),
        ("[plc]HRBCD_327", "Int4", "6 HR", "uint32", "wire=bcd32"),
        ("[plc]HR7", "Float4", "6 HR", "float", "wire=int16"),
        ("[plc]3.IRF7", "Float4", "3.6 IR", "float32", ""),
        ("[plc]C7", "Boolean", "6 CO", "bool", ""),
        ("[plc]DI7", "Boolean", "6 DI", "bool", ""),
        ("[plc]HR350", "Boolean", "349 HR", "bool", ""),
        ("[plc]400123", "Int2", "400123", "int16", ""),
        ("[plc]hrs10:8", "String", "9 HR", "string", "length=8"),
    ],
)
def test_modbus_addresses(
    tmp_path: Path, path: str, data_type: str, address: str, kind: str, options: str
) -> None:
    found = proposed(tmp_path, folder("a", tag(opcItemPath=path, dataType=data_type)))
    row = cells(found, "a/x")
    assert (row["address"], row["type"], row.get("options", "")) == (address, kind, options)
    assert row["connection"] == "plc"
    assert errors(found) == []


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("ns=1;s=[Logix]Program:Main.Speed", "ns=1;s=[Logix]Program:Main.Speed"),
        ("[Logix]Speed", "ns=1;s=[Logix]Speed"),
        ("nsu=urn:maker:device;s=Speed", "nsu=urn:maker:device;s=Speed"),
        ("ns=3;i=1007", "ns=3;i=1007"),
    ],
)
def test_other_items_become_nodes(tmp_path: Path, path: str, address: str) -> None:
    row = cells(proposed(tmp_path, folder("a", tag(opcItemPath=path))), "a/x")
    assert row["address"] == address
    assert row["connection"] == "ignition_opc_ua_server"


def test_a_device_that_counts_from_0_and_its_byte_order(tmp_path: Path) -> None:
    found = proposed(tmp_path, folder("a", tag(opcItemPath="[plc]HRF0")), base="0", order="CDAB")
    assert (cells(found, "a/x")["address"], cells(found, "a/x")["options"]) == ("0 HR", "order=CDAB")


def test_an_order_of_registers_that_nobody_says_is_noted(tmp_path: Path) -> None:
    tags = folder(
        "a",
        tag("x", opcItemPath="[plc]HRF1"),
        tag("y", opcItemPath="[plc]HR1"),
        tag("z", opcItemPath="[plc]HRI5"),
    )
    assert "2 tags have several registers" in proposed(tmp_path, tags).notes[0]
    assert proposed(tmp_path, tags, order="ABCD").notes == ()


def test_a_parameter_may_hold_the_whole_number(tmp_path: Path) -> None:
    bound = {"bindType": "parameter", "binding": "ns=1;s=[plc]{IO_Address+2}F"}
    kind = udt("T", tag("pv", opcItemPath=bound), parameters={"IO_Address": {"dataType": "String"}})
    found = proposed(tmp_path, folder("_types_", kind), folder("a", instance("w1", "T", IO_Address="41600")))
    assert errors(found) == []
    assert 'address = "{IO_Address+2}"' in found.types[0].text
    assert 'type = "integer"' in found.types[0].text
    assert cells(found, "a/w1")["parameters"] == "IO_Address=41600"


# --- UDTs ----------------------------------------------------------------------------------------------


def test_a_path_with_a_semicolon_that_differs_gets_a_type_of_its_own(tmp_path: Path) -> None:
    kind = udt("T", tag("pv", opcItemPath="ns=2;s=a", opcServer="S"))
    over = {"name": "pv", "tagType": "AtomicTag", "opcItemPath": "ns=2;s=b"}
    found = proposed(tmp_path, folder("_types_", kind), folder("a", instance("w1", "T", over)))
    assert errors(found) == []
    own = next(one for one in found.types if one.name == "t_w1")
    assert 'extends = "t"' in own.text
    assert 'address = "ns=2;s=b"' in own.text
    assert cells(found, "a/w1")["kind"] == "t_w1"


def test_a_path_made_of_parameters_only(tmp_path: Path) -> None:
    path = {"bindType": "parameter", "binding": "{Prefix}{Device}.{IO+2}F{Suffix}"}
    server = {"bindType": "parameter", "binding": "{Server}"}
    given = {"Prefix": "ns=2;s=", "Device": "", "IO": "", "Suffix": "", "Server": ""}
    kind = udt(
        "Well",
        tag("PV", opcItemPath=path, opcServer=server),
        parameters={name: {"dataType": "String", "value": value} for name, value in given.items()},
    )
    well = instance("Well_01", "[Tag_02]_types_/Well", Server="ACM_02", Device="RTU_01", IO="41600")
    found = proposed(tmp_path, folder("_types_", kind), folder("a", well))
    assert errors(found) == []
    assert 'address = "ns=2;s={Prefix}{Device}.{IO+2}F{Suffix}"' in found.types[0].text
    assert cells(found, "a/Well_01")["parameters"] == "Device=RTU_01;IO=41600"
    assert cells(found, "a/Well_01")["connection"] == "acm_02"


def test_the_name_of_the_instance_may_stand_in_a_path(tmp_path: Path) -> None:
    path = {"bindType": "parameter", "binding": "ns=2;s=Line.{InstanceName}.{TagName}"}
    kind = udt("T", tag("PV", opcItemPath=path, opcServer="S"))
    found = proposed(tmp_path, folder("_types_", kind), folder("a", instance("FT 101", "T")))
    assert errors(found) == []
    assert 'address = "ns=2;s=Line.{InstanceName}.PV"' in found.types[0].text
    assert cells(found, "a/FT_101")["parameters"] == "InstanceName=FT 101"


def test_an_alarm_of_one_instance_has_the_values_of_that_instance(tmp_path: Path) -> None:
    kind = udt("T", tag("pv"), parameters={"Limit": {"dataType": "Float", "value": 5}})
    limit = {"bindType": "Expression", "value": "{Limit}"}
    over = {
        "name": "pv",
        "tagType": "AtomicTag",
        "alarms": [{"name": "Own", "mode": "AboveValue", "setpointA": limit}],
    }
    found = proposed(tmp_path, folder("_types_", kind), folder("a", instance("w1", "T", over, Limit=7.5)))
    assert errors(found) == []
    assert dict(found.alarms[0].cells)["limit"] == "7.5"
    assert found.alarms[0].cells["tag"] == "a/w1.pv"


def test_an_instance_may_judge_an_alarm_of_its_type_by_a_tag(tmp_path: Path) -> None:
    high = {
        "name": "High",
        "mode": "AboveValue",
        "setpointA": 5,
        "priority": "Low",
        "deadband": 1,
        "label": "too high",
    }
    kind = udt("T", tag("pv", opcItemPath="[plc1]HRF1"), tag("sp", opcItemPath="[plc1]HRF3"))
    kind["tags"][0]["alarms"] = [high]
    moved = {
        "name": "High",
        "setpointA": {"bindType": "Tag", "value": "[.]sp"},
        "label": "above {InstanceName}",
    }
    over = {"name": "pv", "tagType": "AtomicTag", "alarms": [moved]}
    file = tmp_path / "tags.json"
    tree = {
        "name": "",
        "tagType": "Provider",
        "tags": [folder("_types_", kind), folder("a", instance("w1", "T", over))],
    }
    file.write_text(json.dumps(tree), "utf-8")
    plant, _ = imported_twice(tmp_path, "ignition", file)
    alarm = next(one for one in plant.alarms if one.id.endswith("pv_High"))
    assert (alarm.kind, alarm.expression) == ("expression", "'a/w1.pv' >= 'a/w1.sp'")
    assert alarm.message == "w1 above w1"


def test_an_instance_without_a_value_that_it_needs_is_one_fault(tmp_path: Path) -> None:
    path = {"bindType": "parameter", "binding": "[plc]HR{Base}"}
    kind = udt("T", tag("pv", opcItemPath=path), parameters={"Base": {"dataType": "Integer"}})
    found = proposed(
        tmp_path, folder("_types_", kind), folder("a", instance("w1", "T"), instance("w2", "T", Base=7))
    )
    assert errors(found) == ["a/w1: has no value for the parameter Base"]
    assert [row.name for row in found.rows] == ["a/w2"]


@pytest.mark.parametrize(("mode", "limit"), [("WhenTrue", "1"), ("WhenFalse", "0")])
def test_alarms_of_a_bool(tmp_path: Path, mode: str, limit: str) -> None:
    alarms = [{"name": "A", "mode": mode}]
    found = proposed(tmp_path, folder("a", tag(dataType="Boolean", opcItemPath="[plc]C1", alarms=alarms)))
    assert (found.alarms[0].cells["kind"], found.alarms[0].cells["limit"]) == ("discrete", limit)


def test_scaling_with_another_engineering_range_and_a_clamp(tmp_path: Path) -> None:
    scaled = {"scaleMode": "Linear", "rawLow": 0, "rawHigh": 100, "scaledLow": 0, "scaledHigh": 10}
    wide = {"engLow": 0, "engHigh": 20, "dataType": "Int2", "opcItemPath": "[plc]HR1"}
    found = proposed(
        tmp_path,
        folder("a", tag("free", **scaled, **wide), tag("held", clampMode="Clamp_Both", **scaled, **wide)),
    )
    ends = [
        [cells(found, name)[key] for key in ("raw_low", "raw_high", "low", "high")]
        for name in ("a/free", "a/held")
    ]
    assert ends == [["0", "200", "0", "20"], ["0", "100", "0", "10"]]
    assert cells(found, "a/held")["clamp"] == "true"
    assert cells(found, "a/free")["options"] == "wire=int16"


def test_circles_missing_types_and_duplicates_are_one_fault_each(tmp_path: Path) -> None:
    first = udt("A", instance("b", "B"))
    second = udt("B", instance("a", "A"))
    child, parent = udt("C", typeId="D"), udt("D", typeId="C")
    orphan = udt("E", tag(), typeId="Nowhere")
    found = proposed(
        tmp_path,
        folder("_types_", first, second, child, parent, orphan),
        folder("a", instance("i1", "A"), instance("i2", "A"), instance("i3", "Missing"), tag("x"), tag("x")),
    )
    said = errors(found)
    assert sum("A, B hold each other" in one for one in said) == 1
    assert sum("C, D inherit from each other" in one for one in said) == 1
    assert sum("Nowhere" in one and "is not in the file" in one for one in said) == 1
    assert sum("'Missing', which is not in the file" in one for one in said) == 1
    assert sum("stands twice" in one for one in said) == 1
    assert sum("2 instances of the type A" in one for one in said) == 1
    assert [row.name for row in found.rows] == ["a/x"]


def test_a_bomb_of_nested_types_is_refused(tmp_path: Path) -> None:
    kinds = [udt("T0", tag("x"))]
    for level in range(1, 12):
        kinds.append(udt(f"T{level}", *(instance(f"n{one}", f"T{level - 1}") for one in range(10))))
    said = errors(proposed(tmp_path, folder("_types_", *kinds)))
    assert any("more than 2000" in one or "nests more than" in one for one in said)


@pytest.mark.parametrize(
    ("binding", "said"),
    [
        ("{Nowhere}", "no parameter of its UDT"),
        ("{Base|000}", "number format"),
        ("{PathToTag}", "no parameter"),
    ],
)
def test_what_a_binding_cannot_say_is_quoted(tmp_path: Path, binding: str, said: str) -> None:
    path = {"bindType": "parameter", "binding": f"ns=1;s=[plc]HR{binding}"}
    kind = udt("T", tag("pv", opcItemPath=path), tag("ok"), parameters={"Base": {"value": 1}})
    found = errors(proposed(tmp_path, folder("_types_", kind)))
    assert len(found) == 1
    assert said in found[0]
    assert binding.strip("{}") in found[0]
    assert found[0].startswith("_types_/T/pv: ")


# --- tags ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("props", "said"),
    [
        ({"valueSource": "reference", "sourceTagPath": "[~]a/b"}, "a reference to another tag"),
        ({"valueSource": "db", "query": "select 1"}, "a database query"),
        ({"valueSource": "expr", "expression": "runScript('x.y')"}, "runScript"),
        ({"valueSource": "expr", "expression": "{[~]Nowhere} + 1"}, "Nowhere"),
        ({"dataType": "DataSet"}, "DataSet"),
        ({"scaleMode": "BitInversion"}, "bitinversion"),
        ({"opcItemPath": "plain"}, "plain"),
        ({"opcItemPath": "[plc]HRS10:8"}, "holds string"),
    ],
)
def test_what_has_no_like_is_one_fault_that_quotes_it(
    tmp_path: Path, props: dict[str, Any], said: str
) -> None:
    found = proposed(tmp_path, folder("a", tag("bad", **props), tag("good")))
    assert [row.name for row in found.rows] == ["a/good"]
    assert len(errors(found)) == 1
    assert said in errors(found)[0]
    assert errors(found)[0].startswith("a/bad: ")


def test_what_reads_a_tag_that_is_left_out_is_left_out_too(tmp_path: Path) -> None:
    found = proposed(
        tmp_path,
        folder(
            "a",
            tag("bad", dataType="DataSet"),
            tag("next", valueSource="expr", expression="{[.]bad} + 1"),
            tag("last", valueSource="expr", expression="{[.]next} + 1"),
        ),
    )
    assert found.rows == ()
    assert len(errors(found)) == 3


@pytest.mark.parametrize(
    ("alarm", "kind", "more"),
    [
        ({"mode": "BelowValue", "setpointA": 2}, "low", {"limit": "2"}),
        ({"mode": "AboveValue", "setpointA": 0, "inclusiveA": False}, "expression", {"expression": "'a/x' > 0"}),
        ({"mode": "AboveValue", "setpointA": 2, "inclusiveA": False, "deadband": 1}, "high", {"deadband": "1"}),
        ({"mode": "Equality", "setpointA": 3}, "discrete", {"limit": "3"}),
        ({"mode": "Inequality", "setpointA": 3}, "expression", {"expression": "'a/x' != 3"}),
        ({"mode": "Above Setpoint", "setpointA": 3}, "high", {"limit": "3"}),
        ({"mode": "OutsideValues", "setpointA": 1, "setpointB": 2, "inclusiveA": False},
         "expression", {"expression": "'a/x' < 1 or 'a/x' >= 2"}),
        ({"mode": "OutOfEngRange"}, "expression", {"expression": "'a/x' < 0 or 'a/x' > 10"}),
        ({"mode": "Bit", "bitPosition": 2}, "expression", {"expression": "'a/x' // 4 % 2 == 1"}),
        ({"mode": "WhenFalse"}, "expression", {"expression": "'a/x' == 0"}),
        ({"mode": "AboveValue", "setpointA": {"bindType": "Tag", "value": "[.]sp"}},
         "expression", {"expression": "'a/x' >= 'a/sp'"}),
        ({"mode": "OnCondition", "activeCondition": {"bindType": "Expression", "value": "{[.]sp} > 5 && {[.]x} > 1"}},
         "expression", {"expression": "(('a/sp' > 5) and ('a/x' > 1))"}),
        ({"mode": "AboveValue", "setpointA": 5, "deadband": 10, "deadbandMode": "Percent"},
         "high", {"limit": "5", "deadband": "1"}),
        ({"mode": "AboveValue", "setpointA": 5, "priority": "Diagnostic"}, "high", {"priority": "journal"}),
    ],
)  # fmt: skip
def test_alarm_modes(tmp_path: Path, alarm: dict[str, Any], kind: str, more: dict[str, str]) -> None:
    found = proposed(
        tmp_path, folder("a", tag(engLow=0, engHigh=10, alarms=[{"name": "A", **alarm}]), tag("sp"))
    )
    given = dict(found.alarms[0].cells)
    assert (given["tag"], given["name"], given["kind"]) == ("a/x", "A", kind)
    assert {key: given[key] for key in more} == more


def test_what_an_alarm_cannot_say_is_said_and_the_tag_stays(tmp_path: Path) -> None:
    alarms = [{"name": "Any", "mode": "AnyChange"}, {"name": "Ok", "mode": "BadQuality"}]
    found = proposed(tmp_path, folder("a", tag(alarms=alarms)))
    assert [one.cells["name"] for one in found.alarms] == ["Ok"]
    assert any("'Any'" in fault.text and "AnyChange" in fault.text for fault in found.faults)


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("{a} + 2 * {b}", "('a' + (2 * 'b'))"),
        ("if({a} = 1, 2.5, .5)", "(2.5 if ('a' == 1) else 0.5)"),
        ("{a} && !{b} || false", "(('a' and (not 'b')) or false)"),
        ("max({a}, {b}, 3) <> 4", "(max('a', 'b', 3) != 4)"),
        ("{a} ^ 2", "('a' * 'a')"),
        ('tag("a") - -1', "('a' - (-1))"),
        ("isGood({a})", "good('a')"),
        ("{a} // twice\n * 2", "('a' * 2)"),
    ],
)
def test_expressions(text: str, ours: str) -> None:
    assert translated(text, lambda inside: f"'{inside}'") == ours


@pytest.mark.parametrize(
    "text", ["", "{a} +", "{a} % 2", "{a} & 1", "now()", "{a} ^ 9", "((((", "'x", "a b", "-" * 99]
)
def test_expressions_that_cannot_be_said(text: str) -> None:
    with pytest.raises(Unsayable):
        translated(text, lambda inside: f"'{inside}'")


def test_many_instances_of_a_type_that_is_missing_are_one_fault(tmp_path: Path) -> None:
    found = proposed(tmp_path, folder("a", *(instance(f"m{one}", "Motor") for one in range(300))))
    assert errors(found) == ["a/m0: and 299 more are of the type 'Motor', which is not in the file"]


def test_types_may_get_a_prefix(tmp_path: Path) -> None:
    found = proposed(
        tmp_path, folder("_types_", udt("Pump", tag())), folder("a", instance("p1", "Pump")), prefix="ign_"
    )
    assert [one.name for one in found.types] == ["ign_pump"]
    assert cells(found, "a/p1")["kind"] == "ign_pump"


def test_alarms_that_are_not_judged_come_switched_off(tmp_path: Path) -> None:
    found = proposed(
        tmp_path, folder("a", tag(alarms=[{"name": "A", "setpointA": 1}], alarmEvalEnabled=False))
    )
    assert found.alarms[0].cells["enabled"] == "false"


def test_a_member_that_one_instance_switches_off_stays_and_that_is_said(tmp_path: Path) -> None:
    off = {"name": "Speed", "tagType": "AtomicTag", "enabled": False}
    found = proposed(
        tmp_path,
        folder("_types_", udt("Pump", tag("Run"), tag("Speed"))),
        folder("a", instance("p1", "Pump", off)),
    )
    (fault,) = found.faults
    assert (fault.text, fault.place.path) == ("is switched off in Ignition", "a/p1/Speed")
    assert fault.do == "the signal stays; if nothing needs it: Speed.present=false in parameters of the row"


def test_the_value_of_a_memory_tag_is_said(tmp_path: Path) -> None:
    found = proposed(tmp_path, folder("a", tag(valueSource="memory", value=85.0)))
    assert [fault.text for fault in found.faults] == ["its value '85.0' has to be entered once"]
    assert cells(found, "a/x")["manual"] == "true"


def test_evil_names_become_legal_and_stay_readable(tmp_path: Path) -> None:
    found = proposed(tmp_path, folder("a", tag("Füll stand 🚰"), tag("../../etc"), tag("x'y\"z"), tag("..")))
    assert cells(found, "a/Fuell_stand")["description"] == "Füll stand 🚰"
    assert cells(found, "a/etc")["description"] == "../../etc"
    assert cells(found, "a/x_y_z")["description"] == "x'y\"z"
    assert errors(found) == ["a/..: has no letter or digit that a name can be made of"]


def test_two_names_that_become_one_are_a_fault(tmp_path: Path) -> None:
    said = errors(proposed(tmp_path, folder("a", tag("x y"), tag("x_y"))))
    assert said == ["a/x_y: becomes a/x_y, as a/x y does"]


def test_two_devices_are_never_made_one(tmp_path: Path) -> None:
    context = ImportContext(connections={"plc1": "modbus"}, connection="plc1", areas=("a",))
    found = proposed(
        tmp_path,
        folder("a", tag("x", opcItemPath="[North]HR1"), tag("y", opcItemPath="[South]HR1")),
        context=context,
    )
    assert [cells(found, f"a/{one}")["connection"] for one in "xy"] == ["plc1", "south"]
    assert any("North" in fault.text and "plc1" in fault.text for fault in found.faults)
    given = proposed(
        tmp_path, folder("a", tag("x", opcItemPath="[North]HR1")), context=context, devices="North=n7"
    )
    assert cells(given, "a/x")["connection"] == "n7"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no JSON"),
        ("[" * 200_000, "nested too deep"),
        ("", "is no JSON"),
        ('{"a": 1' + "0" * 5000 + "}", "cannot be read"),
        ("<<<<<<< HEAD\n{}\n=======\n[]\n>>>>>>> other\n", "merge"),
    ],
)
def test_what_is_no_export_is_refused_in_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "x.json"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigurationError, match=said) as caught:
        read("ignition", file)
    assert "\n" not in str(caught.value)


def test_utf_16_with_escaped_signs_is_read(tmp_path: Path) -> None:
    file = tmp_path / "tags.json"
    file.write_text(FILE.read_text("utf-8").replace("=", "\\u003d"), "utf-16")
    assert kind_of(file).name == "ignition"
    assert len(read("ignition", file).rows) == 13

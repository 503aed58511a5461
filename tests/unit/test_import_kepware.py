"""Kepware lists: every form of address, type, scaling and access, and the values a device would show."""

from __future__ import annotations

from pathlib import Path

import pytest
from import_lists import plant_with_free_registers

from hmi.core.errors import ConfigurationError
from hmi.core.values import ValueType
from hmi.importers.kepware.definition import recognises
from hmi.importers.kepware.importer import read
from hmi.project import new_plant, open_plant
from hmi.project.canonical import csv_text
from hmi.project.diff import plant_diff
from hmi.project.import_kinds import import_kinds, kind_of, read_list, settings_of
from hmi.project.import_plan import apply_import, plan_import
from hmi.project.importing import ImportContext, Imported
from hmi.project.tag_table import tag_table, workbook

HEADER = (
    "Tag Name,Address,Data Type,Respect Data Type,Client Access,Scan Rate,Scaling,Raw Low,Raw High,Scaled Low,"
    "Scaled High,Scaled Data Type,Clamp Low,Clamp High,Eng Units,Description,Negate Value"
)
OLD_HEADER = ",".join(HEADER.split(",")[:16])
SCANS = {"fast": 250, "normal": 1000, "slow": 5000}


def listed(tmp_path: Path, *rows: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
    path = tmp_path / "device.csv"
    path.write_bytes("\r\n".join([header, *rows, ""]).encode(encoding))
    return path


def taken(path: Path, driver: str = "modbus", **given: str) -> Imported:
    kind = next(kind for kind in import_kinds() if kind.name == "kepware")
    context = ImportContext(connections={"plc1": driver}, connection="plc1", scans=SCANS)
    return read(path, settings_of(kind, given), context)


def plain(name: str, address: str, kind: str, access: str = "RO", rate: str = "1000") -> str:
    return f'"{name}",{address},{kind},1,{access},{rate},,,,,,,,,"","",,'


TYPES = {
    ("Word", "400001"): {"type": "uint16"},
    ("Short", "40001"): {"type": "int16"},
    ("DWord", "400001"): {"type": "uint32"},
    ("Long", "300001"): {"type": "int32"},
    ("Float", "400001"): {"type": "float32"},
    ("Double", "400001"): {"type": "float64"},
    ("QWord", "400001"): {"type": "uint64"},
    ("LLong", "400001"): {"type": "int64"},
    ("Boolean", "000001"): {"type": "bool"},
    ("Boolean", "100001"): {"type": "bool"},
    ("Boolean", "40001.3"): {"type": "bool"},
    ("BCD", "400001"): {"type": "uint16", "options": "wire=bcd16"},
    ("LBCD", "400001"): {"type": "uint32", "options": "wire=bcd32"},
    ("String", "400100.20H"): {"type": "string"},
    ("String", "40100.20L"): {"type": "string"},
}


@pytest.mark.parametrize(("kind", "address"), TYPES)
def test_every_type_and_form_of_address_becomes_a_tag_that_the_driver_takes(
    tmp_path: Path, kind: str, address: str
) -> None:
    imported = taken(listed(tmp_path, plain("Group.Tag 1", address, kind)))
    assert not imported.faults
    (row,) = imported.rows
    usual = {"kind": "tag", "name": "Group.Tag_1", "connection": "plc1", "address": address, "scan": "normal",
             "writable": "false"}  # fmt: skip
    stated = {column: text for column, text in row.cells.items() if text}
    assert stated == {**usual, **TYPES[kind, address]}
    folder = plant_with_free_registers(tmp_path / "plant")
    plan = plan_import(folder, imported)
    assert not plan.is_blocked, plan.faults
    apply_import(plan)
    assert open_plant(folder).by_name["Group.Tag_1"].address == address
    assert plan_import(folder, imported).texts == {}


def test_scaling_clamps_units_and_texts_are_taken(tmp_path: Path) -> None:
    rows = (
        '"A",400001,Word,1,RO,100,Linear,0,4095,0,"10.5",Float,1,1,"m","Level, ""raw""",0,',
        '"B",400002,Short,1,RO,100,Square Root,0,1000,0,5,Double,0,0,"","",,',
        '"C",400003,Short,1,RO,100,None,0,1000,0,1000,Double,0,0,"","",0,',
    )
    imported = taken(listed(tmp_path, *rows))
    first, second, third = (row.cells for row in imported.rows)
    assert {key: first[key] for key in ("raw_low", "raw_high", "low", "high", "scaling", "clamp", "type")} == {
        "raw_low": "0", "raw_high": "4095", "low": "0", "high": "10.5", "scaling": "linear", "clamp": "true",
        "type": "float",
    }  # fmt: skip
    assert (first["options"], first["unit"], first["description"]) == ("wire=uint16", "m", 'Level, "raw"')
    assert (second["scaling"], second["clamp"], second["options"]) == ("sqrt", "false", "wire=int16")
    assert not {"scaling", "low"} & third.keys()
    assert (third["raw_low"], third["raw_high"], third["options"]) == ("", "", "")
    assert imported.notes == ["scan rate 100 ms of 3 tags becomes the scan class fast (250 ms)"]


def test_what_cannot_be_said_is_a_fault_of_its_row_and_the_others_go_on(tmp_path: Path) -> None:
    rows = (
        '"Neg",400001,Word,1,RO,100,Linear,0,4095,0,10,Float,0,0,"","",1,',
        '"Half",400002,Word,1,RO,1000,Linear,0,4095,0,10,Float,1,0,"","",0,',
        plain("Date", "400003", "Date"),
        plain("Curve", "400004", "Word").replace(",,,,,,,,", ",Cubic,,,,,,,", 1),
        plain("Who", "400005", "Word", access="maybe"),
        plain("", "400006", "Word"),
        plain("None", "", "Word"),
        plain("Many", "400007[99][99]", "Word Array", access="R/W"),
        plain("Text", "400008.20H [3]", "String Array"),
        plain("Input", "300009", "Word", access="R/W"),
        plain("Good", "400010", "Word", access="R/W"),
    )
    imported = taken(listed(tmp_path, *rows))
    assert [(fault.place.line, fault.is_error) for fault in imported.faults] == [
        (2, True), (3, False), (4, True), (5, True), (6, True), (7, True), (8, True), (9, True), (10, True),
        (11, False),
    ]  # fmt: skip
    assert [row.name for row in imported.rows] == ["Half", "Input", "Good"]
    assert [row.cells["writable"] for row in imported.rows] == ["false", "false", "true"]


def test_operators_write_only_what_the_list_lets_them_and_never_where_that_is_not_wanted(
    tmp_path: Path,
) -> None:
    path = listed(tmp_path, plain("A", "400001", "Word", access="R/W"), plain("B", "400002", "Word"))
    assert [row.cells["writable"] for row in taken(path).rows] == ["true", "false"]
    assert "1 tag may be written by operators" in taken(path).notes[0]
    assert [row.cells["writable"] for row in taken(path, writable="false").rows] == ["false", "false"]


def test_a_corrected_list_takes_scaling_and_wire_type_back(tmp_path: Path) -> None:
    folder = plant_with_free_registers(tmp_path / "plant")
    scaled = '"L1",400901,Short,1,R/W,1000,Linear,0,27648,0,10,Double,1,1,"m","",0,'
    apply_import(plan_import(folder, taken(listed(tmp_path, scaled))))
    file = folder / "tags.csv"
    file.write_text(file.read_text("utf-8").replace("wire=int16", "wire=int16;encoding=ascii"), "utf-8")
    corrected = '"L1",400901,Float,1,RO,1000,None,,,,,,,,"m","",,'
    apply_import(plan_import(folder, taken(listed(tmp_path, corrected))))
    tag = open_plant(folder).by_name["L1"]
    assert (tag.type, tag.scaling, tag.range, tag.command, tag.unit) == (
        ValueType.FLOAT32,
        None,
        None,
        None,
        "m",
    )
    assert tag.options == {"encoding": "ascii"}
    older = ",".join(corrected.split(",")[:6]) + ',,,,,,,,,"m",""'
    assert plan_import(folder, taken(listed(tmp_path, older, header=OLD_HEADER))).texts == {}


def test_an_array_becomes_its_elements(tmp_path: Path) -> None:
    path = listed(
        tmp_path,
        plain("F", "400010 [3]", "Float Array"),
        plain("C", "000007[2][2]", "Boolean Array"),
        plain("W", "40001[1]", "Word"),
    )
    assert [(row.name, row.cells["address"]) for row in taken(path).rows] == [
        ("F_0", "400010"), ("F_1", "400012"), ("F_2", "400014"),
        ("C_0", "000007"), ("C_1", "000008"), ("C_2", "000009"), ("C_3", "000010"), ("W_0", "40001"),
    ]  # fmt: skip


def test_channel_and_device_before_the_names_may_stay_or_go(tmp_path: Path) -> None:
    path = listed(
        tmp_path, plain("Ch 1.Dev.Group.Tag", "400001", "Word"), plain("Ch 1.Dev", "400002", "Word")
    )
    assert [row.name for row in taken(path).rows] == ["Ch_1/Dev/Group.Tag", "Ch_1.Dev"]
    assert [row.name for row in taken(path, prefix="drop").rows] == ["Group.Tag", "Ch_1.Dev"]


def test_the_older_form_without_scaling_to_the_end_is_taken(tmp_path: Path) -> None:
    rows = ('"A",400001,Word,1,RO,100,Linear,0,4095,0,10,Float,1,1,"m","Level",',)
    (row,) = taken(listed(tmp_path, *rows, header=OLD_HEADER)).rows
    assert (row.cells["description"], row.cells["clamp"]) == ("Level", "true")
    shortest = listed(
        tmp_path, '"B",400001,Word,R/W,"x",', header="Tag Name,Address,Data Type,Client Access,Description"
    )
    assert taken(shortest).rows[0].cells["description"] == "x"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_it_is_recognised_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    path = listed(tmp_path, plain("Größe", "400001", "Word"), encoding=encoding)
    assert kind_of(path).name == "kepware"
    assert taken(path).rows[0].name == "Groesse"
    assert recognises("kind,name,address\n") == 0.0


def test_over_opc_ua_the_tags_of_the_server_are_read_and_not_the_device(tmp_path: Path) -> None:
    path = listed(
        tmp_path,
        '"G.A",400001,Word,1,R/W,100,Linear,0,4095,0,10,Float,1,1,"m","",1,',
        plain("G.Arr", "400010 [3]", "Float Array"),
    )
    first, second = taken(path, driver="opcua", device="Ch1.Dev1").rows
    assert first.cells["address"] == "ns=2;s=Ch1.Dev1.G.A"
    assert (first.cells["low"], first.cells["high"]) == ("0", "10")
    assert not {"raw_low", "options", "scaling"} & first.cells.keys()
    assert (second.name, second.cells["type"]) == ("G.Arr", "array")


def test_a_list_without_a_connection_or_of_another_product_is_refused(tmp_path: Path) -> None:
    path = listed(tmp_path, plain("A", "400001", "Word"))
    with pytest.raises(ConfigurationError, match="--connection NAME"):
        read(path, {}, ImportContext(connections={"a": "modbus", "b": "modbus"}))
    other = tmp_path / "other.csv"
    other.write_text("name,address\nx,HR1\n", "utf-8")
    with pytest.raises(ConfigurationError, match="is no Kepware list"):
        taken(other)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_MB_15_a_kepware_list_goes_in_out_and_in_again_without_a_difference(
    tmp_path: Path, suffix: str
) -> None:
    rows = [plain(f"Dev.T{n}", address, kind) for n, (kind, address) in enumerate(TYPES)]
    rows += [
        '"Dev.Lin",400700,Word,1,R/W,100,Linear,0,4095,-5,"10.5",Float,1,1,"m³/h","Level, ""raw""",0,',
        '"Dev.Root",400701,Short,1,RO,5000,Square Root,0,1000,0,5,Double,0,0,"","",,',
        plain("Dev.Array", "400710 [4]", "Float Array", access="R/W"),
    ]
    file = listed(tmp_path, *rows)
    folder, other = (new_plant(tmp_path / name) for name in ("plant", "other"))
    apply_import(plan_import(folder, taken(file)))
    out = tmp_path / f"tags{suffix}"
    header, table = tag_table(folder)
    out.write_bytes(workbook(header, table) if suffix == ".xlsx" else csv_text(header, table).encode("utf-8"))
    kind = kind_of(out)
    assert kind.name == "table"
    exported = read_list(out, kind, {}, ImportContext(connection="plc1"))
    assert plan_import(folder, exported).texts == {}
    assert plan_import(folder, taken(file)).texts == {}
    plan = plan_import(other, exported)
    assert plan.added == len(TYPES) + 2 + 4
    apply_import(plan)
    difference = plant_diff(open_plant(folder), open_plant(other))
    assert [sentence for sentence in difference.sentences if "tag" in sentence] == []

"""Tables with a row for each tag: our own columns, a map, and the words that lists usually have."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook  # type: ignore[import-untyped]

from hmi.core.errors import ConfigurationError
from hmi.importers.table.definition import recognises
from hmi.importers.table.importer import read
from hmi.project import new_plant, open_plant
from hmi.project.import_kinds import import_kinds, kind_of, settings_of, start_of
from hmi.project.import_plan import apply_import, plan_import
from hmi.project.importing import ImportContext, Imported
from hmi.project.tag_table import tag_table, workbook

CONTEXT = ImportContext(connections={"plc1": "modbus"}, connection="plc1", areas=("area1",))


def written(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "list.csv"
    path.write_bytes(text.encode(encoding))
    return path


def cells(imported: Imported) -> list[dict[str, str]]:
    return [dict(row.cells) for row in imported.rows]


def test_a_foreign_list_is_read_by_usual_words_and_the_preview_says_which(tmp_path: Path) -> None:
    text = (
        "Tag name;Register;Einheit;Min;Max;Datentyp;Zugriff;Kommentar;Farbe\n"
        "Höhe 1;40001;m;0;12,5;REAL;RO;Füllstand;rot\n"
        "P1 start;000001;;;;BOOL;R/W;;\n"
    )
    imported = read(written(tmp_path, text, "cp1252"), {}, CONTEXT)
    assert cells(imported) == [
        {
            "kind": "tag", "name": "Höhe 1", "address": "40001", "unit": "m", "low": "0", "high": "12.5",
            "type": "float32", "writable": "false", "description": "Füllstand", "connection": "plc1",
        },
        {
            "kind": "tag", "name": "P1 start", "address": "000001", "type": "bool", "writable": "true",
            "connection": "plc1",
        },
    ]  # fmt: skip
    assert imported.notes == [
        "columns: Tag name is name, Register is address, Einheit is unit, Min is low, Max is high, "
        "Datentyp is type, Zugriff is writable, Kommentar is description",
        "columns that are not taken: Farbe",
        "the file is no UTF-8 and is read as Windows-1252: line 2 has 'Höhe 1'; where that is wrong, save it as UTF-8",
    ]
    assert [row.place.line for row in imported.rows] == [2, 3]


def test_a_map_says_which_column_is_ours(tmp_path: Path) -> None:
    text = "no title\n\nWas,Wo,Name\nlevel,HR1,ignored\n"
    context = ImportContext(
        connection="plc1", columns={"name": "was", "address": "WO", "description": "Name"}
    )
    assert cells(read(written(tmp_path, text), {}, context)) == [
        {"kind": "tag", "name": "level", "address": "HR1", "description": "ignored", "connection": "plc1"}
    ]


@pytest.mark.parametrize(
    ("text", "columns", "words"),
    [
        ("a,b\n1,2\n", {}, r'list\.csv:1: no column is known to be the name; its columns: a, b; say which: --map name'),
        ("a,b\n1,2\n", {"name": "c"}, r"has no column 'c'; its columns: a, b"),
        ("a,b\n1,2\n", {"colour": "b"}, "there is no column 'colour'"),
        ("name,address\nx,HR1\n", {}, r"over which connection .* --connection NAME; the plant has: plc1, plc2"),
    ],
)  # fmt: skip
def test_what_is_not_known_is_asked_for(
    tmp_path: Path, text: str, columns: dict[str, str], words: str
) -> None:
    context = ImportContext(connections={"plc1": "modbus", "plc2": "modbus"}, columns=columns)
    with pytest.raises(ConfigurationError, match=words):
        read(written(tmp_path, text), {}, context)


def test_a_row_that_cannot_be_taken_is_a_fault_with_its_line(tmp_path: Path) -> None:
    text = 'name,address\n,HR1\nx,HR2,more\n"two\nlines",HR3\ny,HR4\n'
    imported = read(written(tmp_path, text), {}, CONTEXT)
    assert [(fault.place.line, fault.text) for fault in imported.faults] == [
        (2, "has no name"), (3, "has 3 cells where the header has 2"),
    ]  # fmt: skip
    assert [(row.place.line, row.name) for row in imported.rows] == [(4, "two\nlines"), (6, "y")]


def test_a_table_of_a_browse_brings_confidence_reasons_and_types(tmp_path: Path) -> None:
    text = "kind,name,address,confidence,why\nfan,area1/f1,,0.85,moves as one\n"
    types = tmp_path / "list.types"
    types.mkdir()
    (types / "fan.toml").write_text('schema = "type/1"\nname = "fan"\n', "utf-8")
    imported = read(written(tmp_path, text), {}, CONTEXT)
    assert (imported.rows[0].confidence, imported.rows[0].why) == (0.85, "moves as one")
    assert "confidence" not in imported.rows[0].cells
    assert [(one.name, one.place.path) for one in imported.types] == [("fan", "list.types/fan.toml")]


def test_kinds_are_recognised_and_told_from_each_other(tmp_path: Path) -> None:
    assert recognises("kind,id,name\n") == 1.0
    assert recognises('"Kind";"Name"\n') == 1.0
    assert recognises("Tag name\tRegister\n") == 0.3
    assert recognises("nothing") == 0.0
    assert kind_of(written(tmp_path, "kind,name\ntag,x\n")).name == "table"
    assert kind_of(written(tmp_path, "kind,name\ntag,ä\n", "utf-16")).name == "table"
    assert {"kepware", "table"} <= {kind.name for kind in import_kinds()}
    strange = tmp_path / "list.pdf"
    strange.write_bytes(b"%PDF")
    with pytest.raises(ConfigurationError, match=r"list\.pdf: is of no kind that is known; say which: --as "):
        kind_of(strange)


def test_a_letter_that_is_cut_where_the_start_ends_is_no_other_encoding(tmp_path: Path) -> None:
    assert start_of(written(tmp_path, "ä" * 40_000 + "x")).startswith("ää")
    assert start_of(written(tmp_path, "x" + "ä" * 40_000)).startswith("xä")


def test_settings_are_checked() -> None:
    kepware = next(kind for kind in import_kinds() if kind.name == "kepware")
    assert settings_of(kepware, {"writable": "no"})["writable"] is False
    for given, words in (
        ({"colour": "1"}, "has no setting"), ({"prefix": "x"}, "use one of"), ({"namespace": "x"}, "whole number"),
    ):  # fmt: skip
        with pytest.raises(ConfigurationError, match=words):
            settings_of(kepware, given)


def test_a_spreadsheet_may_be_edited_and_comes_back(tmp_path: Path) -> None:
    folder = new_plant(tmp_path / "plant")
    header, rows = tag_table(folder)
    path = tmp_path / "tags.xlsx"
    path.write_bytes(workbook(header, rows))
    book = load_workbook(path)
    sheet: Any = book.active
    by_name = {line[header.index("name")].value: line for line in sheet.iter_rows(min_row=2)}
    assert by_name["area1/lt101"][header.index("high")].value == 5
    by_name["area1/lt101"][header.index("high")].value = 7.5
    by_name["area1/ft101"][header.index("description")].value = None
    by_name["area1/p101"][header.index("parameters")].value = "base=201"
    book.save(path)
    plan = plan_import(folder, read(path, {}, CONTEXT))
    assert plan.sentences == (
        "pump area1/p101: parameters base=101 -> base=201",
        "tag area1/lt101: range 0 … 5 -> 0 … 7.5",
        "tag area1/ft101: description Outlet flow -> nothing",
    )
    apply_import(plan)
    assert open_plant(folder).by_name["area1/ft101"].description == ""


def test_a_list_that_a_german_excel_saved_changes_nothing(tmp_path: Path) -> None:
    folder = new_plant(tmp_path / "plant")
    header, rows = tag_table(folder)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    words = {"true": "WAHR", "false": "FALSCH"}
    numbers = [name in ("low", "high", "normal_low", "normal_high") for name in header]
    for row in rows:
        writer.writerow(
            [
                words.get(cell, cell.replace(".", ",") if is_number else cell)
                for cell, is_number in zip(row, numbers, strict=True)
            ]
        )
    path = written(tmp_path, out.getvalue(), "cp1252")
    assert plan_import(folder, read(path, {}, CONTEXT)).texts == {}


def test_a_text_that_looks_like_a_formula_stays_a_text(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    path.write_bytes(workbook(["kind", "name", "description"], [["tag", "a", "=1+1"]]))
    assert load_workbook(path)["tags"]["C2"].data_type == "s"
    assert cells(read(path, {}, CONTEXT))[0]["description"] == "=1+1"


def test_a_foreign_workbook_is_read_like_a_list(tmp_path: Path) -> None:
    book = Workbook()
    sheet: Any = book.active
    sheet.append(["Tag", "Address", "Min", "Max", "Log"])
    sheet.append(["x", 40001, 0, 12.5, True])
    path = tmp_path / "list.xlsx"
    book.save(path)
    assert kind_of(path).name == "table"
    assert cells(read(path, {}, CONTEXT)) == [
        {
            "kind": "tag", "name": "x", "address": "40001", "low": "0", "high": "12.5", "history": "true",
            "connection": "plc1",
        }
    ]  # fmt: skip


def test_a_sheet_may_be_named(tmp_path: Path) -> None:
    book = Workbook()
    first: Any = book.active
    first.append(["name", "address"])
    for title, name in (("Pumps", "p1"), ("Tanks", "t1")):
        sheet = book.create_sheet(title)
        sheet.append(["name", "address"])
        sheet.append([name, "HR1"])
    path = tmp_path / "list.xlsx"
    book.save(path)
    assert read(path, {}, CONTEXT).rows == []
    assert read(path, {"sheet": "Tanks"}, CONTEXT).rows[0].name == "t1"
    with pytest.raises(ConfigurationError, match="has no sheet 'Valves'; its sheets: Sheet, Pumps, Tanks"):
        read(path, {"sheet": "Valves"}, CONTEXT)


def test_an_error_of_a_spreadsheet_is_a_fault_of_its_row(tmp_path: Path) -> None:
    text = "name,address,farbe\n#N/A,HR1,\na,#REF!,\nb,HR3,#N/A\n"
    found = read(written(tmp_path, text), {}, CONTEXT)
    assert [(fault.place.line, "an error of the spreadsheet" in fault.text) for fault in found.faults] == [
        (2, True),
        (3, True),
    ]
    assert [row.name for row in found.rows] == ["b"]

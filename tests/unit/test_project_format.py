"""Canonical writing: an unchanged plant changes no byte, nothing is lost, ids are kept."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hmi.core.errors import ConfigurationError, UsageError
from hmi.core.identity import is_id
from hmi.project import format_plant, load_plant, new_plant, open_plant
from hmi.project.canonical import column_order, csv_text, display_text
from hmi.project.columns import TAG_COLUMNS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return new_plant(tmp_path / "Pump House 2")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_new_plant_is_canonical_and_opens(folder: Path) -> None:
    before = contents(folder)
    assert format_plant(folder) == ()
    assert contents(folder) == before
    plant = open_plant(folder)
    assert (plant.name, plant.title) == ("pump-house-2", "Pump House 2")
    assert is_id(plant.id)


def test_two_new_plants_are_two_plants(tmp_path: Path) -> None:
    first, second = (open_plant(new_plant(tmp_path / name)) for name in ("a", "b"))
    assert first.id != second.id


def test_new_refuses_a_folder_that_holds_something(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="something already"):
        new_plant(folder)
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match="something already"):
        new_plant(tmp_path / "file")
    with pytest.raises(UsageError, match="cannot be written"):
        new_plant(tmp_path / "file" / "below")


def test_format_writes_missing_ids_and_the_revision_stays(folder: Path) -> None:
    path = folder / "tags.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    for row in rows:
        row["id"] = ""
    path.write_text(csv_text(list(rows[0]), [list(r.values()) for r in rows]), encoding="utf-8")
    display = folder / "displays" / "overview.json"
    document = json.loads(display.read_text(encoding="utf-8"))
    document["elements"] = [{k: v for k, v in e.items() if k != "id"} for e in document["elements"]]
    display.write_text(json.dumps({k: v for k, v in document.items() if k != "id"}), encoding="utf-8")
    before = load_plant(folder)
    assert before.plant is not None
    assert {Path(f.file).name for f in before.findings} == {"tags.csv", "overview.json"}
    assert {p.name for p in format_plant(folder)} == {"tags.csv", "overview.json"}
    after = load_plant(folder)
    assert after.findings == ()
    assert after.plant is not None
    assert after.plant.revision == before.plant.revision
    assert [t.id for t in after.plant.tags] == [t.id for t in before.plant.tags]
    assert format_plant(folder) == ()


def test_a_renamed_tag_keeps_its_id_and_a_new_one_of_the_old_name_gets_another(folder: Path) -> None:
    old = open_plant(folder).by_name["area1/ft101"].id
    path = folder / "tags.csv"
    text = path.read_text(encoding="utf-8").replace("area1/ft101", "area1/ft102")
    path.write_text(text + "tag,,area1/ft101,float32,New,area1,plc1,HR9,,,,,,,,,,\n", encoding="utf-8")
    format_plant(folder)
    plant = open_plant(folder)
    assert plant.by_name["area1/ft102"].id == old
    assert plant.by_name["area1/ft101"].id != old


def test_toml_keeps_comments_layout_and_unknown_tables(folder: Path) -> None:
    path = folder / "plant.toml"
    text = path.read_text(encoding="utf-8")
    lines = [line for line in text.split("\n") if not line.startswith("id =")]
    written = (
        "# of the works\r\n"
        + "\r\n".join(lines)
        + "\r\n[vendor]   # ours\r\nnote = '''two\r\nlines'''\r\n\r\n\r\n"
    )
    path.write_bytes(written.encode())
    format_plant(folder)
    after = path.read_text(encoding="utf-8")
    assert after.startswith('# of the works\nschema = "plant/1"\nid = "p_')
    assert "[vendor]   # ours\nnote = '''two\nlines'''\n" in after
    assert "# the address of the PLC" in after
    assert not after.endswith("\n\n")
    assert tomllib.loads(after)["vendor"] == {"note": "two\nlines"}
    assert format_plant(folder) == ()


def test_a_missing_schema_line_is_added(folder: Path) -> None:
    path = folder / "types" / "pump.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('schema = "type/1"\n', ""), encoding="utf-8")
    assert "does not say its schema" in load_plant(folder).findings[0].sentence
    format_plant(folder)
    assert path.read_text(encoding="utf-8").startswith('schema = "type/1"\n')
    assert load_plant(folder).findings == ()


def test_csv_keeps_unknown_columns_quotes_and_order_of_rows(folder: Path) -> None:
    path = folder / "tags.csv"
    path.write_bytes(
        "\ufeffvendor, name ,kind,expression,description\r\n"
        '"a ""quoted"" cell",area1/x,tag,1,"two\nlines, and a comma"\r\n'
        ",,,,\r\n"
        "b,area1/a,tag,2,Größe\r\n".encode()
    )
    (folder / "alarms.csv").unlink()
    format_plant(folder)
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
    assert list(rows[0]) == ["kind", "id", "name", "description", "expression", "vendor"]
    assert [r["name"] for r in rows] == ["area1/x", "area1/a"]
    assert rows[0]["vendor"] == 'a "quoted" cell'
    assert rows[0]["description"] == "two\nlines, and a comma"
    assert rows[1]["description"] == "Größe"
    assert b"\r" not in path.read_bytes()
    assert format_plant(folder) == ()


def test_a_display_is_one_element_a_line_in_a_fixed_order(folder: Path) -> None:
    path = folder / "displays" / "overview.json"
    path.write_text(
        '{"elements": [{"tag": "area1/lt101", "zz": {"b": 1, "a": [1, 2]}, "y": 2, "x": 1.5, "type": "readout"}],'
        ' "own": "ü", "title": "T", "schema": "display/1", "id": "d_0123456789ab"}',
        encoding="utf-8",
    )
    format_plant(folder)
    lines = path.read_text(encoding="utf-8").split("\n")
    assert lines[:6] == [
        "{", '"schema": "display/1",', '"id": "d_0123456789ab",', '"name": "overview",', '"title": "T",', '"own": "ü",'
    ]  # fmt: skip
    assert lines[6] == '"elements": ['
    assert lines[7].startswith('{"id":"e_')
    assert lines[7].endswith('"type":"readout","x":1.5,"y":2,"tag":"area1/lt101","zz":{"b":1,"a":[1,2]}}')
    assert lines[8:] == ["]", "}", ""]
    assert format_plant(folder) == ()


def test_nothing_is_written_when_one_file_cannot_be_read(folder: Path) -> None:
    (folder / "tags.csv").write_text("name,kind\narea1/x,tag\n", encoding="utf-8")
    (folder / "displays" / "overview.json").write_text("{", encoding="utf-8")
    before = contents(folder)
    with pytest.raises(ConfigurationError, match=r"overview\.json:1: is not valid JSON"):
        format_plant(folder)
    assert contents(folder) == before


def test_no_file_is_left_beside(folder: Path) -> None:
    path = folder / "tags.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",id,", ",id,extra,", 1), encoding="utf-8")
    format_plant(folder)
    assert not [p for p in folder.rglob("*") if p.name.startswith(".")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcxyz", max_size=4), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
ELEMENTS = st.lists(
    st.dictionaries(
        st.sampled_from(["id", "type", "x", "y", "w", "h", "tag", "q", "label"]), JSON, max_size=6
    ),
    max_size=4,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(["id", "name", "title", "own", "level"]), JSON, max_size=5), ELEMENTS)
def test_canonical_json_loses_nothing_and_is_stable(
    head: dict[str, Any], elements: list[dict[str, Any]]
) -> None:
    document = {**head, "elements": elements}
    text = display_text(document)
    again = json.loads(text)
    assert again == document
    assert display_text(again) == text
    shuffled = {k: document[k] for k in reversed(document)}
    assert display_text(shuffled) == text


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\x00"), max_size=12)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(CELL, min_size=3, max_size=3), max_size=5))
def test_canonical_csv_reads_back_the_same(rows: list[list[str]]) -> None:
    text = csv_text(["kind", "id", "name"], rows)
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert read == [["kind", "id", "name"], *rows]


def test_known_columns_come_first_in_their_order() -> None:
    assert column_order(("z", "name", "kind", "", "a"), TAG_COLUMNS) == ["kind", "name", "z", "a"]


def test_a_file_that_cannot_be_written_is_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied")

    path = folder / "tags.csv"
    path.write_text("name,kind,expression\narea1/x,tag,1\n", encoding="utf-8")
    (folder / "alarms.csv").unlink()
    monkeypatch.setattr("hmi.project._replacing.os.replace", refuse)
    with pytest.raises(ConfigurationError, match="cannot be written"):
        format_plant(folder)
    assert path.read_text(encoding="utf-8").startswith("name,kind")
    assert not [p for p in folder.rglob("*") if p.name.startswith(".")]


def test_the_schema_hint_of_an_editor_is_no_unknown_field(folder: Path) -> None:
    path = folder / "displays" / "overview.json"
    hint = '"$schema": "../../schemas/display.schema.json",'
    path.write_text(path.read_text(encoding="utf-8").replace("{\n", f"{{\n{hint}\n", 1), encoding="utf-8")
    assert load_plant(folder).findings == ()
    assert format_plant(folder) == ()

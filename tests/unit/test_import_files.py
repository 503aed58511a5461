"""What an import does to the files of the plant beside what it changes: nothing."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest

from hmi.core.errors import ConfigurationError
from hmi.importers.table.importer import read
from hmi.project import format_plant, new_plant, open_plant
from hmi.project._shadow import stored_as
from hmi.project.folder_files import read_files, write_files
from hmi.project.import_kinds import kind_of, read_list, settings_of
from hmi.project.import_plan import apply_import, plan_import
from hmi.project.importing import ImportContext, Imported, Place, ProposedAlarm, ProposedRow
from hmi.project.tag_table import guarded, tag_table, workbook

CONTEXT = ImportContext(connections={"plc1": "modbus_tcp"}, areas=("area1",), connection="plc1")
NEW = {"kind": "tag", "name": "area1/n", "type": "uint16", "connection": "plc1", "address": "HR900"}


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    return new_plant(tmp_path / "plant")


def add(folder: Path, **cells: str) -> None:
    apply_import(plan_import(folder, Imported(rows=[ProposedRow({**NEW, **cells}, Place(2))])))


def tags(folder: Path, text: str) -> Path:
    path = folder / "tags.csv"
    path.write_bytes(text.encode())
    (folder / "alarms.csv").unlink(missing_ok=True)
    (folder / "displays" / "overview.json").unlink(missing_ok=True)
    head = folder / "plant.toml"
    head.write_text(re.sub(r"(?m)^home = .*\n", "", head.read_text("utf-8")), "utf-8")
    return path


# ------------------------------------------------------------------------------------------ rows and cells


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\r\n"])
def test_a_header_without_rows_gets_its_first_row(plant: Path, end: str) -> None:
    path = tags(plant, "kind,id,name,type,connection,address" + end)
    add(plant)
    assert "area1/n" in open_plant(plant).by_name
    assert path.read_bytes().startswith(b"kind,id,name,type,connection,address")


def test_a_header_without_alarms_gets_its_first_alarm(plant: Path) -> None:
    (plant / "alarms.csv").write_text("id,tag,name,kind,limit,priority\n", "utf-8")
    alarm = ProposedAlarm({"tag": "area1/lt101", "kind": "high", "limit": "4", "priority": "4"})
    apply_import(plan_import(plant, Imported(alarms=[alarm])))
    assert [one.kind for one in open_plant(plant).alarms if ".alarm." not in one.id] == ["high"]


@pytest.mark.parametrize("write", ["import", "format"])
def test_remarks_under_a_header_without_a_name_stay(plant: Path, write: str) -> None:
    path = tags(plant, "kind,name,,address,connection,\ntag,area1/a,terminal 7,HR1,plc1,cable W12\n")
    add(plant, unit="m") if write == "import" else format_plant(plant)
    assert "terminal 7,cable W12\n" in path.read_text("utf-8")
    format_plant(plant)
    assert "terminal 7,cable W12\n" in path.read_text("utf-8")
    assert format_plant(plant) == ()


def test_spare_commas_go(plant: Path) -> None:
    path = tags(plant, "kind,name,address,connection,,,\ntag,area1/a,HR1,plc1,,,\n")
    add(plant, unit="m")
    assert not path.read_text("utf-8").split("\n")[0].endswith(",")


def test_the_id_of_another_program_empties_nothing(plant: Path, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(
        "ID,Tag name,Address,Description,Units\n1,area1/lt101,HR1,,\n2,area1/x,HR902,second,m\n", "utf-8"
    )
    imported = read(file, {}, CONTEXT)
    assert "2 ids are not of this product; these rows are found by their names" in imported.notes
    plan = plan_import(plant, imported)
    assert (plan.added, plan.changed, plan.unchanged) == (1, 0, 1)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_an_export_with_lines_tabs_and_codes_changes_nothing(
    plant: Path, tmp_path: Path, suffix: str
) -> None:
    texts = ('"first\nsecond"', '"tab\there"', "_x0041_ q", "=1+1", "_x005F_")
    rows = "".join(
        f"tag,t_aaaaaaaaaaa{number},area1/o{number},plc1,HR{900 + number},{text}\n"
        for number, text in enumerate(texts)
    )
    tags(plant, f"kind,id,name,connection,address,description\n{rows}")
    header, table = tag_table(plant)
    file = tmp_path / f"out{suffix}"
    if suffix == ".xlsx":
        file.write_bytes(workbook(header, table))
    else:
        from hmi.project.canonical import csv_text

        safe = [[guarded(*pair) for pair in zip(header, row, strict=True)] for row in table]
        file.write_text(csv_text(header, safe), "utf-8")
        assert ", =1+1" in file.read_text("utf-8")
    plan = plan_import(plant, read(file, {}, CONTEXT))
    assert (plan.added, plan.changed, plan.unchanged) == (0, 0, 5), plan.sentences


def test_sheets_that_are_not_read_are_named(tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    for number, title in enumerate(("Empty", "Area 1", "Area 2", "Also empty")):
        sheet: Any = book.active if not number else book.create_sheet()
        sheet.title = title
        if "Area" in title:
            sheet.append(["kind", "name", "connection", "address"])
            sheet.append(["tag", f"area1/s{number}", "plc1", f"HR{number}"])
    file = tmp_path / "two.xlsx"
    book.save(file)
    kind = kind_of(file)
    first = read_list(file, kind, settings_of(kind, {}), CONTEXT)
    assert first.notes[-1] == "sheets that are not read: Area 2; --set sheet=NAME reads another one"
    second = read_list(file, kind, settings_of(kind, {"sheet": "Area 2"}), CONTEXT)
    assert [row.name for row in second.rows] == ["area1/s2"]
    assert second.notes[-1] == "sheets that are not read: Area 1; --set sheet=NAME reads another one"


# ------------------------------------------------------------------------------------------ bytes and rights


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        (b"a\r\nb\nc\n", "a\nb\nc\nd\n", b"a\r\nb\nc\nd\n"),
        (b"a\r\nb\r\nc\n", "a\nB\nc\nd\n", b"a\r\nB\r\nc\nd\r\n"),
        (b"a\r\na\na\n", "a\na\na\n", b"a\r\na\na\n"),
        (b"\xef\xbb\xbfa\r\nb\r\n", "a\nb\nc\n", b"\xef\xbb\xbfa\r\nb\r\nc\r\n"),
        (b"a\rb\r", "a\nb\nc\n", b"a\rb\rc\r"),
        (b"", "a\n", b"a\n"),
        (None, "a\n", b"a\n"),
    ],
)
def test_line_ends_stay_row_by_row(old: bytes | None, new: str, wanted: bytes) -> None:
    assert stored_as(new, old) == wanted


posix_only = pytest.mark.skipif(os.name == "nt", reason="rights and links of POSIX")


@posix_only
def test_a_file_keeps_its_rights_and_a_link_its_place(plant: Path, tmp_path: Path) -> None:
    real = tmp_path / "shared.csv"
    (plant / "tags.csv").rename(real)
    (plant / "tags.csv").symlink_to(os.path.relpath(real, plant))
    real.chmod(0o640)
    (plant / "plant.toml").chmod(0o600)
    before = read_files(plant)
    files = {"plant.toml": (before["plant.toml"] or b"") + b"\n"}
    write_files(plant, files, before=before, what="test")
    add(plant)
    assert (plant / "tags.csv").is_symlink()
    assert "area1/n" in real.read_text("utf-8")
    modes = [oct(path.stat().st_mode & 0o777) for path in (real, plant / "plant.toml")]
    assert modes == ["0o640", "0o600"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plant", "shared.csv"]


@posix_only
def test_a_file_that_is_read_only_is_not_replaced(plant: Path) -> None:
    (plant / "tags.csv").chmod(0o440)
    before = read_files(plant)
    with pytest.raises(ConfigurationError, match=r"tags\.csv: is read-only; nothing was written"):
        add(plant, name="area9/n", area="area1")
    assert read_files(plant) == before


# ------------------------------------------------------------------------------------------ the copy that is checked


@posix_only
def test_odd_things_in_the_folder_are_none_of_the_import(plant: Path, tmp_path: Path) -> None:
    (plant / ".#tags.csv").symlink_to("somebody@host.123")
    (plant / "old").symlink_to(".")
    os.mkfifo(plant / "pipe")
    (plant / "types" / "gone.toml.bak").symlink_to("nowhere")
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "large").write_bytes(b"x" * 1000)
    (plant / "archive").symlink_to(tmp_path / "archive")
    add(plant)
    assert "area1/n" in open_plant(plant).by_name


def test_no_room_for_the_copy_is_one_sentence(plant: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(plant / "none"))
    with pytest.raises(ConfigurationError, match="a copy to check the change with cannot be made"):
        add(plant)

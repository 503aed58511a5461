"""Lists of other programs as they come: encodings, separators, decimal commas, and what is refused in one sentence."""

from __future__ import annotations

import io
import os
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook  # type: ignore[import-untyped]

from hmi.core.errors import ConfigurationError
from hmi.project import _import_workbook, import_texts
from hmi.project.import_texts import SourceTable, read_source, read_table

LIST = "Name;Wert;Größe\nA;1,5;ä\n\nB;-2.000,25;½\n"


def written(tmp_path: Path, raw: bytes, name: str = "list.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize(
    ("encoding", "known_as"),
    [
        ("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("cp1252", "cp1252"), ("utf-16", "utf-16-le"),
        ("utf-16-le", "utf-16-le"), ("utf-16-be", "utf-16-be"), ("utf-32", "utf-32-le"),
    ],
)  # fmt: skip
def test_every_encoding_gives_the_same_rows(tmp_path: Path, encoding: str, known_as: str) -> None:
    table = read_table(written(tmp_path, LIST.replace("\n", "\r\n").encode(encoding)))
    assert table.encoding == known_as
    assert table.header == ("Name", "Wert", "Größe")
    assert table.rows == [(2, ["A", "1,5", "ä"]), (4, ["B", "-2.000,25", "½"])]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_every_separator_is_found_and_quoted_fields_may_hold_it(tmp_path: Path, separator: str) -> None:
    rows = [["name", "text"], ["a", f'x{separator} "y"'], ["b", "two\nlines"], ["c", "0=Off;1=On"]]
    quoted = [separator.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    table = read_table(written(tmp_path, "\n".join(quoted).encode()))
    assert table.separator == separator
    assert [cells for _, cells in table.rows] == rows[1:]
    assert [line for line, _ in table.rows] == [2, 3, 5]


def test_excel_says_its_separator_in_a_line_before(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, b"sep=|\na|b,c;d\n1|2\n"))
    assert (table.header, table.rows, table.separator) == (("a", "b,c;d"), [(3, ["1", "2"])], "|")


@pytest.mark.parametrize(
    ("text", "decimal", "numbers"),
    [
        ("a;b\n1,5;2\n", ",", ["1.5", "2"]),
        ("a;b\n1.234,5;x\n", ",", ["1234.5", "x"]),
        ("a;b\n1,500;x\n", ",", ["1.500", "x"]),
        ('a,b\n"1,500",x\n', ".", ["1,500", "x"]),
        ('a,b\n"1,5",40001.3\n', ",", ["1.5", "40001.3"]),
        ("a,b\n1.5,2\n", ".", ["1.5", "2"]),
        ("a;b\n-1,5e3;,5\n", ",", ["-1.5e3", ".5"]),
        ("a;b\nx,y;1,2,3\n", ".", ["x,y", "1,2,3"]),
    ],
)
def test_a_decimal_comma_is_told_from_thousands(
    tmp_path: Path, text: str, decimal: str, numbers: list[str]
) -> None:
    table = read_table(written(tmp_path, text.encode()))
    assert table.decimal == decimal
    assert [table.number(cell) for cell in table.rows[0][1]] == numbers


def test_a_header_below_a_title_is_found(tmp_path: Path) -> None:
    raw = b"Device manual, page 12\n\n;;;\nRegister;Name\n1;A\n"
    table = read_table(written(tmp_path, raw), lambda cells: "Register" in cells)
    assert (table.header, table.header_line, table.rows) == (("Register", "Name"), 4, [(5, ["1", "A"])])


def workbook(tmp_path: Path, rows: list[list[object]], name: str = "list.xlsx") -> Path:
    book = Workbook()  # its first sheet stays empty
    sheet = book.create_sheet("tags")
    for row in rows:
        sheet.append(row)
    path = tmp_path / name
    book.save(path)
    return path


def test_a_workbook_is_read_from_its_first_sheet_that_holds_something(tmp_path: Path) -> None:
    table = read_table(workbook(tmp_path, [["name", "high", "on"], ["a", 1.5, True], [], ["b", 12.0, None]]))
    assert (table.header, table.separator, table.decimal) == (("name", "high", "on"), "", ".")
    assert table.rows == [(2, ["a", "1.5", "true"]), (4, ["b", "12"])]


def test_a_few_wrong_bytes_do_not_make_every_letter_two_others(tmp_path: Path) -> None:
    raw = "a,b\n1,°C\n2,für\n3,x\n".encode().replace(b"x", b"\xb0")
    with pytest.raises(ConfigurationError, match=r"list\.csv:4: is not UTF-8 text"):
        read_table(written(tmp_path, raw))


def test_a_guessed_encoding_is_told_with_the_letters_that_it_matters_for(tmp_path: Path) -> None:
    assert read_table(written(tmp_path, "a,b\nx,für\n".encode())).doubts == ()
    (doubt,) = read_table(written(tmp_path, "a,b\nx,Насос\n".encode("cp1251"))).doubts
    assert "read as Windows-1252: line 2 has " in doubt


def test_a_point_between_decimal_commas_is_told(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, b"a;b\nx;1.500\ny;2,5\n"))
    assert table.doubts == (
        "the list has decimal commas, and 1 numbers with a point: 1.500 in line 2 is read as 1.5; write 1500 or 1,500",
    )
    assert read_table(written(tmp_path, b"a,b\nx,1.500\n")).doubts == ()


REFUSED = {
    "conflict": (b"a,b\n<<<<<<< HEAD\nx,1\n=======\nx,2\n>>>>>>> other\n", r"list\.csv:2: .*merge"),
    "empty": (b"", "is empty"),
    "blank": (b"\n \n,,\n", "is empty"),
    "binary": (b"\x7fELF" + bytes(range(256)) * 8, "is not a text"),
    "open quote": (b'a,b\n"x, y\n1,2\n', r"list\.csv:\d: is not valid CSV"),
    "long field": (b"a,b\n" + b"x" * 200_000, "is not valid CSV"),
    "old workbook": (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "old form"),
    "broken workbook": (b"PK\x03\x04 no more", "is not a workbook"),
    "broken utf-16": (b"\xff\xfea\x00\x00\xd8b\x00", "is not UTF-16-LE text"),
    "no letter of cp1252": (b"a,b\nx\x81,y\n", r"list\.csv:2: is not CP1252 text"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_in_one_sentence(tmp_path: Path, name: str) -> None:
    raw, words = REFUSED[name]
    with pytest.raises(ConfigurationError, match=words) as refused:
        read_table(written(tmp_path, raw))
    assert "\n" not in str(refused.value)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    for path in (tmp_path, tmp_path / "pipe.csv", tmp_path / "none.csv"):
        with pytest.raises(ConfigurationError, match=r"is not a file|cannot be read"):
            read_source(path)


def test_a_file_of_two_gigabytes_is_refused_before_memory_is_used(tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as stream:
        stream.truncate(2 * 2**30)  # a hole: it takes no disk
    tracemalloc.start()
    with pytest.raises(ConfigurationError, match="2048 MiB"):
        read_table(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 10 * 2**20


def test_too_many_rows_or_cells_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_texts, "MAX_ROWS", 10)
    with pytest.raises(ConfigurationError, match="more than 10 rows"):
        read_table(written(tmp_path, b"a,b\n" + b"1,2\n" * 20))
    monkeypatch.setattr(import_texts, "MAX_CELLS", 30)
    with pytest.raises(ConfigurationError, match="more than 30 cells"):
        read_table(written(tmp_path, b"a,b\n" + b"1" + b",2" * 100))


def table_or_sentence(path: Path) -> SourceTable | str:
    try:
        return read_table(path)
    except ConfigurationError as refused:
        return str(refused)


def with_part(path: Path, name: str, content: bytes) -> Path:
    """The workbook with another content of one part."""
    with zipfile.ZipFile(path) as archive:
        parts = {one: archive.read(one) for one in archive.namelist()}
    parts[name] = content
    out = path.with_name("changed.xlsx")
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for one, raw in parts.items():
            archive.writestr(one, raw)
    return out


RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
EXCEL = {
    "_rels/.rels": f'''<Relationships>
        <Relationship Id="rId1" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>''',
    "xl/_rels/workbook.xml.rels": f'''<Relationships>
        <Relationship Id="rId1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>
        <Relationship Id="rId9" Type="{RELATIONS}/styles" Target="styles.xml"/>
        <Relationship Id="rId8" Type="{RELATIONS}/sharedStrings" Target="/xl/sharedStrings.xml"/></Relationships>''',
    "xl/workbook.xml": '''<workbook xmlns:r="r">
        <sheets><sheet name="Tags" sheetId="7" r:id="rId1"/></sheets></workbook>''',
    "xl/sharedStrings.xml": '''<sst><si><t>name</t></si>
        <si><r><t>Li</t></r><r><rPr><b/></rPr><t xml:space="preserve">ne 1</t></r>
        <rPh sb="0" eb="1"><t>spoken</t></rPh></si><si><t>a_x000D_b &amp; c</t></si></sst>''',
    "xl/styles.xml": '''<styleSheet><numFmts><numFmt numFmtId="164" formatCode="0.0&quot; m/h&quot;"/>
        <numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>
        <cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="22"/></cellXfs>
        </styleSheet>''',
    "xl/worksheets/sheet1.xml": '''<x:worksheet xmlns:x="x"><x:dimension ref="A1:XFD1048576"/><x:sheetData>
        <x:row r="1"><x:c r="A1" t="s"><x:v>0</x:v></x:c>
        <x:c r="C1" t="inlineStr"><x:is><x:t>high</x:t></x:is></x:c></x:row>
        <x:row r="5"><x:c r="A5" t="s"><x:v>1</x:v></x:c><x:c r="C5" s="1"><x:v>0.30000000000000004</x:v></x:c></x:row>
        <x:row><x:c t="s"><x:v>2</x:v></x:c><x:c t="b"><x:v>1</x:v></x:c><x:c s="2"><x:f>A1</x:f><x:v>46173</x:v></x:c>
        <x:c t="e"><x:v>#N/A</x:v></x:c><x:c t="str"><x:v>text</x:v></x:c><x:c s="3"><x:v>46173.5</x:v></x:c></x:row>
        </x:sheetData></x:worksheet>''',
}  # fmt: skip


def excel_like(tmp_path: Path, **other: str) -> Path:
    """A workbook as Excel itself packs it, with other contents of some parts (``sheet1`` for the sheet)."""
    path = tmp_path / "excel.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in EXCEL.items():
            archive.writestr(name, other.get(Path(name).stem, text))
    return path


def test_shared_texts_dates_truths_and_cells_without_a_place_are_read_as_they_are_meant(
    tmp_path: Path,
) -> None:
    assert read_table(excel_like(tmp_path)).rows == [
        (5, ["Line 1", "", "0.30000000000000004"]),
        (6, ["a\rb & c", "true", "2026-05-31", "#N/A", "text", "2026-05-31T12:00:00"]),
    ]
    with pytest.raises(ConfigurationError, match="has no sheet 'Other'; its sheets: Tags"):
        read_table(excel_like(tmp_path), None, "Other")


@pytest.mark.parametrize("part", ["sheet1", "workbook", "sharedStrings", "styles", ".rels", "workbook.xml"])
def test_an_entity_bomb_in_a_workbook_is_refused(tmp_path: Path, part: str) -> None:
    lines = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 30))
    bomb = f'<?xml version="1.0"?><!-- {"x" * 70_000} --><!DOCTYPE a [<!ENTITY l0 "lol">{lines}]><a>&l29;</a>'
    begun = time.process_time()
    with pytest.raises(ConfigurationError, match="document type"):
        read_table(excel_like(tmp_path, **{part: bomb}))
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    "cell", ['<c r="XFE1"><v>1</v></c>', '<c r="1"><v>1</v></c>', '<c t="s"><v>99</v></c>', "<c><v>one</v></c>",
             '<c r="ZZZZZZZZ1"><v>1</v></c>', '<c t="s"><v>-9</v></c>', "<c><v>1e999</v></c>", "<row r='x'/>"],
)  # fmt: skip
def test_a_cell_that_cannot_be_is_no_crash(tmp_path: Path, cell: str) -> None:
    sheet = f"<worksheet><sheetData><row>{cell}</row></sheetData></worksheet>"
    found = table_or_sentence(excel_like(tmp_path, sheet1=sheet))
    assert not isinstance(found, str) or "is not a workbook" in found or "is empty" in found


def test_a_sheet_of_wide_rows_is_refused_before_memory_is_used(tmp_path: Path) -> None:
    row = "<row><c r='XFD1'><v>1</v></c></row>"
    path = excel_like(tmp_path, sheet1=f"<worksheet><sheetData>{row * 100_000}</sheetData></worksheet>")
    tracemalloc.start()
    with pytest.raises(ConfigurationError, match=r"too many rows or cells|times its size"):
        read_table(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 200 * 2**20


def test_a_workbook_that_unpacks_to_too_much_is_refused_before_memory_is_used(tmp_path: Path) -> None:
    book = workbook(tmp_path, [["name"], ["a"]])
    bomb = with_part(book, "xl/worksheets/sheet2.xml", b"<a>" + b" " * 120 * 2**20)
    assert bomb.stat().st_size < 2**20
    tracemalloc.start()
    with pytest.raises(ConfigurationError, match="times its size"):
        read_table(bomb)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20 * 2**20


def test_a_workbook_of_many_parts_or_of_large_ones_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = workbook(tmp_path, [["name"], ["a"]])
    monkeypatch.setattr(_import_workbook, "MAX_UNPACKED", 1000)
    with pytest.raises(ConfigurationError, match="unpacks to"):
        read_table(book)
    monkeypatch.setattr(_import_workbook, "MAX_UNPACKED", 2**30)
    monkeypatch.setattr(_import_workbook, "MAX_PARTS", 3)
    with pytest.raises(ConfigurationError, match="parts"):
        read_table(book)


def test_a_sheet_that_lies_about_its_size_is_read_as_it_is(tmp_path: Path) -> None:
    book = workbook(tmp_path, [["name", "high"], ["a", 1]])
    with zipfile.ZipFile(book) as archive:
        sheet = archive.read("xl/worksheets/sheet2.xml")
    lying = with_part(book, "xl/worksheets/sheet2.xml", sheet.replace(b'ref="A1:B2"', b'ref="A1:XFD1048576"'))
    assert read_table(lying).rows == [(2, ["a", "1"])]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("utf-16")))
def test_any_bytes_are_a_table_or_one_sentence(tmp_path: Path, raw: bytes) -> None:
    path = written(tmp_path, raw)
    table = table_or_sentence(path)
    if isinstance(table, str):
        assert str(path) in table
        return
    lines = [line for line, _ in table.rows]
    assert lines == sorted(set(lines))
    assert all(any(cells) for _, cells in table.rows)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_to_a_workbook_is_a_table_or_one_sentence(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "whole.xlsx"
    if not path.exists():
        workbook(tmp_path, [["name", "high"], ["a", 1.5]], "whole.xlsx")
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        raw[data.draw(st.integers(4, len(raw) - 1))] = data.draw(st.integers(0, 255))
    damaged = written(tmp_path, bytes(raw[: data.draw(st.integers(100, len(raw)))]), "damaged.xlsx")
    found = table_or_sentence(damaged)
    assert not isinstance(found, str) or "\n" not in found


def test_a_packed_part_that_is_damaged_is_one_sentence(tmp_path: Path) -> None:
    path = workbook(tmp_path, [["name", "high"], ["a", 1.5]], "whole.xlsx")
    raw = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        for part in archive.infolist():
            begin = part.header_offset + 30 + len(part.filename.encode())
            raw[begin : begin + part.compress_size] = b"\xff" * part.compress_size
    found = table_or_sentence(written(tmp_path, bytes(raw), "damaged.xlsx"))
    assert isinstance(found, str)
    assert "is not a workbook that can be read" in found


def test_a_workbook_may_be_read_in_part(tmp_path: Path) -> None:
    book = workbook(tmp_path, [["name"], *([f"t{n}"] for n in range(100))])
    assert len(list(_import_workbook.workbook_rows(book, most=5))) < 10
    assert io.BytesIO(book.read_bytes()).read(4) == import_texts.WORKBOOK_MARK

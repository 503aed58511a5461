"""Differences of plant files in the words of engineers, by object id; also of files that open no plant."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hmi.project import new_plant, open_plant
from hmi.project.diff import plant_diff
from hmi.project.folder_diff import file_diff, folder_diff
from hmi.project.folder_files import read_files
from hmi.project.plain_text import plain_text
from hmi.project.shipped import shipped_path

Change = Callable[[str, str, str], None]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return new_plant(tmp_path / "old")


@pytest.fixture
def new(old: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(old, tmp_path / "new"))


def edit(folder: Path, file: str, before: str, after: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert before in text, before
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def difference(old: Path, new: Path) -> dict[str, tuple[str, ...]]:
    return folder_diff(read_files(old), read_files(new))


def elements(folder: Path) -> list[dict[str, object]]:
    return json.loads((folder / "displays/overview.json").read_text(encoding="utf-8"))["elements"]


def test_the_same_folder_has_no_difference(old: Path, new: Path) -> None:
    assert difference(old, new) == {}


@pytest.mark.parametrize(
    ("file", "before", "after", "sentence"),
    [
        ("alarms.csv", "high,high,4.5", "high,high,4.75", "alarm high of area1/lt101: limit 4.5 -> 4.75 m"),
        ("tags.csv", "area1/ft101", "area1/ft102", "tag area1/ft101 renamed to area1/ft102"),
        ("tags.csv", ",0,250,", ",0,300,", "tag area1/ft101: high 250 -> 300 m³/h"),
        ("tags.csv", "Outlet flow", "Flow to town", "tag area1/ft101: description Outlet flow -> Flow to town"),
        ("tags.csv", "base=101", "base=151", "pump area1/p101: parameter base 101 -> 151"),
        ("plant.toml", "slow = 5000", "slow = 9000", "scan class slow 5000 -> 9000 ms"),
        ("plant.toml", "unit = 1", "unit = 2", "connection plc1: settings.unit 1 -> 2"),
        ("plant.toml", 'title = "Old"', 'title = "Town"', "title Old -> Town"),
        ("types/pump.toml", 'symbol = "pump"', 'symbol = "blower"', "type pump: symbol pump -> blower"),
        ("types/pump.toml", "limits = [0, 100]", "limits = [0, 90]",
         "type pump: signal speed_sp: command.limits 0, 100 -> 0, 90 %"),
    ],
)  # fmt: skip
def test_one_change_is_one_sentence(
    old: Path, new: Path, file: str, before: str, after: str, sentence: str
) -> None:
    edit(new, file, before, after)
    assert difference(old, new) == {file: (sentence,)}


def test_rows_that_came_and_went(old: Path, new: Path) -> None:
    edit(
        new,
        "tags.csv",
        "tag,",
        "pump,i_0123456789ab,area1/p102,,Pump P-102,area1,plc1,,,,,,,,,,,base=121\ntag,",
    )
    lines = (new / "alarms.csv").read_text(encoding="utf-8").splitlines()
    (new / "alarms.csv").write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
    assert difference(old, new) == {
        "tags.csv": ("pump area1/p102 added",), "alarms.csv": ("alarm low of area1/lt101 removed",)
    }  # fmt: skip


def test_rows_in_another_order_and_line_ends_are_only_layout(old: Path, new: Path) -> None:
    path = new / "tags.csv"
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    path.write_bytes(("\r\n".join([head, *reversed(rows)]) + "\r\n").encode())
    assert difference(old, new) == {"tags.csv": ("tags.csv: only its layout, comments or order changed",)}


def test_elements_of_a_display_by_their_id(old: Path, new: Path) -> None:
    path = new / "displays/overview.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    first, second, third, *rest = document["elements"]
    first["x"] += 8
    second["w"] += 10
    third["tag"] = "area1/other"
    document["elements"] = [
        first,
        second,
        third,
        *rest[:-1],
        {"id": "e_new", "type": "text", "text": "Hello"},
    ]
    path.write_text(json.dumps(document), encoding="utf-8")
    (texts,) = difference(old, new).values()
    gone = rest[-1]
    assert "display overview: text Hello added" in texts
    assert any(
        text.startswith(f"display overview: {gone['type']}") and text.endswith("removed") for text in texts
    )
    assert sum(text.endswith(" moved") for text in texts) == 1
    assert sum(text.endswith(" resized") for text in texts) == 1
    assert any(text.endswith("-> area1/other") for text in texts)


def test_elements_that_would_be_called_the_same_have_their_id(old: Path, new: Path) -> None:
    for folder, x in ((old, 1), (new, 9)):
        twins = [{"id": f"e_{n}", "type": "readout", "tag": "a/b", "x": x if n == 2 else 1} for n in (1, 2)]
        (folder / "displays/overview.json").write_text(json.dumps({"elements": twins}), encoding="utf-8")
    assert difference(old, new)["displays/overview.json"] == ("display overview: readout a/b (e_2) moved",)


def test_a_display_with_another_name_is_the_same_display(old: Path, new: Path) -> None:
    text = (new / "displays/overview.json").read_text(encoding="utf-8")
    (new / "displays/overview.json").unlink()
    (new / "displays/main.json").write_text(text.replace('"x":100', '"x":108', 1), encoding="utf-8")
    (texts,) = difference(old, new).values()
    assert texts[0] == "display overview renamed to main"
    assert len(texts) == 2


def test_files_that_came_went_or_cannot_be_read(old: Path, new: Path) -> None:
    shutil.copy(new / "displays/overview.json", new / "displays/more.json")
    edit(new, "displays/more.json", '"id": "d_', '"id": "d_9')
    (new / "types/pump.toml").unlink()
    (new / "plant.toml").write_text("this is = = no TOML", encoding="utf-8")
    (new / "tags.csv").write_text('kind,name\ntag,"open', encoding="utf-8")
    found = difference(old, new)
    assert found["displays/more.json"] == ("display more added",)
    assert found["types/pump.toml"] == ("type pump removed",)
    assert found["plant.toml"] == ("plant.toml changed; one of the two is no TOML",)
    assert found["tags.csv"][0].startswith("tags.csv changed; it is no table")


def test_the_unit_of_a_signal_comes_from_its_type_and_its_row() -> None:
    folder = shipped_path("screens") / "waterworks"
    files = read_files(folder)
    raw = files["alarms.csv"]
    assert raw is not None
    changed = raw.replace(b"Chlorine residual low,low,0.5,", b"Chlorine residual low,low,0.45,")
    assert file_diff("alarms.csv", raw, changed, files.get) == (
        "alarm Chlorine residual low of clearwell/at402.pv: limit 0.5 -> 0.45 mg/L",
    )


def test_the_journal_and_the_difference_of_files_say_the_same_of_a_limit(old: Path, new: Path) -> None:
    edit(new, "alarms.csv", "high,high,4.5", "high,high,4.75")
    assert difference(old, new)["alarms.csv"] == plant_diff(open_plant(old), open_plant(new)).sentences


def test_a_change_of_a_type_is_told_once_for_many_instances(tmp_path: Path) -> None:
    source = shipped_path("screens") / "waterworks"
    folder = Path(shutil.copytree(source, tmp_path / "w"))
    edit(
        folder,
        "types/pump.toml",
        'states = {0 = "Stopped", 1 = "Running"}',
        'states = {0 = "Off", 1 = "Running"}',
    )
    texts = plant_diff(open_plant(source), open_plant(folder)).sentences
    assert texts == ("tag running of 8 of type pump: states 0 Stopped -> Off",)
    assert difference(source, folder) == {
        "types/pump.toml": ("type pump: signal running: states.0 Stopped -> Off",)
    }


def test_an_added_instance_is_one_sentence(old: Path, new: Path) -> None:
    edit(
        new,
        "tags.csv",
        "tag,",
        "pump,i_0123456789ab,area1/p102,,Pump P-102,area1,plc1,,,,,,,,,,,base=121\ntag,",
    )
    assert plant_diff(open_plant(old), open_plant(new)).sentences == ("pump area1/p102 added",)
    assert plant_diff(open_plant(new), open_plant(old)).sentences == ("pump area1/p102 removed",)


def test_a_renamed_instance_is_one_sentence(old: Path, new: Path) -> None:
    edit(new, "tags.csv", "area1/p101,", "area1/p109,")
    texts = plant_diff(open_plant(old), open_plant(new)).sentences
    assert "pump area1/p101 renamed to area1/p109" in texts
    assert not [text for text in texts if text.startswith("tag ") and "renamed" in text]


def test_every_sentence_is_one_line(old: Path, new: Path) -> None:
    edit(new, "alarms.csv", "high,high,4.5", "high,high,4.75")
    edit(new, "tags.csv", "Outlet flow", '"two\nlines"')
    assert all("\n" not in text for texts in difference(old, new).values() for text in texts)


def test_plain_text_has_one_property_a_line(old: Path) -> None:
    files = read_files(old)
    tags = plain_text("/tmp/git-blob-1/tags.csv", files["tags.csv"] or b"").splitlines()
    assert any(line.startswith("tag area1/ft101  t_") for line in tags)
    assert "    high: 250" in tags
    display = plain_text("overview.json", files["displays/overview.json"] or b"").splitlines()
    assert "name: overview" in display
    assert any(line.startswith("    tag: area1/") for line in display)
    assert plain_text("plant.toml", b"a = 1\r\n") == "a = 1\n"
    assert plain_text("broken.json", b"{") == "{"


ALARMS = "id,tag,name,kind,limit,enabled,ack\n"
TAGS = "id,kind,name,unit,history,low\n"


def words(name: str, before: str, after: str) -> tuple[str, ...]:
    return folder_diff({name: before.encode()}, {name: after.encode()}).get(name, ())


@pytest.mark.parametrize(
    ("file", "head", "before", "after", "sentence"),
    [
        ("alarms.csv", ALARMS, "a1,x,High,high,5,,", "a1,x,High,high,5,false,",
         "alarm High of x: enabled on -> off"),
        ("alarms.csv", ALARMS, "a1,x,High,high,5,no,", "a1,x,High,high,5,,", "alarm High of x: enabled off -> on"),
        ("alarms.csv", ALARMS, "a1,x,High,high,5,true,", "a1,x,High,high,5,,", ""),
        ("alarms.csv", ALARMS, "a1,x,High,high,5,,false", "a1,x,High,high,5,,", "alarm High of x: ack off -> on"),
        ("alarms.csv", ALARMS, "a1,x,High,high,5,true,", "a1,x,High,high,5,maybe,",
         "alarm High of x: enabled on -> maybe"),
        ("tags.csv", TAGS, "t1,tag,x,m,true,", "t1,tag,x,m,,", "tag x: history on -> off"),
        ("tags.csv", TAGS, "t1,tag,x,m,,", "t1,tag,x,m,false,", ""),
        ("tags.csv", TAGS, "t1,pump,x,m,true,", "t1,pump,x,m,,", "pump x: history on -> none"),
    ],
)  # fmt: skip
def test_an_empty_cell_is_said_as_what_counts_then(
    file: str, head: str, before: str, after: str, sentence: str
) -> None:
    """An alarm whose ``enabled`` becomes empty stays on; of a row with a type the type says it."""
    layout = f"{file}: only its layout, comments or order changed"
    assert words(file, f"{head}{before}\n", f"{head}{after}\n") == (sentence or layout,)


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("1", "true", "display a: element e: size 1 -> on"),
        ("[0]", "[false]", "display a: element e: size 0 -> off"),
        ('{"b": 1}', '{"b": true}', "display a: element e: size.b 1 -> on"),
        ("1.0", "1", "display a: element e: size changed"),
    ],
)
def test_a_number_that_becomes_a_truth_is_no_layout(before: str, after: str, sentence: str) -> None:
    page = '{"id": "d", "elements": [{"id": "e", "size": %s}]}'
    assert words("displays/a.json", page % before, page % after) == (sentence,)
    assert words("types/p.toml", "writable = 1\n", "writable = true\n") == ("type p: writable 1 -> on",)


@pytest.mark.parametrize(
    ("file", "before", "after", "why"),
    [
        ("tags.csv", "id,kind,name,unit,unit\nt1,tag,x,m,a\n", "id,kind,name,unit,unit\nt1,tag,x,mm,a\n",
         "its header names the column unit twice"),
        ("tags.csv", "id,kind,name,\nt1,tag,x,a\n", "id,kind,name,\nt1,tag,x,b\n",
         "line 2 has a cell in a column without a name"),
        ("tags.csv", "id,kind,name\nt1,tag,x,a\n", "id,kind,name\nt1,tag,x,b\n",
         "line 2 has more cells than the header"),
        ("displays/a.json", '{"id": "d", "size": 1}', '{"id": "d", "size": 2, "size": 1}',
         "one of its objects has the key size twice"),
    ],
)  # fmt: skip
def test_what_names_a_thing_twice_is_no_layout_either(file: str, before: str, after: str, why: str) -> None:
    thing = "display a" if file.endswith(".json") else file
    assert words(file, before, after) == (f"{thing} changed; {why}",)

"""Templates and parameters of types, versions of files, and the folders that ship."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hmi.check import check_plant
from hmi.core.errors import ConfigurationError
from hmi.project import _schema, format_plant, load_plant, new_plant, open_plant
from hmi.project._findings import FieldError
from hmi.project._ids import IdMaker, derived_id
from hmi.project._lines import TomlLines, json_member_lines
from hmi.project._templates import render, template
from hmi.project.shipped import FOLDERS, shipped_path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return new_plant(tmp_path / "works")


def edit(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("HR{base}", "HR100"),
        ("HR{base+2}.0", "HR102.0"),
        ("HR{ base + 2*n - 1 }", "HR105"),
        ("{n*n*2+base}", "118"),
        ("{n}.HR{base-n}", "3.HR97"),
        ("{name}/{on}", "P-1/true"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_holes_are_integer_arithmetic_and_names(text: str, result: str) -> None:
    assert template(text).render({"base": 100, "n": 3, "name": "P-1", "on": True}) == result


@pytest.mark.parametrize(
    "text", ["{", "}", "a{b}c}", "{{b}}", "{}", "{b+}", "{+b}", "{b b}", "{b/2}", "{b.x}", "{1.5}", "{b()}"]
)
def test_other_holes_are_refused(text: str) -> None:
    with pytest.raises(FieldError):
        template(text)


def test_text_is_not_calculated_with() -> None:
    with pytest.raises(FieldError, match="not an integer"):
        template("{a+1}").render({"a": "2"})
    with pytest.raises(FieldError, match="no parameter"):
        template("{a}").render({})


@given(st.integers(-1000, 1000), st.integers(0, 1000), st.integers(0, 99))
def test_a_formula_is_what_it_says(a: int, b: int, c: int) -> None:
    assert template(f"x{{a+{b}*a-{c}}}").render({"a": a}) == f"x{a + b * a - c}"


def test_render_reaches_into_lists_and_tables() -> None:
    assert render({"a": ["{x}", 1], "b": {"c": "{x+1}"}}, {"x": 4}) == {"a": ["4", 1], "b": {"c": "5"}}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("HR{base+2}", "HR{bass+2}", "{bass}, which is no parameter"),
        ('{description} tripped"\ncause', '{who} tripped"\ncause', "{who}, which is no parameter"),
        ("default = 1\n", 'default = "one"\n', "not of type integer"),
        ("default = 1\n", "default = true\n", "not of type integer"),
        ("default = 1\n", "default = 0\n", "it goes from 1"),
        (
            "[parameters.base]",
            '[parameters.name]\ntype = "string"\n[parameters.base]',
            "a word of every type",
        ),
        ('kind = "discrete"', 'kind = "digital"', "alarm kind 'digital' is not known"),
        ("range = [0, 100]", "range = [0, []]", "signals.speed.range.2 is not a number or a text"),
        ('type = "integer"', 'type = "int"', "parameters.base.type should be 'integer', 'number'"),
        ("default = 1\n", "default = [1]\n", "is not true or false or a number or a text"),
        ('{0 = "Stopped"', '{a = "Stopped"', "state 'a' is not a whole number"),
        ("max_step = 20", "more = {\n a = 1}", "an inline table { } stands on one line"),
        ("[signals.running]", '[signals."run ning"]', "not the name of a signal"),
    ],
)
def test_a_wrong_type_is_said_once_at_the_type(folder: Path, old: str, new: str, words: str) -> None:
    edit(folder, "types/pump.toml", old, new)
    matching = [f for f in load_plant(folder).errors if words in f.sentence]
    assert len(matching) == 1, [f.sentence for f in load_plant(folder).errors]
    assert matching[0].file == str(folder / "types" / "pump.toml")
    assert matching[0].line > 1


def test_a_calculated_tag_cannot_be_written(folder: Path) -> None:
    (folder / "alarms.csv").unlink()
    (folder / "tags.csv").write_text("kind,name,expression,writable\ntag,area1/x,1,yes\n", encoding="utf-8")
    assert "cannot be written" in load_plant(folder).errors[0].sentence


def test_an_unknown_option_is_kept_with_a_warning(folder: Path) -> None:
    (folder / "alarms.csv").unlink()
    row = "kind,name,connection,address,options\ntag,area1/x,plc1,HR1,order=CDAB;colour=blue\n"
    (folder / "tags.csv").write_text(row, encoding="utf-8")
    result = load_plant(folder)
    assert result.plant is not None
    assert result.plant.by_name["area1/x"].options == {"order": "CDAB", "colour": "blue"}
    assert any("no option 'colour'" in f.sentence for f in result.findings)


def test_an_area_does_not_lie_in_itself(folder: Path) -> None:
    edit(
        folder,
        "plant.toml",
        'title = "Area 1"',
        'title = "Area 1"\nparent = "b"\n[[area]]\npath = "b"\nparent = "area1"',
    )
    assert any("lies in itself" in f.sentence for f in load_plant(folder).errors)


def test_an_older_file_is_migrated_on_load_and_written_by_format(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rename(document: dict[str, Any]) -> dict[str, Any]:
        document["title"] = document.pop("caption")
        return document

    edit(folder, "plant.toml", 'title = "Works"', 'caption = "Works"   # shown on top')
    monkeypatch.setitem(_schema.CURRENT, "plant", 2)
    monkeypatch.setitem(_schema.MIGRATIONS, ("plant", 1), rename)
    assert open_plant(folder).title == "Works"
    assert format_plant(folder) == (folder / "plant.toml",)
    text = (folder / "plant.toml").read_text(encoding="utf-8")
    assert 'schema = "plant/2"' in text
    assert 'title = "Works"' in text
    assert "# IANA name" in text
    assert format_plant(folder) == ()


def test_a_version_without_a_migration_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(_schema.CURRENT, "plant", 2)
    assert "'plant/1' is not known" in load_plant(folder).errors[0].sentence
    with pytest.raises(ConfigurationError, match="is not known"):
        format_plant(folder)


def test_lines_of_toml_keys() -> None:
    text = (
        'a = 1\n[t."x y"]\nb = """\nc = 2\n[no]\n"""\nd.e = 3 # [x]\n[[r]]\nk = 1\nm = [\n  { q = 1 },\n]\n'
        "[r.sub]\nz = 1\n[[r]]\nk = 2\n"
    )
    lines = TomlLines(text)
    assert lines.find(("a",)) == 1
    assert lines.find(("t", "x y", "b")) == 3
    assert lines.find(("t", "x y", "d", "e")) == 7
    assert lines.find(("r", 0, "k")) == 9
    assert lines.find(("r", 0, "m", 0, "q")) == 10
    assert lines.find(("r", 0, "sub", "z")) == 14
    assert lines.find(("r", 1, "k")) == 16
    assert lines.find(("c",)) == 1


def test_lines_of_json_members() -> None:
    text = '{\n"x": {"elements": [1]},\n"elements": [ {"a": "]"},\n\n {"b":\n 1}, 3\n]}'
    assert json_member_lines(text, "elements") == (3, 5, 6)
    assert json_member_lines('{"elements": []}', "elements") == ()
    assert json_member_lines('{"a": 1}', "elements") == ()


def test_derived_ids_are_stable_and_free() -> None:
    assert derived_id("t", "area1/x") == derived_id("t", "area1/x") != derived_id("t", "area1/y")
    first = derived_id("t", "a")
    maker = IdMaker({first})
    assert maker.make("t", "a") != first
    assert maker.make("t", "b") != maker.make("t", "b")


@pytest.mark.parametrize("name", FOLDERS)
def test_shipped_folders_are_found(name: str) -> None:
    assert shipped_path(name).is_dir()


def test_other_folders_do_not_ship() -> None:
    with pytest.raises(ConfigurationError, match="use one of"):
        shipped_path("secrets")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('schema = "type/1"', 'schema = "type/1'),
        ('schema = "type/1"', 'schema = "type/9"'),
        ('type = "integer"', 'type = "whole"'),
        ('title = "Pump"', 'title = "Pump"\nextends = "drive"'),
    ],
)
def test_a_broken_type_is_one_error_and_not_one_for_each_instance(folder: Path, old: str, new: str) -> None:
    edit(folder, "types/pump.toml", old, new)
    edit(folder, "alarms.csv", "area1/lt101,low", "area1/p101.speed,low")
    edit(folder, "tags.csv", "'area1/lt101' / 5", "'area1/p101.speed' / 5")
    errors = [f.sentence for f in check_plant(folder) if f.is_error]
    assert len(errors) == 1, errors
    assert "pump.toml" in errors[0]


def test_a_broken_tag_is_one_error_and_not_one_for_each_use(folder: Path) -> None:
    edit(folder, "tags.csv", "plc1,HR1,", "plc1,QQ1,")
    errors = [f.sentence for f in check_plant(folder) if f.is_error]
    assert len(errors) == 1, errors
    assert "area1/lt101" in errors[0]


def test_a_broken_display_is_one_error(folder: Path) -> None:
    edit(folder, "displays/overview.json", '"level": 1', '"level": 17')
    errors = [f.sentence for f in check_plant(folder) if f.is_error]
    assert len(errors) == 1, errors

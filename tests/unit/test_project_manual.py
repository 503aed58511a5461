"""Tags whose value people enter, and the option that an area has to be claimed, as a plant folder says them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hmi.project import load_plant
from hmi.project.plant import Plant

HEAD = 'schema = "plant/1"\nname = "works"\n\n[[area]]\npath = "a"\n'
COLUMNS = "kind,name,type,unit,low,high,connection,address,expression,writable,manual,manual_max_age\n"
LAB = "tag,a/lab.ph,float,pH,0,14,,,,,true,8\n"


def folder_of(folder: Path, rows: str = LAB, head: str = HEAD) -> Path:
    (folder / "plant.toml").write_text(head, encoding="utf-8")
    (folder / "tags.csv").write_text(COLUMNS + rows, encoding="utf-8")
    return folder


def loaded(folder: Path) -> Plant:
    result = load_plant(folder)
    assert result.plant is not None, [finding.sentence for finding in result.errors]
    return result.plant


def test_a_manual_tag_has_no_source_and_an_age_in_hours(tmp_path: Path) -> None:
    tag = loaded(folder_of(tmp_path)).by_name["a/lab.ph"]
    assert (tag.manual, tag.manual_max_age_s, tag.connection) == (True, 8 * 3600, "")


def test_a_signal_of_a_type_can_be_manual(tmp_path: Path) -> None:
    folder_of(tmp_path, "sample,a/s1,,,,,,,,,,\n")
    (tmp_path / "types").mkdir()
    (tmp_path / "types" / "sample.toml").write_text(
        'schema = "type/1"\nname = "sample"\ntitle = "Sample"\n'
        '[signals.ph]\ntype = "float"\nrange = [0, 14]\nmanual = true\nmanual_max_age = 2\n',
        encoding="utf-8",
    )
    tag = loaded(tmp_path).by_name["a/s1.ph"]
    assert (tag.manual, tag.manual_max_age_s) == (True, 7200)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("tag,a/x,float,,,,,,'a/lab.ph',,true,\n", "is manual and has an expression"),
        ("tag,a/x,float,,,,plc1,HR1,,,true,\n", "is manual and has an address"),
        ("tag,a/x,float,,,,plc1,,,,true,\n", "is manual and has a connection"),
        ("tag,a/x,float,,,,,,,true,true,\n", "is manual and has writable"),
        ("tag,a/x,float,,,,,,1,,,8\n", "has a manual_max_age but is not manual"),
        ("tag,a/x,float,,,,,,,,perhaps,\n", "neither true nor false"),
        ("tag,a/x,float,,,,,,,,true,-1\n", "is below zero"),
    ],
)
def test_a_manual_tag_that_cannot_be_is_one_sentence(tmp_path: Path, row: str, words: str) -> None:
    errors = [finding.sentence for finding in load_plant(folder_of(tmp_path, LAB + row)).errors]
    assert len(errors) == 1, errors
    assert words in errors[0]
    assert "tags.csv:3" in errors[0]


def test_control_of_areas_is_free_unless_the_plant_requires_it(tmp_path: Path) -> None:
    assert not loaded(folder_of(tmp_path)).area_control_required
    required = HEAD + '\n[security]\narea_control = "required"\n'
    assert loaded(folder_of(tmp_path, head=required)).area_control_required
    wrong = load_plant(folder_of(tmp_path, head=HEAD + '\n[security]\narea_control = "always"\n')).errors
    assert len(wrong) == 1
    assert "plant.toml:8" in wrong[0].sentence

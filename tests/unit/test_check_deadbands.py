"""The linter says where a deadband has no effect, and which alarms it makes coarse."""

from __future__ import annotations

from pathlib import Path

import pytest

from hmi.check import check_plant
from hmi.project import new_plant

COLUMNS = ["kind", "name", "type", "description", "area", "connection", "address", "scan", "deadband"]
COLUMNS += ["states", "writable", "class"]
ALARMS = "tag,name,kind,limit,window,priority,message\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return new_plant(tmp_path / "works")


def about_deadbands(folder: Path, *rows: str, alarm: str = "") -> list[tuple[str, int, str]]:
    """Findings about deadbands when the plant has these tags beside its own."""
    tags = folder / "tags.csv"
    lines = tags.read_text(encoding="utf-8").splitlines()
    columns = lines[0].split(",")
    columns += [name for name in COLUMNS if name not in columns]
    added = []
    for row in rows:
        given = dict(zip(COLUMNS, row.split(","), strict=True))
        added.append(",".join(given.get(name, "") for name in columns))
    kept = [line + "," * (len(columns) - line.count(",") - 1) for line in lines[1:]]
    tags.write_text("\n".join([",".join(columns), *kept, *added]) + "\n", encoding="utf-8")
    if alarm:
        (folder / "alarms.csv").write_text(f"{ALARMS}{alarm}\n", encoding="utf-8")
    return [
        (Path(f.file).name, f.line - len(lines), f.sentence)
        for f in check_plant(folder)
        if "area1/x" in f.text and ("has no effect" in f.text or "its deadband" in f.text)
    ]


MEASURED = "tag,area1/x,float32,X,area1,plc1,HR50,normal,0.5,,,"


def test_a_deadband_of_a_measured_number_is_no_finding(folder: Path) -> None:
    assert about_deadbands(folder, MEASURED) == []


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("tag,area1/x,bool,X,area1,plc1,CO50,normal,1,,,", "the tag is no measured number"),
        ("tag,area1/x,int16,X,area1,plc1,HR50,normal,1,0=Off;1=On,,", "the tag is no measured number"),
        ("tag,area1/x,float32,X,area1,plc1,HR50,normal,1,,true,R", "what is written must show at once"),
    ],
)
def test_a_deadband_without_effect_is_one_warning_with_its_line(folder: Path, row: str, why: str) -> None:
    [(file, row_number, sentence)] = about_deadbands(folder, row)
    assert (file, row_number) == ("tags.csv", 1)
    assert f"area1/x: the deadband 1 has no effect: {why}" in sentence
    assert "remove it" in sentence


def test_an_alarm_that_follows_a_course_of_values_is_a_warning_and_a_limit_is_none(folder: Path) -> None:
    [(file, _, sentence)] = about_deadbands(
        folder, MEASURED, alarm="area1/x,Rate,rate_up,0.1,60,3,X rises fast"
    )
    assert file == "alarms.csv"
    assert "is judged in steps of its deadband 0.5" in sentence
    assert not about_deadbands(
        new_plant(folder.parent / "two"), MEASURED, alarm="area1/x,High,high,4,,3,X high"
    )

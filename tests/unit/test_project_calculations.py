"""calculations.csv: what it makes of a plant, and one sentence for each thing that is wrong in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hmi.project import format_plant, load_plant, new_plant, open_plant
from hmi.project.calculation import CalculationRule
from hmi.project.plant import Plant

FLOW = "area1/ft101"
HEAD = "name,type,kind,of,every,base,state,expression,good,description,unit\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    new_plant(tmp_path / "plant")
    return tmp_path / "plant"


def written(folder: Path, *rows: str) -> Path:
    (folder / "calculations.csv").write_text(HEAD + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return folder


def rule(plant: Plant, name: str) -> CalculationRule:
    found = plant.by_name[name].calculation
    assert found is not None
    return found


def test_a_row_is_a_tag_with_a_history_of_its_own(folder: Path) -> None:
    plant = open_plant(
        written(folder, f"area1/volume,,total,{FLOW},06:00 22:00 14:00,h,,,80,Volume of a shift,m3")
    )
    tag = plant.by_name["area1/volume"]
    assert (tag.history, tag.unit, tag.area, tag.description) == (True, "m3", "area1", "Volume of a shift")
    assert (tag.connection, tag.address, tag.expression, tag.manual) == ("", "", "", False)
    assert tag.record.is_stepped
    assert not tag.record.compression
    assert tag.calculation == CalculationRule(
        "total", plant.by_name[FLOW].id, "06:00 14:00 22:00", base_s=3_600.0, good=80.0
    )


def test_a_row_of_a_type_is_a_signal_of_each_of_its_instances(folder: Path) -> None:
    plant = open_plant(written(folder, "run_hours,pump,hours,running,day,,,,,{description}: running hours,"))
    pump = plant.instances["area1/p101"]
    tag = plant.by_name["area1/p101.run_hours"]
    assert (tag.id, pump.signals["run_hours"]) == (f"{pump.id}.run_hours", tag.id)
    assert (tag.instance, tag.signal, tag.unit) == ("area1/p101", "run_hours", "h")
    assert tag.description == f"{pump.description}: running hours"
    assert rule(plant, "area1/p101.run_hours").of == pump.signals["running"]
    assert "run_hours" in plant.types["pump"].signals


def test_ids_are_written_once_and_stay(folder: Path) -> None:
    written(folder, f"area1/volume,,total,{FLOW},day,h,,,,,m3")
    before = open_plant(folder)
    format_plant(folder)
    text = (folder / "calculations.csv").read_text(encoding="utf-8")
    assert before.by_name["area1/volume"].id in text
    format_plant(folder)
    assert (folder / "calculations.csv").read_text(encoding="utf-8") == text
    assert open_plant(folder).by_name["area1/volume"].id == before.by_name["area1/volume"].id


def test_a_kpi_reads_results_of_the_same_periods(folder: Path) -> None:
    rows = (f"area1/volume,,total,{FLOW},day,h,,,,,m3", "area1/kpi,,kpi,,day,,,'area1/volume' / 24,,,m3/h")
    plant = open_plant(written(folder, *rows))
    assert rule(plant, "area1/kpi") == CalculationRule("kpi", expression="'area1/volume' / 24")


def test_another_calculation_is_another_revision(folder: Path) -> None:
    plain = open_plant(folder).revision
    first = open_plant(written(folder, f"area1/volume,,total,{FLOW},day,h,,,,,m3")).revision
    second = open_plant(written(folder, f"area1/volume,,total,{FLOW},hour,h,,,,,m3")).revision
    assert len({plain, first, second}) == 3


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (f"area1/volume,,sum,{FLOW},,,,,,,", "the calculation 'sum' is not known; use one of total, hours"),
        (f"area1/volume,,total,{FLOW},,,,,,,", "a total needs the time base of its unit; write s, min, h"),
        (f"area1/volume,,total,{FLOW},,day,,,,,", "the time base 'day' is not known"),
        ("area1/volume,,hours,,,,,,,,", "names no tag that it is calculated of"),
        ("area1/volume,,hours,area1/nothing,,,,,,,", "is calculated of 'area1/nothing', which is not known"),
        (f"area1/volume,,hours,{FLOW},fortnight,,,,,,", "every 'fortnight' is no period"),
        (f"area1/volume,,hours,{FLOW},06:00 06:00,,,,,,", "every '06:00 06:00' is no period"),
        (f"area1/volume,,hours,{FLOW},25:00,,,,,,", "every '25:00' is no period"),
        (f"area1/volume,,hours,{FLOW},,,,,120,,", "good 120 is no percentage"),
        (f"area1/volume,,state_hours,{FLOW},,,on,,,,", "state 'on' is not a number"),
        (f"{FLOW},,hours,{FLOW},,,,,,,", "is already a tag in"),
        ("volume!,,average,area1/ft101,,,,,,,", "is not a tag name"),
        ("x,nothing,hours,running,,,,,,,", "'nothing' is not a type of this plant"),
        ("x,pump,hours,nothing,,,,,,,", "the type pump has no signal 'nothing'"),
        ("running,pump,hours,running,,,,,,,", "cannot be the name of a further signal of the type pump"),
        ("area1/kpi,,kpi,,day,,,,,,", "is a kpi and has no expression"),
        (f"area1/kpi,,kpi,,day,,,'{FLOW}' * 2,,,", "reads 'area1/ft101', which is no calculated tag"),
        ("area1/kpi,,kpi,,day,,,1 + 1,,,", "the kpi reads no calculated tag"),
        ("area1/kpi,,kpi,,day,,,'a' +,,,", "calculations.csv:2: area1/kpi"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(folder: Path, row: str, words: str) -> None:
    errors = load_plant(written(folder, row)).errors
    assert len(errors) == 1, errors
    assert words in errors[0].sentence
    assert "calculations.csv:2:" in errors[0].sentence


def test_a_kpi_of_other_periods_is_refused(folder: Path) -> None:
    rows = (f"area1/volume,,total,{FLOW},hour,h,,,,,m3", "area1/kpi,,kpi,,day,,,'area1/volume',,,")
    errors = load_plant(written(folder, *rows)).errors
    assert "reads area1/volume, whose periods are others; give both the same every" in errors[0].sentence


def test_a_tag_that_is_not_recorded_has_no_past(folder: Path) -> None:
    plant = open_plant(folder)
    name = next((tag.name for tag in plant.tags if not tag.history and tag.is_analogue), "")
    if name:
        errors = load_plant(written(folder, f"area1/x,,average,{name},day,,,,,,")).errors
        assert "which is not recorded; write history = true for it" in errors[0].sentence


def test_an_unknown_column_is_kept_and_told(folder: Path) -> None:
    (folder / "calculations.csv").write_text(
        f"name,kind,of,base,colour\narea1/volume,total,{FLOW},h,red\n", encoding="utf-8"
    )
    found = load_plant(folder)
    assert found.plant is not None
    assert "the column 'colour' is not known" in [one.text for one in found.findings]

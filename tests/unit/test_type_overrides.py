"""What an instance has otherwise than its type: any column of a signal or an alarm, and what it does not have."""

from __future__ import annotations

from pathlib import Path

import pytest

from hmi.check import check_plant
from hmi.project import format_plant, new_plant, open_plant
from hmi.project.diff import plant_diff
from hmi.project.plant import Plant


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return new_plant(tmp_path / "works")


def given(folder: Path, cell: str) -> Path:
    """The pump of the new plant with ``cell`` in its column parameters."""
    path = folder / "tags.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[1] = lines[1][: lines[1].index("base=101")] + f"base=101;{cell}"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def opened(folder: Path, cell: str) -> Plant:
    return open_plant(given(folder, cell))


def told(folder: Path) -> list[tuple[str, str]]:
    return [(one.text, one.do) for one in check_plant(folder)]


def test_every_column_of_one_signal_can_differ(folder: Path) -> None:
    cell = (
        "speed.address=HR{base+20};speed.scan=fast;speed.unit=Hz;speed.low=0;speed.high=50;speed.deadband=0.5;"
        "speed.format=.2f;speed.history=false;speed_sp.class=S;speed_sp.limit_high=40;running.states.1=Läuft;"
        "speed.options.order=CDAB;speed.description=Speed of {name}"
    )
    tags = opened(folder, cell).by_name
    speed, set_point = tags["area1/p101.speed"], tags["area1/p101.speed_sp"]
    assert (speed.address, speed.scan, speed.unit, speed.deadband) == ("HR121", "fast", "Hz", 0.5)
    assert (speed.format, speed.history, speed.options) == (".2f", False, {"order": "CDAB"})
    assert speed.description == "Speed of area1/p101"
    assert speed.range is not None
    assert speed.range.high == 50
    assert set_point.command is not None
    assert (set_point.command.klass.value, set_point.command.limits.high) == ("S", 40)  # type: ignore[union-attr]
    assert tags["area1/p101.running"].states == {0: "Stopped", 1: "Läuft"}
    assert told(folder) == []


def test_an_instance_may_lack_a_signal_with_its_alarms_or_an_alarm_alone(folder: Path) -> None:
    whole = opened(folder, "")
    lacking = opened(folder, "tripped.present=false;speed_sp.permissives=")
    assert sorted(lacking.instances["area1/p101"].signals) == ["running", "speed", "speed_sp"]
    assert "area1/p101.tripped" not in lacking.by_name
    assert len(whole.alarms) - len(lacking.alarms) == 1
    alone = opened(folder, "trip.present=false")
    assert alone.by_name.keys() == whole.by_name.keys()
    assert len(whole.alarms) - len(alone.alarms) == 1
    kept = opened(folder, "trip.enabled=no;speed.present=yes")
    assert [one.enabled for one in kept.alarms if one.name == "trip"] == [False]
    assert kept.by_name.keys() == whole.by_name.keys()


def test_a_signal_and_an_alarm_of_one_name_take_what_each_of_them_has(folder: Path) -> None:
    path = folder / "types" / "pump.toml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("[alarms.trip]", "[alarms.tripped]"), encoding="utf-8"
    )
    plant = opened(folder, "tripped.priority=1;tripped.enabled=false;tripped.history=true;tripped.scan=fast")
    tag = plant.by_name["area1/p101.tripped"]
    (alarm,) = [one for one in plant.alarms if one.tag_id == tag.id]
    assert (tag.history, tag.scan) == (True, "fast")
    assert (alarm.priority, alarm.enabled, dict(alarm.extra)) == (1, False, {})
    assert told(folder) == []
    neither = opened(folder, "tripped.present=false;speed_sp.permissives=")
    assert tag.id not in neither.by_id
    assert not [one for one in neither.alarms if one.tag_id == tag.id]


@pytest.mark.parametrize(
    ("cell", "text", "do"),
    [
        ("speed.hihg=80", "speed.hihg names a column that is not known", "it has no effect; did you mean speed.high?"),
        ("speed.enabled=false", "speed.enabled names a column that is not known",
         "write speed.present=false for what this instance does not have"),
        ("trip.prio=1", "trip.prio names a column that is not known", "it has no effect; did you mean trip.priority?"),
        ("speed.unit.x=1", "speed.unit.x names a column that is not known", "did you mean speed.unit?"),
        ("speed.=1", "speed. names a column that is not known", "it has no effect; check the spelling"),
        ("spd.high=3", "spd.high: the type has neither a signal nor an alarm 'spd'",
         "it has running, tripped, speed, speed_sp, trip"),
        ("trip.present=maybe", "trip.present 'maybe' is neither true nor false", "write true or false"),
        ("speed.address=HR{bass}", "'HR{bass}' uses {bass}, which is no parameter", "types/pump.toml"),
        ("running.states.one=On", "state 'one' is not a whole number", ""),
    ],
)  # fmt: skip
def test_check_names_what_does_not_fit(folder: Path, cell: str, text: str, do: str) -> None:
    found = told(given(folder, cell))
    assert [one for one in found if text in one[0] and do in one[1]], found


def test_a_signal_that_another_one_needs_is_missed_by_name(folder: Path) -> None:
    given(folder, "tripped.present=false")
    ((text, _do),) = told(folder)
    assert text == (
        "area1/p101.speed_sp, permissive: the expression names the tag 'area1/p101.tripped', which is not known"
    )


def test_what_differs_is_told_in_words_and_keeps_its_ids(folder: Path) -> None:
    before = opened(folder, "speed.high=80")
    after = opened(folder, "speed.high=85;speed_sp.present=false")
    sentences = plant_diff(before, after).sentences
    assert any("p101.speed" in one and "80" in one and "85" in one for one in sentences), sentences
    assert any("p101.speed_sp removed" in one for one in sentences), sentences
    path = folder / "tags.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("area1/p101", "area1/p777"), encoding="utf-8")
    renamed = open_plant(folder)
    assert renamed.by_name["area1/p777.speed"].id == before.by_name["area1/p101.speed"].id


def test_format_keeps_the_overrides_as_they_stand(folder: Path) -> None:
    given(folder, "speed.high=80;running.states.1=Läuft;speed_sp.present=false")
    format_plant(folder)
    once = (folder / "tags.csv").read_bytes()
    format_plant(folder)
    assert (folder / "tags.csv").read_bytes() == once
    assert "base=101;speed.high=80;running.states.1=Läuft;speed_sp.present=false" in once.decode()


def test_parameters_reach_the_texts_of_alarms(folder: Path) -> None:
    path = folder / "types" / "pump.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("Start the stand-by pump,", "Block {base} of {name}:"), encoding="utf-8")
    (alarm,) = [one for one in opened(folder, "").alarms if one.name == "trip"]
    assert alarm.action == "Block 101 of area1/p101: check the motor, then reset"


def scaled(folder: Path, raw: str = "[0, 1000]", more: str = "") -> Path:
    """The speed of the pump counts raw from 0 to 1000 for 0 to 100 %."""
    path = folder / "types" / "pump.toml"
    text = path.read_text(encoding="utf-8")
    assert text.count("[signals.speed]\n") == 1
    path.write_text(
        text.replace("[signals.speed]\n", f"[signals.speed]\nraw = {raw}\n{more}"), encoding="utf-8"
    )
    return folder


def of_scaling(folder: Path) -> list[tuple[str, str]]:
    return [(one.text, one.do) for one in check_plant(folder) if one.rule == "override-scaling"]


def test_another_range_of_a_scaled_signal_is_told_with_its_raw_range(folder: Path) -> None:
    """WK-315: raw 800 is 80 % by the type, and 72 % where only the range was to be narrower."""
    plant = opened(scaled(folder), "speed.high=90")
    scaling = plant.by_name["area1/p101.speed"].scaling
    assert scaling is not None
    assert (scaling.raw.high, scaling.eu.high) == (1000, 90)
    assert of_scaling(folder) == [
        (
            "area1/p101.speed: with speed.high=90 raw 0 … 1000 means 0 … 90, and 0 … 100 in the type",
            "write speed.raw_low=0;speed.raw_high=900 to keep the scaling, or speed.raw_high=1000 if the device of "
            "this instance counts so",
        )
    ]
    (line,) = {one.line for one in check_plant(folder) if one.rule == "override-scaling"}
    assert "p101" in (folder / "tags.csv").read_text(encoding="utf-8").splitlines()[line - 1]


def test_what_it_says_to_write_keeps_the_scaling_and_ends_the_warning(folder: Path) -> None:
    scaled(folder)
    scaling = (
        opened(folder, "speed.high=90;speed.raw_low=0;speed.raw_high=900").by_name["area1/p101.speed"].scaling
    )
    assert scaling is not None
    assert scaling.eu.span / scaling.raw.span == 100 / 1000
    assert of_scaling(folder) == []


@pytest.mark.parametrize("cell", ["speed.high=100", "speed.high=90;speed.raw_high=1000", "speed.unit=rpm"])
def test_a_range_that_is_meant_or_the_same_is_not_told(folder: Path, cell: str) -> None:
    assert of_scaling(given(scaled(folder), cell)) == []


def test_a_range_without_a_scaling_is_not_told(folder: Path) -> None:
    assert of_scaling(given(folder, "speed.high=90")) == []


def test_no_raw_range_keeps_a_square_root(folder: Path) -> None:
    ((text, do),) = of_scaling(given(scaled(folder, more='scaling = "sqrt"\n'), "speed.low=10;speed.high=90"))
    assert "with speed.low=10 and speed.high=90 raw 0 … 1000 means 10 … 90" in text
    assert do == "write speed.raw_high=1000 if the device of this instance counts so"

"""What changed between two revisions, matched by id."""

from __future__ import annotations

from pathlib import Path

import pytest

from hmi.project import new_plant, open_plant
from hmi.project.diff import PlantDiff, plant_diff


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return new_plant(tmp_path / "works")


def changed_by(folder: Path, name: str, old: str, new: str) -> PlantDiff:
    before = open_plant(folder)
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return plant_diff(before, open_plant(folder))


def test_the_same_plant_has_no_difference(folder: Path) -> None:
    diff = plant_diff(open_plant(folder), open_plant(folder))
    assert not diff
    assert diff.sentence == "nothing changed"
    assert diff.old_revision == diff.new_revision


def test_a_changed_tag_is_a_pair(folder: Path) -> None:
    diff = changed_by(folder, "tags.csv", "Outlet flow", "Outflow")
    ((old, new),) = diff.tags.changed
    assert (old.description, new.description) == ("Outlet flow", "Outflow")
    assert old.id == new.id
    assert not any((diff.tags.added, diff.tags.removed, diff.alarms, diff.connections, diff.head))
    assert diff.sentence == "1 tag changed"


def test_a_renamed_tag_is_the_same_tag(folder: Path) -> None:
    diff = changed_by(folder, "tags.csv", "area1/ft101", "area1/ft102")
    ((old, new),) = diff.tags.changed
    assert (old.name, new.name) == ("area1/ft101", "area1/ft102")


def test_a_row_that_moved_is_no_change(folder: Path) -> None:
    before = open_plant(folder)
    path = folder / "tags.csv"
    header, first, *rest = path.read_text(encoding="utf-8").strip().split("\n")
    path.write_text("\n".join([header, *rest, first]) + "\n", encoding="utf-8")
    after = open_plant(folder)
    assert before.by_name["area1/lt101"].handle != after.by_name["area1/lt101"].handle
    assert not plant_diff(before, after)


def test_an_instance_brings_its_tags_and_alarms(folder: Path) -> None:
    row = "pump,i_0123456789ab,area1/p102,,Pump P-102,area1,plc1,,,,,,,,,,,base=121"
    diff = changed_by(folder, "tags.csv", "tag,", f"{row}\ntag,")
    assert [i.name for i in diff.instances.added] == ["area1/p102"]
    assert {t.name for t in diff.tags.added} == {
        "area1/p102.running", "area1/p102.tripped", "area1/p102.speed", "area1/p102.speed_sp"
    }  # fmt: skip
    assert [a.id for a in diff.alarms.added] == ["i_0123456789ab.alarm.trip"]
    assert not diff.tags.removed


def test_a_removed_alarm(folder: Path) -> None:
    path = folder / "alarms.csv"
    last = path.read_text(encoding="utf-8").strip().split("\n")[-1]
    diff = changed_by(folder, "alarms.csv", last + "\n", "")
    assert [a.name for a in diff.alarms.removed] == ["low"]


def test_a_changed_connection(folder: Path) -> None:
    diff = changed_by(folder, "plant.toml", "unit = 1", "unit = 2")
    ((old, new),) = diff.connections.changed
    assert (old.settings["unit"], new.settings["unit"]) == (1, 2)


def test_a_changed_display(folder: Path) -> None:
    diff = changed_by(folder, "displays/overview.json", '"x":100', '"x":108')
    assert [new.name for _, new in diff.displays.changed] == ["overview"]


def test_the_head_of_the_plant(folder: Path) -> None:
    assert changed_by(folder, "plant.toml", "slow = 5000", "slow = 9000").head == ("scan_classes",)
    assert changed_by(folder, "types/pump.toml", 'symbol = "pump"', 'symbol = "blower"').head == ("types",)


def test_sentences_say_what_was_and_what_is(folder: Path) -> None:
    diff = changed_by(folder, "alarms.csv", "high,high,4.5", "high,high,4.75")
    assert [text.partition(": ")[2] for text in diff.sentences] == ["limit 4.5 -> 4.75 m"]
    diff = changed_by(folder, "tags.csv", "area1/ft101", "area1/ft102")
    assert "tag area1/ft101 renamed to area1/ft102" in diff.sentences
    diff = changed_by(folder, "plant.toml", "tcp://127.0.0.1:502", "tcp://127.0.0.1:503")
    assert diff.sentences == ("connection plc1: endpoints tcp://127.0.0.1:502 -> tcp://127.0.0.1:503",)
    diff = changed_by(folder, "tags.csv", ",0,250,", ",0,300,")
    assert diff.sentences == ("tag area1/ft102: range 0 … 250 -> 0 … 300 m³/h",)
    diff = changed_by(folder, "plant.toml", 'title = "Works"', 'title = "Town"')
    assert diff.sentences == ("title Works -> Town",)
    assert plant_diff(open_plant(folder), open_plant(folder)).sentences == ()

"""A fault in the head of one display: one clear finding, a mark in its place, and a plant that opens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hmi.check import check_plant
from hmi.core.errors import ConfigurationError
from hmi.core.principal import Mode
from hmi.mimics import Catalogue, load_display, shipped_definitions
from hmi.project import load_plant, new_plant, open_plant
from hmi.runtime._plant_info import plant_info
from hmi.runtime._reload import PlantRefused, read_plant


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return new_plant(tmp_path / "works")


def spoil(folder: Path, **fields: Any) -> Path:
    path = folder / "displays" / "overview.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**document, **fields}, indent=1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"level": "x"}, "level is not a whole number"),
        ({"level": 9}, "level"),
        ({"title": 3}, "title"),
        ({"size": [1]}, "size"),
        ({"elements": {"a": 1}}, "elements"),
    ],
)
def test_the_plant_opens_with_one_finding_and_a_mark(
    folder: Path, fields: dict[str, Any], words: str
) -> None:
    path = spoil(folder, **fields)
    (finding,) = (f for f in check_plant(folder) if f.is_error)
    assert finding.file == str(path)
    assert finding.line > 1
    assert words in finding.text
    assert "until then a mark stands in the place of this display" in finding.sentence

    plant = open_plant(folder)
    info = plant_info(plant, Mode.PLANT)
    (told,) = (display for display in info.displays if display.name == "overview")
    shown = load_display(told.document, shipped_definitions(), names=Catalogue.of(info), arguments={})
    assert [element.type for element in shown.elements] == ["notice", "text"]
    assert finding.text in shown.elements[1].get("text")
    assert told.level == 2


def test_another_display_that_embeds_it_shows_the_mark_too(folder: Path) -> None:
    spoil(folder, level="x")
    other = {
        "schema": "display/1", "id": "d_0123456789ab", "name": "other", "title": "Other", "level": 2,
        "elements": [{"id": "e_1", "type": "embed", "display": "overview", "x": 0, "y": 0}],
    }  # fmt: skip
    (folder / "displays" / "other.json").write_text(json.dumps(other), encoding="utf-8")
    assert len([f for f in check_plant(folder) if f.is_error]) == 1
    info = plant_info(open_plant(folder), Mode.PLANT)
    shown = load_display(other, shipped_definitions(), names=Catalogue.of(info), arguments={})
    assert "notice" in [element.type for element in shown.elements]


def test_a_running_plant_keeps_its_good_display(folder: Path) -> None:
    before = open_plant(folder)
    spoil(folder, level="x")
    with pytest.raises(PlantRefused, match="level"):
        read_plant(folder)
    assert open_plant(folder).revision != before.revision


def test_another_fault_of_the_file_changes_the_revision(folder: Path) -> None:
    spoil(folder, level="x")
    first = open_plant(folder).revision
    spoil(folder, level="x", note="changed")
    assert open_plant(folder).revision != first


def test_an_error_elsewhere_still_stops_the_plant_and_is_the_one_that_is_told(folder: Path) -> None:
    spoil(folder, level="x")
    tags = folder / "tags.csv"
    tags.write_text(tags.read_text(encoding="utf-8").replace("plc1,HR1,", "plc1,QQ1,"), encoding="utf-8")
    assert load_plant(folder).plant is None
    with pytest.raises(ConfigurationError, match="QQ1"):
        open_plant(folder)

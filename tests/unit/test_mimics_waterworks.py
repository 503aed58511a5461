"""The displays of the shipped plant name only what exists, have no finding, and are all within reach."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hmi.core.principal import Mode
from hmi.mimics import Catalogue, Display, Scene, load_display, needs_arguments, shipped_definitions
from hmi.project import open_plant
from hmi.project.plant import Plant
from hmi.runtime import plant_info

FOLDER = Path(__file__).resolve().parents[2] / "screens" / "waterworks"
DISPLAYS = sorted(path.stem for path in (FOLDER / "displays").glob("*.json"))
HIGH_LIFT = {"pump": "distribution/p501b", "valve": "distribution/xv501b"}
ALUM = {
    "pump": "clarification/p211", "loop": "clarification/fic211", "tank": "clarification/lt211.pv",
    "flow": "intake/ft101.pv", "result": "clarification/at205.pv",
}  # fmt: skip
ARGUMENTS: dict[str, list[dict[str, str]]] = {
    "dosing": [ALUM],
    "filter": [{"filter": f"filtration/f30{n}"} for n in range(1, 7)],
    "filter_row": [{"filter": "filtration/f304"}],
    "pump_card": [HIGH_LIFT],
}
PARTS = {"dosing", "filter_row", "pump_card"}  # drawn inside other displays
PAGES = [(name, arguments) for name in DISPLAYS for arguments in ARGUMENTS.get(name, [{}])]
HOME = "overview"


@pytest.fixture(scope="module")
def plant() -> Plant:
    return open_plant(FOLDER)


@pytest.fixture(scope="module")
def names(plant: Plant) -> Catalogue:
    return Catalogue.of(plant_info(plant, Mode.SIMULATOR))


def page(plant: Plant, names: Catalogue, name: str, arguments: dict[str, str]) -> Display:
    document = plant.displays[name].document
    return load_display(
        document, shipped_definitions(), file=f"{name}.json", names=names, arguments=arguments
    )


def links_of(elements: list[dict[str, Any]]) -> Iterator[str]:
    """Displays that a click opens, or that are drawn inside."""
    return (str(e["display"]) for e in elements if e["type"] in ("link", "embed", "repeat"))


def test_the_home_display_is_there(plant: Plant) -> None:
    assert plant.home == HOME
    assert plant.displays[HOME].level == 1


@pytest.mark.parametrize(("name", "arguments"), PAGES)
def test_display_has_no_finding_and_no_unknown_tag(
    plant: Plant, names: Catalogue, name: str, arguments: dict[str, str]
) -> None:
    display = page(plant, names, name, arguments)
    assert display.findings == ()
    scene = Scene(display, names)
    assert scene.unknown_tags == ()
    assert len(scene.tags) >= 4
    assert "mark='K'" not in repr(scene.looks)


@pytest.mark.parametrize(("name", "arguments"), PAGES)
def test_elements_stay_inside_the_canvas(
    plant: Plant, names: Catalogue, name: str, arguments: dict[str, str]
) -> None:
    display = page(plant, names, name, arguments)
    width, height = display.size
    outside = [
        e.id for e in display.elements if e.x < 0 or e.y < 0 or e.x + e.w > width or e.y + e.h > height
    ]
    assert outside == []


def test_what_needs_arguments_is_shown_with_them(plant: Plant) -> None:
    assert {name for name in DISPLAYS if needs_arguments(plant.displays[name].document)} == set(ARGUMENTS)


def test_alarm_rows_lead_to_displays_that_open_alone(plant: Plant) -> None:
    shown = {alarm.display for alarm in plant.alarms if alarm.display}
    assert shown <= set(DISPLAYS) - set(ARGUMENTS)


def test_equipment_leads_to_displays_that_exist(plant: Plant) -> None:
    assert {instance.display for instance in plant.instances.values() if instance.display} <= set(DISPLAYS)


def test_HM_01_all_four_levels_are_there_and_one_click_apart(plant: Plant) -> None:
    """Every display is reached from home by links alone, and each level only from the level above it or its own."""
    steps = {HOME: 0}
    for name in (queue := [HOME]):
        for target in links_of(plant.displays[name].document["elements"]):
            if target not in steps:
                steps[target] = steps[name] + 1
                queue.append(target)
    pages = set(DISPLAYS) - PARTS
    assert pages <= set(steps)
    levels = {plant.displays[name].level for name in pages}
    assert levels == {1, 2, 3, 4}
    assert all(steps[name] < plant.displays[name].level for name in pages)

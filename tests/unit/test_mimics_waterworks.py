"""The displays of the shipped plant name only tags that exist and have no finding."""

from __future__ import annotations

from pathlib import Path

import pytest

from hmi.client.port import InstanceInfo, TagInfo
from hmi.core.values import EURange
from hmi.mimics import Catalogue, Scene, load_display, shipped_definitions
from hmi.project import load_plant
from hmi.project.plant import Plant, TagDef

FOLDER = Path(__file__).resolve().parents[2] / "screens" / "waterworks"
DISPLAYS = sorted(path.stem for path in (FOLDER / "displays").glob("*.json"))


def tag_info(plant: Plant, tag: TagDef) -> TagInfo:
    """What a station would be told of a tag."""
    low, high = ends(tag.range)
    normal_low, normal_high = ends(tag.normal)
    alarms = [
        {"kind": alarm.kind, "limit": alarm.limit, "priority": int(alarm.priority), "name": alarm.name}
        for alarm in plant.alarms
        if alarm.tag_id == tag.id
    ]
    return TagInfo(
        id=tag.id, name=tag.name, type=tag.type.value, description=tag.description, area=tag.area, unit=tag.unit,
        format=tag.format, low=low, high=high, normal_low=normal_low, normal_high=normal_high,
        states=dict(tag.states), writable=tag.command is not None, command_class="", limit_low=None, limit_high=None,
        instance=tag.instance, signal=tag.signal, period_ms=1000, history=tag.history, alarms=alarms,
    )  # fmt: skip


def ends(span: EURange | None) -> tuple[float | None, float | None]:
    return (None, None) if span is None else (span.low, span.high)


def catalogue(plant: Plant) -> Catalogue:
    instances = []
    for instance in plant.instances.values():
        signals = {signal: plant.by_id[identity].name for signal, identity in instance.signals.items()}
        info = InstanceInfo(
            instance.id,
            instance.name,
            instance.type,
            instance.description,
            instance.area,
            "",
            "",
            signals,
            {},
        )
        instances.append(info)
    return Catalogue([tag_info(plant, tag) for tag in plant.tags], instances)


@pytest.fixture(scope="module")
def plant() -> Plant:
    result = load_plant(FOLDER)
    assert result.plant is not None, result.findings
    return result.plant


def test_the_home_display_is_there(plant: Plant) -> None:
    assert plant.home in DISPLAYS


@pytest.mark.parametrize("name", DISPLAYS)
def test_display_has_no_finding_and_no_unknown_tag(plant: Plant, name: str) -> None:
    document = plant.displays[name].document
    display = load_display(document, shipped_definitions(), file=f"{name}.json")
    assert display.findings == ()
    scene = Scene(display, catalogue(plant))
    assert scene.unknown_tags == ()
    assert len(scene.tags) >= 15
    looks = repr(scene.looks)
    assert "mark='K'" not in looks


@pytest.mark.parametrize("name", DISPLAYS)
def test_elements_stay_inside_the_canvas(plant: Plant, name: str) -> None:
    display = load_display(plant.displays[name].document, shipped_definitions())
    width, height = display.size
    outside = [
        e.id for e in display.elements if e.x < 0 or e.y < 0 or e.x + e.w > width or e.y + e.h > height
    ]
    assert outside == []


@pytest.mark.parametrize("name", DISPLAYS)
def test_alarm_rows_lead_to_displays_that_exist(plant: Plant, name: str) -> None:
    assert {alarm.display for alarm in plant.alarms if alarm.display} <= set(DISPLAYS)

"""The sections of a hand-over about control tags, bypasses and who controls what; pure."""

from __future__ import annotations

from hmi.client.alarms import HandoverItem
from hmi.core.holds import AreaControl, Bypass, ControlTag, Holds, TagKind
from hmi.core.texts import tr
from hmi.project.plant import Plant

_KINDS = {
    TagKind.DO_NOT_OPERATE: "do not operate",
    TagKind.CAUTION: "caution",
    TagKind.INFORMATION: "information",
}


def held_sections(holds: Holds, plant: Plant) -> dict[str, list[HandoverItem]]:
    """The oldest of each first."""
    return {
        "tagged": [_tag(one, plant) for one in holds.tags],
        "bypassed": [_bypass(one, plant) for one in holds.bypasses],
        "controlled": [_area(one, plant) for one in holds.areas],
    }


def _tag(one: ControlTag, plant: Plant) -> HandoverItem:
    text = tr(_KINDS[one.kind])
    if one.work_order:
        text = tr("{kind}, work order {number}", kind=text, number=one.work_order)
    name, area, display = _object(one.object_id, plant)
    return HandoverItem(
        one.object_id, name, f"{name}: {text}", area, one.time, one.expires, one.owner_name or one.owner,
        one.reason, display,
    )  # fmt: skip


def _bypass(one: Bypass, plant: Plant) -> HandoverItem:
    name, area, display = _object(one.tag_id, plant)
    text = tr("{condition} is left out", condition=one.condition)
    return HandoverItem(
        one.tag_id, name, f"{name}: {text}", area, one.time, one.expires, one.owner_name or one.owner,
        one.reason, display,
    )  # fmt: skip


def _area(one: AreaControl, plant: Plant) -> HandoverItem:
    title = next((area.title for area in plant.areas if area.path == one.area), one.area)
    text = tr("{area} is controlled by {station}", area=title, station=one.station)
    return HandoverItem(one.area, title, text, one.area, one.time, actor=one.owner_name or one.owner)


def _object(object_id: str, plant: Plant) -> tuple[str, str, str]:
    """Name, area and display of an instance or a tag."""
    if (tag := plant.by_id.get(object_id)) is not None:
        return tag.name, tag.area, ""
    found = next((one for one in plant.instances.values() if one.id == object_id), None)
    return (found.name, found.area, found.display) if found else (object_id, "", "")

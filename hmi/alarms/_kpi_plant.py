"""What a plant has of alarms, for the figures."""

from __future__ import annotations

from collections import Counter

from hmi.project.plant import AlarmDef, Plant


def configured(plant: Plant, area: str = "") -> dict[int, int]:
    """How many alarms of each priority an area has; those that are disabled do not count."""
    return dict(
        Counter(
            int(one.priority) for one in plant.alarms if one.enabled and _lies_in(area, _area(plant, one))
        )
    )


def is_area(plant: Plant, area: str) -> bool:
    """True for an area of the plant, or when an alarm lies in it."""
    return any(one.path == area for one in plant.areas) or any(
        _lies_in(area, _area(plant, one)) for one in plant.alarms
    )


def _area(plant: Plant, alarm: AlarmDef) -> str:
    tag = plant.by_id.get(alarm.tag_id)
    return alarm.area or (tag.area if tag else "")


def _lies_in(area: str, path: str) -> bool:
    return not area or path == area or path.startswith(f"{area}/")

"""The way up from a display, level by level, and the words for it. No Qt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from hmi.client.port import DisplayInfo, PlantInfo
from hmi.mimics import display_of_address
from hmi.ui.navigation import opens_alone

_MOST: Final = 6


class Crumb(NamedTuple):
    """One step of the way: a display by its address, and what it is called."""

    title: str
    address: str
    level: int


def title_of(plant: PlantInfo, address: str) -> str:
    """The title of a display; with the equipment it is opened for, where there is one."""
    name, arguments = display_of_address(address)
    info = next((d for d in plant.displays if d.name == name), None)
    if info is None:
        return address
    return " ".join([info.title, *(str(v).rpartition("/")[2].upper() for v in _texts(arguments))])


def parent_of(plant: PlantInfo, address: str) -> str:
    """The display one level up: of the same area or the nearest around it, else the home; empty at the top.

    A display that is opened for a piece of equipment belongs to the area of that equipment.
    """
    name, arguments = display_of_address(address)
    info = next((d for d in plant.displays if d.name == name), None)
    if info is None or name == plant.home:
        return ""
    above = [d for d in plant.displays if d.level < info.level and d.name != name and opens_alone(d)]
    area = _area_of(plant, arguments) or info.area
    for around in _around(plant, area):
        if own := [d for d in above if d.area == around and d.area]:
            return max(own, key=lambda d: (d.level, _leads_to(d, name))).name
    if leading := [d for d in above if _leads_to(d, name)]:
        return max(leading, key=lambda d: d.level).name
    return plant.home if any(d.name == plant.home and d.level <= info.level for d in plant.displays) else ""


def trail(plant: PlantInfo, address: str) -> list[Crumb]:
    """From the top down to the display itself."""
    levels = {display.name: display.level for display in plant.displays}
    steps: list[Crumb] = []
    while address and len(steps) < _MOST:
        level = levels.get(display_of_address(address)[0], 0)
        steps.append(Crumb(title_of(plant, address), address, level))
        address = parent_of(plant, address)
        if any(step.address == address for step in steps):
            break
    return steps[::-1]


def _texts(arguments: Mapping[str, Any]) -> Iterable[str]:
    return (value for value in arguments.values() if isinstance(value, str))


def _area_of(plant: PlantInfo, arguments: Mapping[str, Any]) -> str:
    """Of the first piece of equipment among the arguments."""
    for value in _texts(arguments):
        for instance in plant.instances:
            if instance.name == value:
                return instance.area
    return ""


def _around(plant: PlantInfo, area: str) -> list[str]:
    """The area and those around it, from the inside out."""
    parents = {one["path"]: one.get("parent", "") for one in plant.areas}
    found: list[str] = []
    while area and area not in found:
        found.append(area)
        area = parents.get(area) or area.rpartition("/")[0]
    return found


def _leads_to(display: DisplayInfo, name: str) -> bool:
    """True when a link of the display opens ``name``."""
    elements = display.document.get("elements", ())
    return any(
        isinstance(e, Mapping) and e.get("type") == "link" and e.get("display") == name for e in elements
    )

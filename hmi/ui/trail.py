"""The way up from a display, level by level, and the words for it. No Qt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterable, Mapping
from typing import Any, Final, NamedTuple

from hmi.client.port import DisplayInfo, PlantInfo
from hmi.mimics import display_of_address
from hmi.ui.navigation import opens_alone

_MOST: Final = 6
Links = Mapping[str, frozenset[str]]


class Crumb(NamedTuple):
    """One step of the way: a display by its address, and what it is called."""

    title: str
    address: str
    level: int


def linked(plant: PlantInfo) -> Generator[None, None, Links]:
    """By display, which displays have a link to it; one display at each step."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for display in plant.displays:
        for element in display.document.get("elements", ()):
            if isinstance(element, Mapping) and element.get("type") == "link":
                found[str(element.get("display"))].add(display.name)
        yield
    return {name: frozenset(sources) for name, sources in found.items()}


class Ways:
    """The displays of a plant by name, area and level; ``links`` decide where areas leave it open."""

    def __init__(self, plant: PlantInfo, links: Links | None = None) -> None:
        self._plant, self._links = plant, links or {}
        self._displays = {display.name: display for display in plant.displays}
        self._parents = {area["path"]: area.get("parent", "") for area in plant.areas}
        self._alone = [display for display in plant.displays if opens_alone(display)]
        self._by_area: defaultdict[str, list[DisplayInfo]] = defaultdict(list)
        for display in self._alone:
            self._by_area[display.area].append(display)
        self._homes: dict[str, str] = {}

    def title(self, address: str) -> str:
        """The title of a display; with the equipment it is opened for, where there is one."""
        name, arguments = display_of_address(address)
        info = self._displays.get(name)
        if info is None:
            return address
        return " ".join([info.title, *(v.rpartition("/")[2].upper() for v in _texts(arguments))])

    def level(self, address: str) -> int:
        """The level of a display; 0 for one that the plant does not have."""
        info = self._displays.get(display_of_address(address)[0])
        return info.level if info is not None else 0

    def area(self, address: str) -> str:
        info = self._displays.get(display_of_address(address)[0])
        return info.area if info is not None else ""

    def up(self, address: str) -> str:
        """The display one level up: of the same area or the nearest around it, else the home; empty at the top.

        A display that is opened for a piece of equipment belongs to the area of that equipment.
        """
        name, arguments = display_of_address(address)
        info = self._displays.get(name)
        if info is None or name == self._plant.home:
            return ""
        leading = self._links.get(name, frozenset())

        def nearest(displays: Iterable[DisplayInfo]) -> str:
            above = [d for d in displays if d.level < info.level and d.name != name]
            return max(above, key=lambda d: (d.level, d.name in leading)).name if above else ""

        for area in self._around(self._area_of(arguments) or info.area):
            if found := nearest(self._by_area.get(area, ())):
                return found
        if found := nearest(d for d in self._alone if d.name in leading) if leading else "":
            return found
        home = self._displays.get(self._plant.home)
        return home.name if home is not None and home.level <= info.level else ""

    def trail(self, address: str) -> list[Crumb]:
        """From the top down to the display itself."""
        steps: list[Crumb] = []
        while address and len(steps) < _MOST and all(step.address != address for step in steps):
            steps.append(Crumb(self.title(address), address, self.level(address)))
            address = self.up(address)
        return steps[::-1]

    def trails(self) -> list[list[Crumb]]:
        """Of every display."""
        return [self.trail(name) for name in self._displays]

    def _area_of(self, arguments: Mapping[str, Any]) -> str:
        """Of the first piece of equipment among the arguments."""
        if arguments and not self._homes:
            self._homes = {one.name: one.area for one in self._plant.instances}
        return next((self._homes[value] for value in _texts(arguments) if value in self._homes), "")

    def _around(self, area: str) -> list[str]:
        """The area and those around it, from the inside out."""
        found: list[str] = []
        while area and area not in found:
            found.append(area)
            area = self._parents.get(area) or area.rpartition("/")[0]
        return found


def _texts(arguments: Mapping[str, Any]) -> Iterable[str]:
    return (value for value in arguments.values() if isinstance(value, str))

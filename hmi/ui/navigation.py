"""Which display an area, a key or an alarm leads to, and the way back; no Qt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hmi.client.port import DisplayInfo, PlantInfo
from hmi.mimics import needs_arguments

KEYS = 12


class History:
    """Where the operator has been: back and forward over at least 20 steps."""

    LIMIT = 50

    def __init__(self) -> None:
        self._places: list[str] = []
        self._at = -1

    @property
    def current(self) -> str:
        return self._places[self._at] if self._places else ""

    @property
    def can_back(self) -> bool:
        return self._at > 0

    @property
    def can_forward(self) -> bool:
        return self._at < len(self._places) - 1

    @property
    def behind(self) -> str:
        """Where back leads to; empty for nowhere."""
        return self._places[self._at - 1] if self.can_back else ""

    @property
    def ahead(self) -> str:
        """Where forward leads to; empty for nowhere."""
        return self._places[self._at + 1] if self.can_forward else ""

    def visit(self, place: str) -> None:
        """Go somewhere new; what lay ahead is forgotten."""
        if place == self.current:
            return
        self._places = [*self._places[: self._at + 1], place][-self.LIMIT :]
        self._at = len(self._places) - 1

    def back(self) -> str:
        self._at -= self.can_back
        return self.current

    def forward(self) -> str:
        self._at += self.can_forward
        return self.current


@dataclass(frozen=True, slots=True)
class Place:
    """One tab: title, the area whose alarms it carries (empty = all) and the display it opens.

    ``opens`` is the title of that display where it is not the area's own; an empty ``display`` leads nowhere.
    """

    title: str
    area: str
    display: str
    opens: str = ""


def places(plant: PlantInfo) -> list[Place]:
    """The home display, then one tab for each area below the site, whether a display shows it or not.

    Areas inside areas have none: they are in the tree of areas.
    """
    home = home_of(plant)
    found = [Place("Overview", "", home.name)] if home else []
    parents = {area.get("parent", "") for area in plant.areas}
    tops = {area["path"] for area in plant.areas if not area.get("parent")}
    for area in plant.areas:
        path = area["path"]
        if (path in parents and path in tops) or area.get("parent", "") not in {"", *tops}:
            continue
        display = area_display(path, plant)
        opens = display.title if display and display.area != path else ""
        found.append(Place(area.get("title") or path, path, display.name if display else "", opens))
    return found


def area_display(area: str, plant: PlantInfo) -> DisplayInfo | None:
    """The display of the area itself, else the one that shows most of it, home last; None: nothing shows it."""
    own = [d for d in plant.displays if d.area == area and opens_alone(d)]
    if own:
        return min(own, key=lambda d: d.level)
    home = home_of(plant)
    others = (d for d in plant.displays if d is not home and opens_alone(d))
    shares = [(_mentions(d.document, f"{area}/"), d) for d in others]
    if home is not None and not any(count for count, _ in shares):
        shares = [(_mentions(home.document, f"{area}/"), home)]
    count, best = max(shares, key=lambda share: share[0], default=(0, None))
    return best if count else None


def home_of(plant: PlantInfo) -> DisplayInfo | None:
    """The display that opens first; the first one of all where the plant names none that exists."""
    named = (display for display in plant.displays if display.name == plant.home)
    return next(named, next(iter(plant.displays), None))


def _mentions(document: Mapping[str, Any], prefix: str) -> int:
    return sum(text.startswith(prefix) for text in texts_of(document.get("elements", ())))


def texts_of(node: Any) -> Iterator[str]:
    """Every text in a document."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        for value in node.values():
            yield from texts_of(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from texts_of(value)


def opens_alone(display: DisplayInfo) -> bool:
    """True when the display shows something without arguments."""
    return not needs_arguments(display.document)


def key_displays(plant: PlantInfo) -> list[str]:
    """The displays of F1 to F12: home first, then by level in the plant's order."""
    alone = filter(opens_alone, plant.displays)
    ordered = sorted(alone, key=lambda d: (d.name != plant.home, d.level))
    return [display.name for display in ordered][:KEYS]


def in_area(area: str, name: str) -> bool:
    """True when an area path or a tag name lies in ``area``; the empty area holds everything."""
    return not area or name == area or name.startswith(f"{area}/")

"""On which display each tag and each piece of equipment is found. No Qt."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from hmi.client.port import DisplayInfo, PlantInfo
from hmi.mimics import Catalogue
from hmi.ui.faceplate.content import content_of
from hmi.ui.navigation import area_display, opens_alone, texts_of

_RANK: Final = {2: 0, 3: 1, 1: 2, 4: 3}  # the working page first: there things are operated


class Where:
    """Built beside the Qt thread (``mapped``); asked for one object at a time."""

    def __init__(self, plant: PlantInfo, catalogue: Catalogue) -> None:
        self._plant, self._catalogue = plant, catalogue
        self._shown_on: dict[str, tuple[bool, int, str]] = {}

    def take(self, display: DisplayInfo) -> None:
        """Note what a display mentions; of two displays that of the object's own area and the nearer level wins."""
        for text in texts_of(display.document.get("elements", ())):
            known = self._catalogue.tags.get(text) or self._catalogue.instances.get(text)
            if known is not None:
                rank = (display.area != known.area, _RANK.get(display.level, 4), display.name)
                self._shown_on[text] = min(self._shown_on.get(text, rank), rank)

    def address(self, target: str) -> str:
        """The display for a tag or instance: one that shows it, its own, or that of its area; empty for none."""
        catalogue = self._catalogue
        tag = catalogue.tags.get(target)
        instance = target if target in catalogue.instances else (tag.instance if tag else "")
        instance = instance or target.rpartition(".")[0]
        for name in (target, instance):
            if (found := self._shown_on.get(name)) is not None:
                return found[2]
        content = content_of(target, catalogue)
        if content is not None and content.display:
            return content.display
        area = content.area if content is not None else ""
        around = area_display(area, self._plant) if area else None
        return around.name if around is not None else ""


def mapped(plant: PlantInfo, catalogue: Catalogue) -> Generator[None, None, Where]:
    """Builds the map of a plant display by display."""
    where = Where(plant, catalogue)
    for display in plant.displays:
        if opens_alone(display):
            where.take(display)
        yield
    return where

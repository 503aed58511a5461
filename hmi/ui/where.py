"""On which display each tag and each piece of equipment is found. No Qt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from typing import Final

from hmi.client.port import DisplayInfo, PlantInfo
from hmi.mimics import Catalogue
from hmi.ui.faceplate.content import content_of
from hmi.ui.navigation import opens_alone, texts_of

_RANK: Final = {2: 0, 3: 1, 1: 2, 4: 3}  # the working page first: there things are operated


class Where:
    """Built beside the Qt thread (``mapped``); asked for one object at a time."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._shown_on: dict[str, tuple[bool, int, str]] = {}
        self._of_area: dict[str, tuple[int, int, str]] = {}

    def take(self, display: DisplayInfo) -> None:
        """Note what a display mentions; of two displays that of the object's own area and the nearer level wins."""
        level, mentions = _RANK.get(display.level, 4), Counter[str]()
        for text in texts_of(display.document.get("elements", ())):
            known = self._catalogue.tags.get(text) or self._catalogue.instances.get(text)
            if known is not None:
                rank = (display.area != known.area, level, display.name)
                self._shown_on[text] = min(self._shown_on.get(text, rank), rank)
                mentions[known.area] += 1
        if display.area:
            mentions[display.area] = 1_000_000  # its own display, before any that shows much of it
        for area, count in mentions.items():
            share = (-count, level, display.name)
            self._of_area[area] = min(self._of_area.get(area, share), share)

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
        if content is None:
            return ""
        return content.display or self._of_area.get(content.area, (0, 0, ""))[2]


def mapped(plant: PlantInfo, catalogue: Catalogue) -> Generator[None, None, Where]:
    """Builds the map of a plant display by display."""
    where = Where(catalogue)
    for display in plant.displays:
        if opens_alone(display):
            where.take(display)
        yield
    return where

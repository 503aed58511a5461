"""What the station looks up in a plant, made once for each plant revision beside the Qt thread."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any, Final, NamedTuple

from PySide6.QtCore import QObject, Signal

from hmi.client.port import PlantInfo
from hmi.core.clock import NS_PER_MS, monotonic_ns
from hmi.mimics import Catalogue
from hmi.ui.areas.outline import Node, outline
from hmi.ui.crossing import crossing
from hmi.ui.search.index import Index, built
from hmi.ui.trail import Ways, linked
from hmi.ui.where import Where, mapped

_WORK_NS: Final = NS_PER_MS
_PAUSE_S: Final = 0.000_5
_FIRST_S: Final = 6e-6
"""Seconds for each tag that the display in view gets the processor first; none of a small plant, 0.6 of 100,000."""


class Atlas(NamedTuple):
    """``top`` is the tree of areas; ``plant`` the one that all of it was made from; None while there is none."""

    plant: PlantInfo | None
    index: Index
    where: Where | None
    ways: Ways | None
    top: list[Node]


class AtlasMaker(QObject):
    """``made`` comes on the Qt thread; while it is under way ``atlas`` is that of the plant before.

    All windows of a station share one: see ``atlas_of``.
    """

    made = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.atlas = Atlas(None, Index(), None, None, [])
        self._wanted: PlantInfo | None = None

    def make(self, plant: PlantInfo, catalogue: Catalogue) -> None:
        """Begin; what was being made of another plant is given up, and the same plant is not looked at twice."""
        if plant is self._wanted:
            return
        self._wanted = plant
        crossing().beside("atlas", self, lambda: self._work(plant, catalogue), self._take)

    def is_ready(self) -> bool:
        return self.atlas.plant is not None and self.atlas.plant is self._wanted

    def _work(self, plant: PlantInfo, catalogue: Catalogue) -> Atlas | None:
        time.sleep(len(plant.tags) * _FIRST_S)
        if self._wanted is not plant:
            return None
        top = outline(plant, catalogue)
        where = self._politely(mapped(plant, catalogue), plant)
        links = self._politely(linked(plant), plant)
        index = self._politely(built(plant), plant)
        if index is not None:
            return Atlas(plant, index, where, Ways(plant, links), top)
        return None

    def _politely(self, steps: Generator[None, None, Any], plant: PlantInfo) -> Any:
        """What the steps make; the interpreter is left to the Qt thread after each millisecond of work.

        None when another plant is wanted meanwhile.
        """
        until = monotonic_ns() + _WORK_NS
        while self._wanted is plant:
            try:
                next(steps)
            except StopIteration as end:
                return end.value
            if monotonic_ns() >= until:
                time.sleep(_PAUSE_S)
                until = monotonic_ns() + _WORK_NS
        return None

    def _take(self, atlas: Atlas | None) -> None:
        if atlas is not None and atlas.plant is self._wanted:
            self.atlas = atlas
            self.made.emit()


def atlas_of(station: QObject) -> AtlasMaker:
    """The one of this station; it lives as long as the station does."""
    found = station.findChild(AtlasMaker)
    return found if found is not None else AtlasMaker(station)

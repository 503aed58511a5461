"""Marks every element of a display whose object carries a control tag; without tagged objects it costs nothing."""

from __future__ import annotations

from PySide6.QtCore import QObject

from hmi.core.holds import ControlTag, TagKind
from hmi.core.texts import tr
from hmi.mimics import Scene
from hmi.ui.holds.marks import ORDER
from hmi.ui.holds.words import NO_LOCK_OUT, tag_words
from hmi.ui.mimic_page import MimicPage
from hmi.ui.station import Station
from hmi.ui.times import zone_of


class HoldWatch(QObject):
    """Every place that shows the object, those inside embedded displays too, with each news and each display."""

    def __init__(self, station: Station, page: MimicPage) -> None:
        super().__init__(page)
        self._station, self._view = station, page.view
        self._of: Scene | None = None
        self._elements: dict[str, list[int]] = {}
        station.holds.changed.connect(self.refresh)
        station.plantLoaded.connect(self.refresh)
        page.shown.connect(self.refresh)

    def refresh(self) -> None:
        holds, scene = self._station.holds, self._view.scene
        if not holds.holds.tags:
            self._view.set_held({})
            return
        found: dict[int, tuple[TagKind, str]] = {}
        places = self._places(scene)
        for object_id in dict.fromkeys(tag.object_id for tag in holds.holds.tags):
            name = self._station.catalogue.names.get(object_id, "")
            told = self._told(holds.tags_of_object(object_id)) if name in places else None
            if told is not None:
                found |= dict.fromkeys(places[name], told)
        self._view.set_held(found)

    def _told(self, tags: tuple[ControlTag, ...]) -> tuple[TagKind, str]:
        """The kind that forbids most, and all of them in words."""
        plant, now = self._station.plant, self._station.now()
        zone = zone_of(plant.zone if plant else "UTC")
        ordered = sorted(tags, key=lambda tag: ORDER.index(tag.kind))
        words = [*(tag_words(tag, zone, now) for tag in ordered), tr(NO_LOCK_OUT)]
        return ordered[0].kind, "\n".join(words)

    def _places(self, scene: Scene | None) -> dict[str, list[int]]:
        """Elements by the name of the tag and of the instance that they show; made once for a scene."""
        if scene is self._of:
            return self._elements
        self._of, self._elements = scene, {}
        tags = self._station.catalogue.tags
        for index, element in enumerate(scene.elements if scene is not None else ()):
            assert scene is not None
            if element.definition is None or not element.definition.clickable:
                continue
            target = scene.target(index)
            info = tags.get(target)
            shown = {tags[tag].instance for tag in scene.inputs[index].tags if tag in tags}
            if info is not None and len(shown) > 1:
                continue  # a table or a trend of several objects is none of them
            for name in dict.fromkeys((target, info.instance if info else "")):
                if name:
                    self._elements.setdefault(name, []).append(index)
        return self._elements

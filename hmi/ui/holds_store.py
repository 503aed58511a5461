"""What people put on the objects of the plant, as the runtime told it last: control tags, manual values, bypasses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from PySide6.QtCore import QObject, Signal

from hmi.client.port import TagInfo
from hmi.core.holds import AreaControl, Bypass, ControlTag, Holds, Override, TagKind
from hmi.mimics import Catalogue

_NONE: Mapping[str, Bypass] = MappingProxyType({})


class HoldsStore(QObject):
    """Looked up by id; ``changed`` after each news. Empty until the runtime has told it."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.holds = Holds()
        self._tags: dict[str, tuple[ControlTag, ...]] = {}
        self._overrides: dict[str, Override] = {}
        self._bypasses: dict[str, dict[str, Bypass]] = {}
        self._areas: dict[str, AreaControl] = {}

    def take(self, holds: Holds) -> None:
        """Everything anew."""
        if holds == self.holds:
            return
        self.holds = holds
        self._tags, self._bypasses = {}, {}
        for tag in holds.tags:
            self._tags[tag.object_id] = (*self._tags.get(tag.object_id, ()), tag)
        for bypass in holds.bypasses:
            self._bypasses.setdefault(bypass.tag_id, {})[bypass.condition] = bypass
        self._overrides = {one.tag_id: one for one in holds.overrides}
        self._areas = {one.area: one for one in holds.areas}
        self.changed.emit()

    def tags_of_object(self, object_id: str) -> tuple[ControlTag, ...]:
        """Of an instance, or of a tag."""
        return self._tags.get(object_id, ())

    def tags_on(self, info: TagInfo, catalogue: Catalogue) -> tuple[ControlTag, ...]:
        """Control tags on a tag itself and on the equipment it belongs to."""
        instance = catalogue.instances.get(info.instance)
        own = self.tags_of_object(info.id)
        return (*own, *self.tags_of_object(instance.id)) if instance else own

    def override_of(self, tag_id: str) -> Override | None:
        return self._overrides.get(tag_id)

    def bypasses_of(self, tag_id: str) -> Mapping[str, Bypass]:
        """By the text of the condition."""
        return self._bypasses.get(tag_id, _NONE)

    def control_of(self, lineage: Sequence[str]) -> AreaControl | None:
        """Who controls an area, or the nearest one above it that somebody controls."""
        return next((self._areas[area] for area in lineage if area in self._areas), None)


def is_blocking(tag: ControlTag) -> bool:
    return tag.kind is TagKind.DO_NOT_OPERATE

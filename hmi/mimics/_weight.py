"""How large a display is, looked up without reading it: the station decides by it where to read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hmi.mimics._catalogue import PlantNames
from hmi.mimics._over import Instances
from hmi.mimics._reader import EMBED, REPEAT

_MOST_LEVELS = 8


def display_weight(document: Mapping[str, Any], names: PlantNames) -> int:
    """About how many elements the display has, those inside it included; embedded ones count where literal."""
    return _Weighing(names).of(document, 0)


class _Weighing:
    def __init__(self, names: PlantNames) -> None:
        self._names, self._instances = names, Instances(names)
        self._known: dict[tuple[str, int], int] = {}

    def of(self, document: Mapping[str, Any], level: int) -> int:
        elements = document.get("elements")
        if not isinstance(elements, list) or level > _MOST_LEVELS:
            return 0
        total = len(elements)
        for raw in elements:
            if isinstance(raw, Mapping) and raw.get("type") in (EMBED, REPEAT):
                total += self._inside(raw, level)
        return total

    def _inside(self, raw: Mapping[str, Any], level: int) -> int:
        name = raw.get("display")
        source = self._names.displays.get(name) if isinstance(name, str) else None
        if source is None:
            return 0
        key = (str(name), level)
        if key not in self._known:
            self._known[key] = self.of(source.document, level + 1)
        times = self._instances.count(raw.get("over")) if raw.get("type") == REPEAT else 1
        return times * self._known[key]

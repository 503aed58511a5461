"""Groups of trends: those that the plant's areas give, and those that people save, for themselves or for all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple
from weakref import WeakValueDictionary

from PySide6.QtCore import QObject, Signal

from hmi.client.history import MOST_PENS
from hmi.client.port import PlantInfo, TagInfo
from hmi.ui.settings import Settings

SECTION: Final = "trends"
EVERYBODY: Final = "everybody"
"""The user name under which a station keeps what all of its users share."""
MOST_GROUPS: Final = 200
_OF_AREA: Final = 8
_SHARED: Final[WeakValueDictionary[tuple[object, str], Settings]] = WeakValueDictionary()
"""By place and plant: what one trend saves every other one of this station has at once."""


class Group(NamedTuple):
    """``kind`` is area, own or shared. ``span_s`` 0: as it is. ``axes``: tags with an axis of their own;
    ``scales``: [low, high] by tag where they were set by hand.
    """

    name: str
    tags: tuple[str, ...]
    kind: str = "own"
    span_s: int = 0
    axes: tuple[str, ...] = ()
    scales: Mapping[str, tuple[float, float]] = {}
    stacked: bool = False


class TrendGroups(QObject):
    """``changed``: there are others now. What is saved is written beside the Qt thread by ``Settings``."""

    changed = Signal()

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._own, self._shared = settings, Settings()
        settings.changed.connect(self.changed)
        settings.kept.connect(self._tell)

    def open(self, plant: PlantInfo) -> None:
        """Those of this plant."""
        self._shared = _shared_of(self._own, plant.id)
        self._shared.changed.connect(self.changed)
        self._shared.kept.connect(self._tell)
        self.changed.emit()

    def all(self, plant: PlantInfo) -> list[Group]:
        """Own first, then shared, then one for each area."""
        return [*self._read(self._own, "own"), *self._read(self._shared, "shared"), *area_groups(plant)]

    def save(self, group: Group) -> None:
        """Keep a group under its name; one of the same name and kind is replaced."""
        settings = self._shared if group.kind == "shared" else self._own
        kept = [one for one in self._read(settings, group.kind) if one.name != group.name]
        self._put(settings, [*kept[-MOST_GROUPS + 1 :], group])

    def remove(self, group: Group) -> None:
        settings = self._shared if group.kind == "shared" else self._own
        self._put(settings, [one for one in self._read(settings, group.kind) if one.name != group.name])

    def close(self) -> None:
        """Wait for what is still being written."""
        self._shared.close()

    def _put(self, settings: Settings, groups: Sequence[Group]) -> None:
        settings.put(SECTION, {"groups": [_document(group) for group in groups]})

    def _tell(self, section: str) -> None:
        if section == SECTION:
            self.changed.emit()

    def _read(self, settings: Settings, kind: str) -> list[Group]:
        found = settings.get(SECTION).get("groups")
        return list(_groups(found, kind)) if isinstance(found, list) else []


def _shared_of(own: Settings, plant: str) -> Settings:
    """One for all trends that keep theirs at the same place; without a place, for all with the same settings."""
    key = (own.folder or own, plant)
    shared = _SHARED.get(key)
    if shared is None:
        shared = _SHARED[key] = Settings(own.folder)
        shared.open(plant, EVERYBODY)
    return shared


def _document(group: Group) -> dict[str, Any]:
    return {
        "name": group.name, "tags": list(group.tags), "span_s": group.span_s, "axes": list(group.axes),
        "scales": {tag: list(ends) for tag, ends in group.scales.items()}, "stacked": group.stacked,
    }  # fmt: skip


def _groups(found: Sequence[Any], kind: str) -> Iterator[Group]:
    """What can be read of them; the rest counts as none."""
    for one in found:
        if not isinstance(one, Mapping) or not isinstance(one.get("name"), str):
            continue
        tags = _names(one.get("tags"))
        if tags:
            span = one.get("span_s")
            yield Group(
                str(one["name"]), tags, kind, span if isinstance(span, int) and span > 0 else 0,
                _names(one.get("axes")), _scales(one.get("scales")), bool(one.get("stacked")),
            )  # fmt: skip


def _names(found: Any) -> tuple[str, ...]:
    return tuple(one for one in found if isinstance(one, str))[:MOST_PENS] if isinstance(found, list) else ()


def _scales(found: Any) -> dict[str, tuple[float, float]]:
    if not isinstance(found, Mapping):
        return {}
    return {
        str(tag): (float(ends[0]), float(ends[1]))
        for tag, ends in found.items()
        if isinstance(ends, list) and len(ends) == 2 and all(isinstance(end, int | float) for end in ends)
    }


def area_groups(plant: PlantInfo) -> list[Group]:
    """The measured values of each area that has any, those with limits and set points first."""
    found: list[Group] = []
    for area in plant.areas:
        path = area["path"]
        tags = [tag for tag in plant.tags if tag.area == path and is_measured(tag)]
        tags.sort(key=lambda tag: (not tag.alarms, tag.signal != "pv", tag.name))
        if tags:
            found.append(Group(area.get("title") or path, tuple(tag.name for tag in tags[:_OF_AREA]), "area"))
    return found


def is_measured(tag: TagInfo) -> bool:
    return tag.history and "float" in tag.type and tag.signal in {"pv", ""}

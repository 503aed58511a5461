"""The plant as a tree: areas, in them their displays by level, and the equipment that has its own display. No Qt.

Alarms of an area count in every area around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from hmi.client.alarms import is_unacked
from hmi.client.port import AlarmInfo, InstanceInfo, PlantInfo
from hmi.core.identity import TagRef
from hmi.core.texts import tr
from hmi.mimics import Catalogue
from hmi.ui.faceplate.content import content_of
from hmi.ui.navigation import opens_alone

_EQUIPMENT: Final = "Equipment"


@dataclass(slots=True)
class Node:
    """``key`` is the path of an area (``name::`` for a further runtime), or the address of a display.

    ``kind`` is area, runtime, display, or group for the equipment of an area; ``level`` is that of a display.
    """

    kind: str
    key: str
    title: str
    level: int = 0
    within: list[Node] = field(default_factory=list)


class Row(NamedTuple):
    """A node that is in view, ``depth`` steps from the left."""

    node: Node
    depth: int
    is_open: bool


class Mark(NamedTuple):
    """The alarms of an area: the worst priority, how many, any unacknowledged."""

    priority: int
    count: int
    unacked: bool


def outline(plant: PlantInfo, catalogue: Catalogue) -> list[Node]:
    """The nodes at the top: areas, displays of no area, further runtimes."""
    areas = {
        area["path"]: Node("area", area["path"], area.get("title") or area["path"]) for area in plant.areas
    }
    top: list[Node] = []
    displays = sorted(
        (d for d in plant.displays if opens_alone(d)), key=lambda d: (d.name != plant.home, d.level)
    )
    for info in displays:
        home = areas[info.area].within if info.area in areas else top
        home.append(Node("display", info.name, info.title, info.level))
    groups: dict[str, Node] = {}
    for address, instance in _equipment_displays(catalogue):
        if instance.area in areas and address not in catalogue.displays:
            level = next((d.level for d in plant.displays if d.name == address.partition("?")[0]), 3)
            if instance.area not in groups:
                groups[instance.area] = Node("group", f"{instance.area} {_EQUIPMENT}", tr(_EQUIPMENT))
                areas[instance.area].within.append(groups[instance.area])
            page = Node("display", address, instance.title or instance.name, level)
            groups[instance.area].within.append(page)
    for area in plant.areas:
        around = areas.get(area.get("parent", "")) or areas.get(area["path"].rpartition("/")[0])
        (around.within if around is not None and around.key != area["path"] else top).append(
            areas[area["path"]]
        )
    runtimes = sorted({TagRef.parse(tag.area).runtime for tag in plant.tags if "::" in tag.area} - {""})
    return [*top, *(Node("runtime", f"{name}::", name) for name in runtimes)]


def _equipment_displays(catalogue: Catalogue) -> Iterator[tuple[str, InstanceInfo]]:
    for name, instance in catalogue.instances.items():
        if instance.display and (content := content_of(name, catalogue)) is not None and content.display:
            yield content.display, instance


class Tree:
    """Which nodes are open, and the rows that are therefore in view."""

    def __init__(self, top: list[Node]) -> None:
        self.top = top
        self._open: set[str] = {node.key for node in top if node.kind == "area"}

    def rows(self) -> list[Row]:
        found: list[Row] = []

        def take(nodes: Iterable[Node], depth: int) -> None:
            for node in nodes:
                is_open = bool(node.within) and node.key in self._open
                found.append(Row(node, depth, is_open))
                if is_open:
                    take(node.within, depth + 1)

        take(self.top, 0)
        return found

    def set_open(self, node: Node, is_open: bool) -> None:
        """Opening an area opens all areas inside it: its displays are one action away."""
        for one in _and_within(node):
            if is_open and one.within:
                self._open.add(one.key)
        if not is_open:
            self._open.discard(node.key)

    def open_areas(self) -> None:
        """All areas: every working display is in the list then. Groups of equipment stay as they are."""
        for node in self.top:
            self._open.update(one.key for one in _and_within(node) if one.kind == "area")

    def reveal(self, key: str) -> None:
        """Open the areas around a display."""
        for node in self.top:
            self._open.update(_path_to(node, key))


def _and_within(node: Node) -> Iterator[Node]:
    yield node
    for one in node.within:
        yield from _and_within(one)


def _path_to(node: Node, key: str) -> list[str]:
    """Keys of the areas around the display with this address; empty when it is not inside."""
    for one in node.within:
        if one.kind == "display" and one.key == key:
            return [node.key]
        if deeper := _path_to(one, key):
            return [node.key, *deeper]
    return []


def rolled_up(rows: Iterable[AlarmInfo], plant: PlantInfo) -> dict[str, Mark]:
    """The alarms of every area with those of all areas inside it, by path; runtimes by ``name::``."""
    parents = {area["path"]: area.get("parent", "") for area in plant.areas}
    found: dict[str, Mark] = {}
    for row in rows:
        for path in areas_around(row.area, parents):
            worst, count, unacked = found.get(path, Mark(9, 0, False))
            found[path] = Mark(min(worst, row.priority), count + 1, unacked or is_unacked(row))
    return found


def areas_around(area: str, parents: dict[str, str]) -> list[str]:
    """The path of an area and of all areas around it, or its runtime as ``name::``."""
    runtime, mark, _ = area.rpartition("::")
    if mark:
        return [f"{runtime}::"]
    found: list[str] = []
    while area and area not in found:
        found.append(area)
        area = parents.get(area) or area.rpartition("/")[0]
    return found

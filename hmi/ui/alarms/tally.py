"""Alarms by area and priority, rolled up over the areas around; pure, no Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hmi.client.port import PlantInfo
from hmi.core.identity import TagRef
from hmi.core.texts import tr
from hmi.ui.areas.outline import areas_around

Counts = Mapping[str, Mapping[str, Sequence[int]]]
"""area -> priority as text -> [unacknowledged, acknowledged]."""


class AreaRow(NamedTuple):
    """One area with all areas inside it. ``counts``: priority -> (unacknowledged, acknowledged)."""

    path: str
    title: str
    depth: int
    counts: dict[int, tuple[int, int]]

    @property
    def total(self) -> int:
        return sum(map(sum, self.counts.values()))


def tally(counts: Counts, plant: PlantInfo) -> list[AreaRow]:
    """The whole plant, then its areas in their order, then further runtimes that have alarms."""
    parents = {area["path"]: area.get("parent", "") for area in plant.areas}
    found: dict[str, dict[int, tuple[int, int]]] = {"": {}}
    for area, priorities in counts.items():
        for path in ("", *areas_around(area, parents)):
            own = found.setdefault(path, {})
            for priority, (unacked, acked) in priorities.items():
                before = own.get(int(priority), (0, 0))
                own[int(priority)] = (before[0] + unacked, before[1] + acked)
    rows = [AreaRow("", tr("Whole plant"), 0, found[""])]
    areas = _in_order(plant)
    tops = [area["path"] for area in areas if len(areas_around(area["path"], parents)) == 1]
    only = tops[0] if len(tops) == 1 and len(areas) > 1 else ""
    for area in areas:
        path = area["path"]
        depth = len(areas_around(path, parents)) - bool(only)
        if path == only:
            continue  # the whole plant under another name
        rows.append(AreaRow(path, area.get("title") or path, depth, found.get(path, {})))
    known = {only, *(row.path for row in rows)}
    further = sorted(path for path in found if path not in known and path.endswith("::"))
    return [*rows, *(AreaRow(path, TagRef.parse(path).runtime or path, 1, found[path]) for path in further)]


def _in_order(plant: PlantInfo) -> list[dict[str, str]]:
    """Areas as the plant lists them, each followed by those inside it; an area of a further runtime is left out."""
    own = [area for area in plant.areas if "::" not in area["path"]]
    paths = {area["path"] for area in own}

    def around(area: dict[str, str]) -> str:
        parent = area.get("parent") or area["path"].rpartition("/")[0]
        return parent if parent in paths and parent != area["path"] else ""

    def below(path: str, seen: frozenset[str]) -> list[dict[str, str]]:
        found: list[dict[str, str]] = []
        for area in own:
            if around(area) == path and area["path"] not in seen:
                found += [area, *below(area["path"], seen | {area["path"]})]
        return found

    return below("", frozenset())

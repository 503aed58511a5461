"""Which tags a right click or a key asks about."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from hmi.client.port import AlarmInfo
from hmi.core.texts import tr
from hmi.mimics import Scene
from hmi.ui.alarms.table import AlarmTable
from hmi.ui.faceplate.content import content_of
from hmi.ui.points.table import PointsTable
from hmi.ui.station import Station
from hmi.ui.trend.panel import TrendPanel

Entry = tuple[str, Callable[[], object] | None]
MOST = 6


def why_entries(
    station: Station, scene: Scene | None, element: str, target: str, ask: Callable[[str], object]
) -> list[Entry]:
    """Entries for the menu of an object: one for each value that its element shows, else for those of its faceplate."""
    tags = shown_tags(station, scene, element, target)
    if len(tags) < 2:
        return [(tr("Why this number?"), (lambda: ask(tags[0])) if tags else None)]
    return [
        (tr("Why {signal}?", signal=_short(station, tag)), lambda tag=tag: ask(tag)) for tag in tags[:MOST]
    ]


def shown_tags(station: Station, scene: Scene | None, element: str, target: str) -> list[str]:
    """Known tags of an element; the tag itself where the target is one."""
    known = station.catalogue.tags
    if target in known:
        return [target]
    found: list[str] = []
    if scene is not None:
        for one, inputs in zip(scene.elements, scene.inputs, strict=True):
            if one.id == element:
                found += [tag for tag in inputs.tags if tag in known]
    content = content_of(target, station.catalogue) if target and not found else None
    return list(dict.fromkeys([*found, *(content.values if content else ())]))


def _short(station: Station, tag: str) -> str:
    info = station.catalogue.tags[tag]
    return info.description or info.signal or tag


def tag_in_focus(focus: QWidget | None, main_tags: list[str]) -> str:
    """What the key asks about: the row, the pen or the faceplate in use; empty for none."""
    while focus is not None:
        if isinstance(focus, PointsTable):
            row = focus.current_row()
            return row.name if row else ""
        if isinstance(focus, AlarmTable):
            rows: list[AlarmInfo] = focus.selected_rows()
            return rows[0].tag_name if rows else ""
        if isinstance(focus, TrendPanel):
            return focus.model.pen.tag if focus.model.pen is not None else ""
        focus = focus.parentWidget()
    return main_tags[0] if main_tags else ""

"""The menus of objects and alarms in a window, and the ways that lead from an alarm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, QRect

from hmi.client.port import AlarmInfo
from hmi.core.texts import tr
from hmi.ui.alarms.menu import add_object_acts
from hmi.ui.holds.menu import add_object_holds
from hmi.ui.target_menu import target_menu
from hmi.ui.what_if.words import can_be_tried
from hmi.ui.why.choice import shown_tags, why_entries

if TYPE_CHECKING:
    from hmi.ui.window import StationWindow


class Menus(QObject):
    """Built when they are opened; what the runtime or the person's rights do not allow stays and says why."""

    def __init__(self, window: StationWindow) -> None:
        super().__init__(window)
        self._window, self._station = window, window.station

    def open_for_object(self, element: str, target: str, at: QPoint) -> None:
        """All that can be opened and done about an object of the display."""
        window, desk, tags_known = self._window, self._window.desk, self._station.catalogue.tags
        tags = [tag for tag in desk.tags_of(target) if tags_known[tag].history]
        tags = tags or ([target] if target in tags_known else [])
        address = desk.display_of(target)
        entries = [
            (tr("Faceplate"), lambda: window.open_faceplate(target, QRect(at, at))),
            (tr("Trend"), (lambda: window.open_trend(tags[:4])) if tags else None),
        ]
        if window.trends:
            entries.append(
                (tr("Add to the trend"), (lambda: window.add_to_trend(tags[:4])) if tags else None)
            )
        scene = window.mimic.view.scene
        entries += why_entries(self._station, scene, element, target, window.overlays.show_why)
        if address:
            entries.append((tr("Display"), lambda: window.open_display(address)))
        menu = target_menu(window, entries)
        own = f"{target}."
        rows = [
            r for r in self._station.alarms.values() if r.tag_name == target or r.tag_name.startswith(own)
        ]
        shown = shown_tags(self._station, scene, element, target)
        add_object_holds(menu, window.holds.acts, self._station, target, shown)
        add_object_acts(menu, window.acts, rows, self._id_of(target), target)
        menu.popup(at)

    def open_for_alarm(self, row: AlarmInfo, at: QPoint) -> None:
        """All that can be opened and done about the chosen alarms."""
        window, known = self._window, self._station.catalogue.tags
        table = window.alarm_page.table if window.alarm_page.isVisible() else window.strip.table
        rows, travel, overlays = table.selected_rows(), window.travel, window.overlays
        history = row.tag_name in known and known[row.tag_name].history
        adds = history and bool(window.trends)
        menu = target_menu(window, [
            (tr("Display and faceplate"), lambda: travel.lead_to(row.tag_name, row.display)),
            (tr("Display"), lambda: travel.display_of_alarm(row)),
            (tr("Guidance"), lambda: overlays.show_guidance(row)),
            (tr("Trend"), (lambda: window.open_trend([row.tag_name])) if history else None),
            (tr("Add to the trend"), (lambda: window.add_to_trend([row.tag_name])) if adds else None),
            (tr("Why this number?"), (lambda: overlays.show_why(row.tag_name)) if row.tag_name else None),
            (tr("What if …"), (lambda: window.what_if.open_for(row.alarm_id)) if can_be_tried(row) else None),
        ])  # fmt: skip
        add_object_acts(menu, window.acts, rows, row.tag_id or row.alarm_id, row.tag_name or row.name)
        menu.popup(at)

    def go_from_alarm(self, way: str, row: AlarmInfo) -> None:
        """From the sheet of an alarm: each in one action."""
        window = self._window
        if way == "object":
            window.travel.lead_to(row.tag_name, row.display)
        elif way == "display":
            window.travel.display_of_alarm(row)
        elif way == "trend":
            window.open_trend([row.tag_name])
        else:
            window.overlays.show_why(row.tag_name)

    def _id_of(self, target: str) -> str:
        """The id of a tag or instance by its name; empty when the plant has none of that name."""
        catalogue = self._station.catalogue
        found = catalogue.tags.get(target) or catalogue.instances.get(target)
        return found.id if found is not None else ""

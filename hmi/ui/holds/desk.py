"""Holds in one window: their marks on the display, their questions, their menus, the bar of the area in view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, QTimer

from hmi.core.texts import tr
from hmi.ui.holds import wants
from hmi.ui.holds.acts import HoldActs
from hmi.ui.holds.bar import ControlBar
from hmi.ui.holds.menu import add_area_control, add_manual_values
from hmi.ui.holds.wants import Want
from hmi.ui.holds.watch import HoldWatch
from hmi.ui.target_menu import target_menu

if TYPE_CHECKING:
    from hmi.ui.window import StationWindow


class HoldsDesk(QObject):
    """Takes what is asked for on faceplates, pages and panels to ``acts``."""

    def __init__(self, window: StationWindow) -> None:
        super().__init__(window)
        self._window, self._station = window, window.station
        self.acts = HoldActs(window.theme, window.station, window, window.working_area)
        self.watch = HoldWatch(window.station, window.mimic)
        self.bar = ControlBar(window.theme, window.station, self.acts)
        self.acts.said.connect(window.notice.say)
        self.bar.turned.connect(lambda: QTimer.singleShot(0, window, window.keep_inside))
        for place in (window.desk, window.points_page):
            place.holdAsked.connect(self.do)
            place.menuAsked.connect(self.open_tag_menu)
        window.overlays.areas.areaMenuAsked.connect(self.open_area_menu)
        window.station.rights.lost.connect(self.acts.close)
        window.station.holds.changed.connect(self.show_counts)

    def do(self, want: Want) -> None:
        """Carry out what somebody asked for; a question comes first."""
        acts, about = self.acts, want.about
        match want.deed:
            case wants.PLACE:
                acts.place_tag(want.name)
            case wants.REMOVE:
                acts.remove_tag(about, want.name)
            case wants.OVERRIDE:
                acts.override(self._station.catalogue.tags[want.name])
            case wants.END_OVERRIDE:
                acts.end_override(about)
            case wants.BYPASS:
                acts.bypass(*about)
            case _:
                acts.end_bypass(about)

    def open_tag_menu(self, tag: str, at: QPoint) -> None:
        """At a value of a faceplate or in the list of points."""
        show_why = self._window.overlays.show_why
        menu = target_menu(self._window, [(tr("Why this number?"), lambda: show_why(tag))])
        add_manual_values(menu, self.acts, self._station, [tag])
        menu.popup(at)

    def open_area_menu(self, area: str, at: QPoint) -> None:
        menu = target_menu(self._window, [])
        add_area_control(menu, self.acts, self._station, area)
        menu.popup(at)

    def show_area(self, address: str) -> None:
        """Another display is in view."""
        self.bar.show_area(self._window.travel.area_of(address))

    def show_counts(self) -> None:
        """Points that are not what the process says, and bypasses, in the title bar of every display."""
        status = self._station.status if not self._station.clock.is_past else None
        points = dict(status.points) if status is not None else {}
        bypasses = len(self._station.holds.holds.bypasses)
        self._window.header.points.set_counts({**points, "bypassed": bypasses})

"""The panels that come and go over the display of one window, and the order in which Esc closes them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QRect
from PySide6.QtWidgets import QWidget

from hmi.client.port import AlarmInfo
from hmi.ui.alarms.guidance import GuidancePanel
from hmi.ui.areas.panel import AreaPanel
from hmi.ui.overlay import Overlay
from hmi.ui.people.card import Mode, PersonCard
from hmi.ui.people.panel import PeoplePanel
from hmi.ui.search.panel import SearchPanel
from hmi.ui.sheet import KeySheet
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.travel import Travel
from hmi.ui.why.panel import WhyPanel


class Overlays(QObject):
    """Search, areas, keys, guidance, why and people; all stay inside the working area, off the alarm strip."""

    def __init__(
        self,
        theme: Theme,
        station: Station,
        travel: Travel,
        window: QWidget,
        *,
        area: Callable[[], QRect],
    ) -> None:
        super().__init__(window)
        self._area, self._window = area, window
        self._station = station
        self.find = SearchPanel(theme, station, travel.atlas, window)
        self.areas = AreaPanel(theme, station, travel.atlas, travel.favourites, window)
        self.keys = KeySheet(theme, travel.favourites, travel.title_of, window)
        self.guidance = GuidancePanel(theme, station, window)
        self.why = WhyPanel(theme, station, window)
        self.people = PeoplePanel(theme, station.rights, window)
        self.person = PersonCard(theme, station, window)
        self.all: tuple[Overlay, ...] = (
            self.find, self.areas, self.keys, self.guidance, self.why, self.people, self.person,
        )  # fmt: skip
        self._opened: list[Overlay] = []
        self.find.whyAsked.connect(self._why_of_found)
        for panel in self.all:
            panel.closed.connect(lambda panel=panel: self._gone(panel))
        self.areas.keysAsked.connect(lambda: self.toggle(self.keys))

    def toggle(self, panel: Overlay) -> None:
        """Open a panel; one that is open already is closed."""
        if not panel.isHidden():
            panel.close_panel()
            return
        self._opened.append(panel)
        panel.open_panel(self._area())

    def show_guidance(self, row: AlarmInfo) -> None:
        if self.guidance not in self._opened:
            self._opened.append(self.guidance)
        self.guidance.show_row(row, self._area())

    def show_why(self, tag: str) -> None:
        """Why a tag has its value; nothing for the alarm of a link, which has no tag."""
        if why := self._station.clock.why_nothing:
            self._station.notice.emit(why)
        elif tag:
            if self.why not in self._opened:
                self._opened.append(self.why)
            self.why.show_tag(tag, self._area())

    def ask_person(self, mode: Mode) -> None:
        """Sign in, unlock and the like; one of these questions at a time."""
        if self.person not in self._opened:
            self._opened.append(self.person)
        self.person.ask(mode, self._area())

    def _why_of_found(self, tag: str) -> None:
        self.find.close_panel()
        self.show_why(tag)

    def close_last(self) -> bool:
        """True when there was one to close."""
        if not self._opened:
            return False
        self._opened[-1].close_panel()
        return True

    @property
    def opened(self) -> tuple[Overlay, ...]:
        """What is open, the last one opened last."""
        return tuple(self._opened)

    def keep_inside(self) -> None:
        """The working area is another one now."""
        for panel in self._opened:
            panel.fit(self._area())

    def _gone(self, panel: Overlay) -> None:
        """Whoever was below has the keys again."""
        self._opened.remove(panel)
        focus = self._window.focusWidget()
        if focus is None or panel.isAncestorOf(focus) or not focus.isVisible():
            self._window.setFocus()

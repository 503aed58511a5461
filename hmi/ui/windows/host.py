"""One window on a screen: a frame around the operator's page, which is made anew when the look changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QEvent, QRect, Qt, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QMoveEvent, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from hmi.ui.theme import Theme
from hmi.ui.window import StationWindow
from hmi.ui.windows.layout import FULL, MAXIMIZED, NORMAL, Place

MakePage = Callable[[Theme, str], StationWindow]


class Memory(NamedTuple):
    """What stays when a page is made anew; of a faceplate its object, where that is, and whether it is pinned."""

    faceplates: list[tuple[str, QRect, bool]]
    trend: list[str]
    lists_alarms: bool
    has_instructor: bool


class Host(QWidget):
    """``changed``: something that is kept is another one now. ``closeAsked``: somebody wants this window closed."""

    changed = Signal()
    closeAsked = Signal(object)
    closed = Signal(object, int)
    renewed = Signal(object)

    def __init__(self, make: MakePage, theme: Theme, display: str = "") -> None:
        super().__init__()
        self._make = make
        self._may_close = False
        self._coming: StationWindow | None = None  # in another look, not seen yet
        self._has_begun = False
        self.fixed = False
        """A fixed window cannot be closed, left or made smaller."""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.page = self._take_in(make(theme, display))
        self.resize(self.page.size())

    def _take_in(self, page: StationWindow) -> StationWindow:
        layout = self.layout()
        assert layout is not None
        while layout.count():
            layout.takeAt(0)  # the page before takes no more room; it is seen until the new one covers it
        layout.addWidget(page)
        page.windowTitleChanged.connect(self._titled)
        page.windowClosed.connect(self._page_closed)
        self.setFocusProxy(page)
        self.setWindowTitle(page.windowTitle())
        return page

    def _titled(self, title: str) -> None:
        self.setWindowTitle(title)
        self.changed.emit()

    # another look

    def renew_some(self, theme: Theme) -> bool:
        """One step towards the same page in another theme or size of text; True when it is in its place.

        Each step is one turn of the event loop: the page is made, gets its plant and display, and takes its place.
        What was open on the page before is opened again.
        """
        page = self._coming
        if page is not None and (page.theme is not theme or page.wanted_display != self._display()):
            self._drop_coming()  # somebody chose another look meanwhile, or went to another display
        elif page is None:
            if self.page.theme is theme:
                return True
            self._coming = page = self._make(theme, self._display())
            page.resize(self.page.size())
        elif not self._has_begun:
            self._has_begun = True
            page.travel.history = self.page.travel.history
            page.begin()
        else:
            self._coming, self._has_begun = None, False
            self._replace_by(page)
            return True
        return False

    def _display(self) -> str:
        return self.page.mimic.name or self.page.wanted_display

    def _replace_by(self, page: StationWindow) -> None:
        before = self.page
        memory = remember(before)
        self.page = self._take_in(page)
        if self.isVisible():
            page.show()
        before.retire()
        bring_back(page, memory)
        page.mimic.view.setFocus()
        self.renewed.emit(page)

    def _drop_coming(self) -> None:
        if self._coming is not None:
            self._coming.retire()
        self._coming, self._has_begun = None, False

    # place

    def place(self) -> Place:
        """Where the window stands now; the box is the one it has when it is neither maximized nor full screen."""
        state = FULL if self.isFullScreen() else MAXIMIZED if self.isMaximized() else NORMAL
        box = QRect(self.pos(), self.size()) if state == NORMAL else self.normalGeometry()
        if not box.isValid():
            box = self.geometry()
        return Place(self._display(), self.screen().name(), box, state)

    def move_to(self, place: Place) -> None:
        """Take a place that is on a screen (see ``layout.settled``), and show the window there."""
        own = next((s for s in QGuiApplication.screens() if s.name() == place.screen), None)
        if own is not None:
            self.setScreen(own)
        self.move(place.box.topLeft())
        self.resize(place.box.size())
        if place.state == FULL:
            self.showFullScreen()
        elif place.state == MAXIMIZED:
            self.showMaximized()
        else:
            self.showNormal()

    def toggle_full_screen(self) -> None:
        if self.fixed:
            return
        if self.isFullScreen():
            self.showNormal()
        else:
            self.showFullScreen()
        self.changed.emit()

    def fix(self) -> None:
        """Full screen, above everything, without a frame: a kiosk."""
        self.fixed = True
        self.setWindowFlags(
            Qt.WindowType.Window
            | Qt.WindowType.FramelessWindowHint
            | Qt.WindowType.CustomizeWindowHint
            | Qt.WindowType.WindowStaysOnTopHint
        )

    def moveEvent(self, event: QMoveEvent) -> None:
        self.changed.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.changed.emit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() != QEvent.Type.WindowStateChange:
            return
        if self.fixed and self.isVisible() and not self.isFullScreen():
            self.showFullScreen()
        self.changed.emit()

    # the end

    def closeEvent(self, event: QCloseEvent) -> None:
        """Nothing closes by itself: the fleet is asked, which may ask the operator."""
        if self._may_close:
            event.accept()
            return
        event.ignore()
        if not self.fixed:
            self.closeAsked.emit(self)

    def ask_to_close(self, *, asks: bool) -> None:
        """Close the page; with ``asks`` the operator is asked first, as for the last window of a running plant."""
        self.page.ask_on_close = asks
        self.page.close()

    def _page_closed(self, code: int) -> None:
        self.closed.emit(self, code)

    def end(self) -> None:
        """Close for good."""
        self._may_close = True
        self._drop_coming()
        self.page.retire()
        self.close()
        self.deleteLater()


def remember(page: StationWindow) -> Memory:
    cards = [(card.content.name, page.desk.box_of(card), card.is_pinned) for card in page.desk.cards]
    trend = [pen.tag for panel in page.trends for pen in panel.pens]
    listed = page.stack.currentWidget() is page.alarm_page
    return Memory(cards, trend, listed, page.instructor is not None)


def bring_back(page: StationWindow, memory: Memory) -> None:
    for name, box, pinned in memory.faceplates:
        if (card := page.desk.open(name, box)) is not None:
            card.set_pinned(pinned)
    if memory.trend:
        page.open_trend(memory.trend)
    if memory.has_instructor:
        page.toggle_instructor()
    if memory.lists_alarms:
        page.toggle_alarms()

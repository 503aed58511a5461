"""One window on a screen: a frame around the operator's page, which is made anew when the look changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from PySide6.QtCore import QEvent, QRect, Qt, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QMoveEvent, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from hmi.core.clock import NS_PER_MS, monotonic_ns
from hmi.ui.theme import Theme
from hmi.ui.window import StationWindow
from hmi.ui.windows.layout import FULL, MAXIMIZED, NORMAL, Place

MakePage = Callable[[Theme, str], Iterator[StationWindow]]
"""Yields the page after each part of its making; it is whole with the last."""
PREPARE_NS: Final = 10 * NS_PER_MS
"""So long the first picture of a page is painted in one turn of the event loop."""


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
        self._steps: Iterator[None] = iter(())  # towards having it in its place
        self.fixed = False
        """A fixed window cannot be closed, left or made smaller."""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        *_, page = make(theme, display)
        self.page = self._take_in(page)
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

        Each step is one turn of the event loop: a part of the page is made, or gets what it shows, or is painted;
        with the last one it takes its place. What was open on the page before is opened again.
        """
        page = self._coming
        if page is None:
            if self.page.theme is theme:
                return True
            self._steps = self._renew(theme, self._display())
        elif page.theme is not theme or page.wanted_display != self._display():
            self._drop_coming()  # somebody chose another look meanwhile, or went to another display
            return False
        next(self._steps, None)
        return self._coming is None

    def _renew(self, theme: Theme, display: str) -> Iterator[None]:
        for page in self._make(theme, display):
            self._coming = page
            yield
        page = self._coming
        assert page is not None
        page.resize(self.page.size())
        page.travel.history = self.page.travel.history
        for begin_with in page.beginning:
            begin_with()
            yield
        page.grab(QRect(0, 0, 1, 1))  # the cheapest way to have what is not seen laid out
        yield
        while not page.mimic.view.prepare(monotonic_ns() + PREPARE_NS):
            yield
        self._coming = None
        self._replace_by(page)

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
        self._coming, self._steps = None, iter(())

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

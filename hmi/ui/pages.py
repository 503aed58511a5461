"""The display, and the pages that take its place: alarm list, points, figures."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget


class Pages(QStackedWidget):
    """``turned`` says whether the display is in view again. ``view`` has the keys of the display."""

    turned = Signal(bool)

    def __init__(self, display: QWidget, view: QWidget) -> None:
        super().__init__()
        self._display = display
        self._first: dict[QWidget, Callable[[], QWidget]] = {}
        self.may_open: Callable[[QWidget], bool] = lambda _: True
        """False for a page that tells nothing at the time that is shown; whoever says so says why."""
        self.add(display, lambda: view)

    def add(self, page: QWidget, first: Callable[[], QWidget]) -> None:
        """``first`` gives the part of the page that has the keys when it opens."""
        self._first[page] = first
        self.addWidget(page)

    @property
    def first(self) -> QWidget:
        """What has the keys of whatever is in view."""
        return self._first[self.current]()

    @property
    def current(self) -> QWidget:
        """The display or page in view."""
        return self.currentWidget() or self._display

    def toggle(self, page: QWidget) -> None:
        """To a page, and from it back to the display."""
        is_back = self.current is page
        if not is_back and not self.may_open(page):
            return
        self.setCurrentWidget(self._display if is_back else page)
        self.turned.emit(is_back)
        self.first.setFocus()

    def leave(self) -> None:
        """Back to the display."""
        if self.current is not self._display:
            self.toggle(self.current)

"""A panel that lies over the display for a while: never over the title bar, never over the alarm strip."""

from __future__ import annotations

from abc import abstractmethod

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from hmi.ui.paint import painting
from hmi.ui.theme import Theme


class Overlay(QWidget):
    """``fit`` gives it a place inside the working area; Esc and ``close_panel`` take it away."""

    closed = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme = theme
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()

    # abstract by name only, as a widget's metaclass leaves no room for that of ABC; a test looks after it
    @abstractmethod
    def place_in(self, area: QRect) -> QRect:
        """Where it goes inside the working area; the display below decides nothing of it, so each kind says its own."""
        raise NotImplementedError

    def fit(self, area: QRect) -> None:
        """Stay inside the working area whatever its size."""
        self.setGeometry(self.place_in(area).intersected(area))

    def open_panel(self, area: QRect) -> None:
        self.fit(area)
        self.show()
        self.raise_()

    def close_panel(self) -> None:
        if not self.isHidden():
            self.hide()
            self.closed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_panel()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: object) -> None:
        """A click beside the controls is not one on the display below."""

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            painter.fillRect(self.rect(), self.theme.color("panel"))
            painter.setPen(QPen(self.theme.color("outline.body"), 1.0))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
            painter.fillRect(1, 1, self.width() - 2, 3, self.theme.color("header"))

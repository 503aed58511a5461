"""The SIMULATOR frame: a hatched border around a whole window that lets every click through."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QBrush, QPaintEvent, QRegion
from PySide6.QtWidgets import QWidget

from hmi.ui.paint import painting
from hmi.ui.theme import Theme

WIDTH = 6


class SimulatorFrame(QWidget):
    """Lies on top of its parent; the parent resizes it."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def cover(self, box: QRect) -> None:
        self.setGeometry(box)
        inner = QRegion(box.adjusted(WIDTH, WIDTH, -WIDTH, -WIDTH))
        self.setMask(QRegion(box).subtracted(inner))
        self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            painter.fillRect(self.rect(), self._theme.color("simulated"))
            painter.fillRect(
                self.rect(), QBrush(self._theme.color("header.secondary"), Qt.BrushStyle.BDiagPattern)
            )

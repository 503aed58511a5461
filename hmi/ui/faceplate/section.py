"""A part of a faceplate under its own small heading."""

from __future__ import annotations

from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QLayout, QVBoxLayout, QWidget

from hmi.ui.paint import painting
from hmi.ui.theme import Theme
from hmi.ui.widgets import Text


class Section(QWidget):
    """A hairline, a heading, and what belongs under it."""

    def __init__(self, theme: Theme, title: str, *parts: QWidget | QLayout) -> None:
        super().__init__()
        self._theme = theme
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 6, 0, 0)
        column.setSpacing(3)
        column.addWidget(Text(theme, title, font="text.small.strong", color="text.label"))
        for part in parts:
            if isinstance(part, QWidget):
                column.addWidget(part)
            else:
                column.addLayout(part)

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            painter.fillRect(0, 0, self.width(), 1, self._theme.color("panel.edge"))

"""A kiosk: what covers the other screens, and the question before it is left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QCloseEvent, QPaintEvent, QScreen
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.core.texts import tr
from hmi.ui.closing import Question
from hmi.ui.paint import painting
from hmi.ui.theme import Theme
from hmi.ui.widgets import FlatButton, Text

FLAGS: Final = (
    Qt.WindowType.Window
    | Qt.WindowType.FramelessWindowHint
    | Qt.WindowType.WindowStaysOnTopHint
    | Qt.WindowType.WindowDoesNotAcceptFocus
)
"""The keys stay with the window of the station, wherever somebody presses."""


class Cover(QWidget):
    """An empty ground over a screen that has no window of the station: nothing behind it can be reached."""

    def __init__(self, theme: Theme, screen: QScreen) -> None:
        super().__init__()
        self._theme, self._over = theme, False
        self.setWindowFlags(FLAGS)
        self.setWindowTitle("Watchkeeper")
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setScreen(screen)
        self.setGeometry(screen.geometry())
        self.showFullScreen()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def closeEvent(self, event: QCloseEvent) -> None:
        event.setAccepted(self._over)

    def end(self) -> None:
        self._over = True
        self.close()
        self.deleteLater()

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            painter.fillRect(self.rect(), self._theme.color("background"))


class LeaveQuestion(Question):
    """``answered`` carries whether to leave; staying is the default."""

    answered = Signal(bool)

    def __init__(self, theme: Theme, parent: QWidget, area: Callable[[], QRect]) -> None:
        super().__init__(theme, parent, area)
        self.setWindowTitle(tr("Leave the kiosk"))
        words = tr(
            "This screen shows the plant all the time. The windows of the station close when you leave."
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 16)
        column.setSpacing(12)
        column.addWidget(Text(theme, tr("Leave the kiosk?"), font="title"))
        text = Text(theme, words, wrap=True)
        text.setMinimumWidth(theme.px(420))
        column.addWidget(text)
        row = QHBoxLayout()
        row.addStretch(1)
        self.leave = FlatButton(theme, tr("Leave"), lambda: self.settle(True))
        self.stay = FlatButton(theme, tr("Stay here"), lambda: self.settle(False), strong=True)
        row.addWidget(self.leave)
        row.addWidget(self.stay)
        column.addLayout(row)
        self.stay.setFocus()
        self.rejected.connect(lambda: self.settle(False))

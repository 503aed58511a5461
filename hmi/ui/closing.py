"""The question that closing the window of a running plant asks."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from hmi.core.texts import tr
from hmi.ui.exitcodes import CLOSED, LEAVE_ON_WATCH
from hmi.ui.theme import Theme
from hmi.ui.widgets import FlatButton, Text


class CloseQuestion(QDialog):
    """``answered`` carries the exit code, or None to stay. Leaving the runtime on watch is the default."""

    answered = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Close the window"))
        self._told = False
        words = tr("The runtime watches alarms and records history. It can go on without this window.")
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 16)
        column.setSpacing(12)
        column.addWidget(Text(theme, tr("Leave the runtime on watch?"), font="title"))
        text = Text(theme, words, wrap=True)
        text.setMinimumWidth(420)
        column.addWidget(text)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(FlatButton(theme, tr("Stay here"), lambda: self._answer(None)))
        row.addWidget(FlatButton(theme, tr("Stop the runtime"), lambda: self._answer(CLOSED)))
        leave = FlatButton(theme, tr("Leave on watch"), lambda: self._answer(LEAVE_ON_WATCH), strong=True)
        row.addWidget(leave)
        column.addLayout(row)
        leave.setFocus()
        self.rejected.connect(lambda: self._answer(None))

    def _answer(self, code: int | None) -> None:
        if not self._told:
            self._told = True
            self.answered.emit(code)
            self.close()

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), self._theme.color("panel"))

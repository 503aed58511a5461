"""Questions over the window, one at a time; among them the one that closing a running plant asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QMoveEvent, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from hmi.core.texts import tr
from hmi.ui.exitcodes import CLOSED, LEAVE_ON_WATCH
from hmi.ui.paint import painting
from hmi.ui.theme import Theme
from hmi.ui.widgets import FlatButton, Text


class Question(QDialog):
    """A question about the window itself. It stays off the alarms; ``answered`` comes once."""

    answered = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget, area: Callable[[], QRect]) -> None:
        """``area`` is the room of the window that it may cover."""
        super().__init__(parent)
        self._theme, self._window, self._area = theme, parent, area
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._told = False

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        room = QRect(self._window.mapToGlobal(self._area().topLeft()), self._area().size())
        self.move(room.center() - self.rect().center())
        self._keep_off_the_alarms()

    def moveEvent(self, event: QMoveEvent) -> None:
        self._keep_off_the_alarms()

    def _keep_off_the_alarms(self) -> None:
        """Inside the room above the alarm strip, wherever it is dragged (standards HM-11)."""
        room = QRect(self._window.mapToGlobal(self._area().topLeft()), self._area().size())
        own = self.frameGeometry()
        x = min(max(own.x(), room.left()), max(room.right() - own.width() + 1, room.left()))
        y = min(max(own.y(), room.top()), max(room.bottom() - own.height() + 1, room.top()))
        if QPoint(x, y) != own.topLeft():
            self.move(x, y)

    def settle(self, answer: object) -> None:
        if not self._told:
            self._told = True
            self.answered.emit(answer)
            self.close()

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            painter.fillRect(self.rect(), self._theme.color("panel"))
            painter.setPen(self._theme.color("panel.edge"))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))


class CloseQuestion(Question):
    """``answered`` carries the exit code, or None to stay. Leaving the runtime on watch is the default."""

    def __init__(self, theme: Theme, parent: QWidget, area: Callable[[], QRect]) -> None:
        super().__init__(theme, parent, area)
        self.setWindowTitle(tr("Close the window"))
        words = tr("The runtime watches alarms and records history. It can go on without this window.")
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 16)
        column.setSpacing(12)
        column.addWidget(Text(theme, tr("Leave the runtime on watch?"), font="title"))
        text = Text(theme, words, wrap=True)
        text.setMinimumWidth(theme.px(420))
        column.addWidget(text)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(FlatButton(theme, tr("Stay here"), lambda: self.settle(None)))
        row.addWidget(FlatButton(theme, tr("Stop the runtime"), lambda: self.settle(CLOSED)))
        leave = FlatButton(theme, tr("Leave on watch"), lambda: self.settle(LEAVE_ON_WATCH), strong=True)
        row.addWidget(leave)
        column.addLayout(row)
        leave.setFocus()
        self.rejected.connect(lambda: self.settle(None))


class OneQuestion(QObject):
    """At most one question is open; what is given up asks nothing."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.card: Question | None = None
        """The question that is open."""

    def open_question(self, card: Question, settled: Callable[[Any], object]) -> None:
        """In the place of the one before; ``settled`` gets the answer when there is one."""
        self.close()
        self.card = card

        def take(answer: object) -> None:
            if self.card is card:
                self.card = None
            if answer is not None:
                settled(answer)

        card.answered.connect(take)
        card.open()

    def close(self) -> None:
        """Give up the question that is open."""
        if self.card is not None:
            self.card.settle(None)

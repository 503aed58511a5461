"""The slim bar of a locked station: everything stays in view, nothing can be operated (CR 2.5, row 44)."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from hmi.client.people import SessionInfo
from hmi.core.texts import tr
from hmi.ui.notice import BAR
from hmi.ui.people.button import draw_person
from hmi.ui.people.words import name_of
from hmi.ui.theme import Theme
from hmi.ui.widgets import FlatButton, Text
from hmi.ui.zoom import zoomed


class LockBar(QWidget):
    """Below the title bar while the station is locked."""

    unlockAsked = Signal()
    otherAsked = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setFixedHeight(theme.px(BAR) + 6)
        self.text = Text(theme, font="text.strong", color="text")
        self.unlock = FlatButton(theme, tr("Unlock"), self.unlockAsked.emit, strong=True)
        self.other = FlatButton(theme, tr("Another person…"), self.otherAsked.emit)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.px(48), 0, 16, 0)
        row.setSpacing(8)
        for widget, stretch in ((self.text, 1), (self.other, 0), (self.unlock, 0)):
            row.addWidget(widget, stretch)
        self.hide()

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self.height())

    def show_session(self, session: SessionInfo) -> None:
        self.text.set_text(tr("Locked – {name}", name=name_of(session)) if session.locked else "")
        self.setVisible(session.locked)

    def paintEvent(self, event: QPaintEvent) -> None:
        with zoomed(self, self._theme) as (painter, theme, size):
            painter.fillRect(QRectF(QPointF(), size), theme.color("panel"))
            painter.fillRect(QRectF(0, size.height() - 1, size.width(), 1), theme.color("panel.edge"))
            draw_person(painter, QPointF(28, size.height() / 2), theme.color("text"), locked=True)

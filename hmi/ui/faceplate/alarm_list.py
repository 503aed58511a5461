"""The alarms of one object: acknowledge, shelve and guidance; a button that cannot be pressed says why."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.client.alarms import is_unacked
from hmi.client.port import AlarmInfo
from hmi.core.texts import tr
from hmi.ui.faceplate.source import ObjectSource
from hmi.ui.labels import state_words
from hmi.ui.paint import draw_alarm_mark
from hmi.ui.theme import Theme
from hmi.ui.widgets import FlatButton, Text
from hmi.ui.zoom import zoomed

MOST: Final = 3
_MARK: Final = 28


class AlarmLine(QWidget):
    """One alarm: mark and message, below them its state and its buttons."""

    actAsked = Signal(str, list)
    guidanceAsked = Signal(object)

    def __init__(self, theme: Theme, row: AlarmInfo) -> None:
        super().__init__()
        self._theme, self.row = theme, row
        unacked = is_unacked(row)
        words = state_words(row)
        self.ack = FlatButton(theme, tr("Acknowledge"), lambda: self.actAsked.emit("ACK", [row]))
        self.shelve = FlatButton(theme, tr("Shelve…"), lambda: self.actAsked.emit("SHELVE", [row]))
        guidance = FlatButton(theme, tr("Guidance"), lambda: self.guidanceAsked.emit(row))
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.px(_MARK), 2, 0, 4)
        column.setSpacing(1)
        column.addWidget(Text(theme, row.message, font="text.word" if unacked else "text.label"))
        column.addWidget(Text(theme, words, font="text.small", color="text.label"))
        buttons = QHBoxLayout()
        buttons.setSpacing(4)
        for button in (self.ack, self.shelve, guidance):
            buttons.addWidget(button)
        buttons.addStretch(1)
        column.addLayout(buttons)
        self.setAccessibleName(f"{row.message}, {words}")

    def set_blocked(self, why: str) -> None:
        """Why nothing can be acknowledged or shelved now; an alarm that is acknowledged says so itself."""
        self.shelve.set_enabled(not why, why)
        if not why and not is_unacked(self.row):
            why = tr("It is acknowledged already.")
        self.ack.set_enabled(not why, why)

    def paintEvent(self, event: QPaintEvent) -> None:
        with zoomed(self, self._theme) as (painter, theme, _):
            draw_alarm_mark(painter, theme, self.row.priority, QPointF(11, 14), size=20)


class AlarmList(QWidget):
    """The most urgent ones; how many more there are, that there is none, or that it is not known."""

    actAsked = Signal(str, list)
    guidanceAsked = Signal(object)

    def __init__(self, theme: Theme, source: ObjectSource) -> None:
        super().__init__()
        self._theme, self._source = theme, source
        self.lines: list[AlarmLine] = []
        self._rows: list[AlarmInfo] | None = None
        self.told = Text(theme, font="text.small", color="text.label", wrap=True)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self._column.addWidget(self.told)

    def set_alarms(self) -> None:
        """Take the list as it is now."""
        rows = self._source.alarms
        if rows != self._rows:
            self._rows = rows
            self._build(rows[:MOST])
        self.refresh()

    def _build(self, rows: list[AlarmInfo]) -> None:
        for line in self.lines:
            self._column.removeWidget(line)
            line.hide()
            line.deleteLater()
        self.lines = [AlarmLine(self._theme, row) for row in rows]
        for n, line in enumerate(self.lines):
            line.actAsked.connect(self.actAsked)
            line.guidanceAsked.connect(self.guidanceAsked)
            self._column.insertWidget(n, line)

    def refresh(self) -> None:
        """Judge again what can be asked, and whether the list is known at all."""
        why = self._why()
        for line in self.lines:
            line.set_blocked(why)
        self.told.set_text(self._told())
        self.told.setVisible(bool(self.told.full_text))

    def _told(self) -> str:
        if not self._source.alarms_heard:
            return tr("Not known: the runtime is silent. What is listed is old.")
        rows = self._rows or []
        if not rows:
            return tr("No active alarm of its own") if self._source.content.members else tr("No active alarm")
        more = len(rows) - len(self.lines)
        return tr("{n} more in the alarm list", n=more) if more else ""

    def _why(self) -> str:
        if not self._source.alarms_heard:
            return tr("The runtime does not answer.")
        areas = {line.row.area for line in self.lines}
        rights = self._source.station.rights
        return next((why for area in areas if (why := rights.why_not("acknowledge", area))), "")

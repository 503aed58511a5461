"""What was agreed for an alarm: cause, consequence and what to do, beside the display."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.client.port import AlarmInfo
from hmi.core.texts import tr
from hmi.ui.labels import short_tag, state_words
from hmi.ui.overlay import Overlay
from hmi.ui.paint import draw_alarm_mark
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.widgets import FlatButton, Text
from hmi.ui.zoom import zoomed

WIDTH: Final = 520


class _Mark(QWidget):
    """The alarm's shape, colour and number."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme, self.priority = theme, 0
        self.setFixedSize(QSize(30, 30) * theme.scale)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.priority:
            painter, theme, _ = zoomed(self, self._theme)
            draw_alarm_mark(painter, theme, self.priority, QPointF(14, 15), size=24)


class GuidancePanel(Overlay):
    """Follows the state of its alarm; one that has ended stays readable and says so."""

    objectAsked = Signal(object)

    def __init__(self, theme: Theme, station: Station, parent: QWidget) -> None:
        super().__init__(theme, parent)
        self._station = station
        self.row: AlarmInfo | None = None
        self.setAccessibleName(tr("Guidance"))
        self.mark = _Mark(theme)
        self.title = Text(theme, font="title")
        self.state = Text(theme, font="text.label", color="text.secondary")
        self.close_button = FlatButton(theme, tr("Close"), self.close_panel, quiet=True)
        self.go = FlatButton(theme, tr("Display and faceplate"), self._go, strong=True)
        self.parts = {
            part: (
                Text(theme, tr(part), font="text.small.strong", color="text.label"),
                Text(theme, wrap=True),
            )
            for part in ("What to do", "Cause", "Consequence")
        }
        self._lay_out()
        station.alarmsChanged.connect(self._renew)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 12, 12)
        column.setSpacing(6)
        head = QHBoxLayout()
        head.addWidget(self.mark)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.title)
        words.addWidget(self.state)
        head.addLayout(words, 1)
        head.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(head)
        for label, text in self.parts.values():
            column.addSpacing(4)
            column.addWidget(label)
            column.addWidget(text)
        column.addSpacing(10)
        column.addStretch(1)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(self.go)
        column.addLayout(foot)

    def show_row(self, row: AlarmInfo, area: QRect) -> None:
        self.row = row
        self._fill(row, ended=False)
        self.open_panel(area)
        self.go.setFocus()

    def place_in(self, area: QRect) -> QRect:
        """In the lower right corner, so that the display stays readable."""
        width = min(self.theme.px(WIDTH), area.width() - 24)
        layout = self.layout()
        needed = layout.totalHeightForWidth(width) if layout is not None else 0
        height = min(max(needed, 180), area.height() - 24)
        return QRect(area.right() - width - 11, area.bottom() - height - 11, width, height)

    def _fill(self, row: AlarmInfo, *, ended: bool) -> None:
        self.mark.priority = row.priority
        self.mark.setAccessibleName(tr("Priority {n}", n=row.priority))
        self.mark.update()
        self.title.set_text(f"{short_tag(row.tag_name)}  {row.message}")
        words = tr("This alarm has ended.") if ended else state_words(row)
        self.state.set_text(f"{words}   {row.tag_name}")
        texts = (row.response, row.cause, row.consequence)
        for (label, text), words in zip(self.parts.values(), texts, strict=True):
            label.setVisible(bool(words) or text is self.parts["What to do"][1])
            text.setVisible(label.isVisibleTo(self))
            text.set_text(words or tr("Nothing was agreed for this alarm."))

    def _renew(self) -> None:
        if self.row is not None and not self.isHidden():
            now = self._station.alarms.get(self.row.occurrence_id)
            self.row = now or self.row
            self._fill(self.row, ended=now is None)

    def _go(self) -> None:
        if self.row is not None:
            self.objectAsked.emit(self.row)

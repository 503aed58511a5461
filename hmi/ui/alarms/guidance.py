"""What was agreed for an alarm, beside the display: the sheet of an alarm as a panel that comes and goes."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from hmi.client.port import AlarmInfo
from hmi.core.texts import tr
from hmi.ui.alarms.sheet import AlarmSheet
from hmi.ui.overlay import Overlay
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.widgets import FlatButton, Text

WIDTH: Final = 520
_LEAST: Final = 200


def scrolled(theme: Theme, sheet: QWidget) -> QScrollArea:
    """The sheet in a flat frame that scrolls downwards only."""
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    palette = area.palette()
    palette.setColor(QPalette.ColorRole.Window, theme.color("panel"))
    area.setPalette(palette)
    area.setWidget(sheet)
    return area


class GuidancePanel(Overlay):
    """Follows its alarm (see ``AlarmSheet``)."""

    def __init__(self, theme: Theme, station: Station, parent: QWidget) -> None:
        super().__init__(theme, parent)
        self._station = station
        self.setAccessibleName(tr("Guidance"))
        self.sheet = AlarmSheet(theme, station)
        self.close_button = FlatButton(theme, tr("Close"), self.close_panel, quiet=True)
        self._scroller = scrolled(theme, self.sheet)
        self._scroller.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 12, 12)
        column.setSpacing(6)
        head = QHBoxLayout()
        head.addWidget(Text(theme, tr("Guidance"), font="text.small.strong", color="text.label"), 1)
        head.addWidget(self.close_button)
        column.addLayout(head)
        column.addWidget(self._scroller, 1)
        self._room = QRect()
        self.sheet.answered.connect(self._filled)
        station.alarmsChanged.connect(self._renew)

    @property
    def row(self) -> AlarmInfo | None:
        return self.sheet.row

    def show_row(self, row: AlarmInfo, area: QRect) -> None:
        self.sheet.show_row(row)
        self.open_panel(area)
        self.sheet.ways["object"].setFocus()

    def place_in(self, area: QRect) -> QRect:
        """In the lower right corner, so that the display stays readable; what is too high scrolls."""
        width = min(self.theme.px(WIDTH), area.width() - 24)
        needed = self.sheet.heightForWidth(width - 44) + self.theme.px(64)
        height = min(max(needed, self.theme.px(_LEAST)), area.height() - 24)
        return QRect(area.right() - width - 11, area.bottom() - height - 11, width, height)

    def fit(self, area: QRect) -> None:
        self._room = area
        super().fit(area)

    def _filled(self) -> None:
        """More is known of the alarm: as much of it as has room."""
        if not self.isHidden():
            self.fit(self._room)

    def _renew(self) -> None:
        row = self.sheet.row
        if row is None or self.isHidden():
            return
        now = self._station.alarms.get(row.occurrence_id)
        if now is None:
            self.sheet.end()
        elif now is not row:
            self.sheet.show_row(now)

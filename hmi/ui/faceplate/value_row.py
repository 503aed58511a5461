"""PV, SP, OP and the other figures of a faceplate: value, unit, mark, quality and age, range or last Good value."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from hmi.core.texts import tr
from hmi.mimics import Reading, Shown, format_value, show
from hmi.ui.mimic.words import age_words, quality_words
from hmi.ui.paint import draw_alarm_frame, draw_alarm_mark, draw_frame, draw_quality_mark
from hmi.ui.theme import Theme
from hmi.ui.trend.drag import DragWatch, drag_tags
from hmi.ui.widgets import is_press_key, plain
from hmi.ui.zoom import zoomed

_ROLES: Final = {"sp": "setpoint", "speed_sp": "setpoint", "position_sp": "setpoint"}
_HEIGHT: Final = 58
_BASE, _QUALITY, _RANGE = 20.0, 41.0, 55.0
_NUMBER: Final = 124.0  # right edge of the figures
_WIDE: Final = 260.0  # from here on the range stands beside, not below


class ValueRow(QWidget):
    """A click or Enter opens the trend of the value; dragged, it goes to the one that is open."""

    clicked = Signal(str)

    def __init__(self, theme: Theme, label: str, *, main: bool) -> None:
        super().__init__()
        self._theme, self._label, self._main = theme, label, main
        self._reading: Reading | None = None
        self._quality = self._note = ""
        self._drag = DragWatch()
        self.setFixedHeight(theme.px(_HEIGHT))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(label)

    def show_reading(self, reading: Reading, now_ns: int, last_good: str = "") -> None:
        """``last_good`` takes the place of the range."""
        age = age_words(now_ns - reading.data.source_time) if reading.data.source_time and now_ns else ""
        words = quality_words(reading)
        self._quality = f"{words}, {age}" if age else words
        self._note = last_good or range_text(reading)
        self._reading = reading
        shown = show(reading)
        self.setAccessibleName(f"{self._label} {shown.text} {shown.unit}, {self._quality}, {self._note}")
        lines = (reading.tag, self._quality, self._note)
        self.setToolTip(plain("\n".join(line for line in lines if line)))
        self.update()

    @property
    def shown(self) -> tuple[str, str, str]:
        """(figures with their unit, quality with age, range or last Good value)."""
        found = show(self._reading) if self._reading is not None else Shown("")
        return f"{found.text} {found.unit}".strip(), self._quality, self._note

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._drag.press(event, [self._reading.tag] if self._reading is not None else [])

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if tags := self._drag.moved(event):
            drag_tags(self, self._theme, tags)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._drag.release() and event.button() == Qt.MouseButton.LeftButton:
            self._ask()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if is_press_key(event):
            self._ask()
        else:
            super().keyPressEvent(event)

    def _ask(self) -> None:
        if self._reading is not None:
            self.clicked.emit(self._reading.tag)

    def paintEvent(self, event: QPaintEvent) -> None:
        reading = self._reading
        if reading is None:
            return
        with zoomed(self, self._theme) as (painter, theme, size):
            shown = show(reading, role=_ROLES.get(reading.info.signal if reading.info else "", "value"))
            wide = size.width() >= _WIDE
            self._paint_value(painter, theme, shown, 182.0 if wide else _NUMBER)
            painter.setFont(theme.font("text.small"))
            painter.setPen(theme.color("text.secondary" if shown.mark else "text.label"))
            metrics = QFontMetricsF(painter.font())
            for text, y in ((self._quality, _QUALITY), (self._note, _RANGE)):
                cut = metrics.elidedText(text, Qt.TextElideMode.ElideRight, size.width())
                painter.drawText(QPointF(0, y), cut)
                painter.setPen(theme.color("text.label"))
            if self.hasFocus():
                painter.setPen(theme.pen("focus", 2.0))
                painter.drawRect(QRectF(1, 1, size.width() - 2, size.height() - 2))

    def _paint_value(self, painter: QPainter, theme: Theme, shown: Shown, right: float) -> None:
        font = theme.font("value.large" if self._main else "value.small")
        width = QFontMetricsF(font).horizontalAdvance(shown.text)
        if shown.frame or shown.alarm:
            up, height = (21, 28) if self._main else (17, 23)
            box = QRectF(right - width - 6, _BASE - up, width + 12, height).adjusted(0, 2, 0, 0)
            if shown.frame:
                draw_frame(painter, theme, shown.frame, box)
            if shown.alarm:
                draw_alarm_frame(painter, theme, shown.alarm, box)
                draw_alarm_mark(painter, theme, shown.alarm, QPointF(box.left() - 15, _BASE - 6), size=20)
        painter.setFont(theme.font("text.label"))
        painter.setPen(theme.color("text.label"))
        room = right - width - (40 if shown.alarm else 10)
        label = QFontMetricsF(painter.font()).elidedText(self._label, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QPointF(0, _BASE), label)
        painter.setFont(font)
        painter.setPen(theme.color(shown.role))
        painter.drawText(QPointF(right - width, _BASE + 1), shown.text)
        painter.setFont(theme.font("unit"))
        painter.setPen(theme.color("text.label"))
        x = right + (10 if shown.frame or shown.alarm else 6)
        painter.drawText(QPointF(x, _BASE), shown.unit)
        if shown.mark:
            x += QFontMetricsF(painter.font()).horizontalAdvance(shown.unit) + 2
            draw_quality_mark(painter, theme, shown.mark, QPointF(x, _BASE - 5))


def range_text(reading: Reading) -> str:
    """The range of a tag with its unit; empty when it states none."""
    info = reading.info
    if info is None or info.low is None or info.high is None:
        return ""
    low, high = (format_value(int(v) if float(v).is_integer() else v, None) for v in (info.low, info.high))
    return tr("Range {low} … {high}", low=low, high=f"{high} {info.unit}".strip())

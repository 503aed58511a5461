"""Rows of a faceplate: a value with its bar, a state in words, an alarm, and the 30-minute trend."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from hmi.client.port import AlarmInfo
from hmi.core.texts import tr
from hmi.mimics import Reading, band_of, fraction, show
from hmi.ui.labels import state_words
from hmi.ui.mimic.words import age_words, quality_words
from hmi.ui.paint import draw_alarm_frame, draw_alarm_mark, draw_frame, draw_quality_mark
from hmi.ui.station import is_unacked
from hmi.ui.theme import Theme
from hmi.ui.trend.decimate import decimate, nice_scale, pieces
from hmi.ui.trend.plot import cosmetic, polygon
from hmi.ui.trend.series import Series
from hmi.ui.widgets import FlatButton, Text
from hmi.ui.zoom import zoomed

_ROLES = {"sp": "setpoint", "speed_sp": "setpoint"}


class ValueRow(QWidget):
    """PV, SP or OP: label, value, unit, mark, bar over the range, quality in words and age."""

    clicked = Signal(str)

    def __init__(self, theme: Theme, label: str, *, main: bool) -> None:
        super().__init__()
        self._theme, self._label, self._main = theme, label, main
        self._reading: Reading | None = None
        self._words = ""
        self.setFixedHeight(theme.px(62 if main else 30))
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def show_reading(self, reading: Reading, now_ns: int) -> None:
        age = age_words(now_ns - reading.data.source_time) if reading.data.source_time and now_ns else ""
        words = quality_words(reading)
        self._words = f"{words}, {age}" if age else words
        self._reading = reading
        self.setAccessibleName(f"{self._label} {show(reading).text} {self._words}")
        self.setToolTip(self._words)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._reading is not None:
            self.clicked.emit(self._reading.tag)

    def paintEvent(self, event: QPaintEvent) -> None:
        reading = self._reading
        if reading is None:
            return
        painter, theme, size = zoomed(self, self._theme)
        role = _ROLES.get(reading.info.signal if reading.info else "", "value")
        shown = show(reading, role=role)
        base = 20.0
        painter.setFont(theme.font("text.label"))
        painter.setPen(theme.color("text.label"))
        painter.drawText(QPointF(0, base), self._label)
        font = theme.font("value.large" if self._main else "value.small")
        width = QFontMetricsF(font).horizontalAdvance(shown.text)
        right = 182.0
        box = QRectF(
            right - width - 6, base - 19 if self._main else base - 16, width + 12, 26 if self._main else 22
        )
        if shown.frame:
            draw_frame(painter, theme, shown.frame, box)
        if shown.alarm:
            draw_alarm_frame(painter, theme, shown.alarm, box)
        painter.setFont(font)
        painter.setPen(theme.color(shown.role))
        painter.drawText(QPointF(right - width, base + (1 if self._main else 0)), shown.text)
        painter.setFont(theme.font("unit"))
        painter.setPen(theme.color("text.label"))
        painter.drawText(QPointF(right + 12, base), shown.unit)
        x = right + 18 + QFontMetricsF(theme.font("unit")).horizontalAdvance(shown.unit)
        if shown.mark:
            draw_quality_mark(painter, theme, shown.mark, QPointF(x, base - 5))
            x += 22
        if shown.alarm:
            draw_alarm_mark(painter, theme, shown.alarm, QPointF(x + 12, base - 5), size=20)
        if self._main:
            self._paint_bar(painter, theme, size.width(), reading)

    def _paint_bar(self, painter: QPainter, theme: Theme, room: float, reading: Reading) -> None:
        info = reading.info
        bar = QRectF(0, 34, room, 7)
        if info is not None and info.low is not None and info.high is not None:
            painter.fillRect(bar, theme.color("fill.mark"))
            if (band := band_of(info)) is not None:
                low, high = (fraction(v, info.low, info.high) or 0.0 for v in band)
                box = QRectF(bar.x() + low * bar.width(), bar.y(), (high - low) * bar.width(), bar.height())
                painter.fillRect(box, theme.color("band.bar"))
            if (at := fraction(reading.number, info.low, info.high)) is not None:
                x = bar.x() + at * bar.width()
                painter.fillRect(QRectF(x - 2, bar.y() - 4, 4, bar.height() + 8), theme.color("value"))
        painter.setFont(theme.font("text.small"))
        painter.setPen(theme.color("text.label"))
        painter.drawText(QPointF(0, 58), self._words)
        if info is not None and info.low is not None and info.high is not None:
            text = f"{info.low:g} … {info.high:g} {info.unit}"
            width = QFontMetricsF(theme.font("text.small")).horizontalAdvance(text)
            painter.drawText(QPointF(room - width, 58), text)


class StateRow(QWidget):
    """A state in words; a Bad one reads ---- with its letter."""

    def __init__(self, theme: Theme, label: str) -> None:
        super().__init__()
        self._theme, self._label = theme, label
        self._reading: Reading | None = None
        self.setFixedHeight(theme.px(22))

    def show_reading(self, reading: Reading) -> None:
        self._reading = reading
        self.setAccessibleName(f"{self._label}: {show(reading).text}")
        self.setToolTip(quality_words(reading))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._reading is None:
            return
        painter, theme, size = zoomed(self, self._theme)
        shown = show(self._reading, role="text")
        painter.setFont(theme.font("text.label"))
        painter.setPen(theme.color("text.label"))
        metrics = QFontMetricsF(painter.font())
        painter.drawText(QPointF(0, 16), metrics.elidedText(self._label, Qt.TextElideMode.ElideRight, 66))
        painter.setFont(theme.font("text.word"))
        painter.setPen(theme.color(shown.role))
        room = size.width() - 74 - (20 if shown.mark else 0)
        text = QFontMetricsF(painter.font()).elidedText(shown.text, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QPointF(70, 16), text)
        if shown.mark:
            x = 74 + QFontMetricsF(painter.font()).horizontalAdvance(text)
            draw_quality_mark(painter, theme, shown.mark, QPointF(x, 11))


class AlarmLine(QWidget):
    """One alarm of this object with its button."""

    ackAsked = Signal(list)

    def __init__(self, theme: Theme, row: AlarmInfo) -> None:
        super().__init__()
        self._theme, self._row = theme, row
        self.setFixedHeight(theme.px(30))
        line = QHBoxLayout(self)
        line.setContentsMargins(theme.px(28), 0, 0, 0)
        text = Text(theme, row.message, font="text.word" if is_unacked(row) else "text.label")
        text.setToolTip(state_words(row))
        line.addWidget(text, 1)
        if is_unacked(row):
            line.addWidget(
                FlatButton(theme, tr("Acknowledge"), lambda: self.ackAsked.emit([row.occurrence_id]))
            )

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme, _ = zoomed(self, self._theme)
        draw_alarm_mark(painter, theme, self._row.priority, QPointF(11, 15), size=18)


class MiniTrend(QWidget):
    """The last half hour of the main value with its normal band; a click opens the trend."""

    clicked = Signal()
    SPAN_S = 1800

    def __init__(self, theme: Theme, base_ns: int) -> None:
        super().__init__()
        self._theme = theme
        self.series = Series(base_ns)
        self.band: tuple[float, float] | None = None
        self._now = 0.0
        self.setFixedHeight(theme.px(72))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(tr("Trend of the last 30 minutes"))

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(280), self._theme.px(72))

    def advance(self, now_ns: int) -> None:
        self._now = self.series.seconds(now_ns)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.clicked.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        plot = QRectF(0, 0, self.width() - 1, self.height() - self._theme.px(16))
        painter.fillRect(plot, self._theme.color("plot"))
        start = self._now - self.SPAN_S
        extent = self.series.extent(start, self._now)
        painter.setFont(self._theme.font("text.small"))
        painter.setPen(self._theme.color("text.label"))
        painter.drawText(QPointF(0, self.height() - 2), tr("−30 min"))
        words = tr("now")
        width = QFontMetricsF(painter.font()).horizontalAdvance(words)
        painter.drawText(QPointF(self.width() - width - 1, self.height() - 2), words)
        if extent is None:
            painter.drawText(plot, Qt.AlignmentFlag.AlignCenter, tr("No history"))
            return
        marks = [*extent, *(self.band or ())]
        low, high, _ = nice_scale(min(marks), max(marks), 4)
        if self.band:
            top, bottom = (plot.bottom() - (v - low) / (high - low) * plot.height() for v in self.band[::-1])
            painter.fillRect(
                QRectF(plot.x(), top, plot.width(), bottom - top), self._theme.color("band.plot")
            )
        times, values = decimate(self.series.times, self.series.values, start, self._now, int(plot.width()))
        if len(values) and np.isfinite(values[-1]):
            times, values = np.append(times, self._now), np.append(values, values[-1])
        x = plot.x() + (np.maximum(times, start) - start) / self.SPAN_S * plot.width()
        y = plot.bottom() - (values - low) / (high - low) * plot.height()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(cosmetic(self._theme.color("value"), None)))
        for a, b in pieces(values):
            painter.drawPolyline(polygon(x[a:b], y[a:b]))

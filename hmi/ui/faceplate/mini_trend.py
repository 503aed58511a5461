"""The last half hour of the main value with its set point, normal band and gaps; a click opens the trend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from hmi.core.quality import BAD_NO_COMMUNICATION
from hmi.core.texts import tr
from hmi.core.values import DataValue
from hmi.mimics import Reading
from hmi.ui.theme import Theme
from hmi.ui.trend.decimate import decimate, nice_scale, pieces
from hmi.ui.trend.look import cosmetic, polygon
from hmi.ui.trend.series import Series
from hmi.ui.widgets import is_press_key
from hmi.ui.zoom import zoomed

SPAN_S: Final = 1800
_HEIGHT: Final = 92
_FOOT: Final = 16.0
_SCALE: Final = 44.0


class MiniTrend(QWidget):
    """``series`` is the value, ``setpoint`` what it is held against. A stale or Bad value ends its line at once."""

    clicked = Signal()

    def __init__(self, theme: Theme, base_ns: int, *, is_live: Callable[[], bool]) -> None:
        super().__init__()
        self._is_live = is_live
        self._theme = theme
        self.series, self.setpoint = Series(base_ns), Series(base_ns)
        self.band: tuple[float, float] | None = None
        self.empty_words = tr("No history")
        self._now = 0.0
        self.setFixedHeight(theme.px(_HEIGHT))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(tr("Trend of the last 30 minutes"))

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(280), self._theme.px(_HEIGHT))

    def judge(self, series: Series, reading: Reading, now_ns: int) -> None:
        """A value that is no longer known to hold ends its line here."""
        held = len(series) and np.isfinite(series.values[-1])
        if held and (reading.stale or reading.is_bad):
            series.append(DataValue(None, BAD_NO_COMMUNICATION, now_ns, now_ns), now_ns)
        elif not held and len(series) and reading.current is not None:
            series.append(reading.data._replace(source_time=now_ns), now_ns)

    def advance(self, now_ns: int) -> None:
        self._now = self.series.seconds(now_ns)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.clicked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if is_press_key(event):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        with zoomed(self, self._theme) as (painter, theme, size):
            plot = QRectF(_SCALE, 2, size.width() - _SCALE - 1, size.height() - _FOOT - 2)
            painter.fillRect(plot, theme.color("plot"))
            painter.setFont(theme.font("text.small"))
            painter.setPen(theme.color("text.label"))
            metrics = QFontMetricsF(painter.font())
            painter.drawText(QPointF(plot.left(), size.height() - 3), tr("−30 min"))
            now = tr("now") if self._is_live() else tr("0 min")
            painter.drawText(QPointF(plot.right() - metrics.horizontalAdvance(now), size.height() - 3), now)
            ends = self._ends()
            if ends is None:
                painter.drawText(plot, Qt.AlignmentFlag.AlignCenter, self.empty_words)
            else:
                for value, y in ((ends[1], plot.top() + 11), (ends[0], plot.bottom())):
                    text = f"{value:g}"
                    painter.drawText(QPointF(_SCALE - 6 - metrics.horizontalAdvance(text), y), text)
                self._paint_curves(painter, theme, plot, *ends)
            if self.hasFocus():
                painter.setPen(theme.pen("focus", 2.0))
                painter.drawRect(QRectF(1, 1, size.width() - 2, size.height() - 2))

    def _ends(self) -> tuple[float, float] | None:
        """A scale that holds all that is drawn; None without a single value."""
        start = self._now - SPAN_S
        extent = self.series.extent(start, self._now)
        if extent is None:
            return None
        marks = [*extent, *(self.band or ()), *(self.setpoint.extent(start, self._now) or ())]
        low, high, _ = nice_scale(min(marks), max(marks), 4)
        return low, high

    def _paint_curves(self, painter: QPainter, theme: Theme, plot: QRectF, low: float, high: float) -> None:
        if self.band:
            top, foot = (plot.bottom() - (v - low) / (high - low) * plot.height() for v in self.band[::-1])
            box = QRectF(plot.x(), top, plot.width(), foot - top).intersected(plot)
            painter.fillRect(box, theme.color("band.plot"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        dashes = QPen(cosmetic(theme.color("setpoint"), None))
        dashes.setStyle(Qt.PenStyle.DashLine)
        for series, pen in (
            (self.setpoint, dashes),
            (self.series, QPen(cosmetic(theme.color("value"), None))),
        ):
            painter.setPen(pen)
            self._paint_curve(painter, series, plot, low, high)

    def _paint_curve(self, painter: QPainter, series: Series, plot: QRectF, low: float, high: float) -> None:
        start = self._now - SPAN_S
        times, values = decimate(series.times, series.values, start, self._now, int(plot.width()))
        if len(values) and np.isfinite(values[-1]):
            times, values = np.append(times, self._now), np.append(values, values[-1])
        x = plot.x() + (np.maximum(times, start) - start) / SPAN_S * plot.width()
        y = plot.bottom() - (values - low) / (high - low) * plot.height()
        for a, b in pieces(values):
            painter.drawPolyline(polygon(x[a:b], y[a:b]))

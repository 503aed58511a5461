"""The plot: pyqtgraph's axes and view around our own pens, bands and limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

import numpy as np
import pyqtgraph as pg  # type: ignore[import-untyped]
import shiboken6
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from hmi.client.port import TagInfo
from hmi.mimics import Limit, limits_of
from hmi.ui.theme import Theme
from hmi.ui.times import local_time
from hmi.ui.trend.decimate import Floats, decimate, nice_scale, pieces
from hmi.ui.trend.series import Series

_STEPS_S = (10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
_DASHES = (None, [16.0, 3.0], [6.0, 3.0], [16.0, 3.0, 3.0, 3.0])


@dataclass
class Pen:
    """One tag in a trend: samples, colour and the scale that its values are drawn on."""

    tag: str
    info: TagInfo
    series: Series
    color: QColor
    dash: list[float] | None = None
    low: float = 0.0
    high: float = 1.0
    step: float = 0.2
    limits: tuple[Limit, ...] = field(default_factory=tuple)

    def rescale(self, start: float, end: float) -> None:
        """A round scale over data, normal band and limits near them; it only grows while one looks."""
        marks = [v for v in (self.info.normal_low, self.info.normal_high) if v is not None]
        extent = self.series.extent(start, end)
        marks += list(extent) if extent else []
        if not marks:
            marks = [self.info.low or 0.0, self.info.high if self.info.high is not None else 1.0]
        span = max(marks) - min(marks)
        near = [limit.value for limit in self.limits if min(marks) - span < limit.value < max(marks) + span]
        marks += near
        pad = (max(marks) - min(marks)) * 0.05
        self.low, self.high, self.step = nice_scale(min(marks) - pad, max(marks) + pad)

    def place(self, values: Floats | float) -> Floats:
        return (np.asarray(values, dtype=np.float64) - self.low) / ((self.high - self.low) or 1.0)


def make_pen(tag: str, info: TagInfo, series: Series, theme: Theme, number: int) -> Pen:
    color = theme.trend_pens[number % len(theme.trend_pens)]
    return Pen(tag, info, series, color, _DASHES[number % len(_DASHES)], limits=tuple(limits_of(info)))


class TimeAxis(pg.AxisItem):
    """Local time of the plant."""

    def __init__(self, base_ns: int, zone: tzinfo) -> None:
        super().__init__("bottom")
        self.base_ns, self.zone = base_ns, zone

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:
        wanted = (maxVal - minVal) / max(size / 130, 1)
        step = next((s for s in _STEPS_S if s >= wanted), _STEPS_S[-1])
        shift = self.base_ns // 1_000_000_000 % step + self.base_ns % 1_000_000_000 / 1e9
        first = np.ceil((minVal + shift) / step) * step - shift
        return [(float(step), [float(x) for x in np.arange(first, maxVal, step)])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        form = "%H:%M" if spacing >= 60 else "%H:%M:%S"
        times = (local_time(self.base_ns + round(v * 1e9), self.zone) for v in values)
        return [time.strftime(form) for time in times]


class PenAxis(pg.AxisItem):
    """The scale of the chosen pen; the view itself runs from 0 to 1."""

    def __init__(self) -> None:
        super().__init__("left")
        self.scale_of: Pen | None = None
        self._drawn: tuple[str, float, float] | None = None

    def follow(self, pen: Pen) -> None:
        """Take the scale of a pen; the labels are drawn again only when it is another one."""
        self.scale_of = pen
        drawn = (pen.tag, pen.low, pen.high)
        if drawn != self._drawn:
            self._drawn = drawn
            self.picture = None
            self.update()

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:
        pen = self.scale_of
        if pen is None:
            return []
        ticks = np.arange(pen.low, pen.high + pen.step / 2, pen.step)
        return [(pen.step / ((pen.high - pen.low) or 1.0), [float(x) for x in pen.place(ticks)])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        pen = self.scale_of
        if pen is None:
            return []
        digits = max(0, -int(np.floor(np.log10(pen.step * 1.0001)))) if pen.step < 1 else 0
        digits += 1 if pen.step < 1 and round(pen.step * 10**digits, 6) % 1 else 0
        numbers = [pen.low + v * (pen.high - pen.low) for v in values]
        return [f"{n + 0.0:.{digits}f}".replace("-", "−") for n in numbers]


class Curves(pg.GraphicsObject):
    """Normal band and limits of the chosen pen, and every pen as a polyline of width 1."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.pens: list[Pen] = []
        self.chosen = 0
        self.start, self.end, self.now, self.columns = 0.0, 1.0, 0.0, 800
        self.drawn: list[list[QPolygonF]] = []

    def refresh(self) -> None:
        """Work out the polylines once; painting only draws them."""
        self.drawn = [self._polylines(pen) for pen in self.pens]
        self.prepareGeometryChange()
        self.update()

    def _polylines(self, pen: Pen) -> list[QPolygonF]:
        times, values = decimate(pen.series.times, pen.series.values, self.start, self.end, self.columns)
        if len(times) and np.isfinite(values[-1]) and self.now > times[-1] and len(pen.series):
            times, values = np.append(times, self.now), np.append(values, values[-1])
        shown = pen.place(values)
        return [polygon(times[a:b], shown[a:b]) for a, b in pieces(shown)]

    def boundingRect(self) -> QRectF:
        return QRectF(self.start, -0.5, max(self.end - self.start, 1e-6), 2.0)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        if not self.pens:
            return
        self._paint_band(painter, self.pens[self.chosen])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        height = self.mapRectToDevice(QRectF(0, 0, 1, 1))
        pixel = 1.0 / height.height() if height is not None and height.height() else 0.002
        for index, (pen, lines) in enumerate(zip(self.pens, self.drawn, strict=False)):
            painter.setPen(cosmetic(pen.color, None if index == self.chosen else pen.dash))
            for line in lines:
                painter.drawPolyline(line)
                if index == self.chosen:
                    painter.drawPolyline(line.translated(0.0, pixel))

    def _paint_band(self, painter: QPainter, pen: Pen) -> None:
        low, high = pen.info.normal_low, pen.info.normal_high
        if low is not None and high is not None:
            bottom, top = float(pen.place(low)), float(pen.place(high))
            box = QRectF(self.start, bottom, self.end - self.start, top - bottom)
            painter.fillRect(box, self._theme.color("band.plot"))
        painter.setPen(cosmetic(self._theme.color("outline"), [6.0, 4.0]))
        for limit in pen.limits:
            y = float(pen.place(limit.value))
            if 0.0 <= y <= 1.0:
                painter.drawLine(QLineF(self.start, y, self.end, y))
                self._name_limit(painter, limit, y)

    def _name_limit(self, painter: QPainter, limit: Limit, y: float) -> None:
        at = self.mapToDevice(QPointF(self.start, y))
        if at is None:
            return
        painter.save()
        painter.resetTransform()
        painter.setFont(self._theme.font("text.small"))
        painter.setPen(self._theme.color("text.secondary"))
        painter.drawText(QPointF(at.x() + 6, at.y() - 4), f"{limit.name} {limit.value:g}")
        painter.restore()


def cosmetic(color: QColor, dash: list[float] | None) -> QPen:
    pen = QPen(color, 1.0)
    pen.setCosmetic(True)
    if dash:
        pen.setDashPattern(dash)
    return pen


def polygon(x: Floats, y: Floats) -> QPolygonF:
    """Two arrays as a polygon without a loop in Python."""
    shape = QPolygonF()
    shape.resize(len(x))
    pointer: Any = shiboken6.VoidPtr(shape.data(), len(x) * 16, True)  # type: ignore[call-arg]
    memory = np.frombuffer(pointer, dtype=np.float64)
    memory[0::2], memory[1::2] = x, y
    return shape


class TrendPlot(pg.PlotWidget):
    """Shows pens over a window of time; ``cursorMoved`` carries seconds since the base."""

    cursorMoved = Signal(float)

    def __init__(self, theme: Theme, base_ns: int, zone: tzinfo) -> None:
        self.time_axis, self.pen_axis = TimeAxis(base_ns, zone), PenAxis()
        super().__init__(
            axisItems={"bottom": self.time_axis, "left": self.pen_axis}, background=theme.hex("panel")
        )
        self.setFrameShape(pg.QtWidgets.QFrame.Shape.NoFrame)
        self.curves = Curves(theme)
        view = self.getViewBox()
        view.setBackgroundColor(theme.color("plot"))
        view.setMouseEnabled(False, False)
        view.setMenuEnabled(False)
        view.disableAutoRange()
        view.setDefaultPadding(0)
        self.hideButtons()
        self.addItem(self.curves)
        self.cursor_line = pg.InfiniteLine(movable=True, pen=pg.mkPen(theme.color("text.secondary"), width=1))
        self.addItem(self.cursor_line)
        self.cursor_line.sigPositionChanged.connect(lambda: self.cursorMoved.emit(self.cursor_line.value()))
        for axis in (self.time_axis, self.pen_axis):
            axis.setStyle(tickFont=theme.font("text.small"), tickLength=0, tickTextOffset=6)
            axis.setTextPen(theme.color("text.label"))
            axis.setPen(theme.color("panel.edge"))
            axis.setGrid(60)
        self.pen_axis.setWidth(64)
        self.time_axis.setHeight(26)
        view.setYRange(0.0, 1.0, padding=0)

    def show_window(self, start: float, end: float, now: float) -> None:
        curves = self.curves
        curves.start, curves.end, curves.now = start, end, min(now, end)
        curves.columns = max(int(self.getViewBox().width()), 64)
        if curves.pens:
            self.pen_axis.follow(curves.pens[curves.chosen])
        self.getViewBox().setXRange(start, end, padding=0)
        curves.refresh()

    def mousePressEvent(self, ev) -> None:
        super().mousePressEvent(ev)
        point = self.getViewBox().mapSceneToView(QPointF(self.mapToScene(ev.position().toPoint())))
        if ev.button() == Qt.MouseButton.LeftButton:
            self.cursor_line.setValue(min(max(point.x(), self.curves.start), self.curves.end))

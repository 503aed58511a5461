"""The last minute of a connection as two small curves: response time, and requests with the faults among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from hmi.client.comms import SECOND_COLUMNS
from hmi.core.texts import tr
from hmi.ui.paint import metrics_of, painting
from hmi.ui.theme import Theme

REQUESTS, FAULTS, SLOWEST, MEAN = (
    SECOND_COLUMNS.index(name) for name in ("requests", "faults", "slowest_ms", "mean_ms")
)
_TOP, _BOTTOM, _LEFT, _RIGHT = 26.0, 22.0, 52.0, 12.0
_STEPS: Final = (1.0, 2.0, 5.0)
LEAST: Final = 110


def ceiling(value: float) -> float:
    """The next of 1, 2, 5 times a power of ten: the top of a scale."""
    top = 1.0
    while top < value:
        for step in _STEPS:
            if top * step >= value:
                return top * step
        top *= 10
    return top


class LineTrend(QWidget):
    """``curves`` are the columns that are drawn, the last one strong; ``marked`` the one whose seconds get a cross.

    Without rows it says ``why``. Everything that is painted is made in ``set_rows`` and at a change of size.
    """

    def __init__(self, theme: Theme, title: str, unit: str, curves: Sequence[int], marked: int = -1) -> None:
        super().__init__()
        self._theme, self._title, self._unit = theme, title, unit
        self._curves, self._marked = tuple(curves), marked
        self._rows: list[list[float]] = []
        self.why, self.top = "", 1.0
        self._lines: list[QPolygonF] = []
        self._crosses: list[QPointF] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(theme.px(LEAST))
        self.setAccessibleName(title)

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(300), self._theme.px(150))

    def set_rows(self, rows: Sequence[Sequence[float]], why: str = "") -> None:
        """Another minute; ``why`` there is none."""
        self._rows, self.why = [list(row) for row in rows], why
        highest = max((row[curve] for row in self._rows for curve in self._curves), default=0.0)
        self.top = ceiling(highest)
        self.setAccessibleDescription(why or tr("highest {n} {unit}", n=f"{highest:,.1f}", unit=self._unit))
        self._place()
        self.update()

    def resizeEvent(self, event: object) -> None:
        self._place()

    def _plot(self) -> QRectF:
        px = self._theme.px
        left, top = px(_LEFT), px(_TOP)
        return QRectF(
            left, top, max(1, self.width() - left - px(_RIGHT)), max(1, self.height() - top - px(_BOTTOM))
        )

    def _place(self) -> None:
        box, rows = self._plot(), self._rows
        step = box.width() / max(1, len(rows) - 1)
        self._lines = [
            QPolygonF(
                [QPointF(box.left() + n * step, self._y(box, row[curve])) for n, row in enumerate(rows)]
            )
            for curve in self._curves
        ]
        self._crosses = [
            QPointF(box.left() + n * step, box.top() + self._theme.px(7))
            for n, row in enumerate(rows)
            if self._marked >= 0 and row[self._marked]
        ]

    def _y(self, box: QRectF, value: float) -> float:
        return box.bottom() - min(1.0, value / self.top) * box.height()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, box = self._theme, self._plot()
        with painting(self) as painter:
            painter.fillRect(box, theme.color("plot"))
            painter.setPen(theme.color("grid"))
            for part in (0.0, 0.5, 1.0):
                y = round(box.bottom() - part * box.height())
                painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
            self._texts(painter, box)
            if self._rows:
                self._draw(painter)

    def _texts(self, painter: QPainter, box: QRectF) -> None:
        theme = self._theme
        painter.setPen(theme.color("text.label"))
        painter.setFont(theme.font("text.small"))
        high = metrics_of(theme.font("text.small")).height()
        painter.drawText(QPointF(2, theme.px(16)), f"{self._title}, {self._unit}")
        for part in (0.0, 0.5, 1.0):
            y = box.bottom() - part * box.height()
            place = QRectF(0, y - high / 2, box.left() - 6, high)
            painter.drawText(
                place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{self.top * part:g}"
            )
        foot = QRectF(box.left(), box.bottom() + 2, box.width(), high + 2)
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, tr("60 s ago"))
        painter.drawText(foot, Qt.AlignmentFlag.AlignRight, tr("now"))
        if self.why:
            painter.setFont(theme.font("text"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self.why)

    def _draw(self, painter: QPainter) -> None:
        theme, strongest = self._theme, len(self._lines) - 1
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for number, line in enumerate(self._lines):
            strong = number == strongest
            painter.setPen(theme.pen("value" if strong else "text.label", 1.8 if strong else 1.2))
            painter.drawPolyline(line)
        painter.setPen(theme.pen("text", 1.6))
        size = theme.px(4)
        for at in self._crosses:
            painter.drawLine(at - QPointF(size, size), at + QPointF(size, size))
            painter.drawLine(at - QPointF(size, -size), at + QPointF(size, -size))


class Curves(QWidget):
    """Trends one below the other; the last ones make room where there is too little."""

    def __init__(self, theme: Theme, trends: Sequence[LineTrend]) -> None:
        super().__init__()
        self._theme, self._trends = theme, tuple(trends)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetNoConstraint)
        for trend in self._trends:
            column.addWidget(trend, 1)

    def resizeEvent(self, event: object) -> None:
        room = max(1, (self.height() + 8) // (self._theme.px(LEAST) + 8))
        for number, trend in enumerate(self._trends):
            trend.setVisible(number < room)

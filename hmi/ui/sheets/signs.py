"""The sign of a state: told apart by its shape, for colour belongs to alarms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from hmi.ui.paint import painting
from hmi.ui.theme import Theme

Strokes = Mapping[str, Sequence[Sequence[tuple[float, float]]]]
"""By state: strokes on a 16 by 16 grid, each a list of points."""
DrawState = Callable[[QPainter, Theme, str, QPointF, float], None]
RING, DIAMOND = "ring", "diamond"
_DIAMOND: Final = ((8.0, -0.4), (16.4, 8.0), (8.0, 16.4), (-0.4, 8.0))


def draw_sign(
    painter: QPainter,
    theme: Theme,
    strokes: Sequence[Sequence[tuple[float, float]]],
    center: QPointF,
    size: float = 18.0,
    *,
    outline: str = RING,
    strong: bool = False,
) -> None:
    """``size`` in the pixels of the painter. What needs a person has the ``DIAMOND`` or the ``strong`` pen."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(center)
    painter.scale(size / 16, size / 16)
    painter.translate(-8, -8)
    pen = QPen(theme.color("text" if strong else "text.secondary"), 1.8 if strong else 1.4)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if outline == DIAMOND:
        painter.drawPolygon([QPointF(*point) for point in _DIAMOND])
    else:
        painter.drawEllipse(QPointF(8, 8), 6.8, 6.8)
    for stroke in strokes:
        painter.drawPolyline([QPointF(*point) for point in stroke])
    painter.restore()


class StateSign(QWidget):
    """The sign of a state by itself."""

    def __init__(self, theme: Theme, draw: DrawState, state: str) -> None:
        super().__init__()
        self._theme, self._draw, self._state = theme, draw, state
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(30), self._theme.px(26))

    def set_state(self, state: str) -> None:
        self._state = state
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            center = QPointF(self._theme.px(12), self.height() / 2)
            self._draw(painter, self._theme, self._state, center, self._theme.px(20))

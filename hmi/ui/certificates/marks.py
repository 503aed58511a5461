"""The sign of each state: told apart by its shape, for colour belongs to alarms."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPen

from hmi.ui.theme import Theme

# strokes on a 16 by 16 grid inside the ring or the diamond; each is a list of points
_STROKES: Final[dict[str, list[list[tuple[float, float]]]]] = {
    "trusted": [[(4.6, 8.3), (7.1, 10.8), (11.5, 5.6)]],
    "waiting": [[(8, 4.6), (8, 9)], [(8, 11), (8, 11.3)]],
    "rejected": [[(3.4, 12.6), (12.6, 3.4)]],
    "expiring": [[(8, 8), (8, 3.8)], [(8, 8), (11, 9.4)]],
    "expired": [[(8, 8), (8, 3.8)], [(8, 8), (11, 9.4)], [(1, 15), (15, 1)]],
    "revoked": [[(5, 5), (11, 11)], [(5, 11), (11, 5)]],
}
_STRONG: Final = frozenset(("waiting", "expired", "revoked"))


def draw_state(painter: QPainter, theme: Theme, state: str, center: QPointF, size: float = 18.0) -> None:
    """``size`` in the pixels of the painter."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(center)
    painter.scale(size / 16, size / 16)
    painter.translate(-8, -8)
    pen = QPen(theme.color("text" if state in _STRONG else "text.secondary"), 1.6)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if state == "waiting":
        painter.drawPolygon([QPointF(8, 0.6), QPointF(15.4, 8), QPointF(8, 15.4), QPointF(0.6, 8)])
    else:
        painter.drawEllipse(QPointF(8, 8), 6.6, 6.6)
    for stroke in _STROKES[state]:
        painter.drawPolyline([QPointF(*point) for point in stroke])
    painter.restore()

"""Shapes and fills that equipment symbols share: on, off, travelling, unknown, out of service (standards 2.6)."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QPainter, QPainterPath, QPen, QPolygonF

from hmi.ui.theme import Theme


def outline(theme: Theme, width: float = 1.6, *, unknown: bool = False) -> QPen:
    pen = QPen(theme.color("text.secondary" if unknown else "outline"), width)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    if unknown:
        pen.setDashPattern([2.5, 2.0])
    return pen


def fill_shape(painter: QPainter, theme: Theme, path: QPainterPath, fill: str, *, width: float = 1.6) -> None:
    """Paint a closed shape in one of the five fills."""
    unknown = fill == "none"
    if not unknown:
        painter.fillPath(
            path, theme.brush("fill.on" if fill == "on" else "fill.off" if fill == "off" else "panel")
        )
    if fill == "half":
        _half(painter, theme, path)
    if fill == "hatched":
        painter.fillPath(path, QBrush(theme.color("fill.off"), Qt.BrushStyle.BDiagPattern))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(outline(theme, width, unknown=unknown))
    painter.drawPath(path)


def _half(painter: QPainter, theme: Theme, path: QPainterPath) -> None:
    """The lower right half, cut along the diagonal, in the off fill; the rest in the on fill."""
    box = path.boundingRect()
    painter.fillPath(path, theme.brush("fill.on"))
    corner = QPainterPath()
    corner.addPolygon(QPolygonF([box.bottomLeft(), box.topRight(), box.bottomRight()]))
    corner.closeSubpath()
    painter.fillPath(path.intersected(corner), theme.brush("fill.off"))


def polygon(*points: tuple[float, float]) -> QPainterPath:
    path = QPainterPath()
    path.addPolygon(QPolygonF([QPointF(x, y) for x, y in points]))
    path.closeSubpath()
    return path


def circle(box: QRectF, inset: float = 1.0) -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(box.adjusted(inset, inset, -inset, -inset))
    return path


def centered(painter: QPainter, theme: Theme, box: QRectF, text: str, *, font: str, color: str) -> None:
    """A short text in the middle of a cached symbol."""
    painter.setFont(theme.font(font))
    painter.setPen(theme.color(color))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

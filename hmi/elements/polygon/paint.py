"""Paints a polygon."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPainterPath

from hmi.mimics import Element
from hmi.ui.mimic.kit import Kit


def static(painter: QPainter, element: Element, kit: Kit) -> None:
    points = [QPointF(point[0], point[1]) for point in element.get("points")]
    if len(points) < 2:
        return
    path = QPainterPath(points[0])
    for point in points[1:]:
        path.lineTo(point)
    closed, fill, edge = element.get("closed"), element.get("fill"), element.get("edge")
    if closed:
        path.closeSubpath()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if closed and fill != "none":
        painter.fillPath(path, kit.theme.brush(fill))
    if edge != "none":
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(kit.theme.pen(edge, element.get("width")))
        painter.drawPath(path)
    painter.restore()

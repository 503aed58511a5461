"""Paints a pipe."""

from __future__ import annotations

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter, QPolygonF

from hmi.mimics import Element
from hmi.ui.mimic.kit import Kit

_WIDTH = {"main": 4.0, "minor": 2.0}
_ROLE = {"main": "pipe", "minor": "pipe.minor"}


def static(painter: QPainter, element: Element, kit: Kit) -> None:
    size = element.get("size")
    points = [QPointF(x, y) for x, y, *_ in element.get("points")]
    if len(points) > 1:
        painter.setPen(kit.theme.pen(_ROLE[size], _WIDTH[size]))
        painter.drawPolyline(QPolygonF(points))
    for x, y, angle, *_ in (arrow for arrow in element.get("arrows") if len(arrow) > 2):
        _arrow(painter, x, y, angle, kit, size)


def _arrow(painter: QPainter, x: float, y: float, angle: float, kit: Kit, size: str) -> None:
    reach, half = (8, 6) if size == "main" else (6, 4.5)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(x, y)
    painter.rotate(angle)
    painter.setPen(kit.theme.pen(_ROLE[size], 1))
    painter.setBrush(kit.theme.brush(_ROLE[size]))
    painter.drawPolygon(QPolygonF([QPointF(reach, 0), QPointF(-reach, -half), QPointF(-reach, half)]))
    painter.restore()

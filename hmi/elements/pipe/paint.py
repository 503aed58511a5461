"""Paints a pipe."""

from __future__ import annotations

import itertools

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter, QPolygonF

from hmi.mimics import Element
from hmi.ui.mimic.kit import Kit

_WIDTH = {"main": 4.0, "minor": 2.0}
_ROLE = {"main": "pipe", "minor": "pipe.minor"}


def static(painter: QPainter, element: Element, kit: Kit) -> None:
    size = element.get("size")
    points = [(x, y) for x, y, *_ in element.get("points")]
    width = kit.thickness(_WIDTH[size])
    for (x1, y1), (x2, y2) in itertools.pairwise(points):
        if x1 == x2 or y1 == y2:
            _straight(painter, kit, _ROLE[size], width, (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)))
        else:
            kit.line(painter, x1, y1, x2, y2, _ROLE[size], width)
    for x, y, angle, *_ in (arrow for arrow in element.get("arrows") if len(arrow) > 2):
        _arrow(painter, x, y, angle, kit, size)


def _straight(
    painter: QPainter, kit: Kit, role: str, width: float, ends: tuple[float, float, float, float]
) -> None:
    """A segment with square ends, so that corners and branches close."""
    left, top, right, bottom = ends
    half = width / 2
    kit.fill(painter, left - half, top - half, right - left + width, bottom - top + width, role)


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

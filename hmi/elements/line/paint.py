"""Paints a horizontal or vertical line, or one through corners."""

from __future__ import annotations

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter

from hmi.mimics import Element
from hmi.ui.mimic.kit import Kit


def static(painter: QPainter, element: Element, kit: Kit) -> None:
    width, role = element.get("width"), element.get("role")
    w, h = (element.w, width) if element.w >= element.h else (width, element.h)
    corners = [(point[0], point[1]) for point in element.get("points")]
    if not corners and not element.get("dashed"):
        kit.fill(painter, element.x, element.y, w, h, role)
        return
    if not corners:
        x, y = element.x + min(w, width) / 2, element.y + min(h, width) / 2
        corners = [(x, y), (element.x + w, y) if w >= h else (x, element.y + h)]
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(kit.theme.pen(role, kit.thickness(width), dashed=element.get("dashed")))
    painter.drawPolyline([QPointF(x, y) for x, y in corners])
    painter.restore()

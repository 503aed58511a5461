"""Paints an overflow basin."""

from __future__ import annotations

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter

from hmi.mimics import Element
from hmi.ui.mimic.kit import CENTER, Kit


def static(painter: QPainter, element: Element, kit: Kit) -> None:
    x, y, w, h = element.x, element.y, element.w, element.h
    surface = round(y + h * (1 - element.get("weir")))
    kit.fill(painter, x, y, w, h, "body")
    kit.fill(painter, x, surface, w, y + h - surface, "water")
    kit.fill(painter, x, surface - 1, w, 2, "water.edge")
    painter.setPen(kit.theme.pen("outline.body", 2))
    painter.drawPolyline([QPointF(x, y), QPointF(x, y + h), QPointF(x + w, y + h), QPointF(x + w, y)])
    cells = element.get("cells")
    for n in range(1, cells):
        kit.fill(painter, round(x + w * n / cells) - 1, surface - 6, 2, y + h - surface + 6, "outline.body")
    kit.text(
        painter, x + w / 2, y + h + 19, element.get("label"), font="text.word", color="text", align=CENTER
    )
    kit.text(
        painter,
        x + w / 2,
        y + h + 36,
        element.get("caption"),
        font="text.label",
        color="text.label",
        align=CENTER,
    )

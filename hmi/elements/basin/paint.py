"""Paints an overflow basin."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPainterPath

from hmi.mimics import Element
from hmi.ui.mimic.kit import CENTER, Kit
from hmi.ui.mimic.vessels import draw_unknown_vessel, draw_water

_WIDE = 80.0  # chamber from which on the figures have their usual size


def static(painter: QPainter, element: Element, kit: Kit) -> None:
    box = QRectF(element.x, element.y, element.w, element.h)
    if not _is_measured(element):
        _full(painter, element, box, element.get("weir"), kit)
    x, y = box.center().x(), box.bottom()
    kit.text(painter, x, y + 19, element.get("label"), font="text.word", color="text", align=CENTER)
    kit.text(painter, x, y + 36, element.get("caption"), font="text.label", color="text.label", align=CENTER)


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    if not look:
        return
    shown, level = look
    box = QRectF(element.x, element.y, element.w, element.h)
    if level is None:
        body = QPainterPath()
        body.addRect(box)
        draw_unknown_vessel(painter, kit, body)
    else:
        _full(painter, element, box, level, kit)
    cells = element.get("cells")
    unit = kit.width("unit", shown.unit) + 5 if shown.unit else 0.0
    x = box.x() + box.width() * ((cells - 1) // 2 + 0.5) / cells - unit / 2  # in a chamber, not on a wall
    font = "value" if box.width() / cells >= _WIDE else "value.small"
    y = round(box.center().y()) if element.get("diffusers") else box.bottom() - 20
    kit.value(painter, x, y, shown, font=font, align=CENTER, unit_color="text.secondary", corner=True)


def _is_measured(element: Element) -> bool:
    return "level" in element.bindings or bool(element.get("level"))


def _full(painter: QPainter, element: Element, box: QRectF, level: float, kit: Kit) -> None:
    draw_water(painter, kit, box, level)
    painter.setPen(kit.theme.pen("outline.body", 2))
    painter.drawPolyline([box.topLeft(), box.bottomLeft(), box.bottomRight(), box.topRight()])
    cells, top = element.get("cells"), round(box.bottom() - element.get("weir") * box.height()) - 6
    for n in range(1, cells):
        x = round(box.x() + box.width() * n / cells) - 1
        kit.fill(painter, x, top, 2, box.bottom() - top, "outline.body")
    if element.get("diffusers"):
        _diffusers(painter, box, level, kit)


def _diffusers(painter: QPainter, box: QRectF, level: float, kit: Kit) -> None:
    """An air header at the floor, and bubbles over it up to the surface."""
    floor, surface = box.bottom() - 10, box.bottom() - level * box.height() + 8
    top = max(surface, box.center().y() + 10)  # the upper half is left to the figures
    kit.fill(painter, box.x() + 8, floor, box.width() - 16, 2, "outline.body")
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(kit.theme.pen("water.edge", 1))
    painter.setBrush(kit.theme.brush("water"))
    columns = max(int((box.width() - 20) // 26), 1)
    for n in range(min(columns, 60)):
        x = box.x() + (n + 0.5) * box.width() / columns
        kit.fill(painter, x - 5, floor - 3, 10, 3, "outline.body")
        for k, rise in enumerate((12, 27, 44)):
            if (y := floor - rise - 4 * (n % 2)) > top:
                painter.drawEllipse(QPointF(x + (-3, 3, -1)[k], y), 2 + 0.4 * k, 2 + 0.4 * k)
    painter.restore()

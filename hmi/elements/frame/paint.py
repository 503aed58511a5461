"""Paints a group frame."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from hmi.elements.frame.definition import GAP, INSET
from hmi.mimics import Element
from hmi.ui.mimic.kit import Kit


def static(painter: QPainter, element: Element, kit: Kit) -> None:
    line = kit.thickness(1)
    box = kit.snapped(element.x, element.y, element.w, element.h).adjusted(
        line / 2, line / 2, -line / 2, -line / 2
    )
    pen = QPen(kit.theme.color("pipe.minor"), line)
    if element.get("dashed"):
        pen.setDashPattern([5.0, 4.0])
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(pen)
    painter.drawRoundedRect(box, 4, 4)
    painter.restore()
    if title := element.get("title"):
        text = kit.fitted("text.word", title, element.w - 2 * (INSET + GAP))
        width = kit.width("text.word", text)
        gap = QRectF(element.x + INSET - GAP, box.top() - 2, width + 2 * GAP, 4)
        painter.fillRect(gap, kit.theme.color(element.get("on")))
        kit.text(painter, element.x + INSET, box.top() + kit.cap("text.word") / 2, text, font="text.word")

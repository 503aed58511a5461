"""Paints a key indicator card."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from hmi.elements.kpi.definition import INSET
from hmi.mimics import Element
from hmi.ui.mimic.curves import draw_band, draw_dot, draw_past, last_point
from hmi.ui.mimic.kit import SIGNS, Kit


def static(painter: QPainter, element: Element, kit: Kit) -> None:
    kit.box(painter, element.x, element.y, element.w, element.h, "panel", "panel.edge")
    kit.text(
        painter,
        element.x + INSET,
        element.y + 20,
        element.get("label"),
        font="text.label",
        color="text.label",
    )


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    shown, curve = look
    width = element.get("plot_width")
    box = QRectF(element.x + element.w - width - 13, element.y + 27, width, 30)
    draw_band(painter, curve, box, kit)
    lines = draw_past(painter, curve, box, kit, width=1.4, limit_width=1.6)
    if (end := last_point(lines, box)) is not None and shown.frame != "dashed":
        draw_dot(painter, end, kit.theme.alarm(shown.alarm) if shown.alarm else kit.theme.color("value"))
    sign = kit.width("kpi", shown.text[0]) - 6 if shown.text[:1] in SIGNS else 0.0
    kit.value(painter, element.x + INSET + sign, element.y + 56, shown, font="kpi", corner=True)

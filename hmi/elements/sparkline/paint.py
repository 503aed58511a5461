"""Paints a sparkline."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from hmi.mimics import Element
from hmi.ui.mimic.curves import (
    draw_band,
    draw_dot,
    draw_levels,
    draw_past,
    last_point,
)
from hmi.ui.mimic.kit import Kit


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    shown, curve = look
    box = QRectF(element.x, element.y, element.w, element.h)
    if shown.frame == "dashed":
        kit.dashed_box(painter, box.x(), box.y(), box.width(), box.height())
    draw_band(painter, curve, box, kit)
    if element.get("limits"):
        draw_levels(painter, curve, box, kit)
    lines = draw_past(painter, curve, box, kit, width=1.4, limit_width=1.6)
    if (end := last_point(lines, box)) is not None and shown.frame != "dashed":
        draw_dot(painter, end, kit.theme.alarm(shown.alarm) if shown.alarm else kit.theme.color("value"))
    beside = box.right() + 14
    if shown.alarm:
        at = QPointF(beside, box.top() + 9 if shown.mark else box.center().y())
        kit.alarm(painter, shown.alarm, at, unacked=shown.unacked, size=18)
    if shown.mark:
        y = box.bottom() - 8 if shown.alarm else box.center().y()
        kit.quality(painter, shown.mark, beside, y, stale=shown.frame == "dotted")

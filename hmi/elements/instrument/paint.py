"""Paints an instrument bubble."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from hmi.mimics import Element
from hmi.ui.mimic import symbols
from hmi.ui.mimic.kit import CENTER, Kit
from hmi.ui.paint import draw_frame
from hmi.ui.theme import Theme


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    letters, loop, shown = look
    box = QRectF(element.x, element.y, element.w, element.h)
    kind, place = element.get("kind"), element.get("place")
    bad = shown.frame == "dashed"

    def draw(inner: QPainter, theme: Theme, at: QRectF) -> None:
        _bubble(inner, theme, at, kind, place, bad)

    kit.symbol(painter, ("instrument", kind, place, bad), box, draw)
    _name(painter, box, letters, loop, kit)
    if shown.alarm:
        kit.alarm(painter, shown.alarm, QPointF(box.left() - 6, box.top() + 4), unacked=shown.unacked)
    if element.get("value"):
        y = round(box.bottom() + 22)
        unit = kit.width("unit", shown.unit) + 5 if shown.unit else 0.0
        kit.value(
            painter, box.center().x() - unit / 2, y, shown, font="value.small", align=CENTER, alarm_mark=False
        )
        return
    if shown.frame == "dotted":
        draw_frame(painter, kit.theme, "dotted", box.adjusted(-3, -3, 3, 3))
    if shown.mark:
        kit.quality(
            painter,
            shown.mark,
            box.right() + (10 if shown.frame else 6),
            box.top() + 3,
            stale=shown.mark == "stale",
        )


def _bubble(painter: QPainter, theme: Theme, box: QRectF, kind: str, place: str, bad: bool) -> None:
    inner = box.adjusted(1, 1, -1, -1)
    painter.setBrush(theme.brush("panel"))
    painter.setPen(symbols.outline(theme, 1.5, unknown=bad))
    if kind == "shared":
        painter.drawRect(inner)
    painter.drawEllipse(inner)
    if place == "field":
        return
    pen = symbols.outline(theme, 1.3)
    if place == "behind":
        pen.setDashPattern([3.0, 2.0])
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    y = box.center().y()
    for at in (y - 1.5, y + 1.5) if place == "local" else (y,):
        painter.drawLine(QPointF(inner.left(), at), QPointF(inner.right(), at))


def _name(painter: QPainter, box: QRectF, letters: str, loop: str, kit: Kit) -> None:
    x, y, room = box.center().x(), box.center().y(), box.width() * 0.86
    if not loop:
        text = kit.fitted("text.word", letters, room)
        kit.text(painter, x, y + 5, text, font="text.word", color="text", align=CENTER)
        return
    upper, lower = kit.fitted("text.word", letters, room), kit.fitted("text.small", loop, room)
    kit.text(painter, x, y - 4, upper, font="text.word", color="text", align=CENTER)
    kit.text(painter, x, y + 13, lower, font="text.small", color="text", align=CENTER)

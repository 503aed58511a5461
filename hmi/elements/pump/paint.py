"""Paints a pump."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from hmi.mimics import Element, Equipment
from hmi.ui.mimic.kit import CENTER, Kit
from hmi.ui.mimic.symbols import centered, circle, fill_shape, outline, polygon
from hmi.ui.theme import Theme


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    label, state = look
    box = QRectF(element.x, element.y, element.w, element.h)
    kind = element.get("kind")

    def draw(inner: QPainter, theme: Theme, place: QRectF) -> None:
        _symbol(inner, theme, place, state.fill, kind)

    kit.symbol(painter, ("pump", kind, state.fill), box, draw)
    _texts(painter, element, label, state, kit)
    kit.badges(painter, box.right() + 3, box.top() + 1, state.badges)
    if state.alarm:
        kit.alarm(painter, state.alarm, QPointF(box.left() - 9, box.top() + 4), unacked=state.unacked)
    if state.mark or state.stale:
        y = box.center().y() + 12 if state.badges else box.top() + 2
        kit.quality(painter, state.mark, box.right() + 8, y, stale=state.stale)


def _symbol(painter: QPainter, theme: Theme, box: QRectF, fill: str, kind: str) -> None:
    fill_shape(painter, theme, circle(box), fill)
    if fill == "none":
        centered(painter, theme, box, "?", font="value", color="text.secondary")
        return
    r = box.width() / 2 - 1
    c = box.center()
    reach = r * (0.86 if kind == "centrifugal" else 0.62)
    wedge = polygon((c.x() - r * 0.5, c.y() - reach), (c.x() + r, c.y()), (c.x() - r * 0.5, c.y() + reach))
    painter.fillPath(wedge, theme.brush("fill.off.mark" if fill == "off" else "fill.mark"))
    painter.setPen(outline(theme, 1.3))
    painter.drawPath(wedge)


def _texts(painter: QPainter, element: Element, label: str, state: Equipment, kit: Kit) -> None:
    x, y = element.x + element.w / 2, element.y + element.h
    kit.text(painter, x, y + 15, label, font="text.word", color="text", align=CENTER)
    figure = f" {state.figure}" if state.figure else ""
    width = kit.width("text.word", state.word) + kit.width("text.word", figure)
    left = x - width / 2
    left += kit.text(painter, left, y + 32, state.word, font="text.word", color="text.secondary")
    if figure:
        color = "text.secondary" if state.stale else "value"
        kit.text(painter, left, y + 32, figure, font="text.word", color=color)
    if caption := element.get("caption"):
        kit.text(painter, x, y + 48, caption, font="text.label", color="text.label", align=CENTER)

"""Paints a mixer."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from hmi.mimics import Element
from hmi.ui.mimic.kit import CENTER, Kit
from hmi.ui.mimic.symbols import centered, circle, fill_shape
from hmi.ui.theme import Theme

_LETTER = {
    "on": "fill.text",
    "half": "fill.text",
    "off": "fill.on",
    "hatched": "text",
    "none": "text.secondary",
}


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    state = look[0]
    middle = element.x + element.w / 2
    foot = element.y + element.h
    kit.fill(painter, middle - 1, element.y + element.w, 2, element.h - element.w, "outline.body")
    kit.fill(painter, middle - 16, foot - 3, 32, 3, "outline.body")

    def draw(inner: QPainter, theme: Theme, box: QRectF) -> None:
        fill_shape(inner, theme, circle(box), state.fill)
        letter = "?" if state.fill == "none" else "M"
        centered(inner, theme, box, letter, font="badge", color=_LETTER[state.fill])

    box = QRectF(element.x, element.y, element.w, element.w)
    kit.symbol(painter, ("mixer", state.fill), box, draw)
    if state.fill not in {"on", "none"}:
        kit.text(
            painter, middle, element.y - 6, state.word, font="text.word", color="text.secondary", align=CENTER
        )
    if state.alarm:
        kit.alarm(painter, state.alarm, QPointF(element.x - 10, element.y + 6), unacked=state.unacked)
    if state.mark or state.stale:
        kit.quality(painter, state.mark, box.right() + 10, box.y() + 16, stale=state.stale)
    kit.badges(painter, box.right() + 8, box.y(), tuple(b for b in state.badges if b[1]))

"""Paints a mixer."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from hmi.mimics import Element
from hmi.ui.mimic import symbols
from hmi.ui.mimic.drives import draw_state_marks, draw_state_word
from hmi.ui.mimic.kit import CENTER, Kit
from hmi.ui.theme import Theme


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    label, state = look
    always = element.get("show_state") == "always"
    head = QRectF(element.x, element.y, element.w, element.w)
    _shaft(painter, element, head, kit)

    def draw(inner: QPainter, theme: Theme, box: QRectF) -> None:
        symbols.motor(inner, theme, box, state.fill)

    kit.symbol(painter, ("motor", state.fill), head, draw)
    x, y = head.center().x(), head.top() - 10
    if always or not state.usual:
        draw_state_word(painter, kit, x, y, state)
        y -= 17
    if label:
        kit.text(painter, x, y, label, font="text.word", color="text", align=CENTER)
    draw_state_marks(painter, kit, head, state, all_badges=always)


def _shaft(painter: QPainter, element: Element, head: QRectF, kit: Kit) -> None:
    x, foot = head.center().x(), element.y + element.h
    kit.fill(painter, x - 1, head.bottom(), 2, foot - head.bottom(), "outline.body")
    blade = element.get("blade")
    if blade == "propeller":
        _propeller(painter, x, foot, kit)
        return
    kit.fill(painter, x - 16, foot - 3, 32, 3, "outline.body")
    if blade == "gate":
        top = max(head.bottom() + 6, foot - 44)
        for at in (x - 16, x - 9, x + 7, x + 14):
            kit.fill(painter, at, top, 2, foot - top, "outline.body")
        kit.fill(painter, x - 16, top, 32, 2, "outline.body")


def _propeller(painter: QPainter, x: float, foot: float, kit: Kit) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(kit.theme.pen("outline.body", 1.4))
    painter.setBrush(kit.theme.brush("body"))
    for side in (-1, 1):
        painter.drawEllipse(QPointF(x + side * 8.5, foot - 4), 8.5, 4)
    painter.restore()

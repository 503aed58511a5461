"""Paints a blower, fan or compressor."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from hmi.mimics import Element
from hmi.ui.mimic import symbols
from hmi.ui.mimic.drives import draw_state_marks, draw_texts_below
from hmi.ui.mimic.kit import Kit
from hmi.ui.theme import Theme


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    label, state = look
    body = QRectF(element.x, element.y, element.w, element.h)
    kind = element.get("kind")

    def draw(inner: QPainter, theme: Theme, place: QRectF) -> None:
        symbols.blower(inner, theme, place, state.fill, kind)

    kit.symbol(painter, ("blower", kind, state.fill), body, draw)
    draw_texts_below(painter, kit, body, label, state, caption=element.get("caption"))
    outlet = 5 if kind == "blower" else 0
    draw_state_marks(painter, kit, body.adjusted(0, -outlet, outlet, 0), state)

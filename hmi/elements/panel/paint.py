"""Paints a panel."""

from __future__ import annotations

from PySide6.QtGui import QPainter

from hmi.elements.panel.definition import INSET
from hmi.mimics import Element
from hmi.ui.mimic.kit import Kit


def static(painter: QPainter, element: Element, kit: Kit) -> None:
    x, y, w, h = element.x, element.y, element.w, element.h
    kit.box(painter, x, y, w, h, "panel", "panel.edge")
    if title := element.get("title"):
        kit.text(painter, x + INSET, y + 25, kit.fitted("title", title, w - 2 * INSET), font="title")
    if footer := element.get("footer"):
        kit.fill(painter, x + INSET, y + h - footer, w - 2 * INSET, 1, "panel.edge")

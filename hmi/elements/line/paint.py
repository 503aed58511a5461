"""Paints a horizontal or vertical line."""

from __future__ import annotations

from PySide6.QtGui import QPainter

from hmi.mimics import Element
from hmi.ui.mimic.kit import Kit


def static(painter: QPainter, element: Element, kit: Kit) -> None:
    width = element.get("width")
    w, h = (element.w, width) if element.w >= element.h else (width, element.h)
    kit.fill(painter, element.x, element.y, w, h, element.get("role"))

"""Paints a rectangle."""

from __future__ import annotations

from PySide6.QtGui import QPainter

from hmi.mimics import Element
from hmi.ui.mimic.kit import Kit


def static(painter: QPainter, element: Element, kit: Kit) -> None:
    kit.box(painter, element.x, element.y, element.w, element.h, element.get("fill"), element.get("edge"))

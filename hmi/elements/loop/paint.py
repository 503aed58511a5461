"""Paints a controller block."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QPainter

from hmi.mimics import Element
from hmi.ui.mimic.kit import Kit


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    label, value, setpoint, output, letter, mark = look
    x, y = element.x, element.y
    width = kit.text(painter, x, y + 12, label, font="text.label", color="text.label")
    badge = x + width + 14
    if letter:
        kit.badges(painter, badge, y + 7.5, ((letter, letter == "M"),))
        badge += 20
    if mark:
        kit.quality(painter, mark, badge, y + 7.5, stale=mark == "stale")
    kit.value(painter, x, y + 34, value)
    kit.text(painter, x, y + 52, "SP", font="text.label", color="text.label")
    kit.value(painter, x + 21, y + 52, setpoint, font="text.word", unit=False)
    at = x + max(82, 21 + kit.width("text.word", setpoint.text) + (34 if setpoint.mark else 14))
    kit.text(painter, at, y + 52, "OP", font="text.label", color="text.label")
    kit.value(painter, at + 23, y + 52, output, font="text.word")

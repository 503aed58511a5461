"""Paints a status row."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QPainter

from hmi.mimics import Element
from hmi.ui.mimic.kit import Kit


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    label, shown = look
    baseline = element.y + 15
    indent = element.get("indent")
    name = kit.fitted("text.label", label, indent - 6)
    kit.text(painter, element.x, baseline, name, font="text.label", color="text.label")
    fitted = shown._replace(
        text=kit.fitted("text.word", shown.text, element.w - indent - (26 if shown.mark else 0))
    )
    kit.value(painter, element.x + indent, baseline, fitted, font="text.word", unit=False)

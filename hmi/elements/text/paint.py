"""Paints a line of text."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QPainter

from hmi.elements.text.definition import COLORS, FONTS
from hmi.mimics import Element
from hmi.ui.mimic.kit import Kit

_ALIGN = {"left": 0.0, "center": 0.5, "right": 1.0}


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    style = "word" if look[1] else element.get("style")
    font = FONTS.get(style, style)
    align = _ALIGN[element.get("align")]
    baseline = element.y + (element.h + kit.cap(font)) / 2
    shown = look[0]
    role = element.get("role")
    usual = COLORS.get(style, "text") if role == "usual" else role
    color = shown.role if shown.role != "value" else usual
    fitted = shown._replace(text=kit.fitted(font, shown.text, element.w), role=color)
    x = element.x + element.w * align
    if shown.mark and align == _ALIGN["center"]:
        kit.quality(painter, shown.mark, x, baseline + 12, stale=shown.mark == "stale")
        fitted = fitted._replace(mark="")
    kit.value(painter, x, baseline, fitted, font=font, align=align, unit=False)

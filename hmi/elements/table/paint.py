"""Paints a table of tags."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QPainter

from hmi.mimics import Element
from hmi.ui.mimic.kit import CENTER, Kit


def static(painter: QPainter, element: Element, kit: Kit) -> None:
    height = element.get("row_height")
    for n in range(len(element.get("rows"))):
        y = round(element.y + (n + 1) * height)
        kit.fill(painter, element.x, y, element.w, 1, "panel.edge")


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    height, first, pitch = element.get("row_height"), element.get("first"), element.get("pitch")
    for n, (label, cells) in enumerate(look):
        baseline = element.y + n * height + height / 2 + 6
        kit.text(painter, element.x, baseline, label, font="text.label", color="text.label")
        for column, shown in enumerate(cells):
            x = element.x + first + column * pitch
            kit.value(
                painter,
                x,
                baseline,
                shown,
                font="value.small",
                align=CENTER,
                unit=False,
                alarm_mark=False,
                corner=True,
            )

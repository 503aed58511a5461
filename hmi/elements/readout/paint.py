"""Paints a readout."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QPainter

from hmi.elements.readout.definition import SETPOINT, SETPOINT_FRAMED
from hmi.mimics import Element
from hmi.ui.mimic.kit import CENTER, LEFT, Kit

_FONT = {"small": "value.small", "normal": "value", "large": "value.large"}


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    label, shown, setpoint = look
    centered = element.get("align") == "center"
    align, x = (CENTER, element.x + element.w / 2) if centered else (LEFT, element.x)
    font = _FONT[element.get("size")]
    baseline = element.y + kit.cap(font) + 4
    if label:
        kit.text(painter, x, element.y + 10, label, font="text.label", color="text.label", align=align)
        baseline = element.y + 35 if font != "value.large" else element.y + 38
    kit.value(painter, x, baseline, shown, font=font, align=align, unit=not centered or not shown.alarm)
    if setpoint is not None:
        below = baseline + (SETPOINT_FRAMED if shown.frame or shown.alarm else SETPOINT)
        kit.text(painter, x, below, "SP", font="text.label", color="text.label")
        kit.value(painter, x + 22, below, setpoint._replace(frame=""), font="text.word", unit=False)

"""Paints a link."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter

from hmi.elements.link.definition import BESIDE
from hmi.mimics import Element
from hmi.ui.mimic.kit import Kit


def static(painter: QPainter, element: Element, kit: Kit) -> None:
    x, y, w, h = element.x, element.y, element.w, element.h
    if element.get("style") == "button":
        kit.box(painter, x, y, w, h, "button", "button.edge")
        text = kit.fitted("text.word", element.get("text"), w - BESIDE)
        kit.text(painter, x + 12, y + h / 2 + 5, text, font="text.word")
    right, middle = x + w - 14, y + h / 2
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(kit.theme.pen("text.secondary", 1.6))
    painter.drawPolyline(
        [QPointF(right - 4, middle - 5), QPointF(right + 1, middle), QPointF(right - 4, middle + 5)]
    )
    painter.restore()


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    alarm, count = look
    if alarm is None:
        return
    x, y = element.x + element.w - 58, element.y + element.h / 2
    kit.alarm(painter, alarm.priority, QPointF(x, y), unacked=alarm.unacked, size=18)
    kit.text(painter, x + 13, y + 5, str(count), font="text.word")

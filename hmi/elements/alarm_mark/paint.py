"""Paints an alarm mark."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from hmi.mimics import Element
from hmi.ui.mimic.kit import Kit


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    alarm = look[0]
    if alarm is None:
        return
    box = QRectF(element.x, element.y, element.w, element.h)
    kit.alarm(
        painter, alarm.priority, box.center(), unacked=alarm.unacked, size=min(box.width(), box.height())
    )

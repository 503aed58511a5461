"""Paints a media filter."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QPainter

from hmi.mimics import Element
from hmi.ui.mimic.kit import Kit

_DRAIN, _MEDIA = 0.17, 0.27


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    level, mark, alarm, unacked = look
    box = QRectF(element.x, element.y, element.w, element.h)
    if level is None:
        kit.dashed_box(painter, box.x(), box.y(), box.width(), box.height())
        kit.quality(painter, mark or "?", box.center().x(), box.center().y())
        return
    _contents(painter, box, level, kit)
    painter.setPen(kit.theme.pen("outline.body", 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(box)
    if mark:
        kit.quality(painter, mark, box.right() - 10, box.top() + 12)
    if alarm:
        kit.alarm(painter, alarm, QPointF(box.left() + 1, box.top() + 2), unacked=unacked)


def _contents(painter: QPainter, box: QRectF, level: float, kit: Kit) -> None:
    kit.fill(painter, box.x(), box.y(), box.width(), box.height(), "body")
    drain = round(box.bottom() - box.height() * _DRAIN)
    media = round(drain - box.height() * _MEDIA)
    surface = round(media - (media - box.top()) * level)
    kit.fill(painter, box.x(), surface, box.width(), box.bottom() - surface, "water")
    kit.fill(painter, box.x(), surface - 1, box.width(), 2, "water.edge")
    bed = QRectF(box.x(), media, box.width(), drain - media)
    painter.fillRect(bed, QBrush(kit.theme.color("media.dot"), Qt.BrushStyle.Dense5Pattern))
    kit.fill(painter, box.x(), drain, box.width(), box.bottom() - drain, "media")

"""Paints an alarm summary."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from hmi.core.quality import Mark
from hmi.mimics import NO_VALUE, AlarmCount, Element, Shown
from hmi.ui.mimic.kit import Kit
from hmi.ui.paint import draw_clock, draw_frame, mark_path
from hmi.ui.theme import Theme

_MARK, _TITLE, _ROW = 20.0, 20, 26.0

_WAITING = Shown(NO_VALUE, "", "text.secondary", Mark.WAITING.value, "dashed")


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    heard, counts = look
    top = element.y
    if title := element.get("title"):
        name = kit.fitted("text.label", title, element.w)
        kit.text(painter, element.x, top + 11, name, font="text.label", color="text.label")
        top += _TITLE
    if not counts:
        kit.value(painter, element.x + 8, top + 19, _WAITING, font="value.small")
        return
    upright = element.get("direction") == "vertical"
    pitch = element.w / max(len(counts), 1)
    for n, own in enumerate(counts):
        x = element.x if upright else element.x + n * pitch
        y = top + _ROW * n if upright else top
        _count(painter, QPointF(x + _MARK / 2 + 2, y + _ROW / 2), own, heard, kit)
    if not heard:
        height = _ROW * (len(counts) if upright else 1)
        box = QRectF(element.x - 3, top - 1, element.w + 2, height + 2)
        draw_frame(painter, kit.theme, "dotted", box)
        draw_clock(painter, kit.theme, QPointF(box.right() + 12, box.y() + 14))


def _count(painter: QPainter, center: QPointF, own: AlarmCount, heard: bool, kit: Kit) -> None:
    """Shape and number; a priority without alarms is an empty shape."""
    if own.count:
        kit.alarm(painter, own.priority, center, unacked=own.unacked, size=_MARK)
    else:
        box = QRectF(center.x() - _MARK / 2, center.y() - _MARK / 2, _MARK, _MARK)
        kit.symbol(painter, ("no alarm", own.priority), box, lambda p, t, b: _hollow(p, t, b, own.priority))
    color = "text.secondary" if not heard else "text" if own.count else "text.label"
    text = str(own.count) if own.count or heard else "–"  # none known is not none
    kit.text(painter, center.x() + _MARK / 2 + 6, center.y() + 5.5, text, font="value.small", color=color)


def _hollow(painter: QPainter, theme: Theme, box: QRectF, priority: int) -> None:
    painter.translate(box.center())
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(theme.pen("pipe.minor", 1.4))
    painter.drawPath(mark_path(priority, box.width() - 2))
    painter.resetTransform()

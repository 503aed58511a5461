"""Paints an analogue indicator, upright or lying."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from hmi.core.quality import Mark
from hmi.mimics import Element, Gauge, Shown
from hmi.ui.mimic.gauges import BODY, draw_beyond, draw_empty, draw_pointer, draw_scale, draw_setpoint
from hmi.ui.mimic.kit import CENTER, RIGHT, Kit
from hmi.ui.mimic.trimmings import FRAME, GAP
from hmi.ui.paint import draw_frame, mark_width

_HEAD, _FOOT = 36, 26


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    label, shown, own = look
    lying = element.get("direction") == "horizontal"
    place = _lying if lying else _upright
    body = place(painter, element, label, shown, kit)
    if own.position is None:
        draw_empty(painter, body, kit)
        if not label:
            kit.quality(painter, shown.mark, body.center().x(), body.center().y())
            _bare_alarm(painter, body, body.center().y(), shown, kit)
        return
    draw_scale(painter, body, own, kit, lying=lying)
    draw_setpoint(painter, body, own, kit, lying=lying)
    draw_pointer(painter, body, own.position, shown, kit, lying=lying)
    if not label:
        _bare_marks(painter, body, own, shown, kit, lying)
    if not label or shown.mark != Mark.OUT_OF_RANGE.value:
        draw_beyond(painter, body, own.beyond, kit, lying=lying)


def _upright(painter: QPainter, element: Element, label: str, shown: Shown, kit: Kit) -> QRectF:
    """Name and unit above, figures below; the room between is the scale."""
    middle = element.x + element.w / 2
    top, bottom = element.y, element.y + element.h
    if label:
        kit.text(painter, middle, top + 12, label, font="text.word", color="text", align=CENTER)
        kit.text(painter, middle, top + 27, shown.unit, font="text.small", color="text.label", align=CENTER)
        top, bottom = top + _HEAD, bottom - _FOOT
        kit.value(
            painter, middle, bottom + 22, shown, font="value.small", align=CENTER, unit=False, mark_left=True
        )
    return QRectF(round(middle - BODY / 2), round(top), BODY, round(bottom - top))


def _lying(painter: QPainter, element: Element, label: str, shown: Shown, kit: Kit) -> QRectF:
    """Name to the left and figures to the right above the scale."""
    top = element.y
    if label:
        right = element.x + element.w - _trimmings(shown, kit)
        room = right - kit.width("value.small", shown.text) - element.x - 2 * FRAME
        kit.text(painter, element.x, top + 13, kit.fitted("text.word", label, room), font="text.word")
        kit.value(painter, right, top + 13, shown, font="value.small", align=RIGHT)
        top += 31
    return QRectF(round(element.x), round(top), round(element.w), BODY)


def _trimmings(shown: Shown, kit: Kit) -> float:
    """What stands to the right of the figures."""
    unit = GAP + kit.width("unit", shown.unit) if shown.unit else 0.0
    frame = FRAME if shown.frame or shown.alarm else 0.0
    return unit + frame + mark_width(shown.mark) + (26.0 if shown.alarm else 0.0)


def _bare_marks(painter: QPainter, body: QRectF, own: Gauge, shown: Shown, kit: Kit, lying: bool) -> None:
    """A scale without figures carries its alarm and quality beside the body."""
    y = body.center().y()
    if not lying:
        y = body.bottom() - (own.position or 0.0) * body.height()
        y = min(max(y, body.top() + 11), body.bottom() - 11)
    if shown.frame:
        draw_frame(painter, kit.theme, shown.frame, body.adjusted(-4, -4, 4, 4))
    if shown.alarm:
        _bare_alarm(painter, body, y, shown, kit)
        y += 21 if y < body.center().y() else -21
    if shown.mark and not own.beyond:
        left = body.left() - (19 if shown.frame else 13)
        kit.quality(painter, shown.mark, left, y, stale=bool(shown.frame))


def _bare_alarm(painter: QPainter, body: QRectF, y: float, shown: Shown, kit: Kit) -> None:
    if shown.alarm:
        kit.alarm(painter, shown.alarm, QPointF(body.left() - 16, y), unacked=shown.unacked)

"""Paints a slider: actual value as a filled pointer, the chosen one as a hollow diamond."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from hmi.elements.slider.definition import GAP, STEP
from hmi.mimics import Element
from hmi.ui.mimic.controls import (
    draw_face,
    draw_head,
    draw_note,
    draw_target,
    face_color,
    middle_line,
    parts_of,
)
from hmi.ui.mimic.gauges import draw_empty, draw_pointer, draw_scale
from hmi.ui.mimic.kit import CENTER, RIGHT, Kit
from hmi.ui.paint import mark_width

_TRACK, _BUTTON = 10.0, 28.0


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    label, shown, own, target, control, note = look
    face, noted = parts_of(element.x, element.y, element.w, element.h, head=True)
    _head(painter, element, label, shown, kit)
    middle = face.center().y()
    for sign, x in (("−", face.x()), ("+", face.right() - STEP)):
        box = QRectF(x, middle - _BUTTON / 2, STEP, _BUTTON)
        draw_face(painter, box, control, kit)
        base = middle_line(box, kit, "title")
        kit.text(painter, box.center().x(), base, sign, font="title", color=face_color(control), align=CENTER)
    left = face.x() + STEP + GAP
    body = QRectF(left, middle - _TRACK / 2, face.right() - STEP - GAP - left, _TRACK)
    if own.position is None:
        draw_empty(painter, body, kit)
    else:
        draw_scale(painter, body, own, kit, lying=True)
        draw_pointer(painter, body, own.position, shown._replace(alarm=0), kit, lying=True)
    if target is not None:
        at = body.x() + target * body.width()
        kit.line(painter, at, body.y() - 3, at, body.bottom(), "setpoint", 1.6)
        draw_target(painter, QPointF(at, body.y() - 7), kit, 6.0)
    if noted:
        draw_note(painter, face.x(), face.bottom(), face.width(), note, kit)


def _head(painter: QPainter, element: Element, label: str, shown: Any, kit: Kit) -> None:
    """Name to the left, the actual figures with their marks to the right."""
    unit = kit.width("unit", shown.unit) + 5 if shown.unit else 0.0
    marks = (mark_width(shown.mark) if shown.mark else 0.0) + (26.0 if shown.alarm else 0.0)
    frame = 8.0 if shown.frame or shown.alarm else 0.0
    right = element.x + element.w - unit - marks - frame
    room = right - kit.width("value.small", shown.text) - element.x - 14
    draw_head(painter, element.x, element.y, room, label, kit)
    kit.value(painter, right, element.y + 14, shown, font="value.small", align=RIGHT)

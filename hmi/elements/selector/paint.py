"""Paints a selector."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from hmi.mimics import Element
from hmi.ui.mimic.controls import (
    draw_chevron,
    draw_face,
    draw_head,
    draw_note,
    draw_segment,
    draw_target,
    middle_line,
    parts_of,
)
from hmi.ui.mimic.kit import Kit
from hmi.ui.paint import mark_width

_INSET = 10.0


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    label, shown, texts, _, _, control, note = look
    face, noted = parts_of(element.x, element.y, element.w, element.h, head=bool(label))
    if label:
        draw_head(painter, element.x, element.y, element.w, label, kit)
    side_by_side = element.get("style") == "segments" and bool(texts)
    draw_face(painter, face, control, kit, fill="button" if side_by_side else "field")
    if side_by_side:
        _segments(painter, face, look, kit)
    else:
        base = middle_line(face, kit, "value.small")
        kit.value(painter, face.x() + _INSET, base, shown, font="value.small", unit=False)
        draw_chevron(painter, face.right() - 16, face.center().y(), control, kit)
    if noted:
        draw_note(painter, face.x(), face.bottom(), face.width(), note, kit)


def _segments(painter: QPainter, face: QRectF, look: tuple[Any, ...], kit: Kit) -> None:
    """The state that holds is pressed in; a value that is in doubt or none of them is told above."""
    _, shown, texts, held, asked, control, _ = look
    width = face.width() / len(texts)
    for number, text in enumerate(texts):
        box = QRectF(face.x() + number * width, face.y(), width, face.height())
        draw_segment(painter, box, text, kit, held=number == held, blocked=bool(control.blocked))
        if number and number not in (held, held + 1):
            kit.line(painter, box.x(), box.y() + 8, box.x(), box.bottom() - 8, "panel.edge")
        if number == asked:
            draw_target(painter, QPointF(box.center().x(), box.bottom() - 5), kit, 3.5)
    if held >= 0 and shown.alarm:
        kit.alarm(
            painter, shown.alarm, QPointF(face.right() - 10, face.y() - 10), unacked=shown.unacked, size=18
        )
    if held >= 0 and not shown.mark:
        return
    at = face.right() - kit.width("value.small", shown.text) - mark_width(shown.mark) - 14
    if held >= 0:
        kit.quality(
            painter,
            shown.mark,
            face.right() - (24 if shown.alarm else 2),
            face.y() - 9,
            stale=shown.mark == "stale",
        )
    else:
        kit.value(painter, at, face.y() - 5, shown, font="value.small", unit=False)

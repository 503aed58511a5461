"""Paints a button."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QPainter

from hmi.elements.button.definition import INSET, SWITCH
from hmi.mimics import Element
from hmi.ui.mimic.controls import draw_face, draw_note, draw_switch, face_color, middle_line, parts_of
from hmi.ui.mimic.kit import CENTER, RIGHT, Kit
from hmi.ui.paint import mark_width


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    text, shown, _, control, note = look
    face, noted = parts_of(element.x, element.y, element.w, element.h, head=False)
    draw_face(painter, face, control, kit)
    if element.get("action") == "toggle":
        _toggle(painter, face, look, kit)
    else:
        room = face.width() - 2 * INSET - (mark_width(shown.mark) + 6 if shown.mark else 0.0)
        fitted = kit.fitted("text.word", text, room)
        base = middle_line(face, kit, "text.word")
        kit.text(
            painter,
            face.center().x(),
            base,
            fitted,
            font="text.word",
            color=face_color(control),
            align=CENTER,
        )
        if shown.mark:
            kit.quality(
                painter, shown.mark, face.right() - 14, face.center().y(), stale=shown.mark == "stale"
            )
    if noted:
        draw_note(painter, face.x(), face.bottom(), face.width(), note, kit)


def _toggle(painter: QPainter, face: Any, look: tuple[Any, ...], kit: Kit) -> None:
    """Name to the left, the state that holds in words and as a knob to the right."""
    text, shown, truth, control, _ = look
    right = face.right() - INSET
    base = middle_line(face, kit, "text.word")
    draw_switch(painter, right, face.center().y(), truth, kit)
    right -= SWITCH + (mark_width(shown.mark) + 8 if shown.mark else 0.0)
    kit.value(painter, right, base, shown, font="value.small", align=RIGHT, unit=False)
    room = right - kit.width("value.small", shown.text) - 14 - face.x() - INSET
    fitted = kit.fitted("text.word", text, room)
    kit.text(painter, face.x() + INSET, base, fitted, font="text.word", color=face_color(control))

"""Paints an entry field while it is closed; the open one is a widget beside it."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QPainter

from hmi.core.texts import tr
from hmi.mimics import Element
from hmi.ui.mimic.controls import draw_face, draw_head, draw_note, face_color, middle_line, parts_of
from hmi.ui.mimic.kit import CENTER, Kit

_INSET, _SET = 10.0, 46.0


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    label, shown, control, note = look
    face, noted = parts_of(element.x, element.y, element.w, element.h, head=bool(label))
    if label:
        draw_head(painter, element.x, element.y, element.w, label, kit)
    draw_face(painter, face, control, kit, fill="field")
    edge = face.right() - _SET
    kit.line(
        painter,
        edge,
        face.y() + 6,
        edge,
        face.bottom() - 6,
        "panel.edge" if control.blocked else "button.edge",
    )
    base = middle_line(face, kit, "text.word")
    word = kit.fitted("text.word", tr("Set"), _SET - 8)
    kit.text(painter, edge + _SET / 2, base, word, font="text.word", color=face_color(control), align=CENTER)
    kit.value(painter, face.x() + _INSET, middle_line(face, kit, "value.small"), shown, font="value.small")
    if noted:
        draw_note(painter, face.x(), face.bottom(), face.width(), note, kit)

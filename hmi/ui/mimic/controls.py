"""Faces that every control paints the same way: box, pressed-in state, name above, note below.

A control that may not act keeps its shape, turns flat and says why below.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPolygonF

from hmi.mimics import Control, Note, control_face
from hmi.ui.mimic.kit import CENTER, Kit
from hmi.ui.theme import Theme

_RADIUS: Final = 4.0


def parts_of(x: float, y: float, w: float, h: float, *, head: bool) -> tuple[QRectF, bool]:
    """The face of a control inside its element, and whether there is room for a note below it."""
    top, bottom, noted = control_face(h, head=head)
    return QRectF(x, y + top, w, bottom - top), noted


def draw_head(painter: QPainter, x: float, y: float, w: float, label: str, kit: Kit) -> None:
    kit.text(painter, x, y + 12, kit.fitted("text.label", label, w), font="text.label", color="text.label")


def draw_face(
    painter: QPainter,
    box: QRectF,
    control: Control,
    kit: Kit,
    *,
    fill: str = "button",
    edge: str = "button.edge",
) -> None:
    """A rounded box; flat and pale while the control may not act."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    blocked = bool(control.blocked)
    painter.setBrush(kit.theme.brush("panel.alternate" if blocked else fill))
    painter.setPen(kit.theme.pen("panel.edge" if blocked else edge, 1.2))
    painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS)
    painter.restore()


def face_color(control: Control) -> str:
    """Of the words on a face."""
    return "text.label" if control.blocked else "text"


def middle_line(box: QRectF, kit: Kit, font: str) -> float:
    """The baseline of a line in the middle of a face."""
    return box.center().y() + kit.cap(font) / 2


def draw_note(painter: QPainter, x: float, top: float, w: float, note: Note, kit: Kit) -> None:
    """The line below a face, with its sign."""
    if not note.text:
        return
    font = "text.small.strong" if note.strong else "text.small"
    color = "text" if note.strong else "text.label"
    middle = top + 9.0
    left = x
    if note.sign == "lock":
        _lock(painter, left, middle, kit)
        left += 14
    elif note.sign == "diamond":
        draw_target(painter, QPointF(left + 5, middle), kit)
        left += 15
    elif note.sign:
        left += kit.text(painter, left, middle + 4.5, note.sign, font=font, color=color) + 5
    kit.text(painter, left, middle + 4.5, kit.fitted(font, note.text, x + w - left), font=font, color=color)


def draw_target(painter: QPainter, at: QPointF, kit: Kit, size: float = 4.5) -> None:
    """The hollow diamond of a value that is asked for or under way: never the mark of an actual value."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(kit.theme.pen("setpoint", 1.6))
    painter.setBrush(kit.theme.brush("panel"))
    x, y = at.x(), at.y()
    painter.drawPolygon(
        QPolygonF([QPointF(x - size, y), QPointF(x, y - size), QPointF(x + size, y), QPointF(x, y + size)])
    )
    painter.restore()


def draw_segment(painter: QPainter, box: QRectF, text: str, kit: Kit, *, held: bool, blocked: bool) -> None:
    """One of several states side by side; the one that holds is pressed in and strong."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    inner = box.adjusted(3, 3, -3, -3)
    if held:
        painter.setBrush(kit.theme.brush("panel.alternate" if blocked else "selection"))
        painter.setPen(kit.theme.pen("outline.body", 1.2))
        painter.drawRoundedRect(inner.adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS - 1, _RADIUS - 1)
    painter.restore()
    font = "text.word" if held else "text.label"
    color = "text" if held else "text.label" if blocked else "text.secondary"
    shown = kit.fitted(font, text, inner.width() - 6)
    kit.text(
        painter,
        inner.center().x(),
        middle_line(inner, kit, font),
        shown,
        font=font,
        color=color,
        align=CENTER,
    )


def draw_switch(painter: QPainter, right: float, middle: float, on: bool | None, kit: Kit) -> None:
    """The state of a toggle as a sliding knob: right and light is on; unknown has no knob and a dashed edge."""
    box = QRectF(right - 30, middle - 8, 30, 16)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if on is None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(kit.theme.pen("text.secondary", 1.2, dashed=True))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 7.5, 7.5)
    else:
        painter.setBrush(kit.theme.brush("outline.body" if on else "fill.mark"))
        painter.setPen(kit.theme.pen("outline.body", 1.2))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 7.5, 7.5)
        painter.setBrush(kit.theme.brush("panel" if on else "fill.off"))
        painter.setPen(kit.theme.pen("outline.body", 1.0))
        painter.drawEllipse(QPointF(box.right() - 8 if on else box.left() + 8, middle), 5.0, 5.0)
    painter.restore()


def draw_chevron(painter: QPainter, x: float, y: float, control: Control, kit: Kit) -> None:
    """A list opens here."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(kit.theme.pen("panel.edge" if control.blocked else "text.secondary", 1.8))
    painter.drawPolyline([QPointF(x - 5, y - 2.5), QPointF(x, y + 2.5), QPointF(x + 5, y - 2.5)])
    painter.restore()


def _lock(painter: QPainter, x: float, middle: float, kit: Kit) -> None:
    kit.symbol(painter, ("control lock",), QRectF(x, middle - 6, 10, 12), _draw_lock)


def _draw_lock(painter: QPainter, theme: Theme, box: QRectF) -> None:
    body = QRectF(box.x() + 0.5, box.y() + 5, 9, 6.5)
    painter.setPen(theme.pen("text.label", 1.4))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    shackle = QPainterPath(QPointF(body.x() + 2, body.y()))
    shackle.lineTo(body.x() + 2, body.y() - 1.5)
    shackle.arcTo(QRectF(body.x() + 2, body.y() - 4.5, 5, 6), 180, -180)
    shackle.lineTo(body.x() + 7, body.y())
    painter.drawPath(shackle)
    painter.fillRect(body, theme.color("text.label"))

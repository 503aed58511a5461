"""Paints a valve."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPainterPath

from hmi.mimics import Element, Equipment
from hmi.ui.mimic.kit import CENTER, LEFT, RIGHT, Kit
from hmi.ui.mimic.symbols import fill_shape, outline, polygon
from hmi.ui.theme import Theme

_PLAIN = frozenset(("OPEN", "CLSD"))


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    label, state = look
    box = QRectF(element.x, element.y, element.w, element.h)
    kind, direction = element.get("kind"), element.get("direction")

    def draw(inner: QPainter, theme: Theme, place: QRectF) -> None:
        if kind == "control":
            _actuator(inner, theme, place, direction)
        fill_shape(inner, theme, _bow(place, direction), state.fill, width=1.5)

    kit.symbol(painter, ("valve", kind, direction, state.fill), box.adjusted(-14, -14, 14, 14), draw)
    if label or (state.word not in _PLAIN and state.fill != "none") or element.get("show_state") == "always":
        _texts(painter, element, box, label, state, kit)
    if state.alarm:
        kit.alarm(painter, state.alarm, QPointF(box.left() - 12, box.top() - 6), unacked=state.unacked)
    if state.mark or state.stale:
        x = box.left() - 12 if label and element.get("label_side") == "right" else box.right() + 9
        kit.quality(painter, state.mark, x, box.top() - 4, stale=state.stale)
    else:
        badges = tuple(b for b in state.badges if b[1])
        free = box.left() - 6 - 17 * (len(badges) - 1)
        x = free if label and element.get("label_side") == "right" else box.right() + 6
        kit.badges(painter, x, box.top() - 6, badges)


def _bow(place: QRectF, direction: str) -> QPainterPath:
    """Two triangles tip to tip, inside the place less its 14 px border."""
    box = place.adjusted(15, 15, -15, -15)
    c = box.center()
    slim = box.height() * 0.1
    if direction == "horizontal":
        top, bottom = box.top() + slim, box.bottom() - slim
        path = polygon((box.left(), top), (c.x(), c.y()), (box.left(), bottom))
        path.addPath(polygon((box.right(), top), (c.x(), c.y()), (box.right(), bottom)))
        return path
    left, right = box.left() + slim, box.right() - slim
    path = polygon((left, box.top()), (c.x(), c.y()), (right, box.top()))
    path.addPath(polygon((left, box.bottom()), (c.x(), c.y()), (right, box.bottom())))
    return path


def _actuator(painter: QPainter, theme: Theme, place: QRectF, direction: str) -> None:
    """Stem and dome of a diaphragm actuator, on the side away from the pipe."""
    c = place.center()
    painter.setPen(outline(theme, 1.5))
    painter.setBrush(theme.brush("panel"))
    dome = QPainterPath()
    if direction == "horizontal":
        painter.drawLine(c, QPointF(c.x(), c.y() - 14))
        dome.moveTo(c.x() - 9, c.y() - 14)
        dome.arcTo(QRectF(c.x() - 9, c.y() - 23, 18, 18), 180, -180)
    else:
        painter.drawLine(c, QPointF(c.x() + 14, c.y()))
        dome.moveTo(c.x() + 14, c.y() - 9)
        dome.arcTo(QRectF(c.x() + 5, c.y() - 9, 18, 18), 90, -180)
    dome.closeSubpath()
    painter.drawPath(dome)


def _texts(painter: QPainter, element: Element, box: QRectF, label: str, state: Equipment, kit: Kit) -> None:
    side = element.get("label_side")
    control = element.get("kind") == "control"
    gap = 28 if control and side == "right" and element.get("direction") == "vertical" else 12
    x, align = {
        "left": (box.left() - 12, RIGHT),
        "right": (box.right() + gap, LEFT),
        "below": (box.center().x(), CENTER),
    }[side]
    y = box.bottom() + 15 if side == "below" else box.center().y() + (-3 if label else 5)
    if label:
        kit.text(painter, x, y, label, font="text.word", color="text", align=align)
        y += 17
    figured = state.figure and (control or state.fill == "half")
    word = f"{state.word} {state.figure}" if figured else state.word
    plain = not control or state.stale or state.fill == "none"
    kit.text(
        painter,
        x,
        y,
        word.strip(),
        font="text.word",
        color="text.secondary" if plain else "value",
        align=align,
    )

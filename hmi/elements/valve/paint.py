"""Paints a valve."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPainterPath

from hmi.mimics import Element, Equipment
from hmi.ui.mimic import symbols
from hmi.ui.mimic.drives import draw_state_marks, draw_state_word
from hmi.ui.mimic.kit import CENTER, LEFT, RIGHT, Kit
from hmi.ui.theme import Theme

_ROOM: Final = 14.0  # around the body, for an actuator

_DRIVEN: Final = frozenset(("control", "hand"))


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    label, state = look
    body = QRectF(element.x, element.y, element.w, element.h)
    kind, direction, reverse = element.get("kind"), element.get("direction"), element.get("reverse")

    def draw(inner: QPainter, theme: Theme, place: QRectF) -> None:
        _symbol(
            inner, theme, place.adjusted(_ROOM, _ROOM, -_ROOM, -_ROOM), (kind, direction, reverse), state.fill
        )

    key = ("valve", kind, direction, reverse, state.fill)
    kit.symbol(painter, key, body.adjusted(-_ROOM, -_ROOM, _ROOM, _ROOM), draw)
    always = element.get("show_state") == "always"
    if label or always or not state.usual:
        _texts(painter, element, body, label, state, kit)
    beside = bool(label) and element.get("label_side") == "right"
    draw_state_marks(painter, kit, _whole(body, kind, direction), state, all_badges=always, left=beside)


def _whole(body: QRectF, kind: str, direction: str) -> QRectF:
    """The body with its actuator: marks stand clear of both."""
    if kind not in _DRIVEN:
        return body.adjusted(-3, -3, 3, 0)
    return body.adjusted(-5, -12, 5, 0) if direction == "horizontal" else body.adjusted(-3, -3, 20, 3)


def _symbol(painter: QPainter, theme: Theme, box: QRectF, shape: tuple[str, str, bool], fill: str) -> None:
    kind, direction, reverse = shape
    c = box.center()
    if kind == "check":
        turn = (0 if direction == "horizontal" else 90) + (180 if reverse else 0)
        symbols.check_valve(painter, theme, box, turn, fill)
        return
    if kind == "control":
        symbols.diaphragm(painter, theme, c, direction)
    elif kind == "hand":
        symbols.hand_wheel(painter, theme, c, direction)
    symbols.fill_shape(painter, theme, _body(box.adjusted(1, 1, -1, -1), kind, direction), fill, width=1.5)


def _body(box: QRectF, kind: str, direction: str) -> QPainterPath:
    path = symbols.bow(box, direction)
    if kind == "three_way":
        path.addPath(symbols.third_way(box, direction))
    return path


def _texts(painter: QPainter, element: Element, body: QRectF, label: str, state: Equipment, kit: Kit) -> None:
    side, kind = element.get("label_side"), element.get("kind")
    driven = kind in _DRIVEN and element.get("direction") == "vertical"
    gap = 28 if driven and side == "right" else 12
    x, align = {
        "left": (body.left() - 12, RIGHT),
        "right": (body.right() + gap, LEFT),
        "below": (body.center().x(), CENTER),
    }[side]
    two = label and (state.word or state.figure)
    y = body.bottom() + 15 if side == "below" else body.center().y() + (-3 if two else 5)
    if label:
        kit.text(painter, x, y, label, font="text.word", color="text", align=align)
        y += 17
    if kind != "control" and state.fill != "half":
        state = state._replace(figure="")
    elif kind == "control" and state.usual and state.figure:
        state = state._replace(word="")  # its position says it all
    draw_state_word(painter, kit, x, y, state, align=align)

"""Paints a status lamp."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPainterPath

from hmi.elements.lamp.definition import LABEL_SHARE
from hmi.mimics import Element
from hmi.ui.mimic.kit import Kit
from hmi.ui.mimic.symbols import circle, fill_shape, polygon
from hmi.ui.theme import Theme

_SIZE, _GAP = 18.0, 10.0


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    label, fill, shown = look
    middle = element.y + element.h / 2
    shape = element.get("shape")
    box = QRectF(round(element.x), round(middle - _SIZE / 2), _SIZE, _SIZE)
    kit.symbol(painter, ("lamp", shape, fill), box, lambda p, t, b: _draw(p, t, b, shape, fill))
    x, baseline = element.x + _SIZE + _GAP, middle + 5
    if label:
        name = kit.fitted("text.label", label, element.w * LABEL_SHARE)
        x += kit.text(painter, x, baseline, name, font="text.label", color="text.label") + _GAP
    room = max(element.x + element.w - x, 60.0)
    word = shown._replace(text=kit.fitted("text.word", shown.text, room))
    kit.value(painter, x, baseline, word, font="text.word", unit=False)


def _draw(painter: QPainter, theme: Theme, box: QRectF, shape: str, fill: str) -> None:
    path = _path(shape, box)
    if fill == "open":
        painter.fillPath(path, theme.brush("panel"))
        painter.strokePath(path, theme.pen("outline", 1.6))
        return
    fill_shape(painter, theme, path, fill)


def _path(shape: str, box: QRectF) -> QPainterPath:
    middle = box.center()
    if shape == "circle":
        return circle(box)
    if shape == "diamond":
        return polygon(
            (middle.x(), box.top()),
            (box.right(), middle.y()),
            (middle.x(), box.bottom()),
            (box.left(), middle.y()),
        )
    inner = box.adjusted(1, 1, -1, -1)
    return polygon(
        (inner.left(), inner.top()), (inner.right(), inner.top()),
        (inner.right(), inner.bottom()), (inner.left(), inner.bottom()),
    )  # fmt: skip

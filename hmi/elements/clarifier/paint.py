"""Paints a clarifier."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPainterPath

from hmi.mimics import Element, Equipment, Shown
from hmi.ui.mimic import symbols
from hmi.ui.mimic.drives import draw_state_marks, draw_state_word
from hmi.ui.mimic.kit import CENTER, LEFT, RIGHT, Kit
from hmi.ui.mimic.vessels import draw_sediment, draw_unknown_vessel, draw_water
from hmi.ui.theme import Theme

_HEAD: Final = 28.0  # diameter of the drive
_BRIDGE: Final = 3.0
_ABOVE: Final = 10.0  # from bridge to rim
_WIDE: Final = 220.0  # from which on the figures have their usual size
_SHOULDER, _HOPPER = 0.5, 0.13  # height of the side wall, width of the hopper


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    label, state, level, share, blanket, sludge = look
    box = _box(element)
    body = _body(box)
    if share is None:
        draw_unknown_vessel(painter, kit, body)
    else:
        draw_water(painter, kit, box, share, body=body)
        if sludge is not None:
            draw_sediment(painter, kit, box, min(sludge, share), body)
    _launders(painter, box, share, kit)
    if state is not None:
        _rake(painter, box, kit)
    if share is not None:
        _walls(painter, box, kit)
    if state is not None:
        _drive(painter, box, state, kit)
    _figures(painter, box, level, blanket, kit)
    _label(painter, box, label, kit)


def _label(painter: QPainter, box: QRectF, label: str, kit: Kit) -> None:
    """The name beside the hopper, clear of the sludge line below it; lower where the cone is flat."""
    gap = 12.0
    x = box.center().x() - box.width() * _HOPPER / 2 - gap
    slope = box.height() * (1 - _SHOULDER) / max(box.width() * (1 - _HOPPER) / 2, 1.0)
    y = box.bottom() + max(4.0, 14.0 - gap * slope)
    kit.text(painter, x, y, label, font="text.word", color="text", align=RIGHT)


def _box(element: Element) -> QRectF:
    """The body below the bridge and its drive."""
    top = _HEAD + _BRIDGE + _ABOVE if element.get("rake") else 0.0
    return QRectF(element.x, element.y + top, element.w, max(element.h - top, 8.0))


def _ring(box: QRectF) -> list[QPointF]:
    shoulder, half = box.top() + box.height() * _SHOULDER, box.width() * _HOPPER / 2
    middle = box.center().x()
    return [
        box.topLeft(),
        QPointF(box.left(), shoulder),
        QPointF(middle - half, box.bottom()),
        QPointF(middle + half, box.bottom()),
        QPointF(box.right(), shoulder),
        box.topRight(),
    ]


def _body(box: QRectF) -> QPainterPath:
    return symbols.polygon(*((point.x(), point.y()) for point in _ring(box)))


def _walls(painter: QPainter, box: QRectF, kit: Kit) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(kit.theme.pen("outline.body", 2))
    painter.drawPolyline(_ring(box))
    painter.restore()


def _launders(painter: QPainter, box: QRectF, share: float | None, kit: Kit) -> None:
    """The troughs that take the clear water at both walls."""
    top = round(box.bottom() - (share if share is not None else 0.86) * box.height())
    for wall, lip in ((box.left() + 1, box.left() + 13), (box.right() - 15, box.right() - 15)):
        kit.fill(painter, wall, top + 9, 14, 2, "outline.body")
        kit.fill(painter, lip, top - 2, 2, 13, "outline.body")


def _rake(painter: QPainter, box: QRectF, kit: Kit) -> None:
    """Bridge, feed well, shaft and the two arms along the cone."""
    x, deck = box.center().x(), box.top() - _ABOVE - _BRIDGE
    well, depth = box.width() * 0.075, box.height() * 0.36
    kit.fill(painter, box.left() - 6, deck, box.width() + 12, _BRIDGE, "outline.body")
    for post in (box.left() - 1, box.right() - 1):
        kit.fill(painter, post, deck, 2, _ABOVE + _BRIDGE, "outline.body")
    for wall in (x - well, x + well - 2):
        kit.fill(painter, wall, box.top() + 4, 2, depth, "outline.body")
    kit.fill(painter, x - 1, deck, 2, box.bottom() - 12 - deck, "outline.body")
    _arms(painter, box, kit)


def _arms(painter: QPainter, box: QRectF, kit: Kit) -> None:
    foot = QPointF(box.center().x(), box.bottom() - 14)
    rise, run = box.height() * (1 - _SHOULDER), box.width() * (1 - _HOPPER) / 2
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(kit.theme.pen("outline.body", 2))
    for side in (-1, 1):
        end = QPointF(foot.x() + side * run * 0.8, foot.y() - rise * 0.8)
        painter.drawLine(foot, end)
        for n in (0.34, 0.56, 0.78, 1.0):
            at = foot + (end - foot) * n
            painter.drawLine(at, QPointF(at.x(), at.y() + 6))
    painter.restore()


def _drive(painter: QPainter, box: QRectF, state: Equipment, kit: Kit) -> None:
    head = QRectF(box.center().x() - _HEAD / 2, box.top() - _ABOVE - _BRIDGE - _HEAD, _HEAD, _HEAD)

    def draw(inner: QPainter, theme: Theme, place: QRectF) -> None:
        symbols.motor(inner, theme, place, state.fill)

    kit.symbol(painter, ("motor", state.fill), head, draw)
    draw_state_word(painter, kit, head.right() + 9, head.bottom() - 3, state, align=LEFT)
    draw_state_marks(painter, kit, head, state)


def _figures(painter: QPainter, box: QRectF, level: Shown | None, blanket: Shown | None, kit: Kit) -> None:
    """Level left of the shaft and blanket right of it, both in the clear water."""
    y = round(box.top() + box.height() * 0.42)
    font = "value" if box.width() >= _WIDE else "value.small"
    for shown, at in ((level, 0.25), (blanket, 0.75)):
        if shown is not None:
            unit = kit.width("unit", shown.unit) + 5 if shown.unit else 0.0
            x = box.left() + box.width() * at - unit / 2
            kit.value(painter, x, y, shown, font=font, align=CENTER, unit_color="text.secondary", corner=True)

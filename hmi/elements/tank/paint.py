"""Paints a tank."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen

from hmi.mimics import Element, Shown
from hmi.ui.mimic.kit import CENTER, Kit
from hmi.ui.mimic.symbols import polygon
from hmi.ui.mimic.vessels import draw_limits, draw_sediment, draw_unknown_vessel, draw_water

_WALL = 2.0
_FRAME = 6.0  # room of a frame around figures, on each side


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    label, shown, second, level, blanket, limits = look
    box = QRectF(element.x, element.y, element.w, element.h)
    shape = element.get("shape")
    body = _body(shape, box)
    painter.save()
    if level is None:
        draw_unknown_vessel(painter, kit, body)
    else:
        draw_water(painter, kit, box, level, body=body if shape == "clarifier" else None)
        if blanket is not None and shape == "clarifier":
            draw_sediment(painter, kit, box, blanket, body)
        _walls(painter, shape, box, kit)
        draw_limits(painter, kit, box, limits)
    _baffles(painter, element, box, kit)
    painter.restore()
    if label:
        kit.text(painter, box.x() + 13, box.y() + 20, label, font="text.word", color="text")
    _figures(painter, element, box, shown, second, kit)


def _ring(shape: str, box: QRectF) -> list[QPointF]:
    """Corners from the upper left, down and round to the upper right."""
    if shape != "clarifier":
        return [box.topLeft(), box.bottomLeft(), box.bottomRight(), box.topRight()]
    shoulder = box.top() + box.height() * 0.62
    return [
        box.topLeft(),
        QPointF(box.left(), shoulder),
        QPointF(box.left() + box.width() * 0.4, box.bottom()),
        QPointF(box.left() + box.width() * 0.6, box.bottom()),
        QPointF(box.right(), shoulder),
        box.topRight(),
    ]


def _body(shape: str, box: QRectF) -> QPainterPath:
    return polygon(*((point.x(), point.y()) for point in _ring(shape, box)))


def _walls(painter: QPainter, shape: str, box: QRectF, kit: Kit) -> None:
    pen = kit.theme.pen("outline.body", _WALL)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if shape in {"closed", "clearwell"}:
        painter.drawRect(box)
    elif shape == "elevated":
        painter.drawRect(box)
        _roof(painter, box, kit, pen)
    else:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, shape == "clarifier")
        painter.drawPolyline(_ring(shape, box))


def _roof(painter: QPainter, box: QRectF, kit: Kit, pen: QPen) -> None:
    dome = QPainterPath(box.topLeft() + QPointF(-1, 0))
    dome.quadTo(QPointF(box.center().x(), box.top() - 26), box.topRight() + QPointF(1, 0))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillPath(dome, kit.theme.brush("body"))
    painter.setPen(pen)
    painter.drawPath(dome)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _baffles(painter: QPainter, element: Element, box: QRectF, kit: Kit) -> None:
    count = element.get("baffles")
    for n in range(count):
        x = round(box.left() + box.width() * (n + 1) / (count + 1))
        kit.fill(painter, x, box.bottom() - box.height() * 0.34, 2, box.height() * 0.34, "outline.body")


def _figures(
    painter: QPainter, element: Element, box: QRectF, shown: Shown, second: Shown | None, kit: Kit
) -> None:
    baseline = min(round(box.y() + box.height() * element.get("text_at")), box.bottom() - 12)
    if second is None and _block(shown, kit) > box.width() - 12:
        x, font = box.center().x(), "value.small"
        kit.value(
            painter,
            x,
            baseline,
            shown._replace(text=shown.text + (" %" if shown.unit == "%" else "")),
            font=font,
            align=CENTER,
            unit=False,
            corner=True,
        )
        return
    width = _block(shown, kit) + (_block(second, kit) + 16 if second else 0)
    x = box.center().x() - width / 2
    _value(painter, x, baseline, shown, kit, mark_left=bool(shown.alarm))
    if second is not None:
        _value(painter, x + _block(shown, kit) + 16, baseline, second, kit)


def _value(
    painter: QPainter, left: float, baseline: float, shown: Shown, kit: Kit, *, mark_left: bool = False
) -> None:
    """A value with its unit, frame included, from ``left`` to the right."""
    x = left + (_FRAME if shown.frame or shown.alarm else 0.0)
    kit.value(painter, x, baseline, shown, mark_left=mark_left, unit_color="text.secondary", corner=True)


def _block(shown: Shown | None, kit: Kit) -> float:
    if shown is None:
        return 0.0
    unit = kit.width("unit", shown.unit) + 5 if shown.unit else 0.0
    marks = 2 * _FRAME if shown.frame or shown.alarm else 0.0
    return kit.width("value", shown.text) + unit + marks

"""Paints an analogue indicator."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPolygonF

from hmi.mimics import Element, Shown
from hmi.ui.mimic.kit import CENTER, Kit
from hmi.ui.paint import draw_broken

_BODY = 16.0


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    label, shown, position, band, limits, setpoint, beyond = look
    middle = element.x + element.w / 2
    top, bottom = element.y, element.y + element.h
    if label:
        kit.text(painter, middle, top + 12, label, font="text.word", color="text", align=CENTER)
        kit.text(painter, middle, top + 27, shown.unit, font="text.small", color="text.label", align=CENTER)
        top, bottom = top + 36, bottom - 26
        kit.value(
            painter, middle, bottom + 22, shown, font="value.small", align=CENTER, unit=False, mark_left=True
        )
    body = QRectF(round(middle - _BODY / 2), round(top), _BODY, round(bottom - top))
    if position is None:
        kit.dashed_box(painter, body.x(), body.y(), body.width(), body.height())
        if not label:
            kit.quality(painter, shown.mark, body.center().x(), body.center().y())
        return
    _body(painter, body, band, limits, kit)
    if setpoint is not None:
        _setpoint(painter, body, setpoint, kit)
    _pointer(painter, body, position, shown, kit)
    if not label:
        _bare_marks(painter, body, position, shown, kit)
    if beyond:
        draw_broken(
            painter,
            kit.theme,
            QPointF(body.right() + 12, body.top() - 2 if position > 0.5 else body.bottom()),
        )


def _body(painter: QPainter, body: QRectF, band: Any, limits: Any, kit: Kit) -> None:
    kit.box(painter, body.x(), body.y(), body.width(), body.height(), "fill.mark", "pipe.minor")
    inner = body.adjusted(1, 1, -1, -1)
    if band is not None and None not in band:
        y1, y2 = _y(inner, band[1]), _y(inner, band[0])
        kit.fill(painter, inner.x(), y1, inner.width(), y2 - y1, "band.bar")
    for limit, _ in limits:
        if limit is not None:
            kit.fill(
                painter, body.x() - 2, round(_y(inner, limit)) - 1, body.width() + 4, 2, "text.secondary"
            )


def _y(body: QRectF, share: float) -> float:
    return body.bottom() - share * body.height()


def _pointer(painter: QPainter, body: QRectF, position: float, shown: Shown, kit: Kit) -> None:
    y = _y(body, position)
    tip = body.x() + 3
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if shown.alarm:
        painter.setBrush(kit.theme.brush(f"alarm.p{shown.alarm}"))
        painter.setPen(kit.theme.pen("outline", 1.4))
    else:
        painter.setBrush(kit.theme.brush(shown.role))
        painter.setPen(Qt.PenStyle.NoPen)
    painter.drawPolygon(QPolygonF([QPointF(tip, y), QPointF(tip + 22, y - 6.5), QPointF(tip + 22, y + 6.5)]))
    painter.restore()


def _setpoint(painter: QPainter, body: QRectF, position: float, kit: Kit) -> None:
    y, x = _y(body, position), body.x() - 8
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(kit.theme.pen("setpoint", 1.5))
    painter.setBrush(kit.theme.brush("panel"))
    painter.drawPolygon(
        QPolygonF([QPointF(x - 5, y), QPointF(x, y - 5), QPointF(x + 5, y), QPointF(x, y + 5)])
    )
    painter.restore()


def _bare_marks(painter: QPainter, body: QRectF, position: float, shown: Shown, kit: Kit) -> None:
    """A scale without figures carries its alarm and quality beside the body."""
    y = min(max(_y(body, position), body.top() + 11), body.bottom() - 11)
    if shown.alarm:
        kit.alarm(painter, shown.alarm, QPointF(body.x() - 15, y), unacked=shown.unacked)
    elif shown.mark:
        kit.quality(painter, shown.mark, body.x() - 13, y)

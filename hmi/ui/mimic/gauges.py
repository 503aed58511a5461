"""Scales that every indicator paints the same way: body with normal band and limits, pointer, set point diamond.

A scale lies on its ``body``: upright with 0 at the foot, or lying with 0 at the left.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from hmi.mimics import Gauge, Shown
from hmi.ui.mimic.kit import Kit
from hmi.ui.paint import draw_broken

BODY = 16.0
_TIP, _HALF = 22.0, 6.5


def draw_scale(painter: QPainter, body: QRectF, own: Gauge, kit: Kit, *, lying: bool = False) -> None:
    """Body, normal band and alarm limits in effect; nothing of a value."""
    kit.box(painter, body.x(), body.y(), body.width(), body.height(), "fill.mark", "pipe.minor")
    inner = body.adjusted(1, 1, -1, -1)
    if own.band is not None:
        one, two = _along(inner, own.band[0], lying), _along(inner, own.band[1], lying)
        if lying:
            kit.fill(painter, one, inner.y(), two - one, inner.height(), "band.bar")
        else:
            kit.fill(painter, inner.x(), two, inner.width(), one - two, "band.bar")
    for share, _ in own.limits:
        at = round(_along(inner, share, lying)) - 1
        if lying:
            kit.fill(painter, at, body.y() - 2, 2, body.height() + 4, "text.secondary")
        else:
            kit.fill(painter, body.x() - 2, at, body.width() + 4, 2, "text.secondary")


def draw_empty(painter: QPainter, body: QRectF, kit: Kit) -> None:
    """The scale of a value that is not known."""
    kit.dashed_box(painter, body.x(), body.y(), body.width(), body.height())


def draw_pointer(
    painter: QPainter, body: QRectF, position: float, shown: Shown, kit: Kit, *, lying: bool = False
) -> None:
    """The pointer with its tip inside the body; in alarm it takes the colour of the priority."""
    at = _along(body, position, lying)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if shown.alarm:
        painter.setBrush(kit.theme.brush(f"alarm.p{shown.alarm}"))
        painter.setPen(kit.theme.pen("outline", 1.4))
    else:
        painter.setBrush(kit.theme.brush(shown.role))
        painter.setPen(Qt.PenStyle.NoPen)
    if lying:
        tip = body.bottom() - 3
        corners = [QPointF(at, tip - 6), QPointF(at - _HALF, tip + 10), QPointF(at + _HALF, tip + 10)]
    else:
        tip = body.x() + 3
        corners = [QPointF(tip, at), QPointF(tip + _TIP, at - _HALF), QPointF(tip + _TIP, at + _HALF)]
    painter.drawPolygon(QPolygonF(corners))
    painter.restore()


def draw_setpoint(painter: QPainter, body: QRectF, own: Gauge, kit: Kit, *, lying: bool = False) -> None:
    """The set point as a hollow diamond beside the body, dotted while in doubt; its mark while it is not known."""
    if own.setpoint is None:
        if own.setpoint_mark:
            x, y = (body.left() - 14, body.center().y()) if lying else (body.left() - 14, body.top() + 8)
            kit.quality(painter, own.setpoint_mark, x, y)
        return
    at = _along(body, own.setpoint, lying)
    x, y = (at, body.y() - 6) if lying else (body.x() - 8, at)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(kit.theme.pen("text.secondary" if own.setpoint_mark else "setpoint", 1.5))
    if own.setpoint_mark:
        pen.setDashPattern([1.0, 1.5])
    painter.setPen(pen)
    painter.setBrush(kit.theme.brush("panel"))
    painter.drawPolygon(
        QPolygonF([QPointF(x - 5, y), QPointF(x, y - 5), QPointF(x + 5, y), QPointF(x, y + 5)])
    )
    painter.restore()


def draw_beyond(painter: QPainter, body: QRectF, beyond: int, kit: Kit, *, lying: bool = False) -> None:
    """The bolt at the end of the scale that the value has left."""
    if not beyond:
        return
    if lying:
        at = QPointF(body.right() + 13 if beyond > 0 else body.left() - 13, body.center().y())
    else:
        at = QPointF(body.right() + 19, body.top() if beyond > 0 else body.bottom())
    draw_broken(painter, kit.theme, at)


def _along(body: QRectF, share: float, lying: bool) -> float:
    return body.x() + share * body.width() if lying else body.bottom() - share * body.height()

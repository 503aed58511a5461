"""Paints a filter."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QPainter, QPainterPath

from hmi.mimics import Element
from hmi.ui.mimic.kit import CENTER, Kit
from hmi.ui.mimic.vessels import draw_unknown_vessel
from hmi.ui.paint import draw_frame

_DRAIN, _MEDIA = 0.17, 0.27
_DOME: Final = 0.13  # height of the ends of a pressure vessel


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    level, mark, alarm, unacked, label, word, out = look
    box = QRectF(element.x, element.y, element.w, element.h)
    kind = element.get("kind")
    body = _body(box, kind)
    if level is None:
        draw_unknown_vessel(painter, kit, body)
        kit.quality(painter, mark or "?", box.center().x(), box.center().y())
    else:
        _contents(painter, box, body, (kind, level, out), kit)
        if mark:
            x = box.left() + 11 if kind == "screen" else box.right() - 10
            kit.quality(painter, mark, x, box.top() + 12, stale=mark == "stale")
        if mark == "stale":
            draw_frame(painter, kit.theme, "dotted", box.adjusted(-3, -3, 3, 3))
    if alarm:
        kit.alarm(painter, alarm, QPointF(box.left() + 1, box.top() + 2), unacked=unacked)
    _texts(painter, box, label, word if element.get("show_state") else "", kit)


def _body(box: QRectF, kind: str) -> QPainterPath:
    path = QPainterPath()
    if kind == "pressure":
        rise = min(box.height() * _DOME, box.width() / 2)
        path.moveTo(box.left(), box.top() + rise)
        path.arcTo(QRectF(box.left(), box.top(), box.width(), 2 * rise), 180, -180)
        path.lineTo(box.right(), box.bottom() - rise)
        path.arcTo(QRectF(box.left(), box.bottom() - 2 * rise, box.width(), 2 * rise), 0, -180)
        path.closeSubpath()
    else:
        path.addRect(box)
    return path


def _contents(
    painter: QPainter, box: QRectF, body: QPainterPath, state: tuple[str, float, bool], kit: Kit
) -> None:
    kind, level, out = state
    painter.save()
    if kind == "pressure":
        painter.setClipPath(body, Qt.ClipOperation.IntersectClip)
    kit.fill(painter, box.x(), box.y(), box.width(), box.height(), "body")
    if kind == "screen":
        kit.fill(painter, box.x(), box.y(), box.width(), box.height(), "water")
        _screen(painter, box, kit)
    else:
        _bed(painter, box, level, kit)
    if out:
        painter.fillRect(box, kit.theme.color("panel"))
        painter.fillRect(box, QBrush(kit.theme.color("fill.off"), Qt.BrushStyle.BDiagPattern))
    painter.restore()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, kind == "pressure")
    painter.setPen(kit.theme.pen("outline.body", 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(body)
    painter.restore()


def _bed(painter: QPainter, box: QRectF, level: float, kit: Kit) -> None:
    drain = round(box.bottom() - box.height() * _DRAIN)
    media = round(drain - box.height() * _MEDIA)
    surface = round(media - (media - box.top()) * level)
    kit.fill(painter, box.x(), surface, box.width(), box.bottom() - surface, "water")
    kit.fill(painter, box.x(), surface - 1, box.width(), 2, "water.edge")
    bed = QRectF(box.x(), media, box.width(), drain - media)
    painter.fillRect(bed, QBrush(kit.theme.color("media.dot"), Qt.BrushStyle.Dense5Pattern))
    kit.fill(painter, box.x(), drain, box.width(), box.bottom() - drain, "media")


def _screen(painter: QPainter, box: QRectF, kit: Kit) -> None:
    """The dashed diagonal of a strainer."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(kit.theme.pen("outline.body", 2.4, dashed=True))
    painter.drawLine(QLineF(box.bottomLeft(), box.topRight()))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _texts(painter: QPainter, box: QRectF, label: str, word: str, kit: Kit) -> None:
    x, y = box.center().x(), box.bottom() + 17
    if label:
        kit.text(painter, x, y, label, font="text.word", color="text", align=CENTER)
        y += 17
    if word:
        kit.text(painter, x, y, word, font="text.word", color="text.secondary", align=CENTER)

"""Curves of the recent past: one pixel wide polylines with real gaps (facts 3.3)."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from hmi.mimics import Curve
from hmi.ui.mimic.kit import Kit


def y_of(curve: Curve, box: QRectF, value: float) -> float:
    """Pixel of a value, clamped to the plot."""
    share = (value - curve.low) / (curve.high - curve.low)
    return box.bottom() - min(max(share, 0.0), 1.0) * box.height()


def draw_band(painter: QPainter, curve: Curve, box: QRectF, kit: Kit) -> None:
    """The normal band behind a curve."""
    if curve.band is None:
        return
    top, bottom = y_of(curve, box, curve.band[1]), y_of(curve, box, curve.band[0])
    painter.fillRect(QRectF(box.left(), top, box.width(), bottom - top), kit.theme.color("band"))


def polylines(curve: Curve, box: QRectF) -> list[list[QPointF]]:
    """Unbroken stretches; each bucket gives its minimum and maximum."""
    if curve.past is None:
        return []
    positions, lows, highs = curve.past.points()
    lines: list[list[QPointF]] = []
    run: list[QPointF] = []
    left, width, rising = box.left(), box.width(), True
    for position, low, high in zip(positions.tolist(), lows.tolist(), highs.tolist(), strict=True):
        if math.isnan(low):
            if run:
                lines.append(run)
                run = []
            continue
        x = left + position * width
        ends = (low, high) if rising else (high, low)
        rising = not rising
        run.append(QPointF(x, y_of(curve, box, ends[0])))
        if high != low:
            run.append(QPointF(x, y_of(curve, box, ends[1])))
    return [*lines, run] if run else lines


def draw_curve(
    painter: QPainter, curve: Curve, box: QRectF, color: QColor, lines: list[list[QPointF]]
) -> None:
    """Each stretch twice, half a pixel apart: looks 1.5 px wide at the price of one."""
    pen = QPen(color, 1.0)
    pen.setCosmetic(True)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(pen)
    for line in lines:
        points = line if len(line) > 1 else [line[0], line[0] + QPointF(1, 0)]
        painter.drawPolyline(points)
        painter.translate(0, 0.5)
        painter.drawPolyline(points)
        painter.translate(0, -0.5)
    painter.restore()


def draw_past_limits(
    painter: QPainter, curve: Curve, box: QRectF, kit: Kit, lines: list[list[QPointF]]
) -> None:
    """The part of a curve beyond an alarm limit takes the colour of that alarm."""
    for limit in curve.limits:
        edge = y_of(curve, box, limit.value)
        clip = QRectF(box.left(), box.top() - 2, box.width(), edge - box.top() + 2)
        if not limit.is_high:
            clip = QRectF(box.left(), edge, box.width(), box.bottom() - edge + 2)
        if clip.height() <= 0:
            continue
        painter.save()
        painter.setClipRect(clip, Qt.ClipOperation.IntersectClip)
        for shift in (-0.5, 0.5):
            painter.translate(0, shift)
            draw_curve(painter, curve, box, kit.theme.alarm(limit.priority), lines)
        painter.restore()


def last_point(lines: list[list[QPointF]], box: QRectF) -> QPointF | None:
    """The newest point when it is recent enough to carry the value's dot."""
    if not lines or not lines[-1]:
        return None
    point = lines[-1][-1]
    return point if box.right() - point.x() < 8 else None


def draw_dot(painter: QPainter, at: QPointF, color: QColor, radius: float = 3.0) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawEllipse(at, radius, radius)
    painter.restore()

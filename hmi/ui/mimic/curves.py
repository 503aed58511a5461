"""Curves of the recent past: one pixel wide polylines with real gaps (facts 3.3)."""

from __future__ import annotations

import itertools
import math

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
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
    painter.fillRect(QRectF(box.left(), top, box.width(), bottom - top), kit.theme.color("band.plot"))


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


def draw_curve(painter: QPainter, color: QColor, lines: list[list[QPointF]], *, width: float = 1.7) -> None:
    """Each stretch as single segments: a wide polyline costs fifty times as much when it is noisy."""
    pen = QPen(color, width)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(pen)
    for line in lines:
        points = line if len(line) > 1 else [line[0], line[0] + QPointF(1, 0)]
        painter.drawLines([QLineF(a, b) for a, b in itertools.pairwise(points)])
    painter.restore()


def draw_past_limits(
    painter: QPainter, curve: Curve, box: QRectF, kit: Kit, lines: list[list[QPointF]], *, width: float = 2.0
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
        draw_curve(painter, kit.theme.color("fill.text"), lines, width=width + 1.2)
        draw_curve(painter, kit.theme.alarm(limit.priority), lines, width=width)
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

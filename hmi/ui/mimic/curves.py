"""Curves of the recent past: one pixel wide polylines with real gaps (facts 3.3)."""

from __future__ import annotations

import itertools
import math
from math import ceil
from typing import Final, NamedTuple

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from hmi.mimics import Curve
from hmi.ui.mimic.kit import Kit

_DASH: Final = 4.0


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


class Stretch(NamedTuple):
    """An unbroken part of a curve; a doubtful one is drawn dashed."""

    points: list[QPointF]
    doubtful: bool = False


def polylines(curve: Curve, box: QRectF) -> list[Stretch]:
    """Unbroken stretches; each bucket gives its minimum and maximum."""
    past = curve.past
    if past is None:
        return []
    positions, lows, highs = past.points()
    found: list[Stretch] = []
    run: Stretch | None = None
    left, width, rising = box.left(), box.width(), True
    rows = zip(positions.tolist(), lows.tolist(), highs.tolist(), past.doubt.tolist(), strict=True)
    for position, low, high, doubtful in rows:
        if math.isnan(low):
            run = None
            continue
        if run is None or run.doubtful != doubtful:
            run = Stretch(run.points[-1:] if run is not None else [], doubtful)
            found.append(run)
        x = left + position * width
        ends = (low, high) if rising else (high, low)
        rising = not rising
        run.points.append(QPointF(x, y_of(curve, box, ends[0])))
        if high != low:
            run.points.append(QPointF(x, y_of(curve, box, ends[1])))
    return found


def draw_curve(
    painter: QPainter, color: QColor, lines: list[Stretch], *, width: float = 1.7, seen: QRectF | None = None
) -> None:
    """Each stretch as single segments: a wide polyline costs fifty times as much when it is noisy.

    ``seen``: the painter is clipped to it; segments that do not reach it are left out.
    """
    pen = QPen(color, width)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(pen)
    for line in lines:
        points = line.points if len(line.points) > 1 else [line.points[0], line.points[0] + QPointF(1, 0)]
        pieces = _dashes(points) if line.doubtful else [QLineF(a, b) for a, b in itertools.pairwise(points)]
        painter.drawLines(pieces if seen is None else _reaching(pieces, seen, width))
    painter.restore()


def _reaching(pieces: list[QLineF], place: QRectF, width: float) -> list[QLineF]:
    """Segments of which something may be seen between the top and the bottom of a place."""
    top, bottom = place.top() - width, place.bottom() + width
    return [one for one in pieces if min(one.y1(), one.y2()) <= bottom and max(one.y1(), one.y2()) >= top]


def _dashes(points: list[QPointF]) -> list[QLineF]:
    """Pieces of a line with gaps between; their places depend on x alone, so that noise has the same dashes."""
    kept: list[QLineF] = []
    for a, b in itertools.pairwise(points):
        count = max(1, ceil(abs(b.x() - a.x()) / (_DASH / 2)))
        step = (b - a) / count
        for n in range(count):
            one = QLineF(a + step * n, a + step * (n + 1))
            if int((one.x1() + one.x2()) / 2 // _DASH) % 2 == 0:
                kept.append(one)
    return kept


def draw_past(
    painter: QPainter, curve: Curve, box: QRectF, kit: Kit, *, width: float, limit_width: float
) -> list[Stretch]:
    """A curve in the colour of a value, and in those of alarms where it is beyond their limits; its stretches.

    It is painted once for each new bucket and stamped until then: its noise takes longer than all else in view.
    """
    lines: list[Stretch] | None = kit.pasts.known(curve, box)

    def draw(inner: QPainter) -> None:
        assert lines is not None
        draw_curve(inner, kit.theme.color("value"), lines, width=width)
        draw_past_limits(inner, curve, box, kit, lines, width=limit_width)

    if lines is None:
        lines = polylines(curve, box)
        kit.pasts.keep(curve, box, lines)
    if lines:
        kit.pasts.stamp(painter, box, draw)
    return lines


def draw_past_limits(
    painter: QPainter, curve: Curve, box: QRectF, kit: Kit, lines: list[Stretch], *, width: float = 2.0
) -> None:
    """The part of a curve beyond an alarm limit takes the colour of that alarm."""
    ends = [point.y() for line in lines for point in line.points]
    highest, lowest = min(ends, default=box.bottom()), max(ends, default=box.top())
    for limit in curve.limits:
        edge = y_of(curve, box, limit.value)
        clip = QRectF(box.left(), box.top() - 2, box.width(), edge - box.top() + 2)
        if not limit.is_high:
            clip = QRectF(box.left(), edge, box.width(), box.bottom() - edge + 2)
        if clip.height() <= 0 or highest > clip.bottom() + width or lowest < clip.top() - width:
            continue
        painter.save()
        painter.setClipRect(clip, Qt.ClipOperation.IntersectClip)
        draw_curve(painter, kit.theme.color("fill.text"), lines, width=width + 1.2, seen=clip)
        draw_curve(painter, kit.theme.alarm(limit.priority), lines, width=width, seen=clip)
        painter.restore()


def draw_level(
    painter: QPainter, curve: Curve, box: QRectF, value: float, kit: Kit, *, dotted: bool
) -> float:
    """A limit (dashed) or set point (dotted) across the plot; the pixel that it stands at."""
    y = round(y_of(curve, box, value))
    pen = QPen(kit.theme.color("text.secondary"), 1.2)
    pen.setDashPattern([1.5, 2.5] if dotted else [6.0, 3.0])
    painter.setPen(pen)
    painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
    return y


def draw_levels(painter: QPainter, curve: Curve, box: QRectF, kit: Kit) -> None:
    """Every limit and the set point that lie inside the scale, without words."""
    for limit in curve.shown_limits:
        draw_level(painter, curve, box, limit.value, kit, dotted=False)
    if curve.setpoint is not None and curve.low <= curve.setpoint <= curve.high:
        draw_level(painter, curve, box, curve.setpoint, kit, dotted=True)


def last_point(lines: list[Stretch], box: QRectF) -> QPointF | None:
    """The newest point when it is recent enough to carry the value's dot."""
    if not lines or not lines[-1].points:
        return None
    point = lines[-1].points[-1]
    return point if box.right() - point.x() < 8 else None


def draw_dot(painter: QPainter, at: QPointF, color: QColor, radius: float = 3.0) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawEllipse(at, radius, radius)
    painter.restore()

"""Paints a pipe."""

from __future__ import annotations

import itertools
import math
from typing import Any, Final

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen

from hmi.elements.pipe.definition import arrows_of
from hmi.mimics import Element
from hmi.ui.mimic.kit import Kit
from hmi.ui.mimic.symbols import flow_arrow

_WIDTH: Final = {"main": 4.0, "minor": 2.0}
_ROLE: Final = {"main": "pipe", "minor": "pipe.minor"}
_REACH: Final = {"main": 8.0, "minor": 6.0}
_GAP: Final = {"main": 8.0, "minor": 7.0}  # half of what is left out where another pipe passes
Point = tuple[float, float]


def static(painter: QPainter, element: Element, kit: Kit) -> None:
    size = element.get("size")
    points = [(float(point[0]), float(point[1])) for point in element.get("points")]
    gaps = [(float(gap[0]), float(gap[1])) for gap in element.get("gaps")]
    for piece in _pieces(points, gaps, _GAP[size]):
        _piece(painter, kit, piece, size, element.get("radius"))
    if not _has_flow(element):
        _arrows(painter, element, "full", kit)


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    if not look:
        return
    style, mark = look
    _arrows(painter, element, style, kit)
    if mark and (arrows := arrows_of(element)):
        x, y, angle = arrows[0]
        upright = abs(math.sin(math.radians(angle))) > 0.5
        at = (x + 17, y) if upright else (x, y - 17)
        kit.quality(painter, mark, *at, stale=mark == "stale")


def _has_flow(element: Element) -> bool:
    return "flow" in element.bindings or bool(element.get("flow"))


def _arrows(painter: QPainter, element: Element, style: str, kit: Kit) -> None:
    size = element.get("size")
    for x, y, angle in arrows_of(element):
        at = QPointF(x, y)
        flow_arrow(painter, kit.theme, at, angle, role=_ROLE[size], reach=_REACH[size], style=style)


def _pieces(points: list[Point], gaps: list[Point], half: float) -> list[list[Point]]:
    """The line cut where it passes behind others."""
    pieces: list[list[Point]] = [points[:1]]
    for start, end in itertools.pairwise(points):
        length = math.dist(start, end)
        for at in sorted(t for gap in gaps if (t := _along(start, end, gap)) is not None):
            pieces[-1].append(_between(start, end, max(at - half, 0.0) / length))
            pieces.append([_between(start, end, min(at + half, length) / length)])
        pieces[-1].append(end)
    return [piece for piece in pieces if len(piece) > 1]


def _along(start: Point, end: Point, point: Point) -> float | None:
    """How far along the segment a point lies; None when it is not on it (2 px)."""
    length = math.dist(start, end)
    if length < 1:
        return None
    dx, dy = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    x, y = point[0] - start[0], point[1] - start[1]
    along, across = x * dx + y * dy, x * dy - y * dx
    return along if 0 <= along <= length and abs(across) <= 2 else None


def _between(start: Point, end: Point, share: float) -> Point:
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


def _piece(painter: QPainter, kit: Kit, points: list[Point], size: str, radius: float) -> None:
    width = kit.thickness(_WIDTH[size])
    if radius > 0 and len(points) > 2:
        _rounded(painter, kit, points, _ROLE[size], width, radius)
        return
    for (x1, y1), (x2, y2) in itertools.pairwise(points):
        if x1 == x2 or y1 == y2:
            _straight(painter, kit, _ROLE[size], width, (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)))
        else:
            kit.line(painter, x1, y1, x2, y2, _ROLE[size], width)


def _straight(
    painter: QPainter, kit: Kit, role: str, width: float, ends: tuple[float, float, float, float]
) -> None:
    """A segment with square ends, so that corners and branches close."""
    left, top, right, bottom = ends
    half = width / 2
    kit.fill(painter, left - half, top - half, right - left + width, bottom - top + width, role)


def _rounded(
    painter: QPainter, kit: Kit, points: list[Point], role: str, width: float, radius: float
) -> None:
    path = QPainterPath(QPointF(*points[0]))
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        reach = min(radius, math.dist(before, corner) / 2, math.dist(corner, after) / 2)
        if reach < 0.5:
            path.lineTo(QPointF(*corner))
            continue
        path.lineTo(QPointF(*_between(corner, before, reach / math.dist(before, corner))))
        out = _between(corner, after, reach / math.dist(corner, after))
        path.quadTo(QPointF(*corner), QPointF(*out))
    path.lineTo(QPointF(*points[-1]))
    pen = QPen(kit.theme.color(role), width)
    pen.setCapStyle(Qt.PenCapStyle.SquareCap)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(path)
    painter.restore()

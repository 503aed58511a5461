"""Water and walls that tanks, basins, filters and clarifiers share."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath

from hmi.ui.mimic.kit import Kit


def draw_water(
    painter: QPainter, kit: Kit, box: QRectF, level: float, *, body: QPainterPath | None = None
) -> None:
    """Body and water up to ``level`` (0 bottom to 1 top) inside the box, or inside ``body`` where that is smaller."""
    painter.save()
    if body is not None:
        painter.setClipPath(body, Qt.ClipOperation.IntersectClip)
    x, w = box.x(), box.width()
    surface = round(box.bottom() - level * box.height())
    kit.fill(painter, x, box.y(), w, box.height(), "body")
    kit.fill(painter, x, surface, w, box.bottom() - surface, "water")
    kit.fill(painter, x, surface - 1, w, 2, "water.edge")
    painter.restore()


def draw_sediment(painter: QPainter, kit: Kit, box: QRectF, share: float, body: QPainterPath) -> None:
    """What has settled, up to ``share`` of the box from its bottom."""
    painter.save()
    painter.setClipPath(body, Qt.ClipOperation.IntersectClip)
    top = round(box.bottom() - share * box.height())
    kit.fill(painter, box.x(), top, box.width(), box.bottom() - top, "media")
    painter.restore()


def draw_unknown_vessel(painter: QPainter, kit: Kit, body: QPainterPath) -> None:
    """An empty body in a dashed outline: the level is not known (standards 2.8)."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(kit.theme.pen("text.secondary", 1.8, dashed=True))
    painter.drawPath(body)
    painter.restore()


def draw_limits(painter: QPainter, kit: Kit, box: QRectF, limits: tuple[float | None, ...]) -> None:
    """A tick at both walls for each alarm limit (0 bottom to 1 top)."""
    for limit in limits:
        if limit is None:
            continue
        y = round(box.bottom() - limit * box.height())
        for x in (box.left(), box.right() - 9):
            kit.fill(painter, x, y - 1, 9, 2, "outline.body")

"""A spatial hash over element bounds: what lies under a point, what overlaps a rectangle (facts 2.5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRectF

CELL: Final = 64


class Hits:
    """Answers in design pixels; indices come in file order, so that overlaps repaint bottom to top."""

    def __init__(self, bounds: Sequence[QRectF], extents: Sequence[QRectF]) -> None:
        """``bounds`` never change; ``extents`` (inside them) are what is painted now and may be replaced."""
        self._bounds, self._extents = bounds, extents
        self._cells: dict[tuple[int, int], list[int]] = {}
        for index, box in enumerate(bounds):
            for cell in _cells(box):
                self._cells.setdefault(cell, []).append(index)

    def overlapping(self, box: QRectF) -> list[int]:
        """Elements that paint inside the rectangle."""
        found: set[int] = set()
        for cell in _cells(box):
            found.update(self._cells.get(cell, ()))
        extents = self._extents
        return sorted(i for i in found if extents[i].intersects(box))

    def at(self, point: QPointF) -> list[int]:
        """Elements whose bounds hold the point, topmost first."""
        cell = int(point.x()) // CELL, int(point.y()) // CELL
        return [i for i in reversed(self._cells.get(cell, ())) if self._bounds[i].contains(point)]


def _cells(box: QRectF) -> list[tuple[int, int]]:
    left, right = int(box.left()) // CELL, int(box.right()) // CELL
    top, bottom = int(box.top()) // CELL, int(box.bottom()) // CELL
    return [(x, y) for x in range(left, right + 1) for y in range(top, bottom + 1)]

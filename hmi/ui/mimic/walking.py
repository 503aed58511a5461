"""The order in which keys go through the elements of a display. Boxes are in pixels of the display."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt

DIRECTIONS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_ROW = 40


def reading_order(boxes: dict[int, QRectF]) -> list[int]:
    """Rows of 40 px, then left to right."""
    return sorted(boxes, key=lambda index: (int(boxes[index].y()) // _ROW, boxes[index].x()))


def nearest(boxes: Sequence[QRectF], start: QRectF, dx: int, dy: int) -> int:
    """Number of the nearest box in a direction; -1 when there is none."""
    ahead: list[tuple[float, int]] = []
    for number, box in enumerate(boxes):
        way = box.center() - start.center()
        along, across = way.x() * dx + way.y() * dy, abs(way.x() * dy) + abs(way.y() * dx)
        if along > 4:
            ahead.append((along + 2.5 * across, number))
    return min(ahead)[1] if ahead else -1

"""Where a faceplate goes: beside its object, inside the working area, over no object it belongs to."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, QSize

GAP = 24


def place(target: QRect, size: QSize, area: QRect, taken: Sequence[QRect] = ()) -> QRect:
    """The first of right, left, below, above that is free; else the free corner farthest from the object.

    Other faceplates are avoided where there is room; the object itself always.
    """
    options = [_inside(QRect(corner, size), area) for corner in _beside(target, size)]
    options += [_inside(QRect(corner, size), area) for corner in _grid(size, area)]
    clear = [box for box in options if area.contains(box) and not box.intersects(target)]
    free = [box for box in clear if not any(box.intersects(other) for other in taken)]
    if free:
        return free[0]
    if clear:
        return min(clear, key=lambda box: sum(_overlap(box, other) for other in taken))
    return min(options, key=lambda box: _overlap(box, target))


def _beside(target: QRect, size: QSize) -> list[QPoint]:
    top = target.center().y() - size.height() // 3
    left = target.center().x() - size.width() // 2
    return [
        QPoint(target.right() + GAP, top),
        QPoint(target.left() - GAP - size.width(), top),
        QPoint(left, target.bottom() + GAP),
        QPoint(left, target.top() - GAP - size.height()),
    ]


def _grid(size: QSize, area: QRect) -> list[QPoint]:
    columns = max((area.width() - GAP) // (size.width() + GAP), 1)
    xs = [area.left() + GAP + n * (size.width() + GAP) for n in range(columns)]
    return [QPoint(x, y) for y in (area.top() + GAP, area.bottom() - GAP - size.height()) for x in xs]


def _inside(box: QRect, area: QRect) -> QRect:
    x = min(max(box.x(), area.left()), max(area.right() - box.width() + 1, area.left()))
    y = min(max(box.y(), area.top()), max(area.bottom() - box.height() + 1, area.top()))
    return QRect(QPoint(x, y), box.size())


def _overlap(one: QRect, other: QRect) -> int:
    common = one.intersected(other)
    return common.width() * common.height() if not common.isEmpty() else 0

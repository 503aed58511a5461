"""A spatial hash over element bounds: what lies under a point, what overlaps an element (facts 2.5)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cached_property
from heapq import merge
from typing import Final

from PySide6.QtCore import QPointF, QRectF

from hmi.mimics import Element

CELL: Final = 128
_MOST_CELLS: Final = 100
_SLACK: Final = 4.0  # boxes are widened to whole device pixels


class Hits:
    """Answers in design pixels; indices come in file order, so that overlaps repaint bottom to top."""

    def __init__(self, boxes: Callable[[], list[QRectF]]) -> None:
        """``boxes`` are asked for with the first question: a display is painted as a whole without them."""
        self._boxes = boxes
        self._near: dict[int, list[int]] = {}
        self._room: dict[int, QRectF] = {}

    @cached_property
    def bounds(self) -> list[QRectF]:
        """Where each element may ever paint."""
        return self._boxes()

    @cached_property
    def extents(self) -> list[QRectF]:
        """Where each element paints now, inside its bounds; to be replaced by who paints them."""
        return list(self.bounds)

    def forget_extents(self) -> None:
        """Nothing is painted yet: each element may paint all over its bounds."""
        self.__dict__.pop("extents", None)

    @cached_property
    def _listed(self) -> tuple[dict[tuple[int, int], list[int]], list[int]]:
        """Elements by cell, and those that lie in too many; made when first asked for."""
        cells: dict[tuple[int, int], list[int]] = {}
        wide: list[int] = []
        for index, box in enumerate(self.bounds):
            if _spans_many(box):
                wide.append(index)
                continue
            for cell in _cells(box):
                cells.setdefault(cell, []).append(index)
        return cells, wide

    def prepare(self) -> Hits:
        """Do now, beside the Qt thread, what the first question would need."""
        _ = self._listed, self.extents
        return self

    @classmethod
    def of(cls, elements: Collection[Element]) -> Hits:
        """For the elements of a scene, before anything is painted."""
        return cls(lambda: [QRectF(*element.bounds) for element in elements])

    def twin(self) -> Hits:
        """The same elements for another picture, of which nothing is painted yet."""
        twin = Hits(lambda: self.bounds)
        twin._listed, twin._near, twin._room = self._listed, self._near, self._room
        return twin

    def reaching(self, index: int, box: QRectF) -> list[int]:
        """Elements that paint inside ``box``, a place where element ``index`` paints; itself among them."""
        near = self.near(index)
        if not self._room[index].contains(box):
            near = self.around(box)
        return self._painting(near, box)

    def near(self, index: int) -> list[int]:
        """Elements that may ever paint where this one may; itself among them."""
        near = self._near.get(index)
        if near is None:
            self._room[index] = self.bounds[index].adjusted(-_SLACK, -_SLACK, _SLACK, _SLACK)
            near = self._near[index] = self.around(self._room[index])
        return near

    def meeting(self, box: QRectF) -> list[int]:
        """Elements that paint inside a rectangle."""
        return self._painting(self.around(box), box)

    def around(self, box: QRectF) -> list[int]:
        """Elements that may ever paint inside a rectangle."""
        if _spans_many(box):
            return [i for i, bounds in enumerate(self.bounds) if bounds.intersects(box)]
        cells, wide = self._listed
        found: set[int] = set(wide)  # what lies in many cells is listed in none
        for cell in _cells(box):
            found.update(cells.get(cell, ()))
        return sorted(other for other in found if self.bounds[other].intersects(box))

    def _painting(self, candidates: list[int], box: QRectF) -> list[int]:
        extents = self.extents
        return [index for index in candidates if extents[index].intersects(box)]

    def at(self, point: QPointF) -> list[int]:
        """Elements whose bounds hold the point, topmost first."""
        cell = int(point.x()) // CELL, int(point.y()) // CELL
        cells, wide = self._listed
        found = merge(cells.get(cell, ()), wide)
        return [i for i in reversed(list(found)) if self.bounds[i].contains(point)]


def _spans_many(box: QRectF) -> bool:
    """True for what lies in so many cells that looking at it each time is cheaper than listing it in each."""
    return (box.width() / CELL + 1) * (box.height() / CELL + 1) > _MOST_CELLS


def _cells(box: QRectF) -> list[tuple[int, int]]:
    left, right = int(box.left()) // CELL, int(box.right()) // CELL
    top, bottom = int(box.top()) // CELL, int(box.bottom()) // CELL
    return [(x, y) for x in range(left, right + 1) for y in range(top, bottom + 1)]

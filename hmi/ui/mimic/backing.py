"""The picture of a scene that the view copies to the screen; changed elements are painted into it, few at a time.

A paint event is then one copy, whatever lies in the damaged region: a faceplate that moves over the display, a
tooltip or a focus ring costs no element. Painting in a picture of one's own also needs no clip region of hundreds
of rectangles, which is what makes many small updates dear (facts 2.6).
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, floor

from PySide6.QtCore import QPointF, QRect, QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPixmap, QRegion, QTransform

from hmi.core.clock import monotonic_ns
from hmi.mimics import Scene
from hmi.ui.mimic.growth import Growth
from hmi.ui.mimic.hits import Hits
from hmi.ui.mimic.kit import Kit
from hmi.ui.mimic.painters import dynamic_painter, static_painter

_CHUNK = 32  # elements between two looks at the clock
_CLOSE = 2.0  # elements in an area for one that changed, up to which the area is painted as a whole


def copy_region(painter: QPainter, region: QRegion, picture: QPixmap, ratio: float) -> None:
    """Copy places of a picture of ``ratio`` device pixels a pixel; one by one, for Qt clips a whole slowly."""
    for place in region:  # type: ignore[attr-defined]
        if ratio == 1.0:
            painter.drawPixmap(place, picture, place)
        else:
            source = QRectF(
                place.x() * ratio, place.y() * ratio, place.width() * ratio, place.height() * ratio
            )
            painter.drawPixmap(QRectF(place), picture, source)


class Backing:
    """One scene at one size, scale and theme. ``grow`` builds it, in one go or a piece at a time; when it is whole
    ``draw`` brings elements up to date.

    Boxes here are in device pixels; what ``draw`` returns is in pixels of the widget.
    """

    paints_later = False

    def __init__(
        self, scene: Scene, hits: Hits, kit: Kit, size: QSize, offset: QPointF, background: QColor
    ) -> None:
        self._scene, self._hits, self._kit = scene, hits, kit
        self._density = kit.scale * kit.ratio
        self._left, self._top = offset.x() * kit.ratio, offset.y() * kit.ratio
        self._transform = QTransform.fromTranslate(self._left, self._top).scale(self._density, self._density)
        self._painters = [dynamic_painter(element) for element in scene.elements]
        self._growth = Growth(scene, kit.theme, round(kit.grow * 100))
        self._static = QPixmap(size * kit.ratio)
        self._static.fill(background)
        self.picture = QPixmap(self._static.size())
        self.picture.fill(background)
        self._done = 0  # elements painted so far: first all into the static picture, then all into the other

    @property
    def is_whole(self) -> bool:
        """True when every element has been painted."""
        return self._done >= 2 * len(self._painters)

    def grow(self, deadline_ns: int | None = None) -> bool:
        """Paint on until a monotonic time, None for all that is left; True when the picture is whole."""
        while not self.is_whole:
            self._grow_some()
            if deadline_ns is not None and monotonic_ns() >= deadline_ns:
                break
        return self.is_whole

    def _grow_some(self) -> None:
        count, start = len(self._painters), self._done
        still = start < count
        self._done = end = min(start + _CHUNK, count if still else 2 * count)
        painter = QPainter(self._static if still else self.picture)
        try:
            if start == count:
                painter.drawPixmap(0, 0, self._static)
            painter.setTransform(self._transform)
            for index in range(start, end):
                if still:
                    self._paint_still(painter, index)
                else:
                    self._hits.extents[index - count] = QRectF(*self._scene.extent(index - count))
                    self._paint(painter, index - count)
        finally:
            painter.end()

    def _paint_still(self, painter: QPainter, index: int) -> None:
        element = self._scene.elements[index]
        if (paint := static_painter(element)) is not None:
            paint(painter, element, self._kit.grown(self._growth.percent(index)))

    def most_within(self, duration_ns: int) -> int:
        """How many elements to paint between two looks at the clock."""
        return _CHUNK

    def show(self, painter: QPainter, region: QRegion) -> None:
        """Put a part of the picture on the widget; ``region`` is in pixels of the widget."""
        copy_region(painter, region, self.picture, self._kit.ratio)

    def draw(self, indices: Iterable[int]) -> QRegion:
        """Paint elements as they look now; the region of the widget that has to be copied.

        Each place is cleared and painted bottom to top; what reaches into it is painted inside it only. Elements
        that stand close together are painted as one place: that spares a clip for each.
        """
        boxes = {index: self._moved(index) for index in indices}
        area = QRect()
        for box in boxes.values():
            area = area.united(box)
        inside = self._hits.meeting(self._to_design(area))
        painter = QPainter(self.picture)
        try:
            if len(inside) <= _CLOSE * len(boxes):
                self._draw_area(painter, area, inside)
                boxes = {-1: area}
            else:
                self._draw_each(painter, boxes)
        finally:
            painter.end()
        region = QRegion()
        for box in boxes.values():
            region = region.united(self._on_widget(box))
        return region

    def _draw_area(self, painter: QPainter, area: QRect, indices: list[int]) -> None:
        painter.setClipRect(area)
        painter.drawPixmap(area, self._static, area)
        painter.setTransform(self._transform)
        for index in indices:
            self._paint(painter, index)

    def _draw_each(self, painter: QPainter, boxes: dict[int, QRect]) -> None:
        for box in boxes.values():
            painter.drawPixmap(box, self._static, box)
        neighbours = self._neighbours(boxes)
        for index in sorted(boxes.keys() | neighbours.keys()):
            painter.resetTransform()
            if (box := boxes.get(index)) is not None:
                painter.setClipRect(box)
            else:
                painter.setClipRegion(neighbours[index])
            painter.setTransform(self._transform)
            self._paint(painter, index)

    def _paint(self, painter: QPainter, index: int) -> None:
        if (paint := self._painters[index]) is not None:
            kit = self._kit.grown(self._growth.percent(index))
            paint(painter, self._scene.elements[index], self._scene.looks[index], kit)

    def _neighbours(self, boxes: dict[int, QRect]) -> dict[int, QRegion]:
        """Elements that reach into the boxes of others, with where they have to be painted again."""
        found: dict[int, QRegion] = {}
        for index, box in boxes.items():
            for other in self._hits.reaching(index, self._to_design(box)):
                if other not in boxes and self._painters[other] is not None:
                    found[other] = found[other].united(box) if other in found else QRegion(box)
        return found

    def _moved(self, index: int) -> QRect:
        """What the element painted before and paints now."""
        before = self._hits.extents[index]
        self._hits.extents[index] = after = QRectF(*self._scene.extent(index))
        box, density = before.united(after), self._density
        left, top = floor(box.left() * density + self._left), floor(box.top() * density + self._top)
        right, bottom = ceil(box.right() * density + self._left), ceil(box.bottom() * density + self._top)
        return QRect(left, top, right - left, bottom - top)

    def _to_design(self, box: QRect) -> QRectF:
        density = self._density
        return QRectF(
            (box.x() - self._left) / density,
            (box.y() - self._top) / density,
            box.width() / density,
            box.height() / density,
        )

    def _on_widget(self, box: QRect) -> QRect:
        ratio = self._kit.ratio
        if ratio == 1.0:
            return box
        place = QRectF(box.x() / ratio, box.y() / ratio, box.width() / ratio, box.height() / ratio)
        return place.toAlignedRect()

"""Paints a scene of ordinary size straight into the window: no picture of its own beside that of the window.

What moves is painted at each paint event, inside the damaged region only. What never moves is kept as one picture,
where there is any.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from math import ceil, floor
from typing import Final

from PySide6.QtCore import QPointF, QRect, QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPixmap, QRegion, QTransform

from hmi.core.clock import monotonic_ns
from hmi.mimics import Scene
from hmi.ui.mimic.backing import copy_region
from hmi.ui.mimic.growth import Growth
from hmi.ui.mimic.hits import Hits
from hmi.ui.mimic.kit import Kit
from hmi.ui.mimic.painters import dynamic_painter, static_painter

Box = tuple[float, float, float, float]
_CLOSE: Final = 3.0  # times what changed, up to which an area is painted as a whole
_MANY: Final = 0.6  # of all elements; when more change the whole display is painted
_FEW: Final = 40  # damaged rectangles that are looked at one by one
_LEAST: Final = 60  # elements painted at a time, whatever they cost
_START_NS: Final = 20_000  # what an element costs until it was measured


class Direct:
    """One scene at one size, scale and theme, painted by the window's own paint events.

    ``draw`` says which places have to be painted for elements that changed, ``show`` paints them. Boxes are in
    pixels of the widget.
    """

    is_whole = True
    paints_later = True

    def __init__(
        self, scene: Scene, hits: Hits, kit: Kit, size: QSize, offset: QPointF, background: QColor
    ) -> None:
        self._scene, self._hits, self._kit = scene, hits, kit
        self._background, self._size = background, size
        self._left, self._top, self._scale = offset.x(), offset.y(), kit.scale
        self._transform = QTransform.fromTranslate(self._left, self._top).scale(self._scale, self._scale)
        self._growth = Growth(scene, kit.theme, round(kit.grow * 100)) if kit.grow > 1 else None
        self._painters = [dynamic_painter(element) for element in scene.elements]
        self._extents: list[Box | None] = [None] * len(self._painters)  # None: anywhere in its bounds
        self._boxes = [QRect()] * len(self._painters)
        hits.extents[:] = hits.bounds
        self._static = self._still()
        self._asked, self._asked_for = QRegion(), set[int]()
        self._each_ns = float(_START_NS)

    def _still(self) -> QPixmap | None:
        """What never moves; None where nothing stands still."""
        painters = [(element, static_painter(element)) for element in self._scene.elements]
        if not any(paint for _, paint in painters):
            return None
        ratio = self._kit.ratio
        picture = QPixmap(self._size * ratio)
        picture.fill(self._background)
        painter = QPainter(picture)
        try:
            painter.setTransform(self._transform * QTransform.fromScale(ratio, ratio))
            for index, (element, paint) in enumerate(painters):
                if paint is not None:
                    paint(painter, element, self._kit_for(index))
        finally:
            painter.end()
        return picture

    def _kit_for(self, index: int) -> Kit:
        """The tool box with texts as large as the user wants them, where the element has the room."""
        return self._kit if self._growth is None else self._kit.grown(self._growth.percent(index))

    def grow(self, deadline_ns: int | None = None) -> bool:
        """There is nothing to prepare."""
        return True

    def most_within(self, duration_ns: int) -> int:
        """How many elements can be painted in a time, by what they cost lately."""
        return int(duration_ns / self._each_ns)

    # what has to be painted

    def draw(self, indices: Iterable[int]) -> QRegion:
        """The region of the widget that shows elements as they looked and as they look now."""
        indices = list(indices)
        if len(indices) > _MANY * len(self._painters):
            return self._everything(indices)
        boxes = {index: self._moved(index) for index in indices}
        area, changed = QRect(), 0
        for box in boxes.values():
            area = area.united(box)
            changed += box.width() * box.height()
        if changed * _CLOSE >= area.width() * area.height():
            region, painted = QRegion(area), self._hits.meeting(self._to_design(area))
        else:
            region, painted = QRegion(), list[int]()
            for index, box in boxes.items():
                region = region.united(box)
                painted += self._hits.reaching(index, self._to_design(box))
        self._asked = self._asked.united(region)
        self._asked_for.update(painted)
        return region

    def _everything(self, indices: list[int]) -> QRegion:
        """The whole display is painted; where each of its elements paints is looked up when that is needed."""
        for index in indices:
            self._extents[index] = None
            self._hits.extents[index] = self._hits.bounds[index]
        self._asked = QRegion(QRect(QPointF().toPoint(), self._size))
        self._asked_for = set(range(len(self._painters)))
        return self._asked

    def _moved(self, index: int) -> QRect:
        """What the element painted before and paints now."""
        after = self._scene.extent(index)
        before, was = self._extents[index], self._boxes[index]
        if after == before:
            return was
        if before is None:
            was = self._on_widget(*self._scene.elements[index].bounds)
        self._extents[index] = after
        self._hits.extents[index] = QRectF(*after)
        self._boxes[index] = now = self._on_widget(*after)
        return was.united(now)

    def _on_widget(self, x: float, y: float, w: float, h: float) -> QRect:
        scale, left, top = self._scale, self._left, self._top
        x1, y1 = floor(x * scale + left), floor(y * scale + top)
        return QRect(x1, y1, ceil((x + w) * scale + left) - x1, ceil((y + h) * scale + top) - y1)

    def _to_design(self, box: QRect) -> QRectF:
        s = self._scale
        return QRectF((box.x() - self._left) / s, (box.y() - self._top) / s, box.width() / s, box.height() / s)

    # painting

    def show(self, painter: QPainter, region: QRegion) -> None:
        """Paint a damaged region, bottom to top. A painter that fails leaves its place empty and stops no other."""
        asked = region == self._asked.intersected(QRect(QPointF().toPoint(), self._size))
        indices = sorted(self._asked_for) if asked else self._inside(region)
        self._asked, self._asked_for = QRegion(), set()
        self._clear(painter, region)
        painter.setTransform(self._transform, combine=True)
        began = monotonic_ns()
        self._paint(painter, indices)
        if len(indices) >= _LEAST:
            self._each_ns = (monotonic_ns() - began) / len(indices)

    def _inside(self, region: QRegion) -> list[int]:
        rects: Collection[QRect] = list(region) if region.rectCount() <= _FEW else [region.boundingRect()]  # type: ignore[call-overload]
        return sorted({index for rect in rects for index in self._hits.meeting(self._to_design(rect))})

    def _clear(self, painter: QPainter, region: QRegion) -> None:
        if self._static is not None:
            copy_region(painter, region, self._static, self._kit.ratio)
            return
        for place in region:  # type: ignore[attr-defined]
            painter.fillRect(place, self._background)

    def _paint(self, painter: QPainter, indices: Iterable[int]) -> None:
        elements, looks, painters, kit = self._scene.elements, self._scene.looks, self._painters, self._kit
        failed: Exception | None = None
        for index in indices:
            paint = painters[index]
            if paint is None:
                continue
            try:
                own = kit if self._growth is None else self._kit_for(index)
                paint(painter, elements[index], looks[index], own)
            except Exception as error:
                failed = failed or error
        if failed is not None:
            raise failed

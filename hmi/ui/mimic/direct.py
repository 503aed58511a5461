"""Paints a scene of ordinary size straight into the window: no picture of its own beside that of the window.

What moves is painted at each paint event, inside the damaged region only. What never moves is kept as one picture,
where there is any.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property
from math import ceil, floor
from typing import Any, Final

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPixmap, QRegion, QTransform

from hmi.core.clock import monotonic_ns
from hmi.mimics import Element, Scene
from hmi.ui.mimic.growth import Growth
from hmi.ui.mimic.hits import Hits
from hmi.ui.mimic.kit import Kit
from hmi.ui.mimic.painters import dynamic_painter, static_painter
from hmi.ui.paint import painting

Painter = Callable[..., Any]
Box = tuple[float, float, float, float]
_CLOSE: Final = 3.0  # times what changed, up to which an area is painted as a whole
_MANY: Final = 0.6  # of all elements; when more change the whole display is painted
_HOME: Final = 3.0  # pixels around an element's own box in which it paints as a rule
_FEW: Final = 40  # damaged rectangles that are looked at one by one
_LEAST: Final = 60  # elements painted at a time, whatever they cost
_START_NS: Final = 20_000  # what an element costs until it was measured
_HEAVY_NS: Final = 4_000_000.0  # the same of one with a curve


def _by_type(found: Callable[[Element], Painter | None], elements: Sequence[Element]) -> list[Painter | None]:
    """The painter of each element, looked for once for each type."""
    known: dict[tuple[str, bool], Painter | None] = {}
    out: list[Painter | None] = []
    for element in elements:
        key = (element.type, element.definition is None)
        if key not in known:
            known[key] = found(element)
        out.append(known[key])
    return out


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


class Direct:
    """One scene at one size, scale and theme, painted by the window's own paint events.

    ``draw`` says which places have to be painted for elements that changed, ``show`` paints them. Boxes are in
    pixels of the widget.
    """

    paints_later = True

    def __init__(
        self,
        scene: Scene,
        hits: Hits,
        kit: Kit,
        size: QSize,
        offset: QPointF,
        background: QColor,
        *,
        growth: Growth | None = None,
    ) -> None:
        """``growth``: what is known of the room for texts, which does not depend on size and scale."""
        self._scene, self._hits, self._kit = scene, hits, kit
        self.background, self._size = background, size
        self._left, self._top, self._scale = offset.x(), offset.y(), kit.scale
        self.transform = QTransform.fromTranslate(self._left, self._top).scale(self._scale, self._scale)
        if growth is None and kit.grow > 1:
            growth = Growth(scene, hits, kit.theme, round(kit.grow * 100))
        self.growth = growth
        self._painters = _by_type(dynamic_painter, scene.elements)
        self._shown = list(scene.looks)  # as they are in the window
        self._extents: list[Box | None] = [None] * len(self._painters)  # None: not asked for yet
        self._boxes = [QRect()] * len(self._painters)
        self._moves = 0  # how often an element came to paint elsewhere
        self._reached: dict[int, tuple[int, QRect, list[int]]] = {}  # by that number and place
        self._close: dict[int, list[int]] = {}
        self._far = set(range(len(self._painters)))  # elements that may paint outside their homes
        hits.forget_extents()
        self._stills = _by_type(static_painter, scene.elements)
        self._still_sizes: dict[int, int] = {}  # what stands still, as it is in the picture, in per cent
        self._static: QPixmap | None = None
        self._asked, self._asked_for = QRegion(), set[int]()
        self._each_ns, self._spent_ns = float(_START_NS), 0
        # what an element with a curve cost when its curve was new: a hundred times what the others do
        self._heavy_ns = {
            n: _HEAVY_NS for n, e in enumerate(scene.elements) if e.definition and e.definition.history
        }
        self._prepare()

    @cached_property
    def _homes(self) -> list[QRectF]:
        """Around each element, where it paints as a rule."""
        margin, room = _HOME, 2 * _HOME
        return [QRectF(e.x - margin, e.y - margin, e.w + room, e.h + room) for e in self._scene.elements]

    def _prepare(self) -> None:
        self._still(range(len(self._painters)))

    @property
    def place(self) -> tuple[float, QPointF]:
        """Scale and offset that it was made for."""
        return self._scale, QPointF(self._left, self._top)

    @property
    def is_whole(self) -> bool:
        """True when every element can be shown."""
        return True

    def _still(self, indices: Iterable[int]) -> None:
        """Add elements to the picture of what never moves; there is none where nothing stands still."""
        if not any(self._stills):
            return
        if self._static is None:
            self._static = self._empty_picture()
        ratio = self._kit.ratio
        with painting(self._static) as painter:
            painter.setTransform(self.transform * QTransform.fromScale(ratio, ratio))
            for index in indices:
                if self._stills[index] is not None:
                    self._still_sizes[index] = self._percent(index)
                    self._paint_still(painter, index)

    def _paint_still(self, painter: QPainter, index: int) -> None:
        if (paint := self._stills[index]) is not None:
            paint(painter, self._scene.elements[index], self._kit.grown(self._still_sizes[index]))

    def _mend(self, indices: Iterable[int]) -> QRegion:
        """Paint anew what stands still where its texts have another size; the places of the widget it stands in."""
        sizes, region = self._still_sizes, QRegion()
        turned = {i: self._percent(i) for i in indices if i in sizes and sizes[i] != self._percent(i)}
        if self._static is None or not turned:
            return region
        for index in turned if len(turned) <= _FEW else ():
            region = region.united(self._on_widget(*self._scene.elements[index].bounds))
        if region.isEmpty():
            region = QRegion(QRect(QPoint(), self._size))
        sizes.update(turned)
        ratio = self._kit.ratio
        with painting(self._static) as painter:
            painter.scale(ratio, ratio)
            painter.setClipRegion(region)
            painter.fillRect(region.boundingRect(), self.background)
            painter.setTransform(self.transform, combine=True)
            for index in self._standing(region):
                self._paint_still(painter, index)
        return region

    def _standing(self, region: QRegion) -> list[int]:
        """Elements of the picture that may stand in a region, in file order."""
        places = [self._to_design(place) for place in self._rects(region)]
        found = {index for place in places for index in self._hits.around(place)}
        return sorted(index for index in found if index in self._still_sizes)

    def _empty_picture(self) -> QPixmap:
        picture = QPixmap(self._size * self._kit.ratio)
        picture.fill(self.background)
        return picture

    def _kit_for(self, index: int) -> Kit:
        """The tool box with texts as large as the user wants them, where the element has the room."""
        return self._kit if self.growth is None else self._kit.grown(self._percent(index))

    def _percent(self, index: int) -> int:
        return 100 if self.growth is None else self.growth.percent(index, self._shown[index])

    @property
    def is_grown(self) -> bool:
        """True when every text has the size that it has room for."""
        return self.growth is None or self.growth.is_settled

    def grow_texts(self, until_ns: int) -> list[int]:
        """Find sizes of texts until a monotonic time; the elements that have to be drawn for it."""
        return [] if self.growth is None else self.growth.go_on(until_ns)

    def grow(self, deadline_ns: int | None = None) -> bool:
        """There is nothing to prepare."""
        return True

    def first_of(self, waiting: Iterable[int], duration_ns: int, *, least: int) -> list[int]:
        """The first elements, as many as can be painted in a time by what they cost lately; one at least.

        ``least`` of those without a curve are taken whatever they cost.
        """
        found: list[int] = []
        room, light = float(duration_ns), 0
        for index in waiting:
            heavy = self._heavy_ns.get(index)
            light += heavy is None
            room -= self._each_ns if heavy is None else 2 * heavy  # a curve's cost is never the same
            if found and room < 0 and (heavy is not None or light > least):
                break
            found.append(index)
        return found

    # what has to be painted

    def draw(self, indices: Iterable[int]) -> QRegion:
        """Take the present looks of elements; the region of the widget that shows them as they were and are."""
        indices = list(indices)
        if self.growth is not None:
            self.growth.meet(indices)
        if len(indices) > _MANY * len(self._painters):
            region, painted = self._everything(indices)
        else:
            boxes = {index: self._moved(index) for index in indices}
            area, changed = QRect(), 0
            for box in boxes.values():
                area = area.united(box)
                changed += box.width() * box.height()
            whole = changed * _CLOSE >= area.width() * area.height()
            region, painted = self._area(area) if whole else self._places(boxes)
        mended = self._mend(indices)
        if not mended.isEmpty():
            region, painted = region.united(mended), {*painted, *self._inside(mended)}
        self._asked = self._asked.united(region)
        self._asked_for.update(painted)
        return region

    def _everything(self, indices: list[int]) -> tuple[QRegion, Iterable[int]]:
        """Where each element paints now is found out when that is needed."""
        self._moves += 1
        looks, bounds = self._scene.looks, self._hits.bounds
        for index in indices:
            self._shown[index] = looks[index]
            self._extents[index] = None
            self._far.add(index)
            self._hits.extents[index] = bounds[index]
        return QRegion(QRect(QPoint(), self._size)), range(len(self._painters))

    def _area(self, area: QRect) -> tuple[QRegion, Iterable[int]]:
        return QRegion(area), self._hits.meeting(self._to_design(area))

    def _places(self, boxes: dict[int, QRect]) -> tuple[QRegion, Iterable[int]]:
        """Each box by itself, with the neighbours that reach into it."""
        region, painted = QRegion(), set[int]()
        for index, box in boxes.items():
            region = region.united(box)
            known = self._reached.get(index)
            if known is None or known[0] != self._moves or known[1] is not box:
                others = self._reaching(index, self._to_design(box))
                known = self._reached[index] = self._moves, box, others
            painted.update(known[2])
        return region, painted

    def _reaching(self, index: int, place: QRectF) -> list[int]:
        """Elements that paint inside a place where one painted, itself among them."""
        found: list[int] = []
        for other in self._rivals(index, place):
            extent = self._hits.extents[other] if self._extents[other] else self._extent(other)
            if extent.intersects(place):
                found.append(other)
        return found

    def _rivals(self, index: int, place: QRectF) -> list[int]:
        """Elements to look at for a place where one painted: what stands too close, or reaches far."""
        if not self._homes[index].contains(place):
            return self._hits.reaching(index, place)
        close = self._close.get(index)
        if close is None:
            home, homes = self._homes[index], self._homes
            close = self._close[index] = [n for n in self._hits.near(index) if homes[n].intersects(home)]
        far = self._far.intersection(self._hits.near(index))
        return [*close, *far] if far else close

    def _moved(self, index: int) -> QRect:
        """Take the present look; what the element painted before and paints now."""
        if self._extents[index] is None:
            self._extent(index)
        before, was = self._extents[index], self._boxes[index]
        self._shown[index] = look = self._scene.looks[index]
        after = self._scene.extent(index, look)
        return was if after == before else was.united(self._put(index, after))

    def _extent(self, index: int) -> QRectF:
        """Where an element painted what is in the window."""
        self._put(index, self._scene.extent(index, self._shown[index]))
        return self._hits.extents[index]

    def _put(self, index: int, extent: Box) -> QRect:
        self._moves += 1
        self._extents[index] = extent
        self._hits.extents[index] = place = QRectF(*extent)
        if self._homes[index].contains(place):
            self._far.discard(index)
        else:
            self._far.add(index)
        self._boxes[index] = box = self._on_widget(*extent)
        return box

    def _on_widget(self, x: float, y: float, w: float, h: float) -> QRect:
        scale, left, top = self._scale, self._left, self._top
        x1, y1 = floor(x * scale + left), floor(y * scale + top)
        return QRect(x1, y1, ceil((x + w) * scale + left) - x1, ceil((y + h) * scale + top) - y1)

    def _to_design(self, box: QRect) -> QRectF:
        s = self._scale
        return QRectF(
            (box.x() - self._left) / s, (box.y() - self._top) / s, box.width() / s, box.height() / s
        )

    # painting

    def show(self, painter: QPainter, region: QRegion) -> None:
        """Paint a damaged region, bottom to top. A painter that fails leaves its place empty and stops no other."""
        asked = region == self._asked.intersected(QRect(QPoint(), self._size))
        indices = sorted(self._asked_for) if asked else self._inside(region)
        self._asked, self._asked_for = QRegion(), set()
        self._clear(painter, region)
        painter.setTransform(self.transform, combine=True)
        began, self._spent_ns = monotonic_ns(), 0
        self._paint(painter, indices)
        if len(indices) >= _LEAST:
            self._each_ns = (monotonic_ns() - began - self._spent_ns) / len(indices)

    def _inside(self, region: QRegion) -> Sequence[int]:
        if region == QRegion(QRect(QPoint(), self._size)):
            return range(len(self._painters))
        places = [self._to_design(place) for place in self._rects(region)]
        return sorted({index for place in places for index in self._hits.meeting(place)})

    def _rects(self, region: QRegion) -> Collection[QRect]:
        """The rectangles of a region, or the one around it where they are many."""
        return list(region) if region.rectCount() <= _FEW else [region.boundingRect()]  # type: ignore[call-overload]

    def _clear(self, painter: QPainter, region: QRegion) -> None:
        if self._static is not None:
            copy_region(painter, region, self._static, self._kit.ratio)
            return
        painter.fillRect(region.boundingRect(), self.background)  # the painter's clip is the region

    def _paint(self, painter: QPainter, indices: Iterable[int]) -> None:
        elements, looks, painters, kit = self._scene.elements, self._shown, self._painters, self._kit
        heavy = self._heavy_ns
        failed: Exception | None = None
        for index in indices:
            paint = painters[index]
            if paint is None:
                continue
            try:
                own = kit if self.growth is None else self._kit_for(index)
                if index in heavy:
                    self._paint_heavy(painter, index, paint, own)
                else:
                    paint(painter, elements[index], looks[index], own)
            except Exception as error:
                failed = failed or error
        if failed is not None:
            raise failed

    def _paint_heavy(self, painter: QPainter, index: int, paint: Painter, kit: Kit) -> None:
        """Take down what it costs; a curve that was painted before costs next to nothing, and says nothing."""
        began = monotonic_ns()
        paint(painter, self._scene.elements[index], self._shown[index], kit)
        spent = monotonic_ns() - began
        self._spent_ns += spent
        if spent > self._heavy_ns[index] / 4:
            self._heavy_ns[index] = float(spent)

"""How large the texts of an element may be: as large as the user wants, no larger than the element has room for.

Positions on a display are its designer's, so a text grows inside the box of its own element only, and only while
it runs into no other text and no symbol of that element and loses no letter. A dry run of the element's own
painter at each size finds out; no element has to know of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage, QPainter

from hmi.mimics import Scene, Shown
from hmi.ui.mimic.hits import Hits
from hmi.ui.mimic.kit import LEFT, Kit
from hmi.ui.mimic.painters import dynamic_painter, static_painter
from hmi.ui.mimic.trimmings import GAP
from hmi.ui.theme import Theme

STEPS: Final = (160, 150, 140, 130, 120, 110)
"""Sizes that are tried, in per cent, from the largest; more would take the figure of a display apart."""
_BELOW: Final = 0.2  # what letters reach below the base line, for one capital height
_SLACK: Final = 0.75  # pixels
_KEPT: Final = 0.35  # of the distance to the edge of the element, where there is one worth keeping
_CLOSE: Final = 6.0  # pixels
_APART: Final = 1.0  # pixels between two texts
_MOST: Final = 600  # elements; trying out more would hold up the event loop, their texts stay as designed
_LOOKS: Final = 32  # looks of one element that are remembered


class Probe(Kit):
    """Takes down where the texts and symbols of an element go, and how many letters are cut; shows nothing."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.texts: list[QRectF] = []
        self.bodies: list[QRectF] = []
        self.strokes: list[QRectF] = []
        self.cut = 0

    def fitted(self, role: str, text: str, room: float) -> str:
        found = super().fitted(role, text, room)
        self.cut += len(text) - len(found) + 1 if found != text else 0
        return found

    def text(
        self,
        painter: QPainter,
        x: float,
        baseline: float,
        text: str,
        *,
        font: str = "text",
        color: str = "text",
        align: float = LEFT,
    ) -> float:
        width, cap = self.width(font, text), self.cap(font)
        if text.strip():
            self.texts.append(QRectF(x - width * align, baseline - cap, width, cap * (1 + _BELOW)))
        return width

    def value(
        self,
        painter: QPainter,
        x: float,
        baseline: float,
        shown: Shown,
        *,
        font: str = "value",
        align: float = LEFT,
        unit: bool = True,
        unit_color: str = "text.label",
        mark_left: bool = False,
        alarm_mark: bool = True,
        corner: bool = False,
    ) -> None:
        width = self.text(painter, x, baseline, shown.text, font=font, align=align)
        if unit and shown.unit:
            self.text(painter, x + width * (1 - align) + GAP, baseline, shown.unit, font="unit")

    def symbol(
        self,
        painter: QPainter,
        key: tuple[object, ...],
        at: QRectF,
        draw: Callable[[QPainter, Theme, QRectF], None],
    ) -> None:
        self.bodies.append(at)

    def fill(self, painter: QPainter, x: float, y: float, w: float, h: float, role: str) -> None:
        self.strokes.append(QRectF(x, y, w, h))

    def line(
        self, painter: QPainter, x1: float, y1: float, x2: float, y2: float, role: str, width: float = 1
    ) -> None:
        box = QRectF(QPointF(x1, y1), QPointF(x2, y2)).normalized()
        self.strokes.append(box.adjusted(-width / 2, -width / 2, width / 2, width / 2))

    def alarm(
        self, painter: QPainter, priority: int, center: QPointF, *, unacked: bool, size: float = 22.0
    ) -> None:
        """Alarm marks come and go; they stand on their own ground."""


class Growth:
    """The size of every element of a scene, in per cent; a text never grows again once it had to be smaller.

    Elements of one kind and size look alike: they take the size that most of them have room for, or a smaller one
    of their own. What was found for a look holds for every look with texts as long: figures that change do not
    change size.
    """

    def __init__(self, scene: Scene, hits: Hits, theme: Theme, wanted: int) -> None:
        self._scene, self._hits, self._theme = scene, hits, theme
        few = len(scene.elements) <= _MOST
        self._steps = tuple(step for step in STEPS if step <= wanted) if few else ()
        self._found: dict[int, int] = {}
        self._alike: dict[tuple[object, ...], int] = {}
        self._known: dict[int, set[tuple[int, ...]]] = {}
        self._plain: list[Probe] = []
        self._paper = QImage(1, 1, QImage.Format.Format_ARGB32_Premultiplied)
        if self._steps:
            self._compare()

    def percent(self, index: int) -> int:
        """For an element with its present look; 100 where there is no room for more."""
        if not self._steps:
            return 100
        if self._own(index) == 100:
            return 100
        return min(self._own(index), self._alike[self._kind(index)])

    def _compare(self) -> None:
        groups: dict[tuple[object, ...], list[int]] = {}
        self._plain = [self._probed(index, 100) for index in range(len(self._scene.elements))]
        for index in range(len(self._scene.elements)):
            self._known.setdefault(index, set()).add(_lengths(self._scene.looks[index]))
            self._found[index] = self._largest(index)
            if self._found[index] > 0:
                groups.setdefault(self._kind(index), []).append(self._found[index])
        self._alike = {kind: sorted(sizes)[len(sizes) // 4] for kind, sizes in groups.items()}

    def _kind(self, index: int) -> tuple[object, ...]:
        element = self._scene.elements[index]
        return element.type, element.h, element.get("style") if element.type == "text" else None

    def _own(self, index: int) -> int:
        if self._found[index] in {0, 100}:
            return 100
        key, known = _lengths(self._scene.looks[index]), self._known[index]
        if key not in known:
            if len(known) >= _LOOKS:
                known.clear()
            known.add(key)
            self._found[index] = min(self._found[index], self._largest(index) or 100)
        return self._found[index]

    def _largest(self, index: int) -> int:
        """0 for an element without texts."""
        plain = self._plain[index] = self._probed(index, 100)
        if not plain.texts:
            return 0
        bounds = QRectF(*self._scene.elements[index].bounds)
        others = self._others(index, bounds)
        low, high = 0, len(self._steps)  # the first step that fits lies in low..high
        while low < high:
            middle = (low + high) // 2
            if fits(plain, self._probed(index, self._steps[middle]), bounds, others):
                high = middle
            else:
                low = middle + 1
        return self._steps[low] if low < len(self._steps) else 100

    def _others(self, index: int, bounds: QRectF) -> list[QRectF]:
        """Texts and symbols of the elements beside this one, or the box of one that has neither."""
        found: list[QRectF] = []
        for other in self._hits.near(index):
            if other == index:
                continue
            element, probe = self._scene.elements[other], self._plain[other]
            box = QRectF(element.x, element.y, element.w, element.h)
            bare = not probe.texts and not probe.bodies and not box.contains(bounds)
            found += [box] if bare else [*probe.texts, *probe.bodies]
        return [box.adjusted(-_APART, -_APART, _APART, _APART) for box in found if box.intersects(bounds)]

    def _probed(self, index: int, percent: int) -> Probe:
        element, look = self._scene.elements[index], self._scene.looks[index]
        probe = Probe(self._theme.grown(percent))
        painter = QPainter(self._paper)
        try:
            if (still := static_painter(element)) is not None:
                still(painter, element, probe)
            if (moving := dynamic_painter(element)) is not None:
                moving(painter, element, look, probe)
        finally:
            painter.end()
        return probe


def fits(plain: Probe, grown: Probe, bounds: QRectF, others: Sequence[QRectF]) -> bool:
    """Whether texts of another size stay inside the element, cut no letter and run into nothing new."""
    if len(plain.texts) != len(grown.texts) or grown.cut > plain.cut:
        return False
    for before, after in zip(plain.texts, grown.texts, strict=True):
        if not _room(bounds, before).contains(after):
            return False
        if any(_shared(after, other) > _shared(before, other) + _SLACK for other in others):
            return False
        if any(after.intersects(stroke) and not before.intersects(stroke) for stroke in plain.strokes):
            return False
    return _clash(grown) <= _clash(plain) + _SLACK


def _room(bounds: QRectF, before: QRectF) -> QRectF:
    """The box of the element less the distance that a text keeps from its edges, or as far as the text went before."""
    above, below = before.top() - bounds.top(), bounds.bottom() - before.bottom()
    edge = bounds.adjusted(
        0, _KEPT * above if above > _CLOSE else 0, 0, -_KEPT * below if below > _CLOSE else 0
    )
    return edge.united(before).adjusted(-_SLACK, -_SLACK, _SLACK, _SLACK)


def _shared(one: QRectF, other: QRectF) -> float:
    common = one.intersected(other)
    return common.width() * common.height() if not common.isEmpty() else 0.0


def _clash(probe: Probe) -> float:
    """By how much texts cover each other and symbols."""
    area = 0.0
    for number, one in enumerate(probe.texts):
        own = one.adjusted(-_APART, -_APART, _APART, _APART)
        for other in (*probe.texts[number + 1 :], *probe.bodies):
            area += _shared(own, other)
    return area


def _lengths(look: Any) -> tuple[int, ...]:
    """How long each text of a look is, and which parts of it there are."""
    found: list[int] = []
    for part in look:
        if isinstance(part, str):
            found.append(len(part))
        elif isinstance(part, tuple):
            found += (-1, *_lengths(part))
        else:
            found.append(-2 if part else -3)
    return tuple(found)

"""How large the texts of an element may be: as large as the user wants, no larger than the element has room for.

Positions on a display are its designer's, so a text grows inside the box of its own element only, and only while
it runs into no other text and no symbol of that element and loses no letter. A dry run of the element's own
painter at each size finds out; no element has to know of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage, QPainter

from hmi.mimics import Scene, Shown
from hmi.ui.mimic.kit import LEFT, Kit
from hmi.ui.mimic.painters import dynamic_painter, static_painter
from hmi.ui.mimic.trimmings import GAP
from hmi.ui.theme import Theme

STEPS: Final = (200, 175, 150, 137, 125, 116, 108)
"""Sizes that are tried, in per cent, from the largest."""
_BELOW: Final = 0.3  # what letters reach below the base line, for one capital height
_SLACK: Final = 0.75  # pixels
_LOOKS: Final = 32  # looks of one element that are remembered


class Probe(Kit):
    """Takes down where the texts and symbols of an element go, and how many letters are cut; shows nothing."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.texts: list[QRectF] = []
        self.bodies: list[QRectF] = []
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

    def alarm(
        self, painter: QPainter, priority: int, center: QPointF, *, unacked: bool, size: float = 22.0
    ) -> None:
        """Alarm marks come and go; they stand on their own ground."""


class Growth:
    """The size of every element of a scene, in per cent; a text never grows again once it had to be smaller.

    What was found for a look holds for every look with texts as long: figures that change do not change size.
    """

    def __init__(self, scene: Scene, theme: Theme, wanted: int) -> None:
        self._scene, self._theme = scene, theme
        self._steps = tuple(step for step in STEPS if step <= wanted)
        self._found: dict[int, int] = {}
        self._known: dict[int, set[tuple[int, ...]]] = {}
        self._paper = QImage(1, 1, QImage.Format.Format_ARGB32_Premultiplied)

    def percent(self, index: int) -> int:
        """For an element with its present look; 100 where there is no room for more."""
        if not self._steps or self._found.get(index) == 100:
            return 100
        key = _lengths(self._scene.looks[index])
        known = self._known.setdefault(index, set())
        if key not in known:
            if len(known) >= _LOOKS:
                known.clear()
            known.add(key)
            self._found[index] = min(self._found.get(index, 200), self._largest(index))
        return self._found[index]

    def _largest(self, index: int) -> int:
        plain = self._probed(index, 100)
        if not plain.texts:
            return 100
        bounds = QRectF(*self._scene.elements[index].bounds)
        return next((step for step in self._steps if fits(plain, self._probed(index, step), bounds)), 100)

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


def fits(plain: Probe, grown: Probe, bounds: QRectF) -> bool:
    """Whether texts of another size stay inside the element, cut no letter and run into nothing new."""
    if len(plain.texts) != len(grown.texts) or grown.cut > plain.cut:
        return False
    for before, after in zip(plain.texts, grown.texts, strict=True):
        room = bounds.united(before).adjusted(-_SLACK, -_SLACK, _SLACK, _SLACK)
        if not room.contains(after):
            return False
    return _clash(grown) <= _clash(plain) + _SLACK


def _clash(probe: Probe) -> float:
    """By how much texts cover each other and symbols."""
    area = 0.0
    for number, one in enumerate(probe.texts):
        own = one.adjusted(-1.5, -1.5, 1.5, 1.5)
        for other in (*probe.texts[number + 1 :], *probe.bodies):
            common = own.intersected(other)
            area += common.width() * common.height() if not common.isEmpty() else 0.0
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

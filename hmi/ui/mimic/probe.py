"""A dry run of an element's painter: where its texts and symbols go, and whether larger texts have the room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage, QPainter

from hmi.mimics import Element, Shown
from hmi.ui.mimic.kit import LEFT, Kit
from hmi.ui.mimic.painters import dynamic_painter, static_painter
from hmi.ui.mimic.pasts import Pasts
from hmi.ui.mimic.trimmings import GAP
from hmi.ui.paint import painting
from hmi.ui.theme import Theme

_BELOW: Final = 0.2  # what letters reach below the base line, for one capital height
_SLACK: Final = 0.75  # pixels
_KEPT: Final = 0.35  # of the distance to the edge of the element, where there is one worth keeping
_CLOSE: Final = 6.0  # pixels
APART: Final = 1.0
"""Pixels between two texts."""


class Probe(Kit):
    """Takes down where the texts and symbols of an element go, and how many letters are cut; shows nothing."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.pasts = Pasts(paints=False)
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


@cache
def _paper() -> QImage:
    """A painter needs something to paint on; nothing is ever seen of it."""
    return QImage(1, 1, QImage.Format.Format_ARGB32_Premultiplied)


def probed(element: Element, look: tuple[Any, ...], theme: Theme) -> Probe:
    """What an element would paint with a look, in a theme with texts of some size."""
    probe = Probe(theme)
    with painting(_paper()) as painter:
        if (still := static_painter(element)) is not None:
            still(painter, element, probe)
        if (moving := dynamic_painter(element)) is not None:
            moving(painter, element, look, probe)
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
    if not one.intersects(other):
        return 0.0
    common = one.intersected(other)
    return common.width() * common.height()


def _clash(probe: Probe) -> float:
    """By how much texts cover each other and symbols."""
    area = 0.0
    for number, one in enumerate(probe.texts):
        own = one.adjusted(-APART, -APART, APART, APART)
        for other in (*probe.texts[number + 1 :], *probe.bodies):
            area += _shared(own, other)
    return area

"""What stands around the figures of a value: unit, frame, quality mark, alarm. Stamped as one picture.

The figures change with every value, what surrounds them hardly ever: painting it again would cost twice what the
figures cost.
"""

from __future__ import annotations

from math import ceil, floor
from typing import Final, NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap

from hmi.ui.paint import (
    MARK_SIZE,
    draw_alarm_frame,
    draw_alarm_mark,
    draw_frame,
    draw_quality_mark,
    mark_width,
    painting,
)
from hmi.ui.theme import Theme

GAP: Final = 5.0
FRAME: Final = 6.0
_KEPT: Final = 512
_ROUND: Final = 17.0  # reach of frame and marks above and below the figures


class Trimmings(NamedTuple):
    """All that decides the picture. Lengths are design pixels; ``width`` and ``cap`` are those of the figures."""

    width: float
    cap: float
    unit: str
    unit_width: float
    unit_color: str
    mark: str
    frame: str
    alarm: int
    lit: bool
    mark_left: bool
    alarm_mark: bool
    corner: bool

    @property
    def is_framed(self) -> bool:
        return bool(self.frame or self.alarm)

    def reach(self) -> tuple[int, int, int, int]:
        """How far the picture goes left, up, right and down of the figures' left end on the baseline."""
        right = self.width + self.unit_width + GAP + 3
        if not (self.mark or self.is_framed):
            return 2 - floor(self.width), ceil(self.cap) + 5, ceil(right), 6
        left = FRAME + MARK_SIZE + 6 if self.mark_left else FRAME + 4
        right += 2 * FRAME + mark_width(self.mark) + (MARK_SIZE + 8 if self.alarm else 6)
        return ceil(left), ceil(self.cap + _ROUND), ceil(right), ceil(_ROUND)


Stamp = tuple[QPixmap, float, float]


class TrimmingStamps:
    """The pictures of one theme and density (device pixels for one design pixel)."""

    def __init__(self, theme: Theme, density: float) -> None:
        self.theme, self._density = theme, density
        self._known: dict[Trimmings, Stamp] = {}

    def stamp(self, trimmings: Trimmings) -> Stamp:
        """What surrounds figures, and how far the picture reaches left and up of their left end on the baseline."""
        found = self._known.get(trimmings)
        if found is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            found = self._known[trimmings] = self._drawn(trimmings)
        return found

    def _drawn(self, trimmings: Trimmings) -> Stamp:
        to_left, up, to_right, down = trimmings.reach()
        density = self._density
        picture = QPixmap(ceil((to_left + to_right) * density), ceil((up + down) * density))
        picture.fill(QColor(0, 0, 0, 0))
        picture.setDevicePixelRatio(density)
        with painting(picture) as painter:
            draw_trimmings(painter, self.theme, trimmings, to_left, up)
        return picture, to_left, up


def draw_trimmings(painter: QPainter, theme: Theme, own: Trimmings, left: float, baseline: float) -> None:
    """Paint without a cache."""
    right = left + own.width
    if own.unit:
        right += GAP + (FRAME if own.is_framed else 0.0)
        painter.setFont(theme.font("unit"))
        painter.setPen(theme.color(own.unit_color))
        painter.drawText(QPointF(right, baseline), own.unit)
        right += own.unit_width
    frame = QRectF(left, baseline - own.cap, own.width, own.cap).adjusted(-FRAME, -FRAME, FRAME, FRAME)
    middle = frame.center().y()
    if own.alarm:
        draw_alarm_frame(painter, theme, own.alarm, frame, lit=own.lit)
    elif own.frame:
        draw_frame(painter, theme, own.frame, frame.adjusted(1, 1, -1, -1))
    if own.is_framed:
        right = max(right, frame.right())
    if own.mark and own.corner:
        _corner_mark(painter, theme, own, frame, right)
    elif own.mark:
        draw_quality_mark(painter, theme, own.mark, QPointF(right + 3, middle))
        right += mark_width(own.mark)
    if own.alarm and own.alarm_mark:
        at = frame.left() - MARK_SIZE / 2 - 3 if own.mark_left else right + MARK_SIZE / 2 + 4
        draw_alarm_mark(painter, theme, own.alarm, QPointF(at, middle), lit=own.lit)


def _corner_mark(painter: QPainter, theme: Theme, own: Trimmings, frame: QRectF, right: float) -> None:
    """The mark at the frame's corner; without a frame behind the unit, for it must not stand over it."""
    at = QPointF(frame.right() if own.is_framed else max(frame.right(), right) - 4, frame.top()) + QPointF(
        1, 2
    )
    if own.frame == "dotted":
        painter.setBrush(theme.brush("panel"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawEllipse(at, 7.5, 7.5)
    draw_quality_mark(painter, theme, own.mark, at - QPointF(9 if own.frame else 0, 0))

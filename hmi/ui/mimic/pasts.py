"""Pictures of the curves of one kit, each kept until its past has another bucket."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor
from typing import Any, Final

from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QColor, QPainter, QPixmap

from hmi.mimics import Curve
from hmi.ui.paint import painting

_MOST: Final = 48  # curves; more than a display shows at a time
_ROOM: Final = 4.0  # design pixels that a line may reach beyond the plot
Place = tuple[float, float, float, float]


@dataclass(slots=True)
class _Kept:
    curve: Curve
    lines: Any
    picture: QPixmap | None = None
    density: tuple[float, float] = (0.0, 0.0)
    at: tuple[int, int] = (0, 0)  # of the picture's corner in pixels of the painter, less its offset


class Pasts:
    """One picture for each plot; the one that was not asked for longest leaves first."""

    def __init__(self, *, paints: bool = True) -> None:
        """``paints`` False: nobody looks at the curves, only at what is around them."""
        self._paints = paints
        self._kept: OrderedDict[Place, _Kept] = OrderedDict()

    def known(self, curve: Curve, box: QRectF) -> Any:
        """What ``keep`` was given for this very curve; None when the curve has changed since."""
        kept = self._kept.get(_place(box))
        return kept.lines if kept is not None and kept.curve == curve else None

    def keep(self, curve: Curve, box: QRectF, lines: Any) -> None:
        place = _place(box)
        self._kept[place] = _Kept(curve, lines)
        self._kept.move_to_end(place)
        if len(self._kept) > _MOST:
            self._kept.popitem(last=False)

    def stamp(self, painter: QPainter, box: QRectF, draw: Callable[[QPainter], None]) -> None:
        """Paint what ``draw`` draws in and around a plot that is kept, to the same pixels as if it drew here."""
        if not self._paints:
            return
        kept, transform, device = self._kept[_place(box)], painter.transform(), painter.device()
        scale, ratio = transform.m11(), device.devicePixelRatioF() if device is not None else 1.0
        offset = QPointF(transform.dx(), transform.dy())
        whole = QPointF(offset.toPoint()) == offset and ratio == int(ratio)
        if transform.isRotating() or scale != transform.m22() or not whole:
            draw(painter)
            return
        if kept.picture is None or kept.density != (scale, ratio):
            kept.density = scale, ratio
            kept.picture, kept.at = _drawn(box, scale, int(ratio), draw)
        painter.save()
        painter.resetTransform()
        painter.drawPixmap(offset + QPointF(*kept.at), kept.picture)
        painter.restore()


def _drawn(
    box: QRectF, scale: float, ratio: int, draw: Callable[[QPainter], None]
) -> tuple[QPixmap, tuple[int, int]]:
    """A picture on whole pixels around a plot, and where its corner belongs."""
    around = box.adjusted(-_ROOM, -_ROOM, _ROOM, _ROOM)
    left, top = floor(around.left() * scale), floor(around.top() * scale)
    place = QRect(left, top, ceil(around.right() * scale) - left, ceil(around.bottom() * scale) - top)
    picture = QPixmap(place.size() * ratio)
    picture.setDevicePixelRatio(ratio)
    picture.fill(QColor(0, 0, 0, 0))
    with painting(picture) as inner:
        inner.translate(-left, -top)
        inner.scale(scale, scale)
        draw(inner)
    return picture, (left, top)


def _place(box: QRectF) -> Place:
    return box.x(), box.y(), box.width(), box.height()

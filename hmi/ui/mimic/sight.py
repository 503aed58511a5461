"""The picture of the part of a scene that a camera looks at; it is stretched and moved while the camera moves on."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QPoint, QRect, QRectF, QSizeF
from PySide6.QtGui import QColor, QPainter, QRegion, QTransform

from hmi.mimics import Scene
from hmi.ui.mimic.backing import Backing
from hmi.ui.mimic.camera import Camera
from hmi.ui.mimic.direct import Direct
from hmi.ui.mimic.growth import Growth
from hmi.ui.mimic.hits import Hits
from hmi.ui.mimic.kit import Kit


class Sight(Backing):
    """Paints the elements that can be seen from where the camera stood when it was made, and no other.

    Who looks elsewhere gets another picture, made from the looks of that moment: nothing out of view grows old here.
    """

    def __init__(
        self,
        scene: Scene,
        hits: Hits,
        kit: Kit,
        camera: Camera,
        background: QColor,
        growth: Growth | None = None,
    ) -> None:
        self._seen = frozenset(hits.meeting(camera.view))
        super().__init__(scene, hits, kit, camera.size, camera.offset, background, growth=growth)

    @property
    def kit(self) -> Kit:
        return self._kit

    def draw(self, indices: Iterable[int]) -> QRegion:
        return super().draw([index for index in indices if index in self._seen])

    def _still(self, indices: Iterable[int]) -> None:
        super()._still(index for index in indices if index in self._seen)

    def _paint(self, painter: QPainter, indices: Iterable[int]) -> None:
        super()._paint(painter, (index for index in indices if index in self._seen))


def show_stretched(painter: QPainter, picture: Backing, camera: Camera, damaged: QRect) -> None:
    """Paint a picture as it looks from where the camera has got to; what it does not hold stays empty."""
    painter.fillRect(damaged, picture.background)
    place = stretched(picture, camera).mapRect(QRectF(QRect(QPoint(), camera.size)))
    whole = QRectF(picture.picture.rect())
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, place.size() != QSizeF(camera.size))
    painter.drawPixmap(place, picture.picture, whole)


def stretched(picture: Direct, camera: Camera) -> QTransform:
    """From pixels of the widget as they were painted to where they belong now."""
    back, _ = picture.transform.inverted()
    offset, scale = camera.offset, camera.scale
    return back * QTransform.fromTranslate(offset.x(), offset.y()).scale(scale, scale)

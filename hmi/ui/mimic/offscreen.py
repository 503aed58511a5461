"""A scene as a picture, painted exactly as the view paints it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize
from PySide6.QtGui import QImage

from hmi.mimics import Scene
from hmi.ui.mimic.kit import Kit
from hmi.ui.mimic.painters import paint_dynamic, paint_static
from hmi.ui.paint import painting
from hmi.ui.theme import Theme


def fit(design: tuple[int, int], size: QSize) -> tuple[float, QPointF]:
    """Scale and offset that show a design size inside a window, aspect kept and centred."""
    width, height = design
    scale = min(size.width() / width, size.height() / height) or 1.0
    return scale, QPointF(
        round((size.width() - width * scale) / 2), round((size.height() - height * scale) / 2)
    )


def render(scene: Scene, size: QSize, theme: Theme, *, ratio: float = 1.0) -> QImage:
    """The scene in a picture of ``size`` device-independent pixels."""
    image = QImage(size * ratio, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(theme.color("background"))
    scale, offset = fit(scene.display.size, size)
    kit = Kit(theme, scale=scale, ratio=ratio)
    with painting(image) as painter:
        painter.translate(offset)
        painter.scale(scale, scale)
        paint_static(painter, scene, kit)
        paint_dynamic(painter, scene, kit, list(range(len(scene.elements))))
    return image


render_to_image = render

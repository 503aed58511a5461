"""What part of a display is in view, and how large: fit to the window as a rule, up to four times that."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF

from hmi.ui.mimic.offscreen import fit

MOST: Final = 4.0
"""The largest zoom; 1 shows the whole display."""
_WHOLE: Final = 1.005  # what is nearer to 1 than this counts as 1
BELOW: Final = 44
"""Pixels kept free below a zoomed display, so that the hint that says so covers no element for good."""


class Camera:
    """Maps pixels of the display to pixels of the widget: ``widget = display * scale + offset``.

    A display larger than the widget is never moved past its own edges; a smaller one stays in the middle.
    """

    def __init__(self) -> None:
        self.zoom = 1.0
        self._design = (1, 1)
        self._size = QSize(1, 1)
        self._fit = 1.0
        self._fit_offset = QPointF()
        self._offset = QPointF()

    @property
    def scale(self) -> float:
        return self._fit * self.zoom

    @property
    def offset(self) -> QPointF:
        return QPointF(self._offset)

    @property
    def is_zoomed(self) -> bool:
        return self.zoom > 1.0

    @property
    def size(self) -> QSize:
        """Of the widget."""
        return QSize(self._size)

    @property
    def view(self) -> QRectF:
        """The part of the display that is in view, in its own pixels; the ground beside it counts."""
        return QRectF(self.to_design(QPointF()), QSizeF(self._size) / (self.scale or 1.0))

    def look_at(self, design: tuple[int, int], size: QSize) -> None:
        """Take the size of the display and of the widget; zoom and middle of the view are kept."""
        middle = self.to_design(QPointF(self._size.width() / 2, self._size.height() / 2))
        self._design, self._size = design, size
        self._fit, self._fit_offset = fit(design, size)
        self._put(middle, QPointF(size.width() / 2, size.height() / 2))

    def to_design(self, point: QPointF) -> QPointF:
        return (point - self._offset) / (self.scale or 1.0)

    def reset(self) -> None:
        """Show the whole display."""
        self.zoom, self._offset = 1.0, QPointF(self._fit_offset)

    def zoom_by(self, factor: float, anchor: QPointF) -> None:
        """Zoom so that what lies under a point of the widget stays there, as far as the edges allow."""
        held = self.to_design(anchor)
        zoom = min(max(self.zoom * factor, 1.0), MOST)
        self.zoom = 1.0 if zoom < _WHOLE else zoom
        self._put(held, anchor)

    def move_by(self, dx: float, dy: float) -> None:
        """Move the display by pixels of the widget."""
        self._put(self.to_design(QPointF()), QPointF(dx, dy))

    def reveal(self, box: QRectF, margin: float = 24.0) -> None:
        """Move as little as is needed to see a place of the display; of one that is too large its middle."""
        place = self.on_widget(box)
        width, height = self._size.width(), self._size.height() - (BELOW if self.is_zoomed else 0)
        self.move_by(
            _shift(place.left(), place.right(), width, margin),
            _shift(place.top(), place.bottom(), height, margin),
        )

    def on_widget(self, box: QRectF) -> QRectF:
        return QRectF(box.topLeft() * self.scale + self._offset, box.size() * self.scale)

    def _put(self, point: QPointF, at: QPointF) -> None:
        """Have a point of the display at a point of the widget, as far as the edges allow."""
        if not self.is_zoomed:
            self.reset()
            return
        wanted = at - point * self.scale
        x = _held(wanted.x(), self._design[0] * self.scale, self._size.width(), 0)
        y = _held(wanted.y(), self._design[1] * self.scale, self._size.height(), BELOW)
        self._offset = QPointF(round(x), round(y))


def _held(offset: float, length: float, room: float, below: float) -> float:
    """An offset between the two ends of what may be seen; the middle for what is shorter than the room."""
    if length <= room - below:
        return (room - length) / 2
    return min(max(offset, room - below - length), 0.0)


def _shift(low: float, high: float, room: float, margin: float) -> float:
    if high - low > room - 2 * margin:
        return (room - low - high) / 2
    return margin - low if low < margin else min(room - margin - high, 0.0)

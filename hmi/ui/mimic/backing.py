"""The picture of a very large scene that the view copies to the screen; what changes is painted into it.

A paint event is then one copy, whatever lies in the damaged region: a window that comes back into view costs no
element, where painting thousands at once would hold the event loop.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from PySide6.QtGui import QPainter, QPixmap, QRegion, QTransform

from hmi.core.clock import monotonic_ns
from hmi.ui.mimic.direct import Direct, copy_region
from hmi.ui.paint import painting

_CHUNK: Final = 32  # elements between two looks at the clock


class Backing(Direct):
    """One scene at one size, scale and theme. ``grow`` builds it, in one go or a piece at a time; when it is whole
    ``draw`` brings elements up to date.
    """

    paints_later = False

    def _prepare(self) -> None:
        self.picture: QPixmap = self._empty_picture()
        self._done = 0  # elements painted so far: first all that stands still, then all that moves

    @property
    def is_whole(self) -> bool:
        """True when every element has been painted."""
        return self._done >= 2 * len(self._painters)

    def grow(self, deadline_ns: int | None = None) -> bool:
        """Paint on until a monotonic time, None for all that is left; True when the picture is whole."""
        while not self.is_whole:
            self._grow_some()
            if deadline_ns is not None and monotonic_ns() >= deadline_ns:
                break
        return self.is_whole

    def _grow_some(self) -> None:
        count, start = len(self._painters), self._done
        still = start < count
        self._done = end = min(start + _CHUNK, count if still else 2 * count)
        if still:
            self._still(range(start, end))
            return
        ratio = self._kit.ratio
        with painting(self.picture) as painter:
            if start == count and self._static is not None:
                painter.drawPixmap(0, 0, self._static)
            painter.setTransform(self.transform * QTransform.fromScale(ratio, ratio))
            self._paint(painter, range(start - count, end - count))

    def draw(self, indices: Iterable[int]) -> QRegion:
        """Paint elements as they look now; the region of the widget that has to be copied."""
        region = super().draw(indices)
        ratio = self._kit.ratio
        with painting(self.picture) as painter:
            painter.scale(ratio, ratio)
            painter.setClipRegion(region)
            super().show(painter, region)
        return region

    def show(self, painter: QPainter, region: QRegion) -> None:
        """Put a part of the picture on the widget; ``region`` is in pixels of the widget."""
        copy_region(painter, region, self.picture, self._kit.ratio)

"""The picture of a very large scene that the view copies to the screen; what changes is painted into it.

A paint event is then one copy, whatever lies in the damaged region: a window that comes back into view costs no
element, where painting thousands at once would hold the event loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from PySide6.QtGui import QPainter, QPixmap, QRegion, QTransform

from hmi.core.clock import monotonic_ns
from hmi.ui.mimic.direct import Direct, copy_region
from hmi.ui.paint import painting


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
        count, ratio = len(self._painters), self._kit.ratio
        if not any(self._stills):
            self._done = max(self._done, count)
        elif self._done < count:
            self._still(self._until(count, deadline_ns))
            if _is_over(deadline_ns):
                return self.is_whole
        if count <= self._done < 2 * count:
            with painting(self.picture) as painter:
                if self._done == count and self._static is not None:
                    painter.drawPixmap(0, 0, self._static)
                painter.setTransform(self.transform * QTransform.fromScale(ratio, ratio))
                self._paint(painter, (number - count for number in self._until(2 * count, deadline_ns)))
        return self.is_whole

    def _until(self, end: int, deadline_ns: int | None) -> Iterator[int]:
        """Numbers of what is to be painted next; one that fails counts as painted and is not tried again."""
        while self._done < end:
            self._done += 1
            yield self._done - 1
            if _is_over(deadline_ns):
                return

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


def _is_over(deadline_ns: int | None) -> bool:
    return deadline_ns is not None and monotonic_ns() >= deadline_ns

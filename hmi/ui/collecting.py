"""Looks for garbage on the Qt thread alone.

The collector of Python looks on whichever thread makes the next object. What it finds there is destroyed there: a Qt
object with a timer that dies on the client's thread leaves the timer behind, and its next tick ends the process.
"""

from __future__ import annotations

import gc
from typing import Final

from PySide6.QtCore import QObject, QTimer

from hmi.core import collector
from hmi.core.clock import monotonic_ns

LOOK_MS: Final = 200
FULL_SHARE: Final = 1_000
"""A full look that took so long is followed by the next after a thousand times of that."""


class Collecting(QObject):
    """From ``start`` to ``stop`` nothing is collected on any other thread. Made and called on the Qt thread."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._full_again_ns = 0
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)

    def start(self) -> None:
        collector.take_over()
        self._timer.start()

    def stop(self) -> None:
        """Collect what is left, and leave it to every thread again."""
        self._timer.stop()
        gc.collect()
        collector.give_back()

    def look(self) -> None:
        """What is due by the numbers that Python itself goes by; nothing while something large is read."""
        if collector.is_resting():
            return
        now_ns = monotonic_ns()
        generation = due(gc.get_count(), gc.get_threshold(), full=now_ns >= self._full_again_ns)
        if generation is None:
            return
        gc.collect(generation)
        if generation == len(gc.get_count()) - 1:
            end_ns = monotonic_ns()
            self._full_again_ns = end_ns + (end_ns - now_ns) * FULL_SHARE


def due(counts: tuple[int, ...], limits: tuple[int, ...], *, full: bool) -> int | None:
    """The oldest generation whose count is above its limit (0: never), the oldest of all only if ``full``."""
    for generation in reversed(range(len(counts) if full else len(counts) - 1)):
        if 0 < limits[generation] < counts[generation]:
            return generation
    return None

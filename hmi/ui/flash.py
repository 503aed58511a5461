"""The one flash timer of the application: everything that blinks turns at the same moment."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from hmi.core.clock import monotonic_ns
from hmi.ui.paint import BLINK_PERIOD_NS, blink_on


class Flash(QObject):
    """``turned`` carries the new phase, at each edge of the common clock."""

    turned = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.lit = True
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.turn)
        self._wait()

    def turn(self) -> None:
        """Take the phase of the clock, and wait for its next edge."""
        lit = blink_on(monotonic_ns())
        if lit != self.lit:
            self.lit = lit
            self.turned.emit(lit)
        self._wait()

    def _wait(self) -> None:
        half = BLINK_PERIOD_NS // 2
        self._timer.start((half - monotonic_ns() % half) // 1_000_000 + 1)


@cache
def flash() -> Flash:
    """The same object for every window; made when the first one asks, on the Qt thread."""
    return Flash()

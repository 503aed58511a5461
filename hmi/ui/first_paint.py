"""Tells when the window appeared and when its display was first painted with every value in it."""

from __future__ import annotations

import json
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QTimer, Signal

from hmi.core.clock import monotonic_ns
from hmi.ui.window import StationWindow

LOOK_MS = 50


class FirstPaint(QObject):
    """Emits ``painted`` once with ``window_ns`` and ``live_ns``, monotonic times of this machine.

    ``window_ns``: the window was painted for the first time. ``live_ns``: the display was painted with a value or
    an explicit mark in every dynamic element, and nothing in it waits for its first value or its link any more.
    """

    painted = Signal(object, object)

    def __init__(self, window: StationWindow) -> None:
        super().__init__(window)
        self._window = window
        self._window_ns = 0
        window.installEventFilter(self)
        window.mimic.view.installEventFilter(self)
        self._look = QTimer(self, interval=LOOK_MS)
        self._look.timeout.connect(self._paint_settled)
        self._look.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            view = self._window.mimic.view
            if watched is self._window and not self._window_ns:
                self._window_ns = monotonic_ns()
            elif watched is view and self._window_ns and view.is_current and self._window.mimic.is_settled:
                self._look.stop()
                view.removeEventFilter(self)
                self._window.removeEventFilter(self)
                QTimer.singleShot(0, self, self._tell)  # the paint event comes first
        return False

    def _paint_settled(self) -> None:
        """Nothing else paints a display whose last value was drawn before it counted as settled."""
        if self._window.mimic.view.is_current and self._window.mimic.is_settled:
            self._window.mimic.view.update()

    def _tell(self) -> None:
        self.painted.emit(self._window_ns, monotonic_ns())


def write_times(file: Path, window_ns: int, live_ns: int) -> None:
    """As ``{"window_ns": …, "live_ns": …}``."""
    part = file.with_suffix(".part")
    part.write_text(json.dumps({"window_ns": window_ns, "live_ns": live_ns}), encoding="ascii")
    part.replace(file)

"""The life sign of the Qt event loop, and its polite end."""

from __future__ import annotations

import logging
import signal
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QTimer

log = logging.getLogger(__name__)

PERIOD_MS = 500
SIGNAL_LOOK_MS = 200


class LifeSign:
    """Counts in a file twice a second, from the event loop: a hung window stops counting."""

    def __init__(self, file: Path) -> None:
        self._file, self._count, self._warned = file, 0, False
        self._timer = QTimer()
        self._timer.setInterval(PERIOD_MS)
        self._timer.timeout.connect(self.beat)
        self._timer.start()
        self.beat()

    def beat(self) -> None:
        self._count += 1
        try:
            self._file.write_text(str(self._count), encoding="ascii")
        except OSError as error:
            if not self._warned:
                log.warning("The life sign %s cannot be written: %s", self._file, error)
            self._warned = True


def end_on_signals(application: QCoreApplication) -> QTimer:
    """SIGTERM and SIGINT end the event loop; the timer lets Python see them."""
    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, lambda *_: application.quit())
    timer = QTimer()
    timer.setInterval(SIGNAL_LOOK_MS)
    timer.timeout.connect(lambda: None)
    timer.start()
    return timer

"""What the first display needs is read while the station waits for its runtime, a small part at a time."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QObject, QTimer

from hmi.mimics import shipped_definitions
from hmi.plugins import discovery
from hmi.ui.station import Station


class ReadAhead(QObject):
    """Reads what elements are and how they are painted until the plant is there, then goes away.

    Each turn of the event loop reads one module, a few milliseconds. Whatever is not read by then is read where it is
    needed.
    """

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self._steps = _steps()
        station.plantLoaded.connect(self._end)
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._step)
        self._timer.start()

    def _step(self) -> None:
        if next(self._steps, None) is None:
            self._end()

    def _end(self) -> None:
        self._timer.stop()
        self.deleteLater()


def _steps() -> Iterator[str]:
    """The name of what was read, after each part."""
    names = discovery.names("elements")
    for name in names:
        discovery.definition("elements", name)
        yield name
    shipped_definitions()
    for name in names:
        try:
            discovery.part("elements", name, "paint")
        except ImportError:  # it is made of other elements, or its fault is told where it is shown
            continue
        yield name

"""Tells the runtime that the person at the station is there, so that it does not lock under their hands (CR 2.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QGuiApplication, QWindow

from hmi.core.clock import NS_PER_S, monotonic_ns

if TYPE_CHECKING:
    from hmi.ui.station import Station

EVERY_NS: Final = 10 * NS_PER_S
_DEEDS: Final = frozenset((QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress, QEvent.Type.TouchBegin))


class Presence(QObject):
    """Looks at the native windows only, once they were in use: few events pass there, whatever a display paints."""

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self._station = station
        self._last_ns: int | None = None

    def start(self) -> None:
        application = QGuiApplication.instance()
        if isinstance(application, QGuiApplication):
            application.focusWindowChanged.connect(self.watch)
            self.watch(QGuiApplication.focusWindow())

    def watch(self, window: QWindow | None) -> None:
        """A window takes the keys: what is done in it from now on counts. Installed twice it still counts once."""
        if window is not None:
            window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _DEEDS:
            self._touched()
        return False

    def _touched(self) -> None:
        """At most every 10 s, and only while somebody is signed in whose rights could rest."""
        session, now = self._station.rights.session, monotonic_ns()
        if not session.user or session.locked or session.demo:
            return
        if self._last_ns is None or now - self._last_ns >= EVERY_NS:
            self._last_ns = now
            self._station.link.ask(
                lambda client: client.touch(), owner=self, done=lambda _: self._station.ask_status()
            )

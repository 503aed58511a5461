"""Another look for every window, one step in each turn of the event loop: no window ever waits for all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication

from hmi.ui.theme import Theme
from hmi.ui.windows.host import Host

STEP_MS: Final = 30
"""Between two steps, for what the step before has left to be painted."""
REST_MS: Final = 80
"""After a page took its place, for its first picture."""
AGAIN_MS: Final = 50
"""How long a window is left alone in which somebody answers a question or holds a button of the mouse."""


class Renewal(QObject):
    """The page before is seen, kept up to date and works until the new one takes its place in one turn.

    ``theme`` tells the look that is wanted by then: who chooses another one meanwhile gets that.
    """

    def __init__(self, theme: Callable[[], Theme], is_asking: Callable[[], bool], parent: QObject) -> None:
        """``is_asking``: a question that belongs to no page, but lies on one, is open."""
        super().__init__(parent)
        self._theme, self._is_asking = theme, is_asking
        self._hosts: list[Host] = []
        self._next = QTimer(self)
        self._next.setSingleShot(True)
        self._next.timeout.connect(self._step)

    @property
    def is_busy(self) -> bool:
        """True until every window has its new look."""
        return bool(self._hosts)

    def begin(self, hosts: Iterable[Host]) -> None:
        """These windows are to have the present look."""
        self._hosts = list(hosts)
        self._next.start(0)

    def forget(self, host: Host) -> None:
        """A window that is closed needs no look any more."""
        self._hosts = [other for other in self._hosts if other is not host]

    def stop(self) -> None:
        self._hosts = []
        self._next.stop()

    def _step(self) -> None:
        """One step of the first window that may take one."""
        waits = AGAIN_MS
        try:
            for host in self._hosts:
                if not self._is_asking() and not _is_in_use(host):
                    waits = STEP_MS
                    if host.renew_some(self._theme()):
                        waits = REST_MS
                        self.forget(host)
                    break
        finally:
            if self._hosts:
                self._next.start(waits)


def _is_in_use(host: Host) -> bool:
    """A question is never taken away unanswered, nor a page from under a button of the mouse that is held."""
    held = QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton
    return host.page.is_asking or (held and host.isActiveWindow())

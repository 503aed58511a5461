"""The station side of the alarm benchmark: a whole window with its alarm page open, over the real socket."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hmi.core.clock import NS_PER_MS, wall_ns

START_S = 60.0
QUIET_S = 15.0


@dataclass
class Flood:
    """``delays_ms``: for each alarm, from the change to the end of the turn that painted the list with it in it,
    sorted; ``turns_ms``: CPU time of each turn of the Qt thread's event loop, sorted.
    """

    delays_ms: list[float] = field(default_factory=list[float])
    turns_ms: list[float] = field(default_factory=list[float])
    listed: int = 0


class FloodedStation:
    """Opens the window; ``watch`` runs its event loop until ``count`` alarms are painted or nothing comes."""

    def __init__(self, data: Path) -> None:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        from PySide6.QtWidgets import QApplication

        from hmi.client.socket import SocketClient
        from hmi.ui.link import Link
        from hmi.ui.mailbox import Mailbox
        from hmi.ui.shot import wait_until
        from hmi.ui.station import Station
        from hmi.ui.theme import Theme, apply_theme
        from hmi.ui.window import StationWindow

        application: Any = QApplication.instance() or QApplication([])
        self._application = application
        theme = Theme.load("light")
        apply_theme(application, theme)
        mailbox = Mailbox()
        self._link = Link(lambda listener: SocketClient(data, listener), mailbox)
        self._station = Station(self._link, mailbox)
        self._window = StationWindow(theme, self._station)
        self._link.start()
        self._station.start()
        self._window.show()
        wait_until(lambda: self._station.plant is not None and self._station.has_alarms, START_S)
        self._window.toggle_alarms()
        wait_until(lambda: self._window.alarm_page.isVisible(), START_S)
        self._shown: list[int] = []
        self._painted: list[int] = []
        self._watch = _paint_watch(self._window.alarm_page.table.viewport(), self._paints)
        self._raised: list[int] = []
        self._station.alarmsTurned.connect(self._turned)
        self._station.alarmsChanged.connect(self._changed)

    def _turned(self, news: Any) -> None:
        self._raised += [row.alarm_time for row in news.rows]

    def _changed(self) -> None:
        """All of the portions are in the lists; the next paint shows them."""
        self._shown += self._raised
        self._raised = []

    def _paints(self) -> None:
        """The list begins to paint what it holds now."""
        self._painted += self._shown
        self._shown = []

    def watch(self, count: int) -> Flood:
        from PySide6.QtCore import QEventLoop

        found, news_at = Flood(), time.monotonic()
        while len(found.delays_ms) < count and time.monotonic() - news_at < QUIET_S:
            began = time.thread_time()
            self._application.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 5)
            spent = (time.thread_time() - began) * 1000
            if spent > 0.3:
                found.turns_ms.append(spent)
            if self._painted:
                news_at, now = time.monotonic(), wall_ns()
                found.delays_ms += [(now - at) / NS_PER_MS for at in self._painted]
                self._painted = []
            time.sleep(0.001)
        found.listed = len(self._station.alarms)
        found.delays_ms.sort()
        found.turns_ms.sort()
        return found

    def close(self) -> None:
        self._station.stop()
        self._window.hide()
        self._link.close()
        self._window.deleteLater()


def _paint_watch(widget: Any, told: Callable[[], None]) -> object:
    """``told`` is called whenever the widget is about to be painted, as long as the answer is held."""
    from PySide6.QtCore import QEvent, QObject

    class Watch(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint:
                told()
            return False

    watch = Watch()
    widget.installEventFilter(watch)
    return watch

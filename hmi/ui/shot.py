"""The whole window as a picture, once everything in view has a value or an explicit mark."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QDeadlineTimer, QEventLoop, QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from hmi.core.openings import Opening
from hmi.ui.shot_open import open_all, travel_to
from hmi.ui.window import StationWindow

LOOK_MS = 50
SETTLE_MS = 1_200
OPENED_MS = 2_500
SETTLE_LIMIT_S = 10.0


def grab_when_complete(
    window: StationWindow,
    *,
    timeout_s: float,
    settle_ms: int = SETTLE_MS,
    openings: Sequence[Opening] = (),
    at: str = "",
) -> QImage:
    """Turn the event loop until the display is complete (or the time is up), open what is wanted, then grab.

    ``at``: a time of the past that is then shown, without the bar, so that the display is as large as it was.
    ``settle_ms`` leaves time for history and alarms to arrive after the first values, and after what was opened.
    """
    window.show()
    if wait_until(lambda: window.mimic.is_complete, timeout_s):
        wait_until(lambda: window.mimic.is_settled, min(SETTLE_LIMIT_S, timeout_s))
    if at:
        window.past.has_bar = False
        travel_to(window, at)
        wait_until(lambda: not window.station.clock.is_seeking, timeout_s)
    wait_until(lambda: False, settle_ms / 1000)
    if openings:
        open_all(window, openings)
        wait_until(lambda: False, OPENED_MS / 1000)
    window.mimic.view.repaint()
    wait_until(lambda: window.mimic.view.is_current and window.mimic.view.is_grown, timeout_s)
    return window.grab().toImage()


def wait_until(done: Callable[[], bool], timeout_s: float) -> bool:
    """Process events until ``done()`` or the time-out; what ``done`` said last."""
    deadline = QDeadlineTimer(round(timeout_s * 1000))
    ticker = QTimer()
    ticker.setInterval(LOOK_MS)
    ticker.start()
    while not deadline.hasExpired():
        if done():
            return True
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, LOOK_MS)
    return bool(done())

"""The longest turn of the Qt thread while the look changes, and while a display is zoomed and moved.

``python -m hmi.bench._mimic_turns`` prints one JSON line. The window is whole and real, on the overview of the
waterworks; the runtime is scripted, and a tenth of the plant changes ten times a second meanwhile. A turn is one
pass of the event loop, in CPU time of its thread: on a loaded machine wall time would measure the others.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from PySide6.QtCore import QCoreApplication, QEventLoop, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from hmi.client.port import PlantInfo, TagInfo
from hmi.core import heap
from hmi.core.clock import NS_PER_MS, monotonic_ns
from hmi.core.principal import Mode
from hmi.core.quality import GOOD
from hmi.core.values import DataValue, Value
from hmi.project import open_plant
from hmi.project.shipped import shipped_path
from hmi.runtime import plant_info
from hmi.testing.client import START_NS, FakeClient, make_alarm
from hmi.ui.link import Link
from hmi.ui.mailbox import Mailbox
from hmi.ui.mimic.view import MimicView
from hmi.ui.settings import Settings
from hmi.ui.shot import wait_until
from hmi.ui.station import Station
from hmi.ui.theme import SCALES, THEMES, Theme, apply_theme
from hmi.ui.windows.fleet import Fleet
from hmi.ui.windows.look import Look

PLANT = "waterworks"
SIZE = (1920, 1080)
PATIENCE_S = 30.0
LOOKS = tuple(Look(theme, percent) for percent in (SCALES[0], SCALES[2]) for theme in reversed(THEMES))
NOTCHES, PANS, PAN_PX = 8, 12, 60.0
STEP_MS = 16.0
BATCH_MS, CALM_MS = 100, 1_500
SHARE = 10  # every tenth tag changes with a batch
ALARMS = 12


class Window:
    """A window on a scripted runtime whose values go on changing."""

    def __init__(self, fleet: Fleet, client: FakeClient) -> None:
        self.fleet, self._client = fleet, client
        self._batches = count()
        self._due_ns = 0

    @property
    def view(self) -> MimicView:
        return self.fleet.hosts[0].page.mimic.view

    def turn_ms(self) -> float:
        """One turn of the event loop."""
        if monotonic_ns() >= self._due_ns:
            self._due_ns = monotonic_ns() + BATCH_MS * NS_PER_MS
            self._client.tick(self._batch(next(self._batches)))
        began = time.thread_time_ns()
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents)
        return (time.thread_time_ns() - began) / NS_PER_MS

    def worst_until(self, done: Callable[[], bool], most_s: float = PATIENCE_S) -> float:
        """The longest turn until something is true; TimeoutError when it never is."""
        worst, end = 0.0, monotonic_ns() + int(most_s * 1e9)
        while not done():
            worst = max(worst, self.turn_ms())
            if monotonic_ns() > end:
                raise TimeoutError("the window did not come to rest")
            time.sleep(0.001)
        return worst

    def worst_for(self, duration_ms: float) -> float:
        end = monotonic_ns() + int(duration_ms * NS_PER_MS)
        return self.worst_until(lambda: monotonic_ns() >= end)

    def _batch(self, number: int) -> dict[str, DataValue]:
        at = self._client.session_time
        values = list(self._client.values.items())[number % SHARE :: SHARE]
        return {tag: DataValue(_next(data.value, number), data.status, at, at) for tag, data in values}


def _next(value: Value, number: int) -> Value:
    return value * (1.001 if number % 2 else 0.999) if type(value) is float else value


def _value(info: TagInfo) -> Value:
    """A value in the middle of the range."""
    if info.type in {"bool", "string"}:
        return False if info.type == "bool" else "Normal"
    low, high = info.low or 0.0, info.high if info.high is not None else 100.0
    return (low + high) / 2 if info.type.startswith("float") else 1


def look_ms(window: Window, wanted: Look) -> float:
    """The longest turn from the choice of a look until every window has it, texts in their sizes included."""
    began = time.thread_time_ns()
    window.fleet.set_look(wanted)
    chosen = (time.thread_time_ns() - began) / NS_PER_MS

    def done() -> bool:
        view = window.view
        return not window.fleet.renewal.is_busy and view.is_current and view.is_grown

    return max(chosen, window.worst_until(done), window.worst_for(2 * BATCH_MS))


def zoom_ms(window: Window) -> float:
    """The longest turn of a gesture: in with the wheel, from side to side, and out again."""
    view = window.view
    middle = QPointF(view.rect().center())
    worst = 0.0
    for notch in (1,) * NOTCHES:
        QCoreApplication.postEvent(view, _wheel(view, middle, notch))
        worst = max(worst, window.worst_for(STEP_MS))
    worst = max(worst, window.worst_until(lambda: view.is_current))
    for pan in range(PANS):
        view._zooming.move_by(PAN_PX if pan < PANS / 2 else -PAN_PX, PAN_PX / 2)
        worst = max(worst, window.worst_for(STEP_MS))
    worst = max(worst, window.worst_until(lambda: view.is_current))
    for notch in (-1,) * NOTCHES:
        QCoreApplication.postEvent(view, _wheel(view, middle, notch))
        worst = max(worst, window.worst_for(STEP_MS))
    return max(worst, window.worst_until(lambda: view.is_current))


def _wheel(view: MimicView, at: QPointF, notches: int) -> QWheelEvent:
    return QWheelEvent(
        at, QPointF(view.mapToGlobal(at.toPoint())), QPoint(), QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.ControlModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip


@contextmanager
def open_window(info: PlantInfo) -> Iterator[Window]:
    """The first window of a station on a plant, complete."""
    values = {tag.name: DataValue(_value(tag), GOOD, START_NS, START_NS) for tag in info.tags}
    alarms = [make_alarm(tag.name, n, priority=1 + n % 4) for n, tag in enumerate(info.tags[::37][:ALARMS])]
    made: list[FakeClient] = []

    def factory(listener):  # type: ignore[no-untyped-def]
        made.append(FakeClient(listener, info, values, alarms=alarms))
        return made[0]

    mailbox = Mailbox()
    link = Link(factory, mailbox)
    station = Station(link, mailbox)
    fleet = Fleet(Theme.load(THEMES[0]), station, Settings())
    link.start()
    station.start()
    host = fleet.start()
    host.resize(*SIZE)
    try:
        if not wait_until(lambda: station.plant is not None and host.page.mimic.is_complete, PATIENCE_S):
            raise TimeoutError("the window showed no plant")
        yield Window(fleet, made[0])
    finally:
        station.stop()
        fleet.stop()
        link.close()


def turns() -> dict[str, float]:
    """Milliseconds of the longest turn: of a change of the look, and of a zoom."""
    info = plant_info(open_plant(shipped_path("screens") / PLANT), Mode.SIMULATOR)
    with open_window(info) as window:
        window.worst_for(CALM_MS)  # the window gets its size, and its history arrives
        window.worst_until(lambda: window.view.is_current and window.view.is_grown)
        heap.keep()  # the runtime, which is in this process here, is none of the station's business
        theme = max(look_ms(window, wanted) for wanted in LOOKS)
        zoom = max(zoom_ms(window) for _ in range(2))
    return {"theme_ms": theme, "zoom_ms": zoom}


def main() -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QApplication([])
    apply_theme(application, Theme.load(THEMES[0]))
    print(json.dumps(turns()), flush=True)


if __name__ == "__main__":
    main()

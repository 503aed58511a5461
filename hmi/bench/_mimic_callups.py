"""How long a whole window needs to call up a display, from the request to the first frame that hides nothing.

That frame is the first in which every dynamic element shows a live value or says that it has none. The runtime is
scripted and answers at once; subscription, mailbox and timers are those of the station.
"""

from __future__ import annotations

import time
from typing import Any

from PySide6.QtCore import QCoreApplication, QEventLoop

from hmi.client.port import DisplayInfo, PlantInfo
from hmi.core.quality import GOOD
from hmi.core.values import DataValue
from hmi.testing.client import START_NS, FakeClient, make_tag
from hmi.ui.link import Link
from hmi.ui.mailbox import Mailbox
from hmi.ui.shot import wait_until
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.window import StationWindow

RUNS = 200
PATIENCE_S = 20.0
OTHER = "other/"  # before the tags of the second display


def call_ups(document: dict[str, Any], tags: list[str]) -> dict[str, float]:
    """Two displays in turn; each has tags of its own, so that every call-up subscribes anew."""
    window, station, link = _window(document, tags)
    try:
        times = sorted(_call_up(window, f"bench{run % 2}") for run in range(RUNS))
    finally:
        station.stop()
        window.hide()
        link.close()
        window.deleteLater()
    return {
        "runs": RUNS,
        "p50_s": times[RUNS // 2],
        "p95_s": times[int(RUNS * 0.95) - 1],
        "worst_s": times[-1],
    }


def _call_up(window: StationWindow, name: str) -> float:
    began = time.perf_counter()
    window.open_display(name)
    page, painted = window.mimic, window.mimic.view.paints
    while not (page.is_complete and page.view.is_current and page.view.paints > painted):
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        if time.perf_counter() - began > PATIENCE_S:
            raise TimeoutError(f"the display {name} was not complete within {PATIENCE_S:g} s")
    return time.perf_counter() - began


def _window(document: dict[str, Any], tags: list[str]) -> tuple[StationWindow, Station, Link]:
    others = [OTHER + tag for tag in tags]
    elements = [{**element, "tag": OTHER + element["tag"]} for element in document["elements"]]
    second = {**document, "elements": elements}
    displays = [
        DisplayInfo(f"d_{n}", f"bench{n}", f"Bench {n}", 2, "", {**one, "name": f"bench{n}"})
        for n, one in enumerate((document, second))
    ]
    infos = [make_tag(name, unit="m3/h", low=0.0, high=100.0, format=".1f") for name in (*tags, *others)]
    plant = PlantInfo("p_1", "bench", "Bench", "r1", "UTC", "plant", "bench0", [], infos, [], displays)
    values = {info.name: DataValue(n % 90 + 0.5, GOOD, START_NS, START_NS) for n, info in enumerate(infos)}
    mailbox = Mailbox()
    link = Link(lambda listener: FakeClient(listener, plant, values), mailbox)
    station = Station(link, mailbox)
    window = StationWindow(Theme.load("light"), station)
    link.start()
    station.start()
    window.show()
    if not wait_until(lambda: station.plant is not None and window.mimic.is_complete, PATIENCE_S):
        raise TimeoutError("the window showed no plant")
    return window, station, link

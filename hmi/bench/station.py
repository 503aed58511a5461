"""The station's worst Qt tick while 20,000 values change every second in a flood of alarms."""

from __future__ import annotations

import math
import os
import time

from hmi.bench.figure import Figure

CHANGES_PER_S = 20_000
VISIBLE = 500
VISIBLE_ALARMS = 200
SECONDS = 6
GOAL_MS = 50.0


def run() -> list[Figure]:
    """A whole window on a scripted client: mimic, alarms, faceplate and trend open, batches every 100 ms.

    200 alarms are in view and flash; with every batch 20 of them are acknowledged or raised again.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    ticks = _measure()
    worst, median = ticks[-1], ticks[len(ticks) // 2]
    return [
        Figure(
            "station.tick_worst_ms_20k", worst, "ms", f"median tick {median:.1f} ms, {len(ticks)} ticks",
            f"< {GOAL_MS:g}", worst < GOAL_MS,
        )
    ]  # fmt: skip


def _plant():  # type: ignore[no-untyped-def]
    from hmi.client.port import DisplayInfo, PlantInfo
    from hmi.testing.client import make_tag

    names = [f"area{n % 8}/ft{n}.pv" for n in range(CHANGES_PER_S)]
    tags = [make_tag(name, unit="m³/h", low=0.0, high=100.0, format=".2f") for name in names]
    elements = [
        {"id": f"e_{n}", "type": "readout", "x": 8 + n % 20 * 95, "y": 8 + n // 20 * 34, "w": 88, "h": 30,
         "tag": names[n]}
        for n in range(VISIBLE)
    ]  # fmt: skip
    document = {"schema": "display/1", "id": "d_1", "name": "home", "title": "Load", "level": 1, "area": "",
                "size": [1920, 880], "elements": elements}  # fmt: skip
    areas = [{"path": f"area{n}", "title": f"Area {n}"} for n in range(8)]
    display = DisplayInfo("d_1", "home", "Load", 1, "", document)
    plant = PlantInfo("p_1", "load", "Load", "r1", "UTC", "plant", "home", areas, tags, [], [display])
    return plant, names


def _alarms(names, batch):  # type: ignore[no-untyped-def]
    """The alarms in view; those of every tenth tag turn with each batch."""
    from hmi.testing.client import make_alarm

    first = VISIBLE - VISIBLE_ALARMS
    return [
        make_alarm(
            names[first + n], n, priority=1 + n % 4,
            state="ACKED" if n % 10 == batch % 10 else "UNACK",
        )
        for n in range(VISIBLE_ALARMS)
    ]  # fmt: skip


def _measure() -> list[float]:
    """Durations of every turn of the event loop in ms, sorted."""
    from PySide6.QtCore import QRect
    from PySide6.QtWidgets import QApplication

    from hmi.core.values import DataValue
    from hmi.testing.client import FakeClient
    from hmi.ui.link import Link
    from hmi.ui.mailbox import Mailbox
    from hmi.ui.shot import wait_until
    from hmi.ui.station import Station
    from hmi.ui.theme import Theme, apply_theme
    from hmi.ui.window import StationWindow

    application = QApplication.instance() or QApplication([])
    theme = Theme.load("light")
    apply_theme(application, theme)  # type: ignore[arg-type]
    plant, names = _plant()
    made: list[FakeClient] = []

    def factory(listener):  # type: ignore[no-untyped-def]
        values = {name: DataValue(50.0, 0, 1, 1) for name in names}
        made.append(FakeClient(listener, plant, values, alarms=_alarms(names, 0)))
        return made[0]

    mailbox = Mailbox()
    link = Link(factory, mailbox)
    station = Station(link, mailbox)
    window = StationWindow(theme, station)
    link.start()
    station.start()
    window.show()
    client = made[0]
    client.tick({})
    wait_until(lambda: station.plant is not None and window.mimic.is_complete, 20.0)
    station.want(client, names)  # type: ignore[arg-type]
    wait_until(lambda: len(client.tags) == len(names), 20.0)
    window.open_faceplate(names[0], QRect(200, 200, 80, 30))
    window.open_trend(names[:4])
    wait_until(lambda: False, 1.0)
    ticks = _turns(application, client, names)
    station.stop()
    window.hide()
    link.close()
    window.deleteLater()
    return ticks


def _turns(application, client, names) -> list[float]:  # type: ignore[no-untyped-def]
    """Batches come from a thread of their own, as from the socket; only the Qt thread is timed."""
    import threading

    from PySide6.QtCore import QEventLoop

    from hmi.core.values import DataValue

    stop = threading.Event()
    size = CHANGES_PER_S // 10

    def feed() -> None:
        batch = 0
        while not stop.wait(0.1):
            part = names[batch % 10 * size : (batch % 10 + 1) * size]
            at = client.session_time
            client.tick(
                {n: DataValue(50 + 40 * math.sin(batch / 9 + i), 0, at, at) for i, n in enumerate(part)}
            )
            client.raise_alarms(*_alarms(names, batch))
            batch += 1

    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    ticks: list[float] = []
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        began = time.thread_time()
        application.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 5)
        spent = (time.thread_time() - began) * 1000
        if spent > 0.3:
            ticks.append(spent)
        time.sleep(0.002)
    stop.set()
    feeder.join()
    return sorted(ticks) or [0.0]

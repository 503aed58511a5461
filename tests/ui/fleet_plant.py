"""The windows of a station on the small plant, with settings in a folder of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QApplication
from shell_plant import Time, alarms, plant, values

from hmi.client.port import ConnectionInfo, PlantInfo
from hmi.testing.client import FakeClient
from hmi.ui.link import Link
from hmi.ui.mailbox import Mailbox
from hmi.ui.settings import Settings
from hmi.ui.station import Station
from hmi.ui.theme import Theme, apply_theme
from hmi.ui.windows.fleet import Fleet
from hmi.ui.windows.look import Look


@dataclass
class Fleeted:
    """Everything that a test of several windows needs."""

    fleet: Fleet
    station: Station
    client: FakeClient


@contextmanager
def open_fleet(
    qtbot: Any,
    folder: Path | None = None,
    *,
    wanted: Look = Look(),
    info: PlantInfo | None = None,
    **options: Any,
) -> Iterator[Fleeted]:
    """The first window with values in it and settings read; all windows are closed at the end."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    apply_theme(application, Theme.load("light"))
    clock = Time()
    mailbox = Mailbox(clock)
    made: list[FakeClient] = []

    def factory(listener: Any) -> FakeClient:
        links = [ConnectionInfo("plc1", "modbus", "up", 0, "")]
        made.append(
            FakeClient(listener, info or plant(), values(), alarms=alarms(), connections=links, clock=clock)
        )
        return made[0]

    link = Link(factory, mailbox)
    station = Station(link, mailbox)
    settings = Settings(folder)
    fleet = Fleet(Theme.load("light"), station, settings, wanted=wanted, **options)
    link.start()
    station.start()
    fleet.start()
    qtbot.waitUntil(lambda: settings.is_read and fleet._restored and bool(station.alarms))
    qtbot.waitUntil(lambda: not fleet.renewal.is_busy)
    qtbot.waitUntil(lambda: all(host.page.mimic.is_complete for host in fleet.hosts))
    try:
        yield Fleeted(fleet, station, made[0])
    finally:
        station.stop()
        fleet.stop()
        link.close()
        apply_theme(application, Theme.load("light"))

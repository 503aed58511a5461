"""A small plant, a fake client and a station for tests of the shell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from hmi.client.port import AlarmInfo, ConnectionInfo, DisplayInfo, InstanceInfo, PlantInfo
from hmi.core.quality import GOOD
from hmi.core.values import DataValue
from hmi.testing.client import START_NS, FakeClient, make_alarm, make_tag
from hmi.ui.link import Link
from hmi.ui.mailbox import Mailbox
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.window import StationWindow

PUMP = {
    "running": "bool",
    "fault": "bool",
    "remote": "bool",
    "start": "bool",
    "stop": "bool",
    "speed": "float32",
}


def good(value: object) -> DataValue:
    return DataValue(value, GOOD, START_NS, START_NS)  # type: ignore[arg-type]


def display(name: str, area: str = "", level: int = 2, tags: tuple[str, ...] = ()) -> DisplayInfo:
    elements = [
        {"id": f"e_{n}", "type": "readout", "x": 100 + 300 * n, "y": 300, "w": 90, "h": 36, "tag": tag}
        for n, tag in enumerate(tags)
    ]
    document: dict[str, Any] = {
        "schema": "display/1", "id": f"d_{name}", "name": name, "title": name.title(), "level": level,
        "area": area, "size": [1920, 880], "elements": elements,
    }  # fmt: skip
    return DisplayInfo(f"d_{name}", name, name.title(), level, area, document)


def grid(name: str, tags: tuple[str, ...]) -> DisplayInfo:
    """A display full of readouts, twenty in a row."""
    made = display(name, tags=tags)
    for n, element in enumerate(made.document["elements"]):
        element |= {"x": 8 + n % 20 * 95, "y": 8 + n // 20 * 34, "w": 88, "h": 30}
    return made


def plant(mode: str = "plant") -> PlantInfo:
    loop = {"pv": "intake/fic1.pv", "sp": "intake/fic1.sp"}
    tags = [
        make_tag("intake/fic1.pv", unit="m³/h", low=0.0, high=100.0, signal="pv", instance="intake/fic1",
                 normal_low=20.0, normal_high=60.0, description="Raw flow",
                 alarms=[{"kind": "high", "limit": 80.0, "priority": 2}]),
        make_tag("intake/fic1.sp", unit="m³/h", low=0.0, high=100.0, signal="sp", instance="intake/fic1",
                 writable=True, command_class="R", limit_low=10.0, limit_high=90.0, description="Raw flow set point"),
        make_tag("outlet/lt2.pv", unit="m", low=0.0, high=5.0),
    ]  # fmt: skip
    pump = {}
    for signal, kind in PUMP.items():
        writable = signal in {"start", "stop"}
        name = f"intake/p1.{signal}"
        pump[signal] = name
        tags.append(
            make_tag(name, type=kind, signal=signal, instance="intake/p1", writable=writable,
                     command_class="S" if writable else "", unit="%" if signal == "speed" else "", pulse=writable)
        )  # fmt: skip
    instances = [
        InstanceInfo("i_1", "intake/fic1", "loop", "Raw flow control", "intake", "", "loop", loop, {}),
        InstanceInfo("i_2", "intake/p1", "pump", "Raw pump 1", "intake", "", "pump", pump, {}),
    ]
    displays = [
        display("overview", level=1, tags=("intake/fic1.pv", "outlet/lt2.pv")),
        display("intake", "intake", tags=("intake/fic1.pv",)),
        display("outlet", "outlet", tags=("outlet/lt2.pv",)),
    ]
    areas = [
        {"path": "site", "title": "Site"},
        {"path": "intake", "title": "Intake", "parent": "site"},
        {"path": "outlet", "title": "Outlet", "parent": "site"},
    ]
    return PlantInfo(
        "p_1", "small", "Small plant", "r1", "UTC", mode, "overview", areas, tags, instances, displays
    )


def values() -> dict[str, DataValue]:
    found = {"intake/fic1.pv": good(42.0), "intake/fic1.sp": good(40.0), "outlet/lt2.pv": good(2.5)}
    states = {"running": True, "fault": False, "remote": True, "start": False, "stop": False, "speed": 80.0}
    return found | {f"intake/p1.{signal}": good(value) for signal, value in states.items()}


def alarms() -> list[AlarmInfo]:
    return [
        make_alarm(
            "intake/fic1.pv", 1, priority=2, message="Raw flow high", value=85.0, limit=80.0, unit="m³/h"
        ),
        make_alarm("outlet/lt2.pv", 2, priority=4, state="ACKED", message="Level sensor service"),
    ]


class Time:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 10**12

    def __call__(self) -> int:
        return self.now

    def pass_s(self, seconds: float) -> None:
        self.now += int(seconds * 1e9)


@dataclass
class Desk:
    """Everything that a test of the window needs."""

    window: StationWindow
    station: Station
    client: FakeClient
    time: Time


@contextmanager
def open_station(
    qtbot: Any,
    *,
    mode: str = "plant",
    ask_on_close: bool = False,
    info: PlantInfo | None = None,
    live: Mapping[str, DataValue] | None = None,
    theme: str = "light",
) -> Iterator[Desk]:
    """A window with values in it; closed again at the end. ``info`` and ``live`` are another plant's."""
    clock = Time()
    mailbox = Mailbox(clock)
    made: list[FakeClient] = []

    def factory(listener: Any) -> FakeClient:
        connections = [ConnectionInfo("plc1", "modbus", "up", 0, "")]
        made.append(
            FakeClient(
                listener,
                info or plant(mode),
                live or values(),
                alarms=alarms(),
                connections=connections,
                clock=clock,
            )
        )
        return made[0]

    link = Link(factory, mailbox)
    station = Station(link, mailbox)
    window = StationWindow(Theme.load(theme), station, ask_on_close=ask_on_close)
    link.start()
    station.start()
    window.show()
    qtbot.waitUntil(lambda: window.mimic.is_complete and bool(station.alarms) and station.status is not None)
    try:
        yield Desk(window, station, made[0], clock)
    finally:
        station.stop()
        window.desk.close_all()
        for panel in list(window.trends):
            panel.close_panel()
        window.hide()
        link.close()
        window.deleteLater()

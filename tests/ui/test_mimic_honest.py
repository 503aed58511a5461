"""HM-08 and HM-09 for every dynamic element type: a Bad or stale value never looks live."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("PySide6")

from golden import pixels
from PySide6.QtCore import QPointF, QSize
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from hmi.client.port import InstanceInfo, TagInfo
from hmi.core import quality as q
from hmi.core.values import DataValue
from hmi.mimics import Catalogue, Scene, load_display, shipped_definitions
from hmi.ui.mimic.kit import Kit
from hmi.ui.mimic.offscreen import render
from hmi.ui.mimic.painters import paint_dynamic
from hmi.ui.mimic.trimmings import draw_trimmings
from hmi.ui.theme import Theme

pytestmark = pytest.mark.qt

NOW = 1_795_000_000_000_000_000
DRIVE = {0: "Stopped", 1: "Starting", 2: "Running"}
VALVE = {0: "Closed", 1: "Open"}
# element type (and a word for a variant) -> properties; every dynamic type must stand here
CASES: dict[str, dict[str, Any]] = {
    "text": {"text": {"expr": '"closed" if \'u/v.pv\' > 50 else "open"'}},
    "readout": {"tag": "u/v.pv", "label": "Level", "setpoint": "u/sp.pv"},
    "kpi": {"tag": "u/v.pv", "label": "Level"},
    "bar": {"tag": "u/v.pv", "label": "Level", "setpoint": "u/sp.pv"},
    "tank": {"level": "u/v.pv", "second": "u/sp.pv"},
    "mixer": {"instance": "u/pump"},
    "pump": {"instance": "u/pump", "label": "Pump"},
    "valve": {"instance": "u/valve", "label": "Valve", "show_state": "always"},
    "filter": {"instance": "u/filter"},
    "status": {"label": "Row", "value": "u/v.pv"},
    "table": {"rows": [{"label": "m", "tags": ["u/v.pv", "u/sp.pv"]}]},
    "loop": {"instance": "u/loop", "label": "Loop"},
    "sparkline": {"tag": "u/v.pv"},
    "bar lying": {"tag": "u/v.pv", "label": "Level", "setpoint": "u/sp.pv", "direction": "horizontal"},
    "bar bare": {"tag": "u/v.pv"},
    "loop strip": {"instance": "u/loop", "label": "Loop", "variant": "strip"},
    "deviation": {"rows": [{"label": "Level", "tags": ["u/v.pv", "u/sp.pv"]}]},
    "lamp": {"tag": "u/pump.state", "label": "Pump"},
    "multistate": {"tag": "u/valve.state", "values": [{"value": 0, "text": "closed", "role": "abnormal"}]},
    "table decimal": {
        "rows": [{"label": "m", "tags": ["u/v.pv", "u/sp.pv"]}],
        "columns": [{"label": "Level"}, {"label": "Aim"}],
        "align": "decimal",
        "units": "column",
    },
    "button": {"tag": "u/on.cmd", "text": "Lead", "action": "toggle"},
    "button press": {"tag": "u/on.cmd", "text": "Lead"},
    "entry": {"tag": "u/set.sp"},
    "slider": {"tag": "u/set.sp", "low": 10, "high": 90},
    "selector": {"tag": "u/set.mode"},
    "selector segments": {"tag": "u/set.mode", "style": "segments"},
    "blower": {"instance": "u/pump", "label": "Blower"},
    "motor": {"instance": "u/pump", "label": "Motor"},
    "clarifier": {"instance": "u/pump", "label": "Clarifier", "level": "u/v.pv", "blanket": "u/sp.pv"},
    "dosing": {"instance": "u/pump", "level": "u/v.pv", "dose": "u/sp.pv"},
    "instrument": {"tag": "u/v.pv", "label": "FT-101"},
    "basin": {"level": "u/v.pv"},
    "pipe": {"flow": "u/v.pv", "points": [[60, 60], [300, 60]]},
    "valve hand": {"instance": "u/valve", "kind": "hand", "show_state": "always"},
    "valve three_way": {"instance": "u/valve", "kind": "three_way", "label": "TV-1"},
    "filter pressure": {"instance": "u/filter", "kind": "pressure", "label": "F-1", "show_state": True},
    "tank clarifier": {"level": "u/v.pv", "blanket": "u/sp.pv", "shape": "clarifier"},
    "trend": {"tag": "u/v.pv", "title": "Level", "low": 10, "high": 90},
}
ALARM_ONLY = {"link", "alarm_mark", "alarm_summary"}
WITHOUT_TAGS = {"image"}
# a dashed outline and the letter of the cause, where there is no room for ----
UNWORDED = {"sparkline", "filter", "mixer", "pipe", "bar bare", "button press"}
LIES = {
    "0",
    "0.0",
    "0.00",
    "0 %",
    "RUN",
    "STOP",
    "OPEN",
    "CLSD",
    "STBY",
    "Stopped",
    "Closed",
    "closed",
    "open",
    "Running",
}


@pytest.fixture(autouse=True)
def no_stamps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Marks are drawn each time instead of stamped from the cache, so that their texts are seen."""

    def directly(
        painter: QPainter, _theme: Theme, _key: object, center: QPointF, _size: object, draw: Any
    ) -> None:
        draw(painter, center)

    monkeypatch.setattr("hmi.ui.paint.stamp", directly)

    def around(kit: Kit, painter: QPainter, key: tuple[Any, ...], left: float, baseline: float) -> None:
        draw_trimmings(painter, kit.theme, kit.trimmings(key), left, baseline)

    monkeypatch.setattr(Kit, "around", around)


class Recorder(QPainter):
    """A painter that remembers the texts it was asked to draw."""

    def __init__(self, image: QImage) -> None:
        super().__init__(image)
        self.texts: list[str] = []

    def drawText(self, *arguments: Any) -> Any:
        self.texts.append(str(arguments[-1]))
        return super().drawText(*arguments)


def tag(name: str, **more: Any) -> TagInfo:
    fields: dict[str, Any] = dict(
        id=name, name=name, type="float", description="", area="u", unit="m", format=".2f", low=0.0, high=100.0,
        normal_low=20.0, normal_high=80.0, states={}, writable=False, command_class="", limit_low=None,
        limit_high=None, instance="", signal="", period_ms=1000, history=True, alarms=[],
    )  # fmt: skip
    return TagInfo(**{**fields, **more})


def plant() -> tuple[Catalogue, dict[str, Any]]:
    values: dict[str, Any] = {
        "u/v.pv": 37.25, "u/sp.pv": 42.75,
        "u/pump.running": True, "u/pump.state": 2, "u/pump.speed": 73.0,
        "u/valve.opened": False, "u/valve.closed": True, "u/valve.state": 0,
        "u/loop.pv": 37.25, "u/loop.sp": 42.75, "u/loop.op": 61.0, "u/loop.mode": 1,
        "u/filter.level": 61.0, "u/filter.state": 1,
        "u/on.cmd": True, "u/set.sp": 37.25, "u/set.mode": 1,
    }  # fmt: skip
    states = {
        "u/pump.state": DRIVE,
        "u/valve.state": VALVE,
        "u/loop.mode": {0: "Manual", 1: "Auto"},
        "u/filter.state": {0: "Standby", 1: "Filtering"},
        "u/set.mode": {0: "Manual", 1: "Auto"},
    }
    more = {
        "u/on.cmd": {"type": "bool", "writable": True},
        "u/set.sp": {"writable": True},
        "u/set.mode": {"type": "enum", "writable": True},
    }
    tags = [tag(name, states=states.get(name, {}), **more.get(name, {})) for name in values]
    instances = []
    for name in ("u/pump", "u/valve", "u/filter", "u/loop"):
        signals = {t.rpartition(".")[2]: t for t in values if t.startswith(name + ".")}
        instances.append(InstanceInfo(name, name, "x", "", "u", "", "", signals, {}))
    return Catalogue(tags, instances), values


def scene(kind: str) -> tuple[Scene, dict[str, Any]]:
    catalogue, values = plant()
    element = {
        "id": "e_1",
        "type": kind.partition(" ")[0],
        "x": 60,
        "y": 60,
        "w": 300,
        "h": 120,
        **CASES[kind],
    }
    built = Scene(load_display({"size": [420, 240], "elements": [element]}, shipped_definitions()), catalogue)
    built.apply({name: DataValue(v, q.GOOD, NOW, NOW) for name, v in values.items()}, NOW)
    return built, values


def texts(built: Scene) -> list[str]:
    image = QImage(420, 240, QImage.Format.Format_RGB32)
    painter = Recorder(image)
    paint_dynamic(painter, built, Kit(Theme.load("light")), [0])
    painter.end()
    return painter.texts


def test_every_dynamic_element_type_is_covered() -> None:
    dynamic = {name for name, definition in shipped_definitions().items() if definition.is_dynamic}
    assert dynamic == {case.partition(" ")[0] for case in CASES} | ALARM_ONLY | WITHOUT_TAGS


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize(
    "status", [q.BAD_NO_COMMUNICATION, q.BAD_SENSOR_FAILURE, q.BAD_WAITING_FOR_INITIAL_DATA]
)
@pytest.mark.parametrize("keeps_value", [True, False])
def test_HM_08_bad_shows_no_number_and_no_state(
    qapp: QApplication, kind: str, status: int, keeps_value: bool
) -> None:
    built, values = scene(kind)
    alive = render(built, QSize(420, 240), Theme.load("light"))
    bad = {n: DataValue(v if keeps_value else None, status, NOW + 1, NOW + 1) for n, v in values.items()}
    assert built.apply(bad, NOW + 1) == {0}
    painted = texts(built)
    for shown in painted:
        assert not any(number in shown for number in ("37.25", "42.75", "73", "61")), painted
        assert shown.strip() not in LIES, painted
    marked = any(t in {"----", "?"} for t in painted) or kind in UNWORDED
    assert marked, painted
    assert any(t in {"C", "S", "W"} for t in painted), painted
    assert render(built, QSize(420, 240), Theme.load("light")) != alive


@pytest.mark.parametrize("kind", CASES)
def test_HM_09_stale_is_marked_and_keeps_the_last_value(qapp: QApplication, kind: str) -> None:
    built, _ = scene(kind)
    fresh, before = render(built, QSize(420, 240), Theme.load("light")), texts(built)
    assert 0 in built.judge(lambda _: False, NOW + 4_000_000_000)
    assert render(built, QSize(420, 240), Theme.load("light")) != fresh
    assert "stale" in repr(built.looks[0]).replace("stale=False", "")
    assert [t for t in texts(built) if "37.25" in t] == [t for t in before if "37.25" in t]


@pytest.mark.parametrize("kind", CASES)
def test_HM_03_before_any_value_everything_waits(qapp: QApplication, kind: str) -> None:
    catalogue, _ = plant()
    element = {
        "id": "e_1",
        "type": kind.partition(" ")[0],
        "x": 60,
        "y": 60,
        "w": 300,
        "h": 120,
        **CASES[kind],
    }
    built = Scene(load_display({"size": [420, 240], "elements": [element]}, shipped_definitions()), catalogue)
    assert "W" in texts(built)


def test_an_unknown_tag_is_drawn_as_a_configuration_fault(qapp: QApplication) -> None:
    element = {"id": "e_1", "type": "readout", "x": 60, "y": 60, "tag": "u/none.pv"}
    built = Scene(
        load_display({"size": [420, 240], "elements": [element]}, shipped_definitions()), Catalogue()
    )
    assert {"----", "K"} <= set(texts(built))


STATES: list[dict[str, Any]] = [
    {"state": 2, "running": True}, {"state": 0, "running": False}, {"state": 1, "running": False},
    {"state": 3, "running": True}, {"state": 4, "running": False}, {"state": 6, "running": False},
    {"state": 2, "running": True, "remote": False}, {"state": 2, "running": True, "auto": True},
    {"state": 2, "running": True, "auto": False}, {"state": 0, "running": False, "interlock": True},
    {"state": 0, "running": False, "ready": False},
]  # fmt: skip
ALL = {
    0: "Stopped",
    1: "Starting",
    2: "Running",
    3: "Stopping",
    4: "Tripped",
    5: "Standby",
    6: "Out of service",
}


@pytest.mark.parametrize("kind", ["pump", "mixer", "valve", "blower", "motor", "clarifier", "dosing"])
def test_HM_10_every_equipment_state_has_its_own_look(qapp: QApplication, kind: str) -> None:
    pictures = []
    for case in [*STATES, "bad", "forced"]:
        signals = case if isinstance(case, dict) else {"state": 2, "running": True}
        names = {signal: f"u/x.{signal}" for signal in signals}
        catalogue = Catalogue(
            [tag(name, states=ALL if name.endswith("state") else {}) for name in names.values()],
            [InstanceInfo("u/x", "u/x", "x", "", "u", "", "", names, {})],
        )
        element = {"id": "e_1", "type": kind, "x": 100, "y": 60, "w": 40, "h": 60, "instance": "u/x"}
        built = Scene(
            load_display({"size": [240, 200], "elements": [element]}, shipped_definitions()), catalogue
        )
        status = {"bad": q.BAD_NO_COMMUNICATION, "forced": q.GOOD_LOCAL_OVERRIDE}.get(str(case), q.GOOD)
        built.apply({names[s]: DataValue(v, status, NOW, NOW) for s, v in signals.items()}, NOW)
        picture = render(built, QSize(240, 200), Theme.load("light"))
        pictures.append(pixels(picture).tobytes())
    # Automatic is the normal mode: mixers and valves carry no badge for it, so one picture repeats.
    repeats = {"mixer": 1, "valve": 1}
    assert len(set(pictures)) == len(pictures) - repeats.get(kind, 0)

"""A small plant with one object of each kind of faceplate, as the water works has them, and a station on it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import msgspec
from PySide6.QtCore import QRect
from PySide6.QtWidgets import QApplication
from shell_plant import Desk, display, open_station

from hmi.client.port import InstanceInfo, PlantInfo, TagInfo
from hmi.core import quality as q
from hmi.core.clock import NS_PER_S
from hmi.core.values import DataValue
from hmi.testing.client import START_NS, make_alarm, make_tag
from hmi.ui.faceplate.card import Faceplate

PUMP, VALVE, LOOP, TANK, ANALOGUE = OBJECTS = ("u/p101", "u/fcv511", "u/fic101", "u/lt401", "u/at402")
TITLES: Final = (
    "Raw water pump 1",
    "Network control valve",
    "Raw water flow",
    "Clear-well level",
    "Chlorine residual",
)
KINDS: Final = ("pump", "valve", "loop", "tank", "analogue")
SYMBOLS: Final = ("pump", "control_valve", "loop", "tank", "analogue")
BESIDE: Final = QRect(100, 300, 60, 60)
ONOFF: Final[Mapping[str, tuple[str, str]]] = {
    "running": ("Stopped", "Running"), "ready": ("Not ready", "Ready"), "fault": ("Normal", "Tripped"),
    "remote": ("Local", "Remote"), "auto": ("Manual", "Automatic"), "interlock": ("Clear", "Interlocked"),
    "opened": ("Not open", "Open"), "closed": ("Not closed", "Closed"), "high": ("Normal", "High"),
    "low": ("Normal", "Low"), "oos": ("In service", "Out of service"), "auto_cmd": ("Manual", "Automatic"),
    "start": ("Idle", "Start"), "stop": ("Idle", "Stop"), "reset": ("Idle", "Reset"), "open": ("Idle", "Open"),
    "close": ("Idle", "Close"),
}  # fmt: skip
STATES: Final = {0: "Stopped", 1: "Starting", 2: "Running", 3: "Stopping", 4: "Tripped"}
CODES: Final = {0: "None", 1: "Overload", 2: "Low level"}
MODES: Final = {0: "Manual", 1: "Auto", 2: "Cascade"}
COMMANDS: Final = {
    "start": "S",
    "stop": "S",
    "reset": "S",
    "open": "S",
    "close": "S",
    "auto_cmd": "S",
    "oos": "C",
}


def _switch(name: str, signal: str) -> TagInfo:
    command = COMMANDS.get(signal, "")
    states = dict(enumerate(ONOFF[signal]))
    return make_tag(f"{name}.{signal}", type="bool", signal=signal, instance=name, states=states,
                    description=f"{name} {signal}", writable=bool(command), command_class=command,
                    history=False, pulse=bool(command) and signal not in {"auto_cmd", "oos"})  # fmt: skip


def _figure(
    name: str, signal: str, unit: str, low: float, high: float, form: str = ".1f", **more: Any
) -> TagInfo:
    return make_tag(f"{name}.{signal}", signal=signal, instance=name, unit=unit, low=low, high=high, format=form,
                    description=f"{name} {signal}", **more)  # fmt: skip


def _choice(name: str, signal: str, states: dict[int, str], **more: Any) -> TagInfo:
    return make_tag(f"{name}.{signal}", type="enum", signal=signal, instance=name, states=states, **more)


def _limit(kind: str, limit: float, priority: int) -> dict[str, Any]:
    return {"kind": kind, "limit": limit, "priority": priority}


def _command(low: float, high: float, step: float = 0.0) -> dict[str, Any]:
    return {"writable": True, "command_class": "R", "limit_low": low, "limit_high": high, "max_step": step}


def _tags() -> list[TagInfo]:
    remote = [f"'{PUMP}.remote'", "Local/remote switch is in remote"]
    manual = [f"not '{PUMP}.auto'", "Drive is in manual"]
    lock = [f"'{PUMP}.interlock'", "Wet well level is too low"]
    in_auto, in_manual = [
        [f"'{LOOP}.mode' == {n}", f"Loop is in {w}"] for n, w in ((1, "automatic"), (0, "manual"))
    ]
    guards: dict[str, dict[str, Any]] = {
        f"{PUMP}.start": {"permissives": [remote, manual], "interlocks": [lock]},
        f"{PUMP}.stop": {"permissives": [remote]},
        f"{LOOP}.sp": {"permissives": [in_auto]},
        f"{LOOP}.op": {"permissives": [in_manual]},
    }
    pump = (
        "running",
        "ready",
        "fault",
        "remote",
        "auto",
        "interlock",
        "start",
        "stop",
        "reset",
        "auto_cmd",
        "oos",
    )
    valve = ("opened", "closed", "fault", "remote", "auto", "open", "close", "auto_cmd")
    levels = [
        _limit("high_high", 95, 1),
        _limit("high", 90, 2),
        _limit("low", 45, 3),
        _limit("low_low", 20, 1),
    ]
    chlorine = [_limit("low_low", 0.3, 1), _limit("low", 0.5, 2), _limit("high", 1.4, 3)]
    tags = [
        *(_switch(PUMP, signal) for signal in pump),
        _choice(PUMP, "state", STATES), _choice(PUMP, "trip_code", CODES),
        _figure(PUMP, "speed", "%", 0, 100, ".0f"), _figure(PUMP, "power", "kW", 0, 250),
        _figure(PUMP, "speed_sp", "%", 0, 100, ".0f", **_command(30, 100, 20)),
        *(_switch(VALVE, signal) for signal in valve),
        _figure(VALVE, "position", "%", 0, 100, ".0f"),
        _figure(VALVE, "position_sp", "%", 0, 100, ".0f", **_command(0, 100, 20)),
        _figure(LOOP, "pv", "m³/h", 0, 2000, ".0f", normal_low=900.0, normal_high=1500.0),
        _figure(LOOP, "sp", "m³/h", 0, 2000, ".0f", **_command(400, 1600, 200)),
        _figure(LOOP, "op", "%", 0, 100, **_command(0, 100, 20)),
        _choice(LOOP, "mode", MODES, writable=True, command_class="S"),
        _figure(TANK, "pv", "%", 0, 100, ".0f", normal_low=55.0, normal_high=85.0, alarms=levels),
        _figure(TANK, "volume", "m³", 0, 4000, ".0f"), *(_switch(TANK, s) for s in ("fault", "high", "low")),
        _figure(ANALOGUE, "pv", "mg/L", 0, 2, ".2f", normal_low=0.6, normal_high=1.2, alarms=chlorine),
        _switch(ANALOGUE, "fault"),
    ]  # fmt: skip
    return [msgspec.structs.replace(tag, **guards.get(tag.name, {})) for tag in tags]


def faceplate_plant() -> PlantInfo:
    tags = _tags()
    instances = []
    for n, name in enumerate(OBJECTS):
        signals = {tag.signal: tag.name for tag in tags if tag.instance == name}
        shown = "" if name == ANALOGUE else "unit"
        instances.append(
            InstanceInfo(f"i_{n}", name, KINDS[n], TITLES[n], "u", SYMBOLS[n], KINDS[n], signals, {}, shown)
        )
    displays = [
        display("overview", level=1, tags=(f"{TANK}.pv",)),
        display("unit", "u", tags=(f"{LOOP}.pv",)),
    ]
    areas = [{"path": "u", "title": "Unit"}]
    return PlantInfo(
        "p_f", "f", "Faceplates", "r1", "UTC", "plant", "overview", areas, tags, instances, displays
    )


FIGURES: Final[Mapping[str, float]] = {
    f"{PUMP}.speed": 86.0, f"{PUMP}.power": 142.5, f"{PUMP}.speed_sp": 86.0, f"{VALVE}.position": 48.0,
    f"{VALVE}.position_sp": 50.0, f"{LOOP}.pv": 1248.0, f"{LOOP}.sp": 1250.0, f"{LOOP}.op": 62.4,
    f"{TANK}.pv": 71.0, f"{TANK}.volume": 2840.0, f"{ANALOGUE}.pv": 0.42,
}  # fmt: skip
ON: Final = frozenset(
    (f"{PUMP}.running", f"{PUMP}.ready", f"{PUMP}.remote", f"{VALVE}.remote", f"{VALVE}.auto")
)


def at(value: Any, status: int = q.GOOD, ago_s: float = 2.0) -> DataValue:
    source = START_NS - int(ago_s * NS_PER_S)
    return DataValue(value, status, source, source)


def faceplate_values() -> dict[str, DataValue]:
    found = {tag.name: at(tag.name in ON) for tag in _tags() if tag.type == "bool"}
    found |= {name: at(value) for name, value in FIGURES.items()}
    return found | {f"{PUMP}.state": at(2), f"{PUMP}.trip_code": at(0), f"{LOOP}.mode": at(1)}


def half_an_hour(value: float, swing: float) -> list[DataValue]:
    """A sample each ten seconds up to now."""
    shape = ((s, math.sin(s / 170) + 0.4 * math.sin(s / 53)) for s in range(1800, 0, -10))
    return [at(value + swing * y, ago_s=s) for s, y in shape]


def records() -> list[dict[str, Any]]:
    """Six commands of the loop and one of the pump."""
    told = [
        ("u/fic101.sp", 1250.0, "confirmed", 60), ("u/fic101.mode", 1, "confirmed", 340),
        ("u/fic101.op", 62.5, "refused", 700), ("u/fic101.sp", 1300.0, "refused", 760),
        ("u/fic101.sp", 1200.0, "unknown", 4000), ("u/fic101.sp", 1150.0, "confirmed", 9000),
        ("u/p101.start", True, "confirmed", 1200),
    ]  # fmt: skip
    return [
        {"seq": n + 1, "kind": "audit", "actor": "shift-b", "object_id": f"t_{tag}", "event": f"command.{state}",
         "event_time": START_NS - ago * NS_PER_S, "payload": {"new": new, "state": state}}
        for n, (tag, new, state, ago) in enumerate(told)
    ]  # fmt: skip


CHLORINE = make_alarm(f"{ANALOGUE}.pv", 1, priority=2, message="Chlorine residual low", value=0.42, limit=0.5,
                      unit="mg/L", response="Check P-401 stroke and NaOCl day tank")  # fmt: skip
TRIP = make_alarm(f"{PUMP}.fault", 2, priority=3, message="Raw water pump 1 tripped", state="ACKED")
SWING: Final = {f"{LOOP}.pv": 40.0, f"{TANK}.pv": 3.0, f"{ANALOGUE}.pv": 0.05, f"{PUMP}.speed": 2.0}


@contextmanager
def open_faceplates(
    qtbot: Any, changed: Mapping[str, DataValue] | None = None, *, theme: str = "light"
) -> Iterator[Desk]:
    """A window on the plant with its past in place. Nothing moves by itself."""
    live = faceplate_values() | dict(changed or {})
    with open_station(qtbot, info=faceplate_plant(), live=live, theme=theme) as desk:
        for tag, value in FIGURES.items():
            desk.client.history[tag] = half_an_hour(value, SWING.get(tag, 0.0))
        desk.client.alarm_book.records = records()
        desk.client.raise_alarms(CHLORINE)
        qtbot.waitUntil(lambda: "o_1" in desk.station.alarms and len(desk.station.alarms) == 1)
        yield desk


def opened(qtbot: Any, desk: Desk, target: str, place: QRect = BESIDE) -> Faceplate:
    """A faceplate with its values, its past and its journal there."""
    card = desk.window.desk.open(target, place)
    assert card is not None
    station, body = desk.station, card.body
    known = [tag for tag in card.tags if tag in station.catalogue.tags]
    qtbot.waitUntil(lambda: all(tag in station.values for tag in known))
    qtbot.waitUntil(
        lambda: not card.values or len(body.trend.series) > 1 or card.content.main not in desk.client.history
    )
    if card.content.commands:
        qtbot.waitUntil(lambda: body.last.sentence != "Asking the journal …")
    card.refresh()
    settle(card)
    return card


def settle(card: Faceplate) -> None:
    """Let every layout request in it be answered: its height then is the one that its content needs."""
    before = -1
    while card.height() != before:
        before = card.height()
        for _ in range(8):
            QApplication.processEvents()

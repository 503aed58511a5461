"""Sheets of equipment symbols: each of the 13 states of standards 2.6 under each quality of 2.8, built in code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QImage

from hmi.client.port import InstanceInfo, TagInfo
from hmi.core import quality as q
from hmi.core.values import DataValue
from hmi.mimics import Catalogue, Scene, TagAlarm, load_display, shipped_definitions
from hmi.ui.mimic.offscreen import render
from hmi.ui.theme import Theme

NOW: Final = 1_795_000_000_000_000_000
LATER: Final = NOW + 60_000_000_000
HEAD, SIDE = 34, 96  # room for the names of columns and rows
TEXTS: Final = {
    0: "Stopped", 1: "Starting", 2: "Running", 3: "Stopping", 4: "Tripped", 5: "Standby", 6: "Out of service",
    10: "Closed", 11: "Open", 12: "Travelling", 13: "Intermediate", 14: "Discrepancy",
}  # fmt: skip
# signal -> unit, format, upper end of its range
UNITS: Final = {
    "level": ("m", ".2f", 5.0),
    "blanket": ("m", ".1f", 5.0),
    "second": ("%", ".0f", 100.0),
    "dose": ("mg/L", ".2f", 5.0),
    "tag": ("bar", ".2f", 10.0),
    "flow": ("m³/h", ".0f", 500.0),
}
MODES: Final = {0: "Manual", 1: "Auto", 2: "Cascade"}


@dataclass(frozen=True)
class Case:
    """One state: what the signals of a drive and of a valve say, and the alarm that belongs to it."""

    name: str
    drive: Mapping[str, Any]
    valve: Mapping[str, Any]
    alarm: int = 0
    status: int = q.GOOD

    def signals(self, *, valve: bool) -> Mapping[str, Any]:
        return self.valve if valve else self.drive


def _both(name: str, on: bool = True, alarm: int = 0, status: int = q.GOOD, **more: Any) -> Case:
    drive, valve = ({"state": 2}, {"state": 11}) if on else ({"state": 0}, {"state": 10})
    return Case(name, {**drive, **more}, {**valve, **more}, alarm, status)


# the 13 rows of standards 2.6, in its order
STATES: Final = (
    _both("Running", speed=86.0),
    _both("Stopped", on=False),
    Case("Starting", {"state": 1, "speed": 12.0}, {"state": 12, "speed": 30.0}),
    Case("Intermediate", {"state": 13, "speed": 48.0}, {"state": 13, "speed": 48.0}),
    Case(
        "Discrepancy", {"state": 14, "running": True}, {"state": 11, "opened": True, "closed": True}, alarm=2
    ),
    Case("Tripped", {"state": 4}, {"state": 4}, alarm=1),
    _both("Unknown", status=q.BAD_NO_COMMUNICATION),
    _both("Local", remote=False),
    _both("Manual", mode=0),
    _both("Interlocked", on=False, interlock=True),
    _both("Tagged", on=False, tagged=True),
    Case("Out of service", {"state": 6}, {"state": 6}),
    _both("Forced", status=q.GOOD_LOCAL_OVERRIDE),
)
# what the table names together with one of its rows
VARIANTS: Final = (
    Case("Stopping", {"state": 3}, {"state": 12}),
    _both("Automatic", mode=1),
    _both("Cascade", mode=2),
    _both("Permissive", on=False, ready=False),
    _both("Simulated", status=q.UNCERTAIN_SIMULATED),
)
WAITING, STALE = -1, -2
QUALITIES: Final = {
    "Good": q.GOOD,
    "Uncertain": q.UNCERTAIN,
    "Stale": STALE,
    "Comms": q.BAD_NO_COMMUNICATION,
    "Sensor": q.BAD_SENSOR_FAILURE,
    "Device": q.BAD_DEVICE_FAILURE,
    "Configuration": q.BAD_CONFIGURATION,
    "Service": q.BAD_OUT_OF_SERVICE,
    "Waiting": WAITING,
    "Low limit": q.GOOD | q.LIMIT_LOW,
    "High limit": q.GOOD | q.LIMIT_HIGH,
    "Out of range": q.UNCERTAIN_EU_EXCEEDED,
    "Forced": q.GOOD_LOCAL_OVERRIDE,
    "Simulated": q.UNCERTAIN_SIMULATED,
    "Manual": q.UNCERTAIN_SUBSTITUTE,
}


@dataclass(frozen=True)
class Symbol:
    """An element type with one choice of its properties; ``at`` is its place in a cell of ``cell`` pixels."""

    type: str
    at: tuple[int, int, int, int]
    properties: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    cell: tuple[int, int] = (132, 104)

    @property
    def tags(self) -> tuple[str, ...]:
        """Properties that name a tag each; empty for an element that shows an instance."""
        return tuple(self.values) if self.type in {"tank", "basin", "instrument", "pipe"} else ()

    @property
    def is_valve(self) -> bool:
        return self.type == "valve"


SYMBOLS: Final[dict[str, Symbol]] = {
    "pump": Symbol("pump", (48, 22, 36, 36), {"label": "P-101"}),
    "dosing pump": Symbol("pump", (48, 22, 36, 36), {"label": "P-211", "kind": "dosing"}),
    "blower": Symbol("blower", (46, 18, 40, 40), {"label": "B-301"}),
    "fan": Symbol("blower", (46, 18, 40, 40), {"label": "FN-12", "kind": "fan"}),
    "compressor": Symbol("blower", (46, 18, 40, 40), {"label": "C-601", "kind": "compressor"}),
    "motor": Symbol("motor", (50, 24, 32, 32), {"label": "M-110"}),
    "mixer": Symbol("mixer", (53, 44, 26, 54), {"label": "M-201", "show_state": "always"}),
    "clarifier": Symbol("clarifier", (16, 12, 100, 68), {"label": "CL-205"}),
    "valve": Symbol(
        "valve", (56, 26, 20, 20), {"label": "XV-206", "label_side": "below", "show_state": "always"}
    ),
    "control valve": Symbol(
        "valve",
        (56, 34, 20, 20),
        {"label": "FCV-511", "kind": "control", "label_side": "below", "show_state": "always"},
    ),
    "three-way valve": Symbol(
        "valve",
        (56, 24, 24, 24),
        {"label": "TV-31", "kind": "three_way", "label_side": "below", "show_state": "always"},
    ),
    "check valve": Symbol(
        "valve",
        (56, 26, 20, 20),
        {"label": "CV-7", "kind": "check", "label_side": "below", "show_state": "always"},
    ),
    "hand valve": Symbol(
        "valve",
        (56, 34, 20, 20),
        {"label": "HV-9", "kind": "hand", "label_side": "below", "show_state": "always"},
    ),
    "dosing": Symbol(
        "dosing",
        (8, 10, 166, 100),
        {"label": "P-401", "chemical": "NaOCl"},
        {"level": 3.1, "dose": 1.35},
        (196, 132),
    ),
}
# element types that have a state of 2.6, with the symbol that stands for them on a sheet of its own
TYPES: Final = ("pump", "blower", "motor", "mixer", "clarifier", "valve", "dosing")


@dataclass
class Sheet:
    """Cells side by side, each one instance with its own values, and the scene of them all."""

    columns: Sequence[str]
    rows: Sequence[str]
    cell: tuple[int, int]
    elements: list[dict[str, Any]] = field(default_factory=list)
    tags: list[TagInfo] = field(default_factory=list)
    instances: list[InstanceInfo] = field(default_factory=list)
    values: dict[str, DataValue] = field(default_factory=dict)
    alarms: dict[str, TagAlarm] = field(default_factory=dict)
    stale: set[str] = field(default_factory=set)

    def place(self, column: int, row: int) -> QRect:
        width, height = self.cell
        return QRect(SIDE + column * width, HEAD + row * height, width, height)

    @property
    def size(self) -> tuple[int, int]:
        width, height = self.cell
        return SIDE + len(self.columns) * width + 8, HEAD + len(self.rows) * height + 8

    @property
    def cells(self) -> dict[str, QRect]:
        return {
            f"{row} / {column}": self.place(c, r)
            for r, row in enumerate(self.rows)
            for c, column in enumerate(self.columns)
        }

    def add(self, column: int, row: int, symbol: Symbol, case: Case, status: int) -> None:
        """Draw a symbol in a cell, in the state of ``case``, its signals with the quality ``status``."""
        name, place = f"u/c{column}r{row}", self.place(column, row)
        x, y, w, h = symbol.at
        left = place.left() + (self.cell[0] - symbol.cell[0]) // 2
        element = {
            "id": f"e_{column}_{row}", "type": symbol.type, "x": left + x, "y": place.top() + y, "w": w, "h": h,
            **self._moved(symbol.properties, left, place.top()),
        }  # fmt: skip
        element |= {role: f"{name}.{role}" for role in symbol.tags} or {"instance": name}
        self.elements.append(element)
        if q.quality_of(case.status).is_bad:
            status = case.status
        signals = {**case.signals(valve=symbol.is_valve), **symbol.values}
        names = {signal: f"{name}.{signal}" for signal in signals}
        self.instances.append(InstanceInfo(name, name, "x", "", "u", "", "", names, {}))
        for signal, value in signals.items():
            self._value(names[signal], signal, value, status if status != q.GOOD else case.status)
        if case.alarm:
            self.alarms[names["state"]] = TagAlarm(case.alarm, unacked=True)

    @staticmethod
    def _moved(properties: Mapping[str, Any], dx: int, dy: int) -> dict[str, Any]:
        """The properties with their points at the place of the cell."""
        return {
            name: [[x + dx, y + dy, *more] for x, y, *more in value] if isinstance(value, list) else value
            for name, value in properties.items()
        }

    def _value(self, name: str, signal: str, value: Any, status: int) -> None:
        unit, form, high = UNITS.get(signal, ("", ".0f", 100.0))
        self.tags.append(
            tag(
                name,
                states={"state": TEXTS, "mode": MODES}.get(signal, {}),
                unit=unit,
                format=form,
                high=high,
            )
        )
        if status == STALE:
            self.stale.add(name)
        if status != WAITING:
            status = q.GOOD if status == STALE else status
            known = None if q.quality_of(status).is_bad else value
            self.values[name] = DataValue(known, status, NOW, NOW)

    def scene(self) -> Scene:
        document = {"size": list(self.size), "elements": [*self._frame(), *self.elements]}
        built = Scene(load_display(document, shipped_definitions()), Catalogue(self.tags, self.instances))
        built.apply(self.values, NOW)
        built.judge(lambda name: name not in self.stale, LATER)
        built.set_alarms(self.alarms)
        return built

    def _frame(self) -> list[dict[str, Any]]:
        width, height = self.size
        frame: list[dict[str, Any]] = [{"id": "e", "type": "box", "x": 0, "y": 0, "w": width, "h": height}]
        for n, text in enumerate(self.columns):
            place = self.place(n, 0)
            frame.append(_text(place.center().x(), 22, text, "center", f"c{n}"))
        for n, text in enumerate(self.rows):
            place = self.place(0, n)
            frame.append(_text(10, place.top() + 44, text, "left", f"r{n}"))
            frame.append({"id": f"l{n}", "type": "line", "x": 8, "y": place.top(), "w": width - 16, "h": 0})
        return frame

    def picture(self, theme: str) -> QImage:
        return render(self.scene(), QSize(*self.size), Theme.load(theme))


def _text(x: int, baseline: int, text: str, align: str, name: str) -> dict[str, Any]:
    left = x - 60 if align == "center" else x
    return {"id": name, "type": "text", "x": left, "y": baseline - 14, "w": 120, "h": 18, "text": text,
            "align": align, "style": "small"}  # fmt: skip


def tag(name: str, **more: Any) -> TagInfo:
    fields: dict[str, Any] = dict(
        id=name, name=name, type="float", description="", area="u", unit="", format=".0f", low=0.0, high=100.0,
        normal_low=None, normal_high=None, states={}, writable=False, command_class="", limit_low=None,
        limit_high=None, instance="", signal="", period_ms=1000, history=False, alarms=[],
    )  # fmt: skip
    return TagInfo(**{**fields, **more})


def states_sheet() -> Sheet:
    """Every symbol in every state, of good quality: a row looks alike from end to end."""
    cases = (*STATES, *VARIANTS)
    symbols = {name: symbol for name, symbol in SYMBOLS.items() if name != "dosing"}
    sheet = Sheet(list(symbols), [case.name for case in cases], (118, 104))
    for c, symbol in enumerate(symbols.values()):
        for r, case in enumerate(cases):
            sheet.add(c, r, symbol, case, q.GOOD)
    return sheet


def quality_sheet(kind: str) -> Sheet:
    """One symbol in every state under every quality."""
    symbol = LARGE.get(kind, SYMBOLS[kind])
    sheet = Sheet(list(QUALITIES), [case.name for case in STATES], symbol.cell)
    for c, status in enumerate(QUALITIES.values()):
        for r, case in enumerate(STATES):
            sheet.add(c, r, symbol, case, status)
    return sheet


# what a sheet of its own shows larger
LARGE: Final = {
    "clarifier": Symbol(
        "clarifier", (8, 8, 204, 138), {"label": "CL-205"}, {"level": 4.3, "blanket": 1.3}, (220, 166)
    ),
}
# what shows a value that is no state
VESSELS: Final[dict[str, Symbol]] = {
    "tank": Symbol("tank", (33, 10, 78, 104), {"label": "LT-1"}, {"level": 3.42}, (144, 140)),
    "closed tank": Symbol(
        "tank",
        (27, 10, 90, 104),
        {"label": "LT-2", "shape": "closed", "text_at": 0.6},
        {"level": 3.42},
        (144, 140),
    ),
    "elevated tank": Symbol(
        "tank", (33, 24, 78, 90), {"label": "LT-3", "shape": "elevated"}, {"level": 3.42}, (144, 140)
    ),
    "clear-well": Symbol(
        "tank",
        (2, 10, 140, 104),
        {"label": "LT-4", "shape": "clearwell", "baffles": 3, "text_at": 0.5},
        {"level": 3.42, "second": 71.0},
        (144, 140),
    ),
    "basin": Symbol("basin", (22, 10, 100, 90), {"label": "B-1"}, {"level": 3.42}, (144, 140)),
    "aeration": Symbol(
        "basin", (12, 10, 120, 90), {"label": "B-2", "diffusers": True}, {"level": 4.2}, (144, 140)
    ),
    "filter": Symbol(
        "filter",
        (49, 8, 46, 84),
        {"label": "F-301", "show_state": True},
        {"level": 3.0, "state": 2},
        (144, 140),
    ),
    "pressure filter": Symbol(
        "filter",
        (49, 8, 46, 84),
        {"label": "F-401", "kind": "pressure", "show_state": True},
        {"state": 2},
        (144, 140),
    ),
    "screen": Symbol(
        "filter",
        (49, 14, 46, 46),
        {"label": "S-101", "kind": "screen", "show_state": True},
        {"state": 2},
        (144, 140),
    ),
    "instrument": Symbol("instrument", (50, 14, 44, 44), {"label": "FT-101"}, {"tag": 3.42}, (144, 140)),
    "controller": Symbol(
        "instrument",
        (50, 14, 44, 44),
        {"label": "FIC-211A", "kind": "shared", "place": "panel"},
        {"tag": 3.42},
        (144, 140),
    ),
    "bubble": Symbol(
        "instrument",
        (50, 30, 44, 44),
        {"label": "PT-7", "place": "behind", "value": False},
        {"tag": 3.42},
        (144, 140),
    ),
    "pipe": Symbol(
        "pipe",
        (0, 0, 0, 0),
        {
            "points": [[14, 96], [72, 96], [72, 40], [130, 40]],
            "arrows": [[40, 96, 0], [104, 40, 0]],
            "radius": 8,
        },
        {"flow": 3.42},
        (144, 140),
    ),
    "still pipe": Symbol(
        "pipe",
        (0, 0, 0, 0),
        {
            "points": [[14, 96], [72, 96], [72, 40], [130, 40]],
            "arrows": [[40, 96, 0], [104, 40, 0]],
            "radius": 8,
        },
        {"flow": 0.0},
        (144, 140),
    ),
}


def vessels_sheet() -> Sheet:
    """What shows a value, under each quality."""
    sheet = Sheet(list(QUALITIES), list(VESSELS), (148, 140))
    for r, symbol in enumerate(VESSELS.values()):
        for c, status in enumerate(QUALITIES.values()):
            sheet.add(c, r, symbol, Case("", symbol.values, symbol.values), status)
    return sheet

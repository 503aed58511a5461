"""Sheets of elements that show values: each one under every quality of standards 2.8, in alarm and out of range."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QImage

from hmi.client.port import InstanceInfo, TagInfo
from hmi.core import quality as q
from hmi.core.values import DataValue
from hmi.mimics import Catalogue, ImageState, Scene, TagAlarm, load_display, shipped_definitions
from hmi.ui.mimic.offscreen import render
from hmi.ui.theme import Theme

NOW: Final = 1_795_000_000_000_000_000
SECOND: Final = 1_000_000_000
LATER: Final = NOW + 4 * SECOND
WIDTH, SIDE, HEAD = 1900, 24, 30
MODES: Final = {0: "Manual", 1: "Auto", 2: "Cascade"}
STATES: Final = {0: "Stopped", 1: "Starting", 2: "Running"}


@dataclass(frozen=True)
class Case:
    """What all values of a cell have in common; ``alarm`` is the priority of one on the main value."""

    status: int = q.GOOD
    stale: bool = False
    waiting: bool = False
    alarm: int = 0
    unacked: bool = False
    value: float = 37.25
    setpoint_status: int | None = None


CASES: Final[Mapping[str, Case]] = {
    "Good": Case(),
    "Uncertain": Case(q.UNCERTAIN),
    "Stale": Case(stale=True),
    "C Comms": Case(q.BAD_NO_COMMUNICATION),
    "S Sensor": Case(q.BAD_SENSOR_FAILURE),
    "D Device": Case(q.BAD_DEVICE_FAILURE),
    "K Configuration": Case(q.BAD_CONFIGURATION),
    "O Out of service": Case(q.BAD_OUT_OF_SERVICE),
    "W Waiting": Case(waiting=True),
    "Low limit": Case(q.GOOD | q.LIMIT_LOW, value=2.0),
    "High limit": Case(q.GOOD | q.LIMIT_HIGH, value=98.0),
    "Beyond the scale": Case(value=128.4),
    "Below the scale": Case(value=-12.5),
    "Out of range": Case(q.UNCERTAIN_EU_EXCEEDED, value=128.4),
    "F Forced": Case(q.GOOD_LOCAL_OVERRIDE),
    "S Simulated": Case(q.UNCERTAIN_SIMULATED),
    "M Manual": Case(q.UNCERTAIN_SUBSTITUTE),
    "P1 unacknowledged": Case(alarm=1, unacked=True, value=95.0),
    "P2": Case(alarm=2, value=88.0),
    "P3": Case(alarm=3, value=12.0),
    "P4": Case(alarm=4),
    "Bad and P2": Case(q.BAD_SENSOR_FAILURE, alarm=2, unacked=True),
    "Set point bad": Case(setpoint_status=q.BAD_NO_COMMUNICATION),
}
VALUES: Final[Mapping[str, Any]] = {
    "v.pv": 37.25, "sp.pv": 42.75, "w.pv": 8.125, "l.pv": 82.0, "pump.state": 2,
    "loop.pv": 37.25, "loop.sp": 42.75, "loop.op": 61.0, "loop.mode": 1,
}  # fmt: skip
MAIN: Final = ("v.pv", "loop.pv")
SETPOINTS: Final = ("sp.pv", "loop.sp")


@dataclass(frozen=True)
class Show:
    """An element with a choice of its properties; ``@`` in a text stands for the names of the cell's tags."""

    properties: Mapping[str, Any]
    at: tuple[int, int, int, int]
    cell: tuple[int, int]


SHOWN: Final[Mapping[str, Show]] = {
    "bar": Show(
        {"type": "bar", "tag": "@/v.pv", "label": "LT-101", "setpoint": "@/sp.pv"}, (46, 10, 60, 150), (150, 184)
    ),
    "bar, lying": Show(
        {"type": "bar", "tag": "@/v.pv", "label": "LT-101", "setpoint": "@/sp.pv", "direction": "horizontal"},
        (22, 18, 190, 50), (234, 88),
    ),
    "bar, bare": Show({"type": "bar", "tag": "@/v.pv", "limit_high": "@/l.pv"}, (46, 10, 60, 90), (150, 122)),
    "readout": Show(
        {"type": "readout", "tag": "@/v.pv", "label": "Level", "setpoint": "@/sp.pv"}, (22, 10, 110, 60), (187, 88)
    ),
    "deviation": Show(
        {"type": "deviation", "rows": [
            {"label": "LT-101", "tags": ["@/v.pv", "@/sp.pv"], "span": 40}, {"label": "LT-102", "tags": ["@/sp.pv"]},
            {"label": "AT-7", "tags": ["@/w.pv"], "format": ".1f"},
        ]},
        (18, 10, 200, 150), (234, 184),
    ),
    "loop": Show({"type": "loop", "instance": "@/loop", "label": "FIC-211 dose"}, (22, 10, 170, 58), (234, 92)),
    "loop, strip": Show(
        {"type": "loop", "instance": "@/loop", "label": "FIC-211 dose", "variant": "strip"},
        (18, 10, 290, 120), (370, 148),
    ),
    "lamp": Show({"type": "lamp", "tag": "@/pump.state", "label": "P-101"}, (22, 10, 150, 26), (234, 60)),
    "multistate": Show(
        {"type": "multistate", "tag": "@/pump.state", "label": "P-101"}, (22, 10, 120, 40), (187, 78)
    ),
    "multistate, abnormal": Show(
        {"type": "multistate", "tag": "@/pump.state", "label": "Seal water",
         "values": [{"value": 2, "text": "Blocked", "role": "abnormal"}]},
        (22, 10, 120, 40), (187, 78),
    ),
    "text": Show({"type": "text", "text": {"expr": "'@/v.pv' * 2"}, "style": "strong"}, (22, 12, 110, 18), (187, 60)),
    "status": Show(
        {"type": "status", "label": "Contact", "value": "@/v.pv", "template": "{value} at pH 7", "indent": 66},
        (14, 10, 180, 20), (234, 56),
    ),
    "table": Show(
        {"type": "table", "rows": [{"label": "LT-101", "tags": ["@/v.pv", "@/w.pv"]},
                                   {"label": "LT-102", "tags": ["@/sp.pv", "@/sp.pv"]}],
         "columns": [{"label": "Level", "format": ".2f"}, {"label": "Rate", "format": ".1f"}],
         "align": "decimal", "units": "column", "first": 118, "pitch": 84},
        (14, 8, 216, 106), (266, 134),
    ),
    "kpi": Show({"type": "kpi", "tag": "@/v.pv", "label": "Level", "plot_width": 80}, (8, 8, 264, 66), (312, 98)),
    "sparkline": Show({"type": "sparkline", "tag": "@/v.pv", "setpoint": "@/sp.pv"}, (22, 10, 130, 40), (187, 72)),
    "trend": Show(
        {"type": "trend", "tag": "@/v.pv", "title": "Level", "caption": "LT-101", "setpoint": "@/sp.pv",
         "span_min": 60, "plot_width": 400},
        (6, 6, 610, 176), (630, 200),
    ),
}  # fmt: skip


@dataclass
class Sheet:
    """Sections one below the other, one for each element; in each the cells of all cases."""

    shown: Mapping[str, Show]
    elements: list[dict[str, Any]] = field(default_factory=list)
    tags: list[TagInfo] = field(default_factory=list)
    instances: list[InstanceInfo] = field(default_factory=list)
    values: dict[str, DataValue] = field(default_factory=dict)
    alarms: dict[str, TagAlarm] = field(default_factory=dict)
    stale: set[str] = field(default_factory=set)
    cells: dict[str, QRect] = field(default_factory=dict)
    height: int = 8

    def __post_init__(self) -> None:
        for n, (name, case) in enumerate(CASES.items()):
            self._tags(f"c{n}", name, case)
        for title, show in self.shown.items():
            self._section(title, show)

    def _tags(self, prefix: str, name: str, case: Case) -> None:
        for signal, value in VALUES.items():
            tag, states = f"{prefix}/{signal}", {"pump.state": STATES, "loop.mode": MODES}.get(signal, {})
            self.tags.append(_tag(tag, states))
            if case.waiting:
                continue
            status = case.status
            if signal in SETPOINTS and case.setpoint_status is not None:
                status = case.setpoint_status
            given = case.value if signal in MAIN else value
            self.values[tag] = DataValue(None if status >= q.BAD else given, status, NOW, NOW)
            if case.stale:
                self.stale.add(tag)
        for signal in (*MAIN, "pump.state") if case.alarm else ():
            self.alarms[f"{prefix}/{signal}"] = TagAlarm(case.alarm, case.unacked)
        signals = {s: f"{prefix}/loop.{s}" for s in ("pv", "sp", "op", "mode")}
        self.instances.append(InstanceInfo(prefix, f"{prefix}/loop", "x", name, "u", "", "", signals, {}))

    def _section(self, title: str, show: Show) -> None:
        width, height = show.cell
        self.elements.append(_text(SIDE, self.height + 4, title, "strong"))
        self.height += HEAD
        across = (WIDTH - 2 * SIDE) // width
        for n, name in enumerate(CASES):
            left, top = SIDE + n % across * width, self.height + n // across * height
            x, y, w, h = show.at
            element = _named(show.properties, f"c{n}")
            self.elements.append(
                {"id": f"{title}/{n}", "x": left + x, "y": top + y, "w": w, "h": h, **element}
            )
            self.elements.append(_text(left + 8, top + height - 20, name, "small"))
            self.cells[f"{title} / {name}"] = QRect(left, top, width, height)
        self.height += math.ceil(len(CASES) / across) * height
        self.elements.append(
            {"id": f"{title}/l", "type": "line", "x": 8, "y": self.height, "w": WIDTH - 16, "h": 0}
        )
        self.height += 8

    def scene(self) -> Scene:
        box = {"id": "box", "type": "box", "x": 0, "y": 0, "w": WIDTH, "h": self.height}
        document = {"size": [WIDTH, self.height], "elements": [box, *self.elements]}
        display = load_display(document, shipped_definitions())
        assert not display.findings, display.findings[0]
        built = Scene(display, Catalogue(self.tags, self.instances))
        built.apply(self.values, NOW)
        for tag, _ in built.history_wants():
            built.backfill(tag, past(self.values.get(tag)), NOW)
        built.judge(lambda name: name not in self.stale, LATER)
        built.set_alarms(self.alarms)
        return built

    def picture(self, theme: str) -> QImage:
        return render(self.scene(), QSize(WIDTH, self.height), Theme.load(theme))


def past(last: DataValue | None) -> list[DataValue]:
    """An hour that ends at ``last``: ten minutes of it a gap, ten uncertain, and one sample that stands out."""
    minute = 60 * SECOND
    if last is None:
        return []
    end = last.value if isinstance(last.value, float) else 37.25
    found: list[DataValue] = []
    for n in range(240):
        at = NOW - 60 * minute + n * minute // 4
        status = q.BAD_NO_COMMUNICATION if 80 <= n < 120 else q.UNCERTAIN if 140 <= n < 180 else q.GOOD
        wave = 40.0 + 9.0 * math.sin(n / 14) + 2.0 * math.sin(n / 3)
        value = 74.0 if n == 40 else wave + (end - wave) * max(0.0, (n - 200) / 40)
        found.append(DataValue(None if status >= q.BAD else value, status, at, at))
    return [*found, last]


def _named(value: Any, prefix: str) -> Any:
    if isinstance(value, str):
        return value.replace("@", prefix)
    if isinstance(value, Mapping):
        return {name: _named(item, prefix) for name, item in value.items()}
    return [_named(item, prefix) for item in value] if isinstance(value, list) else value


def _text(x: int, y: int, text: str, style: str) -> dict[str, Any]:
    return {
        "id": f"t{x}/{y}",
        "type": "text",
        "x": x,
        "y": y,
        "w": 200,
        "h": 18,
        "text": text,
        "style": style,
    }


def _tag(name: str, states: Mapping[int, str]) -> TagInfo:
    alarms = [{"kind": "high", "limit": 90.0, "priority": 2}, {"kind": "low", "limit": 15.0, "priority": 3}]
    return TagInfo(
        id=name, name=name, type="float", description="", area="u", unit="" if states else "m", format="" if states
        else ".2f", low=0.0, high=100.0, normal_low=25.0, normal_high=55.0, states=dict(states), writable=False,
        command_class="", limit_low=None, limit_high=None, instance="", signal="", period_ms=1000, history=True,
        alarms=[] if states else alarms,
    )  # fmt: skip


def values_sheet() -> Sheet:
    """Everything that shows the present."""
    return Sheet({name: show for name, show in SHOWN.items() if name not in {"kpi", "sparkline", "trend"}})


def past_sheet() -> Sheet:
    """Everything that shows the past."""
    return Sheet({name: SHOWN[name] for name in ("kpi", "sparkline", "trend")})


LAMPS: Final = [
    {"value": 0, "text": "Off", "look": "off"}, {"value": 1, "text": "Starting", "look": "half"},
    {"value": 2, "text": "On", "look": "on"}, {"value": 3, "text": "Out of service", "look": "hatched"},
]  # fmt: skip
AREAS: Final[Mapping[str, list[TagAlarm]]] = {
    "quiet": [],
    "one": [TagAlarm(3, False)],
    "many": [
        TagAlarm(1, True),
        TagAlarm(2, False, "", ((2, True), (4, False))),
        TagAlarm(3, False),
        TagAlarm(4, True),
    ],
    "silent": [TagAlarm(2, True), TagAlarm(4, False)],
}


def graphics_scene(images: Mapping[str, ImageState]) -> Scene:
    """Lamps, alarm summaries, frames, lines, polygons and pictures, side by side."""
    elements: list[dict[str, Any]] = [
        {"type": "box", "x": 0, "y": 0, "w": 1300, "h": 720},
        {"type": "frame", "x": 20, "y": 24, "w": 560, "h": 190, "title": "Status lamps"},
        {"type": "frame", "x": 600, "y": 24, "w": 680, "h": 190, "title": "Alarm summaries"},
        {"type": "frame", "x": 20, "y": 240, "w": 560, "h": 220, "title": "Lines and polygons", "dashed": True},
        {"type": "frame", "x": 600, "y": 240, "w": 680, "h": 220, "title": "Pictures"},
        {"type": "frame", "x": 20, "y": 486, "w": 1260, "h": 210, "title": "Texts, states and tables"},
        *_lamps(), *_summaries(), *_shapes(), *_pictures(images), *_texts(),
    ]  # fmt: skip
    for n, element in enumerate(elements):
        element["id"] = f"e{n}"
    tags = [_tag(f"lamp/{n}", {}) for n in range(5)] + [_tag(f"t/{n}", {}) for n in range(6)]
    display = load_display({"size": [1300, 720], "elements": elements}, shipped_definitions())
    built = Scene(display, Catalogue(tags))
    numbers = {f"lamp/{n}": n for n in range(5)} | {
        f"t/{n}": v for n, v in enumerate((2, 7, 1204.5, 8.25, -3.5, 96.0))
    }
    built.apply({name: DataValue(v, q.GOOD, NOW, NOW) for name, v in numbers.items()}, NOW)
    built.set_alarms({f"{area}/{n}": one for area, alarms in AREAS.items() for n, one in enumerate(alarms)})
    built.judge(lambda _: True, NOW, hears=lambda area: area != "silent")
    built.set_images(images)
    return built


def _lamps() -> list[dict[str, Any]]:
    return [
        {"type": "lamp", "x": 40 + 180 * c, "y": 44 + 33 * r, "w": 170, "h": 26, "tag": f"lamp/{r}", "shape": shape,
         "values": LAMPS}
        for c, shape in enumerate(("circle", "square", "diamond")) for r in range(5)
    ]  # fmt: skip


def _summaries() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"type": "alarm_summary", "x": 630 + 330 * (n % 2), "y": 52 + 74 * (n // 2), "w": 220, "h": 50, "area": area,
         "title": f"{area.capitalize()} area"}
        for n, area in enumerate(AREAS)
    ]  # fmt: skip
    return [*found, {"type": "alarm_summary", "x": 1226, "y": 60, "w": 50, "h": 104, "area": "many",
                     "direction": "vertical"}]  # fmt: skip


def _shapes() -> list[dict[str, Any]]:
    hopper = [[60, 280], [180, 280], [180, 350], [140, 420], [100, 420], [60, 350]]
    bow = [[220, 280], [320, 280], [340, 330], [300, 420], [240, 380]]
    return [
        {"type": "polygon", "x": 60, "y": 280, "points": hopper},
        {"type": "polygon", "x": 220, "y": 280, "points": bow, "fill": "water", "edge": "pipe"},
        {"type": "polygon", "x": 360, "y": 280, "points": [[360, 290], [410, 340], [360, 420]], "closed": False},
        {"type": "line", "x": 440, "y": 290, "w": 110, "h": 1},
        {"type": "line", "x": 440, "y": 310, "w": 110, "h": 2, "role": "pipe", "width": 2},
        {"type": "line", "x": 440, "y": 330, "w": 110, "h": 2, "role": "pipe.minor", "width": 2, "dashed": True},
        {"type": "line", "x": 440, "y": 350, "role": "pipe", "width": 3,
         "points": [[440, 350], [500, 350], [500, 390], [550, 390]]},
        {"type": "line", "x": 440, "y": 350, "role": "pipe.minor", "width": 1, "dashed": True,
         "points": [[440, 380], [470, 420], [550, 420]]},
    ]  # fmt: skip


def _pictures(images: Mapping[str, ImageState]) -> list[dict[str, Any]]:
    names = [*images, "plan.svg", "late.png"]
    return [
        {"type": "image", "x": 620 + 162 * n, "y": 262, "w": 152, "h": 180, "file": name}
        for n, name in enumerate(names[:4])
    ]


def _texts() -> list[dict[str, Any]]:
    states = [{"value": 2, "text": "Filtering"}, {"value": 3, "text": "Blocked", "role": "abnormal"}]
    styles = ("text", "label", "strong", "word", "small", "title", "heading", "unit")
    rows = [{"label": "FT-101", "tags": ["t/2", "t/3"]}, {"label": "FT-102", "tags": ["t/4", "t/5"]},
            {"label": "FT-103", "tags": ["t/3", "t/2"]}]  # fmt: skip
    return [
        *({"type": "text", "x": 40, "y": 504 + 23 * n, "w": 150, "h": 20, "text": f"Style {style}", "style": style}
          for n, style in enumerate(styles)),
        *({"type": "text", "x": 200, "y": 508 + 26 * n, "w": 130, "h": 20, "text": role, "role": role}
          for n, role in enumerate(("text", "text.secondary", "text.label", "value", "setpoint"))),
        {"type": "text", "x": 200, "y": 646, "w": 130, "h": 20, "text": "one line that is cut, never wrapped"},
        *({"type": "multistate", "x": 370 + 150 * n, "y": 510, "w": 130, "h": 44, "tag": f"t/{n}", "label": "Filter",
           "values": states} for n in range(2)),
        {"type": "multistate", "x": 370, "y": 580, "w": 130, "h": 44, "label": "Valve", "tag": "lamp/3",
         "values": states},
        {"type": "multistate", "x": 520, "y": 580, "w": 130, "h": 44, "label": "Valve", "tag": "lamp/3",
         "values": states, "align": "center"},
        {"type": "table", "x": 690, "y": 506, "w": 270, "h": 130, "rows": rows, "align": "decimal", "first": 140,
         "pitch": 110, "units": "column", "columns": [{"label": "Flow", "format": ".1f"}, {"label": "Sum"}]},
        {"type": "table", "x": 1000, "y": 506, "w": 260, "h": 130, "rows": rows, "first": 120, "pitch": 90,
         "units": "row", "columns": [{"label": "F-301"}, {"label": "F-302"}]},
    ]  # fmt: skip

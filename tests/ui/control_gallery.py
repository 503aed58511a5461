"""Sheets of the controls: each one free, chosen, pending, ended, blocked, and under every quality that matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QImage, QPainter

from hmi.core import quality as q
from hmi.core.values import DataValue
from hmi.mimics import (
    ASKED,
    DONE,
    FAILED,
    PENDING,
    UNKNOWN,
    Catalogue,
    Control,
    Scene,
    TagAlarm,
    load_display,
    shipped_definitions,
)
from hmi.testing.client import START_NS, make_tag
from hmi.ui.mimic.offscreen import render
from hmi.ui.theme import Theme

MODES: Final = {0: "Manual", 1: "Auto", 2: "Cascade"}
TAGS: Final = (
    make_tag("u/p1.start", type="bool", writable=True, command_class="S", signal="start", description="Start pump",
             pulse=True),
    make_tag("u/lead.on", type="bool", writable=True, command_class="R", description="Lead pump"),
    make_tag("u/fic1.sp", unit="m³/h", format=".1f", low=0.0, high=100.0, limit_low=10.0, limit_high=90.0,
             max_step=10.0, normal_low=30.0, normal_high=60.0, writable=True, command_class="R",
             description="Raw flow set point"),
    make_tag("u/fic1.mode", type="enum", states=MODES, writable=True, command_class="S",
             description="Flow control mode"),
)  # fmt: skip
VALUES: Final[Mapping[str, Any]] = {
    "u/p1.start": False,
    "u/lead.on": True,
    "u/fic1.sp": 40.0,
    "u/fic1.mode": 1,
}
ELEMENTS: Final[Mapping[str, dict[str, Any]]] = {
    "button": {"type": "button", "tag": "u/p1.start", "text": "Start P-101"},
    "toggle": {"type": "button", "tag": "u/lead.on", "action": "toggle", "w": 200, "text": "Lead"},
    "entry": {"type": "entry", "tag": "u/fic1.sp"},
    "slider": {"type": "slider", "tag": "u/fic1.sp"},
    "selector": {"type": "selector", "tag": "u/fic1.mode", "w": 190},
    "segments": {"type": "selector", "tag": "u/fic1.mode", "style": "segments", "w": 230},
}
WORDS: Final = {"u/p1.start": "Start", "u/lead.on": "Off", "u/fic1.sp": "62.5 m³/h", "u/fic1.mode": "Manual"}
TARGETS: Final = {"u/p1.start": 1.0, "u/lead.on": 0.0, "u/fic1.sp": 62.5, "u/fic1.mode": 0.0}
STALE_WORDS: Final = "Stale: nothing is sent on an old value."


@dataclass(frozen=True)
class Case:
    """One row of the sheet."""

    blocked: str = ""
    phase: str = ""
    end: str = ""
    status: int = q.GOOD
    stale: bool = False
    waiting: bool = False
    alarm: int = 0
    values: Mapping[str, Any] = field(default_factory=dict)


CASES: Final[Mapping[str, Case]] = {
    "Free": Case(),
    "Chosen, not sent": Case(phase=ASKED),
    "Pending": Case("A command is under way.", PENDING),
    "Confirmed": Case(phase=DONE, end="Confirmed"),
    "Refused": Case(phase=FAILED, end="Refused"),
    "Unknown": Case(phase=UNKNOWN, end="Unknown"),
    "Permissive": Case("Not met: Switch is in remote"),
    "Interlock": Case("Active: Low suction pressure"),
    "Role": Case("You have no right to operate."),
    "Chosen, then blocked": Case("Active: Low suction pressure", ASKED),
    "Stale": Case(STALE_WORDS, stale=True),
    "C Comms": Case("Bad: no communication with the device", status=q.BAD_NO_COMMUNICATION),
    "S Sensor": Case("Bad: the sensor reports a fault", status=q.BAD_SENSOR_FAILURE),
    "W Waiting": Case("Bad: waiting for the first value", waiting=True),
    "Uncertain": Case(status=q.UNCERTAIN),
    "F Forced": Case(status=q.GOOD_LOCAL_OVERRIDE),
    "P2": Case(alarm=2),
    "Beyond the scale": Case(values={"u/fic1.sp": 97.5, "u/fic1.mode": 7}),
    "History": Case("The past is shown: nothing can be commanded in it.", stale=True),
}
LEFT, TOP, ROW, SIDE = 170.0, 40.0, 96.0, 28.0


def sheet() -> tuple[list[Scene], QSize, dict[str, QRect]]:
    """(a scene for each case, size of the sheet, places of the cells by name)."""
    definitions = shipped_definitions()
    places: dict[str, tuple[float, float, float]] = {}
    x = LEFT
    for name, element in ELEMENTS.items():
        size = definitions[element["type"]].size
        places[name] = (x, element.get("w", size[0]), size[1])
        x += places[name][1] + SIDE
    size = QSize(int(x), int(TOP + ROW * len(CASES)))
    scenes, cells = [], {}
    for number, (title, case) in enumerate(CASES.items()):
        y = TOP + number * ROW
        rows: list[dict[str, Any]] = [
            {"type": "text", "x": 20, "y": y + 26, "w": 140, "h": 20, "text": title}
        ]
        for name, element in ELEMENTS.items():
            rows.append({**element, "x": places[name][0], "y": y})
            cells[f"{title} / {name}"] = QRect(
                int(places[name][0]) - 12, int(y) - 10, int(places[name][1]) + 24, int(ROW) - 4
            )
        scenes.append(_scene(rows, case, (size.width(), size.height())))
    return scenes, size, cells


def _scene(rows: list[dict[str, Any]], case: Case, size: tuple[int, int]) -> Scene:
    made = Scene(load_display({"size": list(size), "elements": rows}, shipped_definitions()), Catalogue(TAGS))
    values = {**VALUES, **case.values}
    if not case.waiting:
        made.apply({t: DataValue(v, case.status, START_NS, START_NS) for t, v in values.items()}, START_NS)
    if case.stale:
        made.judge(lambda _: False, START_NS + 4_000_000_000)
    if case.alarm:
        made.set_alarms(
            {"u/fic1.sp": TagAlarm(case.alarm, False), "u/fic1.mode": TagAlarm(case.alarm, False)}
        )
    made.set_controls({tag: _control(tag, case) for tag in values})
    return made


def _control(tag: str, case: Case) -> Control:
    words = f"{case.end}: {WORDS[tag]}" if case.end else WORDS[tag]
    return Control(
        case.blocked, case.phase, words if case.phase else "", TARGETS[tag] if case.phase else None
    )


def picture(theme: str) -> tuple[QImage, dict[str, QRect]]:
    """All cases below each other in one picture."""
    scenes, size, cells = sheet()
    whole = QImage(size, QImage.Format.Format_RGB32)
    painter = QPainter(whole)
    for number, scene in enumerate(scenes):
        top = 0 if number == 0 else int(TOP + number * ROW) - 14
        own = render(scene, size, Theme.load(theme))
        painter.drawImage(0, top, own, 0, top, size.width(), size.height() - top)
    painter.end()
    return whole, cells

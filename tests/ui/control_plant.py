"""A small plant whose home display has every control, and hands to work them with real events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from shell_plant import Desk, good, open_station, plant, values

from hmi.client.port import PlantInfo
from hmi.core.values import DataValue
from hmi.mimics import Control
from hmi.testing.client import make_tag

SP, START, LEAD, MODE, RESET = (
    "intake/fic1.sp",
    "intake/p1.start",
    "intake/lead.on",
    "intake/fic1.mode",
    "intake/ack",
)
REMOTE = ["'intake/p1.remote'", "Switch is in remote"]
LOCK = ["'outlet/lt2.pv' < 1", "Outlet level is low"]
ELEMENTS: list[dict[str, Any]] = [
    {"id": "start", "type": "button", "x": 100, "y": 100, "tag": START, "text": "Start P-1"},
    {"id": "lead", "type": "button", "x": 400, "y": 100, "tag": LEAD, "action": "toggle", "text": "Lead"},
    {"id": "sure", "type": "button", "x": 700, "y": 100, "tag": RESET, "value": 1, "confirm": "always"},
    {"id": "entry", "type": "entry", "x": 100, "y": 250, "tag": SP},
    {"id": "slider", "type": "slider", "x": 400, "y": 250, "tag": SP, "step": 0.5},
    {"id": "list", "type": "selector", "x": 100, "y": 400, "tag": MODE},
    {"id": "segments", "type": "selector", "x": 400, "y": 400, "w": 300, "tag": MODE, "style": "segments"},
    {"id": "fixed", "type": "entry", "x": 900, "y": 250, "tag": "outlet/lt2.pv"},
    {"id": "nowhere", "type": "entry", "x": 900, "y": 400, "tag": "outlet/none.sp"},
]


def control_plant(**more: dict[str, Any]) -> PlantInfo:
    """``more`` replaces fields of tags by their names, dots and slashes written as __."""
    made = plant()
    tags = [
        *made.tags,
        make_tag(LEAD, type="bool", writable=True, command_class="R", description="Lead pump"),
        make_tag(RESET, type="bool", writable=True, command_class="R", description="Acknowledge fault"),
        make_tag(MODE, type="enum", states={0: "Manual", 1: "Auto", 2: "Cascade"}, writable=True, command_class="S",
                 signal="mode", instance="intake/fic1", description="Flow control mode"),
    ]  # fmt: skip
    guards: dict[str, dict[str, Any]] = {START: {"permissives": [REMOTE], "interlocks": [LOCK]}}
    for name, fields in more.items():
        key = name.replace("__", "/", 1).replace("__", ".")
        guards[key] = {**guards.get(key, {}), **fields}
    tags = [msgspec.structs.replace(tag, **guards.get(tag.name, {})) for tag in tags]
    home = made.displays[0]
    document = {**home.document, "elements": ELEMENTS}
    return msgspec.structs.replace(
        made, tags=tags, displays=[msgspec.structs.replace(home, document=document), *made.displays[1:]]
    )


def control_values() -> dict[str, DataValue]:
    return values() | {
        LEAD: good(False), RESET: good(False), MODE: good(1), "intake/p1.running": good(False)
    }  # fmt: skip


class Controls:
    """Finds controls by the id of their element and works them as an operator does."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.window, self.station, self.client = desk, desk.window, desk.station, desk.client
        self.view = desk.window.mimic.view

    def index(self, identity: str) -> int:
        assert self.view.scene is not None
        return next(n for n, e in enumerate(self.view.scene.elements) if e.id == identity)

    def at(self, identity: str, dx: float = 0.5, dy: float = 0.5) -> QPoint:
        place = self.view.place_of(self.index(identity))
        box = place.translated(self.view.mapFromGlobal(QPoint(0, 0)))
        return QPoint(round(box.x() + dx * box.width()), round(box.y() + dy * box.height()))

    def click(self, identity: str, dx: float = 0.5, dy: float = 0.4) -> None:
        QTest.mouseClick(self.view, Qt.MouseButton.LeftButton, pos=self.at(identity, dx, dy))

    def focus(self, identity: str) -> None:
        self.view.setFocus()
        self.view._focus_on(self.index(identity))

    def key(self, key: Qt.Key) -> None:
        QTest.keyClick(self.view, key)

    def control(self, identity: str) -> Control:
        assert self.view.scene is not None
        return self.view.scene.inputs[self.index(identity)].control

    def look(self, identity: str) -> Any:
        assert self.view.scene is not None
        return self.view.scene.looks[self.index(identity)]

    @property
    def card(self) -> Any:
        return self.window.controls.card

    @property
    def box(self) -> Any:
        assert self.card is not None
        return self.card.dialogue.confirm

    def confirm(self) -> None:
        """Click Confirm, once it is laid out."""
        QApplication.processEvents()
        QTest.mouseClick(self.box.yes, Qt.MouseButton.LeftButton)

    @property
    def sent(self) -> list[tuple[str, Any]]:
        return [(command.tag_id.removeprefix("t_"), command.value) for command in self.client.submitted]

    def tick(self, changed: Mapping[str, DataValue] | None = None) -> None:
        """A batch arrives and the station looks at it."""
        self.client.tick(changed or {})
        self.station.drain()
        self.station.judged.emit()


@contextmanager
def open_controls(qtbot: Any, **more: dict[str, Any]) -> Iterator[Controls]:
    """A window on the plant with all that decides about its commands there."""
    with open_station(qtbot, info=control_plant(**more), live=control_values()) as desk:
        controls = Controls(desk)
        wanted = {
            tag for tag in (SP, START, LEAD, MODE, RESET) for tag in desk.station.commands.deciding(tag)
        }
        qtbot.waitUntil(lambda: wanted <= desk.station.values.keys())
        desk.station.judged.emit()
        desk.window.activateWindow()
        yield controls
        desk.window.controls.close()

"""Our side of ``hmi bench mimic``: ``python -m hmi.bench._mimic_side TASK SCREEN.json COUNT`` prints one JSON line."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from hmi.bench._mimic_callups import call_ups
from hmi.bench._mimic_screen import GRIDS, UNIT, Grid, severity, tag, write_display
from hmi.bench.peers import screen_cost
from hmi.core import heap, quality
from hmi.core.values import DataValue
from hmi.mimics import Catalogue, Display, OpenedDisplays, Scene, TagAlarm, load_display, shipped_definitions
from hmi.testing.client import START_NS, make_tag
from hmi.ui.mimic.hits import Hits
from hmi.ui.mimic.view import MimicView
from hmi.ui.mimic_page import SMALL
from hmi.ui.theme import Theme, apply_theme

CYCLES, SETTLING = 50, 50
TURNS = 10


class MimicScreen:
    """Obeys ``screen_cost.Side``."""

    def __init__(self, file: Path, grid: Grid) -> None:
        self.file, self.grid = file, grid
        self.tags = [tag(number) for number in range(grid.count)]
        self.catalogue = Catalogue(
            [make_tag(name, unit=UNIT, low=0.0, high=100.0, format=".1f") for name in self.tags]
        )
        self.alarms = {n: TagAlarm(2, False) for i, n in enumerate(self.tags) if severity(i) == "alarm"}
        self.status = [
            quality.UNCERTAIN if severity(number) == "uncertain" else quality.GOOD
            for number in range(grid.count)
        ]
        self.opened = OpenedDisplays()
        self.now = START_NS
        self.view: MimicView | None = None

    def _read(self) -> Display:
        return load_display(self.document, shipped_definitions(), file=self.file.name, names=self.catalogue)

    @property
    def document(self) -> dict[str, Any]:
        return msgspec.json.decode(self.file.read_bytes())  # as a station gets it from its runtime

    def open(self) -> None:
        display = self.opened.display(self.file.name, self.catalogue.displays, self.catalogue, self._read)
        first = {number: screen_cost.value_of(number, 0) for number in range(self.grid.count)}
        scene = Scene(display, self.catalogue, self.values(first), self.now)
        scene.set_alarms(self.alarms)
        self.view = MimicView(Theme.load("light"))
        self.view.resize(self.grid.width, self.grid.height)
        large = self.grid.count > SMALL  # the page reads and sorts those beside the Qt thread
        self.view.set_scene(scene, Hits.of(scene.elements).prepare() if large else None)
        self.view.show()
        self._settle()

    def values(self, values: dict[int, float]) -> dict[str, DataValue]:
        self.now += 1
        return {
            self.tags[n]: DataValue(value, self.status[n], self.now, self.now) for n, value in values.items()
        }

    def update(self, values: dict[int, float]) -> None:
        assert self.view is not None
        self.view.apply(self.values(values), self.now)
        self._settle()

    def shown(self, number: int) -> str:
        assert self.view is not None
        assert self.view.scene is not None
        return repr(self.view.scene.looks[number])

    def close(self) -> None:
        view, self.view = self.view, None
        assert view is not None
        view.close()
        view.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QCoreApplication.processEvents()

    def _settle(self) -> None:
        assert self.view is not None
        QCoreApplication.processEvents()
        while not self.view.is_current:
            QCoreApplication.processEvents()
        QCoreApplication.processEvents()


def _costs(screen: MimicScreen, count: int) -> dict[str, float | None]:
    return screen_cost.measured(screen, count)


def _cycles(screen: MimicScreen, _count: int) -> dict[str, float | None]:
    """Memory kept by opening and closing a screen; caches fill in the first cycles."""
    for _ in range(SETTLING):
        screen.open()
        screen.close()
    before = screen_cost.settled_mib()
    for _ in range(CYCLES):
        screen.open()
        screen.close()
    after = screen_cost.settled_mib()
    return {"cycles": CYCLES, "leak_mib": None if before is None or after is None else after - before}


def _blocks(screen: MimicScreen, count: int) -> dict[str, float]:
    """The longest turn of the Qt thread while everything changes, and paints that nothing asked for."""
    screen.open()
    assert screen.view is not None
    worst = 0.0
    for turn in range(1, TURNS + 1):
        values = screen.values({n: screen_cost.value_of(n, turn) for n in range(count)})
        worst = max(worst, _spent_ms(lambda values=values: screen.view.apply(values, screen.now)))  # type: ignore[union-attr]
        while not screen.view.is_current:
            worst = max(worst, _spent_ms(QCoreApplication.processEvents))
        worst = max(worst, _spent_ms(QCoreApplication.processEvents))
    QCoreApplication.processEvents()
    paints = screen.view.paints
    for _ in range(TURNS):  # the same values, newer
        screen.view.apply(
            screen.values({n: screen_cost.value_of(n, TURNS) for n in range(count)}), screen.now
        )
        QCoreApplication.processEvents()
        QCoreApplication.processEvents()
    return {"worst_ms": worst, "zero_paints": screen.view.paints - paints}


def _spent_ms(work: Callable[[], object]) -> float:
    """CPU time of this thread: on a loaded machine wall time would measure the others."""
    began = time.thread_time()
    work()
    return (time.thread_time() - began) * 1000


def _first(screen: MimicScreen, _count: int) -> dict[str, float | None]:
    """The first call-up in the life of a process, and the second of the same screen."""
    first = screen_cost.cost(screen.open)["cpu"]
    screen.close()
    second = screen_cost.cost(screen.open)["cpu"]
    screen.close()
    return {"first": first, "second": second}


TASKS: dict[str, Callable[[MimicScreen, int], dict[str, Any]]] = {
    "costs": _costs,
    "first": _first,
    "cycles": _cycles,
    "blocks": _blocks,
    "callups": lambda screen, count: call_ups(screen.document, screen.tags[:count]),
}


def _warm_up() -> None:
    """A station in use has shown something before: fonts and element types are loaded."""
    with tempfile.TemporaryDirectory() as folder:
        small = MimicScreen(write_display(Path(folder), 1), GRIDS[1])
        small.open()
        small.close()


def main(task: str, file: Path, count: int) -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QApplication([])
    apply_theme(application, Theme.load("light"))
    if task != "first":
        _warm_up()
    heap.keep()  # as the station does when it has a plant
    print(json.dumps(TASKS[task](MimicScreen(file, GRIDS[count]), count)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))

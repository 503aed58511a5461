"""Our side of ``hmi bench mimic``: ``python -m hmi.bench._mimic_side SCREEN.json COUNT`` prints one JSON line."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from hmi.bench._mimic_screen import GRIDS, UNIT, Grid, severity, tag
from hmi.bench.peers import screen_cost
from hmi.core import quality
from hmi.core.values import DataValue
from hmi.mimics import Catalogue, Scene, TagAlarm, load_display, shipped_definitions
from hmi.testing.client import START_NS, make_tag
from hmi.ui.mimic.view import MimicView
from hmi.ui.theme import Theme, apply_theme


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
        self.now = START_NS
        self.view: MimicView | None = None

    def open(self) -> None:
        document = json.loads(self.file.read_text(encoding="utf-8"))
        display = load_display(document, shipped_definitions(), file=self.file.name, names=self.catalogue)
        first = {number: screen_cost.value_of(number, 0) for number in range(self.grid.count)}
        scene = Scene(display, self.catalogue, self._values(first), self.now)
        scene.set_alarms(self.alarms)
        self.view = MimicView(Theme.load("light"))
        self.view.resize(self.grid.width, self.grid.height)
        self.view.set_scene(scene)
        self.view.show()
        self._settle()

    def _values(self, values: dict[int, float]) -> dict[str, DataValue]:
        self.now += 1
        return {
            self.tags[n]: DataValue(value, self.status[n], self.now, self.now) for n, value in values.items()
        }

    def update(self, values: dict[int, float]) -> None:
        assert self.view is not None
        self.view.apply(self._values(values), self.now)
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


def main(file: Path, count: int) -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QApplication([])
    theme = Theme.load("light")
    apply_theme(application, theme)
    warm = MimicScreen(file.with_name("warm.json"), Grid(1, 1, 200, 50))
    warm.open()
    warm.close()
    screen = MimicScreen(file, GRIDS[count])
    print(json.dumps(screen_cost.measured(screen, count)), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

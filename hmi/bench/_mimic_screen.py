"""The screen that ``hmi bench mimic`` opens, as a display of ours and as a file of PyDM: the same places and values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

UNIT = "m3/h"


class Grid(NamedTuple):
    """Columns, rows and window of a screen."""

    columns: int
    rows: int
    width: int
    height: int

    @property
    def count(self) -> int:
        return self.columns * self.rows

    def place(self, number: int) -> tuple[int, int, int, int]:
        row, column = divmod(number, self.columns)
        w, h = self.width // self.columns, self.height // self.rows
        return column * w + 8, row * h + 1, w - 16, h - 2


GRIDS = {
    1: Grid(1, 1, 200, 50),
    200: Grid(10, 20, 1920, 1060),
    500: Grid(10, 50, 1920, 1060),
    1_000: Grid(20, 50, 1920, 1060),
    5_000: Grid(40, 125, 3840, 2140),
}


def tag(number: int) -> str:
    return f"area{number % 8}/ft{number}.pv"


def severity(number: int) -> str:
    """Every tenth value is in alarm, every twentieth not to be relied on."""
    if number % 10 == 3:
        return "alarm"
    return "uncertain" if number % 20 == 7 else ""


def write_display(folder: Path, count: int) -> Path:
    """The screen as a display file."""
    grid = GRIDS[count]
    elements = []
    for number in range(grid.count):
        x, y, w, h = grid.place(number)
        elements.append(
            {"id": f"v{number}", "type": "readout", "x": x, "y": y, "w": w, "h": h, "tag": tag(number),
             "size": "small", "tooltip": f"Flow {number}"}
        )  # fmt: skip
    head = {"schema": "display/1", "id": "d_bench", "name": "bench", "title": "Load", "level": 2, "area": "",
            "size": [grid.width, grid.height]}  # fmt: skip
    lines = ",\n".join(json.dumps(element) for element in elements)
    text = json.dumps(head)[:-1] + ', "elements": [\n' + lines + "\n]}\n"
    file = folder / f"screen{count}.json"
    file.write_text(text, encoding="utf-8")
    return file


def write_ui(folder: Path, count: int) -> Path:
    """The same screen as a Qt Designer file with a ``PyDMLabel`` for each value."""
    grid = GRIDS[count]
    labels = "".join(_label(grid, number) for number in range(grid.count))
    file = folder / f"screen{count}.ui"
    file.write_text(_UI.format(width=grid.width, height=grid.height, labels=labels), encoding="utf-8")
    return file


def _label(grid: Grid, number: int) -> str:
    x, y, w, h = grid.place(number)
    return _LABEL.format(number=number, x=x, y=y, w=w, h=h)


_LABEL = """<widget class="PyDMLabel" name="v{number}">
<property name="geometry"><rect><x>{x}</x><y>{y}</y><width>{w}</width><height>{h}</height></rect></property>
<property name="toolTip"><string>Flow {number}</string></property>
<property name="showUnits" stdset="0"><bool>true</bool></property>
<property name="alarmSensitiveBorder" stdset="0"><bool>true</bool></property>
<property name="channel" stdset="0"><string>bench://{number}</string></property>
</widget>
"""
_UI = """<?xml version="1.0" encoding="UTF-8"?>
<ui version="4.0"><class>Form</class><widget class="QWidget" name="Form">
<property name="geometry"><rect><x>0</x><y>0</y><width>{width}</width><height>{height}</height></rect></property>
{labels}</widget><customwidgets><customwidget><class>PyDMLabel</class><extends>QLabel</extends>
<header>pydm.widgets.label</header></customwidget></customwidgets></ui>
"""

"""Every element that shows values, under every quality: against golden pictures, and each case apart from Good."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PySide6")

import golden
import value_gallery
from picture import png
from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from value_gallery import CASES, Sheet, graphics_scene, past_sheet, values_sheet

from hmi.mimics import ImageState
from hmi.ui.images import take
from hmi.ui.mimic.offscreen import render
from hmi.ui.theme import THEMES, Theme

pytestmark = pytest.mark.qt

SHEETS = {"values": values_sheet, "past": past_sheet}
# cases that a kind of element shows like Good: it has no scale, no set point, or its value keeps no alarm
ALIKE = {
    "lamp": {"Beyond the scale", "Below the scale", "Set point bad"},
    "multistate": {"Beyond the scale", "Below the scale", "Set point bad"},
    "multistate, abnormal": {"Beyond the scale", "Below the scale", "Set point bad"},
    "text": {"P4", "Set point bad"},
    "status": {"Set point bad"},
    "bar, bare": {"Set point bad"},
    "kpi": {"Set point bad"},
}
HEADS = 22  # the name of the case below each cell


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", SHEETS)
def test_the_sheets_look_as_they_were_approved(
    qapp: QApplication, name: str, theme: str, tmp_path: Path
) -> None:
    sheet = SHEETS[name]()
    golden.check(f"{name}-{theme}", sheet.picture(theme), sheet.cells, tmp_path)


@pytest.mark.parametrize("theme", THEMES)
def test_the_graphics_look_as_they_were_approved(qapp: QApplication, theme: str, tmp_path: Path) -> None:
    images = {
        "plan.png": take(png(320, 200)),
        "gone.png": ImageState("", "there is no picture images/gone.png"),
    }
    picture = render(graphics_scene(images), QSize(1300, 720), Theme.load(theme))
    cells = {f"{x}, {y}": QRect(x, y, 130, 120) for x in range(0, 1300, 130) for y in range(0, 720, 120)}
    golden.check(f"graphics-{theme}", picture, cells, tmp_path)


def looks(sheet: Sheet, picture: QImage) -> dict[tuple[str, str], np.ndarray]:
    """The picture of each cell without the name of its case."""
    image = golden.pixels(picture)
    found = {}
    for cell, place in sheet.cells.items():
        element, _, case = cell.partition(" / ")
        found[element, case] = golden.part(image, place.adjusted(0, 0, 0, -HEADS))
    return found


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", SHEETS)
def test_HM_08_HM_09_every_quality_is_seen_on_every_element(
    qapp: QApplication, name: str, theme: str
) -> None:
    sheet = SHEETS[name]()
    cells = looks(sheet, sheet.picture(theme))
    for element in sheet.shown:
        plain = cells[element, "Good"]
        alike = {case for case in CASES if np.array_equal(cells[element, case], plain)}
        assert alike == {"Good"} | ALIKE.get(element, set()), element


@pytest.mark.parametrize("name", SHEETS)
def test_HM_07_every_quality_and_alarm_is_told_apart_without_colour(qapp: QApplication, name: str) -> None:
    sheet = SHEETS[name]()
    gray = sheet.picture("light").convertToFormat(QImage.Format.Format_Grayscale8)
    cells = looks(sheet, gray)
    marks = ("Uncertain", "Stale", "C Comms", "S Sensor", "D Device", "K Configuration", "O Out of service",
             "W Waiting", "F Forced", "S Simulated", "M Manual")  # fmt: skip
    for element in sheet.shown:
        pictures = [cells[element, case].tobytes() for case in marks]
        assert len(set(pictures)) == len(marks), element


@pytest.mark.parametrize("name", SHEETS)
def test_no_saturated_colour_without_an_alarm(qapp: QApplication, name: str) -> None:
    sheet = SHEETS[name]()
    light = Theme.load("light")
    alarms = [light.alarm(priority).getRgb()[:3] for priority in (1, 2, 3, 4)]
    cells = looks(sheet, sheet.picture("light"))
    beyond = {"Low limit", "High limit", "Beyond the scale", "Below the scale", "Out of range"}
    for (element, case), cell in cells.items():
        if "P" in case or (name == "past" and case in beyond):  # a curve beyond a limit takes its colour
            continue
        for color in alarms:
            assert not (cell == np.array(color, np.uint8)).all(axis=2).any(), (element, case)


def test_a_sheet_shows_every_dynamic_value_element() -> None:
    shown = {str(show.properties["type"]) for show in value_gallery.SHOWN.values()}
    assert shown >= {"bar", "readout", "deviation", "loop", "lamp", "multistate", "text", "status", "table", "kpi",
                     "sparkline", "trend"}  # fmt: skip

"""HM-06 in painted pictures: a plant without alarms shows no alarm colour, in any display, anywhere in the window."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("PySide6")

from fleet_plant import open_fleet
from golden import colours_of, pixels
from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication
from shipped_scenes import scenes
from test_theme_vision import delta_e, lab

from hmi.ui.mimic.offscreen import render
from hmi.ui.theme import THEMES, Theme
from hmi.ui.windows.look import Look

pytestmark = pytest.mark.qt
NEAR = 10.0
_ROUGH = 90  # levels: colours farther than this from an alarm colour are never within ΔE 10 of it


def near_alarms(picture: QImage, theme: Theme) -> list[tuple[str, int, float]]:
    """(colour, priority, ΔE) of every colour of a picture that comes too near to an alarm colour."""
    colours = colours_of(pixels(picture))
    found = []
    for priority in range(1, 5):
        alarm = theme.alarm(priority)
        want = np.array([alarm.red(), alarm.green(), alarm.blue()])
        close = colours[np.abs(colours.astype(int) - want).max(axis=1) <= _ROUGH]
        for red, green, blue in close:
            color = QColor(int(red), int(green), int(blue))
            apart = delta_e(lab(color), lab(alarm))
            if apart < NEAR:
                found.append((color.name(), priority, round(apart, 1)))
    return found


@pytest.mark.parametrize("name", THEMES)
def test_HM_06_no_shipped_display_paints_an_alarm_colour_without_an_alarm(
    qapp: QApplication, name: str
) -> None:
    theme = Theme.load(name)
    seen = 0
    for display, scene in scenes():
        size = QSize(*scene.display.size)
        assert near_alarms(render(scene, size, theme), theme) == [], display
        seen += 1
    assert seen >= 10


@pytest.mark.parametrize("name", THEMES)
def test_HM_06_an_alarm_is_found_by_the_same_look(qapp: QApplication, name: str) -> None:
    """The test above would see one."""
    theme = Theme.load(name)
    picture = QImage(8, 8, QImage.Format.Format_RGB32)
    for priority in range(1, 5):
        picture.fill(theme.alarm(priority))
        assert near_alarms(picture, theme)


@pytest.mark.parametrize("name", THEMES)
def test_HM_06_the_window_paints_no_alarm_colour_without_an_alarm(qtbot, name: str) -> None:
    with open_fleet(qtbot, wanted=Look(name)) as all_:
        page, station = all_.fleet.hosts[0].page, all_.station
        all_.client.raise_alarms()
        qtbot.waitUntil(lambda: not station.alarms)
        page.desk.open("intake/fic1", QRect(100, 100, 40, 40))
        assert page.theme.name == name
        page.mimic.view._draw_until(None)  # now: the station would hear of its alarms again
        assert near_alarms(page.grab().toImage(), page.theme) == []

"""HM-11: nothing that the window can open ever lies over the alarm strip, at any supported size."""

from __future__ import annotations

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QWidget
from shell_plant import Desk, open_station

from hmi.ui.faceplate.desk import LIMIT
from hmi.ui.people.card import Mode

pytestmark = pytest.mark.qt
SIZES = [(1024, 640), (1366, 768), (1920, 1080), (2560, 1440), (3840, 2160)]
TARGETS = ("intake/fic1", "intake/p1", "outlet/lt2.pv", "intake/fic1.sp")


def open_everything(desk: Desk) -> None:
    window = desk.window
    for target in TARGETS:
        window.desk.open(target, QRect(window.width() // 2, window.height() // 2, 90, 36))
    window.open_trend(["intake/fic1.pv"])
    window.toggle_instructor()
    overlays = window.overlays
    for panel in (overlays.find, overlays.areas, overlays.keys):
        overlays.toggle(panel)
    overlays.ask_person(Mode.SIGN_IN)
    overlays.toggle(overlays.people)
    overlays.show_why("intake/fic1.pv")
    overlays.show_guidance(next(iter(desk.station.alarms.values())))
    window.notice.say("A sentence that was just said.")


def covered(desk: Desk) -> list[tuple[QPoint, QWidget]]:
    """Places of the strip at which something else lies on top."""
    window, strip = desk.window, desk.window.strip
    box = strip.geometry().adjusted(13, 7, -13, -11)
    found = []
    for x in range(box.left(), box.right(), 16):
        for y in range(box.top(), box.bottom(), 12):
            top = window.childAt(x, y)
            if top is not None and top is not strip and not strip.isAncestorOf(top):
                found.append((QPoint(x, y), top))
    return found


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_HM_11_four_faceplates_every_panel_and_a_dialog_leave_the_alarms_free(
    qtbot, size: tuple[int, int]
) -> None:
    with open_station(qtbot, mode="simulator", ask_on_close=True) as desk:
        window = desk.window
        window.resize(*size)
        qtbot.waitUntil(lambda: (window.width(), window.height()) == size)
        open_everything(desk)
        window.close()
        question = window.close_question
        qtbot.waitUntil(question.isVisible)
        assert len(window.desk.cards) == min(LIMIT, len(window.desk.cards))
        assert len(window.desk.cards) >= 3
        assert window.strip.isVisible()
        assert covered(desk) == []
        strip = QRect(window.strip.mapToGlobal(QPoint(0, 0)), window.strip.size())
        assert not question.frameGeometry().intersects(strip)
        question.move(strip.topLeft())
        qtbot.waitUntil(lambda: not question.frameGeometry().intersects(strip))
        header = window.header.geometry()
        shown = [panel for panel in window.overlays.all if panel.isVisible()]
        assert len(shown) == len(window.overlays.all)
        assert not any(panel.geometry().intersects(header) for panel in shown)
        question.reject()


def test_HM_11_panels_give_way_when_the_window_shrinks_or_a_banner_appears(qtbot) -> None:
    with open_station(qtbot, mode="simulator") as desk:
        window = desk.window
        window.resize(2560, 1440)
        open_everything(desk)
        window.resize(1366, 768)
        qtbot.waitUntil(lambda: window.width() == 1366)
        assert covered(desk) == []
        desk.time.pass_s(5)
        window._tick()
        qtbot.waitUntil(window.banner.isVisible)
        qtbot.waitUntil(
            lambda: all(window.working_area().contains(panel.geometry()) for panel in window.overlays.all)
        )
        assert covered(desk) == []


def test_the_search_lies_between_title_bar_and_alarms(qtbot) -> None:
    with open_station(qtbot) as desk:
        for size in SIZES:
            desk.window.resize(*size)
            desk.window.overlays.toggle(desk.window.overlays.find)
            assert desk.window.working_area().contains(desk.window.overlays.find.geometry())
            desk.window.overlays.find.close_panel()

"""Nothing is cut or covered on small screens: header, faceplates, alarm page."""

from __future__ import annotations

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QPoint, QRect
from shell_plant import open_station

from hmi.testing.client import make_alarm
from hmi.ui.navigation import Place
from hmi.ui.widgets import FlatButton

pytestmark = pytest.mark.qt
AREAS = ("Intake", "Clarification", "Filtration", "Clearwell", "Distribution", "Utilities")


@pytest.mark.parametrize("width", [1024, 1280, 1366, 1600, 1920, 2560])
def test_HM_17_the_header_keeps_time_and_tabs_whole_at_every_width(qtbot, width: int) -> None:
    with open_station(qtbot, mode="simulator") as desk:
        window, header = desk.window, desk.window.header
        qtbot.waitUntil(lambda: header.user.full_text == "demo-operator")
        header.tabs.set_places([Place("", "", "overview")] + [Place(a, a.lower(), "intake") for a in AREAS])
        header.tabs.set_alarms([make_alarm(f"{a.lower()}/x.pv", n) for n, a in enumerate(AREAS)])
        window.resize(width, 768)
        qtbot.wait(60)
        parts = [header.tabs, header.chip, header.counts, header.health, header.user, header.clock]
        boxes = [w.geometry() for w in parts if w.isVisible()]
        assert all(not a.intersects(b) for n, a in enumerate(boxes) for b in boxes[n + 1 :])
        assert all(header.rect().contains(box) for box in boxes)
        assert header.clock.text() == header.clock.full_text
        assert header.clock.full_text[-3] == ":"
        assert header.tabs._boxes[-1].right() <= header.tabs.width() + 0.5


def test_tabs_do_not_move_from_one_display_to_the_next(qtbot) -> None:
    with open_station(qtbot) as desk:
        found = set()
        qtbot.waitUntil(lambda: desk.window.header.user.full_text == "demo-operator")
        qtbot.wait(30)
        for name in ("overview", "intake", "outlet"):
            desk.window.open_display(name)
            qtbot.wait(30)
            found.add(desk.window.header.tabs.x())
        assert len(found) == 1


def test_fitting_the_header_again_changes_nothing(qtbot) -> None:
    with open_station(qtbot, mode="simulator") as desk:
        window, header = desk.window, desk.window.header
        window.resize(1100, 700)
        qtbot.wait(50)
        calls = []
        real = header.fit_width
        header.fit_width = lambda: (calls.append(1), real())  # type: ignore[method-assign]
        header.fit_width()
        qtbot.wait(200)
        assert len(calls) < 6


def test_HM_11_faceplates_keep_off_the_alarm_strip_on_a_small_screen(qtbot) -> None:
    with open_station(qtbot, mode="simulator") as desk:
        window = desk.window
        window.resize(1024, 640)
        qtbot.wait(30)
        cards = [window.desk.open(target, QRect(300, 200, 40, 40)) for target in ("intake/fic1", "intake/p1")]
        row = next(row for row in cards[0].commands.rows if row.field is not None)
        row.field.setText("45")
        row.entry.ask()
        qtbot.wait(80)
        area = window.working_area()
        assert all(area.contains(card.geometry()) for card in cards)
        box = cards[0].commands.confirm.yes
        seen = cards[0].scroller.viewport()
        at = box.mapTo(seen, QPoint(0, box.height()))
        assert 0 < at.y() <= seen.height()


def test_the_alarm_page_cuts_no_button_on_a_small_screen(qtbot) -> None:
    with open_station(qtbot) as desk:
        window = desk.window
        window.alarm_page.set_areas([(a.lower(), a) for a in AREAS])
        window.resize(1366, 768)
        window.toggle_alarms()
        qtbot.wait(50)
        buttons = [b for b in window.alarm_page.findChildren(FlatButton) if b.isVisible()]
        assert len(buttons) >= 13
        assert all(b.width() >= b.sizeHint().width() for b in buttons)

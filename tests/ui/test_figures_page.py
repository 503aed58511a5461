"""The page of the alarm figures: what it asks, what it shows, and that nothing old ever looks new."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea
from shell_plant import Desk, open_station
from test_painted_colors import near_alarms

from hmi.alarms.kpi import figures
from hmi.core.clock import NS_PER_S
from hmi.core.errors import CommunicationError
from hmi.testing.client import START_NS
from hmi.ui.figures.answer import answer_of, flood_words, span_text
from hmi.ui.figures.page import FiguresPage
from hmi.ui.theme import THEMES

pytestmark = pytest.mark.qt
HOUR = 3_600 * NS_PER_S
END = START_NS // (60 * NS_PER_S) * 60 * NS_PER_S


def record(at: int, alarm: str, event: str, **more: Any) -> dict[str, Any]:
    payload = {
        "tag": "intake/fic1.pv", "name": "High", "message": "Raw flow high", "area": "intake", "priority": 2,
        "before": "NORM", "after": "UNACK" if event == "ALM" else "NORM", "alarm_time": at, "hidden": False,
    }  # fmt: skip
    return {"kind": "alarm", "event": event, "event_time": at, "object_id": alarm, "payload": payload | more}


def told(hours: int = 168, *, alarms: int = 25, simulated: bool = False) -> dict[str, Any]:
    """One flood of alarms an hour before the end, and a fleeting one."""
    start = END - hours * HOUR
    log = [record(END - HOUR + n * NS_PER_S, f"a{n % 13}", "ALM") for n in range(alarms)]
    log += [record(END - HOUR + alarms * NS_PER_S, f"a{n}", "RTN") for n in range(12)] if alarms else []
    return figures(log, start, END, "UTC", simulated=simulated, configured={1: 1, 2: 9, 3: 90})


class Asked:
    """Stands in for the verb of the fake client: what was asked for, and an answer or a failure."""

    def __init__(self, desk: Desk, answer: dict[str, Any]) -> None:
        self.answer, self.failure = answer, ""
        self.calls: list[dict[str, Any]] = []
        desk.client.alarm_figures = self  # type: ignore[method-assign]

    async def __call__(self, **given: Any) -> dict[str, Any]:
        self.calls.append(given)
        if self.failure:
            raise CommunicationError(self.failure)
        return self.answer


@pytest.fixture
def desk(qtbot: Any) -> Any:
    with open_station(qtbot) as desk:
        qtbot.waitUntil(lambda: desk.window.header.user.full_text == "demo-operator")
        yield desk


def opened(desk: Desk, qtbot: Any, answer: dict[str, Any] | None = None) -> tuple[FiguresPage, Asked]:
    asked = Asked(desk, answer or told())
    qtbot.keyClick(desk.window, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    page = desk.window.figures_page
    qtbot.waitUntil(lambda: page.answer is not None)
    return page, asked


def test_a_key_opens_the_figures_and_closes_them(desk: Desk, qtbot: Any) -> None:
    page, asked = opened(desk, qtbot)
    assert page.isVisible()
    assert len(page.cards) == 16
    assert page.cards["peak_10_min"].figure.verdict == "over"
    assert page.about.full_text.startswith("As of 18 Nov 2026  11:06: 25 alarms, ")
    assert desk.client.session_time - asked.calls[0]["start"] == pytest.approx(168 * HOUR, abs=60 * NS_PER_S)
    qtbot.keyClick(desk.window, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    assert desk.window.stack.currentWidget() is desk.window.mimic


def test_the_alarm_list_has_a_button_that_leads_there_and_escape_leads_back(desk: Desk, qtbot: Any) -> None:
    Asked(desk, told())
    desk.window.toggle_alarms()
    desk.window.alarm_page.title_bar.figures.click()
    assert desk.window.stack.currentWidget() is desk.window.figures_page
    qtbot.keyClick(desk.window, Qt.Key.Key_Escape)
    assert desk.window.stack.currentWidget() is desk.window.mimic


def test_another_time_shows_nothing_of_the_one_before(desk: Desk, qtbot: Any) -> None:
    page, asked = opened(desk, qtbot)
    asked.answer = told(8, alarms=0)
    page.ranges[8].click()
    assert page.answer is None
    assert page.scroller.isHidden()
    assert page.waiting.full_text == "Counting the alarms …"
    qtbot.waitUntil(lambda: page.answer is not None)
    assert page.answer is not None
    assert page.answer.alarms == 0
    assert page.cards["peak_10_min"].figure.value == 0


def test_an_answer_to_an_earlier_question_is_dropped(desk: Desk, qtbot: Any) -> None:
    page, _ = opened(desk, qtbot)
    turn = page._turn
    page.ask()
    page._take(turn, told(alarms=3))
    assert page.answer is not None
    assert page.answer.alarms == 25


def test_an_area_is_asked_for_and_leaves_with_the_plant_that_had_it(desk: Desk, qtbot: Any) -> None:
    page, asked = opened(desk, qtbot)
    next(button for button in page._areas if button.property("area") == "intake").click()
    qtbot.waitUntil(lambda: page.answer is not None)
    assert asked.calls[-1]["area"] == "intake"
    page.set_areas([("outlet", "Outlet")])
    qtbot.waitUntil(lambda: asked.calls[-1]["area"] == "")


def test_figures_that_cannot_be_renewed_say_how_old_they_are(desk: Desk, qtbot: Any) -> None:
    page, asked = opened(desk, qtbot)
    asked.failure = "the runtime does not answer"
    page.ask()
    qtbot.waitUntil(lambda: "Not up to date" in page.problem.full_text)
    assert page.problem.isVisible()
    assert page.about.full_text.startswith("As of ")
    page.choose_range(24)
    qtbot.waitUntil(lambda: page.waiting.full_text == "No figures: the runtime does not answer")
    assert page.scroller.isHidden()


def test_an_answer_that_cannot_be_read_is_no_figure(desk: Desk, qtbot: Any) -> None:
    asked = Asked(desk, {"start": "?"})
    desk.window.toggle_figures()
    page = desk.window.figures_page
    qtbot.waitUntil(lambda: "cannot be read" in page.waiting.full_text)
    assert len(asked.calls) == 1


def test_missing_records_and_a_simulator_are_told_in_the_head(desk: Desk, qtbot: Any) -> None:
    page, _ = opened(desk, qtbot, told(simulated=True) | {"not_stored": 7})
    assert page.simulated.isVisible()
    assert page.problem.full_text == "7 records are missing: the numbers are too low"


def test_a_row_leads_to_the_object_of_the_alarm(desk: Desk, qtbot: Any) -> None:
    page, _ = opened(desk, qtbot)
    page.top.list.setFocus()
    page.top.list.choose(0)
    qtbot.keyClick(page.top.list, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(desk.window.desk.cards))
    assert desk.window.stack.currentWidget() is desk.window.mimic


def test_the_list_that_has_something_is_in_view_until_another_one_is_picked(desk: Desk, qtbot: Any) -> None:
    page, _ = opened(desk, qtbot)
    trouble = page.trouble
    assert trouble.buttons["chattering"].text() == "Chattering 0"
    assert trouble.stack.currentWidget() is trouble.lists["fleeting"]
    trouble.buttons["stale"].click()
    page._show(answer_of(told()))
    assert trouble.stack.currentWidget() is trouble.lists["stale"]


@pytest.mark.parametrize("theme", THEMES)
def test_the_figures_have_no_colour_of_an_alarm(qtbot: Any, theme: str) -> None:
    """Also while they are over: the alarms they tell of are history."""
    with open_station(qtbot, theme=theme) as desk:
        page, _ = opened(desk, qtbot)
        assert near_alarms(page.grab().toImage(), page._theme) == []


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1920, 1080)])
def test_every_part_is_in_reach_on_every_screen(desk: Desk, qtbot: Any, width: int, height: int) -> None:
    desk.window.resize(width, height)
    page, _ = opened(desk, qtbot)
    qtbot.waitUntil(lambda: page.cards["stale"].width() > 100)
    scroller: QScrollArea = page.scroller
    assert scroller.widget().width() <= scroller.viewport().width()
    for part in (*page.cards.values(), page.rate, page.top, page.trouble, page.shares):
        assert scroller.widget().rect().contains(part.geometry())
    qtbot.keyClick(page.ranges[168], Qt.Key.Key_End)
    assert scroller.verticalScrollBar().value() == scroller.verticalScrollBar().maximum()


def test_lengths_of_time_and_floods_in_words() -> None:
    assert [span_text(s) for s in (None, 45.2, 119, 120, 5_400, 7_200, 200_000)] == [
        "–", "45 s", "119 s", "2 min", "90 min", "2 h", "2 d",
    ]  # fmt: skip
    assert flood_words([]) == "no flood"
    assert flood_words(answer_of(told()).floods) == "1 flood of 10 min"

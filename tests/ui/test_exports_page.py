"""The page of export jobs: what it shows, what it never shows as live, what it asks, and who may."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from shell_plant import Desk, open_station
from sign_shapes import shapes_of

from hmi.client.exports import ExportInfo, Exports, QuarantinedRow
from hmi.core.clock import NS_PER_S
from hmi.core.openings import opening
from hmi.testing.client import make_alarm
from hmi.testing.exports import AT_NS, make_export
from hmi.ui.exports.marks import draw_state
from hmi.ui.exports.page import ExportsPage
from hmi.ui.exports.table import COLUMNS, LAYOUT
from hmi.ui.exports.words import WORDS, silent_words, state_of, state_words
from hmi.ui.shot_open import open_all
from hmi.ui.times import duration

CONTROL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
GONE = "db.office:5432 does not answer"


@pytest.fixture
def desk(qtbot: Any) -> Any:
    with open_station(qtbot) as desk:
        desk.client.roles = [*desk.client.roles, "engineer"]
        desk.station.ask_status()
        qtbot.waitUntil(lambda: desk.station.rights.may("engineer"))
        yield desk


def opened(desk: Desk, qtbot: Any, *jobs: ExportInfo, alive: bool = True) -> ExportsPage:
    """The page by its key, with what the runtime knows."""
    desk.client.export_book.replace_all(*jobs, alive=alive)
    qtbot.keyClick(desk.window, Qt.Key.Key_E, CONTROL_SHIFT)
    page = desk.window.exports
    qtbot.waitUntil(lambda: page.table.rows == list(jobs))
    return page


def cells(page: ExportsPage, row: int = 0) -> dict[str, str]:
    return {column.key: page.table.text(page.table.rows[row], column.key) for column in COLUMNS}


def test_key_opens_and_shows_every_figure_of_a_job(desk: Desk, qtbot: Any) -> None:
    job = make_export(
        "it-db", "unavailable", to="postgres", text=GONE, lag_s=10_812.0, backlog_s=90_000.0, backlog_commits=4,
        rate=41_233.0, quota_used=0.834, dropped=1_200, quarantined=3,
    )  # fmt: skip
    page = opened(desk, qtbot, job)
    found = cells(page)
    assert found["until"].startswith("18 Nov 2026")
    del found["until"]
    assert found == {
        "state": "Target does not answer", "job": "it-db", "target": "postgres, samples", "behind": "3 h",
        "backlog": "1 d 1 h", "rate": "41,233", "quota": "83 %", "dropped": "1,200", "quarantined": "3", "error": GONE,
    }  # fmt: skip
    assert page.details.state.full_text == "Target does not answer for 1 h"
    assert page.count.full_text == "0 of 1 deliver"
    qtbot.keyClick(desk.window, Qt.Key.Key_E, CONTROL_SHIFT)
    assert desk.window.stack.current is desk.window.mimic


def test_nothing_old_is_shown_as_how_it_is_now(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot, make_export("a"), make_export("b", is_fresh=False), alive=True)
    assert (cells(page)["state"], cells(page)["behind"]) == ("Delivers", "1.2 s")
    silent = {"state": "No sign of life", "behind": "–", "backlog": "–", "rate": "–", "quota": "–"}
    assert {key: cells(page, 1)[key] for key in silent} == silent
    assert cells(page, 1)["until"] != "–"  # what the target has it keeps
    desk.client.export_book.found = Exports(
        AT_NS, False, AT_NS - 95 * NS_PER_S, list(desk.client.export_book.found.jobs)
    )
    qtbot.waitUntil(lambda: cells(page)["state"] == "No sign of life")
    assert page.problem.full_text == "The process that delivers gave no sign of life for 1 min 35 s."
    assert {key: cells(page)[key] for key in silent} == silent


def test_a_silent_runtime_takes_every_figure_away(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot, make_export())
    desk.client.silent = True
    page.ask()
    qtbot.waitUntil(lambda: page.problem.full_text.startswith("Not current: "))
    assert (cells(page)["state"], cells(page)["behind"]) == ("No sign of life", "–")


@pytest.mark.parametrize(
    ("job", "state"),
    [
        (make_export(condition=""), "never"),
        (make_export(condition="stopped", enabled=False, is_fresh=False), "stopped"),
        (make_export(condition="not allowed"), "not allowed"),
        (make_export(condition="paused"), "paused"),
        (make_export(condition="refused", is_fresh=False), "silent"),
    ],
)
def test_each_state_has_its_word_and_what_rests_has_no_figures(job: ExportInfo, state: str) -> None:
    assert state_of(job, alive=True) == state
    assert state_words(job, AT_NS, alive=True).startswith(WORDS[state])


def test_an_alarm_about_a_job_stands_beside_it_and_nothing_else_has_a_colour(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot, make_export("lake"), make_export("it-db", "refused"))
    rows = [
        make_alarm("x", number, alarm_id=f"system:export/{fault}/it-db", priority=priority)
        for number, (fault, priority) in enumerate((("target", 4), ("quota", 3)), 70)
    ]
    desk.client.alarm_book.change(rows)
    qtbot.waitUntil(lambda: page._standing() == {"it-db": 3})


def test_rows_in_quarantine_come_with_their_job(desk: Desk, qtbot: Any) -> None:
    rows = [QuarantinedRow(7, AT_NS, "value too long", '["t_a",1]')]
    desk.client.export_book.quarantined = {"b": rows}
    page = opened(desk, qtbot, make_export("a"), make_export("b", quarantined=1))
    assert page.quarantine.note.full_text == "Nothing is in quarantine."
    qtbot.keyClick(page.table, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: page.quarantine.rows.rows == rows)
    assert page.quarantine.note.full_text.startswith("1 rows in all; the newest 1.")
    qtbot.keyClick(page.table, Qt.Key.Key_Up)
    assert page.quarantine.rows.rows == []


def test_pause_asks_with_a_reason_and_is_sent_once(desk: Desk, qtbot: Any) -> None:
    page, book = opened(desk, qtbot, make_export()), desk.client.export_book
    page.details.buttons["pause"].click()
    assert page.is_asking
    assert "also after a restart" in page.confirm.request.full_text
    assert page.confirm.start.isHidden()
    assert not page.confirm.yes.isEnabled()  # no reason yet
    page.confirm.reason.setText("the lake is restored")
    for _ in range(5):
        qtbot.keyClick(page.confirm.reason, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not page.is_asking)
    assert book.asked == [("pause", "lake", "the lake is restored", (0, 0))]
    qtbot.waitUntil(lambda: cells(page)["state"] == "Paused")
    qtbot.waitUntil(lambda: page.details.buttons["resume"].isEnabled())
    assert not page.details.buttons["pause"].isEnabled()


def test_a_range_is_sent_again_in_the_time_of_the_plant(desk: Desk, qtbot: Any) -> None:
    page, book = opened(desk, qtbot, make_export()), desk.client.export_book
    page.ask_for("replay")
    assert page.confirm.start.hasFocus()
    page.confirm.reason.setText("the lake lost a day")
    assert not page.confirm.yes.isEnabled()  # from when on?
    for start, end, problem in (
        ("yesterday", "", "is not a time"), ("2026-11-18 10:00", "2026-11-18 09:00", "ends before it begins"),
    ):  # fmt: skip
        page.confirm.start.setText(start)
        page.confirm.end.setText(end)
        page.confirm.yes.click()
        assert problem in page.confirm.problem.full_text
    assert book.asked == []
    page.confirm.start.setText("2026-11-18T09:00:00Z")
    page.confirm.end.setText("2026-11-18T10:00:00Z")
    page.confirm.yes.click()
    qtbot.waitUntil(lambda: bool(book.asked))
    begin = 1_794_992_400 * NS_PER_S
    assert book.asked == [("replay", "lake", "the lake lost a day", (begin, begin + 3_600 * NS_PER_S))]


def test_escape_gives_up_the_question_and_leaving_asks_nothing(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot, make_export())
    page.ask_for("pause")
    page.confirm.reason.setText("no")
    qtbot.keyClick(page.confirm.reason, Qt.Key.Key_Escape)
    assert not page.is_asking
    assert page.isVisible()
    page.ask_for("replay")
    assert page.confirm.reason.text() == ""
    page.toggle()
    page.toggle()
    assert not page.is_asking
    assert desk.client.export_book.asked == []


def test_a_refusal_stays_beside_the_question(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot, make_export())
    desk.client.export_book.refusal = "lake is paused already"
    page.ask_for("pause")
    page.confirm.reason.setText("because")
    page.confirm.yes.click()
    qtbot.waitUntil(lambda: page.confirm.problem.full_text == "Not done: lake is paused already")
    assert page.is_asking
    assert page.confirm.yes.isEnabled()


def test_a_lost_answer_says_that_it_may_have_been_asked(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot, make_export())
    page.ask_for("pause")
    page.confirm.reason.setText("because")
    desk.client.silent = True
    page.confirm.yes.click()
    qtbot.waitUntil(lambda: "not known whether lake was asked" in page.confirm.problem.full_text)


def test_without_the_right_the_buttons_say_why(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot, make_export())
    assert page.details.buttons["pause"].isEnabled()
    page.ask_for("pause")
    desk.client.roles = ["view"]
    desk.station.ask_status()
    qtbot.waitUntil(lambda: not page.details.buttons["pause"].isEnabled())
    assert not page.is_asking  # it was the question of somebody with the right
    assert page.details.why.full_text == "You have no right to control exports."
    for button in page.details.buttons.values():
        assert button.accessibleDescription() == page.details.why.full_text


@pytest.mark.parametrize("condition", ["", "stopped", "not allowed"])
def test_a_job_that_does_not_run_can_be_asked_nothing(desk: Desk, qtbot: Any, condition: str) -> None:
    page = opened(desk, qtbot, make_export(condition=condition))
    assert not any(button.isEnabled() for button in page.details.buttons.values())


def test_the_choice_stays_with_its_job(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot, make_export("a"), make_export("b"))
    qtbot.keyClick(page.table, Qt.Key.Key_Down)
    assert page.details.name.full_text == "b"
    desk.client.export_book.replace_all(make_export("c"), make_export("a"), make_export("b", rows=5))
    qtbot.waitUntil(lambda: len(page.table.rows) == 3)
    assert page.details.name.full_text == "b"


def test_a_plant_without_exports_says_so(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot)
    qtbot.waitUntil(lambda: page.details.empty.full_text.startswith("The plant has no exports."))
    assert silent_words(desk.client.export_book.found) == ""


def test_the_past_has_no_such_page(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot, make_export())
    desk.station.clock.go_back(3_600 * NS_PER_S)
    qtbot.waitUntil(lambda: not page.isVisible())
    page.toggle()
    assert not page.isVisible()


def test_every_state_has_words_and_a_shape_of_its_own(desk: Desk) -> None:
    assert len(shapes_of(desk.window.theme, draw_state, WORDS)) == len(WORDS)


@pytest.mark.parametrize("width", [480, 640, 1_000, 1_880])
def test_columns_fill_the_width_and_none_is_too_small(width: int) -> None:
    found = LAYOUT.places(width)
    assert {"state", "job", "behind"} <= found.keys()
    assert width - 12 < sum(wide for _, wide in found.values()) <= width
    assert all(wide > 50 for _, wide in found.values())


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0.0 s"), (1.24, "1.2 s"), (45, "45 s"), (61, "1 min 1 s"), (3_600, "1 h"), (93_784, "1 d 2 h")],
)
def test_lengths_of_time_have_two_units_at_most(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_a_picture_opens_the_page(desk: Desk, qtbot: Any) -> None:
    desk.client.export_book.replace_all(make_export())
    open_all(desk.window, [opening("exports")])
    assert desk.window.exports.isVisible()
    qtbot.waitUntil(lambda: len(desk.window.exports.table.rows) == 1)

"""The page of the operator's log: lists, search, paging, the live tail, details, ways, notes and export."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import Qt
from shell_plant import Desk, open_station

from hmi.client.alarms import JournalQuery
from hmi.core.clock import NS_PER_S
from hmi.core.errors import CommunicationError
from hmi.ui.log.export import log_csv
from hmi.ui.log.model import MOST, LogModel
from hmi.ui.log.page import LogPage
from hmi.ui.log.words import day_text, moment_text, said_text, typed_time
from hmi.ui.sheets_out import safe_cell
from hmi.ui.times import zone_of

pytestmark = pytest.mark.qt
BERLIN = zone_of("Europe/Berlin")
HOUR = 3_600 * NS_PER_S
BACK = typed_time("2026-10-25 02:30", BERLIN)
"""The first 02:30 of the day on which the clock is put back."""


@pytest.fixture
def desk(qtbot: Any) -> Any:
    with open_station(qtbot) as desk:
        qtbot.waitUntil(lambda: desk.window.header.user.full_text == "demo-operator")
        yield desk


def put(desk: Desk, count: int, kind: str = "note", **more: Any) -> None:
    for number in range(count):
        payload = {"text": f"Round {number}", "name": "intake/fic1.pv", "area": "intake", **more}
        desk.client.alarm_book.record(kind, "note", "t_1", "ann", payload)


def opened(desk: Desk, qtbot: Any, count: int = 3) -> LogPage:
    put(desk, count)
    qtbot.keyClick(desk.window, Qt.Key.Key_J, Qt.KeyboardModifier.ControlModifier)
    page = desk.window.logbook.log
    qtbot.waitUntil(lambda: bool(page.model.records))
    return page


def seqs(page: LogPage) -> list[int]:
    return [record["seq"] for record in page.model.records]


def test_a_key_opens_the_log_newest_first_with_counts_and_escape_closes_it(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot)
    assert seqs(page) == sorted(seqs(page), reverse=True)
    assert isinstance(page.model.lines[0], str)
    assert "as of" in page.about.full_text
    qtbot.waitUntil(lambda: page.streams.buttons["note"].text() == "Notes  3")
    qtbot.keyClick(desk.window, Qt.Key.Key_Escape)
    assert desk.window.stack.current is desk.window.mimic


def test_words_and_lists_narrow_what_is_asked_for(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot)
    page.search.setText("round 2")
    qtbot.waitUntil(lambda: [said_text(r) for r in page.model.records] == ["Round 2"])
    page.search.setText("")
    page.streams.buttons["command"].click()
    assert page.query().stream == "command"
    qtbot.waitUntil(lambda: page.rows.empty_text == "No record is like that.")
    page.start.setText("yesterday")
    qtbot.waitUntil(lambda: "yesterday is no time" in page.rows.empty_text)


def test_older_pages_come_when_the_end_is_near(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot, 450)
    assert len(page.model.records) < 450
    for _ in range(4):
        page.rows.scrollToBottom()
        qtbot.wait_signal(page.rows.endNear, timeout=10, raising=False)
        qtbot.waitUntil(lambda: not page._asking)
    qtbot.waitUntil(lambda: seqs(page)[-1] == 1)
    assert seqs(page) == sorted(set(seqs(page)), reverse=True)


def test_new_records_wait_while_somebody_reads_and_come_on_top_otherwise(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot)
    put(desk, 1)
    page.ask_new()
    qtbot.waitUntil(lambda: len(page.model.records) == 4)
    page.rows.choose(2)
    before = list(page.model.lines)
    put(desk, 2)
    page.ask_new()
    qtbot.waitUntil(lambda: page.news.text() == "2 new")
    assert page.model.lines == before
    qtbot.keyClick(page.rows, Qt.Key.Key_Home)
    assert len(page.model.records) == 6
    assert not page.news.isVisible()


def test_a_runtime_that_does_not_answer_is_said_and_nothing_looks_new(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot)
    as_of = page.about.full_text

    async def fail(query: JournalQuery) -> Any:
        raise CommunicationError("the runtime is gone")

    answer, desk.client.search_journal = desk.client.search_journal, fail  # type: ignore[method-assign]
    qtbot.waitUntil(lambda: page.problem.full_text == "Not up to date: the runtime is gone")
    assert page.about.full_text.split(", as of")[0] == as_of.split(", as of")[0]
    page.ask()
    qtbot.waitUntil(lambda: page.rows.empty_text == "The log cannot be read: the runtime is gone")
    desk.client.search_journal = answer  # type: ignore[method-assign]
    qtbot.waitUntil(lambda: bool(page.model.records))


def test_the_record_in_full_and_only_its_object(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot)
    page.rows.choose(1)
    assert page.sheet.isVisible()
    assert "Who: ann" in page.sheet.body.toPlainText()
    qtbot.keyClick(page.rows, Qt.Key.Key_O)
    assert page.query().object_id == "t_1"
    assert page.only_button.isVisible()
    page.only_button.click()
    assert page.query().object_id == ""


def test_a_line_leads_to_the_display_and_faceplate_in_one_action(desk: Desk, qtbot: Any) -> None:
    name, tag = next(iter(desk.station.catalogue.tags.items()))
    desk.client.alarm_book.record("note", "note", tag.id, "ann", {"text": "leaks", "name": name})
    page = opened(desk, qtbot, 0)
    page.rows.choose(1)
    qtbot.keyClick(page.rows, Qt.Key.Key_Return)
    assert desk.window.stack.current is desk.window.mimic


def test_a_note_is_written_in_two_actions(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot)
    page.note.click()
    card = desk.window.acts.card
    assert card is not None
    card.field.setText("Filter 3 smells")  # type: ignore[attr-defined]
    card.agree.click()  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: "Filter 3 smells" in [said_text(r) for r in page.model.records])


def test_what_is_in_view_is_written_as_csv_in_which_nothing_is_a_formula(
    desk: Desk, qtbot: Any, tmp_path: Path
) -> None:
    put(desk, 1, text="=1+1")
    page = opened(desk, qtbot)
    desk.window.logbook.files.folder = tmp_path / "out"
    with qtbot.waitSignal(desk.window.logbook.files.said) as said:
        page.export.click()
    (file,) = (tmp_path / "out").iterdir()
    assert str(file) in said.args[0]
    rows = list(csv.reader(io.StringIO(file.read_text(encoding="utf-8-sig"))))
    assert len(rows) == 1 + len(page.model.records)
    assert "'=1+1" in rows[-1]


@pytest.mark.parametrize(("cell", "safe"), [
    ("=SUM(A1)", "'=SUM(A1)"), ("@x", "'@x"), ("+49 1", "'+49 1"), ("-1.5", "-1.5"), ("\t=1", "'\t=1"),
    (" =1", "' =1"), ("plain, \"quoted\"", "plain, \"quoted\""),
])  # fmt: skip
def test_cells(cell: str, safe: str) -> None:
    assert safe_cell(cell) == safe


def test_both_changes_of_the_clock_are_told() -> None:
    assert moment_text(BACK, BERLIN) == "02:30:00.000 CEST"
    assert moment_text(BACK + HOUR, BERLIN) == "02:30:00.000 CET"
    assert moment_text(BACK + 2 * HOUR, BERLIN) == "03:30:00.000"
    assert day_text(BACK, BERLIN) == "25 Oct 2026 · clock put back by 60 min"
    spring = typed_time("2026-03-29 01:59:59", BERLIN)
    assert moment_text(spring + NS_PER_S, BERLIN) == "03:00:00.000"
    assert day_text(spring, BERLIN) == "29 Mar 2026 · clock put forward by 60 min"
    assert day_text(spring - 24 * HOUR, BERLIN) == "28 Mar 2026"


def test_a_range_over_the_doubled_hour_has_all_of_it() -> None:
    assert typed_time("2026-10-25 02:30", BERLIN, is_end=True) - BACK == HOUR
    assert typed_time("2026-10-25", BERLIN, is_end=True) - typed_time("2026-10-25", BERLIN) == 25 * HOUR
    with pytest.raises(ValueError, match="is no time"):
        typed_time("2026-13-01", BERLIN)


def test_the_export_tells_the_doubled_hour_apart() -> None:
    text = log_csv([{"seq": n, "event": "note", "event_time": BACK + n * HOUR} for n in (1, 0)], BERLIN)
    assert "2026-10-25T02:30:00.000+01:00" in text
    assert "2026-10-25T02:30:00.000+02:00" in text


def test_memory_stays_bounded_and_days_are_parted() -> None:
    model = LogModel(lambda record: str(record["seq"] // 1_000), lambda record: "")
    records = [{"seq": n, "event": "note"} for n in range(9_000, 0, -1)]
    model.begin(records[:200], 8_801)
    for first in range(200, 9_000, 200):
        model.add_older(records[first : first + 200], records[first + 199]["seq"])
        assert len(model.lines) <= MOST
    assert model.has_gap
    assert model.records[-1]["seq"] == 1
    model.begin(records[:200], 8_801)
    assert model.take_new([{"seq": 9_001, "event": "note"}], is_whole=True) == 1
    model.show_waiting()
    assert [line for line in model.lines if isinstance(line, str)] == ["9", "8"]

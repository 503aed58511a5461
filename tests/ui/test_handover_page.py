"""The page of the shift hand-over: sections, empty ones, its beginning, handing over once, files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import Qt
from shell_plant import Desk, open_station

from hmi.client.alarms import Handover, HandoverItem
from hmi.core.clock import NS_PER_S
from hmi.core.errors import CommunicationError
from hmi.ui.handover.page import HandoverPage
from hmi.ui.handover.words import (
    SECTION_NAMES,
    full_text,
    handover_csv,
    handover_html,
    lines_of,
    note_text,
    shift_starts,
)
from hmi.ui.log.words import typed_time
from hmi.ui.times import zone_of

pytestmark = pytest.mark.qt
BERLIN = zone_of("Europe/Berlin")
AT = typed_time("2026-10-25 15:00", BERLIN)
ITEM = HandoverItem("a1", "<b>P-101</b>", "=cmd()", "intake", AT, 0, "ann", "waiting for parts", "main")
TOLD = Handover(AT - NS_PER_S, AT, {"shelved": [ITEM]}, {"shelved": 3})


@pytest.fixture
def desk(qtbot: Any) -> Any:
    with open_station(qtbot) as desk:
        qtbot.waitUntil(lambda: desk.window.header.user.full_text == "demo-operator")
        yield desk


def opened(desk: Desk, qtbot: Any) -> HandoverPage:
    qtbot.keyClick(desk.window, Qt.Key.Key_H, Qt.KeyboardModifier.ControlModifier)
    page = desk.window.logbook.handover
    qtbot.waitUntil(lambda: page.told is not None)
    return page


def test_a_key_opens_all_sections_and_empty_ones_say_so(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot)
    heads = [line.text.rpartition("  ")[0] for line in page.model.lines if line.is_head]
    assert heads == list(SECTION_NAMES.values())
    assert "None." in [line.text for line in page.model.lines if line.item is None]
    assert "as of" in page.about.full_text
    qtbot.keyClick(desk.window, Qt.Key.Key_H, Qt.KeyboardModifier.ControlModifier)
    assert desk.window.stack.current is desk.window.mimic


def test_handing_over_writes_one_note_with_the_counts(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot)
    page.hand_over.click()
    page.hand_over.click()
    qtbot.waitUntil(page.hand_over.isEnabled)
    plant = desk.station.plant
    assert plant is not None
    ((object_id, text),) = desk.client.alarm_book.notes
    assert object_id == plant.id
    assert f"Standing alarms: {len(desk.station.alarms)}" in text


def test_an_old_answer_is_said_to_be_old_and_cannot_be_handed_over(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot)

    async def fail(since: int = 0) -> Any:
        raise CommunicationError("the runtime is gone")

    desk.client.handover = fail  # type: ignore[method-assign]
    page.ask()
    qtbot.waitUntil(lambda: page.problem.full_text == "Not up to date: the runtime is gone")
    assert page.model.lines
    assert not page.hand_over.isEnabled()


def test_another_beginning_is_asked_for(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot)
    start = next(name for name in page.starts.buttons if name)
    page.starts.buttons[start].click()
    qtbot.waitUntil(lambda: page.told is not None)
    assert page.told is not None
    assert page.told.since == int(start)


def test_an_item_leads_to_its_display(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot)
    row = next(n for n, line in enumerate(page.model.lines) if line.item is not None)
    page.rows.choose(row)
    qtbot.keyClick(page.rows, Qt.Key.Key_Return)
    assert desk.window.stack.current is desk.window.mimic


def test_files_are_written_beside_qt(desk: Desk, qtbot: Any, tmp_path: Path) -> None:
    page = opened(desk, qtbot)
    files = desk.window.logbook.files
    files.folder = tmp_path
    for button in (page.html, page.csv):
        with qtbot.waitSignal(files.said):
            button.click()
    assert sorted(file.suffix for file in tmp_path.iterdir()) == [".csv", ".html"]
    files.folder = tmp_path / next(tmp_path.iterdir()).name
    with qtbot.waitSignal(files.said) as said:
        page.csv.click()
    assert said.args[0].startswith("The file cannot be written: ")


def test_files_hold_no_markup_or_formula_of_others() -> None:
    page = handover_html(TOLD, "<i>Plant</i>", BERLIN)
    assert "<b>" not in page
    assert "<i>" not in page
    assert "&lt;b&gt;P-101" in page
    assert "2 more are not shown." in page
    assert '"\'=cmd()"' in handover_csv(TOLD, BERLIN)


def test_words_count_what_is_there() -> None:
    assert "Shelved: 3" in note_text(TOLD, BERLIN)
    assert "2 more are not shown." in [line.text for line in lines_of(TOLD)]


def test_shifts_begin_on_the_plants_clock_on_the_day_that_it_is_put_back() -> None:
    starts = [full_text(at, BERLIN) for at in shift_starts(AT, BERLIN)]
    assert starts == ["25 Oct 2026 14:00", "25 Oct 2026 06:00", "24 Oct 2026 22:00"]
    assert full_text(typed_time("2026-10-25 02:30", BERLIN), BERLIN) == "25 Oct 2026 02:30 CEST"

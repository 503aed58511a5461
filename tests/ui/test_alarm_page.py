"""The page of alarms: its lists, its acts with their refusals, its sheet, and what it keeps for the user."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QItemSelectionModel, QPoint, QRect, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu
from shell_plant import Desk, open_station

from hmi.client.alarms import AlarmDetails, AlarmFlood, AlarmInfo
from hmi.core.clock import NS_PER_S
from hmi.testing.client import START_NS, make_alarm
from hmi.ui.alarms.columns import Column
from hmi.ui.alarms.dialogs import NoteCard, ReasonCard, ShelveCard, end_of_shift_s
from hmi.ui.alarms.page import SECTION, AlarmPage
from hmi.ui.alarms.words import ends_text, respond_seconds, span_text

pytestmark = pytest.mark.qt
TAG = "intake/fic1.pv"
HIDDEN_AT = START_NS


def hidden_rows() -> list[AlarmInfo]:
    return [
        make_alarm("intake/p1.fault", 11, state="SHLVD", hidden_by="kim", hidden_since=HIDDEN_AT,
                   shelve_until=START_NS + 900 * NS_PER_S, suppressed_reason="test"),
        make_alarm("intake/p1.remote", 12, state="DSUPR", suppressed_reason="Pump off"),
        make_alarm("outlet/lt2.pv", 13, state="OOSRV", hidden_by="eve", suppressed_reason="maintenance"),
    ]  # fmt: skip


@pytest.fixture
def desk(qtbot: Any) -> Iterator[Desk]:
    with open_station(qtbot) as opened:
        opened.window.toggle_alarms()
        opened.client.alarm_book.change(hidden_rows())
        qtbot.waitUntil(lambda: opened.station.alarm_store.counts["shelved"] == 1)
        yield opened


def page_of(desk: Desk) -> AlarmPage:
    return desk.window.alarm_page


def choose(desk: Desk, tag: str) -> AlarmInfo:
    page = page_of(desk)
    place = next(n for n, row in enumerate(page.model.shown) if row.tag_name == tag)
    how = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
    page.table.selectionModel().setCurrentIndex(page.model.index(place, 0), how)
    page.table.setFocus()
    return page.model.shown[place]


def acts(desk: Desk) -> list[tuple[str, tuple[str, ...]]]:
    return [(act, ids) for act, ids, _ in desk.client.alarm_book.acts]


# lists


def test_the_four_lists_have_live_counts_and_are_one_click_away(qtbot, desk: Desk) -> None:
    page = page_of(desk)
    words = {name: button.text() for name, button in page.title_bar.lists.items()}
    assert words == {"active": "Active  2", "shelved": "Shelved  1", "suppressed": "Suppressed  1",
                     "out_of_service": "Out of service  1"}  # fmt: skip
    for name, alarm in (
        ("shelved", "a_11"),
        ("suppressed", "a_12"),
        ("out_of_service", "a_13"),
        ("active", "a_1"),
    ):
        page.title_bar.lists[name].click()
        qtbot.waitUntil(lambda alarm=alarm: [r.alarm_id for r in page.model.shown][:1] == [alarm])
        assert page.title_bar.lists[name].isChecked()


def test_a_hidden_list_follows_what_happens_elsewhere(qtbot, desk: Desk) -> None:
    page = page_of(desk)
    page.title_bar.choose("shelved")
    qtbot.waitUntil(lambda: page.model.rowCount() == 1)
    desk.client.alarm_book.change([make_alarm(TAG, 1, state="SHLVD", priority=2)])
    qtbot.waitUntil(lambda: page.model.rowCount() == 2)
    desk.client.alarm_book.change(gone=["a_11"])
    qtbot.waitUntil(lambda: [row.alarm_id for row in page.model.shown] == ["a_1"])
    assert page.title_bar.lists["shelved"].text() == "Shelved  1"


def test_the_shelved_list_counts_down_and_unshelves_by_its_button(qtbot, desk: Desk) -> None:
    page = page_of(desk)
    page.title_bar.choose("shelved")
    qtbot.waitUntil(lambda: page.model.rowCount() == 1)
    row = page.model.shown[0]
    before = page.model.text(row, Column.LEFT)
    desk.client.session_time += 10 * NS_PER_S
    desk.client.tick()
    qtbot.waitUntil(lambda: page.model.text(row, Column.LEFT) != before)
    assert before.startswith("in 14:5") or before == "in 15:00"
    cell = page.table.visualRect(page.model.index(0, Column.ACK))
    qtbot.mouseClick(page.table.viewport(), Qt.MouseButton.LeftButton, pos=cell.center())
    qtbot.waitUntil(lambda: acts(desk) == [("UNSHELVE", ("a_11",))])
    qtbot.waitUntil(lambda: page.model.rowCount() == 0)


def test_what_waits_while_one_reads_is_counted_and_comes_in_with_one_click(qtbot, desk: Desk) -> None:
    page = page_of(desk)
    page.table.read()
    desk.client.alarm_book.change([make_alarm("outlet/lt2.pv", 20, priority=1)])
    qtbot.waitUntil(lambda: page.title_bar.new.isVisible())
    assert page.title_bar.new.text() == "1 new, 1 of priority 1"
    assert "a_20" not in [row.alarm_id for row in page.model.shown]
    assert desk.window.strip.model.shown[0].alarm_id == "a_20"
    page.title_bar.new.click()
    assert page.model.shown[0].alarm_id == "a_20"
    assert page.title_bar.new.isHidden()


def test_a_flood_is_announced_folds_consequences_and_ends(qtbot, desk: Desk) -> None:
    page, book = page_of(desk), desk.client.alarm_book
    more = [make_alarm(f"intake/x{n}", 30 + n, area="intake") for n in range(8)]
    book.change(more, floods=[AlarmFlood("intake", START_NS, 12)])
    qtbot.waitUntil(page.flood.isVisible)
    assert "Intake (12)" in page.flood.text.full_text
    assert page.model.passing == 10
    assert page.model.rowCount() == 2
    assert desk.window.strip.model.rowCount() == 2
    assert "Intake" in desk.window.strip.flood.full_text
    page.filter_bar.fold.click()
    assert page.model.rowCount() == 10
    book.change(floods=[])
    qtbot.waitUntil(page.flood.isHidden)
    assert page.filter_bar.fold.isHidden()
    assert desk.window.strip.flood.isHidden()


def test_areas_roll_up_with_unacknowledged_apart_and_narrow_the_list(qtbot, desk: Desk) -> None:
    page = page_of(desk)
    desk.client.alarm_book.change([make_alarm(TAG, 21, priority=2, state="ACKED")])
    qtbot.waitUntil(lambda: page.side.area_model.rows[0].total == 3)
    rows = {row.path: row.counts for row in page.side.area_model.rows}
    assert rows == {"": {2: (1, 1), 4: (0, 1)}, "intake": {2: (1, 1)}, "outlet": {4: (0, 1)}}
    page.side.asked.emit(2)
    assert [row.area for row in page.model.shown] == ["outlet"]
    assert page.filter_bar.area.text() == "Area: Outlet"
    page.filter_bar.clear.click()
    assert len(page.model.shown) == 3


# acts


def test_acknowledge_one_selected_visible_and_area(qtbot, desk: Desk) -> None:
    page = page_of(desk)
    assert not page.act_bar.buttons["ACK"].isEnabled()
    choose(desk, TAG)
    QTest.keyClick(page.table, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: desk.client.acknowledged == ["o_1"])
    desk.client.alarm_book.change([make_alarm(TAG, 40), make_alarm("outlet/lt2.pv", 41)])
    page.table.end_reading()
    qtbot.waitUntil(lambda: len(page.table.visible_unacked()) == 2)
    page.filter_bar.show_area("outlet")
    page.act_bar.buttons["ACK_AREA"].click()
    qtbot.waitUntil(lambda: desk.client.acknowledged == ["o_1", "o_41"])
    page.filter_bar.show_area("")
    qtbot.waitUntil(lambda: [row.alarm_id for row in page.table.visible_unacked()] == ["a_40"])
    QTest.keyClick(page.table, Qt.Key.Key_A, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: desk.client.acknowledged == ["o_1", "o_41", "o_40"])


def test_shelving_asks_for_time_and_reason_without_stopping_the_window(qtbot, desk: Desk) -> None:
    page = page_of(desk)
    choose(desk, TAG)
    QTest.keyClick(page.table, Qt.Key.Key_V)
    card = desk.window.acts.card
    assert isinstance(card, ShelveCard), page.act_bar.refused.full_text
    assert not card.agree.isEnabled()
    card.times.choose("1800")
    card.one_shot.click()
    card.reasons.choose("other")
    assert card.problem() == "Say in the comment what the other reason is."
    card.field.setText("Lab test")
    card.agree.click()
    qtbot.waitUntil(lambda: bool(acts(desk)))
    act, ids, given = desk.client.alarm_book.acts[0]
    assert (act, ids) == ("SHELVE", ("a_1",))
    assert given == {"seconds": 1800.0, "one_shot": True, "reason": "other", "comment": "Lab test"}
    qtbot.waitUntil(lambda: page.title_bar.lists["shelved"].text() == "Shelved  2")


def test_giving_up_a_question_asks_nothing(qtbot, desk: Desk) -> None:
    choose(desk, TAG)
    for key, kind in ((Qt.Key.Key_V, ShelveCard), (Qt.Key.Key_C, NoteCard), (Qt.Key.Key_N, NoteCard)):
        QTest.keyClick(page_of(desk).table, key)
        card = desk.window.acts.card
        assert isinstance(card, kind)
        card.reject()
        assert desk.window.acts.card is None
    assert acts(desk) == []


def test_priority_1_is_shelved_for_one_hour_at_most_and_only_with_the_right_to_tune(
    qtbot, desk: Desk
) -> None:
    desk.client.alarm_book.change([make_alarm("outlet/lt2.pv", 50, priority=1)])
    qtbot.waitUntil(lambda: page_of(desk).model.shown[0].alarm_id == "a_50")
    page_of(desk).table.selectRow(0)
    rows = page_of(desk).chosen_rows()
    desk.window.acts.do("SHELVE", rows)
    card = desk.window.acts.card
    assert isinstance(card, ShelveCard)
    able = {name for name, button in card.times.buttons.items() if button.isEnabled()}
    assert {"900", "1800", "3600"} <= able
    assert "14400" not in able
    assert card.times.buttons["14400"].toolTip() == "Priority 1 is shelved for one hour at most."
    card.reject()
    desk.client.roles = ["view", "acknowledge"]
    desk.station.ask_status()
    qtbot.waitUntil(lambda: bool(desk.window.acts.why_not("SHELVE", rows)))
    assert desk.window.acts.why_not("SHELVE", rows) == "You have no right to shelve alarms of priority 1."


def test_out_of_service_needs_an_engineer_and_a_reason_and_one_key_goes_there_and_back(
    qtbot, desk: Desk
) -> None:
    page = page_of(desk)
    choose(desk, TAG)
    button = page.act_bar.buttons["OOS"]
    assert not button.isEnabled()
    assert button.toolTip() == "You have no right to take alarms out of service."
    QTest.keyClick(page.table, Qt.Key.Key_O)
    assert "take alarms out of service" in page.act_bar.refused.full_text
    desk.client.roles = ["view", "acknowledge", "engineer"]
    desk.station.ask_status()
    qtbot.waitUntil(button.isEnabled)
    QTest.keyClick(page.table, Qt.Key.Key_O)
    card = desk.window.acts.card
    assert isinstance(card, ReasonCard)
    card.reasons.choose("maintenance")
    card.field.setText("WO 17")
    card.agree.click()
    qtbot.waitUntil(lambda: acts(desk) == [("OOS", ("a_1",))])
    page.title_bar.choose("out_of_service")
    qtbot.waitUntil(lambda: page.model.rowCount() == 2)
    choose(desk, TAG)
    QTest.keyClick(page.table, Qt.Key.Key_O)
    qtbot.waitUntil(lambda: acts(desk)[-1] == ("RTS", ("a_1",)))


def test_reset_takes_the_latch_only(qtbot, desk: Desk) -> None:
    page = page_of(desk)
    desk.client.alarm_book.change([make_alarm("outlet/lt2.pv", 60, state="LATCH-ACKED", latching=True)])
    qtbot.waitUntil(lambda: "a_60" in [row.alarm_id for row in page.model.shown])
    page.table.selectAll()
    QTest.keyClick(page.table, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: acts(desk) == [("RESET", ("a_60",))])


def test_refusals_of_the_runtime_are_told_beside_the_list(qtbot, desk: Desk) -> None:
    page = page_of(desk)
    desk.client.alarm_book.refused = {"a_1": "it was shelved by somebody else"}
    choose(desk, TAG)
    page.act_bar.buttons["COMMENT"].click()
    desk.window.acts.card.field.setText("Look at this")
    desk.window.acts.card.agree.click()
    qtbot.waitUntil(lambda: page.act_bar.refused.isVisible())
    assert "it was shelved by somebody else" in page.act_bar.refused.full_text
    QTest.keyClick(page.table, Qt.Key.Key_A)
    qtbot.waitUntil(page.act_bar.refused.isHidden)


def test_silence_is_not_acknowledge(qtbot, desk: Desk) -> None:
    QTest.keyClick(page_of(desk).table, Qt.Key.Key_S)
    desk.window.strip.silence.click()
    qtbot.waitUntil(lambda: desk.client.alarm_book.silenced == ["", ""])
    qtbot.waitUntil(desk.window.notice.isVisible)
    assert "Nothing is acknowledged" in desk.window.notice.text.full_text
    assert desk.client.acknowledged == []
    assert "acknowledges nothing" in desk.window.strip.silence.toolTip()


def test_nothing_can_be_asked_for_while_the_runtime_is_silent(qtbot, desk: Desk) -> None:
    row = choose(desk, TAG)
    desk.time.pass_s(10)
    assert desk.window.acts.why_not("ACK", [row]) == "The runtime does not answer."
    QTest.keyClick(page_of(desk).table, Qt.Key.Key_A)
    assert desk.client.acknowledged == []
    assert page_of(desk).act_bar.refused.full_text == "The runtime does not answer."
    qtbot.waitUntil(
        lambda: page_of(desk).filter_bar.count.full_text.startswith("Not known: the runtime is silent")
    )


# the sheet


def test_the_sheet_tells_what_to_do_until_when_and_the_rule_also_of_a_hidden_alarm(qtbot, desk: Desk) -> None:
    page = page_of(desk)
    row = hidden_rows()[1]
    desk.client.alarm_book.details["a_12"] = AlarmDetails(
        row, {"action": "Start it", "time_to_respond": "10 min"}, rule="not intake/p1.running", rule_truth="true",
        inputs=[["intake/p1.running", "false", "Good"]],
        records=[{"event": "SUPPRESS", "actor": "rule", "event_time": START_NS, "payload": {}}],
    )  # fmt: skip
    page.title_bar.choose("suppressed")
    qtbot.waitUntil(lambda: page.model.rowCount() == 1)
    page.table.selectRow(0)
    part = page.sheet.parts
    qtbot.waitUntil(lambda: bool(part["Suppression rule"][1].full_text))
    assert part["What to do"][1].full_text == "Start it"
    assert part["Suppression rule"][1].full_text.splitlines() == [
        "not intake/p1.running", "Now true: it suppresses", "intake/p1.running = false",
    ]  # fmt: skip
    assert "Pump off" in part["Hidden"][1].full_text
    assert "suppressed" in part["Newest records"][1].full_text


def test_the_clock_to_respond_runs_and_says_when_it_is_exceeded(qtbot, desk: Desk) -> None:
    page = page_of(desk)
    now = desk.station.now()
    desk.client.alarm_book.change([make_alarm(TAG, 1, time_to_respond="3 to 10 min", alarm_time=now)])
    qtbot.waitUntil(lambda: page.model.shown[0].time_to_respond != "")
    choose(desk, TAG)
    words = page.sheet.parts["Time to respond"][1]
    assert words.full_text.startswith("3 to 10 min: ")
    assert words.full_text.endswith(" left")
    desk.client.session_time += 700 * NS_PER_S
    desk.client.tick()
    qtbot.waitUntil(lambda: "exceeded by 1:4" in words.full_text)


def test_display_faceplate_and_trend_are_one_action_from_the_sheet(qtbot, desk: Desk) -> None:
    page = page_of(desk)
    qtbot.waitUntil(desk.window.travel.atlas.is_ready)
    choose(desk, TAG)
    page.sheet.ways["trend"].click()
    assert [pen.tag for pen in desk.window.trends[0].pens] == [TAG]
    page.sheet.ways["display"].click()
    assert desk.window.mimic.isVisible()
    desk.window.toggle_alarms()
    page.sheet.ways["object"].click()
    assert desk.window.desk.cards[-1].content.name in {TAG, "intake/fic1"}


def acts_of_object(desk: Desk) -> dict[str, QAction]:
    """Of a right click; a menu that was open before is closed, and is gone at the next turn of the loop."""
    window = desk.window
    for open_one in window.findChildren(QMenu):
        open_one.close()
    window.menus.open_for_object("e_0", TAG, QPoint(300, 300))
    menu = next(one for one in window.findChildren(QMenu) if one.isVisible())
    return {action.text(): action for action in menu.actions()}


def test_a_right_click_on_an_object_of_a_display_has_the_same_acts_and_a_note_in_two_actions(
    qtbot, desk: Desk
) -> None:
    window = desk.window
    window.toggle_alarms()
    actions = acts_of_object(desk)
    assert {"Acknowledge", "Shelve…", "Reset", "Out of service…", "Note…"} <= actions.keys()
    assert not actions["Out of service…"].isEnabled()
    assert "take alarms out of service" in actions["Out of service…"].toolTip()
    actions["Note…"].trigger()
    card = window.acts.card
    card.field.setText("Valve is stiff")
    QTest.keyClick(card.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: desk.client.alarm_book.notes == [(f"t_{TAG}", "Valve is stiff")])
    acts_of_object(desk)["Acknowledge"].trigger()
    qtbot.waitUntil(lambda: desk.client.acknowledged == ["o_1"])


def test_HM_11_the_questions_stay_off_the_alarm_strip(qtbot, desk: Desk) -> None:
    window = desk.window
    for size in ((1024, 640), (1366, 768), (1920, 1080)):
        window.resize(*size)
        row = choose(desk, TAG)
        window.acts.do("SHELVE", [row])
        card = window.acts.card
        strip = QRect(window.strip.mapToGlobal(QPoint(0, 0)), window.strip.size())
        qtbot.waitUntil(lambda card=card, strip=strip: not card.frameGeometry().intersects(strip))
        card.reject()


# what is kept


def test_filter_columns_and_parts_are_kept_for_the_user(qtbot, desk: Desk) -> None:
    page, settings = page_of(desk), desk.window.travel.settings
    page.filter_bar.priorities[2].click()
    page.filter_bar.states["unacked"].click()
    page.filter_bar.search.setText("flow")
    page.title_bar.areas.click()
    page.table.header.chosen.emit(page.table.header.choice.toggled(Column.CLASS))
    assert [row.alarm_id for row in page.model.shown] == ["a_1"]
    again = AlarmPage(desk.window.theme, desk.station, desk.window.acts, settings)
    qtbot.addWidget(again)
    assert again.filter_bar.filter == page.filter_bar.filter
    assert Column.CLASS in again.table.header.choice.shown
    assert not again.title_bar.areas.isChecked()
    assert again.filter_bar.clear.isVisibleTo(again)
    settings.put(SECTION, {"priorities": "nonsense", "states": 7, "active_columns": []})
    again.take_settings()
    assert again.filter_bar.filter.is_open


# words


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10 min", 600), ("3 to 10 min", 600), ("1 h", 3600), ("45 s", 45), ("1.5 hours", 5400), ("soon", 0), ("", 0)],
)  # fmt: skip
def test_times_to_respond_as_they_are_written(text: str, seconds: float) -> None:
    assert respond_seconds(text) == seconds


def test_spans_and_ends_as_they_read() -> None:
    assert [span_text(s) for s in (5, 250, 11_050, 200_000)] == ["0:05", "4:10", "3:04:10", "2 d 7 h"]
    shot = make_alarm(TAG, 1, state="SHLVD", one_shot=True, shelve_until=START_NS + 60 * NS_PER_S)
    assert ends_text(shot, START_NS) == "1:00, or at its return"
    assert ends_text(make_alarm(TAG, 1, state="OOSRV"), START_NS) == "when returned"


def test_a_shift_ends_at_the_next_of_its_hours_on_the_plants_clock() -> None:
    midnight = START_NS - START_NS % (86_400 * NS_PER_S)
    for hour, wanted in ((5, 1), (6, 8), (13.5, 0.5), (23, 7)):
        assert end_of_shift_s(midnight + int(hour * 3_600) * NS_PER_S, "UTC") == wanted * 3_600

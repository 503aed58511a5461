"""The page of connections: what it shows, what it never shows as live, frames, a test of one point, and who may."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QScrollArea
from shell_plant import Desk, open_station, plant
from sign_shapes import shapes_of

from hmi.client.comms import BlockFigures, Frames, LineDetail, LineTimes, PointTest
from hmi.client.port import PlantInfo
from hmi.core import quality
from hmi.core.clock import NS_PER_S, wall_ns
from hmi.core.openings import opening
from hmi.testing.comms import AT_NS, make_detail, make_error, make_frames, make_line, make_scan, make_unit
from hmi.ui.comms import words
from hmi.ui.comms.marks import STATES, draw_state
from hmi.ui.comms.page import CommsPage
from hmi.ui.comms.point import found_tags
from hmi.ui.comms.trends import ceiling
from hmi.ui.comms.words import LINE_WORDS, UNIT_WORDS, Row, facts_of_test
from hmi.ui.shot_open import open_all

CONTROL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


def connected_plant() -> PlantInfo:
    info = plant()
    return replace(info, tags=[replace(tag, connection="plc1") for tag in info.tags])


@pytest.fixture
def desk(qtbot: Any) -> Any:
    with open_station(qtbot, info=connected_plant()) as desk:
        desk.client.roles = [*desk.client.roles, "engineer"]
        desk.station.ask_status()
        qtbot.waitUntil(lambda: desk.station.rights.may("engineer"))
        yield desk


def opened(desk: Desk, qtbot: Any, *details: LineDetail) -> CommsPage:
    """The page by its key, with what the runtime knows."""
    desk.client.comms_book.replace_all(*details)
    qtbot.keyClick(desk.window, Qt.Key.Key_K, CONTROL_SHIFT)
    page = desk.window.comms
    qtbot.waitUntil(lambda: page.found is not None and (page.detail is not None or not details))
    return page


def facts(page: CommsPage) -> dict[str, str]:
    return dict(page.sheet.shown)


def test_key_opens_with_connections_and_the_devices_behind_them(desk: Desk, qtbot: Any) -> None:
    silent = make_unit("2", "silent", since=AT_NS - 95 * NS_PER_S, demoted=True, retry_s=6.4, timeouts=40)
    down = make_line("plc2", "down", text="plc2 cannot be reached", units=[])
    page = opened(
        desk, qtbot, make_detail(make_line(units=[make_unit(), silent], faults=14)), make_detail(down)
    )
    rows = page.list.rows
    assert [row.key for row in rows] == [("plc1", ""), ("plc1", "1"), ("plc1", "2"), ("plc2", "")]
    assert [words.state_words(row, AT_NS) for row in rows] == [
        "Connected for 2 h", "Answers for 2 h", "Silent for 1 min 35 s; asked again in 6.4 s", "Not connected for 2 h",
    ]  # fmt: skip
    assert words.figures_words(rows[0]) == "modbus, 24.0 requests/s, 31 % busy, 12.4 ms"
    assert words.side_words(rows[0]) == "14 faults"
    assert words.figures_words(rows[2]) == "12.4 ms, time-outs 40, refused 0"
    assert words.figures_words(rows[3]) == "plc2 cannot be reached"
    assert page.count.full_text == "1 of 2 connected, silent devices: 1"
    qtbot.keyClick(desk.window, Qt.Key.Key_K, CONTROL_SHIFT)
    assert desk.window.stack.current is desk.window.mimic


def test_the_chosen_connection_tells_figures_errors_and_periods(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot, make_detail())
    found = facts(page)
    assert found["Endpoint"] == "tcp://192.0.2.10:502 (in use)\ntcp://192.0.2.11:502"
    assert found["Load"] == "31 % of the time the line is busy"
    assert found["Response time"] == "half within 12.4 ms, 99 % within 31.0 ms, worst 88.2 ms"
    assert found["Refusals by code"] == "02 has no such address: 6"
    assert (found["Vendor"], found["Product"]) == ("ACME", "PLC-9")
    assert found["Security"] == "none: messages are neither signed nor encrypted"
    (counts,) = [text for label, text in found.items() if label.startswith("Since ")]
    assert "Time-outs: 20" in counts
    assert "with a wrong check sum: 1" in counts
    errors = page.errors
    assert [errors.text(row, "text") for row in errors.list.rows] == [
        "unit 2: no answer within 1 s", "unit 1 has no such address (exception 02)",
    ]  # fmt: skip
    assert (errors.text(errors.list.rows[0], "count"), errors.text(errors.list.rows[0], "tags")) == (
        "× 10", "intake/fic1.pv",
    )  # fmt: skip
    late = make_scan(250, 4, LineTimes(240, 900.0, 950.0, 1_900.0), overruns=700)
    desk.client.comms_book.replace_all(make_detail(scans=[late]))
    qtbot.waitUntil(lambda: [row.overruns for row in page.periods.list.rows] == [700])
    row = page.periods.list.rows[0]
    cells = {key: page.periods.text(row, key) for key in ("name", "planned", "achieved", "worst", "overruns")}
    assert cells == {
        "name": "Scan class 250 ms", "planned": "250 ms", "achieved": "900 ms", "worst": "1,900 ms", "overruns": "700",
    }  # fmt: skip
    assert words.is_late(row)
    assert page.times.top == 100.0
    assert page.traffic.why == ""


def test_a_chosen_device_tells_its_own_figures_blocks_and_errors(desk: Desk, qtbot: Any) -> None:
    blocks = [
        BlockFigures(
            name=name, unit=unit, planned_ms=250, read_ms=250, actual_ms=actual, overruns=0, points=20
        )
        for name, unit, actual in (("unit 1 HR1-20", "1", 251.0), ("unit 2 HR1-20", "2", 900.0))
    ]
    silent = make_unit("2", "silent", since=AT_NS - 95 * NS_PER_S, timeouts=40, exceptions=0, heard=0)
    page = opened(desk, qtbot, make_detail(make_line(units=[make_unit(), silent]), blocks=blocks))
    assert len(page.periods.list.rows) == 4
    page.list.setCurrentIndex(page.list.model().index(2, 0))
    assert page.sheet.name.full_text == "Unit 2 of plc1"
    found = facts(page)
    assert (found["Connection"], found["Last answer"], found["Behind their plan"]) == (
        "plc1",
        "–",
        "1 blocks",
    )
    (counts,) = [text for label, text in found.items() if label.startswith("Since ")]
    assert counts == "172,800 requests, 172,790 answers\nTime-outs: 40"
    assert [row.name for row in page.periods.list.rows] == ["unit 2 HR1-20"]
    assert [row.unit for row in page.errors.list.rows] == ["2"]
    page.list.setCurrentIndex(page.list.model().index(0, 0))
    assert (page.sheet.name.full_text, len(page.errors.list.rows)) == ("plc1", 2)


def test_details_scroll_over_their_texts_and_over_nothing_else(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot, make_detail())
    area = page.sheet.findChild(QScrollArea)
    body = area.widget()
    qtbot.waitUntil(lambda: body.height() == max(area.viewport().height(), body.heightForWidth(body.width())))


def test_security_of_a_server_is_told_without_secrets(desk: Desk, qtbot: Any) -> None:
    security = {
        "policy": "Basic256Sha256", "mode": "SignAndEncrypt", "login": "user name", "user": "hmi",
        "server_certificate": "CN=server", "server_valid_to": AT_NS, "server_days_left": 90,
        "own_valid_to": AT_NS, "own_days_left": 500,
    }  # fmt: skip
    line = make_line(driver="opcua", load=-1.0, units=[])
    found = facts(opened(desk, qtbot, make_detail(line, security=security)))
    assert found["Security"] == "Basic256Sha256, signed and encrypted"
    assert found["Login"] == "user hmi"
    assert found["Certificate of the server"] == "CN=server\nvalid to 18 Nov 2026, 90 days left"
    assert "Load" not in found  # several requests are on the way at once


def test_a_silent_runtime_takes_every_figure_away(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot, make_detail())
    desk.client.silent = True
    page.ask()
    qtbot.waitUntil(lambda: page.problem.full_text.startswith("Not current: "))
    assert {words.state_words(row, AT_NS) for row in page.list.rows} == {"Not known"}
    assert {words.figures_words(row) for row in page.list.rows} == {"–"}
    found = facts(page)
    assert (found["Requests"], found["Load"], found["Response time"]) == ("–", "–", "–")
    assert found["Vendor"] == "ACME"  # what it said of itself stays true
    assert page.times.why == page.traffic.why == "not current"
    assert page.periods.list.rows == []
    assert page.count.full_text == "– of 1 connected"
    desk.client.silent = False
    qtbot.waitUntil(lambda: page.problem.full_text == "")
    assert facts(page)["Load"].startswith("31 %")


def test_a_runtime_that_does_not_answer_in_time_is_not_waited_for(
    desk: Desk, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(desk, qtbot, make_detail())
    monkeypatch.setattr(desk.station.link, "ask", lambda *_given, **_named: None)
    qtbot.waitUntil(lambda: "has not answered for" in page.problem.full_text, timeout=15_000)
    assert words.state_words(page.list.rows[0], AT_NS) == "Not known"


def test_the_choice_stays_and_nothing_of_another_connection_is_shown(desk: Desk, qtbot: Any) -> None:
    other = make_detail(make_line("plc2", units=[]), errors=[make_error("plc2 is slow")])
    page = opened(desk, qtbot, make_detail(make_line(units=[])), other)
    assert page.sheet.name.full_text == "plc1"
    qtbot.keyClick(page.list, Qt.Key.Key_Down)
    assert page.detail is None  # not asked yet
    assert page.errors.list.rows == []
    qtbot.waitUntil(lambda: page.detail is not None)
    assert page.sheet.name.full_text == "plc2"
    assert [row.text for row in page.errors.list.rows] == ["plc2 is slow"]
    desk.client.comms_book.replace_all(
        make_detail(make_line("plc0")), make_detail(make_line(units=[])), other
    )
    qtbot.waitUntil(lambda: page.list.rows[0].line.name == "plc0")
    assert page.chosen == "plc2"


# frames


def test_frames_are_switched_on_by_an_engineer_and_shown_newest_first(desk: Desk, qtbot: Any) -> None:
    page, book = opened(desk, qtbot, make_detail()), desk.client.comms_book
    page.open_part("frames")
    assert page.frames.switch.text() == "Record for 60 s"
    page.frames.switch.click()
    qtbot.waitUntil(lambda: book.asked == [("frames", "plc1", 60.0)])
    book.kept["plc1"] = make_frames(40)
    qtbot.waitUntil(lambda: len(page.frames.shown) == 40)
    assert page.frames.shown[0].number == 40
    assert page.frames.note.full_text == "40 messages, recording, 60 s left"
    assert page.frames.switch.text() == "Stop"
    page.frames.filter.setText("hr1-hr20")
    assert len(page.frames.shown) == 20
    page.frames.copy.click()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert len(lines) == 20
    assert lines[0].split("\t")[1:4] == ["sent", "1", "03 read holding registers"]
    page.frames.filter.setText("")
    page.frames.bytes.setChecked(True)
    assert page.frames.raw.full_text == "00 01 00 00"
    page.frames.switch.click()
    qtbot.waitUntil(lambda: book.asked[-1] == ("frames", "plc1", 0.0))


def test_a_paused_list_stands_still_while_more_come(desk: Desk, qtbot: Any) -> None:
    page, book = opened(desk, qtbot, make_detail()), desk.client.comms_book
    book.kept["plc1"] = make_frames(4)
    page.open_part("frames")
    qtbot.waitUntil(lambda: len(page.frames.shown) == 4)
    page.frames.pause.click()
    book.kept["plc1"] = make_frames(10)
    qtbot.waitUntil(lambda: page.frames.newest == 10)
    assert len(page.frames.shown) == 4
    assert page.frames.note.full_text == "10 messages, not recording, shown as of the pause"
    page.frames.pause.click()
    assert len(page.frames.shown) == 10


def test_who_looks_at_the_newest_message_goes_on_doing_so_and_another_choice_stays(
    desk: Desk, qtbot: Any
) -> None:
    page, book = opened(desk, qtbot, make_detail()), desk.client.comms_book
    book.kept["plc1"] = make_frames(100)
    page.open_part("frames")
    qtbot.waitUntil(lambda: len(page.frames.shown) == 100)
    book.kept["plc1"] = make_frames(200)
    qtbot.waitUntil(lambda: len(page.frames.shown) == 200)
    rows = page.frames.grid.list
    assert rows.chosen == 0
    rows.choose(7)
    chosen = rows.current
    book.kept["plc1"] = make_frames(240)
    qtbot.waitUntil(lambda: len(page.frames.shown) == 240)
    assert rows.current == chosen


def test_without_the_right_nothing_of_the_wire_is_asked(desk: Desk, qtbot: Any) -> None:
    page, book = opened(desk, qtbot, make_detail()), desk.client.comms_book
    desk.client.roles = ["view"]
    desk.station.ask_status()
    qtbot.waitUntil(lambda: not page.frames.switch.isEnabled())
    book.kept["plc1"] = make_frames(4)
    page.open_part("frames")
    page.ask()
    qtbot.waitUntil(lambda: page.problem.full_text == "" and not page._asking)
    assert page.frames.note.full_text == "You have no right to record messages on the wire."
    assert len(page.frames.shown) == 0
    assert book.asked == []


# a test of one point


def reading(**more: Any) -> PointTest:
    known: dict[str, Any] = {
        "tag": "intake/fic1.pv", "connection": "plc1", "address": "HR10", "at": AT_NS, "took_ms": 13.0, "unit": "m³/h",
        "device": {"function": 3, "offset": 9, "count": 1, "words": [420], "took_ms": 12.0},
        "decode": {"wire": "uint16", "type": "float64"}, "raw": 420, "value": 42.0, "source_time": AT_NS,
    }  # fmt: skip
    return PointTest(**(known | more))


def test_a_point_is_found_by_words_read_by_a_key_and_told_from_the_wire_on(desk: Desk, qtbot: Any) -> None:
    page, book = opened(desk, qtbot, make_detail()), desk.client.comms_book
    book.tests["intake/fic1.pv"] = reading()
    page.open_part("point")
    page.point.field.setText("raw fic1 pv")
    assert [tag.name for tag in page.point.list.rows] == ["intake/fic1.pv"]
    qtbot.keyClick(page.point.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.point.sheet.isVisible())
    assert book.asked == [("read", "intake/fic1.pv", 0.0)]
    found = dict(page.point.sheet.shown)
    assert found["Words"] == "420 (0x01A4)"
    assert (found["Raw value"], found["Value"], found["Quality"]) == ("420", "42 m³/h", "Good")
    assert found["Took"] == "12.0 ms at the device, 13.0 ms in all"


def test_a_point_that_cannot_be_read_says_why_and_shows_no_older_value(desk: Desk, qtbot: Any) -> None:
    page, book = opened(desk, qtbot, make_detail()), desk.client.comms_book
    page.open_part("point")
    page.point.field.setText("fic1.pv")
    fault = "unit 1 has no such address (exception 02)"
    book.tests["intake/fic1.pv"] = reading(
        value=None, raw=None, status=quality.BAD_CONFIGURATION, fault=fault
    )
    page.point.ask()
    qtbot.waitUntil(lambda: page.point.sheet.isVisible())
    found = dict(page.point.sheet.shown)
    assert (found["Fault"], found["Value"]) == (fault, "–")
    assert found["Quality"].startswith("Bad: ")
    del book.tests["intake/fic1.pv"]
    page.point.ask()
    qtbot.waitUntil(lambda: page.point.empty.full_text.startswith("there is no tag"))
    assert not page.point.sheet.isVisible()


def test_a_write_opens_the_command_entry_of_the_tag_and_writes_nothing(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot, make_detail())
    page.open_part("point")
    page.point.field.setText("fic1.pv")
    assert not page.point.write.isEnabled()
    assert page.point.write.accessibleDescription() == "The point takes no commands."
    page.point.field.setText("fic1.sp")
    page.point.write.click()
    qtbot.waitUntil(lambda: any("intake/fic1.sp" in card.content.commands for card in desk.window.desk.cards))
    assert desk.window.stack.current is desk.window.mimic
    assert desk.client.submitted == []


def test_many_points_are_cut_and_words_match_in_any_order() -> None:
    tags = [replace(tag, description=f"Pump {n}") for n, tag in enumerate(plant().tags * 200)]
    assert len(found_tags(tags, "")) == 500
    assert {tag.name for tag in found_tags(tags, "pump LT2")} == {"outlet/lt2.pv"}
    assert found_tags(tags, "nowhere") == []
    assert dict(facts_of_test(reading(device={}), UTC))["Took"] == "13.0 ms"


# the rest


def test_the_second_curve_makes_room_where_there_is_too_little(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot, make_detail())
    curves = page.times.parentWidget()
    assert curves is not None
    curves.resize(400, 300)
    assert not page.traffic.isHidden()
    curves.resize(400, 200)
    assert page.traffic.isHidden()
    assert not page.times.isHidden()


def test_a_plant_without_connections_says_so(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot)
    qtbot.waitUntil(lambda: page.empty.full_text == "The plant has no connections.")


def test_the_past_has_no_such_page(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot, make_detail())
    desk.station.clock.go_back(3_600 * NS_PER_S)
    qtbot.waitUntil(lambda: not page.isVisible())
    page.toggle()
    assert not page.isVisible()


def test_every_state_has_words_and_a_shape_of_its_own(desk: Desk) -> None:
    assert {*LINE_WORDS, *(f"unit.{state}" for state in UNIT_WORDS if state != "unknown")} == set(STATES)
    assert len(shapes_of(desk.window.theme, draw_state, STATES)) == len(STATES)


@pytest.mark.parametrize("state", ["up", "down", "connecting", "refused", "closed", "new word"])
def test_every_state_of_a_link_can_be_said(state: str) -> None:
    row = Row(make_line(state=state))
    assert row.state in STATES
    assert words.state_words(row, AT_NS)


@pytest.mark.parametrize(("value", "top"), [(0, 1), (1, 1), (1.2, 2), (4, 5), (51, 100), (700, 1_000)])
def test_scales_end_at_round_numbers(value: float, top: float) -> None:
    assert ceiling(value) == top


def test_a_picture_opens_the_page(desk: Desk, qtbot: Any) -> None:
    desk.client.comms_book.replace_all(make_detail())
    open_all(desk.window, [opening("comms")])
    assert desk.window.comms.isVisible()
    qtbot.waitUntil(lambda: desk.window.comms.detail is not None)


# nothing old is shown as how it is now, and nothing to somebody who may not see it


def silenced(desk: Desk, qtbot: Any, page: CommsPage) -> None:
    desk.client.silent = True
    page.ask()
    qtbot.waitUntil(lambda: page.problem.full_text.startswith("Not current: "))


@pytest.mark.parametrize("roles", [["view"], ["view", "engineer"]])
def test_messages_on_the_wire_go_with_the_right_and_with_the_person(
    desk: Desk, qtbot: Any, roles: list[str]
) -> None:
    page, book = opened(desk, qtbot, make_detail()), desk.client.comms_book
    page.open_part("frames")
    book.kept["plc1"] = make_frames(40)
    page.frames.bytes.setChecked(True)
    qtbot.waitUntil(lambda: len(page.frames.shown) == 40 and page.frames.raw.full_text == "00 01 00 00")
    book.kept["plc1"] = []
    desk.client.roles = roles
    desk.client.user = "somebody else"
    desk.station.ask_status()
    qtbot.waitUntil(lambda: len(page.frames.shown) == 0)
    assert (page.frames.raw.full_text, page.frames.copy.isEnabled()) == ("", False)
    if "engineer" not in roles:  # an answer on its way when the right went
        page.frames.take("plc1", Frames(0.0, 4, make_frames(4)), raw=True)
        assert len(page.frames.shown) == 0


def test_a_silent_runtime_says_nothing_of_a_recording(desk: Desk, qtbot: Any) -> None:
    page, book = opened(desk, qtbot, make_detail()), desk.client.comms_book
    page.open_part("frames")
    page.frames.switch.click()
    book.kept["plc1"] = make_frames(4)
    qtbot.waitUntil(lambda: page.frames.note.full_text == "4 messages, recording, 60 s left")
    silenced(desk, qtbot, page)
    assert page.frames.note.full_text == "4 messages, whether it records is not known"
    assert page.frames.switch.text() == "Record for 60 s"


def test_what_was_told_before_the_page_went_out_of_view_is_not_current(
    desk: Desk, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(desk, qtbot, make_detail())
    qtbot.waitUntil(lambda: not page._asking)
    page.toggle()
    monkeypatch.setattr(desk.station.link, "ask", lambda *_given, **_named: None)
    page._told_ns -= 60 * NS_PER_S
    page.toggle()
    assert page.isVisible()
    assert not page.is_current
    assert words.state_words(page.list.rows[0], page.list.at) == "Not known"
    assert facts(page)["Load"] == "–"


def test_a_connection_that_the_plant_has_no_longer_leaves_the_page(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot, make_detail())
    page.open_part("point")
    assert page.point.list.rows
    desk.client.comms_book.replace_all()
    qtbot.waitUntil(lambda: page.found is not None and not page.found.lines)
    assert page.detail is None
    assert not page.sheet.isVisible()
    assert page.empty.full_text == "The plant has no connections."
    assert page.point.list.rows == []


def test_what_a_server_says_of_itself_and_the_endpoint_in_use_are_of_now_alone() -> None:
    said = {"server_state": "Running", "vendor": "ACME"}
    down = make_detail(make_line("plc1", "down", text="no", units=[]), identity=said, notes=["it suspends"])
    found = dict(words.facts_of(down, UTC, is_current=True))
    assert found["Endpoint"] == "tcp://192.0.2.10:502 (tried last)\ntcp://192.0.2.11:502"
    assert (found["Server says"], found["Vendor"], found["Notes"]) == ("–", "ACME", "it suspends")
    up = make_detail(identity=said, notes=["it suspends"])
    found = dict(words.facts_of(up, UTC, is_current=False))
    assert (found["Server says"], found["Endpoint"].partition("\n")[0], "Notes" in found) == (
        "–", "tcp://192.0.2.10:502 (tried last)", False,
    )  # fmt: skip
    found = dict(words.facts_of(up, UTC, is_current=True))
    assert (found["Server says"], found["Endpoint"].partition("\n")[0]) == (
        "Running", "tcp://192.0.2.10:502 (in use)",
    )  # fmt: skip


def point_read(desk: Desk, qtbot: Any) -> CommsPage:
    page = opened(desk, qtbot, make_detail())
    desk.client.comms_book.tests["intake/fic1.pv"] = reading()
    page.open_part("point")
    page.point.field.setText("fic1.pv")
    page.point.ask()
    qtbot.waitUntil(lambda: page.point.sheet.isVisible())
    return page


def test_a_test_of_a_point_is_past_when_nothing_more_is_told(desk: Desk, qtbot: Any) -> None:
    page = point_read(desk, qtbot)
    assert page.point.sheet.mark._state == "unit.up"
    silenced(desk, qtbot, page)
    assert page.point.sheet.mark._state == "unknown"
    assert page.point.sheet.state.full_text.endswith(" ago; it says nothing of now")


def test_a_test_of_a_point_grows_old(desk: Desk, qtbot: Any) -> None:
    page = point_read(desk, qtbot)
    page.point._came_ns -= 11 * NS_PER_S
    qtbot.waitUntil(lambda: page.point.sheet.mark._state == "unknown")
    assert page.point.sheet.state.full_text.startswith("Read 1")


def test_a_test_belongs_to_the_chosen_point_alone(desk: Desk, qtbot: Any) -> None:
    page = point_read(desk, qtbot)
    page.point.field.setText("fic1.sp")
    assert not page.point.sheet.isVisible()
    page.point.field.setText("fic1.pv")
    page.point.readAsked.disconnect()
    page.point.ask()
    page.point.field.setText("fic1.sp")
    page.point.take("intake/fic1.pv", reading())
    assert not page.point.sheet.isVisible()
    assert page.point.read.isEnabled()


def test_an_answer_for_a_point_of_another_connection_is_not_shown(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot, make_detail(make_line(units=[])), make_detail(make_line("plc2", units=[])))
    page.open_part("point")
    page.point.field.setText("fic1.pv")
    page.point.readAsked.disconnect()
    page.point.ask()
    qtbot.keyClick(page.list, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: page.detail is not None and page.chosen == "plc2")
    page.point.take("intake/fic1.pv", reading())
    assert not page.point.sheet.isVisible()


def test_a_filter_looks_through_what_is_paused_and_bytes_are_asked_for_again(desk: Desk, qtbot: Any) -> None:
    page, book = opened(desk, qtbot, make_detail()), desk.client.comms_book
    without = [replace(one, raw="") for one in make_frames(4)]
    book.kept["plc1"] = without
    page.open_part("frames")
    qtbot.waitUntil(lambda: len(page.frames.shown) == 4 and not page._asking)
    page.frames.pause.click()
    book.kept["plc1"] = make_frames(10)
    qtbot.waitUntil(lambda: page.frames.newest == 10)
    page.frames.filter.setText("read")
    assert len(page.frames.shown) == 4
    page.frames.bytes.setChecked(True)
    qtbot.waitUntil(lambda: page.frames.raw.full_text == "00 01 00 00")
    assert len(page.frames.shown) == 4


def test_a_question_that_stands_over_a_reload_sends_nothing(desk: Desk, qtbot: Any) -> None:
    road, station = desk.station.commands, desk.station
    proposal = road.propose("intake/fic1.sp", 42.0)
    assert "changed" not in road.objection(proposal)
    station.show_plant(replace(connected_plant(), revision="another"), station.catalogue)
    assert road.objection(proposal) == "The plant was changed meanwhile: cancel and ask again."
    assert road.send(proposal) == "The plant was changed meanwhile: cancel and ask again."
    assert desk.client.submitted == []


def test_a_message_of_another_day_has_its_date() -> None:
    old, new = make_frames(1)[0], replace(make_frames(1)[0], at=wall_ns())
    assert words.frame_text(old, "at", UTC).startswith("18 Nov ")
    assert " " not in words.frame_text(new, "at", UTC)

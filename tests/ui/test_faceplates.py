"""Faceplates of pump, valve, loop, tank and measurement: all of standards 2.7, honest quality, place, keys."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

pytest.importorskip("PySide6")

import numpy as np
from faceplate_plant import (
    ANALOGUE,
    CHLORINE,
    KINDS,
    LOOP,
    OBJECTS,
    PUMP,
    TANK,
    TITLES,
    TRIP,
    VALVE,
    at,
    faceplate_values,
    open_faceplates,
    opened,
)
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from shell_plant import Desk

from hmi.core import quality as q
from hmi.core.clock import NS_PER_S
from hmi.core.errors import CommunicationError
from hmi.testing.client import START_NS
from hmi.ui.faceplate.card import Faceplate
from hmi.ui.faceplate.desk import LIMIT
from hmi.ui.faceplate.faces import Face
from hmi.ui.faceplate.head import DISPLAY, GUIDANCE, HISTORY, TREND, WHY
from hmi.ui.theme import Theme
from hmi.ui.widgets import FlatButton, Text
from hmi.ui.windows.host import bring_back, remember

pytestmark = pytest.mark.qt
FIGURES = {PUMP: 3, VALVE: 2, LOOP: 3, TANK: 2, ANALOGUE: 1}
SIZES = [(1366, 768), (1920, 1080)]


def texts(card: Faceplate) -> list[str]:
    return [text.full_text for text in card.findChildren(Text) if not text.isHidden()]


def lost(status: int = q.BAD_NO_COMMUNICATION) -> dict[str, Any]:
    return {tag: data._replace(value=None, status=status) for tag, data in faceplate_values().items()}


def face_of(card: Faceplate) -> Face:
    """The picture; every kind has one."""
    assert card.body.face is not None
    return card.body.face


# what stands on it


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_all_that_standards_2_7_ask_for(qtbot, kind: str) -> None:
    name = OBJECTS[KINDS.index(kind)]
    with open_faceplates(qtbot) as desk:
        card = opened(qtbot, desk, name)
        body, words = card.body, texts(card)
        assert card.content.kind == kind
        assert TITLES[KINDS.index(kind)] in words
        assert f"Unit · {name}" in words
        assert card.body.face is not None
        assert len(card.values) == FIGURES[name]
        for row in card.values.values():
            figures, quality, spread = row.shown
            assert figures[0].isdigit(), figures
            assert figures.split()[-1] in {"%", "kW", "m³/h", "m³", "mg/L"}
            assert quality == "Good, 2.0 s ago"
            assert spread.startswith("Range ")
        assert {"Alarms", "Tags and locks"} <= set(words)
        assert any(
            text.endswith("last 30 minutes, " + card.values[card.content.main].shown[0].split()[-1])
            for text in words
        )
        assert len(body.trend.series) > 100
        assert set(card.head.links) == {DISPLAY, TREND, HISTORY, GUIDANCE, WHY}
        assert bool(card.commands.rows) == ("Last commands" in words) == (kind in {"pump", "valve", "loop"})
        assert body.mode.is_needed == (kind in {"pump", "valve", "loop"})
        assert all(b.isEnabled() or b.toolTip() for row in card.commands.rows for b, _ in row.buttons)
        assert all(link.isEnabled() or link.toolTip() for link in card.head.links.values())


def test_mode_and_location_are_told_and_what_is_asked_for(qtbot) -> None:
    with open_faceplates(qtbot) as desk:
        cells = opened(qtbot, desk, PUMP).body.mode.cells
        assert [(label, word) for label, word, _, _ in cells] == [
            ("Mode", "Manual"), ("Location", "Remote"), ("Service", "In service")
        ]  # fmt: skip
        cells = opened(qtbot, desk, VALVE).body.mode.cells
        assert cells[0][:2] == ("Mode", "Automatic, asked Manual")
        cells = opened(qtbot, desk, LOOP).body.mode.cells
        assert [cell[1] for cell in cells] == ["Auto", "not told"]


def test_a_loop_has_its_bars_side_by_side_on_one_scale(qtbot) -> None:
    with open_faceplates(qtbot) as desk:
        look = face_of(opened(qtbot, desk, LOOP)).shown
        assert [bar.name for bar in look.bars] == ["PV", "SP", "OP"]
        assert [round(bar.gauge.position, 3) for bar in look.bars] == [0.624, 0.625, 0.624]
        assert (look.ends, look.output_ends) == (("0", "2 000".replace(" ", "\u00a0")), ("0", "100"))
        assert look.deviation == "Deviation \u22122 m³/h"


def test_a_tank_has_its_level_and_its_limits_at_their_height(qtbot) -> None:
    with open_faceplates(qtbot) as desk:
        look = face_of(opened(qtbot, desk, TANK)).shown
        assert look.gauge.position == pytest.approx(0.71)
        assert dict(look.limits) == {0.95: "HIHI 95", 0.9: "HI 90", 0.45: "LO 45", 0.2: "LOLO 20"}
        assert look.switches == (("high", False), ("low", False))


def test_a_valve_has_its_position_and_its_limit_switches(qtbot) -> None:
    with open_faceplates(qtbot) as desk:
        card = opened(qtbot, desk, VALVE)
        look = face_of(card).shown
        assert (look.state.word, look.position.position) == ("TRAV", 0.48)
        assert [(s.name, s.made) for s in look.switches] == [("Open", False), ("Closed", False)]
        desk.client.tick({f"{VALVE}.opened": at(True), f"{VALVE}.position": at(100.0)})
        qtbot.waitUntil(lambda: face_of(card).shown.state.word == "OPEN")
        assert [s.made for s in face_of(card).shown.switches] == [True, False]


# quality


@pytest.mark.parametrize("kind", KINDS)
def test_HM_08_a_faceplate_without_values_shows_none(qtbot, kind: str) -> None:
    with open_faceplates(qtbot, lost()) as desk:
        card = opened(qtbot, desk, OBJECTS[KINDS.index(kind)])
        for row in card.values.values():
            figures, quality, note = row.shown
            assert figures.startswith("----")
            assert quality.startswith("Bad: no communication")
            assert note.startswith("Last good ")
        said = face_of(card).words()
        assert not any(char.isdigit() for char in said), said
        assert not {"RUN", "STOP", "OPEN", "CLSD", "TRAV"} & set(said.replace(",", " ").split())
        if card.body.mode.is_needed:
            assert {cell[1] for cell in card.body.mode.cells} <= {"----", "not told"}
        assert all(condition.standing.value == "?" for condition in card.conditions)


def test_a_value_that_was_never_good_says_so(qtbot) -> None:
    with open_faceplates(qtbot, lost()) as desk:
        desk.client.history.clear()
        card = opened(qtbot, desk, TANK)
        assert card.values[f"{TANK}.pv"].shown[2] == "No good value is known."


@pytest.mark.parametrize("kind", KINDS)
def test_HM_09_a_silent_runtime_makes_a_faceplate_stale(qtbot, kind: str) -> None:
    with open_faceplates(qtbot) as desk:
        card = opened(qtbot, desk, OBJECTS[KINDS.index(kind)])
        desk.time.pass_s(30)
        card.refresh()
        assert all(row.shown[1].startswith("Good, stale") for row in card.values.values())
        assert "Not known" in card.body.alarms.told.full_text
        assert all(not b.isEnabled() for row in card.commands.rows for b, _ in row.buttons)
        assert all(not line.ack.isEnabled() and line.ack.toolTip() for line in card.body.alarms.lines)
        look = face_of(card).shown
        if kind in {"pump", "valve"}:
            assert look.state.stale
        elif kind == "loop":
            assert {bar.shown.frame for bar in look.bars} == {"dotted"}
            assert look.deviation == "Deviation ----"
        else:
            assert look.shown.frame == "dotted"


def test_the_small_trend_ends_where_the_value_is_no_longer_known(qtbot) -> None:
    with open_faceplates(qtbot) as desk:
        card = opened(qtbot, desk, ANALOGUE)
        series = card.body.trend.series
        assert np.isfinite(series.values[-1])
        desk.time.pass_s(30)
        card.refresh()
        assert np.isnan(series.values[-1])
        count = len(series)
        card.refresh()
        assert len(series) == count  # once, not at each refresh
        desk.client.session_time += 40 * NS_PER_S
        desk.client.tick({f"{ANALOGUE}.pv": at(0.5, ago_s=-40)})
        qtbot.waitUntil(lambda: bool(np.isfinite(series.values[-1])))


# alarms, first-out, locks, commands


def test_alarms_are_acknowledged_explained_and_shelved(qtbot) -> None:
    with open_faceplates(qtbot) as desk:
        card = opened(qtbot, desk, ANALOGUE)
        line = card.body.alarms.lines[0]
        assert line.shelve.isEnabled()
        line.shelve.click()
        question = desk.window.acts.card
        question.reasons.choose("maintenance")
        question.agree.click()
        qtbot.waitUntil(lambda: bool(desk.client.alarm_book.acts))
        act, ids, given = desk.client.alarm_book.acts[0]
        assert (act, ids, given["reason"]) == ("SHELVE", (line.row.alarm_id,), "maintenance")
        desk.client.raise_alarms(line.row)
        qtbot.waitUntil(lambda: bool(card.body.alarms.lines))
        line = card.body.alarms.lines[0]
        card.head.press(GUIDANCE)
        guidance = desk.window.overlays.guidance
        assert guidance.isVisible()
        assert guidance.sheet.parts["What to do"][1].full_text == "Check P-401 stroke and NaOCl day tank"
        line.ack.click()
        qtbot.waitUntil(lambda: desk.client.acknowledged == ["o_1"])
        qtbot.waitUntil(lambda: card.body.alarms.lines[0].ack.toolTip() == "It is acknowledged already.")
        desk.client.raise_alarms()
        qtbot.waitUntil(lambda: card.body.alarms.told.full_text == "No active alarm")
        assert card.head.links[GUIDANCE].toolTip().startswith("Guidance belongs to an active alarm")


def test_more_alarms_than_fit_are_counted(qtbot) -> None:
    with open_faceplates(qtbot) as desk:
        card = opened(qtbot, desk, ANALOGUE)
        rows = [
            msgspec.structs.replace(CHLORINE, alarm_id=f"a_{n}", occurrence_id=f"o_{n}", priority=n % 4 + 1)
            for n in range(5)
        ]
        desk.client.raise_alarms(*rows)
        qtbot.waitUntil(lambda: len(card.body.alarms.lines) == 3)
        assert [line.row.priority for line in card.body.alarms.lines] == [1, 1, 2]
        assert card.body.alarms.told.full_text == "2 more in the alarm list"


def test_first_out_is_what_the_plant_tells_and_never_invented(qtbot) -> None:
    with open_faceplates(qtbot) as desk:
        pump, valve = opened(qtbot, desk, PUMP), opened(qtbot, desk, VALVE)
        assert pump.body.first_out.full_text == "First-out: None"
        assert valve.body.first_out.full_text == "First-out: not told by the plant"
        desk.client.tick({f"{PUMP}.trip_code": at(2)})
        qtbot.waitUntil(lambda: pump.body.first_out.full_text == "First-out: Low level")
        jam, late = (
            msgspec.structs.replace(TRIP, alarm_id=f"a_{n}", occurrence_id=f"o_{n}", tag_name=f"{VALVE}.{signal}",
                                    message=signal, alarm_time=START_NS + n * NS_PER_S)
            for n, signal in ((0, "fault"), (3, "position"))
        )  # fmt: skip
        desk.client.raise_alarms(late, jam)
        qtbot.waitUntil(lambda: valve.body.first_out.full_text.startswith("First alarm: fault at "))
        near = msgspec.structs.replace(late, alarm_time=START_NS + NS_PER_S // 10)
        desk.client.raise_alarms(near, jam)
        qtbot.waitUntil(lambda: valve.body.first_out.full_text == "First alarms: simultaneous ± 1000 ms")
        desk.client.tick({f"{PUMP}.trip_code": at(2, q.BAD_DEVICE_FAILURE)})
        qtbot.waitUntil(lambda: pump.body.first_out.full_text.startswith("First-out not known"))


def test_locks_name_what_is_forced_and_what_blocks_every_command(qtbot) -> None:
    with open_faceplates(qtbot) as desk:
        card = opened(qtbot, desk, PUMP)
        assert card.body.held.locks.full_text == "None is told for this object"
        desk.client.tick({f"{PUMP}.power": at(140.0, q.GOOD_LOCAL_OVERRIDE)})
        qtbot.waitUntil(lambda: card.body.held.locks.full_text == "Forced: power")
        desk.client.blocked = "Commands are blocked: the journal cannot be written."
        desk.station.ask_status()
        qtbot.waitUntil(lambda: "All commands: Commands are blocked" in card.body.held.locks.full_text)


def test_the_last_five_commands_have_time_user_and_result(qtbot) -> None:
    with open_faceplates(qtbot) as desk:
        card = opened(qtbot, desk, LOOP)
        rows = card.body.last.rows
        assert len(rows) == 5
        assert [row.what for row in rows] == [
            "Set point → 1250 m³/h", "Mode → Auto", "Output → 62.5 %", "Set point → 1300 m³/h", "Set point → 1200 m³/h"
        ]  # fmt: skip
        assert {row.who for row in rows} == {"shift-b"}
        assert [row.result for row in rows] == ["Confirmed", "Confirmed", "Refused", "Refused", "Unknown"]
        assert [row.at for row in rows] == sorted((row.at for row in rows), reverse=True)
        assert len(opened(qtbot, desk, PUMP).body.last.rows) == 1
        assert opened(qtbot, desk, VALVE).body.last.text == "No command on record"


def test_a_journal_that_does_not_answer_is_told(qtbot) -> None:
    with open_faceplates(qtbot) as desk:

        async def silent(**_: Any) -> list[dict[str, Any]]:
            raise CommunicationError("the runtime does not answer")

        desk.client.journal = silent  # type: ignore[method-assign]
        card = opened(qtbot, desk, LOOP)
        assert "does not answer" in card.body.last.text


# links, pins, places, keys


def test_links_lead_to_display_trend_history_and_why(qtbot) -> None:
    with open_faceplates(qtbot) as desk:
        window = desk.window
        card = opened(qtbot, desk, LOOP)
        card.head.press(TREND)
        assert [pen.tag for pen in window.trends[0].pens] == [f"{LOOP}.pv", f"{LOOP}.sp", f"{LOOP}.op"]
        card.head.press(HISTORY)
        assert window.trends[0].span_s == 8 * 3600
        card.head.press(WHY)
        assert window.overlays.why.isVisible()
        card.head.press(DISPLAY)
        assert window.mimic.name == "unit"


def test_a_pinned_faceplate_stays_and_four_pinned_ones_refuse_a_fifth(qtbot) -> None:
    with open_faceplates(qtbot) as desk:
        window = desk.window
        pinned, loose = opened(qtbot, desk, PUMP), opened(qtbot, desk, VALVE)
        pinned.head.pin.click()
        window.open_display("unit")
        assert window.desk.cards == [pinned]
        assert loose not in window.desk.cards
        for name in (LOOP, TANK, ANALOGUE, VALVE):
            opened(qtbot, desk, name)
        assert len(window.desk.cards) == LIMIT
        assert [card.content.name for card in window.desk.cards] == [PUMP, TANK, ANALOGUE, VALVE]
        for card in window.desk.cards[1:]:
            card.head.pin.click()
        said: list[str] = []
        desk.station.notice.connect(said.append)
        assert window.desk.open(LOOP, QRect(10, 10, 10, 10)) is None
        assert said == ["4 faceplates are pinned: close one of them first."]


def _covers_nothing(desk: Desk, places: dict[str, QRect]) -> list[str]:
    window, wrong = desk.window, []
    for card in window.desk.cards:
        box = card.geometry()
        if box.intersects(places[card.content.name]):
            wrong.append(f"{card.content.name} covers its object")
        if not window.working_area().contains(box):
            wrong.append(f"{card.content.name} leaves the working area: {box}")
        if box.intersects(window.strip.geometry()) or box.intersects(window.header.geometry()):
            wrong.append(f"{card.content.name} covers title bar or alarms")
    return wrong


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("share", [(0.03, 0.2), (0.5, 0.5), (0.95, 0.9), (0.5, 0.05), (0.3, 0.95)])
def test_HM_11_never_over_the_object_nor_the_alarms(
    qtbot, size: tuple[int, int], share: tuple[float, float]
) -> None:
    with open_faceplates(qtbot) as desk:
        window = desk.window
        window.resize(*size)
        qtbot.waitUntil(lambda: (window.width(), window.height()) == size)
        area = window.working_area()
        middle = QPoint(round(area.x() + share[0] * area.width()), round(area.y() + share[1] * area.height()))
        place = QRect(middle - QPoint(40, 30), QPoint(middle.x() + 40, middle.y() + 30)).intersected(area)
        for name in OBJECTS[1:]:
            opened(qtbot, desk, name, place)
        assert len(window.desk.cards) == LIMIT
        qtbot.wait(50)
        assert _covers_nothing(desk, dict.fromkeys(OBJECTS, place)) == []
        rows = [
            msgspec.structs.replace(CHLORINE, alarm_id=f"a_{n}", occurrence_id=f"o_{n}") for n in range(3)
        ]
        desk.client.raise_alarms(*rows)  # it grows
        card = next(card for card in window.desk.cards if card.content.name == ANALOGUE)
        qtbot.waitUntil(lambda: len(card.body.alarms.lines) == 3)
        qtbot.wait(50)
        assert _covers_nothing(desk, dict.fromkeys(OBJECTS, place)) == []


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_one_click_on_an_object_opens_its_faceplate_beside_it(qtbot, size: tuple[int, int]) -> None:
    with open_faceplates(qtbot) as desk:
        window = desk.window
        window.resize(*size)
        qtbot.waitUntil(lambda: (window.width(), window.height()) == size)
        view = window.mimic.view
        place = view.place_of(0)
        spot = view.mapFromGlobal(place.center())
        QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=spot)
        card = window.desk.cards[0]
        assert card.content.name == TANK
        local = QRect(window.mapFromGlobal(place.topLeft()), place.size())
        assert not card.geometry().intersects(local)


def _walk(card: Faceplate) -> set[QWidget]:
    """What Tab reaches before it leaves the card."""
    found: set[QWidget] = set()
    card.setFocus()
    widget: QWidget | None = card
    while widget is not None and (widget is card or card.isAncestorOf(widget)) and widget not in found:
        found.add(widget)
        QTest.keyClick(widget, Qt.Key.Key_Tab)
        widget = card.window().focusWidget()
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_HM_17_every_control_of_a_faceplate_is_reached_by_tab(qtbot, kind: str) -> None:
    with open_faceplates(qtbot) as desk:
        desk.client.raise_alarms(CHLORINE, TRIP)
        card = opened(qtbot, desk, OBJECTS[KINDS.index(kind)])
        qtbot.wait(50)
        wanted = {
            w for w in card.findChildren(QWidget)
            if w.isVisible() and w.isEnabled() and w.focusPolicy() & Qt.FocusPolicy.TabFocus
        }  # fmt: skip
        missed = wanted - _walk(card)
        assert sorted(w.accessibleName() for w in missed) == []
        assert len(wanted) > 6


def test_HM_17_keys_pin_move_lead_and_close(qtbot) -> None:
    with open_faceplates(qtbot) as desk:
        window = desk.window
        window.resize(1920, 1080)
        card = opened(qtbot, desk, ANALOGUE)
        before = card.pos()
        QTest.keyClick(card, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
        assert card.pos() == before + QPoint(24, 0)
        for _ in range(200):
            QTest.keyClick(card, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
        assert window.working_area().contains(card.geometry())
        QTest.keyClick(card, Qt.Key.Key_P)
        assert card.is_pinned
        assert card.head.pin.text() == "Pinned"
        QTest.keyClick(card, Qt.Key.Key_H)
        assert window.trends[0].span_s == 8 * 3600
        window.trends[0].close_panel()
        QTest.keyClick(card, Qt.Key.Key_G)
        assert window.overlays.guidance.isVisible()
        QTest.keyClick(card, Qt.Key.Key_Escape)
        assert window.overlays.guidance.isHidden()
        other = opened(qtbot, desk, LOOP)
        card.setFocus()
        QTest.keyClick(card, Qt.Key.Key_Escape)
        assert window.desk.cards == [other]  # the one in use, not the last one
        QTest.keyClick(other, Qt.Key.Key_Escape)
        assert window.desk.cards == []


def test_a_drag_moves_it_inside_the_working_area(qtbot) -> None:
    with open_faceplates(qtbot) as desk:
        card = opened(qtbot, desk, ANALOGUE)
        QTest.mousePress(card, Qt.MouseButton.LeftButton, pos=QPoint(20, 4))
        QTest.mouseMove(card, QPoint(60, 4))
        QTest.mouseRelease(card, Qt.MouseButton.LeftButton, pos=QPoint(60, 4))
        assert card.was_moved
        card._move_to(QPoint(-500, 5000))
        assert desk.window.working_area().contains(card.geometry())


@pytest.mark.parametrize("percent", [100, 200])
@pytest.mark.parametrize("kind", KINDS)
def test_HM_17_no_button_is_cut_at_any_size_of_text(qtbot, kind: str, percent: int) -> None:
    with open_faceplates(qtbot) as desk:
        desk.window.desk._theme = Theme.load("light", percent)
        desk.client.raise_alarms(CHLORINE, TRIP)
        card = opened(qtbot, desk, OBJECTS[KINDS.index(kind)])
        buttons = [b for b in card.findChildren(FlatButton) if b.isVisibleTo(card)]
        cut = [b.text() for b in buttons if b.width() < b.sizeHint().width()]
        assert cut == []
        edge = card.width() - 1
        assert [b.text() for b in buttons if b.mapTo(card, QPoint(b.width(), 0)).x() > edge] == []


def test_a_pin_outlives_a_page_that_is_made_anew(qtbot) -> None:
    with open_faceplates(qtbot) as desk:
        opened(qtbot, desk, PUMP).set_pinned(True)
        opened(qtbot, desk, LOOP)
        memory = remember(desk.window)
        desk.window.desk.close_all()
        bring_back(desk.window, memory)
        assert [(card.content.name, card.is_pinned) for card in desk.window.desk.cards] == [
            (PUMP, True),
            (LOOP, False),
        ]


def test_after_a_question_the_faceplate_has_the_keys_again(qtbot) -> None:
    with open_faceplates(qtbot) as desk:
        card = opened(qtbot, desk, VALVE)
        desk.window.activateWindow()
        button = next(b for row in card.commands.rows for b, _ in row.buttons if b.text() == "Open")
        button.click()
        assert card.commands.confirm is not None
        card.commands.confirm.cancelled.emit()
        assert card.commands.confirm is None
        assert desk.window.focusWidget() is card
        assert desk.client.submitted == []

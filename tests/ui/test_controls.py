"""Controls on a display: nothing is sent that was not meant, and nothing pending is shown as actual."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("PySide6")

from control_plant import LEAD, MODE, SP, Controls, open_controls
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from shell_plant import good

from hmi.core.commands import CommandResult, CommandState, OperatorCommand, Reason, Refusal
from hmi.testing.client import make_tag
from hmi.ui.commands.dialogue import SELECT_MS
from hmi.ui.commands.number_entry import NumberEntry
from hmi.ui.commands.steps import Given
from hmi.ui.theme import Theme

pytestmark = pytest.mark.qt
LEFT = Qt.MouseButton.LeftButton


def refused(command: OperatorCommand) -> CommandResult:
    reasons = (Refusal(Reason.BLOCKED_BY_PROCESS, "not met: Tank is filled", 0.4),)
    return CommandResult(command.id, command.tag_id, CommandState.REFUSED, "not met: Tank is filled", reasons)


def double_click(controls: Controls, identity: str) -> None:
    """As a mouse sends it: press, release, double click, release."""
    at = controls.at(identity, 0.5, 0.4)
    QTest.mouseClick(controls.view, LEFT, pos=at)
    QTest.mouseDClick(controls.view, LEFT, pos=at)


# button


def test_a_routine_button_sends_at_once_and_shows_what_is_pending_apart(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        c.click("lead")
        assert c.control("lead").phase == "pending"
        assert c.look("lead")[1].text == "Off"  # the actual state has not changed
        qtbot.waitUntil(lambda: c.sent == [(LEAD, True)])
        qtbot.waitUntil(lambda: c.control("lead").phase == "done")
        assert c.look("lead")[4].text == "Confirmed: On"
        assert c.client.submitted[0].expected is False
        assert c.look("lead")[1].text == "Off"
        c.tick({LEAD: good(True)})
        assert c.look("lead")[1].text == "On"


@pytest.mark.parametrize("identity", ["lead", "start", "sure"])
def test_CM_01_a_double_click_never_sends_twice_nor_through_a_question(qtbot: Any, identity: str) -> None:
    with open_controls(qtbot) as c:
        double_click(c, identity)
        double_click(c, identity)
        qtbot.wait(50)
        assert len(c.sent) == (1 if identity == "lead" else 0)


def test_two_fast_presses_of_a_bouncing_button_send_once(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        c.click("lead")
        qtbot.waitUntil(lambda: c.control("lead").phase == "done")
        c.tick({LEAD: good(True)})
        c.click("lead")
        qtbot.wait(30)
        assert c.sent == [(LEAD, True)]


def test_a_key_that_is_held_down_presses_once(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        c.focus("lead")
        for repeated in (False, True, True, True):
            event = QKeyEvent(
                QEvent.Type.KeyPress, Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier, " ", repeated
            )
            QApplication.sendEvent(c.view, event)
        qtbot.waitUntil(lambda: len(c.sent) == 1)
        qtbot.wait(30)
        assert len(c.sent) == 1


def test_a_press_that_is_let_go_elsewhere_means_nothing(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        QTest.mousePress(c.view, LEFT, pos=c.at("lead"))
        QTest.mouseRelease(c.view, LEFT, pos=c.at("lead") + QPoint(0, 200))
        assert c.control("lead").phase == ""
        assert c.sent == []


@pytest.mark.parametrize(("identity", "value"), [("start", True), ("sure", True)])
def test_a_significant_button_asks_beside_itself_and_sends_when_confirmed(
    qtbot: Any, identity: str, value: bool
) -> None:
    with open_controls(qtbot) as c:
        c.click(identity)
        assert c.sent == []
        own = c.view.place_of(c.index(identity))
        card = c.card.rect().translated(c.card.mapToGlobal(QPoint(0, 0)))
        assert not card.intersects(own)
        assert c.window.working_area().contains(c.card.geometry())
        assert c.control(identity).phase == "asked"
        c.confirm()
        qtbot.waitUntil(lambda: [v for _, v in c.sent] == [value])
        qtbot.waitUntil(lambda: c.card is None)
        assert c.control(identity).words.startswith("Confirmed")


def test_a_refusal_is_told_in_words_beside_the_button(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        c.client.answer = refused
        c.click("lead")
        qtbot.waitUntil(lambda: c.card is not None)
        assert "Refused: not met: Tank is filled" in c.card.dialogue.result.full_text
        assert "blocked-by-process (0.4)" in c.card.dialogue.result.full_text
        assert c.control("lead").phase == "failed"
        assert c.look("lead")[1].text == "Off"


# entry


def test_an_entry_reads_back_asks_and_sends_with_the_value_that_was_seen(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        c.click("entry")
        assert "10 to 90 m³/h" in c.card.entry.hint.full_text
        assert c.card.entry.field.hasFocus()
        QTest.keyClicks(c.card.entry.field, "62,5")
        assert c.card.entry.hint.full_text == "Will send 62.5 m³/h"
        QTest.keyClick(c.card.entry.field, Qt.Key.Key_Return)
        assert c.sent == []
        assert c.control("entry").phase == "asked"
        assert c.control("entry").words == "62.5 m³/h"
        QTest.keyClick(c.box.yes, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: c.sent == [(SP, 62.5)])
        assert c.client.submitted[0].expected == 40.0
        assert c.look("entry")[1].text.strip() == "40.0"
        qtbot.waitUntil(lambda: c.card is None)
        assert c.view.hasFocus()


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("1,234", "1234 or 1.234"),
        ("95", "Not above 90"),
        ("5", "Not below 10"),
        ("abc", "not a number"),
        ("", "Type"),
    ],
)
def test_an_entry_refuses_in_words(qtbot: Any, typed: str, told: str) -> None:
    with open_controls(qtbot) as c:
        c.click("entry")
        c.card.entry.field.setText(typed)
        QTest.keyClick(c.card.entry.field, Qt.Key.Key_Return)
        assert told in c.card.entry.hint.full_text
        assert c.box is None


def test_the_engineering_range_bounds_an_entry_that_has_no_limits_of_its_own(qtbot: Any) -> None:
    with open_controls(qtbot, intake__fic1__sp={"limit_low": None, "limit_high": None}) as c:
        c.click("entry")
        c.card.entry.field.setText("101")
        c.card.entry.ask()
        assert "Not above 100" in c.card.entry.hint.full_text


def test_an_entry_never_covers_its_object_and_stays_beside_it_when_it_grows(qtbot: Any) -> None:
    with open_controls(qtbot, intake__fic1__sp={"max_step": 5.0}) as c:
        c.click("entry")
        own = c.view.place_of(c.index("entry"))
        own.moveTopLeft(c.window.mapFromGlobal(own.topLeft()))
        for typed in ("1", "99", "62.5"):
            c.card.entry.field.setText(typed)
            c.card.entry.ask()
            qtbot.wait(20)
            assert not c.card.geometry().intersects(own)
            assert c.window.working_area().contains(c.card.geometry())
        assert "larger than 5 m³/h" in c.box.proposal.warnings[0]


def test_an_entry_stays_open_and_says_why_when_its_value_goes_stale(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        c.click("entry")
        c.card.entry.field.setText("62.5")
        c.card.entry.ask()
        for _ in range(4):
            c.desk.time.pass_s(1.0)
            c.client.beat += 1
            c.client.tick({}, age_ms=9_000)
            c.station.drain()
        c.station.judged.emit()
        assert c.card is not None
        assert c.card.entry.field.text() == "62.5"
        assert not c.box.yes.isEnabled()
        assert "stale" in c.box.yes.toolTip().lower()
        assert "stale" in c.look("entry")[3].text.lower()
        QTest.mouseClick(c.box.yes, LEFT)
        c.box.confirmed.emit()
        assert c.sent == []


def test_a_value_that_moved_on_meanwhile_is_asked_again(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        c.click("entry")
        c.card.entry.field.setText("62.5")
        c.card.entry.ask()
        c.tick({SP: good(55.0)})
        assert not c.box.yes.isEnabled()
        assert "changed to 55" in c.box.objection.full_text
        c.box.confirmed.emit()
        assert c.sent == []
        c.card.entry.ask()
        assert c.box.yes.isEnabled()


def test_escape_takes_back_first_the_question_then_the_entry(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        c.click("entry")
        c.card.entry.field.setText("62.5")
        c.card.entry.ask()
        c.window._escape()
        assert c.card is not None
        assert c.box is None
        assert c.control("entry").phase == ""
        assert c.card.entry.field.hasFocus()
        c.window._escape()
        assert c.card is None
        assert c.sent == []


def test_CM_02_a_question_expires_and_says_so(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        c.click("start")
        dialogue = c.card.dialogue
        assert dialogue._expiry.isActive()
        assert dialogue._expiry.interval() == SELECT_MS == 30_000
        box = dialogue.confirm
        dialogue._expiry.timeout.emit()
        assert dialogue.confirm is None
        assert "open for too long" in dialogue.result.full_text
        box.confirmed.emit()
        assert c.control("start").phase == ""
        assert c.sent == []


def test_a_command_carries_its_time_to_live_and_the_last_heartbeat(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        c.tick()
        before = c.station.mailbox.ages.heartbeat
        c.click("lead")
        after = c.station.mailbox.ages.heartbeat
        qtbot.waitUntil(lambda: len(c.sent) == 1)
        command = c.client.submitted[0]
        assert 0 < before <= command.heartbeat <= after
        assert command.ttl_ms == 5_000


# slider


def drag(c: Controls, start: float, end: float, *, shift: bool = False, release: bool = True) -> None:
    held = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
    QTest.mousePress(c.view, LEFT, held, c.at("slider", start))
    for n in range(1, 6):
        at = c.at("slider", start + (end - start) * n / 5)
        move = QMouseEvent(
            QEvent.Type.MouseMove,
            QPointF(at),
            QPointF(c.view.mapToGlobal(at)),
            Qt.MouseButton.NoButton,
            LEFT,
            held,
        )
        QApplication.sendEvent(c.view, move)
    if release:
        QTest.mouseRelease(c.view, LEFT, held, c.at("slider", end))


def test_a_slider_sends_only_after_it_was_let_go_and_confirmed(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        drag(c, 0.4, 0.6, release=False)
        chosen = c.control("slider")
        assert (chosen.phase, c.card, c.sent) == ("asked", None, [])
        assert chosen.target is not None
        assert c.look("slider")[2].position != c.look("slider")[3]  # actual and chosen stand apart
        assert c.look("slider")[1].text.strip() == "40.0"
        QTest.mouseRelease(c.view, LEFT, pos=c.at("slider", 0.6))
        assert c.sent == []
        target = c.control("slider").target
        assert target is not None
        assert target % 0.5 == 0
        c.confirm()
        qtbot.waitUntil(lambda: c.sent == [(SP, target)])


def test_a_drag_with_shift_is_ten_times_finer(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        drag(c, 0.4, 0.7)
        coarse = c.control("slider").target
        c.window._escape()
        drag(c, 0.4, 0.4)
        start = c.control("slider").target
        c.window._escape()
        drag(c, 0.4, 0.7, shift=True)
        fine = c.control("slider").target
        assert coarse is not None
        assert start is not None
        assert fine is not None
        assert fine - start == pytest.approx((coarse - start) / 10, abs=1.0)  # both on whole steps of 0.5


def test_escape_gives_up_a_drag(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        drag(c, 0.4, 0.6, release=False)
        c.window._escape()
        assert c.control("slider").phase == ""
        QTest.mouseRelease(c.view, LEFT, pos=c.at("slider", 0.6))
        assert (c.card, c.sent) == (None, [])


def test_steps_of_a_slider_choose_and_do_not_send(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        c.click("slider", 0.97)
        assert c.control("slider").target == 40.5
        c.click("slider", 0.97)
        assert c.control("slider").target == 41.0
        c.click("slider", 0.03)
        assert c.control("slider").target == 40.5
        assert c.sent == []


def test_a_slider_is_worked_by_the_keyboard_alone(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        c.focus("slider")
        c.key(Qt.Key.Key_Return)
        assert c.card.steps[0].hasFocus()
        QTest.keyClick(c.card.steps[0], Qt.Key.Key_PageUp)
        assert c.control("slider").target == 45.0
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Right)
        assert c.control("slider").target == 45.5
        for _ in range(10):
            if QApplication.focusWidget() is c.box.yes:
                break
            QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        QTest.keyClick(c.box.yes, Qt.Key.Key_Space)
        qtbot.waitUntil(lambda: c.sent == [(SP, 45.5)])


def test_a_slider_never_leaves_what_the_command_allows(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        drag(c, 0.4, 1.4)
        assert c.control("slider").target == 90.0
        c.window._escape()
        drag(c, 0.4, -0.4)
        assert c.control("slider").target == 10.0


# selector


def test_a_selector_opens_its_states_and_asks(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        c.click("list")
        texts = {button.text(): button for button, _ in c.card.buttons}
        assert list(texts) == ["Manual", "Auto", "Cascade"]
        assert texts["Auto"].toolTip() == "It is Auto already."
        texts["Manual"].click()
        assert c.sent == []
        assert c.look("list")[1].text == "Auto"
        c.confirm()
        qtbot.waitUntil(lambda: c.sent == [(MODE, 0)])
        assert c.client.submitted[0].expected == 1


def test_a_segment_asks_for_its_own_state(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        c.click("segments", 0.9)
        assert c.box.proposal.value == 2
        assert c.look("segments")[3:5] == (1, 2)  # held: Auto, asked: Cascade
        c.confirm()
        qtbot.waitUntil(lambda: c.sent == [(MODE, 2)])


def test_the_segment_that_holds_says_so_and_asks_nothing(qtbot: Any) -> None:
    with open_controls(qtbot) as c, qtbot.waitSignal(c.station.notice) as told:
        c.click("segments", 0.5)
        assert c.card is None
    assert "Auto already" in told.args[0]


# one road


def test_what_is_pending_blocks_every_other_place_that_could_send_it(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        plate = c.window.desk.open("intake/fic1", c.view.rect())
        proposal, given = c.station.commands.propose(SP, 45.0), Given(confirmed=True)
        assert c.station.commands.send(proposal, given) == ""
        assert c.station.commands.send(proposal, given) == "A command is under way."
        plate.refresh()
        row = next(row for row in plate.commands.rows if row.entry is not None)
        assert row.entry.field.toolTip() == "A command is under way."
        assert c.control("entry").phase == c.control("slider").phase == "pending"
        assert "Pending" in plate.commands.result.full_text
        qtbot.waitUntil(lambda: c.sent == [(SP, 45.0)])
        qtbot.waitUntil(lambda: "Confirmed" in plate.commands.result.full_text)


def test_a_question_on_a_display_that_is_left_is_over(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        c.click("start")
        c.window.open_display("intake")
        assert c.card is None
        assert c.sent == []


def test_HM_17_controls_take_the_focus_by_position_and_every_one_works_with_enter(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        assert c.view.scene is not None
        order = [c.view.scene.elements[index].id for index in c.view._clickable()]
        assert order == ["start", "lead", "sure", "entry", "slider", "fixed", "list", "segments", "nowhere"]
        c.view.setFocus()
        for identity in order:
            QTest.keyClick(c.view, Qt.Key.Key_Tab)
            assert c.view.scene.elements[c.view._focused].id == identity
        for identity in ("start", "sure", "entry", "slider", "list", "segments"):
            c.focus(identity)
            c.key(Qt.Key.Key_Return)
            assert c.card is not None, identity
            assert c.card.isAncestorOf(QApplication.focusWidget()), identity
            c.window.controls.close()
            assert c.view.hasFocus()


def test_a_drag_that_becomes_blocked_leaves_no_chosen_value(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        drag(c, 0.4, 0.6, release=False)
        assert c.control("slider").phase == "asked"
        c.client.blocked = "Commands are blocked."
        c.station.ask_status()
        qtbot.waitUntil(lambda: c.control("slider").blocked != "")
        QTest.mouseRelease(c.view, LEFT, pos=c.at("slider", 0.6))
        assert (c.control("slider").phase, c.card, c.sent) == ("", None, [])


def test_HM_11_a_card_with_a_long_answer_stays_between_header_and_alarms(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        c.window.resize(1024, 640)
        lines = tuple(
            Refusal(Reason.BLOCKED_BY_PROCESS, f"not met: condition number {n}", n) for n in range(60)
        )
        c.client.answer = lambda command: CommandResult(
            command.id, command.tag_id, CommandState.REFUSED, "refused", lines
        )
        c.click("entry")
        c.card.entry.field.setText("62.5")
        c.card.entry.ask()
        c.confirm()
        qtbot.waitUntil(lambda: c.card is not None and "number 59" in c.card.dialogue.result.full_text)
        qtbot.waitUntil(lambda: c.window.working_area().contains(c.card.geometry()))
        assert not c.card.geometry().intersects(c.window.strip.geometry())


@pytest.mark.parametrize("leaves", [False, True])
def test_a_refusal_is_told_though_its_card_was_closed_while_it_was_pending(qtbot: Any, leaves: bool) -> None:
    with open_controls(qtbot) as c:
        told: list[str] = []
        c.station.notice.connect(told.append)
        c.client.answer = refused
        c.click("start")
        c.confirm()
        c.window.controls.close()
        if leaves:
            c.window.open_display("intake")
            qtbot.waitUntil(lambda: any("Tank is filled" in text for text in told))
        else:
            qtbot.waitUntil(lambda: c.card is not None)
            assert "Tank is filled" in c.card.dialogue.result.full_text


def test_a_card_stays_beside_its_control_when_the_window_changes_its_size(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        c.click("entry")
        for size in ((1100, 700), (1920, 1080), (1024, 640)):
            c.window.resize(*size)
            QApplication.processEvents()
            c.station.judged.emit()
            own = c.view.place_of(c.index("entry"))
            own.moveTopLeft(c.window.mapFromGlobal(own.topLeft()))
            assert c.window.working_area().contains(c.card.geometry())
            assert not c.card.geometry().intersects(own)


@pytest.mark.parametrize("tunes", [False, True])
def test_cm_03_an_entry_takes_the_range_of_the_person_who_types(qtbot: Any, tunes: bool) -> None:
    tag = make_tag("u/x.sp", limit_low=1.0, limit_high=8.0, tune_low=0.0, tune_high=9.5, writable=True)
    entry = NumberEntry(Theme.load("light"), tag, tunes=lambda: tunes)
    qtbot.addWidget(entry)
    entry.field.setText("9")
    value, _, told = entry.typed()
    assert value == (9 if tunes else None)
    assert ("Will send" in told) is tunes

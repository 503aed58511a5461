"""The steps of a command at the station: confirm, select, reason, caution, signature; then sent once, or not at all."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("PySide6")

from control_plant import LEAD, RESET, SP, START, Controls, open_controls
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit
from shell_plant import good

from hmi.client.people import SessionInfo
from hmi.core.commands import CommandResult, CommandState, OperatorCommand, Reason, Refusal
from hmi.core.holds import AreaControl, ControlTag, Holds, TagKind
from hmi.testing.people import PASSWORD
from hmi.ui.widgets import Text

pytestmark = pytest.mark.qt
LEFT = Qt.MouseButton.LeftButton
CRITICAL = {"intake__p1__start": {"command_class": "C"}}
OPERATOR = {"roles": ["view", "acknowledge", "operate"], "accounts": True}
ANNA = SessionInfo(user="anna", name="Anna Berg", **OPERATOR)


def sign_in(c: Controls, session: SessionInfo = ANNA) -> None:
    c.client.people.add("anna", name="Anna Berg", roles=list(OPERATOR["roles"]))
    c.client.people.add("bo", name="Bo Lind", roles=list(OPERATOR["roles"]))
    c.client.people.become(session)
    c.station.ask_status()


def critical_question(qtbot: Any, c: Controls) -> Any:
    """The question about a critical start, with its object selected."""
    c.click("start")
    qtbot.waitUntil(lambda: c.box is not None and c.box.selection is not None)
    QApplication.processEvents()
    return c.box


def words(box: Any) -> str:
    return "\n".join(text.full_text for text in box.findChildren(Text) if text.isVisible())


def test_cm_01_a_critical_command_needs_selection_reason_and_signature(qtbot: Any) -> None:
    with open_controls(qtbot, **CRITICAL) as c:
        box = critical_question(qtbot, c)
        assert c.client.people.asked == ["select t_" + START]
        assert "Selected for" in words(box)
        assert box.yes.toolTip() == "Write a reason first."
        box.reason.setText("pump test")
        assert box.yes.toolTip() == "Sign first."
        c.confirm()
        assert c.sent == []
        QTest.mouseClick(box.sign.button, LEFT)
        qtbot.waitUntil(box.yes.isEnabled)
        c.confirm()
        qtbot.waitUntil(lambda: c.sent == [(START, True)])
        (sent,) = c.client.submitted
        assert (sent.reason, sent.confirmed) == ("pump test", True)
        assert sent.selection.startswith("sel_")
        assert sent.signatures == tuple(c.client.people.signatures)
        signature = c.client.people.signatures[sent.signatures[0]]
        assert (signature["command_id"], signature["object_id"], signature["value"]) == (
            sent.id,
            sent.tag_id,
            True,
        )


def test_cm_15_a_signature_shows_name_time_and_meaning_and_its_password_is_gone(qtbot: Any) -> None:
    with open_controls(qtbot, **CRITICAL) as c:
        sign_in(c)
        qtbot.waitUntil(lambda: c.station.status.user == "anna")
        box = critical_question(qtbot, c)
        panel = box.sign
        assert panel.user.text() == "anna"
        assert panel.password.echoMode() is QLineEdit.EchoMode.Password
        panel.password.setText("wrong")
        QTest.mouseClick(panel.button, LEFT)
        assert panel.password.text() == ""
        qtbot.waitUntil(lambda: panel.told.full_text == "User or password is wrong.")
        assert not box.yes.isEnabled()
        panel.password.setText(PASSWORD)
        QTest.mouseClick(panel.button, LEFT)
        qtbot.waitUntil(lambda: panel.told.full_text.startswith("Signed: Anna Berg, "))
        assert panel.told.full_text.endswith(", performed")
        assert panel.password.text() == ""


def test_a_two_person_command_is_signed_by_somebody_else(qtbot: Any) -> None:
    with open_controls(qtbot, intake__p1__start={"command_class": "C", "two_person": True}) as c:
        sign_in(c)
        qtbot.waitUntil(lambda: c.station.status.user == "anna")
        box = critical_question(qtbot, c)
        box.reason.setText("pump test")
        assert box.yes.toolTip() == "Another person has to sign first."
        panel = box.sign
        assert panel.user.text() == ""
        panel.user.setText("bo")
        panel.password.setText(PASSWORD)
        panel.meanings["Reviewed"].click()
        QTest.mouseClick(panel.button, LEFT)
        qtbot.waitUntil(box.yes.isEnabled)
        c.confirm()
        qtbot.waitUntil(lambda: len(c.client.submitted) == 1)
        (signature,) = c.client.people.signatures.values()
        assert (signature["user"], signature["meaning"]) == ("bo", "Reviewed")


def test_cm_03_an_object_that_somebody_else_selected_is_told_by_name(qtbot: Any) -> None:
    with open_controls(qtbot, **CRITICAL) as c:
        c.client.people.selected_by["t_" + START] = "bo@station 2"
        c.click("start")
        qtbot.waitUntil(lambda: c.card.dialogue.confirm is None)
        assert "selected by bo@station 2" in c.card.dialogue.result.full_text
        assert c.sent == []


def test_cm_02_the_question_ends_with_its_selection(qtbot: Any) -> None:
    with open_controls(qtbot, **CRITICAL) as c:
        box = critical_question(qtbot, c)
        assert 0 < c.card.dialogue._expiry.remainingTime() < 30_000
        c.card.dialogue.expire()
        assert c.card.dialogue.confirm is None
        assert "open for too long" in c.card.dialogue.result.full_text
        qtbot.waitUntil(lambda: f"deselect {box.selection.id}" in c.client.people.asked)
        assert c.sent == []


def test_a_question_that_is_given_up_gives_the_object_free(qtbot: Any) -> None:
    with open_controls(qtbot, **CRITICAL) as c:
        box = critical_question(qtbot, c)
        c.window.controls.cancel()
        qtbot.waitUntil(lambda: f"deselect {box.selection.id}" in c.client.people.asked)
        assert c.client.people.selections == {}


def test_a_caution_tag_is_read_before_the_command(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        info = c.station.catalogue.tags[LEAD]
        tag = ControlTag("h_1", info.id, TagKind.CAUTION, "Seal is leaking", "bo", 0, "Bo Lind", "WO 4711")
        c.station.holds.take(Holds(tags=(tag,)))
        c.click("lead")
        assert c.sent == []
        assert "CAUTION: Seal is leaking (WO 4711), Bo Lind" in words(c.box)
        assert c.box.yes.toolTip() == "Accept the caution tag first."
        c.box.cautions["h_1"].click()
        c.confirm()
        qtbot.waitUntil(lambda: c.sent == [(LEAD, True)])
        assert c.client.submitted[0].caution == ("h_1",)


def test_cm_10_a_do_not_operate_tag_disables_every_command_of_its_object_and_says_why(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        instance = c.station.catalogue.instances["intake/p1"]
        tag = ControlTag("h_1", instance.id, TagKind.DO_NOT_OPERATE, "Bearing replaced", "bo", 0, "Bo Lind")
        c.station.holds.take(Holds(tags=(tag,)))
        assert c.station.commands.why(START) == "Do not operate: Bearing replaced (Bo Lind)"
        c.click("start")
        assert c.box is None if c.card else True
        assert c.sent == []
        c.station.holds.take(Holds())
        assert c.station.commands.why(START) == ""


def test_cm_16_a_command_of_an_area_that_somebody_else_controls_is_disabled(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        area = c.station.catalogue.tags[SP].area
        c.station.holds.take(Holds(areas=(AreaControl(area, "station 2", "bo", 0, "Bo Lind"),)))
        assert c.station.commands.why(SP) == "Controlled by Bo Lind at station 2."
        c.station.holds.take(Holds(areas=(AreaControl(area, "local", "demo-operator", 0),)))
        assert c.station.commands.why(SP) == ""


def test_cm_07_without_feedback_is_a_question_of_its_own(qtbot: Any) -> None:
    def blind(command: OperatorCommand) -> CommandResult:
        if command.without_feedback:
            return CommandResult(command.id, command.tag_id, CommandState.CONFIRMED, "sent")
        refusal = Refusal(Reason.BAD_FEEDBACK, "the feedback is Bad")
        return CommandResult(command.id, command.tag_id, CommandState.REFUSED, refusal.text, (refusal,))

    with open_controls(qtbot) as c:
        c.client.answer = blind
        c.click("start")
        c.confirm()
        qtbot.waitUntil(lambda: c.card is not None and c.card.dialogue.again.isVisible())
        qtbot.wait(600)  # the item rests after a command
        c.card.dialogue.again.click()
        assert "act without it" in words(c.box)
        c.confirm()
        qtbot.waitUntil(lambda: len(c.client.submitted) == 2)
        first, second = c.client.submitted
        assert (first.without_feedback, second.without_feedback) == (False, True)
        assert first.id != second.id


def test_cm_06_a_confirmed_start_shows_running_only_when_the_plant_says_so(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        plate = c.window.desk.open("intake/p1", c.view.rect())
        c.click("start")
        c.confirm()
        qtbot.waitUntil(lambda: c.sent == [(START, True)])
        qtbot.waitUntil(lambda: c.station.commands.pending(START) is None)
        plate.refresh()
        assert plate.body.face.words().startswith("STOP")
        c.tick({"intake/p1.running": good(True)})
        plate.refresh()
        assert plate.body.face.words().startswith("RUN")


def test_row_43_twenty_clicks_in_100_ms_are_one_command(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        c.click("sure")
        QApplication.processEvents()
        yes = c.box.yes
        for _ in range(20):
            QTest.mouseClick(yes, LEFT)
        qtbot.waitUntil(lambda: c.sent == [(RESET, True)])
        qtbot.wait(50)
        assert len(c.sent) == 1


def test_row_43_a_bouncing_key_is_one_command(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        c.click("entry")
        c.card.entry.field.setText("45")
        for _ in range(10):
            QTest.keyClick(QApplication.focusWidget() or c.window, Qt.Key.Key_Return)
        qtbot.wait(50)
        assert len(c.sent) <= 1


def test_a_role_that_is_taken_away_while_the_question_is_open_blocks_it(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        sign_in(c)
        qtbot.waitUntil(lambda: c.station.status.user == "anna")
        c.click("start")
        assert c.box.yes.isEnabled()
        c.client.people.become(SessionInfo(user="anna", name="Anna Berg", roles=["view"], accounts=True))
        c.station.ask_status()
        qtbot.waitUntil(lambda: c.station.status.roles == ["view"])
        c.tick()
        assert c.card is None or c.box is None or not c.box.yes.isEnabled()
        assert "no right" in c.station.commands.why(START)
        c.click("start")
        assert c.sent == []


def test_a_clock_of_the_station_that_is_an_hour_off_changes_nothing(qtbot: Any) -> None:
    """What a command lives on is the heartbeat of the runtime, never the wall clock of the station."""
    with open_controls(qtbot) as c:
        c.client.session_time += 3_600 * 1_000_000_000
        c.tick({LEAD: good(False)})
        before = c.station.mailbox.ages.heartbeat
        c.click("lead")
        qtbot.waitUntil(lambda: c.sent == [(LEAD, True)])
        assert before <= c.client.submitted[0].heartbeat <= c.station.mailbox.ages.heartbeat

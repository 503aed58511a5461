"""The page of certificates: what it lists, what it asks before anything is decided, and who may (CR 1.8, D10)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from PySide6.QtCore import Qt
from shell_plant import Desk, open_station
from sign_shapes import shapes_of

from hmi.client.certificates import CertificateInfo, RevocationListInfo, grouped
from hmi.core.openings import opening
from hmi.testing.trust import AT_NS, DAY_NS, make_certificate
from hmi.ui.certificates.marks import draw_state
from hmi.ui.certificates.page import CertificatesPage
from hmi.ui.certificates.words import WORDS, question_of, two_lines
from hmi.ui.shot_open import open_all

CONTROL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
OWN = make_certificate(9, "trusted", place="own", offers=[], subject="CN=Watchkeeper@here")


@pytest.fixture
def desk(qtbot: Any) -> Any:
    with open_station(qtbot) as desk:
        desk.client.roles = [*desk.client.roles, "security"]
        desk.station.ask_status()
        qtbot.waitUntil(lambda: desk.station.rights.may("security"))
        yield desk


def page(desk: Desk) -> CertificatesPage:
    return desk.window.certificates


def opened(
    desk: Desk, qtbot: Any, *rows: CertificateInfo, own: CertificateInfo | None = None
) -> CertificatesPage:
    """The page by its key, with what the runtime knows."""
    desk.client.trust_book.replace_all(rows, own)
    qtbot.keyClick(desk.window, Qt.Key.Key_C, CONTROL_SHIFT)
    one = page(desk)
    qtbot.waitUntil(lambda: len(one.list.rows) == len(rows) + (own is not None))
    return one


def test_CR_1_8_key_opens_and_what_waits_stands_first(desk: Desk, qtbot: Any) -> None:
    rows = (make_certificate(1, "trusted"), make_certificate(2, "expired", days_left=-3), make_certificate(3))
    one = opened(desk, qtbot, *rows, own=OWN)
    assert one.isVisible()
    assert [row.state for row in one.list.rows] == ["waiting", "trusted", "expired", "trusted"]
    assert one.list.rows[1].place == "own"
    assert one.details.name.full_text == "PLC 3"
    assert one.count.full_text == "4 certificates, waiting for a decision: 1"
    qtbot.keyClick(desk.window, Qt.Key.Key_C, CONTROL_SHIFT)
    assert desk.window.stack.current is desk.window.mimic


def test_D10_accept_shows_the_whole_fingerprint_and_asks_to_compare(desk: Desk, qtbot: Any) -> None:
    row = make_certificate(3)
    one = opened(desk, qtbot, row)
    one.details.buttons["accept"].click()
    assert one.is_asking
    assert one.confirm.groups.full_text.replace("\n", " ") == grouped(row.fingerprint)
    assert "Compare these groups" in one.confirm.request.full_text
    assert not one.confirm.yes.isEnabled()  # no reason yet
    assert desk.client.trust_book.acts == []
    one.confirm.reason.setText("read out by telephone")
    one.confirm.yes.click()
    qtbot.waitUntil(lambda: not one.is_asking)
    assert desk.client.trust_book.acts == [("accept", row.fingerprint, "read out by telephone")]
    qtbot.waitUntil(lambda: one.list.rows[0].state == "trusted")
    qtbot.waitUntil(lambda: not one.details.buttons["accept"].isEnabled())


def test_D10_the_answer_is_sent_once_however_often_it_is_pressed(desk: Desk, qtbot: Any) -> None:
    one = opened(desk, qtbot, make_certificate(3))
    one.ask_for("reject")
    one.confirm.reason.setText("stolen")
    for _ in range(5):
        qtbot.keyClick(one.confirm.reason, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not one.is_asking)
    assert len(desk.client.trust_book.acts) == 1


def test_CR_1_8_escape_gives_up_the_question_before_it_leaves_the_page(desk: Desk, qtbot: Any) -> None:
    one = opened(desk, qtbot, make_certificate(3))
    one.ask_for("remove")
    assert one.confirm.reason.hasFocus()
    one.confirm.reason.setText("no")
    qtbot.keyClick(one.confirm.reason, Qt.Key.Key_Escape)
    assert not one.is_asking
    assert one.isVisible()
    assert desk.client.trust_book.acts == []
    one.ask_for("accept")
    assert one.confirm.reason.text() == ""  # nothing is left of the question before


def test_CR_1_8_a_refusal_stays_beside_the_question(desk: Desk, qtbot: Any) -> None:
    one = opened(desk, qtbot, make_certificate(3))
    desk.client.trust_book.refusal = "this certificate is trusted already"
    one.ask_for("accept")
    one.confirm.reason.setText("compared")
    one.confirm.yes.click()
    qtbot.waitUntil(lambda: bool(one.confirm.problem.full_text))
    assert one.confirm.problem.full_text == "Not done: this certificate is trusted already"
    assert one.is_asking
    assert one.confirm.reason.text() == "compared"
    assert one.confirm.yes.isEnabled()


def test_CR_1_8_leaving_the_page_decides_nothing(desk: Desk, qtbot: Any) -> None:
    one = opened(desk, qtbot, make_certificate(3))
    one.ask_for("accept")
    one.toggle()
    one.toggle()
    assert not one.is_asking
    assert desk.client.trust_book.acts == []


def test_CR_1_8_without_the_right_the_buttons_say_why(desk: Desk, qtbot: Any) -> None:
    one = opened(desk, qtbot, make_certificate(3))
    assert one.details.buttons["accept"].isEnabled()
    desk.client.roles = ["view"]
    desk.station.ask_status()
    qtbot.waitUntil(lambda: not one.details.buttons["accept"].isEnabled())
    assert one.details.why.full_text == "You have no right to decide about certificates."
    assert not one.details.why.isHidden()
    for act in ("accept", "reject", "remove"):
        assert one.details.buttons[act].accessibleDescription() == one.details.why.full_text


def test_CR_1_8_own_certificate_is_renewed_and_taken_back(desk: Desk, qtbot: Any) -> None:
    one = opened(desk, qtbot, own=OWN)
    visible = {act for act, button in one.details.buttons.items() if not button.isHidden()}
    assert visible == {"renew", "return"}
    assert not one.details.buttons["return"].isEnabled()
    one.ask_for("renew")
    assert "have to trust it first" in one.confirm.request.full_text
    one.confirm.reason.setText("yearly")
    one.confirm.yes.click()
    qtbot.waitUntil(lambda: desk.client.trust_book.acts == [("renew", OWN.fingerprint, "yearly")])


def test_UA_10_a_changed_certificate_is_named_so_everywhere(desk: Desk, qtbot: Any) -> None:
    row = make_certificate(3, changed_from="b" * 64)
    one = opened(desk, qtbot, row)
    assert one.details.state.full_text == "Waits for a decision, changed"
    assert "not the one that was there before" in question_of("accept", row)[1]


def test_UA_16_what_waits_and_what_ends_is_said_at_the_health_of_the_connections(
    desk: Desk, qtbot: Any
) -> None:
    health = desk.window.header.health
    desk.client.trust_book.replace_all([make_certificate(3)])
    qtbot.waitUntil(lambda: "certificates that wait for a decision: 1" in health.toolTip())
    desk.client.trust_book.replace_all([])
    qtbot.waitUntil(lambda: "certificates" not in health.toolTip())


def test_CR_1_9_revocation_lists_are_told_with_their_date(desk: Desk, qtbot: Any) -> None:
    book = desk.client.trust_book
    one = opened(desk, qtbot, make_certificate(3))
    lists = [
        RevocationListInfo("ab" * 32, "CN=Authority", AT_NS, AT_NS - DAY_NS, 4, "trusted", current=False)
    ]
    book.found = msgspec.structs.replace(book.found, lists=lists)
    one.ask()
    qtbot.waitUntil(lambda: "CN=Authority: 4 revoked" in one.lists.full_text)
    assert "(out of date)" in one.lists.full_text
    assert not one.lists.isHidden()


def test_a_silent_runtime_is_said_and_the_list_stays(desk: Desk, qtbot: Any) -> None:
    one = opened(desk, qtbot, make_certificate(3))
    desk.client.silent = True
    one.ask()
    qtbot.waitUntil(lambda: one.problem.full_text.startswith("Not current: "))
    assert len(one.list.rows) == 1


def test_the_choice_stays_with_its_certificate_when_rows_come(desk: Desk, qtbot: Any) -> None:
    one = opened(desk, qtbot, make_certificate(1, "trusted"), make_certificate(2, "trusted"))
    qtbot.keyClick(one.list, Qt.Key.Key_Down)
    assert one.details.name.full_text == "PLC 2"
    desk.client.trust_book.replace_all(
        [make_certificate(3), make_certificate(1, "trusted"), make_certificate(2, "trusted")]
    )
    one.ask()
    qtbot.waitUntil(lambda: len(one.list.rows) == 3)
    assert one.details.name.full_text == "PLC 2"


def test_every_state_has_words_and_a_shape_of_its_own(desk: Desk) -> None:
    assert len(shapes_of(desk.window.theme, draw_state, WORDS)) == len(WORDS)


def test_fingerprints_are_read_in_groups_of_four() -> None:
    assert grouped("ab12cd34") == "AB12 CD34"
    assert [len(line.split()) for line in two_lines("a" * 64).splitlines()] == [8, 8]


def test_HM_17_a_decision_needs_no_mouse(desk: Desk, qtbot: Any) -> None:
    one = opened(desk, qtbot, make_certificate(3))
    assert one.list.hasFocus()
    for _ in range(4):
        if one.details.buttons["accept"].hasFocus():
            break
        qtbot.keyClick(desk.window.focusWidget(), Qt.Key.Key_Tab)
    assert one.details.buttons["accept"].hasFocus()
    qtbot.keyClick(desk.window.focusWidget(), Qt.Key.Key_Return)
    assert one.confirm.reason.hasFocus()
    qtbot.keyClicks(one.confirm.reason, "compared")
    qtbot.keyClick(one.confirm.reason, Qt.Key.Key_Tab)
    assert one.confirm.yes.hasFocus()
    qtbot.keyClick(one.confirm.yes, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: len(desk.client.trust_book.acts) == 1)
    qtbot.waitUntil(one.list.hasFocus)


def test_a_picture_opens_the_page(desk: Desk, qtbot: Any) -> None:
    desk.client.trust_book.replace_all([make_certificate(3)])
    open_all(desk.window, [opening("certificates")])
    assert page(desk).isVisible()
    qtbot.waitUntil(lambda: len(page(desk).list.rows) == 1)

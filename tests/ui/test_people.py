"""People at the station: signing in and out, locking, the shift change, rights by area, all with keys alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

pytest.importorskip("PySide6")

import msgspec
from fleet_plant import open_fleet
from PySide6.QtCore import QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from shell_plant import Desk, alarms, good, open_station

from hmi.client.people import SessionInfo
from hmi.core.clock import NS_PER_S
from hmi.testing.client import make_alarm
from hmi.testing.people import PASSWORD
from hmi.ui import rights as rights_module
from hmi.ui.people import card as card_module
from hmi.ui.people import presence
from hmi.ui.people.card import Mode, PersonCard
from hmi.ui.widgets import FlatButton

pytestmark = pytest.mark.qt
NOTICE = "For authorised people only. Every command is recorded with the name of who gave it."
NOBODY = SessionInfo(roles=["view"], accounts=True, notice=NOTICE)
OPERATOR = ["view", "acknowledge", "operate", "tune"]
WRONG = "User or password is wrong."


@contextmanager
def open_desk(qtbot: Any, session: SessionInfo | None = NOBODY, **options: Any) -> Iterator[Desk]:
    """A window with two accounts: Ana operates everywhere, Ben in Intake only."""
    with open_station(qtbot, **options) as desk:
        people = desk.client.people
        people.add("ana", name="Ana Silva", roles=OPERATOR, notice=NOTICE)
        people.add("ben", name="Ben Okoro", roles=["view"], by_area={"intake": OPERATOR}, notice=NOTICE)
        become(qtbot, desk, session)
        desk.window.activateWindow()
        yield desk


def become(qtbot: Any, desk: Desk, session: SessionInfo | None) -> None:
    desk.client.people.become(session)
    if session is not None:
        qtbot.waitUntil(lambda: desk.station.rights.session == session)


def ana(**more: Any) -> SessionInfo:
    return SessionInfo(**{"user": "ana", "name": "Ana Silva", "roles": OPERATOR, "accounts": True, **more})


def card_of(desk: Desk) -> PersonCard:
    return desk.window.overlays.person


def type_in(field: QLineEdit, words: str, *, enter: bool = True) -> None:
    QTest.keyClicks(field, words)
    if enter:
        QTest.keyClick(field, Qt.Key.Key_Return)


def command_buttons(desk: Desk, target: str = "intake/p1") -> list[FlatButton]:
    card = desk.window.desk.open(target, QRect(400, 344, 90, 36))
    assert card is not None
    return [button for row in card.commands.rows for button, _ in row.buttons]


def ask_to_stop(qtbot: Any, desk: Desk) -> list[FlatButton]:
    """The question whether to stop the pump is open; all buttons of its faceplate."""
    buttons = command_buttons(desk)
    stop = next(button for button in buttons if button.text() == "Stop")
    qtbot.waitUntil(stop.isEnabled)
    stop.click()
    assert desk.window.desk.cards[-1].commands.confirm is not None
    return buttons


# signing in


def test_cr_1_1_nobody_is_signed_in_at_first_and_all_is_shown(qtbot: Any) -> None:
    with open_desk(qtbot) as desk:
        button = desk.window.header.user
        assert (button.full_text, button.state) == ("Sign in", "view only")
        assert desk.window.mimic.is_complete
        assert desk.window.strip.model.rowCount() == 2
        buttons = command_buttons(desk)
        assert buttons
        assert all(not b.isEnabled() and b.toolTip() == "Sign in to operate." for b in buttons)


def test_cr_1_1_sign_in_with_keys_alone_gives_the_rights_of_this_person(qtbot: Any) -> None:
    with open_desk(qtbot) as desk:
        QTest.keyClick(desk.window, Qt.Key.Key_U, Qt.KeyboardModifier.ControlModifier)
        card = card_of(desk)
        assert card.isVisible()
        assert desk.window.focusWidget() is card.user
        type_in(card.user, "ana")
        assert desk.window.focusWidget() is card.password
        type_in(card.password, PASSWORD)
        qtbot.waitUntil(card.isHidden)
        qtbot.waitUntil(lambda: desk.window.header.user.full_text == "Ana Silva")
        assert desk.window.header.user.state == "supervisor"
        ask_to_stop(qtbot, desk)


def test_cr_1_10_the_password_is_masked_and_wiped_with_each_try(qtbot: Any) -> None:
    with open_desk(qtbot) as desk:
        desk.window.people.ask(Mode.SIGN_IN)
        card = card_of(desk)
        type_in(card.user, "ana")
        type_in(card.password, "not this one", enter=False)
        assert card.password.echoMode() is QLineEdit.EchoMode.Password
        assert "not" not in card.password.displayText()
        QTest.keyClick(card.password, Qt.Key.Key_Return)
        assert card.password.text() == ""
        qtbot.waitUntil(lambda: WRONG in card.problem.full_text)
        QTest.keyClick(card.password, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert card.password.text() == ""
        assert card.user.text() == "ana"
        assert desk.window.focusWidget() is card.password


def test_cr_1_10_a_wrong_user_and_a_wrong_password_are_told_in_the_same_words(qtbot: Any) -> None:
    said = []
    for user in ("ana", "nobody"):
        with open_desk(qtbot) as desk:
            desk.window.people.ask(Mode.SIGN_IN)
            card = card_of(desk)
            type_in(card.user, user)
            type_in(card.password, "not this one")
            qtbot.waitUntil(lambda card=card: WRONG in card.problem.full_text)
            said.append(card.problem.full_text)
    assert said[0] == said[1]


def test_cr_1_10_the_wait_after_a_wrong_password_counts_down_and_takes_no_try(
    qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [10 * NS_PER_S]
    monkeypatch.setattr(card_module, "monotonic_ns", lambda: now[0])
    with open_desk(qtbot) as desk:
        desk.window.people.ask(Mode.SIGN_IN)
        card, asked = card_of(desk), desk.client.people.asked
        type_in(card.user, "ana")
        type_in(card.password, "not this one")
        qtbot.waitUntil(lambda: card.problem.full_text == f"{WRONG} The next try in 1 s.")
        assert not card.agree.isEnabled()
        type_in(card.password, PASSWORD)
        assert asked.count("sign_in ana") == 1
        now[0] += 2 * NS_PER_S
        qtbot.waitUntil(card.agree.isEnabled)
        assert card.problem.full_text == WRONG
        QTest.keyClick(card.password, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: desk.station.rights.session.user == "ana")


def test_cr_1_10_caps_lock_is_told(qtbot: Any) -> None:
    with open_desk(qtbot) as desk:
        desk.window.people.ask(Mode.SIGN_IN)
        card = card_of(desk)
        QTest.keyClicks(card.password, "A")  # a large letter without Shift
        assert card.caps.full_text == "Caps lock seems to be on."
        QTest.keyClicks(card.password, "a")
        assert card.caps.isHidden()
        QTest.keyClicks(card.password, "A", Qt.KeyboardModifier.ShiftModifier)
        assert card.caps.isHidden()


def test_cr_1_10_a_password_that_must_change_is_asked_for_twice(qtbot: Any) -> None:
    with open_desk(qtbot) as desk:
        desk.client.people.must_change.add("ana")
        desk.window.people.ask(Mode.SIGN_IN)
        card = card_of(desk)
        assert card.new.isHidden()
        type_in(card.user, "ana")
        type_in(card.password, PASSWORD)
        qtbot.waitUntil(card.new.isVisible)
        assert "has to be changed" in card.problem.full_text
        type_in(card.password, PASSWORD)
        assert desk.window.focusWidget() is card.new
        type_in(card.new, "another good one")
        type_in(card.again, "another bad one")
        assert card.problem.full_text == "The new passwords are not the same."
        assert desk.station.rights.session.user == ""
        card.again.wipe()
        type_in(card.again, "another good one")
        qtbot.waitUntil(lambda: desk.station.rights.session.user == "ana")
        assert desk.client.people.passwords["ana"] == "another good one"
        assert (card.new.text(), card.again.text()) == ("", "")


def test_cr_1_12_the_notice_stands_before_the_sign_in(qtbot: Any) -> None:
    with open_desk(qtbot) as desk:
        desk.window.people.ask(Mode.SIGN_IN)
        card = card_of(desk)
        assert card.notice.isVisible()
        assert card.notice.full_text == NOTICE
        assert desk.client.people.asked == []


def test_where_nobody_has_an_account_the_sign_in_says_so(qtbot: Any) -> None:
    with open_desk(qtbot, SessionInfo(roles=["view"])) as desk:
        desk.window.header.user.click()
        panel = desk.window.overlays.people
        assert "There are no accounts yet" in panel.note.full_text
        assert [b for b in panel.buttons.values() if b.isVisible()] == []


def test_escape_gives_up_and_nothing_is_asked(qtbot: Any) -> None:
    with open_desk(qtbot) as desk:
        desk.window.people.ask(Mode.SIGN_IN)
        card = card_of(desk)
        type_in(card.user, "ana")
        type_in(card.password, PASSWORD, enter=False)
        QTest.keyClick(card.password, Qt.Key.Key_Escape)
        assert card.isHidden()
        assert card.password.text() == ""
        assert desk.client.people.asked == []


def test_viewing_and_silencing_go_on_behind_the_sign_in(qtbot: Any) -> None:
    with open_desk(qtbot) as desk:
        desk.window.people.ask(Mode.SIGN_IN)
        card, strip = card_of(desk), desk.window.strip
        below = QRect(strip.mapTo(desk.window, strip.rect().topLeft()), strip.size())
        assert not card.geometry().intersects(below)
        QTest.mouseClick(strip.silence, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: desk.client.alarm_book.silenced == [""])
        desk.client.raise_alarms(*alarms(), make_alarm("outlet/lt2.pv", 7, priority=1))
        qtbot.waitUntil(lambda: strip.model.rowCount() == 3)
        desk.client.tick({"intake/fic1.pv": good(55.0)})
        qtbot.waitUntil(lambda: desk.station.values["intake/fic1.pv"].value == 55.0)
        desk.window.open_display("outlet")
        assert desk.window.mimic.name == "outlet"
        assert card.isVisible()


# rights


def test_cr_1_1_rights_hold_by_area_and_the_reason_names_the_area(qtbot: Any) -> None:
    session = SessionInfo(user="ben", name="Ben", roles=["view"], by_area={"intake": OPERATOR}, accounts=True)
    with open_desk(qtbot, session) as desk:
        rights = desk.station.rights
        assert rights.may("operate", "intake")
        assert rights.may("operate", "intake/pumps")
        assert rights.why_not("operate", "intake") == ""
        assert not rights.may("operate", "outlet")
        assert rights.why_not("operate", "outlet") == "You have no right to operate in Outlet."
        assert rights.why_not("acknowledge", "outlet") == "You have no right to acknowledge in Outlet."
        assert not rights.may("operate")
        assert rights.why_not("out_of_service") == "You have no right to take alarms out of service."
        assert desk.window.header.user.state == "supervisor in Intake"
        rows = {row.area: row for row in desk.station.alarms.values()}
        assert desk.window.acts.may("ACK", rows["intake"])
        assert not desk.window.acts.may("ACK", rows["outlet"])


def test_the_area_above_gives_its_rights_to_those_below_it(qtbot: Any) -> None:
    by_area = {"site": OPERATOR, "outlet": ["view"]}
    with open_desk(qtbot, SessionInfo(user="cem", roles=["view"], by_area=by_area, accounts=True)) as desk:
        assert desk.station.rights.may("operate", "intake")
        assert not desk.station.rights.may("operate", "outlet")


@pytest.mark.parametrize(
    ("session", "words"),
    [
        (NOBODY, "Sign in to operate."),
        (ana(locked=True), "Locked: unlock to operate."),
        (ana(roles=["view", "acknowledge"]), "You have no right to operate."),
        (ana(roles=["view"], by_area={"outlet": OPERATOR}), "You have no right to operate in Intake."),
    ],
)
def test_rights_that_went_away_close_the_question_and_disable_at_once(
    qtbot: Any, session: SessionInfo, words: str
) -> None:
    with open_desk(qtbot, ana()) as desk:
        buttons = ask_to_stop(qtbot, desk)
        card = desk.window.desk.cards[-1]
        become(qtbot, desk, session)
        qtbot.waitUntil(lambda: card.commands.confirm is None)
        assert all(not button.isEnabled() and button.toolTip() == words for button in buttons)
        for button in buttons:
            button.click()
        qtbot.wait(20)
        assert desk.client.submitted == []


def test_an_open_question_does_not_pass_to_the_next_person(qtbot: Any) -> None:
    with open_desk(qtbot, ana()) as desk:
        ask_to_stop(qtbot, desk)
        card = desk.window.desk.cards[-1]
        assert card.commands.confirm is not None
        become(qtbot, desk, SessionInfo(user="eva", roles=[*OPERATOR, "engineer"], accounts=True))
        qtbot.waitUntil(lambda: card.commands.confirm is None)
        assert desk.client.submitted == []


def test_further_rights_leave_an_open_question_alone(qtbot: Any) -> None:
    with open_desk(qtbot, ana()) as desk:
        ask_to_stop(qtbot, desk)
        more = [*OPERATOR, "engineer"]
        become(qtbot, desk, ana(roles=more, elevated_roles=["engineer"], elevated_left_ms=900_000))
        assert desk.window.desk.cards[-1].commands.confirm is not None


def test_an_open_question_about_alarms_goes_with_the_rights(qtbot: Any) -> None:
    with open_desk(qtbot, ana()) as desk:
        row = next(row for row in desk.station.alarms.values() if row.area == "intake")
        desk.window.acts.do("SHELVE", [row])
        assert desk.window.acts.card is not None
        become(qtbot, desk, NOBODY)
        qtbot.waitUntil(lambda: desk.window.acts.card is None)


# locking


def locked(qtbot: Any, desk: Desk) -> None:
    desk.client.people.session = ana()
    desk.client.people.lock(True)
    qtbot.waitUntil(lambda: desk.station.rights.session.locked)


def test_row_44_a_locked_station_shows_lists_sounds_and_silences_and_commands_nothing(qtbot: Any) -> None:
    with open_desk(qtbot, ana()) as desk:
        window, buttons = desk.window, command_buttons(desk)
        locked(qtbot, desk)
        assert window.lock_bar.isVisible()
        assert window.lock_bar.text.full_text == "Locked – Ana Silva"
        assert (window.header.user.full_text, window.header.user.state) == ("Ana Silva", "locked")
        assert all(not b.isEnabled() and b.toolTip() == "Locked: unlock to operate." for b in buttons)
        assert window.mimic.isVisible()
        desk.client.raise_alarms(*alarms(), make_alarm("outlet/lt2.pv", 7, priority=1))
        qtbot.waitUntil(lambda: window.strip.model.rowCount() == 3)
        window.toggle_alarms()
        assert window.alarm_page.isVisible()
        assert window.alarm_page.model.rowCount() == 3
        said: list[list[str]] = []
        window.acts.refused.connect(said.append)
        window._ack_top()
        assert said[-1] == ["Locked: unlock to acknowledge."]
        window.strip.silence.click()
        qtbot.waitUntil(lambda: desk.client.alarm_book.silenced == [""])
        assert desk.client.submitted == []
        assert desk.client.acknowledged == []


def test_row_44_the_password_unlocks_and_all_is_as_before(qtbot: Any) -> None:
    with open_desk(qtbot, ana()) as desk:
        window = desk.window
        window.open_display("intake")
        locked(qtbot, desk)
        window.lock_bar.unlock.click()
        card = card_of(desk)
        assert card.user.isHidden()
        type_in(card.password, "not this one")
        qtbot.waitUntil(lambda: "The password is wrong." in card.problem.full_text)
        assert desk.station.rights.session.locked
        qtbot.waitUntil(card.agree.isEnabled)
        type_in(card.password, PASSWORD)
        qtbot.waitUntil(lambda: not desk.station.rights.session.locked)
        assert window.lock_bar.isHidden()
        assert window.mimic.name == "intake"


def test_cr_2_5_the_lock_key_locks_and_asks_for_the_password_when_locked(qtbot: Any) -> None:
    keys = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    with open_desk(qtbot, ana()) as desk:
        QTest.keyClick(desk.window, Qt.Key.Key_L, keys)
        qtbot.waitUntil(lambda: desk.station.rights.session.locked)
        QTest.keyClick(desk.window, Qt.Key.Key_L, keys)
        assert card_of(desk).isVisible()
        assert card_of(desk).mode is Mode.UNLOCK


def test_cr_2_5_the_last_minute_before_the_lock_counts_down_in_the_title_bar(
    qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [10 * NS_PER_S]
    monkeypatch.setattr(rights_module, "monotonic_ns", lambda: now[0])
    with open_desk(qtbot, ana(idle_left_ms=400_000)) as desk:
        button = desk.window.header.user
        assert button.state == "supervisor"
        now[0] += 355 * NS_PER_S
        desk.window.header.show_rights(desk.station.rights)
        assert button.state == "locks in 0:45"
        wide = button.width()
        now[0] += 1 * NS_PER_S
        desk.window.header.show_rights(desk.station.rights)
        assert button.state == "locks in 0:44"
        assert button.width() == wide


def test_cr_2_5_what_the_person_does_is_told_at_most_every_ten_seconds(
    qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100 * NS_PER_S]
    monkeypatch.setattr(presence, "monotonic_ns", lambda: now[0])
    with open_desk(qtbot, ana(idle_left_ms=600_000)) as desk:
        handle, people = desk.window.windowHandle(), desk.client.people
        desk.station._presence.watch(handle)

        def touches() -> int:
            return people.asked.count("touch")

        QTest.keyClick(handle, Qt.Key.Key_Shift)
        qtbot.waitUntil(lambda: touches() == 1)
        QTest.keyClick(handle, Qt.Key.Key_Shift)
        QTest.mouseMove(handle)
        now[0] += 9 * NS_PER_S
        QTest.keyClick(handle, Qt.Key.Key_Shift)
        now[0] += 2 * NS_PER_S
        QTest.mouseClick(handle, Qt.MouseButton.MiddleButton)
        qtbot.waitUntil(lambda: touches() == 2)


def test_cr_2_5_a_locked_station_and_one_without_a_person_tell_nothing(
    qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100 * NS_PER_S]
    monkeypatch.setattr(presence, "monotonic_ns", lambda: now[0])
    with open_desk(qtbot) as desk:
        handle = desk.window.windowHandle()
        desk.station._presence.watch(handle)
        for session in (NOBODY, ana(locked=True)):
            become(qtbot, desk, session)
            now[0] += 60 * NS_PER_S
            QTest.keyClick(handle, Qt.Key.Key_Shift)
        become(qtbot, desk, ana())
        now[0] += 60 * NS_PER_S
        QTest.keyClick(handle, Qt.Key.Key_Shift)
        qtbot.waitUntil(lambda: "touch" in desk.client.people.asked)
        assert desk.client.people.asked.count("touch") == 1


# taking over, elevating


def test_row_44_a_shift_change_loses_nothing_on_the_screen(qtbot: Any, tmp_path: Any) -> None:
    with open_fleet(qtbot, tmp_path) as all_:
        page, client, station = all_.fleet.hosts[0].page, all_.client, all_.station
        client.people.add("ana", name="Ana", roles=OPERATOR)
        client.people.add("ben", name="Ben", roles=OPERATOR)
        client.people.become(client.people.sessions["ana"])
        qtbot.waitUntil(lambda: station.rights.session.user == "ana")
        client.raise_alarms(*alarms(), make_alarm("outlet/lt2.pv", 7, state="SHLVD"))
        page.open_display("intake")
        page.desk.open("intake/p1", QRect(400, 344, 90, 36))
        page.open_trend(["intake/fic1.pv"])
        page.toggle_alarms()
        page.alarm_page.show_list("shelved")
        before = (page.mimic.name, page.strip.model.rowCount())
        page.people.ask(Mode.OTHER)
        card = page.overlays.person
        assert "Ana is signed out" in card.about.full_text
        type_in(card.user, "ben")
        type_in(card.password, PASSWORD)
        qtbot.waitUntil(lambda: station.rights.session.user == "ben" and all_.fleet.settings.is_read)
        qtbot.waitUntil(lambda: not all_.fleet.renewal.is_busy)
        after = all_.fleet.hosts[0].page
        assert after is page
        assert (page.mimic.name, page.strip.model.rowCount()) == before
        assert [one.content.name for one in page.desk.cards] == ["intake/p1"]
        assert [[pen.tag for pen in panel.pens] for panel in page.trends] == [["intake/fic1.pv"]]
        assert page.alarm_page.isVisible()
        assert page.alarm_page.list_name == "shelved"
        assert any(row.state == "UNACK" for row in station.alarms.values())
        assert "sign_out" not in client.people.asked


def test_elevated_rights_count_down_and_can_be_ended(qtbot: Any) -> None:
    with open_desk(qtbot, ana()) as desk:
        desk.client.people.add("eva", name="Eva", roles=[*OPERATOR, "engineer"])
        desk.window.people.open()
        panel, card = desk.window.overlays.people, card_of(desk)
        panel.buttons["elevate"].click()
        assert card.mode is Mode.ELEVATE
        card.spans.choose("1800")
        type_in(card.user, "eva")
        type_in(card.password, PASSWORD)
        qtbot.waitUntil(lambda: desk.station.rights.may("engineer"))
        assert "elevate eva 1800" in desk.client.people.asked
        assert desk.window.header.user.state in {"elevated 30:00", "elevated 29:59"}
        desk.window.people.open()
        assert "Elevated rights end in" in panel.state.full_text
        assert panel.buttons["elevate"].isHidden()
        panel.buttons["end"].click()
        qtbot.waitUntil(lambda: not desk.station.rights.may("engineer"))


def test_the_panel_says_who_where_and_which_rights_and_signs_out(qtbot: Any) -> None:
    session = ana(roles=["view", "acknowledge"], by_area={"intake": OPERATOR}, station="north")
    with open_desk(qtbot, session) as desk:
        desk.window.header.user.click()
        panel = desk.window.overlays.people
        assert panel.title.full_text == "Ana Silva"
        assert panel.account.full_text == "ana at the station north"
        assert panel.rows == [
            ("Everywhere", "Acknowledge, View"), ("Intake", "Tune, Operate, Acknowledge, View"),
        ]  # fmt: skip
        panel.buttons["sign_out"].click()
        qtbot.waitUntil(lambda: desk.window.header.user.full_text == "Sign in")
        assert "sign_out" in desk.client.people.asked


def test_another_password_is_asked_for_with_the_present_one(qtbot: Any) -> None:
    with open_desk(qtbot, ana()) as desk:
        desk.window.people.ask(Mode.PASSWORD)
        card = card_of(desk)
        type_in(card.password, PASSWORD)
        type_in(card.new, "another good one")
        type_in(card.again, "another good one")
        qtbot.waitUntil(card.isHidden)
        assert desk.client.people.passwords["ana"] == "another good one"


def test_the_demo_identity_is_told_as_one_of_the_simulator(qtbot: Any) -> None:
    with open_station(qtbot, mode="simulator") as desk:
        button = desk.window.header.user
        assert (button.full_text, button.state) == ("demo-operator", "simulator")
        button.click()
        panel = desk.window.overlays.people
        assert panel.note.full_text == (
            "demo-operator (simulator): this identity exists only in the simulator."
        )
        assert panel.buttons["sign_in"].isHidden()
        panel.close_panel()
        demo = msgspec.structs.replace(desk.station.rights.session, accounts=True)
        become(qtbot, desk, demo)
        button.click()
        assert panel.buttons["sign_in"].isVisible()


def test_a_runtime_of_before_sessions_is_understood_by_its_user_and_roles(qtbot: Any) -> None:
    with open_station(qtbot) as desk:
        status = desk.station.status
        assert status is not None
        old = msgspec.structs.replace(status, session=SessionInfo(), user="anonymous", roles=["view"])
        assert rights_module.session_of(old) == SessionInfo(roles=["view"])

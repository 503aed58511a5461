"""The page of accounts: who sees it, what it asks before a change, and that nothing typed stays (CR 1.3, 1.4)."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from shell_plant import Desk, open_station

from hmi.core.errors import CommunicationError
from hmi.core.openings import opening
from hmi.testing.accounts import make_account
from hmi.ui.accounts.page import AccountsPage
from hmi.ui.accounts.words import short_rights, state_words
from hmi.ui.shot_open import open_all

CONTROL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
LIND = make_account("k.lind", "Karin Lind", "view", "operate", by_area={"clearwell": ["view", "tune"]})
OLD = make_account("b.old", "Bo Old", "view", state="disabled")


def with_rights(desk: Desk, qtbot: Any) -> None:
    desk.client.roles = [*desk.client.roles, "security"]
    desk.station.ask_status()
    qtbot.waitUntil(lambda: desk.station.rights.may("security"))


@pytest.fixture
def desk(qtbot: Any) -> Any:
    with open_station(qtbot) as desk:
        with_rights(desk, qtbot)
        desk.client.account_book.replace_all(OLD, LIND)
        yield desk


def opened(desk: Desk, qtbot: Any) -> AccountsPage:
    """The page by its key, with what the runtime knows."""
    qtbot.keyClick(desk.window, Qt.Key.Key_U, CONTROL_SHIFT)
    page = desk.window.accounts
    qtbot.waitUntil(lambda: len(page.list.rows) == len(desk.client.account_book.accounts))
    return page


def acts(desk: Desk) -> list[Any]:
    return desk.client.account_book.acts


def test_cr_1_3_key_opens_and_active_accounts_stand_first(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot)
    assert page.isVisible()
    assert [row.user for row in page.list.rows] == ["k.lind", "b.old"]
    assert page.details.name.full_text == "Karin Lind"
    assert page.count.full_text == "1 active of 2"
    assert page.details.buttons["disable"].isVisible()
    assert not page.details.buttons["enable"].isVisible()
    assert not page.details.buttons["unlock"].isEnabled()
    qtbot.keyClick(desk.window, Qt.Key.Key_U, CONTROL_SHIFT)
    assert desk.window.stack.current is desk.window.mimic


def test_cr_2_1_who_has_no_right_sees_no_account_and_asks_for_none(qtbot: Any) -> None:
    with open_station(qtbot) as desk:
        desk.client.account_book.replace_all(LIND)
        desk.window.accounts.toggle()
        page = desk.window.accounts
        qtbot.wait(50)
        assert not page.list.rows
        assert "no right to manage accounts" in page.details.empty.full_text
        assert not page.add.isEnabled()
        assert "no right" in page.add.toolTip()
        page.ask_for("add")
        assert not page.is_asking


def test_cr_1_3_a_new_account_needs_a_name_and_twice_the_same_password(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot)
    page.add.click()
    card = page.card
    card.user.setText("e.new")
    card.name.setText("Eva New")
    card.first.setText("a long first password")
    card.second.setText("a long first passwort")
    card.roles["operate"].click()
    assert not card.yes.isEnabled()
    assert "differ" in card.yes.toolTip()
    card.second.setText("a long first password")
    card.yes.click()
    card.yes.click()  # a double click
    qtbot.waitUntil(lambda: not page.is_asking)
    assert acts(desk) == [("add", "e.new", ["operate"], "")]
    assert (card.first.text(), card.second.text(), card.user.text()) == ("", "", "")
    qtbot.waitUntil(lambda: "e.new" in [row.user for row in page.list.rows])


def test_cr_2_1_a_right_is_granted_in_an_area_and_security_only_everywhere(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot)
    page.details.buttons["grant"].click()
    card = page.card
    assert not card.yes.isEnabled()
    card.roles["security"].click()
    area = card.areas[0]
    card._take_area(area)
    assert not card.roles["security"].isChecked()
    assert not card.roles["security"].isEnabled()
    card.roles["tune"].click()
    card.yes.click()
    qtbot.waitUntil(lambda: not page.is_asking)
    assert acts(desk) == [("grant", "k.lind", ["tune"], area)]


def test_cr_1_3_a_refusal_is_said_and_what_was_written_stays(desk: Desk, qtbot: Any) -> None:
    desk.client.account_book.refusals["passwd"] = "the password is too short"
    page = opened(desk, qtbot)
    page.ask_for("passwd")
    for field in (page.card.first, page.card.second):
        field.setText("short")
    page.card.yes.click()
    qtbot.waitUntil(lambda: bool(page.card.problem.full_text))
    assert page.card.problem.full_text == "Not done: the password is too short"
    assert page.card.first.text() == "short"
    assert page.card.yes.isEnabled()
    qtbot.keyClick(page.card, Qt.Key.Key_Escape)
    assert not page.is_asking
    assert page.card.first.text() == ""


@pytest.mark.parametrize("how", ["page left", "right lost"])
def test_cr_1_10_no_password_stays_in_a_step_that_is_left(desk: Desk, qtbot: Any, how: str) -> None:
    page = opened(desk, qtbot)
    page.ask_for("passwd")
    page.card.first.setText("a secret")
    if how == "page left":
        page.toggle()
    else:
        desk.client.roles = ["view"]
        desk.station.ask_status()
        qtbot.waitUntil(lambda: not page.list.rows)
    assert not page.is_asking
    assert page.card.first.text() == ""
    assert acts(desk) == []


def test_disable_shows_what_follows_and_the_state_that_the_runtime_says(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot)
    page.details.buttons["disable"].click()
    assert page.card.question.full_text == "Disable the account of Karin Lind?"
    assert "signed out everywhere" in page.card.follows.full_text
    page.card.yes.click()
    qtbot.waitUntil(lambda: page.details.state.full_text == "Disabled")
    assert page.details.buttons["enable"].isVisible()


def test_the_panel_of_people_leads_to_the_page_only_for_who_may(desk: Desk, qtbot: Any) -> None:
    desk.client.people.add("s.chief", roles=["view", "security"], name="Sam Chief")
    desk.client.people.become(desk.client.people.sessions["s.chief"])
    desk.station.ask_status()
    qtbot.waitUntil(lambda: desk.station.rights.session.user == "s.chief")
    desk.window.people.open()
    button = desk.window.people.panel.buttons["accounts"]
    assert not button.isHidden()
    button.click()
    assert desk.window.stack.current is desk.window.accounts


def test_words_of_states_and_rights() -> None:
    title_of = {"clearwell": "Clearwell"}.__getitem__
    assert short_rights(LIND, title_of) == "Operate, View; Clearwell: Tune, View"
    assert (
        short_rights(make_account("a", "A", by_area={"clearwell": ["view"]}), title_of) == "Clearwell: View"
    )
    assert state_words(make_account("a", "A", "view", must_change=True)) == "Waits for the first password"
    assert state_words(make_account("a", "A", "view", locked_ms=65_000)) == "Locked for 1:05"
    assert state_words(OLD) == "Disabled"


def test_accounts_open_for_a_picture(desk: Desk) -> None:
    open_all(desk.window, [opening("accounts")])
    assert desk.window.accounts.isVisible()


def test_cr_1_10_another_person_finds_nothing_half_entered(desk: Desk, qtbot: Any) -> None:
    page = opened(desk, qtbot)
    page.ask_for("passwd")
    page.card.first.setText("a secret")
    desk.client.people.add("s.other", roles=["view", "security"], name="Sam Other")
    desk.client.people.become(desk.client.people.sessions["s.other"])
    desk.station.ask_status()
    qtbot.waitUntil(lambda: desk.station.rights.session.user == "s.other")
    assert not page.is_asking
    assert page.card.first.text() == ""
    assert page.list.rows, "the page itself stays: this person may see accounts too"


def test_a_lost_answer_is_unknown_and_the_list_is_asked_again(
    desk: Desk, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(desk, qtbot)

    async def done_but_lost(*_: Any, **__: Any) -> Any:
        desk.client.account_book.act("disable", "k.lind", "", "", [], "")
        raise CommunicationError("the runtime does not answer")

    monkeypatch.setattr(desk.client, "act_on_account", done_but_lost)
    said: list[str] = []
    page.said.connect(said.append)
    page.ask_for("disable")
    page.card.yes.click()
    qtbot.waitUntil(lambda: bool(said))
    assert said[0].startswith(
        "It is not known whether the account k.lind was changed: look before you repeat it."
    )
    assert not page.is_asking
    qtbot.waitUntil(lambda: page.details.state.full_text == "Disabled")

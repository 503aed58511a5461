"""The page of other settings of an alarm: how it is reached, what it asks, what it shows, and how a change is made."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("PySide6")

from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu
from shell_plant import Desk, alarms, open_station
from test_figures_page import opened

from hmi.client.what_if import AlarmSettings, Setting, Stretch, Strip, WhatIfResult
from hmi.core.clock import NS_PER_S
from hmi.testing.client import START_NS
from hmi.testing.people import PASSWORD
from hmi.ui.what_if.page import WhatIfPage
from hmi.ui.what_if.words import can_be_tried, length_text, shown_settings

pytestmark = pytest.mark.qt
A1 = "a1"
CELLS = {
    "limit": "80", "deadband": "0", "on_delay": "0", "off_delay": "0", "count": "0", "count_window": "0",
    "limits_when": "", "suppress_when": "", "hold": "0", "window": "0", "tolerance": "0", "expression": "",
    "enabled": "true",
}  # fmt: skip
SETTINGS = AlarmSettings(A1, "intake/fic1.pv", "High", "Raw flow high", "high", "m³/h", "r1", CELLS)


def at(minute: float) -> int:
    return START_NS - 86_400 * NS_PER_S + int(minute * 60 * NS_PER_S)


def a_result(**fields: Any) -> WhatIfResult:
    removed = [Stretch(at(60 + n), at(60 + n) + (20 - n) * NS_PER_S) for n in range(20)]
    kept = [Stretch(at(200), at(260), later_s=5.0), Stretch(at(300), at(301))]
    shares = [0.0] * 100 + [0.3, 0.6, 1.0, 0.2] * 20 + [0.0] * 300
    less = [0.0] * 140 + [0.5] * 10 + [0.0] * 330
    strip = Strip(at(0), 180 * NS_PER_S, shares, less, [0.0] * 400 + [1.0] * 40 + [0.0] * 40)
    usual: dict[str, Any] = {
        "alarm_id": A1, "tag": "intake/fic1.pv", "name": "High", "message": "Raw flow high", "unit": "m³/h",
        "start": at(0), "end": at(1440), "simulated": False, "revision": "r1",
        "settings": [Setting("deadband", "0", "0.5"), Setting("on_delay", "0", "5")],
        "was": 900, "proposed": 88, "kept": 88, "removed": 812, "merged": 0, "new": 0, "later": 80,
        "longest_removed_s": 20.0, "latest_s": 5.0, "was_s": 9_000.0, "proposed_s": 3_000.0, "unknown_s": 7_200.0,
        "recorded": 900, "coarse": False,
        "sentence": "Would have removed 812 of 900 alarms and hidden none that lasted over 20 s; those that are left "
        "come up to 5 s later.",
        "notes": ["Shelving, out of service and acknowledgements are not replayed."],
        "removed_list": removed, "kept_list": kept, "new_list": [], "strip": strip,
    }  # fmt: skip
    return WhatIfResult(**(usual | fields))


@pytest.fixture
def desk(qtbot: Any) -> Any:
    with open_station(qtbot) as desk:
        qtbot.waitUntil(lambda: desk.window.header.user.full_text == "demo-operator")
        desk.client.what_ifs.settings[A1] = SETTINGS
        desk.client.what_ifs.results[A1] = a_result()
        yield desk


def page_for(desk: Desk, qtbot: Any) -> WhatIfPage:
    page = desk.window.what_if
    page.open_for(A1)
    qtbot.waitUntil(lambda: page.form.settings is not None)
    return page


def replayed(desk: Desk, qtbot: Any) -> WhatIfPage:
    page = page_for(desk, qtbot)
    page.form.fields["deadband"].setText("0.5")
    page.form.fields["on_delay"].setText("5")
    page.form.replay.click()
    qtbot.waitUntil(lambda: page.result is not None)
    return page


def as_engineer(desk: Desk, qtbot: Any) -> None:
    desk.client.people.add("eve", name="Eve", roles=["view", "acknowledge", "operate", "engineer"])
    link = desk.window.station.link
    link.ask(lambda client: client.sign_in("eve", PASSWORD), owner=desk.window, done=lambda _: None)
    desk.window.station.ask_status()
    qtbot.waitUntil(lambda: desk.window.station.rights.may("engineer"))


def test_the_figures_lead_there_from_the_most_frequent_alarm(desk: Desk, qtbot: Any) -> None:
    figures, _ = opened(desk, qtbot)
    assert figures.top.try_it.isVisible()
    first = figures.top.list.rows.rows[0].alarm_id
    figures.top.try_it.click()
    page = desk.window.what_if
    assert desk.window.stack.currentWidget() is page
    assert page.alarm_id == first
    qtbot.waitUntil(lambda: page.form.problem.full_text != "")
    assert page.form.problem.full_text == f"the plant defines no alarm with the id {first}"
    assert not page.form.replay.isEnabled()
    qtbot.keyClick(desk.window, Qt.Key.Key_Escape)
    assert desk.window.stack.currentWidget() is desk.window.mimic


def test_the_menu_of_an_alarm_leads_there(desk: Desk, qtbot: Any) -> None:
    row = replace(alarms()[0], alarm_id=A1)
    desk.window.menus.open_for_alarm(row, desk.window.rect().center())
    menu = desk.window.findChildren(QMenu)[-1]
    action = next(one for one in menu.findChildren(QAction) if one.text() == "What if …")
    assert action.isEnabled()
    action.trigger()
    menu.close()
    page = desk.window.what_if
    qtbot.waitUntil(lambda: page.form.settings is not None)
    assert page.about.full_text == "intake/fic1.pv, Raw flow high"
    assert list(page.form.fields) == list(shown_settings(SETTINGS))
    assert can_be_tried(replace(row, kind="bad"))
    assert not can_be_tried(replace(row, kind="link"))
    assert not can_be_tried(replace(row, source="plc1"))


def test_what_is_typed_is_asked_with_the_time_and_the_answer_is_shown(desk: Desk, qtbot: Any) -> None:
    desk.client.what_ifs.steps = 3
    page = page_for(desk, qtbot)
    page.form.choose_days(7)
    page.form.fields["deadband"].setText("0.5")
    qtbot.keyClick(page.form.fields["deadband"], Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.form.done.full_text == "50 % replayed")
    assert not page.form.replay.isEnabled()
    qtbot.waitUntil(lambda: page.result is not None)
    asked = desk.client.what_ifs.asked
    assert len(asked) == 4
    assert len({(one.start, one.end) for one in asked}) == 1
    assert asked[0].changes == {"deadband": "0.5"}
    assert asked[0].end - asked[0].start == 7 * 86_400 * NS_PER_S
    assert page.results.sentence.full_text.startswith("Would have removed 812 of 900 alarms")
    assert [one.number.full_text for one in page.results.numbers] == [
        "900", "88", "812", "0", "0", "20 s", "5 s later", "2 h → 50 min",
    ]  # fmt: skip
    assert page.results.lists.buttons["removed"].text() == "Removed 812, 20 shown"
    assert page.results.lists.lists["removed"].rows.texts(0)[1] == "lasted 20 s"
    assert page.results.lists.lists["kept"].rows.texts(0)[1] == "lasted 60 min, comes 5 s later"
    assert page.results.coarse.isHidden()


def test_a_history_that_is_too_coarse_is_told_before_the_numbers(desk: Desk, qtbot: Any) -> None:
    desk.client.what_ifs.results[A1] = a_result(
        coarse=True, notes=["The journal has 40, the replay finds 2."]
    )
    page = replayed(desk, qtbot)
    assert page.results.coarse.isVisible()
    assert page.results.notes.full_text == "The journal has 40, the replay finds 2."


def test_nothing_typed_asks_nothing(desk: Desk, qtbot: Any) -> None:
    page = page_for(desk, qtbot)
    page.form.fields["limit"].setText("80")  # as it is
    page.form.replay.click()
    assert page.form.problem.full_text == "Type another value for at least one setting."
    assert desk.client.what_ifs.asked == []


def test_an_answer_to_what_is_not_typed_any_more_goes_away(desk: Desk, qtbot: Any) -> None:
    page = replayed(desk, qtbot)
    qtbot.keyClicks(page.form.fields["limit"], "9")
    assert page.result is None
    assert page.results.waiting.isVisible()


def test_a_replay_is_given_up_by_cancel_and_by_leaving(desk: Desk, qtbot: Any) -> None:
    desk.client.what_ifs.steps = 10**6
    page = page_for(desk, qtbot)
    page.form.fields["deadband"].setText("0.5")
    for end in (page.form.cancel.click, page.toggle):
        page.form.replay.click()
        qtbot.waitUntil(lambda: len(desk.client.what_ifs.asked) > 2)
        end()
        asked = len(desk.client.what_ifs.asked)
        qtbot.wait(300)
        assert len(desk.client.what_ifs.asked) <= asked + 1
        desk.client.what_ifs.asked.clear()
    page.toggle()
    assert page.form.replay.isEnabled()


def test_a_question_that_cannot_be_answered_says_why(desk: Desk, qtbot: Any) -> None:
    page = page_for(desk, qtbot)
    del desk.client.what_ifs.results[A1]
    page.form.fields["deadband"].setText("0.5")
    page.form.replay.click()
    qtbot.waitUntil(lambda: page.form.problem.full_text != "")
    assert page.form.problem.full_text == "the replay was given up for others; ask again"
    assert page.form.replay.isEnabled()


def test_an_operator_may_look_and_not_apply(desk: Desk, qtbot: Any) -> None:
    page = replayed(desk, qtbot)
    assert not page.results.apply.isEnabled()
    assert page.results.apply.accessibleDescription() == "You have no right to change settings of alarms."


def test_a_change_needs_a_reason_and_is_made_once(desk: Desk, qtbot: Any) -> None:
    page = replayed(desk, qtbot)
    as_engineer(desk, qtbot)
    qtbot.waitUntil(page.results.apply.isEnabled)
    page.results.apply.click()
    card = page.card
    assert page.is_asking
    assert card.changes.full_text == "Deadband: 0 m³/h → 0.5 m³/h\nOn-delay: 0 s → 5 s"
    assert not card.yes.isEnabled()
    card.reason.setText("chatters at night")
    said: list[str] = []
    page.said.connect(said.append)
    card.yes.click()
    card.yes.click()
    qtbot.waitUntil(lambda: bool(said))
    edits = desk.client.what_ifs.edits
    assert [(one.changes, one.reason, one.revision) for one in edits] == [
        ({"deadband": "0.5", "on_delay": "5"}, "chatters at night", "r1")
    ]
    qtbot.waitUntil(lambda: page.form.settings is not None and page.form.settings.cells["deadband"] == "0.5")
    assert page.result is None
    assert page.form.changes == {}


def test_a_refused_change_says_why_and_keeps_the_reason(desk: Desk, qtbot: Any) -> None:
    desk.client.what_ifs.refusals = [
        "the plant folder was changed at this moment by somebody else; look again"
    ]
    page = replayed(desk, qtbot)
    as_engineer(desk, qtbot)
    qtbot.waitUntil(page.results.apply.isEnabled)
    page.results.apply.click()
    page.card.reason.setText("chatters")
    qtbot.keyClick(page.card.reason, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.card.problem.full_text != "")
    assert page.card.problem.full_text.startswith("Not changed: the plant folder was changed")
    assert page.card.reason.text() == "chatters"
    qtbot.keyClick(page.card.reason, Qt.Key.Key_Escape)
    assert not page.is_asking
    assert page.isVisible()


def test_another_plant_revision_asks_for_another_replay(desk: Desk, qtbot: Any) -> None:
    page = replayed(desk, qtbot)
    as_engineer(desk, qtbot)
    qtbot.waitUntil(page.results.apply.isEnabled)
    desk.client.what_ifs.settings[A1] = replace(SETTINGS, revision="r2")
    desk.window.station.plantLoaded.emit()
    qtbot.waitUntil(lambda: not page.results.apply.isEnabled())
    assert page.results.apply.accessibleDescription() == "The plant was changed since; replay once more."
    assert page.form.fields["deadband"].text() == "0.5"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0.4 s"), (9, "9 s"), (20, "20 s"), (600, "10 min"), (18_000, "5 h"), (259_200, "3 d")],
)
def test_lengths_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert length_text(seconds) == words

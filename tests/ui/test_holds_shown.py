"""Holds at the station: control tags, manual values, bypasses and control of areas, on every place that shows them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

pytest.importorskip("PySide6")

from faceplate_plant import LOOP, PUMP, at, open_faceplates, opened
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu
from shell_plant import Desk, open_station, plant

from hmi.client.people import HoldRequest, SessionInfo
from hmi.client.why import Why, WhyHop
from hmi.core.clock import NS_PER_S
from hmi.core.errors import CommunicationError
from hmi.core.holds import AreaControl, Bypass, ControlTag, Holds, Override, TagKind
from hmi.testing.client import START_NS
from hmi.ui.holds.beneath import OLD_NS
from hmi.ui.holds.cards import BypassCard, EndCard, TagCard, ValueCard
from hmi.ui.holds.words import NO_LOCK_OUT
from hmi.ui.points.badge import PointsBadge
from hmi.ui.theme import Theme

pytestmark = pytest.mark.qt
LEFT = Qt.MouseButton.LeftButton
HOUR = 3600 * NS_PER_S
PV, START = f"{LOOP}.pv", f"{PUMP}.start"
LOCK = "Wet well level is too low"
ENTERED = 0x40910000  # Uncertain, a substitute value
DO_NOT = ControlTag(
    "h1", "i_0", TagKind.DO_NOT_OPERATE, "Bearing change", "anna", START_NS, "Anna Berg", "W-12"
)
CAUTION = ControlTag(
    "h2", "i_0", TagKind.CAUTION, "Vibration", "bo", START_NS, "Bo Lind", "", START_NS + HOUR
)
MANUAL = Override(f"t_{PV}", 1200.0, "calibration", "anna", START_NS, "Anna Berg", START_NS + 2 * HOUR)
BYPASS = Bypass("b1", f"t_{START}", LOCK, "switch stuck", "anna", START_NS, START_NS + HOUR, "Anna Berg")
SUPERVISOR = SessionInfo(
    user="anna", name="Anna Berg", roles=["view", "acknowledge", "operate", "tune"], accounts=True
)


def hold(qtbot: Any, desk: Desk, **held: tuple[Any, ...]) -> None:
    """The runtime tells these holds."""
    desk.client.people.holds = Holds(**held)
    desk.client._tell("holds", desk.client.people.holds)
    qtbot.waitUntil(lambda: desk.station.holds.holds == desk.client.people.holds)


@contextmanager
def supervised(qtbot: Any, **more: Any) -> Iterator[Desk]:
    with open_faceplates(qtbot, **more) as desk:
        desk.client.people.become(SUPERVISOR)
        desk.station.ask_status()
        qtbot.waitUntil(lambda: desk.station.rights.session.user == "anna")
        yield desk


def asked(qtbot: Any, desk: Desk, act: str) -> HoldRequest:
    """The one request of an act."""
    requests = desk.client.people.requests
    qtbot.waitUntil(lambda: any(one.act == act for one in requests))
    (found,) = [one for one in requests if one.act == act]
    return found


def source_says(desk: Desk, value: Any, quality: str = "Good") -> None:
    facts = {"source_value": value, "source_quality": quality}
    hop = WhyHop("entered", "uncertain", "Overridden", facts=facts)
    desk.client.whys[PV, True] = Why(
        f"t_{PV}", PV, "", "m³/h", 1200.0, ENTERED, 0, 0, True, 0, "r1", "", [hop]
    )


# control tags


def test_cm_10_a_tag_is_placed_with_kind_reason_order_and_time_and_said_to_be_no_lock_out(qtbot: Any) -> None:
    with supervised(qtbot) as desk:
        card = opened(qtbot, desk, PUMP)
        card.body.held.place.click()
        question = desk.window.holds.acts.card
        assert isinstance(question, TagCard)
        assert NO_LOCK_OUT in [text.text() for text in question.findChildren(type(question.why))]
        assert question.agree.toolTip() == "Choose a kind."
        question.kinds.buttons["do-not-operate"].click()
        assert question.agree.toolTip() == "Write a reason first."
        question.reason.setText("Bearing change")
        question.order.setText("W-12")
        question.span.choice.buttons["own"].click()
        assert question.agree.toolTip() == "Type for how many hours."
        question.span.field.setText("12")
        QTest.mouseClick(question.agree, LEFT)
        request = asked(qtbot, desk, "place_tag")
        assert (request.object_id, request.kind) == ("i_0", "do-not-operate")
        assert (request.reason, request.work_order, request.seconds) == ("Bearing change", "W-12", 12 * 3600)
        qtbot.waitUntil(lambda: bool(card.body.held.texts))
        assert card.body.held.texts[0].startswith("Do not operate: Bearing change, work order W-12, anna")
        assert not card.body.held.lock_out.isHidden()


def test_cm_10_a_tag_is_listed_with_all_about_it_and_removed_with_a_reason(qtbot: Any) -> None:
    with supervised(qtbot) as desk:
        card = opened(qtbot, desk, PUMP)
        hold(qtbot, desk, tags=(CAUTION, DO_NOT))
        card.refresh()
        first, second = card.body.held.texts
        assert first == "Do not operate: Bearing change, work order W-12, Anna Berg, since 11:06"
        assert second == "Caution: Vibration, Bo Lind, since 11:06, until 12:06"
        assert "Do not operate: Bearing change (Anna Berg)" in card.commands.why.full_text
        desk.window.holds.acts.remove_tag(DO_NOT, PUMP)
        question = desk.window.holds.acts.card
        assert isinstance(question, EndCard)
        assert not question.agree.isEnabled()
        question.reason.setText("done")
        question.agree.click()
        request = asked(qtbot, desk, "remove_tag")
        assert (request.hold_id, request.reason) == ("h1", "done")
        qtbot.waitUntil(lambda: desk.station.holds.holds.tags == (CAUTION,))


def test_cm_10_every_element_of_the_object_has_the_mark_and_tells_the_words(qtbot: Any) -> None:
    with open_faceplates(qtbot) as desk:
        view = desk.window.mimic.view
        desk.window.open_display("unit")
        qtbot.waitUntil(lambda: view.scene is not None and view.scene.display.title == "Unit")
        qtbot.waitUntil(lambda: desk.window.mimic.is_settled and view.is_current and view.is_grown)
        middle = view._on_widget(view._element_box(0))
        spot = QRect(middle.left() - 10, middle.center().y() - 4, 8, 8)
        before = view.grab(spot).toImage()
        hold(qtbot, desk, tags=(_on(CAUTION, "i_2"),))
        scene = view.scene
        assert scene is not None
        assert [scene.elements[i].id for i in view._held] == ["e_0"]
        assert view._held[0][0] is TagKind.CAUTION
        told = view.tooltip(0)
        assert told.startswith("Caution: Vibration, Bo Lind, since")
        assert NO_LOCK_OUT in told
        qtbot.waitUntil(lambda: view.grab(spot).toImage() != before)
        hold(qtbot, desk)
        qtbot.waitUntil(lambda: view.grab(spot).toImage() == before)


def test_cm_10_the_mark_goes_with_the_object_to_every_display(qtbot: Any) -> None:
    with open_faceplates(qtbot) as desk:
        view = desk.window.mimic.view
        hold(qtbot, desk, tags=(_on(CAUTION, "i_2"), _on(DO_NOT, "i_3")))
        qtbot.waitUntil(lambda: bool(view._held))
        assert view._held[0][0] is TagKind.DO_NOT_OPERATE  # the tank, on the overview
        desk.window.open_display("unit")
        assert view._held[0][0] is TagKind.CAUTION


def test_cm_10_who_may_not_operate_sees_the_tags_and_why_none_can_be_placed(qtbot: Any) -> None:
    with open_faceplates(qtbot) as desk:
        desk.client.people.become(SessionInfo(accounts=True, roles=["view"]))
        desk.station.ask_status()
        qtbot.waitUntil(lambda: not desk.station.rights.session.user)
        card = opened(qtbot, desk, PUMP)
        hold(qtbot, desk, tags=(DO_NOT,))
        card.refresh()
        assert not card.body.held.place.isEnabled()
        assert card.body.held.place.toolTip() == "Sign in to operate."
        assert len(card.body.held.texts) == 1


# manual values


def test_cm_11_a_manual_value_is_read_like_a_command_and_sent_once(qtbot: Any) -> None:
    with supervised(qtbot) as desk:
        card = opened(qtbot, desk, LOOP)
        card.body.menuAsked.emit(PV, QPoint(300, 300))
        menu = desk.window.findChildren(QMenu)[-1]
        menu.hide()
        next(one for one in menu.actions() if one.text() == "Manual value…").trigger()
        question = desk.window.holds.acts.card
        assert isinstance(question, ValueCard)
        assert question.source.full_text.startswith("Source: 1\u00a0248 m³/h, Good")
        for typed, problem in (
            ("1,234", "Is that 1234 or 1.234?"),
            ("3000", "Not above 2000 m³/h."),
            ("x", "This is"),
        ):
            question.value.setText(typed)
            assert question.agree.toolTip().startswith(problem)
        question.value.setText("1200")
        assert question.read_back.full_text == "1 200 m³/h"
        assert question.agree.toolTip() == "Write a reason first."
        question.reason.setText("calibration")
        question.span.choice.buttons["14400"].click()
        question.agree.click()
        question.agree.click()
        request = asked(qtbot, desk, "override")
        assert (request.object_id, request.value, request.reason) == (f"t_{PV}", 1200.0, "calibration")
        assert (request.seconds, request.heartbeat) == (14_400, desk.station.heartbeat(PV))


def test_cm_11_a_manual_value_shows_what_its_source_says_and_until_when(qtbot: Any) -> None:
    with supervised(qtbot, changed={PV: at(1200.0, ENTERED)}) as desk:
        source_says(desk, 1251.0)
        hold(qtbot, desk, overrides=(MANUAL,))
        card = opened(qtbot, desk, LOOP)
        note = "source: 1\u00a0251 m³/h, manual until 13:06, Anna Berg"
        qtbot.waitUntil(lambda: (card.refresh(), card.values[PV].shown[2])[1] == note)
        assert "entered by hand" in card.values[PV].shown[1]
        (told,) = card.body.held.texts
        assert told == f"M  pv 1\u00a0200 m³/h, {note}: calibration"


def test_cm_11_an_old_answer_of_the_source_is_never_shown(qtbot: Any, monkeypatch: Any) -> None:
    with supervised(qtbot, changed={PV: at(1200.0, ENTERED)}) as desk:
        source_says(desk, 1251.0)
        beneath, now = desk.station.beneath, [10**12]
        monkeypatch.setattr("hmi.ui.holds.beneath.monotonic_ns", lambda: now[0])
        beneath.want(desk.window, (PV,))
        qtbot.waitUntil(lambda: beneath.words(PV) == "1\u00a0251 m³/h")
        now[0] += OLD_NS
        assert beneath.words(PV) == "not known"
        source_says(desk, None, "Bad no communication")
        beneath.want(desk.window, (PV, PV))
        qtbot.waitUntil(lambda: beneath.words(PV) == "Bad no communication")
        beneath.want(desk.window, ())


def test_cm_11_the_points_page_lists_manual_values_and_bypasses_and_ends_them(qtbot: Any) -> None:
    with supervised(qtbot, changed={PV: at(1200.0, ENTERED)}) as desk:
        source_says(desk, 1251.0)
        hold(qtbot, desk, overrides=(MANUAL,), bypasses=(BYPASS,))
        page = desk.window.points_page
        desk.window.toggle_points()
        held = page.held
        qtbot.waitUntil(lambda: len(held.model.rows) == 2 and held.isVisible())
        page.states.buttons["manual"].click()
        assert [type(row) for row in held.model.rows] == [Override]
        qtbot.waitUntil(lambda: held.model.cells(0)[2] == "source: 1\u00a0251 m³/h")
        cells = held.model.cells(0)
        assert (cells[0], *cells[3:]) == (PV, "calibration", "Anna Berg", "until 13:06")
        qtbot.waitUntil(lambda: held.model.cells(0)[1] == "M  1\u00a0200 m³/h")
        page.states.buttons["bypassed"].click()
        assert held.model.cells(0) == (START, LOCK, "bypassed", "switch stuck", "Anna Berg", "until 12:06")
        page.states.buttons["manual"].click()
        held.end.click()
        question = desk.window.holds.acts.card
        assert isinstance(question, EndCard)
        question.reason.setText("calibrated")
        question.agree.click()
        request = asked(qtbot, desk, "end_override")
        assert (request.object_id, request.reason) == (f"t_{PV}", "calibrated")
        qtbot.waitUntil(lambda: not held.isVisible())


def test_cm_11_a_tag_that_people_enter_needs_no_reason_and_has_no_source(qtbot: Any) -> None:
    with supervised(qtbot) as desk:
        info = msgspec.structs.replace(desk.station.catalogue.tags[PV], manual=True)
        desk.window.holds.acts.override(info)
        question = desk.window.holds.acts.card
        assert isinstance(question, ValueCard)
        question.value.setText("7.2")
        assert question.agree.isEnabled()
        question.agree.click()
        request = asked(qtbot, desk, "override")
        assert (request.value, request.seconds) == (7.2, 0)


# bypasses


def test_cm_11_a_bypass_takes_reason_time_and_a_signature_to_exactly_this(qtbot: Any) -> None:
    with supervised(qtbot) as desk:
        desk.client.people.add("anna", name="Anna Berg", roles=SUPERVISOR.roles)
        card = opened(qtbot, desk, PUMP)
        line = next(one for _, one in card.body.lines if one.condition == LOCK)
        line.button.click()
        question = desk.window.holds.acts.card
        assert isinstance(question, BypassCard)
        question.reason.setText("switch stuck")
        assert question.agree.toolTip() == "Sign first."
        question.sign.password.setText("wrong")
        question.sign.button.click()
        assert question.sign.password.text() == ""
        qtbot.waitUntil(lambda: question.sign.told.full_text == "User or password is wrong.")
        question.sign.password.setText(desk.client.people.passwords["anna"])
        question.sign.button.click()
        qtbot.waitUntil(question.agree.isEnabled)
        question.agree.click()
        request = asked(qtbot, desk, "bypass")
        ((number, signature),) = desk.client.people.signatures.items()
        assert request.signatures == [number]
        assert signature["command_id"] == request.id
        assert (signature["object_id"], signature["value"]) == (f"t_{START}", LOCK)
        assert (request.condition, request.reason, request.seconds) == (LOCK, "switch stuck", 8 * 3600)
        qtbot.waitUntil(lambda: (card.refresh(), line.texts)[1] != [])
        assert line.texts[0].startswith("bypassed until 19:06 by ")
        assert not line.button.isEnabled()


def test_cm_11_bypasses_are_counted_in_the_title_bar_and_the_condition_keeps_its_truth(qtbot: Any) -> None:
    with supervised(qtbot, changed={f"{PUMP}.interlock": at(True)}) as desk:
        badge = desk.window.header.points
        assert badge.isHidden()
        card = opened(qtbot, desk, PUMP)
        hold(qtbot, desk, bypasses=(BYPASS,))
        assert badge.words == "1 bypassed"
        assert "bypassed conditions: 1" in badge.accessibleName()
        card.refresh()
        row, line = next(pair for pair in card.body.lines if pair[1].condition == LOCK)
        assert row.shown == f"✗ active {LOCK}"
        assert line.texts == ["bypassed until 12:06 by Anna Berg: switch stuck"]
        hold(qtbot, desk)
        assert badge.isHidden()
        card.refresh()
        assert line.texts == []


def test_cm_11_without_the_right_of_a_supervisor_no_bypass_can_be_asked_for(qtbot: Any) -> None:
    with open_faceplates(qtbot) as desk:
        session = msgspec.structs.replace(SUPERVISOR, roles=["view", "operate"])
        desk.client.people.become(session)
        desk.station.ask_status()
        qtbot.waitUntil(lambda: desk.station.rights.session.user == "anna")
        card = opened(qtbot, desk, PUMP)
        _, line = card.body.lines[0]
        assert line.button.toolTip() == "You have no right to tune."


def test_cm_11_the_badge_tells_points_and_bypasses_apart(qtbot: Any) -> None:
    badge = PointsBadge(Theme.load("light"))
    badge.set_counts({"forced": 3, "manual": 2, "bypassed": 2})
    assert badge.words == "F 3 +2  2 bypassed"
    badge.set_counts({"bypassed": 0})
    assert badge.words == ""


# control of areas


def control(station: str = "station 2", **more: Any) -> AreaControl:
    return AreaControl("u", station, "bo", START_NS, "Bo Lind", **more)


def test_cm_16_nothing_of_it_is_in_view_before_somebody_claims(qtbot: Any) -> None:
    with supervised(qtbot) as desk:
        bar = desk.window.holds.bar
        desk.window.open_display("unit")
        assert bar.isHidden()
        desk.window.holds.acts.claim("u")
        asked(qtbot, desk, "claim_area")
        qtbot.waitUntil(bar.isVisible)
        assert bar.text.full_text == "This station controls Unit (anna at local)."
        bar.buttons[0].click()
        asked(qtbot, desk, "release_area")
        qtbot.waitUntil(bar.isHidden)


def test_cm_16_commands_of_an_area_held_elsewhere_are_disabled_with_the_reason(qtbot: Any) -> None:
    with supervised(qtbot) as desk:
        desk.window.open_display("unit")
        hold(qtbot, desk, areas=(control(),))
        bar = desk.window.holds.bar
        assert bar.text.full_text == "Unit is controlled by Bo Lind at station 2."
        card = opened(qtbot, desk, PUMP)
        assert card.commands.why.full_text == "Controlled by Bo Lind at station 2."
        bar.buttons[0].click()
        request = asked(qtbot, desk, "claim_area")
        assert (request.area, request.force) == ("u", False)
        qtbot.waitUntil(lambda: "has asked for it" in bar.text.full_text)
        assert not bar.buttons[0].isEnabled()


def test_cm_16_a_supervisor_takes_it_with_a_reason_nobody_else_can(qtbot: Any) -> None:
    with supervised(qtbot) as desk:
        desk.window.open_display("unit")
        hold(qtbot, desk, areas=(control(),))
        desk.window.holds.bar.buttons[1].click()
        question = desk.window.holds.acts.card
        assert isinstance(question, EndCard)
        assert not question.agree.isEnabled()
        question.reason.setText("no answer")
        question.agree.click()
        request = asked(qtbot, desk, "claim_area")
        assert (request.force, request.reason) == (True, "no answer")
        desk.client.people.become(msgspec.structs.replace(SUPERVISOR, roles=["view", "operate"]))
        hold(qtbot, desk, areas=(control(),))
        buttons = desk.window.holds.bar
        qtbot.waitUntil(lambda: buttons.buttons[1].toolTip() == "You have no right to tune.")


@pytest.mark.parametrize(("key", "accept"), [(Qt.Key.Key_Y, True), (Qt.Key.Key_N, False)])
def test_cm_16_the_holder_is_asked_and_answers_with_a_key(qtbot: Any, key: Qt.Key, accept: bool) -> None:
    with supervised(qtbot) as desk:
        ours = AreaControl("u", "local", "anna", START_NS, "Anna Berg", "bo", "station 2", "Bo Lind")
        hold(qtbot, desk, areas=(ours,))
        bar = desk.window.holds.bar
        assert bar.isVisible()
        assert bar.text.full_text.startswith("Bo Lind at station 2 asks for control of Unit.")
        desk.window.activateWindow()
        QTest.keyClick(desk.window, key, Qt.KeyboardModifier.AltModifier)
        request = asked(qtbot, desk, "answer_claim")
        assert (request.area, request.accept) == ("u", accept)


def test_cm_16_where_the_plant_asks_for_it_nothing_is_commanded_before(qtbot: Any) -> None:
    info = msgspec.structs.replace(plant(), area_control=True)
    with open_station(qtbot, info=info) as desk:
        desk.window.open_display("intake")
        bar = desk.window.holds.bar
        qtbot.waitUntil(bar.isVisible)
        assert bar.text.full_text == "Nobody controls Intake: take control to command in it."
        qtbot.waitUntil(lambda: "intake/fic1.pv" in desk.station.values)
        assert desk.station.commands.why("intake/fic1.sp") == "Take control of the area first."


def test_cm_16_the_panel_of_areas_has_the_menu_of_each(qtbot: Any) -> None:
    with supervised(qtbot) as desk:
        panel = desk.window.overlays.areas
        desk.window.overlays.toggle(panel)
        row = next(n for n, one in enumerate(panel.model.rows) if one.node.key == "u")
        at_row = panel.list.visualRect(panel.model.index(row, 0)).center()
        panel.list.customContextMenuRequested.emit(at_row)
        menu = desk.window.findChildren(QMenu)[-1]
        menu.hide()
        (entry,) = menu.actions()
        assert entry.text() == "Take control of Unit"
        entry.trigger()
        asked(qtbot, desk, "claim_area")


# what they have in common


def test_what_the_runtime_refuses_is_said_in_its_words(qtbot: Any) -> None:
    with supervised(qtbot) as desk:
        desk.client.people.objections["claim_area"] = "the area is locked"
        desk.window.holds.acts.claim("u")
        qtbot.waitUntil(lambda: desk.window.notice.text.full_text == "Not done: the area is locked")


def test_no_answer_is_told_as_unknown_and_nothing_is_asked_again(qtbot: Any, monkeypatch: Any) -> None:
    with supervised(qtbot) as desk:
        calls: list[HoldRequest] = []

        async def lost(request: HoldRequest) -> Any:
            calls.append(request)
            raise CommunicationError("the link broke")

        monkeypatch.setattr(desk.client, "hold", lost)
        desk.window.holds.acts.claim("u")
        qtbot.waitUntil(lambda: "Not known whether it was done" in desk.window.notice.text.full_text)
        assert len(calls) == 1


def test_a_question_goes_when_the_rights_go(qtbot: Any) -> None:
    with supervised(qtbot) as desk:
        desk.window.holds.acts.place_tag(PUMP)
        assert desk.window.is_asking
        desk.client.people.become(SessionInfo(accounts=True, roles=["view"]))
        qtbot.waitUntil(lambda: desk.window.holds.acts.card is None)
        assert desk.client.people.requests == []


def test_nothing_is_asked_of_a_silent_runtime(qtbot: Any) -> None:
    with supervised(qtbot) as desk:
        desk.time.pass_s(60)
        desk.window.holds.acts.claim("u")
        assert desk.window.notice.text.full_text == "The runtime does not answer."
        assert desk.window.holds.acts.rights.why_no_tag(PUMP) == "The runtime does not answer."


def test_the_mark_of_a_closed_window_is_not_asked_for(qtbot: Any) -> None:
    with open_faceplates(qtbot) as desk:
        card = opened(qtbot, desk, LOOP, QRect(10, 10, 5, 5))
        card.close_card()
        hold(qtbot, desk, overrides=(MANUAL,))
        assert desk.station.beneath._wants == {}


def _on(tag: ControlTag, object_id: str) -> ControlTag:
    return ControlTag(
        f"{tag.id}_{object_id}", object_id, tag.kind, tag.reason, tag.owner, tag.time, tag.owner_name
    )

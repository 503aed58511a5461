"""The panel "Why this number?": from every value in one action, and the rest at once while a device is slow."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu
from shell_plant import Desk, open_station

from hmi.client.why import Why, WhyHop, WhyPart
from hmi.core.quality import BAD_NO_COMMUNICATION
from hmi.testing.client import START_NS
from hmi.ui.why.facts import hex_words

TAG, OTHER = "intake/fic1.pv", "intake/fic1.sp"


def answer(tag: str, *, fresh: bool, text: str = "Good and live: this is what plc1 says.") -> Why:
    place = {"connection": "plc1", "address": "1.10 HR"}
    if fresh:
        told = {
            **place,
            "unit": 1,
            "function": 3,
            "words": [0x1068, 0x4230],
            "asked_at": START_NS,
            "exception": 2,
        }
        hops = [
            WhyHop("device", "good", "The device answered in 3 ms.", facts=told),
            WhyHop(
                "decode", "good", "Read as float32 it is 42.", value=42.0, status=0, facts={"order": "CDAB"}
            ),
            WhyHop("scaling", "good", "No scaling.", value=42.0, status=0),
        ]
    else:
        hops = [
            WhyHop("device", "asking", "Asking the device …", facts=place),
            WhyHop("decode", "asking", "Waits …"),
        ]
    rows = [
        {"kind": "display", "name": "outlet", "text": "Outlet"},
        {"kind": "calculation", "name": OTHER, "text": f"'{TAG}' * 2"},
    ]
    alarms = [
        {"what": "alarm", "name": "High", "state": "UNACK", "priority": 2, "limit": 80.0, "unit": "m³/h"},
        {"what": "event", "name": "High", "event": "ALM", "time": START_NS, "actor": "system"},
    ]
    hops += [
        WhyHop("alarms", "uncertain", "1 of 1 alarms stand.", rows=alarms),
        WhyHop("used_by", "plain", "Used in 2 places.", rows=rows),
    ]
    return Why(
        f"t_{tag}", tag, "Raw flow", "m³/h", 42.0, 0, START_NS, START_NS, True, START_NS, "r1", text, hops
    )


def calculated() -> Why:
    parts = [
        WhyPart(f"'{TAG}'", 42.0, 0, START_NS, TAG),
        WhyPart("'x/y'", None, BAD_NO_COMMUNICATION, used=False),
    ]
    tree = WhyPart(f"'{TAG}' * 2", 84.0, 0, parts=parts)
    hop = WhyHop("expression", "good", "Calculated from 1 tags.", value=84.0, status=0, tree=tree)
    return Why(f"t_{OTHER}", OTHER, "", "", 84.0, 0, START_NS, START_NS, True, START_NS, "r1", "Good.", [hop])


@pytest.fixture
def desk(qtbot: Any) -> Any:
    with open_station(qtbot) as desk:
        for fresh in (False, True):
            desk.client.whys[TAG, not fresh] = answer(TAG, fresh=fresh)
            desk.client.whys[OTHER, not fresh] = calculated()
        yield desk
        desk.client.device_answers.set()


def panel_of(desk: Desk) -> Any:
    return desk.window.overlays.why


def texts(desk: Desk) -> list[str]:
    return [view.hop.text for view in panel_of(desk).hops]


def test_a_slow_device_is_asked_while_everything_else_is_there(desk: Desk, qtbot: Any) -> None:
    desk.client.device_answers.clear()
    desk.window.overlays.show_why(TAG)
    panel = panel_of(desk)
    qtbot.waitUntil(lambda: bool(panel.hops))
    assert [view.hop.state for view in panel.hops] == ["asking", "asking", "uncertain", "plain"]
    assert "being asked" in panel.when.full_text
    assert panel.value.full_text == "42.0 m³/h"
    desk.client.device_answers.set()
    qtbot.waitUntil(lambda: panel.hops[0].hop.state == "good")
    assert panel.verdict.full_text.startswith("Good and live")
    assert "being asked" not in panel.when.full_text


def test_a_runtime_that_does_not_answer_leaves_the_asked_hops_unknown(desk: Desk, qtbot: Any) -> None:
    del desk.client.whys[TAG, False]
    desk.window.overlays.show_why(TAG)
    panel = panel_of(desk)
    qtbot.waitUntil(lambda: bool(panel.hops) and panel.hops[0].hop.state == "unknown")
    assert panel.hops[0].hop.text.startswith("Not known: there is no tag")


def test_the_raw_words_and_the_answer_time_are_shown(desk: Desk, qtbot: Any) -> None:
    desk.window.overlays.show_why(TAG)
    panel = panel_of(desk)
    qtbot.waitUntil(lambda: bool(panel.hops) and panel.hops[0].hop.state == "good")
    shown = {label.accessibleName() for label in panel.hops[0].findChildren(type(panel.name))}
    assert "1068  4230   (4200, 16944)" in shown
    assert "03 read holding registers" in shown
    assert "1.10 HR" in shown


def _entry(window: Any) -> Any:
    """What asks why in the menu that was opened last."""
    menu = window.findChildren(QMenu)[-1]
    menu.hide()
    return next(action for action in menu.actions() if action.text() == "Why this number?").trigger


def test_it_is_one_action_from_faceplate_trend_legend_alarm_row_and_menu(desk: Desk, qtbot: Any) -> None:
    window, panel = desk.window, panel_of(desk)

    def opened(act: Any) -> None:
        panel.close_panel()
        act()
        qtbot.waitUntil(lambda: not panel.isHidden() and panel.tag == TAG)

    card = window.desk.open("intake/fic1", window.rect())
    assert card is not None
    card.values[TAG].customContextMenuRequested.emit(QPoint(3, 3))
    opened(_entry(window))
    card.setFocus()
    opened(lambda: qtbot.keyClick(window, Qt.Key.Key_W))
    window.open_trend([TAG])
    opened(lambda: window.trends[0].table.whyAsked.emit(TAG))
    table = window.strip.table
    table.setFocus()
    table.selectRow(next(n for n, row in enumerate(table.alarm_model.shown) if row.tag_name == TAG))
    opened(lambda: qtbot.keyClick(window, Qt.Key.Key_W))
    find = window.overlays.find
    window.overlays.toggle(find)
    find.field.setText("fic1.pv")
    qtbot.waitUntil(lambda: find.model.rowCount() > 0)
    row = next(n for n in range(find.model.rowCount()) if find._tag_of(find.model.entry(n)) == TAG)
    opened(
        lambda: find.list.customContextMenuRequested.emit(
            find.list.visualRect(find.model.index(row, 0)).center()
        )
    )
    assert find.isHidden()
    scene = window.mimic.view.scene
    window.menus.open_for_object(scene.elements[0].id, scene.target(0), QPoint(200, 200))
    opened(_entry(window))


def test_a_tag_of_the_calculation_leads_on_and_back_leads_back(desk: Desk, qtbot: Any) -> None:
    desk.window.overlays.show_why(OTHER)
    panel = panel_of(desk)
    qtbot.waitUntil(lambda: bool(panel.hops))
    panel.hops[0].tagChosen.emit(TAG)
    qtbot.waitUntil(lambda: panel.tag == TAG and bool(panel.hops))
    assert panel.back.isVisible()
    qtbot.keyClick(panel, Qt.Key.Key_Backspace)
    qtbot.waitUntil(lambda: panel.tag == OTHER and bool(panel.hops))


def test_a_display_that_uses_it_opens(desk: Desk, qtbot: Any) -> None:
    desk.window.overlays.show_why(TAG)
    panel = panel_of(desk)
    qtbot.waitUntil(lambda: len(panel.hops) == 5)
    panel.hops[-1].displayChosen.emit("outlet")
    qtbot.waitUntil(lambda: desk.window.mimic.name == "outlet")


def test_the_value_in_the_head_is_never_shown_as_live_when_it_is_old(desk: Desk, qtbot: Any) -> None:
    desk.window.overlays.show_why(TAG)
    panel = panel_of(desk)
    qtbot.waitUntil(lambda: bool(panel.hops))
    desk.time.pass_s(30)
    desk.station.judged.emit()
    assert "stale" in panel.quality.full_text


def test_escape_closes_it_and_the_strip_is_never_covered(desk: Desk, qtbot: Any) -> None:
    window, panel = desk.window, panel_of(desk)
    window.overlays.show_why(TAG)
    for size in ((1366, 768), (1920, 1080)):
        window.resize(*size)
        qtbot.wait(1)
        assert not panel.geometry().intersects(window.strip.geometry())
        assert not panel.geometry().intersects(window.header.geometry())
    qtbot.keyClick(panel, Qt.Key.Key_Escape)
    assert panel.isHidden()
    assert panel.tag not in desk.client.tags or TAG in window.mimic.view.scene.tags


def test_an_alarm_without_a_tag_opens_nothing(desk: Desk) -> None:
    desk.window.overlays.show_why("")
    assert panel_of(desk).isHidden()


def test_many_words_are_cut() -> None:
    assert hex_words(list(range(40))).endswith("…   (0, 1, 2, 3 …)")

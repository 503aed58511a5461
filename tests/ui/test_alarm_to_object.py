"""From an alarm row: to its display, to its faceplate and to its guidance, each in one action (standards 2.2)."""

from __future__ import annotations

import pytest

pytest.importorskip("PySide6")

import msgspec
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from shell_plant import Desk, open_station, plant

from hmi.testing.client import make_alarm
from hmi.ui.alarms.columns import Column
from hmi.ui.alarms.table import AlarmTable
from hmi.ui.mimic_page import MimicPage

pytestmark = pytest.mark.qt


def row_of(table: AlarmTable, tag: str) -> int:
    return next(n for n, row in enumerate(table.alarm_model.shown) if row.tag_name == tag)


def cell(table: AlarmTable, row: int, column: Column) -> QPoint:
    return table.visualRect(table.alarm_model.index(row, column)).center()


def ready(qtbot, desk: Desk) -> AlarmTable:  # type: ignore[no-untyped-def]
    qtbot.waitUntil(desk.window.travel.atlas.is_ready)
    qtbot.waitUntil(lambda: desk.window.strip.model.rowCount() == 2)
    return desk.window.strip.table


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_enter_on_a_row_shows_its_display_rings_the_object_and_opens_its_faceplate(
    qtbot, key: Qt.Key
) -> None:
    with open_station(qtbot) as desk:
        table = ready(qtbot, desk)
        desk.window.open_display("intake")
        table.selectRow(row_of(table, "outlet/lt2.pv"))
        QTest.keyClick(table, key)
        view = desk.window.mimic.view
        assert desk.window.mimic.name == "outlet"
        assert view.scene.target(view._pointed) == "outlet/lt2.pv"
        assert [card.content.name for card in desk.window.desk.cards] == ["outlet/lt2.pv"]
        box = view.place_of(view._pointed)
        card = desk.window.desk.cards[0]
        assert not card.geometry().translated(desk.window.mapToGlobal(QPoint(0, 0))).intersects(box)


@pytest.mark.parametrize("held", [Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier])
def test_which_alarm_is_chosen_does_not_depend_on_keys_that_are_held(
    qtbot, held: Qt.KeyboardModifier
) -> None:
    """Ctrl+L and Shift+F10 come with a key held; Qt would choose as with a click, or nothing."""
    with open_station(qtbot) as desk:
        table = ready(qtbot, desk)
        low = row_of(table, "outlet/lt2.pv")
        table.selectRow(1 - low)
        QTest.keyClick(desk.window, Qt.Key.Key_F15, held)
        assert QGuiApplication.keyboardModifiers() == held
        for _ in range(2):
            table.selectRow(low)
            assert [row.tag_name for row in table.selected_rows()] == ["outlet/lt2.pv"]
        QTest.keyClick(desk.window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
        found = desk.window.overlays.find
        found.field.setText("lt2")
        qtbot.waitUntil(lambda: found.list.model().rowCount() > 0)
        QTest.keyClick(desk.window, Qt.Key.Key_F15, held)
        for _ in range(2):
            found.list.choose(0)
            assert [index.row() for index in found.list.selectedIndexes()] == [0]


def test_a_click_or_a_double_click_does_the_same_once(qtbot) -> None:
    with open_station(qtbot) as desk:
        table = ready(qtbot, desk)
        desk.window.open_display("intake")
        place = cell(table, row_of(table, "outlet/lt2.pv"), Column.DESCRIPTION)
        QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
        QTest.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert desk.window.mimic.name == "outlet"
        assert len(desk.window.desk.cards) == 1


def test_the_display_that_the_alarm_names_goes_before_any_other(qtbot) -> None:
    with open_station(qtbot) as desk:
        table = ready(qtbot, desk)
        desk.client.raise_alarms(make_alarm("outlet/lt2.pv", 7, display="intake"))
        qtbot.waitUntil(lambda: desk.window.strip.model.rowCount() == 1)
        table.selectRow(0)
        QTest.keyClick(table, Qt.Key.Key_D)
        assert desk.window.mimic.name == "intake"
        assert desk.window.desk.cards == []


def test_d_finds_the_display_of_an_alarm_that_names_none(qtbot) -> None:
    with open_station(qtbot) as desk:
        table = ready(qtbot, desk)
        table.selectRow(row_of(table, "outlet/lt2.pv"))
        QTest.keyClick(table, Qt.Key.Key_D)
        assert desk.window.mimic.name == "outlet"


@pytest.mark.parametrize("by", ["key", "mouse"])
def test_guidance_is_one_action_away_and_follows_the_alarm(qtbot, by: str) -> None:
    with open_station(qtbot) as desk:
        table = ready(qtbot, desk)
        words = {"response": "Close the valve", "cause": "Pump runs dry", "consequence": "The tank overflows"}
        desk.client.raise_alarms(make_alarm("outlet/lt2.pv", 7, **words))
        qtbot.waitUntil(lambda: desk.window.strip.model.rowCount() == 1)
        if by == "key":
            table.selectRow(0)
            QTest.keyClick(table, Qt.Key.Key_G)
        else:
            place = cell(table, 0, Column.RESPONSE)
            QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
        panel = desk.window.overlays.guidance
        assert panel.isVisible()
        shown = [text.full_text for _, text in panel.sheet.parts.values() if text.isVisible()]
        assert shown == list(words.values())
        assert desk.window.mimic.name == "overview"
        desk.client.raise_alarms(make_alarm("outlet/lt2.pv", 7, state="ACKED", **words))
        qtbot.waitUntil(
            lambda: (
                "acknowledged" in panel.sheet.state.full_text and "un" not in panel.sheet.state.full_text[:12]
            )
        )
        desk.client.raise_alarms()
        qtbot.waitUntil(lambda: "ended" in panel.sheet.state.full_text)
        QTest.keyClick(panel.sheet.ways["object"], Qt.Key.Key_Return)
        assert desk.window.desk.cards[-1].content.name == "outlet/lt2.pv"


def test_an_alarm_without_guidance_says_so(qtbot) -> None:
    with open_station(qtbot) as desk:
        table = ready(qtbot, desk)
        table.selectRow(0)
        QTest.keyClick(table, Qt.Key.Key_G)
        shown = [
            text.full_text
            for _, text in desk.window.overlays.guidance.sheet.parts.values()
            if text.isVisible()
        ]
        assert shown == ["Nothing was agreed for this alarm."]


def test_what_leads_to_a_large_display_waits_for_it_and_is_forgotten_when_one_goes_elsewhere(
    qtbot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large display is read beside the Qt thread: ring and faceplate come with it, not before."""
    monkeypatch.setattr("hmi.ui.mimic_page.SMALL", -1)
    with open_station(qtbot) as desk:
        window: MimicPage = desk.window.mimic
        qtbot.waitUntil(desk.window.travel.atlas.is_ready)
        desk.window.open_display("intake")
        qtbot.waitUntil(lambda: window.view.scene is not None)
        desk.window.travel.lead_to("outlet/lt2.pv")
        assert desk.window.header.place.full_text == "Level 2 · Outlet"
        qtbot.waitUntil(lambda: bool(desk.window.desk.cards))
        assert window.view.scene.target(window.view._pointed) == "outlet/lt2.pv"
        desk.window.travel.lead_to("intake/fic1.pv", "intake")
        desk.window.open_display("overview")
        qtbot.waitUntil(lambda: window.view.scene is not None)
        qtbot.wait(50)
        assert desk.window.desk.cards == []
        assert window.view._pointed == -1


def test_the_ring_goes_with_a_click_or_esc(qtbot) -> None:
    info = plant()
    with open_station(qtbot, info=msgspec.structs.replace(info)) as desk:
        qtbot.waitUntil(desk.window.travel.atlas.is_ready)
        view = desk.window.mimic.view
        for leave in (
            lambda: QTest.keyClick(desk.window, Qt.Key.Key_Escape),
            lambda: QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(3, 3)),
        ):
            desk.window.travel.lead_to("outlet/lt2.pv")
            assert view._pointed >= 0
            desk.window.desk.close_all()
            leave()
            assert view._pointed == -1

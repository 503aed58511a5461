"""CM-17: with the rights to view alone, nothing in the whole window sends anything: every page, panel, faceplate,
control, menu and key is tried, and what would have been asked of the runtime is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("PySide6")

from control_plant import Controls, control_plant, control_values, open_controls
from faceplate_plant import OBJECTS, open_faceplates, opened
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QMenu, QWidget
from shell_plant import Desk, open_station
from test_controls_blocked import IDS

from hmi.client.people import SessionInfo
from hmi.testing.client import FakeClient
from hmi.ui.files import FileDesk
from hmi.ui.shortcuts import SHORTCUTS
from hmi.ui.trend.acts import TrendActs
from hmi.ui.window import StationWindow

pytestmark = pytest.mark.qt
VIEWER = SessionInfo(roles=["view"], accounts=True)
LOCKED = SessionInfo(user="ana", roles=["view", "acknowledge", "operate"], accounts=True, locked=True)
WHO = {"nobody": (VIEWER, "Sign in to operate."), "locked": (LOCKED, "Locked: unlock to operate.")}
SENDING = (
    "submit", "select", "sign", "hold", "acknowledge", "act_on_alarms", "note", "reload", "trust", "elevate",
)  # fmt: skip
MOST_CLICKS = 400


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every request that would have changed something; files are not written."""
    found: list[str] = []
    for name in SENDING:
        verb = getattr(FakeClient, name)

        def spy(self: FakeClient, *given: Any, name: str = name, verb: Any = verb, **more: Any) -> Any:
            found.append(name)
            return verb(self, *given, **more)

        monkeypatch.setattr(FakeClient, name, spy)
    simulate = FakeClient.simulator

    def watched(self: FakeClient, verb: str, arguments: Any) -> Any:
        if verb != "status":
            found.append(f"simulator {verb}")
        return simulate(self, verb, arguments)

    monkeypatch.setattr(FakeClient, "simulator", watched)
    monkeypatch.setattr(FileDesk, "write", lambda *_: None)
    monkeypatch.setattr(TrendActs, "write", lambda *_: None)
    return found


def become(qtbot: Any, desk: Desk, session: SessionInfo) -> None:
    desk.client.people.become(session)
    qtbot.waitUntil(lambda: desk.station.rights.session == session)
    desk.station.judged.emit()


def name_of(button: QAbstractButton) -> tuple[str, str, str]:
    return type(button).__name__, button.text(), button.accessibleName()


def click_all(qtbot: Any, window: StationWindow, again: Callable[[], object]) -> set[tuple[str, str, str]]:
    """Click every enabled button in view once, with the state made anew for each; all that were clicked."""
    tried: set[tuple[str, str, str]] = set()
    for _ in range(MOST_CLICKS):
        again()
        QApplication.processEvents()
        new = (
            button
            for button in window.findChildren(QAbstractButton)
            if button.isVisible() and button.isEnabled() and name_of(button) not in tried
        )
        button = next(new, None)
        if button is None:
            return tried
        tried.add(name_of(button))
        button.click()
        QApplication.processEvents()
        for popup in iter(QApplication.activePopupWidget, None):
            press_menu(popup)
    raise AssertionError("there is always another button")


def press_menu(popup: QWidget) -> list[str]:
    """Choose everything that can be chosen in a menu; what that was."""
    chosen = []
    if isinstance(popup, QMenu):
        for action in popup.actions():
            if action.isEnabled() and not action.isSeparator():
                chosen.append(action.text())
                action.trigger()
    popup.close()
    return chosen


def pages(window: StationWindow) -> Iterator[tuple[str, Callable[[], object]]]:
    """Everything that can be opened, each from the plain display."""
    overlays = window.overlays
    for name, panel in (
        ("find", overlays.find), ("areas", overlays.areas), ("keys", overlays.keys), ("people", overlays.people),
    ):  # fmt: skip
        yield name, lambda panel=panel: overlays.toggle(panel)
    row = next(iter(window.station.alarms.values()))
    yield "guidance", lambda: overlays.show_guidance(row)
    yield "why", lambda: overlays.show_why("intake/fic1.pv")
    for name in ("active", "shelved", "suppressed", "out_of_service"):
        yield f"alarms {name}", lambda name=name: open_alarms(window, name)
    yield "points", window.toggle_points
    yield "figures", window.toggle_figures
    yield "log", window.logbook.toggle_log
    yield "handover", window.logbook.toggle_handover
    yield "certificates", window.certificates.toggle
    yield "exports", window.exports.toggle
    yield "connections", window.comms.toggle
    yield "trend", lambda: window.open_trend(["intake/fic1.pv"])
    yield "instructor", window.toggle_instructor
    for target in ("intake/p1", "intake/fic1"):
        yield target, lambda target=target: window.desk.open(target, QRect(700, 300, 40, 40))
    for display in ("overview", "intake", "outlet"):
        yield display, lambda display=display: window.open_display(display)


def open_alarms(window: StationWindow, name: str) -> None:
    """A list with its first alarm chosen, so that every act has something to act on."""
    window.toggle_alarms()
    window.alarm_page.show_list(name)
    window.alarm_page.table.selectRow(0)


def plain(window: StationWindow) -> None:
    """Back to the display with nothing over it."""
    window.acts.close()
    window.desk.close_all()
    window.controls.close()
    for panel in (*window.trends, *window.overlays.opened, *filter(None, (window.instructor,))):
        panel.close_panel()
    window.stack.leave()


@pytest.mark.parametrize("who", WHO)
def test_cm_17_no_button_of_any_page_or_panel_sends_for_a_viewer(
    qtbot: Any, sent: list[str], who: str
) -> None:
    with open_station(qtbot, info=control_plant(), live=control_values(), mode="simulator") as desk:
        window = desk.window
        become(qtbot, desk, WHO[who][0])
        tried: set[tuple[str, str, str]] = set()
        for _name, open_it in pages(window):

            def again(open_it: Callable[[], object] = open_it) -> None:
                plain(window)
                open_it()

            tried |= click_all(qtbot, window, again)
        plain(window)
        assert len(tried) > 60
        qtbot.wait(50)
        assert sent == []
        assert desk.client.submitted == []
        assert desk.client.people.requests == []
        assert desk.client.acknowledged == []


@pytest.mark.parametrize("who", WHO)
def test_cm_17_no_command_of_any_faceplate_is_enabled_for_a_viewer(
    qtbot: Any, sent: list[str], who: str
) -> None:
    session, words = WHO[who]
    with open_faceplates(qtbot) as desk:
        become(qtbot, desk, session)
        for target in OBJECTS:
            card = opened(qtbot, desk, target)
            commands = [button for row in card.commands.rows for button, _ in row.buttons]
            commands += [
                part
                for row in card.commands.rows
                if row.entry
                for part in (row.entry.field, row.entry.set_button)
            ]
            assert all(not one.isEnabled() and words in one.toolTip() for one in commands), target
            for line in card.findChildren(QAbstractButton):
                if line.isEnabled() and line.isVisible():
                    line.click()
            plain(desk.window)
        qtbot.wait(50)
        assert sent == []


@pytest.mark.parametrize("who", WHO)
def test_cm_17_no_control_of_a_display_answers_a_viewer(qtbot: Any, sent: list[str], who: str) -> None:
    session, words = WHO[who]
    with open_controls(qtbot) as c:
        become(qtbot, c.desk, session)
        qtbot.waitUntil(lambda: all(c.control(identity).blocked == words for identity in IDS))
        for identity in IDS:
            c.click(identity)
            c.click(identity, dx=0.8)
            work_with_keys(c, identity)
            assert c.card is None
        qtbot.wait(50)
        assert sent == []


def work_with_keys(c: Controls, identity: str) -> None:
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Space, Qt.Key.Key_Up, Qt.Key.Key_1):
        c.focus(identity)
        c.key(key)


def test_cm_17_no_entry_of_a_menu_sends_for_a_viewer(qtbot: Any, sent: list[str]) -> None:
    with open_station(qtbot) as desk:
        become(qtbot, desk, VIEWER)
        window = desk.window
        chosen: list[str] = []
        row = next(row for row in desk.station.alarms.values() if row.state == "UNACK")
        for target in ("intake/fic1.pv", "intake/p1", "outlet/lt2.pv"):
            window.menus.open_for_object("e_0", target, QPoint(300, 300))
            chosen += press_menu(popup())
            plain(window)
        window.toggle_alarms()
        window.alarm_page.table.selectRow(0)
        window.menus.open_for_alarm(row, QPoint(300, 300))
        chosen += press_menu(popup())
        assert "Trend" in chosen
        assert not {"Acknowledge", "Shelve…", "Note…", "Comment…", "Out of service…"} & set(chosen)
        qtbot.wait(50)
        assert sent == []


def popup() -> QWidget:
    found = QApplication.activePopupWidget()
    assert found is not None
    return found


@pytest.mark.parametrize("who", WHO)
def test_cm_17_no_key_sends_for_a_viewer(qtbot: Any, sent: list[str], who: str) -> None:
    """Every key of the table, wherever the focus is: on the display, in both lists, on a faceplate."""
    with open_station(qtbot, mode="simulator") as desk:
        become(qtbot, desk, WHO[who][0])
        window = desk.window
        keys = [key for one in SHORTCUTS for key in one.keys if QKeySequence(key).count() == 1]
        places: tuple[Callable[[], QWidget], ...] = (
            lambda: window.mimic.view,
            lambda: window.strip.table,
            lambda: (window.toggle_alarms(), window.alarm_page.table)[1],
            lambda: window.desk.open("intake/p1", QRect(700, 300, 40, 40)) or window,
        )
        for place in places:
            for key in keys:
                plain(window)
                widget = place()
                widget.setFocus()
                if widget in (window.strip.table, window.alarm_page.table):
                    widget.selectRow(0)  # type: ignore[attr-defined]
                QTest.keySequence(widget, QKeySequence(key))
                for open_popup in iter(QApplication.activePopupWidget, None):
                    open_popup.close()
        plain(window)
        qtbot.wait(50)
        assert sent == []
        assert desk.client.acknowledged == []


def test_the_crawl_would_notice_somebody_who_may_operate(qtbot: Any, sent: list[str]) -> None:
    """The same clicks by an operator do send."""
    with open_station(qtbot, info=control_plant(), live=control_values()) as desk:
        window = desk.window
        click_all(qtbot, window, lambda: (plain(window), open_alarms(window, "active")))
        qtbot.waitUntil(lambda: "acknowledge" in sent)

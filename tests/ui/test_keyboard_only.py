"""HM-17: every function of the window is reached by keys alone; the focus is followed through the real window."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytest.importorskip("PySide6")

import msgspec
from PySide6.QtCore import QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QHeaderView, QLineEdit, QWidget
from shell_plant import Desk, open_station

from hmi.client.people import SessionInfo
from hmi.ui.crumbs import Crumbs
from hmi.ui.mimic.view import MimicView
from hmi.ui.people.card import Mode
from hmi.ui.shortcuts import PAGE, SHORTCUTS
from hmi.ui.tabs import Tabs
from hmi.ui.window import StationWindow

pytestmark = pytest.mark.qt
INTERACTIVE = (QAbstractButton, QLineEdit, QAbstractItemView, Tabs, Crumbs, MimicView)
MOST_TABS = 400


def interactive(window: QWidget) -> set[QWidget]:
    """Everything in view that answers to a click and can be used now."""
    found = [w for w in window.findChildren(QWidget) if isinstance(w, INTERACTIVE)]
    return {w for w in found if w.isVisible() and w.isEnabled() and not isinstance(w, QHeaderView)}


def walked(window: QWidget) -> set[QWidget]:
    """Everything that Tab reaches, one key after the other, until it begins anew."""
    seen: set[QWidget] = set()
    window.setFocus()
    quiet = 0
    for _ in range(MOST_TABS):
        here = window.focusWidget() or window
        quiet = quiet + 1 if here in seen and not isinstance(here, MimicView) else 0
        seen.add(here)
        if quiet > 60:
            break
        QTest.keyClick(here, Qt.Key.Key_Tab)
    return seen


def points(desk: Desk) -> None:
    desk.window.toggle_points()


def why(desk: Desk) -> None:
    desk.window.overlays.show_why("intake/fic1.pv")


def nothing(desk: Desk) -> None:
    """The plain display."""


def faceplates(desk: Desk) -> None:
    for target in ("intake/fic1", "intake/p1"):
        desk.window.desk.open(target, QRect(400, 344, 90, 36))


def alarm_list(desk: Desk) -> None:
    desk.window.toggle_alarms()


def trend(desk: Desk) -> None:
    desk.window.open_trend(["intake/fic1.pv"])


def instructor(desk: Desk) -> None:
    desk.window.toggle_instructor()


def search(desk: Desk) -> None:
    desk.window.overlays.toggle(desk.window.overlays.find)


def areas(desk: Desk) -> None:
    desk.window.overlays.toggle(desk.window.overlays.areas)


def keys(desk: Desk) -> None:
    desk.window.overlays.toggle(desk.window.overlays.keys)


def guidance(desk: Desk) -> None:
    desk.window.overlays.show_guidance(next(iter(desk.station.alarms.values())))


def people(desk: Desk) -> None:
    """With every button that somebody signed in has."""
    status = desk.station.status
    assert status is not None
    ana = SessionInfo(user="ana", roles=["view", "operate"], accounts=True)
    desk.client.people.session = ana
    desk.station.rights.take(msgspec.structs.replace(status, session=ana))
    desk.window.people.open()


def sign_in(desk: Desk) -> None:
    desk.window.people.ask(Mode.ELEVATE)


@pytest.mark.parametrize(
    "state",
    [
        nothing,
        faceplates,
        alarm_list,
        trend,
        instructor,
        search,
        areas,
        keys,
        guidance,
        why,
        points,
        people,
        sign_in,
    ],
)
def test_HM_17_tab_reaches_every_control_in_every_state(qtbot, state: Callable[[Desk], None]) -> None:
    with open_station(qtbot, mode="simulator") as desk:
        desk.window.open_display("intake")
        desk.window.open_display("outlet")
        desk.window.back()
        state(desk)
        qtbot.wait(50)
        wanted = interactive(desk.window)
        assert len(wanted) > 10
        missed = wanted - walked(desk.window)
        names = sorted(f"{type(w).__name__} {w.accessibleName() or w.objectName()}" for w in missed)
        assert names == []


def test_HM_17_every_control_says_what_it_is(qtbot) -> None:
    with open_station(qtbot, mode="simulator") as desk:
        for state in (faceplates, search, areas, keys, guidance):
            state(desk)
        qtbot.wait(50)
        nameless = [w for w in interactive(desk.window) if not w.accessibleName()]
        assert [type(w).__name__ for w in nameless] == []


def pages(window: StationWindow) -> list[tuple[str, Qt.Key, Qt.KeyboardModifier, QWidget]]:
    """The pages that a key opens and closes: action, key, what is held with it, the page."""
    control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    return [
        ("alarms", Qt.Key.Key_L, control, window.alarm_page),
        ("points", Qt.Key.Key_P, control, window.points_page),
        ("figures", Qt.Key.Key_G, control, window.figures_page),
        ("log", Qt.Key.Key_J, control, window.logbook.log),
        ("handover", Qt.Key.Key_H, control, window.logbook.handover),
        ("certificates", Qt.Key.Key_C, control | shift, window.certificates),
        ("accounts", Qt.Key.Key_U, control | shift, window.accounts),
        ("exports", Qt.Key.Key_E, control | shift, window.exports),
        ("comms", Qt.Key.Key_K, control | shift, window.comms),
    ]


def test_HM_17_every_key_of_the_table_does_what_it_says(qtbot) -> None:
    """Each combination with an action, pressed in the real window, changes what its line promises."""
    control, alt, shift = (
        Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ShiftModifier
    )  # fmt: skip
    with open_station(qtbot, mode="simulator") as desk:
        window, overlays = desk.window, desk.window.overlays
        faceplates(desk)
        tried = set()

        def press(action: str, key: Qt.Key, modifier: Qt.KeyboardModifier, done: Callable[[], bool]) -> None:
            tried.add(action)
            QTest.keyClick(window, key, modifier)
            assert done(), action

        none = Qt.KeyboardModifier.NoModifier
        press("trend", Qt.Key.Key_T, none, lambda: bool(window.trends))
        press("escape", Qt.Key.Key_Escape, none, lambda: not window.trends)
        press("find", Qt.Key.Key_K, control, overlays.find.isVisible)
        press("find", Qt.Key.Key_K, control, overlays.find.isHidden)
        press("areas", Qt.Key.Key_T, control, overlays.areas.isVisible)
        press("areas", Qt.Key.Key_T, control, overlays.areas.isHidden)
        QTest.keyClicks(window, "?")
        assert overlays.keys.isVisible()
        tried.add("keys")
        press("escape", Qt.Key.Key_Escape, none, overlays.keys.isHidden)
        press("instructor", Qt.Key.Key_I, control, lambda: window.instructor is not None)
        press("instructor", Qt.Key.Key_I, control, lambda: window.instructor is None)
        press("to_strip", Qt.Key.Key_D, control, lambda: window.focusWidget() is window.strip.table)
        press("to_display", Qt.Key.Key_M, control, lambda: window.focusWidget() is window.mimic.view)
        QTest.keyClick(window, Qt.Key.Key_S)
        qtbot.waitUntil(lambda: desk.client.alarm_book.silenced == [""])
        tried.add("silence")
        for action, key, modifier, page in pages(window):
            press(action, key, modifier, page.isVisible)
            press(action, key, modifier, window.mimic.isVisible)
        press("people", Qt.Key.Key_U, control, overlays.people.isVisible)
        press("people", Qt.Key.Key_U, control, overlays.people.isHidden)
        press("lock", Qt.Key.Key_L, control | shift, window.notice.isVisible)
        press("time", Qt.Key.Key_B, control, window.past.bar.isVisible)
        press("time", Qt.Key.Key_B, control, window.past.bar.isHidden)
        press("why", Qt.Key.Key_W, none, overlays.why.isVisible)
        press("escape", Qt.Key.Key_Escape, none, overlays.why.isHidden)
        window.open_display("intake")
        press("up", Qt.Key.Key_Up, alt, lambda: window.mimic.name == "overview")
        press("back", Qt.Key.Key_Left, alt, lambda: window.mimic.name == "intake")
        press("forward", Qt.Key.Key_Right, alt, lambda: window.mimic.name == "overview")
        QTest.keyClick(window, Qt.Key.Key_A, control | shift)
        qtbot.waitUntil(lambda: desk.client.acknowledged == ["o_1"])
        tried.add("acknowledge_top")
        own = {shortcut.action for shortcut in SHORTCUTS if shortcut.action and shortcut.owner == PAGE}
        assert tried == own


def test_HM_17_enter_and_space_press_whatever_has_the_focus(qtbot) -> None:
    with open_station(qtbot) as desk:
        header = desk.window.header
        for key in (Qt.Key.Key_Return, Qt.Key.Key_Space):
            QTest.keyClick(header.counts, key)
            assert desk.window.alarm_page.isVisible()
            QTest.keyClick(header.counts, key)
            assert desk.window.mimic.isVisible()
        QTest.keyClick(header.seek, Qt.Key.Key_Return)
        assert desk.window.overlays.find.isVisible()


def test_HM_17_the_menu_of_an_object_opens_by_key(qtbot) -> None:
    with open_station(qtbot) as desk:
        view = desk.window.mimic.view
        view.setFocus()
        QTest.keyClick(view, Qt.Key.Key_Tab)
        for key, modifier in (
            (Qt.Key.Key_Menu, Qt.KeyboardModifier.NoModifier),
            (Qt.Key.Key_F10, Qt.KeyboardModifier.ShiftModifier),
        ):
            with qtbot.waitSignal(view.targetMenu) as caught:
                QTest.keyClick(view, key, modifier)
            assert caught.args[1] == "intake/fic1.pv"

"""Steps of ``test_monitors.py``, each run in a process of its own with the screens that it needs."""

from __future__ import annotations

import os
from pathlib import Path

from fleet_plant import open_fleet
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from hmi.ui.windows.fleet import monitors

FOLDER = Path(os.environ.get("WINDOWS_FOLDER", ""))


def screen_of(widget) -> str:
    return widget.windowHandle().screen().name()


def test_step_arrange(qtbot) -> None:
    assert [screen.name() for screen in QGuiApplication.screens()] == ["left", "right"]
    with open_fleet(qtbot, FOLDER) as all_:
        fleet = all_.fleet
        fleet.hosts[0].setGeometry(QRect(100, 50, 1400, 900))
        second, third = fleet.open_window(), fleet.open_window()
        second.setGeometry(QRect(2000, 40, 1300, 800))
        third.setGeometry(QRect(1950, 30, 1200, 700))
        third.showFullScreen()
        second.page.open_display("outlet")
        third.page.open_display("intake")
        qtbot.waitUntil(lambda: third.page.mimic.is_complete)
        fleet.close_all()
    qtbot.waitUntil(lambda: any(FOLDER.rglob("*.json")))


def test_step_restored_on_two(qtbot) -> None:
    with open_fleet(qtbot, FOLDER) as all_:
        first, second, third = all_.fleet.hosts
        assert QRect(first.pos(), first.size()) == QRect(100, 50, 1400, 900)
        assert QRect(second.pos(), second.size()) == QRect(2000, 40, 1300, 800)
        assert third.isFullScreen()
        assert third.geometry() == QRect(1920, 0, 1920, 1080)
        assert [screen_of(host) for host in all_.fleet.hosts] == ["left", "right", "right"]
        assert [h.page.mimic.name for h in all_.fleet.hosts] == ["overview", "outlet", "intake"]
        third.showNormal()
        assert third.normalGeometry().size() == QRect(1950, 30, 1200, 700).size()


def test_step_restored_on_one(qtbot) -> None:
    assert [screen.name() for screen in QGuiApplication.screens()] == ["left"]
    room = monitors()[0].box
    with open_fleet(qtbot, FOLDER) as all_:
        assert len(all_.fleet.hosts) == 3
        for host in all_.fleet.hosts:
            assert room.contains(host.geometry()), host.geometry()
        assert [h.page.mimic.name for h in all_.fleet.hosts] == ["overview", "outlet", "intake"]
        assert all_.fleet.hosts[2].isFullScreen()


def test_step_screen_lost(qtbot, monkeypatch) -> None:
    """The platform of the tests cannot unplug a screen: the list of screens is what is taken away."""
    with open_fleet(qtbot) as all_:
        second = all_.fleet.open_window()
        second.setGeometry(QRect(2100, 300, 1200, 700))
        left = monitors()[:1]
        monkeypatch.setattr("hmi.ui.windows.fleet.monitors", lambda: left)
        QGuiApplication.instance().screenRemoved.emit(QGuiApplication.screens()[1])
        qtbot.waitUntil(lambda: left[0].box.contains(second.geometry()))
        assert second.size() == QRect(0, 0, 1200, 700).size()


def test_step_kiosk(qtbot) -> None:
    with open_fleet(qtbot, kiosk=True) as all_:
        fleet = all_.fleet
        host, cover = fleet.hosts[0], fleet.covers[0]
        shown = [w.geometry() for w in QApplication.topLevelWidgets() if w.isVisible()]
        for screen in QGuiApplication.screens():
            assert screen.geometry() in shown
        host.close()
        cover.close()
        host.showMinimized()
        host.showNormal()
        qtbot.keyClick(host, Qt.Key.Key_F11)
        qtbot.keyClick(host, Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)
        qtbot.keyClick(host, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
        qtbot.waitUntil(host.isFullScreen)
        assert host.isVisible()
        assert cover.isVisible()
        assert fleet.question is None
        for flag in (Qt.WindowType.FramelessWindowHint, Qt.WindowType.WindowStaysOnTopHint):
            assert host.windowFlags() & flag
        assert not host.windowFlags() & Qt.WindowType.WindowMinimizeButtonHint
        assert not host.windowFlags() & Qt.WindowType.WindowCloseButtonHint


def test_step_kiosk_left(qtbot) -> None:
    codes: list[int] = []
    every = (
        Qt.KeyboardModifier.ControlModifier
        | Qt.KeyboardModifier.AltModifier
        | Qt.KeyboardModifier.ShiftModifier
    )
    with open_fleet(qtbot, kiosk=True) as all_:
        fleet, host = all_.fleet, all_.fleet.hosts[0]
        fleet.windowClosed.connect(codes.append)
        qtbot.keyClick(host, Qt.Key.Key_Q, every)
        assert fleet.question is not None
        assert not fleet.question.frameGeometry().intersects(
            QRect(host.page.strip.mapToGlobal(host.page.strip.rect().topLeft()), host.page.strip.size())
        )
        qtbot.keyClick(fleet.question, Qt.Key.Key_Escape)
        assert fleet.question is None
        assert host.isVisible()
        assert codes == []
        qtbot.waitUntil(host.isActiveWindow)
        qtbot.keyClick(host, Qt.Key.Key_Q, every)
        fleet.question.leave.click()
        assert codes == [0]
        assert not [w for w in QApplication.topLevelWidgets() if w.isVisible()]

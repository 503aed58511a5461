"""The menu of the title bar: windows, full screen, theme, size of texts, keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from hmi.core.texts import tr
from hmi.ui.sounds import LEVELS, Sounds
from hmi.ui.theme import SCALES, Theme
from hmi.ui.window import StationWindow


class Windows(Protocol):
    """What the menu asks of the windows of a station."""

    theme: Theme
    kiosk: bool

    def open_window(self) -> object: ...

    def close_all(self) -> None: ...

    def ask_to_leave(self) -> None: ...

    def other_theme(self) -> None: ...

    def set_percent(self, percent: int) -> None: ...

    def toggle_full_screen(self) -> None: ...


def _sound_menu(parent: QMenu, sounds: Sounds) -> QMenu:
    """Loudness, mute and test. The tone of priority 1 cannot be muted."""
    menu = QMenu(tr("Sounds"), parent)
    levels = QActionGroup(menu)
    for percent in LEVELS:
        level = menu.addAction(tr("Loudness {n} %", n=percent))
        level.setCheckable(True)
        level.setChecked(percent == sounds.wishes.percent)
        level.triggered.connect(lambda _=False, percent=percent: sounds.set_percent(percent))
        levels.addAction(level)
    menu.addSeparator()
    mute = menu.addAction(tr("Mute all but priority 1"))
    mute.setCheckable(True)
    mute.setChecked(sounds.wishes.muted)
    mute.triggered.connect(lambda _=False: sounds.toggle_mute())
    menu.addAction(tr("Play every sound once")).triggered.connect(lambda _=False: sounds.test())
    return menu


def window_menu(windows: Windows, page: StationWindow) -> QMenu:
    """A menu that deletes itself; every entry tells its key. In a kiosk what opens or closes windows is absent.

    What a narrow title bar has no room for is found here.
    """
    menu = QMenu(page)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.setFont(windows.theme.font("text"))

    def add(words: str, keys: str, do: Callable[[], object]) -> QAction:
        action = QAction(f"{words}\t{keys}", menu)
        action.triggered.connect(lambda _=False: do())
        menu.addAction(action)
        return action

    if page.header.back.isHidden():
        add(tr("Back"), "Alt+Left", page.back)
        add(tr("Forward"), "Alt+Right", page.forward)
        add(tr("Up a level"), "Alt+Up", page.travel.up)
        menu.addSeparator()
    add(tr("Log"), "Ctrl+J", page.logbook.toggle_log)
    add(tr("Hand-over"), "Ctrl+H", page.logbook.toggle_handover)
    add(tr("Certificates"), "Ctrl+Shift+C", page.certificates.toggle)
    add(tr("Accounts"), "Ctrl+Shift+U", page.accounts.toggle)
    add(tr("Exports"), "Ctrl+Shift+E", page.exports.toggle)
    add(tr("Connections"), "Ctrl+Shift+K", page.comms.toggle)
    menu.addSeparator()
    if not windows.kiosk:
        add(tr("Another window"), "Ctrl+N", windows.open_window)
        add(tr("Full screen and back"), "F11", windows.toggle_full_screen)
        menu.addSeparator()
    add(tr("Light theme") if windows.theme.dark else tr("Dark theme"), "Ctrl+Shift+T", windows.other_theme)
    sizes = QActionGroup(menu)
    for percent in SCALES:
        size = add(tr("Texts {n} %", n=percent), "", lambda percent=percent: windows.set_percent(percent))
        size.setCheckable(True)
        size.setChecked(percent == windows.theme.percent)
        sizes.addAction(size)
    menu.addSeparator()
    if page.station.sounds is not None:
        menu.addMenu(_sound_menu(menu, page.station.sounds))
    add(tr("Keys"), "?", lambda: page.overlays.toggle(page.overlays.keys))
    if windows.kiosk:
        add(tr("Leave the kiosk"), "Ctrl+Alt+Shift+Q", windows.ask_to_leave)
    else:
        add(tr("Close all windows"), "Ctrl+Q", windows.close_all)
    return menu

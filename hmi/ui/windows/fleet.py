"""All windows of one station: opens, places, keeps and closes them, and gives them one look."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from PySide6.QtCore import QObject, QPoint, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QScreen
from PySide6.QtWidgets import QApplication

from hmi.core.texts import tr
from hmi.ui.settings import Settings
from hmi.ui.shortcuts import FLEET, bind
from hmi.ui.station import Station
from hmi.ui.theme import Theme, apply_theme
from hmi.ui.window import StationWindow
from hmi.ui.windows import layout, look
from hmi.ui.windows.host import Host
from hmi.ui.windows.kiosk import Cover, LeaveQuestion
from hmi.ui.windows.layout import Monitor, Place
from hmi.ui.windows.look import Look
from hmi.ui.windows.menu import window_menu
from hmi.ui.windows.renewal import Renewal

KEEP_MS: Final = 800
"""How long windows stand still before their places are kept."""


class Fleet(QObject):
    """``windowClosed`` carries the exit code of the station when its last window is gone.

    ``asks``: closing the last window asks first. ``wanted``: what the command line says of the look; what it
    leaves open is the user's own choice. ``kiosk``: every screen is covered and nothing can be closed by mistake.
    """

    windowClosed = Signal(int)

    def __init__(
        self,
        theme: Theme,
        station: Station,
        settings: Settings,
        *,
        display: str = "",
        asks: bool = False,
        wanted: Look = look.Look(),
        kiosk: bool = False,
    ) -> None:
        super().__init__(station)
        self.theme, self.station, self.settings = theme, station, settings
        self._display, self._asks, self._wanted, self.kiosk = display, asks, wanted, kiosk
        self._restored = self._closes_all = self._over = False
        self.hosts: list[Host] = []
        self.covers: list[Cover] = []
        self.question: LeaveQuestion | None = None
        self.renewal = Renewal(lambda: self.theme, lambda: self.question is not None, self)
        self._keep = QTimer(self)
        self._keep.setSingleShot(True)
        self._keep.setInterval(KEEP_MS)
        self._keep.timeout.connect(self.keep)
        settings.changed.connect(self._settings_changed)
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.screenRemoved.connect(self._screen_gone)
        application.screenAdded.connect(self._screen_came)

    # windows

    def start(self) -> Host:
        """The first window; the others follow as soon as it is known whose settings they are in."""
        host = self._made(self._display)
        if self.kiosk:
            self._fill_screens()
        else:
            host.show()
        return host

    def open_window(self) -> Host:
        """Another window on the same display, beside the one in use."""
        now = self.active()
        if len(self.hosts) >= layout.MOST:
            self.station.notice.emit(tr("No more than {n} windows can be open.", n=layout.MOST))
            return now
        before = now.place()
        host = self._made(before.display)
        box = before.box.translated(48, 48)
        host.move_to(layout.settled(before._replace(box=box, state=layout.NORMAL), monitors()))
        host.page.begin()
        self._keep.start()
        return host

    def active(self) -> Host:
        """The window in use; the first one when none is."""
        return next((host for host in self.hosts if host.isActiveWindow()), self.hosts[0])

    def _made(self, display: str) -> Host:
        host = Host(self._page, self.theme, display)
        if self.kiosk:
            host.fix()
        host.changed.connect(self._changed)
        host.closeAsked.connect(self.close_window)
        host.closed.connect(self._closed)
        self.hosts.append(host)
        return host

    def _page(self, theme: Theme, display: str) -> Iterator[StationWindow]:
        """The page after each part of its making; whole with the last."""
        page = StationWindow(theme, self.station, display=display, settings=self.settings, at_once=False)
        while not page.make_some():
            yield page
        bind(page, {
            "new_window": self.open_window, "close_window": self._close_active, "close_all": self.close_all,
            "full_screen": self.toggle_full_screen, "theme": self.other_theme,
            "larger": lambda: self.resize_text(1), "smaller": lambda: self.resize_text(-1),
            "usual_size": lambda: self.set_percent(100), "leave_kiosk": self.ask_to_leave,
        }, FLEET)  # fmt: skip
        page.header.menu.clicked.connect(lambda: self.show_menu(page))
        yield page

    def show_menu(self, page: StationWindow) -> None:
        """Everything about windows and their look, below the button of the title bar."""
        button = page.header.menu
        menu = window_menu(self, page)
        if menu.sizeHint().height() > page.working_area().height():  # never over the alarms
            menu.setFont(self.theme.plain.font("text"))
        at = button.mapToGlobal(button.rect().bottomRight())
        menu.popup(at - QPoint(menu.sizeHint().width(), 0))

    def _close_active(self) -> None:
        if not self.kiosk:
            self.close_window(self.active())

    def toggle_full_screen(self) -> None:
        self.active().toggle_full_screen()

    # look

    def other_theme(self) -> None:
        self.set_look(look.look_of(self.theme).other_theme())

    def resize_text(self, steps: int) -> None:
        self.set_look(look.look_of(self.theme).larger(steps))

    def set_percent(self, percent: int) -> None:
        self.set_look(look.look_of(self.theme)._replace(percent=percent))

    def set_look(self, chosen: Look) -> None:
        """Every window in another theme or size of text, one after the other, and kept for this user."""
        if self._show_look(chosen):
            self.settings.put(look.SECTION, look.to_section(look.look_of(self.theme)))

    def _show_look(self, chosen: Look) -> bool:
        """False when nothing changes, or while somebody is asked whether to send a command."""
        theme = chosen.loaded()
        if theme is self.theme:
            return False
        if self.question is not None or any(host.page.is_asking for host in self.hosts):
            self.station.notice.emit(tr("Answer the open question first."))
            return False
        self.theme = theme
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        apply_theme(application, theme)
        self.renewal.begin(self.hosts)
        for cover in self.covers:
            cover.set_theme(theme)
        return True

    # what is kept

    def _settings_changed(self) -> None:
        """Another user's, or those on file: their look, and once, at the start, their windows."""
        if not self.settings.is_read:
            return
        own = look.from_section(self.settings.get(look.SECTION))
        self._show_look(self._wanted.over(own).over(look.look_of(self.theme)))
        if not self._restored:
            self._restored = True
            self._restore(layout.from_section(self.settings.get(layout.SECTION)))

    def _restore(self, places: list[Place]) -> None:
        if self.kiosk or not places:
            return
        there = monitors()
        first, *others = (layout.settled(place, there) for place in places)
        own = self.hosts[0]
        own.move_to(first)
        if not self._display and first.display:
            own.page.open_display(first.display)
        for place in others[: layout.MOST - len(self.hosts)]:
            host = self._made(place.display)
            host.move_to(place)
            host.page.begin()

    def _changed(self) -> None:
        if self._restored and not self._over:
            self._keep.start()

    def keep(self) -> None:
        """Write down where every window stands and what it shows."""
        self._keep.stop()
        if self._restored and not self.kiosk and self.hosts:
            self.settings.put(layout.SECTION, layout.to_section([host.place() for host in self.hosts]))

    # screens

    def _screen_gone(self, gone: QScreen) -> None:
        """What stood there comes wholly onto a screen that is left; the platform may not have moved it yet."""
        QTimer.singleShot(0, self, self.bring_in)

    def _screen_came(self, screen: QScreen) -> None:
        if self.kiosk:
            QTimer.singleShot(0, self, self._fill_screens)

    def bring_in(self) -> None:
        """Every window wholly onto a screen that is there."""
        there = monitors()
        for host in self.hosts:
            place = host.place()
            fitting = layout.settled(place, there)
            if fitting != place:
                host.move_to(fitting)
        if self.kiosk:
            self._fill_screens()

    def _fill_screens(self) -> None:
        """Kiosk: a window on the first screen, a cover on each other one."""
        screens = QGuiApplication.screens()
        first = QGuiApplication.primaryScreen()
        self.hosts[0].setScreen(first)
        self.hosts[0].setGeometry(first.geometry())
        self.hosts[0].showFullScreen()
        for cover in self.covers:
            cover.end()
        self.covers = [Cover(self.theme, screen) for screen in screens if screen is not first]
        self.hosts[0].activateWindow()

    # the end

    def close_window(self, host: Host) -> None:
        """One window; the last one ends the station."""
        self._closes_all = False
        host.ask_to_close(asks=self._asks and len(self.hosts) == 1)

    def close_all(self) -> None:
        """Every window; their places stay kept."""
        if self.kiosk:
            return
        self._closes_all = True
        self.active().ask_to_close(asks=self._asks)

    def ask_to_leave(self) -> None:
        """The one way out of a kiosk: a combination of keys, and a question."""
        if not self.kiosk or self.question is not None:
            return
        page = self.active().page
        self.question = LeaveQuestion(self.theme, page, page.working_area)
        self.question.answered.connect(self._left)
        self.question.open()

    def _left(self, leaves: bool) -> None:
        self.question = None
        if leaves:
            self._closes_all = True
            self.active().ask_to_close(asks=self._asks)
        else:
            self.hosts[0].activateWindow()

    def _closed(self, host: Host, code: int) -> None:
        if self._over:
            return
        if not self._closes_all and len(self.hosts) > 1:
            self.hosts.remove(host)
            self.renewal.forget(host)
            host.end()
            self.keep()
            return
        self.keep()
        self.stop()
        self.windowClosed.emit(code)

    def stop(self) -> None:
        """Take every window from the screens."""
        self._over = True
        self.renewal.stop()
        self._keep.stop()
        for cover in self.covers:
            cover.end()
        for host in self.hosts:
            host.end()
        self.hosts, self.covers = [], []


def monitors() -> list[Monitor]:
    """Every screen, the first one first."""
    first = QGuiApplication.primaryScreen()
    screens = sorted(QGuiApplication.screens(), key=lambda screen: screen is not first)
    return [Monitor(screen.name(), screen.availableGeometry()) for screen in screens]

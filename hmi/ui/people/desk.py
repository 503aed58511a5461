"""People in one window: the user's place, the panel and the questions beside it, the bar of a locked station."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from hmi.core.texts import tr
from hmi.ui.link import Verb
from hmi.ui.people.bar import LockBar
from hmi.ui.people.card import Mode

if TYPE_CHECKING:
    from hmi.ui.window import StationWindow


class PeopleDesk(QObject):
    """Takes what a person wants to the runtime; its event shows what came of it, never the click."""

    def __init__(self, window: StationWindow, bar: LockBar) -> None:
        super().__init__(window)
        self._window, self._station, self.bar = window, window.station, bar
        self.panel, self.card = window.overlays.people, window.overlays.person
        bar.unlockAsked.connect(lambda: self.ask(Mode.UNLOCK))
        bar.otherAsked.connect(lambda: self.ask(Mode.OTHER))
        self.panel.modeAsked.connect(self.ask)
        self.panel.lockAsked.connect(self.lock)
        self.panel.signOutAsked.connect(self.sign_out)
        self.panel.endElevationAsked.connect(self._end_elevation)
        self.panel.accountsAsked.connect(self._manage)
        self.card.said.connect(window.notice.say)
        window.header.user.clicked.connect(self.open)
        self._tables = (window.strip.table, window.alarm_page.table)
        for table in self._tables:
            table.delegate.may = window.acts.may
        self._station.rights.changed.connect(self.show_session)
        self._station.rights.lost.connect(self._lost)
        self.show_session()

    def open(self) -> None:
        """The panel; where nobody is signed in and somebody could be, the sign-in itself."""
        session = self._station.rights.session
        overlays = self._window.overlays
        if not self.card.isHidden():
            self.card.close_panel()
        elif not session.user and session.accounts and self.panel.isHidden():
            self.ask(Mode.SIGN_IN)
        else:
            overlays.toggle(self.panel)

    def ask(self, mode: Mode) -> None:
        self.panel.close_panel()
        self._window.overlays.ask_person(mode)

    def lock(self) -> None:
        session = self._station.rights.session
        if session.locked:
            self.ask(Mode.UNLOCK)
        elif not session.user or session.demo:
            self._window.notice.say(tr("Nobody is signed in: there is nothing to lock."))
        else:
            self._do(lambda client: client.lock())

    def sign_out(self) -> None:
        self._do(lambda client: client.sign_out())

    def _manage(self) -> None:
        self.panel.close_panel()
        self._window.accounts.toggle()

    def _end_elevation(self) -> None:
        self._do(lambda client: client.elevate("", "", 0))

    def _do(self, verb: Verb) -> None:
        self.panel.close_panel()
        self._station.link.ask(
            verb, owner=self, done=lambda _: self._station.ask_status(), failed=self._window.notice.say
        )

    def show_session(self) -> None:
        """Title bar and bar; the times in the title bar go on with the clock."""
        rights = self._station.rights
        self._window.header.show_rights(rights)
        for table in self._tables:
            table.viewport().update()
        turned = self.bar.isHidden() == rights.session.locked
        self.bar.show_session(rights.session)
        if turned:  # once the rest of the window has moved
            QTimer.singleShot(0, self._window, self._window.keep_inside)

    def _lost(self) -> None:
        """An open question belonged to the person and the rights of before: it goes, and nothing is sent."""
        window = self._window
        window.acts.close()
        window.controls.close()
        for card in window.desk.cards:
            card.commands.dialogue.drop()
            card.refresh()

"""The panel beside the user's place: who is signed in with which rights, and everything that changes it."""

from __future__ import annotations

from PySide6.QtCore import QRect, QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from hmi.core.texts import tr
from hmi.ui.flow import Flow
from hmi.ui.people.card import Mode
from hmi.ui.people.sheet import PeopleSheet
from hmi.ui.people.words import left_text, name_of, roles_text
from hmi.ui.rights import Rights
from hmi.ui.theme import Theme
from hmi.ui.widgets import FlatButton, Text

TICK_MS = 500


class PeoplePanel(PeopleSheet):
    """``modeAsked`` opens the questions; locking, signing out and the end of further rights happen at once."""

    modeAsked = Signal(object)
    lockAsked = Signal()
    signOutAsked = Signal()
    endElevationAsked = Signal()
    accountsAsked = Signal()

    def __init__(self, theme: Theme, rights: Rights, parent: QWidget) -> None:
        super().__init__(theme, parent)
        self._rights = rights
        self.setAccessibleName(tr("People"))
        self.account = self.paragraph(self.body, color="text.secondary")
        self.state = self.paragraph(self.body, font="text.strong")
        self.note = self.paragraph(self.body, color="text.label", font="text.small")
        self.buttons = self._make_buttons()
        self.body.addWidget(Text(theme, tr("Rights"), font="text.small.strong", color="text.label"))
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(0, 2)
        self._grid.setColumnStretch(1, 3)
        self.body.addLayout(self._grid)
        self.body.addStretch(1)
        self.rows: list[tuple[str, str]] = []
        self.close_button = FlatButton(theme, tr("Close"), self.close_panel, quiet=True)
        self.head.addWidget(self.close_button)
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._show_times)
        rights.changed.connect(self.refresh)

    def _make_buttons(self) -> dict[str, FlatButton]:
        """All there are, in their order; ``refresh`` shows those that fit the session."""
        asked = self.modeAsked.emit
        made = {
            "sign_in": FlatButton(self.theme, tr("Sign in…"), lambda: asked(Mode.SIGN_IN), strong=True),
            "unlock": FlatButton(self.theme, tr("Unlock…"), lambda: asked(Mode.UNLOCK), strong=True),
            "lock": FlatButton(self.theme, tr("Lock (Ctrl+Shift+L)"), self.lockAsked.emit),
            "other": FlatButton(self.theme, tr("Change of person…"), lambda: asked(Mode.OTHER)),
            "elevate": FlatButton(self.theme, tr("Elevate for a while…"), lambda: asked(Mode.ELEVATE)),
            "end": FlatButton(self.theme, tr("End the elevated rights"), self.endElevationAsked.emit),
            "password": FlatButton(self.theme, tr("Change password…"), lambda: asked(Mode.PASSWORD)),
            "sign_out": FlatButton(self.theme, tr("Sign out"), self.signOutAsked.emit),
            "accounts": FlatButton(self.theme, tr("Accounts…"), self.accountsAsked.emit),
        }
        row = Flow(6)
        for button in made.values():
            row.addWidget(button)
        self.body.addLayout(row)
        return made

    def open_panel(self, area: QRect) -> None:
        self.refresh()
        super().open_panel(area)
        self._timer.start()
        first = next((b for b in self.buttons.values() if not b.isHidden()), self.close_button)
        self.start_at(first)

    def close_panel(self) -> None:
        self._timer.stop()
        super().close_panel()

    def refresh(self) -> None:
        """Say everything again."""
        session = self._rights.session
        self.title.set_text(name_of(session) or tr("Nobody is signed in"))
        words = tr("{user} at the station {station}", user=session.user, station=session.station)
        self.tell(
            self.account, words if session.user else tr("Everything is shown, nothing can be operated.")
        )
        self._show_roles()
        self._show_note()
        shown = self._possible()
        for name, button in self.buttons.items():
            button.setVisible(name in shown)
        self._show_times()
        self.settle_height()

    def _possible(self) -> set[str]:
        session = self._rights.session
        if session.locked:
            return {"unlock", "other", "sign_out"}
        if not session.user or session.demo:
            return {"sign_in"} if session.accounts else set()
        elevation = "end" if session.elevated_roles else "elevate"
        accounts = set() if self._rights.why_not("accounts") else {"accounts"}
        return {"lock", "other", elevation, "password", "sign_out"} | accounts

    def _show_roles(self) -> None:
        session, rights = self._rights.session, self._rights
        found = [(tr("Everywhere"), roles_text(session.roles))]
        found += [
            (rights.title_of(area), roles_text(roles)) for area, roles in sorted(session.by_area.items())
        ]
        if session.elevated_roles:
            found.append((tr("Elevated"), roles_text(session.elevated_roles)))
        if found == self.rows:
            return
        self.rows = found
        while (item := self._grid.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        for number, (where, roles) in enumerate(found):
            self._grid.addWidget(Text(self.theme, where, font="text.label", color="text.label"), number, 0)
            self._grid.addWidget(Text(self.theme, roles, wrap=True), number, 1)

    def _show_note(self) -> None:
        session = self._rights.session
        words = ""
        if session.demo:
            words = tr("{user} (simulator): this identity exists only in the simulator.", user=session.user)
        elif not session.accounts and not session.user:
            words = tr(
                "There are no accounts yet. Whoever looks after this computer makes them with: hmi user PLANT add"
            )
        self.tell(self.note, words)

    def _show_times(self) -> None:
        rights, words = self._rights, ""
        if rights.session.locked:
            words = tr("Locked: nothing can be operated.")
        elif (elevated := rights.elevated_left_s()) >= 0:
            words = tr("Elevated rights end in {time}", time=left_text(elevated))
        elif (idle := rights.idle_left_s()) >= 0:
            words = tr("Locks in {time} unless a key or the mouse is used", time=left_text(idle))
        self.tell(self.state, words)

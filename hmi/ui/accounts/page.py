"""The page: accounts on the left, the chosen one on the right, one step of asking before anything changes."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Final

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.client.people import AccountAnswer, AccountInfo
from hmi.client.port import RuntimeClient
from hmi.core.texts import tr
from hmi.ui.accounts.card import AccountCard
from hmi.ui.accounts.details import AccountDetails
from hmi.ui.accounts.rows import AccountList
from hmi.ui.sheets.page import DecidingPage
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.widgets import FlatButton, Panel

REFRESH_MS: Final = 2_000


class AccountsPage(DecidingPage):
    """Asks every 2 s while it is in view and the person may see accounts. ``said``: one sentence for the person."""

    def __init__(self, theme: Theme, station: Station, parent: QWidget | None = None) -> None:
        title_of = station.rights.title_of
        self.details, self.card = AccountDetails(theme, title_of), AccountCard(theme, title_of)
        super().__init__(theme, station, tr("Accounts"), REFRESH_MS, self.details, self.card, parent)
        self._known = False
        self.list = AccountList(theme, title_of)
        self.add = FlatButton(theme, tr("New account…"), lambda: self.ask_for("add"))
        self._lay_out()
        self.list.turned.connect(self._show_chosen)
        self.details.actAsked.connect(self.ask_for)
        self.card.confirmed.connect(self._send)
        station.rights.changed.connect(self._rights_changed)
        station.rights.lost.connect(self._forget)

    def _lay_out(self) -> None:
        self.bar.insertWidget(self.bar.count() - 1, self.add)
        left = Panel(self._theme)
        inner = QVBoxLayout(left)
        inner.setContentsMargins(1, 1, 1, 1)
        inner.addWidget(self.list)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(left, 1)
        row.addWidget(self.side, 1)
        self.outer.addLayout(row, 1)

    def _first(self) -> QWidget:
        return self.card if self.is_asking else self.list

    def _list(self) -> QWidget:
        return self.list

    # what is shown

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_chosen()

    def ask(self) -> None:
        """Nothing where the answer would be a refusal in the journal."""
        if not self._why_not():
            super().ask()

    def _question(self, client: RuntimeClient) -> Awaitable[list[AccountInfo]]:
        return client.accounts()

    def _take(self, found: list[AccountInfo]) -> None:
        if self._why_not():
            return
        self._known = True
        self.problem.set_text("")
        self.list.show_rows(found)
        active = sum(one.state == "active" for one in found)
        self.count.set_text(tr("{n} active of {all}", n=active, all=len(found)))
        self._show_chosen()

    def _show_chosen(self) -> None:
        one = self.list.current
        words = self._why_not() or (tr("There is no account yet.") if self._known else tr("Asking …"))
        self.details.empty.set_text(words)
        self.details.show_one(one, self._zone() if one is not None else None)
        self._allow()

    def _why_not(self) -> str:
        return self._station.rights.why_not("accounts")

    def _rights_changed(self) -> None:
        """Who may not see accounts sees none; a question that was open belonged to somebody else."""
        if self._why_not():
            self._known = False
            self.list.show_rows([])
            self.count.set_text("")
        if self.isVisible():
            self._show_chosen()
            self.ask()

    def _allow(self) -> None:
        why = self._why_not()
        self.add.set_enabled(not why, why)
        self.details.allow(why)

    # what is changed

    def ask_for(self, act: str) -> None:
        """Show the step that asks for an act on the chosen account, or for a new one."""
        one = None if act == "add" else self.details.shown
        if self._sent or self._why_not() or (one is None and act != "add"):
            return
        plant = self._station.plant
        self.card.areas = [area["path"] for area in plant.areas] if plant is not None else []
        self._show_step()
        self.card.ask(act, one)

    def _back_to_details(self) -> None:
        """What was half entered is gone, passwords too."""
        self.card.wipe()
        super()._back_to_details()

    def _send(self, act: str, user: str, request: dict[str, Any]) -> None:
        """Once; the step stays in view until the runtime has answered."""
        self._send_once(
            lambda client: client.act_on_account(act, user, **request),
            lambda answer: self._done(user, answer), lambda why: self._not_known(user, why),
        )  # fmt: skip

    def _done(self, user: str, answer: AccountAnswer) -> None:
        if answer.refusal:
            self.card.say(tr("Not done: {why}", why=answer.refusal))
            return
        self._end_step(tr("Done: the account {user}.", user=user))
        self.list.choose_user(user)

    def _not_known(self, user: str, why: str) -> None:
        """The answer is lost, not the act: it may have been done."""
        self._back_to_details()
        self.said.emit(
            tr(
                "It is not known whether the account {user} was changed: look before you repeat it. {why}",
                user=user,
                why=why,
            )
        )
        self.ask()

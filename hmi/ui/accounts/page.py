"""The page: accounts on the left, the chosen one on the right, one step of asking before anything changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import Any, Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from hmi.client.people import AccountAnswer, AccountInfo
from hmi.core.texts import tr
from hmi.ui.accounts.card import AccountCard
from hmi.ui.accounts.details import AccountDetails
from hmi.ui.accounts.rows import AccountList
from hmi.ui.pages import Pages
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.times import zone_of
from hmi.ui.widgets import FlatButton, Panel, Text

REFRESH_MS: Final = 2_000


class AccountsPage(Panel):
    """Asks every 2 s while it is in view and the person may see accounts. ``said``: one sentence for the person."""

    said = Signal(str)

    def __init__(self, theme: Theme, station: Station, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent, fill="background")
        self._theme, self._station = theme, station
        self._asking, self._sent, self._known = False, False, False
        title_of = station.rights.title_of
        self.count = Text(theme, font="text.label", color="text.label")
        self.problem = Text(theme, font="text.strong", color="text")
        self.list = AccountList(theme, title_of)
        self.details, self.card = AccountDetails(theme, title_of), AccountCard(theme, title_of)
        self.add = FlatButton(theme, tr("New account…"), lambda: self.ask_for("add"))
        self.right = QStackedWidget()
        self._lay_out()
        self.list.turned.connect(self._show_chosen)
        self.details.actAsked.connect(self.ask_for)
        self.card.confirmed.connect(self._send)
        self.card.cancelled.connect(self.give_up)
        station.rights.changed.connect(self._rights_changed)
        station.rights.lost.connect(self._lost)
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self.ask)

    def _lay_out(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(12, 10, 12, 12)
        outer.setSpacing(8)
        bar = QHBoxLayout()
        bar.setSpacing(4)
        bar.addWidget(Text(self._theme, tr("Accounts"), font="heading", fit=True))
        bar.addSpacing(12)
        bar.addWidget(self.count, 1)
        bar.addWidget(self.problem, 1)
        bar.addWidget(self.add)
        bar.addWidget(FlatButton(self._theme, tr("Back to display"), self.toggle))
        outer.addLayout(bar)
        left = Panel(self._theme)
        inner = QVBoxLayout(left)
        inner.setContentsMargins(1, 1, 1, 1)
        inner.addWidget(self.list)
        for card in (self.details, self.card):
            self.right.addWidget(card)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(left, 1)
        row.addWidget(self.right, 1)
        outer.addLayout(row, 1)

    def join(self, pages: Pages, say: Callable[[str], object]) -> None:
        """Put the page into a window."""
        self._pages = pages
        pages.add(self, lambda: self.card if self.is_asking else self.list)
        self.said.connect(say)

    def toggle(self) -> None:
        """To the page, and from it back to the display."""
        self._pages.toggle(self)

    @property
    def is_asking(self) -> bool:
        return self.right.currentWidget() is self.card

    # what is shown

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_chosen()
        self.ask()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """What was half entered is gone, passwords too."""
        super().hideEvent(event)
        self._timer.stop()
        if not self._sent:
            self._back_to_details()

    def ask(self) -> None:
        """One question at a time, and none where the answer would be a refusal in the journal."""
        if self._asking or self._why_not():
            return
        self._asking = True
        self._station.link.ask(
            lambda client: client.accounts(), owner=self, done=self._take, failed=self._failed
        )

    def _failed(self, why: str) -> None:
        self._asking = False
        self.problem.set_text(tr("Not current: {why}", why=why))

    def _take(self, found: list[AccountInfo]) -> None:
        self._asking = False
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

    def _zone(self) -> tzinfo:
        plant = self._station.plant
        return zone_of(plant.zone if plant is not None else "UTC")

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

    def _lost(self) -> None:
        """Another person, or fewer rights: a half-entered change belonged to the person before, passwords too."""
        if not self._sent:
            self._back_to_details()

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
        self.right.setCurrentWidget(self.card)
        self.card.ask(act, one)

    def give_up(self) -> None:
        """Back to the details; nothing was changed."""
        if not self._sent:
            self._back_to_details()
            self.list.setFocus()

    def _back_to_details(self) -> None:
        self.card.wipe()
        self.right.setCurrentWidget(self.details)

    def _send(self, act: str, user: str, request: dict[str, Any]) -> None:
        """Once; the step stays in view until the runtime has answered."""
        self._sent = True
        self._station.link.ask(
            lambda client: client.act_on_account(act, user, **request), owner=self,
            done=lambda answer: self._done(user, answer), failed=lambda why: self._unanswered(user, why),
        )  # fmt: skip

    def _done(self, user: str, answer: AccountAnswer) -> None:
        if answer.refusal:
            self._not_done(answer.refusal)
            return
        self._sent = False
        self._back_to_details()
        self.list.setFocus()
        self.said.emit(tr("Done: the account {user}.", user=user))
        self.list.choose_user(user)
        self.ask()

    def _unanswered(self, user: str, why: str) -> None:
        """The answer is lost, not the act: it may have been done."""
        self._sent = False
        self._back_to_details()
        self.said.emit(
            tr(
                "It is not known whether the account {user} was changed: look before you repeat it. {why}",
                user=user,
                why=why,
            )
        )
        self.ask()

    def _not_done(self, why: str) -> None:
        self._sent = False
        self.card.say(tr("Not done: {why}", why=why))

"""The page: certificates on the left, the chosen one on the right, a confirm step before anything is decided."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.client.certificates import Certificates, TrustAnswer
from hmi.client.port import RuntimeClient
from hmi.core.texts import tr
from hmi.ui.certificates.confirm import ConfirmCard
from hmi.ui.certificates.details import DetailsPanel
from hmi.ui.certificates.rows import CertificateList
from hmi.ui.certificates.words import list_words
from hmi.ui.sheets.page import DecidingPage
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.widgets import Panel, Text

REFRESH_MS: Final = 2_000
_ROOMY: Final = 420


class CertificatesPage(DecidingPage):
    """Asks every 2 s while it is in view. ``said``: one sentence for the person."""

    def __init__(self, theme: Theme, station: Station, parent: QWidget | None = None) -> None:
        self.details, self.confirm = DetailsPanel(theme), ConfirmCard(theme)
        super().__init__(theme, station, tr("Certificates"), REFRESH_MS, self.details, self.confirm, parent)
        self.found: Certificates | None = None
        self.lists = Text(theme, font="text.label", color="text.secondary", wrap=True)
        self.list = CertificateList(theme)
        self._lay_out()
        self.list.turned.connect(self._show_chosen)
        self.details.actAsked.connect(self.ask_for)
        self.confirm.confirmed.connect(self._send)
        station.statusChanged.connect(self._status_changed)

    def _lay_out(self) -> None:
        left = Panel(self._theme)
        inner = QVBoxLayout(left)
        inner.setContentsMargins(1, 1, 1, 1)
        inner.addWidget(self.list, 1)
        self.lists.setContentsMargins(12, 8, 12, 8)
        inner.addWidget(self.lists)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(left, 2)
        row.addWidget(self.side, 3)
        self.outer.addLayout(row, 1)

    def _first(self) -> QWidget:
        return self.confirm.reason if self.is_asking else self.list

    def _list(self) -> QWidget:
        return self.list

    # what is shown

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_lists()

    def _fit_lists(self) -> None:
        """Where there is little room it belongs to the certificates."""
        self.lists.setVisible(bool(self.lists.full_text) and self.height() >= self._theme.px(_ROOMY))

    def _question(self, client: RuntimeClient) -> Awaitable[Certificates]:
        return client.certificates()

    def _take(self, found: Certificates) -> None:
        self.found = found
        self.problem.set_text("")
        rows = [*([found.own] if found.own is not None else []), *found.certificates]
        waiting = [row for row in rows if row.state == "waiting"]
        self.list.set_rows([*waiting, *(row for row in rows if row.state != "waiting")])
        self.count.set_text(
            tr("{n} certificates, waiting for a decision: {waiting}", n=len(rows), waiting=found.waiting)
        )
        zone = self._zone()
        words = [list_words(one, zone) for one in found.lists]
        self.lists.set_text("\n".join([tr("Revocation lists"), *words]) if words else "")
        self._fit_lists()
        self._show_chosen()

    def _show_chosen(self) -> None:
        one = self.list.current
        if one is None:
            asked = self.found is not None
            text = tr("No certificate yet. One appears when a connection has met its server.")
            self.details.empty.set_text(text if asked else tr("Asking …"))
        self.details.show_one(one, self._zone() if one is not None else None)
        self._allow()

    def _status_changed(self) -> None:
        if self.isVisible():
            self._allow()

    def _allow(self) -> None:
        returnable = self.found is not None and self.found.returnable
        self.details.allow(self._station.rights.why_not("certificates"), returnable=returnable)

    # what is decided

    def ask_for(self, act: str) -> None:
        """Show the confirm step of an act on the chosen certificate."""
        one = self.details.shown
        if one is not None and not self._sent:
            self._show_step()
            self.confirm.ask(act, one)

    def _send(self, act: str, fingerprint: str, reason: str) -> None:
        """Once; the step stays in view until the runtime has answered."""
        self._send_once(lambda client: client.trust(act, fingerprint, reason), self._done, self._not_done)

    def _done(self, answer: TrustAnswer) -> None:
        if answer.refusal:
            self._not_done(answer.refusal)
            return
        self._end_step(answer.text)

    def _not_done(self, why: str) -> None:
        self.confirm.say(tr("Not done: {why}", why=why))

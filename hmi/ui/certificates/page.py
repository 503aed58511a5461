"""The page: certificates on the left, the chosen one on the right, a confirm step before anything is decided."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from hmi.client.certificates import Certificates, TrustAnswer
from hmi.core.texts import tr
from hmi.ui.certificates.confirm import ConfirmCard
from hmi.ui.certificates.details import DetailsPanel
from hmi.ui.certificates.rows import CertificateList
from hmi.ui.certificates.words import list_words
from hmi.ui.pages import Pages
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.times import zone_of
from hmi.ui.widgets import FlatButton, Panel, Text

REFRESH_MS: Final = 2_000
_ROOMY: Final = 420


class CertificatesPage(Panel):
    """Asks every 2 s while it is in view. ``said``: one sentence for the person."""

    said = Signal(str)

    def __init__(self, theme: Theme, station: Station, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent, fill="background")
        self._theme, self._station = theme, station
        self._asking, self._sent = False, False
        self.found: Certificates | None = None
        self.count = Text(theme, font="text.label", color="text.label")
        self.problem = Text(theme, font="text.strong", color="text")
        self.lists = Text(theme, font="text.label", color="text.secondary", wrap=True)
        self.list = CertificateList(theme)
        self.details, self.confirm = DetailsPanel(theme), ConfirmCard(theme)
        self.right = QStackedWidget()
        self._lay_out()
        self.list.turned.connect(self._show_chosen)
        self.details.actAsked.connect(self.ask_for)
        self.confirm.confirmed.connect(self._send)
        self.confirm.cancelled.connect(self.give_up)
        station.statusChanged.connect(self._status_changed)
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self.ask)

    def _lay_out(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(12, 10, 12, 12)
        outer.setSpacing(8)
        bar = QHBoxLayout()
        bar.setSpacing(4)
        bar.addWidget(Text(self._theme, tr("Certificates"), font="heading", fit=True))
        bar.addSpacing(12)
        bar.addWidget(self.count, 1)
        bar.addWidget(self.problem, 1)
        bar.addWidget(FlatButton(self._theme, tr("Back to display"), self.toggle))
        outer.addLayout(bar)
        left = Panel(self._theme)
        inner = QVBoxLayout(left)
        inner.setContentsMargins(1, 1, 1, 1)
        inner.addWidget(self.list, 1)
        self.lists.setContentsMargins(12, 8, 12, 8)
        inner.addWidget(self.lists)
        for card in (self.details, self.confirm):
            self.right.addWidget(card)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(left, 2)
        row.addWidget(self.right, 3)
        outer.addLayout(row, 1)

    def join(self, pages: Pages, say: Callable[[str], object]) -> None:
        """Put the page into a window."""
        self._pages = pages
        pages.add(self, lambda: self.confirm.reason if self.is_asking else self.list)
        self.said.connect(say)

    def toggle(self) -> None:
        """To the page, and from it back to the display."""
        self._pages.toggle(self)

    @property
    def is_asking(self) -> bool:
        """The confirm step is in view."""
        return self.right.currentWidget() is self.confirm

    # what is shown

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.ask()
        self._timer.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_lists()

    def _fit_lists(self) -> None:
        """Where there is little room it belongs to the certificates."""
        self.lists.setVisible(bool(self.lists.full_text) and self.height() >= self._theme.px(_ROOMY))

    def hideEvent(self, event: QHideEvent) -> None:
        """What was half decided is not decided."""
        super().hideEvent(event)
        self._timer.stop()
        if not self._sent:
            self._back_to_details()

    def ask(self) -> None:
        """One question at a time."""
        if self._asking:
            return
        self._asking = True
        self._station.link.ask(
            lambda client: client.certificates(), owner=self, done=self._take, failed=self._failed
        )

    def _failed(self, why: str) -> None:
        self._asking = False
        self.problem.set_text(tr("Not current: {why}", why=why))

    def _take(self, found: Certificates) -> None:
        self._asking, self.found = False, found
        self.problem.set_text("")
        rows = [*([found.own] if found.own is not None else []), *found.certificates]
        waiting = [row for row in rows if row.state == "waiting"]
        self.list.show_rows([*waiting, *(row for row in rows if row.state != "waiting")])
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

    def _zone(self) -> tzinfo:
        plant = self._station.plant
        return zone_of(plant.zone if plant is not None else "UTC")

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
            self.right.setCurrentWidget(self.confirm)
            self.confirm.ask(act, one)

    def give_up(self) -> None:
        """Back to the details; nothing was decided."""
        if not self._sent:
            self._back_to_details()
            self.list.setFocus()

    def _back_to_details(self) -> None:
        self.right.setCurrentWidget(self.details)

    def _send(self, act: str, fingerprint: str, reason: str) -> None:
        """Once; the step stays in view until the runtime has answered."""
        self._sent = True
        self._station.link.ask(
            lambda client: client.trust(act, fingerprint, reason), owner=self,
            done=self._done, failed=self._not_done,
        )  # fmt: skip

    def _done(self, answer: TrustAnswer) -> None:
        if answer.refusal:
            self._not_done(answer.refusal)
            return
        self._sent = False
        self._back_to_details()
        self.list.setFocus()
        self.said.emit(answer.text)
        self.ask()

    def _not_done(self, why: str) -> None:
        self._sent = False
        self.confirm.say(tr("Not done: {why}", why=why))

"""The page: a table of jobs, the chosen one below it, a confirm step before anything is asked of a job."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from hmi.client.exports import ExportAnswer, Exports, QuarantinedRow
from hmi.core.instants import instant
from hmi.core.texts import tr
from hmi.ui.exports.confirm import ConfirmCard
from hmi.ui.exports.details import JobDetails, QuarantinePanel
from hmi.ui.exports.table import JobHeader, JobTable
from hmi.ui.exports.words import count_line, silent_words
from hmi.ui.pages import Pages
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.times import zone_of
from hmi.ui.widgets import FlatButton, Panel, Text

REFRESH_MS: Final = 1_000
_ALARM: Final = "system:export/"
_THREE_ROWS: Final = 102


class ExportsPage(Panel):
    """Asks once a second while it is in view. ``said``: one sentence for the person."""

    said = Signal(str)

    def __init__(self, theme: Theme, station: Station, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent, fill="background")
        self._theme, self._station = theme, station
        self._asking, self._sent = False, False
        self._rows_of: tuple[str, int] = ("", 0)
        self.found: Exports | None = None
        self.count = Text(theme, font="text.label", color="text.label")
        self.problem = Text(theme, font="text.strong", color="text")
        self.table = JobTable(theme, self._standing)
        self.details, self.confirm = JobDetails(theme), ConfirmCard(theme, self._instant)
        self.quarantine, self.left = QuarantinePanel(theme), QStackedWidget()
        self._lay_out()
        self.table.turned.connect(self._show_chosen)
        self.details.actAsked.connect(self.ask_for)
        self.confirm.confirmed.connect(self._send)
        self.confirm.cancelled.connect(self.give_up)
        station.rights.changed.connect(self._allow)
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
        bar.addWidget(Text(self._theme, tr("Exports"), font="heading", fit=True))
        bar.addSpacing(12)
        bar.addWidget(self.count, 1)
        bar.addWidget(self.problem, 2)
        bar.addWidget(FlatButton(self._theme, tr("Back to display"), self.toggle))
        outer.addLayout(bar)
        top = Panel(self._theme)
        inner = QVBoxLayout(top)
        inner.setContentsMargins(1, 1, 1, 1)
        inner.setSpacing(0)
        inner.addWidget(JobHeader(self._theme, self.table))
        inner.addWidget(self.table, 1)
        self.table.setMinimumHeight(_THREE_ROWS)
        outer.addWidget(top, 2)
        for card in (self.details, self.confirm):
            self.left.addWidget(card)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.left, 1)
        row.addWidget(self.quarantine, 1)
        outer.addLayout(row, 3)

    def join(self, pages: Pages, say: Callable[[str], object]) -> None:
        """Put the page into a window."""
        self._pages = pages
        pages.add(self, lambda: self.confirm.first if self.is_asking else self.table)
        self.said.connect(say)

    def toggle(self) -> None:
        """To the page, and from it back to the display."""
        self._pages.toggle(self)

    @property
    def is_asking(self) -> bool:
        """The confirm step is in view."""
        return self.left.currentWidget() is self.confirm

    # what is shown

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.ask()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """What was half asked is not asked."""
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
            lambda client: client.exports(), owner=self, done=self._take, failed=self._failed
        )

    def _failed(self, why: str) -> None:
        """What was told before says nothing of how it is now."""
        self._asking = False
        self.problem.set_text(tr("Not current: {why}", why=why))
        if self.found is not None:
            self._show(Exports(self.found.at, False, self.found.life, self.found.jobs))

    def _take(self, found: Exports) -> None:
        self._asking = False
        self.problem.set_text(silent_words(found))
        self._show(found)

    def _show(self, found: Exports) -> None:
        self.found = found
        self.count.set_text(count_line(found))
        self.table.zone = self.quarantine.zone = self._zone()
        self.table.show_rows(found.jobs, alive=found.alive)
        self._show_chosen()

    def _standing(self) -> dict[str, int]:
        """The most urgent alarm that stands about each job."""
        worst: dict[str, int] = {}
        for row in self._station.alarms.values():
            if row.alarm_id.startswith(_ALARM):
                job = row.alarm_id.rpartition("/")[2]
                worst[job] = min(row.priority, worst.get(job, row.priority))
        return worst

    def _show_chosen(self) -> None:
        one, found = self.table.current, self.found
        if one is None:
            text = tr("The plant has no exports. docs/it.md tells how to add one.")
            self.details.empty.set_text(text if found is not None else tr("Asking …"))
        at, alive = (found.at, found.alive) if found is not None else (0, False)
        self.details.show_one(one, self._zone(), at, alive=alive)
        self._ask_rows()
        self._allow()

    def _ask_rows(self) -> None:
        """The rows in quarantine, when they are of another job or there are more of them."""
        one = self.table.current
        wanted = (one.name, one.quarantined) if one is not None else ("", 0)
        if wanted == self._rows_of:
            return
        if one is None or wanted[0] != self._rows_of[0]:
            self.quarantine.show_rows(one, [])
        self._rows_of = wanted
        if one is not None:
            self._station.link.ask(
                lambda client: client.quarantine(one.name), owner=self,
                done=lambda rows: self._take_rows(wanted, rows), failed=lambda _: self._rows_failed(wanted),
            )  # fmt: skip

    def _take_rows(self, wanted: tuple[str, int], rows: list[QuarantinedRow]) -> None:
        if wanted == self._rows_of:
            self.quarantine.show_rows(self.table.current, rows)

    def _rows_failed(self, wanted: tuple[str, int]) -> None:
        """Asked again with the next answer about the jobs, which says itself that the runtime is silent."""
        if wanted == self._rows_of:
            self._rows_of = (wanted[0], -1)

    def _instant(self, text: str) -> int:
        return instant(text, self._station.clock.live_now(), self._zone())

    def _zone(self) -> tzinfo:
        plant = self._station.plant
        return zone_of(plant.zone if plant is not None else "UTC")

    def _allow(self) -> None:
        self.details.allow(self._station.rights.why_not("exports"))

    def _lost(self) -> None:
        """Another person, or fewer rights: a question that was open belonged to the person before."""
        if not self._sent:
            self._back_to_details()

    # what is asked of a job

    def ask_for(self, act: str) -> None:
        """Show the confirm step of an act on the chosen job."""
        one = self.details.shown
        if one is not None and not self._sent and not self._station.rights.why_not("exports"):
            self.left.setCurrentWidget(self.confirm)
            self.confirm.ask(act, one)

    def give_up(self) -> None:
        """Back to the details; nothing was asked."""
        if not self._sent:
            self._back_to_details()
            self.table.setFocus()

    def _back_to_details(self) -> None:
        self.left.setCurrentWidget(self.details)

    def _send(self, act: str, job: str, reason: str, start: int, end: int) -> None:
        """Once; the step stays in view until the runtime has answered."""
        self._sent = True
        self._station.link.ask(
            lambda client: client.ask_export(act, job, reason, start=start, end=end), owner=self,
            done=self._done, failed=lambda why: self._unanswered(job, why),
        )  # fmt: skip

    def _done(self, answer: ExportAnswer) -> None:
        self._sent = False
        if answer.refusal:
            self.confirm.say(tr("Not done: {why}", why=answer.refusal))
            return
        self._back_to_details()
        self.table.setFocus()
        self.said.emit(answer.text)
        self.ask()

    def _unanswered(self, job: str, why: str) -> None:
        """The answer is lost, not the request: it may have been left for the job."""
        self._sent = False
        self.confirm.say(
            tr("It is not known whether {job} was asked: look before you repeat it. {why}", job=job, why=why)
        )

"""The page: a table of jobs, the chosen one below it, a confirm step before anything is asked of a job."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.client.exports import ExportAnswer, Exports, QuarantinedRow
from hmi.client.port import RuntimeClient
from hmi.core.instants import instant
from hmi.core.texts import tr
from hmi.ui.exports.confirm import ConfirmCard
from hmi.ui.exports.details import JobDetails, QuarantinePanel
from hmi.ui.exports.table import LAYOUT, JobTable
from hmi.ui.exports.words import count_line, silent_words
from hmi.ui.sheets.columns import ColumnHeader
from hmi.ui.sheets.page import DecidingPage
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.widgets import Panel

REFRESH_MS: Final = 1_000
_ALARM: Final = "system:export/"
_THREE_ROWS: Final = 102


class ExportsPage(DecidingPage):
    """Asks once a second while it is in view. ``said``: one sentence for the person."""

    def __init__(self, theme: Theme, station: Station, parent: QWidget | None = None) -> None:
        self.details, self.confirm = JobDetails(theme), ConfirmCard(theme, self._instant)
        super().__init__(theme, station, tr("Exports"), REFRESH_MS, self.details, self.confirm, parent)
        self._rows_of: tuple[str, int] = ("", 0)
        self.found: Exports | None = None
        self.table = JobTable(theme, self._standing)
        self.quarantine = QuarantinePanel(theme)
        self._lay_out()
        self.table.turned.connect(self._show_chosen)
        self.details.actAsked.connect(self.ask_for)
        self.confirm.confirmed.connect(self._send)
        station.rights.changed.connect(self._allow)
        station.rights.lost.connect(self._forget)

    def _lay_out(self) -> None:
        top = Panel(self._theme)
        inner = QVBoxLayout(top)
        inner.setContentsMargins(1, 1, 1, 1)
        inner.setSpacing(0)
        inner.addWidget(ColumnHeader(self._theme, LAYOUT, self.table))
        inner.addWidget(self.table, 1)
        self.table.setMinimumHeight(_THREE_ROWS)
        self.outer.addWidget(top, 2)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.side, 1)
        row.addWidget(self.quarantine, 1)
        self.outer.addLayout(row, 3)

    def _first(self) -> QWidget:
        return self.confirm.first if self.is_asking else self.table

    def _list(self) -> QWidget:
        return self.table

    # what is shown

    def _question(self, client: RuntimeClient) -> Awaitable[Exports]:
        return client.exports()

    def _failed(self, why: str) -> None:
        super()._failed(why)
        if self.found is not None:
            self._show(Exports(self.found.at, False, self.found.life, self.found.jobs))

    def _take(self, found: Exports) -> None:
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

    def _allow(self) -> None:
        self.details.allow(self._station.rights.why_not("exports"))

    # what is asked of a job

    def ask_for(self, act: str) -> None:
        """Show the confirm step of an act on the chosen job."""
        one = self.details.shown
        if one is not None and not self._sent and not self._station.rights.why_not("exports"):
            self._show_step()
            self.confirm.ask(act, one)

    def _send(self, act: str, job: str, reason: str, start: int, end: int) -> None:
        """Once; the step stays in view until the runtime has answered."""
        self._send_once(
            lambda client: client.ask_export(act, job, reason, start=start, end=end), self._done,
            lambda why: self._not_known(job, why),
        )  # fmt: skip

    def _done(self, answer: ExportAnswer) -> None:
        if answer.refusal:
            self.confirm.say(tr("Not done: {why}", why=answer.refusal))
            return
        self._end_step(answer.text)

    def _not_known(self, job: str, why: str) -> None:
        """The answer is lost, not the request: it may have been left for the job."""
        self.confirm.say(
            tr("It is not known whether {job} was asked: look before you repeat it. {why}", job=job, why=why)
        )

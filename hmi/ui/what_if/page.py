"""The page: other settings of one alarm are typed, its past is replayed, and what would have been is read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from hmi.client.port import ReloadResult
from hmi.client.what_if import AlarmEdit, AlarmSettings, WhatIfAnswer, WhatIfQuery, WhatIfResult
from hmi.core.clock import NS_PER_S
from hmi.core.texts import tr
from hmi.ui.pages import Pages
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.times import zone_of
from hmi.ui.what_if.apply import ApplyCard
from hmi.ui.what_if.form import SettingsForm
from hmi.ui.what_if.result import ResultPanel
from hmi.ui.widgets import FlatButton, Panel, Text

AGAIN_MS: Final = 100
_DAY_NS: Final = 86_400 * NS_PER_S


class WhatIfPage(Panel):
    """Asks again while the replay goes on and the page is in view: one that nobody asks for is given up.

    ``said``: one sentence for the person.
    """

    said = Signal(str)

    def __init__(self, theme: Theme, station: Station, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent, fill="background")
        self._theme, self._station = theme, station
        self.alarm_id, self._turn, self._sent = "", 0, False
        self._query: WhatIfQuery | None = None
        self.result: WhatIfResult | None = None
        self.about = Text(theme, font="text", color="text.secondary")
        self.form, self.results, self.card = SettingsForm(theme), ResultPanel(theme), ApplyCard(theme)
        self.right = QStackedWidget()
        self._lay_out()
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(AGAIN_MS)
        self._again.timeout.connect(self._ask)
        self._connect()

    def _lay_out(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(12, 10, 12, 12)
        outer.setSpacing(8)
        bar = QHBoxLayout()
        bar.setSpacing(4)
        bar.addWidget(Text(self._theme, tr("What if"), font="heading", fit=True))
        bar.addSpacing(12)
        bar.addWidget(self.about, 1)
        bar.addWidget(FlatButton(self._theme, tr("Back to display"), self.toggle))
        outer.addLayout(bar)
        for widget in (self.results, self.card):
            self.right.addWidget(widget)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.form, 2)
        row.addWidget(self.right, 5)
        outer.addLayout(row, 1)

    def _connect(self) -> None:
        self.form.asked.connect(self._begin)
        self.form.cancelled.connect(self.cancel)
        self.form.edited.connect(self._edited)
        self.results.applyAsked.connect(self._ask_to_apply)
        self.card.confirmed.connect(self._send)
        self.card.cancelled.connect(self.give_up)
        self._station.statusChanged.connect(self._allow)
        self._station.plantLoaded.connect(self._plant_loaded)

    def join(self, pages: Pages, say: Callable[[str], object]) -> None:
        """Put the page into a window."""
        self._pages = pages
        pages.add(self, lambda: self.card.reason if self.is_asking else self.form.first)
        self.said.connect(say)

    def toggle(self) -> None:
        """To the page, and from it back to the display."""
        self._pages.toggle(self)

    def open_for(self, alarm_id: str) -> None:
        """Bring the page into view for an alarm; what was typed for another one is gone."""
        if alarm_id != self.alarm_id:
            self.cancel()
            self._forget_result()
            self.alarm_id = alarm_id
            self.form.show_settings(None)
            self.about.set_text("")
        if self._pages.current is not self:
            self.toggle()
        self._read_settings(keep=True)

    @property
    def is_asking(self) -> bool:
        """The step before a change is in view."""
        return self.right.currentWidget() is self.card

    # ------------------------------------------------------------------ the alarm

    def _read_settings(self, *, keep: bool) -> None:
        alarm_id = self.alarm_id
        if alarm_id:
            self._station.link.ask(
                lambda client: client.alarm_settings(alarm_id), owner=self,
                done=lambda found: self._take_settings(found, keep=keep),
                failed=lambda why: self._no_settings(alarm_id, why),
            )  # fmt: skip

    def _take_settings(self, found: AlarmSettings, *, keep: bool) -> None:
        if found.alarm_id != self.alarm_id:
            return
        had_keys = self.form.settings is None
        self.form.show_settings(found, keep=keep)
        self.form.show_progress(None if self._query is None else 0.0)
        self.about.set_text(f"{found.tag}, {found.message or found.name}")
        if had_keys and self.isVisible():
            self.form.first.setFocus()
        self._allow()

    def _no_settings(self, alarm_id: str, why: str) -> None:
        if alarm_id == self.alarm_id:
            self.form.say(why)

    def _plant_loaded(self) -> None:
        """Another revision: what was replayed was of the one before."""
        if self.isVisible() and not self._sent:
            self._read_settings(keep=True)
            self._allow()

    # ------------------------------------------------------------------ the replay

    def _begin(self, changes: dict[str, str]) -> None:
        end = self._station.now() // (60 * NS_PER_S) * 60 * NS_PER_S
        start = max(end - self.form.days * _DAY_NS, 1)
        self._forget_result()
        self._query = WhatIfQuery(self.alarm_id, changes, start, end)
        self._turn += 1
        self.form.show_progress(0.0)
        self.results.show_waiting(tr("The past is replayed …"))
        self._ask()

    def _ask(self) -> None:
        query, turn = self._query, self._turn
        if query is not None and self.isVisible():
            self._station.link.ask(
                lambda client: client.what_if(query), owner=self,
                done=lambda answer: self._take(turn, answer), failed=lambda why: self._failed(turn, why),
            )  # fmt: skip

    def _take(self, turn: int, answer: WhatIfAnswer) -> None:
        if turn != self._turn or self._query is None:
            return
        if answer.result is None:
            self.form.show_progress(answer.progress)
            self._again.start()
            return
        self._query, self.result = None, answer.result
        self.form.show_progress(None)
        self.results.show_result(answer.result, self._zone())
        self._allow()

    def _failed(self, turn: int, why: str) -> None:
        if turn == self._turn:
            self.cancel()
            self.form.say(why)

    def cancel(self) -> None:
        """The replay is not wanted any more; the runtime gives up what nobody asks for."""
        self._turn += 1
        self._query = None
        self._again.stop()
        self.form.show_progress(None)
        if self.result is None:
            self.results.show_waiting("")

    def _edited(self) -> None:
        """What is in view is not the answer to what is typed now."""
        if self.result is not None or self._query is not None:
            self._forget_result()
            self.cancel()

    def _forget_result(self) -> None:
        self.result = None
        self.results.show_waiting("")
        if not self._sent:
            self.right.setCurrentWidget(self.results)

    def _zone(self) -> tzinfo:
        plant = self._station.plant
        return zone_of(plant.zone if plant is not None else "UTC")

    # ------------------------------------------------------------------ the change

    def _allow(self) -> None:
        why = self._station.rights.why_not("alarm_settings")
        settings, result = self.form.settings, self.result
        if not why and result is not None and settings is not None and settings.revision != result.revision:
            why = tr("The plant was changed since; replay once more.")
        self.results.allow(why)
        self.card.allow(why)

    def _ask_to_apply(self) -> None:
        if self.result is not None and self.form.settings is not None and not self._sent:
            self.right.setCurrentWidget(self.card)
            self.card.ask(self.form.settings, self.result)

    def give_up(self) -> None:
        """Back to the result; nothing was changed."""
        if not self._sent:
            self.right.setCurrentWidget(self.results)
            self.results.apply.setFocus()

    def _send(self, edit: AlarmEdit) -> None:
        """Once; the step stays in view until the runtime has answered."""
        self._sent = True
        self._station.link.ask(
            lambda client: client.change_alarm(edit), owner=self, done=self._done, failed=self._not_done
        )

    def _done(self, answer: ReloadResult) -> None:
        if answer.refusals:
            self._not_done(" ".join(answer.refusals))
            return
        self._sent = False
        self.said.emit(tr("Changed: {alarm}", alarm=self.about.full_text))
        self._forget_result()
        self._read_settings(keep=False)

    def _not_done(self, why: str) -> None:
        self._sent = False
        self.card.say(tr("Not changed: {why}", why=why))

    # ------------------------------------------------------------------ in view

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._allow()

    def hideEvent(self, event: QHideEvent) -> None:
        """What was half decided is not decided; nothing is replayed for nobody."""
        super().hideEvent(event)
        if self._query is not None:
            self.cancel()
        if not self._sent:
            self.right.setCurrentWidget(self.results)

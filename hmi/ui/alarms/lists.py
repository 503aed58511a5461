"""The lists of hidden alarms: asked for when somebody looks, followed row by row from then on."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from hmi.client.alarms import ALARM_LISTS, AlarmInfo, list_of
from hmi.core.texts import tr
from hmi.ui.alarm_store import AlarmNews
from hmi.ui.station import Station

AGAIN_MS: Final = 500


class HiddenLists(QObject):
    """``rows`` of the list that is ``wanted`` (shelved, suppressed, out_of_service), by alarm.

    ``changed`` comes with every change, ``problem`` is a sentence while the list is not up to date.
    """

    changed = Signal()

    def __init__(self, station: Station, parent: QObject) -> None:
        super().__init__(parent)
        self._station = station
        self.wanted = ""
        self.rows: dict[str, AlarmInfo] = {}
        self.is_known = False
        self.problem = ""
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(AGAIN_MS)
        self._soon.timeout.connect(self._ask)
        station.alarmsTurned.connect(self._follow)
        station.alarmsChanged.connect(self._compare)
        station.clock.turned.connect(lambda: self.want(self.wanted))

    def want(self, name: str) -> None:
        """Follow one of the lists; "active" or "" for none."""
        self.wanted = name if name in ALARM_LISTS and name != "active" else ""
        self.rows, self.is_known, self.problem = {}, False, ""
        if self.wanted:
            self._ask()
        self.changed.emit()

    def refresh(self) -> None:
        """Ask again, soon; many wishes are one question."""
        if self.wanted and not self._soon.isActive():
            self._soon.start()

    def _ask(self) -> None:
        name, clock = self.wanted, self._station.clock
        if name and clock.is_past:
            self._take(name, clock.listed(name), of_past=True)
        elif name:
            self._station.link.ask(
                lambda client: client.alarms(state=name), owner=self,
                done=lambda rows: self._take(name, rows), failed=self._failed,
            )  # fmt: skip

    def _take(self, name: str, rows: list[AlarmInfo], *, of_past: bool = False) -> None:
        if name == self.wanted and of_past is self._station.clock.is_past:
            self.rows = {row.alarm_id: row for row in rows}
            self.is_known, self.problem = True, ""
            self.changed.emit()

    def _failed(self, sentence: str) -> None:
        self.problem = tr("This list is not up to date: {why}", why=sentence)
        self.changed.emit()

    def _follow(self, news: AlarmNews) -> None:
        if not self.wanted:
            return
        before = dict(self.rows)
        for row in news.rows:
            if list_of(row) == self.wanted:
                self.rows[row.alarm_id] = row
            else:
                self.rows.pop(row.alarm_id, None)
        if before != self.rows:
            self.changed.emit()

    def _compare(self) -> None:
        """An alarm that became normal while it was hidden is in no delta: the count tells."""
        if self.wanted and self._station.alarm_store.counts.get(self.wanted, 0) != len(self.rows):
            self.refresh()

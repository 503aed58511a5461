"""The body of a faceplate: picture and figures, mode, states, alarms, commands, conditions, trend, locks, journal."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from hmi.client.port import TagInfo
from hmi.core.clock import NS_PER_S
from hmi.core.history import HistoryPage
from hmi.core.texts import tr
from hmi.core.values import DataValue
from hmi.mimics import Reading, band_of
from hmi.ui.commands.conditions import Condition
from hmi.ui.commands.reasons import label_of
from hmi.ui.faceplate.alarm_list import AlarmList
from hmi.ui.faceplate.commands import CommandArea
from hmi.ui.faceplate.condition_row import ConditionRow, conditions_by_command
from hmi.ui.faceplate.faces import face_of
from hmi.ui.faceplate.first_out import FIRST_OUT_SIGNALS, first_out_words
from hmi.ui.faceplate.last_commands import LastCommands, last_records, rows_of
from hmi.ui.faceplate.last_good import LastGood
from hmi.ui.faceplate.locks import locks_of
from hmi.ui.faceplate.members import MemberList
from hmi.ui.faceplate.mini_trend import SPAN_S, MiniTrend
from hmi.ui.faceplate.section import Section
from hmi.ui.faceplate.source import ObjectSource
from hmi.ui.faceplate.state_row import ON_THE_LINE, ModeLine, StateRow
from hmi.ui.faceplate.value_row import ValueRow
from hmi.ui.holds.condition_line import ConditionLine
from hmi.ui.holds.rights import HoldRights
from hmi.ui.holds.rows import HeldRows
from hmi.ui.holds.words import override_words
from hmi.ui.theme import Theme
from hmi.ui.times import zone_of
from hmi.ui.widgets import Text

_BESIDE: Final = 3  # figures beside the picture
_JOURNAL_MS: Final = 10_000
_LABELS: Final = {"pv": "PV", "sp": "SP", "op": "OP", "speed_sp": "Speed SP", "position_sp": "Position SP"}


class Body(QWidget):
    """Follows values, alarms and commands while it is open; ``begin`` asks for the past, ``end`` lets go."""

    trendAsked = Signal(list)
    whyAsked = Signal(str)
    guidanceAsked = Signal(object)
    actAsked = Signal(str, list)
    holdAsked = Signal(object)
    menuAsked = Signal(str, QPoint)

    def __init__(self, theme: Theme, source: ObjectSource) -> None:
        super().__init__()
        self._theme, self._source, self._station = theme, source, source.station
        content, station = source.content, source.station
        plant = station.plant
        self._zone, self._rights = zone_of(plant.zone if plant else "UTC"), HoldRights(station)
        self._good = LastGood()
        infos = [station.catalogue.tags[tag] for tag in content.commands]
        self.face = face_of(theme, source)
        self.mode = ModeLine(theme, source)
        self.values = {tag: self._value_row(tag, n == 0) for n, tag in enumerate(content.values)}
        self.states = {tag: self._state_row(tag) for tag in content.states if not self._is_elsewhere(tag)}
        self.members = MemberList(theme, source)
        for row in self.members.rows.values():
            if row.content.main:
                self._explain(row, row.content.main)
        self.alarms = AlarmList(theme, source)
        self.commands = CommandArea(theme, station, content.commands)
        self.lines = [self._condition_line(*one) for one in conditions_by_command(infos)]
        self.first_out = Text(theme, font="text.small", color="text.secondary", wrap=True)
        self.trend = MiniTrend(theme, station.now(), is_live=lambda: not station.clock.is_past)
        known = (station.catalogue.tags[tag] for tag in content.tags if tag in station.catalogue.tags)
        self.held = HeldRows(theme, station, content.name, tuple(known))
        self.last = LastCommands(theme)
        self._setpoint = content.signals.get("sp", "")
        self._journal = QTimer(self)
        self._journal.setInterval(_JOURNAL_MS)
        self._journal.timeout.connect(self.ask_journal)
        self._lay_out()
        self._connect()

    @property
    def tags(self) -> tuple[str, ...]:
        """Every tag that something here shows or is judged by."""
        return tuple(dict.fromkeys((*self._source.content.tags, *self.commands.tags, *self.members.tags)))

    @property
    def conditions(self) -> list[ConditionRow]:
        return [row for row, _ in self.lines]

    # what it is made of

    def _condition_line(
        self, condition: Condition, infos: list[TagInfo]
    ) -> tuple[ConditionRow, ConditionLine]:
        row = ConditionRow(self._theme, condition, infos)
        return row, ConditionLine(self._theme, self._station, row, condition.text, infos)

    def _label(self, tag: str) -> str:
        info = self._station.catalogue.tags[tag]
        return _LABELS.get(info.signal) or label_of(info)

    def _is_elsewhere(self, tag: str) -> bool:
        """States that the line of mode and location tells, or the picture."""
        signal = self._station.catalogue.tags[tag].signal
        if self.face is not None and signal in self.face.TOLD:
            return True
        return self.mode.is_needed and signal in ON_THE_LINE

    def _value_row(self, tag: str, main: bool) -> ValueRow:
        row = ValueRow(self._theme, self._label(tag), main=main)
        row.clicked.connect(lambda name: self.trendAsked.emit([name]))
        self._explain(row, tag)
        return row

    def _state_row(self, tag: str) -> StateRow:
        row = StateRow(self._theme, self._label(tag))
        self._explain(row, tag)
        return row

    def _explain(self, row: QWidget, tag: str) -> None:
        """A right click: why the row says what it says, or another value by hand."""
        row.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        row.customContextMenuRequested.connect(lambda at: self.menuAsked.emit(tag, row.mapToGlobal(at)))

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(15, 0, 15, 8)
        column.setSpacing(6)
        self._lay_out_figures(column)
        if self.mode.is_needed:
            column.addWidget(self.mode)
        if self.states:
            grid = QGridLayout()
            grid.setSpacing(0)
            for number, state in enumerate(self.states.values()):
                grid.addWidget(state, number // 2, number % 2)
            column.addLayout(grid)
        theme = self._theme
        if self.members.rows:
            column.addWidget(Section(theme, tr("Equipment inside"), self.members))
        column.addWidget(Section(theme, tr("Alarms"), self.alarms))
        column.addWidget(Section(theme, tr("Tags and locks"), self.held))
        if self.commands.rows:
            column.addWidget(Section(theme, tr("Commands"), self.commands))
        if self.lines or self._has_first_out:
            column.addWidget(Section(theme, tr("Interlocks and permissives"), self._condition_rows()))
        if self.values:
            column.addWidget(Section(theme, self._trend_title(), self.trend))
        if self._source.content.commands:
            column.addWidget(Section(theme, tr("Last commands"), self.last))

    def _lay_out_figures(self, column: QVBoxLayout) -> None:
        """The picture with the first figures beside it, the others below."""
        rows = list(self.values.values())
        beside = rows[:_BESIDE] if self.face is not None else []
        if self.face is not None:
            row, figures = QHBoxLayout(), QVBoxLayout()
            row.setSpacing(12)
            figures.setSpacing(4)
            for value in beside:
                figures.addWidget(value)
            figures.addStretch(1)
            row.addWidget(self.face, 0, Qt.AlignmentFlag.AlignTop)
            row.addLayout(figures, 1)
            column.addLayout(row)
        for value in rows[len(beside) :]:
            column.addWidget(value)

    @property
    def _has_first_out(self) -> bool:
        """Where something can trip or be locked out."""
        tripping = self._source.content.kind in {"pump", "valve"}
        return tripping or self._source.signal(*FIRST_OUT_SIGNALS) is not None

    def _condition_rows(self) -> QVBoxLayout:
        rows = QVBoxLayout()
        rows.setSpacing(0)
        for _, line in self.lines:
            rows.addWidget(line)
        if self._has_first_out:
            rows.addWidget(self.first_out)
        return rows

    def _trend_title(self) -> str:
        info = self._station.catalogue.tags[self._source.content.main]
        unit = f", {info.unit}" if info.unit else ""
        return tr("{name}, last 30 minutes", name=self._label(info.name)) + unit

    def _connect(self) -> None:
        self.alarms.actAsked.connect(self.actAsked)
        self.alarms.guidanceAsked.connect(self.guidanceAsked)
        self.trend.clicked.connect(lambda: self.trendAsked.emit(list(self._source.content.values[:_BESIDE])))
        self.commands.finished.connect(self.ask_journal)
        self.held.asked.connect(self.holdAsked)
        for _, line in self.lines:
            line.asked.connect(self.holdAsked)

    # what the runtime says

    def begin(self) -> None:
        """Ask for the past: the trend, what was last Good, the last commands."""
        content, station = self._source.content, self._station
        if self.values:
            info = station.catalogue.tags[content.main]
            self.trend.band = band_of(info)
            if not info.history:
                self.trend.empty_words = tr("Not recorded: from now on")
        for tag in content.values:
            station.read_history(
                tag, SPAN_S * NS_PER_S, owner=self, done=lambda page, tag=tag: self._backfill(tag, page)
            )
        if content.commands:
            self.ask_journal()
            self._journal.start()

    def end(self) -> None:
        self._journal.stop()
        self._station.beneath.want(self, ())
        self.commands.dialogue.drop()

    def take(self, changed: dict[str, DataValue]) -> None:
        """Live values."""
        now = self._station.now()
        self._good.take(changed, self.values)
        if (data := changed.get(self._source.content.main)) is not None:
            self.trend.series.append(data, now)
        if self._setpoint and (data := changed.get(self._setpoint)) is not None:
            self.trend.setpoint.append(data, now)

    def refresh(self) -> None:
        """Show what is true at this moment."""
        station, source = self._station, self._source
        now = station.now()
        for tag, row in self.values.items():
            reading = station.reading(tag)
            self._good.add(tag, reading.data)
            row.show_reading(
                reading, now, self._manual_words(reading) or self._good.words(reading, self._zone)
            )
        for tag, state in self.states.items():
            state.show_reading(station.reading(tag))
        if self.face is not None:
            self.face.refresh()
        if self.mode.is_needed:
            self.mode.refresh()
        for condition in self.conditions:
            condition.refresh(station.reading, now)
        self._refresh_holds()
        self.first_out.set_text(first_out_words(source, self._zone))
        if self.commands.rows:
            self.commands.refresh()
        self.members.refresh()
        self.alarms.refresh()
        self.held.show_locks(locks_of(source))
        self._advance_trend(now)

    def _refresh_holds(self) -> None:
        self.held.refresh(self._zone, self._rights.why_no_tag(self._source.content.name))
        self._station.beneath.want(self, self.held.overridden)
        for row, line in self.lines:
            line.refresh(self._zone, self._rights.why_no_bypass(row.guarded[0]))

    def _manual_words(self, reading: Reading) -> str:
        """Of a value that a person gave: what its source says meanwhile, until when and by whom."""
        own = self._station.holds.override_of(reading.info.id) if reading.info is not None else None
        if own is None:
            return ""
        return override_words(own, self._station.beneath.words(reading.tag), self._zone, self._station.now())

    def _advance_trend(self, now: int) -> None:
        if not self.values:
            return
        self.trend.judge(self.trend.series, self._station.reading(self._source.content.main), now)
        if self._setpoint:
            self.trend.judge(self.trend.setpoint, self._station.reading(self._setpoint), now)
        self.trend.advance(now)

    def _backfill(self, tag: str, page: HistoryPage) -> None:
        for sample in page.samples:
            self._good.add(tag, sample)
        series = {self._source.content.main: self.trend.series, self._setpoint: self.trend.setpoint}.get(tag)
        if series is not None:
            series.backfill(page.samples)
        self.refresh()

    def ask_journal(self) -> None:
        tags = self._station.catalogue.tags
        ids = [tags[tag].id for tag in self._source.content.commands if tag in tags]
        self._station.link.ask(
            lambda client: last_records(client, ids),
            owner=self,
            done=self._take_journal,
            failed=self.last.say,
        )

    def _take_journal(self, records: list[dict[str, Any]]) -> None:
        known = self._station.catalogue.tags
        by_id = {known[tag].id: known[tag] for tag in self._source.content.commands if tag in known}
        self.last.show_rows(rows_of(records, by_id, self._zone))

"""The page of the operator's log: what is asked for, the lines, the record in full, and what came meanwhile."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any, Final

import msgspec
from PySide6.QtCore import QPoint, QTimer, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget

from hmi.client.alarms import STREAMS, JournalPage, JournalQuery
from hmi.client.port import RuntimeClient
from hmi.core.clock import NS_PER_S
from hmi.core.texts import tr
from hmi.ui.filters import FilterButtons
from hmi.ui.flow import Flow
from hmi.ui.log.model import LogModel
from hmi.ui.log.rows import LogRows
from hmi.ui.log.sheet import RecordSheet
from hmi.ui.log.words import STREAM_NAMES, Record, at_of, day_text, moment_text, object_text, typed_time
from hmi.ui.settings import Settings
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.times import time_text, zone_of
from hmi.ui.widgets import Field, FlatButton, Panel, Text

PAGE: Final = 200
COUNT_MOST: Final = 100
TAIL_MS, COUNT_MS, TYPING_MS = 1_000, 10_000, 300
RANGES_H: Final = (("1", "1 h"), ("8", "8 h"), ("24", "24 h"), ("168", "7 d"))
SECTION: Final = "log"
_SHEET, _ROOM, _LOW = 400, 1_100, 460


class LogPage(Panel):
    """Asks for a page when something else is wanted or the end of the list comes near, and once a second for what
    is new. ``wayAsked``: where a record is to lead to; ``noteAsked``: a note on its object (None: on the plant);
    ``exportAsked``: the records in view.
    """

    closeAsked = Signal()
    handoverAsked = Signal()
    wayAsked = Signal(str, object)
    menuAsked = Signal(object, QPoint)
    noteAsked = Signal(object)
    exportAsked = Signal(object)

    def __init__(self, theme: Theme, station: Station, settings: Settings) -> None:
        super().__init__(theme, fill="background")
        self._theme, self._station, self._settings = theme, station, settings
        self._turn, self._asking, self._tailing, self._counting = 0, False, False, False
        self._answered, self._as_of, self._failure, self._searched_from = False, 0, "", 0
        self.only: tuple[str, str] = ("", "")
        """Id and name of the object that the list is narrowed to."""
        self.model = LogModel(self._day, self._moment)
        self.rows = LogRows(theme, self.model)
        self.sheet = RecordSheet(theme, self.close_sheet)
        self.sheet.hide()
        self._make_filters()
        self._lay_out()
        self._connect()
        self._timers = [self._timer(TAIL_MS, self.ask_new), self._timer(COUNT_MS, self.ask_counts)]
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_MS)
        self._typing.timeout.connect(self.ask)

    def _timer(self, interval: int, slot: Any) -> QTimer:
        timer = QTimer(self)
        timer.setInterval(interval)
        timer.timeout.connect(slot)
        return timer

    def _make_filters(self) -> None:
        theme = self._theme
        self._first_line, self._second_line = Flow(), Flow()
        self._more, self._is_low = QWidget(), False
        self._more.setLayout(self._second_line)
        self.streams = FilterButtons(theme, self._first_line, all_words=tr("All"))
        self.streams.set_choices((name, tr(STREAM_NAMES[name])) for name in STREAMS)
        self.search = _field(theme, tr("Words in the log"), 220)
        self.start = _field(theme, tr("From 2026-10-25"), 176)
        self.end = _field(theme, tr("To"), 176)
        for field in (self.search, self.start, self.end):
            self._second_line.addWidget(field)
        self.only_button = FlatButton(theme, "", lambda: self.narrow_to("", ""))
        self.only_button.hide()
        self._second_line.addWidget(self.only_button)
        self._second_line.add_space(8)
        self.ranges = FilterButtons(theme, self._second_line)
        self.ranges.set_choices((hours, tr(words)) for hours, words in RANGES_H)
        self._second_line.add_space(8)
        self.priorities = FilterButtons(theme, self._second_line)
        self.priorities.set_choices((str(number), tr("P{n}", n=number)) for number in range(1, 5))
        self._second_line.add_space(8)
        self.areas = FilterButtons(theme, self._second_line)

    def _lay_out(self) -> None:
        theme = self._theme
        self.about = Text(theme, font="text.label", color="text.label")
        self.problem = Text(theme, font="text.strong", color="text")
        self.news = FlatButton(theme, "", self.go_newest, strong=True)
        self.news.hide()
        self.note = FlatButton(theme, tr("Note…"), lambda: self.noteAsked.emit(self.rows.current_record))
        self.export = FlatButton(theme, tr("Export CSV"), lambda: self.exportAsked.emit(self.model.records))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(12, 10, 12, 4)
        outer.setSpacing(8)
        bar, acts = QHBoxLayout(), Flow()
        bar.addWidget(Text(theme, tr("Log"), font="heading", fit=True))
        bar.addSpacing(12)
        bar.addWidget(self.about, 3)
        bar.addWidget(self.problem, 2)
        bar.addWidget(self.news)
        ways = ((tr("Hand-over"), self.handoverAsked), (tr("Back to display"), self.closeAsked))
        for button in (self.note, self.export, *(FlatButton(theme, words, way.emit) for words, way in ways)):
            acts.addWidget(button)
        self.more = FlatButton(theme, tr("Filters"), self._arrange)
        self.more.setCheckable(True)
        acts.addWidget(self.more)
        outer.addLayout(bar)
        outer.addLayout(acts)
        outer.addLayout(self._first_line)
        outer.addWidget(self._more)
        self._list = panel = Panel(theme)
        inner = QVBoxLayout(panel)
        inner.setContentsMargins(1, 1, 1, 1)
        inner.addWidget(self.rows)
        self._body = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._body.addWidget(panel, 3)
        self._body.addWidget(self.sheet, 2)
        outer.addLayout(self._body, 1)

    def _connect(self) -> None:
        for field in (self.search, self.start, self.end):
            field.textChanged.connect(lambda _: self._typing.start())
            field.entered.connect(lambda _: self.ask())
        for buttons in (self.streams, self.ranges, self.priorities, self.areas):
            buttons.turned.connect(self._turned)
        self.rows.pointed.connect(self._pointed)
        self.rows.endNear.connect(self.ask_older)
        self.rows.homeAsked.connect(self.go_newest)
        self.rows.fullAsked.connect(self.show_full)
        self.rows.wayAsked.connect(self.go)
        self.rows.menuAsked.connect(self.menuAsked)
        self.rows.verticalScrollBar().valueChanged.connect(lambda _: self._tell_new())
        self._settings.changed.connect(self._take_settings)

    # what is wanted

    def query(self) -> JournalQuery:
        """What the filters say; ValueError with one sentence for a time that is none."""
        zone, hours = self._zone(), self.ranges.chosen
        start = typed_time(self.start.text(), zone)
        end = typed_time(self.end.text(), zone, is_end=True)
        if hours:
            start = max(start, self._station.now() - int(hours) * 3_600 * NS_PER_S, 1)
        if end and end <= start:
            raise ValueError(tr("The time ends before it begins."))
        priority = self.priorities.chosen
        return JournalQuery(
            text=self.search.text().strip(), stream=self.streams.chosen, area=self.areas.chosen,
            priorities=(int(priority),) if priority else (), object_id=self.only[0], start=start, end=end, limit=PAGE,
        )  # fmt: skip

    def set_areas(self, areas: list[tuple[str, str]]) -> None:
        """(path, title) of every area that can be filtered by."""
        self.areas.set_choices(areas)

    def narrow_to(self, object_id: str, name: str) -> None:
        """Only records about one object; "" for all."""
        self.only = (object_id, name)
        self.only_button.setText(tr("Only {name}  ×", name=name))
        self.only_button.setAccessibleName(tr("Only {name}: show all objects again", name=name))
        self.only_button.setVisible(bool(object_id))
        self.ask()

    def go(self, way: str, record: Record) -> None:
        """One of the ways of the list's keys and menu."""
        if way == "only":
            self.narrow_to(str(record.get("object_id", "")), object_text(record))
        elif way == "note":
            self.noteAsked.emit(record)
        else:
            self.wayAsked.emit(way, record)

    def _turned(self) -> None:
        self._settings.put(SECTION, {"stream": self.streams.chosen, "hours": self.ranges.chosen})
        self.ask()

    def _take_settings(self) -> None:
        kept = self._settings.get(SECTION)
        self.streams.choose(str(kept.get("stream", "")))
        self.ranges.choose(str(kept.get("hours", "")))
        if self.isVisible():
            self.ask()

    # what the runtime says

    def ask(self) -> None:
        """The newest page of what is wanted now."""
        self._typing.stop()
        self._turn += 1
        self._answered, self._failure, self._tailing, self._counting = False, "", False, False
        self.model.begin([], 0)
        try:
            self._ask_page(self.query())
        except ValueError as error:
            self._failed(self._turn, str(error))
        self._tell()

    def ask_older(self) -> None:
        """The page below."""
        if not self._asking and self._answered and self.model.next_before:
            self._ask_page(msgspec.structs.replace(self._query, before=self.model.next_before))

    def _ask_page(self, query: JournalQuery) -> None:
        self._query, self._asking, turn = query, True, self._turn
        self._station.link.ask(
            lambda client: client.search_journal(query), owner=self,
            done=lambda page: self._take(turn, page), failed=lambda why: self._failed(turn, why),
        )  # fmt: skip

    def _take(self, turn: int, page: JournalPage) -> None:
        if turn != self._turn:
            return
        is_first, self._asking, self._answered, self._failure = not self._answered, False, True, ""
        if is_first:
            self.model.begin(page.records, page.next_before)
            self._as_of, self._searched_from = self._station.now(), page.searched_from
            self.ask_counts()
        elif gone := self.model.add_older(page.records, page.next_before):
            bar = self.rows.verticalScrollBar()
            bar.setValue(max(bar.value() - gone, 1))
        self._tell()
        QTimer.singleShot(0, self, self.rows.look_at_end)

    def _failed(self, turn: int, sentence: str) -> None:
        """What is in view stays, with the time up to which it is whole."""
        if turn == self._turn:
            self._asking, self._tailing, self._counting, self._failure = False, False, False, sentence
            self._tell()

    def ask_new(self) -> None:
        """What came since; asked for anew when the log could not be read before."""
        if not self._answered:
            if self._failure and not self._asking:
                self._retry()
            return
        if self._tailing:
            return
        self._tailing, turn = True, self._turn
        query = msgspec.structs.replace(self._query, before=0)
        self._station.link.ask(
            lambda client: client.search_journal(query), owner=self,
            done=lambda page: self._take_new(turn, page), failed=lambda why: self._failed(turn, why),
        )  # fmt: skip

    def _retry(self) -> None:
        try:
            self._ask_page(self.query())
        except ValueError:
            return  # the sentence stands there until the time is typed right

    def _take_new(self, turn: int, page: JournalPage) -> None:
        if turn != self._turn:
            return
        self._tailing, self._failure, self._as_of = False, "", self._station.now()
        self._searched_from = page.searched_from
        self.model.take_new(page.records, is_whole=not page.next_before)
        if self.rows.is_at_top and self.rows.current_record is None:
            self.go_newest()
        self._tell()

    def go_newest(self) -> None:
        """To the top, with what came meanwhile."""
        if self.model.has_gap:
            self.ask()
        self.model.show_waiting()
        self.rows.scrollToTop()
        self._tell()

    def ask_counts(self) -> None:
        """How many each list has, at most ``COUNT_MOST`` counted."""
        if self._counting or not self._answered:
            return
        self._counting, turn = True, self._turn
        query = msgspec.structs.replace(self._query, before=0, limit=COUNT_MOST)
        self._station.link.ask(
            lambda client: _counts(client, query), owner=self,
            done=lambda counts: self._take_counts(turn, counts), failed=lambda why: self._failed(turn, why),
        )  # fmt: skip

    def _take_counts(self, turn: int, counts: dict[str, str]) -> None:
        if turn != self._turn:
            return
        self._counting = False
        for name, count in counts.items():
            words = f"{tr(STREAM_NAMES[name])}  {count}"
            button = self.streams.buttons[name]
            if button.text() != words:
                button.setText(words)
                button.setAccessibleName(words)
                button.updateGeometry()

    # what is shown

    def _pointed(self, record: Record | None) -> None:
        if record is not None:
            self.sheet.show_record(record, self._zone())
        self.sheet.setVisible(record is not None and not self._is_low)
        if record is None and self.rows.is_at_top and self._answered:
            self.model.show_waiting()
        self._tell_new()

    def _tell(self) -> None:
        """How many, up to when, and what is wrong."""
        zone, count = self._zone(), len(self.model.records)
        if self._answered:
            more = "+" if self.model.next_before else ""
            self.about.set_text(tr("{n} records, as of {at}", n=f"{count}{more}",
                                   at=time_text(self._as_of, zone, millis=False)))  # fmt: skip
            doubt = tr("Not up to date: {why}", why=self._failure) if self._failure else self._doubt()
            self.problem.set_text(doubt)
            self.rows.empty_text = tr("No record is like that.")
        else:
            words = (
                tr("The log cannot be read: {why}", why=self._failure) if self._failure else tr("Asking …")
            )
            self.about.set_text("")
            self.problem.set_text("")
            self.rows.empty_text = words
        self.problem.setVisible(bool(self.problem.full_text))
        self.rows.viewport().update()
        self.export.set_enabled(bool(count), tr("There is nothing to export."))
        self._tell_new()

    def _doubt(self) -> str:
        if self._searched_from <= 1:
            return ""
        return tr("Records before number {n} are not searched yet", n=self._searched_from)

    def _tell_new(self) -> None:
        waiting = len(self.model.waiting)
        more = "+" if self.model.has_gap else ""
        self.news.setVisible(bool(waiting or more))
        words = tr("{n} new", n=f"{waiting}{more}") if waiting else tr("To the newest")
        if self.news.text() != words:
            self.news.setText(words)
            self.news.setAccessibleName(words)
            self.news.updateGeometry()

    def _zone(self) -> tzinfo:
        plant = self._station.plant
        return zone_of(plant.zone if plant else "UTC")

    def _day(self, record: Record) -> str:
        return day_text(at_of(record), self._zone())

    def _moment(self, record: Record) -> str:
        return moment_text(at_of(record), self._zone())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The record beside the list, or below it where there is no room."""
        super().resizeEvent(event)
        is_wide = self.width() >= self._theme.px(_ROOM)
        way = QBoxLayout.Direction.LeftToRight if is_wide else QBoxLayout.Direction.TopToBottom
        self._body.setDirection(way)
        self.sheet.setMaximumWidth(self._theme.px(_SHEET) if is_wide else 16_777_215)
        is_low = not is_wide and self.height() < self._theme.px(_LOW)
        if is_low != self._is_low:
            self._is_low = is_low
            self._list.show()
            self.sheet.setVisible(not is_low and self.rows.current_record is not None)
        self._arrange()

    def _arrange(self) -> None:
        """On a low page the filters come when asked for, and a record in full takes the place of the list."""
        self.more.setVisible(self._is_low)
        self._more.setVisible(not self._is_low or self.more.isChecked())

    def show_full(self) -> None:
        """The chosen record in the place of the list, where they have no room beside each other."""
        if self._is_low and self.rows.current_record is not None:
            self._list.hide()
            self.sheet.show()
            self.sheet.body.setFocus()

    def close_sheet(self) -> None:
        """Back to the list; where both have room nothing is chosen any more."""
        self.sheet.hide()
        self._list.show()
        if not self._is_low:
            self.rows.setCurrentIndex(self.rows.rootIndex())
        self.rows.setFocus()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._answered:
            self.ask()
        for timer in self._timers:
            timer.start()
        self.ask_new()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        for timer in self._timers:
            timer.stop()


async def _counts(client: RuntimeClient, query: JournalQuery) -> dict[str, str]:
    """One list after the other: the runtime answers others in between."""
    found: dict[str, str] = {}
    for name in STREAMS:
        page = await client.search_journal(msgspec.structs.replace(query, stream=name))
        found[name] = f"{len(page.records)}+" if page.next_before else str(len(page.records))
    return found


def _field(theme: Theme, hint: str, width: int) -> Field:
    field = Field(theme, hint)
    field.setFixedWidth(theme.px(width))
    return field

"""The page of connections: the list on the left; the chosen one with errors, periods, frames and points."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final, NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from hmi.client.comms import (
    BlockFigures,
    Comms,
    FrameAnswer,
    FrameInfo,
    Frames,
    LineDetail,
    LineError,
    ScanFigures,
)
from hmi.client.port import PlantInfo, RuntimeClient
from hmi.core.texts import tr
from hmi.ui.comms import words
from hmi.ui.comms.frames import FramesPanel
from hmi.ui.comms.lines import LineList
from hmi.ui.comms.marks import draw_state
from hmi.ui.comms.point import PointPanel
from hmi.ui.comms.trends import FAULTS, MEAN, REQUESTS, SLOWEST, Curves, LineTrend
from hmi.ui.sheets.columns import Column
from hmi.ui.sheets.facts import FactSheet
from hmi.ui.sheets.grid import TextGrid
from hmi.ui.sheets.page import AskingPage
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.times import clock_text
from hmi.ui.widgets import FlatButton, Panel, Text

REFRESH_MS: Final = 1_000
PAGES_AT_ONCE: Final = 8
_ERRORS: Final = (
    Column("last", "Last time", 18), Column("unit", "Unit", 5, 520), Column("where", "Addresses", 13, 640),
    Column("text", "Error", 40), Column("count", "Times", 8, 0, True), Column("tags", "Points", 24, 760),
)  # fmt: skip
_PERIODS: Final = (
    Column("name", "Block or scan class", 30), Column("planned", "Plan", 10, 0, True),
    Column("achieved", "Achieved", 10, 0, True), Column("worst", "Worst in a minute", 12, 620, True),
    Column("overruns", "Missed", 8, 520, True), Column("points", "Points", 8, 700, True),
    Column("note", "", 28, 820),
)  # fmt: skip
_FRAMES: Final = "frames"


class Answer(NamedTuple):
    """What one question brings; ``detail`` and ``frames`` are of ``name``. ``raw``: the frames with their bytes."""

    all: Comms
    name: str = ""
    detail: LineDetail | None = None
    frames: Frames | None = None
    raw: bool = False


class Since(NamedTuple):
    """Which frames are wanted: those after a number; ``raw``: with their bytes."""

    number: int
    raw: bool


class CommsPage(AskingPage):
    """Asks once a second while it is in view. ``writeAsked``: open the command entry of a tag."""

    writeAsked = Signal(str)

    def __init__(self, theme: Theme, station: Station, parent: QWidget | None = None) -> None:
        super().__init__(theme, station, tr("Connections"), REFRESH_MS, parent)
        self.found: Comms | None = None
        self.detail: LineDetail | None = None
        self.is_current = False
        self._points_of: tuple[PlantInfo | None, str] | None = None
        self.list = LineList(theme)
        self.sheet = FactSheet(theme, draw_state, "unknown", tr("Details of the connection"))
        self.empty = Text(theme, tr("Asking …"), font="title", color="text.label", wrap=True)
        times = tr("Response time of the connection, slowest and mean")
        self.times = LineTrend(theme, times, "ms", (MEAN, SLOWEST))
        traffic = tr("Requests of the connection; a cross: faults")
        self.traffic = LineTrend(theme, traffic, tr("a second"), (REQUESTS,), FAULTS)
        self.errors = self._error_grid()
        self.periods = self._period_grid()
        self.frames, self.point = FramesPanel(theme), PointPanel(theme)
        self.below = QStackedWidget()
        self.tabs: dict[str, FlatButton] = {}
        self._lay_out()
        self._connect()

    def _error_grid(self) -> TextGrid[LineError]:
        return TextGrid[LineError](
            self._theme, _ERRORS, text=lambda row, key: words.error_text(row, key, self._zone()),
            key=lambda row: (row.unit, row.where, row.text), name=tr("Last errors"),
            strong=lambda _row, key: key == "text",
        )  # fmt: skip

    def _period_grid(self) -> TextGrid[ScanFigures | BlockFigures]:
        return TextGrid[ScanFigures | BlockFigures](
            self._theme, _PERIODS, text=words.scan_text, key=lambda row: (type(row).__name__, row.name),
            name=tr("Periods against plan"), strong=lambda row, key: key == "achieved" and words.is_late(row),
        )  # fmt: skip

    def _connect(self) -> None:
        self.list.turned.connect(self._turned)
        self.frames.switchAsked.connect(self._switch)
        self.frames.said.connect(self.said)
        self.frames.bytes.toggled.connect(lambda _: self.ask())
        self.point.readAsked.connect(self._read)
        self.point.writeAsked.connect(self.writeAsked)
        self._station.rights.changed.connect(self._allow)
        self._station.rights.lost.connect(self.frames.forget)
        self._allow()

    # layout

    def _lay_out(self) -> None:
        left = Panel(self._theme)
        inner = QVBoxLayout(left)
        inner.setContentsMargins(1, 1, 1, 1)
        inner.addWidget(self.list)
        right = QSplitter(Qt.Orientation.Vertical)
        right.setChildrenCollapsible(False)
        right.setHandleWidth(12)
        right.addWidget(self._upper())
        right.addWidget(self._lower())
        right.setStretchFactor(0, 5)
        right.setStretchFactor(1, 4)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(left, 2)
        row.addWidget(right, 5)
        self.outer.addLayout(row, 1)

    def _upper(self) -> QWidget:
        panel = Panel(self._theme)
        row = QHBoxLayout(panel)
        row.setContentsMargins(20, 14, 12, 10)
        row.setSpacing(20)
        row.addWidget(self.empty, 1)
        row.addWidget(self.sheet, 1)
        row.addWidget(Curves(self._theme, (self.times, self.traffic)), 1)
        return panel

    def _lower(self) -> QWidget:
        panel = Panel(self._theme)
        column = QVBoxLayout(panel)
        column.setContentsMargins(1, 6, 1, 1)
        column.setSpacing(4)
        bar = QHBoxLayout()
        bar.setContentsMargins(12, 0, 12, 0)
        bar.setSpacing(4)
        parts = (
            ("errors", tr("Last errors"), self.errors), ("periods", tr("Periods"), self.periods),
            (_FRAMES, tr("Messages on the wire"), self.frames), ("point", tr("Test of a point"), self.point),
        )  # fmt: skip
        for key, title, part in parts:
            button = FlatButton(self._theme, title, lambda key=key: self.open_part(key))
            button.setCheckable(True)
            self.tabs[key] = button
            self.below.addWidget(part)
            bar.addWidget(button)
        bar.addStretch(1)
        column.addLayout(bar)
        column.addWidget(self.below, 1)
        self.open_part("errors")
        return panel

    def open_part(self, key: str) -> None:
        """Show the errors, the periods, the frames or the test of a point."""
        for name, button in self.tabs.items():
            button.setChecked(name == key)
        self.below.setCurrentIndex(list(self.tabs).index(key))
        self.frames.set_current(is_current=False)
        if key == _FRAMES and self.isVisible():
            self.ask()

    @property
    def part(self) -> str:
        """Which of them is in view."""
        return list(self.tabs)[self.below.currentIndex()]

    # what is asked

    def _first(self) -> QWidget:
        return self.list

    @property
    def chosen(self) -> str:
        """Name of the chosen connection; empty before there is one."""
        row = self.list.current
        return row.line.name if row is not None else ""

    def _question(self, client: RuntimeClient) -> Awaitable[Answer]:
        """Frames only where they are looked at by somebody who may."""
        wants_frames = self.part == _FRAMES and not self._why_no_frames()
        since = Since(self.frames.after, self.frames.wants_raw) if wants_frames else None
        return _asked(client, self.chosen, since)

    def _failed(self, why: str) -> None:
        super()._failed(why)
        self._show(is_current=False)

    def _take(self, found: Answer) -> None:
        self.problem.set_text("")
        self.found = found.all
        if found.detail is not None and found.name == (self.chosen or found.name):
            self.detail = found.detail
        elif self.detail is not None and self.detail.line.name not in {line.name for line in found.all.lines}:
            self.detail = None  # the plant has it no longer
        self._show(is_current=True)
        if found.frames is not None:
            self.frames.take(found.name, found.frames, raw=found.raw)
        if not found.name and self.chosen:
            self.ask()  # the first answer said which connections there are

    # what is shown

    def _show(self, *, is_current: bool) -> None:
        self.is_current = is_current
        if not is_current:
            self.frames.set_current(is_current=False)
        self.point.set_current(is_current=is_current)
        if self.found is not None:
            self.list.at = self.found.at
            self.list.set_rows(words.rows_of(self.found, is_current=is_current))
            self.list.viewport().update()
            self.count.set_text(words.count_line(self.found, is_current=is_current))
        self._show_detail()

    def _turned(self) -> None:
        """Another row; of another connection nothing is known yet."""
        if self.detail is not None and self.detail.line.name != self.chosen:
            self.detail = None
            self._show_detail()
            self.ask()
        elif self.detail is not None:
            self._show_detail()

    def _show_detail(self) -> None:
        one, row = self.detail, self.list.current
        self.sheet.setVisible(one is not None)
        self.empty.setVisible(one is None)
        nothing = self.found is not None and not self.found.lines
        self.empty.set_text(tr("The plant has no connections.") if nothing else tr("Asking …"))
        self.frames.zone = self.point.zone = self._zone()
        self.frames.turn_to(self.chosen)
        if one is None or row is None:
            self.errors.set_rows([])
            self.periods.set_rows([])
            self._show_seconds([], "")
            self._show_points()
            return
        self._show_chosen(one, row)
        counted = clock_text(one.counted, self._zone())
        self.errors.set_rows(words.errors_of(one, row), tr("No errors since {time}.", time=counted))
        none = (
            tr("Nothing is asked for while there is no connection.") if self.is_current else tr("not current")
        )
        scans = one.scans if row.unit is None else []
        self.periods.set_rows([*scans, *words.blocks_of(one, row)] if self.is_current else [], none)
        self._show_seconds(
            one.seconds if self.is_current else [], "" if self.is_current else tr("not current")
        )
        self._show_points()

    def _show_chosen(self, one: LineDetail, row: words.Row) -> None:
        """Head and facts of the connection, or of the device behind it that is chosen."""
        at = self.found.at if self.found is not None else one.at
        zone = self._zone()
        if row.unit is not None:
            shown = words.Row(row.line, row.unit, self.is_current)
            title = tr("{unit} of {connection}", unit=words.title_of(shown), connection=one.line.name)
            self.sheet.set_head(shown.state, title, words.state_words(shown, at), "")
            self.sheet.set_facts(list(words.facts_of_unit(shown, one, zone)))
            return
        shown = words.Row(one.line, None, self.is_current)
        text = one.line.text if self.is_current else ""
        self.sheet.set_head(shown.state, one.line.name, words.state_words(shown, at), text)
        self.sheet.set_facts(list(words.facts_of(one, zone, is_current=self.is_current)))

    def _show_seconds(self, rows: list[list[float]], why: str) -> None:
        for trend in (self.times, self.traffic):
            trend.set_rows(rows, why)

    def _show_points(self) -> None:
        plant = self._station.plant
        if self._points_of is not None and self._points_of[0] is plant and self._points_of[1] == self.chosen:
            return
        self._points_of = plant, self.chosen
        tags = plant.tags if plant is not None else []
        self.point.set_tags([tag for tag in tags if tag.connection == self.chosen])

    # what a person does

    def _why_no_frames(self) -> str:
        return self._station.rights.why_not("frames")

    def _allow(self) -> None:
        self.frames.allow(self._why_no_frames())

    def _switch(self, seconds: float) -> None:
        name = self.chosen
        self._station.link.ask(
            lambda client: client.log_frames(name, seconds), owner=self, done=self._switched,
            failed=lambda why: self.said.emit(tr("Not done: {why}", why=why)),
        )  # fmt: skip

    def _switched(self, answer: FrameAnswer) -> None:
        self.said.emit(answer.text)
        self.ask()

    def _read(self, tag: str) -> None:
        self._station.link.ask(
            lambda client: client.read_point(tag),
            owner=self,
            done=lambda found: self.point.take(tag, found),
            failed=lambda why: self.point.take(tag, None, why),
        )


async def _asked(client: RuntimeClient, name: str, since: Since | None) -> Answer:
    """All connections, the chosen one, and its frames as far as they came; on the thread of the client."""
    found = await client.comms()
    if name not in {line.name for line in found.lines}:
        return Answer(found)
    detail = await client.comms_of(name)
    if since is None:
        return Answer(found, name, detail)
    return Answer(found, name, detail, await _frames(client, name, since.number, since.raw), since.raw)


async def _frames(client: RuntimeClient, name: str, after: int, raw: bool) -> Frames:
    """Several answers where there are more than one holds, but not without end."""
    kept: list[FrameInfo] = []
    for _ in range(PAGES_AT_ONCE):
        found = await client.frames(name, after=after, raw=raw)
        kept += found.frames
        if not found.frames or found.frames[-1].number >= found.newest:
            break
        after = found.frames[-1].number
    return Frames(found.left_s, found.newest, kept)

"""The page: every point of the plant that is not what the process says, with filters (HM-16)."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPoint, QRect, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.client.points import PointPage, PointRow
from hmi.client.port import RuntimeClient
from hmi.core.texts import tr
from hmi.ui.filters import FilterButtons
from hmi.ui.flow import Flow
from hmi.ui.holds.page_list import BYPASSED, HeldList
from hmi.ui.points.model import WORDS, Filter, PointsModel
from hmi.ui.points.table import PointsTable
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.times import time_text, zone_of
from hmi.ui.widgets import Field, FlatButton, Panel, Text

REFRESH_MS: Final = 1_000
SLOW_MS: Final = 5_000  # between two questions for a list of many points
MANY: Final = 2_000
PAGE: Final = 1_000
MOST: Final = 50_000
_BYPASSED: Final = (BYPASSED, "Bypassed")
Answer = tuple[list[PointRow], list[tuple[str, str, bool]]]


class PointsPage(Panel):
    """Asks once a second while it is in view; the values in view are live.

    ``chosen``: a row and its place on the screen; ``whyAsked``: a tag.
    """

    closeAsked = Signal()
    chosen = Signal(object, QRect)
    whyAsked = Signal(str)
    menuAsked = Signal(str, QPoint)
    holdAsked = Signal(object)

    def __init__(self, theme: Theme, station: Station, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent, fill="background")
        self._theme, self._station = theme, station
        self._asking, self._answered, self._again = False, False, False
        self._counts: dict[str, int] = {}
        self._wanted: tuple[str, ...] = ()
        self._names: list[tuple[str, str, bool]] = []
        self.model = PointsModel(station.reading, self._time)
        self.model.area_title = self._area_title
        self.table = PointsTable(theme, self.model)
        self.table.chosen.connect(self.chosen)
        self.table.menuAsked.connect(self.menuAsked)
        self.held = HeldList(theme, station)
        self.held.asked.connect(self.holdAsked)
        self.search = Field(theme, tr("Find tag or text"))
        self.search.setFixedWidth(theme.px(240))
        self.search.textChanged.connect(lambda _: self.refilter())
        self.count = Text(theme, font="text.label", color="text.label")
        self.problem = Text(theme, font="text.label", color="text")
        self._filters = Flow()
        self.states = FilterButtons(theme, self._filters, all_words=tr("All marked"))
        self.states.turned.connect(self._ask_anew)
        self.areas = FilterButtons(theme, self._filters)
        self.areas.turned.connect(self.refilter)
        self._lay_out()
        self.model.arranged.connect(self._arranged)
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self.ask)
        self._beat = QTimer(self)
        self._beat.setInterval(250)
        self._beat.timeout.connect(self._refresh_values)
        station.statusChanged.connect(self._counts_told)

    def _lay_out(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(12, 10, 12, 2)
        outer.setSpacing(8)
        bar = QHBoxLayout()
        bar.setSpacing(4)
        bar.addWidget(Text(self._theme, tr("Forced and simulated points"), font="heading", fit=True))
        bar.addSpacing(12)
        bar.addWidget(self.count, 1)
        bar.addWidget(self.problem, 1)
        bar.addWidget(FlatButton(self._theme, tr("Why this number?"), self._why))
        bar.addWidget(FlatButton(self._theme, tr("Back to display"), self.closeAsked.emit))
        outer.addLayout(bar)
        self._filters.addWidget(self.search)
        self._filters.add_space(12)
        self.states.set_choices((state, tr(words)) for state, words in (*WORDS.items(), _BYPASSED))
        self._filters.add_space(12)
        outer.addLayout(self._filters)
        outer.addWidget(self.held)
        panel = Panel(self._theme)
        inner = QVBoxLayout(panel)
        inner.setContentsMargins(1, 1, 1, 1)
        inner.addWidget(self.table)
        outer.addWidget(panel, 1)

    # what is shown

    @property
    def state(self) -> str:
        return self.states.chosen

    def choose_state(self, state: str) -> None:
        """One state, or all marked ones."""
        self.states.choose(state)
        self._ask_anew()

    def _ask_anew(self) -> None:
        """The rows of another state are not those of the one before."""
        state = self.state
        words = tr("No point is forced, simulated or entered by hand.")
        if state:
            words = tr("No point is {state}.", state=tr(WORDS[state]).lower()) if state in WORDS else tr(
                "A bypass leaves out the check of a condition; it changes no point.")  # fmt: skip
        self.table.empty_text = words
        self._names = []
        self._answered, self._asking = False, False
        self.model.set_rows([])
        self.held.show_kind(state)
        self.ask()

    def set_areas(self, areas: list[tuple[str, str]]) -> None:
        """(path, title) of every area that can be filtered by."""
        self.areas.set_choices(areas)

    def refilter(self) -> None:
        self.model.set_filter(Filter(self.areas.chosen, self.search.text()))

    def _tell_count(self) -> None:
        shown = tr("{n} points", n=len(self.model.shown)) if self._answered else tr("Asking …")
        self.count.set_text(shown)

    # what the runtime says

    def _counts_told(self) -> None:
        """Other points are forced now: a long list, which is asked for more rarely, is asked for at once."""
        status = self._station.status
        if status is not None and status.points != self._counts:
            self._counts = dict(status.points)
            if self.isVisible():
                self.ask()

    def ask(self) -> None:
        """All rows; one question at a time, and another one when something changed meanwhile."""
        if self.state == BYPASSED:  # conditions, not points: all of them are in the list above
            self._answered = True
            self._tell_count()
            return
        self._again = self._asking
        if self._asking:
            return
        self._asking, state = True, self.state
        self._station.link.ask(
            lambda client: _all_points(client, state),
            owner=self, done=lambda answer: self._take(state, answer), failed=self._failed,
        )  # fmt: skip

    def _take(self, state: str, answer: Answer) -> None:
        """The same points again change nothing: their values are live anyway."""
        if state != self.state:
            return
        rows, names = answer
        is_first, self._asking, self._answered = not self._answered, False, True
        self._timer.setInterval(REFRESH_MS if len(rows) <= MANY else SLOW_MS)
        self.problem.set_text("")
        if is_first or names != self._names:
            self._names = names
            self.model.set_rows(rows)
        if self._again:
            self.ask()

    def _arranged(self) -> None:
        self._tell_count()
        self._refresh_values()

    def _failed(self, sentence: str) -> None:
        """The rows stay, and say with their values that they are old."""
        self._asking = False
        self.problem.set_text(tr("This list is not up to date: {why}", why=sentence))

    def _refresh_values(self) -> None:
        """Only what is in view is subscribed."""
        first, last = self.table.visible_range()
        wanted = tuple(row.name for row in self.model.shown[first : last + 1])
        if wanted != self._wanted:
            self._wanted = wanted
            self._station.want(self, wanted)
        self.model.touch(first, last)
        self.held.touch()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.held.show_kind(self.state)
        self.ask()
        self._timer.start()
        self._beat.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()
        self._beat.stop()
        self._wanted = ()
        self._station.want(self, ())
        self.held.want()

    def _why(self) -> None:
        row = self.table.current_row() or next(iter(self.model.shown), None)
        if row is not None:
            self.whyAsked.emit(row.name)

    def _time(self, at_ns: int) -> str:
        plant = self._station.plant
        return time_text(at_ns, zone_of(plant.zone if plant else "UTC"), millis=False)

    def _area_title(self, path: str) -> str:
        areas = self._station.plant.areas if self._station.plant else []
        return next((area.get("title") or path for area in areas if area["path"] == path), path)


async def _all_points(client: RuntimeClient, state: str) -> Answer:
    """Page after page, on the client's own thread."""
    rows: list[PointRow] = []
    after, more = 0, True
    while more and len(rows) < MOST:
        page: PointPage = await client.points(state=state, after=after, limit=PAGE)
        rows += page.points
        after, more = page.continuation, bool(page.continuation)
    return rows, [(row.name, row.state, row.known) for row in rows]

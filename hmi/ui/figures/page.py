"""The page: a time and an area are chosen, the runtime counts, the page shows how good the alarms are."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from PySide6.QtCore import QRect, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from hmi.core.clock import NS_PER_S
from hmi.core.texts import tr
from hmi.ui.figures.answer import Answer, answer_of, count_words
from hmi.ui.figures.card import HEIGHT, LEAST, FigureCard
from hmi.ui.figures.lists import TopPanel, TroublePanel
from hmi.ui.figures.rate import RateStrip, minute_text
from hmi.ui.figures.shares import SharePanel
from hmi.ui.figures.tiles import Tiles
from hmi.ui.flow import Flow
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.times import zone_of
from hmi.ui.widgets import FlatButton, Panel, Text

REFRESH_MS: Final = 60_000
RANGES_H: Final = ((8, "8 h"), (24, "24 h"), (168, "7 d"), (720, "30 d"))
_PANEL_LEAST, _PANEL_HEIGHT = 470, 336


class FiguresPage(Panel):
    """Asks when it opens, when something else is chosen, and once a minute. ``chosen``: an alarm of a list and
    its place on the screen. ``whatIfAsked``: the id of an alarm whose settings are to be tried.
    """

    closeAsked = Signal()
    chosen = Signal(object, QRect)
    whatIfAsked = Signal(str)

    def __init__(self, theme: Theme, station: Station, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent, fill="background")
        self._theme, self._station = theme, station
        self.answer: Answer | None = None
        self.hours, self.area, self._turn, self._failure = 168, "", 0, ""
        self._areas: list[FlatButton] = []
        self.about = Text(theme, font="text.label", color="text.label")
        self.problem = Text(theme, font="text.strong", color="text")
        self.simulated = Text(theme, tr("SIMULATED"), font="text.strong", color="simulated", fit=True)
        self.waiting = Text(theme, font="title", color="text.label", wrap=True)
        self.cards: dict[str, FigureCard] = {}
        self._tiles = Tiles(theme.px(LEAST), theme.px(HEIGHT))
        self.rate = RateStrip(theme)
        self.top, self.trouble, self.shares = TopPanel(theme), TroublePanel(theme), SharePanel(theme)
        self.ranges = {hours: self._range_button(hours, words) for hours, words in RANGES_H}
        self._filters = Flow()
        self.scroller, self._body = QScrollArea(), QWidget()
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self.ask)
        for panel in (self.top, self.trouble):
            panel.chosen.connect(self.chosen)
            panel.whatIfAsked.connect(self.whatIfAsked)
        self._tell()

    @property
    def first(self) -> QWidget:
        """What has the keys when the page opens."""
        return self.ranges[self.hours]

    def _lay_out(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(12, 10, 12, 4)
        outer.setSpacing(8)
        bar = QHBoxLayout()
        bar.setSpacing(4)
        bar.addWidget(Text(self._theme, tr("Alarm figures"), font="heading", fit=True))
        bar.addSpacing(12)
        bar.addWidget(self.simulated)
        bar.addWidget(self.about, 3)
        bar.addWidget(self.problem, 2)
        bar.addWidget(FlatButton(self._theme, tr("Back to display"), self.closeAsked.emit))
        outer.addLayout(bar)
        for button in self.ranges.values():
            self._filters.addWidget(button)
        self._filters.add_space(12)
        outer.addLayout(self._filters)
        outer.addWidget(self.waiting)
        outer.addWidget(self.scroller, 1)
        self._lay_out_body()
        outer.addStretch(0)

    def _lay_out_body(self) -> None:
        column = QVBoxLayout(self._body)
        column.setContentsMargins(0, 0, 6, 6)
        column.setSpacing(10)
        column.addLayout(self._tiles)
        column.addWidget(self.rate)
        panels = Tiles(self._theme.px(_PANEL_LEAST), self._theme.px(_PANEL_HEIGHT))
        for panel in (self.top, self.trouble, self.shares):
            panels.addWidget(panel)
        column.addLayout(panels)
        column.addStretch(1)
        self.scroller.setFrameShape(QFrame.Shape.NoFrame)
        self.scroller.setWidgetResizable(True)
        self.scroller.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroller.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.scroller.setWidget(self._body)
        self._body.setAutoFillBackground(False)
        self.scroller.viewport().setAutoFillBackground(False)

    # what is asked for

    def _range_button(self, hours: int, words: str) -> FlatButton:
        button = FlatButton(self._theme, tr(words), lambda: self.choose_range(hours))
        button.setCheckable(True)
        button.setChecked(hours == self.hours)
        return button

    def choose_range(self, hours: int) -> None:
        """So many hours up to now."""
        for own, button in self.ranges.items():
            button.setChecked(own == hours)
        if hours != self.hours:
            self.hours = hours
            self._anew()

    def set_areas(self, areas: list[tuple[str, str]]) -> None:
        """(path, title) of every area that can be chosen; called with each plant revision."""
        for button in self._areas:
            self._filters.removeWidget(button)
            button.hide()
            button.deleteLater()
        known = {path for path, _ in areas}
        lost = self.area not in known and bool(self.area)
        self.area = "" if lost else self.area
        self._areas = [self._area_button("", tr("Whole plant"))]
        self._areas += [self._area_button(path, title) for path, title in areas]
        if lost or self.answer is not None:
            self._anew()

    def _area_button(self, path: str, title: str) -> FlatButton:
        button = FlatButton(self._theme, title, lambda: self.choose_area(path))
        button.setCheckable(True)
        button.setChecked(path == self.area)
        button.setProperty("area", path)
        self._filters.addWidget(button)
        return button

    def choose_area(self, path: str) -> None:
        """An area with all that lies in it, or the whole plant."""
        for button in self._areas:
            button.setChecked(button.property("area") == path)
        if path != self.area:
            self.area = path
            self._anew()

    def _anew(self) -> None:
        """Nothing of another time or area is left in view."""
        self.answer, self._failure = None, ""
        self._turn += 1
        self._tell()
        if self.isVisible():
            self.ask()

    def ask(self) -> None:
        """The latest question counts; an answer to an earlier one is dropped."""
        self._turn += 1
        turn, area = self._turn, self.area
        start = max(self._station.now() - self.hours * 3_600 * NS_PER_S, 1)
        self._station.link.ask(
            lambda client: client.alarm_figures(start=start, area=area),
            owner=self, done=lambda told: self._take(turn, told), failed=lambda why: self._failed(turn, why),
        )  # fmt: skip

    # what the runtime says

    def _take(self, turn: int, told: dict[str, Any]) -> None:
        if turn != self._turn:
            return
        try:
            self.answer = answer_of(told)
        except msgspec.ValidationError as error:
            self._failed(turn, tr("the answer cannot be read ({why})", why=str(error)))
            return
        self._failure = ""
        self._show(self.answer)
        self._tell()

    def _failed(self, turn: int, sentence: str) -> None:
        """What was counted before stays, with the time it was counted at."""
        if turn == self._turn:
            self._failure = sentence
            self._tell()

    def _show(self, answer: Answer) -> None:
        for figure in answer.kpis:
            if figure.key in self.cards:
                self.cards[figure.key].set_figure(figure)
            else:
                card = self.cards[figure.key] = FigureCard(self._theme, figure)
                self._tiles.addWidget(card)
        plant = self._station.plant
        self.rate.show_answer(answer, zone_of(plant.zone if plant else "UTC"))
        for panel in (self.top, self.trouble, self.shares):
            panel.show_answer(answer)

    def _tell(self) -> None:
        """Head line and what is in view: the figures, that they are being counted, or why there are none."""
        answer, failure = self.answer, self._failure
        self.scroller.setVisible(answer is not None)
        self.waiting.setVisible(answer is None)
        self.simulated.setVisible(answer is not None and answer.simulated)
        self.about.set_text(self._about(answer) if answer is not None else "")
        problem = ""
        if answer is None:
            words = tr("No figures: {why}", why=failure) if failure else tr("Counting the alarms …")
            self.waiting.set_text(words)
        else:
            problem = tr("Not up to date: {why}", why=failure) if failure else self._doubt(answer)
        self.problem.set_text(problem)
        self.problem.setVisible(bool(problem))

    def _about(self, answer: Answer) -> str:
        plant = self._station.plant
        zone = zone_of(plant.zone if plant else "UTC")
        over = {
            0: tr("all figures as asked for"), 1: tr("1 figure over what is asked for"),
        }.get(answer.over, tr("{n} figures over what is asked for", n=answer.over))  # fmt: skip
        return tr(
            "As of {end}: {alarms}, {over}, {now} standing now. From {start}.",
            end=minute_text(answer.end, zone), alarms=count_words(answer.alarms), over=over, now=answer.standing_now,
            start=minute_text(answer.start, zone),
        )  # fmt: skip

    def _doubt(self, answer: Answer) -> str:
        """Records that are missing make every number too low."""
        missing = answer.not_stored + answer.unreadable
        return tr("{n} records are missing: the numbers are too low", n=missing) if missing else ""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """What is below is in reach of the keys too."""
        bar = self.scroller.verticalScrollBar()
        steps = {
            Qt.Key.Key_PageDown: bar.pageStep(), Qt.Key.Key_PageUp: -bar.pageStep(),
            Qt.Key.Key_Home: -bar.maximum(), Qt.Key.Key_End: bar.maximum(),
        }  # fmt: skip
        if (step := steps.get(Qt.Key(event.key()))) is not None:
            bar.setValue(bar.value() + step)
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.ask()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()

"""The bar below the title bar that moves the station through time; in every window while the past is shown."""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import Final

from PySide6.QtCore import QPoint, Signal
from PySide6.QtGui import QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from hmi.client.past import Timeline
from hmi.core.clock import NS_PER_S
from hmi.core.errors import UsageError
from hmi.core.instants import instant
from hmi.core.texts import tr
from hmi.ui.paint import painting
from hmi.ui.past.chip import LiveChip
from hmi.ui.past.clock import RATES
from hmi.ui.past.line import SPANS_S, TimeLine
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.times import clock_text, local_time, zone_of
from hmi.ui.widgets import Field, FlatButton, Text

HEIGHT: Final = 64
SLOTS: Final = 400
_STEPS: Final = (
    (-3_600, "−1 h"),
    (-60, "−1 min"),
    (-10, "−10 s"),
    (10, "+10 s"),
    (60, "+1 min"),
    (3_600, "+1 h"),
)
_SIDE, _WORDS, _WORDS_SHORT, _LINE = 14, 262, 150, 170
# what is left out of a narrow bar, in this order
_NO_ENTRY, _NO_STEPS, _NO_SPAN, _NO_LARGE_STEPS, _SHORT, _NO_RATE, _NO_LINE = range(1, 8)
_LAST: Final = _NO_LINE
_SPANS: Final = ("15 min", "1 h", "8 h", "1 day", "7 days", "30 days", "1 year")


class TimeBar(QWidget):
    """``closed``: somebody put it away while the station is live. ``said`` carries a sentence."""

    closed = Signal()
    said = Signal(str)

    def __init__(self, theme: Theme, station: Station) -> None:
        super().__init__()
        self._theme, self._station, self.clock = theme, station, station.clock
        self._zone: tzinfo = UTC
        self._asking = self._again = self._short = False
        self.setFixedHeight(theme.px(HEIGHT))
        self.when = Text(theme, font="title", color="header.text")
        self.state = Text(theme, font="text.small", color="header.secondary")
        self.line = TimeLine(theme)
        self.play = FlatButton(theme, tr("Play"), self._toggle_play)
        self.rate = FlatButton(theme, "1×", self._choose_rate)
        self.span = FlatButton(theme, tr(_SPANS[1]), self._choose_span)
        self.entry = Field(theme, tr("Go to time"))
        self.live = FlatButton(theme, tr("Back to live (Esc)"), self.clock.go_live, strong=True)
        self.close_button = FlatButton(theme, tr("Close"), self.closed.emit)
        self.chip = LiveChip(theme)
        self.steps = [
            FlatButton(theme, tr(words), lambda by=by: self._step(by), font="text.small")
            for by, words in _STEPS
        ]
        self._lay_out()
        self._connect()
        self.hide()

    def _lay_out(self) -> None:
        theme = self._theme
        row = QHBoxLayout(self)
        row.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)  # a narrow window leaves things out
        row.setContentsMargins(_SIDE, 4, _SIDE, 4)
        row.setSpacing(theme.px(6))
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.when)
        words.addWidget(self.state)
        self.entry.setFixedWidth(theme.px(128))
        self.entry.setToolTip(tr("-10m, -2h30m, 14:05, 2026-10-25 14:05:30"))
        row.addLayout(words)
        for widget in (*self.steps[:3], self.play, self.rate, *self.steps[3:]):
            row.addWidget(widget)
        row.addWidget(self.line, 1)
        for widget in (self.span, self.entry, self.chip, self.live, self.close_button):
            row.addWidget(widget)

    def _connect(self) -> None:
        clock, line = self.clock, self.line
        clock.turned.connect(self.refresh)
        clock.moved.connect(self.refresh)
        clock.landed.connect(self.refresh)
        clock.said.connect(self.said)
        line.wanted.connect(clock.go_to)
        line.playAsked.connect(self._toggle_play)
        line.liveAsked.connect(clock.go_live)
        line.spanChanged.connect(self._spanned)
        self.chip.clicked.connect(clock.go_live)
        self.entry.entered.connect(self._entered)
        self._station.plantLoaded.connect(self.refresh)
        self._station.judged.connect(self.refresh)
        self._station.liveAlarmsChanged.connect(self._show_live)

    # how much of it there is room for

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit_width()

    def fit_width(self) -> None:
        """Leave out what keys do as well, until the rest has room; time, play and the way back always stay."""
        theme, past = self._theme, self.clock.is_past
        out = next((n for n in range(_LAST) if self._need(n) <= self.width()), _LAST)
        self.entry.setVisible(out < _NO_ENTRY)
        for number, button in enumerate(self.steps):
            button.setVisible(out < (_NO_STEPS if number in {1, 4} else _NO_LARGE_STEPS))
        self.span.setVisible(out < _NO_SPAN)
        self.rate.setVisible(out < _NO_RATE)
        self.line.setVisible(out < _NO_LINE)
        self.chip.set_short(out >= _SHORT)
        self.live.setText(tr("Live (Esc)") if out >= _SHORT else tr("Back to live (Esc)"))
        self._short = out >= _SHORT
        for text in (self.when, self.state):
            text.setFixedWidth(theme.px(_WORDS_SHORT if self._short else _WORDS))
        self._say_when()
        self.close_button.setVisible(not past)

    def _need(self, out: int) -> int:
        """Width of everything that is left after ``out`` steps, in pixels."""
        theme, past, gap = self._theme, self.clock.is_past, self._theme.px(6)
        short = out >= _SHORT
        widths = [theme.px(_WORDS_SHORT if short else _WORDS), theme.px(_LINE) if out < _NO_LINE else 0]
        widths += [self.play.sizeHint().width(), theme.px(90)]
        if past:
            widths += [theme.px(64) if short else self.chip.needed, theme.px(100 if short else 150)]
        optional = (
            (_NO_ENTRY, [self.entry]), (_NO_STEPS, [self.steps[1], self.steps[4]]), (_NO_SPAN, [self.span]),
            (_NO_LARGE_STEPS, [self.steps[n] for n in (0, 2, 3, 5)]), (_NO_RATE, [self.rate]),
        )  # fmt: skip
        for step, widgets in optional:
            widths += [
                theme.px(128) if w is self.entry else w.sizeHint().width() for w in widgets if out < step
            ]
        return sum(widths) + gap * len(widths) + 2 * _SIDE

    def _say_when(self) -> None:
        clock = self.clock
        if not clock.is_past:
            self.when.set_text(tr("LIVE"))
            return
        text = clock_text(clock.position, self._zone)
        self.when.set_text(f"{tr('PAST')}  {text.rpartition('  ')[2] if self._short else text}")

    # what it shows

    def refresh(self) -> None:
        """The position, and what can be done from it."""
        clock = self.clock
        if self.isHidden():
            return
        plant = self._station.plant
        self._zone = self.line.zone = zone_of(plant.zone if plant is not None else "UTC")
        past = clock.is_past
        at = clock.position
        self._say_when()
        self.state.set_text(self._state_words())
        self.play.setText(tr("Pause") if clock.is_playing else tr("Play"))
        self.rate.setText(f"{clock.rate}×")
        for widget in (self.chip, self.live):
            widget.setVisible(past)
        if self.isVisible():
            self.fit_width()
        for button, (by, _) in zip(self.steps, _STEPS, strict=True):
            button.set_enabled(past or by < 0, tr("This is the present."))
        if self.line.show_times(at, clock.live_now()):
            self.ask()
        self._show_live()

    def _state_words(self) -> str:
        """What is to be known of the instant besides its time."""
        clock, moment = self.clock, self.clock.moment
        if not clock.is_past:
            return tr("Press on the line of time, or Play")
        if clock.is_seeking:
            return tr("Looking for {time} …", time=f"{local_time(clock.target, self._zone):%d.%m. %H:%M:%S}")
        assert moment is not None
        if not moment.known:
            return tr("Before the first record: nothing is known")
        if not moment.ran:
            return tr("No runtime ran then")
        live, plant = clock.live_revision(), self._station.plant
        words = [
            tr("Playing {rate}×", rate=clock.rate) if clock.is_playing else tr("Stands still"),
            f"UTC{local_time(clock.position, self._zone):%z}",
        ]
        if plant is not None and live and live != plant.revision:
            words.append(tr("plant revision {revision}", revision=plant.revision[:8]))
        return "  ·  ".join(words)

    def _show_live(self) -> None:
        if not self.isHidden():
            station = self._station
            self.chip.show_store(station.live_alarms, known=station.hears_live())

    def ask(self) -> None:
        """How much happened in the time in view; one question at a time."""
        line = self.line
        if self._asking:
            self._again = True
            return
        if not line.end or self.isHidden():
            return
        self._asking = True
        start, end = max(line.start, NS_PER_S), max(line.end, 2 * NS_PER_S)
        self._station.link.ask(
            lambda client: client.timeline(start, end, SLOTS),
            owner=self,
            done=self._take,
            failed=self._failed,
        )

    def _take(self, filled: Timeline) -> None:
        self._asking = False
        self.line.fill(filled)
        if self._again:
            self._again = False
            self.ask()

    def _failed(self, _: str) -> None:
        self._asking = self._again = False

    # what it is asked

    def open(self) -> None:
        """Show it, also while the station is live."""
        self.show()
        self.refresh()
        self.ask()
        self.line.setFocus()

    def _toggle_play(self) -> None:
        if self.clock.is_playing:
            self.clock.pause()
        else:
            self.clock.play()

    def _step(self, by_s: int) -> None:
        self.clock.go_to((self.clock.position or self.clock.live_now()) + by_s * NS_PER_S)

    def _entered(self, text: str) -> None:
        try:
            at = instant(text, self.clock.live_now(), self._zone)
        except UsageError as error:
            self.said.emit(str(error))
            return
        self.entry.clear()
        self.clock.go_to(at)

    def _choose_rate(self) -> None:
        menu = QMenu(self)
        for rate in RATES:
            menu.addAction(f"{rate}×", lambda rate=rate: self.clock.set_rate(rate))
        menu.popup(self.rate.mapToGlobal(QPoint(0, self.rate.height())))

    def _choose_span(self) -> None:
        menu = QMenu(self)
        for span_s, words in zip(SPANS_S, _SPANS, strict=True):
            menu.addAction(tr(words), lambda span_s=span_s: self.line.set_span(span_s))
        menu.popup(self.span.mapToGlobal(QPoint(0, self.span.height())))

    def _spanned(self) -> None:
        self.span.setText(tr(_SPANS[SPANS_S.index(self.line.span_s)]))
        self.ask()

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            painter.fillRect(self.rect(), self._theme.color("header.edge"))

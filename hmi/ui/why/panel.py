"""The panel itself: what is shown now, the sentence why, and the hops from the device on."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from hmi.client.why import Why, WhyHop
from hmi.core.texts import tr
from hmi.mimics import show
from hmi.ui.mimic.words import quality_words
from hmi.ui.overlay import Overlay
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.times import time_text, zone_of
from hmi.ui.why.hop import HopView
from hmi.ui.widgets import FlatButton, Text

WIDTH = 580
_MOST_BACK = 20


class WhyPanel(Overlay):
    """On the right of the display. Follows the value of one tag; the hops are one answer and say when it was given.

    Two questions go out at once: the quick one fills everything but the device, the other one the rest.
    Esc closes, R asks again, Backspace goes back to the tag before.
    """

    displayAsked = Signal(str)

    def __init__(self, theme: Theme, station: Station, parent: QWidget) -> None:
        super().__init__(theme, parent)
        self._theme, self._station = theme, station
        self.tag = ""
        self._turn, self._fresh = 0, False
        self._before: list[str] = []
        self.answer: Why | None = None
        self.hops: list[HopView] = []
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.name = Text(theme, font="title")
        self.where = Text(theme, font="text.small", color="text.label")
        self.value = Text(theme, font="value.large", color="value", fit=True)
        self.quality = Text(theme, font="text.label", color="text.label")
        self.verdict = Text(theme, font="text.strong", wrap=True)
        self.when = Text(theme, font="text.small", color="text.label")
        self.back = FlatButton(theme, tr("Back"), self._back, quiet=True)
        self.scroller, self._body = QScrollArea(), QWidget()
        self._column = QVBoxLayout(self._body)
        self._lay_out()
        station.judged.connect(self.refresh)
        station.valuesChanged.connect(self._changed)
        station.plantLoaded.connect(self._renew)

    def _lay_out(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(16, 12, 4, 6)
        outer.setSpacing(2)
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(Text(self._theme, tr("Why this number?"), font="text.label", color="text.label"), 1)
        head.addWidget(self.back)
        head.addWidget(FlatButton(self._theme, tr("Ask again"), self.ask, quiet=True))
        head.addWidget(FlatButton(self._theme, tr("Close"), self.close_panel, quiet=True))
        outer.addLayout(head)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 14, 0)
        row.addWidget(self.name, 1)
        row.addWidget(self.value)
        outer.addLayout(row)
        below = QHBoxLayout()
        below.setContentsMargins(0, 0, 14, 6)
        below.addWidget(self.where, 2)
        self.quality.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        below.addWidget(self.quality, 3)
        outer.addLayout(below)
        outer.addWidget(self.verdict)
        outer.addWidget(self.when)
        self.scroller.setFrameShape(QFrame.Shape.NoFrame)
        self.scroller.setWidgetResizable(True)
        self.scroller.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroller.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._column.setContentsMargins(0, 6, 12, 6)
        self._column.setSpacing(0)
        self.scroller.setWidget(self._body)
        self._body.setAutoFillBackground(False)
        self.scroller.viewport().setAutoFillBackground(False)
        outer.addWidget(self.scroller, 1)

    # asking

    def explain(self, tag: str) -> None:
        """Ask about a tag; the one before can be gone back to."""
        if self.tag and tag != self.tag:
            self._before = [*self._before, self.tag][-_MOST_BACK:]
        self._choose(tag)

    def _back(self) -> None:
        if self._before:
            self._choose(self._before.pop())

    def _choose(self, tag: str) -> None:
        self.tag, self.answer = tag, None
        info = self._station.catalogue.tags.get(tag)
        self.name.set_text((info.description if info else "") or tag)
        self.where.set_text(tag)
        self.setAccessibleName(tr("Why this number? {tag}", tag=tag))
        self.back.setVisible(bool(self._before))
        self.verdict.set_text("")
        self.when.set_text(tr("Asking …"))
        self._show_hops([])
        self._station.want(self, [tag])
        self.refresh()
        self.ask()

    def ask(self) -> None:
        """Everything once more, the device too."""
        self._turn += 1
        self._fresh = False
        turn, tag, link = self._turn, self.tag, self._station.link
        link.ask(
            lambda client: client.why(tag, quick=True),
            owner=self, done=lambda answer: self._take(turn, answer, fresh=False), failed=lambda _: None,
        )  # fmt: skip
        link.ask(
            lambda client: client.why(tag),
            owner=self, done=lambda answer: self._take(turn, answer, fresh=True),
            failed=lambda sentence: self._failed(turn, sentence),
        )  # fmt: skip

    def _take(self, turn: int, answer: Why, *, fresh: bool) -> None:
        """The quick answer never replaces the whole one."""
        if turn != self._turn or (self._fresh and not fresh):
            return
        self._fresh = fresh
        self.answer = answer
        self.verdict.set_text(answer.text)
        zone = zone_of(self._station.plant.zone if self._station.plant else "UTC")
        at = time_text(answer.at, zone, millis=False)
        words = (
            tr("As of {time}", time=at) if fresh else tr("As of {time}; the device is being asked …", time=at)
        )
        self.when.set_text(words)
        self._show_hops(answer.hops)

    def _failed(self, turn: int, sentence: str) -> None:
        """What was being asked stays unknown, and says why."""
        if turn != self._turn:
            return
        self._fresh = True
        self.when.set_text(tr("No answer: {why}", why=sentence))
        if self.answer is not None:
            hops = [_unknown(hop, sentence) if hop.state == "asking" else hop for hop in self.answer.hops]
            self._show_hops(hops)

    def _show_hops(self, hops: list[WhyHop]) -> None:
        for view in self.hops:
            self._column.removeWidget(view)
            view.hide()
            view.deleteLater()
        while self._column.count():
            self._column.takeAt(0)
        info = self._station.catalogue.tags.get(self.tag)
        unit = info.unit if info else ""
        zone = zone_of(self._station.plant.zone if self._station.plant else "UTC")
        self.hops = [
            HopView(self._theme, hop, zone, info, unit, first=not n, last=n == len(hops) - 1)
            for n, hop in enumerate(hops)
        ]
        for view in self.hops:
            view.tagChosen.connect(self.explain)
            view.displayChosen.connect(self.displayAsked)
            self._column.addWidget(view)
        self._column.addStretch(1)

    # what is shown now

    def _renew(self) -> None:
        """Another plant revision: the same tag may come to its value another way."""
        if self.tag and not self.isHidden():
            self._choose(self.tag)

    def _changed(self, changed: dict[str, object]) -> None:
        if self.tag in changed:
            self.refresh()

    def refresh(self) -> None:
        """The value as the display shows it at this moment, age judged."""
        if not self.tag or self.isHidden():
            return
        reading = self._station.reading(self.tag)
        shown = show(reading)
        self.value.set_role(shown.role)
        self.value.set_text(f"{shown.text.strip()} {shown.unit}".strip())
        self.quality.set_text(quality_words(reading))

    # the panel

    def place_in(self, area: QRect) -> QRect:
        """On the right of the working area, from top to bottom."""
        width = min(self._theme.px(WIDTH), area.width() - 24)
        return QRect(area.right() - width - 7, area.top() + 8, width, area.height() - 16)

    def show_tag(self, tag: str, area: QRect) -> None:
        """Open for a tag, or ask about another one where it is open already."""
        if self.isHidden():
            self.tag, self._before = "", []
        self.open_panel(area)
        self.setFocus()
        self.explain(tag)

    def close_panel(self) -> None:
        self._turn += 1
        self._station.want(self, ())
        super().close_panel()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_R and not event.modifiers():
            self.ask()
        elif event.key() == Qt.Key.Key_Backspace:
            self._back()
        else:
            super().keyPressEvent(event)


def _unknown(hop: WhyHop, sentence: str) -> WhyHop:
    text = tr("Not known: {why}.", why=sentence.rstrip("."))
    return WhyHop(hop.kind, "unknown", text, facts=hop.facts)

"""The right side of the page: what would have been, in one sentence, numbers, a strip of time and lists."""

from __future__ import annotations

from datetime import tzinfo

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.client.what_if import WhatIfResult
from hmi.core.texts import tr
from hmi.ui.alarms.guidance import scrolled
from hmi.ui.figures.rate import minute_text
from hmi.ui.figures.tiles import Tiles
from hmi.ui.theme import Theme
from hmi.ui.what_if.lists import StretchPanel
from hmi.ui.what_if.strip import BeforeAfter
from hmi.ui.what_if.words import numbers_of
from hmi.ui.widgets import FlatButton, Panel, Text

_TILE_LEAST, _TILE_HEIGHT, _LISTS_LEAST = 132, 58, 180


class ResultPanel(QWidget):
    """``applyAsked``: the person wants the proposed settings in the plant."""

    applyAsked = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.waiting = Text(theme, font="title", color="text.label", wrap=True)
        self.sentence = Text(theme, font="heading", wrap=True)
        self.coarse = Text(
            theme, tr("The history does not hold enough to tell:"), font="text.strong", fit=True
        )
        self.simulated = Text(theme, tr("SIMULATED"), font="text.strong", color="simulated", fit=True)
        self.when = Text(theme, font="text.label", color="text.label")
        self.notes = Text(theme, font="text.label", color="text.secondary", wrap=True)
        self.numbers: list[Number] = []
        self._tiles = Tiles(theme.px(_TILE_LEAST), theme.px(_TILE_HEIGHT), 8)
        self.strip, self.lists = BeforeAfter(theme), StretchPanel(theme)
        self.apply = FlatButton(theme, tr("Apply to the plant …"), self.applyAsked.emit)
        self._body = QWidget()
        self.scroller = scrolled(theme, self._body)
        self.scroller.setAccessibleName(tr("What would have been"))
        self._lay_out()
        self.show_waiting("")

    def _lay_out(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.waiting)
        outer.addWidget(self.scroller, 1)
        outer.addStretch(0)
        column = QVBoxLayout(self._body)
        column.setContentsMargins(0, 0, 6, 0)
        column.setSpacing(8)
        column.addWidget(self.sentence)
        row = QHBoxLayout()
        row.addWidget(self.simulated)
        row.addWidget(self.when, 1)
        column.addLayout(row)
        column.addWidget(self.coarse)
        column.addWidget(self.notes)
        column.addLayout(self._tiles)
        column.addWidget(self.strip)
        self.lists.setMinimumHeight(self._theme.px(_LISTS_LEAST))
        column.addWidget(self.lists, 1)
        last = QHBoxLayout()
        last.addWidget(self.apply)
        last.addStretch(1)
        outer.addLayout(last)

    def show_waiting(self, words: str) -> None:
        """There is no answer yet."""
        usual = tr("Type other settings on the left and replay the recorded values through them.")
        self.waiting.set_text(words or usual)
        self.waiting.show()
        self.scroller.hide()
        self.apply.hide()

    def show_result(self, result: WhatIfResult, zone: tzinfo) -> None:
        self.waiting.hide()
        self.scroller.show()
        self.apply.show()
        self.sentence.set_text(result.sentence)
        self.simulated.setVisible(result.simulated)
        self.when.set_text(
            tr(
                "From {start} to {end}",
                start=minute_text(result.start, zone),
                end=minute_text(result.end, zone),
            )
        )
        self.coarse.setVisible(result.coarse)
        self.notes.set_text("\n".join(result.notes))
        for place, (title, number) in enumerate(numbers_of(result)):
            if place == len(self.numbers):
                self.numbers.append(Number(self._theme))
                self._tiles.addWidget(self.numbers[place])
            self.numbers[place].show_number(title, number)
        self.strip.show_result(result, zone)
        self.lists.show_result(result, zone)

    def allow(self, why_not: str) -> None:
        """Whether the person may change the plant."""
        self.apply.set_enabled(not why_not, why_not)


class Number(Panel):
    """What is counted, and how many."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.title = Text(theme, font="text.label", color="text.label")
        self.number = Text(theme, font="value")
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 6, 8, 6)
        column.setSpacing(0)
        column.addWidget(self.title)
        column.addWidget(self.number)

    def show_number(self, title: str, number: str) -> None:
        self.title.set_text(title)
        self.number.set_text(number)
        self.setAccessibleName(f"{title}: {number}")

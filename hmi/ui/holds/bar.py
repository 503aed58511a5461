"""The bar below the title bar that says who controls the area in view, and asks its holder when another wants it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QRectF, QSize, Signal
from PySide6.QtGui import QKeySequence, QPaintEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QWidget

from hmi.core.holds import AreaControl
from hmi.core.texts import tr
from hmi.ui.holds.acts import HoldActs
from hmi.ui.holds.control import control_over, is_ours
from hmi.ui.holds.menu import area_entries
from hmi.ui.holds.words import position_words
from hmi.ui.notice import BAR
from hmi.ui.paint import painting
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.widgets import FlatButton, Text

ACCEPT, REFUSE = "Alt+Y", "Alt+N"
_MOST: Final = 2


class ControlBar(QWidget):
    """There only where the plant asks for control of areas, or somebody controls this one.

    ``turned``: it came or went.
    """

    turned = Signal()

    def __init__(self, theme: Theme, station: Station, acts: HoldActs) -> None:
        super().__init__()
        self._theme, self._station, self._acts = theme, station, acts
        self._area = ""
        self._told: tuple[object, ...] = ()
        self.setFixedHeight(theme.px(BAR) + 6)
        self.text = Text(theme, font="text.strong", color="text")
        self.buttons: list[FlatButton] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(theme.px(48), 0, 16, 0)
        self._row.setSpacing(8)
        self._row.addWidget(self.text, 1)
        self.hide()
        for key, accept in ((ACCEPT, True), (REFUSE, False)):
            QShortcut(QKeySequence(key), self, lambda accept=accept: self._answer(accept=accept))
        station.holds.changed.connect(self.refresh)
        station.statusChanged.connect(self.refresh)
        station.plantLoaded.connect(self.refresh)
        station.judged.connect(self.refresh)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self.height())

    def show_area(self, area: str) -> None:
        """The area of the display in view; empty for none."""
        self._area = area
        self.refresh()

    @property
    def asked(self) -> AreaControl | None:
        """An area of ours that somebody asks for."""
        areas = self._station.holds.holds.areas
        return next((one for one in areas if one.asked_by and is_ours(self._station, one)), None)

    def refresh(self) -> None:
        words, entries = self._content()
        told = (words, tuple((text, why) for text, why, _ in entries))
        if told == self._told:
            return
        self._told = told
        self.text.set_text(words)
        for button in self.buttons:
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.buttons = [self._button(*entry) for entry in entries[:_MOST]]
        if self.isHidden() == bool(words):
            self.setVisible(bool(words))
            self.turned.emit()

    def _button(self, words: str, why: str, do: Callable[[], object]) -> FlatButton:
        button = FlatButton(self._theme, words, do)
        button.set_enabled(not why, why)
        self._row.addWidget(button)
        button.show()
        return button

    def _content(self) -> tuple[str, list[tuple[str, str, Callable[[], object]]]]:
        station, titles = self._station, self._station.rights
        if (asked := self.asked) is not None:
            words = tr(
                "{person} at {station} asks for control of {area}. Without an answer you keep it.",
                person=asked.asked_name or asked.asked_by, station=asked.asked_station,
                area=titles.title_of(asked.area),
            )  # fmt: skip
            why = self._acts.rights.why_no_claim(asked.area)
            return words, [
                (tr("Accept ({key})", key=ACCEPT), why, lambda: self._answer(accept=True)),
                (tr("Refuse ({key})", key=REFUSE), why, lambda: self._answer(accept=False)),
            ]
        control = control_over(station, self._area) if self._area else None
        required = station.plant is not None and station.plant.area_control and bool(self._area)
        if control is None and not required:
            return "", []
        return self._words(control), area_entries(self._acts, station, self._area, control)

    def _words(self, control: AreaControl | None) -> str:
        titles = self._station.rights
        if control is None:
            return tr(
                "Nobody controls {area}: take control to command in it.", area=titles.title_of(self._area)
            )
        title = titles.title_of(control.area)
        if is_ours(self._station, control):
            return tr(
                "This station controls {area} ({position}).", area=title, position=position_words(control)
            )
        words = tr("{area} is controlled by {position}.", area=title, position=position_words(control))
        if control.asked_by:
            who = control.asked_name or control.asked_by
            words = tr("{words} {person} has asked for it.", words=words, person=who)
        return words

    def _answer(self, *, accept: bool) -> None:
        if (asked := self.asked) is not None:
            self._acts.answer_claim(asked.area, accept=accept)

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            painter.fillRect(self.rect(), self._theme.color("panel"))
            painter.fillRect(QRectF(0, self.height() - 1, self.width(), 1), self._theme.color("panel.edge"))

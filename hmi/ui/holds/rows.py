"""Control tags and manual values of one object on its faceplate, each with its way out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.client.port import TagInfo
from hmi.core.holds import ControlTag, Override
from hmi.core.texts import tr
from hmi.ui.holds.marks import ORDER, HoldSign
from hmi.ui.holds.wants import END_OVERRIDE, PLACE, REMOVE, Want
from hmi.ui.holds.words import NO_LOCK_OUT, override_words, tag_words
from hmi.ui.mimic.words import value_words
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.widgets import FlatButton, Text

Held = tuple[ControlTag | Override, ...]


class HeldRows(QWidget):
    """``asked`` carries a ``Want``; ``grown``: it needs another height.

    ``tags`` are those of the object, ``name`` what a new control tag is placed on.
    """

    asked = Signal(object)
    grown = Signal()

    def __init__(self, theme: Theme, station: Station, name: str, tags: tuple[TagInfo, ...]) -> None:
        super().__init__()
        self._theme, self._station, self._name, self._tags = theme, station, name, tags
        self._shown: Held = ()
        self._sources: dict[str, Text] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self._rows: list[QWidget] = []
        self.lock_out = Text(theme, tr(NO_LOCK_OUT), font="text.small", color="text.label", wrap=True)
        self.lock_out.hide()
        self._column.addWidget(self.lock_out)
        foot = QHBoxLayout()
        self.locks = Text(theme, font="text.small", color="text.secondary", wrap=True)
        self.place = FlatButton(theme, tr("Place tag…"), lambda: self.asked.emit(Want(PLACE, name)))
        foot.addWidget(self.locks, 1)
        foot.addWidget(self.place)
        self._column.addLayout(foot)

    @property
    def held(self) -> Held:
        """What is on the object now, what forbids most first."""
        holds, catalogue = self._station.holds, self._station.catalogue
        if not holds.holds.tags and not holds.holds.overrides:
            return ()
        target = catalogue.instances.get(self._name) or catalogue.tags.get(self._name)
        tags = holds.tags_of_object(target.id) if target is not None else ()
        ordered = sorted(tags, key=lambda tag: ORDER.index(tag.kind))
        overrides = (holds.override_of(info.id) for info in self._tags)
        return (*ordered, *(own for own in overrides if own is not None))

    @property
    def overridden(self) -> list[str]:
        """Names of tags with a manual value over a source."""
        names = self._station.catalogue.names
        return [names[h.tag_id] for h in self._shown if isinstance(h, Override) and not h.manual]

    @property
    def texts(self) -> list[str]:
        return [text.full_text for row in self._rows for text in row.findChildren(Text)]

    def refresh(self, zone: tzinfo, why_no_tag: str) -> None:
        """What holds now; the words of manual values follow their sources."""
        held = self.held
        if held != self._shown:
            self._show(held, zone)
        for own in self._shown:
            if isinstance(own, Override) and own.tag_id in self._sources:
                self._sources[own.tag_id].set_text(self._override_text(own, zone))
        self.place.set_enabled(not why_no_tag, why_no_tag)

    def show_locks(self, lines: list[str]) -> None:
        """What else holds the object, as plant and station tell it."""
        nothing = "" if self._shown else tr("None is told for this object")
        self.locks.set_text("\n".join(lines) or nothing)

    def _show(self, held: Held, zone: tzinfo) -> None:
        for row in self._rows:
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._shown, self._sources = held, {}
        self._rows = [self._row(hold, zone) for hold in held]
        for number, row in enumerate(self._rows):
            self._column.insertWidget(number, row)
            row.show()
        self.lock_out.setVisible(any(isinstance(hold, ControlTag) for hold in held))
        self.grown.emit()

    def _row(self, hold: ControlTag | Override, zone: tzinfo) -> QWidget:
        widget = QWidget()
        row = QHBoxLayout(widget)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        if isinstance(hold, ControlTag):
            row.addWidget(HoldSign(self._theme, hold.kind))
            words = tag_words(hold, zone, self._station.now())
            text = Text(self._theme, words, font="text.small", color="text", wrap=True)
            button = self._button(tr("Remove…"), lambda: Want(REMOVE, self._name, hold))
        else:
            text = Text(self._theme, font="text.small", color="text", wrap=True)
            self._sources[hold.tag_id] = text
            text.set_text(self._override_text(hold, zone))
            button = self._button(tr("End…"), lambda: Want(END_OVERRIDE, self._name, hold))
        row.addWidget(text, 1)
        row.addWidget(button)
        return widget

    def _button(self, words: str, want: Callable[[], Want]) -> FlatButton:
        return FlatButton(
            self._theme, words, lambda: self.asked.emit(want()), quiet=True, font="text.small.strong"
        )

    def _override_text(self, own: Override, zone: tzinfo) -> str:
        station = self._station
        name = station.catalogue.names.get(own.tag_id, own.tag_id)
        info = station.catalogue.tags.get(name)
        label = (info.signal if info else "") or name
        value = value_words(station.reading(name))
        told = override_words(own, station.beneath.words(name), zone, station.now())
        return f"M  {label} {value}, {told}" + (f": {own.reason}" if own.reason else "")

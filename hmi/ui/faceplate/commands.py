"""The command part of a faceplate: one row a command, the reasons of those that are blocked, one dialogue."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.client.port import TagInfo
from hmi.core.texts import tr
from hmi.core.values import Value
from hmi.mimics import Choice, Reading, choices, is_number
from hmi.ui.commands.confirm import ConfirmBox
from hmi.ui.commands.dialogue import Dialogue
from hmi.ui.commands.number_entry import NumberEntry
from hmi.ui.commands.reasons import label_of, name_of
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.widgets import Field, FlatButton, Text


class CommandRow(QWidget):
    """One writable tag: buttons for its states, or an entry for its number."""

    asked = Signal(str, object, str)

    def __init__(self, theme: Theme, station: Station, info: TagInfo) -> None:
        super().__init__()
        self._theme, self.info = theme, info
        self.buttons: list[tuple[FlatButton, Choice]] = []
        self.entry: NumberEntry | None = None
        label = Text(theme, label_of(info), font="text.label", color="text.label", fit=True)
        label.setFixedWidth(theme.px(66))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        if is_number(info):
            self.entry = NumberEntry(
                theme, info, tunes=lambda: station.rights.may("tune", info.area), label=label
            )
            self.entry.asked.connect(lambda value, words: self.asked.emit(info.name, value, words))
            row.addWidget(self.entry)
            return
        row.addWidget(label)
        for choice in choices(info):
            button = FlatButton(theme, choice.text)
            button.clicked.connect(lambda _=False, c=choice: self.asked.emit(info.name, c.value, c.text))
            self.buttons.append((button, choice))
            row.addWidget(button)
        row.addStretch(1)

    @property
    def field(self) -> Field | None:
        return self.entry.field if self.entry else None

    def set_blocked(self, why: str, now: Reading) -> None:
        """Buttons stay, disabled with the reason; the state that holds cannot be asked for again."""
        for button, choice in self.buttons:
            reason = why
            single = len(self.buttons) == 1
            if not why and not single and not now.is_bad and now.data.value == choice.value:
                reason = tr("It is {state} already.", state=choice.text)
            button.set_enabled(not reason, reason)
        if self.entry is not None:
            self.entry.set_blocked(why)


class CommandArea(QWidget):
    """All commands of one object; one at a time, confirmed, its result in words. ``answered``: a question is gone."""

    answered = Signal()
    finished = Signal()
    grown = Signal()

    def __init__(self, theme: Theme, station: Station, tags: tuple[str, ...]) -> None:
        super().__init__()
        self._theme, self._station, self._road = theme, station, station.commands
        self.rows = [CommandRow(theme, station, info) for info in _ordered(station, tags)]
        self.dialogue = Dialogue(theme, self._road, tags)
        self.dialogue.closed.connect(self.answered)
        self.dialogue.grown.connect(self.grown)
        self.dialogue.ended.connect(lambda _: self.finished.emit())
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._lay_out()
        self.why = Text(theme, font="text.small", color="text.label", wrap=True)
        self.why.hide()
        self._column.addWidget(self.why)
        self._column.addWidget(self.dialogue)

    @property
    def confirm(self) -> ConfirmBox | None:
        """The question that is open."""
        return self.dialogue.confirm

    @property
    def result(self) -> Text:
        return self.dialogue.result

    @property
    def tags(self) -> tuple[str, ...]:
        """Every tag that can block one of the commands."""
        return tuple(dict.fromkeys(tag for row in self.rows for tag in self._road.deciding(row.info.name)))

    def _lay_out(self) -> None:
        """Single buttons share one line."""
        line = QHBoxLayout()
        line.setSpacing(4)
        for row in self.rows:
            row.asked.connect(self._ask)
            if len(row.buttons) == 1 and row.entry is None:
                line.addWidget(row.buttons[0][0], 1)
            else:
                self._column.addWidget(row)
        if line.count():
            self._column.insertLayout(0, line)

    def refresh(self) -> None:
        """Judge every command again."""
        reasons: list[str] = []
        for row in self.rows:
            why = self._road.why(row.info.name)
            row.set_blocked(why, self._station.reading(row.info.name))
            if why:
                reasons.append(f"{name_of(row.info)}: {why}")
        self.dialogue.refresh()
        whys = {reason.partition(": ")[2] for reason in reasons}
        same = len(whys) == 1 and len(reasons) == len(self.rows)
        self.why.set_text(next(iter(whys)) if same else "\n".join(reasons))
        self.why.setVisible(bool(reasons) and not self.dialogue.pending)

    def _ask(self, tag: str, value: Value, word: str) -> None:
        self.dialogue.ask(self._road.propose(tag, value, word))


def _ordered(station: Station, tags: tuple[str, ...]) -> list[TagInfo]:
    order = ("mode", "auto_cmd", "sp", "op", "speed_sp", "start", "stop", "open", "close", "reset", "oos")
    known = [station.catalogue.tags[tag] for tag in tags]
    return sorted(known, key=lambda i: order.index(i.signal) if i.signal in order else len(order))

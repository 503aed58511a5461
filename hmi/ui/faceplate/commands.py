"""The command part of a faceplate: choose, read back, confirm, wait, result in words. Nothing is decided here."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.client.port import TagInfo
from hmi.core.commands import CommandResult, CommandState
from hmi.core.texts import tr
from hmi.core.values import Value
from hmi.mimics import Reading, format_value
from hmi.ui.faceplate.conditions import unmet
from hmi.ui.faceplate.content import Choice, blocked, choices, is_number, reason_needed
from hmi.ui.labels import short_tag
from hmi.ui.mimic.words import value_words
from hmi.ui.numbers import limit_problem, parse_number
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.widgets import Field, FlatButton, Panel, Text

_RESULT_WORDS = {
    CommandState.CONFIRMED: "Confirmed",
    CommandState.REFUSED: "Refused",
    CommandState.FAILED: "Failed",
    CommandState.UNKNOWN: "Unknown: read the value before you repeat",
}


def result_words(result: CommandResult) -> str:
    """The end of a command in words, with every reason of a refusal and the value that decided it."""
    lines = [tr(_RESULT_WORDS[result.state])]
    if result.text and result.text != lines[0]:
        lines[0] = f"{lines[0]}: {result.text}"
    for refusal in result.refusals:
        reason = tr(refusal.reason.value)
        value = refusal.value
        shown = f" ({value})" if value is not None and not isinstance(value, bool) else ""
        told = refusal.text in result.text
        lines.append(f"• {reason}{shown}" if told else f"• {refusal.text}{shown}, {reason}")
    return "\n".join(lines)


def label_of(info: TagInfo) -> str:
    """What a command is called on its faceplate."""
    known = {
        "sp": "Set point", "op": "Output", "mode": "Mode", "auto_cmd": "Mode", "oos": "Service", "speed_sp": "Speed",
    }  # fmt: skip
    if info.signal in known:
        return tr(known[info.signal])
    return info.signal.replace("_", " ").capitalize() or tr("Value")


def name_of(info: TagInfo) -> str:
    """A command in a list of commands: its one button, else its label."""
    found = choices(info)
    return found[0].text if len(found) == 1 else label_of(info)


class ConfirmBox(Panel):
    """Tag, description, old → new and unit; stands in the faceplate, beside the object.

    ``why``: a sentence that says why a reason must be written; without one the button stays disabled.
    """

    confirmed = Signal()
    cancelled = Signal()

    def __init__(self, theme: Theme, info: TagInfo, old: str, new: str, *, why: str = "") -> None:
        super().__init__(theme, fill="tooltip")
        self.info, self._blocked = info, ""
        self.reason: Field | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(4)
        column.addWidget(Text(theme, f"{short_tag(info.name)}  {label_of(info)}", font="text.strong"))
        column.addWidget(Text(theme, info.description, font="text.small", color="text.label"))
        column.addWidget(Text(theme, f"{old}  →  {new}" if old else new, font="value.small", color="value"))
        if why:
            column.addWidget(Text(theme, why, font="text.small", color="text.secondary", wrap=True))
            self.reason = Field(theme, tr("Reason"))
            self.reason.textChanged.connect(self._reason_changed)
            self.reason.returnPressed.connect(self._entered)
            column.addWidget(self.reason)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(FlatButton(theme, tr("Cancel"), self.cancelled.emit))
        self.yes = FlatButton(theme, tr("Confirm"), self.confirmed.emit, strong=True)
        row.addWidget(self.yes)
        column.addLayout(row)
        self._reason_changed("")

    @property
    def reason_text(self) -> str:
        return self.reason.text().strip() if self.reason else ""

    def _reason_changed(self, _text: str) -> None:
        missing = self.reason is not None and not self.reason_text
        why = self._blocked or (tr("Write a reason first.") if missing else "")
        self.yes.set_enabled(not why, why)

    def set_blocked(self, why: str) -> None:
        """The plant moves on while the operator reads: what is blocked meanwhile cannot be confirmed."""
        if why != self._blocked:
            self._blocked = why
            self._reason_changed("")

    def _entered(self) -> None:
        """Return in the field goes on to the button; it never confirms by itself."""
        if self.yes.isEnabled():
            self.yes.setFocus()

    def start(self) -> None:
        """The keyboard goes where the next step is."""
        (self.reason or self.yes).setFocus()


class CommandRow(QWidget):
    """One writable tag: buttons for its states, or a field for its number."""

    asked = Signal(str, object, str)

    def __init__(self, theme: Theme, info: TagInfo) -> None:
        super().__init__()
        self._theme, self.info = theme, info
        self.buttons: list[tuple[FlatButton, Choice]] = []
        self.field: Field | None = None
        self.hint = Text(theme, font="text.small", color="text.label")
        self.hint.hide()
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        label = Text(theme, label_of(info), font="text.label", color="text.label", fit=True)
        label.setFixedWidth(66)
        row.addWidget(label)
        if is_number(info):
            self._add_field(row)
        for choice in choices(info):
            button = FlatButton(theme, choice.text)
            button.clicked.connect(lambda _=False, c=choice: self.asked.emit(info.name, c.value, c.text))
            self.buttons.append((button, choice))
            row.addWidget(button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self.hint)

    def _add_field(self, row: QHBoxLayout) -> None:
        self.field = Field(self._theme, tr("New value"))
        self.field.setFixedWidth(104)
        self.field.textChanged.connect(self._read_back)
        self.field.returnPressed.connect(self._ask)
        self.set_button = FlatButton(self._theme, tr("Set"), self._ask)
        row.addWidget(self.field)
        row.addWidget(Text(self._theme, self.info.unit, font="unit", color="text.label", fit=True))
        row.addWidget(self.set_button)

    def _typed(self) -> tuple[float | None, str]:
        assert self.field is not None
        whole = self.info.type.startswith(("int", "uint"))
        typed = parse_number(self.field.text(), integer=whole)
        if typed.value is None:
            return None, typed.problem
        problem = limit_problem(typed.value, self.info.limit_low, self.info.limit_high, self.info.unit)
        words = tr("Will send {value} {unit}", value=typed.shown, unit=self.info.unit)
        return (None, problem) if problem else (typed.value, words.rstrip())

    def _read_back(self, text: str) -> None:
        value, words = self._typed()
        self.hint.set_text(words)
        self.hint.setVisible(bool(text))
        self.hint.set_role("text.secondary" if value is not None else "text")

    def _ask(self) -> None:
        value, words = self._typed()
        self.hint.set_text(words)
        self.hint.show()
        if self.field is None:
            return
        if value is not None:
            whole = self.info.type.startswith(("int", "uint"))
            shown = f"{parse_number(self.field.text()).shown} {self.info.unit}".strip()
            self.asked.emit(self.info.name, int(value) if whole else value, shown)

    def set_blocked(self, why: str, now: Reading) -> None:
        """Buttons stay, disabled with the reason; the state that holds is marked by being pressed in."""
        for button, choice in self.buttons:
            reason = why
            single = len(self.buttons) == 1
            if not why and not single and not now.is_bad and now.data.value == choice.value:
                reason = tr("It is {state} already.", state=choice.text)
            button.set_enabled(not reason, reason)
        if self.field is not None:
            self.field.setEnabled(not why)
            self.field.setToolTip(why)
            self.set_button.set_enabled(not why, why)


class CommandArea(QWidget):
    """All commands of one object; one at a time, confirmed, its result in words."""

    finished = Signal()
    grown = Signal()

    def __init__(self, theme: Theme, station: Station, tags: tuple[str, ...]) -> None:
        super().__init__()
        self._theme, self._station = theme, station
        self.confirm: ConfirmBox | None = None
        self.pending = ""
        self.result = Text(theme, font="text.small", color="text.secondary", wrap=True)
        self.result.hide()
        self.rows = [CommandRow(theme, info) for info in _ordered(station, tags)]
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._lay_out()
        self.why = Text(theme, font="text.small", color="text.label", wrap=True)
        self.why.hide()
        self._column.addWidget(self.why)
        self._column.addWidget(self.result)

    def _lay_out(self) -> None:
        """Single buttons share one line."""
        line = QHBoxLayout()
        line.setSpacing(4)
        for row in self.rows:
            row.asked.connect(self._ask)
            if len(row.buttons) == 1 and row.field is None:
                line.addWidget(row.buttons[0][0], 1)
            else:
                self._column.addWidget(row)
        if line.count():
            self._column.insertLayout(0, line)

    def _why(self, info: TagInfo, readings: list[Reading]) -> str:
        """The reason that blocks a command now; the plant's own conditions say more than its mode bits."""
        if self.pending:
            return tr("A command is under way.")
        station = self._station
        status, alive = station.status, station.mailbox.alive
        why = blocked(info, status, alive, ())
        return why or unmet(info, station.reading, station.now()) or blocked(info, status, alive, readings)

    def refresh(self, readings: list[Reading]) -> None:
        reasons: list[str] = []
        for row in self.rows:
            why = self._why(row.info, readings)
            row.set_blocked(why, self._station.reading(row.info.name))
            if self.confirm is not None and self.confirm.info.name == row.info.name:
                self.confirm.set_blocked(why)
            if why:
                reasons.append(f"{name_of(row.info)}: {why}")
        whys = {reason.partition(": ")[2] for reason in reasons}
        same = len(whys) == 1 and len(reasons) == len(self.rows)
        self.why.set_text(next(iter(whys)) if same else "\n".join(reasons))
        self.why.setVisible(bool(reasons) and not self.pending)

    def _ask(self, tag: str, value: Value, word: str) -> None:
        self._drop_confirm()
        info = self._station.catalogue.tags[tag]
        reading = self._station.reading(tag)
        new = word or f"{format_value(value, info).strip()} {info.unit}".strip()
        old = value_words(reading) if is_number(info) or len(choices(info)) > 1 else ""
        box = ConfirmBox(self._theme, info, old, new, why=reason_needed(info, reading, value))
        words = f"{label_of(info)} → {new}" if old else new
        box.confirmed.connect(lambda: self._send(tag, value, words, box.reason_text))
        box.cancelled.connect(self._drop_confirm)
        self.confirm = box
        self._column.addWidget(box)
        box.show()
        self.result.hide()
        box.start()
        self.grown.emit()

    def _drop_confirm(self) -> None:
        if self.confirm is not None:
            self._column.removeWidget(self.confirm)
            self.confirm.hide()
            self.confirm.deleteLater()
            self.confirm = None
            if (card := self.parentWidget()) is not None:
                card.setFocus()

    def _send(self, tag: str, value: Value, words: str, reason: str = "") -> None:
        self._drop_confirm()
        self.pending = words
        self._say(tr("Pending: {command}", command=words))
        self._station.submit(tag, value, owner=self, done=self._done, failed=self._failed, reason=reason)

    def _done(self, result: CommandResult) -> None:
        words, self.pending = self.pending, ""
        self._say(f"{words}\n{result_words(result)}")
        self.finished.emit()

    def _failed(self, sentence: str) -> None:
        words, self.pending = self.pending, ""
        self._say(tr("{command}\nUnknown: {reason}", command=words, reason=sentence))

    def _say(self, text: str) -> None:
        self.result.set_text(text)
        self.result.show()
        self.grown.emit()


def _ordered(station: Station, tags: tuple[str, ...]) -> list[TagInfo]:
    order = ("mode", "auto_cmd", "sp", "op", "speed_sp", "start", "stop", "open", "close", "reset", "oos")
    known = [station.catalogue.tags[tag] for tag in tags]
    return sorted(known, key=lambda i: order.index(i.signal) if i.signal in order else len(order))

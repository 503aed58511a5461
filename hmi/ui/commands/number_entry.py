"""A number for a command: typed, read back with its unit before anything is asked, held against range and step."""

from __future__ import annotations

import re
from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.client.port import TagInfo
from hmi.core.texts import tr
from hmi.mimics import is_whole, limits_of_command, range_words
from hmi.ui.numbers import limit_problem, parse_number
from hmi.ui.theme import Theme
from hmi.ui.widgets import Field, FlatButton, Text

_DECIMALS = re.compile(r"\.(\d+)[eEfFgG]?$")


def decimals_of(info: TagInfo) -> int:
    """How many decimals the tag is shown with; none for whole numbers and where nothing is said."""
    found = _DECIMALS.search(info.format)
    return int(found[1]) if found and not is_whole(info) else 0


class NumberEntry(QWidget):
    """Field, unit and Set; ``asked`` carries the number and the words for it. Below stands how it was understood.

    ``tunes`` says whether the person who is signed in may tune: another range may be theirs.
    """

    asked = Signal(object, str)

    def __init__(
        self,
        theme: Theme,
        info: TagInfo,
        *,
        tunes: Callable[[], bool],
        label: QWidget | None = None,
        width: int = 104,
    ) -> None:
        super().__init__()
        self._info, self._tunes = info, tunes
        self.field = Field(theme, tr("New value"))
        self.field.setFixedWidth(theme.px(width))
        self.field.textChanged.connect(self._read_back)
        self.field.returnPressed.connect(self.ask)
        self.set_button = FlatButton(theme, tr("Set"), self.ask)
        self.hint = Text(theme, font="text.small", color="text.label")
        self.hint.hide()
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        if label is not None:
            row.addWidget(label)
        row.addWidget(self.field)
        row.addWidget(Text(theme, info.unit, font="unit", color="text.label", fit=True))
        row.addWidget(self.set_button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self.hint)

    def typed(self) -> tuple[float | int | None, str, str]:
        """(number or None, its words with the unit, what to tell: how it is read, or why it is refused)."""
        info = self._info
        typed = parse_number(self.field.text(), integer=is_whole(info), decimals=decimals_of(info))
        if typed.value is None:
            return None, "", typed.problem
        if problem := limit_problem(typed.value, *limits_of_command(info, tunes=self._tunes()), info.unit):
            return None, "", problem
        words = f"{typed.shown} {info.unit}".strip()
        value = int(typed.value) if is_whole(info) else typed.value
        return value, words, tr("Will send {value}", value=words)

    def _read_back(self, text: str) -> None:
        value, _, words = self.typed()
        self.hint.set_text(words if text else range_words(self._info, tunes=self._tunes()))
        self.hint.setVisible(bool(self.hint.full_text))
        self.hint.set_role("text.secondary" if value is not None else "text")

    def show_range(self) -> None:
        """Before anything is typed: what may be typed."""
        if not self.field.text():
            self._read_back("")
            self.hint.set_role("text.label")

    def ask(self) -> None:
        value, words, told = self.typed()
        self.hint.set_text(told)
        self.hint.show()
        if value is not None:
            self.asked.emit(value, words)

    def set_blocked(self, why: str) -> None:
        """Disabled with the reason; what was typed stays."""
        self.field.setEnabled(not why)
        self.field.setToolTip(why)
        self.field.setAccessibleDescription(why)
        self.set_button.set_enabled(not why, why)

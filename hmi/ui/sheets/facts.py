"""All that is known of one thing: sign, name, state, why, and facts by label, in a frame that scrolls."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from hmi.ui.alarms.guidance import scrolled
from hmi.ui.sheets.signs import DrawState, StateSign
from hmi.ui.theme import Theme
from hmi.ui.widgets import Text

LABEL: Final = 130


class _Body(QWidget):
    """As high as its texts need at the width that it has: the least height of wrapped texts is that of a word a line,
    and would leave the frame to scroll over nothing.
    """

    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), 0)


class FactSheet(QWidget):
    """``spoken`` names it for a screen reader; ``column`` takes further parts below the facts."""

    def __init__(self, theme: Theme, draw: DrawState, state: str, spoken: str) -> None:
        super().__init__()
        self.theme = theme
        self.mark, self.name = StateSign(theme, draw, state), Text(theme, font="heading", wrap=True)
        self.state = Text(theme, font="text.strong", color="text.secondary", wrap=True)
        self.reason = Text(theme, font="text", wrap=True)
        self.reason.setMinimumWidth(1)
        self._facts, self._body = QWidget(), _Body()
        self.shown: list[tuple[str, str]] = []
        self._values: list[Text] = []
        scroller = scrolled(theme, self._body)
        scroller.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        scroller.setAccessibleName(spoken)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroller)
        self.column = QVBoxLayout(self._body)
        self.column.setContentsMargins(0, 2, 8, 0)
        self.column.setSpacing(10)
        self.column.addLayout(self._head())
        self.column.addWidget(self._facts)
        self.column.addStretch(1)

    def _head(self) -> QHBoxLayout:
        head, words = QHBoxLayout(), QVBoxLayout()
        head.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignTop)
        words.setSpacing(2)
        for widget in (self.name, self.state, self.reason):
            words.addWidget(widget)
        head.addLayout(words, 1)
        return head

    def set_head(self, state: str, name: str, words: str, reason: str) -> None:
        """``state`` is one of the signs, ``words`` says it; ``reason`` may be empty."""
        self.mark.set_state(state)
        self.name.set_text(name)
        self.state.set_text(words)
        self.reason.set_text(reason)
        self.reason.setVisible(bool(reason))

    def set_facts(self, facts: Sequence[tuple[str, str]], strong: Collection[str] = ()) -> None:
        """Label and value; those in ``strong`` are to be compared letter by letter.

        Made anew only where the labels are others: a text that is being marked stays.
        """
        same = [label for label, _ in facts] == [label for label, _ in self.shown]
        self.shown = list(facts)
        if not same or not facts:
            self._make(facts, strong)
            return
        for text, (_, value) in zip(self._values, facts, strict=True):
            text.set_text(value)

    def _make(self, facts: Sequence[tuple[str, str]], strong: Collection[str]) -> None:
        old, self._facts = self._facts, QWidget()
        self.column.replaceWidget(old, self._facts)
        old.hide()
        old.deleteLater()
        grid = QGridLayout(self._facts)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(9)
        grid.setColumnMinimumWidth(0, self.theme.px(LABEL))
        grid.setColumnStretch(1, 1)
        self._values = []
        for number, (label, value) in enumerate(facts):
            shown = Text(self.theme, value, font="text.strong" if label in strong else "text", wrap=True)
            shown.setMinimumWidth(1)  # a long word is cut, the rest of the sheet is not
            shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            name = Text(self.theme, label, font="text.label", color="text.label", wrap=True)
            grid.addWidget(name, number, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(shown, number, 1)
            self._values.append(shown)

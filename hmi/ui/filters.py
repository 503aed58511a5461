"""Buttons of which one at most is down: what a list is filtered by."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal

from hmi.ui.flow import Flow
from hmi.ui.theme import Theme
from hmi.ui.widgets import FlatButton


class FilterButtons(QObject):
    """One button a choice, in the flow of a page; ``turned`` when a user chose.

    With ``all_words`` a first button stands for everything and one is always down; without it a second click on
    the chosen one lets everything through again.
    """

    turned = Signal()

    def __init__(self, theme: Theme, flow: Flow, *, all_words: str = "") -> None:
        super().__init__()
        self._theme, self._flow, self._all_words = theme, flow, all_words
        self.buttons: dict[str, FlatButton] = {}

    def set_choices(self, choices: Iterable[tuple[str, str]]) -> None:
        """(key, words) of each choice; what was chosen before stays so where it is still there."""
        before = self.chosen
        for button in self.buttons.values():
            self._flow.removeWidget(button)
            button.hide()
            button.deleteLater()
        first = [("", self._all_words)] if self._all_words else []
        self.buttons = {key: self._made(key, words) for key, words in (*first, *choices)}
        self.choose(before)

    def _made(self, key: str, words: str) -> FlatButton:
        button = FlatButton(self._theme, words, lambda: self._clicked(key))
        button.setCheckable(True)
        self._flow.addWidget(button)
        return button

    @property
    def chosen(self) -> str:
        """The key of the one that is down; empty for everything."""
        return next((key for key, button in self.buttons.items() if button.isChecked()), "")

    def choose(self, key: str) -> None:
        """Show one as chosen; nothing is told."""
        key = key if key in self.buttons else ""
        for name, button in self.buttons.items():
            button.setChecked(name == key)

    def _clicked(self, key: str) -> None:
        self.choose(key if self._all_words or self.buttons[key].isChecked() else "")
        self.turned.emit()

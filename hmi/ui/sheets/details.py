"""What is known of the chosen thing, and buttons for what may be done about it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout

from hmi.core.texts import tr
from hmi.ui.flow import Flow
from hmi.ui.sheets.facts import FactSheet
from hmi.ui.theme import Theme
from hmi.ui.widgets import FlatButton, Panel, Text


class ActPanel(Panel):
    """``actAsked``: one of ``acts``, which gives its words. Without a thing to show ``empty`` says why."""

    actAsked = Signal(str)

    def __init__(self, theme: Theme, sheet: FactSheet, acts: Mapping[str, str]) -> None:
        super().__init__(theme)
        self.sheet, self._why_not, self._is_shown = sheet, "", False
        self.name, self.state, self.reason = sheet.name, sheet.state, sheet.reason
        self.why = Text(theme, font="text.label", color="text.label", wrap=True)
        self.empty = Text(theme, font="title", color="text.label", wrap=True)
        self.buttons = {
            act: FlatButton(theme, f"{tr(words)}…", lambda act=act: self.actAsked.emit(act))
            for act, words in acts.items()
        }
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 14, 8, 14)
        column.setSpacing(10)
        column.addWidget(self.empty)
        column.addWidget(sheet, 1)
        row = Flow(8)
        for button in self.buttons.values():
            row.addWidget(button)
        column.addLayout(row)
        column.addWidget(self.why)

    def _show(self, *, is_shown: bool) -> None:
        """There is something to show, or not."""
        self._is_shown = is_shown
        self.sheet.setVisible(is_shown)
        self.empty.setVisible(not is_shown)
        self._enable()

    def _set_why_not(self, why_not: str) -> None:
        """Why the person may do nothing of it; empty when they may."""
        self._why_not = why_not
        self._enable()

    def _enable(self) -> None:
        self.why.set_text(self._why_not)
        self.why.setVisible(self._is_shown and bool(self._why_not))
        for act, button in self.buttons.items():
            offered = self._is_shown and self._offers(act)
            button.setVisible(offered)
            why = self._why_not or (self._why_pointless(act) if offered else "")
            button.set_enabled(not why, why)

    @abstractmethod
    def _offers(self, act: str) -> bool:
        """Whether the act is one for what is shown."""
        raise NotImplementedError

    @abstractmethod
    def _why_pointless(self, act: str) -> str:
        """Why it would do nothing now; empty where it would."""
        raise NotImplementedError

"""The right side: the rights of the chosen account, what else is known of it, and what may be done about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from hmi.client.people import AccountInfo
from hmi.core.texts import tr
from hmi.ui.accounts.words import ACTS, facts_of, rights_words, state_words
from hmi.ui.alarms.guidance import scrolled
from hmi.ui.flow import Flow
from hmi.ui.theme import Theme
from hmi.ui.widgets import FlatButton, Panel, Text

_LABEL: Final = 150


class AccountDetails(Panel):
    """``actAsked``: one of ``ACTS`` for the account that is shown."""

    actAsked = Signal(str)

    def __init__(self, theme: Theme, title_of: Callable[[str], str]) -> None:
        super().__init__(theme)
        self._title_of, self._why_not = title_of, ""
        self.shown: AccountInfo | None = None
        self._zone: tzinfo | None = None
        self.name = Text(theme, font="heading", wrap=True)
        self.state = Text(theme, font="text.strong", color="text.secondary", wrap=True)
        self.why = Text(theme, font="text.label", color="text.label", wrap=True)
        self.empty = Text(theme, font="title", color="text.label", wrap=True)
        self.buttons = {
            act: FlatButton(theme, f"{tr(words[0])}…", lambda act=act: self.actAsked.emit(act))
            for act, words in ACTS.items()
        }
        self._facts, self._body = QWidget(), QWidget()
        self._scroller = scrolled(theme, self._body)
        self._scroller.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._scroller.setAccessibleName(tr("Details of the account"))
        self._lay_out()
        self.show_one(None, None)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 14, 8, 14)
        column.setSpacing(10)
        column.addWidget(self.empty)
        column.addWidget(self._scroller, 1)
        row = Flow(8)
        for button in self.buttons.values():
            row.addWidget(button)
        column.addLayout(row)
        column.addWidget(self.why)
        self._column = QVBoxLayout(self._body)
        self._column.setContentsMargins(0, 2, 8, 0)
        self._column.setSpacing(8)
        self._column.addWidget(self.name)
        self._column.addWidget(self.state)
        self._column.addWidget(self._facts)
        self._column.addStretch(1)

    def show_one(self, one: AccountInfo | None, zone: tzinfo | None) -> None:
        """Another account, or the same with other facts."""
        if one is not None and (one, zone) == (self.shown, self._zone):
            return
        self.shown, self._zone = one, zone
        self._scroller.setVisible(one is not None)
        self.empty.setVisible(one is None)
        if one is not None and zone is not None:
            self.name.set_text(one.name or one.user)
            self.state.set_text(state_words(one))
            self._list_facts(one, zone)
        self._enable()

    def _list_facts(self, one: AccountInfo, zone: tzinfo) -> None:
        old, self._facts = self._facts, QWidget()
        self._column.replaceWidget(old, self._facts)
        old.deleteLater()
        grid = QGridLayout(self._facts)
        grid.setContentsMargins(0, 6, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        grid.setColumnMinimumWidth(0, self.theme.px(_LABEL))
        grid.setColumnStretch(1, 1)
        number = self._rows(grid, 0, tr("Rights"), rights_words(one, self._title_of))
        self._rows(grid, number, tr("Account"), facts_of(one, zone))

    def _rows(self, grid: QGridLayout, number: int, head: str, rows: Sequence[tuple[str, str]]) -> int:
        title = Text(self.theme, head, font="text.small.strong", color="text.label")
        title.setContentsMargins(0, 8 if number else 0, 0, 0)
        grid.addWidget(title, number, 0, 1, 2)
        for at, (label, value) in enumerate(rows, number + 1):
            name = Text(self.theme, label, font="text.label", color="text.label", wrap=True)
            grid.addWidget(name, at, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(Text(self.theme, value, wrap=True), at, 1)
        return number + len(rows) + 1

    def allow(self, why_not: str) -> None:
        """``why_not``: why the person may not change accounts, empty when they may."""
        self._why_not = why_not
        self._enable()

    def _enable(self) -> None:
        one = self.shown
        self.why.set_text(self._why_not)
        self.why.setVisible(bool(self._why_not))
        for act, button in self.buttons.items():
            button.setVisible(one is not None and _fits(act, one))
            why = self._why_not or (_why_pointless(act, one) if one is not None else "")
            button.set_enabled(not why, why)


def _fits(act: str, one: AccountInfo) -> bool:
    """Whether an act is one of this account at all."""
    if one.state == "removed":
        return False
    if act in {"enable", "disable"}:
        return (act == "enable") == (one.state == "disabled")
    return True


def _why_pointless(act: str, one: AccountInfo) -> str:
    if act == "unlock" and not one.locked_ms:
        return tr("It is not locked.")
    if act == "sign_out" and not one.stations:
        return tr("The person is signed in nowhere.")
    if act == "revoke" and not one.roles and not one.by_area:
        return tr("There is no right to take away.")
    return ""

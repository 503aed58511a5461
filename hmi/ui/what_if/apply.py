"""The step before the plant is changed: what becomes of each setting, what the replay says, and a reason."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from hmi.client.what_if import AlarmEdit, AlarmSettings, WhatIfResult
from hmi.core.texts import tr
from hmi.ui.asking import AskPanel
from hmi.ui.theme import Theme
from hmi.ui.what_if.words import change_words
from hmi.ui.widgets import Field, FlatButton, Text


class ApplyCard(AskPanel):
    """``confirmed``: the change, once. Esc or Cancel: ``cancelled``."""

    confirmed = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._edit: AlarmEdit | None = None
        self._why_not = ""
        self.question = Text(theme, font="heading", wrap=True)
        self.changes = Text(theme, font="value", wrap=True)
        self.verdict = Text(theme, font="text", color="text.secondary", wrap=True)
        self.where = Text(
            theme,
            tr("Only these cells of the plant folder change. The plant is reloaded at once; the journal keeps your "
               "name and the reason."),
            color="text.secondary",
            wrap=True,
        )  # fmt: skip
        self.reason = Field(theme, tr("Reason, for the journal"))
        self.reason.setMaxLength(500)
        self.reason.textChanged.connect(lambda _: self._enable())
        self.reason.entered.connect(lambda _: self._confirm())
        self.problem = Text(theme, font="text.strong", wrap=True)
        self.yes = FlatButton(theme, tr("Change the plant"), self._confirm, strong=True)
        self.no = FlatButton(theme, tr("Cancel"), self.cancelled.emit)
        self._lay_out()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(14)
        for widget in (self.question, self.changes, self.verdict, self.where):
            column.addWidget(widget)
        column.addStretch(1)
        column.addWidget(self.problem)
        column.addWidget(self.reason)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.yes)
        row.addWidget(self.no)
        row.addStretch(1)
        column.addLayout(row)

    def ask(self, settings: AlarmSettings, result: WhatIfResult) -> None:
        """Begin with an empty reason."""
        changes = {one.name: one.proposed for one in result.settings}
        self._edit = AlarmEdit(settings.alarm_id, changes, "", result.revision)
        self.question.set_text(
            tr("Change {alarm} in the plant?", alarm=f"{settings.tag}, {settings.message or settings.name}")
        )
        self.changes.set_text("\n".join(change_words(changes, settings)))
        self.verdict.set_text(" ".join([result.sentence, *(result.notes if result.coarse else [])]))
        self.reason.clear()
        self.say("")
        self.reason.setFocus()

    def allow(self, why_not: str) -> None:
        """Whether the person may change the plant by now."""
        self._why_not = why_not
        self._enable()

    def say(self, problem: str) -> None:
        """Why it was not done; what was written stays."""
        self.problem.set_text(problem)
        self.problem.setVisible(bool(problem))
        self._enable()

    def _enable(self) -> None:
        is_said = bool(self.reason.text().strip())
        self.yes.set_enabled(is_said and not self._why_not, self._why_not or tr("Write a reason first."))

    def _confirm(self) -> None:
        if self._edit is None or not self.yes.isEnabled():
            return
        self.yes.set_enabled(False, tr("The runtime is asked."))
        edit = self._edit
        self.confirmed.emit(AlarmEdit(edit.alarm_id, edit.changes, self.reason.text().strip(), edit.revision))

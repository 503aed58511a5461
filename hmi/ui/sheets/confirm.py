"""The step that asks back: what follows, a reason for the journal, and no default that acts by a slip."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.core.texts import tr
from hmi.ui.alarms.guidance import scrolled
from hmi.ui.asking import AskPanel
from hmi.ui.theme import Theme
from hmi.ui.widgets import Field, FlatButton, Text


class ReasonPanel(AskPanel):
    """Emits nothing itself: ``_confirmed`` is called once, when the fields allow it. Esc or Cancel: ``cancelled``."""

    def __init__(
        self, theme: Theme, spoken: str, between: Sequence[QWidget] = (), fields: Sequence[Field] = ()
    ) -> None:
        """``between`` stands under the question, ``fields`` before the reason."""
        super().__init__(theme)
        self.question, self.request = (
            Text(theme, font="heading", wrap=True),
            Text(theme, font="text", wrap=True),
        )
        self.reason = Field(theme, tr("Reason, for the journal"))
        self.yes = FlatButton(theme, "", self._confirm, strong=True)
        self.no = FlatButton(theme, tr("Cancel"), self.cancelled.emit)
        self.problem = Text(theme, font="text.strong", wrap=True)
        self.fields = (*fields, self.reason)
        for field in self.fields:
            field.textChanged.connect(lambda _: self._enable())
            field.entered.connect(lambda _: self._confirm())
        self._lay_out(spoken, between)

    def _lay_out(self, spoken: str, between: Sequence[QWidget]) -> None:
        body = QWidget()
        words = QVBoxLayout(body)
        words.setContentsMargins(0, 2, 8, 0)
        words.setSpacing(12)
        for widget in (self.question, *between, self.request):
            words.addWidget(widget)
        words.addStretch(1)
        scroller = scrolled(self.theme, body)
        scroller.setAccessibleName(spoken)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 14, 8, 14)
        column.setSpacing(10)
        column.addWidget(scroller, 1)
        column.addWidget(self.problem)
        for field in self.fields:
            column.addWidget(field)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.yes)
        row.addWidget(self.no)
        row.addStretch(1)
        column.addLayout(row)

    def begin(self, question: str, request: str, act: str) -> None:
        """Empty fields, and the words of this question; ``act`` is what the button says."""
        self.question.set_text(question)
        self.request.set_text(request)
        self.yes.setText(act)
        self.yes.setAccessibleName(act)
        self.yes.updateGeometry()
        for field in self.fields:
            field.clear()
        self.say("")
        self.first.setFocus()

    @property
    def first(self) -> QWidget:
        """What has the keys when it opens."""
        return next(field for field in self.fields if not field.isHidden())

    def say(self, problem: str) -> None:
        """Why it was not done; what was written stays."""
        self.problem.set_text(problem)
        self.problem.setVisible(bool(problem))
        self._enable()

    def _why_not_yet(self) -> str:
        """What is still to be written; empty when it may be asked."""
        return "" if self.reason.text().strip() else tr("Write a reason first.")

    def _enable(self) -> None:
        why = self._why_not_yet()
        self.yes.set_enabled(not why, why)

    def _confirm(self) -> None:
        if self.yes.isEnabled():
            self._confirmed()

    @abstractmethod
    def _confirmed(self) -> None:
        """Tell the page; ``_ask_runtime`` keeps it from being told twice."""
        raise NotImplementedError

    def _ask_runtime(self) -> None:
        self.yes.set_enabled(False, tr("The runtime is asked."))

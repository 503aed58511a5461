"""The confirm step: what follows, a range where one is sent again, a reason, and no default that acts by a slip."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.client.exports import ExportInfo
from hmi.core.errors import UsageError
from hmi.core.texts import tr
from hmi.ui.alarms.guidance import scrolled
from hmi.ui.asking import AskPanel
from hmi.ui.exports.words import ACTS, question_of
from hmi.ui.theme import Theme
from hmi.ui.widgets import Field, FlatButton, Text

Instant = Callable[[str], int]
"""UTC ns of what a person wrote; UsageError with one sentence."""


class ConfirmCard(AskPanel):
    """``confirmed``: act, job, reason, start and end (0 where there is no range), once.

    Esc or Cancel: ``cancelled``.
    """

    confirmed = Signal(str, str, str, object, object)

    def __init__(self, theme: Theme, instant: Instant) -> None:
        super().__init__(theme)
        self._act, self._instant = "", instant
        self.about: ExportInfo | None = None
        self.question = Text(theme, font="heading", wrap=True)
        self.request = Text(theme, font="text", wrap=True)
        self.start = Field(theme, tr("From: -8h, 14:05 or 2026-05-31 14:05"))
        self.end = Field(theme, tr("To: now, or a time"))
        self.reason = Field(theme, tr("Reason, for the journal"))
        self.yes = FlatButton(theme, "", self._confirm, strong=True)
        self.no = FlatButton(theme, tr("Cancel"), self.cancelled.emit)
        self.problem = Text(theme, font="text.strong", wrap=True)
        for field in (self.start, self.end, self.reason):
            field.textChanged.connect(lambda _: self._enable())
            field.entered.connect(lambda _: self._confirm())
        self._lay_out()

    def _lay_out(self) -> None:
        body = QWidget()
        words = QVBoxLayout(body)
        words.setContentsMargins(0, 2, 8, 0)
        words.setSpacing(12)
        for widget in (self.question, self.request):
            words.addWidget(widget)
        words.addStretch(1)
        scroller = scrolled(self.theme, body)
        scroller.setAccessibleName(tr("What is asked"))
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 14, 8, 14)
        column.setSpacing(10)
        column.addWidget(scroller, 1)
        column.addWidget(self.problem)
        for field in (self.start, self.end, self.reason):
            column.addWidget(field)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.yes)
        row.addWidget(self.no)
        row.addStretch(1)
        column.addLayout(row)

    @property
    def first(self) -> QWidget:
        """What has the keys when it opens."""
        return self.start if self._act == "replay" else self.reason

    def ask(self, act: str, one: ExportInfo) -> None:
        """Begin with empty fields."""
        self._act, self.about = act, one
        question, request = question_of(act, one)
        self.question.set_text(question)
        self.request.set_text(request)
        self.yes.setText(tr(ACTS[act]))
        self.yes.setAccessibleName(tr(ACTS[act]))
        self.yes.updateGeometry()
        for field in (self.start, self.end, self.reason):
            field.clear()
            field.setVisible(field is self.reason or act == "replay")
        self.say("")
        self.first.setFocus()

    def say(self, problem: str) -> None:
        """Why it was not done; what was written stays."""
        self.problem.set_text(problem)
        self.problem.setVisible(bool(problem))
        self._enable()

    def _why_not_yet(self) -> str:
        if self._act == "replay" and not self.start.text().strip():
            return tr("Write from when on.")
        return "" if self.reason.text().strip() else tr("Write a reason first.")

    def _enable(self) -> None:
        why = self._why_not_yet()
        self.yes.set_enabled(not why, why)

    def _span(self) -> tuple[int, int]:
        """UTC ns; an empty or ``now`` end is 0. UsageError for what is no range."""
        if self._act != "replay":
            return 0, 0
        start, text = self._instant(self.start.text()), self.end.text().strip()
        end = self._instant(text) if text and text != tr("now") else 0
        if end and end <= start:
            raise UsageError(tr("the range ends before it begins"))
        return start, end

    def _confirm(self) -> None:
        if self.about is None or not self.yes.isEnabled():
            return
        try:
            start, end = self._span()
        except UsageError as error:
            self.say(tr("Not done: {why}", why=error))
            return
        self.yes.set_enabled(False, tr("The runtime is asked."))
        self.confirmed.emit(self._act, self.about.name, self.reason.text().strip(), start, end)

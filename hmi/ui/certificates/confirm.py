"""The confirm step: the fingerprint in large groups, a reason, and no default that decides by a slip."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.client.certificates import CertificateInfo, grouped
from hmi.core.texts import tr
from hmi.ui.alarms.guidance import scrolled
from hmi.ui.asking import AskPanel
from hmi.ui.certificates.words import ACTS, question_of, two_lines
from hmi.ui.theme import Theme
from hmi.ui.widgets import Field, FlatButton, Text


class ConfirmCard(AskPanel):
    """``confirmed``: act, fingerprint and reason, once. Esc or Cancel: ``cancelled``."""

    confirmed = Signal(str, str, str)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._act = ""
        self.about: CertificateInfo | None = None
        self.question = Text(theme, font="heading", wrap=True)
        self.subject = Text(theme, font="text", color="text.secondary", wrap=True)
        self.groups = Text(theme, font="value", color="text", wrap=True)
        self.sha1 = Text(theme, font="text", color="text.secondary", wrap=True)
        self.request = Text(theme, font="text", wrap=True)
        self.reason = Field(theme, tr("Reason, for the journal"))
        self.reason.textChanged.connect(lambda _: self._enable())
        self.reason.entered.connect(lambda _: self._confirm())
        self.yes = FlatButton(theme, "", self._confirm, strong=True)
        self.no = FlatButton(theme, tr("Cancel"), self.cancelled.emit)
        self.problem = Text(theme, font="text.strong", wrap=True)
        self._lay_out()

    def _lay_out(self) -> None:
        body = QWidget()
        words = QVBoxLayout(body)
        words.setContentsMargins(0, 2, 8, 0)
        words.setSpacing(12)
        for widget in (self.question, self.subject, self.groups, self.sha1, self.request):
            words.addWidget(widget)
        words.addStretch(1)
        scroller = scrolled(self.theme, body)
        scroller.setAccessibleName(tr("What is decided"))
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 14, 8, 14)
        column.setSpacing(10)
        column.addWidget(scroller, 1)
        column.addWidget(self.problem)
        column.addWidget(self.reason)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.yes)
        row.addWidget(self.no)
        row.addStretch(1)
        column.addLayout(row)

    def ask(self, act: str, one: CertificateInfo) -> None:
        """Begin with an empty reason."""
        self._act, self.about = act, one
        question, request = question_of(act, one)
        self.question.set_text(question)
        self.subject.set_text(one.subject)
        self.groups.set_text(two_lines(one.fingerprint))
        self.groups.setAccessibleName(tr("SHA-256: {groups}", groups=grouped(one.fingerprint)))
        self.sha1.set_text(tr("SHA-1: {groups}", groups=grouped(one.sha1)))
        self.request.set_text(request)
        self.yes.setText(tr(ACTS[act]))
        self.yes.setAccessibleName(tr(ACTS[act]))
        self.yes.updateGeometry()
        self.reason.clear()
        self.say("")
        self._enable()
        self.reason.setFocus()

    def say(self, problem: str) -> None:
        """Why it was not done; what was written stays."""
        self.problem.set_text(problem)
        self.problem.setVisible(bool(problem))
        self._enable()

    def _enable(self) -> None:
        self.yes.set_enabled(bool(self.reason.text().strip()), tr("Write a reason first."))

    def _confirm(self) -> None:
        if self.about is not None and self.yes.isEnabled():
            self.yes.set_enabled(False, tr("The runtime is asked."))
            self.confirmed.emit(self._act, self.about.fingerprint, self.reason.text().strip())

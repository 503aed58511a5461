"""The confirm step: the fingerprint in large groups, a reason, and no default that decides by a slip."""

from __future__ import annotations

from PySide6.QtCore import Signal

from hmi.client.certificates import CertificateInfo, grouped
from hmi.core.texts import tr
from hmi.ui.certificates.words import ACTS, question_of, two_lines
from hmi.ui.sheets.confirm import ReasonPanel
from hmi.ui.theme import Theme
from hmi.ui.widgets import Text


class ConfirmCard(ReasonPanel):
    """``confirmed``: act, fingerprint and reason, once."""

    confirmed = Signal(str, str, str)

    def __init__(self, theme: Theme) -> None:
        self._act = ""
        self.about: CertificateInfo | None = None
        self.subject = Text(theme, font="text", color="text.secondary", wrap=True)
        self.groups = Text(theme, font="value", color="text", wrap=True)
        self.sha1 = Text(theme, font="text", color="text.secondary", wrap=True)
        super().__init__(theme, tr("What is decided"), between=(self.subject, self.groups, self.sha1))

    def ask(self, act: str, one: CertificateInfo) -> None:
        """Begin with an empty reason."""
        self._act, self.about = act, one
        self.subject.set_text(one.subject)
        self.groups.set_text(two_lines(one.fingerprint))
        self.groups.setAccessibleName(tr("SHA-256: {groups}", groups=grouped(one.fingerprint)))
        self.sha1.set_text(tr("SHA-1: {groups}", groups=grouped(one.sha1)))
        self.begin(*question_of(act, one), tr(ACTS[act]))

    def _confirmed(self) -> None:
        if self.about is not None:
            self._ask_runtime()
            self.confirmed.emit(self._act, self.about.fingerprint, self.reason.text().strip())

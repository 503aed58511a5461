"""The confirm step: what follows, a range where one is sent again, a reason, and no default that acts by a slip."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal

from hmi.client.exports import ExportInfo
from hmi.core.errors import UsageError
from hmi.core.texts import tr
from hmi.ui.exports.words import ACTS, question_of
from hmi.ui.sheets.confirm import ReasonPanel
from hmi.ui.theme import Theme
from hmi.ui.widgets import Field

Instant = Callable[[str], int]
"""UTC ns of what a person wrote; UsageError with one sentence."""


class ConfirmCard(ReasonPanel):
    """``confirmed``: act, job, reason, start and end (0 where there is no range), once."""

    confirmed = Signal(str, str, str, object, object)

    def __init__(self, theme: Theme, instant: Instant) -> None:
        self._act, self._instant = "", instant
        self.about: ExportInfo | None = None
        self.start = Field(theme, tr("From: -8h, 14:05 or 2026-05-31 14:05"))
        self.end = Field(theme, tr("To: now, or a time"))
        super().__init__(theme, tr("What is asked"), fields=(self.start, self.end))

    def ask(self, act: str, one: ExportInfo) -> None:
        """Begin with empty fields."""
        self._act, self.about = act, one
        for field in (self.start, self.end):
            field.setVisible(act == "replay")
        self.begin(*question_of(act, one), tr(ACTS[act]))

    def _why_not_yet(self) -> str:
        if self._act == "replay" and not self.start.text().strip():
            return tr("Write from when on.")
        return super()._why_not_yet()

    def _span(self) -> tuple[int, int]:
        """UTC ns; an empty or ``now`` end is 0. UsageError for what is no range."""
        if self._act != "replay":
            return 0, 0
        start, text = self._instant(self.start.text()), self.end.text().strip()
        end = self._instant(text) if text and text != tr("now") else 0
        if end and end <= start:
            raise UsageError(tr("the range ends before it begins"))
        return start, end

    def _confirmed(self) -> None:
        if self.about is None:
            return
        try:
            start, end = self._span()
        except UsageError as error:
            self.say(tr("Not done: {why}", why=error))
            return
        self._ask_runtime()
        self.confirmed.emit(self._act, self.about.name, self.reason.text().strip(), start, end)

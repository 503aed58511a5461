"""Ask, confirm, wait, tell the end: the same few lines on a faceplate and beside a control of a display."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.core.texts import tr
from hmi.ui.commands.progress import ProgressLine
from hmi.ui.commands.reasons import label_of
from hmi.ui.commands.road import CommandRoad, Outcome, Progress, Proposal
from hmi.ui.labels import short_tag
from hmi.ui.theme import Theme
from hmi.ui.widgets import Field, FlatButton, Panel, Text

SELECT_MS: Final = 30_000
"""How long a question stays open (standards 5.2): what was decided longer ago is asked again."""


class ConfirmBox(Panel):
    """Tag, description, old → new and unit; a reason where one is needed.

    Until it is written, and while the command is blocked, the button stays disabled and says why. ``named``: tag
    and description stand here; without it they stand above, in what holds the question.
    """

    confirmed = Signal()
    cancelled = Signal()

    def __init__(self, theme: Theme, proposal: Proposal, *, named: bool = True) -> None:
        super().__init__(theme, fill="tooltip")
        self.proposal, self._blocked = proposal, ""
        self.reason: Field | None = None
        info, old, new = proposal.info, proposal.old, proposal.new
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(4)
        if named:
            column.addWidget(Text(theme, f"{short_tag(info.name)}  {label_of(info)}", font="text.strong"))
            column.addWidget(Text(theme, info.description, font="text.small", color="text.label"))
        column.addWidget(Text(theme, f"{old}  →  {new}" if old else new, font="value.small", color="value"))
        if proposal.why:
            column.addWidget(Text(theme, proposal.why, font="text.small", color="text.secondary", wrap=True))
            self.reason = Field(theme, tr("Reason"))
            self.reason.textChanged.connect(self._judge)
            self.reason.returnPressed.connect(self._entered)
            column.addWidget(self.reason)
        self.objection = Text(theme, font="text.small", color="text", wrap=True)
        self.objection.hide()
        column.addWidget(self.objection)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(FlatButton(theme, tr("Cancel"), self.cancelled.emit))
        self.yes = FlatButton(theme, tr("Confirm"), self.confirmed.emit, strong=True)
        row.addWidget(self.yes)
        column.addLayout(row)
        self._judge()

    @property
    def reason_text(self) -> str:
        return self.reason.text().strip() if self.reason else ""

    def _judge(self) -> None:
        missing = self.reason is not None and not self.reason_text
        why = self._blocked or (tr("Write a reason first.") if missing else "")
        self.yes.set_enabled(not why, why)
        self.objection.set_text(self._blocked)
        self.objection.setVisible(bool(self._blocked))

    def set_blocked(self, why: str) -> None:
        """The plant moves on while the operator reads: what is blocked meanwhile cannot be confirmed."""
        if why != self._blocked:
            self._blocked = why
            self._judge()

    def _entered(self) -> None:
        """Return in the field goes on to the button; it never confirms by itself."""
        if self.yes.isEnabled():
            self.yes.setFocus()

    def start(self) -> None:
        """The keyboard goes where the next step is."""
        (self.reason or self.yes).setFocus()


class Dialogue(QWidget):
    """One question at a time about the commands ``tags``, and how the last one ended.

    ``closed``: the question is gone without being sent; ``ended`` carries the outcome of a command that was sent.
    """

    asked = Signal(object)
    closed = Signal()
    ended = Signal(object)
    grown = Signal()

    def __init__(self, theme: Theme, road: CommandRoad, tags: Iterable[str], *, named: bool = True) -> None:
        super().__init__()
        self._named = named
        self._theme, self._road, self._tags = theme, road, frozenset(tags)
        self.confirm: ConfirmBox | None = None
        self.result = Text(theme, font="text.small", color="text.secondary", wrap=True)
        self.result.hide()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._column.addWidget(self.result)
        self.progress = ProgressLine(theme)
        self._column.addWidget(self.progress)
        self._expiry = QTimer(self)
        self._expiry.setSingleShot(True)
        self._expiry.setInterval(SELECT_MS)
        self._expiry.timeout.connect(self.expire)
        road.turned.connect(self._turned)
        for tag in sorted(self._tags):
            if road.pending(tag) is not None:
                self._turned(tag)

    @property
    def pending(self) -> str:
        """The words of a command that is under way."""
        found = (self._road.pending(tag) for tag in self._tags)
        return next((proposal.words for proposal in found if proposal is not None), "")

    def _progress(self) -> Progress | None:
        """Of the command under way, while no question about the next one is in its place."""
        if self.confirm is not None:
            return None
        found = (self._road.progress(tag) for tag in self._tags)
        return next((progress for progress in found if progress is not None), None)

    def ask(self, proposal: Proposal) -> None:
        """Show the question in the place of the one before."""
        self._remove()
        box = ConfirmBox(self._theme, proposal, named=self._named)
        box.confirmed.connect(self._send)
        box.cancelled.connect(self.drop)
        self.confirm = box
        self._column.insertWidget(0, box)
        box.set_blocked(self._road.objection(proposal))
        box.show()
        self.result.hide()
        self._expiry.start()
        box.start()
        self.asked.emit(proposal)
        self.grown.emit()

    def refresh(self) -> None:
        if self.confirm is not None:
            self.confirm.set_blocked(self._road.objection(self.confirm.proposal))
        self.progress.show_progress(self._progress())

    def drop(self) -> None:
        """Take the question back; nothing is sent."""
        if self.confirm is not None:
            self._remove()
            self.closed.emit()
            self.grown.emit()

    def expire(self) -> None:
        if self.confirm is not None:
            words = self.confirm.proposal.words
            self.drop()
            self.say(tr("{command}: not sent, the question was open for too long.", command=words))

    def _remove(self) -> None:
        self._expiry.stop()
        if self.confirm is not None:
            self._column.removeWidget(self.confirm)
            self.confirm.hide()
            self.confirm.deleteLater()
            self.confirm = None

    def _send(self) -> None:
        """The question goes away with the click, so that a second click finds nothing to confirm."""
        if (box := self.confirm) is None:
            return
        if why := self._road.send(box.proposal, box.reason_text):
            box.set_blocked(why)
            return
        self._remove()
        self.closed.emit()

    def _turned(self, tag: str) -> None:
        if tag not in self._tags:
            return
        if (proposal := self._road.pending(tag)) is not None:
            self.progress.show_progress(self._progress())
            self.say(tr("Pending: {command}", command=proposal.words))
        elif (outcome := self._road.outcome(tag)) is not None:
            self.progress.show_progress(None)
            self.tell(outcome)
            self.ended.emit(outcome)

    def tell(self, outcome: Outcome) -> None:
        self.say(f"{outcome.proposal.words}\n{outcome.text}")

    def say(self, text: str) -> None:
        self.result.set_text(text)
        self.result.show()
        self.grown.emit()

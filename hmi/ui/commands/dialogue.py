"""Ask, confirm, wait, tell the end: the same few lines on a faceplate and beside a control of a display."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from hmi.core.commands import Selection
from hmi.core.texts import tr
from hmi.ui.commands.confirm import ConfirmBox
from hmi.ui.commands.progress import ProgressLine
from hmi.ui.commands.road import CommandRoad, Outcome, Progress
from hmi.ui.commands.steps import Proposal
from hmi.ui.theme import Theme
from hmi.ui.widgets import FlatButton, Text

SELECT_MS: Final = 30_000
"""How long a question stays open (standards 5.2): what was decided longer ago is asked again."""
_EARLY_MS: Final = 500  # the question ends before the runtime lets go of the object


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
        self._blind: Proposal | None = None
        self.again = FlatButton(theme, tr("Act without feedback …"), self._ask_blind)
        self.again.hide()
        self._column.addWidget(self.again)
        self.progress = ProgressLine(theme)
        self._column.addWidget(self.progress)
        self._expiry = QTimer(self)
        self._expiry.setSingleShot(True)
        self._expiry.setTimerType(Qt.TimerType.PreciseTimer)
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
        box = ConfirmBox(self._theme, proposal, self._road.session(proposal), named=self._named)
        box.confirmed.connect(self._send)
        box.cancelled.connect(self.drop)
        box.grown.connect(self.grown)
        if box.sign is not None:
            box.sign.asked.connect(lambda *who: self._sign(box, *who))
        self.confirm = box
        self._column.insertWidget(0, box)
        box.set_blocked(self._road.objection(proposal))
        box.show()
        self.result.hide()
        self.again.hide()
        self._expiry.start(SELECT_MS)
        if proposal.is_critical:
            box.show_left(0)
            self._road.select(proposal, owner=self, done=lambda found: self._selected(box, found))
        box.start()
        self.asked.emit(proposal)
        self.grown.emit()

    def _selected(self, box: ConfirmBox, found: Selection) -> None:
        """The question ends with the selection; one that came for a question that is gone is given back."""
        if box is not self.confirm:
            if found.id:
                self._road.deselect(found.id)
            return
        if not found.id:
            words = "; ".join(refusal.text for refusal in found.refusals)
            command = box.proposal.words
            self.drop()
            self.say(tr("{command}: not selected, {reason}", command=command, reason=words))
            return
        box.selected(found)
        self._expiry.start(max(found.left_ms - _EARLY_MS, 0))
        box.show_left(self._expiry.remainingTime())

    def _sign(self, box: ConfirmBox, user: str, password: str, meaning: str) -> None:
        assert box.sign is not None
        self._road.sign(
            box.proposal, user, password, meaning, owner=box,
            done=lambda signature: box.signed(signature, *self._road.signer(box.proposal, user)),
            failed=box.sign.refused,
        )  # fmt: skip

    def refresh(self) -> None:
        if self.confirm is not None:
            self.confirm.set_blocked(self._road.objection(self.confirm.proposal))
            if self.confirm.selection is not None:
                self.confirm.show_left(self._expiry.remainingTime())
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

    def _remove(self, *, sent: bool = False) -> None:
        self._expiry.stop()
        if self.confirm is not None:
            if self.confirm.selection is not None and not sent:
                self._road.deselect(self.confirm.selection.id)
            self._column.removeWidget(self.confirm)
            self.confirm.hide()
            self.confirm.deleteLater()
            self.confirm = None

    def _send(self) -> None:
        """The question goes away with the click, so that a second click finds nothing to confirm."""
        if (box := self.confirm) is None:
            return
        if why := self._road.send(box.proposal, box.given):
            box.set_blocked(why)
            return
        self._remove(sent=True)
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
        self._blind = outcome.proposal if outcome.blind else None
        self.again.setVisible(outcome.blind)
        self.say(f"{outcome.proposal.words}\n{outcome.text}")

    def _ask_blind(self) -> None:
        """The same once more, knowingly without its feedback: a question of its own (CM-07)."""
        if self._blind is not None:
            before = self._blind
            self.ask(self._road.propose(before.info.name, before.value, before.new, without_feedback=True))

    def say(self, text: str) -> None:
        self.result.set_text(text)
        self.result.show()
        self.grown.emit()

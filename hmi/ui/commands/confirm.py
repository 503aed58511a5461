"""The second step of a command: what is to be done, what must be read, given and signed before it may be sent."""

from __future__ import annotations

import math

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from hmi.client.people import SessionInfo
from hmi.core.commands import Selection
from hmi.core.holds import ControlTag
from hmi.core.texts import tr
from hmi.ui.commands.reasons import label_of
from hmi.ui.commands.sign_panel import SignPanel
from hmi.ui.commands.steps import Given, Proposal, missing
from hmi.ui.labels import short_tag
from hmi.ui.theme import Theme
from hmi.ui.widgets import Field, FlatButton, Panel, Text


class ConfirmBox(Panel):
    """Tag, description, old → new and unit, every warning; caution tags, reason and signature where one is needed.

    Until all is given, and while the command is blocked, the button stays disabled and says why. ``named``: tag
    and description stand here; without it they stand above, in what holds the question. ``grown``: it needs
    another height.
    """

    confirmed = Signal()
    cancelled = Signal()
    grown = Signal()

    def __init__(
        self, theme: Theme, proposal: Proposal, session: SessionInfo | None = None, *, named: bool = True
    ) -> None:
        super().__init__(theme, fill="tooltip")
        self.proposal, self._blocked = proposal, ""
        self.selection: Selection | None = None
        self.reason: Field | None = None
        self.sign: SignPanel | None = None
        self.cautions: dict[str, FlatButton] = {}
        self._signatures: tuple[str, ...] = ()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 8, 12, 8)
        self._column.setSpacing(4)
        self._say_what(named)
        self._ask_for_cautions()
        if proposal.is_critical:
            self._ask_for_reason()
        if proposal.needs_signature:
            self._ask_for_signature(session or SessionInfo())
        self._finish()
        self._judge()

    # what it is made of

    def _say_what(self, named: bool) -> None:
        theme, proposal, column = self.theme, self.proposal, self._column
        info, old, new = proposal.info, proposal.old, proposal.new
        if named:
            column.addWidget(Text(theme, f"{short_tag(info.name)}  {label_of(info)}", font="text.strong"))
            column.addWidget(Text(theme, info.description, font="text.small", color="text.label"))
        column.addWidget(Text(theme, f"{old}  →  {new}" if old else new, font="value.small", color="value"))
        self.left = Text(theme, font="text.small", color="text.label", wrap=True)
        self.left.setVisible(proposal.is_critical)
        column.addWidget(self.left)
        for warning in proposal.warnings:
            column.addWidget(Text(theme, warning, font="text.small", color="text", wrap=True))

    def _ask_for_cautions(self) -> None:
        for tag in self.proposal.cautions:
            self._column.addWidget(
                Text(self.theme, caution_words(tag), font="text.small", color="text", wrap=True)
            )
            button = FlatButton(self.theme, tr("I have read the caution"))
            button.setCheckable(True)
            button.clicked.connect(self._judge)
            self.cautions[tag.id] = button
            self._column.addWidget(button)

    def _ask_for_reason(self) -> None:
        self.reason = Field(self.theme, tr("Reason"))
        self.reason.textChanged.connect(self._judge)
        self.reason.returnPressed.connect(self._entered)
        self._column.addWidget(self.reason)

    def _ask_for_signature(self, session: SessionInfo) -> None:
        self.sign = SignPanel(self.theme, session, other_person=self.proposal.needs_other_person)
        self._column.addWidget(self.sign)

    def _finish(self) -> None:
        self.objection = Text(self.theme, font="text.small", color="text", wrap=True)
        self.objection.hide()
        self._column.addWidget(self.objection)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(FlatButton(self.theme, tr("Cancel"), self.cancelled.emit))
        self.yes = FlatButton(self.theme, tr("Confirm"), self.confirmed.emit, strong=True)
        row.addWidget(self.yes)
        self._column.addLayout(row)

    # what is given

    @property
    def given(self) -> Given:
        """Everything that was given so far; a press of the button is the confirmation."""
        return Given(
            reason=self.reason.text().strip() if self.reason else "",
            confirmed=True,
            selection=self.selection.id if self.selection else "",
            signatures=self._signatures,
            accepted=tuple(tag_id for tag_id, button in self.cautions.items() if button.isChecked()),
        )

    def _judge(self) -> None:
        why = self._blocked or missing(self.proposal, self.given)
        self.yes.set_enabled(not why, why)
        self.objection.set_text(self._blocked)
        if self.objection.isHidden() is bool(self._blocked):
            self.objection.setVisible(bool(self._blocked))
            self.grown.emit()

    def set_blocked(self, why: str) -> None:
        """The plant moves on while the operator reads: what is blocked meanwhile cannot be confirmed."""
        if why != self._blocked:
            self._blocked = why
            self._judge()

    def selected(self, selection: Selection) -> None:
        """The runtime holds the object for this command."""
        self.selection = selection
        self._judge()

    def show_left(self, left_ms: int) -> None:
        """How long the object is held."""
        self.left.set_text(
            tr("Selected for {seconds} s", seconds=math.ceil(left_ms / 1000))
            if self.selection
            else tr("Selecting …")
        )

    def signed(self, signature: str, name: str, at: str) -> None:
        assert self.sign is not None
        self._signatures = (signature,)
        self.sign.signed(name, at)
        self._judge()
        self.grown.emit()
        if self.yes.isEnabled():
            self.yes.setFocus()

    def _entered(self) -> None:
        """Return in the field goes on to the next step; it never confirms by itself."""
        if self.sign is not None and not self._signatures:
            self.sign.start()
        elif self.yes.isEnabled():
            self.yes.setFocus()

    def start(self) -> None:
        """The keyboard goes where the next step is."""
        unread = next((b for b in self.cautions.values() if not b.isChecked()), None)
        if unread is not None:
            unread.setFocus()
        elif self.reason is None and self.sign is not None:
            self.sign.start()
        else:
            (self.reason or self.yes).setFocus()


def caution_words(tag: ControlTag) -> str:
    """A caution tag as it is read before a command."""
    order = tr(" ({order})", order=tag.work_order) if tag.work_order else ""
    return tr(
        "CAUTION: {reason}{order}, {owner}", reason=tag.reason, order=order, owner=tag.owner_name or tag.owner
    )

"""Which steps a command needs at the station, and what the operator gave in them (standards 5.1). No Qt.

The gate asks for the same steps again and decides; a station that asked for too few is refused there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hmi.client.port import TagInfo
from hmi.core.commands import CommandResult, CommandState, Reason
from hmi.core.holds import ControlTag, TagKind
from hmi.core.identity import new_id
from hmi.core.texts import tr
from hmi.core.values import Value
from hmi.mimics import Reading
from hmi.ui.commands.reasons import label_of


@dataclass(frozen=True, slots=True)
class Proposal:
    """One command as it is asked; nothing of it changes before it is sent.

    ``expected`` is the value that the asker saw (None for a pulse), ``old`` and ``new`` are words, ``warnings`` are
    sentences to read before it is confirmed, ``cautions`` the caution tags on the object. ``without_feedback``: it
    is asked for again although its feedback cannot be seen. ``revision`` of the plant that it was asked in.
    """

    info: TagInfo
    value: Value
    new: str
    old: str
    expected: Value
    warnings: tuple[str, ...] = ()
    cautions: tuple[ControlTag, ...] = ()
    without_feedback: bool = False
    command_id: str = field(default_factory=lambda: new_id("c"))
    revision: str = ""

    @property
    def words(self) -> str:
        """What is told of it while it is under way and when it has ended."""
        return f"{named(self.info)} → {self.new}" if self.old else self.new

    @property
    def number(self) -> float | None:
        return float(self.value) if isinstance(self.value, bool | int | float) else None

    @property
    def is_critical(self) -> bool:
        """Select before operate, a reason and a signature."""
        return self.info.command_class == "C"

    @property
    def needs_other_person(self) -> bool:
        return self.info.two_person

    @property
    def is_routine(self) -> bool:
        """One step is enough: nothing has to be read first."""
        plain = self.info.command_class == "R" and not self.info.two_person
        return plain and not self.warnings and not self.cautions and not self.without_feedback

    @property
    def needs_signature(self) -> bool:
        return self.is_critical or self.needs_other_person


@dataclass(frozen=True, slots=True)
class Given:
    """What the operator gave in the steps; ``accepted`` are the ids of caution tags."""

    reason: str = ""
    confirmed: bool = False
    selection: str = ""
    signatures: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()


def named(info: TagInfo) -> str:
    """A command in a sentence."""
    label = label_of(info)
    return label if info.signal else info.description or label


def warnings_of(info: TagInfo, reading: Reading, value: Value) -> tuple[str, ...]:
    """What the operator should read twice: a step that is larger than usual, and a ramp (standards 5.3)."""
    step = _large_step(info, reading, value)
    if not info.ramp or (info.command_class == "R" and not step):
        return step
    ramp = tr("The controller follows with {ramp} {unit} per second.", ramp=f"{info.ramp:g}", unit=info.unit)
    return (*step, ramp)


def _large_step(info: TagInfo, reading: Reading, value: Value) -> tuple[str, ...]:
    now = reading.number
    if not info.max_step or now is None or isinstance(value, bool) or not isinstance(value, int | float):
        return ()
    step = abs(value - now)
    if step <= info.max_step:
        return ()
    words = tr(
        "A step of {step} is larger than {limit} {unit}.",
        step=f"{step:.4g}",
        limit=f"{info.max_step:g}",
        unit=info.unit,
    )
    return (words.replace(" .", "."),)


def cautions_of(tags: tuple[ControlTag, ...]) -> tuple[ControlTag, ...]:
    return tuple(tag for tag in tags if tag.kind is TagKind.CAUTION)


def lacks_feedback_only(result: CommandResult) -> bool:
    """Refused for nothing but a feedback that cannot be seen: the operator may act without it (CM-07)."""
    reasons = {refusal.reason for refusal in result.refusals}
    return result.state is CommandState.REFUSED and reasons == {Reason.BAD_FEEDBACK}


def missing(proposal: Proposal, given: Given) -> str:
    """The step that is still to be made, in words; empty when all are."""
    if any(tag.id not in given.accepted for tag in proposal.cautions):
        return tr("Accept the caution tag first.")
    if proposal.is_critical and not given.selection:
        return tr("The object is not selected yet.")
    if proposal.is_critical and not given.reason.strip():
        return tr("Write a reason first.")
    if proposal.needs_signature and not given.signatures:
        return tr("Another person has to sign first.") if proposal.needs_other_person else tr("Sign first.")
    return "" if given.confirmed or proposal.is_routine else tr("Confirm it first.")

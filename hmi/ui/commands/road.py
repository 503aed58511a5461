"""The one road of commands in a station: every faceplate, control and window asks, sends and waits through it.

What is under way is known here once, so that no second window sends beside the first.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from hmi.client.people import SessionInfo
from hmi.client.port import TagInfo
from hmi.core.clock import NS_PER_MS, NS_PER_S, monotonic_ns
from hmi.core.commands import CommandResult, CommandState, Reason, Refusal, Selection
from hmi.core.holds import TagKind
from hmi.core.texts import tr
from hmi.core.values import Value
from hmi.mimics import Catalogue, choices, format_value, is_number, is_pulse, value_text
from hmi.ui.commands.conditions import unmet
from hmi.ui.commands.reasons import blocked, deciding_tags
from hmi.ui.commands.steps import Given, Proposal, cautions_of, lacks_feedback_only, missing, warnings_of
from hmi.ui.holds.control import why_not_here
from hmi.ui.mimic.words import value_words
from hmi.ui.times import clock_text, zone_of

if TYPE_CHECKING:
    from hmi.ui.station import Station

REST_NS: Final = 500 * NS_PER_MS
"""After a command its item rests: the second half of a double click never becomes a second command."""
TOLD_NS: Final = 8 * NS_PER_S
_RESULT_WORDS: Final = {
    CommandState.CONFIRMED: "Confirmed",
    CommandState.REFUSED: "Refused",
    CommandState.FAILED: "Failed",
    CommandState.UNKNOWN: "Unknown: read the value before you repeat",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended; ``text`` in full, ``at_ns`` monotonic. ``blind``: only its feedback cannot be seen."""

    proposal: Proposal
    state: CommandState
    text: str
    at_ns: int
    blind: bool = False

    @property
    def is_confirmed(self) -> bool:
        return self.state is CommandState.CONFIRMED

    @property
    def word(self) -> str:
        """The end in one word."""
        return tr(_RESULT_WORDS[self.state]).partition(":")[0]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a command under way is: whole seconds since it was sent, and the seconds that the plant expects."""

    elapsed_s: int
    expected_s: float

    @property
    def share(self) -> float:
        """Of the expected time, 0 to 1; what takes longer stays at 1."""
        return min(self.elapsed_s / self.expected_s, 1.0)

    @property
    def words(self) -> str:
        return tr("{elapsed} of {expected} s", elapsed=self.elapsed_s, expected=f"{self.expected_s:g}")


class CommandRoad(QObject):
    """``turned`` names the tag whose command was sent or ended."""

    turned = Signal(str)

    def __init__(self, station: Station, *, clock: Callable[[], int] = monotonic_ns) -> None:
        super().__init__(station)
        self._station, self._clock = station, clock
        self._pending: dict[str, Proposal] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._sent_ns: dict[str, int] = {}
        self._deciding: dict[str, tuple[str, ...]] = {}
        self._of: Catalogue | None = None

    def deciding(self, tag: str) -> tuple[str, ...]:
        """The tags that ``why`` looks at: who shows a command wants them from the runtime."""
        catalogue = self._station.catalogue
        if catalogue is not self._of:
            self._of, self._deciding = catalogue, {}
        if tag not in self._deciding:
            info = catalogue.tags.get(tag)
            self._deciding[tag] = deciding_tags(info, catalogue) if info else ()
        return self._deciding[tag]

    def why(self, tag: str) -> str:
        """Why a command may not be given now; the plant's own conditions say more than its mode bits."""
        station = self._station
        info = station.catalogue.tags.get(tag)
        if info is None:
            return tr("This tag does not exist in the plant.")
        if self._is_busy(info):
            return tr("A command is under way.")
        mailbox = station.mailbox_of(tag)
        if mailbox.is_history or station.clock.is_past:
            return tr("The past is shown: nothing can be commanded in it.")
        status, no_right = station.status_of(tag), station.rights.why_not(info.right or "operate", info.area)
        bypassed = station.holds.bypasses_of(info.id)
        why = (
            blocked(info, status, mailbox.alive, (), no_right=no_right)
            or self._held(info)
            or unmet(info, station.reading, station.now(), bypassed)
        )
        readings = [station.reading(name) for name in self.deciding(tag)]
        return why or blocked(info, status, mailbox.alive, readings, no_right=no_right)

    def _held(self, info: TagInfo) -> str:
        """What people put on the object, or who else controls its area."""
        station = self._station
        for tag in station.holds.tags_on(info, station.catalogue):
            if tag.kind is TagKind.DO_NOT_OPERATE:
                return tr(
                    "Do not operate: {reason} ({owner})",
                    reason=tag.reason,
                    owner=tag.owner_name or tag.owner,
                )
        return why_not_here(station, info.name, info.area)

    def _is_busy(self, info: TagInfo) -> bool:
        """One command at a time for one piece of equipment."""
        return any(
            tag == info.name or (info.instance and proposal.info.instance == info.instance)
            for tag, proposal in self._pending.items()
        )

    def propose(self, tag: str, value: Value, shown: str = "", *, without_feedback: bool = False) -> Proposal:
        """The command as it would be sent now; ``shown`` are the words for its value."""
        station = self._station
        info, reading = station.catalogue.tags[tag], station.reading(tag)
        new = shown or value_text(info, value) or f"{format_value(value, info).strip()} {info.unit}".strip()
        told = is_number(info) or len(choices(info)) > 1
        seen = None if is_pulse(info) or reading.is_bad else reading.data.value
        warnings = warnings_of(info, reading, value)
        if without_feedback:
            warnings = (*warnings, tr("Its feedback cannot be seen: you act without it."))
        return Proposal(
            info,
            value,
            new,
            value_words(reading) if told else "",
            seen,
            warnings,
            cautions_of(station.holds.tags_on(info, station.catalogue)),
            without_feedback,
            revision=station.revision_of(tag),
        )

    def objection(self, proposal: Proposal) -> str:
        """Why what was asked may not be sent any more."""
        tag, station = proposal.info.name, self._station
        if station.catalogue.tags.get(tag) != proposal.info or station.revision_of(tag) != proposal.revision:
            return tr("The plant was changed meanwhile: cancel and ask again.")
        if why := self.why(tag):
            return why
        reading = self._station.reading(tag)
        if proposal.expected is not None and not _same(proposal.expected, reading.data.value):
            return tr("It changed to {value} meanwhile: cancel and ask again.", value=value_words(reading))
        return ""

    def send(self, proposal: Proposal, given: Given = Given()) -> str:
        """Send it once. Returns why it was not sent; empty when it is on its way."""
        tag = proposal.info.name
        if why := self.objection(proposal):
            return why
        if self._clock() - self._sent_ns.get(tag, -REST_NS) < REST_NS:
            return tr("A command was sent just now.")
        if why := missing(proposal, given):
            return why
        self._pending[tag], self._sent_ns[tag] = proposal, self._clock()
        self._outcomes.pop(tag, None)
        self._station.submit(
            proposal, given, owner=self,
            done=lambda result: self._done(proposal, result), failed=lambda text: self._failed(proposal, text),
        )  # fmt: skip
        self.turned.emit(tag)
        return ""

    def select(self, proposal: Proposal, *, owner: QObject, done: Callable[[Selection], None]) -> None:
        """Ask the runtime to hold the object for this command; no answer is a selection without an id."""

        def failed(text: str) -> None:
            refusal = Refusal(Reason.NO_COMMUNICATION, text)
            done(Selection("", proposal.info.id, proposal.value, 0, (refusal,)))

        tag_id, value, beat = proposal.info.id, proposal.value, self._station.heartbeat(proposal.info.name)
        self._station.link.ask(
            lambda client: client.select(tag_id, value, beat), owner=owner, done=done, failed=failed
        )

    def deselect(self, selection_id: str) -> None:
        """It would end by itself; so the next one need not wait."""
        self._station.link.ask(lambda client: client.deselect(selection_id), owner=self, done=lambda _: None)

    def sign(
        self,
        proposal: Proposal,
        user: str,
        password: str,
        meaning: str,
        *,
        owner: QObject,
        done: Callable[[str], None],
        failed: Callable[[str], None],
    ) -> None:
        """Sign exactly this command; ``done`` gets the id of the signature."""
        what = {"command_id": proposal.command_id, "object_id": proposal.info.id, "value": proposal.value}
        self._station.link.ask(
            lambda client: client.sign(user, password, meaning, **what),
            owner=owner,
            done=done,
            failed=failed,
        )

    def session(self, proposal: Proposal) -> SessionInfo:
        """Who is signed in where the command goes."""
        status = self._station.status_of(proposal.info.name)
        return status.session if status is not None else SessionInfo()

    def signer(self, proposal: Proposal, user: str) -> tuple[str, str]:
        """Printed name and time of a signature that was made just now."""
        session, plant = self.session(proposal), self._station.plant
        name = session.name if user == session.user and session.name else user
        return name, clock_text(self._station.now(), zone_of(plant.zone if plant else "UTC"))

    def pending(self, tag: str) -> Proposal | None:
        return self._pending.get(tag)

    def progress(self, tag: str) -> Progress | None:
        """Of the command under way; None without one, or where the plant names no time for it."""
        proposal = self._pending.get(tag)
        if proposal is None or proposal.info.expected_ms <= 0:
            return None
        elapsed = (self._clock() - self._sent_ns[tag]) // NS_PER_S
        return Progress(elapsed, proposal.info.expected_ms * NS_PER_MS / NS_PER_S)

    def outcome(self, tag: str) -> Outcome | None:
        """How the last command ended, for some seconds."""
        found = self._outcomes.get(tag)
        return found if found is not None and self._clock() - found.at_ns <= TOLD_NS else None

    def _done(self, proposal: Proposal, result: CommandResult) -> None:
        blind = lacks_feedback_only(result) and not proposal.without_feedback
        self._end(proposal, result.state, result_words(result), blind=blind)

    def _failed(self, proposal: Proposal, sentence: str) -> None:
        """The question itself got no answer: whether it was carried out is not known."""
        self._end(proposal, CommandState.UNKNOWN, tr("Unknown: {reason}", reason=sentence))

    def _end(self, proposal: Proposal, state: CommandState, text: str, *, blind: bool = False) -> None:
        tag = proposal.info.name
        self._pending.pop(tag, None)
        self._outcomes[tag] = Outcome(proposal, state, text, self._clock(), blind)
        self.turned.emit(tag)


def result_words(result: CommandResult) -> str:
    """The end of a command in words, with every reason of a refusal and the value that decided it."""
    lines = [tr(_RESULT_WORDS[result.state])]
    if result.text and result.text != lines[0]:
        lines[0] = f"{lines[0]}: {result.text}"
    for refusal in result.refusals:
        reason = tr(refusal.reason.value)
        value = refusal.value
        shown = f" ({value})" if value is not None and not isinstance(value, bool) else ""
        told = refusal.text in result.text
        lines.append(f"• {reason}{shown}" if told else f"• {refusal.text}{shown}, {reason}")
    return "\n".join(lines)


def _same(one: Value, other: Value) -> bool:
    """As the gate compares what the asker saw with what is."""
    if isinstance(one, bool | int | float) and isinstance(other, bool | int | float):
        return math.isclose(float(one), float(other), rel_tol=1e-6, abs_tol=1e-9)
    return one == other

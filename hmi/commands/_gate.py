"""The CommandGate (design section 4): authorise, validate, journal, one transmission, read back, journal."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hmi.commands._checks import refusals_of, refusals_to_select
from hmi.commands._condition_calls import Caller, ConditionCalls
from hmi.commands._outcome import Sent, Verifier
from hmi.commands._ports import HoldsView, Nobody, NoHolds, Reader, Signatures, Writer
from hmi.commands._records import (
    AuditTrail,
    Results,
    asked_payload,
    plain,
    refused,
    result_of,
    result_payload,
)
from hmi.commands._selections import Held, SelectionBook
from hmi.commands._situation import Situation
from hmi.commands._steps import unsigned
from hmi.commands._tables import GateTables
from hmi.commands._unknown import OPEN_ENDED, Open, is_final, open_of
from hmi.core.clock import NS_PER_MS, Clock
from hmi.core.commands import (
    TIME_TO_LIVE_MS,
    CommandResult,
    CommandState,
    OperatorCommand,
    Reason,
    Refusal,
    Selection,
    Signature,
    WriteOutcome,
    WriteRequest,
    WriteState,
)
from hmi.core.conditions import ConditionCall, ConditionOrder
from hmi.core.errors import StorageError
from hmi.core.identity import new_id
from hmi.core.journal import JournalRecord, JournalWriter
from hmi.core.principal import SYSTEM, Principal
from hmi.core.texts import tr
from hmi.core.values import DataValue, Value
from hmi.project.plant import CommandRule, Plant, TagDef
from hmi.tags import to_raw

log = logging.getLogger(__name__)

_CONDITION = "ua:"


class _NoServers:
    """There are no servers with conditions."""

    async def call(self, request: ConditionCall) -> WriteOutcome:
        return WriteOutcome(WriteState.NOT_CONNECTED, text=f"there is no connection {request.connection}")


@dataclass(frozen=True, slots=True)
class _Revision:
    """What a command is judged by from its admission to its end: tables and values of one plant revision."""

    tables: GateTables
    values: Mapping[str, DataValue]


@dataclass(slots=True)
class _Attempt:
    """One command on its way through the gate; what it has got so far."""

    principal: Principal
    command: OperatorCommand
    tag: TagDef
    rule: CommandRule
    selection: Held | Refusal | None
    asked: dict[str, Any]
    signers: list[Signature] = field(default_factory=list[Signature])


class CommandGate:
    """Nothing reaches a PLC except through ``submit``.

    ``values`` by tag name, ``is_live`` by tag name, ``heartbeat_ns`` the monotonic time of a heartbeat number
    (None when it is too old or not known). A command id is executed once: asking again gives the first result.
    ``settled`` is told the end of a command that was not known when it was answered.
    """

    def __init__(
        self,
        plant: Plant,
        *,
        clock: Clock,
        values: Mapping[str, DataValue],
        is_live: Callable[[str], bool],
        journal: JournalWriter,
        writer: Writer,
        reader: Reader,
        heartbeat_ns: Callable[[int], int | None],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        caller: Caller | None = None,
        holds: HoldsView | None = None,
        signatures: Signatures | None = None,
        settled: Callable[[CommandResult], None] = lambda result: None,
    ) -> None:
        self.conditions = ConditionCalls(clock=clock, journal=journal, caller=caller or _NoServers())
        self.selections = SelectionBook()
        self.signatures: Signatures = signatures or Nobody()
        self._holds: HoldsView = holds or NoHolds()
        self._clock, self._is_live, self._settled = clock, is_live, settled
        self._trail, self._writer = AuditTrail(journal), writer
        self._verifier = Verifier(clock, reader, pause)
        self._heartbeat_ns = heartbeat_ns
        self._results = Results()
        self._busy: dict[str, _Revision] = {}
        self._cut: set[str] = set()
        self._running: dict[str, asyncio.Task[CommandResult]] = {}
        self._givers: dict[str, Principal] = {}
        self._sent: set[str] = set()
        self._cancelled: set[str] = set()
        self._closing = False
        self._barred = ""
        self._unknown: dict[str, Open] = {}
        self._in_flight: dict[str, Open] = {}
        self._settling: dict[str, asyncio.Task[bool]] = {}
        self._left: dict[str, TagDef | None] = {}
        self._last_write_ns: dict[str, int] = {}
        self._now = _Revision(GateTables(plant), values)

    def apply(
        self,
        tables: GateTables,
        values: Mapping[str, DataValue],
        cut: Collection[str] = (),
        elsewhere: Collection[str] = (),
    ) -> None:
        """Take another revision; what is unknown or just written stays so by tag id, selections end.

        A command under way ends under the revision it was admitted by. ``cut`` are the ids of tags whose
        device or meaning changed, or whose link is opened afresh: a command to one of them that was not sent yet is
        not sent, and one that was sent is not confirmed by what the new device says. ``elsewhere`` are those of
        them that are read from another place now, or mean something else: what the new place says ends no command
        that is unknown, nobody will ever know how it ended.
        """
        for tag_id in set(elsewhere) & (self._unknown.keys() | self._busy.keys()):
            self._left.setdefault(tag_id, self._revision(tag_id).tables.tags.get(tag_id))
        self._now = _Revision(tables, values)
        self._cut |= self._busy.keys() & set(cut)
        self.selections.end_all()

    def bar(self, why: str) -> None:
        """Refuse every command from now on until the runtime is started again; ``why`` is told to each asker."""
        self._barred = why
        self.selections.end_all()

    def _revision(self, tag_id: str) -> _Revision:
        return self._busy.get(tag_id, self._now)

    # ---- what is asked

    async def submit(self, principal: Principal, command: OperatorCommand) -> CommandResult:
        """Carry out one command; always returns a result, in words (standards 5.2)."""
        if earlier := self._results.get(command.id):
            return earlier
        running = self._running.get(command.id)
        if running is None:
            if self._closing:
                ending = Refusal(Reason.NO_COMMUNICATION, "the runtime is ending; nothing was sent")
                return await self._refuse(principal, command, (ending,))
            if self._barred:
                return await self._refuse(principal, command, (self._bar_refusal(),))
            running = asyncio.create_task(self._guarded(principal, command), name=f"command {command.id}")
            self._running[command.id], self._givers[command.id] = running, principal
            running.add_done_callback(lambda _: self._forget(command.id))
        # a station that goes away does not cut a command short: it is read back and journalled all the same
        return await asyncio.shield(running)

    def _forget(self, command_id: str) -> None:
        self._running.pop(command_id, None)
        self._givers.pop(command_id, None)
        self._sent.discard(command_id)
        self._cancelled.discard(command_id)

    def select(self, principal: Principal, tag_id: str, value: Value, heartbeat: int) -> Selection:
        """Hold the object of a tag for one command with one value; what can be refused already is told now."""
        tag = self._now.tables.tags.get(tag_id)
        refusals = self._refusals_to_select(principal, tag, OperatorCommand("", tag_id, value, heartbeat))
        if refusals or tag is None or tag.command is None:
            return Selection("", tag_id, value, 0, refusals)
        now = self._clock.monotonic_ns()
        held = self.selections.select(principal, tag, value, now, tag.command.select_s)
        if isinstance(held, Refusal):
            return Selection("", tag_id, value, 0, (held,))
        return Selection(held.id, tag_id, value, (held.until_ns - now) // NS_PER_MS)

    async def selected(self, principal: Principal, tag_id: str, value: Value, heartbeat: int) -> Selection:
        """As ``select``; a refusal is journalled, as that of a command is (CM-14)."""
        found = self.select(principal, tag_id, value, heartbeat)
        if found.refusals:
            command = OperatorCommand(new_id("c"), tag_id, value, heartbeat)
            tag = self._now.tables.tags.get(tag_id)
            asked = {**self._asked(principal, tag), "step": "select"}
            await self._keep_end(principal, tag, refused(command, found.refusals), command, asked)
        return found

    def _refusals_to_select(
        self, principal: Principal, tag: TagDef | None, command: OperatorCommand
    ) -> tuple[Refusal, ...]:
        if tag is None or tag.command is None:
            return (_not_writable(tag, command.tag_id),)
        if self._barred:
            return (self._bar_refusal(),)
        deadline = self._deadline(command)
        if self._closing or deadline is None or deadline <= self._clock.monotonic_ns():
            return (Refusal(Reason.TIME_LIMIT_OVER, tr("what the screen shows is too old to act on")),)
        return refusals_to_select(self._situation(principal, command, tag, tag.command, None))

    def _bar_refusal(self) -> Refusal:
        return Refusal(Reason.NO_ACCESS_AUTHORITY, self._barred)

    def deselect(self, principal: Principal, selection_id: str) -> None:
        """Give an own selection back; one that is over already is no error."""
        self.selections.deselect(principal, selection_id)

    def cancel(self, principal: Principal, command_id: str) -> CommandResult:
        """Take back an own command that has not been sent; what is sent cannot be called back."""
        giver = self._givers.get(command_id)
        refusal = Refusal(Reason.TIME_LIMIT_OVER, tr("there is no such command under way"))
        if giver is not None and (giver.user, giver.station) != (principal.user, principal.station):
            refusal = Refusal(Reason.NO_ACCESS_AUTHORITY, tr("it was given by {user}", user=giver.printed))
        elif command_id in self._sent:
            text = tr("it is sent already and cannot be called back")
            refusal = Refusal(Reason.COMMAND_ALREADY_IN_EXECUTION, text)
        elif giver is not None:
            self._cancelled.add(command_id)
            text = tr("taken back; it is not sent")
            return CommandResult(command_id, "", CommandState.CONFIRMED, text)
        return CommandResult(command_id, "", CommandState.REFUSED, refusal.text, (refusal,))

    async def call(self, principal: Principal, order: ConditionOrder) -> CommandResult:
        """Carry out one method call to a condition of a server; always returns a result, in words."""
        if self._closing:
            text = "the runtime is ending; nothing was sent"
            return await self.conditions.refuse(principal, order, Reason.NO_COMMUNICATION, text)
        if self._barred:
            return await self.conditions.refuse(principal, order, Reason.NO_ACCESS_AUTHORITY, self._barred)
        return await self.conditions.submit(principal, order)

    # ---- life

    def restore(self, newest: Iterable[JournalRecord]) -> None:
        """Take over from the runtime before: a command whose end was never written blocks its item until it
        has been read back. ``newest`` are the last audit records of each item.

        One that went to another place than where its item is now will never be known.
        """
        now = self._clock.monotonic_ns()
        for record in newest:
            if record.event not in OPEN_ENDED:
                continue
            if record.object_id.startswith(_CONDITION):
                self.conditions.restore(record.object_id, record.payload)
            else:
                opened = open_of(record.object_id, record.payload, now)
                self._unknown[opened.tag_id] = opened
                if opened.place and opened.place != self._now.tables.place(opened.tag_id):
                    self._left[opened.tag_id] = self._now.tables.tags.get(opened.tag_id)

    def remember(self, last: Iterable[JournalRecord]) -> None:
        """The ids of the commands before this start: who asks for one again is told how it ended, once more.

        ``last`` are the newest audit records, oldest first.
        """
        self._results.restore(last)

    def tick(self) -> None:
        """Read back what is not known yet, where the device answers again; call it about once a second."""
        for tag_id in list(self._unknown):
            tag = self._now.tables.tags.get(tag_id)
            if tag_id in self._busy or tag_id in self._settling or self._closing:
                continue
            if tag is not None and tag.command is None:  # nothing says any more what would show its end
                self._left.setdefault(tag_id, tag)
            if tag_id in self._left:
                work = self._never_known(tag_id)
            elif tag is not None and self._is_live(tag.name):
                work = self._settle(tag, self._now)
            else:
                continue
            task = asyncio.create_task(work, name=f"read back {tag_id}")
            self._settling[tag_id] = task
            task.add_done_callback(lambda _, of=tag_id: self._settling.pop(of, None))

    @property
    def unknown(self) -> frozenset[str]:
        """Ids of the tags whose last command has no known end."""
        return frozenset(self._unknown)

    async def close(self) -> None:
        """Admit no more, and wait for the commands that are under way; each ends by its own time limits."""
        self._closing = True
        if waiting := (*self._running.values(), *self._settling.values()):
            await asyncio.wait(waiting)
        await self.conditions.close()

    # ---- one command

    async def _guarded(self, principal: Principal, command: OperatorCommand) -> CommandResult:
        try:
            return await self._admit(principal, command)
        except Exception:
            # Border of the gate: whatever broke, the asker is told, and nothing is assumed of the device.
            log.exception("Command %s to %s broke off", command.id, command.tag_id)
            if command.id not in self._sent:
                text = tr("the command broke off inside the runtime; nothing was sent")
                tag = self._revision(command.tag_id).tables.tags.get(command.tag_id)
                failed = result_of(command, CommandState.FAILED, text)
                return await self._keep_end(principal, tag, failed, command, {})
            text = "the command broke off inside the runtime; it is not known whether it was carried out"
            return self._results.keep(result_of(command, CommandState.UNKNOWN, text))

    async def _admit(self, principal: Principal, command: OperatorCommand) -> CommandResult:
        revision = self._revision(command.tag_id)
        tag = revision.tables.tags.get(command.tag_id)
        if tag is None or tag.command is None:
            return await self._refuse(principal, command, (_not_writable(tag, command.tag_id),))
        # the selection ends here, before anything is waited for: no second command finds it
        selection = self.selections.use(principal, command, tag, self._clock.monotonic_ns())
        if command.tag_id in self._busy:
            busy = Refusal(Reason.COMMAND_ALREADY_IN_EXECUTION, f"another command to {tag.name} is under way")
            return await self._refuse(principal, command, (busy,))
        self._busy[command.tag_id] = self._now
        try:
            asked = self._asked(principal, tag)
            return await self._submit(_Attempt(principal, command, tag, tag.command, selection, asked))
        except Exception:
            if command.id in self._sent:  # as long as it is known by which revision it was sent
                self._note_unknown(command)
            raise
        finally:
            del self._busy[command.tag_id]
            self._in_flight.pop(command.tag_id, None)
            self._cut.discard(command.tag_id)
            if command.tag_id not in self._unknown:
                self._left.pop(command.tag_id, None)

    async def _submit(self, a: _Attempt) -> CommandResult:
        deadline = self._deadline(a.command)
        if deadline is None or deadline <= self._clock.monotonic_ns():
            late = Refusal(Reason.TIME_LIMIT_OVER, "the command is older than its time to live")
            return await self._refused(a, (late,))
        if refusal := await self._still_unknown(a.tag):
            return await self._refused(a, (refusal,))
        if refusals := self._unmet(a):
            return await self._refused(a, refusals)
        if refusals := await self._unsigned(a):
            return await self._refused(a, refusals)
        self._in_flight[a.tag.id] = self._open(a.command)
        try:
            await self._trail.write(a.principal, a.command, a.tag, "command.requested", a.asked)
        except StorageError as error:
            text = f"the audit trail cannot be written: {error}"
            denied = Refusal(Reason.NO_ACCESS_AUTHORITY, text)
            return self._results.keep(refused(a.command, (denied,)))
        return await self._execute(a, deadline)

    def _unmet(self, a: _Attempt) -> tuple[Refusal, ...]:
        situation = self._situation(a.principal, a.command, a.tag, a.rule, a.selection)
        if isinstance(a.selection, Refusal) and a.selection.reason is Reason.LOCKED_BY_OTHER_CLIENT:
            return (a.selection,)
        a.asked = self._asked(a.principal, a.tag, situation, a.signers)
        return refusals_of(situation)

    async def _unsigned(self, a: _Attempt) -> tuple[Refusal, ...]:
        """Take the signatures, each once; then look again, for the plant went on meanwhile."""
        for signature_id in a.command.signatures:
            found = await self.signatures.take(signature_id, a.principal, a.command)
            if isinstance(found, str):
                return (Refusal(Reason.NO_ACCESS_AUTHORITY, found),)
            a.signers.append(found)
        if refusal := unsigned(a.rule, a.principal, a.signers):
            return (refusal,)
        return self._unmet(a) if a.signers else ()

    async def _execute(self, a: _Attempt, deadline: int) -> CommandResult:
        command, tag = a.command, a.tag
        if tag.id in self._cut:
            cut = Refusal(Reason.NO_COMMUNICATION, "the plant was changed before the command was sent")
            return await self._refused(a, (cut,))
        if command.id in self._cancelled:
            back = Refusal(Reason.CANCELLED_BY_OPERATOR, tr("it was taken back before it was sent"))
            return await self._refused(a, (back,))
        if self._barred:
            return await self._refused(a, (self._bar_refusal(),))
        # the plant, the tags on it and who controls it went on while the journal wrote
        if refusals := self._unmet(a):
            return await self._refused(a, refusals)
        sent_at = self._clock.monotonic_ns()
        self._last_write_ns[tag.id] = sent_at
        self._sent.add(command.id)
        request = WriteRequest(command.id, tag.id, tag.handle, to_raw(tag, command.value), deadline)
        outcome = await self._writer.write(tag, request)
        figures = {"sent": sent_at, "accepted": self._clock.monotonic_ns(), "write": outcome.text}
        result = await self._verifier.conclude(self._on_its_way(command, tag, a.rule), outcome)
        if result.state is CommandState.UNKNOWN:
            self._note_unknown(command)
        return await self._end(a, result, {**figures, "ended": self._clock.monotonic_ns()})

    def _on_its_way(self, command: OperatorCommand, tag: TagDef, rule: CommandRule) -> Sent:
        revision = self._revision(tag.id)
        conditions = revision.tables.conditions[tag.id]
        return Sent(command, tag, rule, conditions, revision.values, lambda: tag.id in self._cut)

    # ---- what is not known

    def _open(self, command: OperatorCommand) -> Open:
        place = self._revision(command.tag_id).tables.place(command.tag_id)
        return Open(command.id, command.tag_id, command.value, self._clock.monotonic_ns(), place)

    def _note_unknown(self, command: OperatorCommand) -> None:
        self._unknown[command.tag_id] = self._open(command)

    async def _still_unknown(self, tag: TagDef) -> Refusal | None:
        """An unknown outcome blocks a repeat until the item has been read back."""
        if tag.id not in self._unknown or await self._settle(tag, self._revision(tag.id), at_once=True):
            return None
        text = f"the outcome of the last command to {tag.name} is still unknown"
        return Refusal(Reason.BAD_FEEDBACK, text)

    async def _settle(self, tag: TagDef, revision: _Revision, *, at_once: bool = False) -> bool:
        """Read the item; True when what was unknown is known now, or at least what the device has.

        ``at_once``: a process that may still follow is not waited for.
        """
        opened = self._unknown[tag.id]
        left = tag.id in self._left
        found = None if left else await self._verifier.fresh(tag, lambda: tag.id in self._cut)
        if self._unknown.get(tag.id) is not opened:
            return tag.id not in self._unknown
        if tag.id in self._left:  # perhaps by a change of the plant while it was read
            return await self._never_known(tag.id)
        if found is None or tag.command is None:
            return False
        conditions = revision.tables.conditions[tag.id]
        sent = Sent(opened.command, tag, tag.command, conditions, revision.values, lambda: False)
        result = self._verifier.afterwards(sent, found)
        if not at_once and not is_final(result, tag.command, opened, self._clock.monotonic_ns()):
            return False
        return await self._end_of_unknown(opened, tag, result)

    async def _never_known(self, tag_id: str) -> bool:
        """The plant was changed: what is read now is not what was written to."""
        opened, was = self._unknown.get(tag_id), self._left.pop(tag_id, None)
        if opened is None:
            return True
        text = tr("it will never be known: the plant was changed before it could be read back")
        return await self._end_of_unknown(opened, was, result_of(opened.command, CommandState.UNKNOWN, text))

    async def _end_of_unknown(self, opened: Open, tag: TagDef | None, result: CommandResult) -> bool:
        del self._unknown[opened.tag_id]
        try:
            await self._trail.write(
                SYSTEM, opened.command, tag, "command.settled", result_payload(result, {})
            )
        except StorageError as error:
            log.error("The end of a command to %s is not stored: %s", opened.tag_id, error)
        self._results.keep(result)
        self._settled(result)
        return True

    # ---- small parts

    def _deadline(self, command: OperatorCommand) -> int | None:
        """Monotonic ns; a station may ask for less time than the limit, never for more."""
        beat = self._heartbeat_ns(command.heartbeat)
        return None if beat is None else beat + min(command.ttl_ms, TIME_TO_LIVE_MS) * NS_PER_MS

    def _situation(
        self, principal: Principal, command: OperatorCommand, tag: TagDef, rule: CommandRule,
        selection: Held | Refusal | None,
    ) -> Situation:  # fmt: skip
        revision = self._revision(tag.id)
        last = self._last_write_ns.get(tag.id)
        since = float("inf") if last is None else (self._clock.monotonic_ns() - last) / NS_PER_MS
        return Situation(
            principal=principal,
            command=command,
            tag=tag,
            rule=rule,
            values=revision.values,
            is_live=self._is_live,
            conditions=revision.tables.conditions[tag.id],
            since_last_write_ms=since,
            now_ns=self._clock.now_ns(),
            lineage=revision.tables.lineage(tag),
            selection=selection,
            control_tags=self._holds.tags_on(tag),
            bypassed=self._holds.bypassed(tag.id),
            objection=self._holds.objection(principal, tag),
        )

    def _asked(
        self,
        principal: Principal,
        tag: TagDef | None,
        situation: Situation | None = None,
        signers: Iterable[Signature] = (),
    ) -> dict[str, Any]:
        if tag is None:
            return asked_payload(None, principal, (), None, ())
        revision = self._revision(tag.id)
        old = revision.values[tag.name]
        asked = asked_payload(old, principal, revision.tables.lineage(tag), situation, tuple(signers))
        return {**asked, "place": revision.tables.place(tag.id)}

    async def _refuse(
        self, principal: Principal, command: OperatorCommand, refusals: tuple[Refusal, ...]
    ) -> CommandResult:
        """Refused at the door."""
        tag = self._revision(command.tag_id).tables.tags.get(command.tag_id)
        asked = self._asked(principal, tag)
        return await self._keep_end(principal, tag, refused(command, refusals), command, asked)

    async def _refused(self, a: _Attempt, refusals: tuple[Refusal, ...]) -> CommandResult:
        return await self._end(a, refused(a.command, refusals), {})

    async def _end(self, a: _Attempt, result: CommandResult, figures: Mapping[str, Any]) -> CommandResult:
        signers = {"signers": asked_payload(None, a.principal, (), None, a.signers)["signers"]}
        asked = {**a.asked, **signers}
        return await self._keep_end(a.principal, a.tag, result, a.command, {**asked, **figures})

    async def _keep_end(
        self, principal: Principal, tag: TagDef | None, result: CommandResult, command: OperatorCommand,
        more: Mapping[str, Any],
    ) -> CommandResult:  # fmt: skip
        payload, event = result_payload(result, more), f"command.{result.state.value}"
        opened = self._unknown.get(command.tag_id) or self._in_flight.get(command.tag_id)
        if opened is not None and opened.command_id != command.id:
            # the newest record of an item says that its last command is still open, whatever was refused since
            event, payload["open"] = "command.blocked", {**opened.kept, "new": plain(opened.value)}
        else:
            # what is refused while this end is being stored stands behind it, and says no more that it is open
            self._in_flight.pop(command.tag_id, None)
        try:
            await self._trail.write(principal, command, tag, event, payload)
        except StorageError:
            # The command is over; the result must reach the operator even when it cannot be kept.
            log.warning("The end of command %s is not stored", command.id)
        return self._results.keep(result)


def _not_writable(tag: TagDef | None, tag_id: str) -> Refusal:
    return Refusal(Reason.NO_ACCESS_AUTHORITY, f"{tag.name if tag else tag_id} cannot be written")

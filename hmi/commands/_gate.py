"""The CommandGate (design section 4): authorise, validate, journal, one transmission, read back, journal."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from hmi.commands._checks import Situation, refusals_of
from hmi.commands._condition_calls import Caller, ConditionCalls
from hmi.commands._tables import GateTables
from hmi.commands._verify import settled, tolerance_of
from hmi.core.clock import NS_PER_MS, NS_PER_S, Clock
from hmi.core.commands import (
    TIME_TO_LIVE_MS,
    CommandResult,
    CommandState,
    OperatorCommand,
    Reason,
    Refusal,
    WriteOutcome,
    WriteRequest,
    WriteState,
)
from hmi.core.conditions import ConditionCall, ConditionOrder
from hmi.core.errors import CommunicationError, StorageError
from hmi.core.journal import Entry, JournalRecord, JournalWriter, Kind
from hmi.core.principal import Principal
from hmi.core.values import DataValue
from hmi.project.plant import CommandRule, Plant, TagDef
from hmi.tags import OutOfTypeRange, raw_step, to_raw

log = logging.getLogger(__name__)

REMEMBERED = 1_000
READ_BACK_NS = 3 * NS_PER_S
READ_BACK_PAUSE_S = 0.1
_OPEN_ENDED = frozenset({"command.requested", "command.unknown", "command.blocked"})
_CONDITION = "ua:"


class Writer(Protocol):
    """The road to the devices: one transmission, never raises."""

    async def write(self, tag: TagDef, request: WriteRequest) -> WriteOutcome: ...


class Reader(Protocol):
    """A fresh value from the device, in engineering units; CommunicationError when there is none."""

    async def read_now(self, tag: TagDef) -> DataValue: ...


class _Nobody:
    """There are no servers with conditions."""

    async def call(self, request: ConditionCall) -> WriteOutcome:
        return WriteOutcome(WriteState.NOT_CONNECTED, text=f"there is no connection {request.connection}")


@dataclass(frozen=True, slots=True)
class _Revision:
    """What a command is judged by from its admission to its end: tables and values of one plant revision."""

    tables: GateTables
    values: Mapping[str, DataValue]


class CommandGate:
    """Nothing reaches a PLC except through ``submit``.

    ``values`` by tag name, ``is_live`` by tag name, ``heartbeat_ns`` the monotonic time of a heartbeat number
    (None when it is too old or not known). A command id is executed once: asking again gives the first result.
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
    ) -> None:
        self.conditions = ConditionCalls(clock=clock, journal=journal, caller=caller or _Nobody())
        self._clock, self._is_live = clock, is_live
        self._journal, self._writer, self._reader = journal, writer, reader
        self._heartbeat_ns, self._pause = heartbeat_ns, pause
        self._results: OrderedDict[str, CommandResult] = OrderedDict()
        self._busy: dict[str, _Revision] = {}
        self._cut: set[str] = set()
        self._running: dict[str, asyncio.Task[CommandResult]] = {}
        self._closing = False
        self._unknown: dict[str, str] = {}
        self._last_write_ns: dict[str, int] = {}
        self._now = _Revision(GateTables(plant), values)

    def apply(self, tables: GateTables, values: Mapping[str, DataValue], cut: Collection[str] = ()) -> None:
        """Take another revision; what is unknown or just written stays so by tag id.

        A command under way ends under the revision it was admitted by. ``cut`` are the ids of tags whose
        device or meaning changed: a command to one of them that was not sent yet is not sent, and one that
        was sent is not confirmed by what the new device says.
        """
        self._now = _Revision(tables, values)
        self._cut |= self._busy.keys() & set(cut)

    def _revision(self, tag_id: str) -> _Revision:
        return self._busy.get(tag_id, self._now)

    async def submit(self, principal: Principal, command: OperatorCommand) -> CommandResult:
        """Carry out one command; always returns a result, in words (standards 5.2)."""
        if earlier := self._results.get(command.id):
            return earlier
        running = self._running.get(command.id)
        if running is None:
            if self._closing:
                ending = Refusal(Reason.NO_COMMUNICATION, "the runtime is ending; nothing was sent")
                return await self._refuse(principal, command, (ending,))
            running = asyncio.create_task(self._guarded(principal, command), name=f"command {command.id}")
            self._running[command.id] = running
            running.add_done_callback(lambda _: self._running.pop(command.id, None))
        # a station that goes away does not cut a command short: it is read back and journalled all the same
        return await asyncio.shield(running)

    async def call(self, principal: Principal, order: ConditionOrder) -> CommandResult:
        """Carry out one method call to a condition of a server; always returns a result, in words."""
        if self._closing:
            text = "the runtime is ending; nothing was sent"
            refusal = Refusal(Reason.NO_COMMUNICATION, text)
            return CommandResult(order.id, order.alarm_id, CommandState.REFUSED, text, (refusal,))
        return await self.conditions.submit(principal, order)

    def restore(self, newest: Iterable[JournalRecord]) -> None:
        """Take over from the runtime before: a command whose end was never written blocks its item until it
        has been read back. ``newest`` are the last audit records of each item."""
        for record in newest:
            if record.event not in _OPEN_ENDED:
                continue
            if record.object_id.startswith(_CONDITION):
                self.conditions.restore(record.object_id, record.payload)
            else:
                self._unknown[record.object_id] = str(record.payload.get("command_id", ""))

    async def close(self) -> None:
        """Admit no more, and wait for the commands that are under way; each ends by its own time limits."""
        self._closing = True
        if self._running:
            await asyncio.wait(list(self._running.values()))
        await self.conditions.close()

    async def _guarded(self, principal: Principal, command: OperatorCommand) -> CommandResult:
        try:
            return await self._admit(principal, command)
        except Exception:
            # Border of the gate: whatever broke, the asker is told, and nothing is assumed of the device.
            log.exception("Command %s to %s broke off", command.id, command.tag_id)
            self._unknown[command.tag_id] = command.id
            text = "the command broke off inside the runtime; it is not known whether it was carried out"
            return self._remember(_result(command, CommandState.UNKNOWN, text))

    async def _admit(self, principal: Principal, command: OperatorCommand) -> CommandResult:
        tag = self._revision(command.tag_id).tables.tags.get(command.tag_id)
        if tag is None or tag.command is None:
            text = f"{tag.name if tag else command.tag_id} cannot be written"
            return await self._refuse(principal, command, (Refusal(Reason.NO_ACCESS_AUTHORITY, text),))
        if command.tag_id in self._busy:
            busy = Refusal(Reason.COMMAND_ALREADY_IN_EXECUTION, f"another command to {tag.name} is under way")
            return await self._refuse(principal, command, (busy,))
        self._busy[command.tag_id] = self._now
        try:
            return await self._submit(principal, command, tag, tag.command)
        finally:
            del self._busy[command.tag_id]
            self._cut.discard(command.tag_id)

    async def _submit(
        self, principal: Principal, command: OperatorCommand, tag: TagDef, rule: CommandRule
    ) -> CommandResult:
        deadline = self._deadline(command)
        if deadline is None or deadline <= self._clock.monotonic_ns():
            late = Refusal(Reason.TIME_LIMIT_OVER, "the command is older than its time to live")
            return await self._refuse(principal, command, (late,))
        if refusal := await self._still_unknown(tag):
            return await self._refuse(principal, command, (refusal,))
        if refusals := refusals_of(self._situation(principal, command, tag, rule)):
            return await self._refuse(principal, command, refusals)
        try:
            raw = to_raw(tag, command.value)
        except OutOfTypeRange as error:
            return await self._refuse(principal, command, (Refusal(Reason.LIMIT_EXCEEDED, str(error)),))
        try:
            await self._record(principal, command, tag, "command.requested", {})
        except StorageError as error:
            text = f"the audit trail cannot be written: {error}"
            return self._remember(_refused(command, (Refusal(Reason.NO_ACCESS_AUTHORITY, text),)))
        return await self._execute(principal, command, tag, rule, raw, deadline)

    async def _execute(
        self, principal: Principal, command: OperatorCommand, tag: TagDef, rule: CommandRule, raw: Any,
        deadline: int,
    ) -> CommandResult:  # fmt: skip
        if tag.id in self._cut:
            cut = Refusal(Reason.NO_COMMUNICATION, "the plant was changed before the command was sent")
            return await self._end(principal, command, tag, _refused(command, (cut,)), {})
        sent_at = self._clock.monotonic_ns()
        self._last_write_ns[tag.id] = sent_at
        outcome = await self._writer.write(tag, WriteRequest(command.id, tag.id, tag.handle, raw, deadline))
        result = await self._conclude(command, tag, rule, outcome)
        if result.state is CommandState.UNKNOWN:
            self._unknown[tag.id] = command.id
        figures = {"sent": sent_at, "ended": self._clock.monotonic_ns(), "write": outcome.text}
        return await self._end(principal, command, tag, result, figures)

    async def _conclude(
        self, command: OperatorCommand, tag: TagDef, rule: CommandRule, outcome: WriteOutcome
    ) -> CommandResult:
        if outcome.state is WriteState.EXPIRED:
            return _refused(command, (Refusal(Reason.TIME_LIMIT_OVER, outcome.text or "not sent in time"),))
        if outcome.state is WriteState.NOT_CONNECTED:
            return _refused(command, (Refusal(Reason.NO_COMMUNICATION, outcome.text or "no connection"),))
        if outcome.state is WriteState.REFUSED:
            return _refused(
                command, (Refusal(Reason.BLOCKED_BY_PROCESS, outcome.text or "the device refused"),)
            )
        if rule.pulse:
            return await self._pulse(command, tag, rule, outcome)
        return await self._read_back(command, tag, rule, outcome)

    async def _pulse(
        self, command: OperatorCommand, tag: TagDef, rule: CommandRule, outcome: WriteOutcome
    ) -> CommandResult:
        """A pulse leaves nothing to read back: the process has to show that it arrived."""
        if self._revision(tag.id).tables.conditions[tag.id].feedback is not None and rule.expected_ms:
            return await self._process_follows(
                command, tag, rule, None, sure=outcome.state is WriteState.DONE
            )
        if outcome.state is WriteState.DONE:
            return _result(command, CommandState.CONFIRMED, "sent and accepted")
        return _result(
            command, CommandState.UNKNOWN, "sent, no answer; it is not known whether it was carried out"
        )

    async def _read_back(
        self, command: OperatorCommand, tag: TagDef, rule: CommandRule, outcome: WriteOutcome
    ) -> CommandResult:
        """Read the written item until it agrees or time is over, then wait for the process to follow."""
        found = await self._until_settled(command, tag)
        if found is None:
            return _result(command, CommandState.UNKNOWN, "sent, but it could not be read back")
        tolerance = tolerance_of(tag, raw_step(tag))
        if not settled(command.value, found.value, tolerance):
            sure = outcome.state is WriteState.DONE
            text = f"the device has {_shown(found.value)} instead of {_shown(command.value)}"
            return _result(command, CommandState.FAILED if sure else CommandState.UNKNOWN, text, found)
        return await self._process_follows(command, tag, rule, found, sure=True)

    async def _until_settled(self, command: OperatorCommand, tag: TagDef) -> DataValue | None:
        end = self._clock.monotonic_ns() + READ_BACK_NS
        tolerance, found = tolerance_of(tag, raw_step(tag)), None
        while True:
            found = await self._fresh(tag)
            if found is not None and settled(command.value, found.value, tolerance):
                return found
            if self._clock.monotonic_ns() >= end:
                return found
            await self._pause(READ_BACK_PAUSE_S)

    async def _process_follows(
        self, command: OperatorCommand, tag: TagDef, rule: CommandRule, found: DataValue | None, *, sure: bool
    ) -> CommandResult:
        """Wait for the process feedback; ``sure`` when the device accepted the write."""
        feedback = self._revision(tag.id).tables.conditions[tag.id].feedback
        if feedback is None:
            shown = _shown(found.value if found else None)
            return _result(command, CommandState.CONFIRMED, f"written and read back: {shown}", found)
        end = self._clock.monotonic_ns() + rule.expected_ms * NS_PER_MS
        while True:
            seen = feedback.evaluate(self._revision(tag.id).values, self._clock.now_ns())
            if seen.is_good and seen.value and tag.id not in self._cut:
                return _result(command, CommandState.CONFIRMED, "carried out: the process followed", found)
            if self._clock.monotonic_ns() >= end:
                known = "accepted by the PLC" if sure else "sent, no answer from the PLC"
                text = f"{known}, no feedback within {rule.expected_ms / 1000:g} s; check the equipment"
                return _result(command, CommandState.UNKNOWN, text, found)
            await self._pause(READ_BACK_PAUSE_S)

    async def _still_unknown(self, tag: TagDef) -> Refusal | None:
        """An unknown outcome blocks a repeat until the item has been read back."""
        if tag.id not in self._unknown:
            return None
        if await self._fresh(tag) is None:
            return Refusal(
                Reason.BAD_FEEDBACK, f"the outcome of the last command to {tag.name} is still unknown"
            )
        del self._unknown[tag.id]
        return None

    async def _fresh(self, tag: TagDef) -> DataValue | None:
        """A value read just now; None when the device does not give one in time."""
        try:
            async with asyncio.timeout(READ_BACK_NS / NS_PER_S):
                value = await self._reader.read_now(tag)
        except (CommunicationError, TimeoutError):
            return None
        return None if value.is_bad or tag.id in self._cut else value

    def _deadline(self, command: OperatorCommand) -> int | None:
        """Monotonic ns; a station may ask for less time than the limit, never for more."""
        beat = self._heartbeat_ns(command.heartbeat)
        return None if beat is None else beat + min(command.ttl_ms, TIME_TO_LIVE_MS) * NS_PER_MS

    def _situation(
        self, principal: Principal, command: OperatorCommand, tag: TagDef, rule: CommandRule
    ) -> Situation:
        conditions = self._revision(tag.id).tables.conditions[tag.id]
        last = self._last_write_ns.get(tag.id)
        since = float("inf") if last is None else (self._clock.monotonic_ns() - last) / NS_PER_MS
        return Situation(
            principal=principal,
            command=command,
            tag=tag,
            rule=rule,
            values=self._revision(tag.id).values,
            is_live=self._is_live,
            permissives=conditions.permissives,
            interlocks=conditions.interlocks,
            since_last_write_ms=since,
            now_ns=self._clock.now_ns(),
        )

    async def _refuse(
        self, principal: Principal, command: OperatorCommand, refusals: tuple[Refusal, ...]
    ) -> CommandResult:
        tag = self._revision(command.tag_id).tables.tags.get(command.tag_id)
        return await self._end(principal, command, tag, _refused(command, refusals), {})

    async def _end(
        self, principal: Principal, command: OperatorCommand, tag: TagDef | None, result: CommandResult,
        figures: Mapping[str, Any],
    ) -> CommandResult:  # fmt: skip
        payload = {
            "state": result.state.value,
            "text": result.text,
            "read_back": _plain(result.read_back),
            "refusals": [[r.reason.value, r.text, _plain(r.value)] for r in result.refusals],
            **figures,
        }
        try:
            await self._record(principal, command, tag, f"command.{result.state.value}", payload)
        except StorageError:
            # The command is over; the result must reach the operator even when it cannot be kept.
            return self._remember(result)
        return self._remember(result)

    async def _record(
        self, principal: Principal, command: OperatorCommand, tag: TagDef | None, event: str,
        payload: Mapping[str, Any],
    ) -> None:  # fmt: skip
        old = self._revision(tag.id).values[tag.name].value if tag else None
        content = {
            "command_id": command.id,
            "tag": tag.name if tag else "",
            "area": tag.area if tag else "",
            "old": _plain(old),
            "new": _plain(command.value),
            "unit": tag.unit if tag else "",
            "reason": command.reason,
            **payload,
        }
        await self._journal.append(Entry(Kind.AUDIT, event, principal, command.tag_id, 0, content))

    def _remember(self, result: CommandResult) -> CommandResult:
        self._results[result.command_id] = result
        while len(self._results) > REMEMBERED:
            self._results.popitem(last=False)
        return result


def _refused(command: OperatorCommand, refusals: tuple[Refusal, ...]) -> CommandResult:
    text = "; ".join(refusal.text for refusal in refusals)
    return CommandResult(command.id, command.tag_id, CommandState.REFUSED, text, refusals)


def _result(
    command: OperatorCommand, state: CommandState, text: str, found: DataValue | None = None
) -> CommandResult:
    return CommandResult(command.id, command.tag_id, state, text, (), found.value if found else None)


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _plain(value: object) -> bool | int | float | str | None:
    return value if isinstance(value, bool | int | float | str) else None

"""Operator commands to a condition that a server keeps: a method call, sent once or not at all.

The same promises as a write: journalled before and after, refused while the link is down, never repeated.
Nothing is read back; an outcome that is not known blocks the condition until the server tells its state again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Protocol

from hmi.core.clock import NS_PER_MS, Clock
from hmi.core.commands import (
    TIME_TO_LIVE_MS,
    CommandResult,
    CommandState,
    Reason,
    Refusal,
    WriteOutcome,
    WriteState,
)
from hmi.core.conditions import ConditionAct, ConditionCall, ConditionOrder
from hmi.core.errors import StorageError
from hmi.core.journal import Entry, JournalWriter, Kind
from hmi.core.principal import SYSTEM, Principal, Role

log = logging.getLogger(__name__)

REMEMBERED = 1_000
RIGHTS = {ConditionAct.OUT_OF_SERVICE: Role.ENGINEER, ConditionAct.IN_SERVICE: Role.ENGINEER}
# asked for once in an occurrence; asking again sends nothing
ONCE = (ConditionAct.ACKNOWLEDGE, ConditionAct.CONFIRM)


class Caller(Protocol):
    """The road to the servers: one transmission, never raises."""

    async def call(self, request: ConditionCall) -> WriteOutcome: ...


class ConditionCalls:
    """The gate's part for conditions. An order id is carried out once: asking again gives the first result."""

    def __init__(self, *, clock: Clock, journal: JournalWriter, caller: Caller) -> None:
        self._clock, self._journal, self._caller = clock, journal, caller
        self._results: OrderedDict[str, CommandResult] = OrderedDict()
        self._done: OrderedDict[tuple[str, ConditionAct], None] = OrderedDict()
        self._running: dict[str, asyncio.Task[CommandResult]] = {}
        self._busy: set[str] = set()
        self._in_flight: dict[str, tuple[str, str]] = {}
        self._unknown: dict[str, tuple[str, str]] = {}

    @property
    def unknown(self) -> Mapping[str, str]:
        """Alarms whose last call has an unknown outcome, with what was asked."""
        return {alarm_id: act for alarm_id, (_command, act) in self._unknown.items()}

    def restore(self, alarm_id: str, payload: Mapping[str, Any]) -> None:
        """A call of the runtime before whose end was never written."""
        self._unknown[alarm_id] = str(payload.get("command_id", "")), str(payload.get("call", ""))

    async def submit(self, principal: Principal, order: ConditionOrder) -> CommandResult:
        """Carry out one order; always returns a result, in words."""
        if earlier := self._results.get(order.id):
            return earlier
        running = self._running.get(order.id)
        if running is None:
            running = asyncio.create_task(self._guarded(principal, order), name=f"call {order.id}")
            self._running[order.id] = running
            running.add_done_callback(lambda _: self._running.pop(order.id, None))
        # a station that goes away does not cut a call short: its end is journalled all the same
        return await asyncio.shield(running)

    async def close(self) -> None:
        """Wait for the calls that are under way."""
        if self._running:
            await asyncio.wait(list(self._running.values()))

    async def settle(self, alarm_id: str, done: bool | None) -> None:
        """The server told the condition again: whether it shows the act; None = the condition is gone."""
        found = self._unknown.pop(alarm_id, None)
        if found is None:
            return
        words = {True: "carried out", False: "not carried out", None: "the server has the alarm no longer"}
        content = {"command_id": found[0], "call": found[1], "text": words[done]}
        try:
            await self._journal.append(Entry(Kind.AUDIT, "command.settled", SYSTEM, alarm_id, 0, content))
        except StorageError as error:
            log.error("The end of a call to %s is not stored: %s", alarm_id, error)

    async def _guarded(self, principal: Principal, order: ConditionOrder) -> CommandResult:
        if order.alarm_id in self._busy:
            text = f"another command to {order.name} is under way"
            return await self.refuse(principal, order, Reason.COMMAND_ALREADY_IN_EXECUTION, text)
        self._busy.add(order.alarm_id)
        self._in_flight[order.alarm_id] = order.id, order.act.value
        try:
            return await self._admit(principal, order)
        except Exception:
            # Border of the gate: whatever broke, the asker is told, and nothing is assumed of the server.
            log.exception("Call %s to %s broke off", order.id, order.alarm_id)
            self._unknown[order.alarm_id] = order.id, order.act.value
            text = "the call broke off inside the runtime; it is not known whether it was carried out"
            return self._remember(_result(order, CommandState.UNKNOWN, text))
        finally:
            self._busy.discard(order.alarm_id)
            self._in_flight.pop(order.alarm_id, None)

    async def _admit(self, principal: Principal, order: ConditionOrder) -> CommandResult:
        if not principal.has_somewhere(RIGHTS.get(order.act, Role.ACKNOWLEDGE)):
            text = f"{principal.user} has no right to do this with an alarm"
            return await self.refuse(principal, order, Reason.NO_ACCESS_AUTHORITY, text)
        if order.alarm_id in self._unknown:
            text = (
                f"the outcome of the last command to {order.name} is still unknown; "
                "it is settled when the server tells the alarm again"
            )
            return await self.refuse(principal, order, Reason.BAD_FEEDBACK, text)
        if (order.occurrence_id, order.act) in self._done:
            text = f"{order.name} was sent to the server already"
            return await self.refuse(principal, order, Reason.POSITION_REACHED, text)
        if order.objection:
            return await self.refuse(principal, order, Reason.BLOCKED_BY_PROCESS, order.objection)
        deadline = (order.asked_ns or self._clock.monotonic_ns()) + TIME_TO_LIVE_MS * NS_PER_MS
        try:
            await self._record(principal, order, "command.requested", {})
        except StorageError as error:
            text = f"the audit trail cannot be written: {error}"
            return self._remember(_refused(order, Reason.NO_ACCESS_AUTHORITY, text))
        return await self._send(principal, order, deadline)

    async def _send(self, principal: Principal, order: ConditionOrder, deadline: int) -> CommandResult:
        if order.act in ONCE:
            self._keep_done(order)
        outcome = await self._caller.call(
            ConditionCall(
                order.id, order.connection, order.condition, order.act, deadline,
                order.event_id, order.comment, order.seconds,
            )
        )  # fmt: skip
        result = _concluded(order, outcome)
        if result.state is CommandState.UNKNOWN:
            self._unknown[order.alarm_id] = order.id, order.act.value
        if result.state is not CommandState.CONFIRMED:
            self._done.pop((order.occurrence_id, order.act), None)
        return await self._end(principal, order, result)

    def _keep_done(self, order: ConditionOrder) -> None:
        self._done[order.occurrence_id, order.act] = None
        while len(self._done) > REMEMBERED:
            self._done.popitem(last=False)

    async def refuse(
        self, principal: Principal, order: ConditionOrder, reason: Reason, text: str
    ) -> CommandResult:
        """Journalled, and told."""
        return await self._end(principal, order, _refused(order, reason, text))

    async def _end(self, principal: Principal, order: ConditionOrder, result: CommandResult) -> CommandResult:
        refusals = [[refusal.reason.value, refusal.text, None] for refusal in result.refusals]
        content = {"state": result.state.value, "text": result.text, "refusals": refusals}
        event = f"command.{result.state.value}"
        first = self._in_flight.get(order.alarm_id)
        if first is None or first[0] == order.id:
            # what is refused while this end is being stored stands behind it, and says no more that it is open
            self._in_flight.pop(order.alarm_id, None)
            first = self._unknown.get(order.alarm_id)
        if first is not None and first[0] != order.id:
            # a restart must not take the end of this order for the end of the one that holds it up
            event = "command.blocked"
            content |= {"command_id": first[0], "call": first[1], "blocked_id": order.id}
        try:
            await self._record(principal, order, event, content)
        except StorageError as error:
            log.error("The end of a call to %s is not stored: %s", order.alarm_id, error)
        return self._remember(result)

    async def _record(
        self, principal: Principal, order: ConditionOrder, event: str, payload: Mapping[str, Any]
    ) -> None:
        content = {
            "command_id": order.id,
            "tag": order.name,
            "call": order.act.value,
            "occurrence_id": order.occurrence_id,
            "reason": order.comment,
            "seconds": order.seconds,
            **payload,
        }
        await self._journal.append(Entry(Kind.AUDIT, event, principal, order.alarm_id, 0, content))

    def _remember(self, result: CommandResult) -> CommandResult:
        self._results[result.command_id] = result
        while len(self._results) > REMEMBERED:
            self._results.popitem(last=False)
        return result


def _concluded(order: ConditionOrder, outcome: WriteOutcome) -> CommandResult:
    match outcome.state:
        case WriteState.DONE:
            return _result(order, CommandState.CONFIRMED, outcome.text or "the server accepted it")
        case WriteState.EXPIRED:
            return _refused(order, Reason.TIME_LIMIT_OVER, outcome.text or "it was not sent in time")
        case WriteState.NOT_CONNECTED:
            return _refused(order, Reason.NO_COMMUNICATION, outcome.text or "no connection")
        case WriteState.REFUSED:
            return _refused(order, Reason.BLOCKED_BY_PROCESS, outcome.text or "the server refused")
        case _:
            text = outcome.text or "sent, no answer; it is not known whether it was carried out"
            return _result(order, CommandState.UNKNOWN, text)


def _refused(order: ConditionOrder, reason: Reason, text: str) -> CommandResult:
    refusal = Refusal(reason, text)
    return CommandResult(order.id, order.alarm_id, CommandState.REFUSED, text, (refusal,))


def _result(order: ConditionOrder, state: CommandState, text: str) -> CommandResult:
    return CommandResult(order.id, order.alarm_id, state, text)

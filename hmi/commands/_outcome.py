"""After the one transmission: what the device answered, what it has, and whether the process followed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from hmi.commands._ports import Reader
from hmi.commands._records import refused, result_of, shown
from hmi.commands._tables import Conditions
from hmi.commands._verify import settled, tolerance_of
from hmi.core.clock import NS_PER_MS, NS_PER_S, Clock
from hmi.core.commands import (
    CommandResult,
    CommandState,
    OperatorCommand,
    Reason,
    Refusal,
    WriteOutcome,
    WriteState,
)
from hmi.core.errors import CommunicationError
from hmi.core.values import DataValue, Value
from hmi.project.plant import CommandRule, TagDef
from hmi.tags import raw_step

READ_BACK_NS = 3 * NS_PER_S
READ_BACK_PAUSE_S = 0.1
_NOT_DONE = {
    WriteState.EXPIRED: (Reason.TIME_LIMIT_OVER, "not sent in time"),
    WriteState.NOT_CONNECTED: (Reason.NO_COMMUNICATION, "no connection"),
    WriteState.REFUSED: (Reason.BLOCKED_BY_PROCESS, "the device refused"),
}


@dataclass(frozen=True, slots=True)
class Sent:
    """A command on its way, with the plant it was admitted by. ``is_cut``: its device or meaning changed since."""

    command: OperatorCommand
    tag: TagDef
    rule: CommandRule
    conditions: Conditions
    values: Mapping[str, DataValue]
    is_cut: Callable[[], bool]


class Verifier:
    """Concludes a command from what can be read; never says more than is known."""

    def __init__(self, clock: Clock, reader: Reader, pause: Callable[[float], Awaitable[None]]) -> None:
        self._clock, self._reader, self._pause = clock, reader, pause

    async def conclude(self, sent: Sent, outcome: WriteOutcome) -> CommandResult:
        """The end of the command."""
        if outcome.state in _NOT_DONE:
            reason, text = _NOT_DONE[outcome.state]
            return refused(sent.command, (Refusal(reason, outcome.text or text),))
        if sent.rule.pulse:
            return await self._pulse(sent, outcome)
        return await self._read_back(sent, outcome)

    async def fresh(self, tag: TagDef, is_cut: Callable[[], bool]) -> DataValue | None:
        """A value read just now; None when the device does not give one in time."""
        try:
            async with asyncio.timeout(READ_BACK_NS / NS_PER_S):
                value = await self._reader.read_now(tag)
        except (CommunicationError, TimeoutError):
            return None
        return None if value.is_bad or is_cut() else value

    async def _pulse(self, sent: Sent, outcome: WriteOutcome) -> CommandResult:
        """A pulse leaves nothing to read back: the process has to show that it arrived."""
        sure = outcome.state is WriteState.DONE
        if sent.conditions.feedback is not None and sent.rule.expected_ms:
            return await self._process_follows(sent, None, sure=sure)
        if sure:
            return result_of(sent.command, CommandState.CONFIRMED, "sent and accepted")
        text = "sent, no answer; it is not known whether it was carried out"
        return result_of(sent.command, CommandState.UNKNOWN, text)

    async def _read_back(self, sent: Sent, outcome: WriteOutcome) -> CommandResult:
        """Read the written item until it agrees or time is over, then wait for the process to follow."""
        found = await self._until_settled(sent)
        if found is None:
            return result_of(sent.command, CommandState.UNKNOWN, "sent, but it could not be read back")
        if not agrees(sent.tag, sent.command.value, found):
            sure = outcome.state is WriteState.DONE
            text = f"the device has {shown(found.value)} instead of {shown(sent.command.value)}"
            state = CommandState.FAILED if sure else CommandState.UNKNOWN
            return result_of(sent.command, state, text, found)
        return await self._process_follows(sent, found, sure=True)

    async def _until_settled(self, sent: Sent) -> DataValue | None:
        end = self._clock.monotonic_ns() + READ_BACK_NS
        while True:
            found = await self.fresh(sent.tag, sent.is_cut)
            if found is not None and agrees(sent.tag, sent.command.value, found):
                return found
            if self._clock.monotonic_ns() >= end:
                return found
            await self._pause(READ_BACK_PAUSE_S)

    async def _process_follows(self, sent: Sent, found: DataValue | None, *, sure: bool) -> CommandResult:
        """Wait for the process feedback; ``sure`` when the device accepted the write."""
        feedback, rule = sent.conditions.feedback, sent.rule
        if feedback is None:
            text = f"written and read back: {shown(found.value if found else None)}"
            return result_of(sent.command, CommandState.CONFIRMED, text, found)
        end = self._clock.monotonic_ns() + rule.expected_ms * NS_PER_MS
        while True:
            seen = feedback.evaluate(sent.values, self._clock.now_ns())
            if seen.is_good and seen.value and not sent.is_cut():
                text = "carried out: the process followed"
                return result_of(sent.command, CommandState.CONFIRMED, text, found)
            if self._clock.monotonic_ns() >= end:
                known = "accepted by the PLC" if sure else "sent, no answer from the PLC"
                text = f"{known}, no feedback within {rule.expected_ms / 1000:g} s; check the equipment"
                return result_of(sent.command, CommandState.UNKNOWN, text, found)
            await self._pause(READ_BACK_PAUSE_S)

    def afterwards(self, sent: Sent, found: DataValue) -> CommandResult:
        """What a device that can be read again tells of a command whose end was not known."""
        command, feedback, pulse = sent.command, sent.conditions.feedback, sent.rule.pulse
        if not pulse and not agrees(sent.tag, command.value, found):
            text = f"read back after all: the device has {shown(found.value)}, not {shown(command.value)}"
            return result_of(command, CommandState.FAILED, text, found)
        if feedback is None and not pulse:
            text = f"read back after all: the device has {shown(found.value)} as asked"
            return result_of(command, CommandState.CONFIRMED, text, found)
        seen = feedback.evaluate(sent.values, self._clock.now_ns()) if feedback else None
        if seen is None or not seen.is_good:  # a value that a person entered shows nothing of the process
            text = "the device answers again; only the equipment itself shows whether it was carried out"
            return result_of(command, CommandState.UNKNOWN, text)
        if seen.value:
            text = "the process shows that it was carried out"
            return result_of(command, CommandState.CONFIRMED, text)
        text = "the process does not show that it was carried out"
        return result_of(command, CommandState.FAILED, text)


def agrees(tag: TagDef, wanted: Value, found: DataValue) -> bool:
    """Exact for what is discrete, within the tolerance for numbers."""
    return settled(wanted, found.value, tolerance_of(tag, raw_step(tag)))

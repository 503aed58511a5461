"""The audit trail of commands: what is kept of each (standards 5.7), and the results that are told again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from hmi.commands._feedback import feedback_status
from hmi.commands._situation import Situation
from hmi.commands._steps import confirmation_of
from hmi.core.commands import CommandResult, CommandState, OperatorCommand, Refusal, Signature
from hmi.core.journal import Entry, JournalRecord, JournalWriter, Kind
from hmi.core.principal import Principal, roles_in
from hmi.core.values import DataValue
from hmi.project.plant import TagDef

REMEMBERED: Final = 1_000


class Results:
    """How the last commands ended, by id: a command that is asked again is not carried out again."""

    def __init__(self) -> None:
        self._results: OrderedDict[str, CommandResult] = OrderedDict()

    def get(self, command_id: str) -> CommandResult | None:
        return self._results.get(command_id)

    def keep(self, result: CommandResult) -> CommandResult:
        self._results[result.command_id] = result
        while len(self._results) > REMEMBERED:
            self._results.popitem(last=False)
        return result

    def restore(self, records: Iterable[JournalRecord]) -> None:
        """Take over from the runtime before, oldest first: its ids are used up as well.

        One without an end in the records is unknown until it has been read back.
        """
        for record in records:
            given = record.payload
            if not record.event.startswith("command.") or not (
                command_id := str(given.get("command_id", ""))
            ):
                continue
            state = CommandState(given.get("state", CommandState.UNKNOWN.value))
            text = str(given.get("text", "the runtime ended; it is not known whether it was carried out"))
            self.keep(CommandResult(command_id, record.object_id, state, text, (), given.get("read_back")))


class AuditTrail:
    """Writes the records of commands; StorageError when the journal cannot keep one."""

    def __init__(self, journal: JournalWriter) -> None:
        self._journal = journal

    async def write(
        self,
        principal: Principal,
        command: OperatorCommand,
        tag: TagDef | None,
        event: str,
        payload: Mapping[str, Any],
    ) -> None:
        """``payload`` beside what every record of a command has."""
        content = {
            "command_id": command.id,
            "tag": tag.name if tag else "",
            "area": tag.area if tag else "",
            "new": plain(command.value),
            "unit": tag.unit if tag else "",
            "reason": command.reason,
            "full_name": principal.printed,
            **payload,
        }
        await self._journal.append(Entry(Kind.AUDIT, event, principal, command.tag_id, 0, content))


def asked_payload(
    old: DataValue | None, principal: Principal, lineage: Sequence[str], situation: Situation | None,
    signers: Sequence[Signature],
) -> dict[str, Any]:  # fmt: skip
    """Who asked in which role, on which old value, and with which steps."""
    payload: dict[str, Any] = {
        "old": plain(old.value) if old else None,
        "roles": sorted(role.value for role in roles_in(principal.roles, principal.by_area, lineage)),
        "confirmation": "none",
        "signers": [asdict(one) for one in signers],
    }
    if situation is None:
        return payload
    payload["confirmation"] = confirmation_of(situation, signers)
    payload["feedback_status"] = feedback_status(situation)[1]
    if situation.command.without_feedback:
        payload["without_feedback"] = True
    if situation.command.caution:
        payload["caution"] = list(situation.command.caution)
    if situation.bypassed:
        payload["bypassed"] = sorted(situation.bypassed)
    return payload


def result_payload(result: CommandResult, figures: Mapping[str, Any]) -> dict[str, Any]:
    """How it ended; ``sent``, ``accepted`` and ``ended`` are monotonic ns."""
    return {
        "state": result.state.value,
        "text": result.text,
        "read_back": plain(result.read_back),
        "refusals": [[r.reason.value, r.text, plain(r.value)] for r in result.refusals],
        **figures,
    }


def refused(command: OperatorCommand, refusals: tuple[Refusal, ...]) -> CommandResult:
    text = "; ".join(refusal.text for refusal in refusals)
    return CommandResult(command.id, command.tag_id, CommandState.REFUSED, text, refusals)


def result_of(
    command: OperatorCommand, state: CommandState, text: str, found: DataValue | None = None
) -> CommandResult:
    return CommandResult(command.id, command.tag_id, state, text, (), found.value if found else None)


def shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def plain(value: object) -> bool | int | float | str | None:
    return value if isinstance(value, bool | int | float | str) else None

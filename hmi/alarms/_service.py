"""The thin shell around the engine: journal first, then publish (design 3b)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from hmi.alarms._change import AlarmChange
from hmi.alarms._engine import AlarmEngine
from hmi.core.alarms import AlarmEvent
from hmi.core.errors import StorageError
from hmi.core.journal import Entry, JournalWriter, Kind
from hmi.core.principal import Principal, Role

log = logging.getLogger(__name__)

Publish = Callable[[Sequence[AlarmChange], bool], None]


class AlarmService:
    """``publish(changes, stored)`` is called when the changes are durable, or with stored=False when they
    cannot be: an alarm is shown even then, and marked."""

    def __init__(self, journal: JournalWriter, publish: Publish) -> None:
        self._journal, self._publish = journal, publish
        self._failing = False

    async def handle(self, changes: Sequence[AlarmChange]) -> None:
        """Take the changes of one evaluation, in order."""
        if not changes:
            return
        stored = await self._keep(changes)
        self._publish(changes, stored)

    async def acknowledge(
        self, engine: AlarmEngine, occurrence_ids: Sequence[str], now_ns: int, *, principal: Principal,
        comment: str = "",
    ) -> list[str]:  # fmt: skip
        """Acknowledge occurrences for a principal; one sentence per refused one, which is journalled too."""
        if not principal.has(Role.ACKNOWLEDGE):
            refused = [(key, f"{principal.user} has no right to acknowledge") for key in occurrence_ids]
        else:
            refused = []
            done: list[AlarmChange] = []
            for key in occurrence_ids:
                result = engine.acknowledge(key, now_ns, principal=principal, comment=comment)
                if isinstance(result, AlarmChange):
                    done.append(result)
                else:
                    refused.append((key, result.reason))
            await self.handle(done)
        await self._note_refused(refused, now_ns, principal)
        return [reason for _, reason in refused]

    async def _note_refused(
        self, refused: Sequence[tuple[str, str]], now_ns: int, principal: Principal
    ) -> None:
        entries = [
            Entry(
                Kind.ALARM,
                AlarmEvent.REFUSED.value,
                principal,
                key,
                now_ns,
                {"asked": AlarmEvent.ACK.value, "occurrence_id": key, "reason": reason},
            )
            for key, reason in refused
        ]
        try:
            if entries:
                await self._journal.append(*entries)
        except StorageError as error:
            log.error("A refused acknowledgement is not stored: %s", error)

    async def _keep(self, changes: Sequence[AlarmChange]) -> bool:
        try:
            await self._journal.append(*(change.entry() for change in changes))
        except StorageError as error:
            if not self._failing:
                log.error("Alarms are shown but not stored: %s", error)
            self._failing = True
            return False
        if self._failing:
            log.warning("Alarms are stored again.")
        self._failing = False
        return True

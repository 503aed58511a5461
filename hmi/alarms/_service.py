"""The thin shell around the engine: journal first, then publish (design 3b)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from hmi.alarms._change import AlarmChange
from hmi.core.errors import StorageError
from hmi.core.journal import JournalWriter

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

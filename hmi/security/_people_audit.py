"""What people did with their accounts and sessions, as entries of the audit trail (CR 2.8)."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import Any, Final

from hmi.core.clock import NS_PER_S, Clock
from hmi.core.errors import StorageError
from hmi.core.journal import Entry, JournalWriter, Kind
from hmi.core.principal import VIEWER, Principal

log = logging.getLogger(__name__)

USER: Final = "user:"
"""Before the id of a person in the object id of a record."""
SUMMARY_S: Final = 60


class PeopleAudit:
    """``keep`` returns when the record is durable; ``note`` does not wait, ``count`` sums up what comes often."""

    def __init__(self, journal: JournalWriter, clock: Clock) -> None:
        self._journal, self._clock = journal, clock
        self._noting: set[asyncio.Task[None]] = set()
        self._counted: Counter[tuple[str, str]] = Counter()
        self._summed_ns = -SUMMARY_S * NS_PER_S

    async def keep(self, *entries: Entry) -> None:
        """StorageError when it cannot be kept."""
        await self._journal.append(*entries)

    def entry(self, event: str, principal: Principal, user: str = "", **payload: Any) -> Entry:
        """``user``: whom it is about, else the person who acts."""
        about = user or principal.user
        said = {"user": about, "name": principal.name if about == principal.user else "", **payload}
        return Entry(Kind.AUDIT, event, principal, USER + about, self._clock.now_ns(), said)

    def note(self, *entries: Entry) -> None:
        """What happened anyway: a journal that fails is told of, and holds nothing up."""
        task = asyncio.get_running_loop().create_task(self._append(*entries), name="what people did")
        self._noting.add(task)
        task.add_done_callback(self._noting.discard)

    def count(self, event: str, station: str) -> None:
        """The first one is noted soon, those after it once a minute with their number."""
        self._counted[event, station] += 1

    def sum_up(self) -> None:
        """Note what was counted when it is time."""
        now = self._clock.monotonic_ns()
        if not self._counted or now - self._summed_ns < SUMMARY_S * NS_PER_S:
            return
        self._summed_ns = now
        counted, self._counted = self._counted, Counter()
        for (event, station), times in counted.items():
            asker = Principal(VIEWER.user, station, VIEWER.session)
            self.note(
                Entry(
                    Kind.AUDIT, event, asker, f"station:{station}", self._clock.now_ns(),
                    {"times": times, "result": "refused"},
                )
            )  # fmt: skip

    async def close(self) -> None:
        """Wait for what is being noted."""
        if self._noting:
            await asyncio.wait(self._noting)

    async def _append(self, *entries: Entry) -> None:
        try:
            await self._journal.append(*entries)
        except StorageError as error:
            log.error("What people did with their sessions is not stored: %s", error)

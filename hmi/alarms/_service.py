"""The thin shell around the engine: journal first, then publish (design 3b)."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence

from hmi.alarms._change import AlarmChange
from hmi.alarms._engine import AlarmEngine
from hmi.alarms._gap import Gap
from hmi.core.alarms import AlarmEvent
from hmi.core.errors import StorageError
from hmi.core.journal import Entry, JournalWriter, Kind
from hmi.core.principal import Principal, Role

log = logging.getLogger(__name__)

WAITING_LIMIT = 50_000
COMMIT = 1_000
SLOW_S = 1.0
RETRY_S = 1.0

Publish = Callable[[Sequence[AlarmChange], bool], None]


class AlarmService:
    """``publish(changes, stored)`` is called when the changes are durable, or with stored=False when they
    cannot be: an alarm is shown even then, and marked.

    ``stored`` is true of exactly these changes; an older one may be published as stored after a newer one was as
    not stored.

    A journal that takes longer than ``slow_s`` hides nothing: what waits for it is published as not stored,
    and once more when it is. When ``limit`` changes wait, or the journal failed, only the newest change of
    each alarm is kept; the journal gets a record of the gap and these changes when it is back.
    """

    def __init__(
        self, journal: JournalWriter, publish: Publish, *, limit: int = WAITING_LIMIT, slow_s: float = SLOW_S
    ) -> None:
        self._journal, self._publish = journal, publish
        self._limit, self._slow_s = limit, slow_s
        self._waiting: deque[AlarmChange] = deque()
        self._gap = Gap()
        self._slow = self._failing = False
        self._news = asyncio.Event()
        self._storing = asyncio.Lock()

    def put(self, changes: Sequence[AlarmChange]) -> None:
        """Take the changes of one evaluation, in order; ``run`` stores them."""
        if not changes:
            return
        if self._gap or len(self._waiting) >= self._limit:
            if not self._gap:
                log.error("Alarms are shown but not stored: %d changes wait already.", len(self._waiting))
            self._gap.add(changes)
            self._publish(changes, False)
        else:
            self._waiting.extend(changes)
            if self._slow:
                self._publish(changes, False)
        self._news.set()

    async def run(self) -> None:
        """Store what ``put`` takes, until cancelled; a journal that failed is asked again once a second."""
        while True:
            if self._gap:
                await asyncio.sleep(RETRY_S)
            else:
                await self._news.wait()
            self._news.clear()
            await self._store()

    async def handle(self, changes: Sequence[AlarmChange]) -> None:
        """The same as ``put``; returns when they are stored, or published as not stored."""
        if changes:
            self.put(changes)
            await self._store()

    async def settle(self) -> None:
        """Returns when everything that was put is stored, or the journal failed."""
        await self._store()

    async def acknowledge(
        self, engine: AlarmEngine, occurrence_ids: Sequence[str], now_ns: int, *, principal: Principal,
        comment: str = "",
    ) -> list[str]:  # fmt: skip
        """Acknowledge occurrences for a principal; one sentence per refused one, which is journalled too.

        The caller has asked for the right in the area of each.
        """
        if not principal.has_somewhere(Role.ACKNOWLEDGE):
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

    async def _store(self) -> None:
        """Everything that waits, in order; returns when there is nothing left or the journal failed."""
        async with self._storing:
            while self._waiting or self._gap:
                if not await (self._store_next() if self._waiting else self._close_gap()):
                    return

    async def _store_next(self) -> bool:
        batch = [self._waiting.popleft() for _ in range(min(COMMIT, len(self._waiting)))]
        stored = await self._append(batch, [change.entry() for change in batch])
        if not stored:
            batch += self._give_up(Gap(), batch)
        self._publish(batch, stored)
        return stored

    async def _close_gap(self) -> bool:
        """Record the gap; what is left of it waits to be stored like every other change."""
        gap, self._gap = self._gap, Gap()
        if not await self._append((), [gap.entry()]):
            self._publish(self._give_up(gap, ()), False)
            return False
        newest = gap.newest()
        self._waiting.extendleft(reversed(newest))
        return True

    def _give_up(self, gap: Gap, batch: Sequence[AlarmChange]) -> list[AlarmChange]:
        """All that waits goes into the gap, between what was in it and what came last; what waited."""
        waited = list(self._waiting)
        self._waiting.clear()
        gap.add((*batch, *waited))
        self._gap.put_before(gap)
        return waited

    async def _append(self, batch: Sequence[AlarmChange], entries: Sequence[Entry]) -> bool:
        timer = asyncio.get_running_loop().call_later(self._slow_s, self._tell_slow, batch)
        try:
            await self._journal.append(*entries)
        except StorageError as error:
            if not self._failing:
                log.error("Alarms are shown but not stored: %s", error)
            self._failing = True
            return False
        finally:
            timer.cancel()
            self._slow = False
        if self._failing:
            log.warning("Alarms are stored again.")
        self._failing = False
        return True

    def _tell_slow(self, batch: Sequence[AlarmChange]) -> None:
        """The journal does not answer: nothing waits for it unseen."""
        self._slow = True
        log.warning("The journal does not answer; alarms are shown as not stored.")
        self._publish((*batch, *self._waiting), False)

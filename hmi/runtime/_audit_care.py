"""Keeps the audit trail trustworthy while the runtime runs: its seals, its room on the disk, and alarms about both."""

from __future__ import annotations

import asyncio
import logging
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

from hmi.core.errors import StorageError, UsageError
from hmi.core.journal import Entry, Kind
from hmi.core.principal import SYSTEM
from hmi.journal import SEAL_KEY, SEALS_FILE, Sealer, SqliteJournal
from hmi.journal.audit_checker import SEALED, Seal
from hmi.security.secrets import Secrets

log = logging.getLogger(__name__)

SEAL_S = 60.0
LOOK_S = 0.5
SPACE_S = 10.0
ROOM = 1_000_000_000
"""Bytes that have to be free, or a fifth of a smaller disk."""

TellFailing = Callable[[str, bool], None]


class AuditCare:
    """Seals the journal each minute of the wall clock, at the start and at the end; nothing here holds up the loop.

    ``further``: a folder for a copy of the seals on another disk or machine. ``tell_failing`` hears of ``audit``
    (nothing can be recorded), ``seals`` and ``space``, each time one of them begins or ends to fail.
    """

    def __init__(
        self,
        journal: SqliteJournal,
        data: Path,
        *,
        runtime_id: str,
        further: Path | None,
        tell_failing: TellFailing,
        simulated: bool = False,
    ) -> None:
        self._journal, self._data, self._runtime_id = journal, data, runtime_id
        self._copies = (further / f"{runtime_id}.jsonl",) if further else ()
        self._tell_failing, self._simulated = tell_failing, simulated
        self._failing: dict[str, bool] = {}
        self._sealer: Sealer | None = None
        self._misfit = ""
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look_at_journal(), name="is the journal written")
            group.create_task(self._look_at_space(), name="room on the disk")
            group.create_task(self._seal_each_minute(), name="seals")

    async def end(self) -> None:
        """The last seal of this run; called when the last record is written."""
        await self._seal("stop")

    # ------------------------------------------------------------------ seals

    async def _seal_each_minute(self) -> None:
        await self._seal("start")
        while True:
            await asyncio.sleep(SEAL_S)
            await self._seal("minute")

    async def _seal(self, why: str) -> None:
        fault = ""
        async with self._turn:
            try:
                sealer = self._sealer or await self._opened()
                seal = await asyncio.to_thread(sealer.seal, self._journal.head, why)
                if seal is not None:
                    await self._journal.note_seal(seal.n, seal.digest)
                    if why == "start":
                        await self._record_seal(seal)
                await asyncio.to_thread(sealer.copy)
            except (StorageError, UsageError) as error:
                fault = str(error)
        await self._is_sealed(fault or self._misfit)

    async def _opened(self) -> Sealer:
        noted = await self._journal.last_seal()
        key = await asyncio.to_thread(self._key)
        sealer = Sealer(self._data / SEALS_FILE, self._copies, runtime_id=self._runtime_id, key=key)
        self._misfit = await asyncio.to_thread(sealer.open, noted)
        self._sealer = sealer
        return sealer

    def _key(self) -> bytes:
        """Made once and kept with the secrets of this runtime."""
        kept = Secrets(self._data, quiet=self._simulated)
        if SEAL_KEY not in kept.names():
            try:
                return kept.get(SEAL_KEY).encode()  # of the environment
            except UsageError:
                kept.put(SEAL_KEY, secrets.token_hex(32))
        return kept.get(SEAL_KEY).encode()

    async def _record_seal(self, seal: Seal) -> None:
        """In the chain stands which seals there were: nobody takes all of them away unseen."""
        await self._journal.append(
            Entry(Kind.SYSTEM, SEALED, SYSTEM, "", 0, {"n": seal.n, "digest": seal.digest})
        )

    async def _is_sealed(self, fault: str) -> None:
        if not self._is("seals", bool(fault)):
            return
        if fault:
            log.error("The journal is not sealed: %s", fault)
        event = "audit.seals_failing" if fault else "audit.seals_work"
        try:
            await self._journal.append(Entry(Kind.SYSTEM, event, SYSTEM, "", 0, {"text": fault}))
        except StorageError as error:
            log.error("The journal cannot be written: %s", error)

    # ------------------------------------------------------------------ the journal and its disk

    async def _look_at_journal(self) -> None:
        while True:
            self._is("audit", self._journal.is_failing)
            await asyncio.sleep(LOOK_S)

    async def _look_at_space(self) -> None:
        while True:
            try:
                self._is("space", await asyncio.to_thread(_is_nearly_full, self._data))
            except OSError as error:
                log.warning("The room on the disk of the data folder is not known: %s", error)
            await asyncio.sleep(SPACE_S)

    def _is(self, name: str, failing: bool) -> bool:
        """Whether this is news."""
        if self._failing.get(name, False) == failing:
            return False
        self._failing[name] = failing
        self._tell_failing(name, failing)
        return True


def _is_nearly_full(folder: Path) -> bool:
    disk = shutil.disk_usage(folder)
    return disk.free < min(ROOM, disk.total // 5)

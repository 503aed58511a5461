"""Keeps the audit trail trustworthy while the runtime runs: its seals, its room on the disk, and alarms about both."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from hmi.core.errors import StorageError, UsageError
from hmi.core.journal import Entry, Kind
from hmi.core.principal import SYSTEM
from hmi.core.texts import tr
from hmi.journal import SEAL_KEY, SEALS_FILE, Sealer, SqliteJournal
from hmi.journal.audit_checker import SEALED, Seal
from hmi.security.secrets import Secrets

log = logging.getLogger(__name__)

T = TypeVar("T")
SEAL_S = 60.0
ANSWER_S = 10.0
LOOK_S = 0.5
SPACE_S = 10.0
ROOM = 5_000_000_000
"""Bytes that have to be free, or a fifth of a smaller disk."""

TellFailing = Callable[[str, bool], None]


class AuditCare:
    """Seals the journal each minute of the wall clock, at the start and at the end; nothing here holds up the loop.

    ``further``: a folder for a copy of the seals on another disk or machine. ``tell_failing`` hears of ``audit``
    (nothing can be recorded), ``seals`` and ``space``, each time one of them begins or ends to fail. ``least_room``:
    bytes below which the disk counts as nearly full where a plant asks for more than usual.
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
        least_room: Callable[[], int] = lambda: 0,
    ) -> None:
        self._least_room = least_room
        self._journal, self._data, self._runtime_id = journal, data, runtime_id
        self._copies = (further / f"{runtime_id}.jsonl",) if further else ()
        self._tell_failing, self._simulated = tell_failing, simulated
        self._failing: dict[str, bool] = {}
        self._sealer: Sealer | None = None
        self._renewed = False
        self._copying: asyncio.Future[None] | None = None
        self._reading: asyncio.Future[bytes] | None = None
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
                await self._copy(sealer)
            except (StorageError, UsageError, OSError) as error:
                fault = str(error)
        await self._is_sealed(fault or self._misfit)

    async def _copy(self, sealer: Sealer) -> None:
        """A folder elsewhere may hang for ever: what is sealed here never waits for it longer than a while."""
        if self._copying is None or self._copying.done():
            self._copying = _beside(sealer.copy)
        await _in_time(self._copying, tr("the further copy of the seals does not answer"))

    async def _opened(self) -> Sealer:
        noted = await self._journal.last_seal()
        if self._reading is None or self._reading.done():
            self._reading = _beside(self._key)
        key = await _in_time(self._reading, tr("the key store of the system does not answer"))
        sealer = Sealer(self._data / SEALS_FILE, self._copies, runtime_id=self._runtime_id, key=key)
        self._misfit = await asyncio.to_thread(sealer.open, noted)
        if not self._misfit and sealer.last != noted and sealer.last[0]:
            await self._journal.note_seal(*sealer.last)  # a kill came between that seal and its note
        if self._renewed:
            await self._journal.append(Entry(Kind.AUDIT, "audit.key_renewed", SYSTEM, "", 0, {"n": noted[0]}))
            self._renewed = False
        self._sealer = sealer
        return sealer

    def _key(self) -> bytes:
        """Made once and kept with the secrets of this runtime; one that was lost is made anew, and that is told."""
        kept = Secrets(self._data, quiet=self._simulated)
        if SEAL_KEY not in kept.names():
            try:
                return kept.get(SEAL_KEY).encode()  # of the environment
            except UsageError:
                self._renewed = (self._data / SEALS_FILE).exists()
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
                self._is("space", await asyncio.to_thread(_is_nearly_full, self._data, self._least_room()))
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


def _is_nearly_full(folder: Path, least: int) -> bool:
    disk = shutil.disk_usage(folder)
    return disk.free < max(min(ROOM, disk.total // 5), least)


def _beside(work: Callable[[], T]) -> asyncio.Future[T]:
    """What may never come back, in a thread that holds up neither the loop nor the end of the process."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()
    done.add_done_callback(
        lambda future: future.cancelled() or future.exception()
    )  # looked at, whoever waits

    def tell(result: T | None, error: Exception | None) -> None:
        if not done.done():
            done.set_exception(error) if error else done.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except Exception as fault:  # raised again where it is waited for
            error = fault
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(tell, result, error)

    threading.Thread(target=run, name="seals", daemon=True).start()
    return done


async def _in_time(done: asyncio.Future[T], sentence: str) -> T:
    """StorageError with the sentence when there is no answer for 10 s; it may still come."""
    try:
        async with asyncio.timeout(ANSWER_S):
            return await asyncio.shield(done)
    except TimeoutError:
        raise StorageError(sentence) from None

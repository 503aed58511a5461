"""The journal in SQLite: WAL, synchronous=FULL, one writer thread that commits what waits in one go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import apsw

from hmi.client.alarms import JournalQuery
from hmi.core.clock import NS_PER_S, Clock, monotonic_ns
from hmi.core.errors import StorageError
from hmi.core.journal import Entry, JournalRecord
from hmi.journal._catch_up import begin_catch_up, catch_up
from hmi.journal._chain import GENESIS, canonical_payload, content_hash
from hmi.journal._index import INDEXED_SINCE, IndexWriter, Placed
from hmi.journal._index import SCHEMA as INDEX_SCHEMA
from hmi.journal._past import Density, PastRecords
from hmi.journal._readers import Readers
from hmi.journal._records import COLUMNS, end_of, row_of
from hmi.journal._rows import insert_rows
from hmi.journal._standing import SCHEMA as STANDING_SCHEMA
from hmi.journal._standing import StandingWriter
from hmi.journal._subject import subject_of
from hmi.journal._version import check_sqlite_version

log = logging.getLogger(__name__)

SCHEMA_VERSION = 2
RETRY_S = 5.0
CACHE = "cache_size=-32000"  # KiB; records of many alarms change pages all over the indexes
_SCHEMA = """
create table if not exists journal (
  seq integer primary key, runtime_id text not null, run_id text not null, event_time integer not null,
  receive_time integer not null, actor text not null, station text not null, object_id text not null,
  plant_revision text not null, kind text not null, event text not null, version integer not null,
  simulated integer not null, payload text not null, prev_hash text not null, hash text not null
) strict;
create index if not exists journal_by_kind on journal (kind, seq);
create index if not exists journal_by_object on journal (object_id, seq);
create table if not exists head (
  one integer primary key check (one = 1), seq integer not null, hash text not null
) strict;
create table if not exists sealed (
  one integer primary key check (one = 1), n integer not null, digest text not null
) strict;
"""
_INTO = f"insert into journal ({COLUMNS})"
T = TypeVar("T")
Stamp = tuple[str, str, str, bool]  # runtime id, run id, plant revision, simulated
Found = tuple[tuple[JournalRecord, ...], int]  # records, number before which the next page begins
Written = tuple[tuple[Entry, str], ...]  # with the payload as it is stored
Waiting = tuple[Stamp, Written, "asyncio.Future[tuple[JournalRecord, ...]]"]


class SqliteJournal:
    """JournalWriter and reader of one file.

    ``append`` returns when the records are on the disk (fsync). Appends that wait together are committed
    together. Writing has one thread, reading has others with connections of their own: no search holds up a
    record. What an older file holds is taken into the index of the search bit by bit while it is open.
    """

    def __init__(
        self, path: Path, *, clock: Clock, runtime_id: str, run_id: str, plant_revision: str, simulated: bool
    ) -> None:
        self._path, self._clock = path, clock
        self._stamp: Stamp = (runtime_id, run_id, plant_revision, simulated)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._waiting: list[Waiting] = []
        self._committing: asyncio.Task[None] | None = None
        self._catching_up: asyncio.Task[None] | None = None
        self._grown = asyncio.Event()
        self._readers = Readers(path)
        self._database: apsw.Connection | None = None
        self._closed = False
        self._last = (0, GENESIS)
        self._failing = False
        self._oldest_ns = 0

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    @property
    def head(self) -> tuple[int, str]:
        """Number and hash of the last record that is on the disk."""
        return self._last

    @property
    def is_failing(self) -> bool:
        """The last thing that was appended could not be kept."""
        return self._failing

    @property
    def lag_s(self) -> float:
        """Age of the oldest record that is not on the disk yet, to within one commit; 0: all are."""
        return (monotonic_ns() - self._oldest_ns) / NS_PER_S if self._oldest_ns else 0.0

    def begin_run(self, run_id: str) -> None:
        """Entries that are appended from here on belong to another run (2b.4)."""
        runtime_id, _, revision, simulated = self._stamp
        self._stamp = (runtime_id, run_id, revision, simulated)

    def begin_revision(self, plant_revision: str) -> None:
        """Entries that are appended from here on name another plant revision (2b.2)."""
        runtime_id, run_id, _, simulated = self._stamp
        self._stamp = (runtime_id, run_id, plant_revision, simulated)

    async def open(self) -> None:
        """Open or create the file; StorageError when it cannot be used."""
        check_sqlite_version()
        try:
            await self._run(self._open)
        except StorageError:
            await self.close()
            raise
        self._catching_up = asyncio.create_task(self._catch_up(), name="index of the journal")

    async def close(self) -> None:
        """Finish what waits, then close; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        if self._committing:
            await asyncio.wait([self._committing])
        if self._catching_up:
            self._catching_up.cancel()
            await asyncio.wait([self._catching_up])
        await self._readers.close()
        await self._run(self._close)
        self._thread.shutdown()

    async def append(self, *entries: Entry) -> tuple[JournalRecord, ...]:
        """Keep entries in order; StorageError when they are not durable."""
        if not entries:
            return ()
        named = [_with_both(entry) if entry.principal.elevated_by else entry for entry in entries]
        written = tuple([(entry, _as_text(entry)) for entry in named])
        done: asyncio.Future[tuple[JournalRecord, ...]] = asyncio.get_running_loop().create_future()
        self._waiting.append((self._stamp, written, done))
        self._oldest_ns = self._oldest_ns or monotonic_ns()
        if self._committing is None or self._committing.done():
            self._committing = asyncio.create_task(self._commit_waiting())
        return await done

    async def read(
        self, *, after: int = 0, kind: str = "", object_id: str = "", limit: int = 200
    ) -> tuple[JournalRecord, ...]:
        """Records after a sequence number in order; at most ``limit`` (10,000)."""
        return await self._readers.run(lambda reader: reader.after(after, kind, object_id, limit))

    async def last(self, count: int, *, kind: str = "", object_id: str = "") -> tuple[JournalRecord, ...]:
        """The newest records, oldest of them first."""
        return await self._readers.run(lambda reader: reader.newest(count, kind, object_id))

    async def newest_of_each(self, kind: str, *, without: Sequence[str] = ()) -> tuple[JournalRecord, ...]:
        """The last record of every object of a kind, oldest first: what a service restores itself from.

        ``without``: events that say nothing of the object's state; the one before them counts.
        """
        return await self._readers.run(lambda reader: reader.newest_of_each(kind, without))

    async def search(self, query: JournalQuery) -> Found:
        """A page of the records a query asks for, newest first. Giving up the call ends the search at once."""
        return await self._readers.run(lambda reader: reader.search(query))

    async def past(self, at: int, until: int) -> PastRecords:
        """The alarms as they stood at ``at``, and how they changed up to ``until`` (UTC ns)."""
        return await self._readers.run(lambda reader: reader.past(at, until))

    async def revision_at(self, at: int) -> str:
        """The plant revision that was valid at ``at`` (UTC ns)."""
        return await self._readers.run(lambda reader: reader.revision_at(at))

    async def density(self, start: int, end: int, slots: int) -> Density:
        """Alarms and commands in each of ``slots`` parts of a time (UTC ns)."""
        return await self._readers.run(lambda reader: reader.density(start, end, slots))

    async def indexed_from(self) -> int:
        """Records with a lower number are not searched yet (an older file is still being read); 0 = all are."""
        return await self._readers.run(lambda reader: reader.indexed_from())

    async def last_seal(self) -> tuple[int, str]:
        """Number and digest of the last seal that was noted; (0, GENESIS) before the first one."""
        return await self._run(self._last_seal)

    async def note_seal(self, n: int, digest: str) -> None:
        """Keep which seal was the last one, so that a missing one is found; StorageError when it cannot be kept."""
        await self._run(lambda: self._note_seal(n, digest))

    async def verify(self) -> str:
        """Empty when the whole chain holds, else one sentence."""
        return await self._readers.run(lambda reader: reader.verify())

    async def _commit_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                results = await self._run(lambda batch=batch: self._write([one[:2] for one in batch]))
            except StorageError as error:
                self._failing = True
                for _, _, done in batch:
                    _settle(done, error=error)
                continue
            finally:
                self._oldest_ns = monotonic_ns() if self._waiting else 0
            self._failing = False
            if self._standing.is_due(self._last[0]):
                self._grown.set()
            for (_, _, done), records in zip(batch, results, strict=True):
                _settle(done, records=records)

    async def _catch_up(self) -> None:
        """Half of the writer's time at most goes into the past; a full disk is tried again later."""
        while True:
            begun = monotonic_ns()
            self._grown.clear()
            try:
                if not await self._run(self._catch_up_once):
                    await self._grown.wait()
                    continue
            except StorageError as error:
                log.warning("Older records cannot be taken into the index of the journal yet: %s", error)
                await asyncio.sleep(RETRY_S)
            await asyncio.sleep((monotonic_ns() - begun) / 1e9)

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except (apsw.Error, OSError) as error:
            raise StorageError(f"{self._path}: {error}") from error
        except RuntimeError as error:
            raise StorageError(f"{self._path}: the journal is closed") from error

    def _open(self) -> None:
        database = self._database = apsw.Connection(str(self._path))
        database.set_busy_timeout(5_000)
        for pragma in ("journal_mode=wal", "synchronous=full", "journal_size_limit=4194304", CACHE):
            database.execute(f"pragma {pragma}")
        version = self._check_schema(database)
        with database:
            database.execute(_SCHEMA)
            database.execute(INDEX_SCHEMA)
            database.execute(STANDING_SCHEMA)
            # a tail that was cut off leaves a gap behind ``head`` and is never written over
            self._last = max(end_of(database, "head"), end_of(database, "journal"), key=lambda end: end[0])
            if version < INDEXED_SINCE:
                begin_catch_up(database, self._last[0])
            database.execute(f"pragma user_version={SCHEMA_VERSION}")
        self._index, self._standing = IndexWriter(database), StandingWriter(database)

    def _check_schema(self, database: apsw.Connection) -> int:
        version = int(database.pragma("user_version"))
        if version > SCHEMA_VERSION:
            raise StorageError(f"{self._path}: written by a newer version (schema {version}); update first")
        return version

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def _connection(self) -> apsw.Connection:
        if self._database is None:
            raise StorageError(f"{self._path}: the journal is not open")
        return self._database

    def _catch_up_once(self) -> bool:
        return catch_up(self._connection(), self._index) or self._standing.step(self._last[0])

    def _last_seal(self) -> tuple[int, str]:
        row = self._connection().execute("select n, digest from sealed").fetchone()
        return (int(row[0]), str(row[1])) if row else (0, GENESIS)

    def _note_seal(self, n: int, digest: str) -> None:
        self._connection().execute("insert or replace into sealed values (1, ?, ?)", (n, digest))

    def _write(self, groups: list[tuple[Stamp, Written]]) -> list[tuple[JournalRecord, ...]]:
        database, last = self._connection(), self._last
        results: list[tuple[JournalRecord, ...]] = []
        rows: list[tuple[Any, ...]] = []
        for stamp, entries in groups:
            records: list[JournalRecord] = []
            for entry, payload in entries:
                record = self._record(stamp, entry, payload, last)
                last = (record.seq, record.hash)
                rows.append(row_of(record, payload))
                records.append(record)
            results.append(tuple(records))
        try:
            with database:
                insert_rows(database, _INTO, rows)
                self._index.add(_placed(record) for records in results for record in records)
                database.execute("insert or replace into head values (1, ?, ?)", last)
        except BaseException:
            self._index.lost()
            raise
        self._index.kept()
        self._last = last
        return results

    def _record(self, stamp: Stamp, entry: Entry, payload: str, last: tuple[int, str]) -> JournalRecord:
        runtime_id, run_id, revision, simulated = stamp
        now = self._clock.now_ns()
        seq, at, principal = last[0] + 1, entry.event_time or now, entry.principal
        digest = content_hash((
            seq, runtime_id, run_id, at, now, principal.user, principal.station, entry.object_id, revision,
            entry.kind.value, entry.event, entry.version, simulated, payload, last[1],
        ))  # fmt: skip
        return JournalRecord(
            seq, runtime_id, run_id, at, now, principal.user, principal.station, entry.object_id, revision,
            entry.kind, entry.event, entry.version, simulated, entry.payload, last[1], digest,
        )  # fmt: skip


def _placed(record: JournalRecord) -> Placed:
    subject = subject_of(
        record.kind, record.event, record.actor, record.station, record.object_id, record.payload
    )
    return record.seq, record.event_time, subject


def _with_both(entry: Entry) -> Entry:
    """What is done with the rights of two accounts names both."""
    return replace(entry, payload={**entry.payload, "elevated_by": entry.principal.elevated_by})


def _as_text(entry: Entry) -> str:
    """A payload that cannot be written fails its own caller, not the others of the same commit."""
    try:
        return canonical_payload(dict(entry.payload))
    except (TypeError, ValueError, RecursionError) as error:
        raise StorageError(f"the entry {entry.event!r} cannot be written as JSON: {error}") from error


def _settle(
    done: asyncio.Future[tuple[JournalRecord, ...]],
    *,
    records: tuple[JournalRecord, ...] = (),
    error: StorageError | None = None,
) -> None:
    if done.cancelled():
        return
    if error is not None:
        done.set_exception(error)
    else:
        done.set_result(records)

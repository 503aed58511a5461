"""The journal in SQLite: WAL, synchronous=FULL, one writer thread that commits what waits in one go."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import apsw

from hmi.core.clock import Clock
from hmi.core.errors import StorageError
from hmi.core.journal import Entry, JournalRecord, Kind
from hmi.journal._chain import GENESIS, canonical_payload, record_hash, verify_chain
from hmi.journal._version import check_sqlite_version

SCHEMA_VERSION = 1
PAGE_LIMIT = 10_000
_COLUMNS = (
    "seq, runtime_id, run_id, event_time, receive_time, actor, station, object_id, plant_revision, kind, "
    "event, version, simulated, payload, prev_hash, hash"
)
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
"""
T = TypeVar("T")
Stamp = tuple[str, str, str, bool]  # runtime id, run id, plant revision, simulated
Waiting = tuple[Stamp, tuple[Entry, ...], "asyncio.Future[tuple[JournalRecord, ...]]"]


class SqliteJournal:
    """JournalWriter and reader of one file.

    ``append`` returns when the records are on the disk (fsync). Appends that wait together are committed
    together. All database work runs on one thread of its own.
    """

    def __init__(
        self, path: Path, *, clock: Clock, runtime_id: str, run_id: str, plant_revision: str, simulated: bool
    ) -> None:
        self._path, self._clock = path, clock
        self._stamp: Stamp = (runtime_id, run_id, plant_revision, simulated)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._waiting: list[Waiting] = []
        self._committing: asyncio.Task[None] | None = None
        self._database: apsw.Connection | None = None
        self._closed = False
        self._last = (0, GENESIS)

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

    async def close(self) -> None:
        """Finish what waits, then close; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        if self._committing:
            await asyncio.wait([self._committing])
        await self._run(self._close)
        self._thread.shutdown()

    async def append(self, *entries: Entry) -> tuple[JournalRecord, ...]:
        """Keep entries in order; StorageError when they are not durable."""
        if not entries:
            return ()
        for entry in entries:
            _require_json(entry)
        done: asyncio.Future[tuple[JournalRecord, ...]] = asyncio.get_running_loop().create_future()
        self._waiting.append((self._stamp, entries, done))
        if self._committing is None or self._committing.done():
            self._committing = asyncio.create_task(self._commit_waiting())
        return await done

    async def read(
        self, *, after: int = 0, kind: str = "", object_id: str = "", limit: int = 200
    ) -> tuple[JournalRecord, ...]:
        """Records after a sequence number in order; at most ``limit`` (10,000)."""
        where, values = _narrowed(kind, object_id)
        query = f"select {_COLUMNS} from journal where {where} and seq > ? order by seq limit ?"
        return await self._run(lambda: self._select(query, (*values, after, min(limit, PAGE_LIMIT))))

    async def last(self, count: int, *, kind: str = "", object_id: str = "") -> tuple[JournalRecord, ...]:
        """The newest records, oldest of them first."""
        where, values = _narrowed(kind, object_id)
        query = f"select {_COLUMNS} from journal where {where} order by seq desc limit ?"
        found = await self._run(lambda: self._select(query, (*values, min(count, PAGE_LIMIT))))
        return found[::-1]

    async def newest_of_each(self, kind: str) -> tuple[JournalRecord, ...]:
        """The last record of every object of a kind, oldest first: what a service restores itself from."""
        newest = "select max(seq) from journal where kind = ? group by object_id"
        query = f"select {_COLUMNS} from journal where seq in ({newest}) order by seq"
        return await self._run(lambda: self._select(query, (kind,)))

    async def verify(self) -> str:
        """Empty when the whole chain holds, else one sentence."""
        return await self._run(self._verify)

    async def _commit_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                results = await self._run(lambda batch=batch: self._write([one[:2] for one in batch]))
            except StorageError as error:
                for _, _, done in batch:
                    _settle(done, error=error)
                continue
            for (_, _, done), records in zip(batch, results, strict=True):
                _settle(done, records=records)

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
        for pragma in ("journal_mode=wal", "synchronous=full", "journal_size_limit=4194304"):
            database.execute(f"pragma {pragma}")
        self._check_schema(database)
        database.execute(_SCHEMA)
        database.execute(f"pragma user_version={SCHEMA_VERSION}")
        # a tail that was cut off leaves a gap behind ``head`` and is never written over
        self._last = max(_end(database, "head"), _end(database, "journal"), key=lambda end: end[0])

    def _check_schema(self, database: apsw.Connection) -> None:
        version = database.pragma("user_version")
        if int(version) > SCHEMA_VERSION:
            raise StorageError(f"{self._path}: written by a newer version (schema {version}); update first")

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def _connection(self) -> apsw.Connection:
        if self._database is None:
            raise StorageError(f"{self._path}: the journal is not open")
        return self._database

    def _write(self, groups: list[tuple[Stamp, tuple[Entry, ...]]]) -> list[tuple[JournalRecord, ...]]:
        database, last = self._connection(), self._last
        results: list[tuple[JournalRecord, ...]] = []
        with database:
            for stamp, entries in groups:
                records: list[JournalRecord] = []
                for entry in entries:
                    record, payload = self._record(stamp, entry, last)
                    database.execute(
                        f"insert into journal ({_COLUMNS}) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                        _row(record, payload),
                    )
                    last = (record.seq, record.hash)
                    records.append(record)
                results.append(tuple(records))
            database.execute("insert or replace into head values (1, ?, ?)", last)
        self._last = last
        return results

    def _record(self, stamp: Stamp, entry: Entry, last: tuple[int, str]) -> tuple[JournalRecord, str]:
        runtime_id, run_id, revision, simulated = stamp
        now = self._clock.now_ns()
        payload = canonical_payload(dict(entry.payload))
        record = JournalRecord(
            last[0] + 1, runtime_id, run_id, entry.event_time or now, now, entry.principal.user,
            entry.principal.station, entry.object_id, revision, entry.kind, entry.event, entry.version,
            simulated, entry.payload, last[1], "",
        )  # fmt: skip
        return replace(record, hash=record_hash(record, payload)), payload

    def _select(self, query: str, arguments: tuple[Any, ...]) -> tuple[JournalRecord, ...]:
        return tuple(_from_row(row) for row in self._connection().execute(query, arguments))

    def _verify(self) -> str:
        rows = self._connection().execute(f"select {_COLUMNS} from journal order by seq")

        def pairs() -> Iterator[tuple[JournalRecord, str]]:
            for row in rows:
                yield _from_row(row), str(row[13])

        database = self._connection()
        if fault := verify_chain(pairs()):
            return fault
        head, end = _end(database, "head"), _end(database, "journal")
        return "" if head[0] <= end[0] else f"record {end[0] + 1} is missing: {head[0]} were written"


def _narrowed(kind: str, object_id: str) -> tuple[str, tuple[str, ...]]:
    """The condition and its values; empty ones take all.

    One object has few records of any kind, so its index serves both: the plus keeps the other one out.
    """
    if object_id:
        return ("object_id = ? and +kind = ?", (object_id, kind)) if kind else ("object_id = ?", (object_id,))
    return ("kind = ?", (kind,)) if kind else ("1", ())


def _require_json(entry: Entry) -> None:
    """A payload that cannot be written fails its own caller, not the others of the same commit."""
    try:
        canonical_payload(dict(entry.payload))
    except (TypeError, ValueError) as error:
        raise StorageError(f"the entry {entry.event!r} cannot be written as JSON: {error}") from error


def _end(database: apsw.Connection, table: str) -> tuple[int, str]:
    """Number and hash of the last record that ``head`` or ``journal`` knows of."""
    queries = {
        "head": "select seq, hash from head",
        "journal": "select seq, hash from journal order by seq desc limit 1",
    }
    row = database.execute(queries[table]).fetchone()
    return (int(row[0]), str(row[1])) if row else (0, GENESIS)


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


def _row(record: JournalRecord, payload: str) -> tuple[Any, ...]:
    return (
        record.seq, record.runtime_id, record.run_id, record.event_time, record.receive_time, record.actor,
        record.station, record.object_id, record.plant_revision, record.kind.value, record.event,
        record.version, int(record.simulated), payload, record.prev_hash, record.hash,
    )  # fmt: skip


def _from_row(row: tuple[Any, ...]) -> JournalRecord:
    try:
        payload = json.loads(row[13])
    except ValueError:
        payload = {}
    head: list[Any] = [*row[:9], Kind(row[9]), *row[10:12], bool(row[12]), payload, *row[14:]]
    return JournalRecord(*head)

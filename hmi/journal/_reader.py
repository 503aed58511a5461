"""Everything that is read from a journal, on one connection that never writes (no await, no threads here)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import apsw
from msgspec.structs import replace

from hmi.client.alarms import JournalQuery
from hmi.core.journal import JournalRecord
from hmi.journal._index import INDEXED_SINCE, indexed_from
from hmi.journal._past import Density, PastRecords, density, place_at, records_at, revision_at
from hmi.journal._records import COLUMNS, record_of, verified
from hmi.journal._search import found_numbers, page_size

PAGE_LIMIT = 10_000
PAGE_OF_ALL = 1_000
PROGRESS_STEPS = 20_000  # some milliseconds
CACHE_KIB = 64_000
T = TypeVar("T")


class JournalReader:
    """One connection; every call sees what was committed before it began."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """``read_only``: for a file that no runtime has open, of this version or an older one."""
        self._database = database = _read_only(path) if read_only else _beside_the_writer(path)
        database.set_busy_timeout(5_000)
        for pragma in (f"cache_size=-{CACHE_KIB}", "temp_store=memory"):
            database.execute(f"pragma {pragma}")
        self._given_up = False
        database.set_progress_handler(lambda: self._given_up, PROGRESS_STEPS)

    def close(self) -> None:
        self._database.close()

    def begin(self) -> None:
        """Before each piece of work: what was given up was an earlier one."""
        self._given_up = False

    def give_up(self) -> None:
        """From any thread: the work since ``begin`` ends with apsw.InterruptError, if it has not ended yet."""
        self._given_up = True

    def select(self, query: str, arguments: tuple[Any, ...]) -> tuple[JournalRecord, ...]:
        """Records of a query over ``COLUMNS``."""
        return tuple(record_of(row) for row in self._database.execute(query, arguments))

    def after(self, number: int, kind: str, object_id: str, limit: int) -> tuple[JournalRecord, ...]:
        """Records after a number, in order."""
        where, values = narrowed(kind, object_id)
        query = f"select {COLUMNS} from journal where {where} and seq > ? order by seq limit ?"
        return self.select(query, (*values, number, min(limit, PAGE_LIMIT)))

    def received(self, start: int, end: int) -> tuple[int, int]:
        """Numbers between which all records with start <= receive time < end (UTC ns) lie."""
        return place_at(self._database, start - 1) + 1, place_at(self._database, end - 1)

    def newest(self, count: int, kind: str, object_id: str) -> tuple[JournalRecord, ...]:
        """The newest records, oldest of them first."""
        where, values = narrowed(kind, object_id)
        query = f"select {COLUMNS} from journal where {where} order by seq desc limit ?"
        return self.select(query, (*values, min(count, PAGE_LIMIT)))[::-1]

    def newest_of_each(self, kind: str, without: Sequence[str] = ()) -> tuple[JournalRecord, ...]:
        """Asks each subject for its newest record; what is not in the index yet is gone through."""
        left_out = f"and event not in ({','.join('?' * len(without))})" if without else ""
        query = f"""
            select {COLUMNS} from journal where seq in (
              select max(newest) from (
                select object_id, (select max(seq) from place where subject = s.id) as newest
                from subjects s where kind = ? {left_out}
                union all
                select object_id, max(seq) from journal where kind = ? and seq < ? {left_out} group by object_id
              ) where newest is not null group by object_id
            ) order by seq"""
        return self.select(query, (kind, *without, kind, indexed_from(self._database), *without))

    def search(self, query: JournalQuery) -> tuple[tuple[JournalRecord, ...], int]:
        """A page, newest first, and the number before which the next one begins (0: this was the last)."""
        size = page_size(query)
        with self._database:  # one view of the file, however much is written meanwhile
            numbers = found_numbers(self._database, query)
            text = f"select {COLUMNS} from journal where seq = ?"
            records = [record for seq in numbers[:size] for record in self.select(text, (seq,))]
        return tuple(records), numbers[size - 1] if len(numbers) > size else 0

    def indexed_from(self) -> int:
        """Records with a lower number are not searched yet; 0 = all are."""
        return indexed_from(self._database)

    def past(self, at: int, until: int) -> PastRecords:
        """The alarms as they stood at ``at``, and how they changed up to ``until`` (UTC ns)."""
        return self._in_one_view(lambda: records_at(self._database, at, until))

    def revision_at(self, at: int) -> str:
        """The plant revision that was valid at ``at`` (UTC ns)."""
        return self._in_one_view(lambda: revision_at(self._database, at))

    def density(self, start: int, end: int, slots: int) -> Density:
        """How much happened in each part of a time (UTC ns)."""
        return self._in_one_view(lambda: density(self._database, start, end, slots))

    def _in_one_view(self, work: Callable[[], T]) -> T:
        """However much is written meanwhile."""
        self._database.execute("begin")
        try:
            return work()
        finally:
            self._database.execute("rollback")

    @property
    def has_index(self) -> bool:
        """False for a file of schema version 1 that no runtime has opened since."""
        return int(self._database.pragma("user_version")) >= INDEXED_SINCE

    def everything(self, query: JournalQuery) -> Iterator[JournalRecord]:
        """All records of a query, newest first, page by page."""
        before = query.before
        while True:
            records, before = self.search(replace(query, before=before, limit=PAGE_OF_ALL))
            yield from records
            if not before:
                return

    def verify(self) -> str:
        """Empty when the whole chain holds, else one sentence."""
        return verified(self._database)


def _beside_the_writer(path: Path) -> apsw.Connection:
    return apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)


def _read_only(path: Path) -> apsw.Connection:
    """In a folder that cannot be written SQLite has no place for its own files: nobody else writes there either."""
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    database = apsw.Connection(f"{path.absolute().as_uri()}?mode=ro", flags=flags)
    try:
        database.execute("select 1 from sqlite_schema")
        return database
    except apsw.CantOpenError:
        database.close()
        return apsw.Connection(f"{path.absolute().as_uri()}?mode=ro&immutable=1", flags=flags)


def narrowed(kind: str, object_id: str) -> tuple[str, tuple[str, ...]]:
    """The condition and its values; empty ones take all.

    One object has few records of any kind, so its index serves both: the plus keeps the other one out.
    """
    if object_id:
        return ("object_id = ? and +kind = ?", (object_id, kind)) if kind else ("object_id = ?", (object_id,))
    return ("kind = ?", (kind,)) if kind else ("1", ())

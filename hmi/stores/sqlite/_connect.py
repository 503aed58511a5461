"""Connections to the files of an archive: opened with the right pragmas, lent from a pool, errors in one sentence."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import apsw

from hmi.core.errors import StorageError
from hmi.core.texts import tr

OLDEST_SQLITE: Final = (3, 51, 3)
BUSY_MS: Final = 5_000
PAGE_SIZE: Final = 8_192
_IDLE_MOST: Final = 400
"""Connections that wait for their next reader, a year of days among them; each holds a file open."""
_CACHE_KIB: Final = 1_024
_NO_SCHEMA: Final = ("no such table", "malformed database schema")


class FileDamaged(StorageError):
    """A file of the archive that SQLite cannot read; the others stay usable."""


def check_sqlite(version: str = "") -> None:
    """StorageError for an SQLite whose write-ahead log can be corrupted by two connections (before 3.51.3)."""
    found = version or apsw.sqlite_lib_version()
    if tuple(int(part) for part in found.split(".")[:3]) < OLDEST_SQLITE:
        raise StorageError(
            tr(
                "SQLite {found} can corrupt the history (WAL-reset bug, fixed in 3.51.3); "
                "install the apsw version of requirements.lock",
                found=found,
            )
        )


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Errors of SQLite and of the system become a StorageError that names the file."""
    try:
        yield
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise FileDamaged(tr("{path}: the file is damaged ({error})", path=path, error=error)) from error
    except (apsw.Error, OSError) as error:
        if isinstance(error, apsw.SQLError) and str(error).startswith(_NO_SCHEMA):
            raise FileDamaged(tr("{path}: the file is damaged ({error})", path=path, error=error)) from error
        raise StorageError(f"{path}: {error}") from error


def open_writing(path: Path, *, wal: bool, page_size: int = PAGE_SIZE) -> apsw.Connection:
    """A connection that writes durably. ``wal``: readers of other processes go on meanwhile.

    ``page_size`` in bytes counts for a file that is new.
    """
    database = apsw.Connection(str(path))
    try:
        database.set_busy_timeout(BUSY_MS)
        # before the journal mode: the page size of a write-ahead log cannot be changed any more
        for pragma in (
            f"page_size={page_size}",
            f"journal_mode={'wal' if wal else 'delete'}",
            "synchronous=full",
            "journal_size_limit=16777216",
            "cache_size=-32000",
            "cache_spill=off",
            "temp_store=memory",
        ):
            database.execute(f"pragma {pragma}")
    except BaseException:
        database.close()
        raise
    return database


def open_reading(path: Path) -> apsw.Connection:
    """A connection that never writes; in a folder that cannot be written nobody else writes either."""
    try:
        return _open_reading(path)
    except apsw.ReadOnlyError:
        _roll_back(path)
        return _open_reading(path)


def _roll_back(path: Path) -> None:
    """Undo what a power cut left half done beside a file: only a connection that may write can."""
    database = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        database.set_busy_timeout(BUSY_MS)
        database.execute("select 1 from sqlite_schema")
    finally:
        database.close()


def _open_reading(path: Path) -> apsw.Connection:
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    database = apsw.Connection(f"{path.absolute().as_uri()}?mode=ro", flags=flags)
    try:
        database.set_busy_timeout(BUSY_MS)
        database.execute("select 1 from sqlite_schema")
    except apsw.CantOpenError:
        database.close()
        database = apsw.Connection(f"{path.absolute().as_uri()}?mode=ro&immutable=1", flags=flags)
    except BaseException:
        database.close()
        raise
    database.execute(f"pragma cache_size=-{_CACHE_KIB}")
    return database


Key = tuple[str, int]
"""A file by name and number: another one of the same name is another file."""


def one_row(database: apsw.Connection, query: str, values: tuple[int | str, ...] = ()) -> tuple[Any, ...]:
    """The row of a query that has one; FileDamaged without it."""
    row = database.execute(query, values).fetchone()
    if row is None:
        raise FileDamaged(tr("{path}: a row is missing", path=database.filename))
    return row


class Pool:
    """Reading connections of one process: each is used by one thread at a time and kept for the next."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: OrderedDict[Key, list[apsw.Connection]] = OrderedDict()
        self._count = 0
        self._closed = False

    @contextmanager
    def reading(self, path: Path) -> Iterator[apsw.Connection]:
        """A connection in one read transaction; FileDamaged or StorageError."""
        with told(path):
            key = (str(path), path.stat().st_ino)
            database = self._taken(key) or open_reading(path)
            fit = False
            try:
                database.execute("begin")
                yield database
                database.execute("commit")
                fit = True
            finally:
                if fit:
                    self._put_back(key, database)
                else:
                    database.close()

    def forget(self, path: Path) -> None:
        """Close what waits for a file that is gone."""
        with self._lock:
            keys = [key for key in self._idle if key[0] == str(path)]
            gone = [one for key in keys for one in self._idle.pop(key)]
            self._count -= len(gone)
        for database in gone:
            database.close()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            gone = [one for ones in self._idle.values() for one in ones]
            self._idle.clear()
            self._count = 0
        for database in gone:
            database.close()

    def _taken(self, key: Key) -> apsw.Connection | None:
        with self._lock:
            if self._closed:
                raise StorageError(tr("{path}: the history is closed", path=key[0]))
            waiting = self._idle.get(key)
            if not waiting:
                return None
            found = waiting.pop()
            self._count -= 1
            if not waiting:
                del self._idle[key]
            return found

    def _put_back(self, key: Key, database: apsw.Connection) -> None:
        over: apsw.Connection | None = database
        with self._lock:
            if not self._closed:
                self._idle.setdefault(key, []).append(database)
                self._idle.move_to_end(key)
                self._count += 1
                over = self._oldest() if self._count > _IDLE_MOST else None
        if over is not None:
            over.close()

    def _oldest(self) -> apsw.Connection:
        key, waiting = next(iter(self._idle.items()))
        found = waiting.pop(0)
        self._count -= 1
        if not waiting:
            del self._idle[key]
        return found

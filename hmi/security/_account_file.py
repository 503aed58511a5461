"""The file that accounts are kept in: owner-only SQLite, made whole or not at all, never made over a broken one.

A roll-back journal, not a write-ahead log: the file is tiny, nothing lies beside it between two writes, and what was
deleted is overwritten.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import apsw

from hmi.core.errors import StorageError
from hmi.core.texts import tr

SCHEMA_VERSION: Final = 1
_BUSY_MS = 5_000
_OWNER_ONLY = 0o600
_APPLICATION = 0x574B_4143  # tells this file from any other SQLite
_PRAGMAS = ("journal_mode=delete", "synchronous=extra", "secure_delete=on", "trusted_schema=off")
_SCHEMA = f"""
create table account (
  user text primary key, name text not null, rights text not null, state text not null, hash text not null,
  must_change integer not null, changed_at integer not null, created_at integer not null,
  last_sign_in integer not null
) strict;
create table former (number integer primary key autoincrement, user text not null, hash text not null) strict;
create table change (
  number integer primary key autoincrement, at integer not null, actor text not null, what text not null,
  user text not null, detail text not null
) strict;
create table journalled (one integer primary key check (one = 1), number integer not null) strict;
insert into journalled values (1, 0);
pragma application_id={_APPLICATION};
pragma user_version={SCHEMA_VERSION};
"""


class AccountFile:
    """One connection that threads take turns on. Another program may write, or put a backup in its place, meanwhile."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._database: apsw.Connection | None = None
        self._inode = 0

    def open(self) -> None:
        """Open it, or make an empty one where there is none; StorageError when it cannot be used."""
        with self._lock, self._told():
            if not self.path.exists():
                self._make()
            self._connect()

    def close(self) -> None:
        """A second call does nothing."""
        with self._lock:
            self._disconnect()

    @contextlib.contextmanager
    def reading(self) -> Iterator[apsw.Connection]:
        """The connection; StorageError when the file cannot be read."""
        with self._lock, self._told():
            yield self._current()

    @contextlib.contextmanager
    def writing(self) -> Iterator[apsw.Connection]:
        """One transaction, on the disk at the end of the block; undone when the block raises."""
        with self.reading() as database:
            database.execute("begin immediate")
            try:
                yield database
                database.execute("commit")
            except BaseException:
                if database.in_transaction:
                    database.execute("rollback")
                raise

    def state(self) -> tuple[int, int]:
        """Differs when another program has written or replaced the file."""
        with self.reading() as database:
            return self._inode, int(database.pragma("data_version"))

    def _current(self) -> apsw.Connection:
        if self._database is None:
            raise StorageError(tr("{path}: the accounts are not open", path=self.path))
        if self.path.stat().st_ino != self._inode:
            self._disconnect()
            self._connect()
        return self._database

    def _connect(self) -> None:
        self._keep_others_out()
        database = self._database = apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READWRITE)
        database.set_busy_timeout(_BUSY_MS)
        try:
            for pragma in _PRAGMAS:
                database.execute(f"pragma {pragma}")
            self._check(database)
            self._inode = self.path.stat().st_ino
        except BaseException:
            self._disconnect()
            raise

    def _disconnect(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def _check(self, database: apsw.Connection) -> None:
        version = int(database.pragma("user_version"))
        if int(database.pragma("application_id")) != _APPLICATION:
            raise StorageError(self._broken(tr("it is no file of accounts")))
        if version > SCHEMA_VERSION:
            raise StorageError(
                tr(
                    "{path}: written by a newer version (schema {found}); update first",
                    path=self.path,
                    found=version,
                )
            )
        found = str(database.execute("pragma quick_check(1)").fetchall()[0][0])
        if found != "ok":
            raise StorageError(self._broken(" ".join(found.split())))

    def _make(self) -> None:
        """Under another name first: a crash leaves no half file, and of two makers one wins."""
        draft = self.path.with_name(f"{self.path.name}.{secrets.token_hex(4)}.new")
        try:
            os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY))
            _give_to_owner(draft)
            database = apsw.Connection(str(draft))
            try:
                with database:
                    database.execute(_SCHEMA)
            finally:
                database.close()
            _place(draft, self.path)
        finally:
            draft.unlink(missing_ok=True)

    def _keep_others_out(self) -> None:
        """On Windows the user's profile does that."""
        if sys.platform != "win32" and self.path.stat().st_mode & 0o077:
            self.path.chmod(_OWNER_ONLY)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (apsw.CorruptError, apsw.NotADBError) as error:
            raise StorageError(self._broken(str(error))) from error
        except FileNotFoundError as error:
            raise StorageError(
                tr("{path}: the file of accounts is gone; put a backup in its place", path=self.path)
            ) from error
        except (apsw.Error, OSError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise StorageError(tr("{path}: {why}", path=self.path, why=why or error)) from error

    def _broken(self, why: str) -> str:
        return tr(
            "{path}: the file of accounts is broken ({why}); put a backup in its place, nothing is written over it",
            path=self.path,
            why=why,
        )


def _place(draft: Path, path: Path) -> None:
    """Never over a file that another program has made meanwhile."""
    with contextlib.suppress(FileExistsError):
        if sys.platform == "win32":
            draft.rename(path)
        else:
            path.hardlink_to(draft)


def _give_to_owner(draft: Path) -> None:
    """What root makes in the folder of another user belongs to that user, or his runtime could not read it."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return
    folder = draft.parent.stat()
    os.chown(draft, folder.st_uid, folder.st_gid)

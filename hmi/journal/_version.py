"""Refuses an SQLite that can corrupt a write-ahead log (decision 0002)."""

from __future__ import annotations

import apsw

from hmi.core.errors import StorageError

OLDEST = (3, 51, 3)


def check_sqlite_version(version: str = "") -> None:
    """StorageError for an SQLite before 3.51.3: its WAL-reset bug corrupts a database with two connections."""
    found = version or apsw.sqlite_lib_version()
    if tuple(int(part) for part in found.split(".")[:3]) < OLDEST:
        raise StorageError(
            f"SQLite {found} can corrupt the journal (WAL-reset bug, fixed in 3.51.3); "
            "install the apsw version of requirements.lock"
        )

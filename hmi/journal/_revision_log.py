"""Which revision of the plant was in force when, who put it there and why: out of a journal that may be written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import apsw

from hmi.core.errors import StorageError
from hmi.journal._past import places_of_turns, revision_at
from hmi.journal._records import payload_of

T = TypeVar("T")
_EVENTS = "('runtime.started', 'plant.applied')"


class RevisionTime(NamedTuple):
    """A revision in force from ``start`` up to ``end`` (UTC ns; 0: still, or up to the end of the runtime).

    ``actor``: who applied it, ``author`` the person at the command line where nobody was signed in, ``changes`` in
    sentences against ``before``, the revision before it. A runtime that started with it has no changes to tell.
    """

    revision: str
    start: int
    end: int
    actor: str
    author: str
    station: str
    reason: str
    changes: tuple[str, ...]
    before: str
    simulated: bool


def revision_times(path: Path) -> list[RevisionTime]:
    """All of them in order; a start with the revision of before is no new one. StorageError."""
    found: list[RevisionTime] = []
    for at, event, revision, actor, station, simulated, payload in _asked(path, _rows):
        if found and found[-1].revision == revision:
            continue
        if found:
            found[-1] = found[-1]._replace(end=at)
        told = payload_of(payload) if event == "plant.applied" else {}
        found.append(
            RevisionTime(
                revision, at, 0, actor, str(told.get("author", "")), station, str(told.get("reason", "")),
                tuple(map(str, told.get("changes", ()))), found[-1].revision if found else "", simulated,
            )
        )  # fmt: skip
    return found


def revision_valid_at(path: Path, at: int) -> str:
    """The revision that was in force at ``at`` (UTC ns), as the reading of that time takes it. StorageError."""
    return _asked(path, lambda database: revision_at(database, at))


def _rows(database: apsw.Connection) -> list[tuple[int, str, str, str, str, bool, str]]:
    query = (
        "select receive_time, event, plant_revision, actor, station, simulated, payload from journal"
        f" where seq = ? and event in {_EVENTS}"
    )
    rows = (database.execute(query, (seq,)).fetchone() for seq in places_of_turns(database))
    return [
        (int(row[0]), str(row[1]), str(row[2]), str(row[3]), str(row[4]), bool(row[5]), str(row[6]))
        for row in rows
        if row is not None
    ]


def _asked(path: Path, work: Callable[[apsw.Connection], T]) -> T:
    try:
        database = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            database.set_busy_timeout(5_000)
            return work(database)
        finally:
            database.close()
    except apsw.Error as error:
        raise StorageError(f"{path}: {error}") from error

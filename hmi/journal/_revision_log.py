"""Which revision of the plant was in force when, who put it there and why: out of a journal that may be written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import apsw

from hmi.core.errors import StorageError
from hmi.journal._past import places_of_turns, revision_at
from hmi.journal._records import payload_of

T = TypeVar("T")
_EVENTS = "('runtime.started', 'plant.applying', 'plant.applied')"
_PROOF = 2_000
"""Records behind ``plant.applying`` that are looked through for one of the revision that was to follow."""


class RevisionTime(NamedTuple):
    """A revision in force from ``start`` up to ``end`` (UTC ns; 0: still, or up to the end of the runtime).

    ``actor``: who applied it, ``author`` the person at the command line where nobody was signed in, as it said itself,
    ``os_user`` the account of that process, as the system said it (empty where it did not). ``changes``: in sentences
    against ``before``, the revision before it. A runtime that started with it has no changes to tell.
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
    os_user: str = ""


def revision_times(path: Path) -> list[RevisionTime]:
    """All of them in order; a start with the revision of before is no new one. StorageError.

    A runtime that could not say any more that it had applied a revision said before that it was about to.
    """
    found: list[RevisionTime] = []
    for row in _asked(path, _rows):
        if found and found[-1].revision == row.revision:
            continue
        if found:
            found[-1] = found[-1]._replace(end=row.at)
        told = row.told
        found.append(
            RevisionTime(
                row.revision, row.at, 0, row.actor, str(told.get("author", "")), row.station,
                str(told.get("reason", "")), tuple(map(str, told.get("changes", ()))),
                found[-1].revision if found else "", row.simulated, str(told.get("os_user", "")),
            )
        )  # fmt: skip
    return found


def revision_valid_at(path: Path, at: int) -> str:
    """The revision that was in force at ``at`` (UTC ns), as the reading of that time takes it. StorageError."""
    return _asked(path, lambda database: revision_at(database, at))


class _Row(NamedTuple):
    seq: int
    at: int
    event: str
    revision: str
    actor: str
    station: str
    simulated: bool
    told: Mapping[str, Any]


def _rows(database: apsw.Connection) -> list[_Row]:
    """What put a revision in force, in order; each from the first record that was kept under it."""
    found: list[_Row] = []
    begun: _Row | None = None
    for row in _turns(database):
        if begun is not None:
            revision = str(begun.told.get("new", ""))
            at = _first_under(database, revision, begun.seq, row.seq)
            if row.event == "plant.applied" and row.revision == revision:
                row = row._replace(at=at or row.at)
            elif at or row.revision == revision:
                found.append(begun._replace(at=at or row.at, revision=revision))
        begun = row if row.event == "plant.applying" else None
        if begun is None:
            found.append(row)
    if begun is not None:
        revision = str(begun.told.get("new", ""))
        if at := _first_under(database, revision, begun.seq, begun.seq + _PROOF):
            found.append(begun._replace(at=at, revision=revision))
    return found


def _turns(database: apsw.Connection) -> list[_Row]:
    query = (
        "select seq, receive_time, event, plant_revision, actor, station, simulated, payload from journal"
        f" where seq = ? and event in {_EVENTS}"
    )
    places = sorted({*places_of_turns(database), *_places_of_begun(database)})
    rows = (database.execute(query, (seq,)).fetchone() for seq in places)
    return [
        _Row(
            int(row[0]), int(row[1]), str(row[2]), str(row[3]), str(row[4]), str(row[5]), bool(row[6]),
            {} if row[2] == "runtime.started" else payload_of(str(row[7])),
        )
        for row in rows
        if row is not None
    ]  # fmt: skip


def _places_of_begun(database: apsw.Connection) -> list[int]:
    """Numbers of the records that say that a revision is about to be applied."""
    query = """
        select p.seq from subjects s join place p on p.subject = s.id
        where s.stream = 'command' and s.event = 'plant.applying' and s.kind = 'audit'
        union
        select seq from journal where kind = 'audit' and event = 'plant.applying'
        and seq < (select coalesce(max(below), 0) from catch_up)"""
    return [int(seq) for (seq,) in database.execute(query)]


def _first_under(database: apsw.Connection, revision: str, after: int, to: int) -> int:
    """When the first record was kept under a revision that was about to be applied (UTC ns); 0: it never was."""
    query = "select receive_time from journal where seq > ? and seq <= ? and plant_revision = ? order by seq limit 1"
    row = database.execute(query, (after, min(to, after + _PROOF), revision)).fetchone()
    return 0 if row is None else int(row[0])


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

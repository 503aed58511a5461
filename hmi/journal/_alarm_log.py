"""The alarm records of a time in their order, page by page, on a connection of its own that only reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import apsw

from hmi.core.errors import StorageError
from hmi.journal._index import BLOCK, indexed_from

LINK_PREFIX = "link:"
"""Of the alarms that say that a device does not answer; ``hmi.alarms`` gives them their ids."""
PAGE = 250  # a few milliseconds of work


class AlarmLine(NamedTuple):
    """A record as it is stored; ``payload`` is JSON text, ``event_time`` UTC ns."""

    kind: str
    event: str
    event_time: int
    object_id: str
    actor: str
    simulated: bool
    payload: str


class AlarmTally(NamedTuple):
    """How often one alarm came in a time, and when its settings were changed last in it (UTC ns, 0 = never)."""

    came: int
    changed_at: int


_FIELDS = "kind, event, event_time, object_id, actor, simulated, payload"


def alarm_lines(
    path: Path, start_ns: int, end_ns: int, rest: Callable[[], None] = lambda: None
) -> Iterator[AlarmLine]:
    """First the newest record of every alarm before the time, then all records of alarms and of the system that
    may lie in it. ``rest`` is called between two pages; what it raises ends the reading. No page keeps the file
    from being checkpointed. StorageError when it cannot be read.
    """
    try:
        database = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            database.set_busy_timeout(5_000)
            first, last = _numbers(database, start_ns, end_ns)
            yield from _states(database, first, rest)
            yield from _pages(database, first, last, rest)
        finally:
            database.close()
    except apsw.Error as error:
        raise StorageError(f"{path}: {error}") from error


def alarm_tally(path: Path, alarm_id: str, start_ns: int, end_ns: int, *, run_id: str = "") -> AlarmTally:
    """Of all runs, or of one. What a rule suppressed did not come; a shelf that ends is no alarm that comes.

    StorageError when the journal cannot be read.
    """
    came = (
        "select count(*) from journal where object_id = ? and +kind = 'alarm' and event = 'ALM'"
        " and event_time >= ? and event_time < ? and (? = '' or run_id = ?)"
        " and json_extract(payload, '$.after') <> 'DSUPR'"
        " and not (json_extract(payload, '$.before') in ('SHLVD', 'OOSRV')"
        " and json_extract(payload, '$.after') = 'UNACK')"
    )
    changed = (
        "select max(event_time) from journal where object_id = ? and +kind = 'alarm' and event = 'ATTR_CHANGE'"
        " and event_time >= ? and event_time < ? and (? = '' or run_id = ?)"
    )
    given = (alarm_id, start_ns, end_ns, run_id, run_id)
    try:
        database = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            database.set_busy_timeout(5_000)
            found = (database.execute(query, given).fetchone() for query in (came, changed))
            return AlarmTally(*(int(row[0]) if row and row[0] is not None else 0 for row in found))
        finally:
            database.close()
    except apsw.Error as error:
        raise StorageError(f"{path}: {error}") from error


def link_turns(path: Path, connection: str, end_ns: int, *, run_id: str = "") -> list[tuple[int, str, bool]]:
    """When a link and the units behind it went (True) and came before ``end_ns``, in order: UTC ns and the unit, which
    is empty for the link itself. Of all runs, or of one. StorageError when the journal cannot be read.
    """
    query = (
        "select event_time, object_id, event from journal where (object_id = :link or object_id > :link || '/'"
        " and object_id < :link || '0') and +kind = 'alarm' and event in ('ALM', 'RTN', 'REMOVED')"
        " and event_time < :end and (:run = '' or run_id = :run) order by seq"
    )
    given = {"link": LINK_PREFIX + connection, "end": end_ns, "run": run_id}
    try:
        database = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            database.set_busy_timeout(5_000)
            return [
                (int(at), str(key).removeprefix(str(given["link"])).removeprefix("/"), event == "ALM")
                for at, key, event in database.execute(query, given)
            ]
        finally:
            database.close()
    except apsw.Error as error:
        raise StorageError(f"{path}: {error}") from error


def _numbers(database: apsw.Connection, start_ns: int, end_ns: int) -> tuple[int, int]:
    """The records from the first to the last block that touches the time. What has no index yet is older than all
    that has one: it is read when the time may begin in it.
    """
    newest, below = _one(database, "select max(seq) from journal"), indexed_from(database)
    low = _one(
        database, f"select min(block) * {BLOCK} from spans where latest >= ?", start_ns, without=newest + 1
    )
    high = _one(database, "select max(block) from spans where earliest < ?", end_ns)
    first = 1 if low <= below else low
    return max(first, 1), min(max(high * BLOCK + BLOCK - 1, below), newest)


def _states(database: apsw.Connection, first: int, rest: Callable[[], None]) -> Iterator[AlarmLine]:
    """Asks for each object in turn: the journal before the time is not gone through."""
    following = "select min(object_id) from journal where object_id > ?"
    newest = (
        f"select {_FIELDS} from journal indexed by journal_by_object where object_id = ? and seq < ?"
        " and kind = 'alarm' and event not in ('REFUSED', 'SILENCE') order by seq desc limit 1"
    )
    object_id, asked = "", 0
    while first > 1 and (row := database.execute(following, (object_id,)).fetchone()) and row[0] is not None:
        object_id, asked = str(row[0]), asked + 1
        for line in database.execute(newest, (object_id, first)):
            yield _line(line)
        if not asked % PAGE:
            rest()


def _pages(database: apsw.Connection, first: int, last: int, rest: Callable[[], None]) -> Iterator[AlarmLine]:
    query = (
        f"select {_FIELDS} from journal where seq >= ? and seq < ? and +kind in ('alarm', 'system')"
        " order by seq"
    )
    for begin in range(first, last + 1, PAGE):
        for row in list(database.execute(query, (begin, min(begin + PAGE, last + 1)))):
            yield _line(row)
        rest()


def _line(row: tuple[apsw.SQLiteValue, ...]) -> AlarmLine:
    kind, event, event_time, object_id, actor, simulated, payload = row
    return AlarmLine(
        str(kind), str(event), int(event_time or 0), str(object_id), str(actor), bool(simulated), str(payload)
    )


def _one(database: apsw.Connection, query: str, *given: int, without: int = 0) -> int:
    row = database.execute(query, given).fetchone()
    return int(row[0]) if row and row[0] is not None else without

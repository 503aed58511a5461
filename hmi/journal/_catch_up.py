"""Takes the records of an older file into the index, newest first, a few at a time."""

from __future__ import annotations

import json
from typing import Any

import apsw

from hmi.core.journal import Kind
from hmi.journal._index import IndexWriter, Placed, indexed_from
from hmi.journal._subject import subject_of

BATCH = 500
_ROWS = (
    "select seq, event_time, kind, event, actor, station, object_id, payload from journal"
    " where seq < ? order by seq desc limit ?"
)


def begin_catch_up(database: apsw.Connection, last: int) -> None:
    """A file without an index: all of its records are still to be taken."""
    database.execute("insert or replace into catch_up values (1, ?)", (last + 1 if last else 0,))


def catch_up(database: apsw.Connection, index: IndexWriter) -> bool:
    """One batch in one transaction: it goes on where it stopped, also after a kill. False when all is done."""
    below = indexed_from(database)
    if not below:
        return False
    rows = list(database.execute(_ROWS, (below, BATCH)))
    try:
        with database:
            index.add([_placed(row) for row in rows])
            left = int(rows[-1][0]) if len(rows) == BATCH else 0
            database.execute("update catch_up set below = ?", (left,))
    except BaseException:
        index.lost()
        raise
    index.kept()
    return bool(left)


def _placed(row: tuple[Any, ...]) -> Placed:
    seq, at, kind, event, actor, station, object_id, text = row
    try:
        payload = json.loads(text)
    except ValueError:
        payload = {}
    payload = payload if isinstance(payload, dict) else {}
    return seq, at, subject_of(Kind(kind), event, actor, station, object_id, payload)

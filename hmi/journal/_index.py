"""The index of the journal: written by the commit that keeps a record, so it is as durable as the record.

``subjects``: what records are about, with ``subject_words`` (FTS5) over their texts. ``place``: the subject and
the event time of every record. ``spans``: earliest and latest event time of each block of records, since event
times need not follow the order of the records. ``catch_up``: records with a lower number than ``below`` are not
in it yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import apsw

from hmi.journal._rows import AT_ONCE, insert_rows
from hmi.journal._subject import Subject

INDEXED_SINCE = 2
"""Version of the file that has an index."""
BLOCK = 256
CACHED = 100_000
SCHEMA = """
create table if not exists subjects (
  id integer primary key, key blob not null unique, kind text not null, event text not null,
  object_id text not null, tag_id text not null, stream text not null, priority integer not null,
  area text not null, words text not null
) strict;
create index if not exists subjects_by_object on subjects (object_id);
create index if not exists subjects_by_tag on subjects (tag_id) where tag_id <> '';
create index if not exists subjects_by_kind on subjects (stream, event, priority, area);
create virtual table if not exists subject_words using fts5(
  words, content='', detail=none, columnsize=0, tokenize='ascii', prefix='2 3'
);
create table if not exists place (
  seq integer primary key, subject integer not null, event_time integer not null
) strict;
create index if not exists place_by_subject on place (subject);
create table if not exists spans (
  block integer primary key, earliest integer not null, latest integer not null
) strict;
create table if not exists catch_up (one integer primary key check (one = 1), below integer not null) strict;
"""
Placed = tuple[int, int, Subject]  # number, event time, subject


class IndexWriter:
    """Lives with the writing connection and on its thread."""

    def __init__(self, database: apsw.Connection) -> None:
        self._database = database
        self._ids: dict[bytes, int] = {}
        self._fresh: dict[bytes, int] = {}

    def add(self, records: Iterable[Placed]) -> None:
        """Inside the caller's transaction; ``kept`` or ``lost`` has to follow its end."""
        places: list[tuple[int, int, int]] = []
        spans: dict[int, tuple[int, int]] = {}
        keyed = [(seq, at, subject.key(), subject) for seq, at, subject in records]
        self._know({key: subject for _, _, key, subject in keyed})
        for seq, at, key, _ in keyed:
            places.append((seq, self._ids.get(key) or self._fresh[key], at))
            earliest, latest = spans.get(seq // BLOCK, (at, at))
            spans[seq // BLOCK] = min(earliest, at), max(latest, at)
        insert_rows(self._database, "insert or replace into place", places)
        self._database.executemany(
            "insert into spans values (?, ?, ?) on conflict (block) do update set"
            " earliest = min(earliest, excluded.earliest), latest = max(latest, excluded.latest)",
            [(block, *span) for block, span in spans.items()],
        )

    def kept(self) -> None:
        """The transaction is on the disk."""
        self._ids |= self._fresh
        self._fresh = {}
        for key in list(islice(self._ids, max(len(self._ids) - CACHED, 0))):
            del self._ids[key]

    def lost(self) -> None:
        """The transaction was rolled back: what it added does not exist."""
        self._fresh = {}

    def _know(self, subjects: dict[bytes, Subject]) -> None:
        """Find the numbers of subjects by key; those that no record was about before get the next ones."""
        unknown = [key for key in subjects if key not in self._ids]
        for start in range(0, len(unknown), AT_ONCE):
            some = unknown[start : start + AT_ONCE]
            marks = ",".join("?" * len(some))
            rows = self._database.execute(f"select key, id from subjects where key in ({marks})", some)
            self._fresh.update(rows)
        new = [(key, subjects[key]) for key in unknown if key not in self._fresh]
        if new:
            self._insert(new)

    def _insert(self, new: list[tuple[bytes, Subject]]) -> None:
        (last,) = self._database.execute("select coalesce(max(id), 0) from subjects").fetchone() or (0,)
        rows = [
            (n, key, *subject[:7], subject.words()) for n, (key, subject) in enumerate(new, int(last) + 1)
        ]
        insert_rows(
            self._database,
            "insert into subjects (id, key, kind, event, object_id, tag_id, stream, priority, area, words)",
            rows,
        )
        words = [(row[0], row[-1]) for row in rows]
        insert_rows(self._database, "insert into subject_words (rowid, words)", words)
        self._fresh.update((key, number) for number, key, *_ in rows)


def indexed_from(database: apsw.Connection) -> int:
    """Number of the first record that is in the index; 0 = all are."""
    row = database.execute("select below from catch_up").fetchone()
    return int(row[0]) if row else 0

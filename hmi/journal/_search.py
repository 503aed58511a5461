"""Finds the numbers of the newest records that a query asks for, in steps whose cost does not grow with the file.

First the newest records are looked at one by one: what occurs often is found there. What is rare has few
subjects, and each of them is asked for its newest record. In between (many subjects, all of them long silent)
more records are looked at before all the subjects are asked.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import apsw

from hmi.client.alarms import JournalQuery
from hmi.journal._index import BLOCK
from hmi.journal._subject import words_of

FIRST_LOOK, SECOND_LOOK = 20_000, 400_000  # records
FEW_SUBJECTS = 50_000
MOST_RANGES = 32
LATEST = 2**63 - 1
PAGE, MOST = 200, 1_000


class Wanted(NamedTuple):
    """The conditions of a query in SQL: on a subject without its words, on its words, on the event time."""

    subject: str
    subject_values: tuple[Any, ...]
    words: tuple[str, ...]
    area_words: tuple[str, ...]
    time: str
    time_values: tuple[int, ...]

    @property
    def is_all(self) -> bool:
        """Every subject fits."""
        return self.subject == "1" and not self.words


class Range(NamedTuple):
    """Numbers from ``low`` to ``high``, both included."""

    low: int
    high: int


def page_size(query: JournalQuery) -> int:
    """How many records a page holds."""
    return min(query.limit, MOST) if query.limit > 0 else PAGE


def found_numbers(database: apsw.Connection, query: JournalQuery) -> list[int]:
    """Up to one more than a page, newest first; apsw.InterruptError when it is interrupted."""
    wanted, most = wanted_of(query), page_size(query) + 1
    ranges = _ranges(database, query)
    # one object has few subjects: they are asked at once
    found, left = _looked_through(database, wanted, ranges, most, 0 if query.object_id else FIRST_LOOK)
    if len(found) >= most or not left or wanted.is_all:
        return found + _looked_through(database, wanted, left, most - len(found), LATEST)[0]
    database.execute("create table if not exists temp.hits (subject integer primary key) strict")
    if _collect(database, wanted, FEW_SUBJECTS) >= FEW_SUBJECTS:
        more, left = _looked_through(database, wanted, left, most - len(found), SECOND_LOOK)
        found += more
        if len(found) >= most or not left:
            return found
        _collect(database, wanted, -1)
    for one in left:
        found += islice(_of_hits(database, wanted, one, most - len(found)), most - len(found))
        if len(found) >= most:
            break
    return found


def wanted_of(query: JournalQuery) -> Wanted:
    """The conditions of a query, each with its values."""
    parts: list[str] = []
    values: list[Any] = []
    if query.object_id:
        parts.append("(s.object_id = ? or (s.tag_id = ? and s.tag_id <> ''))")
        values += [query.object_id, query.object_id]
    if query.stream:
        parts.append("s.stream = ?")
        values.append(query.stream)
    if query.event:
        parts.append("s.event = ?")
        values.append(query.event)
    if query.priorities:
        parts.append(f"s.priority in ({','.join('?' * len(query.priorities))})")
        values += query.priorities
    if query.area:
        parts.append("(s.area = ? or (s.area >= ? and s.area < ?))")
        values += [query.area, query.area + "/", query.area + "0"]  # 0 is the letter after /
    words = tuple(dict.fromkeys(words_of(query.text)))
    if query.text.strip() and not words:
        parts.append("0")  # signs alone are in no record's words
    times = [("p.event_time >= ?", query.start), ("p.event_time < ?", query.end)]
    chosen = [(text, at) for text, at in times if at]
    return Wanted(
        " and ".join(parts) or "1", tuple(values), words, tuple(dict.fromkeys(words_of(query.area))),
        " and ".join(text for text, _ in chosen) or "1", tuple(at for _, at in chosen),
    )  # fmt: skip


def _ranges(database: apsw.Connection, query: JournalQuery) -> list[Range]:
    """Where records of the wanted time can be, newest first."""
    # one by one: only then SQLite looks at the ends instead of at everything between them
    first, last = (database.execute(f"select {end}(seq) from place").get for end in ("min", "max"))
    high = min(query.before - 1, last or 0) if query.before > 0 else last or 0
    if first is None or high < first:
        return []
    if not (query.start or query.end):
        return [Range(first, high)]
    blocks = database.execute(
        "select block from spans where block <= ? and latest >= ? and earliest < ? order by block desc",
        (high // BLOCK, query.start, query.end or LATEST),
    )
    found: list[Range] = []
    for (block,) in blocks:
        low, top = block * BLOCK, min(block * BLOCK + BLOCK - 1, high)
        if found and (top + 1 == found[-1].low or len(found) == MOST_RANGES):
            found[-1] = found[-1]._replace(low=low)
        else:
            found.append(Range(low, top))
    return found


def _looked_through(
    database: apsw.Connection, wanted: Wanted, ranges: Sequence[Range], most: int, budget: int
) -> tuple[list[int], list[Range]]:
    """Up to ``most`` numbers in the newest ``budget`` records of the ranges, and what is left of the ranges."""
    words = "".join(" and instr(s.words, ?) > 0" for _ in wanted.words)
    join = "" if wanted.is_all else "cross join subjects s on s.id = p.subject"
    text = (
        f"select p.seq from place p {join} where p.seq between ? and ? and {wanted.time}"
        f" and {wanted.subject}{words} order by p.seq desc limit ?"
    )
    values = (*wanted.time_values, *wanted.subject_values, *(f" {word}" for word in wanted.words))
    found: list[int] = []
    waiting = list(ranges)
    while waiting and budget > 0 and len(found) < most:
        whole = waiting.pop(0)
        low = max(whole.low, whole.high - budget + 1)
        found += (row[0] for row in database.execute(text, (low, whole.high, *values, most - len(found))))
        budget -= whole.high - low + 1
        if low > whole.low:
            waiting.insert(0, Range(whole.low, low - 1))
    return found, waiting


def _collect(database: apsw.Connection, wanted: Wanted, most: int) -> int:
    """Put the subjects that fit into ``hits``; how many there are, at most ``most`` (-1: all of them)."""
    database.execute("delete from temp.hits")
    text = f"insert into temp.hits select s.id from subjects s where {wanted.subject}"
    values = list(wanted.subject_values)
    if wanted.words:
        text += " and s.id in (select rowid from subject_words where subject_words match ?)"
        # the words of its area are among those of a subject too: few subjects are left where they are rare
        exact = [f'"{word}"' for word in wanted.area_words]
        values.append(" ".join([*exact, *(f'"{word}" *' for word in wanted.words)]))
    database.execute(f"{text} limit ?", (*values, most))
    return database.changes()


def _of_hits(database: apsw.Connection, wanted: Wanted, one: Range, most: int) -> Iterator[int]:
    """Numbers of the records of ``hits`` in a range, newest first.

    Only subjects whose newest record is among the ``most`` newest of all can be on a page of ``most``; where
    times narrow it further, it is asked again from the last number on.
    """
    high = one.high
    while high >= one.low:
        seen = 0
        for seq in islice(_merged(database, one.low, high, most), most):
            seen, high = seen + 1, seq - 1
            if wanted.time == "1" or _in_time(database, wanted, seq):
                yield seq
        if seen < most:
            return


def _merged(database: apsw.Connection, low: int, high: int, most: int) -> Iterator[int]:
    heads = database.execute(
        "select subject, (select max(seq) from place where subject = h.subject and seq between ? and ?) as head"
        " from temp.hits h order by head desc limit ?",
        (low, high, most),
    )
    newest = [(subject, head) for subject, head in heads if head is not None]
    return heapq.merge(*(_of_subject(database, subject, low, head) for subject, head in newest), reverse=True)


def _of_subject(database: apsw.Connection, subject: int, low: int, head: int) -> Iterator[int]:
    """Most subjects give one number to a page: their others are read when they are asked for."""
    yield head
    rows = database.execute(
        "select seq from place where subject = ? and seq between ? and ? order by seq desc",
        (subject, low, head - 1),
    )
    for row in rows:
        yield row[0]


def _in_time(database: apsw.Connection, wanted: Wanted, seq: int) -> bool:
    text = f"select 1 from place p where p.seq = ? and {wanted.time}"
    return database.execute(text, (seq, *wanted.time_values)).fetchone() is not None

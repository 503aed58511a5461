"""What the journal held at an instant: where it ended then, the newest record of each alarm, and what followed.

The order of the records is the order in which stations were told, so an instant is a place in that order: the last
record that was kept by then. Where the session clock went back (a restored simulation, a corrected system clock) one
time names several places; the last of them is meant, for what was recorded later took the place of the rest.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import apsw

from hmi.core.journal import JournalRecord
from hmi.journal._index import BLOCK
from hmi.journal._records import COLUMNS, record_of
from hmi.journal._standing import IS_ALARM, IS_HOLD, standing_at

MOST_CHANGES = 2_000
MOST_COUNTED = 100_000
"""Records that a timeline looks at; of more than that it takes every so many blocks of them."""
MOST_SLOTS = 4_000
_CLOCK_TURNS = frozenset(("run.started", "runtime.started", "clock.stepped"))
_MARKS = frozenset(("runtime.started", "runtime.stopped", "plant.applied", "run.started"))
_REVISIONS = frozenset(("runtime.started", "plant.applied"))
_LIVES = frozenset(("runtime.started", "runtime.stopped"))
MOST_MARKS = 500


class PastRecords(NamedTuple):
    """The alarms of an instant that were not normal. ``seq`` 0: it lies before the first record.

    ``revision``: of the plant, valid then and up to ``revision_until`` (UTC ns, 0: still). ``ran``: a runtime had begun
    and had not ended. ``alive_until``: it never said that it ended, and this is the time (UTC ns) of its last record;
    0 when it ended as it should, or still runs. ``states`` are the newest records of those alarms, in order;
    ``changes`` all records of alarms that follow up to ``until`` (UTC ns), at their receive time.
    """

    seq: int
    revision: str
    revision_until: int
    ran: bool
    states: tuple[JournalRecord, ...]
    changes: tuple[JournalRecord, ...]
    until: int
    holds: tuple[JournalRecord, ...] = ()
    """The newest record of each thing that people held: control tags, manual values, bypasses, areas."""
    hold_changes: tuple[JournalRecord, ...] = ()
    """Those that follow in order, up to ``until``."""
    alive_until: int = 0


class Mark(NamedTuple):
    """Something that turns what a time means; ``event`` is that of its record, ``at`` UTC ns."""

    at: int
    event: str
    revision: str


class Outage(NamedTuple):
    """No runtime ran from ``start`` up to ``end`` (UTC ns). ``broke_off``: it did not end as it should, and ``start``
    is the time of its last record."""

    start: int
    end: int
    broke_off: bool


class Density(NamedTuple):
    """Alarms raised and commands asked for in each slot of a time, the most urgent priority among the alarms (0: none),
    with the marks and the outages in it. ``first`` is the time of the first record of all, 0 without one."""

    alarms: list[int]
    worst: list[int]
    commands: list[int]
    marks: list[Mark]
    first: int
    outages: list[Outage]


class _Turn(NamedTuple):
    """A record of the system that turns what a time means."""

    seq: int
    event: str


def place_at(database: apsw.Connection, at: int) -> int:
    """Number of the last record that was kept by ``at`` (UTC ns), 0 when it lies before all of them."""
    return _place(database, _turns(database), at)


def records_at(database: apsw.Connection, at: int, until: int) -> PastRecords:
    """What is to be known of the alarms at ``at``, and of their changes up to ``until`` (both UTC ns)."""
    turns = _turns(database)
    seq = _place(database, turns, at)
    revision = _text(database, "select plant_revision from journal where seq = ?", seq)
    if not seq:
        revision = _text(database, "select plant_revision from journal order by seq limit 1")
    changes, complete = _changes(database, seq, at, until)
    ran, alive_until = _life(database, turns, seq)
    standing = standing_at(database, seq)
    return PastRecords(
        seq,
        revision,
        _revision_end(database, turns, seq, revision),
        ran,
        standing.alarms,
        changes,
        complete,
        standing.holds,
        _hold_changes(database, seq, at, complete),
        alive_until,
    )


def revision_at(database: apsw.Connection, at: int) -> str:
    """The plant revision that was valid at ``at`` (UTC ns); before the first record that of the first one."""
    seq = place_at(database, at)
    where = "where seq = ?" if seq else "order by seq limit 1"
    return _text(database, f"select plant_revision from journal {where}", *((seq,) if seq else ()))


def places_of_turns(database: apsw.Connection) -> list[int]:
    """Numbers of the records that turn what a time means: starts, ends, other revisions of the plant, other runs."""
    return [one.seq for one in _turns(database)]


def density(database: apsw.Connection, start: int, end: int, slots: int) -> Density:
    """How much happened in each of ``slots`` equal parts of the time from ``start`` to ``end`` (UTC ns)."""
    slots = max(1, min(slots, MOST_SLOTS))
    found = Density([0] * slots, [0] * slots, [0] * slots, [], _kept(database, 0), [])
    turns = _turns(database)
    low, high = _place(database, turns, start), _place(database, turns, end)
    blocks = (high - low) // BLOCK + 1
    every = max(1, blocks * BLOCK // MOST_COUNTED)
    query = (
        "select j.receive_time, s.event, s.stream, s.priority from place p join subjects s on s.id = p.subject"
        " join journal j on j.seq = p.seq where p.seq > ? and p.seq <= ?"
        " and (s.event in ('ALM', 'command.requested'))"
    )
    for begin in range(low, high, BLOCK * every):
        for at, event, _, priority in database.execute(query, (begin, min(begin + BLOCK, high))):
            slot = (int(at) - start) * slots // max(end - start, 1)
            if not 0 <= slot < slots:
                continue
            if event == "ALM":
                found.alarms[slot] += every
                found.worst[slot] = min(found.worst[slot] or 9, int(priority) or 9)
            else:
                found.commands[slot] += every
    found.marks.extend(_marks(database, turns, low, high))
    found.outages.extend(_outages(database, turns, low, high))
    return found


def _turns(database: apsw.Connection) -> list[_Turn]:
    """All of them in order; few beside the rest, and found without going through it, but for what is not in the index
    yet."""
    events = "'clock.stepped', 'plant.applied', 'run.started', 'runtime.started', 'runtime.stopped'"
    query = f"""
        select p.seq, s.event from subjects s join place p on p.subject = s.id
        where s.stream in ('event', 'diagnostic') and s.event in ({events}) and s.kind = 'system'
        union
        select seq, event from journal
        where kind = 'system' and seq < (select coalesce(max(below), 0) from catch_up) and event in ({events})
        order by 1"""
    return [_Turn(int(seq), str(event)) for seq, event in database.execute(query)]


def _place(database: apsw.Connection, turns: Sequence[_Turn], at: int) -> int:
    newest = _number(database, "select max(seq) from journal")
    first = _number(database, "select min(seq) from journal")
    begins = sorted({first, *(one.seq for one in turns if one.event in _CLOCK_TURNS)})
    for begin, end in reversed(list(zip(begins, [*(one - 1 for one in begins[1:]), newest], strict=True))):
        if begin and begin <= end and _kept(database, begin) <= at:
            return _last_by(database, begin, end, at)
    return 0


def _marks(database: apsw.Connection, turns: Sequence[_Turn], low: int, high: int) -> list[Mark]:
    """The last ones after a place up to another."""
    meant = [one for one in turns if low < one.seq <= high and one.event in _MARKS][-MOST_MARKS:]
    query = "select receive_time, event, plant_revision from journal where seq = ?"
    rows = (row for one in meant for row in database.execute(query, (one.seq,)))
    return [Mark(int(at), str(event), str(revision)) for at, event, revision in rows]


def _last_by(database: apsw.Connection, low: int, high: int, at: int) -> int:
    """The last record of a stretch, whose times do not go back, that was kept by ``at``; the first one was."""
    while low < high:
        middle = (low + high + 1) // 2
        if _kept(database, middle) <= at:
            low = middle
        else:
            high = middle - 1
    return low


def _kept(database: apsw.Connection, seq: int) -> int:
    """When a record was kept (UTC ns); of the next one where it is missing."""
    return _number(database, "select receive_time from journal where seq >= ? order by seq limit 1", seq)


def _hold_changes(database: apsw.Connection, seq: int, at: int, until: int) -> tuple[JournalRecord, ...]:
    """Records of what people hold after a place up to ``until``; they end where the clock goes back."""
    query = f"""
        select {COLUMNS} from journal where seq in (
          select p.seq from subjects s join place p on p.subject = s.id
          where s.stream = 'command' and {IS_HOLD} and p.seq > ?
          order by p.seq limit ?
        ) order by seq"""
    return tuple(_in_time(_records(database, query, (seq, MOST_CHANGES)), at, until))


def _in_time(records: Iterator[JournalRecord], at: int, until: int) -> Iterator[JournalRecord]:
    """They end with the first one that is later than ``until`` or earlier than the one before it."""
    last = at
    for record in records:
        if record.receive_time > until or record.receive_time < last:
            return
        last = record.receive_time
        yield record


def _changes(
    database: apsw.Connection, seq: int, at: int, until: int
) -> tuple[tuple[JournalRecord, ...], int]:
    """Alarm records after a place in their order up to ``until``, and up to which time these are all.

    They end where the clock goes back: what follows belongs to another place of the same time.
    """
    query = f"select {COLUMNS} from journal where seq > ? and {IS_ALARM} order by seq limit ?"
    found = tuple(_in_time(_records(database, query, (seq, MOST_CHANGES)), at, until))
    return found, found[-1].receive_time if len(found) == MOST_CHANGES else until


def _revision_end(database: apsw.Connection, turns: Sequence[_Turn], seq: int, revision: str) -> int:
    query = "select receive_time from journal where seq = ? and plant_revision <> ?"
    ends = (
        _number(database, query, one.seq, revision)
        for one in turns
        if one.seq > seq and one.event in _REVISIONS
    )
    return next(filter(None, ends), 0)


def _life(database: apsw.Connection, turns: Sequence[_Turn], seq: int) -> tuple[bool, int]:
    """``ran`` and ``alive_until`` of ``PastRecords``."""
    lives = _lives(turns)
    following = bisect_right(lives, seq, key=lambda one: one[1])
    ran = following > 0 and lives[following - 1][0]
    broke_off = ran and following < len(lives) and lives[following][0]
    return ran, _kept(database, lives[following][1] - 1) if broke_off else 0


def _outages(database: apsw.Connection, turns: Sequence[_Turn], low: int, high: int) -> list[Outage]:
    """Also the one that began before the first of these places, and the one that ends after the last."""
    lives = _lives(turns)
    first = bisect_right(lives, low, key=lambda one: one[1])
    last = bisect_right(lives, high, key=lambda one: one[1])
    meant = [*lives[max(first - 1, 0) : first], *lives[first:last][:MOST_MARKS], *lives[last : last + 1]]
    found: list[Outage] = []
    for (ran, ended), (begins, began) in pairwise(meant):
        if begins:
            start = _kept(database, began - 1 if ran else ended)
            found.append(Outage(start, _kept(database, began), ran))
    return [one for one in found if one.start < one.end]


def _lives(turns: Sequence[_Turn]) -> list[tuple[bool, int]]:
    """Records of a runtime that began (True) or ended, with their numbers, in order."""
    return [(one.event == "runtime.started", one.seq) for one in turns if one.event in _LIVES]


def _records(database: apsw.Connection, query: str, given: Sequence[int | str]) -> Iterator[JournalRecord]:
    return map(record_of, database.execute(query, tuple(given)))


def _number(database: apsw.Connection, query: str, *given: int | str) -> int:
    row = database.execute(query, given).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def _text(database: apsw.Connection, query: str, *given: int | str) -> str:
    row = database.execute(query, given).fetchone()
    return str(row[0]) if row and row[0] is not None else ""

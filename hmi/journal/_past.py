"""What the journal held at an instant: where it ended then, the newest record of each alarm, and what followed.

The order of the records is the order in which stations were told, so an instant is a place in that order: the last
record that was kept by then. Where the session clock went back (a restored simulation, a corrected system clock) one
time names several places; the last of them is meant, for what was recorded later took the place of the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import apsw

from hmi.core.alarms import STATELESS
from hmi.core.journal import JournalRecord
from hmi.journal._index import BLOCK
from hmi.journal._records import COLUMNS, record_of

MOST_CHANGES = 2_000
MOST_COUNTED = 100_000
"""Records that a timeline looks at; of more than that it takes every so many blocks of them."""
MOST_SLOTS = 4_000
_CLOCK_TURNS = ("run.started", "runtime.started", "clock.stepped")
_MARKS = ("runtime.started", "runtime.stopped", "plant.applied", "run.started")


class PastRecords(NamedTuple):
    """The alarms of an instant. ``seq`` 0: it lies before the first record.

    ``revision``: of the plant, valid then and up to ``revision_until`` (UTC ns, 0: still). ``ran``: a runtime had begun
    and had not ended. ``alive_until``: it never said that it ended, and this is the time (UTC ns) of its last record;
    0 when it ended as it should, or still runs. ``states`` and ``changes`` are alarm records in order; the changes are
    all up to ``until`` (UTC ns), at their receive time.
    """

    seq: int
    revision: str
    revision_until: int
    ran: bool
    states: tuple[JournalRecord, ...]
    changes: tuple[JournalRecord, ...]
    until: int
    holds: tuple[JournalRecord, ...] = ()
    """The newest record of each thing that people hold: control tags, manual values, bypasses, areas."""
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


def place_at(database: apsw.Connection, at: int) -> int:
    """Number of the last record that was kept by ``at`` (UTC ns), 0 when it lies before all of them."""
    newest = _number(database, "select max(seq) from journal")
    first = _number(database, "select min(seq) from journal")
    marks = ",".join("?" * len(_CLOCK_TURNS))
    turns = [
        int(row[0])
        for row in database.execute(
            f"select seq from journal where kind = 'system' and event in ({marks}) order by seq", _CLOCK_TURNS
        )
    ]
    begins = sorted({first, *turns})
    for begin, end in reversed(list(zip(begins, [*(one - 1 for one in begins[1:]), newest], strict=True))):
        if begin and begin <= end and _kept(database, begin) <= at:
            return _last_by(database, begin, end, at)
    return 0


def records_at(database: apsw.Connection, at: int, until: int) -> PastRecords:
    """What is to be known of the alarms at ``at``, and of their changes up to ``until`` (both UTC ns)."""
    seq = place_at(database, at)
    revision = _text(database, "select plant_revision from journal where seq = ?", seq)
    if not seq:
        revision = _text(database, "select plant_revision from journal order by seq limit 1")
    changes, complete = _changes(database, seq, at, until)
    ran, alive_until = _life(database, seq)
    return PastRecords(
        seq,
        revision,
        _revision_end(database, seq, revision),
        ran,
        _states(database, seq),
        changes,
        complete,
        _holds(database, seq),
        _hold_changes(database, seq, at, complete),
        alive_until,
    )


def revision_at(database: apsw.Connection, at: int) -> str:
    """The plant revision that was valid at ``at`` (UTC ns); before the first record that of the first one."""
    seq = place_at(database, at)
    where = "where seq = ?" if seq else "order by seq limit 1"
    return _text(database, f"select plant_revision from journal {where}", *((seq,) if seq else ()))


def density(database: apsw.Connection, start: int, end: int, slots: int) -> Density:
    """How much happened in each of ``slots`` equal parts of the time from ``start`` to ``end`` (UTC ns)."""
    slots = max(1, min(slots, MOST_SLOTS))
    found = Density([0] * slots, [0] * slots, [0] * slots, [], _kept(database, 0), [])
    low, high = place_at(database, start), place_at(database, end)
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
    found.marks.extend(_marks(database, low, high))
    found.outages.extend(_outages(database, low, high))
    return found


def _marks(database: apsw.Connection, low: int, high: int) -> list[Mark]:
    query = (
        f"select receive_time, event, plant_revision from journal where kind = 'system' and seq > ? and seq <= ?"
        f" and event in ({','.join('?' * len(_MARKS))}) order by seq desc limit 500"
    )
    rows = database.execute(query, (low, high, *_MARKS))
    return [Mark(int(at), str(event), str(revision)) for at, event, revision in rows][::-1]


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


def _states(database: apsw.Connection, seq: int) -> tuple[JournalRecord, ...]:
    """Asks each subject for its newest record up to there; what is not in the index yet is gone through."""
    out = f"event not in ({','.join('?' * len(STATELESS))})"
    query = f"""
        select {COLUMNS} from journal where seq in (
          select max(newest) from (
            select object_id, (select max(seq) from place where subject = s.id and seq <= ?) as newest
            from subjects s where kind = 'alarm' and {out}
            union all
            select object_id, max(seq) from journal
            where kind = 'alarm' and seq < (select coalesce(max(below), 0) from catch_up) and seq <= ? and {out}
            group by object_id
          ) where newest is not null group by object_id
        ) order by seq"""
    return _records(database, query, (seq, *STATELESS, seq, *STATELESS))


def _holds(database: apsw.Connection, seq: int) -> tuple[JournalRecord, ...]:
    query = f"""
        select {COLUMNS} from journal where seq in (
          select max(newest) from (
            select object_id, (select max(seq) from place where subject = s.id and seq <= ?) as newest
            from subjects s where kind = 'audit' and event >= 'hold.' and event < 'hold/'
          ) where newest is not null group by object_id
        ) order by seq"""
    return _records(database, query, (seq,))


def _hold_changes(database: apsw.Connection, seq: int, at: int, until: int) -> tuple[JournalRecord, ...]:
    """Records of what people hold after a place up to ``until``; they end where the clock goes back."""
    query = f"""
        select {COLUMNS} from journal where seq in (
          select p.seq from subjects s join place p on p.subject = s.id
          where s.kind = 'audit' and s.event >= 'hold.' and s.event < 'hold/' and p.seq > ?
        ) order by seq limit ?"""
    found: list[JournalRecord] = []
    last = at
    for record in _records(database, query, (seq, MOST_CHANGES)):
        if record.receive_time > until or record.receive_time < last:
            break
        last = record.receive_time
        found.append(record)
    return tuple(found)


def _changes(
    database: apsw.Connection, seq: int, at: int, until: int
) -> tuple[tuple[JournalRecord, ...], int]:
    """Alarm records after a place in their order up to ``until``, and up to which time these are all.

    They end where the clock goes back: what follows belongs to another place of the same time.
    """
    query = (
        f"select {COLUMNS} from journal where seq > ? and kind = 'alarm'"
        f" and event not in ({','.join('?' * len(STATELESS))}) order by seq limit ?"
    )
    found: list[JournalRecord] = []
    last = at
    for record in _records(database, query, (seq, *STATELESS, MOST_CHANGES)):
        if record.receive_time > until or record.receive_time < last:
            return tuple(found), until
        last = record.receive_time
        found.append(record)
    return tuple(found), last if len(found) == MOST_CHANGES else until


def _revision_end(database: apsw.Connection, seq: int, revision: str) -> int:
    query = (
        "select receive_time from journal where kind = 'system' and seq > ?"
        " and event in ('plant.applied', 'runtime.started') and plant_revision <> ? order by seq limit 1"
    )
    return _number(database, query, seq, revision)


def _life(database: apsw.Connection, seq: int) -> tuple[bool, int]:
    """``ran`` and ``alive_until`` of ``PastRecords``."""
    before, after = _lives(database, "seq <= ?", seq, newest=True), _lives(database, "seq > ?", seq)
    ran = bool(before) and before[0][0]
    broke_off = ran and bool(after) and after[0][0]
    return ran, _kept(database, after[0][1] - 1) if broke_off else 0


def _outages(database: apsw.Connection, low: int, high: int) -> list[Outage]:
    """Also the one that began before the first of these places, and the one that ends after the last."""
    lives = [
        *_lives(database, "seq <= ?", low, newest=True),
        *_lives(database, "seq > ? and seq <= ?", low, high, most=500),
        *_lives(database, "seq > ?", high),
    ]
    found: list[Outage] = []
    for (ran, ended), (begins, began) in pairwise(lives):
        if begins:
            start = _kept(database, began - 1 if ran else ended)
            found.append(Outage(start, _kept(database, began), ran))
    return [one for one in found if one.start < one.end]


def _lives(
    database: apsw.Connection, where: str, *given: int, newest: bool = False, most: int = 1
) -> list[tuple[bool, int]]:
    """Records of a runtime that began (True) or ended, with their numbers, in order."""
    query = (
        f"select event, seq from journal where kind = 'system' and {where}"
        " and event in ('runtime.started', 'runtime.stopped')"
        f" order by seq {'desc' if newest else 'asc'} limit {most}"
    )
    return [(event == "runtime.started", int(seq)) for event, seq in database.execute(query, given)]


def _records(database: apsw.Connection, query: str, given: Sequence[int | str]) -> tuple[JournalRecord, ...]:
    return tuple(record_of(row) for row in database.execute(query, tuple(given)))


def _number(database: apsw.Connection, query: str, *given: int | str) -> int:
    row = database.execute(query, given).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def _text(database: apsw.Connection, query: str, *given: int | str) -> str:
    row = database.execute(query, given).fetchone()
    return str(row[0]) if row and row[0] is not None else ""

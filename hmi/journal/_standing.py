"""What stood at an instant: alarms that were not normal, and what people held, by the newest record of each.

Every so many records the numbers of those that stand are noted, so that an instant needs the last note before it and
the few records between, however long the journal is. A note says nothing that the records do not: it is made from
them some time after they were kept, a missing one is made later, and a damaged one is not believed.
"""

from __future__ import annotations

import json
import zlib
from array import array
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import apsw

from hmi.core.alarms import STATELESS, AlarmState
from hmi.core.journal import JournalRecord, Kind
from hmi.journal._records import COLUMNS, payload_of, record_of

EVERY = 2_048
"""Records between two notes."""
FAR = 4 * EVERY
"""So far from the last note the plain way is no slower."""
SCHEMA = "create table if not exists standing (seq integer primary key, numbers blob not null) strict;"
HOLD_REFUSED = "hold.refused"
_STATELESS = ",".join(f"'{event}'" for event in STATELESS)
IS_ALARM = f"kind = 'alarm' and event not in ({_STATELESS})"
IS_HOLD = f"kind = 'audit' and event >= 'hold.' and event < 'hold/' and event <> '{HOLD_REFUSED}'"
Key = tuple[str, str]  # kind, object id


class Standing(NamedTuple):
    """The newest record of each alarm that is not normal and of each thing that is held, both in order."""

    alarms: tuple[JournalRecord, ...]
    holds: tuple[JournalRecord, ...]


def stands(kind: Kind, payload: Mapping[str, Any]) -> bool:
    """Whether an alarm is not normal after its record, or something is held after one of holds."""
    if kind is Kind.ALARM:
        return payload.get("after", AlarmState.NORM.value) != AlarmState.NORM.value
    return bool(payload.get("kept"))


def standing_at(database: apsw.Connection, seq: int) -> Standing:
    """After the record with this number; 0: before all of them."""
    note = _note_before(database, seq)
    return standing_plainly(database, seq) if note is None else _from(database, note, seq)


def standing_plainly(database: apsw.Connection, seq: int) -> Standing:
    """The same without notes: asks each subject for its newest record; what is not in the index yet is gone through."""
    found = (_newest_of_each(database, condition, seq) for condition in (IS_ALARM, IS_HOLD))
    return Standing(*(tuple(one for one in records if _stands(one)) for records in found))


class StandingWriter:
    """Makes the notes; lives with the writing connection and on its thread."""

    def __init__(self, database: apsw.Connection) -> None:
        self._database = database
        self._at = -1
        self._numbers: dict[Key, int] = {}

    def is_due(self, head: int) -> bool:
        """Whether the next note can be made; from any thread."""
        return head - self._at >= EVERY

    def step(self, head: int) -> bool:
        """The next note, in a transaction of its own; False when it is not due at ``head``, the last record."""
        if self._at < 0:
            self._take_up()
        if not self.is_due(head):
            return False
        due = self._at + EVERY
        try:
            self._follow(due)
            with self._database:
                self._database.execute(
                    "insert or replace into standing values (?, ?)", (due, _packed(self._numbers.values()))
                )
        except BaseException:
            self._at = -1
            raise
        self._at = due
        return True

    def _take_up(self) -> None:
        """Goes on after the last note; from the first record when that one cannot be read."""
        at, numbers = _last_note(self._database, "1") or (0, ())
        self._numbers = {
            (one.kind.value, one.object_id): one.seq for one in _fetched(self._database, numbers)
        }
        self._at = at

    def _follow(self, due: int) -> None:
        newest = _newest_between(self._database, self._at, due)
        query = "select seq, payload from journal where seq in (select value from json_each(?))"
        payloads = dict(self._database.execute(query, (_listed(newest.values()),)))
        for key, seq in newest.items():
            if stands(Kind(key[0]), payload_of(payloads.get(seq))):
                self._numbers[key] = seq
            else:
                self._numbers.pop(key, None)


# ------------------------------------------------------------------------------------------ notes

Note = tuple[
    int, tuple[int, ...]
]  # number of the record after which it was made, numbers of those that stand


def _note_before(database: apsw.Connection, seq: int) -> Note | None:
    """None when there is none near. Before the first record nothing stands: that needs no note."""
    if seq <= FAR:
        return _last_note(database, "seq <= ?", seq) or (0, ())
    return _last_note(database, "seq <= ? and seq >= ?", seq, seq - FAR)


def _last_note(database: apsw.Connection, where: str, *given: int) -> Note | None:
    """None also for a file without notes, and when the last one is damaged."""
    if not database.execute("select 1 from sqlite_schema where name = 'standing'").fetchone():
        return None
    query = f"select seq, numbers from standing where {where} order by seq desc limit 1"
    for seq, packed in database.execute(query, given):
        try:
            return int(seq), _unpacked(packed)
        except (zlib.error, ValueError, TypeError):
            return None
    return None


def _packed(numbers: Iterable[int]) -> bytes:
    """As steps from one to the next."""
    steps = array("q", (after - before for before, after in pairwise((0, *sorted(numbers)))))
    return zlib.compress(steps.tobytes(), 1)


def _unpacked(packed: Any) -> tuple[int, ...]:
    steps = array("q")
    steps.frombytes(zlib.decompress(packed))
    return tuple(accumulate(steps))


# ------------------------------------------------------------------------------------------ records


def _from(database: apsw.Connection, note: Note, seq: int) -> Standing:
    at, numbers = note
    newest = _newest_between(database, at, seq)
    before = (one for one in _fetched(database, numbers) if (one.kind.value, one.object_id) not in newest)
    found = sorted(
        (one for one in (*before, *_fetched(database, newest.values())) if _stands(one)),
        key=lambda one: one.seq,
    )
    return Standing(
        tuple(one for one in found if one.kind is Kind.ALARM),
        tuple(one for one in found if one.kind is Kind.AUDIT),
    )


def _newest_between(database: apsw.Connection, low: int, high: int) -> Mapping[Key, int]:
    """The newest record of each alarm and each thing that is held after ``low`` up to ``high``."""
    query = (
        "select kind, object_id, seq from journal where seq > ? and seq <= ?"
        f" and (+{IS_ALARM} or +{IS_HOLD}) order by seq"
    )
    return {(str(kind), str(key)): int(seq) for kind, key, seq in database.execute(query, (low, high))}


def _fetched(database: apsw.Connection, numbers: Iterable[int]) -> Iterator[JournalRecord]:
    query = f"select {COLUMNS} from journal where seq in (select value from json_each(?))"
    return map(record_of, database.execute(query, (_listed(numbers),)))


def _listed(numbers: Iterable[int]) -> str:
    return json.dumps(list(numbers))


def _stands(record: JournalRecord) -> bool:
    return stands(record.kind, record.payload)


def _newest_of_each(database: apsw.Connection, condition: str, seq: int) -> Iterator[JournalRecord]:
    query = f"""
        select {COLUMNS} from journal where seq in (
          select max(newest) from (
            select object_id, (select max(seq) from place where subject = s.id and seq <= :seq) as newest
            from subjects s where {condition}
            union all
            select object_id, max(seq) from journal
            where seq < (select coalesce(max(below), 0) from catch_up) and seq <= :seq and {condition}
            group by object_id
          ) where newest is not null group by object_id
        ) order by seq"""
    return map(record_of, database.execute(query, {"seq": seq}))

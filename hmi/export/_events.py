"""Records of the journal as rows: alarms and the audit trail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import apsw

from hmi.core.clock import NS_PER_S
from hmi.core.errors import StorageError
from hmi.core.journal import JournalRecord, Kind
from hmi.export._progress import Head, Piece
from hmi.export._source import ALL, Part
from hmi.export.port import Event, ExportTag
from hmi.journal import JournalReader
from hmi.project.exports import ExportWhat

MOST_EVENTS: Final = 20_000
_PAGE: Final = 1_000
KINDS: Final = {ExportWhat.ALARMS: "alarm", ExportWhat.AUDIT: "audit", ExportWhat.SECURITY: ""}
"""The kind that is read; empty: all, of which the events of security are taken."""
_SECURITY: Final = (
    "access.", "account.", "audit.", "certificate.", "clock.", "export.", "plant.", "program.", "runtime.", "session.",
    "station.", "token.",
)  # fmt: skip
_ROUTINE: Final = "audit.sealed"
"""Every few minutes, and of nobody's doing."""


class EventSource:
    """Records of one kind, or those of security, by their number in the journal, which counts the others too."""

    series: tuple[ExportTag, ...] = ()
    piece = Piece(86_400 * NS_PER_S)
    margin = 0

    def __init__(self, journal: JournalReader, what: ExportWhat) -> None:
        self._journal, self._kind, self._what = journal, KINDS[what], what

    def head(self) -> Head:
        newest = self._read(lambda: self._journal.newest(1, "", ""))
        if not newest:
            return Head(0, 0, 1, 0)
        return Head(newest[0].seq, newest[0].receive_time, 1, newest[0].receive_time)

    def time_of(self, seq: int) -> int:
        found = self._read(lambda: self._journal.after(seq - 1, "", "", 1))
        return found[0].receive_time if found else 0

    def time_at(self, seq: int) -> int:
        return self.time_of(seq)

    def past_end(self, head: Head) -> int:
        return head.time + 1

    def settled(self, at: int) -> int:
        return at

    def earliest(self, since: int) -> int:
        first = self._read(lambda: self._journal.received(since, since)[0])
        return self.time_of(first)

    def read(self, first: int, last: int) -> Part:
        events: list[Event] = []
        after = first - 1
        while len(events) < MOST_EVENTS:
            start = after
            page = self._read(lambda start=start: self._journal.after(start, self._kind, "", _PAGE))
            wanted = (record for record in page if record.seq <= last and is_of(self._what, record))
            events += [event_of(record) for record in wanted]
            if len(page) < _PAGE or page[-1].seq > last:
                return Part(last, self.time_of(last), events=tuple(events))
            after = page[-1].seq
        return Part(after, self.time_of(after), events=tuple(events))

    def read_past(self, start: int, end: int, places: slice = ALL) -> Part:
        return Part(0, end, events=tuple(self._between(start, end)))

    def newest(self) -> None:
        return None

    def _between(self, start: int, end: int) -> Iterator[Event]:
        low, high = self._read(lambda: self._journal.received(start, end))
        after = low - 1
        while after < high:
            begin = after
            page = self._read(lambda begin=begin: self._journal.after(begin, self._kind, "", _PAGE))
            for record in page:
                is_within = record.seq <= high and start <= record.receive_time < end
                if is_within and is_of(self._what, record):
                    yield event_of(record)
            if len(page) < _PAGE:
                return
            after = page[-1].seq

    def _read(self, work: Any) -> Any:
        try:
            return work()
        except apsw.Error as error:
            raise StorageError(f"the journal cannot be read now: {error}") from error


def is_of(what: ExportWhat, record: JournalRecord) -> bool:
    """Whether a record that was read by its kind (``KINDS``) belongs to what is asked for."""
    if what is not ExportWhat.SECURITY:
        return True
    return (
        record.kind in (Kind.AUDIT, Kind.SYSTEM)
        and record.event.startswith(_SECURITY)
        and record.event != _ROUTINE
    )


def event_of(record: JournalRecord) -> Event:
    """The record as it leaves the plant."""
    fields: Mapping[str, Any] = {
        "object": record.object_id, "actor": record.actor, "station": record.station, "run": record.run_id,
        "revision": record.plant_revision, "simulated": record.simulated, "received": record.receive_time,
        "payload": record.payload, "hash": record.hash,
    }  # fmt: skip
    return Event(record.seq, record.event_time, record.kind.value, record.event, fields)

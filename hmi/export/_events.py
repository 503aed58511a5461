"""Records of the journal as rows: alarms and the audit trail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import apsw

from hmi.core.clock import NS_PER_S
from hmi.core.errors import StorageError
from hmi.core.journal import JournalRecord
from hmi.export._progress import Head, Piece
from hmi.export._source import ALL, Part
from hmi.export.port import Event, ExportTag
from hmi.journal import JournalReader
from hmi.project.exports import ExportWhat

MOST_EVENTS: Final = 20_000
_PAGE: Final = 1_000
_KINDS: Final = {ExportWhat.ALARMS: "alarm", ExportWhat.AUDIT: "audit"}


class EventSource:
    """Records of one kind by their number in the journal, which counts records of other kinds too."""

    series: tuple[ExportTag, ...] = ()
    piece = Piece(86_400 * NS_PER_S)

    def __init__(self, journal: JournalReader, what: ExportWhat) -> None:
        self._journal, self._kind = journal, _KINDS[what]

    def head(self) -> Head:
        newest = self._read(lambda: self._journal.newest(1, "", ""))
        if not newest:
            return Head(0, 0, 1, 0)
        return Head(newest[0].seq, newest[0].receive_time, 1, newest[0].receive_time)

    def time_of(self, seq: int) -> int:
        found = self._read(lambda: self._journal.after(seq - 1, "", "", 1))
        return found[0].receive_time if found else 0

    def earliest(self, since: int) -> int:
        first = self._read(lambda: self._journal.received(since, since)[0])
        return self.time_of(first)

    def read(self, first: int, last: int) -> Part:
        events: list[Event] = []
        after = first - 1
        while len(events) < MOST_EVENTS:
            start = after
            page = self._read(lambda start=start: self._journal.after(start, self._kind, "", _PAGE))
            events += [_event(record) for record in page if record.seq <= last]
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
                if record.seq <= high and start <= record.receive_time < end:
                    yield _event(record)
            if len(page) < _PAGE:
                return
            after = page[-1].seq

    def _read(self, work: Any) -> Any:
        try:
            return work()
        except apsw.Error as error:
            raise StorageError(f"the journal cannot be read now: {error}") from error


def _event(record: JournalRecord) -> Event:
    fields: Mapping[str, Any] = {
        "object": record.object_id, "actor": record.actor, "station": record.station, "run": record.run_id,
        "revision": record.plant_revision, "simulated": record.simulated, "received": record.receive_time,
        "payload": record.payload, "hash": record.hash,
    }  # fmt: skip
    return Event(record.seq, record.event_time, record.kind.value, record.event, fields)

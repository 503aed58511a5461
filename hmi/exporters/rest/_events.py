"""Records of the journal in pages, and the alarms that stand. Blocks: called by the one thread that has the journal."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import apsw
import msgspec

from hmi.core.alarms import Priority
from hmi.core.errors import StorageError
from hmi.core.journal import JournalRecord
from hmi.export import KINDS, is_of
from hmi.exporters.rest._query import time_text
from hmi.exporters.rest._samples import BUDGET_S, FAR, Page, Range
from hmi.journal import JournalReader
from hmi.project.exports import ExportWhat

MOST_EVENTS: Final = 1_000
NOTHING: Final = -1
_PAGE: Final = 500
_IDLE: Final = frozenset({"NORM", None})
Sees = Callable[[str], bool]
"""Whether something of an area is for the one who asks."""


class EventPlace(msgspec.Struct, array_like=True):
    """The next record is one with a higher number; ``last``: the highest one of the answer, 0 = no end, or NOTHING."""

    seq: int
    last: int


class Events:
    """The journal of a runtime; opened when it is asked for first."""

    def __init__(self, opened: Callable[[], JournalReader]) -> None:
        self._open = opened
        self._journal: JournalReader | None = None

    def close(self) -> None:
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def page(self, what: ExportWhat, asked: Range, at: EventPlace | None, sees: Sees) -> Page:
        """The next records. Without an end of the range there always is a next page: what comes later."""
        return _read(lambda: self._page(what, asked, at, sees))

    def _page(self, what: ExportWhat, asked: Range, at: EventPlace | None, sees: Sees) -> Page:
        place = at or self._begin(asked)
        rows: list[Mapping[str, Any]] = []
        seq, deadline, is_done = place.seq, time.monotonic() + BUDGET_S, False
        while len(rows) < asked.limit and not is_done and time.monotonic() < deadline:
            found = self._reader.after(seq, KINDS[what], "", _PAGE)
            is_done = len(found) < _PAGE
            for record in found:
                if place.last and record.seq > place.last:
                    is_done = True
                    break
                seq = record.seq
                if is_of(what, record) and sees(area_of(record)):
                    rows.append(event_content(record))
                if len(rows) >= asked.limit:
                    is_done = False
                    break
        following = None if is_done and place.last else EventPlace(seq, place.last)
        return Page(rows, (), following, asked.end)

    def _begin(self, asked: Range) -> EventPlace:
        if not asked.start and asked.end >= FAR:
            return EventPlace(0, 0)
        low, high = self._reader.received(asked.start, asked.end)
        if asked.end >= FAR:
            return EventPlace(low - 1, 0)
        return EventPlace(low - 1, high or NOTHING)

    def standing(self, now: int, sees: Sees) -> tuple[list[Mapping[str, Any]], int]:
        """(alarms that are not normal as the journal has them, when its newest record was kept in UTC ns)."""
        return _read(lambda: self._standing(now, sees))

    def _standing(self, now: int, sees: Sees) -> tuple[list[Mapping[str, Any]], int]:
        records = self._reader.past(now, now).states
        newest = self._reader.newest(1, "", "")
        shown = (record for record in records if is_shown(record) and sees(area_of(record)))
        return [alarm_content(record) for record in shown], newest[0].receive_time if newest else 0

    @property
    def _reader(self) -> JournalReader:
        if self._journal is None:
            self._journal = self._open()
        return self._journal


def _read(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except apsw.Error as error:
        raise StorageError(f"the journal cannot be read now: {error}") from error


def is_shown(record: JournalRecord) -> bool:
    """False for an alarm that is normal, one for the journal only, and one that a rule suppresses while it is not."""
    payload = record.payload
    kept = payload.get("kept") or ()
    is_idle = payload.get("after") == "DSUPR" and bool(kept) and not kept[0]
    return payload.get("after") not in _IDLE and payload.get("priority") != Priority.JOURNAL and not is_idle


def area_of(record: JournalRecord) -> str:
    """The area that a record is of; empty where it has none."""
    return str(record.payload.get("area") or "")


def event_content(record: JournalRecord) -> Mapping[str, Any]:
    """One record."""
    return {
        "number": record.seq, "time": time_text(record.event_time), "received": time_text(record.receive_time),
        "kind": record.kind.value, "event": record.event, "object": record.object_id, "actor": record.actor,
        "station": record.station, "revision": record.plant_revision, "simulated": record.simulated,
        "fields": record.payload, "hash": record.hash,
    }  # fmt: skip


def alarm_content(record: JournalRecord) -> Mapping[str, Any]:
    """One alarm that stands."""
    said = record.payload
    return {
        "id": record.object_id, "name": said.get("name", ""), "message": said.get("message", ""),
        "state": said.get("after", ""), "priority": said.get("priority"), "area": area_of(record),
        "tag": said.get("tag_id", ""), "tag_name": said.get("tag", ""), "value": said.get("value"),
        "limit": said.get("limit"), "unit": said.get("unit", ""),
        "raised": time_text(int(said.get("alarm_time") or 0)), "changed": time_text(record.event_time),
        "simulated": record.simulated,
    }  # fmt: skip

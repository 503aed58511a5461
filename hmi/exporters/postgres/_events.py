"""Alarms and audit as rows of ``event``; of an event that came more than once the newest package counts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from psycopg import sql

from hmi.core.texts import tr
from hmi.export.digest import canonical, sum_of_events
from hmi.export.port import Event, RecordsRefused
from hmi.exporters.postgres._encode import encoded
from hmi.exporters.postgres._link import Link
from hmi.exporters.postgres._sums import Count
from hmi.exporters.postgres._tables import time_of
from hmi.exporters.postgres._times import moment

_INT64: Final = range(-(2**63), 2**63)
_STANDING: Final = sql.SQL(
    f"select e.package, e.number, {time_of('e')}, e.kind, e.event, e.fields::text from event e "
    "where e.stream_id = %s and e.number = any(%s)"
)
_PUT: Final = (
    "insert into event(stream_id, number, ts, ns, kind, event, fields, package) "
    "values (%s, %s, %s, %s, %s, %s, %s::json, %s) on conflict (stream_id, number) do update set ts = excluded.ts, "
    "ns = excluded.ns, kind = excluded.kind, event = excluded.event, fields = excluded.fields, "
    "package = excluded.package where event.package <= excluded.package"
)


def check_events(events: Sequence[Event]) -> None:
    """RecordsRefused with those that PostgreSQL cannot hold, or that are no JSON."""
    reasons = {place: reason for place, event in enumerate(events) if (reason := _reason(event))}
    if reasons:
        raise RecordsRefused(reasons)


def _reason(event: Event) -> str:
    if event.number not in _INT64 or event.time not in _INT64:
        return tr("its number or its time is beyond 64 bits")
    try:
        fields = json.dumps(dict(event.fields), allow_nan=False, default=str, ensure_ascii=False)
    except ValueError:
        return tr("it has a number that is not finite, which JSON cannot say")
    if "\\u0000" in fields:
        return encoded("\0")[0]
    return next((reason for text in (event.kind, event.event, fields) if (reason := encoded(text)[0])), "")


class EventTable:
    """The events of one stream on one connection."""

    def __init__(self, link: Link, stream_id: int) -> None:
        self._link, self._stream_id = link, stream_id

    def remove(self, package: int) -> None:
        """What an earlier delivery of this package had brought."""
        self._link.execute(
            "delete from event where stream_id = %s and package = %s", [self._stream_id, package]
        )

    def put(self, events: Sequence[Event], package: int) -> dict[int, Count]:
        """Inside a transaction; what gave way, by package, this one included."""
        chosen = {event.number: event for event in events}
        gone: dict[int, list[Event]] = {package: [one for one in events if chosen[one.number] is not one]}
        for old in self._link.execute(_STANDING, [self._stream_id, list(chosen)]).fetchall():
            if old[0] > package:
                gone[package].append(chosen.pop(old[1]))
            else:
                _, number, time, kind, event, fields = old
                gone.setdefault(old[0], []).append(Event(number, time, kind, event, json.loads(fields)))
        with self._link.cursor() as cursor:
            cursor.executemany(_PUT, self._values(chosen.values(), package))
        return {number: Count(len(found), sum_of_events(found)) for number, found in gone.items()}

    def _values(self, events: Iterable[Event], package: int) -> list[tuple[Any, ...]]:
        return [
            (self._stream_id, one.number, moment(one.time), one.time % 1000, one.kind, one.event,
             canonical(dict(one.fields)), package)
            for one in events
        ]  # fmt: skip

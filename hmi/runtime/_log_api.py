"""Verbs of the operator's log: search of the journal, notes, and the hand-over of a shift."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hmi.client.alarms import STREAMS, Handover, JournalPage, JournalQuery
from hmi.client.port import ConnectionInfo
from hmi.core.alarms import AlarmRow, AlarmState, Priority
from hmi.core.clock import NS_PER_S
from hmi.core.errors import AccessRefused
from hmi.core.journal import Entry, JournalRecord, Kind
from hmi.core.principal import Principal, Role
from hmi.core.texts import tr
from hmi.journal import record_dict
from hmi.project.plant import Instance, Plant
from hmi.runtime._handover import HIDDEN, MOST, Done, Facts, handover, in_manual, mode_tags
from hmi.runtime._runtime import Runtime
from hmi.runtime._verbs import BadRequest, NotFound, Verb

NOTE_LIMIT, TEXT_LIMIT = 2_000, 500
NOTES_LIMIT = 1_000
LINK = "link:"
"""Before the name of a connection in the id of its alarm; a unit behind it follows a slash."""
SHIFT_NS = 12 * 3600 * NS_PER_S
_HID = {AlarmState.SHLVD: "SHELVE", AlarmState.OOSRV: "OOS", AlarmState.DSUPR: "SUPPRESS"}


def log_verbs(runtime: Runtime, links: Callable[[], list[ConnectionInfo]]) -> tuple[Verb, ...]:
    """The verbs; ``links`` gives the state of every connection."""
    api = LogApi(runtime, links)
    return (
        Verb(
            "GET", "/v1/journal/search", Role.VIEW, api.search,
            "Records by words (each may be the beginning of one), stream, area, priority, event, object and time "
            "(UTC ns), newest first; `before` 0 begins with the newest.",
            {"text": "string", "stream": "string", "area": "string", "priorities": "array", "event": "string",
             "object_id": "string", "start": "integer", "end": "integer", "before": "integer", "limit": "integer"},
        ),
        Verb(
            "POST", "/v1/notes", Role.ACKNOWLEDGE, api.note,
            "A note of at most 2,000 characters on a tag, alarm, instance, display, connection or area.",
            {"object_id": "string", "text": "string"}, by_area=True,
        ),
        Verb(
            "GET", "/v1/handover", Role.VIEW, api.handover,
            "What the next shift has to know; notes since a time (UTC ns; 0: 12 hours ago).",
            {"since": "integer"},
        ),
    )  # fmt: skip


class LogApi:
    """Reads go to the journal's own readers: nothing here holds up an alarm or a command."""

    def __init__(self, runtime: Runtime, links: Callable[[], list[ConnectionInfo]]) -> None:
        self._runtime, self._links = runtime, links

    async def search(self, principal: Principal, given: Mapping[str, Any]) -> JournalPage:
        query, journal = query_of(given), self._runtime.services.journal
        # asked before the page: what is taken in between is then searched, never wrongly said to be
        searched_from = await journal.indexed_from()
        records, more = await journal.search(query)
        return JournalPage([record_dict(record) for record in records], more, searched_from)

    async def note(self, principal: Principal, given: Mapping[str, Any]) -> dict[str, int]:
        """The number of the record: the note is on the disk."""
        object_id, text = given.get("object_id", ""), given.get("text", "")
        if not isinstance(object_id, str) or not isinstance(text, str) or not text.strip():
            raise BadRequest("a note needs an object_id and a text")
        if len(text) > NOTE_LIMIT:
            raise BadRequest(f"the note has {len(text)} characters; at most {NOTE_LIMIT} are kept")
        found = place_of(self._runtime.plant, object_id) or self._listed(object_id)
        if found is None:
            raise NotFound(f"there is no object {object_id[:64]!r} to write a note on")
        if not principal.has(Role.ACKNOWLEDGE, self._runtime.plant.lineage(found[1])):
            raise AccessRefused(
                tr("{user} has no right to write notes on {name}", user=principal.user, name=found[0])
            )
        payload = {"text": text.strip(), "name": found[0], "area": found[1]}
        s = self._runtime.services
        entry = Entry(Kind.NOTE, "note", principal, object_id, s.clock.now_ns(), payload)
        (record,) = await s.journal.append(entry)
        self._runtime.tell("journal", record_dict(record))
        return {"seq": record.seq}

    async def handover(self, principal: Principal, given: Mapping[str, Any]) -> Handover:
        runtime, now = self._runtime, self._runtime.services.clock.now_ns()
        since = given["since"]
        if since < 0:
            raise BadRequest("since is a time, UTC ns")
        since = since or now - SHIFT_NS
        runtime.scan.glance(list(runtime.handles.values()))
        alarms, latest = runtime.services.alarms, runtime.services.tags.latest
        rows = (*alarms.active(), *alarms.hidden(), *runtime.server_alarms.rows())
        hidden = [row for row in rows if row.state in HIDDEN]
        manual = in_manual(runtime.plant, lambda tag: latest[tag.handle])
        query = JournalQuery(stream="note", start=since, limit=NOTES_LIMIT)
        notes, _ = await runtime.services.journal.search(query)
        facts = Facts(
            now=now,
            since=since,
            active=[row for row in rows if row.state not in HIDDEN],
            hidden=hidden,
            points=runtime.points.page(latest, now, limit=5_000).points,
            manual=manual,
            links=self._links(),
            notes=notes,
            hidden_by=await self._hidden_by(hidden[:MOST]),
            moded_by=await self._moded_by(manual[:MOST]),
            holds=runtime.holds.book.snapshot(),
            plant=runtime.plant,
        )
        return handover(facts)

    def _listed(self, alarm_id: str) -> tuple[str, str] | None:
        """Name and area of an alarm that a connected server keeps."""
        row = self._runtime.alarms.row_of(alarm_id)
        return (row.tag_name or row.name, row.area) if row else None

    async def _hidden_by(self, rows: Sequence[AlarmRow]) -> dict[str, Done]:
        """Who hid each alarm, and why."""
        found: dict[str, Done] = {}
        for row in rows:
            query = JournalQuery(object_id=row.alarm_id, event=_HID.get(row.state, "SUPPRESS"), limit=1)
            records, _ = await self._runtime.services.journal.search(query)
            if records:
                found[row.alarm_id] = _done(records[0])
        return found

    async def _moded_by(self, instances: Sequence[Instance]) -> dict[str, Done]:
        """The newest confirmed command on the mode of each."""
        found: dict[str, Done] = {}
        for one in instances:
            for tag in mode_tags(self._runtime.plant, one):
                query = JournalQuery(object_id=tag.id, event="command.confirmed", limit=1)
                records, _ = await self._runtime.services.journal.search(query)
                if records and records[0].event_time > found.get(one.id, Done()).since:
                    found[one.id] = _done(records[0])
        return found


def query_of(given: Mapping[str, Any]) -> JournalQuery:
    """The query of a request; BadRequest with one sentence."""
    if given["stream"] and given["stream"] not in STREAMS:
        raise BadRequest(f"there is no stream {given['stream'][:40]!r}; use one of: {', '.join(STREAMS)}")
    if len(given["text"]) > TEXT_LIMIT:
        raise BadRequest(f"the text is longer than {TEXT_LIMIT} characters")
    for name in ("start", "end", "before", "limit"):
        if given[name] < 0:
            raise BadRequest(f"{name}={given[name]} is negative")
    if given["end"] and given["end"] <= given["start"]:
        raise BadRequest("the time ends before it begins")
    return JournalQuery(**{**given, "priorities": tuple(_priority(text) for text in given["priorities"])})


def place_of(plant: Plant, object_id: str) -> tuple[str, str] | None:
    """Name and area of anything a note may be written on; None when there is no such thing."""
    if (tag := plant.by_id.get(object_id)) is not None:
        return tag.name, tag.area
    for alarm in plant.alarms:
        if alarm.id == object_id:
            tag = plant.by_id.get(alarm.tag_id)
            return f"{tag.name} {alarm.name}" if tag else alarm.name, alarm.area
    places = [(one.id, one.name, one.area) for one in plant.instances.values()]
    places += [(one.id, one.title, one.area) for one in plant.displays.values()]
    places += [(area.path, area.title, area.path) for area in plant.areas]
    places += [(name, name, "") for name in plant.connections]
    places.append((plant.id, plant.title, ""))
    own = object_id.removeprefix(LINK).partition("/")[0] if object_id.startswith(LINK) else object_id
    return next(((name, area) for key, name, area in places if key == own), None)


def _priority(text: str) -> int:
    try:
        return Priority(int(text)).value
    except ValueError:
        raise BadRequest(f"priorities={text[:40]!r} is not a number from 1 to 5") from None


def _done(record: JournalRecord) -> Done:
    said = record.payload
    texts = [str(said.get(name) or "") for name in ("reason", "reason_code", "comment")]
    return Done(record.actor, ": ".join(dict.fromkeys(text for text in texts if text)), record.event_time)

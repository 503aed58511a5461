"""What happened beside the curves: alarms, commands, notes and annotations on the time axis; no Qt."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from hmi.client.alarms import JournalQuery
from hmi.client.history import AnnotationInfo
from hmi.client.port import RuntimeClient
from hmi.core.errors import WatchkeeperError
from hmi.ui.log.words import at_of, event_text, object_text, payload_of, priority_of, said_text, who_text

MOST: Final = 2_000
PAGE: Final = 500
_ALARM_EVENTS: Final = frozenset(("ALM", "REALARM"))
_RETURNS: Final = frozenset(("RTN",))
_STEPS: Final = frozenset(("command.requested", "command.selected", "command.settled"))
"""Records beside the one that says what came of a command."""


@dataclass(frozen=True, slots=True)
class Marker:
    """One thing at an instant (UTC ns). ``kind``: alarm, return, command, note or annotation.

    ``key`` is the same for the same thing happening again. ``annotation``: its id, else empty.
    """

    at: int
    kind: str
    title: str
    text: str
    who: str = ""
    priority: int = 0
    key: str = ""
    tag_id: str = ""
    annotation: str = ""


class Happened(NamedTuple):
    """Markers in order of time. ``since`` (UTC ns): there may be more before it, for they were too many to read;
    0: these are all.
    """

    markers: list[Marker]
    since: int = 0


async def read_markers(
    client: RuntimeClient,
    ids: Sequence[str],
    names: Collection[str],
    instances: Collection[str],
    start: int,
    end: int,
) -> Happened:
    """What is about these tags (ids, names and the equipment they belong to) between two instants, newest first."""
    found = [marker_of_note(one) for one in await _annotations(client, ids, start, end)]
    known = {*ids, *names, *instances}
    before, more = 0, True
    seen, oldest, is_cut = 0, end, False
    while more and seen < MOST:
        page = await client.search_journal(JournalQuery(start=start, end=end, before=before, limit=PAGE))
        found += markers_of(page.records, known)
        seen += len(page.records)
        oldest = min((at_of(record) for record in page.records), default=oldest)
        before, more = page.next_before, bool(page.next_before)
        is_cut = bool(page.searched_from) or more
    return Happened(sorted(found, key=lambda one: one.at), oldest if is_cut else 0)


async def _annotations(
    client: RuntimeClient, ids: Sequence[str], start: int, end: int
) -> list[AnnotationInfo]:
    """None while the runtime has none to give: the journal is shown all the same."""
    try:
        return await client.annotations(ids, start, end)
    except WatchkeeperError:
        return []


def markers_of(records: Iterable[dict[str, Any]], known: Collection[str]) -> list[Marker]:
    """Those records that are about one of the known objects and belong beside a curve."""
    return [
        marker
        for record in records
        if (kind := kind_of(record)) and is_about(record, known)
        for marker in (_marker(record, kind),)
    ]


def kind_of(record: dict[str, Any]) -> str:
    """alarm, return, command, note; empty for a record that is not shown."""
    event, kind = str(record.get("event", "")), str(record.get("kind", ""))
    if kind == "alarm":
        return "alarm" if event in _ALARM_EVENTS else "return" if event in _RETURNS else ""
    if kind == "note":
        return "note"
    if kind == "audit" and event.startswith("command.") and event not in _STEPS:
        return "command"
    return ""


def is_about(record: dict[str, Any], known: Collection[str]) -> bool:
    """One of the objects itself, or a tag of equipment among them."""
    said = payload_of(record)
    named = (
        record.get("object_id"),
        said.get("tag_id"),
        said.get("tag"),
        said.get("tag_name"),
        said.get("instance"),
    )
    return any(name in known or str(name).rpartition(".")[0] in known for name in named if name)


def _marker(record: dict[str, Any], kind: str) -> Marker:
    return Marker(
        at_of(record), kind, f"{event_text(record)}  {object_text(record)}".strip(), said_text(record),
        who_text(record), priority_of(record) if kind in {"alarm", "return"} else 0,
        f"{record.get('object_id', '')} {record.get('event', '')}", str(payload_of(record).get("tag_id") or ""),
    )  # fmt: skip


def marker_of_note(one: AnnotationInfo) -> Marker:
    return Marker(
        one.time, "annotation", one.text, "", one.user, 0, f"annotation {one.id}", one.tag_id, one.id
    )


def grouped(markers: Sequence[Marker], places: Sequence[float], apart: float) -> list[list[int]]:
    """Indices of markers that stand closer than ``apart`` pixels, together; they are in order of time."""
    groups: list[list[int]] = []
    for index, x in enumerate(places):
        if groups and x - places[groups[-1][0]] < apart:
            groups[-1].append(index)
        else:
            groups.append([index])
    return groups


def before_same(markers: Sequence[Marker], one: Marker) -> Marker | None:
    """The same thing the last time it happened before."""
    earlier = [other for other in markers if other.key == one.key and other.at < one.at]
    return earlier[-1] if earlier else None

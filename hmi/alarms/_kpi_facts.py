"""What the figures need of a journal record of an alarm, whatever form the record comes in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from hmi.alarms import _gap
from hmi.core.alarms import AlarmEvent
from hmi.core.journal import JournalRecord, Kind

EVENTS = frozenset(event.value for event in AlarmEvent) - {AlarmEvent.REFUSED.value, AlarmEvent.SILENCE.value}


class Said(msgspec.Struct, gc=False):
    """The part of the payload of an alarm record (standards 1.6) that is read; times UTC ns."""

    before: str = ""
    after: str = ""
    priority: int = 0
    area: str = ""
    hidden: bool = False
    alarm_time: int = 0
    quality: int = 0
    tag: str = ""
    name: str = ""
    message: str = ""
    comment: str = ""
    reason_code: str = ""
    shelve_until: int = 0
    change_number: str = ""
    annunciate: bool | None = None
    attributes: dict[str, Any] = {}
    alarm_class: str = msgspec.field(default="", name="class")
    changes: int = 0


class Fact(NamedTuple):
    """One transition; ``missing`` changes that the journal could not take stand in a fact without an alarm."""

    time: int
    event: str
    alarm_id: str
    actor: str
    simulated: bool
    said: Said
    missing: int = 0


Record = Fact | JournalRecord | Mapping[str, Any] | None
"""None is one that cannot be read."""


def facts_of(records: Iterable[Record]) -> Iterator[Fact | None]:
    """In their order; None for a record of an alarm that cannot be read. Records of other kinds are left out."""
    for record in records:
        if record is None or isinstance(record, Fact):
            yield record
        elif isinstance(record, JournalRecord):
            if is_read(record.kind.value, record.event):
                yield fact_of(
                    record.event, record.event_time, record.object_id, record.actor, record.simulated,
                    record.payload,
                )  # fmt: skip
        elif is_read(record.get("kind", Kind.ALARM.value), record.get("event", "")):
            yield fact_of(
                record["event"], record.get("event_time", 0), record.get("object_id", ""),
                record.get("actor", ""), bool(record.get("simulated")), record.get("payload"),
            )  # fmt: skip


def is_read(kind: str, event: str) -> bool:
    """True for a record that a figure may need."""
    return event == _gap.EVENT or (kind == Kind.ALARM.value and event in EVENTS)


def fact_of(event: str, time: int, alarm_id: str, actor: str, simulated: bool, payload: Any) -> Fact | None:
    """``payload`` as JSON bytes or text, or as the mapping it stands for; None when it is neither."""
    try:
        said = _decode(payload) if isinstance(payload, bytes | str) else msgspec.convert(payload, Said)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None
    return Fact(time, event, alarm_id, actor, simulated, said, max(said.changes, 0))


_decode = msgspec.json.Decoder(Said).decode

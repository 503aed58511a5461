"""The log in view as a table for other programs; pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import tzinfo

from hmi.core.texts import tr
from hmi.ui.log.words import Record, at_of, event_text, object_text, payload_of, priority_of, said_text
from hmi.ui.sheets_out import csv_text
from hmi.ui.times import local_time

HEAD = (
    "Number", "Time", "List", "Priority", "Event", "Object", "Text", "Who", "Station", "Object id", "Hash", "Record",
)  # fmt: skip


def log_csv(records: Iterable[Record], zone: tzinfo) -> str:
    """Newest first as in view; times with their offset from UTC, so that no hour is meant twice."""
    return csv_text([[tr(words) for words in HEAD], *(_cells(record, zone) for record in records)])


def _cells(record: Record, zone: tzinfo) -> Sequence[str]:
    priority = priority_of(record)
    return (
        str(record.get("seq", "")), local_time(at_of(record), zone).isoformat(timespec="milliseconds"),
        str(record.get("stream", "")), str(priority or ""), event_text(record), object_text(record),
        said_text(record), str(record.get("actor", "")), str(record.get("station", "")),
        str(record.get("object_id", "")), str(record.get("hash", "")),
        json.dumps(payload_of(record), ensure_ascii=False),
    )  # fmt: skip

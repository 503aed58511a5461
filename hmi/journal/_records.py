"""Rows of the journal's table as records; used by the writer, the readers and the check of the chain."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import apsw

from hmi.core.journal import JournalRecord, Kind
from hmi.journal._chain import GENESIS, verify_chain
from hmi.journal._streams import stream_of

COLUMNS = (
    "seq, runtime_id, run_id, event_time, receive_time, actor, station, object_id, plant_revision, kind, "
    "event, version, simulated, payload, prev_hash, hash"
)
PAYLOAD = 13  # place of the payload in a row


def row_of(record: JournalRecord, payload: str) -> tuple[Any, ...]:
    """A record as it is stored, with its payload in canonical form."""
    return (
        record.seq, record.runtime_id, record.run_id, record.event_time, record.receive_time, record.actor,
        record.station, record.object_id, record.plant_revision, record.kind.value, record.event,
        record.version, int(record.simulated), payload, record.prev_hash, record.hash,
    )  # fmt: skip


def record_of(row: tuple[Any, ...]) -> JournalRecord:
    """A stored row as a record; a payload that is no JSON any more is empty (the chain check names it)."""
    head: list[Any] = [
        *row[:9], Kind(row[9]), *row[10:12], bool(row[12]), payload_of(row[PAYLOAD]), *row[14:]
    ]  # fmt: skip
    return JournalRecord(*head)


def payload_of(text: Any) -> dict[str, Any]:
    """A stored payload; empty when it is no JSON object any more."""
    try:
        found: Any = json.loads(text)
    except (ValueError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def record_dict(record: JournalRecord) -> dict[str, Any]:
    """A record as JSON, with the list it belongs to (standards 1.1)."""
    priority = record.payload.get("priority", 0)
    stream = stream_of(record.kind, record.event, priority if isinstance(priority, int) else 0)
    return {**asdict(record), "kind": record.kind.value, "stream": stream}


def end_of(database: apsw.Connection, table: str) -> tuple[int, str]:
    """Number and hash of the last record that ``head`` or ``journal`` knows of."""
    queries = {
        "head": "select seq, hash from head",
        "journal": "select seq, hash from journal order by seq desc limit 1",
    }
    row = database.execute(queries[table]).fetchone()
    return (int(row[0]), str(row[1])) if row else (0, GENESIS)


def verified(database: apsw.Connection) -> str:
    """Empty when the whole chain of a file holds, else one sentence; a runtime may write meanwhile."""
    try:
        database.execute("begin")  # one view of the file
        try:
            return _fault(database)
        finally:
            database.execute("rollback")
    except apsw.InterruptError:
        raise  # it was given up
    except apsw.Error as error:
        return f"this is not a whole journal: {error}"


def _fault(database: apsw.Connection) -> str:
    if fault := verify_chain(database.execute(f"select {COLUMNS} from journal order by seq")):
        return fault
    head, end = end_of(database, "head"), end_of(database, "journal")
    if head[0] > end[0]:
        return f"record {end[0] + 1} is missing: {head[0]} were written"
    return "" if head == end else f"record {end[0]} is not the last one that was written"

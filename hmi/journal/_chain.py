"""The hash chain: each record's SHA-256 covers its content and the hash before it; pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from hmi.core.journal import JournalRecord

GENESIS = "0" * 64
Content = tuple[int, str, str, int, int, str, str, str, str, str, str, int, bool, str, str]
"""The fields of a record but its hash, in their order, with the payload as it is stored."""
_compact = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False).encode
_canonical = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
).encode  # half the time of one that looks for rings; these end in a RecursionError


def canonical_payload(payload: object) -> str:
    """JSON with sorted keys and no spaces: the text that is stored and hashed.

    TypeError, ValueError or RecursionError when there is none.
    """
    return _canonical(payload)


def record_hash(record: JournalRecord, payload_text: str) -> str:
    """SHA-256 (hex) over every field but the hash itself, in a fixed order."""
    return content_hash((
        record.seq, record.runtime_id, record.run_id, record.event_time, record.receive_time, record.actor,
        record.station, record.object_id, record.plant_revision, record.kind.value, record.event,
        record.version, record.simulated, payload_text, record.prev_hash,
    ))  # fmt: skip


def content_hash(content: Content) -> str:
    """The same of a record that is still to be made."""
    return hashlib.sha256(_compact(content).encode("utf-8", "surrogatepass")).hexdigest()


def verify_chain(records: Iterable[tuple[JournalRecord, str]]) -> str:
    """Empty when the chain is whole, else one sentence that names the first record that is not."""
    expected_seq, previous = 1, GENESIS
    for record, payload_text in records:
        if record.seq != expected_seq:
            return f"record {expected_seq} is missing: after it stands record {record.seq}"
        if record.prev_hash != previous:
            return (
                f"record {record.seq} does not follow the record before it: one was changed, moved or removed"
            )
        if record_hash(record, payload_text) != record.hash:
            return f"record {record.seq} was changed after it was written"
        expected_seq, previous = record.seq + 1, record.hash
    return ""

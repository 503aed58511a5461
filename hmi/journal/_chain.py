"""The hash chain: each record's SHA-256 covers its content and the hash before it; pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

GENESIS = "0" * 64
SIMULATED, PREVIOUS = 12, 14  # places in a stored row; the hash stands behind the one before it
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


def content_hash(content: Content | tuple[Any, ...]) -> str:
    """SHA-256 (hex) over every field but the hash itself, in a fixed order."""
    return hashlib.sha256(_compact(content).encode("utf-8", "surrogatepass")).hexdigest()


def verify_chain(rows: Iterable[tuple[Any, ...]]) -> str:
    """Empty when the chain of stored rows is whole, else one sentence that names the first record that is not."""
    expected_seq, previous = 1, GENESIS
    for row in rows:
        seq, simulated = row[0], row[SIMULATED]
        if seq != expected_seq:
            return f"record {expected_seq} is missing: after it stands record {seq}"
        if row[PREVIOUS] != previous:
            return f"record {seq} does not follow the record before it: one was changed, moved or removed"
        content = (*row[:SIMULATED], bool(simulated), *row[SIMULATED + 1 : PREVIOUS + 1])
        if simulated not in (0, 1) or content_hash(content) != row[PREVIOUS + 1]:
            return f"record {seq} was changed after it was written"
        expected_seq, previous = seq + 1, row[PREVIOUS + 1]
    return ""


def chain_self_test() -> str:
    """Empty when a changed and a missing record are found out here, else what is not."""
    rows: list[tuple[Any, ...]] = []
    for seq in (1, 2, 3):
        previous = rows[-1][-1] if rows else GENESIS
        content = (seq, "r", "run", 0, 0, "u", "s", "k", "e", "o", "i", 0, False, "{}", previous)
        rows.append((*content, content_hash(content)))
    changed = [rows[0], (*rows[1][:5], "x", *rows[1][6:]), rows[2]]
    if verify_chain(rows):
        return "whole records are called changed"
    if not verify_chain(changed):
        return "a changed record is not found"
    return "" if verify_chain([rows[0], rows[2]]) else "a missing record is not found"

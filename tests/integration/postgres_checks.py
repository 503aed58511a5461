"""Makes the sums of the statements again from the tables, in plain Python and without the product's digest."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import psycopg

MASK = 2**64 - 1
SEEDS = (0x57617463686B6565, 0x706572206578706F)


def mixed(state: int, word: int) -> int:
    state = ((state ^ word) + 0x9E3779B97F4A7C15) & MASK
    state = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & MASK
    state = ((state ^ state >> 27) * 0x94D049BB133111EB) & MASK
    return state ^ state >> 31


def key_word(key: str) -> int:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")


def halves(text: str) -> list[int]:
    return [int(text[:16], 16), int(text[16:], 16)]


def check_sums(admin: psycopg.Connection[Any], schema: str) -> int:
    """Every package of every stream adds up, in rows and in sum; how many rows stand."""
    found: dict[tuple[str, int], list[int]] = {}
    columns = "stream, package, key, time_ns, version, status, bits, kind, flags, deleted"
    count = 0
    for stream, package, key, time_ns, version, status, bits, kind, flags, deleted in admin.execute(
        f"select {columns} from {schema}.sample_proof"
    ):
        words = (
            key_word(key), time_ns & MASK, version, status, int.from_bytes(bits, "big"), kind, flags, deleted
        )  # fmt: skip
        row = found.setdefault((stream, package), [0, 0, 0])
        for half, seed in enumerate(SEEDS):
            state = seed
            for word in words:
                state = mixed(state, word)
            row[half] = (row[half] + state) & MASK
        row[2] += 1
        count += 1
    count += _add_events(admin, schema, found)
    for stream, number, rows, total, gone_rows, gone, mark in admin.execute(
        f'select s.name, p.number, p."rows", p.sum, p.superseded_rows, p.superseded_sum, p.watermark '
        f"from {schema}.package p join {schema}.stream s using (stream_id)"
    ):
        standing = found.pop((stream, number), [0, 0, 0])
        sums = [(one + two) & MASK for one, two in zip(standing[:2], halves(gone), strict=True)]
        assert (sums, standing[2] + gone_rows) == (halves(total), rows), (stream, number)
        assert (mark["sum"], mark["rows"]) == (total, rows)
        digest = mark.pop("digest")
        text = json.dumps(mark, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert hashlib.sha256(text.encode()).hexdigest() == digest
    assert not found, "rows of packages that have no statement"
    return count


def _add_events(admin: psycopg.Connection[Any], schema: str, found: dict[tuple[str, int], list[int]]) -> int:
    count = 0
    time = "(extract(epoch from ts) * 1000000000 + ns)::bigint"
    for stream, package, number, at, kind, event, fields in admin.execute(
        f"select s.name, package, number, {time}, kind, event, fields::text "
        f"from {schema}.event join {schema}.stream s using (stream_id)"
    ):
        head = json.dumps([number, at, kind, event], separators=(",", ":"), ensure_ascii=False)
        digest = hashlib.sha256(f"{head[:-1]},{fields}]".encode()).digest()
        row = found.setdefault((stream, package), [0, 0, 0])
        for half in (0, 1):
            row[half] = (row[half] + int.from_bytes(digest[8 * half : 8 * half + 8], "big")) & MASK
        row[2] += 1
        count += 1
    return count

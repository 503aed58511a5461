"""Digests that a receiver can make again from what it got, whatever the order (the checker does so in plain Python).

Of a row: eight 64-bit words ``key, time, version, status, value, kind, flags, deleted`` go one after the other through
the finaliser of SplitMix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014) from two
seeds; the two results are one number of 128 bits. Of many rows: the sum modulo 2**128 of halves apart, so that order
counts for nothing and a row that is missing, doubled or changed is seen. It finds accidents; against a forger stand the
SHA-256 of files and of the chain of statements.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from hmi.core.values import Value
from hmi.export.port import Event, ExportTag, Haste, Rows, Watermark
from hmi.historian.samples import ValueKind

Words = NDArray[np.uint64]
SEEDS: Final = (0x57617463686B6565, 0x706572206578706F)
_STEP: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
NO_ROWS: Final = "0" * 32


def mixed(state: Words, word: Words) -> Words:
    """One step: ``state`` XOR ``word``, plus the golden gamma, through the finaliser."""
    state = (state ^ word) + _STEP
    state = (state ^ (state >> np.uint64(30))) * _FIRST
    state = (state ^ (state >> np.uint64(27))) * _SECOND
    return state ^ (state >> np.uint64(31))


def text_word(text: str | bytes) -> int:
    """The first eight bytes of SHA-256 of a text in UTF-8, big endian."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return int.from_bytes(hashlib.sha256(data).digest()[:8], "big")


_key_word = lru_cache(200_000)(text_word)
"""Of the keys of series, which come with every package."""


def object_text(value: Value) -> str:
    """How a text, bytes, array or structure is delivered: a text itself, all else as JSON without blanks."""
    return value if isinstance(value, str) else msgspec.json.encode(value, enc_hook=str).decode()


def words_of(rows: Rows) -> tuple[Words, ...]:
    """The eight columns that are mixed; a Bad value is kind NONE with bits 0."""
    keys = np.array([_key_word(tag.key) for tag in rows.tags], np.uint64)
    samples = rows.samples
    bits = np.where(samples.kinds == ValueKind.NONE, np.uint64(0), samples.bits)
    for place in np.flatnonzero(samples.kinds == ValueKind.OBJECT).tolist():
        bits[place] = text_word(object_text(samples.objects[int(samples.bits[place])]))
    columns = (samples.versions, samples.statuses, bits, samples.kinds, samples.flags, rows.deleted)
    first = keys[rows.places] if len(keys) else np.zeros(0, np.uint64)
    return (first, samples.times.view(np.uint64), *(one.astype(np.uint64) for one in columns))


def sum_of(rows: Rows) -> str:
    """The sum over all rows as 32 hexadecimal digits."""
    words = words_of(rows)
    halves: list[int] = []
    for seed in SEEDS:
        state = np.full(len(rows), seed, np.uint64)
        for word in words:
            state = mixed(state, word)
        halves.append(int(state.sum(dtype=np.uint64)))
    return f"{halves[0]:016x}{halves[1]:016x}"


def event_text(event: Event) -> str:
    """The canonical text of an event: JSON with sorted keys and without blanks."""
    content = [event.number, event.time, event.kind, event.event, dict(event.fields)]
    return canonical(content)


def sum_of_events(events: Sequence[Event]) -> str:
    """As ``sum_of``: each event counts with the first 16 bytes of its SHA-256, halves apart."""
    halves = [0, 0]
    for event in events:
        digest = hashlib.sha256(event_text(event).encode("utf-8", "surrogatepass")).digest()
        for half in (0, 1):
            halves[half] += int.from_bytes(digest[8 * half : 8 * half + 8], "big")
    return "".join(f"{half % 2**64:016x}" for half in halves)


def canonical(content: Any) -> str:
    """JSON with sorted keys, without blanks, UTF-8 as it is."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def watermark_content(mark: Watermark) -> dict[str, Any]:
    """What is delivered of a statement, ``digest`` included."""
    return {
        "stream": mark.stream, "number": mark.number, "previous": mark.previous, "first": mark.first,
        "last": mark.last, "rows": mark.rows, "sum": mark.sum, "complete_until": mark.complete_until,
        "schema": mark.schema, "made": mark.made, "haste": mark.haste.value,
        "dropped": [list(one) for one in mark.dropped], "quarantined": mark.quarantined,
        "coverage": dict(mark.coverage), "digest": mark.digest,
    }  # fmt: skip


def watermark_of(content: Mapping[str, Any]) -> Watermark:
    """The statement out of its content; KeyError, TypeError or ValueError where it is none or was changed."""
    fields = dict(content)
    fields["haste"] = Haste(fields["haste"])
    fields["dropped"] = tuple((int(first), int(last)) for first, last in fields["dropped"])
    mark = Watermark(**fields)
    if watermark_digest(mark) != mark.digest:
        raise ValueError("the digest is not that of the content")
    return mark


def watermark_digest(mark: Watermark) -> str:
    """SHA-256 over the canonical text of all but ``digest``."""
    content = watermark_content(mark)
    del content["digest"]
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def schema_content(tags: Sequence[ExportTag]) -> list[Mapping[str, Any]]:
    """The list of series as it is delivered, in the order of their keys."""
    return [
        {
            "key": tag.key, "name": tag.name, "path": list(tag.path), "area": tag.area, "type": tag.type.value,
            "unit": tag.unit, "unit_code": tag.unit_code, "low": tag.low, "high": tag.high,
            "description": tag.description, "states": {str(number): text for number, text in tag.states.items()},
            "stepped": tag.is_stepped, "compressed": tag.is_compressed, "aggregate": tag.aggregate,
            "interval_s": tag.interval_s,
        }
        for tag in sorted(tags, key=lambda one: one.key)
    ]  # fmt: skip


def schema_digest(tags: Sequence[ExportTag]) -> str:
    """SHA-256 over the canonical text of the list of series."""
    return hashlib.sha256(canonical(schema_content(tags)).encode()).hexdigest()

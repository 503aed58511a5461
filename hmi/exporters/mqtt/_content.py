"""The JSON that is sent: states, log, schema and marks. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import numpy as np

from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.history import SampleFlag
from hmi.core.values import Value
from hmi.export.digest import event_text, schema_content, watermark_content
from hmi.export.lines import ROW_COLUMNS, json_values, row_lines
from hmi.export.mqtt.access import TOPIC_BYTES, topic_of
from hmi.export.port import ExportTag, Haste, Package, Rows, Schema, TargetRefused, Watermark

EVENT_COLUMNS: Final = ("number", "time", "kind", "event", "fields")
_ROWS_AT_ONCE: Final = 1_000
_HEAD_BYTES: Final = 1_024
_LEAST_BYTES: Final = 1_024
_SCHEMA_AT_ONCE: Final = 100

_Q_GOOD, _Q_UNCERTAIN, _Q_BAD = 192, 64, 0


class State(msgspec.Struct, omit_defaults=True):
    """The newest value of a series. ``ts``: null where there never was one. ``q``: 192 Good, 64 Uncertain, 0 Bad, and
    ``status`` the whole OPC UA code.
    """

    v: Value | None
    ts: str | None
    q: int
    status: int
    u: str
    src: str
    seq: int
    rev: int
    sim: bool = False


def topics_of(prefix: str, tags: Sequence[ExportTag]) -> list[str]:
    """The topic of each series; TargetRefused where two have the same or one is too long."""
    found: dict[str, ExportTag] = {}
    for tag in tags:
        levels = list(tag.path)
        if tag.aggregate and tag.interval_s:
            levels[-1] = f"{levels[-1]}_{tag.interval_s}s"
        topic = f"{prefix}/{topic_of(levels)}"
        if len(topic.encode()) > TOPIC_BYTES:
            raise TargetRefused(
                f"the topic of {tag.name[:80]} is longer than {TOPIC_BYTES} bytes: shorten its name"
            )
        if topic in found:
            raise TargetRefused(
                f"{found[topic].name} and {tag.name} have the same topic {topic}: rename one of them"
            )
        found[topic] = tag
    return list(found)


class Stamps:
    """UTC ns as ISO 8601 with nine digits; the second is made once for many."""

    def __init__(self) -> None:
        self._second, self._text = -1, ""

    def of(self, at: int) -> str:
        second, rest = divmod(at, NS_PER_S)
        if second != self._second:
            moment = datetime.fromtimestamp(second, UTC)
            self._second, self._text = second, moment.strftime("%Y-%m-%dT%H:%M:%S")
        return f"{self._text}.{rest:09d}Z"


def states_of(rows: Rows, stamps: Stamps) -> Iterator[tuple[int, bytes]]:
    """(place, payload) of each row."""
    samples, encode, tags = rows.samples, msgspec.json.Encoder(enc_hook=str).encode, rows.tags
    simulated = (samples.flags & np.uint16(SampleFlag.SIMULATED)) != 0
    columns = zip(
        rows.places.tolist(), json_values(samples), samples.times.tolist(), samples.statuses.tolist(),
        samples.versions.tolist(), rows.revisions.tolist(), simulated.tolist(), strict=True,
    )  # fmt: skip
    for place, value, at, status, version, revision, is_simulated in columns:
        tag = tags[place]
        if status >= quality.BAD:
            value, q = None, _Q_BAD
        else:
            q = _Q_GOOD if status < quality.UNCERTAIN else _Q_UNCERTAIN
        unit = tag.unit_code or tag.unit
        state = State(
            value,
            stamps.of(at) if at > 0 else None,
            q,
            status,
            unit,
            tag.key,
            version,
            revision,
            is_simulated,
        )
        yield place, encode(state)


# ---------------------------------------------------------------------- the log


def _line(content: Any) -> bytes:
    return msgspec.json.encode(content, enc_hook=str) + b"\n"


class Parts:
    """The messages of one transmission of a package; ``refused``: by row what does not fit into a message."""

    def __init__(self, package: Package, sent: str, most: int) -> None:
        self._package = package
        self._mark = _line({"watermark": watermark_content(package.watermark)})
        self._head = {"stream": package.watermark.stream, "number": package.watermark.number, "sent": sent}
        self._columns = ROW_COLUMNS if package.rows is not None else EVENT_COLUMNS
        self._most = max(most - _HEAD_BYTES - len(self._mark), _LEAST_BYTES)
        self._number = 0
        self.refused: dict[int, str] = {}

    def __iter__(self) -> Iterator[bytes]:
        before: bytes | None = None
        for piece in self._pieces():
            if before is not None:
                yield self._message(before, is_last=False)
            before = piece
        yield self._message(before or b"", is_last=True)

    def _message(self, lines: bytes, *, is_last: bool) -> bytes:
        self._number += 1
        head = {**self._head, "part": self._number, "last": is_last, "columns": self._columns}
        return b"".join((_line(head), lines, self._mark if is_last else b""))

    def _pieces(self) -> Iterator[bytes]:
        encode = msgspec.json.Encoder(enc_hook=str).encode_lines
        for begin in range(0, len(self._package), _ROWS_AT_ONCE):
            end = min(begin + _ROWS_AT_ONCE, len(self._package))
            yield from self._fitting(self._lines(begin, end, encode), begin, end)

    def _lines(self, begin: int, end: int, encode: Callable[[Any], bytes]) -> bytes:
        rows = self._package.rows
        if rows is None:
            return "".join(f"{event_text(one)}\n" for one in self._package.events[begin:end]).encode()
        return row_lines(rows, begin, end, encode)

    def _fitting(self, lines: bytes, begin: int, end: int) -> Iterator[bytes]:
        if len(lines) <= self._most:
            yield lines
            return
        piece: list[bytes] = []
        size = 0
        for place, line in zip(range(begin, end), lines.splitlines(keepends=True), strict=True):
            if len(line) > self._most:
                self.refused[place] = f"the row has {len(line)} bytes, more than one message may have"
                continue
            if size + len(line) > self._most:
                yield b"".join(piece)
                piece, size = [], 0
            piece.append(line)
            size += len(line)
        if piece:
            yield b"".join(piece)


# ---------------------------------------------------------------------- schema and marks


def schema_parts(schema: Schema, topics: Sequence[str], most: int) -> list[bytes]:
    """The list of series in pieces, each series with its topic (empty for none)."""
    topic_by_key = dict(zip((tag.key for tag in schema.tags), topics, strict=True)) if topics else {}
    content = [{**one, "topic": topic_by_key.get(str(one["key"]), "")} for one in schema_content(schema.tags)]
    pieces: list[bytes] = []
    begin, step = 0, _SCHEMA_AT_ONCE
    while begin < len(content):
        piece = {"digest": schema.digest, "part": len(pieces) + 1, "series": content[begin : begin + step]}
        data = msgspec.json.encode(piece, enc_hook=str)
        if len(data) > most and step > 1:
            step = max(1, step // 2)
            continue
        pieces.append(data)
        begin += step
    return pieces


def schema_head(schema: Schema, parts: int, what: str) -> bytes:
    """What stands before the parts."""
    return msgspec.json.encode(
        {
            "stream": schema.stream, "digest": schema.digest, "site": schema.site, "title": schema.title,
            "zone": schema.zone, "quality_rule": schema.quality_rule, "made": schema.made, "what": what,
            "parts": parts,
        }
    )  # fmt: skip


def mark_of(payload: bytes) -> Watermark | None:
    """A statement as it was published; None for anything else."""
    try:
        content = json.loads(payload)
        fields = {name: content[name] for name in Watermark.__dataclass_fields__}
        fields["haste"] = Haste(fields["haste"])
        fields["dropped"] = tuple((int(first), int(last)) for first, last in fields["dropped"])
        for name in ("number", "first", "last", "rows", "complete_until", "made", "quarantined"):
            fields[name] = int(fields[name])
        return Watermark(**fields)
    except (ValueError, KeyError, TypeError):
        return None

"""Rows as the bytes of a binary COPY, built by columns; and fixed-width answers of one read back as columns.

In the order of columns: what every row has, then the four columns that a value may be in, of which at most one is not
null. Rows of one kind have one width, so each kind is one array; texts are put together one by one.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, LiteralString

import numpy as np
from numpy.typing import NDArray

from hmi.core.texts import tr
from hmi.export.digest import object_text
from hmi.export.port import RecordsRefused, Rows
from hmi.historian.samples import ValueKind

HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER: Final = b"\xff\xff"
EPOCH_US: Final = 946_684_800_000_000
"""2000-01-01, where PostgreSQL counts from, in microseconds of Unix time."""
BLOCK_ROWS: Final = 10_000
Index = NDArray[np.int64]

_PLAIN: Final[dict[LiteralString, str]] = {
    "ts": ">i8", "status": ">i8", "rev": ">i8", "package": ">i8", "stream_id": ">i4", "tag_no": ">i4", "seq": ">i4",
    "flags": ">i4", "ns": ">i2", "kind": ">i2",
}  # fmt: skip
_STAGED: Final[dict[LiteralString, str]] = {"place": ">i4", "is_deleted": "i1"}
_VALUES: Final[tuple[LiteralString, ...]] = ("value_d", "value_i", "value_u", "value_s")
SAMPLE_COLUMNS: Final = (*_PLAIN, *_VALUES)
STAGE_COLUMNS: Final = (*_STAGED, *SAMPLE_COLUMNS)
_NUMERIC_DIGITS: Final = 5
_SHAPES: Final = {
    ValueKind.NONE: (("value_d", ""), ("value_i", ""), ("value_u", ""), ("value_s", "")),
    ValueKind.FLOAT: (("value_d", ">f8"), ("value_i", ""), ("value_u", ""), ("value_s", "")),
    ValueKind.INT: (("value_d", ""), ("value_i", ">i8"), ("value_u", ""), ("value_s", "")),
    ValueKind.UINT: (("value_d", ""), ("value_i", ""), ("value_u", ">i2"), ("value_s", "")),
    ValueKind.BOOL: (("value_d", ""), ("value_i", ">i8"), ("value_u", ""), ("value_s", "")),
    ValueKind.OBJECT: (("value_d", ""), ("value_i", ""), ("value_u", "")),
}


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """What the rows of one package have in common. ``tag_numbers``: by place in ``rows.tags``."""

    rows: Rows
    tag_numbers: NDArray[np.int32]
    texts: Mapping[int, bytes]
    stream_id: int
    package: int


def checked_texts(rows: Rows) -> dict[int, bytes]:
    """The texts by row; RecordsRefused with the rows that PostgreSQL cannot hold."""
    samples = rows.samples
    texts: dict[int, bytes] = {}
    reasons: dict[int, str] = {}
    for place in np.flatnonzero(samples.kinds == ValueKind.OBJECT).tolist():
        reason, texts[place] = encoded(object_text(samples.objects[int(samples.bits[place])]))
        if reason:
            reasons[place] = reason
    if reasons:
        raise RecordsRefused(reasons)
    return texts


def encoded(text: str) -> tuple[str, bytes]:
    """Why PostgreSQL cannot hold a text (empty where it can), and its bytes."""
    if "\0" in text:
        return tr("PostgreSQL cannot hold a text with the character NUL"), b""
    try:
        return "", text.encode()
    except UnicodeEncodeError:
        return tr("the text is no valid Unicode"), b""


def ordered(block: Block) -> tuple[Index, Index]:
    """Places of the rows that count, by tag and time, and of those that a newer row of the package replaces."""
    rows, samples = block.rows, block.rows.samples
    small = block.tag_numbers.max(initial=0) < 65_536
    numbers = block.tag_numbers[rows.places]
    # a radix sort: rows come in order of time nearly always
    order = np.argsort(numbers.astype(np.uint16) if small else numbers, kind="stable")
    same = np.diff(numbers[order]) == 0
    if bool((np.diff(samples.times[order])[same] > 0).all()):
        return order, np.zeros(0, np.int64)
    order = np.lexsort((rows.revisions, samples.versions, samples.times, numbers))
    same = np.diff(numbers[order]) == 0
    same &= np.diff(samples.times[order]) == 0
    same &= samples.versions[order][1:] == samples.versions[order][:-1]
    replaced = np.append(same, np.zeros(min(len(order), 1), np.bool_))
    return order[~replaced], order[replaced]


def stream(block: Block, chosen: Index, *, staged: bool) -> Iterator[bytes]:
    """A whole COPY of these rows, in pieces; the order of rows of different kinds is not kept."""
    yield HEADER
    kinds = block.rows.samples.kinds[chosen]
    for kind in ValueKind:
        of_kind = chosen[kinds == kind] if len(kinds) else chosen
        for begin in range(0, len(of_kind), BLOCK_ROWS):
            yield _piece(block, kind, of_kind[begin : begin + BLOCK_ROWS], staged=staged)
    yield TRAILER


def _piece(block: Block, kind: ValueKind, places: Index, *, staged: bool) -> bytes:
    rows, samples = block.rows, block.rows.samples
    times, bits = samples.times[places], samples.bits[places]
    micros = times // 1000
    out = _records(kind, len(places), staged=staged)
    if staged:
        out["place"], out["is_deleted"] = places, rows.deleted[places]
    out["ts"], out["ns"] = micros - EPOCH_US, times - micros * 1000
    out["status"], out["rev"], out["package"] = (
        samples.statuses[places],
        rows.revisions[places],
        block.package,
    )
    out["stream_id"], out["tag_no"] = block.stream_id, block.tag_numbers[rows.places[places]]
    out["seq"], out["flags"], out["kind"] = samples.versions[places], samples.flags[places], kind
    if kind is ValueKind.FLOAT:
        out["value_d"] = bits.view(np.float64)
    elif kind in (ValueKind.INT, ValueKind.BOOL):
        out["value_i"] = bits.view(np.int64)
    elif kind is ValueKind.UINT:
        out["value_u"] = _numeric(bits)
    elif kind is ValueKind.OBJECT:
        return _with_texts(out, [block.texts[place] for place in places.tolist()])
    return out.tobytes()


def _numeric(bits: NDArray[np.uint64]) -> NDArray[np.int16]:
    """The wire form of numeric: count, weight, sign and scale, then digits of base 10,000."""
    found = np.zeros((len(bits), 4 + _NUMERIC_DIGITS), np.int16)
    found[:, 0], found[:, 1] = _NUMERIC_DIGITS, _NUMERIC_DIGITS - 1
    rest = bits.copy()
    for column in range(3 + _NUMERIC_DIGITS, 3, -1):
        found[:, column] = rest % np.uint64(10_000)
        rest //= np.uint64(10_000)
    return found


def _with_texts(out: NDArray[Any], texts: list[bytes]) -> bytes:
    width, whole = out.dtype.itemsize, out.tobytes()
    parts: list[bytes] = []
    for place, text in enumerate(texts):
        parts += (whole[place * width : (place + 1) * width], struct.pack(">i", len(text)), text)
    return b"".join(parts)


def _records(kind: ValueKind, count: int, *, staged: bool) -> NDArray[Any]:
    """Empty records of one kind with the lengths of their fields filled in."""
    fields: list[tuple[Any, ...]] = [("count", ">i2")]
    plain = {**_STAGED, **_PLAIN} if staged else _PLAIN
    for name, form in plain.items():
        fields += [(f"{name} length", ">i4"), (name, form)]
    for name, form in _SHAPES[kind]:
        fields.append((f"{name} length", ">i4"))
        if form:
            fields.append((name, form, (4 + _NUMERIC_DIGITS,)) if name == "value_u" else (name, form))
    form = np.dtype(fields)
    pattern = np.zeros(1, form)
    pattern["count"] = len(plain) + len(_VALUES)
    for name in form.names or ():
        if name.endswith(" length"):
            field = name.removesuffix(" length")
            pattern[name] = form[field].itemsize if field in (form.names or ()) else -1
    return np.repeat(pattern, count)


def answers(form: Mapping[str, str], pieces: Iterable[Any]) -> NDArray[Any]:
    """Columns out of a binary COPY whose fields all have fixed widths and no nulls, whatever the pieces."""
    data = b"".join(pieces)[len(HEADER) : -len(TRAILER)]
    fields: list[tuple[str, str]] = [("count", ">i2")]
    for name, kind in form.items():
        fields += [(f"{name} length", ">i4"), (name, kind)]
    return np.frombuffer(data, np.dtype(fields))

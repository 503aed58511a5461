"""One piece as CSV by RFC 4180 (columns and how to read them: ``hmi.exporters.files.exporter``).

The lines are joined column by column by Arrow, and the buffer of the joined texts is the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from hmi.core.clock import NS_PER_S
from hmi.export.digest import canonical
from hmi.exporters.files._parquet import object_texts, quality_numbers
from hmi.exporters.files._pieces import DAY_NS, EventPiece, Piece, SamplePiece, date_of
from hmi.exporters.files._texts import guarded
from hmi.historian.samples import ValueKind

SAMPLE_COLUMNS: Final = (
    "time", "tag_id", "name", "value", "unit", "quality", "status", "kind", "flags", "seq", "rev", "deleted",
    "bits", "site",
)  # fmt: skip
EVENT_COLUMNS: Final = ("time", "number", "kind", "event", "fields", "site")
_UNITS: Final = {"time": "UTC", "value": "see unit", "status": "OPC UA", "bits": "hexadecimal"}
QUALITY: Final = ("Good", "Uncertain", "Bad")
NAN_BITS: Final = np.uint64(0x7FF8000000000000)
"""The one NaN that the text ``nan`` stands for."""
_ROWS: Final = 65_536
_TEXT: Final = pa.large_string()
_COMPUTE: Final[Any] = pc
"""Its functions are made when it is imported, so that no checker of types knows them."""
_END: Final = "\r\n"


@dataclass(frozen=True, slots=True)
class CsvForm:
    """How fields are separated and numbers written."""

    delimiter: str = ","
    decimal: str = "."
    units_row: bool = False
    bom: bool = False

    def field(self, text: str) -> str:
        """A text as a field: guarded, and between quotes where it has to be."""
        text = guarded(text)
        if any(sign in text for sign in (self.delimiter, '"', "\r", "\n")):
            return '"' + text.replace('"', '""') + '"'
        return text


def csv_chunks(piece: Piece, site: str, form: CsvForm) -> Iterator[Any]:
    """The file, in pieces of some megabytes."""
    columns = SAMPLE_COLUMNS if isinstance(piece, SamplePiece) else EVENT_COLUMNS
    yield _head(columns, form)
    end = pa.scalar(form.field(site) + _END, _TEXT)
    if isinstance(piece, EventPiece):
        yield _lines([*_event_fields(piece, form), end], form.delimiter)
        return
    names = {of: _fields(piece.texts(of), form) for of in ("key", "name", "unit")}
    texts = object_texts(piece)
    for begin in range(0, len(piece), _ROWS):
        part = slice(begin, begin + _ROWS)
        fields = _sample_fields(piece, part, names, texts.slice(begin, _ROWS), form)
        yield _lines([*fields, end], form.delimiter)


def _head(columns: tuple[str, ...], form: CsvForm) -> bytes:
    rows = [columns] if not form.units_row else [columns, tuple(_UNITS.get(name, "") for name in columns)]
    text = "".join(form.delimiter.join(row) + _END for row in rows)
    return text.encode("utf-8-sig" if form.bom else "utf-8")


def _lines(columns: list[Any], delimiter: str) -> Any:
    lines = _COMPUTE.binary_join_element_wise(
        *columns, pa.scalar(delimiter, _TEXT), null_handling="replace", null_replacement=""
    )
    _, offsets, data = lines.buffers()
    places = np.frombuffer(offsets, np.int64)
    first, last = int(places[lines.offset]), int(places[lines.offset + len(lines)])
    return memoryview(data)[first:last] if data is not None else b""


def _sample_fields(
    piece: SamplePiece, part: slice, names: Mapping[str, Any], texts: Any, form: CsvForm
) -> list[Any]:
    rows, samples = piece.rows, piece.rows.samples
    codes = pa.array(piece.codes[part])
    kinds, bits = samples.kinds[part], samples.bits[part]
    return [
        time_texts(samples.times[part], piece.day),
        names["key"].take(codes),
        names["name"].take(codes),
        _value_texts(kinds, bits, texts, form),
        names["unit"].take(codes),
        pa.array(QUALITY, _TEXT).take(pa.array(quality_numbers(samples.statuses[part]))),
        *(
            _numbers(column[part])
            for column in (samples.statuses, samples.kinds, samples.flags, samples.versions, rows.revisions)
        ),
        _numbers(rows.deleted[part].astype(np.uint8)),
        _bits(kinds, bits),
    ]


def _value_texts(kinds: Any, bits: Any, texts: Any, form: CsvForm) -> Any:
    """The shortest text that gives the same float64 again; integers as they are; nothing for kind 0."""
    found: list[Any] = []
    for kind, view in (
        (ValueKind.FLOAT, np.float64), (ValueKind.INT, np.int64), (ValueKind.UINT, np.uint64),
        (ValueKind.BOOL, np.uint64),
    ):  # fmt: skip
        chosen = kinds == kind
        if chosen.any():
            shown = pa.array(bits.view(view), mask=None if chosen.all() else ~chosen).cast(_TEXT)
            is_comma = kind is ValueKind.FLOAT and form.decimal != "."
            found.append(_COMPUTE.replace_substring(shown, ".", form.decimal) if is_comma else shown)
    if texts.null_count < len(texts):
        found.append(_fields(texts.to_pylist(), form))
    if not found:
        return pa.scalar("", _TEXT)
    return found[0] if len(found) == 1 else _COMPUTE.coalesce(*found)


def _bits(kinds: Any, bits: Any) -> Any:
    chosen = (kinds == ValueKind.FLOAT) & np.isnan(bits.view(np.float64)) & (bits != NAN_BITS)
    if not chosen.any():
        return pa.scalar("", _TEXT)
    return pa.array(
        [f"{one:016x}" if is_so else "" for one, is_so in zip(bits.tolist(), chosen.tolist(), strict=True)],
        _TEXT,
    )


def _event_fields(piece: EventPiece, form: CsvForm) -> list[Any]:
    events = piece.events
    return [
        time_texts(piece.times, piece.day),
        _numbers(np.array([event.number for event in events], np.int64)),
        _fields([event.kind for event in events], form),
        _fields([event.event for event in events], form),
        _fields([canonical(dict(event.fields)) for event in events], form),
    ]


def _fields(texts: Sequence[str | None], form: CsvForm) -> Any:
    return pa.array([None if text is None else form.field(text) for text in texts], _TEXT)


def _numbers(column: Any) -> Any:
    return pa.array(column).cast(_TEXT)


def time_texts(times: Any, day: int) -> Any:
    """Instants of one day as ``YYYY-MM-DDTHH:MM:SS.fffffffffZ``."""
    count = len(times)
    begin = f"{date_of(day)}T".encode()
    width = len(begin) + 19
    out = np.empty((count, width), np.uint8)
    out[:, : len(begin)] = np.frombuffer(begin, np.uint8)
    seconds, rest = np.divmod(times - day * DAY_NS, NS_PER_S)
    place = len(begin)
    for number, sign in ((seconds // 3600, b":"), (seconds // 60 % 60, b":"), (seconds % 60, b".")):
        _digits(out[:, place : place + 2], number)
        out[:, place + 2] = sign[0]
        place += 3
    _digits(out[:, place : place + 9], rest)
    out[:, -1] = ord("Z")
    offsets = np.arange(count + 1, dtype=np.int64) * width
    return pa.LargeStringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(out))


def _digits(out: Any, numbers: Any) -> None:
    """Decimal digits with leading zeros into the columns of ``out``."""
    rest = numbers.astype(np.uint32)
    for place in range(out.shape[1] - 1, -1, -1):
        rest, digit = np.divmod(rest, np.uint32(10))
        out[:, place] = digit + np.uint32(48)

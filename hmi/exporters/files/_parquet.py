"""One piece as a Parquet file (columns: ``hmi.exporters.files.exporter``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from hmi.core import quality
from hmi.export.digest import canonical, object_text
from hmi.exporters.files._pieces import EventPiece, Piece, SamplePiece
from hmi.historian.samples import ValueKind

ROW_GROUP: Final = 1_000_000
_TIME: Final = pa.timestamp("us", tz="UTC")
_WITH_STATISTICS: Final = ("tag_id", "ts", "value_d", "value_i", "q", "rev", "deleted", "number")
"""What readers skip row groups by."""
_BATCH: Final = 16_384
"""Rows that are encoded at once; the library's own 1,024 cost a tenth of the time."""
_ENCODINGS: Final = {
    "ts": "DELTA_BINARY_PACKED",
    "rev": "DELTA_BINARY_PACKED",
    "number": "DELTA_BINARY_PACKED",
    "ns": "DELTA_BINARY_PACKED",
    # no dictionary: it takes one NaN for another
    "value_d": "BYTE_STREAM_SPLIT",
    # mostly all the same: Zstandard makes nothing of them, and the search for a dictionary takes twice the time
    "seq": "PLAIN",
    "kind": "PLAIN",
    "q": "PLAIN",
    "flags": "PLAIN",
}


def parquet_chunks(piece: Piece, site: str, about: Mapping[str, str]) -> Iterator[Any]:
    """The file. ``about`` becomes its key-value metadata."""
    if isinstance(piece, SamplePiece):
        yield written(sample_table(piece, site), about, ("tag_id", "ts"))
    else:
        yield written(event_table(piece, site), about, ("number",))


def written(table: Any, about: Mapping[str, str], order: tuple[str, ...] = ()) -> Any:
    """A buffer with the file. The types are those of Parquet alone: a reader sees no dictionaries."""
    sink = pa.BufferOutputStream()
    given = options(table)
    most = given.pop("row_group_size")
    with pq.ParquetWriter(sink, table.schema, sorting_columns=_sorting(table, order), **given) as writer:
        writer.write_table(table, most)
        writer.add_key_value_metadata(dict(about))
    return sink.getvalue()


def options(table: Any) -> dict[str, Any]:
    """How a table is written, for ``pyarrow.parquet.write_table``."""
    names = table.column_names
    return {
        "compression": "zstd",
        "row_group_size": ROW_GROUP,
        "use_dictionary": [name for name in names if name not in _ENCODINGS],
        "column_encoding": {name: _ENCODINGS[name] for name in names if name in _ENCODINGS},
        "write_statistics": [name for name in names if name in _WITH_STATISTICS],
        "write_batch_size": _BATCH,
        "store_schema": False,
    }


def _sorting(table: Any, order: tuple[str, ...]) -> Any:
    return pq.SortingColumn.from_ordering(table.schema, [(name, "ascending") for name in order])


def sample_table(piece: SamplePiece, site: str) -> Any:
    """One row for each sample."""
    rows, samples = piece.rows, piece.rows.samples
    count, kinds, bits = len(piece), samples.kinds, samples.bits
    micros, rest = _split(samples.times)
    is_large = (kinds == ValueKind.UINT) & (bits >= np.uint64(2**63))
    is_whole = np.isin(kinds, (ValueKind.INT, ValueKind.UINT, ValueKind.BOOL)) & ~is_large
    return pa.table({
        "site": _repeated(site, count),
        "tag_id": _coded(piece.codes, piece.texts("key")),
        "ts": micros,
        "ns": rest,
        "seq": samples.versions,
        "value_d": _where(kinds == ValueKind.FLOAT, bits.view(np.float64), pa.float64()),
        "value_i": _where(is_whole, bits.view(np.int64), pa.int64()),
        "value_u": _where(is_large, bits, pa.uint64()),
        "value_s": object_texts(piece),
        "kind": kinds,
        "status": samples.statuses,
        "q": quality_numbers(samples.statuses),
        "flags": samples.flags,
        "rev": rows.revisions,
        "deleted": rows.deleted,
    })  # fmt: skip


def event_table(piece: EventPiece, site: str) -> Any:
    """One row for each event; ``fields`` is canonical JSON (``hmi.export.digest.canonical``)."""
    events = piece.events
    micros, rest = _split(piece.times)
    return pa.table({
        "site": _repeated(site, len(piece)),
        "number": np.array([event.number for event in events], np.int64),
        "ts": micros,
        "ns": rest,
        "kind": pa.array([event.kind for event in events], pa.string()),
        "event": pa.array([event.event for event in events], pa.string()),
        "fields": pa.array([canonical(dict(event.fields)) for event in events], pa.string()),
    })  # fmt: skip


def quality_numbers(statuses: Any) -> Any:
    """0 Good, 1 Uncertain, 2 Bad (the severity bits 31 and 30)."""
    return np.minimum(statuses >> np.uint32(30), np.uint32(quality.QualityClass.BAD)).astype(np.uint8)


def object_texts(piece: SamplePiece) -> Any:
    """The texts of the values that have one, null for all others."""
    samples = piece.rows.samples
    is_object = samples.kinds == ValueKind.OBJECT
    if not is_object.any():
        return pa.nulls(len(piece), pa.large_string())
    places, codes = np.unique(samples.bits[is_object], return_inverse=True)
    texts = [object_text(samples.objects[place]) for place in places.tolist()]
    number = np.zeros(len(piece), np.int32)
    number[is_object] = codes
    return pa.array(texts, pa.large_string()).take(pa.array(number, mask=~is_object))


def _split(times: Any) -> tuple[Any, Any]:
    """Microseconds and the nanoseconds left of them, 0..999."""
    micros = times // 1000
    rest = micros * -1000
    rest += times
    return pa.array(micros).cast(_TIME), rest.astype(np.int16)


def _where(chosen: Any, values: Any, kind: Any) -> Any:
    if not chosen.any():
        return pa.nulls(len(values), kind)
    return pa.array(values, kind, mask=None if chosen.all() else ~chosen)


def _coded(codes: Any, texts: list[str]) -> Any:
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(texts, pa.string()))


def _repeated(text: str, count: int) -> Any:
    return _coded(np.zeros(count, np.int32), [text])

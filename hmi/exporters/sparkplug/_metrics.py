"""Samples as encoded metrics of NDATA and DDATA. Pure.

A metric of DATA has name or alias, time in ms, value or ``is_null``, and properties only where it is not Good:
``Quality`` (0 for Bad, 500 for Uncertain, which is not to be relied on), ``status`` (the whole OPC UA code). A
simulated sample has ``simulated``, a deleted one ``deleted``. The common case, a Good number, is encoded for all rows
at once.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hmi.core import quality
from hmi.core.history import SampleFlag
from hmi.core.values import Value, ValueType
from hmi.export.digest import object_text
from hmi.export.port import ExportTag, Rows
from hmi.exporters.sparkplug._payload import DataType, PropertySet, Quality, varint
from hmi.historian.samples import ValueKind

TYPES: Final = {
    ValueType.BOOL: DataType.BOOLEAN,
    ValueType.INT64: DataType.INT64,
    ValueType.UINT64: DataType.UINT64,
    ValueType.FLOAT32: DataType.FLOAT,
    ValueType.FLOAT64: DataType.DOUBLE,
    ValueType.STRING: DataType.STRING,
    ValueType.ENUM: DataType.INT64,
    ValueType.TIME: DataType.DATE_TIME,
    ValueType.BYTES: DataType.BYTES,
    ValueType.ARRAY: DataType.STRING,
    ValueType.STRUCTURE: DataType.STRING,
}
NS_PER_MS: Final = 1_000_000
_FLOAT_MOST: Final = 3.4028235677973366e38
ALIAS_BASE: Final = 128
"""Of the first series; so most aliases have one length."""
_METRIC: Final = 0x12
_NULL, _HISTORICAL, _TIME, _DOUBLE = b"\x38\x01", b"\x28\x01", b"\x18", b"\x69"
_TIME_BYTES: Final = 6
"""Of a varint with ms since 1970, from 2004 to 2109."""
_TIME_LEAST, _TIME_MOST = 1 << 35, 1 << 42
_SIMULATED: Final = np.uint16(SampleFlag.SIMULATED)


class Unfit(ValueError):
    """A value that its metric cannot hold."""


def value_bytes(value: Value, kind: DataType) -> bytes:
    """The value field of a metric of this type; Unfit where it would become another value."""
    match kind:
        case DataType.DOUBLE:
            return _DOUBLE + struct.pack("<d", _float(value))
        case DataType.FLOAT:
            number = _float(value)
            if abs(number) >= _FLOAT_MOST and number - number == 0:
                raise Unfit(f"{value!r} is too large for a Float")
            return b"\x65" + struct.pack("<f", number)
        case DataType.BOOLEAN:
            if not isinstance(value, bool) and value not in (0, 1):
                raise Unfit(f"{value!r} is no Boolean")
            return b"\x70\x01" if value else b"\x70\x00"
        case DataType.INT64 | DataType.UINT64:
            return b"\x58" + varint(_integer(value, kind) & 0xFFFF_FFFF_FFFF_FFFF)
        case DataType.DATE_TIME:
            return b"\x58" + varint(_integer(value, DataType.INT64) // NS_PER_MS & 0xFFFF_FFFF_FFFF_FFFF)
        case DataType.BYTES:
            if not isinstance(value, bytes):
                raise Unfit(f"a {type(value).__name__} is no Bytes")
            return b"\x82\x01" + varint(len(value)) + value
        case _:
            text = object_text(value).encode("utf-8", "replace")
            return b"\x7a" + varint(len(text)) + text


def _float(value: Value) -> float:
    if isinstance(value, float):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and int(float(value)) == value:
        return float(value)
    raise Unfit(f"{value!r} is no Double")


def _integer(value: Value, kind: DataType) -> int:
    least, most = (0, 2**64) if kind is DataType.UINT64 else (-(2**63), 2**63)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or not least <= value < most:
        raise Unfit(f"{value!r} is no integer of {least} to {most - 1}")
    return int(value)


@lru_cache(maxsize=1_024)
def properties(status: int, *, is_simulated: bool = False, is_deleted: bool = False) -> bytes:
    """The field ``properties`` of a metric of DATA; nothing for a Good value of the plant."""
    made = PropertySet()
    add_quality(made, status)
    for name, is_so in (("simulated", is_simulated), ("deleted", is_deleted)):
        if is_so:
            made.keys.append(name)
            made.values.add(type=DataType.BOOLEAN, boolean_value=True)
    data = made.SerializeToString()
    return b"\x4a" + varint(len(data)) + data if data else b""


def add_quality(properties: Any, status: int, *, is_known: bool = True) -> None:
    """``Quality`` and ``status`` where it is not plain Good; ``is_known`` is false before there was any value."""
    code = Quality.STALE if not is_known else quality_of(status)
    if code is not Quality.GOOD:
        properties.keys.append("Quality")
        properties.values.add(type=DataType.INT32, int_value=int(code))
    if status:
        properties.keys.append("status")
        properties.values.add(type=DataType.UINT32, int_value=status)


def quality_of(status: int) -> Quality:
    """One of the three codes for an OPC UA status; Uncertain counts as not current."""
    if status >= quality.BAD:
        return Quality.BAD
    return Quality.GOOD if status < quality.UNCERTAIN else Quality.STALE


@dataclass(frozen=True, slots=True)
class Encoded:
    """Metrics one after the other; that of row ``n`` is ``data[ends[n] - lengths[n] : ends[n]]``."""

    data: bytes
    ends: NDArray[np.int64]
    unfit: dict[int, str]
    """Rows of the past that were left out, with the reason. A live one is told as Bad: left out, the value before it
    would stand for current.
    """

    def piece(self, begin: int, end: int) -> bytes:
        """Of the rows from ``begin`` to before ``end``."""
        low = int(self.ends[begin - 1]) if begin else 0
        return self.data[low : int(self.ends[end - 1]) if end else 0]


class Encoder:
    """For one list of series. ``names``: of their metrics; ``with_aliases``: number ``place + ALIAS_BASE`` instead."""

    def __init__(self, tags: Sequence[ExportTag], names: Sequence[str], *, with_aliases: bool) -> None:
        self.kinds = [TYPES[tag.type] for tag in tags]
        if with_aliases:
            self._prefixes = [b"\x10" + varint(place + ALIAS_BASE) for place in range(len(tags))]
        else:
            encoded = [name.encode("utf-8", "replace") for name in names]
            self._prefixes = [b"\x0a" + varint(len(name)) + name for name in encoded]
        self._lengths = np.array([len(one) for one in self._prefixes], np.int64)
        most = int(self._lengths.max(initial=1))
        padded = b"".join(one.ljust(most, b"\0") for one in self._prefixes)
        self._table = np.frombuffer(padded, np.uint8).reshape(len(tags), most)
        self._is_double = np.array([kind is DataType.DOUBLE for kind in self.kinds], np.bool_)

    def encoded(self, rows: Rows, *, historical: bool) -> Encoded:
        """All rows in their order."""
        mark = _HISTORICAL if historical else b""
        inner = self._lengths[rows.places] + (len(mark) + 1 + _TIME_BYTES + 9)
        plain = self._plain(rows) & (inner < 0x80)
        lengths = np.where(plain, inner + 2, 0)
        unfit: dict[int, str] = {}
        others = self._one_by_one(rows, np.flatnonzero(~plain), mark, unfit)
        for place, data in others.items():
            lengths[place] = len(data)
        ends = np.cumsum(lengths)
        chosen = np.flatnonzero(plain)
        sizes = np.flatnonzero(np.bincount(inner[chosen])).tolist()
        if len(sizes) <= 1:
            block = self._block(rows, chosen, sizes[0], mark).tobytes() if sizes else b""
            return Encoded(_between(block, ends, others), ends, unfit)
        out = np.zeros(int(ends[-1]), np.uint8)
        begins = ends - lengths
        for place, data in others.items():
            out[begins[place] : ends[place]] = np.frombuffer(data, np.uint8)
        for size in sizes:
            group = chosen[inner[chosen] == size]
            out[begins[group][:, None] + np.arange(size + 2)] = self._block(rows, group, size, mark)
        return Encoded(out.tobytes(), ends, unfit)

    def _plain(self, rows: Rows) -> NDArray[np.bool_]:
        """Which rows are Good doubles without anything special."""
        samples = rows.samples
        times = samples.times // NS_PER_MS
        return (
            (samples.kinds == ValueKind.FLOAT)
            & (samples.statuses == 0)
            & ((samples.flags & _SIMULATED) == 0)
            & ~rows.deleted
            & self._is_double[rows.places]
            & (times >= _TIME_LEAST)
            & (times < _TIME_MOST)
        )

    def _block(self, rows: Rows, group: NDArray[np.int64], inner: int, mark: bytes) -> NDArray[np.uint8]:
        """Good doubles whose metrics have one length, as one matrix of bytes."""
        places, times = rows.places[group], rows.samples.times[group] // NS_PER_MS
        prefix = inner - len(mark) - 1 - _TIME_BYTES - 9
        block = np.empty((len(places), inner + 2), np.uint8)
        block[:, 0], block[:, 1] = _METRIC, inner
        block[:, 2 : 2 + prefix] = self._table[places, :prefix]
        at = 2 + prefix
        block[:, at] = _TIME[0]
        for step in range(_TIME_BYTES):
            more = 0x80 if step < _TIME_BYTES - 1 else 0
            block[:, at + 1 + step] = (times >> (7 * step)) & 0x7F | more
        at += 1 + _TIME_BYTES
        block[:, at : at + len(mark)] = np.frombuffer(mark, np.uint8)
        at += len(mark)
        block[:, at] = _DOUBLE[0]
        block[:, at + 1 :] = rows.samples.bits[group].astype("<u8").view(np.uint8).reshape(-1, 8)
        return block

    def _one_by_one(
        self, rows: Rows, chosen: NDArray[np.int64], mark: bytes, unfit: dict[int, str]
    ) -> dict[int, bytes]:
        samples = rows.samples.take(chosen)
        made: dict[int, bytes] = {}
        simulated = ((samples.flags & _SIMULATED) != 0).tolist()
        for place, value, is_simulated in zip(chosen.tolist(), samples.values(), simulated, strict=True):
            tag, is_deleted = int(rows.places[place]), bool(rows.deleted[place])
            is_null = value.value is None or value.is_bad or is_deleted
            status = quality.BAD_NO_DATA if is_deleted else value.status
            try:
                content = _NULL if is_null else value_bytes(value.value, self.kinds[tag])
            except Unfit as error:
                if mark:
                    unfit[place] = str(error)
                    continue
                is_null, content, status = True, _NULL, quality.BAD_TYPE_MISMATCH
            body = b"".join((
                self._prefixes[tag], _TIME, varint(max(0, value.source_time // NS_PER_MS)), mark,
                content if is_null else b"",
                properties(status, is_simulated=is_simulated, is_deleted=is_deleted),
                b"" if is_null else content,
            ))  # fmt: skip
            made[place] = bytes((_METRIC,)) + varint(len(body)) + body
        return made


def _between(block: bytes, ends: NDArray[np.int64], others: dict[int, bytes]) -> bytes:
    """The metrics of ``block`` with those of ``others`` where they belong."""
    pieces: list[bytes] = []
    done = taken = 0
    for place, data in others.items():
        end = int(ends[place]) - len(data) - taken
        pieces += (block[done:end], data)
        done, taken = end, taken + len(data)
    return b"".join((*pieces, block[done:]))

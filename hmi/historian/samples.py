"""Stored samples as columns: what the recorder hands to an archive and what an archive gives back.

A sample is the row of standards 7.2. Values of every type travel in one 64-bit column with a kind beside it, so that
an integer never goes through a float, and a tag that was re-typed keeps what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from operator import attrgetter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hmi.core import quality
from hmi.core.values import DataValue, Value

Bits = NDArray[np.uint64]
Times = NDArray[np.int64]
Floats = NDArray[np.float64]


class ValueKind(IntEnum):
    """What the 64 bits of a value are. Never renumber: these are in files."""

    NONE = 0
    FLOAT = 1
    INT = 2
    UINT = 3
    BOOL = 4
    OBJECT = 5
    """Text, bytes, array or structure: the bits are its place in ``Samples.objects``."""


SAID_ONCE: Final = (0,)
"""Strides of a column of which one number in memory stands for all."""
_FLOAT: Final = np.uint8(ValueKind.FLOAT)
_COLUMNS: Final = ("times", "bits", "kinds", "statuses", "receives", "flags", "versions", "runs")
_columns_of: Final = attrgetter(*_COLUMNS)


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Columns of one length ``n``; of one tag they are in order of (time, version).

    ``times``, ``receives``: UTC ns. ``statuses``: full OPC UA status codes. ``flags``: ``SampleFlag``. ``versions``:
    0, 1, 2 … where the same instant is kept more than once. ``runs``: number of the run in the archive's catalogue.
    """

    times: Times
    bits: Bits
    kinds: NDArray[np.uint8]
    statuses: NDArray[np.uint32]
    receives: Times
    flags: NDArray[np.uint16]
    versions: NDArray[np.uint16]
    runs: NDArray[np.uint32]
    objects: tuple[Value, ...] = ()

    def __len__(self) -> int:
        return len(self.times)

    @classmethod
    def empty(cls) -> Samples:
        return _EMPTY

    @classmethod
    def of(cls, values: Sequence[DataValue], *, flags: int = 0, run: int = 0) -> Samples:
        """Columns from values, all with the same flags and run."""
        count = len(values)
        contents = [value.value for value in values]
        bits, kinds, objects = pack(contents)
        return cls(
            np.fromiter((value.source_time for value in values), np.int64, count),
            bits,
            kinds,
            np.fromiter((value.status for value in values), np.uint32, count),
            np.fromiter((value.receive_time for value in values), np.int64, count),
            np.full(count, flags, np.uint16),
            np.zeros(count, np.uint16),
            np.full(count, run, np.uint32),
            objects,
        )

    def values(self) -> list[DataValue]:
        """One DataValue per sample, of the types that went in."""
        contents = unpack(self.bits, self.kinds, self.objects)
        rows = zip(contents, self.statuses.tolist(), self.times.tolist(), self.receives.tolist(), strict=True)
        return [DataValue(*row) for row in rows]

    def numbers(self) -> Floats:
        """Values as float64 for drawing and aggregates; NaN where there is no number, whatever the status."""
        return as_numbers(self.bits, self.kinds)

    def is_bad(self) -> NDArray[np.bool_]:
        return self.statuses >= np.uint32(quality.BAD)

    def is_good(self) -> NDArray[np.bool_]:
        return self.statuses < np.uint32(quality.UNCERTAIN)

    def take(self, chosen: NDArray[Any] | slice) -> Samples:
        """The samples that an index, a mask or a slice chooses; ``objects`` keeps only theirs."""
        columns = [column[chosen] for column in _columns_of(self)]
        if not self.objects:
            return Samples(*columns)
        bits, kinds = columns[1].copy(), columns[2]
        places = np.flatnonzero(kinds == ValueKind.OBJECT)
        objects = tuple(self.objects[int(bits[place])] for place in places)
        bits[places] = np.arange(len(places), dtype=np.uint64)
        columns[1] = bits
        return Samples(**dict(zip(_COLUMNS, columns, strict=True)), objects=objects)

    def between(self, start: int, end: int) -> Samples:
        """Those with start <= time <= end (UTC ns); the samples are in time order."""
        if not len(self.times):
            return self
        low = int(np.searchsorted(self.times, start, side="left"))
        return self.take(slice(low, int(np.searchsorted(self.times, end, side="right"))))

    def in_order(self) -> Samples:
        """Sorted by (time, version); itself where they are."""
        if len(self) < 2 or bool((np.diff(self.times) > 0).all()):
            return self
        return self.take(np.lexsort((self.versions, self.times)))


def is_said_once(column: NDArray[Any]) -> bool:
    """Whether one number in memory stands for a whole column: what is true of it is true of all."""
    return len(column) > 0 and column.strides == SAID_ONCE


def joined(parts: Iterable[Samples]) -> Samples:
    """All samples one after the other."""
    kept = [part for part in parts if len(part)]
    if not kept:
        return Samples.empty()
    if len(kept) == 1:
        return kept[0]
    columns = [np.concatenate(column) for column in zip(*map(_columns_of, kept), strict=True)]
    objects: list[Value] = []
    begin = 0
    for part in kept:
        if part.objects:
            places = begin + np.flatnonzero(part.kinds == ValueKind.OBJECT)
            columns[1][places] += np.uint64(len(objects))
            objects += part.objects
        begin += len(part)
    return Samples(**dict(zip(_COLUMNS, columns, strict=True)), objects=tuple(objects))


def chained(parts: Sequence[Samples], times: Times, bits: Bits) -> Samples:
    """``joined`` of samples without objects whose times and bits are one behind the other in ``times`` and ``bits``.

    What all of them say once is said once again: read the columns, never write into them.
    """
    receives = times
    if not all(part.receives is part.times for part in parts):
        receives = np.concatenate([part.receives for part in parts])
    kinds, statuses, flags, versions, runs = (
        as_one([getattr(part, name) for part in parts])
        for name in ("kinds", "statuses", "flags", "versions", "runs")
    )
    return Samples(times, bits, kinds, statuses, receives, flags, versions, runs)


def as_one(columns: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Columns one after the other; said once where all of them say the same once. None of them is empty."""
    first = columns[0]
    if is_said_once(first) and all(
        one is first or (one.strides == SAID_ONCE and one[0] == first[0]) for one in columns
    ):
        return np.broadcast_to(first[:1], sum(map(len, columns)))
    return np.concatenate(columns)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Samples of many tags in the order in which they came: what one commit makes durable.

    ``tags``: int32[n], numbers of the tags in the archive's catalogue.
    """

    tags: NDArray[np.int32]
    samples: Samples

    def __len__(self) -> int:
        return len(self.tags)

    def by_tag(self) -> Iterable[tuple[int, Samples]]:
        """(tag number, its samples in time order) for each tag."""
        if not len(self):
            return
        if bool((self.tags == self.tags[0]).all()) and bool((np.diff(self.samples.times) > 0).all()):
            yield int(self.tags[0]), self.samples
            return
        order = np.lexsort((self.samples.versions, self.samples.times, self.tags))
        numbers = self.tags[order]
        begins = np.flatnonzero(np.diff(numbers, prepend=np.int32(-1)))
        for begin, end in zip(begins, [*begins[1:], len(order)], strict=True):
            yield int(numbers[begin]), self.samples.take(order[begin:end])


def pack(contents: Sequence[Value]) -> tuple[Bits, NDArray[np.uint8], tuple[Value, ...]]:
    """Values of any type as (bits, kinds, objects); OverflowError for an integer beyond 64 bits."""
    count = len(contents)
    if all(type(value) is float for value in contents):
        floats = np.array(contents, np.float64)
        return floats.view(np.uint64), np.full(count, ValueKind.FLOAT, np.uint8), ()
    bits, kinds = np.zeros(count, np.uint64), np.zeros(count, np.uint8)
    floats, integers = bits.view(np.float64), bits.view(np.int64)
    objects: list[Value] = []
    for place, value in enumerate(contents):
        if value is None:
            continue
        if isinstance(value, bool):
            kinds[place], bits[place] = ValueKind.BOOL, value
        elif isinstance(value, float):
            kinds[place], floats[place] = ValueKind.FLOAT, value
        elif isinstance(value, int) and -(2**63) <= value < 2**63:
            kinds[place], integers[place] = ValueKind.INT, value
        elif isinstance(value, int):
            kinds[place], bits[place] = ValueKind.UINT, value
        else:
            kinds[place], bits[place] = ValueKind.OBJECT, len(objects)
            objects.append(value)
    return bits, kinds, tuple(objects)


def unpack(bits: Bits, kinds: NDArray[np.uint8], objects: Sequence[Value]) -> list[Value]:
    """The way back of ``pack``: floats for all, then each other kind in its places."""
    found: list[Value] = bits.view(np.float64).tolist()
    for kind, count in enumerate(np.bincount(kinds).tolist()):
        if not count or kind == ValueKind.FLOAT:
            continue
        if count == len(kinds):
            return _READERS[kind](bits, objects)
        places = np.flatnonzero(kinds == kind)
        for place, value in zip(places.tolist(), _READERS[kind](bits[places], objects), strict=True):
            found[place] = value
    return found


_EMPTY: Final = Samples.of(())
_READERS: Final[dict[int, Callable[[Bits, Sequence[Value]], list[Value]]]] = {
    ValueKind.NONE: lambda bits, objects: [None] * len(bits),
    ValueKind.INT: lambda bits, objects: bits.view(np.int64).tolist(),
    ValueKind.UINT: lambda bits, objects: bits.tolist(),
    ValueKind.BOOL: lambda bits, objects: (bits != 0).tolist(),
    ValueKind.OBJECT: lambda bits, objects: [objects[place] for place in bits.tolist()],
}


def as_numbers(bits: Bits, kinds: NDArray[np.uint8]) -> Floats:
    """float64 of every value; NaN for nothing, texts and structures."""
    numbers = bits.view(np.float64).copy()
    if bool((kinds == _FLOAT).all()):
        return numbers
    for kind, view in ((ValueKind.INT, np.int64), (ValueKind.UINT, np.uint64), (ValueKind.BOOL, np.uint64)):
        chosen = kinds == kind
        if chosen.any():
            numbers[chosen] = bits[chosen].view(view).astype(np.float64)
    numbers[(kinds == ValueKind.NONE) | (kinds == ValueKind.OBJECT)] = np.nan
    return numbers

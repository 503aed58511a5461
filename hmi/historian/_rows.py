"""Samples on their way to the archive: one packed record each, so that a whole second moves in a few steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hmi.core.values import Value
from hmi.historian.samples import Batch, Samples, ValueKind

ROW: Final = np.dtype(
    [
        ("time", np.int64),
        ("number", np.float64),  # what deviations are judged by; NaN where there is none
        ("bits", np.uint64),
        ("receive", np.int64),
        ("slot", np.int32),
        ("status", np.uint32),
        ("run", np.uint32),
        ("flags", np.uint16),
        ("kind", np.uint8),
    ],
    align=True,
)
Table = NDArray[Any]
"""Records of ``ROW``."""


def no_rows() -> Table:
    return np.zeros(0, ROW)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Records in the order in which they came, with what does not fit in 64 bits."""

    table: Table
    objects: tuple[Value, ...] = ()

    def __len__(self) -> int:
        return len(self.table)

    def samples(self) -> Samples:
        """As the archive takes them."""
        table = self.table
        columns = [
            np.ascontiguousarray(table[name])
            for name in ("time", "bits", "kind", "status", "receive", "flags", "run")
        ]
        times, bits, kinds, statuses, receives, flags, runs = columns
        places = np.flatnonzero(kinds == ValueKind.OBJECT)
        objects = tuple(self.objects[int(bits[place])] for place in places)
        bits[places] = np.arange(len(places), dtype=np.uint64)
        versions = np.zeros(len(table), np.uint16)
        return Samples(times, bits, kinds, statuses, receives, flags, versions, runs, objects)

    def batch(self, numbers: NDArray[np.int32]) -> Batch:
        """With the numbers of the archive's catalogue instead of slots; ``numbers`` is by slot."""
        return Batch(numbers[self.table["slot"]], self.samples())

    def where(self, chosen: NDArray[np.bool_]) -> Rows:
        return Rows(self.table.compress(chosen), self.objects)


def rows_of(slots: NDArray[np.int32], samples: Samples) -> Rows:
    """The way back: samples that the archive or the file of held points gave."""
    table = np.zeros(len(slots), ROW)
    for name, column in (
        ("time", samples.times), ("number", samples.numbers()), ("bits", samples.bits),
        ("receive", samples.receives), ("slot", slots), ("status", samples.statuses), ("run", samples.runs),
        ("flags", samples.flags), ("kind", samples.kinds),
    ):  # fmt: skip
        table[name] = column
    return Rows(table, samples.objects)


def joined_rows(parts: Iterable[Rows]) -> Rows:
    """All rows one after the other."""
    kept = [part for part in parts if len(part)]
    if len(kept) == 1:
        return kept[0]
    if not kept:
        return Rows(no_rows())
    objects: list[Value] = []
    tables: list[Table] = []
    for part in kept:
        table = part.table
        if part.objects:
            if objects:
                table = table.copy()
                table["bits"][table["kind"] == ValueKind.OBJECT] += np.uint64(len(objects))
            objects += part.objects
        tables.append(table)
    return Rows(np.concatenate(tables), tuple(objects))


def rounds(slots: NDArray[np.int32]) -> Sequence[NDArray[np.int64] | None]:
    """Places of the rows in rounds: no slot twice in one round, those of one slot in their order.

    None: all rows as they are, where no slot comes twice.
    """
    count = len(slots)
    places = np.arange(count, dtype=np.int32)
    last = np.empty(int(slots.max(initial=-1)) + 1, np.int32)
    last[slots] = places
    if bool((last[slots] == places).all()):
        return (None,) if count else ()
    order = np.argsort(slots, kind="stable")
    begins = np.flatnonzero(np.diff(slots[order], prepend=np.int32(-1)))
    sizes = np.diff(begins, append=count)
    ranks = np.arange(count) - np.repeat(begins, sizes)
    by_rank = np.argsort(ranks, kind="stable")
    ends = np.cumsum(np.bincount(ranks))
    return [order[part] for part in np.split(by_rank, ends[:-1])]

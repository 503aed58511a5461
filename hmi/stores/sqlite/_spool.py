"""Holds an hour of a plant while it is sorted: compressed, by ranges of tags, so that it takes little memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hmi.historian.blocks import decode_scan, encode_scan
from hmi.historian.samples import Batch, Samples, Times
from hmi.stores.sqlite._slim import slim_joined, slim_taken, slimmed

_CLOCK_LEAST: Final = 4
"""An instant at which fewer tags have a sample does not go into the shared scan clock."""
_CLOCK_SHARE: Final = 8
"""A clock with more than one instant for so many samples is not worth its bytes."""
_RANGES_MOST: Final = 64
_HELD_MOST: Final = 1_000_000
"""Samples that are held as they are."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Samples of one commit."""

    seq: int
    tags: NDArray[np.int32]
    samples: Samples


Lengths = list[tuple[int, int]]
"""(commit, how many samples of it follow) of what is joined."""


class Spool:
    """Takes parts in the order of their commits and gives them back range by range, in that order."""

    def __init__(self) -> None:
        self._held: list[Part] = []
        self._count = self._total = 0
        self._edges = np.empty(0, np.int32)
        self._packed: list[list[tuple[bytes, Lengths]]] = []
        self._instants: list[Times] = []
        self._counts: list[NDArray[np.int64]] = []

    def add(self, parts: Iterable[Part]) -> None:
        for part in parts:
            self._held.append(part)
            self._count += len(part.tags)
            self._total += len(part.tags)
            for column in (part.samples.times, part.samples.receives):
                instants, counts = np.unique(column, return_counts=True)
                self._instants.append(instants)
                self._counts.append(counts)
        if self._count > _HELD_MOST:
            self._pack()

    def clock(self) -> Times:
        """Instants that many samples share; none where they are too many."""
        if not self._instants:
            return np.empty(0, np.int64)
        times, places = np.unique(np.concatenate(self._instants), return_inverse=True)
        clock = times[np.bincount(places, np.concatenate(self._counts)) >= _CLOCK_LEAST]
        return clock if _CLOCK_SHARE * len(clock) <= self._total else np.empty(0, np.int64)

    def ranges(self) -> Iterator[tuple[int, int, list[Part]]]:
        """(lowest tag, tag behind the highest, its parts); all tags there can be are in one of the ranges."""
        if not self._packed:
            yield 0, 1 << 31, self._held
            return
        self._pack()
        edges = [0, *self._edges.tolist(), 1 << 31]
        for place, packed in enumerate(self._packed):
            yield edges[place], edges[place + 1], [part for one in packed for part in _unpacked(*one)]
            packed.clear()

    def _pack(self) -> None:
        if not self._held:
            return
        tags = np.concatenate([part.tags for part in self._held])
        if not self._packed:
            self._edges = _edges(tags)
            self._packed = [[] for _ in range(len(self._edges) + 1)]
        owners = np.searchsorted(self._edges, tags, side="right").astype(np.uint8)
        order = np.argsort(owners, kind="stable")
        seqs = np.repeat([part.seq for part in self._held], [len(part.tags) for part in self._held])[order]
        samples = slim_taken(slimmed(slim_joined([part.samples for part in self._held])), order)
        tags, cuts = tags[order], np.searchsorted(owners[order], np.arange(len(self._packed) + 1))
        for place, packed in enumerate(self._packed):
            rows = slice(int(cuts[place]), int(cuts[place + 1]))
            if rows.start < rows.stop:
                packed.append((encode_scan(Batch(tags[rows], samples.take(rows))), _lengths(seqs[rows])))
        self._held, self._count = [], 0


def _edges(tags: NDArray[np.int32]) -> NDArray[np.int32]:
    """The lowest tag of each range but the first: about as many samples in each of them."""
    places = np.linspace(0, len(tags), _RANGES_MOST + 1).astype(np.intp)[1:-1]
    return np.unique(np.sort(tags)[places])


def _lengths(seqs: NDArray[np.int64]) -> Lengths:
    begins = np.flatnonzero(np.diff(seqs, prepend=-1))
    counts = np.diff(np.append(begins, len(seqs)))
    return list(zip(seqs[begins].tolist(), counts.tolist(), strict=True))


def _unpacked(block: bytes, lengths: Lengths) -> Iterator[Part]:
    batch, low = decode_scan(block), 0
    samples = slimmed(batch.samples)
    for seq, count in lengths:
        yield Part(seq, batch.tags[low : low + count], samples.take(slice(low, low + count)))
        low += count

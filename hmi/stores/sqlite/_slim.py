"""Samples whose columns that say one thing all along are held once: an hour of a plant in a third of the memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hmi.historian.samples import Samples, is_said_once, joined

_CLOCK_LEAST: Final = 4
"""An instant with fewer source and receive times does not go into the shared scan clock."""
_CLOCK_SHARE: Final = 8
"""A clock with more than one instant for so many samples is not worth its bytes."""
_PLAIN: Final = ("kinds", "statuses", "flags", "versions", "runs")


def slim_joined(parts: Sequence[Samples]) -> Samples:
    """All samples one after the other."""
    kept = [part for part in parts if len(part)]
    if len(kept) < 2 or any(part.objects for part in kept):
        return joined(kept)
    count = sum(len(part) for part in kept)
    columns: dict[str, Any] = {
        name: _one_column([getattr(part, name) for part in kept], count) for name in _PLAIN
    }
    times = np.concatenate([part.times for part in kept])
    same = all(part.receives is part.times or np.array_equal(part.receives, part.times) for part in kept)
    receives = times if same else np.concatenate([part.receives for part in kept])
    return Samples(
        times=times, bits=np.concatenate([part.bits for part in kept]), receives=receives, **columns
    )


def slim_taken(samples: Samples, order: NDArray[Any] | slice) -> Samples:
    """The samples that an index or a slice chooses."""
    if samples.objects:
        return samples.take(order)
    times = samples.times[order]
    receives = times if samples.receives is samples.times else samples.receives[order]
    columns: dict[str, Any] = {}
    for name in _PLAIN:
        column = getattr(samples, name)
        if is_said_once(column) and not isinstance(order, slice):  # a slice of it says it once by itself
            columns[name] = np.broadcast_to(column[:1], len(times))
        else:
            columns[name] = column[order]
    return Samples(times=times, bits=samples.bits[order], receives=receives, **columns)


def slimmed(samples: Samples) -> Samples:
    """The same samples."""
    receives = samples.times if np.array_equal(samples.receives, samples.times) else samples.receives
    columns: dict[str, Any] = {name: _one_column([getattr(samples, name)], len(samples)) for name in _PLAIN}
    return Samples(
        times=samples.times, bits=samples.bits, receives=receives, objects=samples.objects, **columns
    )


def tag_order(
    tags: NDArray[np.int32], samples: Samples, seqs: NDArray[np.int64] | None = None
) -> NDArray[np.intp] | None:
    """How to sort by (tag, time, version), equal ones by ``seqs`` or as they came; None where it is so already."""
    steps = np.diff(tags)
    if len(tags) < 2 or bool((steps > 0).all()):
        return None
    if bool((steps >= 0).all()) and bool(((np.diff(samples.times) > 0) | (steps > 0)).all()):
        return None
    # samples come nearly in order of time, so that mostly this is all
    key = _small(tags)
    order = np.argsort(key, kind="stable")
    if _is_in_order(tags, samples, order):
        return order
    if seqs is not None:  # or in order of their commits
        order = np.argsort(_small(seqs - seqs.min()), kind="stable")
        order = order[np.argsort(key[order], kind="stable")]
        if _is_in_order(tags, samples, order):
            return order
    by = (samples.versions, samples.times, tags)
    return np.lexsort(by if seqs is None else (seqs, *by))


def _small(key: NDArray[Any]) -> NDArray[Any]:
    """A key without negative numbers in 16 bits where it fits: then it is sorted by counting."""
    return key.astype(np.uint16) if int(key.max()) < 1 << 16 else key


def _is_in_order(tags: NDArray[np.int32], samples: Samples, order: NDArray[np.intp]) -> bool:
    rising = np.diff(samples.times[order]) > 0
    return bool((rising | (np.diff(tags[order]) != 0)).all())


class Instants:
    """Counts at which instants samples came or were received, for a clock that they share."""

    def __init__(self) -> None:
        self._instants: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
        self._counts: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
        self._total = 0

    def add(self, samples: Samples) -> None:
        """Instants that come so often that nearly all are shared are not counted one by one."""
        same = samples.receives is samples.times or np.array_equal(samples.receives, samples.times)
        self._total += len(samples)
        for column in (samples.times,) if same else (samples.times, samples.receives):
            if bool((np.diff(column) > 0).all()):
                instants, counts = column, np.full(len(column), 1 + same)
            else:
                instants = np.unique(column)
                counts = np.full(len(instants), _CLOCK_LEAST)
                if _CLOCK_SHARE * len(instants) > len(column):
                    instants, counts = np.unique(column, return_counts=True)
                    counts *= 1 + same
            self._instants.append(instants)
            self._counts.append(counts)

    def shared(self) -> NDArray[np.int64]:
        """Those that many share; none where they are too many to be worth it."""
        times, places = np.unique(np.concatenate(self._instants), return_inverse=True)
        clock = times[np.bincount(places, np.concatenate(self._counts)) >= _CLOCK_LEAST]
        return clock if _CLOCK_SHARE * len(clock) <= self._total else np.empty(0, np.int64)


def _one_column(columns: Sequence[NDArray[Any]], count: int) -> NDArray[Any]:
    first = columns[0][:1]
    if count and all(
        bool(column[0] == first[0]) and (is_said_once(column) or bool((column == first).all()))
        for column in columns
    ):
        return np.broadcast_to(first.copy(), count)
    return columns[0] if len(columns) == 1 else np.concatenate(columns)

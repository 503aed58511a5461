"""Samples whose columns that say one thing all along are held once: an hour of a plant in a third of the memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hmi.historian.samples import Samples, joined

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


def slim_taken(samples: Samples, order: NDArray[Any]) -> Samples:
    """The samples that an index chooses."""
    if samples.objects:
        return samples.take(order)
    times = samples.times[order]
    receives = times if samples.receives is samples.times else samples.receives[order]
    columns: dict[str, Any] = {}
    for name in _PLAIN:
        column = getattr(samples, name)
        columns[name] = np.broadcast_to(column[:1], len(times)) if _is_one(column) else column[order]
    return Samples(times=times, bits=samples.bits[order], receives=receives, **columns)


def slimmed(samples: Samples) -> Samples:
    """The same samples."""
    receives = samples.times if np.array_equal(samples.receives, samples.times) else samples.receives
    columns: dict[str, Any] = {name: _one_column([getattr(samples, name)], len(samples)) for name in _PLAIN}
    return Samples(
        times=samples.times, bits=samples.bits, receives=receives, objects=samples.objects, **columns
    )


def tag_order(tags: NDArray[np.int32], samples: Samples) -> NDArray[np.intp] | None:
    """How to sort by (tag, time, version), equal ones as they came; None where it is so already."""
    steps = np.diff(tags)
    if len(tags) < 2 or bool((steps > 0).all()):
        return None
    # a 16-bit key is sorted by counting; samples come nearly in order of time, so that mostly this is all
    key = tags.astype(np.uint16) if int(tags.max()) < 1 << 16 else tags
    order = np.argsort(key, kind="stable")
    rising = np.diff(samples.times[order]) > 0
    if bool((rising | (np.diff(tags[order]) != 0)).all()):
        return order
    return np.lexsort((samples.versions, samples.times, tags))


def _one_column(columns: Sequence[NDArray[Any]], count: int) -> NDArray[Any]:
    first = columns[0][:1]
    if count and all(
        bool(column[0] == first[0]) and (_is_one(column) or bool((column == first).all()))
        for column in columns
    ):
        return np.broadcast_to(first.copy(), count)
    return columns[0] if len(columns) == 1 else np.concatenate(columns)


def _is_one(column: NDArray[Any]) -> bool:
    return len(column) > 0 and column.strides == (0,)

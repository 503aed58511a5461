"""Rows in portions that one commit takes, and what is to be stored apart from what nothing takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Final

import numpy as np

from hmi.core.errors import StorageError
from hmi.historian._intake import size_of
from hmi.historian._rows import Rows, joined_rows
from hmi.historian.samples import ValueKind

MOST_AT_ONCE: Final = 100_000
"""Rows of one commit, where one second does not bring more."""
MOST_BYTES_AT_ONCE: Final = 1 << 26
"""Of texts, bytes and arrays in one commit, roughly."""


def at_once(parts: Sequence[Rows]) -> int:
    """How many of these go into one commit, from the first one on; one at least."""
    counts, sizes = accumulate(map(len, parts)), accumulate(map(_bytes_of, parts))
    fit = (
        count <= MOST_AT_ONCE and size <= MOST_BYTES_AT_ONCE
        for count, size in zip(counts, sizes, strict=True)
    )
    return sum(fit) or len(parts[:1])


def pieces(rows: Rows) -> list[Rows]:
    """The same rows in their order, none larger than one commit may be."""
    if not len(rows):
        return []
    if len(rows) == 1 or _bytes_of(rows) <= MOST_BYTES_AT_ONCE:
        return [rows]
    half = len(rows) // 2
    parts = (rows.table[:half], rows.table[half:])
    return [piece for part in parts for piece in pieces(Rows(part, rows.objects))]


def sifted(rows: Rows, store: Callable[[Rows], None]) -> tuple[Rows, Rows]:
    """Store the rows of each tag that can be stored: what is refused, and what was not tried for a StorageError."""
    refused: list[Rows] = []
    groups = [rows]
    while groups:
        group = groups[-1]
        try:
            store(group)
        except StorageError:
            break
        except Exception:
            # Whatever a row is that no archive takes: it must not cost the rows beside it.
            slots = np.unique(group.table["slot"])
            if len(slots) < 2:
                refused.append(group)
                groups.pop()
                continue
            upper = group.table["slot"] >= slots[len(slots) // 2]
            groups[-1:] = [group.where(upper), group.where(~upper)]
        else:
            groups.pop()
    return joined_rows(refused), joined_rows(reversed(groups))


def _bytes_of(rows: Rows) -> int:
    if not rows.objects:
        return 0
    chosen = rows.table["kind"] == ValueKind.OBJECT
    return sum(size_of(rows.objects[place]) for place in rows.table["bits"][chosen].tolist())

"""Rollups of one level: numbers share a column, times are offsets, and what follows from the rest is left out."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hmi.historian.blocks._columns import (
    constant,
    get_floats,
    get_integers,
    get_narrow,
    put_floats,
    put_integers,
)
from hmi.historian.blocks._frame import BlockDamaged, Cursor, opened, sealed, unsigned
from hmi.historian.rollups import Rollups
from hmi.historian.samples import Times

_KIND: Final = b"R"
_GOOD, _WORST, _COVERED, _NOWHERE = 1, 2, 4, 8
"""Present: other than all of them Good; any status but Good; not the whole interval covered.

``_NOWHERE``: rows whose minimum is NaN have 0 as their times, which are not stored.
"""


def encode_rollups(rollups: Rollups, *, level: int = 8) -> bytes:
    """Rows of one level in time order, bit for bit; ``level`` as in ``encode_chunk``. BlockTooLarge."""
    rows = rollups
    if not len(rows):
        return sealed(_KIND, 0, unsigned(rows.level))
    numbers = np.concatenate((rows.first, rows.last, rows.low, rows.high))
    mask, offsets = _offsets(rows)
    behind = b""
    for bit, column, usual in (
        (_GOOD, rows.good, rows.counts),
        (_WORST, rows.worst, 0),
        (_COVERED, rows.covered, rows.level),
    ):
        if not np.array_equal(column, np.broadcast_to(usual, len(rows))):
            mask |= bit
            behind += put_integers(column, level)
    parts = (
        unsigned(rows.level),
        bytes([mask]),
        put_integers(rows.starts // rows.level, level),
        put_floats(numbers, level),
        put_floats(rows.mean, level),
        put_integers(offsets, level),
        put_integers(rows.counts, level),
    )
    return sealed(_KIND, len(rows), b"".join(parts) + behind)


def decode_rollups(data: bytes) -> Rollups:
    """The rows as they were; BlockDamaged.

    Columns may share memory: read them, never write into them.
    """
    count, cursor = opened(_KIND, data)
    size = cursor.unsigned()
    if not 0 < size < 2**63:
        raise BlockDamaged("a block of rollups has an impossible level")
    mask = cursor.byte() if count else 0
    starts = get_integers(cursor, count) * size
    numbers = get_floats(cursor, 4 * count).reshape(4, -1)
    mean = get_floats(cursor, count)
    offsets = get_integers(cursor, 3 * count).reshape(3, -1) + starts
    if mask & _NOWHERE:
        offsets[:, np.isnan(numbers[2])] = 0
    counts = get_narrow(cursor, count, np.uint32)
    good = _optional(cursor, mask & _GOOD, count, counts)
    worst = _optional(cursor, mask & _WORST, count, constant(0, count, np.uint32))
    covered = get_integers(cursor, count) if mask & _COVERED else constant(size, count, np.int64)
    cursor.finish()
    return Rollups(
        size, starts, low=numbers[2], high=numbers[3], first=numbers[0], last=numbers[1],
        low_at=offsets[0], high_at=offsets[1], last_at=offsets[2], mean=mean,
        counts=counts, good=good, worst=worst, covered=covered,
    )  # fmt: skip


def _offsets(rows: Rollups) -> tuple[int, Times]:
    """(mask, times of minimum, maximum and last as ns behind the begin of their row)."""
    times = np.stack((rows.low_at, rows.high_at, rows.last_at))
    offsets, nowhere = times - rows.starts, np.isnan(rows.low)
    if not nowhere.any() or times[:, nowhere].any():
        return 0, offsets.reshape(-1)
    offsets[:, nowhere] = 0
    return _NOWHERE, offsets.reshape(-1)


def _optional(cursor: Cursor, present: int, count: int, usual: NDArray[Any]) -> NDArray[Any]:
    return get_narrow(cursor, count, np.uint32) if present else usual

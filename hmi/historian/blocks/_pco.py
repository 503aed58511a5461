"""pcodec behind two functions, so that blocks stay readable and writable in what surrounds it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hmi.core.errors import StorageError
from hmi.historian.blocks._frame import BlockDamaged

try:
    from pcodec import ChunkConfig, DeltaSpec, standalone  # pyright: ignore[reportAttributeAccessIssue]
except ImportError:  # the columns fall back to shuffle + zstd
    ChunkConfig = DeltaSpec = standalone = None

_DIFFERENCES, _PLAIN, _FORETOLD = "differences", "plain", "foretold"
_TRIED: Final = 200
"""Shorter columns are packed in two ways: that costs less than to look."""
_ORDER: Final = 3
"""How many values before one foretell it: a fourth makes chunks 0.3 % smaller and takes half as long again to read."""
_BATCH: Final = 512
_FORETOLD_MOST: Final = 100_000
"""pcodec 1.1 panics where the last batch of a page has fewer values than the order; up to here there is one page."""


def compressed(values: NDArray[Any], level: int) -> bytes | None:
    """``values`` (uint32, uint64, float32, float64) without loss; None where pcodec is missing or refuses."""
    if standalone is None:
        return None
    column = np.ascontiguousarray(values)
    try:
        return min(
            (bytes(standalone.simple_compress(column, _setting(way, level))) for way in _ways(column)),
            key=len,
        )
    except (RuntimeError, TypeError):
        return None


def expanded(data: bytes, count: int, dtype: Any, room: NDArray[Any] | None = None) -> NDArray[Any]:
    """Exactly ``count`` values, in ``room`` where it is given; memory for no more is taken.

    BlockDamaged where there are not so many.
    """
    if standalone is None:
        raise StorageError(
            "this block needs the package pcodec, which is not installed; install it and read again"
        )
    values = np.empty(count, dtype) if room is None else room
    try:
        progress = standalone.simple_decompress_into(data, values)
    except (RuntimeError, TypeError, ValueError) as error:
        raise BlockDamaged(f"a column of a block cannot be unpacked: {error}") from error
    if progress.n_processed != count:
        raise BlockDamaged("a column of a block has another length than the block")
    return values


def _ways(column: NDArray[Any]) -> tuple[str, ...]:
    """How to look at a column before it is packed: pcodec's own choice takes longer and is often wrong for an hour.

    What stands about a level is packed as it is, what wanders by its differences, and noise around something slow by
    what the values before foretell: there the differences tend back, and most are small. Short columns are tried.
    """
    count = len(column)
    if count < _TRIED:
        return _DIFFERENCES, _PLAIN
    numbers = column.astype(np.float64)
    with np.errstate(all="ignore"):
        steps = numbers[1:] - numbers[:-1]
        numbers -= numbers[0]
        moved, mean = float(steps @ steps), float(numbers.mean())
        if not moved < float(numbers @ numbers) - count * mean * mean:
            return (_PLAIN,)
        steps -= steps.mean()
        spread = float(steps @ steps)
        tends_back = float(steps[1:] @ steps[:-1]) < -0.25 * spread
        if not tends_back or column.itemsize > 4 or count > _FORETOLD_MOST or 0 < count % _BATCH < _ORDER:
            return (_DIFFERENCES,)
        small = np.count_nonzero(np.abs(steps) < 0.3 * np.sqrt(spread / count))
    return (_FORETOLD,) if small > 0.15 * count else (_DIFFERENCES,)


@lru_cache(maxsize=64)
def _setting(way: str, level: int) -> Any:
    assert ChunkConfig is not None
    assert DeltaSpec is not None
    if way == _FORETOLD:
        spec = DeltaSpec.try_conv1(_ORDER)
    else:
        spec = DeltaSpec.try_consecutive(1) if way == _DIFFERENCES else DeltaSpec.no_op()
    return ChunkConfig(compression_level=level, delta_spec=spec)

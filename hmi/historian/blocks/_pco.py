"""pcodec behind two functions, so that blocks stay readable and writable in what surrounds it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hmi.core.errors import StorageError
from hmi.historian.blocks._frame import BlockDamaged

try:
    from pcodec import ChunkConfig, DeltaSpec, standalone  # pyright: ignore[reportAttributeAccessIssue]
except ImportError:  # the columns fall back to shuffle + zstd
    ChunkConfig = DeltaSpec = standalone = None


def compressed(values: NDArray[Any], level: int) -> bytes | None:
    """``values`` (uint32, uint64, float32, float64) without loss; None where pcodec is missing or refuses."""
    if standalone is None:
        return None
    try:
        column = np.ascontiguousarray(values)
        return min((bytes(standalone.simple_compress(column, one)) for one in _settings(level)), key=len)
    except (RuntimeError, TypeError):
        return None


def expanded(data: bytes, count: int, dtype: Any) -> NDArray[Any]:
    """Exactly ``count`` values; memory for no more is taken. BlockDamaged where there are not so many."""
    if standalone is None:
        raise StorageError(
            "this block needs the package pcodec, which is not installed; install it and read again"
        )
    values = np.empty(count, dtype)
    try:
        progress = standalone.simple_decompress_into(data, values)
    except (RuntimeError, TypeError, ValueError) as error:
        raise BlockDamaged(f"a column of a block cannot be unpacked: {error}") from error
    if progress.n_processed != count:
        raise BlockDamaged("a column of a block has another length than the block")
    return values


@lru_cache(maxsize=16)
def _settings(level: int) -> tuple[Any, ...]:
    """Differences and plain values: its own choice takes as long, and for an hour of samples it is often wrong."""
    if ChunkConfig is None or DeltaSpec is None:
        return ()
    ways = DeltaSpec.try_consecutive(1), DeltaSpec.no_op()
    return tuple(ChunkConfig(compression_level=level, delta_spec=way) for way in ways)

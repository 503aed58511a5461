"""zstd with a bound on what comes out, and the byte shuffle in front of it."""

from __future__ import annotations

import threading
from typing import Any, Final

import numpy as np
import zstandard
from numpy.typing import NDArray

from hmi.historian.blocks._frame import MOST_BYTES, BlockDamaged, BlockTooLarge

_own: Final = threading.local()
"""Contexts of zstd may be used by one thread at a time."""


def squeezed(data: bytes, level: int) -> bytes:
    """Compressed, with its size inside; BlockTooLarge beyond ``MOST_BYTES``."""
    if len(data) > MOST_BYTES:
        raise BlockTooLarge(
            f"{len(data)} bytes do not fit into one block, which holds {MOST_BYTES}; write several"
        )
    contexts: dict[int, zstandard.ZstdCompressor] = _own.__dict__.setdefault("compressors", {})
    context = contexts.get(level)
    if context is None:
        context = contexts[level] = zstandard.ZstdCompressor(level=level)
    return context.compress(data)


def stretched(data: bytes, most: int = MOST_BYTES) -> bytes:
    """The way back; BlockDamaged for what is no zstd frame or says it becomes more than ``most`` bytes."""
    try:
        size = zstandard.frame_content_size(data)
        if not 0 <= size <= most:
            raise BlockDamaged("a compressed part of a block has an impossible size")
        context = _own.__dict__.setdefault("decompressor", None)
        if context is None:
            context = _own.decompressor = zstandard.ZstdDecompressor()
        out = context.decompress(data, max_output_size=max(size, 1))
    except (zstandard.ZstdError, MemoryError) as error:
        raise BlockDamaged(f"a compressed part of a block cannot be unpacked: {error}") from error
    if len(out) != size:
        raise BlockDamaged("a compressed part of a block is shorter than it says")
    return out


def shuffled(values: NDArray[Any]) -> bytes:
    """All first bytes, then all second bytes, …: what is alike stands together."""
    width = values.itemsize
    return np.ascontiguousarray(values).view(np.uint8).reshape(-1, width).T.tobytes()


def unshuffled(data: bytes, dtype: Any) -> NDArray[Any]:
    """A fresh writable array; ``len(data)`` is a multiple of the item size."""
    width = np.dtype(dtype).itemsize
    return np.ascontiguousarray(np.frombuffer(data, np.uint8).reshape(width, -1).T).view(dtype).reshape(-1)

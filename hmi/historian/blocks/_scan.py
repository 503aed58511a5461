"""Scan blocks and keyframes: samples of many tags at once, made for speed; one zstd frame holds every column.

Payload: zstd of a byte per column for how (``_ONE``, ``_ALL``, ``_HALF`` or ``_STEPS``), then the columns in order.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hmi.historian.blocks._columns import as_float32, widened
from hmi.historian.blocks._frame import BlockDamaged, Cursor, opened, sealed
from hmi.historian.blocks._values import get_objects, put_objects
from hmi.historian.blocks._zstd import shuffled, squeezed, stretched, unshuffled
from hmi.historian.samples import Batch, Samples, ValueKind

_SCAN: Final = b"S"
_KEYFRAME: Final = b"K"
_ONE, _ALL, _HALF, _STEPS = 1, 2, 3, 4
"""A column holds one number for all, every number, every number in half the width without loss, or the first and the
step to each next one. Never renumber: these are in files.
"""
_MOST_PER_ROW: Final = 64


def encode_scan(batch: Batch) -> bytes:
    """What one commit makes durable, whole by itself; a millisecond for 10,000 samples. BlockTooLarge."""
    return _encoded(_SCAN, batch, 1)


def decode_scan(data: bytes) -> Batch:
    """The batch as it was, in its order; BlockDamaged.

    Its columns may share memory: read them, never write into them.
    """
    return _decoded(_SCAN, data)


def encode_keyframe(batch: Batch) -> bytes:
    """The last sample of every tag at an instant; the times in it are those of the samples. BlockTooLarge."""
    return _encoded(_KEYFRAME, batch, 6)


def decode_keyframe(data: bytes) -> Batch:
    """As ``decode_scan``."""
    return _decoded(_KEYFRAME, data)


def _encoded(kind: bytes, batch: Batch, level: int) -> bytes:
    samples = batch.samples
    bits = samples.bits
    objects: list[Any] = []
    if samples.objects:
        places = np.flatnonzero(samples.kinds == ValueKind.OBJECT)
        objects = [samples.objects[place] for place in bits[places].tolist()]
        bits = bits.copy()
        bits[places] = np.arange(len(places), dtype=np.uint64)
    parts = [
        _put(np.diff(batch.tags, prepend=np.int32(0))),
        _put_times(samples.times),
        _put(samples.receives - samples.times),
        _put_bits(bits),
        *(
            _put(column)
            for column in (samples.kinds, samples.statuses, samples.flags, samples.versions, samples.runs)
        ),
    ]
    texts = put_objects(objects, level) if objects else b""
    body = squeezed(b"".join(parts), level)
    return sealed(kind, len(batch), len(body).to_bytes(4, "little") + body + texts)


def _decoded(kind: bytes, data: bytes) -> Batch:
    count, outer = opened(kind, data)
    body = stretched(outer.take(int.from_bytes(outer.take(4), "little")), _MOST_PER_ROW * (count + 1))
    inner = Cursor(body, 0, len(body))
    tags = np.cumsum(_get(inner, count, np.int32), dtype=np.int32)
    times = _get(inner, count, np.int64)
    later = _get(inner, count, np.int64)
    receives = times if _is_one(later) and not int(later[0]) else times + later
    bits = _get(inner, count, np.uint64)
    kinds, statuses = _get(inner, count, np.uint8), _get(inner, count, np.uint32)
    flags, versions = _get(inner, count, np.uint16), _get(inner, count, np.uint16)
    runs = _get(inner, count, np.uint32)
    inner.finish()
    held = kinds == ValueKind.OBJECT
    number = int(np.count_nonzero(held))
    objects = get_objects(outer, number) if number else ()
    outer.finish()
    if (number and bool((bits[held] >= number).any())) or int(kinds.max(initial=0)) > max(ValueKind):
        raise BlockDamaged("a block names values that it does not have")
    return Batch(tags, Samples(times, bits, kinds, statuses, receives, flags, versions, runs, objects))


def _put(column: NDArray[Any]) -> bytes:
    if len(column) and bool((column == column[0]).all()):
        return bytes([_ONE]) + column[:1].tobytes()
    return bytes([_ALL]) + shuffled(column)


def _put_times(times: NDArray[np.int64]) -> bytes:
    step = int(times[1]) - int(times[0]) if len(times) > 2 else 0
    is_even = step > 0 and int(times[-1]) - int(times[0]) == step * (len(times) - 1)
    if not is_even or not bool((times[1:] - times[:-1] == step).all()):
        return _put(times)
    return bytes([_STEPS]) + times[:1].tobytes() + step.to_bytes(8, "little")


def _put_bits(bits: NDArray[np.uint64]) -> bytes:
    narrow = as_float32(bits.view(np.float64)) if len(bits) else None
    if narrow is None or bool((bits == bits[0]).all()):
        return _put(bits)
    return bytes([_HALF]) + shuffled(narrow)


def _is_one(column: NDArray[Any]) -> bool:
    return len(column) > 0 and column.strides == (0,)


def _get(cursor: Cursor, count: int, dtype: Any) -> NDArray[Any]:
    how, width = cursor.byte(), np.dtype(dtype).itemsize
    if how == _ONE:
        return np.broadcast_to(np.frombuffer(cursor.take(width), dtype), count)
    if how == _ALL:
        return unshuffled(cursor.take(width * count), dtype)
    if how == _STEPS and dtype is np.int64:
        start, step = np.frombuffer(cursor.take(2 * width), np.int64)
        return np.arange(count, dtype=np.int64) * step + start
    if how == _HALF and width == 8:
        return widened(unshuffled(cursor.take(4 * count), np.float32)).view(dtype)
    raise BlockDamaged("a column of a block is kept in an unknown way")

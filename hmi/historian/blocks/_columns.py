"""Columns of numbers: a codec byte, then what it needs. Codec bytes are in files: never give one a second meaning.

======  =====================================================================================================
``K``   constant: one number
``R``   regular: start and step
``E``   runs: their number, the lengths of all but the last one, their values (both are columns again)
``N``   narrow: lowest number, common divisor, width; then what is above, in 1, 2, 4 or 8 bytes each
``I``   lowest number, common divisor, then what is above through pcodec as uint32
``L``   … as uint64
``Z``   the narrow bytes shuffled through zstd: where pcodec is missing or refuses
``B``   truth: bits that tell where it changes
``F``   pcodec of float32 where every value is exact in it
``D``   pcodec of float64
``f``   plain float32; ``d`` plain float64 (few values)
``X``   float64 shuffled through zstd: where pcodec is missing or refuses
======  =====================================================================================================
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hmi.historian.blocks import _pco
from hmi.historian.blocks._frame import BlockDamaged, Cursor, signed, sized, unsigned
from hmi.historian.blocks._zstd import shuffled, squeezed, stretched, unshuffled
from hmi.historian.samples import Bits, Floats, Times

FEW: Final = 16
"""Below so many values the head of a codec costs more than it saves."""
_DEEP: Final = 1
"""Run-length columns hold columns, those hold no further runs."""
_DOUBLE: Final = struct.Struct("<d")
_BITS: Final = struct.Struct("<Q")
_HIGHEST32: Final = 2**32 - 1
_STRETCHES_MOST: Final = 256
_stretches: dict[tuple[int, int, int, int], tuple[NDArray[Any], NDArray[Any]]] = {}
"""Parts of rulers by the identity of the ruler; the ruler beside it keeps that from being reused."""
_WIDTHS: Final = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}


@lru_cache(maxsize=1_024)
def constant(number: int, count: int, dtype: Any) -> NDArray[Any]:
    """A column of one number, held once (``samples.is_said_once``); nobody may write into it."""
    return np.ndarray((count,), dtype, _one_number(number, dtype), strides=(0,))


@lru_cache(maxsize=256)
def _one_number(number: int, dtype: Any) -> NDArray[Any]:
    column = np.full(1, number, dtype)
    column.setflags(write=False)
    return column


def put_integers(values: NDArray[Any], level: int, *, depth: int = 0) -> bytes:
    """A column of any integers of 64 bits or fewer; unsigned ones of 64 bits come back by their pattern."""
    column = _signed64(values)
    if not len(column):
        return b""
    steps = np.diff(column)
    changes = int(np.count_nonzero(steps))
    if not changes:
        return b"K" + signed(int(column[0]))
    if len(column) > 2 and bool((steps == steps[0]).all()):
        return b"R" + signed(int(column[0])) + signed(int(steps[0]))
    if depth < _DEEP and changes < len(column) // 8:
        begins, lengths = _runs(np.flatnonzero(steps), level)
        return lengths + put_integers(column[begins], level, depth=1)
    return _spread(column, level)


def get_integers(cursor: Cursor, count: int, *, depth: int = 0) -> Times:
    """int64[count]; BlockDamaged for what no ``put_integers`` writes."""
    if not count:
        return np.empty(0, np.int64)
    codec = cursor.byte()
    if codec == ord("K"):
        return np.full(count, _as_int64(cursor.signed()), np.int64)
    if codec == ord("R"):
        start, step = _as_int64(cursor.signed()), _as_int64(cursor.signed())
        return np.arange(count, dtype=np.int64) * step + start
    if codec == ord("E") and depth < _DEEP:
        lengths = _get_lengths(cursor, count)
        return np.repeat(get_integers(cursor, len(lengths), depth=1), lengths)
    if codec in b"NZIL":
        return _get_spread(cursor, count, codec)
    raise BlockDamaged(f"a column of integers has the unknown codec {codec}")


def get_narrow(cursor: Cursor, count: int, dtype: Any) -> NDArray[Any]:
    """As ``get_integers``, of an unsigned type; BlockDamaged for a number beyond it."""
    if count and cursor.peek() == ord("K"):
        return constant(narrow_at(cursor, count, dtype, 0), count, dtype)
    column = get_integers(cursor, count)
    if count:
        _check_narrow(int(column.min()), dtype)
        _check_narrow(int(column.max()), dtype)
    return column.astype(dtype)


def narrow_at(cursor: Cursor, count: int, dtype: Any, place: int) -> int:
    """One number of ``get_narrow``."""
    if cursor.peek() != ord("K"):
        return int(get_narrow(cursor, count, dtype)[place])
    cursor.byte()
    number = cursor.signed()
    _check_narrow(number, dtype)
    return number


def _check_narrow(number: int, dtype: Any) -> None:
    if not 0 <= number < 256 ** dtype().itemsize:
        raise BlockDamaged("a column of a block holds a number beyond its range")


def get_places(cursor: Cursor, count: int, ruler: NDArray[Any]) -> NDArray[Any]:
    """``ruler`` at the places that a column of integers names; a view of it where they follow one another."""
    if count and cursor.peek() == ord("R"):
        cursor.byte()
        start, step = cursor.signed(), cursor.signed()
        last = start + step * (count - 1)
        if not (0 <= start < len(ruler) and 0 <= last < len(ruler)) or step < 1:
            raise BlockDamaged("a chunk names instants that its scan clock does not have")
        return _stretch(ruler, start, last + 1, step)
    places = get_integers(cursor, count)
    if count and (int(places.min()) < 0 or int(places.max()) >= len(ruler)):
        raise BlockDamaged("a chunk names instants that its scan clock does not have")
    return ruler[places]


def _stretch(ruler: NDArray[Any], start: int, end: int, step: int) -> NDArray[Any]:
    """A part of a ruler; of one that nobody can write to the same array again for all who ask."""
    if ruler.flags.writeable:
        return ruler[start:end:step]
    key = id(ruler), start, end, step
    known = _stretches.get(key)
    if known is not None and known[0] is ruler:
        return known[1]
    found = ruler[start:end:step]
    if len(_stretches) >= _STRETCHES_MOST:
        _stretches.clear()
    _stretches[key] = ruler, found
    return found


def last_below(cursor: Cursor, count: int, ruler: NDArray[Any], limit: int) -> tuple[int, int]:
    """As ``get_places`` of a column that rises: the last entry that is below ``limit``, and what the ruler says there.

    (-1, 0) where none is.
    """
    if cursor.peek() != ord("I"):
        places = get_integers(cursor, count)
        _check_places(int(places[0]), int(places[-1]), len(ruler))
        entry = int(np.searchsorted(places, limit)) - 1
        return (entry, int(ruler[places[entry]])) if entry >= 0 else (-1, 0)
    cursor.byte()
    lowest, unit = cursor.signed(), cursor.unsigned()
    above = _pco.expanded(cursor.sized(), count, np.uint32)
    _check_places(lowest, lowest + unit * int(above[-1]), len(ruler))
    most = (limit - 1 - lowest) // max(unit, 1)
    if most < 0:
        return -1, 0
    entry = int(above.searchsorted(np.uint32(min(most, _HIGHEST32)), "right")) - 1
    return (entry, int(ruler[lowest + unit * int(above[entry])])) if entry >= 0 else (-1, 0)


def _check_places(first: int, last: int, length: int) -> None:
    if first < 0 or last >= length:
        raise BlockDamaged("a chunk names instants that its scan clock does not have")


def float_at(cursor: Cursor, count: int, place: int) -> int:
    """As ``get_floats``: the 64 bits of one of them."""
    if cursor.peek() != ord("F"):
        return int(get_floats(cursor, count).view(np.uint64)[place])
    cursor.byte()
    narrow = _pco.expanded(cursor.sized(), count, np.float32)
    number = float(narrow[place])
    if number != number:
        return int(widened(narrow[place : place + 1]).view(np.uint64)[0])
    return _BITS.unpack(_DOUBLE.pack(number))[0]


def put_truth(values: NDArray[Any], level: int) -> bytes:
    """A column of 0 and 1."""
    column = values.astype(np.uint8)
    if not len(column):
        return b""
    changed = np.diff(column, prepend=np.uint8(0)) != 0
    packed = np.packbits(changed).tobytes()
    as_integers = put_integers(column, level) if np.count_nonzero(changed) * 8 < len(column) + 64 else b""
    if as_integers and len(as_integers) <= len(packed):
        return as_integers
    tight = squeezed(packed, 9)
    if len(tight) < len(packed):
        return b"B\x01" + sized(tight)
    return b"B\x00" + sized(packed)


def get_truth(cursor: Cursor, count: int) -> Bits:
    if not count:
        return np.empty(0, np.uint64)
    if cursor.peek() != ord("B"):
        return get_integers(cursor, count).view(np.uint64)
    cursor.byte()
    tight, data = cursor.byte(), cursor.sized()
    size = (count + 7) // 8
    packed = stretched(data, size) if tight else data
    if len(packed) != size:
        raise BlockDamaged("a column of bits has another length than its block")
    changed = np.unpackbits(np.frombuffer(packed, np.uint8), count=count)
    return np.bitwise_xor.accumulate(changed).astype(np.uint64)


def put_floats(values: Floats, level: int, *, depth: int = 0) -> bytes:
    """A column of float64 bit for bit: the payload of a NaN and the sign of zero stay."""
    if not len(values):
        return b""
    bits = values.view(np.uint64)
    changed = bits[1:] != bits[:-1]
    changes = int(np.count_nonzero(changed))
    if not changes:
        return b"K" + bits[:1].tobytes()
    if depth < _DEEP and changes < len(values) // 16:
        begins, lengths = _runs(np.flatnonzero(changed), level)
        return lengths + put_floats(values[begins], level, depth=1)
    narrow = as_float32(values)
    column = values if narrow is None else narrow
    plain = (b"d" if narrow is None else b"f") + column.tobytes() if len(values) < 4 * FEW else b""
    packed = _pco.compressed(column, level) if level else None
    if packed is None:
        return plain or b"X" + sized(squeezed(shuffled(values), max(level, 1)))
    best = (b"D" if narrow is None else b"F") + sized(packed)
    return plain if plain and len(plain) <= len(best) else best


def get_floats(cursor: Cursor, count: int, *, depth: int = 0, room: Floats | None = None) -> Floats:
    """float64[count]; ``room`` of that length is where they go if their codec can do that."""
    if not count:
        return np.empty(0, np.float64)
    codec = cursor.byte()
    if codec == ord("F"):
        return widened(_pco.expanded(cursor.sized(), count, np.float32), room)
    if codec == ord("D"):
        return _pco.expanded(cursor.sized(), count, np.float64, room)
    if codec == ord("K"):
        return np.full(count, np.frombuffer(cursor.take(8), np.uint64)[0]).view(np.float64)
    if codec == ord("E") and depth < _DEEP:
        lengths = _get_lengths(cursor, count)
        return np.repeat(get_floats(cursor, len(lengths), depth=1), lengths)
    if codec == ord("f"):
        return widened(np.frombuffer(cursor.take(4 * count), np.float32))
    if codec == ord("d"):
        return np.frombuffer(cursor.take(8 * count), np.float64).copy()
    if codec == ord("X"):
        return unshuffled(_of_size(stretched(cursor.sized(), 8 * count), 8 * count), np.float64)
    raise BlockDamaged(f"a column of numbers has the unknown codec {codec}")


def as_float32(values: Floats) -> NDArray[np.float32] | None:
    """The same numbers in half the bytes, or None where one of them would change by a single bit."""
    with np.errstate(all="ignore"):
        narrow = values.astype(np.float32)
        back = narrow.astype(np.float64)
    return narrow if np.array_equal(back.view(np.uint64), values.view(np.uint64)) else None


def widened(narrow: NDArray[np.float32], room: Floats | None = None) -> Floats:
    with np.errstate(invalid="ignore"):
        if room is None:
            return narrow.astype(np.float64)
        room[:] = narrow
        return room


def _signed64(values: NDArray[Any]) -> Times:
    if values.dtype == np.uint64:
        return values.view(np.int64)
    return values if values.dtype == np.int64 else values.astype(np.int64)


def _as_int64(number: int) -> np.int64:
    return np.int64(number)


def _runs(ends: NDArray[np.intp], level: int) -> tuple[NDArray[np.intp], bytes]:
    """(where each run begins, the head of a column of runs); ``ends``: the last place of each but the last one."""
    begins = np.concatenate(([0], ends + 1))
    return begins, b"E" + unsigned(len(begins)) + put_integers(np.diff(begins), level, depth=1)


def _get_lengths(cursor: Cursor, count: int) -> Times:
    number = cursor.unsigned()
    if not 1 < number <= count:
        raise BlockDamaged("a column has more runs than values")
    lengths = np.empty(number, np.int64)
    lengths[:-1] = get_integers(cursor, number - 1, depth=1)
    if bool((lengths[:-1] < 1).any()) or bool((lengths[:-1] > count).any()):
        raise BlockDamaged("a run of a column has an impossible length")
    lengths[-1] = count - int(lengths[:-1].sum())
    if lengths[-1] < 1:
        raise BlockDamaged("the runs of a column are longer than its block")
    return lengths


def _spread(column: Times, level: int) -> bytes:
    """What is neither constant nor regular: the smaller one of plain narrow bytes and pcodec."""
    lowest = int(column.min())
    above = column.view(np.uint64) - np.uint64(lowest % 2**64)
    unit = _common(above)
    scaled = above if unit == 1 else above // np.uint64(unit)
    highest = int(scaled.max())
    width = next(width for width in _WIDTHS if highest < 2 ** (8 * width))
    narrow, head = scaled.astype(_WIDTHS[width]), signed(lowest) + unsigned(unit)
    plain = b"N" + head + bytes([width]) + narrow.tobytes()
    if len(column) < FEW:
        return plain
    small = highest < 2**32
    packed = _pco.compressed(scaled.astype(np.uint32) if small else scaled, level) if level else None
    if packed is None:
        best = b"Z" + head + bytes([width]) + sized(squeezed(shuffled(narrow), max(level, 1)))
    else:
        best = (b"I" if small else b"L") + head + sized(packed)
    return best if len(best) < len(plain) else plain


def _get_spread(cursor: Cursor, count: int, codec: int) -> Times:
    lowest, unit = np.uint64(cursor.signed() % 2**64), np.uint64(cursor.unsigned())
    if codec in b"IL":
        narrow = _pco.expanded(cursor.sized(), count, np.uint32 if codec == ord("I") else np.uint64)
    else:
        narrow = _get_bytes(cursor, count, codec)
    return (narrow.astype(np.uint64) * unit + lowest).view(np.int64)


def _get_bytes(cursor: Cursor, count: int, codec: int) -> NDArray[Any]:
    width = cursor.byte()
    if width not in _WIDTHS:
        raise BlockDamaged("a column of integers has an impossible width")
    if codec == ord("N"):
        return np.frombuffer(cursor.take(width * count), _WIDTHS[width])
    size = width * count
    return unshuffled(_of_size(stretched(cursor.sized(), size), size), _WIDTHS[width])


def _of_size(data: bytes, size: int) -> bytes:
    if len(data) != size:
        raise BlockDamaged("a column of a block has another length than the block")
    return data


def _common(above: Bits) -> int:
    """Greatest common divisor where it is worth the search: times of ms or µs in ns."""
    if int(above.max()) < 2**20:
        return 1
    some = int(np.gcd.reduce(above[:: max(1, len(above) // 16)]))
    return 1 if some == 1 else max(int(np.gcd.reduce(above)), 1)

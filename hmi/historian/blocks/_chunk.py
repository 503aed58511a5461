"""A chunk: the samples of one tag over an hour or a day, every column by the codec that makes it smallest.

Payload: a byte that names the columns that are present, then these in order: times (a byte for how, see ``OWN``),
statuses, kinds, the values of each kind, receive times, flags, versions, runs. A column that is left out is what nearly
every sample says: Good, a float, received at its source time, no flag, first version, run 0.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hmi.historian.blocks._clock import fingerprint
from hmi.historian.blocks._columns import constant, get_integers, get_narrow, get_places, put_integers
from hmi.historian.blocks._frame import BlockDamaged, Cursor, opened, sealed
from hmi.historian.blocks._values import (
    get_kind,
    get_kind_numbers,
    get_numbers,
    get_values,
    put_kind,
    put_values,
)
from hmi.historian.samples import Floats, Samples, Times, ValueKind, is_said_once

KIND: Final = b"C"
STATUSES, KINDS, MIXED, RECEIVES, FLAGS, VERSIONS, RUNS = (1 << place for place in range(7))
_FLOAT: Final = int(ValueKind.FLOAT)
OWN, SHARED = 0, 1
"""Times stand in the chunk themselves (receive times: how much later), or as places in the shared scan clock."""

Columns = tuple[Times, Floats, NDArray[np.uint32]]


def encode_chunk(samples: Samples, clock: Times | None = None, *, level: int = 8) -> bytes:
    """Samples of one tag in order of (time, version), bit for bit; ``clock``: shared instants that rise.

    ``level`` 1-12 is the effort of pcodec (8 for keeping, 4 for bulk loading); 0 goes without pcodec. BlockTooLarge.
    """
    if not len(samples):
        return sealed(KIND, 0, b"")
    mask, kinds, behind = 0, samples.kinds, b""
    parts = [_put_times(samples.times, clock, level)]
    if _says_anything(samples.statuses):
        mask |= STATUSES
        parts.append(put_integers(samples.statuses, level))
    one = int(kinds[0])
    if not is_said_once(kinds) and not bool((kinds == one).all()):
        mask |= MIXED
        parts += [put_integers(kinds, level), put_values(samples.bits, kinds, samples.objects, level)]
    else:
        if one != ValueKind.FLOAT:
            mask |= KINDS
            parts.append(bytes([one]))
        parts.append(put_kind(one, samples.bits, samples.objects, level))
    if samples.receives is not samples.times and not np.array_equal(samples.receives, samples.times):
        mask |= RECEIVES
        parts.append(_put_receives(samples, clock, level))
    for bit, column in ((FLAGS, samples.flags), (VERSIONS, samples.versions), (RUNS, samples.runs)):
        if _says_anything(column):
            mask |= bit
            behind += put_integers(column, level)
    return sealed(KIND, len(samples), bytes([mask]) + b"".join(parts) + behind)


def decode_chunk(data: bytes, clock: Times | None = None, room: Floats | None = None) -> Samples:
    """The samples as they were. BlockDamaged also where ``clock`` is not the one the chunk was written with.

    Arrays may share memory with ``clock`` and with each other: read them, never write into them. ``room`` is where
    the bits of floats may go, so that those of several chunks lie one behind the other; used or not, it is written to.
    """
    count, cursor = opened(KIND, data)
    if not count:
        cursor.finish()
        return Samples.empty()
    mask = cursor.byte()
    times = _get_times(cursor, count, clock)
    statuses = _optional(cursor, mask & STATUSES, count, np.uint32)
    if mask & MIXED:
        kinds = get_narrow(cursor, count, np.uint8)
        bits, objects = get_values(cursor, kinds)
    else:
        kind = cursor.byte() if mask & KINDS else _FLOAT
        if room is not None and len(room) != count:
            room = None
        bits, objects = get_kind(cursor, kind, count, room)
        kinds = constant(kind, count, np.uint8)
    receives = _get_receives(cursor, times, clock) if mask & RECEIVES else times
    flags = _optional(cursor, mask & FLAGS, count, np.uint16)
    versions = _optional(cursor, mask & VERSIONS, count, np.uint16)
    runs = _optional(cursor, mask & RUNS, count, np.uint32)
    cursor.finish()
    return Samples(times, bits, kinds, statuses, receives, flags, versions, runs, objects)


def decode_columns(data: bytes, clock: Times | None = None) -> Columns:
    """(times, numbers, statuses) alone: what a trend needs, without the columns behind it. As ``decode_chunk``.

    Numbers are NaN where the value is none, whatever its status.
    """
    count, cursor = opened(KIND, data)
    if not count:
        return np.empty(0, np.int64), np.empty(0), np.empty(0, np.uint32)
    mask = cursor.byte()
    times = _get_times(cursor, count, clock)
    statuses = _optional(cursor, mask & STATUSES, count, np.uint32)
    if mask & MIXED:
        return times, get_numbers(cursor, get_narrow(cursor, count, np.uint8)), statuses
    kind = cursor.byte() if mask & KINDS else _FLOAT
    return times, get_kind_numbers(cursor, kind, count), statuses


def _says_anything(column: NDArray[Any]) -> bool:
    return bool(column[0] if is_said_once(column) else column.any())


def _put_times(times: Times, clock: Times | None, level: int) -> bytes:
    """Places in the clock where every instant is one of it, else the instants."""
    return _shared(times, clock, level) or bytes([OWN]) + put_integers(times, level)


def _get_times(cursor: Cursor, count: int, clock: Times | None) -> Times:
    how = cursor.byte()
    return get_integers(cursor, count) if how == OWN else of_clock(cursor, count, clock, how)


def _put_receives(samples: Samples, clock: Times | None, level: int) -> bytes:
    """How much later than the source time, or instants of the clock; the smaller one."""
    later = bytes([OWN]) + put_integers(samples.receives - samples.times, level)
    shared = _shared(samples.receives, clock, level)
    return shared if 0 < len(shared) < len(later) else later


def _get_receives(cursor: Cursor, times: Times, clock: Times | None) -> Times:
    how = cursor.byte()
    if how == OWN:
        return times + get_integers(cursor, len(times))
    return of_clock(cursor, len(times), clock, how)


def _shared(times: Times, clock: Times | None, level: int) -> bytes:
    """Instants as places in the clock behind its fingerprint; nothing where one of them is not in it."""
    if clock is None or not len(clock):
        return b""
    begin = int(np.searchsorted(clock, times[0]))
    places = np.arange(begin, begin + len(times))
    if not np.array_equal(clock[begin : begin + len(times)], times):
        places = np.searchsorted(clock, times)
        if int(places.max()) >= len(clock) or not np.array_equal(clock[places], times):
            return b""
    return bytes([SHARED]) + fingerprint(clock).to_bytes(4, "little") + put_integers(places, level)


def of_clock(cursor: Cursor, count: int, clock: Times | None, how: int) -> Times:
    """Times that are kept as places in the shared clock; BlockDamaged where they are kept in another way."""
    return get_places(cursor, count, fitting_clock(cursor, clock, how))


def fitting_clock(cursor: Cursor, clock: Times | None, how: int) -> Times:
    """The clock that a column of times was written with; BlockDamaged where ``clock`` is another one."""
    if how != SHARED:
        raise BlockDamaged("the times of a chunk are kept in an unknown way")
    known = int.from_bytes(cursor.take(4), "little")
    if clock is None or not len(clock) or fingerprint(clock) != known:
        raise BlockDamaged("the scan clock that a chunk was written with is missing")
    return clock


def _optional(cursor: Cursor, present: int, count: int, dtype: Any) -> NDArray[Any]:
    return get_narrow(cursor, count, dtype) if present else constant(0, count, dtype)

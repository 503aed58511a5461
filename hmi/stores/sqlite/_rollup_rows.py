"""Rollups as they lie in a day file: rows of one hour until the day is closed, then one block per tag and level."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from typing import Final

import apsw
import numpy as np
from numpy.typing import NDArray

from hmi.historian.blocks import BlockDamaged, decode_rollups, encode_rollups
from hmi.historian.rollups import HOUR, MINUTE, TEN_MINUTES, Rollups
from hmi.stores.sqlite._days import HOURS, bound
from hmi.stores.sqlite._levels import ROW, as_rollups, as_rows

_CODES: Final = {MINUTE: 1, TEN_MINUTES: 2, HOUR: 3}
"""Numbers of levels in keys. Never renumber."""
_PUT: Final = "insert or replace into rollups (k, crc, block) values (?, ?, ?)"
_WHOLE: Final = 0
"""Part of a key that holds the whole day; 1 to 24 hold an hour."""
Stored = tuple[int, int, bytes]
"""Key, check in its place, and block of a row."""


def rollup_key(tag: int, level: int, part: int) -> int:
    return tag << 16 | _CODES[level] << 8 | part


def level_of(key: int) -> int:
    """The level of a row in ns; 0 for one that a newer version of this program wrote."""
    code = key >> 8 & 0xFF
    return next((level for level, one in _CODES.items() if one == code), 0)


def check_rollups(key: int, block: bytes) -> None:
    """Whether a row can be read; BlockDamaged."""
    if key & 0xFF == _WHOLE:
        decode_rollups(block)
    else:
        _opened(block)


def tag_of_rollup(key: int) -> int:
    return key >> 16


def put_hour_rows(
    database: apsw.Connection, closed: bool, hour: int, rows: Iterable[tuple[int, int, NDArray[np.void]]]
) -> None:
    """Rows (level, tag, ``ROW``) of one hour of some tags in place of those that were there."""
    if closed:
        for level, tag, part in rows:
            _put_into_whole(database, tag, level, hour, part)
        return
    place = hour % HOURS + 1
    database.executemany(
        _PUT, (_row(rollup_key(tag, level, place), _sealed(part)) for level, tag, part in rows)
    )


def put_whole(database: apsw.Connection, tag: int, level: int, rollups: Rollups) -> None:
    """All rows of a day."""
    database.execute(_PUT, _row(rollup_key(tag, level, _WHOLE), encode_rollups(rollups)))


def day_rows_of(database: apsw.Connection, tag: int, level: int) -> Rollups:
    """All rows of a tag and level in a day file, in order; BlockDamaged."""
    return opened_rows(tag, level, stored_rows_of(database, (tag,), level).get(tag, []))


def stored_rows_of(database: apsw.Connection, tags: Sequence[int], level: int) -> dict[int, list[Stored]]:
    """What a day file keeps of some tags and a level, undecoded; tags of which it keeps nothing are left out."""
    query = (
        "select k, crc, block from carray(?) as asked "
        "cross join rollups on k between asked.value and asked.value + ?"
    )
    found: dict[int, list[Stored]] = {}
    if not len(tags):
        return found
    keys = np.array([rollup_key(tag, level, _WHOLE) for tag in tags], np.int64)
    for row in database.execute(query, (apsw.carray(keys), HOURS)):
        found.setdefault(tag_of_rollup(row[0]), []).append(row)
    return found


def opened_rows(tag: int, level: int, stored: Iterable[Stored]) -> Rollups:
    """What ``stored_rows_of`` found of one tag, decoded; BlockDamaged."""
    parts: list[NDArray[np.void]] = []
    for key, crc, block in stored:
        if crc != bound(block, key):
            raise BlockDamaged("rollups are not in the place where they were put")
        if key == rollup_key(tag, level, _WHOLE):
            return decode_rollups(block)
        parts.append(_opened(block))
    return as_rollups(np.concatenate(parts) if parts else np.empty(0, ROW), level)


def absent_hours(rows: Rollups, day: int, mask: int) -> tuple[int, ...]:
    """Hours (since the epoch) of a day that have samples (bit h of ``mask`` is hour h) and no rows."""
    hours = rows.starts // HOUR - day * HOURS
    there = int(np.bitwise_or.reduce(np.int64(1) << hours)) if mask and len(hours) else 0
    absent = mask & ~there
    return tuple(day * HOURS + hour for hour in range(HOURS) if absent >> hour & 1)


def _put_into_whole(
    database: apsw.Connection, tag: int, level: int, hour: int, rows: NDArray[np.void]
) -> None:
    try:
        known = as_rows(day_rows_of(database, tag, level))
    except BlockDamaged:
        database.execute("delete from rollups where k = ?", (rollup_key(tag, level, _WHOLE),))
        return  # without it they are made from the samples when they are read
    left = known[known["starts"] // HOUR != hour]
    merged = np.concatenate([left, rows])
    put_whole(database, tag, level, as_rollups(merged[np.argsort(merged["starts"])], level))


def _row(key: int, block: bytes) -> tuple[int, int, bytes]:
    return key, bound(block, key), block


def _sealed(rows: NDArray[np.void]) -> bytes:
    data = zlib.compress(rows.tobytes(), 1)
    return data + zlib.crc32(data).to_bytes(4, "little")


def _opened(block: bytes) -> NDArray[np.void]:
    if zlib.crc32(block[:-4]) != int.from_bytes(block[-4:], "little"):
        raise BlockDamaged("rollups of an hour are not as they were written")
    return np.frombuffer(zlib.decompress(block[:-4]), ROW)

"""Rollups of whole months side by side in one file: a year of a trend is a dozen rows instead of 365 files.

All of it is made from day files, and says from which state of each. A day that was changed since, is gone or could not
be read then is asked for in its own file, and so is everything where this file is missing or damaged: it may be removed
at any time.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Final

import apsw
import numpy as np
import zstandard
from numpy.typing import NDArray

from hmi.core.errors import StorageError
from hmi.historian.blocks import BlockDamaged, decode_rollups, encode_rollups
from hmi.historian.rollups import HOUR, TEN_MINUTES, Rollups
from hmi.stores.sqlite._connect import Pool
from hmi.stores.sqlite._days import HOURS, bound
from hmi.stores.sqlite._recent import DayRef
from hmi.stores.sqlite._schema import MONTH_ROAD, version_of

MONTHS_FILE: Final = "months.db"
MONTH_LEVELS: Final = {TEN_MINUTES: 2, HOUR: 3}
"""Levels that are kept by month, with their numbers in keys. Never renumber."""
FEW_DAYS: Final = 4
"""So few files are read one by one as quickly."""
_SOURCE: Final = struct.Struct("<qqIII")
_KNOWN_MOST: Final = 64
Hours = NDArray[np.int64]
Tags = NDArray[np.int32]


@lru_cache(maxsize=4_096)
def month_of(day: int) -> int:
    """Months since the epoch of a day since the epoch."""
    return int(np.datetime64(day, "D").astype("datetime64[M]").astype(np.int64))


def first_day(month: int) -> int:
    """Days since the epoch of the first day of a month."""
    return int(np.datetime64(month, "M").astype("datetime64[D]").astype(np.int64))


def month_key(tag: int, level: int, month: int) -> int:
    """Row of a tag: those of one tag and level lie side by side."""
    return tag << 24 | MONTH_LEVELS[level] << 20 | month


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What a month was made of. ``changes``: by day the state of its file; ``tags``: those that have samples there,
    rising; one of them without a row could not be read. ``made``: how far the archive was then (UTC ns).
    """

    generation: int
    made: int
    changes: Mapping[int, int]
    tags: Tags

    def packed(self) -> bytes:
        days = np.array(sorted(self.changes.items()), np.int64).reshape(-1, 2)
        body = days.tobytes() + self.tags.astype("<i4").tobytes()
        data = zstandard.ZstdCompressor(level=3).compress(body)
        head = _SOURCE.pack(self.generation, self.made, len(days), len(self.tags), zlib.crc32(data))
        return head + data + zlib.crc32(head).to_bytes(4, "little")

    @classmethod
    def unpacked(cls, content: bytes) -> Source:
        """BlockDamaged."""
        head, data = content[: _SOURCE.size], content[_SOURCE.size : -4]
        if len(content) < _SOURCE.size + 4 or zlib.crc32(head) != int.from_bytes(content[-4:], "little"):
            raise BlockDamaged("the list of what a month was made of is not as it was written")
        generation, made, days, tags, crc = _SOURCE.unpack(head)
        if zlib.crc32(data) != crc:
            raise BlockDamaged("the list of what a month was made of is not as it was written")
        body = zstandard.ZstdDecompressor().decompress(data)
        pairs = np.frombuffer(body, "<i8", 2 * days).reshape(-1, 2)
        changes = {int(day): int(change) for day, change in pairs}
        return cls(generation, made, changes, np.frombuffer(body, "<i4", tags, 16 * days))

    def serves(self, ref: DayRef) -> bool:
        """The day is in it as it is now, or newer than the one who asks knows."""
        return self.changes.get(ref.day, -1) >= ref.change

    def serves_all(self, refs: Iterable[DayRef]) -> bool:
        changes = self.changes
        return all([changes.get(ref.day, -1) >= ref.change for ref in refs])

    def has(self, tag: int) -> bool:
        place = int(np.searchsorted(self.tags, np.int32(tag)))
        return place < len(self.tags) and int(self.tags[place]) == tag


@dataclass(frozen=True, slots=True, eq=False)
class MonthRows:
    """Rows of one tag and level of the days that ``source`` names; ``absent``: hours with samples and without rows."""

    source: Source
    rows: Rollups
    absent: Hours

    def of_days(self, first: int, last: int) -> tuple[Rollups, Hours]:
        """Rows and absent hours of some days (since the epoch) in a row."""
        low, high = np.searchsorted(self.rows.starts // HOUR, [first * HOURS, (last + 1) * HOURS])
        begin, end = np.searchsorted(self.absent, [first * HOURS, (last + 1) * HOURS])
        return self.rows.take(slice(int(low), int(high))), self.absent[int(begin) : int(end)]


def packed_rows(rows: Rollups, absent: Hours, month: int) -> bytes:
    """The block of a tag; BlockTooLarge."""
    hours = (absent - first_day(month) * HOURS).astype("<u2")
    return struct.pack("<H", len(hours)) + hours.tobytes() + encode_rollups(rows)


def _unpacked_rows(block: bytes, month: int) -> tuple[Rollups, Hours]:
    count = int.from_bytes(block[:2], "little")
    hours = np.frombuffer(block, "<u2", count, 2).astype(np.int64) + first_day(month) * HOURS
    return decode_rollups(block[2 + 2 * count :]), hours


class MonthReader:
    """Rows by month of one archive; safe from any thread."""

    def __init__(self, folder: Path, pool: Pool) -> None:
        self._path, self._pool = folder / MONTHS_FILE, pool
        self._lock = Lock()
        self._sources: dict[tuple[int, int], Source] = {}

    def look(self, month: int, level: int, tags: Sequence[int]) -> dict[int, MonthRows]:
        """Rows of these tags; a tag of which nothing can be told from here is left out."""
        try:
            with self._pool.reading(self._path) as database:
                version_of(database, self._path, MONTH_ROAD)
                source = self._source(database, month, level)
                return _rows_of(database, source, month, level, tags) if source else {}
        except (StorageError, BlockDamaged):
            return {}

    def _source(self, database: apsw.Connection, month: int, level: int) -> Source | None:
        with self._lock:
            known = self._sources.get((month, level))
        generation = known.generation if known else 0
        row = source_row(database, month, level)
        if row is None or (known is not None and row[0] == generation):
            return known if row else None
        source = Source.unpacked(row[1])
        with self._lock:
            if len(self._sources) >= _KNOWN_MOST:
                self._sources.clear()
            self._sources[month, level] = source
        return source


def source_row(database: apsw.Connection, month: int, level: int) -> tuple[int, bytes] | None:
    """(generation, content) of what a month was made of."""
    query = "select generation, content from sources where k = ?"
    return database.execute(query, (month_key(0, level, month),)).fetchone()


def _rows_of(
    database: apsw.Connection, source: Source, month: int, level: int, tags: Sequence[int]
) -> dict[int, MonthRows]:
    keys = np.array([month_key(tag, level, month) for tag in tags if source.has(tag)], np.int64)
    none = np.empty(0, np.int64)
    found = {tag: MonthRows(source, Rollups.empty(level), none) for tag in tags if not source.has(tag)}
    if not len(keys):
        return found
    query = "select k, crc, block from carray(?) as asked cross join months on k = asked.value"
    for key, crc, block in database.execute(query, (apsw.carray(keys),)):
        if crc == bound(block, key, source.generation):
            found[key >> 24] = MonthRows(source, *_unpacked_rows(block, month))
    return found

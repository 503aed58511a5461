"""Day files: chunks, rollups and keyframes of one UTC day, each bound to its place by a check of its own."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import apsw
import numpy as np
import zstandard
from numpy.typing import NDArray

from hmi.historian.blocks import BlockDamaged, decode_clock
from hmi.historian.rollups import HOUR
from hmi.historian.samples import Times
from hmi.stores.sqlite._recent import Mark

DAY: Final = 24 * HOUR
HOURS: Final = 24
_BIAS: Final = 1 << 31
"""Keys hold hours since the epoch, which may lie before it."""
_TAG_SHIFT: Final = 32
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HEAD: Final = struct.Struct("<qqq")
_CHUNK: Final = struct.Struct("<qqqqqq")


def day_of(time: int) -> int:
    """Days since the epoch of an instant (UTC ns)."""
    return time // DAY


def closed_name(day: int) -> str:
    """File of a day that is over: it changes only when something late comes."""
    return f"day-{_EPOCH + timedelta(days=day):%Y%m%d}.db"


def open_name(day: int) -> str:
    """File of a day to which hours are still added."""
    return f"day-{_EPOCH + timedelta(days=day):%Y%m%d}.open.db"


def day_named(name: str) -> int | None:
    """The day of a file name; None for another file."""
    stem = name.removesuffix(".db").removesuffix(".open")
    if not (name.startswith("day-") and name.endswith(".db") and len(stem) >= 12):
        return None
    try:
        return (datetime.strptime(stem[4:], "%Y%m%d").replace(tzinfo=UTC) - _EPOCH).days
    except ValueError:
        return None


def key_of(tag: int, hour: int) -> int:
    """Row of the chunk of a tag that begins in an hour: all of one tag lie side by side."""
    return tag << _TAG_SHIFT | (hour + _BIAS)


def tag_of(key: int) -> int:
    return key >> _TAG_SHIFT


def hour_of(key: int) -> int:
    return (key & 0xFFFFFFFF) - _BIAS


def bound(block: bytes, *place: int) -> int:
    """Check of a block in its place: that it is the one that was put there (its own CRC is at its end)."""
    return zlib.crc32(block[-4:], zlib.crc32(struct.pack(f"<{len(place)}q", *place)))


@dataclass(frozen=True, slots=True, eq=False)
class Presence:
    """Hours of the day in which each tag has samples: bit h of ``masks`` is hour h; ``tags`` rise."""

    tags: NDArray[np.int32]
    masks: NDArray[np.uint32]

    @classmethod
    def empty(cls) -> Presence:
        return cls(np.empty(0, np.int32), np.empty(0, np.uint32))

    def of(self, tag: int) -> int:
        place = int(np.searchsorted(self.tags, np.int32(tag)))
        if place == len(self.tags) or self.tags[place] != tag:
            return 0
        return int(self.masks[place])

    def masks_of(self, tags: NDArray[np.int32]) -> NDArray[np.uint32]:
        """Hours of many tags at once."""
        if not len(self.tags):
            return np.zeros(len(tags), np.uint32)
        places = np.minimum(np.searchsorted(self.tags, tags), len(self.tags) - 1)
        return np.where(self.tags[places] == tags, self.masks[places], np.uint32(0))

    def with_hours(self, masks: dict[int, int]) -> Presence:
        """With the masks of some tags replaced."""
        known = dict(zip(self.tags.tolist(), self.masks.tolist(), strict=True)) | masks
        numbers = sorted(tag for tag, mask in known.items() if mask)
        return Presence(
            np.array(numbers, np.int32), np.array([known[number] for number in numbers], np.uint32)
        )

    def packed(self) -> bytes:
        body = self.tags.astype("<i4").tobytes() + self.masks.astype("<u4").tobytes()
        data = zstandard.ZstdCompressor(level=3).compress(body)
        return data + zlib.crc32(data).to_bytes(4, "little")

    @classmethod
    def unpacked(cls, data: bytes) -> Presence:
        """BlockDamaged."""
        if zlib.crc32(data[:-4]) != int.from_bytes(data[-4:], "little"):
            raise BlockDamaged("the list of what a day file holds is not as it was written")
        body = zstandard.ZstdDecompressor().decompress(data[:-4])
        half = len(body) // 2
        return cls(np.frombuffer(body[:half], "<i4"), np.frombuffer(body[half:], "<u4"))


@dataclass(frozen=True, slots=True)
class Head:
    """What a day file says of itself; ``change`` counts its transactions."""

    mark: Mark = field(default_factory=Mark)
    change: int = 0


def head_of(database: apsw.Connection) -> Head:
    """BlockDamaged."""
    row = database.execute("select content from state where name = 'head'").fetchone()
    if row is None:
        return Head()
    data = row[0]
    if len(data) != _HEAD.size + 4 or zlib.crc32(data[:-4]) != int.from_bytes(data[-4:], "little"):
        raise BlockDamaged("the head of a day file is not as it was written")
    seq, until, change = _HEAD.unpack(data[:-4])
    return Head(Mark(seq, until), change)


def put_head(database: apsw.Connection, head: Head) -> None:
    data = _HEAD.pack(head.mark.seq, head.mark.until, head.change)
    put_state(database, "head", data + zlib.crc32(data).to_bytes(4, "little"))


def put_state(database: apsw.Connection, name: str, content: bytes) -> None:
    database.execute("insert or replace into state values (?, ?)", (name, content))


def presence_of(database: apsw.Connection) -> Presence:
    """BlockDamaged."""
    row = database.execute("select content from state where name = 'presence'").fetchone()
    return Presence.unpacked(row[0]) if row else Presence.empty()


class ChunkRow(NamedTuple):
    """A chunk as it is stored; ``first``, ``last``: UTC ns of its samples; ``clock``: key of its scan clock or -1.

    ``tail`` is the CRC at the end of the block, ``crc`` goes over all that stands before it: a row is checked without
    its block, which is None where it was not asked for.
    """

    key: int
    first: int
    last: int
    n: int
    clock: int
    tail: int
    crc: int
    block: bytes | None

    @classmethod
    def of(cls, key: int, first: int, last: int, n: int, clock: int, block: bytes) -> ChunkRow:
        tail = int.from_bytes(block[-4:], "little")
        return cls(key, first, last, n, clock, tail, _row_crc(key, first, last, n, clock, tail), block)

    @property
    def hours(self) -> range:
        """Hours since the epoch that it covers."""
        return range(hour_of(self.key), self.last // HOUR + 1)

    @property
    def stored(self) -> tuple[int | bytes | None, ...]:
        """Its columns."""
        return tuple(self)

    @property
    def is_sound(self) -> bool:
        """The row is as it was written, and so is the end of its block where that is here."""
        if self.crc != zlib.crc32(_CHUNK.pack(*self[:6])):
            return False
        return self.block is None or self.tail == int.from_bytes(self.block[-4:], "little")


def _row_crc(*row: int) -> int:
    return zlib.crc32(_CHUNK.pack(*row))


def chunk_rows(
    database: apsw.Connection, tags: Sequence[int], day: int, start: int, end: int
) -> dict[int, list[ChunkRow]]:
    """Chunks of each tag in order, with their blocks where they may hold samples of start <= time <= end (UTC ns).

    The first one is the one that begins last in an hour up to that of the start. Rows that are not as they were written
    are left out.
    """
    low, high = key_of(0, day * HOURS), key_of(0, min(end // HOUR, day * HOURS + HOURS - 1))
    begin = key_of(0, max(start // HOUR, day * HOURS))
    query = (
        "select k, first, last, n, clock, tail, crc, case when last >= ?1 then block end from carray(?5) as asked "
        "cross join chunks where k between ifnull("
        "(select max(k) from chunks where k between asked.value + ?2 and asked.value + ?3), asked.value + ?2"
        ") and asked.value + ?4"
    )
    found: dict[int, list[ChunkRow]] = {tag: [] for tag in tags}
    keys = apsw.carray(np.array([tag << _TAG_SHIFT for tag in tags], np.int64))
    for row in map(ChunkRow._make, database.execute(query, (start, low, begin, high, keys))):
        if row.is_sound:
            found[tag_of(row.key)].append(row)
    return found


def clocks_of(database: apsw.Connection, keys: Iterable[int]) -> dict[int, Times]:
    """Shared scan clocks by their key; one that is damaged is left out, so that its chunks cannot be read."""
    found: dict[int, Times] = {}
    wanted = np.array(sorted({key for key in keys if key >= 0}), np.int64)
    if not len(wanted):
        return found
    query = "select hour, block from carray(?) as asked cross join clocks on hour = asked.value"
    for key, block in database.execute(query, (apsw.carray(wanted),)):
        try:
            found[key] = decode_clock(block)
        except BlockDamaged:
            continue
    return found

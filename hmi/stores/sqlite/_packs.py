"""Packs: what many commits say, sorted by tag and kept beside them in the live file until the day files hold it.

A reader that looks for one tag decodes a few blocks of each pack instead of every commit, and need not hold an hour of
the plant in memory. Commits stay what counts: a pack that cannot be read is left aside and made up for by them.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType
from typing import Final

import apsw
import msgspec
import numpy as np
import zstandard
from numpy.typing import NDArray

from hmi.core.errors import StorageError
from hmi.core.texts import tr
from hmi.historian.blocks import BlockDamaged, decode_clock, decode_scan, encode_clock, encode_scan
from hmi.historian.rollups import HOUR
from hmi.historian.samples import Batch, Samples, Times, joined
from hmi.stores.sqlite._connect import one_row
from hmi.stores.sqlite._recent import Mark, Segment, Seqs
from hmi.stores.sqlite._rows import Effect
from hmi.stores.sqlite._slim import Instants, slimmed

PACK_AT: Final = 500_000
"""So many samples that are in no pack make one."""
MEMORY: Final = 256 << 20
"""Bytes of decoded blocks that one process keeps, unless it says otherwise."""
_BLOCK: Final = 16_384
"""Samples of one block, more only where one tag has more."""
_NONE: Final[Mapping[int, Pack]] = MappingProxyType({})
_PLACES: Final = 1 << 16
"""Blocks that one pack may have."""
_CLOCK: Final = _PLACES - 1
"""Place of the instants that its samples share; a pack of an older version has none."""
Place = tuple[int, int]
"""Number of a pack, and which of its blocks."""


class PackGone(StorageError):
    """The pack is not there any more, or damaged: another state of the live file says what it said."""

    def __init__(self) -> None:
        super().__init__(tr("the history changed while it was read; read it again"))


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """``covers``: the commits whose samples are all in it, rising; ``time``: when the last of them was made (UTC ns).

    ``first``, ``last``: source times (UTC ns); ``lows``: the lowest tag of each block.
    """

    number: int
    covers: Seqs
    time: int
    first: int
    last: int
    lows: NDArray[np.int32]

    @property
    def size(self) -> int:
        """How many samples it has, about."""
        return len(self.lows) * _BLOCK

    def is_held(self, mark: Mark) -> bool:
        """Whether day files hold all of it."""
        return int(self.covers[-1]) <= mark.seq and self.last < mark.until

    def packed(self) -> bytes:
        body = msgspec.msgpack.encode(
            (
                self.covers.astype("<i8").tobytes(),
                self.time,
                self.first,
                self.last,
                self.lows.astype("<i4").tobytes(),
            )
        )
        return body + zlib.crc32(body, self.number & 0xFFFFFFFF).to_bytes(4, "little")

    @classmethod
    def unpacked(cls, number: int, data: bytes) -> Pack:
        """BlockDamaged."""
        if zlib.crc32(data[:-4], number & 0xFFFFFFFF) != int.from_bytes(data[-4:], "little"):
            raise BlockDamaged("the head of a pack is not as it was written")
        covers, time, first, last, lows = msgspec.msgpack.decode(data[:-4])
        return cls(number, np.frombuffer(covers, "<i8"), time, first, last, np.frombuffer(lows, "<i4"))


@dataclass(frozen=True, slots=True, eq=False)
class PackedSegment:
    """A pack as part of a snapshot: like a ``Segment`` whose blocks are loaded when they are asked for (PackGone)."""

    pack: Pack
    load: Callable[[Pack, int], Segment]

    @property
    def first(self) -> int:
        return self.pack.first

    @property
    def commits_span(self) -> tuple[int, int]:
        return int(self.pack.covers[0]), int(self.pack.covers[-1])

    @property
    def last(self) -> int:
        return self.pack.last

    def of_tag(self, tag: int, start: int, end: int) -> tuple[Seqs, Samples] | None:
        """``Segment.of_tag``."""
        if self.last < start or self.first > end:
            return None
        block = int(np.searchsorted(self.pack.lows, np.int32(tag), side="right")) - 1
        return self.load(self.pack, block).of_tag(tag, start, end) if block >= 0 else None

    def held(self, tags: NDArray[np.int32], at: int) -> tuple[NDArray[np.intp], Samples]:
        """``Segment.held``."""
        blocks = np.searchsorted(self.pack.lows, tags, side="right") - 1
        places: list[NDArray[np.intp]] = []
        found: list[Samples] = []
        for block in np.unique(blocks[blocks >= 0]).tolist():
            mine = np.flatnonzero(blocks == block)
            has, samples = self.load(self.pack, block).held(tags[mine], at)
            places.append(mine[has])
            found.append(samples)
        return np.concatenate(places) if places else np.empty(0, np.intp), joined(found)

    def hours_of(self, tag: int) -> Iterable[int]:
        """Hours (since the epoch) in which the tag may have samples: asked for often, so no block is looked into."""
        if not len(self.pack.lows) or tag < self.pack.lows[0]:
            return ()
        return range(self.first // HOUR, self.last // HOUR + 1)


def is_packable(effect: Effect) -> bool:
    """A commit that only adds, and to a short time: ``PackedSegment.hours_of`` names few hours."""
    first, last = effect.span
    return not len(effect.removed) and len(effect.added) > 0 and last - first <= 2 * HOUR


@dataclass(frozen=True, slots=True, eq=False)
class MadePack:
    """A pack on its way into the live file: a head without its number, and blocks without their keys."""

    head: Pack
    blocks: tuple[bytes, ...]
    clock: bytes


def made_pack(segment: Segment, time: int) -> MadePack:
    """A segment of whole commits; ``time``: when the last of them was made (UTC ns)."""
    covers, cuts = segment.covers, _cuts(segment.tags)
    head = Pack(0, covers, time, segment.first, segment.last, segment.tags[cuts[:-1]])
    blocks = tuple(_encoded(segment, covers, slice(low, high)) for low, high in pairwise(cuts.tolist()))
    instants = Instants()
    instants.add(segment.samples)
    return MadePack(head, blocks, encode_clock(instants.shared()))


def put_pack(database: apsw.Connection, made: MadePack) -> None:
    """In the transaction of the caller."""
    # the number is never given twice: other processes keep blocks by it
    database.execute("insert into packs (head) values (x'')")
    number = database.last_insert_rowid()
    head = replace(made.head, number=number).packed()
    database.execute("update packs set head = ? where number = ?", (head, number))
    places = [*enumerate(made.blocks), (_CLOCK, made.clock)]
    keyed = ((number * _PLACES + place, block) for place, block in places)
    database.executemany(
        "insert into pack_blocks (k, block) values (?, ?)",
        ((key, _sealed(block, key)) for key, block in keyed),
    )


def packs_of(database: apsw.Connection, known: Mapping[int, Pack] = _NONE) -> dict[int, Pack]:
    """All that can be read, by number, without another look at ``known`` ones; none in a file of an older format."""
    if int(database.pragma("user_version")) < 2:
        return {}
    found: dict[int, Pack] = {}
    for (number,) in list(database.execute("select number from packs order by number")):
        try:
            found[int(number)] = known.get(int(number)) or _pack_of(database, int(number))
        except BlockDamaged:
            continue
    return found


def _pack_of(database: apsw.Connection, number: int) -> Pack:
    (head,) = one_row(database, "select head from packs where number = ?", (number,))
    return Pack.unpacked(number, head)


def drop_packs(database: apsw.Connection, mark: Mark) -> None:
    """Those that day files hold, and those that cannot be read."""
    kept = {number for number, pack in packs_of(database).items() if not pack.is_held(mark)}
    for (number,) in list(database.execute("select number from packs")):
        if number not in kept:
            database.execute("delete from packs where number = ?", (number,))
            low = int(number) * _PLACES
            database.execute("delete from pack_blocks where k between ? and ?", (low, low + _PLACES - 1))


def block_of(database: apsw.Connection, pack: Pack, block: int) -> bytes:
    """Nothing where it is gone."""
    query = "select block from pack_blocks where k = ?"
    row = database.execute(query, (pack.number * _PLACES + block,)).fetchone()
    return row[0] if row else b""


def clock_of(database: apsw.Connection, pack: Pack) -> Times:
    """Instants that many samples of the pack share (UTC ns); none where that is not known."""
    data = block_of(database, pack, _CLOCK)
    try:
        return decode_clock(_opened(data, pack.number * _PLACES + _CLOCK)) if data else np.empty(0, np.int64)
    except BlockDamaged:
        return np.empty(0, np.int64)


def decoded(pack: Pack, block: int, data: bytes) -> Segment:
    """BlockDamaged."""
    body = _opened(data, pack.number * _PLACES + block)
    size = int.from_bytes(body[:4], "little")
    batch = decode_scan(body[4 : 4 + size])
    places = np.frombuffer(zstandard.ZstdDecompressor().decompress(body[4 + size :]), "<u4")
    times = batch.samples.times
    span = int(times.min()), int(times.max())
    return Segment(batch.tags, pack.covers[places], slimmed(batch.samples), *span, 0, pack.covers)


def _encoded(segment: Segment, covers: Seqs, rows: slice) -> bytes:
    scan = encode_scan(Batch(segment.tags[rows], segment.samples.take(rows)))
    seqs = segment.seqs[rows]
    is_row = int(covers[-1]) - int(covers[0]) < len(covers)  # one after the other, as mostly
    places = (seqs - covers[0] if is_row else np.searchsorted(covers, seqs)).astype("<u4").tobytes()
    return len(scan).to_bytes(4, "little") + scan + zstandard.ZstdCompressor(level=1).compress(places)


def _sealed(body: bytes, key: int) -> bytes:
    return body + zlib.crc32(body, key & 0xFFFFFFFF).to_bytes(4, "little")


def _opened(data: bytes, key: int) -> bytes:
    if zlib.crc32(data[:-4], key & 0xFFFFFFFF) != int.from_bytes(data[-4:], "little"):
        raise BlockDamaged("a block of a pack is not as it was written")
    return data[:-4]


def _cuts(tags: NDArray[np.int32]) -> NDArray[np.int64]:
    """Where each block begins, and the end behind the last: whole tags, about ``_BLOCK`` samples each."""
    begins = np.append(np.flatnonzero(np.diff(tags, prepend=np.int32(-1))), len(tags))
    size = max(_BLOCK, -(-len(tags) // (_PLACES - 1)))
    number = begins // size
    cuts = begins[np.append(True, np.diff(number) > 0)]
    return np.unique(np.append(cuts, len(tags))).astype(np.int64)

"""Rows of the live file: one commit each, with a check over everything that says what it is."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from hmi.core.history import Modification
from hmi.historian.blocks import BlockDamaged, decode_scan, encode_scan
from hmi.historian.port import Commit, CommitKind
from hmi.historian.samples import Batch, Samples

COLUMNS: Final = "seq, time, kind, first, last, count, crc, why, removed, added, block"
HEAD_COLUMNS: Final = (
    "seq, time, kind, first, last, count, crc, length(why), substr(why, -4), length(removed), substr(removed, -4), "
    "length(added), substr(added, -4), length(block), substr(block, -4)"
)
INSERT: Final = f"insert into commits ({COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_KINDS: Final = (CommitKind.LIVE, CommitKind.LATE, CommitKind.EDIT, CommitKind.DELETE)
_BOUND: Final = struct.Struct("<qqqqqq")
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a commit does to what is kept: samples at ``removed`` go, then ``added`` come.

    ``removed``: a batch of which only tags and times count.
    """

    added: Batch
    removed: Batch

    @property
    def span(self) -> tuple[int, int]:
        """First and last source time that it touches (UTC ns); an empty one touches (0, -1)."""
        times = [part.samples.times for part in (self.added, self.removed) if len(part)]
        if not times:
            return 0, -1
        return min(int(part.min()) for part in times), max(int(part.max()) for part in times)


def no_samples() -> Batch:
    return Batch(np.empty(0, np.int32), Samples.empty())


def keys(tags: NDArray[np.int32], times: NDArray[np.int64]) -> Batch:
    """A batch that names instants of tags and says nothing of them."""
    count = len(tags)
    zeros = np.zeros(count, np.uint64)
    return Batch(
        tags,
        Samples(
            times, zeros, zeros.astype(np.uint8), zeros.astype(np.uint32), times, zeros.astype(np.uint16),
            zeros.astype(np.uint16), zeros.astype(np.uint32),
        ),
    )  # fmt: skip


def row_of(commit: Commit, effect: Effect | None = None) -> Row:
    """``effect`` None: the batch is added as it is."""
    block = encode_scan(commit.batch)
    why = packed(commit.modification) if commit.modification else None
    first, last = (effect or Effect(commit.batch, no_samples())).span
    removed = encode_scan(effect.removed) if effect and len(effect.removed) else None
    added = encode_scan(effect.added) if effect and effect.added is not commit.batch else None
    head = (commit.seq, commit.time, _KINDS.index(commit.kind), first, last, len(commit.batch))
    return (*head, _crc(head, *_ends(why, removed, added, block)), why, removed, added, block)


def commit_of(row: Row) -> Commit:
    """The commit as it came; BlockDamaged."""
    _check(row)
    why = modification_of(row[7]) if row[7] is not None else None
    return Commit(int(row[0]), int(row[1]), _KINDS[row[2]], decode_scan(row[10]), why)


def effect_of(row: Row) -> Effect:
    """What the commit does; BlockDamaged."""
    _check(row)
    removed = decode_scan(row[8]) if row[8] is not None else no_samples()
    return Effect(decode_scan(row[10] if row[9] is None else row[9]), removed)


def packed(modification: Modification) -> bytes:
    body = msgspec.msgpack.encode(
        (modification.user, modification.time, modification.reason, modification.act)
    )
    return body + zlib.crc32(body).to_bytes(4, "little")


def modification_of(data: bytes) -> Modification:
    """The way back; BlockDamaged."""
    if zlib.crc32(data[:-4]) != int.from_bytes(data[-4:], "little"):
        raise BlockDamaged("who changed a sample cannot be read any more")
    return Modification(*msgspec.msgpack.decode(data[:-4]))


def is_sound(row: Row) -> bool:
    """Whether a row of ``HEAD_COLUMNS`` is as it was written, without its blocks but for their ends."""
    return _crc(row[:6], *zip(row[7::2], row[8::2], strict=True)) == row[6]


def _crc(head: Row, *parts: tuple[int | None, bytes | None]) -> int:
    """Over the head and (length, end) of each block: a block has a CRC of its own at its end."""
    found = zlib.crc32(_BOUND.pack(*head))
    for length, end in parts:
        found = zlib.crc32(
            b"\0" if length is None or end is None else length.to_bytes(4, "little") + end, found
        )
    return found


def _ends(*blocks: bytes | None) -> list[tuple[int | None, bytes | None]]:
    return [(None, None) if block is None else (len(block), block[-4:]) for block in blocks]


def _check(row: Row) -> None:
    if _crc(row[:6], *_ends(*row[7:])) != row[6]:
        raise BlockDamaged(f"commit {row[0]} is not as it was written")

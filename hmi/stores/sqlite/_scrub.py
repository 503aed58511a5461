"""Reads every block of closed days again, slowly, so that damage is known before somebody needs what is damaged."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import apsw

from hmi.core.errors import StorageError
from hmi.core.texts import tr
from hmi.historian.blocks import BlockDamaged, decode_chunk, decode_clock, decode_keyframe
from hmi.historian.care import Checked, Tier
from hmi.historian.port import Damage
from hmi.historian.rollups import HOUR
from hmi.historian.samples import Times
from hmi.stores.sqlite._catalogue import catalogue_of_day
from hmi.stores.sqlite._connect import Pool
from hmi.stores.sqlite._days import (
    DAY,
    HOURS,
    ChunkRow,
    bound,
    head_of,
    hour_of,
    presence_of,
    tag_of,
)
from hmi.stores.sqlite._recent import DayRef
from hmi.stores.sqlite._rollup_rows import check_rollups, tag_of_rollup
from hmi.stores.sqlite._tiers import tier_of

_ROWS_AT_ONCE: Final = 256
_BYTES_AT_ONCE: Final = 1_000_000
_FIRST: Final = -(1 << 63)


@dataclass
class Scrub:
    """``pause_s`` after each megabyte; no transaction is open meanwhile. ``stop`` ends it early."""

    folder: Path
    pool: Pool
    pause_s: float
    stop: Callable[[], bool]
    _read: int = 0
    _blocks: int = 0
    _damage: list[Damage] = field(default_factory=list[Damage])
    _masks: dict[int, int] = field(default_factory=dict[int, int])

    def run(self, refs: Iterable[DayRef]) -> Checked:
        """Of these days."""
        names: list[str] = []
        for ref in refs:
            if self.stop():
                break
            self._masks = {}
            try:
                whole = self._file(ref)
            except FileNotFoundError:
                continue
            except (StorageError, BlockDamaged) as error:
                if not (self.folder / ref.name).exists():
                    continue  # retention came between
                whole = True
                self._note(ref, 0, ref.day * DAY, ref.day * DAY + DAY - 1, str(error))
            if whole:
                names.append(ref.name)
        return Checked(len(names), self._blocks, tuple(self._damage), tuple(names))

    def _file(self, ref: DayRef) -> bool:
        """False where it was ended early."""
        with self.pool.reading(self.folder / ref.name) as database:
            head_of(database)
            catalogue_of_day(database)
            is_raw = tier_of(database) is Tier.RAW
            clocks = self._clocks(database, ref)
        for key, row in self._rows(ref, "chunks", "k, first, last, n, clock, tail, crc, block"):
            self._chunk(ref, int(key), row, clocks)
        for key, row in self._rows(ref, "rollups", "k, crc, block"):
            tag = tag_of_rollup(int(key))
            self._block(ref, tag, (ref.day * DAY, ref.day * DAY + DAY - 1), row, check_rollups)
        for key, row in self._rows(ref, "keyframes", "time, crc, block"):
            self._block(ref, 0, (int(key), int(key)), row, _check_keyframe)
        if self.stop():
            return False
        if is_raw:
            self._missing(ref)
        return True

    def _rows(self, ref: DayRef, table: str, columns: str) -> Iterator[tuple[int, tuple[object, ...]]]:
        """(key, row) of a table, a few in one transaction."""
        name = columns.split(",")[0]
        query = f"select {columns} from {table} where {name} > ? order by {name} limit {_ROWS_AT_ONCE}"
        last = _FIRST
        while not self.stop():
            with self.pool.reading(self.folder / ref.name) as database:
                rows = list(database.execute(query, (last,)))
            for row in rows:
                last = int(row[0])
                yield last, row
            if len(rows) < _ROWS_AT_ONCE:
                return

    def _chunk(self, ref: DayRef, key: int, columns: tuple[object, ...], clocks: dict[int, Times]) -> None:
        row = ChunkRow(*columns)  # pyright: ignore[reportArgumentType]
        tag, begin = tag_of(key), hour_of(key) * HOUR
        self._count(row.block or b"")
        try:
            if not row.is_sound:
                raise BlockDamaged(tr("the row is not as it was written"))
            for hour in row.hours:
                self._masks[tag] = self._masks.get(tag, 0) | 1 << (hour - ref.day * HOURS)
            if len(decode_chunk(row.block or b"", clocks.get(row.clock))) != row.n:
                raise BlockDamaged(tr("it holds another number of samples than its row says"))
        except BlockDamaged as error:
            self._note(ref, tag, begin, begin + HOUR - 1, str(error))

    def _block(
        self,
        ref: DayRef,
        tag: int,
        span: tuple[int, int],
        row: tuple[object, ...],
        check: Callable[[int, bytes], None],
    ) -> None:
        key, crc, block = row
        assert isinstance(key, int)
        assert isinstance(block, bytes)
        self._count(block)
        try:
            if crc != bound(block, key):
                raise BlockDamaged(tr("a block is not in the place where it was put"))
            check(key, block)
        except BlockDamaged as error:
            self._note(ref, tag, *span, str(error))

    def _clocks(self, database: apsw.Connection, ref: DayRef) -> dict[int, Times]:
        found: dict[int, Times] = {}
        for key, block in database.execute("select hour, block from clocks"):
            try:
                found[int(key)] = decode_clock(block)
            except BlockDamaged as error:
                self._note(ref, 0, ref.day * DAY, ref.day * DAY + DAY - 1, str(error))
        return found

    def _missing(self, ref: DayRef) -> None:
        """Hours of which the file knows that it had a chunk."""
        with self.pool.reading(self.folder / ref.name) as database:
            presence = presence_of(database)
        for tag, mask in zip(presence.tags.tolist(), presence.masks.tolist(), strict=True):
            left = mask & ~self._masks.get(tag, 0)
            for place in (place for place in range(HOURS) if left >> place & 1):
                begin = (ref.day * HOURS + place) * HOUR
                self._note(ref, tag, begin, begin + HOUR - 1, tr("a chunk is missing"))

    def _count(self, block: bytes) -> None:
        self._blocks += 1
        self._read += len(block)
        if self._read >= _BYTES_AT_ONCE:
            self._read = 0
            if self.pause_s:
                time.sleep(self.pause_s)

    def _note(self, ref: DayRef, tag: int, start: int, end: int, text: str) -> None:
        block = f"tag {tag} hour {start // HOUR}" if tag else "file"
        if not any((one.file, one.block) == (ref.name, block) for one in self._damage[-HOURS:]):
            self._damage.append(Damage(ref.name, block, tag, start, end, text))


def _check_keyframe(key: int, block: bytes) -> None:
    decode_keyframe(block)

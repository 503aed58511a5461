"""Reads the samples of one tag out of one day file, with Bad samples where a block cannot be trusted."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final, TypeVar

import apsw

from hmi.core.errors import StorageError
from hmi.core.texts import tr
from hmi.historian.blocks import BlockDamaged, decode_chunk
from hmi.historian.care import Tier
from hmi.historian.port import Damage
from hmi.historian.rollups import HOUR
from hmi.historian.samples import Samples, Times, is_said_once
from hmi.stores.sqlite._cache import ByteCache
from hmi.stores.sqlite._connect import FileDamaged, Pool
from hmi.stores.sqlite._damage import DamageList, lost
from hmi.stores.sqlite._days import (
    HOURS,
    ChunkRow,
    Head,
    Presence,
    chunk_rows,
    clocks_of,
    closed_name,
    head_of,
    presence_of,
)
from hmi.stores.sqlite._recent import LATEST, DayRef, Mark
from hmi.stores.sqlite._schema import DAY_ROAD, LIVE_FILE, version_of
from hmi.stores.sqlite._tiers import tier_of

_KNOWN_MOST: Final = 1_000
_CLOCK_INSTANTS: Final = 4_000_000
_CHUNK_BYTES: Final = 2_000
EVERYTHING: Final = Mark(LATEST, LATEST)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """What a day file says of a tag: chunks, undecoded, and hours whose chunk is missing; or that it is lost."""

    mark: Mark
    rows: list[ChunkRow]
    clocks: dict[int, Times]
    missing: tuple[int, ...] = ()
    is_lost: bool = False
    is_thinned: bool = False
    """There were samples, which are not kept any more."""


class DayReader:
    """Day files of one folder; safe from any thread."""

    def __init__(self, folder: Path, pool: Pool, damage: DamageList, memory: int) -> None:
        """``memory``: bytes that decoded chunks may take."""
        self._folder, self._pool, self._damage = folder, pool, damage
        self._lock = Lock()
        self._known: OrderedDict[str, tuple[int, Presence]] = OrderedDict()
        self._clocks: OrderedDict[tuple[str, int], Times] = OrderedDict()
        self._chunks = ByteCache[tuple[str, int, int], Samples](memory)

    def stored(self, ref: DayRef, tag: int, start: int, end: int) -> Stored:
        """Chunks that may hold samples with start <= time <= end (UTC ns) of that day."""

        def read(database: apsw.Connection, head: Head, presence: Presence) -> Stored:
            mask = presence.of(tag)
            if not mask:
                return Stored(head.mark, [], {})
            if tier_of(database) is not Tier.RAW:
                return Stored(EVERYTHING, [], {}, is_thinned=True)
            rows = chunk_rows(database, tag, ref.day, start, end)
            missing = _missing(mask, rows, ref.day, start, end)
            rows = [row for row in rows if row.block is not None]
            clocks = self.clocks(database, ref.name, {row.clock for row in rows})
            return Stored(head.mark, rows, clocks, missing)

        try:
            return self.look(ref, read)
        except (FileDamaged, BlockDamaged) as error:
            self.note(ref.name, 0, start, end, str(error))
            return Stored(EVERYTHING, [], {}, is_lost=True)
        except StorageError:
            if not self._is_retired(ref):
                raise
            return Stored(EVERYTHING, [], {})

    def look(self, ref: DayRef, read: Callable[[apsw.Connection, Head, Presence], T]) -> T:
        """``read`` in one transaction of a day file; where it was closed meanwhile, of the file it became."""
        try:
            return self._look(ref, ref.name, read)
        except FileDamaged:
            # of an open file that is being removed the log goes first: what is left of it is old
            if ref.name == closed_name(ref.day) or not (self._folder / closed_name(ref.day)).exists():
                raise
            return self._look(ref, closed_name(ref.day), read)
        except StorageError:
            if (self._folder / ref.name).exists() or ref.name == closed_name(ref.day):
                raise
            return self._look(ref, closed_name(ref.day), read)

    def clocks(self, database: apsw.Connection, name: str, keys: Iterable[int]) -> dict[int, Times]:
        """Scan clocks of a file by their keys; those that were read lately are at hand."""
        with self._lock:
            known = {key: self._clocks[name, key] for key in keys if (name, key) in self._clocks}
        fresh = clocks_of(database, [key for key in keys if key not in known])
        if fresh:
            with self._lock:
                self._clocks.update({(name, key): clock for key, clock in fresh.items()})
                while sum(len(clock) for clock in self._clocks.values()) > _CLOCK_INSTANTS:
                    self._clocks.popitem(last=False)
        return known | fresh

    def mask(self, ref: DayRef, tag: int) -> int | None:
        """Hours of the day in which a tag has samples, where that is known without a look into the file."""
        with self._lock:
            known = self._known.get(ref.name)
        return known[1].of(tag) if known and known[0] >= ref.change else None

    def decoded(self, name: str, tag: int, row: ChunkRow, clocks: dict[int, Times]) -> Samples:
        """The samples of a chunk, or one Bad sample where it is damaged."""
        try:
            return self.chunk(name, row, clocks)
        except BlockDamaged as error:
            begin = row.hours[0] * HOUR
            self.note(name, tag, begin, max(row.last, begin), str(error))
            return lost(begin)

    def chunk(self, name: str, row: ChunkRow, clocks: dict[int, Times]) -> Samples:
        """The samples of a sound row, which nobody may write into; BlockDamaged."""
        place = (name, row.key, row.tail)
        known = self._chunks.get(place)
        if known is None:
            known = decode_chunk(row.block or b"", clocks.get(row.clock))
            self._chunks.put(place, known, _bytes_of(known))
        return known

    def note_missing(self, name: str, tag: int, hour: int) -> Samples:
        """One Bad sample for an hour of which the file knows that it had a chunk."""
        self.note(name, tag, hour * HOUR, hour * HOUR + HOUR - 1, tr("a chunk is missing"))
        return lost(hour * HOUR)

    def forget(self, name: str) -> None:
        with self._lock:
            self._known.pop(name, None)
            for key in [key for key in self._clocks if key[0] == name]:
                del self._clocks[key]
        self._chunks.forget(lambda place: place[0] == name)
        self._pool.forget(self._folder / name)

    def _look(self, ref: DayRef, name: str, read: Callable[[apsw.Connection, Head, Presence], T]) -> T:
        path = self._folder / name
        with self._pool.reading(path) as database:
            version_of(database, path, DAY_ROAD)
            head = head_of(database)
            if head.change < ref.change:
                raise FileDamaged(tr("{path}: the file is older than it should be, or empty", path=path))
            return read(database, head, self._presence(database, name, head))

    def _is_retired(self, ref: DayRef) -> bool:
        """Retention removed the day since the reader looked which days there are."""
        if (self._folder / closed_name(ref.day)).exists():
            return False
        with self._pool.reading(self._folder / LIVE_FILE) as database:
            return database.execute("select 1 from days where day = ?", (ref.day,)).fetchone() is None

    def _presence(self, database: apsw.Connection, name: str, head: Head) -> Presence:
        with self._lock:
            known = self._known.get(name)
            if known and known[0] == head.change:
                self._known.move_to_end(name)
                return known[1]
        presence = presence_of(database)
        with self._lock:
            self._known[name] = (head.change, presence)
            if len(self._known) > _KNOWN_MOST:
                self._known.popitem(last=False)
        return presence

    def note(self, name: str, tag: int, start: int, end: int, text: str) -> None:
        """Add to the damage that is known; ``tag`` 0: the whole file."""
        block = f"tag {tag} hour {start // HOUR}" if tag else "file"
        self._damage.add(Damage(name, block, tag, start, end, text))


def _bytes_of(samples: Samples) -> int:
    """Memory of a decoded chunk, about; a view of a shared clock, which nobody can write to, belongs to the clock."""
    columns = (samples.bits, samples.kinds, samples.statuses, samples.flags, samples.versions, samples.runs)
    held = sum(column.nbytes for column in columns if not is_said_once(column))
    own = {id(times): times.nbytes for times in (samples.times, samples.receives) if times.flags.writeable}
    return held + sum(own.values()) + 200 * len(samples.objects) + _CHUNK_BYTES


def _missing(mask: int, rows: list[ChunkRow], day: int, start: int, end: int) -> tuple[int, ...]:
    """Hours of the range that the file had and of which no chunk was found."""
    first = day * HOURS
    wanted = {
        first + place
        for place in range(HOURS)
        if mask >> place & 1 and (first + place) * HOUR <= end and (first + place + 1) * HOUR > start
    }
    for row in rows:
        wanted.difference_update(row.hours)
    return tuple(sorted(wanted))

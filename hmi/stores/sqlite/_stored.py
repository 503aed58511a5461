"""Reads the samples of one tag out of one day file, with Bad samples where a block cannot be trusted."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import is_
from pathlib import Path
from sys import getsizeof
from threading import Lock
from typing import Final, TypeVar

import apsw
import numpy as np

from hmi.core.errors import StorageError
from hmi.core.texts import tr
from hmi.core.values import Value
from hmi.historian.blocks import BlockDamaged, decode_chunk
from hmi.historian.care import Tier
from hmi.historian.port import Damage
from hmi.historian.rollups import HOUR
from hmi.historian.samples import SAID_ONCE, Bits, Floats, Samples, Times, chained
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
_CLOCK_BYTES: Final = 32 << 20
_CHUNK_BYTES: Final = 2_000
_EXPECTED_BYTES: Final = 32 << 20
_JOINED_BYTES: Final = 8 << 20
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
        self._clocks = ByteCache[tuple[str, int], Times](_CLOCK_BYTES)
        self._chunks = ByteCache[tuple[str, int, int], Samples](memory)
        self._joined = ByteCache[tuple[int, ...], tuple[list[Times], Times]](_JOINED_BYTES)
        self._expected = ByteCache[tuple[str, int, int, int], tuple[int, Stored]](_EXPECTED_BYTES)

    def stored(self, ref: DayRef, tag: int, start: int, end: int) -> Stored:
        """Chunks that may hold samples with start <= time <= end (UTC ns) of that day."""
        known = self._expected.take((ref.name, tag, start, end))
        if known is not None and known[0] >= ref.change:
            return known[1]
        try:
            return self._stored(ref, (tag,), start, end)[1][tag]
        except (FileDamaged, BlockDamaged) as error:
            self.note(ref.name, 0, start, end, str(error))
            return Stored(EVERYTHING, [], {}, is_lost=True)
        except StorageError:
            if not self._is_retired(ref):
                raise
            return Stored(EVERYTHING, [], {})

    def expect(self, ref: DayRef, tags: Sequence[int], start: int, end: int) -> None:
        """``stored`` is about to be asked once for each of these tags: the file is looked into once. StorageError."""
        change, found = self._stored(ref, tags, start, end)
        for tag, one in found.items():
            size = sum(len(row.block or b"") for row in one.rows)
            self._expected.put((ref.name, tag, start, end), (change, one), size + _CHUNK_BYTES)

    def _stored(
        self, ref: DayRef, tags: Sequence[int], start: int, end: int
    ) -> tuple[int, dict[int, Stored]]:
        """The change that the file is at, and what it says of each of these tags."""

        def read(database: apsw.Connection, head: Head, presence: Presence) -> tuple[int, dict[int, Stored]]:
            masks = {tag: presence.of(tag) for tag in tags}
            found = {tag: Stored(head.mark, [], {}) for tag in tags}
            there = [tag for tag in tags if masks[tag]]
            if there and tier_of(database) is not Tier.RAW:
                return head.change, found | dict.fromkeys(there, Stored(EVERYTHING, [], {}, is_thinned=True))
            by_tag = chunk_rows(database, there, ref.day, start, end) if there else {}
            keys = {row.clock for rows in by_tag.values() for row in rows if row.block is not None}
            clocks = self.clocks(database, ref.name, keys)
            for tag, rows in by_tag.items():
                missing = _missing(masks[tag], rows, ref.day, start, end)
                found[tag] = Stored(
                    head.mark, [row for row in rows if row.block is not None], clocks, missing
                )
            return head.change, found

        return self.look(ref, read)

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
        found = {key: self._clocks.get((name, key)) for key in keys}
        known = {key: clock for key, clock in found.items() if clock is not None}
        fresh = clocks_of(database, [key for key in found if key not in known])
        for key, clock in fresh.items():
            self._clocks.put((name, key), clock, clock.nbytes)
        return known | fresh

    def mask(self, ref: DayRef, tag: int) -> int | None:
        """Hours of the day in which a tag has samples, where that is known without a look into the file."""
        with self._lock:
            known = self._known.get(ref.name)
        return known[1].of(tag) if known and known[0] >= ref.change else None

    def decoded(
        self, name: str, tag: int, row: ChunkRow, clocks: dict[int, Times], room: Floats | None = None
    ) -> Samples:
        """The samples of a chunk, or one Bad sample where it is damaged."""
        try:
            return self.chunk(name, row, clocks, room)
        except BlockDamaged as error:
            begin = row.hours[0] * HOUR
            self.note(name, tag, begin, max(row.last, begin), str(error))
            return lost(begin)

    def together(
        self, name: str, tag: int, rows: Sequence[ChunkRow], clocks: dict[int, Times]
    ) -> Iterator[tuple[Samples, Sequence[ChunkRow]]]:
        """The samples of rows that follow one another, each time with the rows that they are of.

        Chunks that have to be unpacked come as one: what is done with them costs once, not once for each chunk.
        """
        if len(rows) < 2 or not all(self._is_fresh(name, row) for row in rows):
            yield from ((self.decoded(name, tag, row, clocks), (row,)) for row in rows)
            return
        bits = np.empty(sum(row.n for row in rows), np.uint64)
        end, begin, run = 0, 0, list[Samples]()
        for place, row in enumerate(rows):
            room = bits[end : end + row.n]
            one = self.decoded(name, tag, row, clocks, room.view(np.float64))
            end += row.n
            if one.bits.base is bits:
                run.append(one)
                continue
            if run:
                yield self._as_one(run, bits[begin : end - row.n]), rows[place - len(run) : place]
            yield one, (row,)
            begin, run = end, []
        if run:
            yield self._as_one(run, bits[begin:end]), rows[len(rows) - len(run) :]

    def _as_one(self, run: Sequence[Samples], bits: Bits) -> Samples:
        """Chunks whose bits lie one behind the other; instants that tags share are put together once."""
        columns = [one.times for one in run]
        if len(columns) == 1:
            return run[0]
        key = tuple(map(id, columns))
        known = self._joined.get(key)
        if known is not None and all(map(is_, known[0], columns)):
            return chained(run, known[1], bits)
        times = np.concatenate(columns)
        if not any(column.flags.writeable for column in columns):
            times.setflags(write=False)
            self._joined.put(key, (columns, times), times.nbytes)
        return chained(run, times, bits)

    def chunk(
        self, name: str, row: ChunkRow, clocks: dict[int, Times], room: Floats | None = None
    ) -> Samples:
        """The samples of a sound row, which nobody may write into; ``room``: as of ``decode_chunk``. BlockDamaged."""
        place = (name, row.key, row.tail)
        known = self._chunks.get(place)
        if known is None:
            known = decode_chunk(row.block or b"", clocks.get(row.clock), room)
            self._chunks.put(place, known, _bytes_of(known))
        return known

    def _is_fresh(self, name: str, row: ChunkRow) -> bool:
        return (name, row.key, row.tail) not in self._chunks

    def note_missing(self, name: str, tag: int, hour: int) -> Samples:
        """One Bad sample for an hour of which the file knows that it had a chunk."""
        self.note(name, tag, hour * HOUR, hour * HOUR + HOUR - 1, tr("a chunk is missing"))
        return lost(hour * HOUR)

    def forget(self, name: str) -> None:
        with self._lock:
            self._known.pop(name, None)
        self._clocks.forget(lambda place: place[0] == name)
        self._chunks.forget(lambda place: place[0] == name)
        self._expected.forget(lambda place: place[0] == name)
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
    held = sum([column.nbytes for column in columns if column.strides != SAID_ONCE])
    if samples.times.flags.writeable:
        held += samples.times.nbytes
    if samples.receives is not samples.times and samples.receives.flags.writeable:
        held += samples.receives.nbytes
    return held + sum(map(_memory_of, samples.objects)) + _CHUNK_BYTES


def _memory_of(value: Value) -> int:
    """Of a text, an array or a structure with all that is in it."""
    within: Iterable[Value] = ()
    if isinstance(value, tuple):
        within = value
    elif isinstance(value, dict):
        within = chain(value, value.values())
    return getsizeof(value) + sum(map(_memory_of, within))


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

"""Writes the chunks of an hour into a day file, merging what is new into those that are there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

import apsw
import numpy as np

from hmi.historian.blocks import BlockDamaged, decode_chunk, encode_chunk, encode_clock
from hmi.historian.rollups import HOUR, begins_of
from hmi.historian.samples import Samples, Times
from hmi.stores.sqlite._damage import lost
from hmi.stores.sqlite._days import HOURS, ChunkRow, Presence, clocks_of, key_of
from hmi.stores.sqlite._gather import HourData
from hmi.stores.sqlite._merge import merge
from hmi.stores.sqlite._slim import slim_taken

NO_CLOCK = -1
_ENOUGH = 3_600
"""To read one value all samples of a chunk are unpacked."""
FEW_OF_AN_HOUR = 1_800
"""Hours with fewer samples than this on average are merged: a block of its own costs them too much."""
PUT_CHUNK = "insert or replace into chunks (k, first, last, n, clock, tail, crc, block) values (?, ?, ?, ?, ?, ?, ?, ?)"
_GET = "select k, first, last, n, clock, tail, crc, block from chunks where k between ? and ? order by k desc limit 1"


@dataclass(slots=True)
class Written:
    """What was written: hour masks of the tags that changed, tags whose hour had samples already, and figures."""

    masks: dict[int, int] = field(default_factory=dict)
    merged: dict[int, Samples] = field(default_factory=dict)
    samples: int = 0
    chunks: int = 0
    bytes: int = 0


class ChunkWriter:
    """Works in the transaction of its caller."""

    def __init__(
        self, database: apsw.Connection, day: int, presence: Presence, *, level: int, closed: bool
    ) -> None:
        """``closed``: chunks may go over several hours."""
        self._database, self._day, self._presence = database, day, presence
        self._level, self._is_closed = level, closed
        self.written = Written()

    def put(self, data: HourData) -> None:
        """What is new of one hour."""
        clock = self._clock(data)
        key = data.hour if len(clock) else NO_CLOCK
        rows: list[ChunkRow] = []
        meeting = set(data.gone)
        for place, tag in enumerate(data.numbers.tolist()):
            if self._is_closed or self._has(tag, data.hour) or tag in meeting:
                meeting.add(tag)
                continue
            rows.append(self._row(tag, data.at(place), clock, key))
            self._mark(tag, (data.hour,))
        self._store(rows)
        self.written.samples += len(data.samples)
        for tag in sorted(meeting):
            self._merge(tag, data)

    def put_day(self, tag: int, samples: Samples) -> None:
        """All of a day that is closed of a tag that has nothing in it: whole hours in each of few chunks."""
        begins = begins_of(samples.times, HOUR)
        cuts = [0]
        for begin, end in pairwise([*begins.tolist(), len(samples)]):
            if begin > cuts[-1] and end - cuts[-1] > _ENOUGH:
                cuts.append(begin)
        cuts.append(len(samples))
        none = np.empty(0, np.int64)
        self._store(
            [self._row(tag, slim_taken(samples, slice(*cut)), none, NO_CLOCK) for cut in pairwise(cuts)]
        )
        self._mark(tag, (samples.times[begins] // HOUR).tolist())
        self.written.samples += len(samples)

    def stored(self, tag: int, hour: int) -> Samples:
        """What the chunk that covers an hour holds now; nothing where there is none or it is damaged."""
        row = self._old(tag, hour)
        if row is None:
            return Samples.empty()
        try:
            return decode_chunk(row.block or b"", clocks_of(self._database, [row.clock]).get(row.clock))
        except BlockDamaged:
            return Samples.empty()

    def _merge(self, tag: int, data: HourData) -> None:
        old = self._old(tag, data.hour)
        gone = data.gone.get(tag, np.empty(0, np.int64))
        base, hours = Samples.empty(), range(data.hour, data.hour + 1)
        if old is not None:
            clocks = clocks_of(self._database, [old.clock])
            hours = range(min(old.hours[0], data.hour), max(old.hours[-1], data.hour) + 1)
            self._database.execute("delete from chunks where k = ?", (old.key,))
            try:
                base = decode_chunk(old.block or b"", clocks.get(old.clock))
            except BlockDamaged:
                base = lost(_free(old.hours[0] * HOUR, data.of(tag).times))
                gone = gone[gone != base.times[0]]
        found = merge(base, data.of(tag), gone)
        self._unmark(tag, hours)
        if len(found):
            key = old.clock if old is not None else data.hour
            clock = clocks_of(self._database, [key]).get(key, np.empty(0, np.int64))
            self._store([self._row(tag, found, clock, key if len(clock) else NO_CLOCK)])
            self._mark(tag, np.unique(found.times // HOUR).tolist())
        self.written.merged[tag] = found

    def _old(self, tag: int, hour: int) -> ChunkRow | None:
        """The chunk that covers an hour."""
        found = self._database.execute(_GET, (key_of(tag, self._day * HOURS), key_of(tag, hour))).fetchone()
        if found is None:
            return None
        row = ChunkRow(*found)
        if not row.is_sound:
            # what it covered is not known: it is damaged from here on, which the merge writes down
            return ChunkRow.of(row.key, hour * HOUR, hour * HOUR, 1, NO_CLOCK, b"")
        return row if hour in row.hours else None

    def _row(self, tag: int, samples: Samples, clock: Times, key: int) -> ChunkRow:
        block = encode_chunk(samples, clock if len(clock) else None, level=self._level)
        first, last = int(samples.times[0]), int(samples.times[-1])
        return ChunkRow.of(key_of(tag, first // HOUR), first, last, len(samples), key, block)

    def _store(self, rows: list[ChunkRow]) -> None:
        self._database.executemany(PUT_CHUNK, (one.stored for one in rows))
        self.written.chunks += len(rows)
        self.written.bytes += sum(len(one.block or b"") for one in rows)

    def _clock(self, data: HourData) -> Times:
        """The scan clock of the hour: the one that chunks use already, else a new one."""
        known = clocks_of(self._database, [data.hour]).get(data.hour)
        if known is not None:
            return known
        if not len(data.clock):
            return data.clock
        self._database.execute(
            "insert or replace into clocks (hour, block) values (?, ?)", (data.hour, encode_clock(data.clock))
        )
        return data.clock

    def _mask(self, tag: int) -> int:
        known = self.written.masks.get(tag)
        return self._presence.of(tag) if known is None else known

    def _has(self, tag: int, hour: int) -> bool:
        return bool(self._mask(tag) >> (hour - self._day * HOURS) & 1)

    def _mark(self, tag: int, hours: Iterable[int]) -> None:
        mask = self._mask(tag)
        for hour in hours:
            mask |= 1 << (hour - self._day * HOURS)
        self.written.masks[tag] = mask

    def _unmark(self, tag: int, hours: range) -> None:
        mask = self._mask(tag)
        for hour in hours:
            mask &= ~(1 << (hour - self._day * HOURS))
        self.written.masks[tag] = mask


def _free(begin: int, taken: Times) -> int:
    """The first instant from ``begin`` on (UTC ns) that no sample takes: room for what says that more is lost."""
    at = begin
    while at in taken:
        at += 1
    return at

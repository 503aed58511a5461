"""Follows the live file: loads what was committed since the last look and keeps it by tag in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import apsw
import numpy as np

from hmi.core.texts import tr
from hmi.historian.blocks import BlockDamaged
from hmi.historian.samples import Batch
from hmi.stores.sqlite._cache import ByteCache
from hmi.stores.sqlite._connect import one_row, open_reading, told
from hmi.stores.sqlite._marks import Expected, expected_of
from hmi.stores.sqlite._packs import (
    Pack,
    PackedSegment,
    PackGone,
    block_of,
    decoded,
    is_packable,
    packs_of,
)
from hmi.stores.sqlite._recent import DayRef, Hole, Mark, Segment, Seqs, Snapshot
from hmi.stores.sqlite._rows import COLUMNS, Effect, Row, effect_of, no_samples
from hmi.stores.sqlite._schema import LIVE_FILE, LIVE_ROAD, version_of

_OFFERED_MOST: Final = 64
_IN_A_PACK: Final = Effect(no_samples(), no_samples())


class LiveView:
    """One per process and archive; safe from any thread. ``damaged`` is told what cannot be read, ``gone`` which file
    of a day is none any more.
    """

    def __init__(
        self, folder: Path, damaged: Callable[[Hole], None], gone: Callable[[str], None], memory: int
    ) -> None:
        """``memory``: bytes of what is decoded of packs that may be kept."""
        self._path, self._damaged, self._gone = folder / LIVE_FILE, damaged, gone
        self._lock = threading.Lock()
        self._database: apsw.Connection | None = None
        self._version = -1
        self._state = Snapshot(days={}, removals={})
        self._offered: dict[int, tuple[int, Effect]] = {}
        self._packs: dict[int, Pack] = {}
        self._bad: set[int] = set()
        self._packable: dict[int, int] = {}
        self._cache = ByteCache[tuple[int, int], Segment](memory)
        self._tags: dict[str, int] = {}
        self._newest_tag = 0

    def close(self) -> None:
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None

    def offer(self, seq: int, time: int, effect: Effect) -> None:
        """The writer of this process tells what it has just made durable, so that it need not be read again."""
        with self._lock:
            self._offered[seq] = (time, effect)
        if len(self._offered) >= _OFFERED_MOST:
            self.snapshot()

    def snapshot(self) -> Snapshot:
        """The newest state; StorageError when the live file cannot be read."""
        with self._lock, told(self._path):
            database = self._connection()
            version = int(database.pragma("data_version"))
            if version != self._version:
                database.execute("begin")
                try:
                    self._load(database)
                finally:
                    database.execute("rollback")
                self._version = version
            return self._state

    def unpacked(self, size: int) -> list[tuple[Segment, int]]:
        """What may go into packs, in parts of about ``size`` samples: (whole commits, time of the last one)."""
        segments = self.snapshot().segments
        with self._lock:
            packable = dict(self._packable)
        seqs = np.fromiter(packable, np.int64, len(packable))
        groups: list[list[Segment]] = [[]]
        for segment in segments:
            if sum(len(one.tags) for one in groups[-1]) >= size:
                groups.append([])
            groups[-1].append(segment.of_commits(seqs))
        found: list[tuple[Segment, int]] = []
        for group in groups:
            if any(len(one.tags) for one in group):
                segment = Segment.joined(group)
                found.append((segment, packable[int(segment.covers[-1])]))
        return found

    def wide(self, span: int) -> dict[int, Effect]:
        """By number what commits do that only add, over more than ``span`` ns, and are in memory each by itself."""
        state = self.snapshot()
        taking = {one.seq for ones in state.removals.values() for one in ones}
        return {
            one.commits_span[0]: Effect(Batch(one.tags, one.samples), no_samples())
            for one in state.segments
            if len(one.covers) == 1
            and one.last - one.first > span
            and one.commits_span[0] > state.mark.seq
            and one.commits_span[0] not in taking
        }

    def tags(self) -> dict[str, int]:
        """Number of every tag id that is durable."""
        with self._lock, told(self._path):
            newest = one_row(self._connection(), "select max(number) from tags")[0] or 0
            if int(newest) != self._newest_tag:
                rows = self._connection().execute("select id, number from tags order by number")
                self._tags = {str(one): int(number) for one, number in rows}
                self._newest_tag = int(newest)
            return dict(self._tags)

    def _connection(self) -> apsw.Connection:
        if self._database is None:
            database = open_reading(self._path)
            version_of(database, self._path, LIVE_ROAD)
            self._database = database
        return self._database

    def _load(self, database: apsw.Connection) -> None:
        state = self._state
        rows = database.execute("select day, name, change from days")
        days_before = {ref.name for ref in state.days.values()}
        days = {int(row[0]): DayRef(int(row[0]), str(row[1]), int(row[2])) for row in rows}
        expected = expected_of(database)
        mark = expected.mark
        if mark != state.mark:
            state = state.beyond(mark)
            self._packable = {seq: time for seq, time in self._packable.items() if seq > mark.seq}
        for name in days_before - {ref.name for ref in days.values()}:
            self._gone(name)
        state = self._with_packs(database, replace(state, mark=mark, days=days))
        after = state.seq if self._version >= 0 else -1
        state = self._extended(state, self._rows(database, after, mark), expected, begun=after >= 0)
        if state.seq < mark.seq:
            state = replace(state, seq=mark.seq)
        self._offered = {seq: one for seq, one in self._offered.items() if seq > state.seq}
        self._state = state

    def _with_packs(self, database: apsw.Connection, state: Snapshot) -> Snapshot:
        """The state with the packs that are there now in place of what they cover."""
        found = packs_of(database, self._packs)
        found = {number: pack for number, pack in found.items() if number not in self._bad}
        if found.keys() != self._packs.keys():
            self._packs = found
            self._cache.forget(lambda place: place[0] not in found)
            covered = self._covered()
            state = state.with_packs([PackedSegment(pack, self._block) for pack in found.values()], covered)
            for seq in covered.tolist():
                self._packable.pop(seq, None)
        return state

    def _covered(self) -> Seqs:
        parts = [pack.covers for pack in self._packs.values()]
        return np.unique(np.concatenate(parts)) if parts else np.empty(0, np.int64)

    def _block(self, pack: Pack, block: int) -> Segment:
        """PackGone."""
        place = (pack.number, block)
        found = self._cache.get(place)
        if found is None:
            with self._lock, told(self._path):
                data = block_of(self._connection(), pack, block)
            try:
                found = decoded(pack, block, data)
            except BlockDamaged as error:
                self._leave_aside(pack)
                raise PackGone from error
            self._cache.put(place, found, found.size)
        return found

    def _leave_aside(self, pack: Pack) -> None:
        """A pack that is damaged or gone: the commits that it was made of are read again."""
        with self._lock:
            self._bad.add(pack.number)
            self._packs, self._packable, self._offered = {}, {}, {}
            self._state, self._version = Snapshot(days={}, removals={}), -1

    def _rows(self, database: apsw.Connection, after: int, mark: Mark) -> Iterator[Row]:
        """Commits beyond ``after``; those that were offered or are in a pack come without their blocks."""
        if after < 0:
            query, values = "select seq from commits where seq > ? or last >= ?", (mark.seq, mark.until)
        else:
            last = one_row(database, "select max(seq) from commits")[0] or 0
            wanted = range(after + 1, int(last) + 1)
            if len(wanted) <= len(self._offered) and all(seq in self._offered for seq in wanted):
                yield from ((seq,) for seq in wanted)
                return
            query, values = "select seq from commits where seq > ?", (after,)
        there = np.array([row[0] for row in database.execute(query, values)], np.int64)
        covered = self._covered()
        for seq in np.union1d(there, covered[covered > after]).tolist():
            place = int(np.searchsorted(covered, seq))
            if place < len(covered) and covered[place] == seq:
                yield (seq,)
            else:
                yield one_row(database, f"select {COLUMNS} from commits where seq = ?", (seq,))

    def _extended(self, state: Snapshot, rows: Iterable[Row], expected: Expected, *, begun: bool) -> Snapshot:
        """The state after these commits; what cannot be read or is missing between them becomes a hole."""
        commits: list[tuple[int, int, Effect]] = []
        holes: list[Hole] = []
        mark = expected.mark
        last, before = state.seq if begun else 0, (state.time if begun else 0) or max(mark.until, 0)
        made = {int(pack.covers[-1]): pack.time for pack in self._packs.values()}
        for row in rows:
            seq, text = int(row[0]), ""
            found = self._offered.get(seq)
            if found is None and not row[1:]:
                found = made.get(seq, before), _IN_A_PACK
            try:
                found = found or (int(row[1]), effect_of(row))
            except BlockDamaged as error:
                text = str(error)
            missing = expected.missing(last, seq)
            if missing:
                text = tr("{count} commits before number {seq} are missing", count=missing, seq=seq)
            if missing or found is None:
                until = found[0] if found else before
                holes.append(Hole(seq - (found is not None), before, max(before, until), text))
            if found is not None:
                commits.append((seq, *found))
                before = found[0]
            last = seq
        if not begun and last < expected.last:
            text = tr("commits after number {seq} are missing", seq=last)
            holes.append(Hole(mark.seq, before, before, text))
        for hole in holes:
            self._damaged(hole)
        self._packable.update({seq: time for seq, time, effect in commits if is_packable(effect)})
        state = state.with_commits(commits)
        return replace(state, seq=max(state.seq, last), holes=(*state.holes, *holes))

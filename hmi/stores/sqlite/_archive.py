"""The writing half of the archive: one process, one thread at a time; every call is durable when it returns."""

from __future__ import annotations

import threading
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import apsw
import numpy as np

from hmi.core.errors import StorageError, UsageError
from hmi.core.history import Modification
from hmi.core.texts import tr
from hmi.historian.blocks import BlockDamaged, encode_chunk
from hmi.historian.care import Checked, Limits, Removal, Tier
from hmi.historian.port import Annotation, Commit, CommitKind, CompactReport, Damage, DuplicatePolicy
from hmi.historian.samples import Batch, Times
from hmi.stores.sqlite._catalogue import catalogue_of_live, note_ways
from hmi.stores.sqlite._closing import swept
from hmi.stores.sqlite._compaction import Compaction
from hmi.stores.sqlite._connect import FileDamaged, one_row, open_writing, told
from hmi.stores.sqlite._days import DAY
from hmi.stores.sqlite._head import HeadFile
from hmi.stores.sqlite._lock import locked
from hmi.stores.sqlite._marks import mark_of
from hmi.stores.sqlite._overlay import Replaced, reason_of, resolved
from hmi.stores.sqlite._packer import Packer
from hmi.stores.sqlite._reader import SqliteReader
from hmi.stores.sqlite._recover import GENERATION, begin_anew
from hmi.stores.sqlite._retention import Keeper
from hmi.stores.sqlite._rows import INSERT, Effect, Row, no_samples, packed, row_of
from hmi.stores.sqlite._schema import LIVE_FILE, LIVE_ROAD, migrate
from hmi.stores.sqlite._settings import Settings
from hmi.stores.sqlite._sources import WIDE
from hmi.stores.sqlite._tiers import tier_of
from hmi.stores.sqlite._wal import lost_in_logs

_COMPACTION_CACHE_KIB = 4_096


class SqliteArchive(SqliteReader):
    """``Archive`` over a folder; opened by ``open_archive``."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._lock_file: IO[bytes] = locked(folder)
        self._writing, self._compacting = threading.RLock(), threading.Lock()
        self._settings = settings
        self._database: apsw.Connection | None = None
        self._head: HeadFile | None = None
        self._packer: Packer | None = None
        try:
            super().__init__(folder, stepped=settings.stepped, fine=settings.fine, memory=settings.memory)
            self._open()
        except BaseException:
            self._close_files()
            self._lock_file.close()
            raise

    def close(self) -> None:
        if self._packer is not None:
            self._packer.settle()
        with self._writing:
            if self._lock_file.closed:
                return
            try:
                self._keep_names()
            finally:
                super().close()
                self._close_files()
                self._lock_file.close()

    def tags(self) -> dict[str, int]:
        return dict(self._numbers)

    def number(self, tag_id: str) -> int:
        """Durable with the next commit: nothing can be kept under it before."""
        return _numbered(self._numbers, self._new_tags, tag_id, self._writing)

    def run(self, run_id: str) -> int:
        return _numbered(self._runs, self._new_runs, run_id, self._writing)

    def commit(self, batch: Batch, *, time: int) -> int:
        with self._writing:
            commit = Commit(self._seq + 1, time, CommitKind.LIVE, batch)
            return self._keep(commit, row_of(commit), Effect(batch, no_samples()))

    def insert(
        self,
        batch: Batch,
        *,
        time: int,
        kind: CommitKind = CommitKind.LATE,
        policy: DuplicatePolicy = DuplicatePolicy.KEEP_OR_REPLACE,
        modification: Modification | None = None,
    ) -> int:
        with self._writing:
            if modification is not None:
                self._refuse_without_samples(batch.samples.times)
            outcome = resolved(batch, kind, policy, self.blocks)
            commit = Commit(self._seq + 1, time, kind, batch, modification)
            row = row_of(commit, outcome.effect)
            rows = [
                row
                for place, one in enumerate(outcome.replaced)
                for row in _modified_rows(one, commit.seq, place, reason_of(modification, one.act, time))
            ]
            return self._keep(commit, row, outcome.effect, rows)

    def annotate(self, annotation: Annotation) -> None:
        one = annotation
        row = (one.id, one.tag_id, one.time, one.text, one.user, one.made, int(one.deleted))
        with self._writing, told(self._path), self._connection() as database:
            database.execute("insert or replace into annotations values (?, ?, ?, ?, ?, ?, ?)", row)

    def compact(self, until: int, *, stop: Callable[[], bool] = lambda: False) -> CompactReport:
        with self._compacting, told(self._path):
            with self._writing:
                self._keep_names()
            live = open_writing(self._path, wal=True)
            live.pragma("cache_size", -_COMPACTION_CACHE_KIB)  # each page is read once
            try:
                run = Compaction(
                    self._folder,
                    live,
                    self._settings,
                    at=self.at,
                    after=self.after,
                    forget=self._days.forget,
                    known=self._live.wide(WIDE),
                )
                report = run.run(until, stop)
            finally:
                live.close()
        with self._writing:
            self._note_damage(*self._damage.all())
        return report

    # ------------------------------------------------------------------ care

    def retain(
        self, limits: Limits, now: int, held: Container[int], stop: Callable[[], bool] = lambda: False
    ) -> list[Removal]:
        """``Cared.retain``."""
        with self._keeper(held) as keeper:
            keeper.retain(limits, now, stop)
        return keeper.removals

    def prune(self, room: int, keep_from: int, held: Container[int]) -> list[Removal]:
        """``Cared.prune``."""
        with self._keeper(held) as keeper:
            keeper.make_room(room, keep_from)
        return keeper.removals

    def without_samples(self, times: Times) -> list[int]:
        """``Cared.without_samples``."""
        known = self._snapshot().days
        days = [day for day in np.unique(times // DAY).tolist() if day in known]
        return [
            day for day in days if self._days.look(known[day], lambda db, _h, _p: tier_of(db)) is not Tier.RAW
        ]

    def _refuse_without_samples(self, times: Times) -> None:
        """UsageError: compaction could not put into a day what somebody was told is kept."""
        for day in self.without_samples(times)[:1]:
            date = f"{datetime.fromtimestamp(day * 86_400, UTC):%Y-%m-%d}"
            raise UsageError(tr("of {day} (UTC) only rollups are kept: no sample can be changed", day=date))

    def keep_feed(self, feed_ns: int, feed_bytes: int) -> None:
        """``Cared.keep_feed``."""
        self._settings = replace(self._settings, feed_ns=feed_ns, feed_bytes=feed_bytes)

    def check_days(
        self, pause_s: float = 0, stop: Callable[[], bool] = lambda: False, *, open_too: bool = False
    ) -> Checked:
        """``Cared.check_days``; what it finds is kept, and what was said of sound files before is taken back."""
        found = super().check_days(pause_s, stop, open_too=open_too)
        bad = {one.file for one in found.damage}
        with self._writing, told(self._path), self._connection() as database:
            rows = [(name,) for name in found.names if name not in bad]
            database.executemany("delete from damage where file = ?", rows)
        with self._writing:
            self._note_damage(*found.damage)
        return found

    @contextmanager
    def _keeper(self, held: Container[int]) -> Iterator[Keeper]:
        with self._compacting, told(self._path):
            live = open_writing(self._path, wal=True)
            try:
                yield Keeper(self._folder, live, self._forget_file, held)
            finally:
                live.close()

    def _forget_file(self, name: str) -> None:
        self._days.forget(name)
        self._damage.forget(name)

    def _open(self) -> None:
        """Open the live file, or what can be saved of it."""
        self._path = self._folder / LIVE_FILE
        try:
            if not self._path.exists() and any(self._folder.glob("day-*.db")):
                raise FileDamaged(tr("{path}: the file is missing", path=self._path))
            self._open_live()
            self._live.snapshot()
        except (FileDamaged, BlockDamaged) as error:
            self._close_files()
            self._live.close()
            damage = begin_anew(self._folder, str(error))
            self._live = self._view()
            self._open_live()
            self._note_damage(damage)
            self._seq = (self._seq // GENERATION + 1) * GENERATION
        swept(self._folder, {ref.name for ref in self._live.snapshot().days.values()})
        self._note_damage(*lost_in_logs(self._folder, writer=True))
        self._packer = Packer(self._live, self._settings.pack_at, self._put)
        self._head = HeadFile(self._folder)
        if self._head.seq > self._seq:
            text = tr("commits {first} to {last} are missing", first=self._seq + 1, last=self._head.seq)
            self._note_damage(Damage(LIVE_FILE, f"commit {self._head.seq}", 0, 0, 0, text))
            self._seq = self._head.seq

    def _open_live(self) -> None:
        with told(self._path):
            database = self._database = open_writing(self._path, wal=True)
            migrate(database, self._path, LIVE_ROAD)
            self._numbers, self._runs = catalogue_of_live(database)
            self._new_tags: list[str] = []
            self._new_runs: list[str] = []
            newest = one_row(database, "select max(seq) from commits")[0]
            self._seq = max(int(newest or 0), mark_of(database).seq)

    def _close_files(self) -> None:
        if self._head is not None:
            self._head.close()
            self._head = None
        if self._database is not None:
            self._database.close()
            self._database = None

    def _connection(self) -> apsw.Connection:
        if self._database is None:
            raise StorageError(tr("{path}: the history is closed", path=self._path))
        return self._database

    def _note_damage(self, *damage: Damage) -> None:
        """Kept, so that a later start tells it too."""
        for one in damage:
            self._damage.add(one)
        rows = [(one.file, one.block, one.tag, one.start, one.end, one.text) for one in damage]
        if self._database is not None:
            with told(self._path), self._database:
                self._database.executemany("insert or ignore into damage values (?, ?, ?, ?, ?, ?)", rows)

    def _keep(self, commit: Commit, row: Row, effect: Effect, modified: Sequence[Row] = ()) -> int:
        """One transaction; StorageError: nothing of it was kept."""
        with told(self._path), self._connection() as database:
            self._put_names(database)
            database.execute(INSERT, row)
            if modified:
                database.executemany("insert into modified values (?, ?, ?, ?, ?, ?, ?, ?)", modified)
        self._new_tags, self._new_runs = [], []
        self._seq = commit.seq
        if self._head is not None:
            self._head.put(commit.seq)
        self._live.offer(commit.seq, commit.time, effect)
        if self._packer is not None:
            self._packer.committed(len(effect.added))
        return commit.seq

    def _put(self, work: Callable[[apsw.Connection], None]) -> None:
        """One transaction between two commits."""
        with self._writing, told(self._path), self._connection() as database:
            work(database)

    def _keep_names(self) -> None:
        if self._new_tags or self._new_runs:
            with told(self._path), self._connection() as database:
                self._put_names(database)
            self._new_tags, self._new_runs = [], []

    def _put_names(self, database: apsw.Connection) -> None:
        for table, numbers, new in (
            ("tags", self._numbers, self._new_tags),
            ("runs", self._runs, self._new_runs),
        ):
            if new:
                rows = [(numbers[one], one) for one in new]
                database.executemany(f"insert into {table} (number, id) values (?, ?)", rows)
        note_ways(database, [self._numbers[one] for one in self._new_tags], self._settings)


def _numbered(numbers: dict[str, int], new: list[str], name: str, lock: threading.RLock) -> int:
    found = numbers.get(name)
    if found is not None:
        return found
    with lock:
        if name not in numbers:
            numbers[name] = (numbers[new[-1]] if new else max(numbers.values(), default=0)) + 1
            new.append(name)
        return numbers[name]


def _modified_rows(replaced: Replaced, seq: int, place: int, why: Modification) -> list[Row]:
    """One row per day, so that it can go into the file of its day."""
    samples = replaced.samples
    rows: list[Row] = []
    days = samples.times // DAY
    for day in dict.fromkeys(days.tolist()):
        part = samples.take(days == day)
        span = (int(part.times.min()), int(part.times.max()))
        rows.append((day, replaced.tag, seq, place, *span, packed(why), encode_chunk(part)))
    return rows

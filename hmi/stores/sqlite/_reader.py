"""The reading half of the archive: from any thread and any process, beside the one that writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from hmi.core.errors import StorageError
from hmi.core.history import Modification
from hmi.core.texts import tr
from hmi.historian.blocks import BlockDamaged, decode_chunk
from hmi.historian.care import Checked
from hmi.historian.port import Annotation, Commit, Coverage, Damage
from hmi.historian.rollups import HOUR, MINUTE, TEN_MINUTES, Rollups, rollups_of
from hmi.historian.samples import Batch, Samples, joined
from hmi.stores.sqlite._catalogue import way_of
from hmi.stores.sqlite._connect import FileDamaged, Pool, check_sqlite, one_row
from hmi.stores.sqlite._damage import DamageList
from hmi.stores.sqlite._days import closed_name, day_of
from hmi.stores.sqlite._feed import commits_after, effects_between
from hmi.stores.sqlite._instant import Instant, keyframe_of
from hmi.stores.sqlite._live import LiveView
from hmi.stores.sqlite._merge import EARLIEST, LATEST, Asked, cut, expect, pieces
from hmi.stores.sqlite._months import MonthReader
from hmi.stores.sqlite._packs import MEMORY, PackGone
from hmi.stores.sqlite._recent import Hole, Snapshot
from hmi.stores.sqlite._recover import Found, day_files
from hmi.stores.sqlite._rolled import RollupReader
from hmi.stores.sqlite._rows import Effect, modification_of
from hmi.stores.sqlite._schema import LIVE_FILE
from hmi.stores.sqlite._scrub import Scrub
from hmi.stores.sqlite._stored import DayReader
from hmi.stores.sqlite._wal import lost_in_logs

T = TypeVar("T")
_CHUNK_SHARE = 4
"""One part of so many of the memory is for chunks of day files."""
_NEAR = TEN_MINUTES
"""Where the sample before or after an instant mostly is: then the rest of its day is not read."""


class SqliteReader:
    """``ArchiveReader`` over a folder. ``stepped``, ``fine``: see ``open_archive``."""

    def __init__(
        self,
        folder: Path,
        *,
        stepped: Callable[[int], bool] | None = None,
        fine: Callable[[int], bool] | None = None,
        memory: int = MEMORY,
    ) -> None:
        check_sqlite()
        self._folder, self._memory = folder, memory
        self._stepped = stepped or (lambda tag: self._way(tag)[0])
        self._fine = fine or (lambda tag: self._way(tag)[1])
        self._pool, self._damage = Pool(), DamageList()
        self._live = self._view()
        self._days = DayReader(folder, self._pool, self._damage, memory // _CHUNK_SHARE)
        self._rolled = RollupReader(self._days, MonthReader(folder, self._pool))
        self._left: Snapshot | None = None

    def close(self) -> None:
        self._live.close()
        self._pool.close()

    def tags(self) -> dict[str, int]:
        try:
            return self._live.tags()
        except StorageError as error:
            self._note_live(error)
            return day_files(self._folder).tags

    def read(self, tag: int, start: int, end: int, limit: int = 0, *, backwards: bool = False) -> Samples:
        asked = Asked(tag, start, end, limit or LATEST, backwards)
        found: list[Samples] = []
        count = 0
        for piece in self._asked(lambda snapshot: pieces(self._days, snapshot, asked)):
            found.append(piece.take(slice(None, None, -1)) if backwards else piece)
            count += len(piece)
            if limit and count >= limit:
                break
        return cut(joined(found), limit)

    def blocks(self, tag: int, start: int, end: int) -> Iterator[Samples]:
        yield from self._asked(lambda snapshot: pieces(self._days, snapshot, Asked(tag, start, end)))

    def before(self, tag: int, at: int) -> Samples:
        if at == EARLIEST:
            return Samples.empty()
        found = self.read(tag, *_near_before(at), 1, backwards=True)
        if not len(found):
            found = self.read(tag, EARLIEST, at - 1, 1, backwards=True)
        return found.take(slice(0, 1))

    def after(self, tag: int, at: int) -> Samples:
        if at == LATEST:
            return Samples.empty()
        found = self.read(tag, *_near_after(at), 1)
        if not len(found):
            found = self.read(tag, at + 1, LATEST, 1)
        return found.take(slice(0, 1))

    def levels(self, tag: int) -> tuple[int, ...]:
        return (MINUTE, TEN_MINUTES, HOUR) if self._fine(tag) else (TEN_MINUTES, HOUR)

    def rollups(self, tag: int, start: int, end: int, level_ns: int) -> Rollups:
        begin, stop = -(-start // level_ns) * level_ns, -(-end // level_ns) * level_ns
        if stop <= begin:
            return Rollups.empty(level_ns)

        def made(low: int, high: int) -> Rollups:
            before = self.before(tag, low).values()
            return rollups_of(
                self.read(tag, low, high - 1),
                level_ns,
                before=before[0] if before else None,
                stepped=self._stepped(tag),
            )

        if level_ns not in self.levels(tag):
            return made(begin, stop)
        return self._rolled.read(self._snapshot(), tag, level_ns, begin, stop, made)

    def expect(self, tags: Sequence[int], start: int, end: int, level_ns: int) -> None:
        with suppress(StorageError):  # the read that follows tells of it
            snapshot, ranges = self._snapshot(), [(start, end)]
            if level_ns:
                begin, stop = -(-start // level_ns) * level_ns, -(-end // level_ns) * level_ns
                kept = [tag for tag in tags if level_ns in self.levels(tag)] if stop > begin else []
                self._rolled.expect(snapshot, kept, level_ns, begin, stop)
                ranges = [_near_before(start), _near_after(end - 1)]
            expect(self._days, snapshot, tags, ranges)

    def at(self, tags: Sequence[int], at: int) -> Batch:
        return self._asked(
            lambda snapshot: Instant(self._days, snapshot, self.before, self._walk, at).values(tags)
        )

    def keyframe(self, at: int) -> tuple[int, Batch] | None:
        days = self._snapshot().days
        for day in sorted(days, reverse=True):
            if day <= day_of(at):
                found = self._days.look(
                    days[day], lambda database, _head, _presence: keyframe_of(database, at)
                )
                if found:
                    return found
        return None

    def modified(self, tag: int, start: int, end: int) -> list[tuple[Samples, Modification]]:
        query = "select seq, n, why, block from modified where tag = ? and first <= ? and last >= ?"
        values = (tag, end, start)
        snapshot = self._snapshot()
        with self._pool.reading(self._folder / LIVE_FILE) as database:
            rows = list(database.execute(query, values))
        for day, ref in snapshot.days.items():
            if day_of(start) <= day <= day_of(end):
                rows += self._days.look(
                    ref, lambda database, _head, _seen: list(database.execute(query, values))
                )
        return _told_apart(rows, start, end)

    def feed(self, after: int, limit: int = 1_000) -> list[Commit]:
        with self._pool.reading(self._folder / LIVE_FILE) as database:
            return commits_after(database, after, limit, self._lost_commit)

    def coverage(self) -> Coverage:
        snapshot = self._snapshot()
        with self._pool.reading(self._folder / LIVE_FILE) as database:
            first = one_row(database, "select min(seq) from commits")[0]
            query = "select time from commits where kind = 0 and seq <= ? order by seq desc limit 1"
            live = database.execute(query, (snapshot.seq,)).fetchone()
        until = int(live[0]) if live else 0
        return Coverage(snapshot.seq, until, int(first or 0), max(snapshot.mark.until, 0))

    def annotations(self, tag_id: str, start: int, end: int) -> list[Annotation]:
        query = (
            "select id, tag_id, time, text, user, made, deleted from annotations "
            "where tag_id = ? and time between ? and ? order by time, made"
        )
        with self._pool.reading(self._folder / LIVE_FILE) as database:
            rows = list(database.execute(query, (tag_id, start, end)))
        return [Annotation(*row[:6], deleted=bool(row[6])) for row in rows]

    def damaged(self) -> list[Damage]:
        """Met by this process, kept by the writer, or hidden at the end of a log."""
        try:
            with self._pool.reading(self._folder / LIVE_FILE) as database:
                rows = list(database.execute("select file, block, tag, first, last, text from damage"))
            kept = [Damage(*row) for row in rows]
        except StorageError:
            kept = []
        try:
            kept += lost_in_logs(self._folder, writer=False)
        except StorageError as error:
            self._note_live(error)
        for damage in kept:
            self._damage.add(damage)
        return self._damage.all()

    def check_days(
        self, pause_s: float = 0, stop: Callable[[], bool] = lambda: False, *, open_too: bool = False
    ) -> Checked:
        """``CheckedReader.check_days``."""
        refs = [
            ref
            for day, ref in sorted(self._snapshot().days.items())
            if open_too or ref.name == closed_name(day)
        ]
        found = Scrub(self._folder, self._pool, pause_s, stop).run(refs)
        for name in found.names:
            self._damage.forget(name)
        for damage in found.damage:
            self._damage.add(damage)
        return found

    def _asked(self, read: Callable[[Snapshot], T]) -> T:
        """What is read of the newest state, again where a compaction took away what the state was made of."""
        while True:  # each time one pack fewer is asked
            try:
                return read(self._snapshot())
            except PackGone:
                continue

    def _way(self, tag: int) -> tuple[bool, bool]:
        try:
            with self._pool.reading(self._folder / LIVE_FILE) as database:
                return way_of(database, tag)
        except StorageError:
            return False, False

    def _view(self) -> LiveView:
        return LiveView(self._folder, self._lost_commit, lambda name: self._days.forget(name), self._memory)

    def _snapshot(self) -> Snapshot:
        """The newest state; without a live file that can be read, what the day files hold."""
        try:
            return self._live.snapshot()
        except StorageError as error:
            self._note_live(error)
            if self._left is None:
                self._left = _of_files(day_files(self._folder), (self._folder / LIVE_FILE).exists())
            return self._left

    def _note_live(self, error: StorageError) -> None:
        """StorageError again where it is not damage: there is no history, or the file is newer than this program."""
        is_there = (self._folder / LIVE_FILE).exists()
        if is_there and not isinstance(error, FileDamaged | BlockDamaged):
            raise error
        if not is_there and not any(self._folder.glob("day-*.db")):
            raise StorageError(tr("{path}: there is no history here", path=self._folder)) from error
        if is_there:
            self._damage.add(Damage(LIVE_FILE, "file", 0, 0, 0, str(error)))

    def _walk(self, since: int, at: int, most: int) -> list[Effect] | None:
        with self._pool.reading(self._folder / LIVE_FILE) as database:
            return effects_between(database, since, at, most)

    def _lost_commit(self, hole: Hole) -> None:
        damage = Damage(LIVE_FILE, f"commit {hole.seq}", 0, hole.first, hole.last, hole.text)
        self._damage.add(damage)


def _near_before(at: int) -> tuple[int, int]:
    return max(at - _NEAR, EARLIEST), at - 1


def _near_after(at: int) -> tuple[int, int]:
    return at + 1, min(at + _NEAR, LATEST)


def _of_files(found: Found, lost: bool) -> Snapshot:
    """``lost``: there was more, which nobody can read."""
    until = found.mark.until
    holes = (Hole(LATEST, until, LATEST, "the live file cannot be read"),) if lost else ()
    return Snapshot(seq=found.mark.seq, mark=found.mark, days=found.days, removals={}, holes=holes)


def _told_apart(
    rows: Iterable[tuple[int, int, bytes, bytes]], start: int, end: int
) -> list[tuple[Samples, Modification]]:
    """Versions one by one in order of time, those of one instant in the order in which they went.

    A row that is in the live file and in a day file at once (between two steps of a compaction) counts once.
    """
    found: list[tuple[Samples, Modification]] = []
    for _, _, why, block in sorted(set(rows)):
        samples, modification = decode_chunk(block).between(start, end), modification_of(why)
        found += [(samples.take(slice(n, n + 1)), modification) for n in range(len(samples))]
    return sorted(found, key=lambda one: int(one[0].times[0]))

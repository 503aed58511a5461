"""Compaction: whole hours of commits become chunks, rollups and keyframes, one transaction per day file.

A day file says up to which commit and instant it holds everything (its head), and readers leave out of the live file
what the head says. So it makes no difference to what is read whether a day file is written and the live file still
holds the same, and a compaction that was cut off anywhere goes on where it was.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby
from pathlib import Path

import apsw
import numpy as np
from numpy.typing import NDArray

from hmi.core.errors import StorageError
from hmi.historian.blocks import BlockDamaged
from hmi.historian.care import Tier
from hmi.historian.port import CompactReport
from hmi.historian.rollups import HOUR, begins_of
from hmi.historian.samples import Batch, Samples
from hmi.stores.sqlite._catalogue import catalogue_of_live, note_ways
from hmi.stores.sqlite._chunks import Written
from hmi.stores.sqlite._closing import closed, remove_open
from hmi.stores.sqlite._connect import one_row, open_reading, told
from hmi.stores.sqlite._day_writer import DayWriter
from hmi.stores.sqlite._days import DAY, HOURS, Head, Presence, closed_name, head_of, open_name, presence_of
from hmi.stores.sqlite._feed import trimmed
from hmi.stores.sqlite._gather import HourData, OpenCommits, gathered, gathered_days, open_commits
from hmi.stores.sqlite._marks import mark_of, put_mark
from hmi.stores.sqlite._mending import Mending
from hmi.stores.sqlite._month_writer import write_months
from hmi.stores.sqlite._packs import drop_packs
from hmi.stores.sqlite._recent import DayRef, Mark
from hmi.stores.sqlite._rows import Effect
from hmi.stores.sqlite._settings import Settings
from hmi.stores.sqlite._sources import CommitLost, Sources
from hmi.stores.sqlite._tiers import tier_of_file

log = logging.getLogger(__name__)

_WIDE_DAYS = 2
_MANY = 2_000
"""Fewer samples of a tag and day are not worth a way of their own."""
_MOST_OF_DAYS = 4_000_000
"""Samples of one day that are held at once."""


class Compaction:
    """One run over the files of a folder, with a connection of its own to the live file.

    ``at``: the last samples of tags at or before an instant; ``after``: the first one behind it; both as they are read
    from the whole archive. ``forget``: lets go of a file that is about to be none any more. ``known``: by number what
    some commits do that this process has in memory.
    """

    def __init__(
        self,
        folder: Path,
        live: apsw.Connection,
        settings: Settings,
        *,
        at: Callable[[Sequence[int], int], Batch],
        after: Callable[[int, int], Samples],
        forget: Callable[[str], None],
        known: Mapping[int, Effect],
    ) -> None:
        self._folder, self._live, self._settings, self._at = folder, live, settings, at
        self._forget = forget
        self._catalogue = catalogue_of_live(live)
        self._tags = np.array(sorted(self._catalogue[0].values()), np.int32)
        self._sources = Sources(live, known)
        self._standing: Batch | None = None
        self._mark = mark_of(live)
        self._mending = Mending(at, after)
        self._ends: dict[int, tuple[int, Samples]] = {}
        """By tag the end of a day that was written whole (UTC ns), and the last sample in it."""
        self._lost: set[int] = set()
        self._files: dict[int, tuple[str, int]] = {}
        self._total = Written()

    def run(self, until: int, stop: Callable[[], bool]) -> CompactReport:
        """Bring everything before ``until`` (UTC ns, cut down to whole hours) into day files."""
        mark = self._mark
        newest = one_row(self._live, "select max(seq) from commits")[0]
        target = Mark(max(int(newest or 0), mark.seq), max(until // HOUR * HOUR, mark.until))
        if target == mark:
            self._close_days(target, stop)
            self._write_months(target, stop)
            return self._report(mark)
        while True:
            try:
                return self._run(target, stop)
            except CommitLost as error:
                self._lost.add(error.seq)

    def _run(self, target: Mark, stop: Callable[[], bool]) -> CompactReport:
        mark = self._mark
        commits = open_commits(self._live, mark, target, self._lost)
        self._mending.note_commits(self._sources.effects, commits, mark, self._tags)
        for day in sorted(self._days(commits, target)):
            if stop():
                return self._report(mark)
            with told(self._folder / self._name(day)):
                self._bring(day, commits, target)
            self._settings.reached("a day")
        self._mend(target)
        self._finish(target)
        self._close_days(target, stop)
        self._write_months(target, stop)
        return self._report(target)

    def _days(self, commits: OpenCommits, target: Mark) -> set[int]:
        """Days of which commits say something; those that go over many are looked into."""
        found: set[int] = set()
        days = (commits.firsts // DAY).tolist(), (commits.lasts // DAY).tolist()
        for seq, first, last in zip(commits.seqs.tolist(), *days, strict=True):
            if last - first <= _WIDE_DAYS:
                found.update(range(first, last + 1))
                continue
            effect = self._sources.effects.of(seq)
            touched = np.concatenate([effect.added.samples.times, effect.removed.samples.times]) // DAY
            found.update(touched[np.diff(touched, prepend=touched[0] - 1) != 0].tolist())
        found.update(at // DAY for _, at in commits.holes)
        return {day for day in found if day * DAY < target.until}

    def _bring(self, day: int, commits: OpenCommits, target: Mark) -> None:
        """One day file in one transaction; nothing is made where there is nothing to keep."""
        path = self._folder / self._name(day)
        head = _head_of(path)
        if head is not None:
            # a run that was cut off may have written it without saying so to the live file
            self._files[day] = (path.name, head.change)
        if tier_of_file(path) is not Tier.RAW:
            log.warning("%s holds no samples any more; late ones of that day are not kept.", path.name)
            return
        mark = head.mark if head else Mark()
        whole, is_all = self._whole_days(day, mark, commits)
        done = np.array(sorted(whole), np.int32)
        news = iter(()) if is_all else self._news(day, mark, commits, target, done)
        first = next(news, None)
        if first is None and not whole:
            return
        if whole and first is None and head is None:
            path = self._folder / closed_name(day)
            self._mending.without_keyframes.add(day)
        with DayWriter(path, day, self._settings) as writer:
            self._put_whole_days(writer, whole)
            for hour, parts in groupby(chain((first,), news) if first else (), key=lambda data: data.hour):
                self._hour(writer, hour, parts)
            self._take_modified(writer, day, target)
            writer.finish(target, self._catalogue)
            self._settings.reached("before a day")
        self._files[day] = (writer.path.name, writer.change)
        self._total.samples += writer.written.samples
        self._total.chunks += writer.written.chunks
        self._total.bytes += writer.written.bytes

    def _whole_days(self, day: int, head: Mark, commits: OpenCommits) -> tuple[dict[int, Samples], bool]:
        """By tag what comes to a day that is over, where its file has nothing of the tag: back-filled in bulk.

        And whether that is all that comes to the day.
        """
        span, path = range(day * DAY, (day + 1) * DAY), self._folder / closed_name(day)
        seqs = commits.within(span)
        if span.stop > self._mark.until or commits.holes_within(span) or not seqs:
            return {}, False
        if not path.exists() and (self._folder / open_name(day)).exists():
            return {}, False
        presence = _presence_of(path)
        absent = self._tags[presence.masks_of(self._tags) == 0]
        found: dict[int, Samples] = {}
        held, is_all = 0, True
        for tag, samples in gathered_days(self._sources, span, head, seqs, absent):
            if samples is not None and len(samples) >= _MANY and held < _MOST_OF_DAYS:
                found[tag] = samples
                held += len(samples)
            else:
                is_all = False
        return found, is_all

    def _put_whole_days(self, writer: DayWriter, whole: dict[int, Samples]) -> None:
        if not whole:
            return
        begin = writer.day * DAY
        unknown = [tag for tag in whole if tag not in self._ends or self._ends[tag][0] != begin]
        stood = self._at(unknown, begin - 1)
        known = {
            tag: stood.samples.take(slice(place, place + 1)) for place, tag in enumerate(stood.tags.tolist())
        }
        for tag, samples in whole.items():
            before = self._ends[tag][1] if tag not in unknown else known.get(tag, Samples.empty())
            writer.put_tag_day(tag, samples, before)
            self._ends[tag] = (begin + DAY, samples.take(slice(-1, None)))
            hours = samples.times[begins_of(samples.times, HOUR)] // HOUR
            self._mending.note((tag,), hours.tolist())
        self._settings.reached("whole days")

    def _news(
        self, day: int, head: Mark, commits: OpenCommits, target: Mark, done: NDArray[np.int32]
    ) -> Iterator[HourData]:
        """Hours of a day with what is new to its file, whose mark is ``head``; without the tags that are ``done``."""
        for hour in range(day * HOURS, min((day + 1) * HOURS, target.until // HOUR)):
            span = range(hour * HOUR, (hour + 1) * HOUR)
            if commits.within(span) or commits.holes_within(span):
                yield from gathered(self._sources, hour, head, commits, self._tags, done)

    def _hour(self, writer: DayWriter, hour: int, parts: Iterable[HourData]) -> None:
        begin = hour * HOUR
        is_new = begin >= self._mark.until and not writer.has_keyframes(hour)
        standing = self._standing
        if standing is None or not is_new:
            standing = self._at(self._tags.tolist(), begin - 1)
        if is_new:
            self._standing = writer.put_hour(hour, parts, standing)
        else:
            for data in parts:
                writer.mend_hour(data, standing)
                self._mending.note(data.touched(), (hour,))
            self._standing = None
        self._settings.reached("an hour")

    def _mend(self, target: Mark) -> None:
        """What lies behind hours that were changed after the fact."""
        for day in self._mending.days(self._known_days()):
            path = self._folder / self._name(day)
            if tier_of_file(path) is not Tier.RAW:
                continue
            with told(path), DayWriter(path, day, self._settings) as writer:
                self._mending.mend(writer)
                writer.finish(Mark(), self._catalogue)
            self._files[day] = (path.name, writer.change)
            self._settings.reached("a mended day")

    def _take_modified(self, writer: DayWriter, day: int, target: Mark) -> None:
        query = "select tag, seq, n, first, last, why, block from modified where day = ? and seq <= ? and last < ?"
        writer.take_modified(self._live.execute(query, (day, target.seq, target.until)))

    def _finish(self, target: Mark) -> None:
        """Tell readers of the day files and forget what they hold."""
        with self._live:
            put_mark(self._live, target)
            drop_packs(self._live, target)
            note_ways(self._live, self._tags.tolist(), self._settings)
            days = [(day, *file) for day, file in self._files.items()]
            self._live.executemany("insert or replace into days (day, name, change) values (?, ?, ?)", days)
            self._live.execute("delete from modified where seq <= ? and last < ?", (target.seq, target.until))
            self._trim(target)
            self._settings.reached("before the live file")
        self._settings.reached("the live file")

    def _close_days(self, target: Mark, stop: Callable[[], bool]) -> None:
        """Days that are over; also those that an earlier run did not come to. One that fails holds up no other."""
        for day, name in list(self._live.execute("select day, name from days order by day")):
            if (day + 1) * DAY > target.until or name == closed_name(day):
                continue
            path = self._folder / closed_name(day)
            try:
                with told(path):
                    head = closed(self._folder, name, day, self._settings, stop)
            except (StorageError, BlockDamaged) as error:
                log.error("%s is not closed this time: %s", name, error)
                continue
            if head is None:
                return
            self._live.execute(
                "update days set name = ?, change = ? where day = ?", (path.name, head.change, day)
            )
            self._settings.reached("a named day")
            self._forget(name)
            remove_open(self._folder, name)

    def _write_months(self, target: Mark, stop: Callable[[], bool]) -> None:
        """Rollups of the months that are over, side by side."""
        rows = self._live.execute("select day, name, change from days order by day")
        write_months(self._folder, [DayRef(*row) for row in rows], target.until, stop)
        self._settings.reached("months")

    def _trim(self, target: Mark) -> None:
        """Drop the oldest commits beyond the quota of the feed; never one that is not all in day files."""
        newest = one_row(self._live, "select max(time) from commits")[0]
        oldest = int(newest or 0) - self._settings.feed_ns
        last = one_row(self._live, "select max(seq) from commits where time < ?", (oldest,))[0]
        over = self._over_quota()
        last = max(int(last or 0), over)
        if last:
            trimmed(self._live, min(last, target.seq), target.until)

    def _over_quota(self) -> int:
        """Number of the last commit that has to go for the live file to keep to its quota; 0: none."""
        pages = int(self._live.pragma("page_count")) - int(self._live.pragma("freelist_count"))
        used, quota = pages * int(self._live.pragma("page_size")), self._settings.feed_bytes
        if used <= quota:
            return 0
        low, high = one_row(self._live, "select min(seq), max(seq) from commits")
        return int(low) + int((high - low) * (1 - quota / used)) if low is not None else 0

    def _known_days(self) -> set[int]:
        return {int(row[0]) for row in self._live.execute("select day from days")} | set(self._files)

    def _name(self, day: int) -> str:
        """The file of a day that is there, else of one that is begun."""
        return closed_name(day) if (self._folder / closed_name(day)).exists() else open_name(day)

    def _report(self, mark: Mark) -> CompactReport:
        total = self._total
        return CompactReport(
            max(mark.until, 0),
            total.samples,
            total.chunks,
            total.bytes,
            tuple(name for name, _ in self._files.values()),
        )


def _head_of(path: Path) -> Head | None:
    """What a day file says of itself; None where there is none yet."""
    if not path.exists():
        return None
    database = open_reading(path)
    try:
        return head_of(database) if int(database.pragma("user_version")) else None
    finally:
        database.close()


def _presence_of(path: Path) -> Presence:
    """What a day file holds of which tag; nothing where there is none yet."""
    if not path.exists():
        return Presence.empty()
    database = open_reading(path)
    try:
        return presence_of(database) if int(database.pragma("user_version")) else Presence.empty()
    finally:
        database.close()

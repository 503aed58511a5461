"""Writes rollups of months that are over: from day files, some tags at a time, whole months only."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

import apsw
import numpy as np

from hmi.core.errors import StorageError
from hmi.historian.blocks import BlockDamaged, BlockTooLarge
from hmi.historian.rollups import joined_rollups
from hmi.stores.sqlite._connect import FileDamaged, open_reading, open_writing, told
from hmi.stores.sqlite._days import DAY, Presence, bound, closed_name, head_of, presence_of
from hmi.stores.sqlite._months import (
    FEW_DAYS,
    MONTH_LEVELS,
    MONTHS_FILE,
    Source,
    first_day,
    month_key,
    month_of,
    packed_rows,
    source_row,
)
from hmi.stores.sqlite._recent import DayRef
from hmi.stores.sqlite._rollup_rows import Stored, absent_hours, opened_rows, stored_rows_of
from hmi.stores.sqlite._schema import MONTH_ROAD, migrate

log = logging.getLogger(__name__)

_TAGS_AT_ONCE: Final = 256
_PUT: Final = "insert or replace into months (k, crc, block) values (?, ?, ?)"


class _DayUnreadable(Exception):
    """A day file opens, and SQLite cannot read what is in it."""

    def __init__(self, day: int) -> None:
        super().__init__(day)
        self.day = day


class _Day(NamedTuple):
    """A day file in one read transaction."""

    day: int
    change: int
    presence: Presence
    database: apsw.Connection


def write_months(folder: Path, days: Sequence[DayRef], until: int, stop: Callable[[], bool]) -> None:
    """Bring the file of months up to the day files (all of ``days``, rising); ``until``: how far they go (UTC ns).

    What cannot be written costs readers time and nothing else: it is logged. A file that is damaged begins anew.
    """
    months = {month: list(ones) for month, ones in groupby(days, lambda ref: month_of(ref.day))}
    path = folder / MONTHS_FILE
    if not path.exists() and not any(_is_over(month, ones, until) for month, ones in months.items()):
        return
    try:
        _written(folder, path, months, until, stop)
    except (FileDamaged, BlockDamaged) as error:
        log.warning("Rollups of months are made anew: %s", error)
        remove_months(folder)
    except StorageError as error:
        log.warning("Rollups of months are not written this time: %s", error)


def remove_months(folder: Path) -> None:
    """Without the file everything is read from day files; where another process holds it, it goes with a later run."""
    for end in ("-wal", "-shm", "-journal", ""):
        try:
            (folder / f"{MONTHS_FILE}{end}").unlink(missing_ok=True)
        except OSError:
            return


@dataclass(frozen=True, slots=True)
class _Work:
    """``folder`` has the day files, which go up to ``until`` (UTC ns); ``target`` is the open file of months."""

    folder: Path
    target: apsw.Connection
    until: int
    stop: Callable[[], bool]


def _written(
    folder: Path, path: Path, months: Mapping[int, list[DayRef]], until: int, stop: Callable[[], bool]
) -> None:
    with told(path):
        target = open_writing(path, wal=True)
        try:
            migrate(target, path, MONTH_ROAD)
            _drop_gone(target, months)
            work = _Work(folder, target, until, stop)
            for month, refs in months.items():
                if _is_over(month, refs, until):
                    for level in MONTH_LEVELS:
                        if stop() or not _one(work, month, level, refs):
                            return
        finally:
            target.close()


def _is_over(month: int, refs: Sequence[DayRef], until: int) -> bool:
    """All of its days are closed, and no more will come but late ones."""
    return (
        month >= 0
        and len(refs) >= FEW_DAYS
        and first_day(month + 1) * DAY <= until
        and all(ref.name == closed_name(ref.day) for ref in refs)
    )


def _drop_gone(target: apsw.Connection, months: Mapping[int, list[DayRef]]) -> None:
    """Months of which no day is kept any more."""
    known = {int(row[0]) & 0xFFFFF for row in target.execute("select k from sources")}
    for month in known - months.keys():
        with target:
            target.execute("delete from sources where (k & 0xFFFFF) = ?", (month,))
            target.execute("delete from months where (k & 0xFFFFF) = ?", (month,))


def _one(work: _Work, month: int, level: int, refs: Sequence[DayRef]) -> bool:
    """A month of one level where it is due; False where it was to stop, and what was there is gone then."""
    row = source_row(work.target, month, level)
    if row is not None and not _is_due(Source.unpacked(row[1]), refs, work.until):
        return True
    while True:  # each time without a file that cannot be read: its days are read from it, which tells why
        try:
            return _made(work, month, level, refs)
        except _DayUnreadable as error:
            refs = [ref for ref in refs if ref.day != error.day]


def _made(work: _Work, month: int, level: int, refs: Sequence[DayRef]) -> bool:
    target = work.target
    generation = secrets.randbits(62) | 1
    with ExitStack() as stack:
        days = list(_opened_days(work.folder, refs, stack))
        tags = np.unique(np.concatenate([day.presence.tags for day in days] or [np.empty(0, np.int32)]))
        with target:
            target.execute("delete from sources where k = ?", (month_key(0, level, month),))
        for low in range(0, len(tags), _TAGS_AT_ONCE):
            if work.stop():
                return False
            rows = list(_rows(days, tags[low : low + _TAGS_AT_ONCE].tolist(), month, level, generation))
            with target:
                target.executemany(_PUT, rows)
        source = Source(generation, work.until, {day.day: day.change for day in days}, tags)
        with target:
            target.execute(
                "insert or replace into sources (k, generation, content) values (?, ?, ?)",
                (month_key(0, level, month), generation, source.packed()),
            )
    return True


def _is_due(source: Source, refs: Sequence[DayRef], until: int) -> bool:
    """So many days were changed since that it is worth it; once a day."""
    old = sum(source.changes.get(ref.day, -1) < ref.change for ref in refs)
    return old >= FEW_DAYS and until // DAY > source.made // DAY


def _opened_days(folder: Path, refs: Sequence[DayRef], stack: ExitStack) -> Iterator[_Day]:
    """Files that can be read; the days of the others are read from them, which tells what is wrong with them."""
    for ref in refs:
        try:
            with told(folder / ref.name):
                database = open_reading(folder / ref.name)
                stack.callback(database.close)
                database.execute("begin")
                yield _Day(ref.day, head_of(database).change, presence_of(database), database)
        except (StorageError, BlockDamaged):
            continue


def _stored(day: _Day, tags: Sequence[int], level: int) -> dict[int, list[Stored]]:
    try:
        with told(Path(day.database.filename)):
            return stored_rows_of(day.database, tags, level)
    except StorageError:
        raise _DayUnreadable(day.day) from None


def _rows(
    days: Sequence[_Day], tags: Sequence[int], month: int, level: int, generation: int
) -> Iterator[tuple[int, int, bytes]]:
    """Rows of table ``months``; of a tag that is damaged anywhere there is none."""
    found = [_stored(day, tags, level) for day in days]
    for tag in tags:
        try:
            parts = [opened_rows(tag, level, stored.get(tag, ())) for stored in found]
            absent = [
                hour
                for day, part in zip(days, parts, strict=True)
                for hour in absent_hours(part, day.day, day.presence.of(tag))
            ]
            block = packed_rows(joined_rollups(parts, level), np.array(absent, np.int64), month)
        except (BlockDamaged, BlockTooLarge):
            continue
        key = month_key(tag, level, month)
        yield key, bound(block, key, generation), block

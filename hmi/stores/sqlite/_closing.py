"""Closes a day: its file is written anew, merged and in order, and from then on changes only when something late comes.

The new file has another name than the open one and takes its place when the live file names it; until then the open
one is read. A run that was cut off leaves at most a file that nobody names.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

import apsw
import numpy as np

from hmi.historian.blocks import BlockDamaged, BlockTooLarge, decode_chunk, encode_chunk, encode_clock
from hmi.historian.rollups import HOUR, MINUTE, TEN_MINUTES
from hmi.historian.samples import Times, joined
from hmi.stores.sqlite._chunks import FEW_OF_AN_HOUR, NO_CLOCK, PUT_CHUNK
from hmi.stores.sqlite._connect import PAGE_SIZE, one_row, open_writing
from hmi.stores.sqlite._days import (
    ChunkRow,
    Head,
    clocks_of,
    closed_name,
    day_named,
    head_of,
    put_head,
    tag_of,
)
from hmi.stores.sqlite._rollup_rows import day_rows_of, put_whole
from hmi.stores.sqlite._schema import DAY_ROAD, migrate
from hmi.stores.sqlite._settings import Settings

_ENOUGH: Final = 3_600
"""A merged chunk has no more samples than this: to read one value all of them are unpacked."""
_SMALLEST_PAGE: Final = 512
_PAGES_PER_BLOCK: Final = 32
"""The last page of a block is half empty on average: with so many of them that is little."""
_DAY_CLOCK: Final = 1 << 40
"""Key of the scan clock of a whole day; those of hours have the number of the hour."""
_ROWS: Final = "select k, first, last, n, clock, tail, crc, block from chunks order by k"


def closed(folder: Path, name: str, day: int, settings: Settings, stop: Callable[[], bool]) -> Head | None:
    """Write the closed file of a day from its open one; its head, or None where ``stop`` ended it early."""
    fresh = folder / f"{closed_name(day)}.new"
    for end in ("-journal", ""):
        (folder / f"{fresh.name}{end}").unlink(missing_ok=True)
    source = open_writing(folder / name, wal=True)
    try:
        target = open_writing(fresh, wal=False, page_size=_page_size(source))
        try:
            head = _copied(source, target, fresh, day, settings, stop)
        finally:
            target.close()
    finally:
        source.close()
    if head is None:
        fresh.unlink(missing_ok=True)
        return None
    settings.reached("a closed day")
    fresh.replace(folder / closed_name(day))
    sync_folder(folder)
    settings.reached("a renamed day")
    return head


def _page_size(source: apsw.Connection) -> int:
    """The smaller the blocks of the closed file are, the smaller are its pages."""
    query = "select count(*), count(distinct k >> 32), coalesce(sum(length(block)), 0), sum(n) from chunks"
    rows, tags, size, samples = one_row(source, query)
    if not rows:
        return PAGE_SIZE
    blocks = rows if samples >= FEW_OF_AN_HOUR * rows else max(tags, samples // _ENOUGH)
    wanted = size // blocks // _PAGES_PER_BLOCK
    return min(max(1 << wanted.bit_length(), _SMALLEST_PAGE), PAGE_SIZE)


def remove_open(folder: Path, name: str) -> None:
    """The open file and what SQLite keeps beside it; where another process holds it, it goes with a later run."""
    for end in ("-wal", "-shm", ""):
        try:
            (folder / f"{name}{end}").unlink(missing_ok=True)
        except OSError:
            return


def swept(folder: Path, named: Container[str]) -> None:
    """Remove what runs that were cut off left behind: half-written files, and open ones of days that are closed."""
    for path in folder.glob("day-*.new*"):
        path.unlink(missing_ok=True)
    for path in folder.glob("day-*.open.db"):
        day = day_named(path.name)
        if path.name not in named and day is not None and closed_name(day) in named:
            remove_open(folder, path.name)


def _copied(
    source: apsw.Connection,
    target: apsw.Connection,
    path: Path,
    day: int,
    settings: Settings,
    stop: Callable[[], bool],
) -> Head | None:
    migrate(target, path, DAY_ROAD)
    with source, target:
        clock = _day_clock(source)
        if len(clock):
            target.execute(
                "insert into clocks (hour, block) values (?, ?)", (_DAY_CLOCK + day, encode_clock(clock))
            )
        rows = (ChunkRow(*row) for row in source.execute(_ROWS))
        for tag, ones in groupby(rows, key=lambda row: tag_of(row.key)):
            if stop():
                return None
            merged = _merged(
                source, tag, [row for row in ones if row.is_sound], clock, _DAY_CLOCK + day, settings
            )
            target.executemany(PUT_CHUNK, (row.stored for row in merged))
            _copy_rollups(source, target, tag)
        for table in ("clocks", "keyframes", "modified", "state"):
            _copy(source, target, table)
        _drop_unused_clocks(target)
        head = head_of(source)
        head = Head(head.mark, head.change + 1)
        put_head(target, head)
    return head


def _merged(
    source: apsw.Connection, tag: int, rows: list[ChunkRow], clock: Times, key: int, settings: Settings
) -> list[ChunkRow]:
    """Fewer chunks of many small ones; as they are where they are large, or too large together, or damaged."""
    if len(rows) < 2 or sum(row.n for row in rows) >= FEW_OF_AN_HOUR * len(rows):
        return rows
    found: list[ChunkRow] = []
    for group in _groups(rows):
        found += group if len(group) < 2 else _as_one(source, group, clock, key, settings)
    return found


def _groups(rows: list[ChunkRow]) -> Iterator[list[ChunkRow]]:
    """Neighbours that become one chunk."""
    group: list[ChunkRow] = []
    for row in rows:
        if group and sum(one.n for one in group) + row.n > _ENOUGH:
            yield group
            group = []
        group.append(row)
    yield group


def _as_one(
    source: apsw.Connection, rows: list[ChunkRow], clock: Times, key: int, settings: Settings
) -> list[ChunkRow]:
    clocks = clocks_of(source, [row.clock for row in rows])
    try:
        samples = joined(decode_chunk(row.block or b"", clocks.get(row.clock)) for row in rows)
        block = encode_chunk(samples, clock if len(clock) else None, level=settings.level)
    except (BlockDamaged, BlockTooLarge):
        return rows
    first, last = int(samples.times[0]), int(samples.times[-1])
    return [ChunkRow.of(rows[0].key, first, last, len(samples), key if len(clock) else NO_CLOCK, block)]


def _copy_rollups(source: apsw.Connection, target: apsw.Connection, tag: int) -> None:
    """What is damaged is left out: it is made from the samples then."""
    for level in (MINUTE, TEN_MINUTES, HOUR):
        try:
            rows = day_rows_of(source, tag, level)
        except BlockDamaged:
            continue
        if len(rows):
            put_whole(target, tag, level, rows)


def _copy(source: apsw.Connection, target: apsw.Connection, table: str) -> None:
    rows: Iterator[tuple[object, ...]] = source.execute(f"select * from {table}")
    for row in rows:
        target.execute(f"insert into {table} values ({','.join('?' * len(row))})", row)


def _day_clock(source: apsw.Connection) -> Times:
    clocks = clocks_of(source, [int(row[0]) for row in source.execute("select hour from clocks")])
    parts = [clock for clock in clocks.values() if len(clock)]
    return np.unique(np.concatenate(parts)) if parts else np.empty(0, np.int64)


def _drop_unused_clocks(target: apsw.Connection) -> None:
    target.execute("delete from clocks where hour not in (select distinct clock from chunks)")


def sync_folder(folder: Path) -> None:
    """Make a new name durable; where a folder cannot be opened (Windows) the system does it."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""The change feed: commits of all kinds in the order in which they became durable, kept for a quota."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import Final

import apsw

from hmi.historian.blocks import BlockDamaged
from hmi.historian.port import Commit
from hmi.stores.sqlite._recent import EARLIEST, LATEST, Hole
from hmi.stores.sqlite._rows import COLUMNS, Effect, commit_of, effect_of

SAMPLES_MOST: Final = 2_000_000
"""A page of the feed ends here however many commits were asked for."""
_TRIMMED: Final = "trimmed"
_TIME: Final = struct.Struct("<q")


def commits_after(
    database: apsw.Connection, after: int, limit: int, lost: Callable[[Hole], None]
) -> list[Commit]:
    """Commits in order; one that is damaged is told to ``lost`` and leaves a hole in the numbers."""
    found: list[Commit] = []
    samples = 0
    query = f"select {COLUMNS} from commits where seq > ? order by seq limit ?"
    for row in database.execute(query, (after, limit)):
        try:
            commit = commit_of(row)
        except BlockDamaged as error:
            lost(Hole(int(row[0]), int(row[3]), int(row[4]), str(error)))
            continue
        found.append(commit)
        samples += len(commit.batch)
        if samples >= SAMPLES_MOST:
            break
    return found


def effects_between(database: apsw.Connection, since: int, at: int, most: int) -> list[Effect] | None:
    """What commits say of times from ``since`` to ``at`` (UTC ns) in order of the commits.

    None where more than ``most`` would have to be read, where some are not there any more, or one is damaged.
    """
    if trimmed_until(database) >= since:
        return None
    query = "select min(seq), max(seq), count(*) from commits where last >= ? and first <= ?"
    low, high, count = database.execute(query, (since, at)).fetchone()
    if not count:
        return []
    if high - low + 1 > most:
        return None
    found: list[Effect] = []
    expected = int(low)
    query = f"select {COLUMNS} from commits where seq between ? and ? order by seq"
    for row in database.execute(query, (low, high)):
        if row[0] != expected:
            return None
        expected += 1
        try:
            if row[4] >= since and row[3] <= at:
                found.append(effect_of(row))
        except BlockDamaged:
            return None
    return found if expected == high + 1 else None


def trimmed(database: apsw.Connection, seq: int, until: int) -> None:
    """Drop commits up to a number that say nothing of times from ``until`` on (UTC ns), and note up to when they did."""
    chosen = "seq <= ? and last < ?"
    last = database.execute(f"select max(last) from commits where {chosen}", (seq, until)).fetchone()[0]
    if last is None:
        return
    note_trimmed(database, max(int(last), trimmed_until(database)))
    database.execute(f"delete from commits where {chosen}", (seq, until))


def note_trimmed(database: apsw.Connection, last: int) -> None:
    """Commits that said something of times up to ``last`` (UTC ns) are not all there any more."""
    content = _TIME.pack(last)
    content += zlib.crc32(content).to_bytes(4, "little")
    database.execute("insert or replace into meta values (?, ?)", (_TRIMMED, content))


def trimmed_until(database: apsw.Connection) -> int:
    row = database.execute("select content from meta where name = ?", (_TRIMMED,)).fetchone()
    if row is None:
        return EARLIEST
    content, check = row[0][:-4], row[0][-4:]
    if len(content) != _TIME.size or zlib.crc32(content) != int.from_bytes(check, "little"):
        return LATEST
    return int(_TIME.unpack(content)[0])

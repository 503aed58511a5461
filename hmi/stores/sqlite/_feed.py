"""The change feed: commits of all kinds in the order in which they became durable, kept for a quota."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import apsw

from hmi.historian.blocks import BlockDamaged
from hmi.historian.port import Commit
from hmi.stores.sqlite._connect import one_row
from hmi.stores.sqlite._marks import note_trimmed, trimmed_until
from hmi.stores.sqlite._recent import Hole
from hmi.stores.sqlite._rows import COLUMNS, Effect, commit_of, effect_of

SAMPLES_MOST: Final = 2_000_000
"""A page of the feed ends here however many commits were asked for."""


def commits_after(
    database: apsw.Connection, after: int, limit: int, lost: Callable[[Hole], None]
) -> list[Commit]:
    """Commits in order; one that is damaged is told to ``lost`` and leaves a hole in the numbers."""
    found: list[Commit] = []
    samples = 0
    query = f"select {COLUMNS} from commits where seq > ? order by seq"
    for row in database.execute(query, (after,)):
        if len(found) >= limit:
            break
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
    low, high, count = one_row(database, query, (since, at))
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
    """Drop commits up to a number that say nothing of times from ``until`` on (UTC ns), and note it."""
    chosen = "seq <= ? and last < ?"
    last = one_row(database, f"select max(last) from commits where {chosen}", (seq, until))[0]
    if last is None:
        return
    note_trimmed(database, max(int(last), trimmed_until(database)))
    database.execute(f"delete from commits where {chosen}", (seq, until))

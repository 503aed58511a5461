"""Follows the live file: loads what was committed since the last look and keeps it by tag in memory."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import apsw

from hmi.historian.blocks import BlockDamaged
from hmi.stores.sqlite._connect import open_reading, told
from hmi.stores.sqlite._recent import DayRef, Hole, Mark, Snapshot
from hmi.stores.sqlite._rows import COLUMNS, Effect, Row, effect_of
from hmi.stores.sqlite._schema import LIVE_ROAD, version_of

LIVE_FILE: Final = "live.db"
MARK: Final = "mark"
_MARK: Final = struct.Struct("<qq")
_OFFERED_MOST: Final = 64


class LiveView:
    """One per process and archive; safe from any thread. ``damaged`` is told what cannot be read."""

    def __init__(self, folder: Path, damaged: Callable[[Hole], None]) -> None:
        self._path, self._damaged = folder / LIVE_FILE, damaged
        self._lock = threading.Lock()
        self._database: apsw.Connection | None = None
        self._version = -1
        self._state = Snapshot(days={}, removals={})
        self._offered: dict[int, tuple[int, Effect]] = {}
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

    def tags(self) -> dict[str, int]:
        """Number of every tag id that is durable."""
        with self._lock, told(self._path):
            newest = self._connection().execute("select max(number) from tags").fetchone()[0] or 0
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
        days = {int(row[0]): DayRef(int(row[0]), str(row[1]), int(row[2])) for row in rows}
        mark = mark_of(database)
        if mark != state.mark:
            state = state.beyond(mark)
        state = replace(state, mark=mark, days=days)
        after = state.seq if self._version >= 0 else -1
        for row in self._rows(database, after, mark):
            state = self._taken(state, row, mark)
        if state.seq < mark.seq:
            state = replace(state, seq=mark.seq)
        self._offered = {seq: one for seq, one in self._offered.items() if seq > state.seq}
        self._state = state

    def _rows(self, database: apsw.Connection, after: int, mark: Mark) -> list[Row]:
        """Commits beyond ``after``; those that were offered come without their blocks."""
        if after < 0:
            query = f"select {COLUMNS} from commits where seq > ? or last >= ? order by seq"
            return list(database.execute(query, (mark.seq, mark.until)))
        last = database.execute("select max(seq) from commits").fetchone()[0] or 0
        wanted = range(after + 1, int(last) + 1)
        if len(wanted) <= len(self._offered) and all(seq in self._offered for seq in wanted):
            return [(seq,) for seq in wanted]
        return list(database.execute(f"select {COLUMNS} from commits where seq > ? order by seq", (after,)))

    def _taken(self, state: Snapshot, row: Row, mark: Mark) -> Snapshot:
        seq = int(row[0])
        expected = max(state.seq, mark.seq) + 1
        if seq in self._offered:
            time, effect = self._offered[seq]
        else:
            time = int(row[1])
            try:
                effect = effect_of(row)
            except BlockDamaged as error:
                return self._with_hole(state, seq, time, str(error))
        if seq > expected:
            state = self._with_hole(state, seq - 1, time, f"commits {expected} to {seq - 1} are missing")
        return state.with_commit(seq, time, effect)

    def _with_hole(self, state: Snapshot, seq: int, time: int, text: str) -> Snapshot:
        hole = Hole(seq, min(state.time or time, time), max(state.time, time), text)
        self._damaged(hole)
        return replace(state, seq=seq, holes=(*state.holes, hole))


def mark_of(database: apsw.Connection) -> Mark:
    """Up to where the day files hold everything."""
    row = database.execute("select content from meta where name = ?", (MARK,)).fetchone()
    return Mark(*_MARK.unpack(row[0])) if row else Mark()


def put_mark(database: apsw.Connection, mark: Mark) -> None:
    content = _MARK.pack(mark.seq, mark.until)
    database.execute("insert or replace into meta values (?, ?)", (MARK, content))

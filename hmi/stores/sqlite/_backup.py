"""Copies an archive while another process writes it: closed days as files, everything else by SQLite's own backup.

Closed days, which are most of it, come first and are taken over from an earlier copy where they are the same. Then the
live file and the open days are copied until they fit each other: no day file may know of commits that the copied live
file does not have, and none may be older than the live file says.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import apsw

from hmi.core.errors import StorageError
from hmi.core.texts import tr
from hmi.stores.sqlite._connect import open_reading, told
from hmi.stores.sqlite._days import closed_name, day_named, head_of
from hmi.stores.sqlite._marks import mark_of
from hmi.stores.sqlite._schema import LIVE_FILE

_TRIES: Final = 20
_PIECE: Final = 1 << 20
Progress = Callable[[int], None]
"""Is told of each so many bytes that were copied."""


def nothing(count: int) -> None:
    """Nobody looks on."""


def copy_database(source: Path, target: Path, progress: Progress = nothing) -> None:
    """One state of a database that others write, durable, in a file of its own without a log; StorageError."""
    fresh = target.with_name(target.name + ".part")
    fresh.unlink(missing_ok=True)
    with told(source):
        reading = open_reading(source)
        writing = apsw.Connection(str(fresh))
        try:
            with writing.backup("main", reading, "main") as backup:
                backup.step(-1)
            writing.execute("pragma journal_mode=delete")
        finally:
            writing.close()
            reading.close()
        _settle(fresh, target, source)
        progress(target.stat().st_size)


def copy_file(source: Path, target: Path, progress: Progress = nothing) -> None:
    """A file that does not change, durable; StorageError."""
    fresh = target.with_name(target.name + ".part")
    with told(source):
        with source.open("rb") as reading, fresh.open("wb") as writing:
            while piece := reading.read(_PIECE):
                writing.write(piece)
                progress(len(piece))
        _settle(fresh, target, source)


def _settle(fresh: Path, target: Path, source: Path) -> None:
    """Durable, with the time of what it is a copy of: it tells a later copy whether that changed."""
    with fresh.open("rb+") as file:
        os.fsync(file.fileno())
    fresh.chmod(0o600)
    found = source.stat()
    os.utime(fresh, ns=(found.st_atime_ns, found.st_mtime_ns))
    fresh.replace(target)


@dataclass
class ArchiveCopy:
    """From ``source`` to ``target``, which may hold a part of it already; ``earlier``: a copy of before."""

    source: Path
    target: Path
    earlier: Path | None = None
    progress: Progress = nothing
    _changes: dict[str, int] = field(default_factory=dict[str, int])

    def run(self) -> None:
        """StorageError where it cannot be read or written."""
        self.target.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in sorted(self.source.glob("day-*.db")):
            day = day_named(path.name)
            if day is not None and path.name == closed_name(day):
                self._closed(path.name)
        for _ in range(_TRIES):
            copy_database(self.source / LIVE_FILE, self.target / LIVE_FILE, self.progress)
            if self._days():
                self._sweep()
                return
        raise StorageError(tr("{path}: the history changes too fast to be copied", path=self.source))

    def _days(self) -> bool:
        """Copy what the live file names; False where it does not fit it and both have to be taken again."""
        path = self.target / LIVE_FILE
        with told(path):
            live = apsw.Connection(str(path))
            try:
                newest = live.execute("select max(seq) from commits").fetchone()
                seq = max(int(newest[0] or 0) if newest else 0, mark_of(live).seq)
                for day, name, change in list(live.execute("select day, name, change from days")):
                    held = self._day(int(day), str(name), int(change))
                    if held is None:
                        live.execute("delete from days where day = ?", (day,))
                        continue
                    found, mark_seq, found_change = held
                    if mark_seq > seq or found_change < int(change):
                        return False
                    live.execute(
                        "update days set name = ?, change = ? where day = ?", (found, found_change, day)
                    )
            finally:
                live.close()
        return True

    def _day(self, day: int, name: str, change: int) -> tuple[str, int, int] | None:
        """(name, newest commit, change) of the copied file; None where retention removed it meanwhile."""
        if name == closed_name(day) or not self._open(name):
            name = closed_name(day)
            if self._changes.get(name, -1) < change and not self._closed(name):
                return None
        database = open_reading(self.target / name)
        try:
            head = head_of(database)
        finally:
            database.close()
        return name, head.mark.seq, head.change

    def _open(self, name: str) -> bool:
        """False where the day was closed meanwhile."""
        try:
            copy_database(self.source / name, self.target / name, self.progress)
        except StorageError:
            if (self.source / name).exists():
                raise
            return False
        return True

    def _closed(self, name: str) -> bool:
        """False where it is gone."""
        source, target = self.source / name, self.target / name
        try:
            with told(source):
                change, found = _change_of(source), source.stat()
            for kept in (target, self.earlier / name if self.earlier is not None else target):
                if _is_same(kept, found) and _change_of(kept) == change:
                    if kept is not target:
                        _taken_over(kept, target)
                    self.progress(found.st_size)
                    break
            else:
                copy_database(source, target, self.progress)
            self._changes[name] = change
        except (StorageError, OSError):
            if source.exists():
                raise
            return False
        return True

    def _sweep(self) -> None:
        """Open days that were closed meanwhile, and days that are none any more."""
        with told(self.target):
            live = open_reading(self.target / LIVE_FILE)
            try:
                named = {str(row[0]) for row in live.execute("select name from days")}
            finally:
                live.close()
            for path in self.target.glob("day-*"):
                if path.name not in named:
                    path.unlink()


def _is_same(kept: Path, source: os.stat_result) -> bool:
    try:
        found = kept.stat()
    except FileNotFoundError:
        return False
    return (found.st_size, found.st_mtime_ns) == (source.st_size, source.st_mtime_ns)


def _change_of(path: Path) -> int:
    try:
        database = open_reading(path)
    except apsw.Error:
        return -1
    try:
        return head_of(database).change
    except apsw.Error:
        return -1
    finally:
        database.close()


def _taken_over(kept: Path, target: Path) -> None:
    try:
        os.link(kept, target)
    except OSError:
        shutil.copy2(kept, target)

"""What the jobs of a plant remember: how far each has come, its figures, its quarantine. One SQLite file.

Written by the exporting process alone, whose jobs share one connection; the runtime and the command line read it
beside.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

import apsw
import msgspec

from hmi.core.clock import wall_ns
from hmi.core.errors import StorageError
from hmi.export._progress import Progress
from hmi.export.figures import JobFigures

log = logging.getLogger(__name__)
STATE_FILE: Final = "exports.sqlite"
BUSY_MS: Final = 5_000
QUARANTINE_MOST: Final = 100_000
"""Rows of each job; the oldest ones go."""
_SCHEMA: Final = """
create table if not exists progress(job text primary key, content text not null) without rowid;
create table if not exists figures(job text primary key, content text not null) without rowid;
create table if not exists asked(number integer primary key, job text not null, content text not null);
create table if not exists quarantine(
  number integer primary key, job text not null, package integer not null, time integer not null,
  reason text not null, row text not null);
create index if not exists quarantine_by_job on quarantine(job, number);
create table if not exists unnoted(number integer primary key, content text not null);
create table if not exists life(one integer primary key check(one = 1), at integer not null);
"""


class Asked(msgspec.Struct, frozen=True):
    """What a person asks of a job: ``replay`` of [start, end) in UTC ns, ``pause`` or ``resume``. ``at``: UTC ns by the
    wall clock.
    """

    number: int
    job: str
    act: str
    start: int = 0
    end: int = 0
    by: str = ""
    reason: str = ""
    at: int = 0


class Standing(NamedTuple):
    """``life``: the last sign of life of the exporting process, UTC ns by the wall clock (0: none). ``jobs``: figures
    by name, as each job told them last.
    """

    life: int
    jobs: dict[str, JobFigures]


class DamagedState(StorageError):
    """The file is no database any more, or a part of it is lost."""


class JobState:
    """The file, for the one process that writes it. StorageError where it cannot be kept.

    Its jobs may call from threads of their own: one statement runs at a time.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"{folder} cannot be made: {error}") from error
        self._turn = threading.Lock()
        self._database = _open_or_set_aside(folder / STATE_FILE)

    def progress(self, job: str) -> Progress:
        """How far a job has come; a fresh one for a job that is not known."""
        row = self._one("select content from progress where job = ?", job)
        try:
            return msgspec.json.decode(row[0], type=Progress) if row else Progress()
        except msgspec.DecodeError as error:
            log.error("How far export %s had come cannot be read (%s); it begins anew", job, error)
            return Progress()

    def keep(self, job: str, progress: Progress) -> None:
        """Durable on return."""
        self._write(
            "insert or replace into progress values (?, ?)", job, msgspec.json.encode(progress).decode()
        )

    def tell(self, figures: JobFigures) -> None:
        """The figures as they are now."""
        self._write(
            "insert or replace into figures values (?, ?)", figures.job, msgspec.json.encode(figures).decode()
        )

    def live(self, at: int) -> None:
        """The process was alive at ``at``, UTC ns by the wall clock."""
        self._write("insert or replace into life values (1, ?)", at)

    def quarantine(
        self, job: str, package: int, time: int, rows: Iterable[tuple[str, str]], *, anew: bool = False
    ) -> None:
        """Keep (reason, row) of what a target does not take, at most ``QUARANTINE_MOST`` of each job. ``anew``: in
        place of those that an earlier try of the package left.
        """
        try:
            with self._turn, self._database:
                if anew:
                    self._database.execute(
                        "delete from quarantine where job = ? and package = ?", (job, package)
                    )
                self._database.executemany(
                    "insert into quarantine(job, package, time, reason, row) values (?, ?, ?, ?, ?)",
                    [(job, package, time, reason, row) for reason, row in rows],
                )
                self._database.execute(
                    "delete from quarantine where job = ?1 and number <= (select number from quarantine "
                    "where job = ?1 order by number desc limit 1 offset ?2)",
                    (job, QUARANTINE_MOST),
                )
        except apsw.Error as error:
            raise StorageError(f"the quarantine of {job} cannot be kept: {error}") from error

    def forget_others(self, jobs: Iterable[str]) -> None:
        """Figures of jobs that the plant has no more."""
        names = list(jobs)
        marks = ",".join("?" * len(names))
        self._write(f"delete from figures where job not in ({marks})", *names)

    def asked(self, job: str) -> list[tuple[int, Asked]]:
        """What people ask of a job, in order, with the number by which it is ``answered``."""
        query = "select number, content from asked where job = ? order by number"
        return [(int(n), msgspec.json.decode(content, type=Asked)) for n, content in self._rows(query, job)]

    def answered(self, job: str, number: int) -> None:
        """What was asked up to a number is done, and kept."""
        self._write("delete from asked where job = ? and number <= ?", job, number)

    def close(self) -> None:
        with self._turn:
            self._database.close()

    def _one(self, query: str, *values: Any) -> tuple[Any, ...] | None:
        rows = self._rows(query, *values)
        return rows[0] if rows else None

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        try:
            with self._turn:
                return list(self._database.execute(query, values))
        except apsw.Error as error:
            raise StorageError(f"the state of the exports cannot be read: {error}") from error

    def _write(self, query: str, *values: Any) -> None:
        try:
            with self._turn:
                self._database.execute(query, values)
        except apsw.Error as error:
            raise StorageError(f"the state of the exports cannot be kept: {error}") from error


def ask(folder: Path, asked: Asked, *, is_noted: bool = True) -> None:
    """Leave a request for the exporting process; StorageError where that is not possible. Where it is not noted in the
    journal yet, a copy is left for the runtime that does so, in the same moment.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder} cannot be made: {error}") from error
    database = _open(folder / STATE_FILE)
    content = msgspec.json.encode(asked).decode()
    try:
        with database:
            database.execute("insert into asked(job, content) values (?, ?)", (asked.job, content))
            if not is_noted:
                database.execute("insert into unnoted(content) values (?)", (content,))
    except apsw.Error as error:
        raise StorageError(f"the request cannot be left: {error}") from error
    finally:
        database.close()


def unnoted(folder: Path) -> list[tuple[int, Asked | None]]:
    """Requests that are not in the journal yet, in order, with the number by which they are ``noted``; None for what
    cannot be read.
    """
    rows = _read(folder, "select number, content from unnoted order by number limit 1000", of="unnoted")
    return [(int(number), _asked(content)) for number, content in rows]


def _asked(content: str) -> Asked | None:
    try:
        return msgspec.json.decode(content, type=Asked)
    except msgspec.MsgspecError as error:
        log.error("A request that was left for the exports cannot be read: %s", error)
        return None


def noted(folder: Path, number: int) -> None:
    """The journal has the requests up to a number."""
    try:
        database = apsw.Connection(str(folder / STATE_FILE), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            database.set_busy_timeout(BUSY_MS)
            database.execute("delete from unnoted where number <= ?", (number,))
        finally:
            database.close()
    except apsw.Error as error:
        raise StorageError(
            f"what was noted cannot be taken out of the state of the exports: {error}"
        ) from error


def told(folder: Path) -> list[JobFigures]:
    """The figures of all jobs as they were told last; none where nothing was ever exported."""
    return _figures(folder, _read(folder, "select content from figures order by job"))


def standing(folder: Path) -> Standing:
    """All that is told, in one look."""
    rows = _read(folder, "select 1, content from figures union all select 0, at from life")
    life = [int(value) for is_figures, value in rows if not is_figures]
    found = _figures(folder, [(value,) for is_figures, value in rows if is_figures])
    return Standing(life[0] if life else 0, {one.job: one for one in found})


def _figures(folder: Path, rows: list[tuple[Any, ...]]) -> list[JobFigures]:
    try:
        return [msgspec.json.decode(row[0], type=JobFigures) for row in rows]
    except msgspec.MsgspecError as error:
        raise StorageError(f"{folder / STATE_FILE} holds figures of another version: {error}") from error


def progresses(folder: Path) -> dict[str, Progress]:
    """How far every job has come."""
    rows = _read(folder, "select job, content from progress")
    return {job: msgspec.json.decode(content, type=Progress) for job, content in rows}


def quarantined(folder: Path, job: str, most: int = 1_000) -> list[tuple[int, int, str, str]]:
    """(package, UTC ns, reason, row) of a job, newest first."""
    query = "select package, time, reason, row from quarantine where job = ? order by number desc limit ?"
    return [(int(a), int(b), str(c), str(d)) for a, b, c, d in _read(folder, query, job, most)]


def _read(folder: Path, query: str, *values: Any, of: str = "life") -> list[tuple[Any, ...]]:
    path = folder / STATE_FILE
    if not path.exists():
        return []
    try:
        database = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    except apsw.Error as error:
        raise StorageError(f"{path} cannot be read: {error}") from error
    try:
        database.set_busy_timeout(BUSY_MS)
        if not list(database.execute("select 1 from sqlite_master where name = ?", (of,))):
            return []  # it is being made at this moment, or was by an earlier version: nothing was told yet
        return list(database.execute(query, values))
    except apsw.Error as error:
        raise StorageError(f"{path} cannot be read: {error}") from error
    finally:
        database.close()


def _open_or_set_aside(path: Path) -> apsw.Connection:
    """A file that is damaged must not hold all jobs up: it is kept beside, and they begin behind what targets have."""
    try:
        return _open(path)
    except DamagedState as error:
        aside = path.with_suffix(f".damaged-{wall_ns()}")
        log.error("%s; it is set aside as %s, and the exports begin anew", error, aside.name)
        try:
            for end in ("", "-wal", "-shm"):
                if (part := Path(f"{path}{end}")).exists():
                    part.rename(f"{aside}{end}")
        except OSError as problem:
            raise StorageError(f"{path} is damaged and cannot be set aside: {problem}") from error
        return _open(path)


def _open(path: Path) -> apsw.Connection:
    database: apsw.Connection | None = None
    try:
        database = apsw.Connection(str(path))
        database.set_busy_timeout(BUSY_MS)
        database.execute("pragma journal_mode = wal; pragma synchronous = full;").fetchall()
        database.execute(_SCHEMA).fetchall()
        if found := [row[0] for row in database.execute("pragma quick_check(1)") if row[0] != "ok"]:
            raise apsw.CorruptError(found[0])
    except apsw.Error as error:
        if database is not None:
            database.close()  # Windows renames no file that is open
        if isinstance(error, apsw.NotADBError | apsw.CorruptError):
            raise DamagedState(f"{path} is damaged: {error}") from error
        raise StorageError(f"{path} cannot be used: {error}") from error
    return database

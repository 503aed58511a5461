"""What still has to be sent, and how far the journal was read: one small SQLite file in the data folder."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import apsw

from hmi.core.clock import wall_ns
from hmi.core.errors import StorageError
from hmi.notify._message import Message

FILE = "notify.sqlite"
MOST_WAITING = 1_000
_SCHEMA = """
create table if not exists state(name text primary key, value integer not null) strict;
create table if not exists waiting(
  id text primary key, channel text not null, alarm_id text not null, priority integer not null,
  delayed integer not null, due integer not null, begun integer not null, tries integer not null,
  recipients text not null, message text not null) strict;
create index if not exists by_due on waiting(channel, due);
"""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message with those it still has to reach. ``begun``: first attempt, 0 = none; ``due``: the next; UTC ns."""

    message: Message
    channel: str
    alarm_id: str
    priority: int
    to: tuple[str, ...]
    due: int
    delayed: bool = False
    begun: int = 0
    tries: int = 0


class Outbox:
    """Blocking; called on worker threads. Every method raises StorageError when the file cannot be used."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._database: apsw.Connection | None = None
        self._one_at_a_time = threading.Lock()

    def cursor(self) -> int | None:
        """Number of the last journal record that was read; None in a new file."""
        rows = self._do(lambda db: db.execute("select value from state where name = 'cursor'").fetchall())
        return int(rows[0][0]) if rows else None

    def step(self, cursor: int, new: Sequence[Waiting], settled: Sequence[str]) -> int:
        """Keep what a part of the journal says, all or nothing; returns how many had no room.

        ``settled``: alarms that somebody has seen to, in front of what is new of them.
        """

        def work(database: Any) -> int:
            with database:
                for alarm_id in settled:
                    database.execute(
                        "delete from waiting where alarm_id = ? and delayed = 1 and begun = 0", (alarm_id,)
                    )
                for one in new:
                    database.execute("insert or ignore into waiting values (?,?,?,?,?,?,?,?,?,?)", _row(one))
                dropped = sum(_trim(database, channel) for channel in {one.channel for one in new})
                database.execute("insert or replace into state values ('cursor', ?)", (cursor,))
            return dropped

        return self._do(work)

    def next(self, channel: str, now_ns: int) -> Waiting | None:
        """The most urgent message that is due."""
        text = "select * from waiting where channel = ? and due <= ? order by priority, due, id limit 1"
        rows = self._do(lambda db: db.execute(text, (channel, now_ns)).fetchall())
        return _waiting(rows[0]) if rows else None

    def begin(self, message_id: str, now_ns: int) -> None:
        """An attempt begins: from here on it is sent whatever happens to the alarm."""
        self._run("update waiting set begun = ? where id = ? and begun = 0", (now_ns, message_id))

    def again(self, message_id: str, due: int, tries: int, to: Sequence[str]) -> None:
        self._run(
            "update waiting set due = ?, tries = ?, recipients = ? where id = ?",
            (due, tries, json.dumps(list(to)), message_id),
        )

    def done(self, message_id: str) -> None:
        """Confirmed, refused or given up."""
        self._run("delete from waiting where id = ?", (message_id,))

    def begin_channels(self, channels: Sequence[str], end: int) -> dict[str, int]:
        """The record after which each channel counts: ``end``, the newest one, for a channel that is new.

        What waits for channels that the plant has no longer is forgotten.
        """
        names = json.dumps([f"since:{channel}" for channel in channels])

        def work(database: Any) -> dict[str, int]:
            with database:
                database.execute(
                    "delete from waiting where 'since:' || channel not in (select value from json_each(?))",
                    (names,),
                )
                database.execute(
                    "delete from state where name glob 'since:*'"
                    " and name not in (select value from json_each(?))",
                    (names,),
                )
                known = database.execute("select count(*) from state where name glob 'since:*'").fetchall()[
                    0
                ][0]
                database.execute(
                    "insert or ignore into state select value, ? from json_each(?)", (end, names)
                )
                keep = "ignore" if known else "replace"  # nobody waits for what is between
                database.execute(f"insert or {keep} into state values ('cursor', ?)", (end,))
                rows = database.execute("select name, value from state where name glob 'since:*'").fetchall()
            return {name.partition(":")[2]: value for name, value in rows}

        return self._do(work)

    def set_failing(self, channel: str, failing: bool) -> None:
        self._run("insert or replace into state values (?, ?)", (f"failing:{channel}", int(failing)))

    def is_failing(self, channel: str) -> bool:
        text = "select value from state where name = ?"
        rows = self._do(lambda db: db.execute(text, (f"failing:{channel}",)).fetchall())
        return bool(rows and rows[0][0])

    def close(self) -> None:
        with self._one_at_a_time:
            if self._database is not None:
                self._database.close()
                self._database = None

    def _run(self, text: str, values: tuple[Any, ...]) -> None:
        self._do(lambda database: database.execute(text, values).fetchall())

    def _do(self, work: Callable[[Any], T]) -> T:
        with self._one_at_a_time:
            try:
                if self._database is None:
                    self._database = self._opened()
                return work(self._database)
            except (apsw.Error, OSError, ValueError) as error:
                raise StorageError(f"{self._file}: {error}") from error

    def _opened(self) -> apsw.Connection:
        """A file that is damaged is put aside: what waited in it is lost, what comes is not."""
        try:
            return _connected(self._file)
        except (apsw.NotADBError, apsw.CorruptError):
            self._file.replace(self._file.with_suffix(f".damaged-{wall_ns()}"))
            return _connected(self._file)


def _connected(file: Path) -> apsw.Connection:
    database = apsw.Connection(str(file))
    database.set_busy_timeout(5_000)
    database.execute("pragma journal_mode = wal; pragma synchronous = full;").fetchall()
    database.execute(_SCHEMA).fetchall()
    file.chmod(0o600)
    return database


def _trim(database: Any, channel: str) -> int:
    """Keep the queue bounded: the least urgent and oldest go first."""
    count = database.execute("select count(*) from waiting where channel = ?", (channel,)).fetchall()[0][0]
    over = max(int(count) - MOST_WAITING, 0)
    if over:
        database.execute(
            "delete from waiting where id in"
            " (select id from waiting where channel = ? order by priority desc, due limit ?)",
            (channel, over),
        )
    return over


def _row(one: Waiting) -> tuple[Any, ...]:
    message = {
        "subject": one.message.subject,
        "text": one.message.text,
        "fields": dict(one.message.fields),
    }
    return (
        one.message.id, one.channel, one.alarm_id, one.priority, int(one.delayed), one.due, one.begun,
        one.tries, json.dumps(one.to), json.dumps(message),
    )  # fmt: skip


def _waiting(row: Sequence[Any]) -> Waiting:
    message_id, channel, alarm_id, priority, delayed, due, begun, tries, to, message = row
    return Waiting(
        message=Message(message_id, **json.loads(message)),
        channel=channel,
        alarm_id=alarm_id,
        priority=priority,
        to=tuple(json.loads(to)),
        due=due,
        delayed=bool(delayed),
        begun=begun,
        tries=tries,
    )

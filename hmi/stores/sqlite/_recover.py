"""What is left when the live file cannot be used: day files speak for themselves, and sound commits are taken over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import apsw
import numpy as np

from hmi.core.errors import StorageError
from hmi.core.texts import tr
from hmi.historian.blocks import BlockDamaged
from hmi.historian.port import Damage
from hmi.stores.sqlite._catalogue import Numbers, catalogue_of_day
from hmi.stores.sqlite._connect import open_reading, open_writing, told
from hmi.stores.sqlite._days import closed_name, day_named, head_of
from hmi.stores.sqlite._marks import note_trimmed, put_carried, put_mark
from hmi.stores.sqlite._recent import DayRef, Mark
from hmi.stores.sqlite._rows import COLUMNS, INSERT, Row, effect_of
from hmi.stores.sqlite._schema import LIVE_FILE, LIVE_ROAD, migrate

GENERATION: Final = 1 << 32
"""Commits of a new live file are numbered from the next multiple on: what is lost stays a hole."""


@dataclass(slots=True)
class Found:
    """What the day files of a folder say: their names, up to where they hold everything, and the catalogue."""

    days: dict[int, DayRef] = field(default_factory=dict)
    mark: Mark = field(default_factory=Mark)
    tags: Numbers = field(default_factory=dict)
    runs: Numbers = field(default_factory=dict)
    damage: list[Damage] = field(default_factory=list)


def day_files(folder: Path) -> Found:
    """Look into every day file; one that cannot be read is named as damage and kept in the list."""
    found = Found()
    for path in sorted(folder.glob("day-*.db")):
        day = day_named(path.name)
        if day is None or (path.name != closed_name(day) and (folder / closed_name(day)).exists()):
            continue
        found.days[day] = DayRef(day, path.name, 0)
        try:
            with told(path):
                _look(path, day, found)
        except (StorageError, BlockDamaged) as error:
            found.damage.append(Damage(path.name, "file", 0, 0, 0, str(error)))
    return found


def begin_anew(folder: Path, why: str) -> Damage:
    """Set the live file aside and begin a new one with all that can be saved; what is lost, in a sentence."""
    live = folder / LIVE_FILE
    found = day_files(folder)
    aside = _set_aside(live)
    with told(live):
        database = open_writing(live, wal=True)
        try:
            migrate(database, live, LIVE_ROAD)
            saved = _filled(database, aside, found)
        finally:
            database.close()
    text = tr(
        "{why}; it was set aside as {aside} and a new one begun: {saved} commits that no day file holds were saved, "
        "later ones are lost",
        why=why,
        aside=aside.name,
        saved=saved,
    )
    return Damage(LIVE_FILE, "file", 0, max(found.mark.until, 0), 0, text)


def _look(path: Path, day: int, found: Found) -> None:
    database = open_reading(path)
    try:
        head = head_of(database)
        tags, runs = catalogue_of_day(database)
    finally:
        database.close()
    found.days[day] = DayRef(day, path.name, head.change)
    found.mark = Mark(max(found.mark.seq, head.mark.seq), max(found.mark.until, head.mark.until))
    found.tags |= tags
    found.runs |= runs


def _set_aside(live: Path) -> Path:
    number = 1
    while (aside := live.with_name(f"live.damaged-{number}.db")).exists():
        number += 1
    for end in ("", "-wal"):
        part = live.with_name(live.name + end)
        if part.exists():
            part.rename(aside.with_name(aside.name + end))
    live.with_name(live.name + "-shm").unlink(missing_ok=True)
    return aside


def _filled(database: apsw.Connection, aside: Path, found: Found) -> int:
    """Catalogue, days and sound commits of the new live file; how many commits were saved."""
    carried: list[int] = []
    old = _opened(aside)
    with database:
        if old is not None:
            found.tags |= {str(one): int(number) for number, one in _rows(old, "select number, id from tags")}
            found.runs |= {str(one): int(number) for number, one in _rows(old, "select number, id from runs")}
        for table, numbers in (("tags", found.tags), ("runs", found.runs)):
            rows = [(number, one) for one, number in numbers.items()]
            database.executemany(f"insert or ignore into {table} (number, id) values (?, ?)", rows)
        database.executemany(
            "insert into days (day, name, change) values (?, ?, ?)",
            [(ref.day, ref.name, ref.change) for ref in found.days.values()],
        )
        put_mark(database, found.mark)
        note_trimmed(database, found.mark.until)
        for row in _commits(old, found.mark) if old is not None else ():
            database.execute(INSERT, row)
            carried.append(int(row[0]))
        before = [seq for seq in carried if seq <= found.mark.seq]
        if before:  # those between them that could not be saved stay holes
            put_carried(database, np.arange(min(before), max(before) + 1))
        for table in ("annotations", "modified"):
            for row in _rows(old, f"select * from {table}") if old is not None else ():
                places = ",".join("?" * len(row))
                database.execute(f"insert or ignore into {table} values ({places})", row)
    if old is not None:
        old.close()
    return len(carried)


def _opened(path: Path) -> apsw.Connection | None:
    try:
        return apsw.Connection(str(path)) if path.exists() else None
    except apsw.Error:
        return None


def _commits(old: apsw.Connection, mark: Mark) -> Iterator[Row]:
    """Sound commits that no day file holds all of: from the begin up to the damage, and from the end back to it."""
    chosen = f"select {COLUMNS} from commits where (seq > ? or last >= ?) and seq > ? order by seq"
    last = 0
    for row in _sound(_rows(old, chosen, (mark.seq, mark.until, 0))):
        last = int(row[0])
        yield row
    yield from _sound(_rows(old, f"{chosen} desc", (mark.seq, mark.until, last)))


def _sound(rows: Iterable[Row]) -> Iterator[Row]:
    for row in rows:
        try:
            effect_of(row)
        except (BlockDamaged, TypeError):
            continue
        yield row


def _rows(old: apsw.Connection, query: str, values: tuple[int, ...] = ()) -> Iterator[Row]:
    """Rows up to the first that cannot be read."""
    try:
        yield from old.execute(query, values)
    except apsw.Error:
        return

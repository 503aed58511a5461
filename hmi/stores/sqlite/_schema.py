"""Tables of the files of an archive, their format version and the road from an older one."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import apsw

from hmi.core.errors import StorageError
from hmi.core.texts import tr

LIVE_FILE: Final = "live.db"
_LIVE_1: Final = """
create table meta (name text primary key, content blob not null) strict, without rowid;
create table tags (
  number integer primary key, id text not null unique, stepped integer not null default 0,
  fine integer not null default 0
) strict;
create table runs (number integer primary key, id text not null unique) strict;
create table commits (
  seq integer primary key, time integer not null, kind integer not null, first integer not null,
  last integer not null, count integer not null, crc integer not null, why blob, removed blob, added blob,
  block blob not null
) strict;
create index commits_by_last on commits (last, first);
create table modified (
  day integer not null, tag integer not null, seq integer not null, n integer not null, first integer not null,
  last integer not null, why blob not null, block blob not null, primary key (day, tag, seq, n)
) strict, without rowid;
create table days (day integer primary key, name text not null, change integer not null) strict;
create table annotations (
  id text primary key, tag_id text not null, time integer not null, text text not null, user text not null,
  made integer not null, deleted integer not null
) strict;
create index annotations_by_tag on annotations (tag_id, time);
create table damage (
  file text not null, block text not null, tag integer not null, first integer not null, last integer not null,
  text text not null, primary key (file, block, tag)
) strict, without rowid;
"""

_LIVE_2: Final = """
create table packs (number integer primary key autoincrement, head blob not null) strict;
create table pack_blocks (k integer primary key, block blob not null) strict;
"""

_DAY_1: Final = """
create table state (name text primary key, content blob not null) strict, without rowid;
create table chunks (
  k integer primary key, first integer not null, last integer not null, n integer not null, clock integer not null,
  tail integer not null, crc integer not null, block blob not null
) strict;
create table clocks (hour integer primary key, block blob not null) strict;
create table rollups (k integer primary key, crc integer not null, block blob not null) strict;
create table keyframes (time integer primary key, crc integer not null, block blob not null) strict;
create table modified (
  tag integer not null, seq integer not null, n integer not null, first integer not null, last integer not null,
  why blob not null, block blob not null, primary key (tag, seq, n)
) strict, without rowid;
"""

_MONTH_1: Final = """
create table sources (k integer primary key, generation integer not null, content blob not null) strict;
create table months (k integer primary key, crc integer not null, block blob not null) strict;
"""

LIVE_ROAD: Final = (_LIVE_1, _LIVE_2)
DAY_ROAD: Final = (_DAY_1,)
MONTH_ROAD: Final = (_MONTH_1,)
"""The n-th script brings a file of format n to format n + 1. Never change one that was released."""


def version_of(database: apsw.Connection, path: Path, road: tuple[str, ...]) -> int:
    """Format of a file, 0 for an empty one; StorageError for one that this program does not know."""
    version = int(database.pragma("user_version"))
    if version > len(road):
        raise StorageError(
            tr(
                "{path}: written by a newer version of this program (format {version}, this one knows {known}); "
                "update this program first",
                path=path,
                version=version,
                known=len(road),
            )
        )
    return version


def migrate(database: apsw.Connection, path: Path, road: tuple[str, ...]) -> None:
    """Bring a file to the newest format, one whole step after the other: an interrupted one goes on where it was."""
    for version in range(version_of(database, path, road), len(road)):
        with database:
            database.execute(road[version])
            database.execute(f"pragma user_version={version + 1}")

"""Numbers of tags and runs; every day file carries a copy, so that it can be read without the live file."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final

import apsw
import msgspec
import zstandard

from hmi.historian.blocks import BlockDamaged
from hmi.stores.sqlite._settings import Settings

_STATE: Final = "catalogue"
_MOST_BYTES: Final = 1 << 28
Numbers = dict[str, int]


def catalogue_of_live(database: apsw.Connection) -> tuple[Numbers, Numbers]:
    """(tags, runs) of the live file."""
    tags, runs = (
        {str(one): int(number) for number, one in database.execute(f"select number, id from {table}")}
        for table in ("tags", "runs")
    )
    return tags, runs


def note_ways(database: apsw.Connection, tags: Iterable[int], settings: Settings) -> None:
    """Keep which tags are stepped and fine, for readers that are not told."""
    rows = [(bool(settings.stepped(tag)), bool(settings.fine(tag)), tag) for tag in tags]
    database.executemany(
        "update tags set stepped = ?1, fine = ?2 where number = ?3 and (stepped != ?1 or fine != ?2)", rows
    )


def way_of(database: apsw.Connection, tag: int) -> tuple[bool, bool]:
    """(stepped, fine) of a tag as the writer knows it."""
    row = database.execute("select stepped, fine from tags where number = ?", (tag,)).fetchone()
    return (bool(row[0]), bool(row[1])) if row else (False, False)


def put_catalogue(database: apsw.Connection, tags: Numbers, runs: Numbers) -> None:
    """The copy in a day file."""
    data = zstandard.ZstdCompressor(level=3).compress(msgspec.msgpack.encode((tags, runs)))
    content = data + zlib.crc32(data).to_bytes(4, "little")
    database.execute("insert or replace into state values (?, ?)", (_STATE, content))


def catalogue_of_day(database: apsw.Connection) -> tuple[Numbers, Numbers]:
    """The copy of a day file; BlockDamaged."""
    row = database.execute("select content from state where name = ?", (_STATE,)).fetchone()
    if row is None:
        return {}, {}
    if zlib.crc32(row[0][:-4]) != int.from_bytes(row[0][-4:], "little"):
        raise BlockDamaged("the catalogue of a day file is not as it was written")
    data = zstandard.ZstdDecompressor().decompress(row[0][:-4], max_output_size=_MOST_BYTES)
    tags, runs = msgspec.msgpack.decode(data, type=tuple[Numbers, Numbers])
    return tags, runs

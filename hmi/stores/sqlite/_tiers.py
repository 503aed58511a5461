"""What is left of a day file, as the file says of itself."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Final

import apsw

from hmi.historian.blocks import BlockDamaged
from hmi.historian.care import Tier
from hmi.stores.sqlite._connect import open_reading
from hmi.stores.sqlite._days import put_state

_STATE: Final = "tier"


def put_tier(database: apsw.Connection, tier: Tier) -> None:
    content = bytes((tier,))
    put_state(database, _STATE, content + zlib.crc32(content).to_bytes(4, "little"))


def tier_of(database: apsw.Connection) -> Tier:
    """What is left of a day file; BlockDamaged."""
    row = database.execute("select content from state where name = ?", (_STATE,)).fetchone()
    if row is None:
        return Tier.RAW
    content, check = row[0][:-4], row[0][-4:]
    if len(content) != 1 or zlib.crc32(content) != int.from_bytes(check, "little"):
        raise BlockDamaged("what is left of a day file is not as it was written")
    return Tier(content[0])


def tier_of_file(path: Path) -> Tier:
    """The same by its name; RAW for a file that is not there yet."""
    if not path.exists():
        return Tier.RAW
    database = open_reading(path)
    try:
        return tier_of(database) if int(database.pragma("user_version")) else Tier.RAW
    finally:
        database.close()

"""Takes the samples out of a closed day and leaves its rollups: a new file takes the place of the old one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import apsw

from hmi.historian.care import Tier
from hmi.historian.rollups import HOUR, MINUTE, TEN_MINUTES
from hmi.stores.sqlite._closing import sync_folder
from hmi.stores.sqlite._connect import open_reading, open_writing
from hmi.stores.sqlite._days import Head, head_of, put_head, put_state
from hmi.stores.sqlite._rollup_rows import level_of
from hmi.stores.sqlite._schema import DAY_ROAD, migrate
from hmi.stores.sqlite._tiers import put_tier

_LEFT: Final[Mapping[Tier, frozenset[int]]] = {
    Tier.ROLLUPS: frozenset((MINUTE, TEN_MINUTES, HOUR)),
    Tier.HOURS: frozenset((HOUR,)),
    Tier.MARK: frozenset(),
}


def thinned(folder: Path, name: str, tier: Tier) -> Head:
    """Leave of a closed day what its tier says; whole or not done. What it says of itself then."""
    fresh = folder / f"{name}.new"
    for end in ("-journal", ""):
        (folder / f"{fresh.name}{end}").unlink(missing_ok=True)
    source = open_reading(folder / name)
    try:
        target = open_writing(fresh, wal=False)
        try:
            head = _copied(source, target, fresh, tier)
        finally:
            target.close()
    finally:
        source.close()
    fresh.replace(folder / name)
    sync_folder(folder)
    return head


def _copied(source: apsw.Connection, target: apsw.Connection, path: Path, tier: Tier) -> Head:
    migrate(target, path, DAY_ROAD)
    with source, target:
        before = head_of(source)
        head = Head(before.mark, before.change + 1)
        for name, content in source.execute("select name, content from state"):
            put_state(target, str(name), content)
        for key, crc, block in source.execute("select k, crc, block from rollups order by k"):
            if level_of(key) in _LEFT[tier]:
                target.execute("insert into rollups (k, crc, block) values (?, ?, ?)", (key, crc, block))
        put_tier(target, tier)
        put_head(target, head)
    return head

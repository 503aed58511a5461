"""Whatever comes late in bulk: its days are the same from memory as read again, and tag by tag as joined and sorted."""

from __future__ import annotations

import tempfile
from pathlib import Path
from unittest.mock import patch

import apsw
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hmi.historian.port import CommitKind, DuplicatePolicy
from hmi.historian.rollups import HOUR
from hmi.historian.samples import Batch, Samples, ValueKind, joined
from hmi.stores.sqlite._archive import SqliteArchive
from hmi.stores.sqlite._days import DAY
from hmi.stores.sqlite._live import LiveView
from hmi.stores.sqlite._settings import Settings
from hmi.stores.sqlite._sources import Sources

S = 1_000_000_000
FIRST = 20_700
NOW = (FIRST + 6) * DAY
TAGS = 4
Late = tuple[int, int, int, int, str]
"""Tag, seconds behind the first day, step in s, how many samples, and what becomes of it."""
LATE = st.tuples(
    st.integers(1, TAGS),
    st.integers(0, 3 * 86_400).map(lambda second: second // 1_800 * 1_800),
    st.sampled_from([20, 40, 61]),
    st.sampled_from([1, 50, 2_100, 4_400]),
    st.sampled_from(["plain"] * 5 + ["shuffled", "two tags", "delete", "replace"]),
)


def samples_of(begin: int, step: int, count: int, seed: int) -> Samples:
    chance = np.random.default_rng(seed)
    times = FIRST * DAY + (begin + step * np.arange(count, dtype=np.int64)) * S
    values, zeros = chance.normal(50, 5, count).round(2), np.zeros(count, np.uint32)
    flags = np.full(count, seed % 2 * 4, np.uint16)
    return Samples(
        times, values.view(np.uint64), np.full(count, ValueKind.FLOAT, np.uint8), zeros, times + seed % 3,
        flags, zeros.astype(np.uint16), zeros,
    )  # fmt: skip


def put(archive: SqliteArchive, late: Late, seed: int) -> None:
    tag, begin, step, count, what = late
    samples = samples_of(begin, step, count, seed)
    tags = np.full(count, tag, np.int32)
    kind, policy = CommitKind.LATE, DuplicatePolicy.KEEP_OR_REPLACE
    if what == "shuffled":
        samples = samples.take(np.random.default_rng(seed).permutation(count))
    elif what == "two tags":
        tags = np.append(tags, np.full(count, tag % TAGS + 1, np.int32))
        samples = joined([samples, samples_of(begin, step, count, seed + 1)])
    elif what == "delete":
        kind = CommitKind.DELETE
    elif what == "replace":
        kind, policy = CommitKind.EDIT, DuplicatePolicy.REPLACE
    archive.insert(Batch(tags, samples), time=NOW + seed, kind=kind, policy=policy)


def opened(folder: Path) -> SqliteArchive:
    return SqliteArchive(folder, Settings(lambda tag: tag == 2, lambda tag: tag == 1))


def filled(folder: Path, lates: list[Late]) -> SqliteArchive:
    archive = opened(folder)
    for tag in range(TAGS):
        archive.number(f"tag/{tag}")
    archive.commit(Batch(np.ones(1, np.int32), samples_of(6 * 86_400, 1, 1, 0)), time=NOW)
    archive.compact(NOW + HOUR)
    for seed, late in enumerate(lates):
        put(archive, late, seed)
    return archive


def days_of(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every day file."""
    found: dict[str, list[tuple[object, ...]]] = {}
    for path in sorted(folder.glob("day-*.db")):
        database = apsw.Connection(str(path))
        for table in ("chunks", "rollups", "keyframes", "clocks", "modified"):
            found[f"{path.name} {table}"] = list(database.execute(f"select * from {table} order by 1, 2"))
        database.close()
    return found


@settings(max_examples=15, deadline=None)
@given(st.lists(LATE, min_size=1, max_size=8))
def test_days_from_memory_are_those_that_are_read_joined_and_sorted(lates: list[Late]) -> None:
    with tempfile.TemporaryDirectory() as place:
        one, other = Path(place) / "one", Path(place) / "other"
        archive = filled(one, lates)
        archive.compact(NOW + HOUR)
        wanted = [archive.read(tag, 0, NOW + DAY) for tag in range(1, TAGS + 1)]
        archive.close()
        filled(other, lates).close()
        with patch.object(LiveView, "wide", lambda _, __: {}), patch.object(Sources, "alone", lambda *_: []):
            archive = opened(other)
            archive.compact(NOW + HOUR)
        assert days_of(one) == days_of(other)
        for tag, samples in enumerate(wanted, 1):
            found = archive.read(tag, 0, NOW + DAY)
            assert found.values() == samples.values()
            assert found.flags.tolist() == samples.flags.tolist()
        archive.close()

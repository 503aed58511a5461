"""History that is back-filled a day of a tag at a time goes into its day files as it is, whatever happens meanwhile."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import apsw
import numpy as np
import pytest

from hmi.historian.port import CommitKind, DuplicatePolicy
from hmi.historian.rollups import HOUR, MINUTE, TEN_MINUTES, rollups_of
from hmi.historian.samples import Batch, Samples, ValueKind
from hmi.stores.sqlite import open_reader
from hmi.stores.sqlite._archive import SqliteArchive
from hmi.stores.sqlite._connect import Pool
from hmi.stores.sqlite._damage import DamageList
from hmi.stores.sqlite._days import closed_name, open_name
from hmi.stores.sqlite._recent import DayRef
from hmi.stores.sqlite._settings import Settings
from hmi.stores.sqlite._stored import DayReader

S = 1_000_000_000
DAY = 24 * HOUR
FIRST = 20_700
"""The first day that is back-filled; the archive records since ``NOW``."""
NOW = (FIRST + 10) * DAY
OTHER, BULK, STEPPED, SPARSE = 1, 2, 3, 4
WHOLE = (0, NOW + DAY)


def settings(reached: object = None) -> Settings:
    more = {"reached": reached} if reached else {}
    return Settings(lambda tag: tag == STEPPED, lambda tag: tag == BULK, **more)  # type: ignore[arg-type]


def samples_at(times: np.ndarray, seed: int) -> Samples:
    count = len(times)
    values = np.random.default_rng(seed).normal(50, 5, count)
    zeros, small = np.zeros(count, np.uint32), np.zeros(count, np.uint16)
    statuses = np.where(np.arange(count) % 997 == 5, 0x80310000, 0).astype(np.uint32)
    return Samples(
        times, values.view(np.uint64), np.full(count, ValueKind.FLOAT, np.uint8), statuses, times, small, small, zeros
    )  # fmt: skip


def day_of(day: int, tag: int, step: int = 20, begin: int = 0, end: int = 24) -> Samples:
    """A sample each ``step`` s of some hours."""
    at = (FIRST + day) * DAY + np.arange(begin * 3_600, end * 3_600, step, dtype=np.int64) * S
    return samples_at(at, 100 * day + tag)


def insert(archive: SqliteArchive, tag: int, samples: Samples, kind: CommitKind = CommitKind.LATE) -> None:
    policy = DuplicatePolicy.REPLACE if kind is CommitKind.EDIT else DuplicatePolicy.KEEP_OR_REPLACE
    archive.insert(
        Batch(np.full(len(samples), tag, np.int32), samples), time=NOW + HOUR, kind=kind, policy=policy
    )


def in_use(folder: Path) -> SqliteArchive:
    """Another tag has days 1 and 2 already, as closed files with keyframes."""
    archive = SqliteArchive(folder, settings())
    for number, name in enumerate(("other", "bulk", "stepped", "sparse"), 1):
        assert archive.number(name) == number
    for hour in range(24, 72):
        times = FIRST * DAY + hour * HOUR + np.arange(0, 3_600, 600, dtype=np.int64) * S
        archive.commit(Batch(np.full(6, OTHER, np.int32), samples_at(times, hour)), time=NOW)
    archive.compact(NOW)
    archive.commit(Batch(np.array([OTHER], np.int32), samples_at(np.array([NOW + S]), 1)), time=NOW + S)
    return archive


def back_filled(folder: Path) -> dict[int, Samples]:
    """What each tag has then: days before, within and behind those of the other tag, and some that are changed."""
    archive = in_use(folder)
    for day in range(4):
        insert(archive, BULK, day_of(day, BULK, step=40))
        insert(archive, STEPPED, day_of(day, STEPPED, step=30, begin=3, end=21))
    insert(archive, SPARSE, day_of(1, SPARSE, step=1_800))
    insert(archive, BULK, day_of(2, BULK, step=7_200), CommitKind.DELETE)
    insert(archive, STEPPED, day_of(3, 77, step=3_600, begin=5, end=8), CommitKind.EDIT)
    wanted = {tag: archive.read(tag, *WHOLE) for tag in (OTHER, BULK, STEPPED, SPARSE)}
    archive.close()
    return wanted


def assert_same(one: Samples, other: Samples) -> None:
    for name in ("times", "bits", "kinds", "statuses", "receives", "flags", "versions", "runs"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


def assert_as_it_was(
    folder: Path, wanted: dict[int, Samples], commits: list[int], *, compacted: bool = True
) -> None:
    """Samples, rollups of all levels, values at instants by keyframe and without, and the feed."""
    reader = open_reader(folder, stepped=lambda tag: tag == STEPPED, fine=lambda tag: tag == BULK)
    for tag, samples in wanted.items():
        assert_same(reader.read(tag, *WHOLE), samples)
        for level in (MINUTE, TEN_MINUTES, HOUR):
            found = reader.rollups(tag, FIRST * DAY, (FIRST + 5) * DAY, level)
            there = samples.between(0, (FIRST + 5) * DAY - 1)
            made = rollups_of(there, level, before=None, stepped=tag == STEPPED)
            for name in (
                "starts",
                "low",
                "high",
                "first",
                "last",
                "low_at",
                "counts",
                "good",
                "worst",
                "covered",
            ):
                assert np.array_equal(getattr(found, name), getattr(made, name), equal_nan=True), (
                    tag,
                    level,
                    name,
                )
            np.testing.assert_allclose(found.mean, made.mean, rtol=1e-9)
    tags = list(wanted)
    for at in range(FIRST * DAY, (FIRST + 6) * DAY, 7 * HOUR + 17 * S):
        held = {tag: samples.between(0, at) for tag, samples in wanted.items()}
        known = [tag for tag in tags if len(held[tag])]
        assert reader.at(tags, at).tags.tolist() == known
        frame = reader.keyframe(at)
        if frame is not None and compacted:  # until then a keyframe does not know what came late
            time, batch = frame
            told = dict(zip(batch.tags.tolist(), batch.samples.times.tolist(), strict=True))
            last = {tag: samples.between(0, time).times for tag, samples in wanted.items()}
            assert told == {tag: int(times[-1]) for tag, times in last.items() if len(times)}
    assert [one.seq for one in reader.feed(0, 10_000)] == commits
    assert reader.damaged() == []
    reader.close()


def commits_of(folder: Path) -> list[int]:
    reader = open_reader(folder)
    found = [one.seq for one in reader.feed(0, 10_000)]
    reader.close()
    return found


def test_hi_12_days_in_bulk_read_as_they_came_and_lie_in_closed_files(tmp_path: Path) -> None:
    wanted, steps = back_filled(tmp_path), list[str]()
    commits = commits_of(tmp_path)
    archive = SqliteArchive(tmp_path, settings(steps.append))
    report = archive.compact(NOW)
    assert report.until == NOW
    archive.close()
    assert steps.count("whole days") == 4
    assert (tmp_path / closed_name(FIRST)).exists()
    assert not list(tmp_path.glob("day-*.open.db"))
    assert_as_it_was(tmp_path, wanted, commits)


def killed_at(folder: str, step: str, turn: int) -> None:
    """What the child does: compact, and end at a step as if its plug was pulled."""
    left = turn

    def reached(name: str) -> None:
        nonlocal left
        left -= name == step
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    archive = SqliteArchive(Path(folder), settings(reached))
    archive.compact(NOW)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks the process that is killed")
@pytest.mark.parametrize(
    ("step", "turn"),
    [
        ("whole days", 2),
        ("before a day", 0),
        ("a day", 1),
        ("a day", 3),
        ("a mended day", 0),
        ("before the live file", 0),
        ("the live file", 0),
    ],
)
def test_hi_10_a_kill_while_days_come_in_bulk_leaves_nothing_half(
    tmp_path: Path, step: str, turn: int
) -> None:
    wanted, commits = back_filled(tmp_path), commits_of(tmp_path)
    process = multiprocessing.get_context("fork").Process(target=killed_at, args=(str(tmp_path), step, turn))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert_as_it_was(tmp_path, wanted, commits, compacted=False)
    archive = SqliteArchive(tmp_path, settings())
    archive.compact(NOW)
    archive.close()
    assert_as_it_was(tmp_path, wanted, commits)


def test_a_reader_that_meets_an_open_file_without_its_log_reads_the_closed_one(tmp_path: Path) -> None:
    """The writer removes the log of a day that is closed before the file itself."""
    archive = in_use(tmp_path)
    archive.close()
    database = apsw.Connection(str(tmp_path / "live.db"))
    (change,) = database.execute("select change from days where day = ?", (FIRST + 1,)).fetchone() or (0,)
    database.close()
    old = apsw.Connection(str(tmp_path / open_name(FIRST + 1)))
    old.execute("create table state (name text primary key, content blob not null)")
    old.close()
    pool = Pool()
    days = DayReader(tmp_path, pool, DamageList(), 1_000_000)
    ref = DayRef(FIRST + 1, open_name(FIRST + 1), int(change) - 1)
    stored = days.stored(ref, OTHER, (FIRST + 1) * DAY, (FIRST + 2) * DAY - 1)
    assert not stored.is_lost
    assert sum(row.n for row in stored.rows) == 144
    pool.close()

"""A compaction that is killed at any of its steps loses nothing, doubles nothing, and goes on afterwards."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hmi.core.history import Modification
from hmi.historian.port import Archive, CommitKind, DuplicatePolicy
from hmi.historian.rollups import HOUR, TEN_MINUTES
from hmi.historian.samples import Batch, Samples
from hmi.stores.sqlite import open_archive, open_reader
from hmi.stores.sqlite._archive import SqliteArchive
from hmi.stores.sqlite._settings import Settings

S = 1_000_000_000
MINUTE = 60 * S
DAY = 24 * HOUR
BEGIN = 20_717 * DAY + 21 * HOUR
HOURS = 6
TAGS = [f"line/{number}" for number in range(6)]
WHOLE = (BEGIN - DAY, BEGIN + 2 * DAY)


def batch(archive: Archive, second: int, tags: list[str]) -> Batch:
    """One value per tag at so many seconds after ``BEGIN``."""
    numbers = np.array([archive.number(tag) for tag in tags], np.int32)
    times = np.full(len(tags), BEGIN + second * S)
    bits = (second + numbers * 0.5).astype(np.float64).view(np.uint64)
    zeros = np.zeros(len(tags), np.uint32)
    return Batch(
        numbers,
        Samples(
            times, bits, np.ones(len(tags), np.uint8), zeros, times + 7, zeros.astype(np.uint16),
            zeros.astype(np.uint16), zeros,
        ),
    )  # fmt: skip


def filled(folder: Path, compacted_hours: int) -> None:
    """Six hours over midnight, then late, replaced and deleted samples, of which some meet a file that is closed."""
    archive = SqliteArchive(folder, Settings(lambda tag: tag == 1, lambda tag: tag == 2, pack_at=200))
    for second in range(0, HOURS * 3600, 60):
        archive.commit(batch(archive, second, TAGS), time=BEGIN + second * S)
    if compacted_hours:
        archive.compact(BEGIN + compacted_hours * HOUR)
    for second in (90, 5 * 3600 + 30, 4 * 3600 - 30):
        archive.insert(batch(archive, second, TAGS[:2]), time=BEGIN + 7 * HOUR)
    why = Modification("anna", BEGIN + 7 * HOUR, "sensor was wet", "replace")
    replaced = batch(archive, 120, TAGS[2:3])
    replaced = Batch(
        replaced.tags, Samples(**{**columns(replaced.samples), "bits": replaced.samples.bits + np.uint64(1)})
    )
    archive.insert(
        replaced,
        time=BEGIN + 7 * HOUR,
        kind=CommitKind.EDIT,
        policy=DuplicatePolicy.REPLACE,
        modification=why,
    )
    archive.insert(
        batch(archive, 3 * 3600, TAGS[3:4]), time=BEGIN + 7 * HOUR, kind=CommitKind.DELETE, modification=why
    )
    archive.close()


def columns(samples: Samples) -> dict[str, object]:
    names = ("times", "bits", "kinds", "statuses", "receives", "flags", "versions", "runs", "objects")
    return {name: getattr(samples, name) for name in names}


def told(folder: Path) -> list[object]:
    """Everything that a reader says of an archive, apart from how it is kept."""
    reader = open_reader(folder)
    try:
        numbers = reader.tags()
        rows: list[object] = [sorted(numbers.items())]
        for tag in numbers.values():
            samples = reader.read(tag, *WHOLE)
            rows.append(
                [column.tolist() for column in columns(samples).values() if isinstance(column, np.ndarray)]
            )
            rollups = reader.rollups(tag, *WHOLE, TEN_MINUTES)
            rows += [rollups.starts.tolist(), rollups.low.tolist(), rollups.mean.round(6).tolist()]
            rows.append([(one.values(), why) for one, why in reader.modified(tag, *WHOLE)])
        at = reader.at(list(numbers.values()), BEGIN + 3 * HOUR + 5 * MINUTE)
        rows += [at.tags.tolist(), at.samples.values()]
        rows.append([commit.seq for commit in reader.feed(0, 10_000)])
        assert reader.damaged() == []
        return rows
    finally:
        reader.close()


def compacted(folder: str, die_at: int, steps: multiprocessing.Queue[int] | None) -> None:
    """What the child does: compact, and end at a step as if the power plug of the process was pulled."""
    passed = 0

    def reached(step: str) -> None:
        nonlocal passed
        if passed == die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        passed += 1

    archive = SqliteArchive(
        Path(folder), Settings(lambda tag: tag == 1, lambda tag: tag == 2, reached=reached)
    )
    archive.compact(BEGIN + HOURS * HOUR)
    archive.close()
    if steps is not None:
        steps.put(passed)


def child(run: Callable[..., None], *arguments: object) -> int:
    """Exit code of a forked process."""
    process = multiprocessing.get_context("fork").Process(target=run, args=arguments)
    process.start()
    process.join(60)
    assert process.exitcode is not None
    return process.exitcode


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks the process that is killed")
@pytest.mark.parametrize("compacted_hours", [0, 4])
def test_hi_10_a_compaction_killed_at_any_step_loses_and_doubles_nothing(
    tmp_path: Path, compacted_hours: int
) -> None:
    source = tmp_path / "source"
    filled(source, compacted_hours)
    wanted = told(source)
    counted: multiprocessing.Queue[int] = multiprocessing.get_context("fork").Queue()
    whole = tmp_path / "whole"
    shutil.copytree(source, whole)
    assert child(compacted, str(whole), -1, counted) == 0
    steps = counted.get(timeout=10)
    assert steps > 10
    assert told(whole) == wanted
    for step in range(compacted_hours // 4, steps, 2):
        folder = tmp_path / f"step-{step}"
        shutil.copytree(source, folder)
        assert child(compacted, str(folder), step, None) == -signal.SIGKILL
        assert told(folder) == wanted, f"after a kill at step {step}"
        assert child(compacted, str(folder), -1, None) == 0
        assert told(folder) == wanted, f"compacted again after a kill at step {step}"
        assert not list(folder.glob("*.new*"))
        shutil.rmtree(folder)


def test_days_without_compaction_are_caught_up_file_by_file(tmp_path: Path) -> None:
    archive = open_archive(tmp_path)
    for hour in range(0, 96, 2):
        archive.commit(batch(archive, hour * 3600, TAGS), time=BEGIN + hour * HOUR)
    stops = iter([False, True])
    first = archive.compact(BEGIN + 96 * HOUR, stop=lambda: next(stops, True))
    assert len(first.files) == 1
    samples = archive.read(1, *WHOLE).values()
    report = archive.compact(BEGIN + 96 * HOUR)
    assert len(report.files) == 5
    assert archive.coverage().compacted == BEGIN + 96 * HOUR
    assert archive.read(1, *WHOLE).values() == samples
    assert sorted(path.name for path in tmp_path.glob("day-*")) == sorted(
        ["day-20260921.db", "day-20260922.db", "day-20260923.db", "day-20260924.db", "day-20260925.open.db"]
    )
    archive.close()

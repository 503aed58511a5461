"""A week without the target, in virtual time, for each kind of target: what is missing, doubled or out of order then.

The week itself passes as quickly as the commits can be written; the job tries again all along, and once more up to a
minute after the target is back. From then on real seconds count: the plant goes on with a commit a second beside what
waited, and it is measured how old the newest delivered commit gets, how long it takes until nothing waits any more, and
how much memory that takes.
"""

from __future__ import annotations

import gc
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console

from hmi.acquisition._memory import memory_mb
from hmi.bench._outage_targets import STREAM, TARGETS, OutageTarget
from hmi.bench.figure import Figure
from hmi.core.clock import NS_PER_S
from hmi.core.errors import UsageError
from hmi.export import JobRunner, JobState, Plain, SampleSource, series_of
from hmi.export.port import Exporter, Haste, Package
from hmi.historian.port import Archive
from hmi.historian.samples import Batch
from hmi.project.exports import ExportDef
from hmi.stores.sqlite import open_archive
from hmi.testing.days import samples_of
from hmi.testing.plant import make_plant, make_tag

BEGIN: Final = 1_795_046_400 * NS_PER_S
COMMIT_S: Final = 600
"""One commit has so much: each waits for the disk."""
DAY_S: Final = 86_400
TAGS: Final = 20
EVERY_S: Final = 10
"""Seconds from one sample of a tag to the next."""
DAYS: Final = 7
COMPACT_S: Final = 6 * 3_600
GOAL_RATE, GOAL_DELAY_S, GOAL_MB = 20.0, 5.0, 256.0
_LOOK_S: Final = 0.01
_MOST_S: Final = 900.0


@dataclass(frozen=True, slots=True)
class Week:
    """What came of one target. ``waited_s``: how long the plant ran without it; ``took_s``: until nothing waited."""

    missing: int
    doubled: int
    breaks: int
    written: int
    waited_s: float
    took_s: float
    delay_s: float
    grown_mb: float


def run() -> list[Figure]:
    """Figures of every target that can be started here; what is missing for the others is told on standard error."""
    found: list[Figure] = []
    for make in TARGETS:
        try:
            with tempfile.TemporaryDirectory(
                prefix="watchkeeper-outage-", ignore_cleanup_errors=True
            ) as place:
                found += _figures(make.name, outage(make, Path(place)))
        except UsageError as error:
            Console(stderr=True).print(f"{make.name}: {error}", markup=False)
    return found


def outage(make: Callable[[Path], OutageTarget], work: Path, days: float = DAYS) -> Week:
    """UsageError where what it needs is missing."""
    (work / "target").mkdir()
    target = make(work / "target")
    try:
        plant = _Plant(work, target)
        try:
            return plant.week(days)
        finally:
            plant.close()
    finally:
        target.remove()


class _Plant:
    """An archive that grows, one job on it, and their clock in seconds since ``BEGIN``."""

    def __init__(self, work: Path, target: OutageTarget) -> None:
        plant = make_plant([make_tag(f"unit{n}.pv", history=True) for n in range(TAGS)])
        self._target, self._second = target, 0.0
        self._archive: Archive = open_archive(work / "history")
        self._numbers = np.array([self._archive.number(tag.id) for tag in plant.tags], np.int32)
        self._job = ExportDef("outage", target.name, quota_s=2 * DAYS * DAY_S)
        self._source = SampleSource(self._archive, series_of(plant, self._job))
        (work / "state").mkdir()
        self._state = JobState(work / "state")
        self._seen = _Seen(target.exporter(work))
        self._runner = JobRunner(
            self._job, Plain(STREAM, "plant", "Bench", "UTC", "history"), self._source, self._seen,
            self._state, stop=threading.Event(), now=lambda: BEGIN + int(self._second * NS_PER_S),
            pause=lambda _s: None, monotonic=lambda: self._second,
        )  # fmt: skip
        self._written = 0

    def week(self, days: float) -> Week:
        """Half an hour with the target, so many days without it, and with it again until nothing waits."""
        self._target.up()
        self._runner.turn()  # what is recorded from now on is delivered
        self._grow(3 * COMMIT_S)
        self._target.down()
        self._grow(days * DAY_S)
        self._target.up()
        memory = _Memory()
        took, delay = self._catch_up(memory)
        held = self._target.held(self._runner.progress.number)
        return Week(
            missing=self._written - held.distinct, doubled=held.rows - held.distinct, breaks=held.breaks,
            written=self._written, waited_s=days * DAY_S, took_s=took, delay_s=delay, grown_mb=memory.grown(),
        )  # fmt: skip

    def close(self) -> None:
        self._runner._close()  # pyright: ignore[reportPrivateUsage]  # the loop that closes it is not run here
        self._state.close()
        self._archive.close()

    def _grow(self, seconds: float) -> None:
        """Commits, and a look of the job after each."""
        for number in range(1, int(seconds // COMMIT_S) + 1):
            begin = self._second
            self._second += COMMIT_S
            self._commit(np.arange(begin, self._second, EVERY_S))
            self._runner.turn()
            if number % (COMPACT_S // COMMIT_S) == 0:
                self._archive.compact(BEGIN + int(self._second * NS_PER_S))

    def _commit(self, seconds: np.ndarray) -> None:
        times = np.tile((seconds * NS_PER_S).astype(np.int64) + BEGIN, TAGS) + np.repeat(
            np.arange(TAGS), len(seconds)
        )
        tags = np.repeat(self._numbers, len(seconds))
        samples = samples_of(times, np.round(np.sin(times / 1e12) * 50, 1))
        self._archive.commit(Batch(tags, samples), time=BEGIN + int(self._second * NS_PER_S))
        self._written += len(times)

    def _catch_up(self, memory: _Memory) -> tuple[float, float]:
        """(seconds until nothing waits, age of the newest delivered commit at most, once the target had answered)."""
        before, clock, delay = self._second, _Clock(), 0.0
        answered, commits = 0.0, 1
        while True:
            passed = clock.passed()
            self._second = before + passed
            if passed >= commits:
                self._commit(np.array([before + commits]))
                commits += 1
            did = self._runner.turn()
            memory.look()
            answered = answered or (passed if did else 0.0)
            if answered:
                delay = max(delay, clock.passed() - max(self._seen.newest - before, answered))
                if self._seen.newest > before and self._is_done():
                    return passed, delay
            elif not did:
                clock.skipped += 1.0
            if passed > _MOST_S:
                raise UsageError(f"the job does not catch up within {_MOST_S:g} s: {self._runner.figures}")
            if not did:
                time.sleep(_LOOK_S)

    def _is_done(self) -> bool:
        progress = self._runner.progress
        return progress.live == self._source.head().seq and not (
            progress.step or progress.waiting or progress.past
        )


class _Clock:
    """Real seconds, and those of the wait for the next try, which pass at once."""

    def __init__(self) -> None:
        self._began, self.skipped = time.perf_counter(), 0.0

    def passed(self) -> float:
        return time.perf_counter() - self._began + self.skipped


class _Seen:
    """An exporter, and the second up to which it has delivered what is live (0 = nothing yet)."""

    def __init__(self, exporter: Exporter) -> None:
        self._exporter, self.newest = exporter, 0.0
        self.open, self.describe = exporter.open, exporter.describe
        self.idle, self.close = exporter.idle, exporter.close

    def deliver(self, package: Package) -> None:
        self._exporter.deliver(package)
        if package.watermark.haste is Haste.LIVE and package.rows is not None and len(package):
            self.newest = (int(package.rows.samples.times.max()) - BEGIN) / NS_PER_S


class _Memory:
    """By how much this process grows."""

    def __init__(self) -> None:
        gc.collect()
        self._before = self._most = memory_mb()

    def look(self) -> None:
        self._most = max(self._most, memory_mb())

    def grown(self) -> float:
        """MB at most."""
        return float(self._most - self._before)


def _figures(name: str, week: Week) -> list[Figure]:
    what = f"{week.written:,} rows; {week.waited_s / DAY_S:g} days without the target"
    rate = week.waited_s / week.took_s
    rows = week.written / week.took_s
    return [
        _none(name, "missing", week.missing, f"{what}, what was written against what the target holds"),
        _none(name, "doubled", week.doubled, what),
        _none(name, "out_of_order", week.breaks, "packages in the order in which they were delivered"),
        Figure(
            f"export.outage_{name}_catch_up", rate, "x", f"{week.took_s:.1f} s, {rows:,.0f} rows/s, beside live data",
            f">= {GOAL_RATE:g}", rate >= GOAL_RATE,
        ),
        Figure(
            f"export.outage_{name}_live_delay_s", week.delay_s, "s", "age of the newest delivered commit meanwhile",
            f"<= {GOAL_DELAY_S:g}", week.delay_s <= GOAL_DELAY_S,
        ),
        Figure(
            f"export.outage_{name}_memory", week.grown_mb, "MB", "by so much the process grows while it catches up",
            f"<= {GOAL_MB:g}", week.grown_mb <= GOAL_MB,
        ),
    ]  # fmt: skip


def _none(name: str, what: str, value: int, against: str) -> Figure:
    return Figure(f"export.outage_{name}_{what}", float(value), "rows", against, "0", value == 0)

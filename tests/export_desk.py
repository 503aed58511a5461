"""One export job on an archive in memory, in virtual time, and what the other side of it holds."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from export_stream import BEGIN, bad, good

from hmi.core.clock import NS_PER_S
from hmi.core.history import ReadProcessed
from hmi.core.values import DataValue
from hmi.export import (
    AggregateSource,
    Asked,
    JobRunner,
    JobState,
    LiveTap,
    Package,
    Plain,
    Rows,
    SampleSource,
    Schema,
    Watermark,
    ask,
    series_of,
)
from hmi.export._selection import aggregate_key
from hmi.export._state import STATE_FILE
from hmi.export.digest import sum_of, watermark_digest
from hmi.export.port import Haste
from hmi.historian.aggregates import ArchiveSource, processed
from hmi.historian.port import CommitKind
from hmi.historian.samples import Batch, Samples
from hmi.project.exports import ExportDef, ExportWhat
from hmi.testing.archive import MemoryArchive
from hmi.testing.plant import make_plant, make_tag

TAGS = ("a.pv", "b.pv", "c.pv")
MINUTE = 60 * NS_PER_S
START = -(-BEGIN // MINUTE) * MINUTE
AGGREGATES = ("TimeAverage2", "Minimum", "Maximum", "Count")
Key = tuple[str, int]


class Target:
    """What the other side holds; ``down`` and ``after`` are what it does wrong, ``late_down`` only with what is old."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, int, int], tuple[int, Any, int]] = {}
        self.marks: list[Watermark] = []
        self.packages: list[Package] = []
        self.schemas: list[Schema] = []
        self.down: Exception | None = None
        self.late_down: Exception | None = None
        self.after: Exception | None = None
        self.remembers = False
        self.closed = 0
        self.shown: list[Rows] = []

    def open(self) -> Watermark | None:
        if self.down:
            raise self.down
        return self.marks[-1] if self.remembers and self.marks else None

    def describe(self, schema: Schema) -> None:
        self.schemas.append(schema)

    def deliver(self, package: Package) -> None:
        if self.down:
            raise self.down
        if self.late_down and package.watermark.haste is Haste.BACKFILL:
            raise self.late_down
        rows = package.rows
        assert rows is not None
        assert sum_of(rows) == package.watermark.sum
        for place, value, version, revision, deleted in zip(
            rows.places.tolist(), rows.samples.values(), rows.samples.versions.tolist(),
            rows.revisions.tolist(), rows.deleted.tolist(), strict=True,
        ):  # fmt: skip
            key = (rows.tags[place].key, value.source_time, version)
            if revision >= self.kept.get(key, (-1, None, 0))[0]:
                self.kept[key] = (revision, None if deleted else value.value, value.status)
        self.packages.append(package)
        self.marks.append(package.watermark)
        if self.after:
            after, self.after = self.after, None
            raise after

    def live(self, rows: Rows) -> None:
        self.shown.append(rows)

    def idle(self) -> None: ...

    def close(self) -> None:
        self.closed += 1

    def put_back(self, packages: int) -> None:
        """To the state after its first so many packages, as from a backup of its own."""
        whole, self.kept, self.marks, self.packages = self.packages[:packages], {}, [], []
        wrong = self.down, self.late_down, self.after
        self.down = self.late_down = self.after = None
        for package in whole:
            self.deliver(package)
        self.down, self.late_down, self.after = wrong


class Desk:
    """An archive that grows by a commit a second, and one job on it; ``at`` is the second."""

    def __init__(self, folder: Path, *, most: int = 500_000, **job: Any) -> None:
        plant = make_plant([make_tag(name, history=True) for name in TAGS])
        self.archive, self.target = MemoryArchive(), Target()
        self.job = ExportDef("job", "memory", **job)
        self.numbers = [self.archive.number(tag.id) for tag in plant.tags]
        self.source = SampleSource(self.archive, series_of(plant, self.job), most)
        self.state, self.folder = JobState(folder), folder
        self.at, self.clock, self._began = 0, 0.0, 0.0
        self.written: dict[Key, Any] = {}
        self.ids = [tag.id for tag in plant.tags]
        self.archive_name = "history"
        self.tap: LiveTap | None = None
        self.runner = self.again()

    def again(self) -> JobRunner:
        """As after a restart of the process."""
        self.runner = JobRunner(
            self.job, Plain("p_test/job", "plant", "Plant", "UTC", self.archive_name), self.source, self.target,
            self.state, stop=threading.Event(), tap=self.tap, now=lambda: BEGIN + self.at * NS_PER_S,
            pause=lambda _s: None, monotonic=lambda: self.clock,
        )  # fmt: skip
        return self.runner

    def second(self, *, turns: int = 5) -> None:
        """One commit, then so many turns of the job within the second."""
        self.at += 1
        time = BEGIN + self.at * NS_PER_S
        values = [good(float(self.at * 10 + number), time - 500_000_000) for number in range(len(TAGS))]
        self.put(values, time)
        self._began = max(self._began + 1, self.clock)
        for turn in range(turns):
            self.clock = self._began + turn / turns
            self.runner.turn()

    def seconds(self, count: int, *, turns: int = 5) -> None:
        for _ in range(count):
            self.second(turns=turns)

    def put(self, values: list[DataValue], time: int) -> None:
        self.archive.commit(self.batch(values), time=time)
        for key, value in zip(self.ids, values, strict=True):
            self.written[key, value.source_time] = value.value

    def late(self, second: int, value: float) -> None:
        at = BEGIN + second * NS_PER_S - 250_000_000
        self.archive.insert(self.batch([good(value, at)]), time=BEGIN + self.at * NS_PER_S)
        self.written[self.ids[0], at] = value

    def edit(self, second: int, value: float) -> None:
        at = BEGIN + second * NS_PER_S - 500_000_000
        self.archive.insert(
            self.batch([good(value, at)]), time=BEGIN + self.at * NS_PER_S, kind=CommitKind.EDIT
        )
        self.written[self.ids[0], at] = value

    def delete(self, second: int) -> None:
        at = BEGIN + second * NS_PER_S - 500_000_000
        self.archive.insert(self.batch([bad(at)]), time=BEGIN + self.at * NS_PER_S, kind=CommitKind.DELETE)
        self.written[self.ids[0], at] = None

    def batch(self, values: list[DataValue]) -> Batch:
        return Batch(np.array(self.numbers[: len(values)], np.int32), Samples.of(values))

    # What happens to it

    def ask(self, act: str, start: int = 0, end: int = 0) -> None:
        """Seconds."""
        ask(self.folder, Asked(0, "job", act, BEGIN + start * NS_PER_S, BEGIN + end * NS_PER_S))

    def leave_for_later(self, seconds: int) -> None:
        """So many commits that no turn took: they wait, and none of them is being delivered."""
        self.seconds(seconds, turns=0)
        self.clock += 100
        self.runner._next_backfill = 1e18
        self.runner.turn()
        self.runner._next_backfill = 0.0
        assert self.runner.progress.waiting
        assert self.runner.progress.step is None

    def trim(self, until: int, first: int = 0) -> None:
        """The feed forgets the commits from behind ``first`` to ``until``, as a compaction does; the archive none."""
        self.archive._feed = [one for one in self.archive._feed if not first < one.seq <= until]

    def put_archive_back(self, second: int) -> None:
        """To what it was at a second: what came later was never recorded there."""
        old, fresh = self.archive._feed, MemoryArchive()
        for key in self.ids:
            fresh.number(key)
        for one in old:
            if one.time <= BEGIN + second * NS_PER_S:
                if one.kind is CommitKind.LIVE:
                    fresh.commit(one.batch, time=one.time)
                else:
                    fresh.insert(one.batch, time=one.time, kind=one.kind)
        self.archive = self.source._reader = fresh

    def lose_state(self) -> None:
        self.state.close()
        for path in self.folder.glob(f"{STATE_FILE}*"):
            path.unlink()
        self.state = JobState(self.folder)
        self.again()

    def rename_archive(self, name: str) -> None:
        self.archive_name = name
        self.runner._plain = replace(self.runner._plain, archive=name)

    def settle(self, most: int = 2_000) -> None:
        """Turns until nothing waits."""
        for _ in range(most):
            self.clock += 1.0
            self.runner.turn()
            progress = self.runner.progress
            if (
                progress.live >= self.source.head().seq
                and progress.step is None
                and not progress.waiting
                and not progress.past
            ):
                return
        raise AssertionError(f"still waiting: {self.runner.progress} {self.runner.figures}")

    # What has become of it

    def delivered(self) -> dict[Key, Any]:
        return {(key, at): value for (key, at, _), (_, value, _) in self.target.kept.items()}

    def missing(self, after: int = 1) -> list[tuple[str, float]]:
        """What was written after a second and is not delivered, as (series, second)."""
        got = self.delivered()
        return [
            (key, (at - BEGIN) / NS_PER_S)
            for (key, at), value in sorted(self.written.items())
            if at > BEGIN + after * NS_PER_S and got.get((key, at)) != value
        ]

    def falsely_complete(self, after: int = 1) -> list[tuple[str, float]]:
        """What is missing though the newest statement says that all up to later is there."""
        until = (self.target.marks[-1].complete_until - BEGIN) / NS_PER_S
        return [one for one in self.missing(after) if one[1] < until]

    def dropped(self) -> list[tuple[int, int]]:
        """Commits that statements tell as lost."""
        return [pair for mark in self.target.marks for pair in mark.dropped]


def chain_holds(marks: Sequence[Watermark]) -> bool:
    """Numbers without a hole, each naming the one before; a package that came twice counts once, the newest."""
    newest = {mark.number: mark for mark in marks}
    ordered = [newest[number] for number in sorted(newest)]
    linked = all(b.previous == a.digest for a, b in itertools.pairwise(ordered))
    whole = [mark.number for mark in ordered] == list(range(1, len(ordered) + 1))
    return linked and whole and all(watermark_digest(mark) == mark.digest for mark in ordered)


class Minutes:
    """One tag with a sample a second and the minute aggregates of it; ``held`` is what a receiver has."""

    def __init__(self) -> None:
        self.plant = make_plant([make_tag("a.pv", history=True), make_tag("b.pv", history=True)])
        self.job = ExportDef("m", "memory", ExportWhat.AGGREGATES, aggregates=AGGREGATES)
        self.archive = MemoryArchive()
        self.numbers = [self.archive.number(tag.id) for tag in self.plant.tags]
        self.source = AggregateSource(self.archive, series_of(self.plant, self.job))
        self.held: dict[tuple[str, int], tuple[int, Any, int]] = {}
        self.second, self.read = 0, 0

    def pass_s(self, seconds: int) -> None:
        for _ in range(seconds):
            self.second += 1
            at = START + self.second * NS_PER_S
            values = [good(float((self.second * 7 + number) % 50), at - NS_PER_S // 2) for number in range(2)]
            self.archive.commit(Batch(np.array(self.numbers, np.int32), Samples.of(values)), time=at)

    def tick(self, second: int, sloped: float | None = None) -> None:
        """A sample of the second tag, and of the first one only where one is given: its trend is thinned out."""
        self.second = second
        at = START + second * NS_PER_S
        numbers, values = [self.numbers[1]], [good(float(second), at - NS_PER_S // 2)]
        if sloped is not None:
            numbers.insert(0, self.numbers[0])
            values.insert(0, good(sloped, at - NS_PER_S // 2))
        self.archive.commit(Batch(np.array(numbers, np.int32), Samples.of(values)), time=at)

    def late(self, second: int, value: float) -> None:
        sample = good(value, START + second * NS_PER_S + 1)
        at = START + self.second * NS_PER_S
        self.archive.insert(Batch(np.array(self.numbers[:1], np.int32), Samples.of([sample])), time=at)

    def deliver(self) -> Rows:
        head = self.source.head()
        part = self.source.read(self.read + 1, head.seq)
        assert part.rows is not None
        self.take(part.rows)
        self.read = part.last
        return part.rows

    def take(self, rows: Rows) -> None:
        for place, value, revision in zip(
            rows.places.tolist(), rows.samples.values(), rows.revisions.tolist(), strict=True
        ):
            key = rows.tags[place].key, value.source_time
            if revision >= self.held.get(key, (-1, None, 0))[0]:
                self.held[key] = revision, value.value, value.status

    def wanted(self, minutes: int) -> dict[tuple[str, int], tuple[Any, int]]:
        """The same aggregates over all there is now."""
        found: dict[tuple[str, int], tuple[Any, int]] = {}
        for tag, number in zip(self.plant.tags, self.numbers, strict=True):
            for name in AGGREGATES:
                request = ReadProcessed(tag.id, START, START + minutes * MINUTE, MINUTE, name)
                source = ArchiveSource(self.archive, number)
                values = processed(
                    source, request, tag.record.is_stepped, known_until=self.source.head().until
                )
                for minute, one in enumerate(values):
                    found[aggregate_key(tag.id, name, 60), START + minute * MINUTE] = one.value, one.status
        return found

    def shown(self) -> dict[tuple[str, int], tuple[Any, int]]:
        return {key: content[1:] for key, content in self.held.items() if key[1] >= START}

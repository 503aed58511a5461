"""The exporter to files dies at any instant: nothing is half, nothing comes twice, and the job goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from export_files_reading import (
    check_manifest,
    exporter_to,
    manifests,
    opened,
    parts,
    rows_of,
    stated,
    sum_of_rows,
)
from export_stream import BEGIN, Stream, context, good, mixed_rows, series

from hmi.core.clock import NS_PER_S
from hmi.export import JobRunner, JobState, Plain, SampleSource, export_checker, series_of
from hmi.historian.samples import Batch, Samples
from hmi.project.exports import ExportDef
from hmi.testing.archive import MemoryArchive
from hmi.testing.plant import make_plant, make_tag

DAY = 86_400 * NS_PER_S
MIDNIGHT = (BEGIN // DAY + 1) * DAY


class Dead(BaseException):
    """The process is no more: nothing that follows reaches the disk either."""


def dying_at(monkeypatch: pytest.MonkeyPatch, number: int) -> list[int]:
    """The calls that change a folder work up to ``number`` of them, and never again; the counter."""
    done = [0]

    def mortal(call: Callable[..., Any]) -> Callable[..., Any]:
        def once(*args: Any, **more: Any) -> Any:
            done[0] += 1
            if done[0] > number:
                raise Dead
            return call(*args, **more)

        return once

    for name in ("replace", "unlink", "fsync", "mkdir", "rmdir"):
        monkeypatch.setattr(os, name, mortal(getattr(os, name)))
    return done


def check_whole(job: Path) -> None:
    """What a reader may take for whole is whole, at any instant."""
    for path in parts(job):
        if path.endswith(".parquet"):
            pq.read_table(job / path)
    for manifest in manifests(job):
        check_manifest(job, manifest)


@pytest.mark.parametrize("again", [False, True], ids=["new", "again"])
def test_death_at_any_instant_leaves_nothing_half_and_no_double(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    number, is_done = 0, False
    while not is_done:
        folder = tmp_path / str(number)
        folder.mkdir()
        is_done = died_and_came_back(folder, monkeypatch, number, again=again)
        number += 1
    assert number > 10


def died_and_came_back(folder: Path, monkeypatch: pytest.MonkeyPatch, number: int, *, again: bool) -> bool:
    """Whether the delivery was done before its death."""
    stream = Stream([series(1), series(2)])
    exporter = opened(folder, stream)
    first = stream.package(mixed_rows(stream.tags, 10))
    exporter.deliver(first)
    before = stream.last
    old = stream.package(mixed_rows(stream.tags, 30, begin=MIDNIGHT - 15 * NS_PER_S))
    if again:
        exporter.deliver(old)
        stream.last = before
    package = stream.package(mixed_rows(stream.tags, 50, seed=3, begin=MIDNIGHT - 2 * DAY), made=BEGIN + 99)
    with monkeypatch.context() as patch:
        dying_at(patch, number)
        try:
            exporter.deliver(package)
            is_done = True
        except Dead:
            is_done = False
    job = folder / "job"
    check_whole(job)
    reborn = exporter_to(folder, context(stream=stream.name))
    last = reborn.open()
    assert last in (package.watermark, first.watermark, *([old.watermark] if again else []))
    assert parts(job) == stated(job)
    check_whole(job)
    reborn.deliver(package)
    assert parts(job) == stated(job)
    assert sum_of_rows(rows_of(job, manifests(job)[1])) == package.watermark.sum
    assert reborn.open() == package.watermark
    assert sorted(path.name for path in job.iterdir()) == ["manifests", "schemas", "site=plant"]
    return is_done


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = [sys.argv[2]]
from export_files_reading import exporter_to
from export_stream import Stream, context, mixed_rows, series
rename = os.replace
def killed(source, target):
    if Path(target).parent.name == "manifests":
        os.kill(os.getpid(), signal.SIGKILL)
    rename(source, target)
os.replace = killed
stream = Stream([series(1), series(2)])
exporter = exporter_to(Path(sys.argv[1]), context(stream=stream.name))
exporter.open()
exporter.describe(stream.schema)
exporter.deliver(stream.package(mixed_rows(stream.tags, 100)))
"""


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_killed_between_the_rename_and_the_manifest_it_delivers_again_without_a_double(
    tmp_path: Path,
) -> None:
    tests = str(Path(__file__).parents[1])
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), tests], check=False, timeout=100)
    assert ended.returncode == -signal.SIGKILL
    job = tmp_path / "job"
    assert len(parts(job)) == 1
    assert not manifests(job)
    stream = Stream([series(1), series(2)])
    exporter = exporter_to(tmp_path, context(stream=stream.name))
    assert exporter.open() is None
    assert not parts(job)
    package = stream.package(mixed_rows(stream.tags, 100))
    exporter.deliver(package)
    (manifest,) = manifests(job)
    assert sum_of_rows(rows_of(job, manifest)) == package.watermark.sum
    assert parts(job) == stated(job)


# ------------------------------------------------------------------ a whole job


class Job:
    """A job to a folder over an archive that grows by a commit a second; its state may get lost."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.at = folder, 0
        plant = make_plant([make_tag(f"n{number}.pv", history=True) for number in range(3)])
        self.archive = MemoryArchive()
        self.numbers = np.array([self.archive.number(tag.id) for tag in plant.tags], np.int32)
        self.definition = ExportDef("job", "files")
        self.source = SampleSource(self.archive, series_of(plant, self.definition))

    def run(self, state: Path, *, seconds: int) -> None:
        """Commits, each delivered, by a process that begins and ends here."""
        exporter = exporter_to(self.folder, context())
        kept = JobState(state)
        runner = JobRunner(
            self.definition, Plain("p_test/job", "plant", "Plant", "UTC", "history"), self.source, exporter, kept,
            stop=threading.Event(), now=lambda: BEGIN + self.at * NS_PER_S,
        )  # fmt: skip
        for _ in range(seconds):
            runner.finish()
            self.at += 1
            values = [
                good(float(self.at + number), BEGIN + self.at * NS_PER_S + number) for number in range(3)
            ]
            self.archive.commit(Batch(self.numbers, Samples.of(values)), time=BEGIN + self.at * NS_PER_S)
        runner.finish()
        kept.close()

    def report(self) -> export_checker.Report:
        """What the checker of the receiver says."""
        job = self.folder / "job"
        return export_checker.check(
            export_checker.Found(one["watermark"], len(rows), sum_of_rows(rows), "")
            for one in manifests(job)
            for rows in [rows_of(job, one)]
        )


def test_a_job_that_lost_its_state_goes_on_behind_the_last_manifest(tmp_path: Path) -> None:
    job = Job(tmp_path / "out")
    job.run(tmp_path / "state", seconds=5)
    assert job.report().rows == 15
    job.run(tmp_path / "fresh", seconds=4)
    report = job.report()
    assert report.packages == 10, "what was recorded since the last manifest comes again, as one package"
    assert report.rows == 27 + 15
    assert report.doubles == 0


def test_a_job_that_dies_at_any_step_delivers_every_sample_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job(tmp_path / "out")
    job.run(tmp_path / "state", seconds=2)
    for number in range(0, 40, 3):
        with monkeypatch.context() as patch:
            dying_at(patch, number)
            with suppress(Dead):
                job.run(tmp_path / "state", seconds=1)
        check_whole(tmp_path / "out" / "job")
    job.run(tmp_path / "state", seconds=1)
    report = job.report()
    assert report.rows == 3 * job.at
    assert report.doubles == 0
    assert parts(tmp_path / "out" / "job") == stated(tmp_path / "out" / "job")

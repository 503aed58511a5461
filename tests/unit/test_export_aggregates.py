"""Minute aggregates of a job: what a receiver holds is in the end what the history says, and never too much at once."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from export_desk import AGGREGATES, MINUTE, START, Minutes, Target

from hmi.core.clock import NS_PER_S
from hmi.export import JobRunner, JobState, Package, Plain
from hmi.export._aggregates import MOST_INTERVALS

DAYS = 3 * 86_400
"""Some times what one package holds of minutes."""


class MinuteTarget(Target):
    """Takes the rows into ``held`` of the source."""

    def __init__(self, minutes: Minutes) -> None:
        super().__init__()
        self._minutes = minutes

    def deliver(self, package: Package) -> None:
        assert package.rows is not None
        self._minutes.take(package.rows)
        self.packages.append(package)
        self.marks.append(package.watermark)


class MinuteJob:
    """A job of aggregates; ``clock`` counts seconds."""

    def __init__(self, folder: Path, *, since: int | None = None) -> None:
        self.minutes, self.clock = Minutes(), 0.0
        self.target = MinuteTarget(self.minutes)
        job = replace(self.minutes.job, name="job", since=since)
        self.runner = JobRunner(
            job, Plain("p/job", "plant", "Plant", "UTC", "history"), self.minutes.source, self.target,
            JobState(folder), stop=threading.Event(), now=lambda: START + self.minutes.second * NS_PER_S,
            pause=lambda _s: None, monotonic=lambda: self.clock,
        )  # fmt: skip

    def turns(self, count: int, seconds: float = 10.0) -> None:
        for _ in range(count):
            self.clock += seconds
            self.runner.turn()

    def held_minutes(self) -> set[int]:
        return {(at - START) // MINUTE for _, at in self.minutes.held}


def test_a_sloped_series_with_few_samples_is_right_in_the_end() -> None:
    """A line goes from sample to sample: the one that comes now changes the minutes since the one before it."""
    it = Minutes()
    it.pass_s(1)
    it.tick(10, sloped=0.0)
    for second in range(11, 330):
        it.tick(second, sloped=240.0 if second == 250 else None)
        it.deliver()
    assert {key: it.shown().get(key) for key in it.wanted(5)} == it.wanted(5)


def test_complete_until_speaks_only_of_minutes_that_are_delivered(tmp_path: Path) -> None:
    it = MinuteJob(tmp_path / "exports")
    it.minutes.pass_s(1)
    it.runner.turn()
    for _ in range(190):
        it.minutes.pass_s(1)
        it.turns(1, 1.0)
        until = it.target.marks[-1].complete_until
        owed = {minute for minute in range(1, 4) if START + minute * MINUTE < until}
        assert owed <= it.held_minutes()
    assert it.held_minutes() >= {1, 2}


def test_days_without_a_plant_come_in_packages_of_a_bounded_size(tmp_path: Path) -> None:
    it = MinuteJob(tmp_path / "exports")
    it.minutes.pass_s(3)
    it.turns(1)
    it.minutes.second += DAYS
    it.minutes.pass_s(1)
    it.turns(60)
    series = len(it.minutes.source.series)
    assert not it.runner.progress.past
    assert max(len(package) for package in it.target.packages) <= series * (MOST_INTERVALS + 2)
    assert it.held_minutes() >= set(range(1, DAYS // 60 - 1))


def test_a_late_sample_behind_days_without_one_takes_no_package_without_bounds(tmp_path: Path) -> None:
    it = MinuteJob(tmp_path / "exports")
    it.minutes.pass_s(3)
    it.turns(1)
    it.minutes.second += DAYS
    it.minutes.pass_s(1)
    it.turns(60)
    before = len(it.target.packages)
    it.minutes.late(DAYS // 2, 7.0)
    it.minutes.pass_s(1)
    it.turns(60)
    series = len(it.minutes.source.series)
    assert not it.runner.progress.past
    assert max(len(package) for package in it.target.packages[before:]) <= series * (MOST_INTERVALS + 2)
    minutes = DAYS // 60 - 1
    shown, wanted = it.minutes.shown(), it.minutes.wanted(minutes)
    late = [key for key in wanted if key[1] >= START + MINUTE]
    assert len(late) == (minutes - 1) * len(AGGREGATES) * 2
    assert {key: shown.get(key) for key in late} == {key: wanted[key] for key in late}


@pytest.mark.parametrize("newest", [178, 182, 186])
def test_since_and_the_feed_leave_no_minute_between_them(tmp_path: Path, newest: int) -> None:
    """The newest commit is a late one, some seconds behind the newest live one, perhaps over the end of a minute."""
    it = MinuteJob(tmp_path / "exports", since=START)
    it.minutes.pass_s(178)
    it.minutes.second = newest
    it.minutes.late(5, 3.0)
    it.turns(6)
    it.minutes.second = max(newest, 178)
    it.minutes.pass_s(120)
    it.turns(30)
    assert it.held_minutes() >= {0, 1, 2, 3}
    wanted = it.minutes.wanted(4)
    assert {key: it.minutes.shown().get(key) for key in wanted} == wanted

"""Export jobs on a real archive in virtual time: live first, nothing lost, nothing double (standards 7.4, HI-09)."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from export_desk import TAGS, Desk, chain_holds
from export_stream import BEGIN
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hmi.core.clock import NS_PER_S
from hmi.export import (
    Asked,
    JobCondition,
    JobState,
    Package,
    RecordsRefused,
    TargetRefused,
    TargetUnavailable,
    ask,
    quarantined,
    told,
)
from hmi.export._progress import Feed, Head, Progress, Span, Step, catch_up, keep_quota
from hmi.export.port import Haste


@pytest.fixture
def desk(tmp_path: Path) -> Callable[..., Desk]:
    return lambda **job: Desk(tmp_path / "exports", **job)


def test_a_job_delivers_each_commit_within_its_period(desk: Callable[..., Desk]) -> None:
    it = desk()
    it.second()  # the job begins here
    for _ in range(30):
        it.second()
    assert it.delivered() == {key: value for key, value in it.written.items() if key[1] > BEGIN + NS_PER_S}
    assert chain_holds(it.target.marks)
    assert it.runner.figures.condition is JobCondition.RUNNING
    assert it.target.marks[-1].complete_until >= BEGIN + 30 * NS_PER_S - NS_PER_S
    assert all(mark.haste is Haste.LIVE for mark in it.target.marks)


def test_hi_09_a_target_that_was_away_for_a_day_gets_everything_once_and_live_stays_live(
    desk: Callable[..., Desk],
) -> None:
    it = desk()
    it.second()
    it.target.down = TargetUnavailable("nobody answers")
    for _ in range(2_000):  # in virtual time; the archive is a day behind by its commits
        it.second(turns=1)
    assert it.runner.figures.condition is JobCondition.UNAVAILABLE
    assert it.runner.figures.lag_s > 1_900
    it.target.down = None
    lags: list[float] = []
    for _ in range(200):
        it.second(turns=20)
        lags.append(it.runner.figures.lag_s)
    it.settle()
    assert it.delivered() == {key: value for key, value in it.written.items() if key[1] > BEGIN + NS_PER_S}
    assert chain_holds(it.target.marks)
    assert max(lags[70:]) < 5, "live first"
    back = [package for package in it.target.packages if package.watermark.haste is Haste.BACKFILL]
    assert back
    firsts = [package.watermark.first for package in back]
    assert firsts == sorted(firsts), "the order is kept"


def test_an_answer_that_was_lost_sends_the_same_package_again(desk: Callable[..., Desk]) -> None:
    it = desk()
    it.second()
    it.second()
    it.target.after = TargetUnavailable("the answer was lost")
    it.second()
    numbers = [mark.number for mark in it.target.marks]
    for _ in range(5):
        it.second()
    numbers = [mark.number for mark in it.target.marks]
    assert len(numbers) == len(set(numbers)) + 1
    assert chain_holds(it.target.marks)
    assert it.runner.figures.retries == 1


def test_what_the_target_itself_remembers_is_not_sent_again(desk: Callable[..., Desk]) -> None:
    it = desk()
    it.target.remembers = True
    it.second()
    it.second()
    it.target.after = TargetUnavailable("the answer was lost")
    for _ in range(6):
        it.second()
    numbers = [mark.number for mark in it.target.marks]
    assert len(numbers) == len(set(numbers))
    assert chain_holds(it.target.marks)


def test_a_restart_goes_on_where_the_job_was(desk: Callable[..., Desk]) -> None:
    it = desk()
    for _ in range(10):
        it.second()
    it.again()
    for _ in range(10):
        it.second()
    assert it.delivered() == {key: value for key, value in it.written.items() if key[1] > BEGIN + NS_PER_S}
    assert chain_holds(it.target.marks)


def test_late_edited_and_deleted_samples_leave_as_corrections(desk: Callable[..., Desk]) -> None:
    it = desk()
    for _ in range(10):
        it.second()
    it.late(5, 99.0)
    it.delete(7)
    it.second()
    it.settle()
    assert it.delivered() == {key: value for key, value in it.written.items() if key[1] > BEGIN + NS_PER_S}


def test_a_job_since_long_ago_reads_the_archive_beside_the_live_data(desk: Callable[..., Desk]) -> None:
    it = desk(since=1)  # all there is: not hour by hour from 1970 on
    for _ in range(100):
        it.second(turns=0)
    for _ in range(20):
        it.second()
    it.settle()
    assert it.delivered() == it.written
    assert it.runner.figures.condition is JobCondition.RUNNING
    assert len([mark for mark in it.target.marks if mark.coverage]) <= 2


def test_a_past_that_is_too_much_for_a_package_goes_by_some_series_at_a_time(
    desk: Callable[..., Desk],
) -> None:
    it = desk(since=BEGIN, most=2 * 3_600)
    for _ in range(100):
        it.second(turns=0)
    it.settle()
    assert it.delivered() == it.written
    past = [mark.coverage["series"] for mark in it.target.marks if mark.coverage]
    assert past == [[0, 2], [2, 3]]
    assert it.target.marks[0].complete_until <= BEGIN + NS_PER_S


def test_rows_that_are_refused_go_to_quarantine_and_the_rest_goes_on(desk: Callable[..., Desk]) -> None:
    it = desk()
    deliver = it.target.deliver

    def picky(package: Package) -> None:
        assert package.rows is not None
        wrong = [place for place, value in enumerate(package.rows.samples.values()) if value.value == 51.0]
        if wrong:
            raise RecordsRefused({place: "the target takes no 51" for place in wrong})
        deliver(package)

    it.target.deliver = picky  # type: ignore[method-assign]
    for _ in range(10):
        it.second()
    kept = quarantined(it.folder, "job")
    assert [reason for _, _, reason, _ in kept] == ["the target takes no 51"]
    assert "51.0" in kept[0][3]
    assert it.runner.figures.quarantined == 1
    assert sum(mark.quarantined for mark in it.target.marks) == 1
    assert len(it.target.kept) == 9 * len(TAGS) - 1


def test_what_is_older_than_the_quota_is_dropped_counted_and_told(desk: Callable[..., Desk]) -> None:
    it = desk(quota_s=100.0)
    it.second()
    it.second()
    progress = it.runner.progress
    progress.waiting = [Span(1, 1, BEGIN, BEGIN)]
    for _ in range(150):
        it.second(turns=1)
    progress.waiting.append(Span(1, 1, BEGIN, BEGIN))
    it.second()
    assert it.runner.progress.dropped_total >= 1
    assert any(mark.dropped == ((1, 1),) for mark in it.target.marks)


def test_a_pause_lasts_over_a_restart_and_what_waits_meanwhile_is_measured(desk: Callable[..., Desk]) -> None:
    it = desk(quota_s=100.0)
    for _ in range(3):
        it.second()
    ask(it.folder, Asked(0, "job", "pause", by="sam"))
    it.second()
    held = len(it.target.packages)
    it.again()
    for _ in range(80):
        it.second(turns=1)
    assert len(it.target.packages) == held
    assert it.runner.figures.condition is JobCondition.PAUSED
    assert 75 < it.runner.figures.lag_s < 85
    assert 0.75 < it.runner.figures.quota_used < 0.85
    ask(it.folder, Asked(0, "job", "resume", by="sam"))
    it.settle()
    assert it.delivered() == {key: value for key, value in it.written.items() if key[1] > BEGIN + NS_PER_S}
    assert not JobState(it.folder).progress("job").is_paused


def test_a_refusal_is_told_and_tried_again_from_time_to_time(desk: Callable[..., Desk]) -> None:
    it = desk()
    it.second()
    it.target.down = TargetRefused("the role may not write; grant INSERT")
    for _ in range(10):
        it.second()
    assert it.runner.figures.condition is JobCondition.REFUSED
    assert it.runner.figures.text == "the role may not write; grant INSERT"
    assert it.runner.figures.retries == 1
    it.target.down = None
    for _ in range(70):
        it.second()
    it.settle()
    assert it.delivered() == {key: value for key, value in it.written.items() if key[1] > BEGIN + NS_PER_S}
    assert told(it.folder)[0].condition in (JobCondition.RUNNING, JobCondition.CATCHING_UP)


def test_a_library_that_breaks_ends_neither_the_job_nor_the_others(desk: Callable[..., Desk]) -> None:
    it = desk()
    it.second()
    it.target.down = ZeroDivisionError("in a library")
    it.second()
    assert it.runner.figures.condition is JobCondition.UNAVAILABLE
    assert "ZeroDivisionError" in it.runner.figures.text


def test_another_archive_begins_anew_and_numbers_go_on(desk: Callable[..., Desk]) -> None:
    it = desk()
    for _ in range(5):
        it.second()
    before = it.runner.progress.number
    it.runner._plain = replace(it.runner._plain, archive="run_2")
    for _ in range(5):
        it.second()
    assert it.runner.progress.archive == "run_2"
    assert it.runner.progress.number > before
    assert chain_holds(it.target.marks)


def test_commits_that_fell_out_of_the_feed_are_read_out_of_the_archive() -> None:
    progress = Progress(archive="a", is_begun=True, live=100, waiting=[Span(10, 60, 1_000, 2_000)])
    keep_quota(progress, Head(100, 3_000, 41, 3_000), 1e9, Feed(lambda seq: 1_500, margin=100))
    assert progress.waiting == [Span(41, 60, 1_000, 2_000)]
    assert [(one.start, one.end, one.instead) for one in progress.past] == [(900, 1_601, (10, 40))]


def test_a_package_that_is_only_begun_is_never_left_for_later() -> None:
    progress = Progress(archive="a", is_begun=True, live=10, step=Step(Haste.LIVE, 4, 11, 12))
    catch_up(progress, Head(500, 10**15, 1, 10**15), 1.0, 1)
    assert progress.live == 10
    assert not progress.waiting


def test_a_part_of_what_waits_that_the_target_did_not_take_is_tried_again_and_nothing_else(
    tmp_path: Path,
) -> None:
    """Its last commit is older than the last one that waits: the archive was taken for another one."""
    it = Desk(tmp_path / "exports")
    it.second()
    it.leave_for_later(200)
    it.target.down = TargetUnavailable("away")
    it.runner.turn()
    step = it.runner.progress.step
    assert step is not None
    assert step.haste is Haste.BACKFILL
    assert step.last < it.runner.progress.waiting[-1].last
    it.second()
    assert it.runner.progress.step == step
    it.target.down = None
    it.settle()
    assert it.runner.progress.epoch == 0
    assert it.delivered() == {key: value for key, value in it.written.items() if key[1] > BEGIN + NS_PER_S}


@settings(max_examples=25, deadline=None)
@example(seed=100919)
@given(seed=st.integers(0, 2**32))
def test_whatever_the_target_and_the_process_do_nothing_is_missing_and_the_chain_holds(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rng = random.Random(seed)
    it = Desk(tmp_path_factory.mktemp("jobs") / "exports", every_s=rng.choice([1.0, 5.0, 30.0]))
    it.target.remembers = rng.random() < 0.5
    it.second()
    for _ in range(rng.randrange(20, 120)):
        what = rng.random()
        if what < 0.08:
            it.target.down = TargetUnavailable("away") if it.target.down is None else None
        elif what < 0.14:
            it.target.after = rng.choice([TargetUnavailable("answer lost"), ZeroDivisionError("library")])
        elif what < 0.2:
            it.again()
        elif what < 0.26:
            it.late(rng.randrange(2, max(3, it.at)), rng.random())
        elif what < 0.3:
            it.delete(rng.randrange(2, max(3, it.at)))
        it.second(turns=rng.randrange(0, 6))
    it.target.down = None
    it.settle()
    it.settle()
    assert it.delivered() == {key: value for key, value in it.written.items() if key[1] > BEGIN + NS_PER_S}
    assert chain_holds(it.target.marks)
    kept = msgspec.json.decode(msgspec.json.encode(it.runner.progress), type=Progress)
    assert kept == it.state.progress("job")


ROUGH = (
    "down", "answer lost", "restart", "trim", "hole", "archive put back", "archive renamed", "target put back",
    "state lost", "replay", "pause", "resume",
)  # fmt: skip


def happens(it: Desk, what: str, rng: random.Random) -> None:
    """One of ``ROUGH``."""
    newest = it.archive.coverage().seq
    match what:
        case "down":
            it.target.down = TargetUnavailable("away") if it.target.down is None else None
        case "answer lost":
            it.target.after = rng.choice([TargetUnavailable("answer lost"), ZeroDivisionError("library")])
        case "restart":
            it.again()
        case "trim":
            it.trim(newest - rng.randrange(1, 20))
        case "hole":
            last = newest - rng.randrange(1, 20)
            it.trim(last, first=max(1, last - rng.randrange(1, 10)))
        case "archive put back":
            it.put_archive_back(max(2, it.at - rng.randrange(30)))
        case "archive renamed":
            it.rename_archive(f"run_{it.at}")
        case "target put back" if it.target.packages:
            it.target.put_back(max(1, len(it.target.packages) - rng.randrange(10)))
            it.again()
        case "state lost" if it.target.marks:
            it.lose_state()
        case "replay":
            start = rng.randrange(it.at)
            it.ask("replay", start, start + rng.randrange(1, 40))
        case "pause" | "resume":
            it.ask(what)
        case _:
            pass


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_whatever_is_lost_or_put_back_all_that_the_archive_holds_is_delivered(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Of samples as they were recorded; corrections that the feed forgot are told by ``coverage``, see there."""
    rng = random.Random(seed)
    folder = tmp_path_factory.mktemp("jobs") / "exports"
    it = Desk(folder, every_s=rng.choice([1.0, 5.0, 30.0]), most=rng.choice([30, 500_000]))
    it.target.remembers = True
    it.second()
    for _ in range(rng.randrange(20, 100)):
        if rng.random() < 0.4:
            happens(it, rng.choice(ROUGH), rng)
        if rng.random() < 0.08:
            it.at += 100  # nothing was recorded
        it.second(turns=rng.randrange(0, 6))
    it.target.down = None
    it.ask("resume")
    it.settle()
    it.settle()
    got = it.delivered()
    assert not [
        (key, value.source_time - BEGIN)
        for key, number in zip(it.ids, it.numbers, strict=True)
        for value in it.archive.read(number, 0, 2**62).values()
        if value.source_time > BEGIN + NS_PER_S and got.get((key, value.source_time)) != value.value
    ]
    assert chain_holds(it.target.marks)


def test_what_does_not_fit_into_one_package_follows_at_once_and_not_a_period_later(
    desk: Callable[..., Desk],
) -> None:
    """A day of a large plant is more than one package holds."""
    one = desk(most=30, every_s=86_400)
    one.second()  # where delivery begins
    one.second()
    assert len(one.target.packages) == 1
    for _ in range(40):
        one.second(turns=0)
    one.clock += 86_400
    for _ in range(10):
        one.runner.turn()
    assert [len(package) for package in one.target.packages] == [3, 30, 30, 30, 30]
    assert all(package.watermark.haste is Haste.LIVE for package in one.target.packages)
    one.second()
    assert len(one.target.packages) == 5  # the next one comes a day later


def test_a_single_run_takes_what_was_asked_for_and_delivers_nothing_while_paused(
    desk: Callable[..., Desk], tmp_path: Path
) -> None:
    one = desk()
    one.second()
    count = len(one.target.packages)
    ask(tmp_path / "exports", Asked(0, "job", "pause"))
    one.second(turns=0)
    one.runner.finish()
    assert (one.runner.figures.condition, len(one.target.packages)) == (JobCondition.PAUSED, count)
    ask(tmp_path / "exports", Asked(0, "job", "resume"))
    ask(tmp_path / "exports", Asked(0, "job", "replay", BEGIN, BEGIN + NS_PER_S))
    one.runner.finish()
    assert one.runner.figures.condition is JobCondition.RUNNING
    assert [package.watermark.haste for package in one.target.packages[count:]] == [
        Haste.LIVE,
        Haste.BACKFILL,
    ]
    one.target.down = TargetRefused("the folder is full")
    one.second(turns=0)
    with pytest.raises(TargetRefused):
        one.runner.finish()
    assert (told(tmp_path / "exports")[0].condition, told(tmp_path / "exports")[0].text) == (
        JobCondition.REFUSED, "the folder is full"
    )  # fmt: skip

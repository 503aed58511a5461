"""What may never get lost unseen: a statement that says "complete until" is true, or tells what is dropped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from export_desk import Desk, chain_holds
from export_stream import BEGIN, good

from hmi.core.clock import NS_PER_S
from hmi.export import (
    JobCondition,
    Package,
    RecordsRefused,
    SampleSource,
    TargetRefused,
    TargetUnavailable,
    quarantined,
)
from hmi.export.export_checker import Found, check, statement_digest
from hmi.export.port import Haste

S = NS_PER_S


@pytest.fixture
def desk(tmp_path: Path) -> Callable[..., Desk]:
    return lambda **job: Desk(tmp_path / "exports", **job)


def instead(it: Desk) -> list[tuple[int, int]]:
    """Commits that the archive stood in for, as the statements tell them."""
    return [(first, last) for mark in it.target.marks if mark.coverage
            for first, last in [mark.coverage["instead"]] if first]  # fmt: skip


# ---------------------------------------------------------------------------- one of the two was lost or put back


def test_a_job_whose_state_was_lost_delivers_all_since_the_last_package_of_the_target(
    desk: Callable[..., Desk],
) -> None:
    it = desk()
    it.target.remembers = True
    it.seconds(10)
    it.seconds(30, turns=0)
    it.lose_state()
    it.seconds(5)
    it.settle()
    assert it.missing() == []
    assert chain_holds(it.target.marks)


def test_a_target_that_was_put_back_gets_what_it_has_no_more(desk: Callable[..., Desk]) -> None:
    it = desk()
    it.target.remembers = True
    it.seconds(20)
    it.target.put_back(10)
    it.again()
    it.seconds(5)
    it.settle()
    assert it.missing() == []
    assert chain_holds(it.target.marks)


def test_a_package_that_the_target_has_already_leaves_the_rest_of_its_span_where_it_was(
    desk: Callable[..., Desk],
) -> None:
    it = desk(most=30)
    it.target.remembers = True
    it.seconds(2)
    it.leave_for_later(100)
    it.target.after = TargetUnavailable("the answer was lost")
    false: list[Any] = []
    for _ in range(60):
        it.clock += 1
        it.runner.turn()
        false += it.falsely_complete()
    assert false == []
    assert it.missing() == []


def test_an_archive_of_another_name_gives_what_the_one_before_had_not_delivered(
    desk: Callable[..., Desk],
) -> None:
    it = desk()
    it.seconds(2)
    it.target.down = TargetUnavailable("away")
    it.seconds(50, turns=1)
    it.rename_archive("run_2")
    it.target.down = None
    it.clock += 100
    it.seconds(5)
    it.settle()
    assert it.missing() == []
    assert chain_holds(it.target.marks)


def test_an_archive_that_was_put_back_while_the_job_paused_is_seen_though_it_has_grown(
    desk: Callable[..., Desk],
) -> None:
    it = desk()
    it.seconds(20)
    it.ask("pause")
    it.second()
    it.put_archive_back(10)
    it.at += 1
    it.seconds(40, turns=1)
    it.ask("resume")
    it.seconds(5)
    it.settle()
    assert it.missing(after=22) == []
    assert chain_holds(it.target.marks)


def test_a_correction_in_a_younger_archive_counts_though_its_numbers_are_lower(
    desk: Callable[..., Desk],
) -> None:
    it = desk()
    it.seconds(20)
    it.trim(17)
    kept = it.archive._feed
    it.put_archive_back(20)
    assert it.archive.coverage().seq == len(kept) == 3
    it.rename_archive("history-2")
    it.second()
    it.edit(19, -1.0)
    it.second()
    it.settle()
    assert it.delivered()[it.ids[0], BEGIN + 19 * S - S // 2] == -1.0


def test_a_package_of_an_archive_that_was_put_back_meanwhile_does_not_count_for_the_new_commits(
    desk: Callable[..., Desk],
) -> None:
    """The target has it and its answer was lost: the commits of these numbers are others now."""
    it = desk()
    it.target.remembers = True
    it.seconds(3)
    it.seconds(3, turns=0)
    it.target.after = TargetUnavailable("the answer was lost")
    it.clock += 10
    it.runner.turn()
    it.ask("pause")
    it.second(turns=1)
    it.put_archive_back(3)
    it.seconds(10, turns=1)
    it.ask("resume")
    it.settle()
    assert it.missing(after=8) == []
    assert chain_holds(it.target.marks)


# ---------------------------------------------------------------------------- the feed has no more what waits


@pytest.mark.parametrize("restart", [False, True])
def test_what_a_package_could_not_read_is_remembered_though_its_answer_was_lost(
    desk: Callable[..., Desk], restart: bool
) -> None:
    it = desk()
    it.target.remembers = True
    it.second()
    it.leave_for_later(60)
    it.trim(50, first=20)
    it.target.after = TargetUnavailable("the answer was lost")
    it.clock += 10
    it.runner.turn()
    assert it.target.after is None
    if restart:
        it.again()
    it.clock += 100
    it.settle()
    assert it.missing() == []
    assert (20, 20) not in instead(it)
    assert (21, 50) in instead(it)


def test_a_hole_right_behind_what_was_delivered_is_part_of_what_waits(desk: Callable[..., Desk]) -> None:
    it = desk()
    it.seconds(3)
    it.seconds(5, turns=0)
    it.at += 200
    it.seconds(20, turns=0)
    it.trim(8, first=3)
    it.clock += 100
    it.settle()
    assert it.missing() == []


def test_the_archive_stands_in_for_all_that_the_feed_forgot_in_an_outage(desk: Callable[..., Desk]) -> None:
    it = desk()
    it.seconds(2)
    it.target.down = TargetUnavailable("away")
    it.seconds(100, turns=1)
    it.trim(60)
    it.target.down = None
    it.clock += 100
    it.settle()
    assert it.missing() == []
    assert it.dropped() == []
    assert max(last for _, last in instead(it)) == 60


def test_the_archive_stands_in_from_the_first_commit_on_whose_samples_are_older_than_itself(
    desk: Callable[..., Desk],
) -> None:
    it = desk()
    it.seconds(2)
    it.leave_for_later(50)
    it.trim(it.runner.progress.waiting[0].first + 20)
    it.settle()
    assert it.missing() == []
    assert it.dropped() == []


def test_a_hole_inside_the_feed_is_filled_out_of_the_archive(desk: Callable[..., Desk]) -> None:
    it = desk()
    it.second()
    it.leave_for_later(60)
    it.trim(50, first=1)
    it.settle()
    assert it.missing() == []
    assert it.dropped() == []
    assert it.runner.progress.dropped_total == 0


def test_a_single_commit_that_cannot_be_read_is_not_dropped_but_comes_out_of_the_archive(
    desk: Callable[..., Desk],
) -> None:
    it = desk()
    it.seconds(2)
    it.seconds(3, turns=0)
    it.trim(4, first=3)
    it.second()
    it.settle()
    assert it.missing() == []
    assert (it.dropped(), it.runner.progress.dropped_total) == ([], 0)
    assert (4, 4) in instead(it)


def test_corrections_of_older_times_in_forgotten_commits_are_told_by_what_the_archive_stands_in_for(
    desk: Callable[..., Desk],
) -> None:
    """They cannot be had any more: the statement names their commits, and a receiver knows where to look."""
    it = desk()
    it.seconds(30)
    it.seconds(3, turns=0)
    it.late(5, 99.0)
    it.delete(7)
    lost = it.archive.coverage().seq
    it.leave_for_later(50)
    it.trim(it.runner.progress.waiting[0].last - 5)
    it.settle()
    assert it.dropped() == []
    assert any(first < lost <= last for first, last in instead(it))
    assert all(second < 10 for _, second in it.missing())


def test_what_the_quota_cuts_off_a_span_is_told_and_counted(desk: Callable[..., Desk]) -> None:
    it = desk(quota_s=30.0)
    it.seconds(2)
    it.leave_for_later(100)
    it.trim(it.runner.progress.waiting[0].last - 2)
    it.settle()
    told = sum(last - first + 1 for first, last in it.dropped())
    assert told == it.runner.progress.dropped_total > 0
    assert all(second < it.at - 30 for _, second in it.missing())


# ---------------------------------------------------------------------------- since, replay, other series


def test_since_takes_samples_that_are_as_old_as_their_commit(desk: Callable[..., Desk]) -> None:
    it = desk(since=1)
    for second in range(1, 11):
        it.at, at = second, BEGIN + second * S
        it.put([good(float(second * 10 + number), at) for number in range(3)], at)
    it.settle()
    it.seconds(3)
    it.settle()
    assert it.missing(after=0) == []


def test_since_takes_samples_of_a_device_whose_clock_is_ahead(desk: Callable[..., Desk]) -> None:
    it = desk(since=1)
    for second in range(1, 11):
        it.at, at = second, BEGIN + second * S
        it.put([good(float(second * 10 + number), at + 5 * S) for number in range(3)], at)
    it.seconds(30)
    it.settle()
    assert it.missing(after=0) == []


def test_since_takes_a_history_that_was_only_filled_in_later(desk: Callable[..., Desk]) -> None:
    it = desk(since=1)
    it.at = 20
    for second in range(1, 10):
        it.late(second, float(second))
    it.settle()
    it.seconds(3)
    it.settle()
    assert it.missing(after=0) == []


def test_a_series_that_joins_later_begins_then_and_the_others_miss_nothing(
    desk: Callable[..., Desk],
) -> None:
    it = desk(since=1)
    it.seconds(3, turns=0)
    whole = it.source
    it.source = SampleSource(it.archive, whole.series[:2])
    it.again()
    it.seconds(10)
    it.settle()
    it.source = whole
    it.again()
    it.seconds(5)
    it.settle()
    assert {key for key, _ in it.missing(after=0)} == {it.ids[2]}
    assert max(second for _, second in it.missing(after=0)) < 14
    assert len({mark.schema for mark in it.target.marks}) == 2


def test_a_replay_that_is_asked_while_another_is_under_way_is_done_too(desk: Callable[..., Desk]) -> None:
    it = desk()
    it.seconds(40)
    it.target.kept.clear()
    it.target.late_down = TargetUnavailable("away")
    it.ask("replay", 20, 30)
    for _ in range(4):
        it.clock += 70
        it.runner.turn()
    step = it.runner.progress.step
    assert step is not None
    assert not step.first
    it.ask("replay", 5, 15)
    it.runner.turn()
    it.target.late_down = None
    it.clock += 100
    it.settle()
    got = {(at - BEGIN) // S for _, at in it.delivered()}
    assert set(range(5, 15)) | set(range(20, 30)) <= got


def test_a_replay_from_long_before_the_history_takes_no_package_for_each_empty_hour(
    desk: Callable[..., Desk],
) -> None:
    it = desk()
    it.seconds(5)
    count = len(it.target.marks)
    it.ask("replay", -BEGIN // S + 1, 3)
    it.settle(50)
    assert len(it.target.marks) - count <= 2
    assert it.target.marks[-1].coverage["start"] > BEGIN


# ---------------------------------------------------------------------------- rows that no target takes


def test_a_text_that_is_no_unicode_does_not_hold_a_job_up(desk: Callable[..., Desk]) -> None:
    it = desk()
    it.seconds(2)
    it.at += 1
    at = BEGIN + it.at * S
    it.put([good("a\udcff", at - 1), good(1.0, at - 1), good(2.0, at - 1)], at)
    it.seconds(5)
    assert it.runner.figures.condition is JobCondition.RUNNING
    assert it.missing() == []


def test_a_refused_row_is_in_quarantine_once_however_often_its_package_is_tried(
    desk: Callable[..., Desk],
) -> None:
    it, is_full = desk(), [True]
    deliver = it.target.deliver

    def picky(package: Package) -> None:
        assert package.rows is not None
        values = [one.value for one in package.rows.samples.values()]
        if 51.0 in values:
            raise RecordsRefused({values.index(51.0): "no 51"})
        if is_full[0] and (50.0 in values or 52.0 in values):
            raise TargetRefused("the disk is full")
        deliver(package)

    it.target.deliver = picky  # type: ignore[method-assign]
    it.seconds(8)
    for _ in range(10):
        it.clock += 70
        it.runner.turn()
    is_full[0] = False
    it.settle()
    assert len(quarantined(it.folder, "job")) == it.runner.figures.quarantined == 1


def test_a_target_that_refuses_rows_without_naming_them_is_refused_and_not_asked_for_ever(
    desk: Callable[..., Desk],
) -> None:
    it, asked = desk(), []
    it.seconds(2)

    def picky(package: Package) -> None:
        asked.append(package)
        raise RecordsRefused({})

    it.target.deliver = picky  # type: ignore[method-assign]
    it.second()
    assert it.runner.figures.condition is JobCondition.REFUSED
    assert len(asked) == 1


def test_of_two_copies_the_checker_takes_the_one_that_the_next_package_names() -> None:
    """It was sent again after the clock was set back: the later one says that it is older."""

    def found(number: int, previous: str, made: int, last: int) -> Found:
        statement: dict[str, Any] = {
            "stream": "s", "number": number, "previous": previous, "first": 1, "last": last, "rows": 0, "sum": "0" * 32,
            "complete_until": made, "schema": "", "made": made, "haste": Haste.LIVE.value, "dropped": [],
            "quarantined": 0, "coverage": {},
        }  # fmt: skip
        statement["digest"] = statement_digest(statement)
        return Found(statement, 0, "0" * 32, f"package {number}")

    first, again = found(1, "", 1_000, 1), found(1, "", 900, 2)
    report = check([first, again, found(2, again.statement["digest"], 901, 3)])
    assert (report.number, report.packages, report.doubles) == (2, 2, 1)

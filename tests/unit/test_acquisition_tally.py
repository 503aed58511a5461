"""Counts, times, errors and frames of a connection: bounded, right, and the same from a worker process."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from hmi.acquisition import _wire as wire
from hmi.acquisition import tally as tallies
from hmi.acquisition._queue import Schedule
from hmi.acquisition.port import LinkSettings, ReadBlock
from hmi.acquisition.tally import (
    BYTES_NS,
    CODES,
    ERRORS,
    FRAMES,
    FRAMES_MOST_S,
    OTHERS,
    Spread,
    Tally,
    percentile,
)
from hmi.core.clock import NS_PER_MS, NS_PER_S

SECOND = NS_PER_S


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Monotonic time that a test moves; the wall clock is 1 s ahead of it."""

    class Now:
        ns = 1_000 * SECOND

    monkeypatch.setattr(tallies, "monotonic_ns", lambda: Now.ns)
    monkeypatch.setattr(tallies, "wall_ns", lambda: Now.ns + SECOND)
    return Now


def test_percentiles_are_of_the_last_minute_and_the_worst_is_never_lost() -> None:
    spread = Spread(4)
    spread.add(900 * NS_PER_MS, 0)  # older than a minute
    spread.add(500 * NS_PER_MS, 100 * SECOND)  # pushed out by those that follow
    for n in range(4):
        spread.add((10 + n) * NS_PER_MS, 110 * SECOND)
    now = 120 * SECOND
    assert [one // NS_PER_MS for one in spread.sorted_ns(now)] == [10, 11, 12, 13]
    assert spread.worst_ns(now) == 500 * NS_PER_MS
    assert spread.worst_ns(200 * SECOND) == 0
    assert spread.sorted_ns(200 * SECOND) == []


def test_percentile_is_the_nearest_rank() -> None:
    assert percentile([], 0.5) == 0
    assert percentile([7], 0.99) == 7
    assert percentile([1, 100], 0.5) == 1
    assert percentile(list(range(1, 101)), 0.99) == 99
    assert percentile(list(range(1, 102)), 0.99) == 100


def test_seconds_show_each_second_once_and_forget_the_minute_before(clock: Any) -> None:
    tally = Tally()
    tally.sent("1", 12, clock.ns)
    tally.answered("1", 5 * NS_PER_MS, clock.ns)
    tally.received(49, clock.ns)
    rows = tally.seconds.whole(clock.ns + SECOND)
    assert len(rows) == 59
    assert rows[-1] == (1, 12, 49, 5 * NS_PER_MS, 5 * NS_PER_MS, 0, 1, 5 * NS_PER_MS, 1)
    assert not any(any(row) for row in rows[:-1])
    assert not any(any(row) for row in tally.seconds.whole(clock.ns + 61 * SECOND))


def test_equal_errors_are_one_with_a_count_and_only_the_newest_are_kept(clock: Any) -> None:
    tally = Tally()
    for _ in range(3):
        tally.note("no answer", unit="2", where="HR1", handles=[4, 5])
        clock.ns += SECOND
    (found,) = tally.errors
    assert (found.count, found.last - found.first, found.handles) == (3, 2 * SECOND, (4, 5))
    for number in range(2 * ERRORS):
        tally.note(f"error {number}")
    assert [note.text for note in tally.errors] == [f"error {n}" for n in reversed(range(ERRORS, 2 * ERRORS))]


def log_one(tally: Tally) -> None:
    if (log := tally.logging) is not None:
        log.add(">", "1", "03 read", "HR1", 12, "", -1.0, b"\1")


def test_frames_are_kept_for_a_minute_at_most_and_end_by_themselves(clock: Any) -> None:
    tally = Tally()
    log_one(tally)
    assert tally.log is None  # nobody wants them: nothing is made
    tally.log_frames(3_600)
    assert tally.log_left_s == FRAMES_MOST_S
    for _ in range(FRAMES + 10):
        log_one(tally)
    assert tally.log is not None
    assert len(tally.log.frames) == FRAMES
    assert [frame.number for frame in tally.log.after(FRAMES + 8, 99)] == [FRAMES + 9, FRAMES + 10]
    clock.ns += 60 * SECOND
    log_one(tally)
    assert tally.logging is None
    assert tally.log.number == FRAMES + 10
    tally.log_frames(5)
    log_one(tally)
    assert [frame.number for frame in tally.log.frames] == [FRAMES + 11]  # numbers go on
    tally.log_frames(0)
    assert tally.logging is None
    assert len(tally.log.frames) == 1


def use(tally: Tally, now: int) -> None:
    tally.sent("", 100, now)
    tally.answered("", 7 * NS_PER_MS, now)
    tally.exception("", "bad node id unknown", now)
    tally.failed("timeouts", "", now, 4 * SECOND)
    tally.note("Read was refused", where="Read")
    log_one(tally)


def test_what_a_worker_counts_arrives_whole_and_once(clock: Any) -> None:
    here, there = Tally(), Tally()
    here.log_frames(60)
    there.log_frames(60)
    for _ in range(3):
        use(there, clock.ns)
        for _ in range(2):  # the second time there is nothing new
            here.merge(msgspec.msgpack.decode(msgspec.msgpack.encode(there.drain())))
    assert there.drain() == {}
    assert here.counts == there.counts
    assert here.by_code == {"bad node id unknown": 3}
    assert here.times.newest(9) == [7 * NS_PER_MS] * 3
    assert [(note.text, note.count) for note in here.errors] == [("Read was refused", 3)]
    assert here.log is not None
    assert [frame.number for frame in here.log.frames] == [1, 2, 3]
    assert here.log.frames[0].raw == b"\1"
    again = Tally()  # the next worker counts from nothing: the link goes on
    use(again, clock.ns)
    here.merge(again.drain())
    assert here.counts["requests"] == 4
    assert here.errors[0].count == 4


def test_a_server_that_invents_codes_fills_no_memory(clock: Any) -> None:
    here, there = Tally(), Tally()
    for number in range(50_000):
        there.exception("", f"0x{number:08X}", clock.ns)
    assert len(there.by_code) == CODES + 1
    assert there.by_code[OTHERS] == 50_000 - CODES
    here.merge(there.drain())
    again = Tally()
    for number in range(50_000, 50_100):
        again.exception("", f"0x{number:08X}", clock.ns)
    here.merge(again.drain())
    assert len(here.by_code) == CODES + 1
    assert sum(here.by_code.values()) == 50_100


def test_bytes_and_long_numbers_make_no_other_error_and_the_newest_is_told(clock: Any) -> None:
    tally = Tally()
    tally.note("the register is locked", unit="1")
    for number in range(3 * ERRORS):
        tally.note(f"gw sent a header that is none: {number:014x}")
    assert [(note.text, note.count) for note in tally.errors] == [
        (f"gw sent a header that is none: {3 * ERRORS - 1:014x}", 3 * ERRORS), ("the register is locked", 1),
    ]  # fmt: skip


def test_a_recording_is_only_made_longer_by_another_person(clock: Any) -> None:
    tally = Tally()
    tally.log_frames(60)
    tally.log_frames(5)
    assert tally.log_left_s == 60
    clock.ns += 50 * SECOND
    tally.log_frames(20)
    assert tally.log_left_s == 20
    tally.log_frames(0)
    assert tally.log_left_s == 0


def test_bytes_go_some_time_after_the_end_of_a_recording(clock: Any) -> None:
    tally = Tally()
    tally.log_frames(60)
    log_one(tally)
    clock.ns += 60 * SECOND + BYTES_NS
    tally.sent("1", 12, clock.ns)
    assert tally.log is not None
    assert tally.log.frames[0].raw == b"\1"
    clock.ns += 1
    tally.sent("1", 12, clock.ns)
    assert [(frame.what, frame.raw) for frame in tally.log.frames] == [("03 read", b"")]


def test_the_mean_is_of_what_was_timed_alone(clock: Any) -> None:
    tally = Tally()
    tally.answered("", 100 * NS_PER_MS, clock.ns)
    for _ in range(9):
        tally.answered("", SECOND, clock.ns, is_timed=False)
    *_, answers, trips, timed = tally.seconds.whole(clock.ns + SECOND)[-1]
    assert (answers, trips // timed) == (10, 100 * NS_PER_MS)


def test_programs_of_before_and_after_a_replacement_understand_each_other() -> None:
    packed = wire.pack_settings(LinkSettings("a", "e", {}, ()))
    for name in ("frames_s", "plan"):
        del packed[name]
    found = wire.unpack_settings(packed)
    assert (found.tally.logging, found.plan.number) == (None, 0)


def test_a_block_that_is_late_counts_as_if_it_were_read_now() -> None:
    block = ReadBlock("b", "1", "b", 100, (0,))
    schedule = Schedule((block,), 0)
    assert schedule.blocks(50 * NS_PER_MS) == [(block, 100, 0.0, 0)]
    for now in (0, 100):
        assert schedule.take(now * NS_PER_MS) is block
    assert schedule.blocks(190 * NS_PER_MS) == [(block, 100, 100.0, 0)]
    assert schedule.blocks(1_250 * NS_PER_MS) == [(block, 100, 1_150.0, 10)]

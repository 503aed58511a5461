"""Which block is read next: short periods first, nothing starved, overruns counted, cost that does not grow."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hmi.acquisition import Schedule
from hmi.acquisition.port import ReadBlock
from hmi.core.clock import NS_PER_MS

MS = NS_PER_MS


def block(name: str, period_ms: int) -> ReadBlock:
    return ReadBlock(name, "", name, period_ms, (0,))


def test_all_due_blocks_are_taken_once_fast_before_slow_in_the_order_of_the_plan() -> None:
    blocks = [block("s1", 5_000), block("f1", 250), block("n1", 1_000), block("f2", 250)]
    schedule = Schedule(blocks, 0)
    taken = [schedule.take(0) for _ in range(5)]
    assert [one.key for one in taken if one] == ["f1", "f2", "n1", "s1"]
    assert taken[-1] is None
    assert schedule.next_due() == 250 * MS


def test_an_empty_plan_has_nothing_due() -> None:
    schedule = Schedule((), 0)
    assert (schedule.take(10**12), schedule.next_due()) == (None, None)


def test_a_block_within_its_period_has_not_overrun() -> None:
    schedule = Schedule([block("f", 100)], 0)
    for now in (0, 150, 299, 300):
        assert schedule.take(now * MS)
    assert schedule.overruns == {}
    assert schedule.next_due() == 400 * MS


def test_every_missed_slot_is_counted_and_the_raster_is_kept() -> None:
    schedule = Schedule([block("f", 100)], 0)
    assert schedule.take(1_050 * MS)
    assert schedule.overruns == {"f": 10}
    assert schedule.take(1_099 * MS) is None
    assert schedule.take(1_100 * MS)
    assert schedule.actual_ms == {"f": 50.0}


def test_a_line_that_is_too_slow_for_its_fast_blocks_starves_no_slow_one() -> None:
    schedule = Schedule([block(f"f{i}", 100) for i in range(10)] + [block("slow", 1_000)], 0)
    now, reads = 0, []
    for _ in range(400):  # each request takes 50 ms: twice what the fast blocks alone would allow
        taken = schedule.take(now)
        reads.append(taken.key if taken else "")
        now += 50 * MS
    assert reads.count("slow") >= 3
    assert min(reads.count(f"f{i}") for i in range(10)) >= 20


def test_one_take_does_not_look_at_every_due_block() -> None:
    compared = 0

    class Counting(int):
        def __lt__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return int(self) < int(other)  # type: ignore[call-overload]

    schedule = Schedule([block(f"b{i}", 1_000) for i in range(4_000)], Counting(0))
    compared = 0
    for _ in range(4_000):
        assert schedule.take(5)
    assert compared < 4_000 * 40  # log2(4000) = 12; the quadratic one needs 8 million
    assert schedule.take(5) is None


@given(
    periods=st.lists(st.sampled_from([100, 250, 1_000, 5_000]), min_size=1, max_size=12),
    steps=st.lists(st.integers(0, 800), max_size=60),
)
def test_reads_and_overruns_together_are_the_slots_that_have_passed(
    periods: list[int], steps: list[int]
) -> None:
    blocks = [block(f"b{i}", period) for i, period in enumerate(periods)]
    schedule, now, reads = Schedule(blocks, 0), 0, dict.fromkeys((b.key for b in blocks), 0)
    for step in [*steps, 0]:
        now += step
        while taken := schedule.take(now * MS):
            reads[taken.key] += 1
    for one in blocks:
        slots = now // one.period_ms + 1
        assert reads[one.key] + schedule.overruns.get(one.key, 0) == slots
